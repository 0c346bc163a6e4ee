package transform_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// clock is an instant of 16 November 2026 in Shanghai, or of another day: "14:30", "2026-11-17 08:00".
func clock(t testing.TB, text string) time.Time {
	t.Helper()
	if len(text) == 5 {
		text = "2026-11-16 " + text
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, period.Shanghai())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func at(t testing.TB, text string) *time.Time {
	instant := clock(t, text)
	return &instant
}

func n(of uint32) *uint32 { return &of }

// eventLog is a log whose clock stands at an instant.
func (c *city) eventLog(now string, rules ...map[string]map[string]string) *transform.EventLog {
	opt := transform.Options{Today: c.today, By: "li"}
	if len(rules) > 0 {
		opt.Rules = rules[0]
	}
	return &transform.EventLog{DB: c.db, Options: opt, Now: func() time.Time { return clock(c, now) }}
}

// deadlines are those of an event as name, grade, state, due and instant of doing.
func deadlines(g transform.GroupEvent) []string {
	var all []string
	for _, d := range g.Deadlines {
		done := "-"
		if d.Done != nil {
			done = d.Done.In(period.Shanghai()).Format("02 15:04")
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s", d.Name, d.Grade))+" "+d.State+" "+d.Due.In(period.Shanghai()).Format("02 15:04")+" "+done)
	}
	return all
}

// TestEventLog_LifeOfAnEvent follows one event: what its entries make of numbers, grade and deadlines, at each instant.
func TestEventLog_LifeOfAnEvent(t *testing.T) {
	c := newCity(t, "2026-11-16")
	log := c.eventLog("2026-11-18 18:00")
	g, err := log.Open(t.Context(), transform.EventEntry{EventKind: "poisoning", Started: at(t, "08:00"), Known: at(t, "09:00"), Counts: transform.Counts{Ill: n(3)}})
	if err != nil {
		t.Fatal(err)
	}
	if g.ID != "E2026-001" || g.Grade.String() != "IV" || g.State != "open" {
		t.Errorf("opened: %s %s %s", g.ID, g.Grade, g.State)
	}
	add := func(e transform.EventEntry) transform.GroupEvent {
		t.Helper()
		e.Event = "E2026-001"
		g, err := log.Add(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	add(transform.EventEntry{Kind: "report", Happened: clock(t, "10:30"), Offices: []string{"WJW"}, Channel: "phone"})
	add(transform.EventEntry{Kind: "response", Happened: clock(t, "11:00")})
	add(transform.EventEntry{Kind: "cases", Happened: clock(t, "15:00"), Counts: transform.Counts{Ill: n(12), Dead: n(1)}})
	g = add(transform.EventEntry{Kind: "cases", Happened: clock(t, "13:00"), Counts: transform.Counts{Ill: n(9)}}) // written later, happened before
	if *g.Counts.Ill != 12 || g.Grade.String() != "III" {
		t.Errorf("what happened last does not count: %d ill, grade %s", *g.Counts.Ill, g.Grade)
	}
	want := []string{
		"report met 16 11:00 16 10:30", "response IV met 17 09:00 16 11:00", "response III missed 17 15:00 -", "government III missed 17 15:00 -",
	}
	if diff := cmp.Diff(append(want[:1:1], append([]string{"online missed 16 17:00 -"}, want[1:]...)...), deadlines(g)); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
	early, err := c.eventLog("16:00").Find(t.Context(), g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"report met 16 11:00 16 10:30", "online due 16 17:00 -", "response IV met 17 09:00 16 11:00", "response III due 17 15:00 -", "government III due 17 15:00 -",
	}, deadlines(early)); diff != "" {
		t.Errorf("at 16:00 (-want +got):\n%s", diff)
	}
	// The seven were ten and nobody had died: a correction that refers to the entry, which stays as it was.
	g = add(transform.EventEntry{Corrects: 4, Happened: clock(t, "15:00"), Counts: transform.Counts{Ill: n(9), Dead: n(0)}, Reason: "counted twice"})
	if *g.Counts.Ill != 9 || g.Grade.String() != "IV" || g.Entries[3].CorrectedBy != 6 || *g.Entries[3].Ill != 12 || len(g.Deadlines) != 2 {
		t.Errorf("after the correction: %d ill, grade %s, %v", *g.Counts.Ill, g.Grade, deadlines(g))
	}
	// A person sets another grade; numbers that grow beyond it count again.
	g = add(transform.EventEntry{Kind: "regraded", Happened: clock(t, "16:00"), Grade: 3, Reason: "school nearby"})
	if g.Grade.String() != "III" || g.CountedGrade.String() != "IV" {
		t.Errorf("set grade: %s, counted %s", g.Grade, g.CountedGrade)
	}
	g = add(transform.EventEntry{Kind: "cases", Happened: clock(t, "17:00"), Counts: transform.Counts{Ill: n(50)}})
	if g.Grade.String() != "II" {
		t.Errorf("grown: %s", g.Grade)
	}
	add(transform.EventEntry{Kind: "report", Happened: clock(t, "17:30"), Offices: []string{"GOV", "WJW"}, Channel: "online"})
	g = add(transform.EventEntry{Kind: "closed", Happened: clock(t, "2026-11-18 12:00"), Text: "all recovered"})
	if g.State != "closed" || g.Outcome != "all recovered" || g.Entries[9].AfterState != "closed" || g.Entries[9].AfterGrade.String() != "II" {
		t.Errorf("closed: %+v", g)
	}
	var after []string
	for _, e := range g.Entries {
		after = append(after, fmt.Sprintf("%s %s %d %d", e.AfterState, e.AfterGrade, e.AfterIll, e.AfterDead))
	}
	if diff := cmp.Diff([]string{
		"open IV 3 0", "open IV 3 0", "responding IV 3 0", "responding III 12 1", "responding III 12 1", "responding IV 9 0", "responding III 9 0",
		"responding II 50 0", "responding II 50 0", "closed II 50 0",
	}, after); diff != "" {
		t.Errorf("state after each entry (-want +got):\n%s", diff)
	}
	if again := c.query("SELECT concat(toString(uniqExact(entry)), ' ', toString(countIf(by = 'li'))) FROM evt_entry"); again != "10 10" {
		t.Errorf("rows: %s", again)
	}
}

// TestEventLog_ParametersOfTheRules changes R02 and R03 in the configuration.
func TestEventLog_ParametersOfTheRules(t *testing.T) {
	c := newCity(t, "2026-11-16")
	changed := map[string]map[string]string{"R02": {"ill_iii": "5", "dead_ii": "2"}, "R03": {"cases": "4", "report_hours": "1"}}
	cases := []struct {
		ill, dead uint32
		grade     string
		own       string // with the changed parameters
		online    string
	}{
		{0, 0, "", "", ""},
		{4, 0, "IV", "IV", "online due 16 10:00 -"},
		{9, 0, "IV", "III", "online due 16 10:00 -"},
		{10, 0, "III", "III", "online due 16 10:00 -"},
		{2, 2, "III", "II", "online due 16 10:00 -"},
		{50, 0, "II", "II", "online due 16 10:00 -"},
		{5, 5, "II", "II", "online due 16 10:00 -"},
	}
	for _, x := range cases {
		if _, err := c.eventLog("09:30").Open(t.Context(), transform.EventEntry{
			EventKind: "cluster", Exercise: true, Started: at(t, "09:00"), Known: at(t, "09:00"), Counts: transform.Counts{Ill: n(x.ill), Dead: n(x.dead)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(rules ...map[string]map[string]string) []transform.GroupEvent {
		events, err := c.eventLog("09:30", rules...).Events(t.Context())
		if err != nil || len(events) != len(cases) {
			t.Fatalf("%d events, %v", len(events), err)
		}
		slices.Reverse(events) // the first one opened comes first
		return events
	}
	asShipped, own := read(), read(changed)
	for i, x := range cases {
		if asShipped[i].Grade.String() != x.grade || own[i].Grade.String() != x.own {
			t.Errorf("%d ill, %d dead: grade %q, with other parameters %q; want %q, %q", x.ill, x.dead, asShipped[i].Grade, own[i].Grade, x.grade, x.own)
		}
		if got := strings.Join(deadlines(own[i]), "\n"); !strings.Contains(got, x.online) {
			t.Errorf("%d ill, %d dead: %s, want %s", x.ill, x.dead, got, x.online)
		}
	}
	for _, threshold := range own[0].Thresholds {
		if !threshold.Unverified || threshold.Version != "2+dead_ii=2,ill_iii=5" {
			t.Errorf("a threshold of the configuration is not marked: %+v", threshold)
		}
	}
	for _, threshold := range asShipped[0].Thresholds {
		if threshold.Unverified == (threshold.Grade.String() == "III") {
			t.Errorf("mark of %+v", threshold)
		}
	}
}

// TestEventLog_Refusals tries what must not be written, and finds nothing written.
func TestEventLog_Refusals(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	c.load("event", acute("A", "poisoning", "2026-11-10", 12, 1))
	if _, err := transform.Run(t.Context(), c.db, transform.Options{
		Today: c.today, Select: []string{"fct_acute_event", "dim_employer", "dim_hazard", "dim_disease", "dim_township"},
	}); err != nil {
		t.Fatal(err)
	}
	log := c.eventLog("12:00")
	code := c.query("SELECT event FROM fct_acute_event")
	for _, id := range []string{"R01-00000001", "R02-00000002", "R03-00000003", "R35-00000004"} {
		c.exec(fmt.Sprintf("INSERT INTO wrn_event (id, at, event, week, rule, version, severity, object, args) VALUES ('%s', now64(3), 'opened', '2026-W46', '%s', '1', 'red', 'A', map('event', '%s'))", id, id[:3], code))
	}
	proposed, err := log.Propose(t.Context())
	if err != nil || len(proposed) != 1 || len(proposed[0].Warnings) != 3 || proposed[0].Grade.String() != "III" || proposed[0].Opened != "" {
		t.Fatalf("proposed: %+v, %v", proposed, err)
	}
	const r01 = "R01-00000001"
	g, err := log.Open(t.Context(), transform.EventEntry{Warnings: []string{r01}, Known: at(t, "09:00"), Counts: transform.Counts{Ill: n(5)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Warnings) != 3 || g.Data == nil || g.Data.Ill != 12 || *g.IllDiffers != -7 || g.DeadDiffers != nil || g.Grade.String() != "III" || g.Kind != "poisoning" {
		t.Errorf("opened from a warning: %+v", g)
	}
	if proposed, err = log.Propose(t.Context()); err != nil || proposed[0].Opened != g.ID {
		t.Errorf("proposed again: %+v, %v", proposed, err)
	}
	drill, err := log.Open(t.Context(), transform.EventEntry{EventKind: "heat", Exercise: true, Known: at(t, "10:00")}) // begins when it is known
	if err != nil || drill.ID != "X2026-001" || !drill.Exercise {
		t.Fatalf("%+v, %v", drill, err)
	}
	closed, err := log.Open(t.Context(), transform.EventEntry{EventKind: "heat", Started: at(t, "08:00"), Known: at(t, "08:00")})
	if err == nil {
		_, err = log.Add(t.Context(), transform.EventEntry{Event: closed.ID, Kind: "closed", Text: "false alarm"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Add(t.Context(), transform.EventEntry{Event: g.ID, Corrects: 1, Reason: "a minute later", EventKind: "poisoning", Started: at(t, "08:30"), Known: at(t, "09:00"), Counts: transform.Counts{Ill: n(5)}, Warnings: g.Warnings, DataEvent: g.DataEvent}); err != nil {
		t.Fatal(err)
	}
	before := c.query("SELECT toString(count()) FROM evt_entry")
	note := func(e transform.EventEntry) transform.EventEntry {
		e.Event, e.Kind = g.ID, "note"
		return e
	}
	for name, x := range map[string]struct {
		entry transform.EventEntry
		want  error
	}{
		"no such event":       {transform.EventEntry{Event: "E2026-099", Kind: "note"}, transform.ErrUnknownEvent},
		"more dead than ill":  {note(transform.EventEntry{Counts: transform.Counts{Dead: n(6)}}), transform.ErrBadCounts},
		"more severe":         {note(transform.EventEntry{Counts: transform.Counts{Severe: n(6)}}), transform.ErrBadCounts},
		"the future":          {note(transform.EventEntry{Happened: clock(t, "12:01")}), transform.ErrFuture},
		"before it began":     {note(transform.EventEntry{Happened: clock(t, "08:29")}), transform.ErrBeforeEvent},
		"an identity number":  {note(transform.EventEntry{Text: "张三 419999199001010017"}), transform.ErrPersonal},
		"a mobile number":     {note(transform.EventEntry{Attachments: []string{"13812345678.pdf"}}), transform.ErrPersonal},
		"a name":              {note(transform.EventEntry{Persons: []string{"张三"}}), transform.ErrBadPerson},
		"closed twice":        {transform.EventEntry{Event: closed.ID, Kind: "closed", Text: "again"}, transform.ErrEventClosed},
		"no such entry":       {transform.EventEntry{Event: g.ID, Corrects: 9}, transform.ErrUnknownEntry},
		"corrected before":    {transform.EventEntry{Event: g.ID, Corrects: 1}, transform.ErrCorrected},
		"without opening":     {transform.EventEntry{Event: drill.ID, Corrects: 1, Kind: "withdrawn"}, transform.ErrKeepsOpening},
		"exercise and data":   {transform.EventEntry{Event: drill.ID, Kind: "linked", Warnings: []string{r01}}, transform.ErrExerciseLinked},
		"no such warning":     {transform.EventEntry{Event: g.ID, Kind: "linked", Warnings: []string{"R01-00000000"}}, transform.ErrUnknownWarning},
		"of another rule":     {transform.EventEntry{Event: g.ID, Kind: "linked", Warnings: []string{"R35-00000004"}}, transform.ErrNoEventRule},
		"no such data":        {transform.EventEntry{Event: g.ID, Kind: "linked", DataEvent: "SJ0"}, transform.ErrUnknownData},
		"known before it was": {transform.EventEntry{Event: drill.ID, Corrects: 1, EventKind: "heat", Started: at(t, "11:00"), Known: at(t, "10:00")}, transform.ErrBeforeEvent},
	} {
		if _, err := log.Add(t.Context(), x.entry); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := log.Open(t.Context(), transform.EventEntry{Warnings: []string{r01}}); !errors.Is(err, transform.ErrEventTaken) {
		t.Errorf("a warning twice: %v", err)
	}
	if _, err := log.Open(t.Context(), transform.EventEntry{EventKind: "heat", Started: at(t, "12:30")}); !errors.Is(err, transform.ErrFuture) {
		t.Errorf("an event of the future: %v", err)
	}
	if after := c.query("SELECT toString(count()) FROM evt_entry"); after != before {
		t.Errorf("refused entries were written: %s rows, %s before", after, before)
	}
	// Withdrawing the end opens it again; the clock of the machine must not stand before the last entry.
	if again, err := log.Add(t.Context(), transform.EventEntry{Event: closed.ID, Corrects: 2, Kind: "withdrawn", Reason: "too early"}); err != nil || again.State != "open" {
		t.Errorf("withdrawn: %s, %v", again.State, err)
	}
	c.exec("INSERT INTO evt_entry (event, entry, at, happened_at, kind) VALUES ('" + closed.ID + "', 4, '2200-01-01 00:00:00', '2026-11-16 03:00:00', 'note')")
	if _, err := log.Add(t.Context(), transform.EventEntry{Event: closed.ID, Kind: "note", Text: "x"}); !errors.Is(err, transform.ErrClockBack) {
		t.Errorf("the clock was set back: %v", err)
	}
	// Exercises, and events by hand, are in no model, indicator, rule or series: nothing that counts reads the table.
	for _, name := range definitionsThatName(t, "evt_entry") {
		if !strings.HasPrefix(name, "migrations/") && name != "queries/event_entries.sql" {
			t.Errorf("%s reads group events", name)
		}
	}
}

// definitionsThatName are the files of sql/ in which a word stands.
func definitionsThatName(t *testing.T, word string) (names []string) {
	t.Helper()
	err := fs.WalkDir(ohsql.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(ohsql.FS(), path)
		if strings.Contains(string(text), word) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
