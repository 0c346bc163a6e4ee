package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/period"
)

// newBatchesCommand is `ohwatch batches`: what was loaded, rejected rows, taking a batch back.
func newBatchesCommand(a *app) *cobra.Command {
	limit := uint64(50)
	list := func(cmd *cobra.Command, _ []string) error { return a.listBatches(cmd.Context(), limit) }
	command := &cobra.Command{Use: "batches", Short: a.text("batches.short", nil), Args: cobra.NoArgs, RunE: list}
	listCommand := &cobra.Command{Use: "list [--limit N]", Short: a.text("batches.list_short", nil), Args: cobra.NoArgs, RunE: list}
	for _, c := range []*cobra.Command{command, listCommand} {
		c.Flags().Uint64Var(&limit, "limit", limit, a.text("batches.flag_limit", nil))
	}
	command.AddCommand(listCommand, &cobra.Command{
		Use:   "show ID",
		Short: a.text("batches.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.showBatch(cmd.Context(), args[0]) },
	}, newRejectsCommand(a), newSettleCommand(a), newRevertCommand(a))
	return command
}

func newRevertCommand(a *app) *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "revert ID [--reason TEXT]",
		Short: a.text("batches.revert_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.findBatch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = ingest.Revert(cmd.Context(), a.db, a.cfg.Data.Dir, b.Batch, userName(), reason)
			var state *ingest.StateError
			switch {
			case errors.Is(err, ingest.ErrBusy):
				return &saidError{"ingest.busy", nil}
			case errors.As(err, &state):
				return &saidError{"batches.not_published", map[string]any{"batch": b.Batch, "state": a.text("batches.state_"+state.State, nil)}}
			case err != nil:
				return err
			}
			a.say("batches.reverted", map[string]any{"batch": b.Batch})
			if !a.json {
				return nil
			}
			return a.printJSON(map[string]any{"batch": b.Batch, "state": "reverted"})
		},
	}
	command.Flags().StringVar(&reason, "reason", "", a.text("batches.flag_reason", nil))
	return command
}

// findBatch opens the warehouse and returns the batch that an argument names.
func (a *app) findBatch(ctx context.Context, arg string) (ingest.Batch, error) {
	number, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return ingest.Batch{}, usageError(&saidError{"batches.not_found", map[string]any{"batch": arg}})
	}
	if err := a.openDB(ctx); err != nil {
		return ingest.Batch{}, err
	}
	b, err := ingest.FindBatch(ctx, a.db, number)
	if errors.Is(err, ingest.ErrNoBatch) {
		return b, &saidError{"batches.not_found", map[string]any{"batch": arg}}
	}
	return b, err
}

func (a *app) listBatches(ctx context.Context, limit uint64) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	batches, err := ingest.Batches(ctx, a.db, limit)
	if err != nil {
		return err
	}
	if a.json {
		for _, b := range batches {
			if err := a.printJSON(b); err != nil {
				return err
			}
		}
		return nil
	}
	if len(batches) == 0 {
		a.say("batches.none", nil)
		return nil
	}
	return a.printBatches(batches)
}

func (a *app) printBatches(batches []ingest.Batch) error {
	var rows [][]string
	for _, b := range batches {
		file := b.File
		if b.Sheet != "" {
			file += " [" + b.Sheet + "]"
		}
		row := []string{strconv.FormatUint(b.Batch, 10), a.text("batches.state_"+b.State, nil), b.Stream, file}
		for _, n := range []uint64{b.Read, b.Loaded, b.Corrected, b.Voided, b.Unchanged, b.Rejected, b.Warned} {
			row = append(row, strconv.FormatUint(n, 10))
		}
		rows = append(rows, append(row, b.At.In(period.Shanghai()).Format("2006-01-02 15:04")))
	}
	return printTable(a.out, strings.Split(a.text("batches.head", nil), "|"), rows)
}

func (a *app) showBatch(ctx context.Context, arg string) error {
	b, err := a.findBatch(ctx, arg)
	if err != nil {
		return err
	}
	findings, err := ingest.Findings(ctx, a.db, b.Batch)
	if err != nil {
		return err
	}
	states, err := a.rejectCounts(ctx, b)
	if err != nil {
		return err
	}
	if a.json {
		if findings == nil {
			findings = []ingest.FindingCount{}
		}
		return a.printJSON(struct {
			ingest.Batch
			Findings []ingest.FindingCount `json:"findings"`
			Rejects  map[string]int        `json:"rejects"` // rejected rows by state
		}{b, findings, states})
	}
	if err := a.printBatches([]ingest.Batch{b}); err != nil {
		return err
	}
	for key, list := range map[string][]string{"headers": b.UnknownHeaders, "sheets": b.HiddenSheets} {
		if len(list) > 0 {
			name := map[string]string{"headers": "ingest.unknown_headers", "sheets": "ingest.hidden_sheets"}[key]
			fmt.Fprintln(a.out, oneLine(a.text(name, map[string]any{key: strings.Join(list, "、")})))
		}
	}
	if b.BadCells > 0 {
		fmt.Fprintln(a.out, a.text("ingest.bad_cells", map[string]any{"cells": b.BadCells, "bytes": b.BadBytes}))
	}
	if b.Rejected > 0 {
		fmt.Fprintln(a.out, a.text("batches.reject_states", map[string]any{
			"open": states[ingest.RejectOpen], "mended": states[ingest.RejectMended], "again": states[ingest.RejectAgain],
			"withdrawn": states[ingest.RejectWithdrawn], "ignored": states[ingest.RejectIgnored],
		}))
	}
	if len(findings) == 0 {
		return nil
	}
	var rows [][]string
	for _, f := range findings {
		rows = append(rows, []string{a.text("batches.severity_"+f.Severity, nil), f.Code, f.Field, strconv.FormatUint(f.Rows, 10)})
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, strings.Split(a.text("batches.findings_head", nil), "|"), rows)
}
