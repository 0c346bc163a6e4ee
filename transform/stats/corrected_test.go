package stats_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ohwatch/transform/stats"
)

// What the corrected variants promise, beside the numbers of the reference.

// poissonDraw draws a Poisson number by counting exponential waits.
func poissonDraw(r *rand.Rand, mean float64) float64 {
	n := 0.0
	for t := r.ExpFloat64(); t < mean; t += r.ExpFloat64() {
		n++
	}
	return n
}

// negativeBinomialDraw draws a number with variance mean + mean²/size, as a Poisson number whose mean is gamma
// distributed; size is whole.
func negativeBinomialDraw(r *rand.Rand, mean float64, size int) float64 {
	var gamma float64
	for range size {
		gamma += r.ExpFloat64()
	}
	return poissonDraw(r, mean*gamma/float64(size))
}

// With the uncertainty of the delays the nowcast's 95 % interval holds the truth about as often as it says; without it,
// as in R, less often, and least where few events happen.
func TestNowcast_CorrectedIntervalsHoldTheTruth(t *testing.T) {
	for _, mean := range []float64{1, 4, 10, 25, 60} {
		asR, corrected := nowcastCoverage(t, mean)
		t.Logf("%v events a day: R's intervals hold %.1f %%, the corrected ones %.1f %%", mean, 100*asR, 100*corrected)
		if asR >= corrected || corrected < 0.93 {
			t.Errorf("%v events a day: of the 95 %% intervals R's hold %.3f, the corrected ones %.3f", mean, asR, corrected)
		}
	}
}

// nowcastCoverage simulates days with the given mean of events, exponential delays of 4 days, and says how often the
// intervals of the newest 6 of 40 days hold the true number.
func nowcastCoverage(t *testing.T, mean float64) (asR, corrected float64) {
	t.Helper()
	const days, newest, longest, runs = 40, 6, 12, 300
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	now := first.AddDate(0, 0, days-1)
	var held, known [2]float64
	r := rand.New(rand.NewPCG(1, 2))
	for range runs {
		var event, report, when []time.Time
		truth := make([]float64, days)
		for day := range truth {
			truth[day] = poissonDraw(r, mean)
			for range int(truth[day]) {
				delay := min(longest, int(r.ExpFloat64()*4))
				event, report = append(event, first.AddDate(0, 0, day)), append(report, first.AddDate(0, 0, day+delay))
			}
			if day >= days-newest {
				when = append(when, first.AddDate(0, 0, day))
			}
		}
		for i, corrected := range []bool{false, true} {
			result, err := stats.Nowcast(event, report, stats.NowcastOptions{
				First: first, Now: now, When: when, MaxDelay: longest, Window: 20, Alpha: 0.05, MaxCount: 900, Corrected: corrected,
			})
			if err != nil {
				continue // nothing was ever reported so early
			}
			for _, e := range result.Estimates {
				known[i]++
				if e.Lower <= truth[e.Index] && truth[e.Index] <= e.Upper {
					held[i]++
				}
			}
		}
	}
	return held[0] / known[0], held[1] / known[1]
}

// The standard errors of farringtonFlexible matter most where past outbreaks were given less weight.
func TestFarringtonFlexible_CorrectedKeepsTheFalseAlarmRate(t *testing.T) {
	const series, weeks, evaluated = 100, 6*52 + 20, 12
	r := rand.New(rand.NewPCG(3, 4))
	var alarms [2]float64
	for range series {
		counts := make([]float64, weeks)
		for i := range counts {
			counts[i] = negativeBinomialDraw(r, 8+4*math.Sin(2*math.Pi*float64(i)/52), 4)
		}
		for i, corrected := range []bool{false, true} {
			opt := flexibleOptions()
			opt.Alpha, opt.Threshold, opt.Corrected = 0.025, stats.ThresholdMuan, corrected
			points, err := stats.FarringtonFlexible(stats.CountSeries{Counts: counts, Frequency: 52}, weeks-evaluated, weeks, opt)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range points {
				if p.Alarm {
					alarms[i]++
				}
				if corrected && p.Fitted && p.Alarm != (p.Score > 1) {
					t.Fatalf("alarm %v with a score of %v", p.Alarm, p.Score)
				}
			}
		}
	}
	n := float64(series * evaluated)
	t.Logf("false alarms: R %.4f, corrected %.4f of %v", alarms[0]/n, alarms[1]/n, n)
	if rate := alarms[1] / n; rate > 0.04 || rate < 0.002 {
		t.Errorf("with an error rate of 0.025 the corrected thresholds alarm in %.4f of quiet weeks", rate)
	}
}

func TestFarringtonFlexible_CorrectedScoreIsOnTheScaleOfCounts(t *testing.T) {
	s, opt := weeklySeries(7, 320), flexibleOptions()
	opt.Threshold, opt.Corrected = stats.ThresholdNBPlugin, true
	points, err := stats.FarringtonFlexible(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		if want := (s.Counts[290+i] - p.Expected) / (p.Bound - p.Expected); !near(p.Score, want, 1e-12) {
			t.Errorf("week %d: score %v, want %v", 290+i, p.Score, want)
		}
	}
}

func TestFarrington_OneSidedAlphaIsHalfTheTwoSidedOne(t *testing.T) {
	s := weeklySeries(9, 320)
	opt := stats.FarringtonOptions{Years: 5, HalfWindow: 3, Reweight: true, Alpha: 0.02, Trend: true, RecentCases: 5, RecentPoints: 4}
	two, err := stats.Farrington(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Alpha, opt.OneSided = 0.01, true
	one, err := stats.Farrington(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(one, two) {
		t.Errorf("0.01 one-sided gives %v, 0.02 two-sided %v", one, two)
	}
	opt.RecentCases, opt.Corrected = 1e6, true
	none, err := stats.Farrington(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range none {
		if !math.IsNaN(p.Bound) || p.Alarm {
			t.Errorf("week %d with too few recent cases: bound %v, alarm %v", 290+i, p.Bound, p.Alarm)
		}
	}
}

// The bound of a CUSUM is the count with which its sum just reaches H.
func TestCUSUM_BoundBringsTheSumToTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transform := rapid.SampledFrom([]stats.CUSUMTransform{
			stats.CUSUMRossi, stats.CUSUMAnscombe, stats.CUSUMAnscombe2nd, stats.CUSUMPearsonNegBinom, stats.CUSUMWithoutTransform,
		}).Draw(t, "transform")
		m := rapid.Float64Range(0.5, 50).Draw(t, "m")
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 60), func(i int) float64 { return float64(i) }), 1, 12).Draw(t, "x")
		opt := stats.CUSUMOptions{K: 1, H: 3, Transform: transform, Alpha: 0.1, Corrected: true}
		points, err := stats.CUSUM(x, []float64{m}, 0, len(x), opt)
		if err != nil {
			t.Fatal(err)
		}
		last := len(x) - 1
		if points[last].Bound <= 0 {
			t.Skip("any count alarms")
		}
		x[last] = points[last].Bound
		again, err := stats.CUSUM(x, []float64{m}, 0, len(x), opt)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(again[last].Sum-opt.H) > 1e-6 {
			t.Fatalf("%s: a count of %v brings the sum to %v", transform, points[last].Bound, again[last].Sum)
		}
	})
}

// By hand: of 10 measurements 4 are below 1; P(≤1) = 0.4 at least, and the median lies between the first and the second of
// the six detected ones.
func TestKaplanMeier_ReachingIsTheUsualQuantile(t *testing.T) {
	d, err := stats.KaplanMeier(stats.Measurements{
		Value:    []float64{1, 1, 1, 1, 2, 3, 4, 5, 6, 7},
		BelowLOD: []bool{true, true, true, true, false, false, false, false, false, false},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ p, want float64 }{{0.45, 2}, {0.5, 2}, {0.55, 3}, {0.6, 3}, {0.95, 7}, {1, 7}, {0.4, math.NaN()}, {0.1, math.NaN()}} {
		if got := d.Reaching(test.p); got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
			t.Errorf("%v: got %v, want %v", test.p, got, test.want)
		}
	}
	if median := d.Quantile(0.5); median != 2 {
		t.Errorf("R's median is %v", median)
	}
	if p95 := d.Quantile(0.95); !math.IsNaN(p95) {
		t.Errorf("R's 95th percentile is %v", p95)
	}
}

// Small differences that need no more than a case: what R gives, and what the corrected variant gives in its place.
func TestRun_Corrected(t *testing.T) {
	tests := []struct{ name, method, input, field, asR, corrected string }{
		{"no event", "direct_standardisation", `"count":[0,0],"population":[1000,2000],"standard":[1,1],"conf":0.95`, "gamma_lower", "null", "0"},
		{"a tiny unit", "funnel", `"kind":"binomial","n":[1],"target":0.001`, "upper_interpolated_95", "[-0.0240", "[0]"},
		{"the day itself", "ears", `"counts":[3,4,5,4,3,4,5,4,3,5,4,4,60],"freq":365,"baseline":7,"variant":"C3","range_from":13,"range_to":13`, "alarm", "[false]", "[true]"},
		{"an alarm after the end", "quality", `"state":[1,0,0],"alarm":[0,1,0],"penalty":20`, "mean_lag", "1", "20"},
		{"no outbreak", "quality", `"state":[0,0],"alarm":[0,1],"penalty":20`, "mean_lag", "0", "null"},
		{"a window of 0", "bayes", `"counts":[1,1,90],"freq":1,"b":1,"w":0,"act_y":true,"alpha":0.05,"range_from":3,"range_to":3`, "upperbound", "[42]", "[5]"},
		{"nothing before", "cusum", `"counts":[7,8],"freq":52,"range_from":1,"range_to":2`, "m", "[7]", "[null]"},
		{"the newest point", "glr", `"counts":[2,3,30],"freq":52,"mu0":[3,3,3],"m_window":1,"range_from":1,"range_to":3,"c_arl":40`, "alarm", "[false,false,false]", "[false,false,true]"},
		{"too many to count", "nowcast_lawless", `"event_date":["2024-01-01","2024-01-02","2024-01-03","2024-01-03"],"report_date":["2024-01-01","2024-01-02","2024-01-03","2024-01-03"],"first":"2024-01-01","now":"2024-01-03","when":["2024-01-03"],"d_max":1,"alpha":0.05,"n_max":1`, "estimate", "[0]", "[null]"},
	}
	for _, test := range tests {
		for _, variant := range []struct{ option, want string }{
			{`"corrected":false`, test.asR}, {`"corrected":true`, test.corrected},
		} {
			result, err := stats.Run(test.method, []byte("{"+test.input+","+variant.option+"}"))
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			out, err := json.Marshal(result)
			if err != nil {
				t.Fatal(err)
			}
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(out, &fields); err != nil {
				t.Fatal(err)
			}
			if got := string(fields[test.field]); !(got == variant.want || len(variant.want) > 4 && len(got) > len(variant.want) && got[:len(variant.want)] == variant.want) {
				t.Errorf("%s: with %s %s is %s, want %s", test.name, variant.option, test.field, got, variant.want)
			}
		}
	}
}

func TestEN689_FactorsOfLargeGroupsAreExact(t *testing.T) {
	values := make([]float64, 1200)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range values {
		values[i] = math.Exp(r.NormFloat64())
	}
	result, err := stats.EN689(values, 10)
	if err != nil {
		t.Fatal(err)
	}
	// For large n the factor nears z₀.₉₅ + z₀.₇₀·√(1/n + z₀.₉₅²/2n).
	z := 1.6448536269514722
	want := z + 0.5244005127080407*math.Sqrt((1+z*z/2)/1200)
	if math.Abs(result.UT-want) > 1e-3 {
		t.Errorf("U_T of 1200 measurements: got %v, want about %v", result.UT, want)
	}
}
