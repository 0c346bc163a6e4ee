package transform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// only returns the one warning of a rule.
func only(t *testing.T, c *city, rule string) transform.Warning {
	t.Helper()
	warnings, err := transform.Warnings(t.Context(), c.db)
	if err != nil {
		t.Fatal(err)
	}
	var found []transform.Warning
	for _, w := range warnings {
		if w.Rule == rule {
			found = append(found, w)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d warnings of %s, want 1", len(found), rule)
	}
	return found[0]
}

func TestEvaluate_LifeOfAState(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("GAP"))
	policy := func(month string, n int) {
		c.load("insurance", row{"employer_key": "'GAP'", "period": quote(month), "insured_count": itoa(n)})
	}
	state := func(want, wantWeeks string) {
		t.Helper()
		w := only(t, c, "R35")
		if got := w.FirstWeek + " " + w.LastWeek; w.State != want || got != wantWeeks {
			t.Errorf("state %s, weeks %s; want %s, %s", w.State, got, want, wantWeeks)
		}
	}
	policy("2026-06-01", 5)
	if e := c.evaluate("2026-W26"); e.Opened == 0 {
		t.Error("the gap raised nothing")
	}
	state("new", "2026-W26 2026-W26")
	due := only(t, c, "R35").DueDay
	c.evaluate("2026-W27")
	state("open", "2026-W26 2026-W27")
	if again := only(t, c, "R35").DueDay; again != due {
		t.Errorf("due %s became %s by being seen again", due, again)
	}
	id := only(t, c, "R35").ID
	if err := transform.Acknowledge(t.Context(), c.db, id, "li", ""); err != nil {
		t.Fatal(err)
	}
	state("acknowledged", "2026-W26 2026-W27")
	c.evaluate("2026-W28")
	state("acknowledged", "2026-W26 2026-W28")

	policy("2026-07-01", 10) // closed the gap
	c.evaluate("2026-W31")
	state("resolved", "2026-W26 2026-W28")
	policy("2026-08-01", 9)
	c.evaluate("2026-W36")
	state("reopened", "2026-W26 2026-W36")

	if err := transform.CloseWarning(t.Context(), c.db, id, "confirmed", "li", "talked to them"); err != nil {
		t.Fatal(err)
	}
	c.evaluate("2026-W37")
	state("closed", "2026-W26 2026-W36") // the gap is still there, that is known
	if err := transform.CloseWarning(t.Context(), c.db, id, "confirmed", "li", ""); !errors.Is(err, transform.ErrWarningClosed) {
		t.Errorf("closing twice: %v", err)
	}
	policy("2026-09-01", 10)
	c.evaluate("2026-W40")
	state("closed", "2026-W26 2026-W36")
	policy("2026-10-01", 9)
	c.evaluate("2026-W44")
	state("reopened", "2026-W26 2026-W44") // it had ended, and came back

	events := c.query("SELECT event::String FROM wrn_event WHERE rule = 'R35' ORDER BY at, event")
	c.evaluate("2026-W44")
	c.evaluate("2026-W27") // long past: nothing new was learnt about it
	if again := c.query("SELECT event::String FROM wrn_event WHERE rule = 'R35' ORDER BY at, event"); again != events {
		t.Errorf("evaluating again wrote\n%s\nto\n%s", again, events)
	}
	history, err := transform.History(t.Context(), c.db, id)
	if err != nil || len(history) != strings.Count(events, "\n")+1 {
		t.Errorf("history has %d events, %v", len(history), err)
	}
	if _, err := transform.History(t.Context(), c.db, "R35-00000000"); !errors.Is(err, transform.ErrUnknownWarning) {
		t.Errorf("history of no warning: %v", err)
	}
}

func TestEvaluate_LateDataAndAsOf(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	c.evaluate("2026-W46")
	card := suspected("A", "s", 1, silicosis, "2026-10-01").with("card_kind", "'pneumoconiosis'", "diagnosis_date", "'2026-09-20'", "exposure_months", "10")
	batch := c.loadAt("2026-11-10 02:00:00", "case_report", card)
	e := c.evaluate("2026-W40") // the card came later than the week, and would have raised it then
	if got := raised(e, "R06"); got != "red 厂A" {
		t.Errorf("late card raised %q", got)
	}
	if got := raised(c.evaluate("2026-W46"), "R06"); got != "red 厂A" {
		t.Errorf("in the present week it is %q", got)
	}
	c.event(batch, "case_report", "reverted", "2026-11-12 02:00:00", 1)

	forgotten, err := c.db.In(t.Context(), c.db.Database()+"_asof_20200101_1_1577836800000000000")
	if err != nil {
		t.Fatal(err)
	}
	if err := forgotten.Close(); err != nil {
		t.Fatal(err)
	}
	seen := func(date string) (n string, warnings string) {
		err := transform.AsOf(t.Context(), c.db, day(date), transform.Options{}, func(db *warehouse.DB, opt transform.Options) error {
			e, err := transform.Evaluate(t.Context(), db, week("2026-W44"), opt)
			if err != nil {
				return err
			}
			warnings = raised(e, "R06")
			if !strings.HasSuffix(date, "10") {
				return nil // one day is enough for the indicators
			}
			if _, err := transform.Run(t.Context(), db, opt); err != nil {
				return err
			}
			values, err := transform.Values(t.Context(), db, "", transform.Filter{Indicator: "T7", Variant: "diagnosis", Period: "2026"})
			if err != nil || len(values) != 1 {
				return fmt.Errorf("%d values, %w", len(values), err)
			}
			n = fmt.Sprint(values[0].Numerator, " at ", values[0].AsOf)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n, warnings
	}
	for _, x := range []struct{ day, n, warnings string }{
		{"2026-11-09", "", ""},
		{"2026-11-10", "1 at 2026-11-10", "red 厂A"},
		{"2026-11-13", "", ""},
	} {
		if n, warnings := seen(x.day); n != x.n || warnings != x.warnings {
			t.Errorf("as of %s: %s cases, warnings %q; want %s, %q", x.day, n, warnings, x.n, x.warnings)
		}
	}
	if left := c.query("SELECT name FROM system.databases WHERE startsWith(name, currentDatabase()) AND name != currentDatabase()"); left != "" {
		t.Errorf("databases left: %s", left)
	}
}

// TestEvaluate_EARSEqualsReference puts a reference series of 290 weeks into the warehouse as report cards and
// compares what is stored with the reference's bounds and alarms.
func TestEvaluate_EARSEqualsReference(t *testing.T) {
	var cases [3]struct {
		Input struct {
			Counts   []int
			Variant  string
			From, To int
		}
		Expected struct {
			Upperbound []*float64
			Alarm      []*bool
		}
	}
	for i := range cases {
		text, err := os.ReadFile(fmt.Sprintf("stats/testdata/oracle/ears/ears-%03d.json", 45+i))
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.NewReplacer("range_from", "from", "range_to", "to").Replace(string(text)))
		if err := json.Unmarshal(text, &cases[i]); err != nil {
			t.Fatal(err)
		}
	}
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	counts := cases[0].Input.Counts
	monday := day("2026-11-09").AddDate(0, 0, -7*(len(counts)-1))
	var values []string
	for i, n := range counts {
		for k := range n {
			values = append(values, fmt.Sprintf("(9, %d, 1, 'load', %d, 'A', '%d', 'suspected', 'new', %s, '%s')", len(values), len(values), len(values),
				person(len(values)), monday.AddDate(0, 0, 7*i+k%7).Format("2006-01-02")))
		}
	}
	c.exec("INSERT INTO raw_case_report (batch, row, version, op, key_hash, employer_key, card_no, card_kind, report_kind, person_key, report_date) VALUES " + strings.Join(values, ", "))
	c.event(9, "case_report", "published", "2026-11-15 00:00:00", len(values))
	// A series is added by adding a file.
	definition := strings.NewReplacer("-- methods: auto", "-- methods: ears_c1, ears_c2, ears_c3", "-- params: years = 0", "-- params: years = 0, alpha = 0.001",
		"-- id: suspected_by_township", "-- id: reference").Replace(readDefinition(t, "series/suspected_by_township.sql"))
	added := transform.Options{Today: c.today, Files: overlay(t, "series/reference.sql", definition), Select: []string{"reference"}}
	if _, err := transform.Run(t.Context(), c.db, added); err != nil {
		t.Fatal(err)
	}
	for _, x := range cases {
		method := "ears_" + strings.ToLower(x.Input.Variant)
		got := strings.Split(c.query(fmt.Sprintf(`SELECT concat(toString(observed), ' ', ifNull(toString(threshold), '-'), ' ', toString(alarm))
			FROM det_point FINAL WHERE series = 'reference' AND stratum = '410184106' AND method = '%s' ORDER BY week_start DESC LIMIT %d`, method, len(x.Expected.Upperbound))), "\n")
		for i := range x.Expected.Upperbound {
			var observed float64
			var bound, alarm string
			if _, err := fmt.Sscan(got[len(got)-1-i], &observed, &bound, &alarm); err != nil {
				t.Fatal(err)
			}
			want, wantAlarm := x.Expected.Upperbound[i], x.Expected.Alarm[i]
			same := want == nil && bound == "-"
			if want != nil {
				var b float64
				fmt.Sscan(bound, &b)
				same = math.Abs(b-*want) <= 1e-9*math.Max(1, math.Abs(*want))
			}
			if week := x.Input.From - 1 + i; !same || observed != float64(counts[week]) || wantAlarm != nil && fmt.Sprint(*wantAlarm) != alarm {
				t.Errorf("%s, week %d: %s, want bound %v, alarm %v", method, week, got[len(got)-1-i], want, wantAlarm)
			}
		}
	}
	before := c.query("SELECT toString(count()) FROM det_point")
	if _, err := transform.Run(t.Context(), c.db, added); err != nil {
		t.Fatal(err)
	}
	if after := c.query("SELECT toString(count()) FROM det_point"); after != before {
		t.Errorf("%s points became %s by running again", before, after)
	}
}

// readDefinition returns an embedded definition.
func readDefinition(t *testing.T, path string) string {
	t.Helper()
	text, err := fs.ReadFile(ohsql.FS(), path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
