package stats

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func ends(codes ...int) []bool {
	all := make([]bool, len(codes))
	for i, c := range codes {
		all[i] = c == 1
	}
	return all
}

// TestSurvival_EqualsR compares with survfit of R's survival 3.5-3: the remission times under 6-mercaptopurine of Freireich
// et al., Blood 1963;21:699–716, and forty made-up durations.
func TestSurvival_EqualsR(t *testing.T) {
	near := func(got, want, tolerance float64) bool {
		return math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= tolerance
	}
	quantiles := func(name string, c *SurvivalCurve, want [3][3]float64) {
		t.Helper()
		for i, p := range []float64{0.25, 0.5, 0.75} {
			time, lower, upper := c.Quantile(p)
			if !near(time, want[0][i], 0) || !near(lower, want[1][i], 0) || !near(upper, want[2][i], 0) {
				t.Errorf("%s: quantile %v = %v (%v to %v), want %v (%v to %v)", name, p, time, lower, upper, want[0][i], want[1][i], want[2][i])
			}
		}
	}
	none := math.NaN()

	c, err := Survival([]float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35},
		ends(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range [][7]float64{
		{6, 21, 3, 0.857, 0.0764, 0.720, 1.000},
		{7, 17, 1, 0.807, 0.0869, 0.653, 0.996},
		{10, 15, 1, 0.753, 0.0963, 0.586, 0.968},
		{13, 12, 1, 0.690, 0.1068, 0.510, 0.935},
		{16, 11, 1, 0.627, 0.1141, 0.439, 0.896},
		{22, 7, 1, 0.538, 0.1282, 0.337, 0.858},
		{23, 6, 1, 0.448, 0.1346, 0.249, 0.807},
	} {
		got := [7]float64{c.Times[i], c.AtRisk[i], c.Events[i], c.Share[i], c.StdErr[i], c.Lower[i], c.Upper[i]}
		for k := range w {
			if !near(got[k], w[k], 5.1e-4) {
				t.Errorf("remission, step %d: %v, want %v", i, got, w)
				break
			}
		}
	}
	quantiles("remission", c, [3][3]float64{{13, 23, none}, {6, 16, 23}, {none, none, none}})

	c, err = Survival([]float64{
		21, 103, 104, 96, 75, 88, 54, 6, 61, 79, 40, 35, 49, 51, 41, 126, 7, 14, 221, 62, 29, 58, 38, 20, 82, 7, 25, 150, 59, 11, 165, 76, 189, 47, 160, 19, 31, 201, 4, 73,
	}, ends(1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct{ time, share float64 }{{0, 1}, {30, 0.793235294118}, {90, 0.420502392344}, {180, 0.177399446770}} {
		if got := 1 - c.Reached(w.time); !near(got, w.share, 1e-12) {
			t.Errorf("share beyond %v days %v, want %v", w.time, got, w.share)
		}
	}
	for i, time := range c.Times { // the last step up to 90 days
		if time <= 90 && c.Times[i+1] > 90 && (!near(c.StdErr[i], 0.0877422475143, 1e-12) || !near(c.Lower[i], 0.2793549138478, 1e-12) || !near(c.Upper[i], 0.632966356424, 1e-12)) {
			t.Errorf("at 90 days: %v, %v to %v", c.StdErr[i], c.Lower[i], c.Upper[i])
		}
	}
	quantiles("made up", c, [3][3]float64{{35, 73, 150}, {20, 51, 96}, {59, 150, none}})

	for _, w := range []struct {
		durations []float64
		ended     []bool
		want      [3][3]float64
	}{ // level at a quantile
		{[]float64{1, 2, 3, 4}, ends(1, 1, 1, 1), [3][3]float64{{1.5, 2.5, 3.5}, {1, 1, 2}, {none, none, none}}},
		{[]float64{50, 90}, ends(1, 0), [3][3]float64{{50, 70, none}, {50, 50, 50}, {none, none, none}}},
		{[]float64{1, 2, 3, 5}, ends(1, 1, 0, 1), [3][3]float64{{1.5, 3.5, 5}, {1, 1, 2}, {none, none, none}}},
		{[]float64{1, 2, 3, 4, 7}, ends(0, 1, 1, 0, 0), [3][3]float64{{2.5, 5, none}, {2, 2, 3}, {none, none, none}}},
	} {
		c, err := Survival(w.durations, w.ended)
		if err != nil {
			t.Fatal(err)
		}
		quantiles(fmt.Sprint(w.durations), c, w.want)
	}
}

// TestSurvival_WithoutOpenOnes is the plain share when nothing is open, and never falls outside 0 to 1.
func TestSurvival_WithoutOpenOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 40).Draw(t, "days")
		open := rapid.SliceOfN(rapid.Bool(), len(days), len(days)).Draw(t, "open")
		durations, all, some := make([]float64, len(days)), make([]bool, len(days)), make([]bool, len(days))
		for i, d := range days {
			durations[i], all[i], some[i] = float64(d), true, !open[i]
		}
		c, err := Survival(durations, all)
		if err != nil {
			t.Fatal(err)
		}
		at, n := rapid.IntRange(0, 61).Draw(t, "at"), 0.0
		for _, d := range days {
			if d <= at {
				n++
			}
		}
		if got, want := c.Reached(float64(at)), n/float64(len(days)); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v reached by day %d, want %v", got, at, want)
		}
		c, err = Survival(durations, some)
		if err != nil {
			t.Fatal(err)
		}
		last := 1.0
		for i, s := range c.Share {
			if s < 0 || s > last {
				t.Fatalf("share %v after %v", s, last)
			}
			if last = s; !math.IsNaN(c.Lower[i]) && (c.Lower[i] > s || c.Upper[i] < s) {
				t.Fatalf("share %v outside %v to %v", s, c.Lower[i], c.Upper[i])
			}
		}
	})
	for _, wrong := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := Survival([]float64{wrong}, ends(1)); err == nil {
			t.Errorf("a duration of %v is accepted", wrong)
		}
	}
	if c, err := Survival(nil, nil); err != nil || !math.IsNaN(c.Reached(3)) {
		t.Errorf("nothing: %v, %v", c, err)
	}
}
