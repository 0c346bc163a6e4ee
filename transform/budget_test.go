package transform

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ohwatch/internal/period"
)

// budgetRules are the rules of these tests: A is held by its parameter, X is never held back, D is a detector.
func budgetRules() []Rule {
	return []Rule{
		{ID: "A", Params: []Param{{"days", "30"}}, Tune: map[Severity]string{Red: "days", Orange: "days"}},
		{ID: "B", Params: []Param{{"low", "1"}, {"high", "2"}}},
		{ID: "X", IsExempt: true},
		{ID: "D", Detector: detectorSeries, Params: []Param{{"fdr", "0.05"}}},
	}
}

// asked is a warning of a rule that asks for attention in a week, at the hour of its place in the test.
func asked(week, rule, id string, s Severity, score float64, more ...func(*raisedEvent)) raisedEvent {
	w, err := period.Parse(week)
	if err != nil {
		panic(err)
	}
	e := raisedEvent{
		ID: id, At: w.End.Add(24 * time.Hour), Event: "opened", Week: week, FirstWeek: week, Rule: rule, Severity: s, Area: "410184106",
		Addressee: []string{"JDS"}, Score: score, NEvidence: 1,
	}
	for _, m := range more {
		m(&e)
	}
	return e
}

func event2(kind string) func(*raisedEvent) { return func(e *raisedEvent) { e.Event = kind } }

func to(addressee ...string) func(*raisedEvent) {
	return func(e *raisedEvent) { e.Addressee = addressee }
}

// TestLedger says of each warning, in each case, what becomes of it with two red and three orange ones a month.
func TestLedger(t *testing.T) {
	many := func(week, rule string, s Severity, n int) (all []raisedEvent) {
		for i := range n {
			all = append(all, asked(week, rule, fmt.Sprintf("%s%d", rule, i), s, float64(i)))
		}
		return all
	}
	for _, x := range []struct {
		name   string
		raised []raisedEvent
		sent   string // of JDS, by id
		red    Use
		orange Use
		month  string
	}{
		{"within", many("2026-W46", "A", Orange, 3), "A0 A1 A2", Use{Budget: 2}, Use{3, 3, 3, 0, 0}, "2026-11"},
		{"highest scores", many("2026-W46", "A", Orange, 5), "A2 A3 A4", Use{Budget: 2}, Use{3, 5, 3, 2, 0}, "2026-11"},
		{"each rule has its turn", slices.Concat(many("2026-W46", "A", Orange, 9), many("2026-W46", "B", Orange, 2)), "A7 A8 B1", Use{Budget: 2}, Use{3, 11, 3, 8, 0}, "2026-11"},
		{"red apart", slices.Concat(many("2026-W46", "A", Red, 4), many("2026-W46", "B", Orange, 4)), "A2 A3 B1 B2 B3", Use{2, 4, 2, 2, 0}, Use{3, 4, 3, 1, 0}, "2026-11"},
		{"act at once", slices.Concat(many("2026-W46", "X", Red, 4), many("2026-W46", "A", Red, 1)), "X0 X1 X2 X3", Use{2, 5, 4, 1, 0}, Use{Budget: 3}, "2026-11"},
		{"act at once, budget used up before", slices.Concat(many("2026-W45", "A", Red, 2), many("2026-W46", "X", Red, 1)), "A0 A1 X0", Use{2, 3, 3, 0, 0}, Use{Budget: 3}, "2026-11"},
		{"its orange ones are like others", slices.Concat(many("2026-W46", "X", Orange, 4)), "X1 X2 X3", Use{Budget: 2}, Use{3, 4, 3, 1, 0}, "2026-11"},
		{"first week first", slices.Concat(many("2026-W45", "B", Orange, 2), many("2026-W46", "A", Orange, 3)), "A2 B0 B1", Use{Budget: 2}, Use{3, 5, 3, 2, 0}, "2026-11"},
		{"another month", slices.Concat(many("2026-W48", "B", Orange, 3), many("2026-W49", "A", Orange, 3)), "A0 A1 A2 B0 B1 B2", Use{Budget: 2}, Use{3, 3, 3, 0, 0}, "2026-12"},
		{"the month of the Sunday", many("2026-W44", "A", Orange, 1), "A0", Use{Budget: 2}, Use{3, 1, 1, 0, 0}, "2026-11"},
		{"reopened in the month: counts once", append(many("2026-W45", "A", Orange, 3), asked("2026-W46", "A", "A1", Orange, 9, event2("reopened"))), "A0 A1 A2", Use{Budget: 2}, Use{3, 3, 3, 0, 0}, "2026-11"},
		{"reopened in the next month: counts there", []raisedEvent{asked("2026-W46", "A", "a", Orange, 1), asked("2026-W50", "A", "a", Orange, 1, event2("reopened"))}, "a", Use{Budget: 2}, Use{3, 1, 1, 0, 0}, "2026-12"},
		{"listed, and asks again", append(many("2026-W45", "A", Orange, 4), asked("2026-W46", "A", "A0", Orange, 9, event2("reopened"))), "A1 A2 A3", Use{Budget: 2}, Use{3, 4, 3, 1, 0}, "2026-11"},
		{"more urgent", []raisedEvent{asked("2026-W45", "A", "a", Orange, 1), asked("2026-W46", "A", "a", Red, 2, event2("seen_again"))}, "a", Use{2, 1, 1, 0, 0}, Use{Budget: 3}, "2026-11"},
		{"was there before the rule", []raisedEvent{asked("2026-W46", "A", "a", Red, 1, func(e *raisedEvent) { e.IsBacklog = true }), asked("2026-W46", "A", "b", Red, 1)}, "b", Use{2, 2, 1, 0, 1}, Use{Budget: 3}, "2026-11"},
		{"act at once, was there before", []raisedEvent{asked("2026-W46", "X", "a", Red, 1, func(e *raisedEvent) { e.IsBacklog = true })}, "a", Use{2, 1, 1, 0, 0}, Use{Budget: 3}, "2026-11"},
		{"yellow and blue use nothing", slices.Concat(many("2026-W46", "A", Yellow, 9), many("2026-W46", "B", Blue, 9), many("2026-W46", "D", Orange, 1)), "D0", Use{Budget: 2}, Use{3, 1, 1, 0, 0}, "2026-11"},
		{"more evidence first", []raisedEvent{
			asked("2026-W46", "A", "a", Orange, 1), asked("2026-W46", "A", "b", Orange, 1), asked("2026-W46", "A", "c", Orange, 1),
			asked("2026-W46", "A", "d", Orange, 1, func(e *raisedEvent) { e.NEvidence = 2 }),
		}, "a b d", Use{Budget: 2}, Use{3, 4, 3, 1, 0}, "2026-11"},
		{"older first", []raisedEvent{
			asked("2026-W46", "A", "a", Orange, 1), asked("2026-W46", "A", "b", Orange, 1), asked("2026-W46", "A", "c", Orange, 1),
			asked("2026-W46", "A", "d", Orange, 1, event2("reopened"), func(e *raisedEvent) { e.FirstWeek = "2026-W10" }),
		}, "a b d", Use{Budget: 2}, Use{3, 4, 3, 1, 0}, "2026-11"},
	} {
		t.Run(x.name, func(t *testing.T) {
			opt := Options{Budgets: map[string]Budget{"JDS": {2, 3}}}
			for range 3 { // whatever the order in which maps are walked
				slices.SortStableFunc(x.raised, func(a, b raisedEvent) int { return a.At.Compare(b.At) })
				l, err := newLedger(x.raised, nil, budgetRules(), opt)
				if err != nil {
					t.Fatal(err)
				}
				var sent []string
				for p, what := range l.places {
					if what == placeSent {
						sent = append(sent, p.id)
					}
				}
				slices.Sort(sent)
				if got := fmt.Sprint(sent); got != "["+x.sent+"]" {
					t.Errorf("sent %s, want [%s]", got, x.sent)
				}
				want := []Account{{Inbox{"JDS", ""}, x.red, x.orange}}
				if diff := cmp.Diff(want, l.Accounts(x.month)); diff != "" {
					t.Errorf("accounts (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestLedger_Inboxes gives each township an inbox of its own, escalated warnings only to whom they reach then, and employers
// any number.
func TestLedger_Inboxes(t *testing.T) {
	other := func(e *raisedEvent) { e.Area = "410184107" }
	raised := []raisedEvent{
		asked("2026-W46", "A", "a", Orange, 9, to("EMP", "TS")),
		asked("2026-W46", "A", "b", Orange, 8, to("EMP", "TS")),
		asked("2026-W46", "A", "c", Orange, 7, to("EMP", "TS"), other),
		asked("2026-W47", "A", "b", Orange, 8, to("EMP", "TS", "WJW"), event2("escalated"), func(e *raisedEvent) { e.Level = 1 }),
		asked("2026-W47", "A", "c", Orange, 7, to("EMP", "TS", "WJW", "GOV"), other, event2("escalated"), func(e *raisedEvent) { e.Level = 2 }),
	}
	l, err := newLedger(raised, nil, budgetRules(), Options{Budgets: map[string]Budget{"TS": {1, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	ws := []Warning{
		{ID: "a", Severity: Orange, Area: "410184106", Addressee: []string{"EMP", "TS"}},
		{ID: "b", Severity: Orange, Area: "410184106", Addressee: []string{"EMP", "TS", "WJW"}},
		{ID: "c", Severity: Orange, Area: "410184107", Addressee: []string{"EMP", "TS", "GOV"}},
		{ID: "d", Severity: Yellow, Area: "410184107", Addressee: []string{"EMP", "TS"}},
		{ID: "e", Severity: Orange, Area: "410184107", Addressee: []string{"EMP"}},
	}
	l.Mark(ws)
	for i, want := range []struct {
		listed string
		out    bool
	}{{"[]", true}, {"[TS]", true}, {"[]", true}, {"[]", false}, {"[]", true}} {
		if got := fmt.Sprint(ws[i].Listed); got != want.listed || l.GoesOut(ws[i]) != want.out {
			t.Errorf("%s is listed for %s and goes out: %v, want %s, %v", ws[i].ID, got, l.GoesOut(ws[i]), want.listed, want.out)
		}
	}
	ws[1].Addressee, ws[1].Listed = []string{"EMP", "TS"}, []string{"TS"}
	if l.GoesOut(ws[1]) {
		t.Error("what only employers get is no warning of its own")
	}
	var inboxes []string
	for _, a := range l.Accounts("2026-11") {
		inboxes = append(inboxes, fmt.Sprint(a.Inbox, a.Orange))
	}
	if diff := cmp.Diff([]string{
		"{WJW } {30 1 1 0 0}", "{TS 410184106} {1 2 1 1 0}", "{TS 410184107} {1 1 1 0 0}", "{EMP } {-1 3 3 0 0}", "{GOV } {30 1 1 0 0}",
	}, inboxes); diff != "" {
		t.Error(diff)
	}
}

// TestLedger_ClosedWeek holds that what came after a week's emission uses the budget of the week with which it goes out, and takes
// nothing from what was emitted.
func TestLedger_ClosedWeek(t *testing.T) {
	early := asked("2026-W48", "A", "a", Orange, 1)
	late := asked("2026-W48", "A", "b", Orange, 9, func(e *raisedEvent) { e.At = e.At.Add(48 * time.Hour) })
	closed := map[string]time.Time{"2026-W48": early.At.Add(time.Hour)}
	opt := Options{Budgets: map[string]Budget{"JDS": {1, 1}}}
	l, err := newLedger([]raisedEvent{early, late}, closed, budgetRules(), opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, month := range []string{"2026-11", "2026-12"} {
		if a := l.Accounts(month); len(a) != 1 || a[0].Orange != (Use{1, 1, 1, 0, 0}) {
			t.Errorf("%s: %v", month, a)
		}
	}
	// Without an emission the two are of one week, and the one with the higher score wins.
	if l, err = newLedger([]raisedEvent{early, late}, nil, budgetRules(), opt); err != nil || l.places[place{Inbox{"JDS", ""}, "b"}] != placeSent {
		t.Error(err, l.places)
	}
}

// TestLedger_Advice computes the parameter with which a rule would have stayed within the budget, and tries it.
func TestLedger_Advice(t *testing.T) {
	opt := Options{Budgets: map[string]Budget{"JDS": {5, 3}}}
	rates := []float64{0.001, 0.0123, 0.0123, 0.02, 0.04}
	var raised []raisedEvent
	for i := range 10 {
		raised = append(raised, asked("2026-W46", "A", "a"+strconv.Itoa(i), Orange, float64(31+10*i)))
	}
	for i, q := range rates {
		raised = append(raised, asked("2026-W46", "D", "d"+strconv.Itoa(i), Orange, float64(9-i), func(e *raisedEvent) { e.Q = &q; e.Addressee = []string{"CDC"} }))
	}
	raised = append(raised, asked("2026-W46", "B", "b", Orange, 0), asked("2026-W46", "B", "b2", Orange, 0))
	opt.Budgets["CDC"] = Budget{5, 2}
	l, err := newLedger(raised, nil, budgetRules(), opt)
	if err != nil {
		t.Fatal(err)
	}
	want := []Advice{
		{"A", Orange, 10, 8, []Inbox{{"JDS", ""}}, "days", "30", "101", []string{"days"}},
		{"D", Orange, 5, 3, []Inbox{{"CDC", ""}}, "fdr", "0.05", "0.001", []string{"fdr"}},
		{"B", Orange, 2, 1, []Inbox{{"JDS", ""}}, "", "", "", []string{"low", "high"}},
	}
	if diff := cmp.Diff(want, l.Advice("2026-11")); diff != "" {
		t.Fatalf("advice (-want +got):\n%s", diff)
	}
	kept := slices.DeleteFunc(slices.Clone(raised), func(e raisedEvent) bool {
		return e.Rule == "A" && e.Score <= 101 || e.Rule == "D" && *e.Q > 0.001 || e.ID == "b2"
	})
	if l, err = newLedger(kept, nil, budgetRules(), opt); err != nil || len(l.Advice("2026-11")) > 0 {
		t.Errorf("with the proposed values: %v, %v", l.Advice("2026-11"), err)
	}
}

// TestLedger_Property holds for random histories: a warning has exactly one place in each inbox that it came to, the
// accounts add up, no budget is exceeded but by what is never held back, which always goes out, and what comes later changes nothing of
// earlier months and weeks.
func TestLedger_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weeks := []string{"2026-W40", "2026-W41", "2026-W44", "2026-W45", "2026-W46", "2026-W49"}
		opt := Options{Budgets: map[string]Budget{
			"JDS": {rapid.IntRange(0, 3).Draw(t, "red"), rapid.IntRange(0, 5).Draw(t, "orange")}, "TS": {1, 2}, "WJW": {NoLimit, 4},
		}}
		var raised []raisedEvent
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			e := asked(rapid.SampledFrom(weeks).Draw(t, "week"), rapid.SampledFrom([]string{"A", "B", "X", "D"}).Draw(t, "rule"),
				"", rapid.SampledFrom(severities()).Draw(t, "severity"), float64(rapid.IntRange(0, 3).Draw(t, "score")),
				to(rapid.SampledFrom([][]string{{"JDS"}, {"TS", "EMP"}, {"JDS", "WJW", "TS"}}).Draw(t, "to")...))
			e.ID = e.Rule + strconv.Itoa(rapid.IntRange(0, 15).Draw(t, "id"))
			e.Event = rapid.SampledFrom([]string{"opened", "reopened", "seen_again"}).Draw(t, "event")
			e.IsBacklog = rapid.IntRange(0, 9).Draw(t, "backlog") == 0
			raised = append(raised, e)
		}
		slices.SortStableFunc(raised, func(a, b raisedEvent) int { return a.At.Compare(b.At) })
		l, err := newLedger(raised, nil, budgetRules(), opt)
		if err != nil {
			t.Fatal(err)
		}
		wanted := map[place]bool{}
		for _, e := range raised {
			for _, a := range e.Addressee {
				if e.Severity.AtLeast(Orange) {
					wanted[place{inboxOf(a, e.Area), e.ID}] = true
				}
			}
		}
		if len(wanted) != len(l.places) {
			t.Fatalf("%d places for %d warnings in inboxes", len(l.places), len(wanted))
		}
		for month, books := range l.months {
			for inbox, book := range books {
				b := opt.budgetOf(inbox.Addressee)
				held := map[Severity]int{}
				for _, e := range book.last {
					if e.isExempt && e.place != placeSent {
						t.Fatalf("%s is held back", e.id)
					}
					if !e.isExempt && e.place == placeSent {
						held[e.severity]++
					}
				}
				for s, n := range held {
					if most := b.of(s); most != NoLimit && n > most {
						t.Fatalf("%s %v: %d %s ones, the budget is %d", month, inbox, n, s, most)
					}
				}
			}
			for _, a := range l.Accounts(month) {
				for _, u := range []Use{a.Red, a.Orange} {
					if u.Raised != u.Sent+u.Listed+u.Backlog {
						t.Fatalf("%s %v does not add up: %v", month, a.Inbox, u)
					}
				}
			}
		}
		until := rapid.SampledFrom(weeks).Draw(t, "until")
		earlier := slices.DeleteFunc(slices.Clone(raised), func(e raisedEvent) bool { return e.Week > until })
		before, err := newLedger(earlier, nil, budgetRules(), opt)
		if err != nil {
			t.Fatal(err)
		}
		for p, what := range before.places {
			again := slices.ContainsFunc(raised, func(e raisedEvent) bool {
				return e.Week > until && e.ID == p.id && e.Severity.AtLeast(Orange) && slices.Contains(e.Addressee, p.inbox.Addressee)
			})
			if !again && l.places[p] != what {
				t.Fatalf("%v was %s in %s, later %s", p, what, until, l.places[p])
			}
		}
		last, _ := period.Parse(until)
		for month := range before.months {
			if month < BudgetMonth(last) {
				if diff := cmp.Diff(before.Accounts(month), l.Accounts(month)); diff != "" {
					t.Fatalf("%s is over, and its accounts changed:\n%s", month, diff)
				}
			}
		}
	})
}
