package transform

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	ohsql "ohwatch/sql"
	"ohwatch/transform/stats"
)

func TestChoose(t *testing.T) {
	for _, x := range []struct {
		name     string
		expected float64
		history  int
		want     stats.DetectorMethod // empty: says nothing
	}{
		{"half a year is missing", 0.3, 25, ""},
		{"a case every second month", 0.1, 26, stats.DetectorFor(0.1).Method},
		{"a county's cases, a year of history", 0.4, 52, stats.DetectorFor(0.4).Method},
		{"nothing ever", 0, 400, stats.DetectorFor(0).Method},
		{"many, one year of history", 40, 60, stats.DetectorEARS},
		{"many, a week short of three years", 40, 3*53 + 3, stats.DetectorEARS},
		{"many, three years of history", 40, 3*53 + 4, stats.DetectorFarrington},
		{"many, ten years of history", 40, 530, stats.DetectorFarrington},
		{"not known", math.NaN(), 100, stats.DetectorFor(0).Method},
	} {
		t.Run(x.name, func(t *testing.T) {
			d, ok := Choose(x.expected, x.history, false)
			if d.Method != x.want || ok != (x.want != "") {
				t.Errorf("Choose(%v, %d) = %q, %v; want %q", x.expected, x.history, d.Method, ok, x.want)
			}
			if d.Method == stats.DetectorFarrington && d.Past.Periods > x.history {
				t.Errorf("looks back %d weeks of %d", d.Past.Periods, x.history)
			}
		})
	}
}

func TestChoose_PerExposure(t *testing.T) {
	for _, expected := range []float64{0.01, 0.1, 1, 8, 50} {
		if d, ok := Choose(expected, 60, true); !ok || d.Method != stats.DetectorPerExposure(expected).Method {
			t.Errorf("%v cases expected: %q, %v", expected, d.Method, ok)
		}
	}
}

// definition is a series with the header that all need; more lines may be added.
func definition(t testing.TB, lines ...string) Series {
	t.Helper()
	text := "-- id: x\n-- version: 1\n-- title: 甲 | X\n-- stream: case_report\n-- date: report_date\n-- strata: township\n-- source: test\n" +
		strings.Join(lines, "\n") + "\nSELECT 1 FROM stg_exam\n"
	f, err := ohsql.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	f.Name, f.Path = "x", "series/x.sql"
	s, err := readSeries(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReadSeries_Wrong(t *testing.T) {
	good := map[string]string{
		"id": "x", "version": "1", "title": "甲 | X", "stream": "exam", "date": "d", "strata": "s", "population": "none",
		"delay": "none", "direction": "up", "methods": "auto", "source": "s",
	}
	for _, x := range []struct{ key, value, want string }{
		{"id", "y", `id: is "y", the file's name is "x"`},
		{"title", "甲", "title: want 中文 | English"},
		{"direction", "sideways", "direction: want up, down or both"},
		{"methods", "magic", `methods: "magic" is none of auto`},
		{"begins", "never", "begins: want definition or stratum"},
		{"params", "alpha = 2", "params: alpha: want a number between 0 and 0.5, got 2"},
		{"params", "baseline = 3.5", "params: baseline: want a whole number from 8 to 520"},
		{"params", "baseline = NaN", "params: baseline: want a whole number from 8 to 520"},
		{"params", "speed = 1", `params: "speed" is none of alpha`},
		{"params", "alpha", `params: alpha: want a number, got ""`},
		{"colour", "red", "colour: is not known to series"},
		{"source", "", "source: the header must say it"},
		{"body", "SELECT 1 FROM raw_exam", "line 12: reads raw_exam"},
		{"body", "SELECT {x:Int32}", "the query binds {x}"},
	} {
		header := map[string]string{}
		for k, v := range good {
			header[k] = v
		}
		body := "SELECT 1"
		if x.key == "body" {
			body = x.value
		} else {
			header[x.key] = x.value
		}
		var b strings.Builder
		for _, k := range slices.Sorted(func(yield func(string) bool) {
			for k := range header {
				if !yield(k) {
					return
				}
			}
		}) {
			fmt.Fprintf(&b, "-- %s: %s\n", k, header[k])
		}
		f, err := ohsql.Parse(b.String() + body)
		if err != nil {
			t.Fatal(err)
		}
		f.Name, f.Path = "x", "series/x.sql"
		if _, err := readSeries(f); err == nil || !strings.Contains(err.Error(), "series/x.sql") || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s = %q: %v, want %s", x.key, x.value, err, x.want)
		}
	}
}

// TestSeries_Shipped reads all definitions of sql/series.
func TestSeries_Shipped(t *testing.T) {
	all, broken, err := LoadSeries(ohsql.FS())
	if err != nil || len(broken) > 0 || len(all) < 10 {
		t.Fatal(len(all), broken, err)
	}
	models, err := LoadModels(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, name := range s.Models {
			if !slices.ContainsFunc(models, func(m Model) bool { return m.Name == name }) {
				t.Errorf("%s reads %s, which is no model", s.Path, name)
			}
		}
	}
}

// drawn is a random state of a series' data: the counts of strata, with a population or with delays.
func drawn(t *rapid.T, s Series) *weekly {
	n := rapid.IntRange(1, 330).Draw(t, "weeks")
	w := &weekly{first: 2400, n: n}
	rate := rapid.SampledFrom([]float64{0.05, 0.6, 4, 30}).Draw(t, "rate")
	for i := range rapid.IntRange(1, 5).Draw(t, "strata") {
		z := stratum{key: fmt.Sprint(i), counts: make([]float64, n), population: make([]float64, n)}
		seed := rapid.Uint64().Draw(t, "seed")
		for k := range n {
			seed = mix(seed, uint64(k), 1, 2)
			z.counts[k] = math.Floor(-rate * math.Log(float64(seed>>11+1)/(1<<53)))
			z.population[k] = float64(seed % 40)
		}
		w.strata = append(w.strata, z)
	}
	if d := s.settings.maxDelay; d > 0 {
		w.reporting = stats.Reporting{Share: make([]float64, d), Variation: make([]float64, d)}
		for i := range d {
			w.reporting.Share[i] = float64(i+1) / float64(d+1)
			w.reporting.Variation[i] = 0.001
		}
	}
	return w
}

// TestSeries_InputsTellWhatChanged holds, for random data and random changes, the two sides of the incremental run:
// where the digest is the same the result is the same to the last bit, and only weeks that look back at a changed week
// get another digest.
func TestSeries_InputsTellWhatChanged(t *testing.T) {
	definitions := []Series{
		definition(t, "-- population: none\n-- delay: none\n-- direction: up\n-- methods: auto\n-- params: baseline = 104"),
		definition(t, "-- population: none\n-- delay: report_date\n-- direction: up\n-- methods: auto, ears_c1, ears_c2, ears_c3_published\n-- params: baseline = 52"),
		definition(t, "-- population: exams\n-- delay: report_date\n-- direction: up\n-- methods: window_test\n-- params: window = 4, pool = 1, baseline = 60"),
		definition(t, "-- population: none\n-- delay: report_date\n-- direction: both\n-- methods: auto\n-- params: baseline = 52"),
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(definitions).Draw(t, "series")
		before := drawn(t, s)
		after := &weekly{first: before.first, n: before.n, reporting: before.reporting}
		for _, z := range before.strata {
			z.counts, z.population = slices.Clone(z.counts), slices.Clone(z.population)
			after.strata = append(after.strata, z)
		}
		at, week := rapid.IntRange(0, len(after.strata)-1).Draw(t, "stratum"), rapid.IntRange(0, after.n-1).Draw(t, "week")
		after.strata[at].counts[week] += float64(rapid.IntRange(0, 3).Draw(t, "more"))
		changed := after.strata[at].counts[week] != before.strata[at].counts[week]

		old, now := newSeriesEvaluation(s, before, "city", 0), newSeriesEvaluation(s, after, "city", 0)
		for i := range after.strata {
			was, is := old.inputs(&before.strata[i]), now.inputs(&after.strata[i])
			for k := range is {
				reached := changed && k >= week && k < week+now.lookback && (i == at || s.settings.pool)
				switch {
				case was[k] != is[k] && !reached:
					t.Fatalf("stratum %d, week %d: computed anew, though only week %d of stratum %d changed", i, k, week, at)
				case was[k] == is[k] && changed && i == at && k == week:
					t.Fatalf("stratum %d, week %d: its count changed, its digest did not", i, k)
				case was[k] == is[k] && k%7 == week%7:
					a, b := old.week(i, k, was[k]), now.week(i, k, is[k])
					if diff := cmp.Diff(a, b, cmp.AllowUnexported(seriesPoint{}, judged{}), cmpopts.EquateNaNs()); diff != "" {
						t.Fatalf("stratum %d, week %d: the digest is the same, the result is not: %s", i, k, diff)
					}
				}
			}
		}
	})
}

// TestMix_TellsPairsApart: counts that are all of the population were once taken for nothing.
func TestMix_TellsPairsApart(t *testing.T) {
	seen := map[uint64]string{}
	for a := range 60 {
		for b := range 60 {
			h := mix(math.Float64bits(float64(a)), math.Float64bits(float64(b)), 2, 3) & hashModulus
			if other, ok := seen[h]; ok {
				t.Fatalf("%d of %d and %s have one digest", a, b, other)
			}
			seen[h] = fmt.Sprintf("%d of %d", a, b)
		}
	}
}

// TestSeries_SameOnAnyNumberOfProcessors computes one evaluation with one and with several goroutines.
func TestSeries_SameOnAnyNumberOfProcessors(t *testing.T) {
	s := definition(t, "-- population: none\n-- delay: report_date\n-- direction: up\n-- methods: auto, window_test\n-- params: window = 5, pool = 1, baseline = 52")
	data := rapid.Custom(func(t *rapid.T) *weekly { return drawn(t, s) }).Example(3)
	run := func(processors int) []seriesPoint {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		return newSeriesEvaluation(s, data, "city", 0).compute(0, len(data.strata), func(int, int, uint64) bool { return true })
	}
	one := run(1)
	if len(one) == 0 {
		t.Fatal("nothing was computed")
	}
	for _, processors := range []int{2, 7} {
		if diff := cmp.Diff(one, run(processors), cmp.AllowUnexported(seriesPoint{}, judged{}), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%d processors: %s", processors, diff)
		}
	}
}

// TestFalseDiscovery compares with R: p.adjust(c(0.01, 0.04, 0.03, 0.5, 0.01), "BH").
func TestFalseDiscovery(t *testing.T) {
	want := []float64{0.025, 0.05, 0.05, 0.5, 0.025}
	if diff := cmp.Diff(want, falseDiscovery([]float64{0.01, 0.04, 0.03, 0.5, 0.01}), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Error(diff)
	}
}
