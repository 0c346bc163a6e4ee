package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// kindUrgent is the kind of the runs that look for red warnings between the weekly evaluations. Being of another kind, they leave alone
// which week was evaluated last.
const kindUrgent = "urgent"

// Urgent looks for red warnings with what is known now, without waiting for the end of the week: it brings the models up to date, asks
// the rules that can be red about the running week up to today, and notes what has become red: opened, reopened, or more urgent than before.
// It resolves nothing, notes nothing else as seen again and asks no weekly series: a week that has not ended says too little for that. The week's own evaluation
// finds these warnings as known.
//
// Evaluation.Warnings are the open red warnings of the whole warehouse, most urgent first. Rules that don't work are named in
// Broken; the error is ErrNoRule when none works, or that of the warehouse.
func Urgent(ctx context.Context, db *warehouse.DB, opt Options) (Evaluation, error) {
	opt = opt.withDefaults(db)
	unlock, err := lock(ctx, db)
	if err != nil {
		return Evaluation{}, err
	}
	defer unlock()
	models, err := LoadModels(opt.Files)
	if err != nil {
		return Evaluation{}, err
	}
	rules, broken, err := LoadRules(opt.Files)
	if err != nil {
		return Evaluation{}, err
	}
	rules, wrong := configured(rules, opt.Rules)
	record, err := startRun(ctx, db, opt, kindUrgent, "warn")
	if err != nil {
		return Evaluation{}, err
	}
	week := period.Of(opt.Today, period.Week)
	week.End = opt.Today // facts of days to come are not overdue today
	e := Evaluation{Run: record.run, Week: week, Broken: append(broken, wrong...)}
	err = func() error {
		opt.Select = nil
		wanted, err := selected(models, nil, nil, nil)
		if err != nil {
			return err
		}
		wanted.indicators = false
		if _, err := bringUp(ctx, db, opt, models, nil, wanted, record, &Result{}); err != nil {
			return err
		}
		return e.urgent(ctx, db, rules, opt)
	}()
	return e, errors.Join(err, record.end(ctx, uint64(len(e.Warnings)), week.String(), err))
}

func (e *Evaluation) urgent(ctx context.Context, db *warehouse.DB, rules []Rule, opt Options) error {
	known, err := Warnings(ctx, db)
	if err != nil {
		return err
	}
	byID := make(map[string]Warning, len(known))
	for _, w := range known {
		byID[w.ID] = w
	}
	first, err := firstWeeks(ctx, db)
	if err != nil {
		return err
	}
	h := history{week: e.Week, today: opt.Today, at: opt.Now(), by: opt.By, seen: map[string]bool{}}
	rules = slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return !r.canBeRed() || r.Detector != "" })
	answers := askAll(ctx, rules, opt.Log, e.Week, func(r Rule) (a answer) {
		if a.found, a.err = r.candidates(ctx, db, e.Week, opt); a.err == nil {
			a.late, a.err = r.late(ctx, db, e.Week, first[ruleVersion{r.ID, r.Version}], false, a.found, byID, opt)
		}
		return a
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	worked := 0
	for i, r := range rules {
		a := answers[i]
		if a.err != nil {
			e.Broken = append(e.Broken, a.err)
			continue
		}
		worked++
		for _, c := range append(a.found, a.late.missed...) {
			old, exists := byID[c.id(r.ID)]
			if Severity(c.Severity) != Red || exists && old.Open() && old.Severity == Red {
				continue
			}
			h.see(r, c, a.late.since[c.id(r.ID)], byID)
		}
	}
	if worked == 0 {
		return ErrNoRule.With("n", len(e.Broken))
	}
	if err := h.write(ctx, db); err != nil {
		return err
	}
	e.Opened, e.Reopened = h.count("opened"), h.count("reopened")
	after, err := Warnings(ctx, db)
	if err != nil {
		return err
	}
	for _, w := range after {
		if w.Open() && w.Severity == Red {
			e.Warnings = append(e.Warnings, w)
		}
	}
	return nil
}

// canBeRed reports whether a rule names the severity red, in its header or in its query.
func (r Rule) canBeRed() bool {
	return r.Severity == Red || strings.Contains(r.Body, "'"+string(Red)+"'")
}

// Raised returns when each warning was raised last, by id: opened, reopened, or become red.
func Raised(ctx context.Context, db *warehouse.DB) (map[string]time.Time, error) {
	var rows []struct {
		ID string    `ch:"id"`
		At time.Time `ch:"at"`
	}
	if err := db.Select(ctx, &rows, "transform_reddened"); err != nil {
		return nil, fmt.Errorf("read when warnings were raised: %w", err)
	}
	raised := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		raised[r.ID] = r.At
	}
	return raised, nil
}
