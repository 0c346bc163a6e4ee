package transform

import (
	"context"
	"slices"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// backlogWeeks is how long a matter must have lasted, when its rule is evaluated for the first time, to be backlog.
const backlogWeeks = 4

// argBacklog marks the candidates that were there long before anybody looked.
const argBacklog = "backlog"

// markBacklog marks the orange candidates that are not known yet and that the rule would have seen backlogWeeks before, when the week is
// the first one for which any version of the rule is evaluated, or lies before it. Who begins to use the program, or adds a rule, is not to
// be flooded with what has been so for years: it is listed, and the budgets are left to what is new. Red ones are few and
// are never backlog.
func (r Rule) markBacklog(
	ctx context.Context, db *warehouse.DB, week period.Period, first map[ruleVersion]period.Period, found []candidate, known map[string]Warning, opt Options,
) error {
	for v, w := range first {
		if v.rule == r.ID && w.Start.Before(week.Start) {
			return nil
		}
	}
	isFresh := func(c candidate) bool {
		_, exists := known[c.id(r.ID)]
		return !exists && Severity(c.Severity) == Orange
	}
	if !slices.ContainsFunc(found, isFresh) {
		return nil
	}
	earlier, err := r.candidates(ctx, db, week.Prev(backlogWeeks), opt)
	if err != nil {
		return err
	}
	old := make(map[string]bool, len(earlier))
	for _, c := range earlier {
		if Severity(c.Severity).AtLeast(Orange) {
			old[c.id(r.ID)] = true
		}
	}
	for i := range found {
		if c := &found[i]; isFresh(*c) && old[c.id(r.ID)] {
			if c.Args == nil {
				c.Args = map[string]string{}
			}
			c.Args[argBacklog] = "1"
		}
	}
	return nil
}
