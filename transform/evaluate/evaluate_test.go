package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"ohwatch/internal/simulate"
)

// The whole evaluation gives the same bytes with one, two and seven goroutines.
func TestRun_DoesNotDependOnGoroutines(t *testing.T) {
	var first, firstPage []byte
	for _, workers := range []int{1, 2, 7} {
		before := runtime.GOMAXPROCS(workers)
		t.Cleanup(func() { runtime.GOMAXPROCS(before) })
		r, err := Run(t.Context(), Options{Series: 1, Cities: 2, Scale: 0.05, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := r.WriteMarkdown(&page); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first, firstPage = text, page.Bytes()
			checkReport(t, r, page.String())
		}
		if !bytes.Equal(text, first) || !bytes.Equal(page.Bytes(), firstPage) {
			t.Errorf("%d goroutines give another report", workers)
		}
	}
}

func checkReport(t *testing.T, r *Report, page string) {
	t.Helper()
	if len(r.Backgrounds) != 3 || len(r.Choices) != 2*len(classes()) || len(r.City) != len(cityMethods()) {
		t.Fatalf("%d backgrounds, %d choices, %d methods on cities", len(r.Backgrounds), len(r.Choices), len(r.City))
	}
	for _, b := range r.Backgrounds {
		var season, delay float64
		for _, s := range b.Season {
			season += s / weeksOfYear
		}
		for _, d := range b.Delay {
			delay += d
		}
		if math.Abs(season-1) > 1e-9 || math.Abs(delay-1) > 1e-9 || b.Growth < 0.5 || b.Growth > 2 || b.Dispersion < 0 {
			t.Errorf("%s: mean season %v, sum of delays %v, growth %v, dispersion %v", b.Name, season, delay, b.Growth, b.Dispersion)
		}
	}
	for _, row := range r.Rows {
		for i, cell := range row.Found {
			if cell.Events != r.Series || (cell.Delay == nil) != (cell.Sensitivity == 0) {
				t.Fatalf("%s %v %s %v: shape %d is %+v", row.Background, row.Expected, row.Method, row.Level, i, cell)
			}
		}
		if row.Allowed != (row.FalseAlarms <= r.Limit) {
			t.Fatalf("%+v", row)
		}
	}
	events := 0
	for _, cell := range r.City[0].Found {
		events += cell.Events
	}
	if events < 8 {
		t.Errorf("two cities have %d events", events)
	}
	for _, word := range []string{"# Which detector", "| spike, small |", "| as shipped |"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page lacks %q", word)
		}
	}
}

// The page in docs is what the defaults rest on: its recommendations are the defaults.
func TestPage_RecommendsTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../../docs/evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(text), "## What ohwatch takes")
	part, _, foundEnd := strings.Cut(part, "## All methods")
	if !found || !foundEnd {
		t.Fatal("docs/evaluation.md has no chapter of what ohwatch takes")
	}
	background := ""
	lines := 0
	row := regexp.MustCompile(`^\| ([\d.]+) \| ([^|]+) \| ([\d.]+) \|`)
	for line := range strings.Lines(part) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok {
			for _, b := range recommended() {
				if title(b) == heading {
					background = b
				}
			}
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		lines++
		expected, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		name, level := nameOf(shipped(background, expected))
		if want := fmt.Sprintf("%s, %s", m[2], m[3]); want != name+", "+number(level) {
			t.Errorf("%s, %v cases a week: the page recommends %s, the default is %s, %s", background, expected, want, name, number(level))
		}
	}
	if lines != 2*len(classes()) {
		t.Errorf("the page has %d recommendations", lines)
	}
}

// A default that the tables do not know could not be compared.
func TestDefaults_AreAmongTheMethods(t *testing.T) {
	for _, background := range recommended() {
		for _, expected := range append(classes(), 0, 0.001, 5, 1000, math.Inf(1), math.NaN()) {
			d := shipped(background, expected)
			name, level := nameOf(d)
			if name == "" || d.MinCases != minCases {
				t.Errorf("%s, %v: %+v is not in the tables", background, expected, d)
			}
			known := false
			for _, m := range methods() {
				for _, l := range m.levels {
					known = known || m.name == name && l == level
				}
			}
			if !known {
				t.Errorf("%s, %v: %s has no level %v", background, expected, name, level)
			}
		}
	}
}

func TestEpisodes(t *testing.T) {
	tests := []struct {
		alarms string
		want   int
	}{
		{"....", 0},
		{"x", 1},
		{"x...x", 1},
		{"x....x", 2},
		{"xxxx.xx.....x", 2},
		{"....x.x.x.x", 1},
	}
	for _, test := range tests {
		alarms := make([]bool, len(test.alarms))
		for i, c := range test.alarms {
			alarms[i] = c == 'x'
		}
		if got := episodes(alarms); got != test.want {
			t.Errorf("%s: %d warnings, want %d", test.alarms, got, test.want)
		}
	}
}

func TestFirstNew_NeedsTheEvent(t *testing.T) {
	quiet := make([]bool, studyWeeks)
	quiet[5] = true // would have come anyway
	alarm := make([]bool, studyWeeks)
	alarm[5], alarm[7] = true, true
	begin := historyWeeks + 4
	if got := firstNew(alarm, quiet, historyWeeks, begin, begin+10); got != 3 {
		t.Errorf("found after %d weeks, want 3", got)
	}
	if got := firstNew(alarm[4:], quiet, begin, begin, begin+3); got != 3 {
		t.Errorf("found after %d weeks, want 3, which is not at all", got)
	}
}

func TestMedianDelay(t *testing.T) {
	half := 1.5
	for _, test := range []struct {
		byDelay []int
		want    *float64
	}{{[]int{0, 0}, nil}, {[]int{0, 2, 2}, &half}} {
		got := medianDelay(test.byDelay)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%v: %v, want %v", test.byDelay, got, test.want)
		}
	}
}

// The law of large numbers, with fixed dice.
func TestDice_HaveTheirLaws(t *testing.T) {
	r := newDice(3, "test")
	const n = 40000
	var counts, squares, gammas, gammaSquares float64
	for range n {
		x := float64(r.poisson(33.3))
		counts, squares = counts+x, squares+x*x
		g := r.gamma(0.4)
		gammas, gammaSquares = gammas+g, gammaSquares+g*g
	}
	mean, variance := counts/n, squares/n-counts/n*counts/n
	if math.Abs(mean-33.3) > 0.15 || math.Abs(variance-33.3) > 1.5 {
		t.Errorf("Poisson with mean 33.3: mean %v, variance %v", mean, variance)
	}
	if m, v := gammas/n, gammaSquares/n-gammas/n*gammas/n; math.Abs(m-1) > 0.02 || math.Abs(v-0.4) > 0.03 {
		t.Errorf("gamma with variance 0.4: mean %v, variance %v", m, v)
	}
}

// What is planted is in the series, no more and no less but for what arrives after its end.
func TestPlant_AddsItsCases(t *testing.T) {
	b := Background{Growth: 1, Delay: []float64{0.2, 0.5, 0.3}}
	for i := range b.Season {
		b.Season[i] = 1
	}
	for i, s := range shapes() {
		for _, mean := range classes() {
			counts := make([]float64, seriesWeeks)
			begin, end := b.plant(newDice(1, "plant", i), s, mean, counts)
			var added, outside float64
			for week, c := range counts {
				added += c
				if week < begin || week >= end {
					outside += c
				}
			}
			if added != float64(s.cases(mean)) || outside > 0 || begin < historyWeeks || end > seriesWeeks {
				t.Errorf("%s %s, %v a week: %v of %d cases planted, %v outside of %d to %d", s.Kind, s.Size, mean, added, s.cases(mean), outside, begin, end)
			}
		}
	}
}

func TestOptions_SayWhatIsWrong(t *testing.T) {
	for _, o := range []Options{{Series: -1}, {Cities: 100000}, {Scale: 9}, {Limit: -0.1}, {Events: math.NaN()}, {Workers: 4000}} {
		var wrong *OptionError
		if err := o.Check(); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := (Options{}).Check(); err != nil {
		t.Error(err)
	}
}

// A city's series hold every suspected case, and the judge counts each event once.
func TestJudge_CountsEventsOnce(t *testing.T) {
	r, err := simulate.Observe(t.Context(), cityOptions(Options{Seed: 5, Scale: 0.05}, 0))
	if err != nil {
		t.Fatal(err)
	}
	series := seriesOf(r)
	var suspected, inCity, inTowns float64
	for _, c := range r.Cards {
		if c.Kind == "suspected" && c.Report == "new" {
			suspected++
		}
	}
	for _, s := range series {
		for _, c := range s.counts {
			if s.place == "" {
				inCity += c
			} else {
				inTowns += c
			}
		}
	}
	if inCity != suspected || inTowns > inCity || suspected < 20 {
		t.Errorf("%v suspected cases, %v in the city's series, %v in the townships'", suspected, inCity, inTowns)
	}
	always := make([][]bool, len(series))
	never := make([][]bool, len(series))
	const from = 5 * weeksOfYear
	for i, s := range series {
		never[i] = make([]bool, len(s.counts)-from)
		for range never[i] {
			always[i] = append(always[i], true)
		}
	}
	all, none := judge(r, series, always, from), judge(r, series, never, from)
	for _, kind := range cityKinds() {
		if all.events[kind] != none.events[kind] || len(all.delays[kind]) != all.events[kind] || len(none.delays[kind]) != 0 {
			t.Errorf("%s: %d events, %d found by constant alarms; %d events, %d found by none", kind, all.events[kind], len(all.delays[kind]), none.events[kind], len(none.delays[kind]))
		}
	}
	if none.falseAlarms != 0 || all.falseAlarms+all.trueAlarms != len(series) {
		t.Errorf("%d false alarms without an alarm; %d and %d warnings of %d series that always alarm", none.falseAlarms, all.falseAlarms, all.trueAlarms, len(series))
	}
}
