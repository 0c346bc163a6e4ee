package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestZoneScan_Property: clusters have no place in common, come by falling likelihood ratio, have what their zone and duration hold, and a p
// that the same seed gives again.
func TestZoneScan_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places, periods := rapid.IntRange(1, 5).Draw(t, "places"), rapid.IntRange(1, 8).Draw(t, "periods")
		cases, expected := make([][]float64, periods), make([][]float64, periods)
		for p := range periods {
			cases[p], expected[p] = make([]float64, places), make([]float64, places)
			for i := range places {
				cases[p][i] = float64(rapid.IntRange(0, 4).Draw(t, "n"))
				expected[p][i] = rapid.Float64Range(0, 2).Draw(t, "e")
			}
		}
		certainty := make([]float64, places)
		for i := range certainty {
			certainty[i] = rapid.SampledFrom([]float64{0.5, 3, math.Inf(1)}).Draw(t, "certainty")
		}
		var zones [][]int
		for i := range places {
			zones = append(zones, []int{i})
			if i > 0 {
				zones = append(zones, []int{i - 1, i})
			}
		}
		opt := ZoneScanOptions{MinCases: 2, Simulations: 19, Seed: 3}
		found, err := ZoneScan(cases, expected, certainty, zones, opt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ZoneScan(cases, expected, certainty, zones, opt)
		if err != nil || len(again) != len(found) {
			t.Fatal(err, len(again))
		}
		used := map[int]bool{}
		for k, c := range found {
			if again[k] != c {
				t.Fatalf("%v, and again %v", c, again[k])
			}
			n, e := 0.0, 0.0
			for _, place := range zones[c.Zone] {
				if used[place] {
					t.Fatalf("place %d is in two clusters", place)
				}
				used[place] = true
				for p := periods - c.Periods; p < periods; p++ {
					n, e = n+cases[p][place], e+expected[p][place]
				}
			}
			if n != c.Cases || math.Abs(e-c.Expected) > 1e-9 || n < 2 || n <= e || c.P < 0.05 || c.P > 1 || k > 0 && comparable12(c.LLR) > comparable12(found[k-1].LLR) {
				t.Fatalf("cluster %d: %+v holds %v cases, %v expected", k, c, n, e)
			}
		}
	})
}

// TestZoneScan_Wrong names arguments that make no sense.
func TestZoneScan_Wrong(t *testing.T) {
	one := [][]float64{{1}}
	for name, f := range map[string]func() error{
		"rows": func() error {
			_, err := ZoneScan(one, nil, []float64{1}, nil, ZoneScanOptions{Simulations: 9})
			return err
		},
		"places": func() error {
			_, err := ZoneScan(one, one, []float64{1, 2}, nil, ZoneScanOptions{Simulations: 9})
			return err
		},
		"expected": func() error {
			_, err := ZoneScan(one, [][]float64{{math.NaN()}}, []float64{1}, nil, ZoneScanOptions{Simulations: 9})
			return err
		},
		"certainty": func() error {
			_, err := ZoneScan(one, one, []float64{0}, nil, ZoneScanOptions{Simulations: 9})
			return err
		},
		"zones": func() error {
			_, err := ZoneScan(one, one, []float64{1}, [][]int{{1}}, ZoneScanOptions{Simulations: 9})
			return err
		},
		"n_sim": func() error { _, err := ZoneScan(one, one, []float64{1}, nil, ZoneScanOptions{}); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
