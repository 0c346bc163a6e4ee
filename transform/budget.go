package transform

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// NoLimit as a budget says that an addressee gets every warning.
const NoLimit = -1

// Budget is how many red and how many orange warnings an addressee gets in a month, each as a warning of its own. What is
// beyond becomes a list in the township scorecard.
type Budget struct{ Red, Orange int }

// DefaultBudget is what a county's handful of people can work off (rules.md of the domain, section F).
func DefaultBudget() Budget { return Budget{Red: 5, Orange: 30} }

// of is the budget of one severity; yellow and blue ones are lists by nature.
func (b Budget) of(s Severity) int {
	switch s {
	case Red:
		return b.Red
	case Orange:
		return b.Orange
	}
	return 0
}

// budgetOf is the budget of an addressee. Employers and institutions have no inbox here: what is for them is one list each
// that others pass on, and counts in the budget of those others, so that without a budget of their own they have no limit.
func (o Options) budgetOf(addressee string) Budget {
	if b, ok := o.Budgets[addressee]; ok {
		return b
	}
	if addressee == employers || addressee == institutions {
		return Budget{NoLimit, NoLimit}
	}
	return DefaultBudget()
}

const (
	employers    = "EMP"
	institutions = "INST"
	townships    = "TS"
)

// Inbox is where the warnings for one addressee arrive. Each township has its own, the other addressees are one office each.
type Inbox struct {
	Addressee string `json:"addressee"`
	Area      string `json:"area"` // of townships, else empty
}

func inboxOf(addressee, area string) Inbox {
	if addressee != townships {
		area = ""
	}
	return Inbox{addressee, area}
}

// demand is one warning that asks one inbox for attention.
type demand struct {
	inbox     Inbox
	id, rule  string
	severity  Severity
	score     float64
	q         *float64 // false discovery rate at which a detector calls it; nil: it comes from no detector
	evidence  uint64
	firstWeek string
	week      period.Period // with whose emission it goes out
	isExempt  bool          // act at once: never held back
	isBacklog bool          // was there already when the rule was evaluated first
	isPassed  bool          // escalated, since others did not act
}

func (d demand) month() string { return BudgetMonth(d.week) }

// BudgetMonth is the month (2026-11) whose budget a week's warnings use: that of its last day.
func BudgetMonth(week period.Period) string { return week.End.Format("2006-01") }

// Ledger says of every warning whether it goes out on its own or is listed, and how each month's budget was used.
type Ledger struct {
	opt     Options
	rules   map[string]Rule
	demands []demand
	places  map[place]string // what became of it last
	months  map[string]map[Inbox]*monthBook
}

// place is a warning in an inbox.
type place struct {
	inbox Inbox
	id    string
}

// What becomes of a warning in an inbox.
const (
	placeSent    = "sent"    // goes out as a warning of its own
	placeListed  = "listed"  // over the budget: in the list of the township scorecard
	placeBacklog = "backlog" // listed because it was there when the rule was evaluated first
)

// monthBook is the month of one inbox.
type monthBook struct {
	used   map[Severity]int
	ofRule map[string]int // sent, by rule
	last   map[string]entry
}

type entry struct {
	demand
	place string
}

// ReadLedger allots the budgets to all that was ever raised, week by week in the order of their emission.
//
// A warning counts in the month of the last day of the week with whose emission it goes out: the week in which it was opened, reopened, became
// more urgent or was escalated (for whom it then reaches), or the first week that was not emitted yet when that happened. It counts once
// a month. What a week has been given is not taken back by later weeks, so that a month that has passed, and a replay,
// always give the same.
//
// In each week the order is: rules that nobody holds back (red of a rule with budget: exempt); then the n-th of each rule in the month before the
// (n+1)-th of any, since scores of different rules have different units; within a rule score, rows of evidence, age, id.
func ReadLedger(ctx context.Context, db *warehouse.DB, opt Options) (*Ledger, error) {
	opt = opt.withDefaults(db)
	rules, _, err := LoadRules(opt.Files)
	if err != nil {
		return nil, err
	}
	rules, _ = configured(rules, opt.Rules)
	var raised []raisedEvent
	if err := db.Select(ctx, &raised, "transform_raised"); err != nil {
		return nil, fmt.Errorf("read what was raised: %w", err)
	}
	var emitted []struct {
		Week string    `ch:"week"`
		At   time.Time `ch:"emitted_at"`
	}
	if err := db.Select(ctx, &emitted, "transform_emitted"); err != nil {
		return nil, fmt.Errorf("read when weeks were emitted: %w", err)
	}
	closed := make(map[string]time.Time, len(emitted))
	for _, e := range emitted {
		closed[e.Week] = e.At
	}
	return newLedger(raised, closed, rules, opt)
}

// raisedEvent is a row of transform_raised.
type raisedEvent struct {
	ID        string    `ch:"id"`
	At        time.Time `ch:"at"`
	Event     string    `ch:"event"`
	Week      string    `ch:"week"`
	FirstWeek string    `ch:"first_week"`
	Rule      string    `ch:"rule"`
	Severity  Severity  `ch:"severity"`
	Area      string    `ch:"area"`
	Addressee []string  `ch:"addressee"`
	Level     uint8     `ch:"level"`
	Score     float64   `ch:"score"`
	NEvidence uint32    `ch:"n_evidence"`
	Q         *float64  `ch:"q"`
	IsBacklog bool      `ch:"is_backlog"`
}

// newLedger allots the budgets; closed is when weeks were emitted.
func newLedger(raised []raisedEvent, closed map[string]time.Time, rules []Rule, opt Options) (*Ledger, error) {
	l := &Ledger{opt: opt, rules: make(map[string]Rule, len(rules)), places: map[place]string{}, months: map[string]map[Inbox]*monthBook{}}
	for _, r := range rules {
		l.rules[r.ID] = r
	}
	for _, e := range raised {
		if !e.Severity.AtLeast(Orange) {
			continue
		}
		week, err := period.Parse(e.Week)
		if err != nil {
			return nil, fmt.Errorf("read what was raised: %w", err)
		}
		for {
			at, ok := closed[week.String()]
			if !ok || !at.Before(e.At) {
				break
			}
			week = week.Next(1)
		}
		addressees := e.Addressee
		if e.Event == "escalated" { // the others have it already
			addressees = []string{escalationOffice(e.Level)}
		}
		for _, a := range addressees {
			l.demands = append(l.demands, demand{
				inbox: inboxOf(a, e.Area), id: e.ID, rule: e.Rule, severity: e.Severity, score: e.Score, q: e.Q, evidence: uint64(e.NEvidence),
				firstWeek: e.FirstWeek, week: week, isExempt: e.Severity == Red && l.rules[e.Rule].IsExempt, isBacklog: e.IsBacklog && e.Event == "opened",
				isPassed: e.Event == "escalated",
			})
		}
	}
	slices.SortStableFunc(l.demands, func(a, b demand) int { return a.week.Start.Compare(b.week.Start) })
	for from := 0; from < len(l.demands); {
		to := from
		for to < len(l.demands) && l.demands[to].week == l.demands[from].week {
			to++
		}
		l.allot(l.demands[from:to])
		from = to
	}
	return l, nil
}

// allot gives one week's demands their places.
func (l *Ledger) allot(week []demand) {
	latest := map[place]int{} // a warning that asked twice in a week asks with its last event
	for i, d := range week {
		latest[place{d.inbox, d.id}] = i
	}
	byInbox := map[Inbox][]demand{}
	for i, d := range week {
		if latest[place{d.inbox, d.id}] == i {
			byInbox[d.inbox] = append(byInbox[d.inbox], d)
		}
	}
	for inbox, demands := range byInbox {
		book := l.book(demands[0].month(), inbox)
		for _, d := range book.ranked(demands) {
			now := book.give(d, l.opt.budgetOf(inbox.Addressee).of(d.severity))
			book.last[d.id] = entry{d, now}
			l.places[place{inbox, d.id}] = now
		}
	}
}

func (l *Ledger) book(month string, inbox Inbox) *monthBook {
	if l.months[month] == nil {
		l.months[month] = map[Inbox]*monthBook{}
	}
	b := l.months[month][inbox]
	if b == nil {
		b = &monthBook{used: map[Severity]int{}, ofRule: map[string]int{}, last: map[string]entry{}}
		l.months[month][inbox] = b
	}
	return b
}

// give says what becomes of a demand, and counts it.
func (b *monthBook) give(d demand, budget int) string {
	before, asked := b.last[d.id]
	switch {
	case d.isBacklog && !d.isExempt:
		return placeBacklog
	case asked && before.place == placeSent && before.severity == d.severity:
		return placeSent // counted in this month already
	case d.isExempt, budget == NoLimit, b.used[d.severity] < budget:
		b.used[d.severity]++
		b.ofRule[d.rule]++
		return placeSent
	}
	return placeListed
}

// ranked sorts the demands of a week by who comes first.
func (b *monthBook) ranked(demands []demand) []demand {
	inRule := func(x, y demand) int {
		return cmp.Or(
			cmp.Compare(severityRank(x.severity), severityRank(y.severity)), cmp.Compare(y.score, x.score), cmp.Compare(y.evidence, x.evidence),
			cmp.Compare(x.firstWeek, y.firstWeek), cmp.Compare(x.id, y.id))
	}
	slices.SortFunc(demands, func(x, y demand) int { return cmp.Or(cmp.Compare(x.rule, y.rule), inRule(x, y)) })
	turn := make(map[string]int, len(demands))
	n := 0
	for i, d := range demands {
		if i == 0 || d.rule != demands[i-1].rule {
			n = b.ofRule[d.rule]
		}
		turn[d.id] = n
		n++
	}
	slices.SortFunc(demands, func(x, y demand) int {
		return cmp.Or(
			cmp.Compare(heldRank(x), heldRank(y)), cmp.Compare(severityRank(x.severity), severityRank(y.severity)), cmp.Compare(turn[x.id], turn[y.id]),
			cmp.Compare(y.evidence, x.evidence), cmp.Compare(x.firstWeek, y.firstWeek), cmp.Compare(x.id, y.id))
	})
	return demands
}

func heldRank(d demand) int {
	if d.isExempt {
		return 0
	}
	return 1
}

func severityRank(s Severity) int { return slices.Index(severities(), s) }

// Mark fills Listed of warnings: the addressees for whom it is an entry of a list and no warning of its own.
func (l *Ledger) Mark(warnings []Warning) {
	for i := range warnings {
		w := &warnings[i]
		w.Listed = []string{}
		if !w.Severity.AtLeast(Orange) {
			continue
		}
		for _, a := range w.Addressee {
			if p, ok := l.places[place{inboxOf(a, w.Area), w.ID}]; ok && p != placeSent {
				w.Listed = append(w.Listed, a)
			}
		}
	}
}

// GoesOut reports whether a warning, once marked, is red or orange and a warning of its own for somebody who has a budget,
// or for all when none of its addressees has one.
func (l *Ledger) GoesOut(w Warning) bool {
	if !w.Severity.AtLeast(Orange) {
		return false
	}
	limited := slices.DeleteFunc(slices.Clone(w.Addressee), func(a string) bool { return l.opt.budgetOf(a).of(w.Severity) == NoLimit })
	return len(limited) == 0 || slices.ContainsFunc(limited, func(a string) bool { return !slices.Contains(w.Listed, a) })
}
