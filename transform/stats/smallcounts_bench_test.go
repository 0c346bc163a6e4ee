package stats_test

import (
	"fmt"
	"testing"

	"ohwatch/transform/stats"
)

// A year of weeks of one series by each of the shipped kinds of detectors: ns/op over 52 is the price of a week.
func BenchmarkDetector(b *testing.B) {
	for _, expected := range []float64{0.02, 0.3, 3} {
		counts := make([]float64, 312)
		left := 0.0
		for i := range counts { // spread evenly, a little unevenly
			left += expected * float64(1+i%3) / 2
			for left >= 1 {
				counts[i]++
				left--
			}
		}
		for name, d := range map[string]stats.Detector{
			"default":           stats.DetectorFor(expected),
			"default, exposure": stats.DetectorPerExposure(expected),
			"window test":       {Method: stats.DetectorWindowTest, Window: 4, Alpha: 0.01, Past: stats.Past{Periods: 260}},
			"cusum":             {Method: stats.DetectorCUSUM, Ratio: 2, ARL: 104, Past: stats.Past{Periods: 260}},
		} {
			if d.FirstPoint() > 260 {
				continue
			}
			b.Run(fmt.Sprintf("%s, %v a week", name, expected), func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Run(stats.CountSeries{Counts: counts, Frequency: 52}, 260, 312); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
