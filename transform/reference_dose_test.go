package transform_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// worn is the dose of one person in one quarter of a made-up world.
type worn struct {
	person         int
	town, class    string
	year           int
	end            time.Time
	dose           float64 // NaN: none
	below, nominal bool
	lost           bool
	watched        bool
}

// TestReference_Doses compares S10a to S10f with a naive count over the quarters of 60 people in eight years.
func TestReference_Doses(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(10, 4))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	var roster, rows []row
	towned := map[string]string{}
	for i, town := range towns() {
		key := "H" + itoa(i)
		towned[key] = town
		roster = append(roster, employer(key).with("township_code", quote(town), "industry_code", "'Q84'"))
	}
	c.load("employer", roster...)
	var all []worn
	for n := 1; n <= 60; n++ {
		heavy := r.IntN(6) == 0
		for year := 2019; year <= 2026; year++ {
			if r.IntN(5) == 0 {
				continue
			}
			unit, class := "H"+itoa(r.IntN(4)), pick("2A", "2E", "3B")
			for q := range 4 {
				start := time.Date(year, time.Month(1+3*q), 1, 0, 0, 0, 0, time.UTC)
				end := start.AddDate(0, 3, -1)
				if end.After(c.today) {
					break
				}
				x := worn{person: n, town: towned[unit], class: class, year: year, end: end, dose: math.NaN()}
				values := reading(unit, itoa(n), n, start.Format(time.DateOnly), end.Format(time.DateOnly), "0", "job_class", quote(class))
				switch r.IntN(8) {
				case 0:
					x.lost = true
					values = values.with("value", "NULL", "final_value", "NULL", "qualifier", "'none'", "dosimeter_status", "'lost'")
				case 1:
					x.lost, x.nominal, x.dose = true, true, 0.5
					values = values.with("value", "NULL", "final_value", "0.5", "qualifier", "'none'", "dosimeter_status", "'lost'", "is_nominal", "true")
				case 2, 3:
					x.below, x.dose = true, 0.02
					values = below(values, "0.04")
				default:
					x.dose = []float64{0.25, 1.25, 1.5, 0.5}[r.IntN(4)]
					if heavy {
						x.dose = []float64{9, 12, 11}[r.IntN(3)]
					}
					values = values.with("value", itoa(x.dose), "final_value", itoa(x.dose))
				}
				x.watched = x.dose > 1.25 // 5 mSv a year in four periods
				all = append(all, x)
				rows = append(rows, values)
			}
		}
	}
	c.loadMany("dose", rows)
	c.runOnly("S10a", "S10b", "S10c", "S10d", "S10e", "S10f")

	// doses of people by year; the place is that of the unit, which is one a year here
	type annual struct {
		town, class string
		sum, five   float64
		measurable  bool
	}
	yearly := map[int]map[int]*annual{}
	for _, x := range all {
		if math.IsNaN(x.dose) {
			continue
		}
		if yearly[x.year] == nil {
			yearly[x.year] = map[int]*annual{}
		}
		a := yearly[x.year][x.person]
		if a == nil {
			a = &annual{town: x.town, class: x.class}
			yearly[x.year][x.person] = a
		}
		a.sum += x.dose
		a.measurable = a.measurable || !x.below
	}
	for year, people := range yearly {
		for n, a := range people {
			for y := year; y >= year-(year-2001)%5; y-- { // the blocks begin in 2001, 2006, …
				if b := yearly[y][n]; b != nil {
					a.five += b.sum
				}
			}
		}
	}
	share := func(hit func(a annual) bool) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, a := range yearly[s.start.Year()] {
				if in(place, a.town) {
					t.add(hit(*a), true, false)
				}
			}
			return t
		}
	}
	total := func(counts func(a annual) bool, of func(a annual) float64) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, a := range yearly[s.start.Year()] {
				if in(place, a.town) && counts(*a) {
					t.n, t.d = t.n+of(*a), t.d+1
				}
			}
			return t
		}
	}
	sum, five := func(a annual) float64 { return a.sum }, func(a annual) float64 { return a.five }
	every := func(annual) bool { return true }
	c.equal("S10a", "all", total(every, sum))
	c.equal("S10a", "measurable", total(func(a annual) bool { return a.measurable }, sum))
	c.equal("S10a", "class_2e", total(func(a annual) bool { return a.class == "2E" }, sum))
	c.equal("S10b", "all", total(every, sum))
	c.equal("S10c", "below_mdl", share(func(a annual) bool { return !a.measurable }))
	c.equal("S10c", "to_1", share(func(a annual) bool { return a.sum <= 1 }))
	c.equal("S10c", "from_1_to_5", share(func(a annual) bool { return a.sum > 1 && a.sum <= 5 }))
	c.equal("S10c", "from_15_to_20", share(func(a annual) bool { return a.sum > 15 && a.sum <= 20 }))
	c.equal("S10d", "watch_80", share(func(a annual) bool { return a.five > 80 }))
	c.equal("S10d", "mean", total(every, five))
	for variant, level := range map[string]float64{"median": 0.5, "p95": 0.95, "largest": 1} {
		for _, x := range c.cells("S10a", variant) {
			var values []float64
			for _, a := range yearly[x.start.Year()] {
				if in(x.place, a.town) {
					values = append(values, a.sum)
				}
			}
			if want := quantile(values, level); !near(x.value, want) || x.n != float64(len(values)) {
				t.Errorf("S10a %s %d %q: %v of %v, the reference has %v of %d", variant, x.start.Year(), x.place, x.value, x.n, want, len(values))
			}
		}
	}
	periods := func(hit, unknown func(x worn) bool, isShare bool) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, x := range all {
				if s.holds(x.end) && in(place, x.town) {
					t.add(hit(x), isShare, unknown(x))
				}
			}
			return t
		}
	}
	never := func(worn) bool { return false }
	c.equal("S10e", "periods", periods(func(x worn) bool { return x.watched }, func(x worn) bool { return math.IsNaN(x.dose) }, false))
	c.equal("S10f", "nominal", periods(func(x worn) bool { return x.nominal }, never, true))
	c.equal("S10f", "lost", periods(func(x worn) bool { return x.lost }, never, true))
}

// TestHeadlined chooses another headline, and says what is wrong with one that doesn't exist.
func TestHeadlined(t *testing.T) {
	all, err := transform.LoadIndicators(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	find := func(indicators []transform.Indicator) transform.Indicator {
		for _, i := range indicators {
			if i.ID == "T8" {
				return i
			}
		}
		return transform.Indicator{}
	}
	changed, err := transform.Headlined(all, map[string]string{"T8": "pneumoconiosis"})
	if err != nil {
		t.Fatal(err)
	}
	before, after := find(all), find(changed)
	if after.Variants[0].Name != "pneumoconiosis" || len(after.Variants) != len(before.Variants) || after.Version != before.Version+"+headline=pneumoconiosis" {
		t.Errorf("headline %q, version %q", after.Variants[0].Name, after.Version)
	}
	if before.Variants[0].Name != "literal" {
		t.Error("the indicators given were changed")
	}
	for id, part := range map[string]string{"T8": "choose one of literal, pneumoconiosis", "T99": "no such indicator"} {
		if _, err := transform.Headlined(all, map[string]string{id: "other"}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %q", id, err, part)
		}
	}
}
