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

	"github.com/google/go-cmp/cmp"

	"ohwatch/internal/message"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// only returns the one warning of a rule, or the one that it has of an object by name; with a second name, that is "absent",
// the empty warning when there is none.
func only(t *testing.T, c *city, rule string, name ...string) transform.Warning {
	t.Helper()
	warnings, err := transform.Warnings(t.Context(), c.db)
	if err != nil {
		t.Fatal(err)
	}
	var found []transform.Warning
	for _, w := range warnings {
		if w.Rule == rule && (len(name) == 0 || w.ObjectName == name[0]) {
			found = append(found, w)
		}
	}
	if len(found) == 0 && len(name) > 1 {
		return transform.Warning{}
	}
	if len(found) != 1 {
		t.Fatalf("%d warnings of %s, want 1", len(found), rule)
	}
	return found[0]
}

func TestEvaluate_LifeOfAState(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.files = rulesOf(t, "R35")
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
	state("new", "2026-W26 2026-W27") // nobody has taken it
	if again := only(t, c, "R35").DueDay; again != due {
		t.Errorf("due %s became %s by being seen again", due, again)
	}
	id := only(t, c, "R35").ID
	do := func(change transform.Change) {
		t.Helper()
		change.By = "li"
		if _, err := transform.DoStep(t.Context(), c.db, id, change); err != nil {
			t.Fatal(err)
		}
	}
	do(transform.Change{Step: "acknowledged"})
	state("acknowledged", "2026-W26 2026-W27")
	c.evaluate("2026-W28")
	state("acknowledged", "2026-W26 2026-W28")

	policy("2026-07-01", 10) // closed the gap
	c.evaluate("2026-W31")
	state("resolved", "2026-W26 2026-W28")
	policy("2026-08-01", 9)
	c.evaluate("2026-W36")
	state("reopened", "2026-W26 2026-W36")

	do(transform.Change{Step: "closed", Outcome: "confirmed", Comment: "talked to them"})
	c.evaluate("2026-W37")
	state("closed", "2026-W26 2026-W36") // the gap is still there, that is known
	if _, err := transform.DoStep(t.Context(), c.db, id, transform.Change{Step: "closed", Outcome: "confirmed"}); !errors.Is(err, transform.ErrWarningClosed) {
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
	words, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	english := words.Printer(message.English)
	history, err := transform.History(t.Context(), c.db, id, english)
	if err != nil || len(history) != strings.Count(events, "\n")+1 {
		t.Errorf("history has %d events, %v", len(history), err)
	}
	var notes []string
	for _, e := range history {
		if e.Note != "" {
			notes = append(notes, e.Event+": "+e.Note)
		}
	}
	if diff := cmp.Diff([]string{
		"resolved: its cause was gone in 2026-W31 (last seen in 2026-W28)",
		"reopened: its cause is back in 2026-W36 (ended before in 2026-W31)",
		"comment: its cause was gone in 2026-W40 (last seen in 2026-W36)",
		"reopened: its cause is back in 2026-W44 (ended before in 2026-W36)",
	}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if _, err := transform.History(t.Context(), c.db, "R35-00000000", english); !errors.Is(err, transform.ErrUnknownWarning) {
		t.Errorf("history of no warning: %v", err)
	}
}

// TestEvaluate_LateData loads cards after the weeks that they belong to. R06 sees a card for 90 days.
func TestEvaluate_LateData(t *testing.T) {
	c := newCity(t, "2026-11-23")
	c.files = rulesOf(t, "R06")
	card := func(name, no string, n int, reported string) {
		c.load("employer", employer(name).with("employer_name", quote(name)))
		c.load("case_report", suspected(name, no, n, silicosis, reported).with("card_kind", "'pneumoconiosis'", "diagnosis_date", quote(reported), "exposure_months", "10"))
	}
	raisedBy := func(e transform.Evaluation) map[string]string {
		days := map[string]string{}
		for _, w := range e.Warnings {
			if w.Rule == "R06" {
				days[w.ObjectName] = w.KnownDay + " " + w.FirstWeek + " " + w.DueDay
			}
		}
		return days
	}
	card("INTIME", "i", 1, "2026-06-25")
	c.evaluate("2026-W26") // the first week that anybody looked at
	c.evaluate("2026-W46")
	card("NEW", "n", 2, "2026-11-17")       // of the week
	card("LATE", "l", 3, "2026-10-01")      // still in sight
	card("FORGOTTEN", "f", 4, "2026-07-01") // out of sight since the end of September
	card("BEFORE", "b", 5, "2026-03-01")    // out of sight before anybody looked
	want := map[string]string{
		"NEW": " 2026-W47 2026-12-04", "LATE": "2026-10-04 2026-W47 2026-12-04", "FORGOTTEN": "2026-07-05 2026-W47 2026-12-04",
	}
	if diff := cmp.Diff(want, raisedBy(c.evaluate("2026-W47"))); diff != "" {
		t.Errorf("W47 (-want +got):\n%s", diff)
	}
	again := c.evaluate("2026-W47")
	if diff := cmp.Diff(want, raisedBy(again)); diff != "" || again.Opened > 0 {
		t.Errorf("W47 again, %d opened (-want +got):\n%s", again.Opened, diff)
	}
	if next := c.evaluate("2026-W48"); next.Opened > 0 {
		t.Errorf("a week later %d are opened again", next.Opened)
	}
	// A week that was evaluated without them.
	card("PAST", "p", 6, "2026-11-10")
	c.evaluate("2026-W46")
	if got := only(t, c, "R06", "PAST"); !got.Late || got.KnownDay != "2026-11-15" {
		t.Errorf("of an earlier week: late %v, knowable %s", got.Late, got.KnownDay)
	}
	// Another parameter is another version of the rule, which nobody has asked before.
	e, err := transform.Evaluate(t.Context(), c.db, week("2026-W48"), transform.Options{
		Today: c.today, Files: c.files, Rules: map[string]map[string]string{"R06": {"months": "120"}},
	})
	if err != nil || len(e.Broken) > 0 {
		t.Fatal(err, e.Broken)
	}
	if w := only(t, c, "R06", "BEFORE", "absent"); w.ID != "" {
		t.Errorf("a new version looked further back: %+v", w)
	}
}

// TestDoStep_Order tries every step in every state.
func TestDoStep_Order(t *testing.T) {
	c := newCity(t, "2026-07-01")
	c.files = rulesOf(t, "R35")
	c.load("employer", employer("GAP"))
	c.load("insurance", row{"employer_key": "'GAP'", "period": "'2026-06-01'", "insured_count": "5"})
	c.evaluate("2026-W26")
	id := only(t, c, "R35").ID
	may := map[string]string{ // state: steps that are refused
		"new": "verified", "acknowledged": "verified", "assigned": "acknowledged verified", "acting": "acknowledged acting",
		"verified":  "acknowledged assigned acting verified",
		"closed":    "acknowledged assigned acting verified closed dismissed",
		"dismissed": "acknowledged assigned acting verified closed dismissed",
	}
	tick := 0
	into := func(event string) {
		tick++
		c.exec(fmt.Sprintf("INSERT INTO wrn_event (id, at, event, week, rule, severity) VALUES ('%s', addHours(now64(3), %d), '%s', '2026-W26', 'R35', 'orange')", id, tick, event))
	}
	for state, refused := range may {
		for _, step := range []string{"acknowledged", "assigned", "acting", "verified", "closed", "dismissed", "comment"} {
			into("reopened")
			if state != "new" {
				into(state)
			}
			w, err := transform.DoStep(t.Context(), c.db, id, transform.Change{Step: step, By: "li", Owner: "wang", Outcome: "other", Comment: "x"})
			tick++ // of the step
			if want := strings.Contains(" "+refused+" ", " "+step+" "); want != (err != nil) {
				t.Errorf("%s of a warning that is %s: %v", step, state, err)
			}
			after := state
			if err == nil && step != "comment" {
				after = step
			}
			if state == "new" && after == "new" {
				after = "reopened"
			}
			if got := only(t, c, "R35"); got.State != after || err == nil && got.State != w.State {
				t.Errorf("%s of a warning that is %s: it is %s, said to be %s, want %s", step, state, got.State, w.State, after)
			}
		}
	}
	if _, err := transform.DoStep(t.Context(), c.db, "R35-00000000", transform.Change{Step: "comment"}); !errors.Is(err, transform.ErrUnknownWarning) {
		t.Errorf("step of no warning: %v", err)
	}
}

// TestEscalate follows a warning that nobody acts on.
func TestEscalate(t *testing.T) {
	c := newCity(t, "2026-07-01")
	c.files = rulesOf(t, "R35")
	c.load("employer", employer("GAP"))
	c.load("insurance", row{"employer_key": "'GAP'", "period": "'2026-06-01'", "insured_count": "5"})
	c.evaluate("2026-W26") // R35 is orange, to RSJ and TS
	id := only(t, c, "R35").ID
	due, owner := day("2026-07-10"), transform.Change{Step: "assigned", Owner: "wang", By: "li"}
	owner.Due = &due
	if w, err := transform.DoStep(t.Context(), c.db, id, owner); err != nil || w.DueDay != "2026-07-10" {
		t.Fatal(w.DueDay, err)
	}
	passed := 0
	for _, x := range []struct {
		today     string
		n         int
		addressee string
		due       string
	}{
		{"2026-07-10", 0, "RSJ TS", "2026-07-10"}, // the due date itself is in time
		{"2026-07-11", 1, "RSJ TS WJW", "2026-07-17"},
		{"2026-07-11", 0, "RSJ TS WJW", "2026-07-17"},
		{"2026-07-20", 1, "RSJ TS WJW GOV", "2026-07-27"},
		{"2026-08-20", 0, "RSJ TS WJW GOV", "2026-07-27"},
	} {
		if _, err := transform.Escalate(t.Context(), c.db, transform.Options{Today: day(x.today), By: "job"}); err != nil {
			t.Fatal(err)
		}
		w := only(t, c, "R35")
		n := int(w.Level) - passed
		passed = int(w.Level)
		if got := strings.Join(w.Addressee, " "); n != x.n || got != x.addressee || w.DueDay != x.due || w.State != "assigned" || w.Owner != "wang" {
			t.Errorf("%s: %d passed on, to %s, due %s, %s, owner %s; want %d, %s, %s", x.today, n, got, w.DueDay, w.State, w.Owner, x.n, x.addressee, x.due)
		}
	}
	c.today = day("2026-07-20")
	c.evaluate("2026-W29") // seen again: nothing changes
	if w := only(t, c, "R35"); w.Level != 2 || w.DueDay != "2026-07-27" {
		t.Errorf("seen again: level %d, due %s", w.Level, w.DueDay)
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
