package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/transform"
)

// newTransformCommand is `ohwatch transform`: brings models and indicators up to date.
func newTransformCommand(a *app) *cobra.Command {
	var full bool
	var names []string
	command := &cobra.Command{
		Use:   "transform [--full] [--select MODEL…]",
		Short: a.text("transform.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			opt := a.transformOptions("command")
			opt.Full, opt.Select, opt.Report = full, names, a.printStep
			result, err := a.bringUpToDate(cmd.Context(), opt)
			if errors.Is(err, transform.ErrUnknownModel) {
				return usageError(err)
			}
			for _, check := range result.Failed() {
				a.note("transform.check_failed", map[string]any{"check": check.Name, "title": a.title(check.Title), "n": check.N})
				for _, offender := range check.Offenders {
					fmt.Fprintln(a.errOut, "  "+offender)
				}
			}
			return err
		},
	}
	command.Flags().BoolVar(&full, "full", false, a.text("transform.flag_full", nil))
	command.Flags().StringSliceVar(&names, "select", nil, a.text("transform.flag_select", nil))
	return command
}

// bringUpToDate measures what was loaded since and brings models and indicators up to date.
func (a *app) bringUpToDate(ctx context.Context, opt transform.Options) (transform.Result, error) {
	if err := ingest.Measure(ctx, a.db); err != nil {
		return transform.Result{}, err
	}
	return transform.Run(ctx, a.db, opt)
}

// refresh brings single models up to date, with what they read.
func (a *app) refresh(ctx context.Context, models ...string) error {
	opt := a.transformOptions("command")
	opt.Select = models
	_, err := a.bringUpToDate(ctx, opt)
	return err
}

// stepLine is one line of `ohwatch transform --json`.
type stepLine struct {
	Model   string  `json:"model"`
	Built   bool    `json:"built"`
	Rows    uint64  `json:"rows"`
	Seconds float64 `json:"seconds"`
	Part    bool    `json:"part"`    // only what was concerned was made anew
	Changed uint64  `json:"changed"` // rows that were not there before, or are no more
}

// printStep prints what became of one model.
func (a *app) printStep(s transform.Step) {
	switch {
	case a.json:
		if err := a.printJSON(stepLine{Model: s.Name, Built: s.Built, Part: s.Part, Changed: s.Changed, Rows: s.Rows, Seconds: s.Seconds}); err != nil {
			a.log.Error("print a step", "error", err)
		}
	case s.Built:
		seconds := time.Duration(s.Seconds * float64(time.Second)).Round(10 * time.Millisecond)
		key := "transform.built"
		if s.Part {
			key = "transform.built_part"
		}
		a.say(key, map[string]any{"model": fmt.Sprintf("%-24s", s.Name), "rows": fmt.Sprintf("%9d", s.Rows), "seconds": seconds, "changed": s.Changed})
	default:
		a.say("transform.fresh", map[string]any{"model": fmt.Sprintf("%-24s", s.Name)})
	}
}
