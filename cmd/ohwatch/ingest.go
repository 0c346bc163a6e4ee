package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/ingest/receive"
)

// loadMemory is the heap, in bytes, above which the load collects garbage at every chance: the process stays
// below 512 MiB whatever the size of the files. GOMEMLIMIT overrides it.
const loadMemory = 380 << 20

// newIngestCommand is `ohwatch ingest`: loads files and folders.
func newIngestCommand(a *app) *cobra.Command {
	var cfg ingest.Config
	var mapping string
	streams, err := ingest.Streams()
	command := &cobra.Command{
		Use:   "ingest [--stream S] [--mapping M.yaml] [--dry-run] PATH…",
		Short: a.text("ingest.short", nil),
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err != nil {
				return err
			}
			streams, err := ingest.Streams(a.files)
			if err != nil {
				return err
			}
			return a.ingest(cmd.Context(), cfg, mapping, streams, args)
		},
	}
	flags := command.Flags()
	flags.StringVar(&cfg.Stream, "stream", "", a.text("ingest.flag_stream", map[string]any{"streams": strings.Join(streams, ", ")}))
	flags.StringVar(&mapping, "mapping", "", a.text("ingest.flag_mapping", nil))
	flags.StringVar(&cfg.Sender, "sender", "", a.text("ingest.flag_sender", nil))
	flags.BoolVar(&cfg.DryRun, "dry-run", false, a.text("ingest.flag_dry_run", nil))
	return command
}

// ingest loads paths and prints one line a batch.
func (a *app) ingest(ctx context.Context, cfg ingest.Config, mapping string, streams, paths []string) error {
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return &saidError{"ingest.not_found", map[string]any{"path": path}}
		}
	}
	if mapping != "" {
		m, err := ingest.ReadMapping(mapping, a.files)
		if err != nil {
			return err
		}
		cfg.Mapping = m
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	cfg.DB, cfg.Dir, cfg.Today, cfg.By, cfg.Log = a.db, a.cfg.Data.Dir, a.today(), userName(), a.log
	boundMemory()
	var sum ingest.Result
	batches, refused := 0, 0
	loader, err := ingest.Open(ctx, cfg)
	switch {
	case errors.Is(err, ingest.ErrUnknownStream):
		return usageError(&saidError{"ingest.stream_unknown", map[string]any{"stream": cfg.Stream, "streams": strings.Join(streams, ", ")}})
	case errors.Is(err, ingest.ErrBusy):
		return &saidError{"ingest.busy", nil}
	case err != nil:
		return err
	}
	profile, load, err := a.loadAs(ctx, loader, cfg)
	if err != nil {
		return errors.Join(err, loader.Close())
	}
	err = load(ctx, paths, func(r ingest.Result) error {
		if r.Refusal == nil && !profile.Expects(r.Stream) {
			r.Notes = append(r.Notes, "stream_unexpected")
		}
		if r.Refusal != nil {
			refused++
		} else {
			batches++
			sum.Read += r.Read
			sum.Loaded += r.Loaded
			sum.Corrected += r.Corrected
			sum.Voided += r.Voided
			sum.Unchanged += r.Unchanged
			sum.Rejected += r.Rejected
		}
		return a.printResult(r)
	})
	if err = errors.Join(err, loader.Close()); err != nil {
		return err
	}
	if batches+refused == 0 {
		return &saidError{"ingest.no_files", nil}
	}
	if batches+refused > 1 {
		a.note("ingest.total", map[string]any{
			"files": batches, "read": sum.Read, "loaded": sum.Loaded, "corrected": sum.Corrected, "voided": sum.Voided,
			"unchanged": sum.Unchanged, "rejected": sum.Rejected, "refused": refused,
		})
	}
	if batches > 0 && !cfg.DryRun {
		a.redAfterLoad(ctx)
	}
	switch {
	case batches == 0:
		return &exitError{code: exitFailed}
	case sum.Rejected > 0 || refused > 0:
		return &exitError{code: exitNeedsPerson}
	}
	return nil
}

// loadAs returns the profile of the sender, empty when there is none, and how its files are loaded: by the profile's
// mappings and limits unless a mapping was named.
func (a *app) loadAs(ctx context.Context, loader *ingest.Loader, cfg ingest.Config) (
	profile receive.Profile, load func(context.Context, []string, func(ingest.Result) error) error, err error,
) {
	profile, err = receive.FindProfile(ctx, a.db, cfg.Sender)
	if errors.Is(err, receive.ErrNoSender) {
		return receive.Profile{Sender: cfg.Sender}, loader.Load, nil
	}
	if err != nil || cfg.Mapping != nil {
		return profile, loader.Load, err
	}
	as, err := profile.Delivery(cfg.Stream)
	return profile, func(ctx context.Context, paths []string, report func(ingest.Result) error) error {
		return loader.LoadAs(ctx, paths, as, report)
	}, err
}

// boundMemory keeps a load of any size within loadMemory, unless GOMEMLIMIT says otherwise.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(loadMemory)
	}
}

// printResult prints what became of one batch or file.
func (a *app) printResult(r ingest.Result) error {
	if r.Refusal != nil {
		key, args := r.Refusal.Message()
		message := a.text(key, args)
		if a.json {
			return a.printJSON(struct {
				File    string `json:"file"`
				Sheet   string `json:"sheet,omitempty"`
				State   string `json:"state"`
				Code    string `json:"code"`
				Message string `json:"message"`
			}{r.File, r.Sheet, r.State, r.Refusal.Code, message})
		}
		file := r.File
		if r.Sheet != "" {
			file += " [" + r.Sheet + "]"
		}
		fmt.Fprintln(a.out, oneLine(a.text("ingest.refused", map[string]any{"file": file, "message": message})))
		return nil
	}
	if a.json {
		return a.printJSON(r)
	}
	file := r.File
	if r.Sheet != "" {
		file += " [" + r.Sheet + "]"
	}
	line := "ingest.line"
	if r.Batch == 0 {
		line = "ingest.line_dry"
	}
	fmt.Fprintln(a.out, oneLine(a.text(line, map[string]any{
		"batch": r.Batch, "stream": r.Stream, "file": file, "read": r.Read, "loaded": r.Loaded, "corrected": r.Corrected,
		"voided": r.Voided, "unchanged": r.Unchanged, "rejected": r.Rejected, "warned": r.Warned,
	})))
	if len(r.UnknownHeaders) > 0 {
		fmt.Fprintln(a.out, oneLine(a.text("ingest.unknown_headers", map[string]any{"headers": strings.Join(r.UnknownHeaders, "、")})))
	}
	if r.RejectedBefore > 0 {
		fmt.Fprintln(a.out, a.text("ingest.rejected_before", map[string]any{"batch": r.SameAs, "rejected": r.RejectedBefore}))
	}
	if r.BadCells > 0 {
		fmt.Fprintln(a.out, a.text("ingest.bad_cells", map[string]any{"cells": r.BadCells, "bytes": r.BadBytes}))
	}
	for _, note := range r.Notes {
		fmt.Fprintln(a.out, a.text("receive.note_"+note, nil))
	}
	if len(r.HiddenSheets) > 0 {
		fmt.Fprintln(a.out, oneLine(a.text("ingest.hidden_sheets", map[string]any{"sheets": strings.Join(r.HiddenSheets, "、")})))
	}
	if len(r.SkippedSheets) > 0 {
		fmt.Fprintln(a.out, oneLine(a.text("ingest.skipped_sheets", map[string]any{"sheets": strings.Join(r.SkippedSheets, "、")})))
	}
	if r.Rejected > 0 && r.Batch != 0 {
		fmt.Fprintln(a.out, a.text("ingest.see_rejects", map[string]any{"batch": r.Batch}))
	}
	return nil
}

// userName is who runs the command, for the history.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "command"
}
