package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/reports/delivery"
	"ohwatch/reports/emission"
	"ohwatch/transform"
)

// warningsFolder is where emitted files go, in the data folder.
const warningsFolder = "warnings"

// newEmitCommand is `ohwatch warn emit`: closes a week and writes its warnings as files.
func newEmitCommand(a *app) *cobra.Command {
	var weekText, out, failOn string
	var noSend bool
	command := &cobra.Command{
		Use:   "emit [--week 2026-W46] [--out DIR] [--fail-on SEVERITY] [--no-send]",
		Short: a.text("emission.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			opt := a.transformOptions("command")
			week, err := a.parseWeek(weekText, opt.Today)
			if err != nil {
				return err
			}
			level, err := parseFailOn(failOn)
			if err != nil {
				return err
			}
			if week.End.After(opt.Today.AddDate(0, 0, -1)) {
				return wrongUsage("emission.not_ended", map[string]any{"week": week.String()})
			}
			if err := a.openDB(ctx); err != nil {
				return err
			}
			document, err := emission.Find(ctx, a.db, week.String())
			switch {
			case err == nil:
				a.note("emission.frozen_before", map[string]any{"week": week.String()})
				err = a.writeEmission(document, out)
			case errors.Is(err, emission.ErrNotEmitted):
				var e transform.Evaluation
				e, err = transform.Evaluate(ctx, a.db, week, opt)
				for _, broken := range e.Broken {
					a.note("warn.broken", map[string]any{"error": broken.Error()})
				}
				if err == nil {
					document, err = a.emit(ctx, e, out, "command")
				}
			}
			if err != nil {
				return err
			}
			var sent delivery.Flushed
			if !noSend {
				if sent, err = a.deliverWeek(ctx, document, userName()); err != nil {
					return err
				}
			}
			urgent, err := emission.HasAtLeast(document, string(level))
			if err == nil && (urgent || sent.Failed > 0) {
				return &exitError{code: exitNeedsPerson}
			}
			return err
		},
	}
	command.Flags().StringVar(&weekText, "week", "", a.text("warn.flag_week", nil))
	command.Flags().StringVar(&out, "out", "", a.text("emission.flag_out", nil))
	command.Flags().StringVar(&failOn, "fail-on", "", a.text("warn.flag_fail_on", nil))
	command.Flags().BoolVar(&noSend, "no-send", false, a.text("emission.flag_no_send", nil))
	return command
}

// parseWeek reads an ISO week that has begun; empty: the last one that has ended before today.
func (a *app) parseWeek(text string, today time.Time) (period.Period, error) {
	week := transform.LastWeek(today)
	if text != "" {
		var err error
		if week, err = period.Parse(text); err != nil || week.Kind != period.Week {
			return week, wrongUsage("usage.week", map[string]any{"flag": "--week", "value": text})
		}
	}
	if week.Start.After(today) {
		return week, usageError(transform.ErrFutureWeek.With("week", week.String()))
	}
	return week, nil
}

// parseFailOn reads the severity of --fail-on; empty when it was not given.
func parseFailOn(text string) (transform.Severity, error) {
	if text == "" {
		return "", nil
	}
	level, err := transform.ParseSeverity(text)
	if err != nil {
		return "", wrongUsage("usage.choice", map[string]any{
			"flag": "--fail-on", "value": text, "choices": "red, orange, yellow, blue, high, medium, low",
		})
	}
	return level, nil
}

// document is what an evaluation found, in both languages.
func (a *app) document(ctx context.Context, e transform.Evaluation, by string) (emission.Document, error) {
	titles, err := ruleTitles(a.files)
	if err != nil {
		return emission.Document{}, err
	}
	d := emission.Document{
		City: a.cfg.City.Code, OrganisationZh: a.cfg.City.OrganisationZh, OrganisationEn: a.cfg.City.OrganisationEn,
		Week: e.Week.String(), From: e.Week.Start.Format(time.DateOnly), To: e.Week.End.Format(time.DateOnly), Complete: e.Complete(),
	}
	for _, broken := range e.Broken {
		d.Broken = append(d.Broken, broken.Error())
	}
	ledger, err := transform.ReadLedger(ctx, a.db, a.transformOptions(by))
	if err != nil {
		return emission.Document{}, err
	}
	ledger.Mark(e.Warnings)
	d.Budget = emittedBudget(ledger, transform.BudgetMonth(e.Week))
	zh, en := a.catalogue.Printer(message.Chinese), a.catalogue.Printer(message.English)
	for _, w := range e.Warnings {
		w.Describe(zh, titles[w.Rule])
		title := w.Title
		w.Describe(en, titles[w.Rule])
		d.Warnings = append(d.Warnings, emission.Warning{
			ID: w.ID, Rule: w.Rule, Version: w.Version, Severity: string(w.Severity), ObjectKind: w.ObjectKind, Object: w.Object,
			ObjectName: w.ObjectName, Area: w.Area, Addressee: w.Addressee, FirstSeen: w.FirstSeen, Due: w.DueDay, State: w.State, Owner: w.Owner,
			Level: w.Level, Late: w.Late, Knowable: w.KnownDay, Title: title, TitleEn: w.Title, Evidence: w.Evidence, NEvidence: w.NEvidence,
			Listed: w.Listed,
		})
	}
	return d, nil
}

// emit freezes what an evaluation found, unless its week was emitted before, and writes the files.
func (a *app) emit(ctx context.Context, e transform.Evaluation, out, by string) ([]byte, error) {
	d, err := a.document(ctx, e, by)
	if err != nil {
		return nil, err
	}
	document, err := emission.Freeze(ctx, a.db, d, by)
	if err != nil {
		return nil, err
	}
	return document, a.writeEmission(document, out)
}

// emittedBudget is the use of a month's budgets as a document has it.
func emittedBudget(ledger *transform.Ledger, month string) *emission.Budget {
	b := &emission.Budget{Month: month, Addressees: []emission.Account{}, Advice: []emission.Advice{}}
	for _, x := range ledger.Accounts(month) {
		b.Addressees = append(b.Addressees, emission.Account{
			Addressee: x.Addressee, Area: x.Area, Red: emission.Use(x.Red), Orange: emission.Use(x.Orange),
		})
	}
	for _, x := range ledger.Advice(month) {
		b.Advice = append(b.Advice, emission.Advice{
			Rule: x.Rule, Severity: string(x.Severity), Raised: x.Raised, Listed: x.Listed, Parameter: x.Parameter, Value: x.Value,
			Proposed: x.Proposed, Params: x.Params,
		})
	}
	return b
}

// partsFolder is the drop folder of the addressees: a folder for each, with its own warnings.
const partsFolder = "to"

// writeEmission writes the files of what was frozen into a folder, the configured one when out is empty, and for each
// addressee its own part into a folder below.
func (a *app) writeEmission(document []byte, out string) error {
	if out == "" {
		out = a.cfg.InData(warningsFolder)
	}
	files, err := emission.Files(document, a.catalogue)
	if err != nil {
		return err
	}
	parts, err := emission.Parts(document, a.catalogue)
	if err != nil {
		return err
	}
	paths, err := emission.Write(out, files)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := emission.Write(filepath.Join(out, partsFolder, p.Folder()), p.Files); err != nil {
			return err
		}
	}
	for _, path := range paths {
		if a.json {
			if err := a.printJSON(map[string]string{"path": path}); err != nil {
				return err
			}
			continue
		}
		a.note("emission.written", map[string]any{"path": path})
	}
	a.note("emission.parts", map[string]any{"n": len(parts), "dir": filepath.Join(out, partsFolder)})
	return nil
}
