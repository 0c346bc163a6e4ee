package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/period"
	"ohwatch/transform"
)

// newWarningsCommand is `ohwatch warnings`: the life of a warning.
func newWarningsCommand(a *app) *cobra.Command {
	var all, listed bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listWarnings(cmd, all, listed) }
	command := &cobra.Command{
		Use:   "warnings",
		Short: a.text("warn.warnings_short", nil),
		Args:  cobra.NoArgs,
		RunE:  list,
	}
	listCommand := &cobra.Command{Use: "list [--all] [--listed]", Short: a.text("warn.list_short", nil), Args: cobra.NoArgs, RunE: list}
	for _, c := range []*cobra.Command{command, listCommand} {
		c.Flags().BoolVar(&all, "all", false, a.text("warn.flag_all", nil))
		c.Flags().BoolVar(&listed, "listed", false, a.text("warn.flag_listed", nil))
	}
	command.AddCommand(listCommand, &cobra.Command{
		Use: "show ID", Short: a.text("warn.show_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showWarning(cmd, args[0]) },
	}, &cobra.Command{
		Use: "history ID", Short: a.text("warn.history_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showHistory(cmd.Context(), args[0]) },
	}, &cobra.Command{
		Use: "escalate", Short: a.text("warn.escalate_short", nil), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.escalate(cmd.Context()) },
	})
	command.AddCommand(newLinkCommand(a))
	for _, s := range steps() {
		command.AddCommand(newStepCommand(a, s))
	}
	return command
}

// outcomes that a closed warning may have.
func outcomes() []string {
	return []string{"confirmed", "measures_taken", "false_alarm", "duplicate", "other"}
}

// step is one thing that a person may do about a warning, and the flags that it has beside --comment and --attach.
type step struct{ verb, use, event, flag string }

func steps() []step {
	return []step{
		{"ack", "ack ID", "acknowledged", ""},
		{"assign", "assign ID --to OWNER [--due DATE]", "assigned", "to"},
		{"act", "act ID [--owner OWNER]", "acting", "owner"},
		{"verify", "verify ID", "verified", ""},
		{"close", "close ID --outcome OUTCOME", "closed", "outcome"},
		{"dismiss", "dismiss ID --reason TEXT", "dismissed", "reason"},
		{"comment", "comment ID --comment TEXT [--attach NAME]", "comment", ""},
	}
}

func newStepCommand(a *app, s step) *cobra.Command {
	change := transform.Change{Step: s.event}
	var due string
	command := &cobra.Command{
		Use: s.use, Short: a.text("warn."+s.verb+"_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if due != "" {
				day, err := parseDay("--due", due)
				if err != nil {
					return err
				}
				change.Due = &day
			}
			change.By = userName()
			return a.doStep(cmd.Context(), args[0], change)
		},
	}
	flags := command.Flags()
	flags.StringVar(&change.Comment, "comment", "", a.text("warn.flag_comment", nil))
	flags.StringArrayVar(&change.Attachments, "attach", nil, a.text("warn.flag_attach", nil))
	switch s.flag {
	case "to":
		flags.StringVar(&change.Owner, "to", "", a.text("warn.flag_to", nil))
		flags.StringVar(&due, "due", "", a.text("warn.flag_due", nil))
	case "owner":
		flags.StringVar(&change.Owner, "owner", "", a.text("warn.flag_owner", nil))
	case "outcome":
		flags.StringVar(&change.Outcome, "outcome", "", a.text("warn.flag_outcome", nil))
	case "reason":
		flags.StringVar(&change.Outcome, "reason", "", a.text("warn.flag_reason", nil))
	}
	return command
}

// checkChange reports what is missing from a change, as wrong usage.
func checkChange(c transform.Change) error {
	switch {
	case c.Step == "closed" && !slices.Contains(outcomes(), c.Outcome):
		return wrongUsage("usage.choice", map[string]any{"flag": "--outcome", "value": c.Outcome, "choices": strings.Join(outcomes(), ", ")})
	case c.Step == "assigned" && strings.TrimSpace(c.Owner) == "":
		return wrongUsage("warn.need_owner", nil)
	case c.Step == "dismissed" && strings.TrimSpace(c.Outcome) == "":
		return wrongUsage("warn.need_reason", nil)
	case c.Step == "comment" && strings.TrimSpace(c.Comment) == "" && len(c.Attachments) == 0:
		return wrongUsage("warn.need_comment", nil)
	}
	return nil
}

// doStep does something about a warning and says so.
func (a *app) doStep(ctx context.Context, id string, c transform.Change) error {
	if err := checkChange(c); err != nil {
		return err
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	w, err := transform.DoStep(ctx, a.db, id, c)
	if err != nil {
		return a.warningError(err)
	}
	outcome := w.Outcome
	if c.Step == "closed" {
		outcome = a.text("warn.outcome_"+w.Outcome, nil)
	}
	key := "warn.did_" + c.Step
	switch c.Step {
	case "acknowledged", "closed":
		key = "warn." + c.Step
	}
	a.say(key, map[string]any{"id": id, "owner": w.Owner, "due": w.DueDay, "outcome": outcome})
	if !a.json {
		return nil
	}
	titles, err := ruleTitles(a.files)
	if err != nil {
		return err
	}
	w.Describe(a.printer, titles[w.Rule])
	return a.printJSON(w)
}

// escalate passes overdue warnings on.
func (a *app) escalate(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	n, err := transform.Escalate(ctx, a.db, a.transformOptions(userName()))
	if err != nil {
		return err
	}
	a.say("warn.did_escalate", map[string]any{"n": n})
	if a.json {
		return a.printJSON(map[string]any{"escalated": n})
	}
	return nil
}

// warningError marks a wrong id, or a step that does not follow on the state of a warning, as wrong usage.
func (a *app) warningError(err error) error {
	var e *transform.Error
	if errors.Is(err, transform.ErrWrongState) && errors.As(err, &e) {
		e = e.With("state", a.text("warn.state_"+fmt.Sprint(e.Args["state"]), nil)).With("step", a.text("warn.event_"+fmt.Sprint(e.Args["step"]), nil))
		return usageError(e)
	}
	if errors.Is(err, transform.ErrUnknownWarning) || errors.Is(err, transform.ErrWarningClosed) || errors.Is(err, transform.ErrWarningMoved) {
		return usageError(err)
	}
	return err
}

// listWarnings prints the warnings that are open, or all; of listed only those that no budget had room for.
func (a *app) listWarnings(cmd *cobra.Command, all, listed bool) error {
	if err := a.openDB(cmd.Context()); err != nil {
		return err
	}
	warnings, err := transform.Warnings(cmd.Context(), a.db)
	if err != nil {
		return err
	}
	if !all {
		warnings = slices.DeleteFunc(warnings, func(w transform.Warning) bool { return !w.Open() })
	}
	ledger, err := transform.ReadLedger(cmd.Context(), a.db, a.transformOptions("command"))
	if err != nil {
		return err
	}
	show := ledger.GoesOut
	if listed {
		ledger.Mark(warnings)
		warnings = slices.DeleteFunc(warnings, func(w transform.Warning) bool { return len(w.Listed) == 0 })
		show = func(transform.Warning) bool { return true }
	}
	if len(warnings) == 0 {
		a.say("warn.none", nil)
	}
	return a.printWarnings(warnings, ledger, show)
}

// showWarning prints a warning with its evidence and its history.
func (a *app) showWarning(cmd *cobra.Command, id string) error {
	if err := a.openDB(cmd.Context()); err != nil {
		return err
	}
	w, err := a.findWarning(cmd.Context(), id)
	if err != nil {
		return a.warningError(err)
	}
	if a.json {
		return a.printJSON(w)
	}
	titles, err := ruleTitles(a.files)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s  %s  %s\n%s\n", a.text("warn.severity_"+string(w.Severity), nil), w.ID, a.title(titles[w.Rule]), oneLine(w.Title))
	a.printLines(w.Warning)
	if err := a.printEvidence(cmd.Context(), w.Evidence); err != nil {
		return err
	}
	a.printEvents(w.History)
	return nil
}

// showHistory prints the events of a warning.
func (a *app) showHistory(ctx context.Context, id string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	history, err := transform.History(ctx, a.db, id, a.printer)
	if err != nil {
		return a.warningError(err)
	}
	if !a.json {
		a.printEvents(history)
		return nil
	}
	for _, e := range history {
		if err := a.printJSON(e); err != nil {
			return err
		}
	}
	return nil
}

// printEvents prints one line an event: when, week, what, by whom, outcome, note, documents, remark.
func (a *app) printEvents(history []transform.HistoryEvent) {
	for _, e := range history {
		outcome := e.Outcome
		switch e.Event {
		case "closed":
			outcome = a.text("warn.outcome_"+e.Outcome, nil)
		case "comment":
			outcome = ""
		}
		line := []string{e.At.In(period.Shanghai()).Format(time.DateTime), e.Week, a.text("warn.event_"+e.Event, nil)}
		for _, part := range append([]string{e.By, outcome, e.Note, e.Comment}, e.Attachments...) {
			if part != "" {
				line = append(line, oneLine(part))
			}
		}
		fmt.Fprintln(a.out, strings.Join(line, "  "))
	}
}

// printEvidence prints each row of evidence (stream:batch:row) with the file and the row where it stands.
func (a *app) printEvidence(ctx context.Context, evidence []string) error {
	batches := map[uint64]ingest.Batch{}
	for _, line := range evidence {
		parts := strings.Split(line, ":")
		number, err := strconv.ParseUint(parts[min(1, len(parts)-1)], 10, 64)
		if len(parts) != 3 || err != nil {
			fmt.Fprintln(a.out, "  "+oneLine(line))
			continue
		}
		b, ok := batches[number]
		if !ok {
			if b, err = ingest.FindBatch(ctx, a.db, number); err != nil {
				return err
			}
			batches[number] = b
		}
		file := b.File
		if b.Sheet != "" {
			file += " [" + b.Sheet + "]"
		}
		fmt.Fprintln(a.out, "  "+oneLine(a.text("warn.evidence", map[string]any{"stream": parts[0], "batch": number, "row": parts[2], "file": file})))
	}
	return nil
}
