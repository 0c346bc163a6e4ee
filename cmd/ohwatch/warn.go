package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/transform"
	"ohwatch/warehouse"
)

// newWarnCommand is `ohwatch warn`: evaluates rules and detectors for an ISO week.
func newWarnCommand(a *app) *cobra.Command {
	var weekText, asOf, failOn string
	command := &cobra.Command{
		Use:   "warn [--week 2026-W46] [--as-of DATE] [--fail-on SEVERITY]",
		Short: a.text("warn.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			opt := a.transformOptions("command")
			var day time.Time
			if asOf != "" {
				var err error
				if day, err = parseDay("--as-of", asOf); err != nil {
					return err
				}
				opt.Today = day
			}
			week, err := a.parseWeek(weekText, opt.Today)
			if err != nil {
				return err
			}
			level, err := parseFailOn(failOn)
			if err != nil {
				return err
			}
			if err := a.openDB(ctx); err != nil {
				return err
			}
			evaluate := func(db *warehouse.DB, opt transform.Options) error {
				e, err := transform.Evaluate(ctx, db, week, opt)
				for _, broken := range e.Broken {
					a.note("warn.broken", map[string]any{"error": broken.Error()})
				}
				if err != nil {
					return err
				}
				ledger, err := transform.ReadLedger(ctx, db, opt)
				if err != nil {
					return err
				}
				return a.printEvaluation(e, ledger, level)
			}
			if asOf == "" {
				return evaluate(a.db, opt)
			}
			return transform.AsOf(ctx, a.db, day, opt, evaluate)
		},
	}
	command.AddCommand(newEmitCommand(a), newBudgetCommand(a), newBacktestCommand(a))
	command.Flags().StringVar(&weekText, "week", "", a.text("warn.flag_week", nil))
	command.Flags().StringVar(&asOf, "as-of", "", a.text("warn.flag_as_of", nil))
	command.Flags().StringVar(&failOn, "fail-on", "", a.text("warn.flag_fail_on", nil))
	return command
}

// printEvaluation prints the warnings of a week; it is an error with exit code 3 when one is at least as urgent as
// level.
func (a *app) printEvaluation(e transform.Evaluation, ledger *transform.Ledger, level transform.Severity) error {
	if err := a.printWarnings(e.Warnings, ledger, ledger.GoesOut); err != nil {
		return err
	}
	a.sayOverBudget(ledger, transform.BudgetMonth(e.Week))
	key := "warn.summary"
	if !e.Complete() {
		key = "warn.summary_incomplete"
	}
	a.say(key, map[string]any{
		"week": e.Week, "n": len(e.Warnings), "opened": e.Opened, "reopened": e.Reopened, "resolved": e.Resolved, "broken": len(e.Broken),
	})
	if level == "" {
		return nil
	}
	for _, w := range e.Warnings {
		if w.Severity.AtLeast(level) {
			return &exitError{code: exitNeedsPerson}
		}
	}
	return nil
}

// printWarnings prints warnings as lines of JSON, or for a person: those that show picks one by one (mostly Ledger.GoesOut: red
// and orange ones within the budget), the others counted by rule.
func (a *app) printWarnings(warnings []transform.Warning, ledger *transform.Ledger, show func(transform.Warning) bool) error {
	titles, err := ruleTitles(a.files)
	if err != nil {
		return err
	}
	ledger.Mark(warnings)
	type group struct {
		severity transform.Severity
		rule     string
	}
	counted := map[group]int{}
	var order []group
	for i := range warnings {
		w := &warnings[i]
		w.Describe(a.printer, titles[w.Rule])
		if a.json {
			if err := a.printJSON(w); err != nil {
				return err
			}
			continue
		}
		if !show(*w) {
			g := group{w.Severity, w.Rule}
			if counted[g] == 0 {
				order = append(order, g)
			}
			counted[g]++
			continue
		}
		fmt.Fprintf(a.out, "%s  %-14s %s\n", a.text("warn.severity_"+string(w.Severity), nil), w.ID, w.Title)
		a.printLines(*w)
	}
	for _, g := range order {
		key := "warn.counted"
		if g.severity.AtLeast(transform.Orange) {
			key = "warn.counted_over"
		}
		a.say(key, map[string]any{
			"severity": a.text("warn.severity_"+string(g.severity), nil), "rule": g.rule, "title": a.title(titles[g.rule]), "n": counted[g],
		})
	}
	return nil
}

// printLines prints what a person needs below the title of a warning.
func (a *app) printLines(w transform.Warning) {
	a.say("warn.line", map[string]any{
		"area": w.Area, "addressee": strings.Join(w.Addressee, ", "), "due": w.DueDay, "since": w.FirstSeen,
		"state": a.text("warn.state_"+w.State, nil), "n": w.NEvidence,
	})
	if w.Late {
		a.say("warn.late_line", map[string]any{"date": w.KnownDay})
	}
	if w.Owner != "" {
		a.say("warn.owner_line", map[string]any{"owner": oneLine(w.Owner)})
	}
	if w.Level > 0 {
		a.say("warn.level_line", map[string]any{"level": a.text(fmt.Sprintf("warn.level_%d", w.Level), nil)})
	}
}

// noteBrokenRules says which rules will not work, as long as nobody mends them; the others go on.
func (a *app) noteBrokenRules(ctx context.Context) error {
	broken, err := transform.CheckRules(ctx, a.db, a.transformOptions("command"))
	for _, fault := range broken {
		a.note("warn.broken", map[string]any{"error": fault.Error()})
	}
	return err
}

// ruleTitles are the names of the rules by id.
func ruleTitles(definitions fs.FS) (map[string]transform.Title, error) {
	rules, _, err := transform.LoadRules(definitions)
	if err != nil {
		return nil, err
	}
	titles := make(map[string]transform.Title, len(rules))
	for _, r := range rules {
		titles[r.ID] = r.Title
	}
	return titles, nil
}
