package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports/export"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// newSnapshotCommand is `ohwatch snapshot`: values frozen behind what was published, and what has changed since.
func newSnapshotCommand(a *app) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error { return a.listSnapshots(cmd.Context()) }
	command := &cobra.Command{Use: "snapshot", Short: a.text("snapshot.short", nil), Args: cobra.NoArgs, RunE: list}
	command.AddCommand(
		newSnapshotCreateCommand(a),
		&cobra.Command{Use: "list", Short: a.text("snapshot.list_short", nil), Args: cobra.NoArgs, RunE: list},
		newSnapshotShowCommand(a),
		newSnapshotDiffCommand(a),
		&cobra.Command{
			Use: "verify [ID]", Short: a.text("snapshot.verify_short", nil), Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.verifySnapshots(cmd.Context(), args) },
		},
	)
	return command
}

func newSnapshotCreateCommand(a *app) *cobra.Command {
	var asOf string
	f := transform.Freeze{Kind: transform.SnapshotOther}
	command := &cobra.Command{
		Use:   "create [--name N] [--kind bulletin|assessment|other] [--period P,…] [--indicator ID,…] [--as-of DATE] [--comment TEXT]",
		Short: a.text("snapshot.create_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kinds := []string{transform.SnapshotBulletin, transform.SnapshotAssessment, transform.SnapshotOther}
			if !slices.Contains(kinds, f.Kind) {
				return wrongUsage("usage.choice", map[string]any{"flag": "--kind", "value": f.Kind, "choices": strings.Join(kinds, ", ")})
			}
			day := a.today()
			if asOf != "" {
				var err error
				if day, err = parseDay("--as-of", asOf); err != nil {
					return err
				}
			}
			if len(f.Periods) == 0 {
				f.Periods = []string{strconv.Itoa(day.Year())}
			}
			for i, text := range f.Periods {
				p, err := period.Parse(text)
				if err != nil {
					return wrongUsage("usage.period", map[string]any{"flag": "--period", "value": text})
				}
				f.Periods[i] = p.String()
			}
			for i, id := range f.Indicators {
				filter := transform.Filter{Indicator: id}
				if err := a.checkFilter(&filter, day); err != nil {
					return err
				}
				f.Indicators[i] = filter.Indicator
			}
			if f.Name == "" {
				f.Name = strings.Join(f.Periods, ", ")
			}
			s, err := a.freeze(cmd.Context(), f, asOf != "", func(opt *transform.Options) { opt.Today = day })
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			a.saySnapshot(s)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.Name, "name", "", a.text("snapshot.flag_name", nil))
	flags.StringVar(&f.Kind, "kind", f.Kind, a.text("snapshot.flag_kind", nil))
	flags.StringSliceVar(&f.Periods, "period", nil, a.text("snapshot.flag_period", nil))
	flags.StringSliceVar(&f.Indicators, "indicator", nil, a.text("snapshot.flag_indicator", nil))
	flags.StringVar(&asOf, "as-of", "", a.text("indicator.flag_as_of", nil))
	flags.StringVar(&f.Comment, "comment", "", a.text("snapshot.flag_comment", nil))
	return command
}

// freeze brings the values up to date, or computes them as of the day of the options, and freezes them.
func (a *app) freeze(ctx context.Context, f transform.Freeze, asOf bool, set func(*transform.Options)) (s transform.Snapshot, err error) {
	if err := a.openDB(ctx); err != nil {
		return s, err
	}
	opt := a.transformOptions(userName())
	set(&opt)
	if !asOf {
		if _, err := a.bringUpToDate(ctx, opt); err != nil {
			return s, err
		}
		return transform.TakeSnapshot(ctx, a.db, a.db, opt, f)
	}
	only := f.Indicators
	if len(only) == 0 {
		indicators, err := transform.LoadIndicators(a.files)
		if err != nil {
			return s, err
		}
		for _, i := range indicators {
			only = append(only, i.ID)
		}
	}
	err = transform.AsOf(ctx, a.db, opt.Today, opt, func(db *warehouse.DB, opt transform.Options) error {
		opt.Select = only
		if _, err := transform.Run(ctx, db, opt); err != nil {
			return err
		}
		s, err = transform.TakeSnapshot(ctx, a.db, db, opt, f)
		return err
	})
	return s, err
}

// weeklyFreeze is what is frozen behind a weekly bulletin: the values of its week and of the month, quarter and year that the week
// ends in, and the city's readings of all months, quarters and years.
func weeklyFreeze(week period.Period, lang string) transform.Freeze {
	f := transform.Freeze{Kind: transform.SnapshotBulletin, Name: "weekly-" + week.String() + "-" + lang, Series: true, Periods: []string{week.String()}}
	for _, kind := range []period.Kind{period.Month, period.Quarter, period.Year} {
		f.Periods = append(f.Periods, period.Of(week.End, kind).String())
	}
	return f
}

// freezeReport freezes the values behind a report that was written, as it was written from them. Before the first transform there
// is nothing to freeze.
func (a *app) freezeReport(ctx context.Context, f transform.Freeze, by string) (transform.Snapshot, error) {
	s, err := transform.TakeSnapshot(ctx, a.db, a.db, a.transformOptions(by), f)
	if errors.Is(err, transform.ErrNoValues) {
		return transform.Snapshot{}, nil
	}
	return s, err
}

func (a *app) saySnapshot(s transform.Snapshot) {
	a.say("snapshot.taken", map[string]any{"snapshot": s.Snapshot, "name": s.Name, "values": s.Values, "hash": s.SHA256})
}

func (a *app) listSnapshots(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	all, err := transform.Snapshots(ctx, a.db)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range all {
		if a.json {
			if err := a.printJSON(s); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{
			strconv.FormatUint(s.Snapshot, 10), a.text("snapshot.kind_"+s.Kind, nil), s.Name, strings.Join(s.Periods, " "),
			s.At.In(period.Shanghai()).Format("2006-01-02 15:04"), strconv.FormatUint(s.Values, 10), s.SHA256[:16], s.By,
		})
	}
	switch {
	case a.json:
		return nil
	case len(rows) == 0:
		a.say("snapshot.none", nil)
		return nil
	}
	return printTable(a.out, strings.Split(a.text("snapshot.head", nil), "|"), rows)
}

// findSnapshot opens the warehouse and returns the snapshot that an argument names.
func (a *app) findSnapshot(ctx context.Context, arg string) (transform.Snapshot, error) {
	number, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return transform.Snapshot{}, usageError(transform.ErrNoSnapshot.With("snapshot", arg))
	}
	if err := a.openDB(ctx); err != nil {
		return transform.Snapshot{}, err
	}
	s, err := transform.FindSnapshot(ctx, a.db, number)
	if errors.Is(err, transform.ErrNoSnapshot) {
		return s, usageError(err)
	}
	return s, err
}

func newSnapshotShowCommand(a *app) *cobra.Command {
	var f transform.Filter
	var out string
	command := &cobra.Command{
		Use:   "show ID [--indicator ID] [--period P] [--area CODE] [--out F.txt|F.csv|F.xlsx]",
		Short: a.text("snapshot.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.findSnapshot(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out != "" {
				return a.writeSnapshot(cmd.Context(), s, out)
			}
			return a.showSnapshot(cmd.Context(), s, f)
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.Indicator, "indicator", "", a.text("snapshot.flag_one_indicator", nil))
	flags.StringVar(&f.Period, "period", "", a.text("snapshot.flag_one_period", nil))
	flags.StringVar(&f.Area, "area", "", a.text("snapshot.flag_area", nil))
	flags.StringVar(&out, "out", "", a.text("snapshot.flag_out", nil))
	return command
}

// showSnapshot prints what a snapshot is of and its values for the city, or those that the filter chooses.
func (a *app) showSnapshot(ctx context.Context, s transform.Snapshot, f transform.Filter) error {
	if !a.json {
		a.saySnapshot(s)
		a.say("snapshot.of", map[string]any{
			"kind": a.text("snapshot.kind_"+s.Kind, nil), "at": s.At.In(period.Shanghai()).Format("2006-01-02 15:04"), "by": s.By, "batches": len(s.Batches),
			"document": s.Document, "document_hash": s.DocumentSHA256, "values_hash": s.ValuesSHA256, "comment": s.Comment,
		})
	}
	var values []transform.Value
	err := transform.SnapshotValues(ctx, a.db, s.Snapshot, func(v transform.Value) error {
		switch {
		case f.Indicator != "" && !strings.EqualFold(v.Indicator, f.Indicator), f.Period != "" && v.Period != f.Period, f.Area != "" && v.Area != f.Area:
			return nil
		case f.Area == "" && !a.json && v.Dim != "":
			return nil
		case a.json:
			return a.printJSON(v)
		}
		values = append(values, v)
		return nil
	})
	if err != nil || a.json {
		return err
	}
	return a.printValues(values)
}

// writeSnapshot writes the canonical bytes (.txt), whose SHA-256 is the hash of the values, or a table.
func (a *app) writeSnapshot(ctx context.Context, s transform.Snapshot, out string) error {
	format, ok := export.FormatOf(out)
	if text := strings.EqualFold(filepath.Ext(out), ".txt"); !text && (!ok || format.ByEngine()) {
		return wrongUsage("snapshot.out_ending", map[string]any{"file": out})
	}
	err := a.writeWhole(out, func(w io.Writer) (err error) {
		if !ok {
			_, err = transform.WriteSnapshot(ctx, a.db, s.Snapshot, w)
			return err
		}
		rows, err := a.db.Rows(ctx, "snapshot_values", numbered("snapshot", s.Snapshot))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		_, err = export.Write(ctx, rows, format, w)
		return err
	})
	if err != nil {
		return err
	}
	a.say("snapshot.written", map[string]any{"values": s.Values, "file": out, "hash": s.ValuesSHA256})
	return nil
}

func newSnapshotDiffCommand(a *app) *cobra.Command {
	var f transform.Filter
	command := &cobra.Command{
		Use:   "diff ID [OTHER] [--indicator ID] [--area CODE]",
		Short: a.text("snapshot.diff_short", nil),
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.findSnapshot(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			opt := a.transformOptions(userName())
			var other transform.Snapshot
			if len(args) == 2 {
				if other, err = a.findSnapshot(cmd.Context(), args[1]); err != nil {
					return err
				}
			} else if _, err := a.bringUpToDate(cmd.Context(), opt); err != nil {
				return err
			}
			revisions, err := transform.Revisions(cmd.Context(), a.db, opt, s.Snapshot, other.Snapshot)
			if err != nil {
				return err
			}
			revisions = slices.DeleteFunc(revisions, func(r transform.Revision) bool {
				return f.Indicator != "" && !strings.EqualFold(r.Indicator, f.Indicator) || f.Area != "" && r.Area != f.Area
			})
			return a.printRevisions(s, revisions)
		},
	}
	command.Flags().StringVar(&f.Indicator, "indicator", "", a.text("snapshot.flag_one_indicator", nil))
	command.Flags().StringVar(&f.Area, "area", "", a.text("snapshot.flag_area", nil))
	return command
}

func (a *app) printRevisions(s transform.Snapshot, revisions []transform.Revision) error {
	var rows [][]string
	for _, r := range revisions {
		if a.json {
			if err := a.printJSON(r); err != nil {
				return err
			}
			continue
		}
		area := r.Area
		if r.By != "" && r.By != "township" {
			area = r.By
		}
		rows = append(rows, []string{r.Indicator, r.Variant, r.Period, area, ofReading(r.Before), ofReading(r.After), a.causes(r.Causes)})
	}
	if a.json {
		return nil
	}
	a.say("snapshot.revisions", map[string]any{"snapshot": s.Snapshot, "changed": len(revisions), "values": s.Values})
	if len(rows) == 0 {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("snapshot.diff_head", nil), "|"), rows)
}

// ofReading writes a numerator and denominator.
func ofReading(r *transform.Reading) string {
	switch {
	case r == nil:
		return "—"
	case r.Denominator == nil:
		return plain(&r.Numerator)
	}
	return plain(&r.Numerator) + "/" + plain(r.Denominator)
}

// causes words the causes of a revision, the batches of each kind together.
func (a *app) causes(causes []transform.Cause) string {
	var parts []string
	for i := 0; i < len(causes); i++ {
		c := causes[i]
		if c.Batch == 0 {
			parts = append(parts, a.text("snapshot.cause_"+c.Cause, map[string]any{"lists": strings.Join(c.Lists, ", "), "rows": c.Rows}))
		}
	}
	for _, kind := range []string{transform.CauseLate, transform.CauseCorrection, transform.CauseVoid, transform.CauseReverted} {
		var batches []string
		var rows uint64
		for _, c := range causes {
			if c.Cause == kind {
				batches = append(batches, strconv.FormatUint(c.Batch, 10))
				rows += c.Rows
			}
		}
		if n := len(batches); n > 0 {
			const shown = 5
			if n > shown {
				batches = append(batches[:shown], fmt.Sprintf("+%d", n-shown))
			}
			parts = append(parts, a.text("snapshot.cause_"+kind, map[string]any{"rows": rows, "batches": strings.Join(batches, ", ")}))
		}
	}
	return strings.Join(parts, "; ")
}

// verifySnapshots recomputes hashes; a snapshot that is not what it was fails the command.
func (a *app) verifySnapshots(ctx context.Context, args []string) error {
	var only transform.Snapshot
	if len(args) == 1 {
		var err error
		if only, err = a.findSnapshot(ctx, args[0]); err != nil {
			return err
		}
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	found, err := transform.VerifySnapshots(ctx, a.db)
	if err != nil {
		return err
	}
	var broken []string
	for _, v := range found {
		if only.Snapshot != 0 && v.Snapshot != only.Snapshot {
			continue
		}
		if !v.Intact() {
			broken = append(broken, strconv.FormatUint(v.Snapshot, 10))
		}
		if a.json {
			if err := a.printJSON(struct {
				transform.Verification
				Intact bool `json:"intact"`
			}{v, v.Intact()}); err != nil {
				return err
			}
			continue
		}
		key := "snapshot.intact"
		if !v.Intact() {
			key = "snapshot.broken"
		}
		a.say(key, map[string]any{"snapshot": v.Snapshot})
	}
	if len(broken) > 0 {
		return &saidError{"snapshot.not_intact", map[string]any{"snapshots": strings.Join(broken, ", ")}}
	}
	return nil
}
