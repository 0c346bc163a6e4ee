package transform

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// lateWeeks is how many weeks back late data are looked for.
const lateWeeks = 52

// ruleVersion is a rule as it was evaluated.
type ruleVersion struct{ rule, version string }

// ruleWeek is one row of wrn_rule.
type ruleWeek struct {
	ruleVersion
	week string
	at   time.Time
	run  uint64
	n    uint32
}

// firstWeeks returns for each version of each rule the first week for which it was evaluated. What it would have seen
// before is not late: nobody looked.
func firstWeeks(ctx context.Context, db *warehouse.DB) (map[ruleVersion]period.Period, error) {
	var rows []struct {
		Rule    string `ch:"rule"`
		Version string `ch:"version"`
		Week    string `ch:"week"`
	}
	if err := db.Select(ctx, &rows, "transform_rule_weeks"); err != nil {
		return nil, fmt.Errorf("read which rules were evaluated: %w", err)
	}
	first := make(map[ruleVersion]period.Period, len(rows))
	for _, r := range rows {
		week, err := period.Parse(r.Week)
		if err != nil {
			return nil, fmt.Errorf("read which rules were evaluated: %w", err)
		}
		first[ruleVersion{r.Rule, r.Version}] = week
	}
	return first, nil
}

func appendRuleWeeks(ctx context.Context, db *warehouse.DB, rows []ruleWeek) error {
	a, err := db.Append(ctx, "wrn_rule", []string{"rule", "version", "week", "at", "run", "n"})
	if err != nil {
		return err
	}
	defer a.Close()
	for _, r := range rows {
		for i, value := range []any{r.rule, r.version, r.week, r.at, r.run, r.n} {
			if err := a.Column(i).AppendRow(value); err != nil {
				return fmt.Errorf("write wrn_rule: %w", err)
			}
		}
	}
	return a.Send()
}

// lateness is what late data have changed about a rule.
type lateness struct {
	since  map[string]period.Period // of a new warning the first week that would have raised it
	missed []candidate              // that were in sight of earlier weeks only
}

// late finds which candidates of a week would have been raised by an earlier evaluation, had the data been there, and
// which events have already left the rule's sight, its parameter lookback_days, when their data came. It looks back
// to the first week for which this version of the rule was evaluated, and not more than lateWeeks. isPast says that a
// later week was evaluated before.
func (r Rule) late(
	ctx context.Context, db *warehouse.DB, week, first period.Period, isPast bool, found []candidate, known map[string]Warning, opt Options,
) (lateness, error) {
	l := lateness{since: map[string]period.Period{}}
	if first == (period.Period{}) || first.Start.After(week.Start) {
		return l, nil
	}
	s := sight{rule: r, db: db, opt: opt, asked: map[string]map[string]candidate{}}
	for w := week.Prev(1); !w.Start.Before(first.Start) && len(s.weeks) < lateWeeks; w = w.Prev(1) {
		s.weeks = append([]period.Period{w}, s.weeks...)
	}
	fresh := map[string]bool{} // not known yet
	for _, c := range found {
		if _, ok := known[c.id(r.ID)]; !ok {
			fresh[c.id(r.ID)] = true
		}
	}
	handled := maps.Clone(fresh)
	if err := s.earliest(ctx, fresh, len(s.weeks), l.since); err != nil {
		return l, err
	}
	for id := range fresh {
		if _, earlier := l.since[id]; isPast && !earlier {
			l.since[id] = week // a later week was evaluated before
		}
	}
	for at := len(s.weeks) - r.reach(); r.reach() > 0 && at >= 0; at -= r.reach() {
		seen, err := s.in(ctx, at)
		if err != nil {
			return l, err
		}
		missed := map[string]bool{}
		for id, c := range seen {
			old, exists := known[id]
			switch {
			case handled[id]:
			case !exists:
				handled[id], missed[id] = true, true
				l.missed = append(l.missed, c)
				l.since[id] = s.weeks[at]
			case old.LastWeek == week.String() && old.Knowable != nil: // raised as a late one when the week was evaluated before
				handled[id] = true
				l.missed = append(l.missed, c)
			}
		}
		if err := s.earliest(ctx, missed, at, l.since); err != nil {
			return l, err
		}
	}
	return l, nil
}

// reach is for how many weeks an event stays in the sight of a rule, 0 when nothing limits it.
func (r Rule) reach() int {
	days, err := strconv.Atoi(r.param("lookback_days"))
	if err != nil || !r.IsEvent {
		return 0
	}
	return max(days/7, 1)
}

// sight is what a rule sees in earlier weeks with the data of today.
type sight struct {
	rule  Rule
	db    *warehouse.DB
	opt   Options
	weeks []period.Period // oldest first
	asked map[string]map[string]candidate
}

// in returns the candidates of a week by id.
func (s *sight) in(ctx context.Context, at int) (map[string]candidate, error) {
	week := s.weeks[at]
	if seen, ok := s.asked[week.String()]; ok {
		return seen, nil
	}
	found, err := s.rule.candidates(ctx, s.db, week, s.opt)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]candidate, len(found))
	for _, c := range found {
		seen[c.id(s.rule.ID)] = c
	}
	s.asked[week.String()] = seen
	return seen, nil
}

// earliest notes for each of ids, which are seen in the week at position at (or behind the last one), the first week
// from which on they are seen. Mostly that is the week itself, so the week before is asked first, then the middle.
func (s *sight) earliest(ctx context.Context, ids map[string]bool, at int, since map[string]period.Period) error {
	return s.search(ctx, ids, 0, at, at-1, since)
}

// search narrows the first week down to positions from to to; ids are seen at to.
func (s *sight) search(ctx context.Context, ids map[string]bool, from, to, probe int, since map[string]period.Period) error {
	if len(ids) == 0 {
		return nil
	}
	if from >= to {
		if to < len(s.weeks) {
			for id := range ids {
				since[id] = s.weeks[to]
			}
		}
		return nil
	}
	seen, err := s.in(ctx, probe)
	if err != nil {
		return err
	}
	yes, no := map[string]bool{}, map[string]bool{}
	for id := range ids {
		if _, ok := seen[id]; ok {
			yes[id] = true
		} else {
			no[id] = true
		}
	}
	if err := s.search(ctx, yes, from, probe, (from+probe)/2, since); err != nil {
		return err
	}
	return s.search(ctx, no, probe+1, to, (probe+1+to)/2, since)
}
