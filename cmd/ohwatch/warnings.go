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
	var all bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listWarnings(cmd, all) }
	command := &cobra.Command{
		Use:   "warnings",
		Short: a.text("warn.warnings_short", nil),
		Args:  cobra.NoArgs,
		RunE:  list,
	}
	listCommand := &cobra.Command{Use: "list [--all]", Short: a.text("warn.list_short", nil), Args: cobra.NoArgs, RunE: list}
	for _, c := range []*cobra.Command{command, listCommand} {
		c.Flags().BoolVar(&all, "all", false, a.text("warn.flag_all", nil))
	}
	command.AddCommand(listCommand, &cobra.Command{
		Use: "show ID", Short: a.text("warn.show_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showWarning(cmd, args[0]) },
	}, newWarningsAckCommand(a), newWarningsCloseCommand(a))
	return command
}

func newWarningsAckCommand(a *app) *cobra.Command {
	var comment string
	command := &cobra.Command{
		Use: "ack ID", Short: a.text("warn.ack_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			if err := transform.Acknowledge(cmd.Context(), a.db, args[0], userName(), comment); err != nil {
				return warningError(err)
			}
			a.say("warn.acknowledged", map[string]any{"id": args[0]})
			return nil
		},
	}
	command.Flags().StringVar(&comment, "comment", "", a.text("warn.flag_comment", nil))
	return command
}

// outcomes that a closed warning may have.
func outcomes() []string {
	return []string{"confirmed", "measures_taken", "false_alarm", "duplicate", "other"}
}

func newWarningsCloseCommand(a *app) *cobra.Command {
	var outcome, comment string
	command := &cobra.Command{
		Use: "close ID --outcome OUTCOME", Short: a.text("warn.close_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(outcomes(), outcome) {
				return wrongUsage("usage.choice", map[string]any{
					"flag": "--outcome", "value": outcome, "choices": strings.Join(outcomes(), ", "),
				})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			if err := transform.CloseWarning(cmd.Context(), a.db, args[0], outcome, userName(), comment); err != nil {
				return warningError(err)
			}
			a.say("warn.closed", map[string]any{"id": args[0], "outcome": a.text("warn.outcome_"+outcome, nil)})
			return nil
		},
	}
	command.Flags().StringVar(&outcome, "outcome", "", a.text("warn.flag_outcome", nil))
	command.Flags().StringVar(&comment, "comment", "", a.text("warn.flag_comment", nil))
	return command
}

// warningError marks a wrong id or a warning that is closed already as wrong usage.
func warningError(err error) error {
	if errors.Is(err, transform.ErrUnknownWarning) || errors.Is(err, transform.ErrWarningClosed) {
		return usageError(err)
	}
	return err
}

func (a *app) listWarnings(cmd *cobra.Command, all bool) error {
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
	if len(warnings) == 0 {
		a.say("warn.none", nil)
	}
	return a.printWarnings(warnings)
}

// showWarning prints a warning with its evidence and its history.
func (a *app) showWarning(cmd *cobra.Command, id string) error {
	if err := a.openDB(cmd.Context()); err != nil {
		return err
	}
	history, err := transform.History(cmd.Context(), a.db, id)
	if err != nil {
		return warningError(err)
	}
	warnings, err := transform.Warnings(cmd.Context(), a.db)
	if err != nil {
		return err
	}
	titles, err := ruleTitles(a.files)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(warnings, func(w transform.Warning) bool { return w.ID == id })
	w := warnings[at]
	w.Describe(a.printer, titles[w.Rule])
	if a.json {
		return a.printJSON(struct {
			transform.Warning
			History []transform.HistoryEvent `json:"history"`
		}{w, history})
	}
	fmt.Fprintf(a.out, "%s  %s  %s\n%s\n", a.text("warn.severity_"+string(w.Severity), nil), w.ID, a.title(titles[w.Rule]), w.Title)
	a.say("warn.line", map[string]any{
		"area": w.Area, "addressee": strings.Join(w.Addressee, ", "), "due": w.DueDay, "since": w.FirstSeen,
		"state": a.text("warn.state_"+w.State, nil), "n": w.NEvidence,
	})
	if err := a.printEvidence(cmd.Context(), w.Evidence); err != nil {
		return err
	}
	for _, e := range history {
		fmt.Fprintln(a.out, strings.TrimRight(fmt.Sprintf("%s  %s  %s  %s %s %s", e.At.In(period.Shanghai()).Format(time.DateTime), e.Week,
			a.text("warn.event_"+e.Event, nil), e.By, e.Outcome, oneLine(e.Comment)), " "))
	}
	return nil
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
