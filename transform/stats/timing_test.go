//go:build unix

package stats_test

import (
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"ohwatch/transform/stats"
)

// Benchmarks of the shapes that R was timed on: go test -run XXX -bench R_ ./transform/stats

// measureCPU reports the processor time of the process, which other work on the machine does not lengthen so much.
func measureCPU(b *testing.B) {
	b.Helper()
	b.ReportAllocs()
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	b.Cleanup(func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") })
}

func timingSeries(seed uint64, series, points int, mean func(i, t int) float64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	all := make([][]float64, series)
	for i := range all {
		all[i] = make([]float64, points)
		for t := range all[i] {
			all[i][t] = poissonDraw(r, mean(i, t))
		}
	}
	return all
}

func flat(least, most float64, series int) func(i, t int) float64 {
	return func(i, _ int) float64 { return least * math.Pow(most/least, float64(i)/float64(series)) }
}

func BenchmarkR_FarringtonFlexible(b *testing.B) {
	all := timingSeries(1, 20, 416, func(i, t int) float64 {
		return flat(0.5, 60, 20)(i, t) * math.Exp(0.5*math.Sin(2*math.Pi*float64(t)/52))
	})
	for _, threshold := range []stats.FlexibleThreshold{stats.ThresholdDelta, stats.ThresholdNBPlugin} {
		b.Run(string(threshold), func(b *testing.B) {
			opt := flexibleOptions()
			opt.TrendThreshold, opt.Threshold = 1, threshold
			measureCPU(b)
			for i := 0; b.Loop(); i++ {
				if _, err := stats.FarringtonFlexible(stats.CountSeries{Counts: all[i%len(all)], Frequency: 52}, 364, 416, opt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkR_Farrington(b *testing.B) {
	all := timingSeries(1, 20, 416, flat(0.5, 60, 20))
	opt := stats.FarringtonOptions{Years: 5, HalfWindow: 3, Reweight: true, Alpha: 0.01, Trend: true, RecentCases: 5, RecentPoints: 4}
	measureCPU(b)
	for i := 0; b.Loop(); i++ {
		if _, err := stats.Farrington(stats.CountSeries{Counts: all[i%len(all)], Frequency: 52}, 364, 416, opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkR_EARS(b *testing.B) {
	all := timingSeries(2, 50, 365, flat(0.2, 30, 50))
	for method, first := range map[stats.EARSMethod]int{stats.EARSC1: 7, stats.EARSC2: 9, stats.EARSC3: 11} {
		b.Run(string(method), func(b *testing.B) {
			measureCPU(b)
			for i := 0; b.Loop(); i++ {
				if _, err := stats.EARS(method, all[i%len(all)], first, 365, stats.EARSOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkR_CUSUM(b *testing.B) {
	all := timingSeries(3, 50, 260, flat(0.5, 40, 50))
	opt := stats.CUSUMOptions{K: 1.04, H: 2.26, Transform: stats.CUSUMRossi}
	measureCPU(b)
	for i := 0; b.Loop(); i++ {
		x := all[i%len(all)]
		if _, err := stats.CUSUM(x, []float64{stats.ExpectedMean(x, 156)}, 156, 260, opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkR_Bayes(b *testing.B) {
	all := timingSeries(3, 50, 260, flat(0.5, 40, 50))
	opt := stats.BayesOptions{Years: 2, HalfWindow: 3, CurrentYear: true, Alpha: 0.05, Frequency: 52}
	measureCPU(b)
	for i := 0; b.Loop(); i++ {
		if _, err := stats.Bayes(all[i%len(all)], 156, 260, opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkR_FitLognormal(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 1))
	groups := make([]stats.Measurements, 50)
	for g := range groups {
		gm, gsd := math.Exp(r.Float64()*4.6-3), 1.5+2.5*r.Float64()
		limit := gm * math.Exp(-0.6745*math.Log(gsd))
		for range 20 {
			v := gm * math.Exp(r.NormFloat64()*math.Log(gsd))
			groups[g].Value = append(groups[g].Value, math.Max(v, limit))
			groups[g].BelowLOD = append(groups[g].BelowLOD, v < limit)
		}
	}
	measureCPU(b)
	for i := 0; b.Loop(); i++ {
		if _, err := stats.FitLognormal(groups[i%len(groups)], 5, 0.95); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkR_SpatialScan(b *testing.B) {
	const n = 300
	r := rand.New(rand.NewPCG(5, 1))
	places := stats.Places{X: make([]float64, n), Y: make([]float64, n), Population: make([]float64, n)}
	cases := make([]float64, n)
	for i := range n {
		places.X[i], places.Y[i], places.Population[i] = 60*r.Float64(), 40*r.Float64(), math.Round(math.Exp(7.5+0.8*r.NormFloat64()))
		risk := 1.0
		if math.Hypot(places.X[i]-20, places.Y[i]-15) < 6 {
			risk = 2
		}
		cases[i] = poissonDraw(r, 0.002*risk*places.Population[i])
	}
	for name, ofR := range map[string]bool{"own generators": false, "generator of R": true} {
		b.Run(name, func(b *testing.B) {
			measureCPU(b)
			for b.Loop() {
				if _, err := stats.SpatialScan(places, cases, nil, stats.ScanOptions{MaxShare: 0.5, Simulations: 999, Seed: 1, OfR: ofR}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
