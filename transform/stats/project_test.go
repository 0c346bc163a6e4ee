package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// risingYears is a course that begins anew each January and ends each year at the given share of d units.
func risingYears(d float64, ends ...float64) Course {
	var c Course
	for _, end := range ends {
		for m := range 12 {
			c.Units = append(c.Units, d)
			c.Covered = append(c.Covered, math.Round(end*d*float64(m+1)/12))
		}
	}
	return c
}

// TestProjectYearEnd_SameShapeEveryYear projects a year that goes as all before it went: there is no error, and no doubt.
func TestProjectYearEnd_SameShapeEveryYear(t *testing.T) {
	city := risingYears(1200, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9)
	for _, target := range []float64{0.9, 0.91} {
		all, err := ProjectYearEnd([]Course{city}, 5, 5, target, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		p := all[0]
		meets := 0.0
		if target == 0.9 {
			meets = 1
		}
		for _, got := range []float64{p.Share, p.Lower, p.Upper} {
			if math.Abs(got-0.9) > 1e-9 {
				t.Errorf("target %v: %+v, want 0.9 throughout", target, p)
			}
		}
		if math.Abs(p.Meets-meets) > 1e-9 || p.Years != 3 {
			t.Errorf("target %v: probability %v of %d years, want %v of 3", target, p.Meets, p.Years, meets)
		}
	}
}

// TestProjectYearEnd_Methods gives histories in which one of the methods is right.
func TestProjectYearEnd_Methods(t *testing.T) {
	level := func(shares ...float64) Course { // changes in January only
		var c Course
		for _, s := range shares {
			for range 12 {
				c.Units, c.Covered = append(c.Units, 1000), append(c.Covered, math.Round(1000*s))
			}
		}
		return c
	}
	logistic := func(step float64) Course { // rises evenly on the logit scale
		var c Course
		for m := range 72 {
			c.Units, c.Covered = append(c.Units, 1e6), append(c.Covered, 1e6/(1+math.Exp(1-step*float64(m))))
		}
		return c
	}
	for _, w := range []struct {
		name   string
		course Course
		want   ProjectionMethod
		share  float64
	}{
		{"a level that stays", level(0.2, 0.7, 0.5, 0.8, 0.6, 0.9), SameMonths, 0.9}, // a change of nothing in each year
		{"an even rise", logistic(0.02), PresentSpeed, 1 / (1 + math.Exp(1-0.02*71))},
		{"year ends that rise evenly", risingYears(1000, 0.5, 0.6, 0.6899, 0.7660, 0.8280, 0.8761), YearEnds, 0.8761},
	} {
		all, err := ProjectYearEnd([]Course{w.course}, 5, 6, 0.95, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if p := all[0]; p.Method != w.want || math.Abs(p.Share-w.share) > 0.005 {
			t.Errorf("%s: %s to %.3f, want %s to %.3f", w.name, p.Method, p.Share, w.want, w.share)
		}
	}
}

// cityOfNoise makes a city of parts whose readings wander on the logit scale: a common change each year and one of each part.
func cityOfNoise(r *rand.Rand, years int) []Course {
	sizes := []float64{30, 80, 200, 500, 90, 20, 140, 60}
	courses := make([]Course, len(sizes)+1)
	levels := make([]float64, len(sizes))
	for range years {
		common := 0.3 + 0.25*r.NormFloat64()
		own := make([]float64, len(sizes))
		for a, d := range sizes {
			own[a] = common + 1.5/math.Sqrt(d)*r.NormFloat64()
		}
		for m := range 12 {
			var n, all float64
			for a, d := range sizes {
				x := levels[a] + own[a]*float64(m+1)/12
				covered := math.Round(d / (1 + math.Exp(-x)))
				courses[a+1].Covered, courses[a+1].Units = append(courses[a+1].Covered, covered), append(courses[a+1].Units, d)
				n, all = n+covered, all+d
			}
			courses[0].Covered, courses[0].Units = append(courses[0].Covered, n), append(courses[0].Units, all)
		}
		for a := range levels {
			levels[a] += own[a]
		}
	}
	return courses
}

// TestProjectYearEnd_IntervalHolds counts, over many made-up cities, how often the interval holds what came: about as often
// as it says, and the probabilities are right on average.
func TestProjectYearEnd_IntervalHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 13))
	var city, parts ProjectionBacktest
	var promised, kept float64
	for range 250 {
		courses := cityOfNoise(r, 8)
		all, err := ProjectYearEnd(courses, 7, 4, 0.8, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for a, p := range all {
			end := courses[a].Covered[95] / courses[a].Units[95]
			met := courses[a].Covered[95] >= 0.8*courses[a].Units[95]
			b := &city
			if a > 0 {
				b = &parts
			}
			b.Add(p.Share, p.Lower, p.Upper, p.Meets, end, met)
			promised += p.Meets
			if met {
				kept++
			}
		}
	}
	for name, b := range map[string]ProjectionBacktest{"city": city.Mean(), "parts": parts.Mean()} {
		if b.Coverage < 0.90 || b.Coverage > 0.995 {
			t.Errorf("%s: the 95 %% interval held %.1f %%", name, 100*b.Coverage)
		}
		t.Logf("%s: coverage %.3f, error %.3f, Brier %.3f", name, b.Coverage, b.Error, b.Brier)
	}
	n := float64(city.N + parts.N)
	if math.Abs(promised-kept)/n > 0.04 {
		t.Errorf("targets met in %.1f %%, promised %.1f %%", 100*kept/n, 100*promised/n)
	}
}

// TestProjectYearEnd_LooksAtNothingLater changes what came after the moment, in the year and behind it.
func TestProjectYearEnd_LooksAtNothingLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		month := rapid.SampledFrom([]float64{0, 2.4, 5, 9.9, 11}).Draw(t, "month")
		courses := cityOfNoise(rand.New(rand.NewPCG(seed, 1)), 7)
		first, err := ProjectYearEnd(courses, 5, month, 0.7, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for a := range courses {
			for m := 60 + int(math.Ceil(month)) + 1; m < 84; m++ {
				courses[a].Covered[m] = 1
			}
		}
		second, err := ProjectYearEnd(courses, 5, month, 0.7, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for a := range first {
			p := first[a]
			if p != second[a] {
				t.Fatalf("course %d: %+v became %+v", a, p, second[a])
			}
			if !(p.Lower >= 0 && p.Lower <= p.Share && p.Share <= p.Upper && p.Upper <= 1 && p.Meets >= 0 && p.Meets <= 1) {
				t.Fatalf("course %d: %+v is out of order", a, p)
			}
		}
	})
}

func TestProjectYearEnd_ShortOrEmptyHistory(t *testing.T) {
	all, err := ProjectYearEnd([]Course{risingYears(100, 0.5, 0.6, 0.7)}, 2, 5, 0.9, 0.95)
	if !errors.Is(err, ErrShortHistory) || math.IsNaN(all[0].Share) || !math.IsNaN(all[0].Meets) || !math.IsNaN(all[0].Lower) {
		t.Errorf("three years: %+v, %v", all, err)
	}
	none := Course{Covered: make([]float64, 60), Units: make([]float64, 60)}
	all, err = ProjectYearEnd([]Course{risingYears(100, 0.5, 0.6, 0.7, 0.7, 0.8), none}, 4, 5, 0.9, 0.95)
	if err != nil || !math.IsNaN(all[1].Share) {
		t.Errorf("a part without units: %+v, %v", all, err)
	}
	city, parts := BacktestYearEnd([]Course{none}, 4, 5, 0.9, 0.95)
	if city.N != 0 || parts.N != 0 {
		t.Errorf("a backtest of nothing counted %d and %d", city.N, parts.N)
	}
}

// TestProjectCount_EqualsIntegration compares the probability of staying below the base with the mixture of Poisson
// distributions over the rate, summed numerically.
func TestProjectCount_EqualsIntegration(t *testing.T) {
	totals, arrived := []float64{20, 35, 28, 41, 22}, []float64{8, 15, 12, 14, 9}
	const soFar, base = 10.0, 27.0
	p, err := ProjectCount(soFar, totals, arrived, base, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	m, all := 29.2, 146.0
	spread := 0.0
	for _, x := range totals {
		spread += (x - m) * (x - m) / 4
	}
	shape := 1 / ((spread-m)/(m*m) + 1/all)
	share := 58.5 / 146.5
	var weight, below float64
	for rate := 0.005; rate < 150; rate += 0.01 {
		density := math.Exp((shape-1)*math.Log(rate)-rate*shape/m) * poissonPMF(soFar, rate*share)
		weight += density
		below += density * poissonCDF(base-1-soFar, rate*(1-share))
	}
	if math.Abs(p.Below-below/weight) > 1e-5 {
		t.Errorf("below the base with %v, by integration %v", p.Below, below/weight)
	}
	if !(p.Lower >= soFar && p.Lower < p.Median && p.Median < p.Upper) {
		t.Errorf("%+v is out of order", p)
	}
	if _, err := ProjectCount(3, []float64{4}, []float64{2}, 4, 0.95); !errors.Is(err, ErrShortHistory) {
		t.Errorf("one year before: %v", err)
	}
}
