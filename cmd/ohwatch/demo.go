package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/internal/simulate"
	"ohwatch/transform"
)

// demoDay is the day on which the demonstration is read: the Monday after the last papers of the simulated
// city, which end with ISO week 2026-W46.
var demoDay = period.Date(2026, time.November, 16)

// newDemoCommand is `ohwatch demo`: the main job from end to end on a simulated city.
func newDemoCommand(a *app) *cobra.Command {
	var serve bool
	var listen string
	var opt simulate.Options
	command := &cobra.Command{
		Use:   "demo [--serve]",
		Short: a.text("demo.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.useDemoData()
			if err := a.demo(cmd.Context(), opt); err != nil {
				return err
			}
			if !serve {
				return nil
			}
			if listen != "" {
				a.cfg.Serve.Listen = listen
			}
			return a.serve(cmd.Context())
		},
	}
	flags := command.Flags()
	flags.BoolVar(&serve, "serve", false, a.text("demo.flag_serve", nil))
	flags.StringVar(&listen, "listen", "", a.text("serve.flag_listen", nil))
	flags.Uint64Var(&opt.Seed, "seed", 1, a.text("simulate.flag_seed", nil))
	flags.Float64Var(&opt.Scale, "scale", 1, a.text("simulate.flag_scale", nil))
	return command
}

// useDemoData keeps simulated rows away from real ones: the demonstration has a data directory of its own, and
// a database of its own on a server. Its today is the demonstration's day unless --today names another.
func (a *app) useDemoData() {
	if a.flags.data == "" {
		a.cfg.Data.Dir = filepath.Join(a.cfg.Data.Dir, "demo")
	}
	if a.cfg.Engine.DSN != "" {
		a.cfg.Engine.Database = "ohwatch_demo"
	}
	if a.flags.today == "" {
		a.now = clockFrom(demoDay)
	}
}

// demoWeeks is how many weeks the demonstration evaluates one after the other, so that what is new in the last one
// stands out from what has been open for long.
const demoWeeks = 8

// demo simulates a city, loads its files, computes, warns and writes the bulletin in both languages.
func (a *app) demo(ctx context.Context, opt simulate.Options) error {
	start := time.Now()
	opt.Out = filepath.Join(a.cfg.Data.Dir, "city")
	opt.Truth = filepath.Join(a.cfg.Data.Dir, "city-truth.json")
	week := a.lastWeek()
	var evaluation transform.Evaluation
	var written bulletin
	steps := []struct {
		name string
		run  func() error
	}{
		{"simulate", func() error { return a.demoCity(ctx, opt) }},
		{"load", func() error { return a.demoLoad(ctx, opt.Out) }},
		{"transform", func() error { return a.demoTransform(ctx) }},
		{"warn", func() (err error) {
			for n := demoWeeks - 1; n >= 0 && err == nil; n-- {
				evaluation, err = a.demoWarn(ctx, week.Prev(n))
			}
			return err
		}},
		{"report", func() (err error) {
			chinese, english := a.catalogue.Printer(message.Chinese), a.catalogue.Printer(message.English)
			if _, err = a.weeklyIn(ctx, english, week, "", "demo"); err != nil {
				return err
			}
			written, err = a.weeklyIn(ctx, chinese, week, "", "demo")
			return err
		}},
	}
	for _, step := range steps {
		began := time.Now()
		if err := step.run(); err != nil {
			return fmt.Errorf("demo: %s: %w", step.name, err)
		}
		a.note("demo.step", map[string]any{
			"step": a.text("demo.step_"+step.name, nil), "seconds": fmt.Sprintf("%.1f", time.Since(began).Seconds()),
		})
	}
	open := len(evaluation.Warnings)
	evaluation.Warnings = slices.DeleteFunc(evaluation.Warnings, func(w transform.Warning) bool { return w.FirstSeen != week.End.Format(time.DateOnly) })
	a.say("demo.new_warnings", map[string]any{"week": week, "n": len(evaluation.Warnings), "open": open})
	ledger, err := transform.ReadLedger(ctx, a.db, a.transformOptions("demo"))
	if err != nil {
		return err
	}
	if err := a.printWarnings(evaluation.Warnings, ledger, ledger.GoesOut); err != nil {
		return err
	}
	a.sayOverBudget(ledger, transform.BudgetMonth(week))
	path, err := filepath.Abs(written.Path)
	if err != nil {
		return fmt.Errorf("demo: path of the bulletin: %w", err)
	}
	a.say("demo.done", map[string]any{
		"seconds": fmt.Sprintf("%.0f", time.Since(start).Seconds()), "bulletin": path, "truth": opt.Truth, "dir": a.cfg.Data.Dir,
	})
	return nil
}

// demoCity writes the files of the simulated city, unless an earlier demonstration has.
func (a *app) demoCity(ctx context.Context, opt simulate.Options) error {
	switch _, err := os.Stat(opt.Truth); {
	case err == nil:
		a.note("demo.city_kept", map[string]any{"dir": opt.Out})
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("look for the city: %w", err)
	}
	if err := os.MkdirAll(a.cfg.Data.Dir, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	// The truth is written last: a city without it is unfinished and made again.
	if err := os.RemoveAll(opt.Out); err != nil {
		return fmt.Errorf("remove the unfinished city: %w", err)
	}
	summary, err := simulate.Run(ctx, opt)
	if err != nil {
		return err
	}
	a.printCity(a.errOut, summary)
	return nil
}

// demoWarn evaluates a week as its scheduled job would have, on the Monday after it.
func (a *app) demoWarn(ctx context.Context, week period.Period) (transform.Evaluation, error) {
	opt := a.transformOptions("demo")
	opt.Now = clockFrom(week.Next(1).Start)
	return transform.Evaluate(ctx, a.db, week, opt)
}

// demoLoad loads the city's files, each at the time at which it arrived, and prints one line a stream.
func (a *app) demoLoad(ctx context.Context, folder string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	deliveries, err := deliveries(folder)
	if err != nil {
		return err
	}
	var arrived time.Time
	now := func() time.Time { return arrived }
	boundMemory()
	loader, err := ingest.Open(ctx, ingest.Config{DB: a.db, Dir: a.cfg.Data.Dir, Today: a.today(), By: "demo", Log: a.log, Now: now})
	if err != nil {
		return err
	}
	sums := map[string]*ingest.Result{}
	files := map[string]int{}
	add := func(r ingest.Result) error {
		if r.Refusal != nil {
			return fmt.Errorf("%s: %w", r.File, r.Refusal)
		}
		sum := sums[r.Stream]
		if sum == nil {
			sum = &ingest.Result{}
			sums[r.Stream] = sum
		}
		files[r.Stream]++
		sum.Read += r.Read
		sum.Loaded += r.Loaded
		sum.Corrected += r.Corrected
		sum.Voided += r.Voided
		sum.Unchanged += r.Unchanged
		sum.Rejected += r.Rejected
		return nil
	}
	for _, d := range deliveries {
		arrived = d.at
		if err = loader.Load(ctx, d.files, add); err != nil {
			break
		}
	}
	if err = errors.Join(err, loader.Close()); err != nil {
		return err
	}
	streams, err := ingest.Streams(a.files)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, stream := range streams {
		sum := sums[stream]
		if sum == nil {
			continue
		}
		row := []string{stream, fmt.Sprint(files[stream])}
		for _, n := range []int{sum.Read, sum.Loaded, sum.Corrected, sum.Voided, sum.Unchanged, sum.Rejected} {
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, row)
	}
	head := []string{a.text("demo.stream", nil), a.text("demo.batches", nil)}
	for _, column := range []string{"read", "loaded", "corrected", "voided", "unchanged", "rejected"} {
		head = append(head, a.text("demo."+column, nil))
	}
	return printTable(a.errOut, head, rows)
}

// weekly is what arrived in one week, and when its last file did.
type weekly struct {
	at    time.Time
	files []string
}

// deliveries returns the files below a folder in lexical order, a week's together: the simulator sets their times
// of modification to their arrival.
func deliveries(folder string) ([]weekly, error) {
	var all []weekly
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		at := info.ModTime()
		if n := len(all); n == 0 || weekOf(all[n-1].at) != weekOf(at) {
			all = append(all, weekly{})
		}
		last := &all[len(all)-1]
		last.at = at
		last.files = append(last.files, path)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of the city: %w", err)
	}
	return all, nil
}

// weekOf returns the ISO week of an instant in Asia/Shanghai.
func weekOf(instant time.Time) period.Period {
	return period.Of(period.Day(instant.In(period.Shanghai())), period.Week)
}

// demoTransform brings models and indicators up to date.
func (a *app) demoTransform(ctx context.Context) error {
	_, err := a.bringUpToDate(ctx, a.transformOptions("demo"))
	return err
}
