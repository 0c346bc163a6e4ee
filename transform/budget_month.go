package transform

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Use is how one severity's budget of a month was used. Raised is the sum of the other three.
type Use struct {
	Budget  int `json:"budget"` // NoLimit: none
	Raised  int `json:"raised"` // warnings that asked for attention
	Sent    int `json:"sent"`   // as warnings of their own
	Listed  int `json:"listed"` // over the budget
	Backlog int `json:"backlog"`
}

// Account is the month of one inbox.
type Account struct {
	Inbox
	Red    Use `json:"red"`
	Orange Use `json:"orange"`
}

// Over reports whether something was listed because it exceeds the budget.
func (a Account) Over() bool { return a.Red.Listed+a.Orange.Listed > 0 }

// Accounts are the inboxes to which anything red or orange came in a month (2026-11), by addressee and area.
func (l *Ledger) Accounts(month string) []Account {
	var all []Account
	for inbox, book := range l.months[month] {
		b := l.opt.budgetOf(inbox.Addressee)
		a := Account{Inbox: inbox, Red: Use{Budget: b.Red}, Orange: Use{Budget: b.Orange}}
		for _, e := range book.last {
			u := &a.Orange
			if e.severity == Red {
				u = &a.Red
			}
			u.Raised++
			switch e.place {
			case placeSent:
				u.Sent++
			case placeBacklog:
				u.Backlog++
			default:
				u.Listed++
			}
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Account) int {
		return cmp.Or(slices.Index(Addressees(), a.Addressee)-slices.Index(Addressees(), b.Addressee), cmp.Compare(a.Area, b.Area))
	})
	return all
}

// Listed are the warnings of a month that are over the budget of an inbox or were there before the rules, by id.
func (l *Ledger) Listed(month string) []string {
	ids := map[string]bool{}
	for _, book := range l.months[month] {
		for id, e := range book.last {
			if e.place != placeSent {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// Advice tells the owner of a rule that it exceeds budgets, and which of its parameters to look at.
type Advice struct {
	Rule      string   `json:"rule"`
	Severity  Severity `json:"severity"`
	Raised    int      `json:"raised"`    // warnings of the rule in the month
	Listed    int      `json:"listed"`    // of them over the budget of somebody
	Inboxes   []Inbox  `json:"inboxes"`   // whose budget it exceeds, those with most listed first
	Parameter string   `json:"parameter"` // that its warnings are held against; empty: none of its parameters alone decides
	Value     string   `json:"value"`     // of it now
	Proposed  string   `json:"proposed"`  // with which no more would have been raised than each inbox had room for; empty: none is known
	Params    []string `json:"params"`    // all parameters of the rule
}

// Advice lists the rules that exceeded a budget in a month, the one with most listed first; what was only escalated is no matter of its rule. The proposed value of a parameter
// leaves, of the warnings that the rule raised in each inbox, at most as many as went out: those with the highest
// scores, of a detector those with the lowest false discovery rates.
func (l *Ledger) Advice(month string) []Advice {
	type key struct {
		rule     string
		severity Severity
	}
	perInbox := map[key]map[Inbox][]entry{}
	for inbox, book := range l.months[month] {
		for _, e := range book.last {
			k := key{e.rule, e.severity}
			if perInbox[k] == nil {
				perInbox[k] = map[Inbox][]entry{}
			}
			if e.place != placeBacklog && !e.isPassed {
				perInbox[k][inbox] = append(perInbox[k][inbox], e)
			}
		}
	}
	var all []Advice
	for k, inboxes := range perInbox {
		raised, listed, over := map[string]bool{}, map[string]bool{}, map[Inbox]int{}
		for inbox, entries := range inboxes {
			for _, e := range entries {
				raised[e.id] = true
				if e.place == placeListed {
					listed[e.id] = true
					over[inbox]++
				}
			}
		}
		if len(listed) == 0 {
			continue
		}
		r := l.rules[k.rule]
		a := Advice{Rule: k.rule, Severity: k.severity, Raised: len(raised), Listed: len(listed), Params: []string{}}
		a.Inboxes = slices.SortedFunc(maps.Keys(over), func(x, y Inbox) int {
			return cmp.Or(cmp.Compare(over[y], over[x]), cmp.Compare(x.Addressee, y.Addressee), cmp.Compare(x.Area, y.Area))
		})
		for _, p := range r.Params {
			a.Params = append(a.Params, p.Name)
		}
		if a.Parameter = r.tunedBy(k.severity); a.Parameter != "" {
			a.Value = r.param(a.Parameter)
			var strictest float64
			for i, inbox := range a.Inboxes {
				v := r.bound(inboxes[inbox], len(inboxes[inbox])-over[inbox])
				if i == 0 || (v > strictest) == (r.Detector == "") {
					strictest = v
				}
			}
			a.Proposed = proposed(strictest, r.Detector != "")
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(b.Listed, a.Listed), cmp.Compare(a.Rule, b.Rule), cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)))
	})
	return all
}

// fdrParameter is what a detector holds its false discovery rates against.
const fdrParameter = "fdr"

// tunedBy is the parameter that decides how many warnings of a severity a rule raises.
func (r Rule) tunedBy(s Severity) string {
	if r.Detector != "" {
		return fdrParameter
	}
	return r.Tune[s]
}

// bound is the value with which the rule would have raised at most room of the entries: a score that they must exceed, of a detector a rate
// that theirs may not exceed.
func (r Rule) bound(entries []entry, room int) float64 {
	values := make([]float64, len(entries))
	for i, e := range entries {
		values[i] = e.score
		if r.Detector != "" {
			values[i] = 1
			if e.q != nil {
				values[i] = *e.q
			}
		}
	}
	slices.Sort(values)
	if r.Detector == "" {
		return values[len(values)-1-room] // the highest that is too many
	}
	for room > 0 && values[room-1] == values[room] {
		room--
	}
	if room > 0 {
		return values[room-1]
	}
	return values[0] / 2
}

// proposed writes a value as a parameter, rounded to the strict side.
func proposed(x float64, down bool) string {
	if down {
		if x <= 0 {
			return "0"
		}
		unit := math.Pow(10, math.Floor(math.Log10(x))-2)
		return strings.TrimSuffix(strconv.FormatFloat(math.Floor(x/unit+1e-9)*unit, 'g', 3, 64), ".0")
	}
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Ceil(x), 'f', -1, 64)
}
