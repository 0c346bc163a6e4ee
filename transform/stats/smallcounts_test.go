package stats_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"ohwatch/transform/stats"
)

func FuzzCountTest(f *testing.F)      { fuzzMethod(f, "count_test") }
func FuzzDispersion(f *testing.F)     { fuzzMethod(f, "dispersion") }
func FuzzGapChart(f *testing.F)       { fuzzMethod(f, "gap_chart") }
func FuzzCUSUMDesign(f *testing.F)    { fuzzMethod(f, "cusum_design") }
func FuzzCUSUMARL(f *testing.F)       { fuzzMethod(f, "cusum_arl") }
func FuzzCUSUMCounts(f *testing.F)    { fuzzMethod(f, "cusum_counts") }
func FuzzEmpiricalBayes(f *testing.F) { fuzzMethod(f, "empirical_bayes") }
func FuzzGammaPrior(f *testing.F)     { fuzzMethod(f, "gamma_prior") }
func FuzzTemporalScan(f *testing.F)   { fuzzMethod(f, "temporal_scan") }
func FuzzWindowTest(f *testing.F)     { fuzzMethod(f, "window_test") }
func FuzzTimeBetween(f *testing.F)    { fuzzMethod(f, "time_between") }
func FuzzWindowScan(f *testing.F)     { fuzzMethod(f, "window_scan") }
func FuzzRateCUSUM(f *testing.F)      { fuzzMethod(f, "rate_cusum") }

func closeTo(got, want, relative float64) bool {
	return math.Abs(got-want) <= relative*math.Max(math.Abs(want), 1e-12)
}

func TestCountTest_ByHand(t *testing.T) {
	tests := []struct {
		name             string
		window, baseline stats.Exposed
		method           stats.CountTestMethod
		p, mid, bound    float64
	}{
		// three cases, each in the window with probability 1/4: P(2 or 3) = 3·1/16·3/4 + 1/64
		{"two of three in a quarter of the time", stats.Exposed{Cases: 2, Exposure: 1}, stats.Exposed{Cases: 1, Exposure: 3}, stats.CountBinomial, 10.0 / 64, 5.5 / 64, 3},
		// nothing before: all x in the window, (1/4)ˣ
		{"all of three", stats.Exposed{Cases: 3, Exposure: 1}, stats.Exposed{Cases: 0, Exposure: 3}, stats.CountBinomial, 1.0 / 64, 0.5 / 64, 2},
		{"no case", stats.Exposed{Cases: 0, Exposure: 1}, stats.Exposed{Cases: 0, Exposure: 3}, stats.CountBinomial, 1, 0.5, 2},
		// Poisson with mean 1: 1 − 2/e
		{"plug-in", stats.Exposed{Cases: 2, Exposure: 1}, stats.Exposed{Cases: 3, Exposure: 3}, stats.CountPoisson, 1 - 2/math.E, 1 - 2/math.E - 0.25/math.E, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := stats.CountTest(test.window, test.baseline, stats.CountTestOptions{Method: test.method, Alpha: 0.05})
			if err != nil || !closeTo(r.P, test.p, 1e-12) || !closeTo(r.MidP, test.mid, 1e-12) || r.Bound != test.bound {
				t.Errorf("got %+v, %v; want P %v, mid-P %v, bound %v", r, err, test.p, test.mid, test.bound)
			}
		})
	}
}

func TestCountTest_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := func(name string, most int) float64 { return float64(rapid.IntRange(0, most).Draw(t, name)) }
		window := stats.Exposed{Cases: whole("cases", 60), Exposure: rapid.Float64Range(0.1, 60).Draw(t, "exposure")}
		baseline := stats.Exposed{Cases: whole("baseline cases", 200), Exposure: rapid.Float64Range(1, 600).Draw(t, "baseline")}
		alpha := rapid.Float64Range(1e-4, 0.4).Draw(t, "alpha")
		test := func(window stats.Exposed, opt stats.CountTestOptions) stats.CountTestResult {
			opt.Alpha = alpha
			r, err := stats.CountTest(window, baseline, opt)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		dispersion := rapid.Float64Range(0.001, 5).Draw(t, "dispersion")
		for _, opt := range []stats.CountTestOptions{
			{Method: stats.CountPoisson},
			{Method: stats.CountBinomial},
			{Method: stats.CountPredictive},
			{Method: stats.CountNegativeBinomial, Dispersion: dispersion},
		} {
			r := test(window, opt)
			if r.P < 0 || r.P > 1 || r.MidP > r.P {
				t.Fatalf("%s: P %v, mid-P %v", opt.Method, r.P, r.MidP)
			}
			if math.Abs(r.P-alpha) > 1e-9 && r.Alarm != (r.P < alpha) {
				t.Fatalf("%s: alarm %v with P %v and alpha %v, bound %v", opt.Method, r.Alarm, r.P, alpha, r.Bound)
			}
			more := window
			more.Cases++
			if next := test(more, opt); next.P > r.P*(1+1e-9) || next.Bound != r.Bound {
				t.Fatalf("%s: one case more has P %v instead of %v, bound %v instead of %v", opt.Method, next.P, r.P, next.Bound, r.Bound)
			}
		}
		// What is the same by theory.
		binomial := test(window, stats.CountTestOptions{Method: stats.CountBinomial})
		uniform := test(window, stats.CountTestOptions{Method: stats.CountPredictive, Prior: stats.GammaPrior{Shape: 1}})
		if !closeTo(uniform.P, binomial.P, 1e-9) || uniform.Bound != binomial.Bound {
			t.Fatalf("predictive with shape 1: %+v, binomial %+v", uniform, binomial)
		}
		nearlyNone := test(window, stats.CountTestOptions{Method: stats.CountNegativeBinomial, Dispersion: 1e-9})
		if !closeTo(nearlyNone.P, binomial.P, 1e-4) {
			t.Fatalf("hardly any dispersion: %v, none: %v", nearlyNone.P, binomial.P)
		}
		// A baseline known without end is one that is taken for known.
		long, err := stats.CountTest(window, stats.Exposed{Cases: baseline.Cases * 4096, Exposure: baseline.Exposure * 4096},
			stats.CountTestOptions{Method: stats.CountPredictive, Alpha: alpha})
		if plug := test(window, stats.CountTestOptions{Method: stats.CountPoisson}); err != nil || baseline.Cases > 5 && plug.P > 1e-6 && !closeTo(long.P, plug.P, 0.2) {
			t.Fatalf("long baseline: %v, %v; plug-in %v", long.P, err, plug.P)
		}
	})
}

func TestGapChart_ByHand(t *testing.T) {
	// Baseline of one gap of 3, judged gap 1: the sum 4 is shared out over two gaps in five equally likely ways, two of
	// which are at most 1.
	points, err := stats.GapChart([]float64{3, 1}, stats.GapOptions{Kind: stats.GapGeometric, Baseline: 1, Alpha: 0.05})
	if err != nil || len(points) != 1 || !closeTo(points[0].P, 2.0/5, 1e-12) || points[0].Alarm {
		t.Errorf("g chart: %+v, %v", points, err)
	}
	// Two gaps of a baseline that sum to 3, judged gap 1: a quarter of the time; P = 1 − (3/4)².
	points, err = stats.GapChart([]float64{1, 2, 1}, stats.GapOptions{Kind: stats.GapExponential, Baseline: 2, Alpha: 0.05})
	if err != nil || len(points) != 1 || !closeTo(points[0].P, 7.0/16, 1e-12) {
		t.Errorf("t chart: %+v, %v", points, err)
	}
	// Mean 2 taken for known: P(gap ≤ 1) = 1 − e^(−1/2), the 1 % limit is −2·log 0.99.
	points, err = stats.GapChart([]float64{1, 3}, stats.GapOptions{Kind: stats.GapExponential, Alpha: 0.01})
	if err != nil || !closeTo(points[0].P, 1-math.Exp(-0.5), 1e-12) || !closeTo(points[0].Lower, -2*math.Log(0.99), 1e-9) {
		t.Errorf("t chart without baseline: %+v, %v", points, err)
	}
}

func TestGapChart_TimeHasNoUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Float64Range(0.1, 50), 8, 30).Draw(t, "gaps")
		unit := rapid.Float64Range(0.01, 400).Draw(t, "unit")
		scaled := make([]float64, len(gaps))
		for i, g := range gaps {
			scaled[i] = g * unit
		}
		for _, opt := range []stats.GapOptions{
			{Kind: stats.GapExponential, Baseline: 4, Events: 2},
			{Kind: stats.GapExponential, Events: 3},
			{Kind: stats.GapWeibull, Baseline: 6},
		} {
			opt.Alpha = 0.02
			a, errA := stats.GapChart(gaps, opt)
			b, errB := stats.GapChart(scaled, opt)
			if (errA == nil) != (errB == nil) {
				t.Fatalf("%v, %v", errA, errB)
			}
			for i := range a {
				if math.Abs(a[i].P-b[i].P) > 1e-6 || !closeTo(b[i].Lower, unit*a[i].Lower, 1e-5) {
					t.Fatalf("%+v: %+v and %+v", opt, a[i], b[i])
				}
				if math.Abs(a[i].P-opt.Alpha) > 1e-9 && a[i].Alarm != (a[i].P < opt.Alpha) {
					t.Fatalf("alarm %v with P %v", a[i].Alarm, a[i].P)
				}
			}
		}
	})
}

func TestTemporalScan_ByHand(t *testing.T) {
	counts := make([]float64, 20)
	counts[4], counts[19] = 1, 2
	// One window only, the newest point: at least two of three cases in a twentieth of the time.
	r, err := stats.TemporalScan(counts, nil, stats.TemporalScanOptions{MaxWindow: 1, Prospective: true})
	if want := 3*0.05*0.05*0.95 + 0.05*0.05*0.05; err != nil || !closeTo(r.P, want, 1e-12) || r.Cases != 2 || r.From != 19 {
		t.Errorf("got %+v, %v, want P %v", r, err, want)
	}
	// Thousands of cases, the newest point just as busy as the others, or a little too busy: the normal law is near.
	for i := range counts {
		counts[i] = 700
	}
	counts[19] = 760 // expected 14060/20 = 703, standard deviation 25.8
	r, err = stats.TemporalScan(counts, nil, stats.TemporalScanOptions{MaxWindow: 1, Prospective: true})
	if z := (760 - 0.5 - 703) / math.Sqrt(14060*0.05*0.95); err != nil || math.Abs(r.P-0.5*math.Erfc(z/math.Sqrt2)) > 2e-3 {
		t.Errorf("many cases: %+v, %v, by the normal law %v", r, err, 0.5*math.Erfc(z/math.Sqrt2))
	}
	// The past has hardly any exposure.
	r, err = stats.TemporalScan([]float64{1, 0, 2, 3}, []float64{1e-300, 1e-300, 1, 1}, stats.TemporalScanOptions{MaxWindow: 2, Prospective: true})
	if err != nil || !(r.P >= 0 && r.P <= 1) {
		t.Errorf("no exposure in the past: %+v, %v", r, err)
	}
	if r, err = stats.TemporalScan(make([]float64, 20), nil, stats.TemporalScanOptions{MaxWindow: 3, Prospective: true}); err != nil || r.P != 1 || r.LLR != 0 {
		t.Errorf("no case: %+v, %v", r, err)
	}
}

// The exact p-value is the share of simulated series that stand out as much.
func TestTemporalScan_ExactIsWhatSimulationFinds(t *testing.T) {
	x := []float64{0, 0, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 2, 0, 1, 1}
	exposure := make([]float64, len(x))
	for i := range exposure {
		exposure[i] = 1 + 0.3*math.Sin(float64(i))
	}
	opt := stats.TemporalScanOptions{MaxWindow: 8, Prospective: true}
	exact, err := stats.TemporalScan(x, exposure, opt)
	if err != nil {
		t.Fatal(err)
	}
	var total, all float64
	for i := range x {
		total, all = total+x[i], all+exposure[i]
	}
	seed := uint64(99)
	uniform := func() float64 { // xorshift: any generator will do
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		return float64(seed>>11) / (1 << 53)
	}
	const runs = 20000
	reached := 0
	for range runs {
		y := make([]float64, len(x))
		for range int(total) {
			u := uniform() * all
			i := 0
			for ; u >= exposure[i] && i < len(x)-1; i++ {
				u -= exposure[i]
			}
			y[i]++
		}
		r, err := stats.TemporalScan(y, exposure, opt)
		if err != nil {
			t.Fatal(err)
		}
		if r.LLR >= exact.LLR-1e-9 {
			reached++
		}
	}
	share := float64(reached) / runs
	if limit := 5 * math.Sqrt(exact.P*(1-exact.P)/runs); math.Abs(share-exact.P) > limit {
		t.Errorf("exact %v, simulated %v, allowed difference %v", exact.P, share, limit)
	}
}

func TestDesignCUSUM_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mean := math.Exp(rapid.Float64Range(-4, 4).Draw(t, "log mean"))
		ratio := rapid.Float64Range(1.2, 4).Draw(t, "ratio")
		arl := rapid.Float64Range(10, 1000).Draw(t, "arl")
		dispersion := rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "dispersion")
		d, err := stats.DesignCUSUM(mean, ratio, arl, dispersion)
		if err != nil {
			t.Fatal(err)
		}
		scale := float64(d.Scale)
		k, h := int(math.Round(d.K*scale)), int(math.Round(d.H*scale))
		run, err := stats.CUSUMRunLength(mean, dispersion, k, h, d.Scale)
		if err != nil || run < arl || !closeTo(run, d.ARL, 1e-12) {
			t.Fatalf("run length %v, %v; design %+v", run, err, d)
		}
		if h > 1 {
			if shorter, err := stats.CUSUMRunLength(mean, dispersion, k, h-1, d.Scale); err != nil || shorter >= arl {
				t.Fatalf("a smaller limit reaches %v of %v, %v", shorter, arl, err)
			}
		}
		if risen, err := stats.CUSUMRunLength(mean*ratio, dispersion, k, h, d.Scale); err != nil || risen >= run {
			t.Fatalf("after the rise %v, before %v, %v", risen, run, err)
		}
		if math.Abs(d.Ratio-ratio) > 0.05*ratio {
			t.Fatalf("best for a rise by %v instead of %v", d.Ratio, ratio)
		}
	})
}

func TestEmpiricalBayes_LiesBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "places")
		cases, exposure, neighbours := make([]float64, n), make([]float64, n), make([][]int, n)
		for i := range cases {
			cases[i] = float64(rapid.IntRange(0, 30).Draw(t, "cases"))
			exposure[i] = rapid.Float64Range(1, 1e6).Draw(t, "exposure")
			if i > 0 {
				neighbours[i] = append(neighbours[i], i-1)
				neighbours[i-1] = append(neighbours[i-1], i)
			}
		}
		global, err := stats.EmpiricalBayes(cases, exposure)
		if err != nil {
			t.Fatal(err)
		}
		local, err := stats.EmpiricalBayesLocal(cases, exposure, neighbours)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []stats.SmoothedRates{global, local} {
			for i := range cases {
				low, high := math.Min(r.Raw[i], r.Mean[i]), math.Max(r.Raw[i], r.Mean[i])
				if s := r.Smoothed[i]; s < low*(1-1e-12) || s > high*(1+1e-12) || r.Variance[i] < 0 {
					t.Fatalf("place %d: raw %v, mean %v, smoothed %v", i, r.Raw[i], r.Mean[i], s)
				}
			}
		}
	})
}

// However a range is cut, the points are the same; the future does not change the past; a missing week is told.
func TestSmallCountDetectors_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(60, 90).Draw(t, "weeks")
		s := stats.CountSeries{Counts: make([]float64, n), Frequency: 52}
		for i, count := range rapid.SliceOfN(rapid.IntRange(0, 3), n, n).Draw(t, "counts") {
			s.Counts[i] = float64(count)
			if i > 0 && i%37 == 0 {
				s.Counts[i] = math.NaN()
			}
		}
		past := stats.Past{Periods: 40, Gap: rapid.IntRange(0, 3).Draw(t, "gap")}
		for _, d := range []stats.Detector{
			{Method: stats.DetectorWindowTest, Window: 4, Alpha: 0.01, Past: past},
			{Method: stats.DetectorTimeBetween, Events: 3, Alpha: 0.01, Past: past},
			{Method: stats.DetectorScan, Window: 8, Alpha: 0.01, Past: past},
		} {
			from := d.FirstPoint()
			all, err := d.Run(s, from, n)
			if err != nil {
				t.Fatal(err)
			}
			if d.Method == stats.DetectorScan { // without bounds nothing else changes
				quick := d
				quick.NoBounds = true
				points, err := quick.Run(s, from, n)
				if err != nil {
					t.Fatal(err)
				}
				for i, p := range points {
					p.Bound = all[i].Bound
					if !samePoint(p, all[i]) {
						t.Fatalf("without bounds week %d is %+v, with them %+v", from+i, p, all[i])
					}
				}
			}
			cut := rapid.IntRange(from+1, n-1).Draw(t, "cut")
			earlier := stats.CountSeries{Counts: s.Counts[:cut], Frequency: 52}
			first, err := d.Run(earlier, from, cut)
			if err != nil {
				t.Fatal(err)
			}
			second, err := d.Run(s, cut, n)
			if err != nil {
				t.Fatal(err)
			}
			joined := append(first, second...)
			for i, p := range all {
				if !samePoint(p, joined[i]) {
					t.Fatalf("%s: week %d is %+v, after a cut at %d %+v", d.Method, from+i, p, cut, joined[i])
				}
				if math.IsNaN(s.Counts[from+i]) != math.IsNaN(p.Cases) {
					t.Fatalf("%s: week %d: count %v, point %+v", d.Method, from+i, s.Counts[from+i], p)
				}
			}
			doubled := s
			doubled.Population = make([]float64, n)
			for i := range doubled.Population {
				doubled.Population[i] = 512
			}
			same, err := d.Run(doubled, from, n)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range all {
				if p.Alarm != same[i].Alarm || !math.IsNaN(p.P) && math.Abs(p.P-same[i].P) > 1e-9 {
					t.Fatalf("%s: week %d is %+v, per head of 512 %+v", d.Method, from+i, p, same[i])
				}
			}
		}
	})
}

func samePoint(a, b stats.SmallCountPoint) bool {
	for _, p := range []*stats.SmallCountPoint{&a, &b} {
		for _, v := range []*float64{&p.Cases, &p.Expected, &p.Bound, &p.P} {
			if math.IsNaN(*v) {
				*v = -1
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

func TestSmallCounts_SayWhatIsWrong(t *testing.T) {
	tests := []struct{ method, input, want string }{
		{"count_test", `{"cases":2.5,"exposure":1,"baseline_cases":1,"baseline_exposure":9,"alpha":0.05}`, "cases: must be a whole number, at least 0, got 2.5"},
		{"count_test", `{"cases":2,"exposure":0,"baseline_cases":1,"baseline_exposure":9,"alpha":0.05}`, "exposure: must be a number above 0, got 0"},
		{"count_test", `{"cases":2,"exposure":1,"baseline_cases":1,"baseline_exposure":9,"alpha":5}`, "alpha: must lie between 0 and 1, got 5"},
		{"count_test", `{"cases":2,"exposure":1,"baseline_cases":1,"baseline_exposure":9,"alpha":0.05,"test":"t"}`, `test: must be poisson, binomial, predictive or negative_binomial, got "t"`},
		{"gap_chart", `{"gaps":[],"chart":"g","alpha":0.01}`, "gaps: needs 1 to 1048576 values, got 0"},
		{"gap_chart", `{"gaps":[1,2.5],"chart":"g","alpha":0.01}`, "gaps: value 2 must be a whole number of units, at least 0, got 2.5"},
		{"gap_chart", `{"gaps":[0,0],"chart":"g","alpha":0.01}`, "gaps: all gaps of the baseline are 0, so they give no rate"},
		{"gap_chart", `{"gaps":[1,0],"chart":"t","alpha":0.01}`, "gaps: value 2 must be a number above 0, got 0"},
		{"gap_chart", `{"gaps":[2,2,2],"chart":"t_nelson","alpha":0.01}`, "gaps: all gaps of the baseline are the same, so they give no limits"},
		{"cusum_design", `{"mean":0,"ratio":2,"arl":100}`, "mean: must be 0.000001 to 10000, got 0"},
		{"cusum_design", `{"mean":1,"ratio":1,"arl":100}`, "ratio: must be above 1.001 and at most 1000, got 1"},
		{"empirical_bayes", `{"cases":[1,2],"exposure":[10]}`, "exposure: has 1 values, cases has 2"},
		{"empirical_bayes", `{"cases":[1,2],"exposure":[10,0]}`, "exposure: value 2 must be a number above 0, got 0"},
		{"empirical_bayes", `{"cases":[1,2],"exposure":[10,10],"neighbours":[[2],[3]]}`, "neighbours: of place 2: each must be another place, once, got 3"},
		{"gamma_prior", `{"cases":[0,0],"exposure":[10,10]}`, "cases: there is no case, so nothing to learn a rate from"},
		{"temporal_scan", `{"counts":[1,0.5],"max_window":1}`, "counts: value 2 is not a whole number (0.5)"},
		{"temporal_scan", `{"counts":[1,1],"max_window":2}`, "max_window: must be at least 1 and less than the 2 points, got 2"},
		{"window_test", `{"counts":[1,1,1],"range_from":2,"range_to":3,"window":2,"baseline":5,"alpha":0.01}`, "range_from: the first point with enough history is 3, got 2"},
		{"rate_cusum", `{"counts":[],"range_from":1,"range_to":3,"ratio":2,"baseline":5,"arl":10}`, "counts: the series is empty"},
	}
	for _, test := range tests {
		_, err := stats.Run(test.method, []byte(test.input))
		var argument *stats.ArgumentError
		if !errors.As(err, &argument) || err.Error() != test.want {
			t.Errorf("%s %s: got %v, want %s", test.method, test.input, err, test.want)
		}
	}
}
