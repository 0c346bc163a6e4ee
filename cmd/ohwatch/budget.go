package main

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/transform"
)

// budgetMonth is how --month is written.
var budgetMonth = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

// newBudgetCommand is `ohwatch warn budget`: how the monthly budgets of red and orange warnings were used, what is listed, and
// which rule's parameter to look at.
func newBudgetCommand(a *app) *cobra.Command {
	var month, area string
	command := &cobra.Command{
		Use:   "budget [--month 2026-11] [--area 410184106]",
		Short: a.text("budget.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if month == "" {
				month = transform.BudgetMonth(transform.LastWeek(a.today()))
			}
			if !budgetMonth.MatchString(month) {
				return wrongUsage("usage.choice", map[string]any{"flag": "--month", "value": month, "choices": "2026-11"})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			return a.showBudget(cmd.Context(), month, area)
		},
	}
	command.Flags().StringVar(&month, "month", "", a.text("budget.flag_month", nil))
	command.Flags().StringVar(&area, "area", "", a.text("budget.flag_area", nil))
	return command
}

// budgetLine is what `ohwatch warn budget --json` prints.
type budgetLine struct {
	Month      string              `json:"month"`
	Addressees []transform.Account `json:"addressees"`
	Listed     []transform.Warning `json:"listed"`
	Advice     []transform.Advice  `json:"advice"`
}

// showBudget prints the accounts of a month, the list of what did not go out, that of one area if one is given, and the advice.
func (a *app) showBudget(ctx context.Context, month, area string) error {
	ledger, err := transform.ReadLedger(ctx, a.db, a.transformOptions("command"))
	if err != nil {
		return err
	}
	warnings, err := transform.Warnings(ctx, a.db)
	if err != nil {
		return err
	}
	titles, err := ruleTitles(a.files)
	if err != nil {
		return err
	}
	ledger.Mark(warnings)
	ids := ledger.Listed(month)
	line := budgetLine{Month: month, Addressees: []transform.Account{}, Listed: []transform.Warning{}, Advice: []transform.Advice{}}
	line.Addressees = append(line.Addressees, ledger.Accounts(month)...)
	line.Advice = append(line.Advice, ledger.Advice(month)...)
	for _, w := range warnings {
		if _, listed := slices.BinarySearch(ids, w.ID); listed && (area == "" || w.Area == area) {
			w.Describe(a.printer, titles[w.Rule])
			line.Listed = append(line.Listed, w)
		}
	}
	if a.json {
		return a.printJSON(line)
	}
	if len(line.Addressees) == 0 {
		a.say("budget.none", map[string]any{"month": month})
		return nil
	}
	for _, x := range line.Addressees {
		a.say("budget.line", map[string]any{
			"inbox": inboxName(x.Inbox), "red": a.use(x.Red), "orange": a.use(x.Orange),
		})
	}
	a.say("budget.listed", map[string]any{"month": month, "n": len(line.Listed)})
	if area != "" {
		for _, w := range line.Listed {
			a.say("budget.entry", map[string]any{
				"severity": a.text("warn.severity_"+string(w.Severity), nil), "id": w.ID, "title": oneLine(w.Title), "listed": strings.Join(w.Listed, ", "),
			})
		}
	}
	for _, x := range line.Advice {
		a.sayAdvice(x, a.title(titles[x.Rule]))
	}
	return nil
}

// inboxName is an addressee, of a township with its code.
func inboxName(i transform.Inbox) string { return strings.TrimSpace(i.Addressee + " " + i.Area) }

// use says how one severity's budget was used.
func (a *app) use(u transform.Use) string {
	most := strconv.Itoa(u.Budget)
	if u.Budget == transform.NoLimit {
		most = "—"
	}
	return strings.TrimSpace(a.text("budget.use", map[string]any{"sent": u.Sent, "budget": most, "listed": u.Listed, "backlog": u.Backlog}))
}

// sayAdvice says which parameter of a rule over the budget to look at.
func (a *app) sayAdvice(x transform.Advice, title string) {
	key := "budget.advice_params"
	switch {
	case x.Proposed != "":
		key = "budget.advice"
	case len(x.Params) == 0:
		key = "budget.advice_none"
	}
	a.say(key, map[string]any{
		"severity": strings.TrimSpace(a.text("warn.severity_"+string(x.Severity), nil)), "rule": x.Rule, "title": title, "raised": x.Raised, "listed": x.Listed,
		"parameter": x.Parameter, "value": x.Value, "proposed": x.Proposed, "params": strings.Join(x.Params, ", "),
	})
}

// sayOverBudget says in one line who gets a list instead of warnings, and which rule makes most of it.
func (a *app) sayOverBudget(ledger *transform.Ledger, month string) {
	if a.json {
		return
	}
	var names []string
	for _, x := range ledger.Accounts(month) {
		if x.Over() {
			names = append(names, inboxName(x.Inbox))
		}
	}
	if len(names) == 0 {
		return
	}
	worst := ledger.Advice(month)[0]
	a.say("budget.over", map[string]any{"month": month, "inboxes": strings.Join(names, ", "), "rule": worst.Rule, "listed": worst.Listed})
}
