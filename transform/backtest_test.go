package transform_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ohwatch/transform"
	"ohwatch/warehouse/warehousetest"
)

// fewRules are the definitions of some rules and of what they read.
func fewRules(t testing.TB) fstest.MapFS {
	t.Helper()
	kept := []string{
		"rules/R10", "rules/R23", "rules/R33", "rules/R35", "models/dim_disease", "models/dim_employer", "models/dim_hazard", "models/dim_limit",
		"models/dim_township", "models/fct_declaration_state", "models/fct_detection_result", "models/stg_alias", "models/stg_batch",
		"models/stg_case_report", "models/stg_declaration", "models/stg_detection", "models/stg_employer", "models/stg_exam", "models/stg_insurance",
	}
	definitions := overlay(t)
	maps.DeleteFunc(definitions, func(path string, _ *fstest.MapFile) bool {
		return !slices.Contains(kept, strings.TrimSuffix(path, ".sql"))
	})
	definitions["series/.keep"], definitions["checks/.keep"] = &fstest.MapFile{}, &fstest.MapFile{}
	return definitions
}

// arrival is a batch, or its being taken back, and when it happened in Shanghai.
type arrival struct {
	at, stream string
	rows       []row
	reverts    int // position of the batch, counted from 1
}

// arrivals are a year's first months: an insurance gap that closes and opens again, a card that comes weeks late and is corrected,
// a report over the limit in a batch that is taken back, an employer that declares late.
func arrivals() []arrival {
	insured := func(month string, n int) []row {
		return []row{
			{"employer_key": "'GAP'", "period": quote(month), "insured_count": itoa(n)}, {"employer_key": "'FINE'", "period": quote(month), "insured_count": "10"},
		}
	}
	loud := detection("FINE", "periodic", "2025-02-03", "w", "a", noise).with("limit_type", "'LEX8h'", "unit", "'dB(A)'", "value", "91", "qualifier", "'eq'", "judgement", "'fail'")
	return []arrival{
		{at: "2025-01-02 09:00:00", stream: "employer", rows: []row{employer("GAP"), employer("FINE")}},
		{at: "2025-01-02 09:01:00", stream: "declaration", rows: []row{declaration("FINE", "2024-12-20", "w", "p", noise, 20)}},
		{at: "2025-01-05 09:00:00", stream: "insurance", rows: insured("2024-12-01", 10)},
		{at: "2025-02-05 09:00:00", stream: "insurance", rows: insured("2025-01-01", 8)},
		{at: "2025-02-16 23:59:00", stream: "detection", rows: []row{loud}},                                                // the last minute of a week
		{at: "2025-02-20 09:00:00", stream: "case_report", rows: []row{suspected("GAP", "c1", 1, deafness, "2025-01-06")}}, // over 30 days old
		{at: "2025-03-04 09:00:00", stream: "insurance", rows: insured("2025-02-01", 10)},
		{at: "2025-03-05 09:00:00", reverts: 5},
		{at: "2025-03-20 09:00:00", stream: "case_report", rows: []row{suspected("GAP", "c1", 1, deafness, "2025-01-06").with("outcome_of_suspect", "'excluded'")}},
		{at: "2025-04-03 09:00:00", stream: "insurance", rows: insured("2025-03-01", 7)},
		{at: "2025-04-07 00:00:00", stream: "declaration", rows: []row{declaration("FINE", "2025-04-02", "w", "p", noise, 10)}}, // the first instant of a week
	}
}

// take loads what came in up to the end of a day and was not loaded before.
func (c *city) take(t *testing.T, all []arrival, from int, until time.Time) (next int) {
	t.Helper()
	for ; from < len(all); from++ {
		at, err := time.ParseInLocation(time.DateTime, all[from].at, time.FixedZone("", 8*3600))
		if err != nil {
			t.Fatal(err)
		}
		if at.After(until) {
			break
		}
		utc := at.UTC().Format(time.DateTime)
		if batch := all[from].reverts; batch > 0 {
			c.event(batch, all[batch-1].stream, "reverted", utc, 0)
			c.batch++ // so that batches have the numbers of their positions
			continue
		}
		c.loadAt(utc, all[from].stream, all[from].rows...)
	}
	return from
}

// TestBacktest_EqualsRunning holds what a back-test sees in each week against the evaluation of that week in a warehouse that
// had been loaded only so far.
func TestBacktest_EqualsRunning(t *testing.T) {
	all, definitions := arrivals(), fewRules(t)
	c := newCity(t, "2026-01-05")
	c.take(t, all, 0, c.today)
	before := c.query("SELECT toString(count()) FROM wrn_event UNION ALL SELECT toString(count()) FROM wrn_rule UNION ALL SELECT toString(count()) FROM ops_run")
	opt := transform.Options{Today: c.today, Files: definitions}
	b, err := transform.RunBacktest(t.Context(), c.db, opt, transform.BacktestRequest{
		From: week("2025-W05"), To: week("2025-W15"), Set: map[string]map[string]string{"R10": {"days": "60"}},
		Planted: []transform.PlantedEvent{
			{ID: "gap", Kind: "insurance_gap", Area: "410184106", Employer: "GAP", FromWeek: "2025-W05", ToWeek: "2025-W09", Rules: []string{"R35"}},
			{ID: "card", Kind: "not_entered", Area: "410184106", Employer: "GAP", Subject: "c1", FromWeek: "2025-W06", ToWeek: "2025-W11", Rules: []string{"R10"}},
			{ID: "quiet", Kind: "over_limit", Area: "410184106", Employer: "GAP", FromWeek: "2025-W06", ToWeek: "2025-W06", Rules: []string{"R23"}},
			{ID: "later", Kind: "over_limit", Area: "410184106", Employer: "GAP", FromWeek: "2025-W40", ToWeek: "2025-W40", Rules: []string{"R23"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !b.Complete || b.History != 0 || b.Weeks != 11 {
		t.Errorf("complete %v (%v), %d batches of history, %d weeks", b.Complete, b.Broken, b.History, b.Weeks)
	}
	if after := c.query("SELECT toString(count()) FROM wrn_event UNION ALL SELECT toString(count()) FROM wrn_rule UNION ALL SELECT toString(count()) FROM ops_run"); after != before {
		t.Errorf("a back-test left rows: %q, before %q", after, before)
	}
	if left := c.query("SELECT name FROM system.databases WHERE startsWith(name, concat(currentDatabase(), '_asof_'))"); left != "" {
		t.Errorf("a back-test left the database %s", left)
	}

	then := newRunning(t, "2025-01-01")
	next := 0
	for _, text := range []string{"2025-W07", "2025-W08", "2025-W10", "2025-W12", "2025-W15"} {
		w := week(text)
		next = then.take(t, all, next, transform.EndOfDay(w.End))
		e, err := transform.Evaluate(t.Context(), then.db, w, transform.Options{Today: w.End.AddDate(0, 0, 1), Files: definitions})
		if err != nil || !e.Complete() {
			t.Fatal(err, e.Broken)
		}
		var running, replayed []string
		for _, x := range e.Warnings {
			running = append(running, x.ID)
		}
		for _, x := range b.Settings[0].Warnings {
			if sees(x.Weeks, w.String()) {
				replayed = append(replayed, x.ID)
			}
		}
		slices.Sort(running)
		slices.Sort(replayed)
		if diff := cmp.Diff(running, replayed); diff != "" {
			t.Errorf("%s: running against replayed:\n%s", w, diff)
		}
	}

	rules := map[string]string{}
	for _, s := range b.Settings {
		for _, r := range s.Rules {
			text := fmt.Sprintf("new %d, reopened %d, standing %d, open at most %d", r.New, r.Reopened, r.Standing, r.OpenMax)
			if r.Planted != nil {
				text += fmt.Sprintf("; found %d of %d, %d planted and %d not", *r.Found, *r.Planted, *r.True, *r.False)
			}
			if r.DelayMedian != nil {
				text += fmt.Sprintf(", %g days", *r.DelayMedian)
			}
			rules[s.Name+" "+r.Rule] = text
		}
	}
	want := map[string]string{
		// The gap is seen from 5 February on, closes on 4 March, and opens on 3 April.
		"configured R35": "new 1, reopened 1, standing 0, open at most 1; found 1 of 1, 2 planted and 0 not, 7 days",
		"set R35":        "new 1, reopened 1, standing 0, open at most 1; found 1 of 1, 2 planted and 0 not, 7 days",
		// Known from 20 February on, excluded on 20 March; sixty days are over on 8 March.
		"configured R10": "new 1, reopened 0, standing 0, open at most 1; found 1 of 1, 1 planted and 0 not, 14 days",
		"set R10":        "new 1, reopened 0, standing 0, open at most 1; found 1 of 1, 1 planted and 0 not, 28 days",
		"configured R23": "new 1, reopened 0, standing 0, open at most 1; found 0 of 1, 0 planted and 1 not",
		"set R23":        "new 1, reopened 0, standing 0, open at most 1; found 0 of 1, 0 planted and 1 not",
		// Twenty are declared and ten on the roster, until the declaration of 2 April, which came on the 7th.
		"configured R33": "new 0, reopened 0, standing 1, open at most 1",
		"set R33":        "new 0, reopened 0, standing 1, open at most 1",
	}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if s := b.Settings[0]; s.Total.New != 3 || s.Total.Reopened != 1 || s.YearFrom != "2025-W05" || s.LastYear != s.Total || len(s.Planted) != 3 {
		t.Errorf("total %+v, since %s: %+v; %d planted events", s.Total, s.YearFrom, s.LastYear, len(s.Planted))
	}
	kept, err := transform.KeepBacktest(t.Context(), c.db, b)
	if err != nil {
		t.Fatal(err)
	}
	read, err := transform.FindBacktest(t.Context(), c.db, kept.Run)
	if err != nil || kept.Run != 1 {
		t.Fatal(kept.Run, err)
	}
	for i := range kept.Settings {
		kept.Settings[i].Warnings = nil
	}
	if diff := cmp.Diff(kept, read); diff != "" {
		t.Errorf("kept against read:\n%s", diff)
	}
	if _, err := transform.FindBacktest(t.Context(), c.db, 2); !errors.Is(err, transform.ErrNoBacktest) {
		t.Errorf("back-test 2: %v", err)
	}
}

// newRunning is a second warehouse for a test that is parallel already.
func newRunning(t *testing.T, today string) *city {
	t.Helper()
	return &city{TB: t, db: warehousetest.Open(t), today: day(today)}
}

// sees reports whether a list of weeks in a row has a week.
func sees(spans, week string) bool {
	for span := range strings.SplitSeq(spans, ";") {
		from, to, more := strings.Cut(span, "–")
		if !more {
			to = from
		}
		if from <= week && week <= to {
			return true
		}
	}
	return false
}

// TestBacktest_History takes batches that were loaded years later, all on one day, as known when their rows are dated, and a
// batch of that stream that came in time as it came.
func TestBacktest_History(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("GAP"))
	for month := 1; month <= 24; month++ { // from the month of January 2023 on
		date := time.Date(2023, time.Month(month), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		c.loadAt("2026-11-02 09:00:00", "insurance", row{"employer_key": "'GAP'", "period": quote(date), "insured_count": itoa(10 - month/20)})
	}
	c.loadAt("2026-11-03 09:00:00", "insurance", row{"employer_key": "'GAP'", "period": "'2026-10-01'", "insured_count": "1"})
	first := func(known string) string {
		t.Helper()
		b, err := transform.RunBacktest(t.Context(), c.db, transform.Options{Today: c.today, Files: fewRules(t)}, transform.BacktestRequest{
			From: week("2024-W35"), To: week("2024-W35"), Known: known,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range b.Settings[0].Warnings {
			if w.Rule == "R35" {
				return fmt.Sprint(w.First, " ", b.History)
			}
		}
		return fmt.Sprint("none ", b.History)
	}
	// The twentieth month is August 2024; its record is dated by its last day, Saturday of week 35.
	for known, want := range map[string]string{
		transform.KnownAuto: "2024-W35 24", transform.KnownDocuments: "2024-W35 26", transform.KnownArrival: "none 0",
	} {
		if got := first(known); got != want {
			t.Errorf("%s: first seen, batches of history: %s, want %s", known, got, want)
		}
	}
}

func TestCheckBacktest(t *testing.T) {
	opt := transform.Options{Today: day("2026-11-16"), Files: fewRules(t)}
	request := func(from, to, rule, parameter, value string) transform.BacktestRequest {
		r := transform.BacktestRequest{From: week(from), To: week(to)}
		if rule != "" {
			r.Set = map[string]map[string]string{rule: {parameter: value}}
		}
		return r
	}
	for _, test := range []struct {
		name    string
		request transform.BacktestRequest
		want    error
		says    string
	}{
		{"sound", request("2024-W01", "2025-W52", "R10", "days", "45"), nil, ""},
		{"one week", request("2025-W52", "2025-W52", "", "", ""), nil, ""},
		{"backwards", request("2025-W52", "2025-W01", "", "", ""), transform.ErrBacktestWeeks, "2025-W52"},
		{"not over", request("2026-W01", "2026-W47", "", "", ""), transform.ErrBacktestWeeks, "2026-W47"},
		{"no such rule", request("2025-W01", "2025-W02", "R99", "days", "45"), transform.ErrBacktestRule, "R10, R23, R33, R35"},
		{"no such parameter", request("2025-W01", "2025-W02", "R10", "weeks", "45"), transform.ErrBacktestParameter, "days, max_days"},
		{"no number", request("2025-W01", "2025-W02", "R10", "days", "many"), transform.ErrBacktestValue, "30"},
	} {
		err := transform.CheckBacktest(opt, test.request)
		if !errors.Is(err, test.want) || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestReadPlanted_Wrong(t *testing.T) {
	for text, says := range map[string]string{
		`{"seed": 1}`: "events", `[`: "planted", `{"events": [{"id": "a", "from_week": "2025", "to_week": "2025-W02", "rules": ["R1"]}]}`: `"2025"`,
		`{"events": [{"id": "a", "from_week": "2025-W03", "to_week": "2025-W02", "rules": ["R1"]}]}`: "event 1 (a)",
		`{"events": [{"id": "a", "from_week": "2025-W01", "to_week": "2025-W02"}]}`:                  "rules",
	} {
		if _, err := transform.ReadPlanted(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
