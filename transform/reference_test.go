package transform_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// The tests in the files reference_*_test.go hold the indicators against a second reading of their definitions: plain Go
// that walks over the rows of a made-up world one by one, written from the words of the definitions and without SQL. Each
// world is drawn at random around the corners of the definitions and is the same on every run.

// picked are the definitions with just these indicators, with or without the series, and with all models or only some and no checks.
type picked struct {
	fs.FS
	ids    []string
	rules  []string // nil: all
	series bool
	models map[string]bool // nil: all
}

// ReadDir lists a folder of the definitions.
func (o picked) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		file := strings.TrimSuffix(e.Name(), ".sql")
		switch name {
		case "indicators":
			return !slices.Contains(o.ids, file)
		case "rules":
			return o.rules != nil && !slices.Contains(o.rules, file)
		case "series":
			return !o.series
		case "models":
			return o.models != nil && !o.models[file]
		case "checks":
			return o.models != nil
		}
		return false
	}), err
}

// runOnly computes just these indicators, and of the models those that they read and those that are named, without checks.
func (c *city) runOnly(names ...string) {
	c.Helper()
	c.runWith(onlyOf(c, names...))
}

// rulesOf are the definitions of these rules, which watch no series, and of the models that they read.
func rulesOf(t testing.TB, rules ...string) fs.FS {
	t.Helper()
	files := onlyOf(t, rules...).(picked)
	files.rules = rules
	return files
}

// onlyOf are the definitions of these indicators or rules, and of the models those that they read and those that are named.
func onlyOf(t testing.TB, names ...string) fs.FS {
	t.Helper()
	files := picked{FS: ohsql.FS(), ids: names, models: map[string]bool{}}
	text := strings.Join(names, " ") + " dim_cell dim_township dim_employer"
	for _, name := range names {
		for _, kind := range []string{"indicators", "gaps", "rules"} {
			if body, err := fs.ReadFile(files.FS, kind+"/"+name+".sql"); err == nil {
				text += string(body)
			}
		}
	}
	for _, query := range []string{"transform_flow", "transform_grid"} {
		body, err := ohsql.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		text += body
	}
	models, err := transform.LoadModels(files.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Backward(models) { // each stands behind those that it reads
		if files.models[m.Name] = files.models[m.Name] || strings.Contains(text, m.Name); files.models[m.Name] {
			for _, input := range m.Models {
				files.models[input] = true
			}
		}
	}
	return files
}

// span is a period up to the day on which it is read.
type span struct {
	kind       string
	start, end time.Time
}

func (s span) holds(d time.Time) bool { return !d.Before(s.start) && !d.After(s.end) }

// tally is what a definition counts in one period and place.
type tally struct{ n, d, missing float64 }

// add counts one unit.
func (t *tally) add(n, d, missing bool) {
	t.n, t.d, t.missing = t.n+one(n), t.d+one(d), t.missing+one(missing)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// unassigned is the line of units without a township.
const unassigned = "unassigned"

// equal compares every period of a reading, for the city and all townships, with what count finds; count gets "" as the
// place for the city. The reading must count something somewhere, or the comparison would be worth nothing.
func (c *city) equal(id, variant string, count func(s span, place string) tally) {
	c.Helper()
	cells := c.cells(id, variant)
	seen, wrong := tally{}, 0
	for _, x := range cells {
		want := count(x.span, x.place)
		seen = tally{seen.n + want.n, seen.d + want.d, seen.missing + want.missing}
		if !near(x.n, want.n) || !near(x.d, want.d) || !near(x.missing, want.missing) {
			if wrong++; wrong <= 5 {
				c.Errorf("%s %s %s..%s %q: %v of %v, missing %v; the reference has %v of %v, missing %v", id, variant,
					x.start.Format(time.DateOnly), x.end.Format(time.DateOnly), x.place, x.n, x.d, x.missing, want.n, want.d, want.missing)
			}
		}
	}
	if wrong > 5 {
		c.Errorf("%s %s: %d more cells differ", id, variant, wrong-5)
	}
	if len(cells) < 20 || seen.n == 0 {
		c.Errorf("%s %s: the world is too small: %d cells count %v of %v", id, variant, len(cells), seen.n, seen.d)
	}
}

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-6*math.Max(1, math.Abs(b))
}

// cell is one value of an indicator.
type cell struct {
	span
	place         string
	n, d, missing float64
	value         float64 // NaN: none
}

func (c *city) cells(id, variant string) []cell {
	c.Helper()
	text := c.query(fmt.Sprintf(`SELECT concat(period_kind::String, ' ', toString(start_date), ' ', toString(v.as_of_date), ' ', if(dim_value = '', '-', dim_value),
			' ', toString(numerator), ' ', toString(ifNull(denominator, 0)), ' ', toString(missing), ' ', ifNull(toString(value), 'nan'))
		FROM ind_value AS v
		INNER JOIN dim_period ON dim_period.period_kind = v.period_kind::String AND dim_period.period = v.period
		WHERE indicator = '%s' AND variant = '%s' AND dim IN ('', 'township') ORDER BY ALL`, id, variant))
	var cells []cell
	for line := range strings.Lines(text) {
		var x cell
		var start, end string
		if _, err := fmt.Sscan(line, &x.kind, &start, &end, &x.place, &x.n, &x.d, &x.missing, &x.value); err != nil {
			c.Fatalf("%s: %v", line, err)
		}
		x.start, x.end = day(start), day(end)
		if x.place == "-" {
			x.place = ""
		}
		cells = append(cells, x)
	}
	return cells
}

// in says whether a unit of a township stands in the line of a place: all stand in that of the city.
func in(place, town string) bool {
	return place == "" || place == cmp.Or(town, unassigned)
}

// towns of the made-up worlds; "" is none.
func towns() []string { return []string{"410184001", "410184002", "410184106", ""} }

// date writes a day as SQL, NULL for none.
func date(d time.Time) string {
	if d.IsZero() {
		return "NULL"
	}
	return quote(d.Format(time.DateOnly))
}

// by says whether something with this day, if it has one, has happened by d.
func by(day, d time.Time) bool { return !day.IsZero() && !day.After(d) }

// TestReference_Quantile checks the quantile that the reference tests use on numbers worked out by hand.
func TestReference_Quantile(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		level  float64
		want   float64
	}{
		{[]float64{3}, 0.5, 3},
		{[]float64{4, 1}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4, 5}, 0.9, 4.6},
		{[]float64{10, 20, 30, 40}, 0.25, 17.5},
		{[]float64{10, 20, 30, 40}, 1, 40},
	} {
		if got := quantile(tt.values, tt.level); !near(got, tt.want) {
			t.Errorf("quantile(%v, %v) = %v, want %v", tt.values, tt.level, got, tt.want)
		}
	}
}

// quantile lies at level between the smallest (0) and the largest (1) value, on the line between its neighbours.
func quantile(values []float64, level float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	values = slices.Sorted(slices.Values(values))
	at := level * float64(len(values)-1)
	low := int(at)
	high := min(low+1, len(values)-1)
	return values[low] + (at-float64(low))*(values[high]-values[low])
}
