package transform_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Hazards of the tests on judging: benzene (TWA 6, STEL 10 mg/m3), ammonia (20, an irritant), carbon monoxide (20),
// formaldehyde (ceiling 0.5).
const (
	benzene      = "HZ-2-028"
	ammonia      = "HZ-2-016"
	monoxide     = "HZ-2-019"
	formaldehyde = "HZ-2-046"
)

// result is a detection result with its own post.
func result(n int, hazard, limitType, value, unit string, pairs ...string) row {
	return detection("A", "periodic", "2025-06-02", "w", "p"+itoa(n), hazard).with(append([]string{
		"limit_type", quote(limitType), "value", value, "qualifier", "'eq'", "unit", quote(unit), "judgement", "'pass'",
	}, pairs...)...)
}

// TestJudgement_ByHand judges results whose limit and state are worked out by hand from limits.md.
func TestJudgement_ByHand(t *testing.T) {
	c := newCity(t, "2026-01-31")
	c.load("employer", employer("A"))
	tests := []struct {
		name         string
		result       row
		state, limit string
		dissent      string
		level        string
	}{
		{name: "TWA at its limit", result: result(0, benzene, "TWA", "6", "mg/m3"), state: "within", limit: "6", level: "3"},
		{name: "TWA above, by rounding to one decimal", result: result(1, benzene, "TWA", "6.06", "mg/m3"), state: "over", limit: "6", dissent: "missed", level: "4"},
		{name: "TWA that rounds to its limit", result: result(2, benzene, "TWA", "6.04", "mg/m3"), state: "within", limit: "6", level: "3"},
		{name: "half to even", result: result(3, benzene, "TWA", "6.05", "mg/m3", "judgement", "'fail'"), state: "within", limit: "6", dissent: "stricter", level: "3"},
		{name: "STEL", result: result(4, benzene, "STEL", "10.2", "mg/m3", "judgement", "'fail'"), state: "over", limit: "10", level: "4"},
		{name: "peak against five times the TWA", result: result(5, "HZ-1-036", "PE", "40.1", "mg/m3"), state: "over", limit: "40", dissent: "missed", level: "4"},
		{name: "ceiling", result: result(6, formaldehyde, "MAC", "0.5", "mg/m3"), state: "within", limit: "0.5", level: "3"},
		{name: "12 hours a day halve the limit", result: result(7, benzene, "TWA", "3.1", "mg/m3", "hours_day", "12"), state: "over", limit: "3", dissent: "missed", level: "4"},
		{name: "48 hours a week", result: result(8, benzene, "TWA", "4.8", "mg/m3", "hours_day", "8", "days_week", "6"), state: "over", limit: "4.7", dissent: "missed", level: "4"},
		{name: "irritants are not adjusted", result: result(9, ammonia, "TWA", "19", "mg/m3", "hours_day", "12"), state: "within", limit: "20", level: "3"},
		{name: "STEL is not adjusted", result: result(10, benzene, "STEL", "9", "mg/m3", "hours_day", "12"), state: "within", limit: "10", level: "3"},
		{name: "ppm", result: result(11, monoxide, "TWA", "20", "ppm"), state: "over", limit: "20", dissent: "missed", level: "4"}, // 23.3 mg/m3
		{name: "silica band by free silica", result: result(12, fume, "TWA", "0.6", "mg/m3", "fraction", "'respirable'", "free_sio2_pct", "20"), state: "within", limit: "0.7", level: "3"},
		{name: "silica band above 50 %", result: result(13, silica, "TWA", "0.6", "mg/m3", "fraction", "'respirable'", "free_sio2_pct", "60"), state: "over", limit: "0.3", dissent: "missed", level: "4"},
		{name: "noise at its limit", result: result(14, noise, "LEX8h", "85", "dB(A)"), state: "within", limit: "85", level: "-"},
		{name: "noise above", result: result(15, noise, "LEX8h", "85.1", "dB(A)"), state: "over", limit: "85", dissent: "missed", level: "-"},
		{name: "below quantification", result: result(16, benzene, "TWA", "NULL", "mg/m3", "qualifier", "'lt'", "lod", "0.05"), state: "within", limit: "6", level: "0"},
		{name: "quantification above the limit", result: result(17, benzene, "TWA", "NULL", "mg/m3", "qualifier", "'lt'", "lod", "7"), state: "cannot_judge", limit: "6", level: "4"},
		{name: "not detected, level unknown", result: result(18, benzene, "TWA", "NULL", "mg/m3", "qualifier", "'nd'"), state: "within", limit: "6", level: "-"},
		{name: "no limit of ours, the institution's", result: result(19, "HZ-3-003", "TWA", "5", "x", "limit_value", "4"), state: "over", limit: "4", level: "4"},
		{name: "no limit at all, the word", result: result(20, "HZ-3-003", "TWA", "5", "x", "judgement", "'fail'"), state: "over", limit: "0", level: "-"},
		{name: "no limit and no word", result: result(21, "HZ-3-003", "TWA", "5", "x", "judgement", "'none'"), state: "not_judged", limit: "0", level: "-"},
		{name: "adjusted by the institution, no hours", result: result(22, benzene, "TWA", "5", "mg/m3", "limit_adjusted", "4.2"), state: "over", limit: "4.2", dissent: "missed", level: "4"},
		{name: "short-term without a STEL is a peak", result: result(23, "HZ-1-036", "STEL", "41", "mg/m3"), state: "over", limit: "40", dissent: "missed", level: "4"},
		{name: "a peak goes by the STEL where there is one", result: result(24, benzene, "PE", "10.2", "mg/m3"), state: "over", limit: "10", dissent: "missed", level: "4"},
		{name: "a peak goes by the ceiling where there is one", result: result(25, formaldehyde, "PE", "0.56", "mg/m3"), state: "over", limit: "0.5", dissent: "missed", level: "4"},
		{name: "six days of noise", result: result(26, noise, "LEX8h", "84.5", "dB(A)", "days_week", "6"), state: "over", limit: "85", dissent: "missed", level: "-"}, // 85.3
		{name: "four days of noise", result: result(27, noise, "LEX8h", "85.5", "dB(A)", "days_week", "4"), state: "within", limit: "85", level: "-"},                 // 84.5
		{name: "a week's level stays", result: result(28, noise, "LEX40h", "84.5", "dB(A)", "days_week", "6"), state: "within", limit: "85", level: "-"},
		{name: "silica of 50 % lies in the first band", result: result(29, silica, "TWA", "0.6", "mg/m3", "fraction", "'respirable'", "free_sio2_pct", "50"), state: "within", limit: "0.7", level: "3"},
		{name: "silica of 80 % lies in the second band", result: result(30, silica, "TWA", "0.25", "mg/m3", "fraction", "'respirable'", "free_sio2_pct", "80"), state: "within", limit: "0.3", level: "3"},
		{name: "dust of 10 % is silica", result: result(31, fume, "TWA", "1.2", "mg/m3", "fraction", "'total'", "free_sio2_pct", "10"), state: "over", limit: "1", dissent: "missed", level: "4"},
		{name: "asbestos stays asbestos", result: result(32, "HZ-1-005", "TWA", "0.7", "mg/m3", "fraction", "'total'", "free_sio2_pct", "20"), state: "within", limit: "0.8", level: "3"},
	}
	rows := make([]row, len(tests))
	for i, tt := range tests {
		rows[i] = tt.result
	}
	c.load("detection", rows...)
	c.runOnly("S1", "fct_detection_result", "fct_detection_mixed")
	got := strings.Split(c.query(`SELECT concat(state, ' ', toString(limit_used), ' ', dissent, ' ', ifNull(toString(level), '-'))
		FROM fct_detection_result ORDER BY row`), "\n")
	if len(got) != len(tests) {
		t.Fatalf("%d results, want %d", len(got), len(tests))
	}
	for i, tt := range tests {
		if want := tt.state + " " + tt.limit + " " + tt.dissent + " " + tt.level; got[i] != want {
			t.Errorf("%s: %s, want %s", tt.name, got[i], want)
		}
	}
}

// TestJudgement_LimitInForce reads the times in which limits hold: without a row in limit_validity, always.
func TestJudgement_LimitInForce(t *testing.T) {
	c := newCity(t, "2026-01-31")
	c.runOnly("S1", "fct_detection_result", "fct_detection_mixed")
	got := c.query(`SELECT concat(toString(valid_from), ' ', limit_text) FROM dim_limit WHERE hazard = 'HZ-2-028' AND limit_type = 'TWA'`)
	if got != "1900-01-01 6" {
		t.Errorf("benzene: %s", got)
	}
}

// TestMixed adds up the ratios of agents with like effect at one post.
func TestMixed(t *testing.T) {
	c := newCity(t, "2026-01-31")
	c.load("employer", employer("A"))
	post := func(n int, rows ...row) []row {
		for i := range rows {
			rows[i] = rows[i].with("post", quote("p"+itoa(n)), "sample_no", quote(fmt.Sprint(n, i)))
		}
		return rows
	}
	var rows []row
	rows = append(rows, post(1, result(0, benzene, "TWA", "3", "mg/m3"), result(0, toluene, "TWA", "20", "mg/m3"))...) // 0.5 + 0.4
	rows = append(rows, post(2, result(0, benzene, "TWA", "3", "mg/m3"), result(0, toluene, "TWA", "30", "mg/m3"))...) // 0.5 + 0.6
	rows = append(rows, post(3, result(0, benzene, "TWA", "5.4", "mg/m3"), result(0, toluene, "TWA", "NULL", "mg/m3", "qualifier", "'lt'", "lod", "10"))...)
	rows = append(rows, post(4, result(0, benzene, "TWA", "9", "mg/m3"), result(0, ammonia, "TWA", "19", "mg/m3"))...) // no common effect
	c.load("detection", rows...)
	c.runOnly("S1", "fct_detection_result", "fct_detection_mixed")
	got := c.query(`SELECT concat(post, ' ', state, ' ', toString(round(ratio_sum, 3)), ' ', toString(round(ratio_most, 3))) FROM fct_detection_mixed ORDER BY post`)
	want := "p1 within 0.9 0.9\np2 over 1.1 1.1\np3 cannot_judge 0.9 1.1"
	if got != want {
		t.Errorf("mixed exposure:\n%s\nwant\n%s", got, want)
	}
}

// naiveResult is one detection result of a made-up survey.
type naiveResult struct {
	town, post, hazard string
	day                time.Time
	value, limit       float64 // limit 0: none
	below, fail        bool
}

// state follows the definition of S1 for one result: rounded half to even to one decimal more than the limit.
func (r naiveResult) state() string {
	switch {
	case r.below: // never over
		return "within"
	case r.limit == 0 && r.fail:
		return "over"
	case r.limit == 0:
		return "within"
	}
	digits := 1.0
	if text := strconv.FormatFloat(r.limit, 'f', -1, 64); strings.Contains(text, ".") {
		digits = float64(len(text) - strings.Index(text, "."))
	}
	scale := math.Pow(10, digits)
	if math.RoundToEven(r.value*scale)/scale > r.limit {
		return "over"
	}
	return "within"
}

// TestS1_EqualsNaiveReference compares the over-limit readings of 1500 made-up results in all months and townships with
// counts made row by row.
func TestS1_EqualsNaiveReference(t *testing.T) {
	r := rand.New(rand.NewPCG(20261125, 2))
	c := newCity(t, "2026-11-15")
	towns := []string{"410184001", "410184002", "410184101"}
	var roster, rows []row
	for i, town := range towns {
		roster = append(roster, employer("E"+itoa(i)).with("township_code", quote(town)))
	}
	c.load("employer", roster...)
	limits := map[string]float64{benzene: 6, toluene: 50, silica: 1, noise: 85, "HZ-3-003": 0}
	hazards := []string{benzene, toluene, silica, noise, "HZ-3-003"}
	var all []naiveResult
	for i := range 1500 {
		n := r.IntN(len(towns))
		x := naiveResult{town: towns[n], post: "p" + itoa(r.IntN(4)), hazard: hazards[r.IntN(len(hazards))], fail: r.IntN(5) == 0}
		x.limit = limits[x.hazard]
		x.day = day("2024-01-01").AddDate(0, 0, r.IntN(900))
		x.below = x.hazard != noise && r.IntN(6) == 0
		factor := 0.4 + 0.8*r.Float64()
		if x.hazard == noise {
			factor = 0.9 + 0.15*r.Float64()
		}
		x.value = math.Round(math.Max(x.limit, 1)*factor*100) / 100
		all = append(all, x)
		kind, unit, qualifier, judgement := "TWA", "mg/m3", "eq", "pass"
		if x.hazard == noise {
			kind, unit = "LEX8h", "dB(A)"
		}
		if x.below {
			qualifier = "lt"
		}
		if x.fail {
			judgement = "fail"
		}
		rows = append(rows, detection("E"+itoa(n), "periodic", x.day.Format(time.DateOnly), "w", x.post, x.hazard).with(
			"limit_type", quote(kind), "unit", quote(unit), "value", fmt.Sprint(x.value), "qualifier", quote(qualifier),
			"lod", "0.01", "judgement", quote(judgement), "sample_no", quote(itoa(i)), "fraction", "''"))
	}
	for part := range slices.Chunk(rows, 500) {
		c.loadMany("detection", part)
	}
	c.runOnly("S1", "S1e", "S1p", "S1x")
	for start := day("2024-01-01"); !start.After(c.today); start = start.AddDate(0, 1, 0) {
		for _, town := range towns {
			// one report a day: the post's worst result of the day counts
			type item struct{ day, post, hazard string }
			judged, posts, overPosts := map[item]string{}, map[string]bool{}, map[string]bool{}
			lastDay, lastOver := "", 0 // the employer is read by its latest report of the month
			for _, x := range all {
				if x.town != town || x.day.Year() != start.Year() || x.day.Month() != start.Month() {
					continue
				}
				key := item{x.day.Format(time.DateOnly), x.post, x.hazard}
				if s := x.state(); judged[key] != "over" {
					judged[key] = s
				}
				posts[x.post] = true
				overPosts[x.post] = overPosts[x.post] || x.state() == "over"
			}
			over, overP := 0, 0
			for _, s := range judged {
				if s == "over" {
					over++
				}
			}
			for key, s := range judged {
				if key.day > lastDay {
					lastDay, lastOver = key.day, 0
				}
				if key.day == lastDay && s == "over" {
					lastOver = 1
				}
			}
			for _, o := range overPosts {
				if o {
					overP++
				}
			}
			period := start.Format("2006-01")
			c.same("S1", "point", period, fmt.Sprintf("%d/%d", over, len(judged)), town)
			c.same("S1x", "point", period, fmt.Sprintf("%d/%d", len(judged)-over, len(judged)), town)
			c.same("S1p", "post", period, fmt.Sprintf("%d/%d", overP, len(posts)), town)
			c.same("S1e", "employer", period, fmt.Sprintf("%d/%d", lastOver, min(len(judged), 1)), town)
		}
	}
}

// TestJudgement_Excursions counts short-term samples above three times the TWA at one point on one day: four are allowed.
func TestJudgement_Excursions(t *testing.T) {
	c := newCity(t, "2026-01-31")
	c.load("employer", employer("A"))
	var rows []row
	peak := func(post, point, day string, n int, value string) { // the TWA is 8: peaks above 24, the limit is 40
		for i := range n {
			rows = append(rows, result(0, "HZ-1-036", "PE", value, "mg/m3", "post", quote(post), "point", quote(point), "sample_date", quote(day),
				"report_no", "'R'", "sample_no", quote(fmt.Sprint(post, point, day, i))))
		}
	}
	peak("p1", "a", "2025-06-02", 4, "30")
	peak("p1", "b", "2025-06-02", 4, "30") // another worker
	peak("p1", "a", "2025-06-03", 1, "30") // another shift
	peak("p2", "a", "2025-06-02", 5, "30")
	peak("p3", "a", "2025-06-02", 6, "24")
	c.load("detection", rows...)
	c.runOnly("S1", "fct_detection_judgement")
	got := c.query(`SELECT concat(post, ' ', limit_type, ' ', state, ' ', toString(n_excursions), ' ', toString(n_results), ' ', dissent) FROM fct_detection_judgement ORDER BY post`)
	want := "p1 PE within 4 9 \np2 PE over 5 5 missed\np3 PE within 0 6 "
	if got != want {
		t.Errorf("excursions:\n%s\nwant\n%s", got, want)
	}
}
