package emission

import "slices"

// Budget says how the budgets of the month of a week were used, as far as known when the week was closed.
type Budget struct {
	Month      string    `json:"month"`      // 2026-11, of the last day of the week
	Addressees []Account `json:"addressees"` // to whom anything red or orange came in the month
	Advice     []Advice  `json:"advice"`     // for the owner of the rules: which exceeded a budget
}

// Account is the month of one addressee, of one township for TS.
type Account struct {
	Addressee string `json:"addressee"`
	Area      string `json:"area"` // of TS, else empty
	Red       Use    `json:"red"`
	Orange    Use    `json:"orange"`
}

// Use is how the budget of one severity was used. Raised is the sum of sent, listed and backlog.
type Use struct {
	Budget  int `json:"budget"`  // -1: any number
	Raised  int `json:"raised"`  // warnings that were opened, came back, became more urgent or were escalated to it
	Sent    int `json:"sent"`    // as warnings of their own
	Listed  int `json:"listed"`  // over the budget: entries of the list in the township scorecard
	Backlog int `json:"backlog"` // entries of the list because they were there before the rule was evaluated first
}

// Advice names a rule that exceeded a budget, and what to look at.
type Advice struct {
	Rule      string   `json:"rule"`
	Severity  string   `json:"severity"`
	Raised    int      `json:"raised"`
	Listed    int      `json:"listed"`
	Parameter string   `json:"parameter"` // that decides how many warnings it raises; empty: none alone
	Value     string   `json:"value"`     // of it
	Proposed  string   `json:"proposed"`  // with which it would have stayed within the budgets; empty: not known
	Params    []string `json:"params"`    // all parameters of the rule
}

// separate reports whether a warning stands in the document as one of its own: red or orange and within the budget of the
// addressee whose part it is, in the document of all within that of any addressee who has one.
func (d Document) separate(w Warning) bool {
	switch {
	case d.Scorecard, w.Severity != "red" && w.Severity != "orange":
		return false
	case d.Addressee != "":
		return !slices.Contains(w.Listed, d.Addressee)
	}
	limited := slices.DeleteFunc(slices.Clone(w.Addressee), func(a string) bool { return d.hasNoLimit(a, w.Severity) })
	return len(limited) == 0 || slices.ContainsFunc(limited, func(a string) bool { return !slices.Contains(w.Listed, a) })
}

// hasNoLimit reports whether any number of warnings goes to an addressee.
func (d Document) hasNoLimit(addressee, severity string) bool {
	if d.Budget == nil {
		return false
	}
	return slices.ContainsFunc(d.Budget.Addressees, func(a Account) bool {
		use := a.Orange
		if severity == "red" {
			use = a.Red
		}
		return a.Addressee == addressee && use.Budget < 0
	})
}

// Separate are the warnings of a document that are to be told one by one, most urgent first; the others are its list.
func (d Document) Separate() []Warning {
	return slices.DeleteFunc(slices.Clone(d.Warnings), func(w Warning) bool { return !d.separate(w) })
}

// List are the warnings of a document that are not told one by one: yellow, blue, and those over the budget.
func (d Document) List() []Warning {
	return slices.DeleteFunc(slices.Clone(d.Warnings), d.separate)
}

// part is the document of one addressee, of one township for TS: its own warnings and its own account. The city hears all advice,
// since the rules are its own.
func (d Document) part(addressee, area string, own []Warning) Document {
	d.Addressee, d.Area, d.Warnings = addressee, area, own
	if d.Budget != nil {
		b := Budget{Month: d.Budget.Month, Addressees: []Account{}, Advice: []Advice{}}
		for _, a := range d.Budget.Addressees {
			if a.Addressee == addressee && a.Area == area {
				b.Addressees = append(b.Addressees, a)
			}
		}
		if addressee == city {
			b.Advice = d.Budget.Advice
		}
		d.Budget = &b
	}
	return d
}
