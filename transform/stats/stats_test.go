package stats_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"ohwatch/transform/stats"
)

func near(got, want, relative float64) bool {
	return math.Abs(got-want) <= relative*math.Max(1e-300, math.Abs(want))
}

// Intervals printed by Newcombe (Stat Med 1998;17:857–72, table I) and by Breslow and Day (1987, table 2.11).
func TestIntervals_AsPublished(t *testing.T) {
	for _, test := range []struct{ x, n, lower, upper float64 }{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		lower, upper := stats.Wilson(test.x, test.n, 0.95)
		if math.Abs(lower-test.lower) > 5e-5 || math.Abs(upper-test.upper) > 5e-5 {
			t.Errorf("Wilson %v of %v: got %.4f to %.4f, want %v to %v", test.x, test.n, lower, upper, test.lower, test.upper)
		}
	}
	for _, test := range []struct{ x, lower, upper float64 }{{0, 0, 3.689}, {1, 0.0253, 5.572}, {10, 4.795, 18.39}} {
		lower, upper := stats.PoissonExact(test.x, 1, 0.95)
		if math.Abs(lower-test.lower) > 5e-4 || math.Abs(upper-test.upper) > 5e-3 {
			t.Errorf("%v events: got %.4f to %.4f, want %v to %v", test.x, lower, upper, test.lower, test.upper)
		}
	}
}

func TestIntervals_ImpossibleIsNaN(t *testing.T) {
	nan := math.NaN()
	for _, args := range [][3]float64{{-1, 10, 0.95}, {11, 10, 0.95}, {0, 0, 0.95}, {1, 2, 0}, {1, 2, 1}, {nan, 2, 0.95}, {1, nan, 0.95}, {1, 2, nan}} {
		for name, interval := range map[string]func(x, n, level float64) (float64, float64){
			"Wilson": stats.Wilson, "WilsonCorrected": stats.WilsonCorrected, "ClopperPearson": stats.ClopperPearson,
		} {
			if lower, upper := interval(args[0], args[1], args[2]); !math.IsNaN(lower) || !math.IsNaN(upper) {
				t.Errorf("%s%v: got %v to %v", name, args, lower, upper)
			}
		}
	}
	if lower, upper := stats.PoissonExact(-1, 1, 0.95); !math.IsNaN(lower) || !math.IsNaN(upper) {
		t.Errorf("a negative count: got %v to %v", lower, upper)
	}
}

func TestIntervals_HoldTheEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := float64(rapid.IntRange(1, 1_000_000).Draw(t, "n"))
		x := math.Floor(n * rapid.Float64Range(0, 1).Draw(t, "share"))
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		for name, interval := range map[string]func(x, n, level float64) (float64, float64){
			"Wilson": stats.Wilson, "WilsonCorrected": stats.WilsonCorrected, "ClopperPearson": stats.ClopperPearson,
		} {
			lower, upper := interval(x, n, level)
			if !(0 <= lower && lower <= x/n && x/n <= upper && upper <= 1) {
				t.Fatalf("%s of %v in %v at %v: %v to %v", name, x, n, level, lower, upper)
			}
			mirrorLower, mirrorUpper := interval(n-x, n, level)
			if math.Abs(mirrorLower-(1-upper)) > 1e-9 || math.Abs(mirrorUpper-(1-lower)) > 1e-9 {
				t.Fatalf("%s of %v in %v is not the mirror of the rest: %v to %v, %v to %v", name, x, n, lower, upper, mirrorLower, mirrorUpper)
			}
		}
		lower, upper := stats.PoissonExact(x, n, level)
		if !(0 <= lower && lower <= x/n && x/n <= upper) {
			t.Fatalf("%v events in %v: %v to %v", x, n, lower, upper)
		}
	})
}

func TestEARS_C3AlarmsByItsOwnCountOnlyAsPublished(t *testing.T) {
	x := []float64{3, 4, 5, 4, 3, 4, 5, 4, 3, 5, 4, 4, 60}
	last := len(x) - 1
	ofR, err := stats.EARS(stats.EARSC3, x, last, last+1, stats.EARSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	published, err := stats.EARS(stats.EARSC3Published, x, last, last+1, stats.EARSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if ofR[0].Alarm || !published[0].Alarm {
		t.Errorf("60 after 3 to 5: R's C3 alarms %v, the published C3 %v; want false and true", ofR[0].Alarm, published[0].Alarm)
	}
	z := 1.959963984540054
	if want := published[0].Mean + z*published[0].SD; !near(published[0].Bound, want, 1e-12) {
		t.Errorf("after quiet days the bound is mean + %v·sd: got %v, want %v", z, published[0].Bound, want)
	}
}

func TestEARS_ShiftsWithTheSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 30), func(i int) float64 { return float64(i) }), 20, 60).Draw(t, "x")
		method := rapid.SampledFrom([]stats.EARSMethod{stats.EARSC1, stats.EARSC2, stats.EARSC3Published}).Draw(t, "method")
		all, err := stats.EARS(method, x, 11, len(x), stats.EARSOptions{MinSigma: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		later, err := stats.EARS(method, x, 15, len(x), stats.EARSOptions{MinSigma: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range later {
			if p != all[i+4] {
				t.Fatalf("point %d depends on where the evaluation begins: %v, %v", i+15, p, all[i+4])
			}
			if p.Alarm != (x[i+15] > p.Bound) {
				t.Fatalf("point %d: count %v, bound %v, alarm %v", i+15, x[i+15], p.Bound, p.Alarm)
			}
		}
	})
}

func TestMannKendall_ReversesWithTheSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 20), func(i int) float64 { return float64(i) }), 3, 40).Draw(t, "x")
		back := make([]float64, len(x))
		for i, v := range x {
			back[len(x)-1-i] = v
		}
		a, err := stats.MannKendall(x)
		if err != nil {
			t.Fatal(err)
		}
		b, err := stats.MannKendall(back)
		if err != nil {
			t.Fatal(err)
		}
		if a.S != -b.S || a.Slope != -b.Slope || a.VarS != b.VarS {
			t.Fatalf("forwards %+v, backwards %+v", a, b)
		}
	})
}

func TestPoissonTrend_FindsTheTrend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 30).Draw(t, "years")
		slope := rapid.Float64Range(-0.3, 0.3).Draw(t, "slope")
		years, counts, exposure := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range years {
			years[i] = float64(2000 + i)
			exposure[i] = 1e5 * float64(1+i%3)
			counts[i] = exposure[i] * 0.01 * math.Exp(slope*float64(i))
		}
		r, err := stats.PoissonTrend(years, counts, exposure)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Slope-slope) > 1e-9 || !(r.LowerNormal <= r.APC && r.APC <= r.UpperNormal) {
			t.Fatalf("slope %v: got %+v", slope, r)
		}
	})
}

func TestPoissonTrend_SaysWhatIsMissing(t *testing.T) {
	for name, args := range map[string][3][]float64{
		"one year":          {{2020}, {5}, nil},
		"too few years":     {{2020}, {5, 6}, nil},
		"negative exposure": {{2020, 2021}, {5, 6}, {10, -1}},
		"missing count":     {{2020, 2021}, {5, math.NaN()}, nil}, // leaves one year
	} {
		if r, err := stats.PoissonTrend(args[0], args[1], args[2]); err == nil {
			t.Errorf("%s: no error, got %+v", name, r)
		}
	}
}

func TestFarringtonFlexible_CorrectedDiffersOnlyWhereTheReferenceErrs(t *testing.T) {
	s, opt := weeklySeries(7, 320), flexibleOptions()
	asR, err := stats.FarringtonFlexible(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Corrected = true
	corrected, err := stats.FarringtonFlexible(s, 290, 320, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range asR {
		if asR[i].Trend == corrected[i].Trend && (asR[i].Expected != corrected[i].Expected || asR[i].Phi != corrected[i].Phi) {
			t.Errorf("week %d: expected %v and %v, dispersion %v and %v", 290+i, asR[i].Expected, corrected[i].Expected, asR[i].Phi, corrected[i].Phi)
		}
		if asR[i].Bound == corrected[i].Bound {
			t.Errorf("week %d: the standard error has no effect on the bound %v", 290+i, asR[i].Bound)
		}
	}
}

// weeklySeries is a seasonal series of counts, the same for the same seed.
func weeklySeries(seed uint64, weeks int) stats.CountSeries {
	counts := make([]float64, weeks)
	state := seed*2862933555777941757 + 3037000493
	for i := range counts {
		state = state*6364136223846793005 + 1442695040888963407
		noise := float64(state>>40) / (1 << 24)
		counts[i] = math.Floor((10 + 6*math.Sin(2*math.Pi*float64(i)/52)) * (0.5 + noise))
	}
	return stats.CountSeries{Counts: counts, Frequency: 52}
}

func flexibleOptions() stats.FarringtonFlexibleOptions {
	return stats.FarringtonFlexibleOptions{
		Years: 5, HalfWindow: 3, Periods: 10, PastExcluded: 26, Reweight: true, WeightsThreshold: 2.58, Alpha: 0.01,
		Trend: true, TrendThreshold: 0.05, Threshold: stats.ThresholdDelta, RecentCases: 5, RecentPoints: 4,
	}
}

func BenchmarkFarringtonFlexible_52Weeks(b *testing.B) {
	s, opt := weeklySeries(1, 372), flexibleOptions()
	for b.Loop() {
		if _, err := stats.FarringtonFlexible(s, 320, 372, opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEARS_365Days(b *testing.B) {
	x := weeklySeries(1, 376).Counts
	for b.Loop() {
		for _, method := range []stats.EARSMethod{stats.EARSC1, stats.EARSC2, stats.EARSC3} {
			if _, err := stats.EARS(method, x, 11, 376, stats.EARSOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkScan_300Places(b *testing.B) {
	n := 300
	places := stats.Places{X: make([]float64, n), Y: make([]float64, n), Population: make([]float64, n)}
	draw := weeklySeries(3, 4*n).Counts
	for i := range n {
		places.X[i], places.Y[i], places.Population[i] = draw[i]+float64(i%17), draw[n+i]+float64(i%13), 1000+draw[2*n+i]
	}
	for b.Loop() {
		if _, err := stats.SpatialScan(places, draw[3*n:], nil, stats.ScanOptions{MaxShare: 0.5, Simulations: 999, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFitLognormal_20Samples(b *testing.B) {
	m := stats.Measurements{Value: make([]float64, 20), BelowLOD: make([]bool, 20)}
	for i, v := range weeklySeries(5, 20).Counts {
		m.Value[i] = 0.1 + v/10
		if m.BelowLOD[i] = m.Value[i] < 0.6; m.BelowLOD[i] {
			m.Value[i] = 0.6
		}
	}
	for b.Loop() {
		if _, err := stats.FitLognormal(m, 2, 0.95); err != nil {
			b.Fatal(err)
		}
	}
}
