package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/simulate"
)

// newSimulateCommand is `ohwatch simulate`: a believable city's files and the truth behind them.
func newSimulateCommand(a *app) *cobra.Command {
	opt := simulate.Options{}
	var years, until string
	var plans []string
	command := &cobra.Command{
		Use:   "simulate --out DIR",
		Short: a.text("simulate.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var ok bool
			if opt.FromYear, opt.ToYear, ok = parseYears(years); !ok {
				return usageError(simulate.BadYears(years))
			}
			if until != "" {
				day, err := time.Parse(time.DateOnly, until)
				if err != nil {
					return usageError(simulate.BadUntil(until, opt.ToYear))
				}
				opt.Until = day
			}
			for _, text := range plans {
				plan, err := simulate.ParsePlan(text)
				if err != nil {
					return usageError(err)
				}
				opt.Plans = append(opt.Plans, plan)
			}
			summary, err := simulate.Run(cmd.Context(), opt)
			var wrong *simulate.OptionError
			if errors.As(err, &wrong) {
				return usageError(err)
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(summary)
			}
			a.printCity(a.out, summary)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&opt.Out, "out", "", a.text("simulate.flag_out", nil))
	flags.StringVar(&years, "years", "2018-2026", a.text("simulate.flag_years", nil))
	flags.Uint64Var(&opt.Seed, "seed", 1, a.text("simulate.flag_seed", nil))
	flags.Float64Var(&opt.Scale, "scale", 1, a.text("simulate.flag_scale", nil))
	flags.StringVar(&opt.Truth, "truth", "", a.text("simulate.flag_truth", nil))
	flags.StringVar(&until, "until", "", a.text("simulate.flag_until", nil))
	flags.StringArrayVar(&plans, "plant", nil, a.text("simulate.flag_plant", nil))
	return command
}

// printCity says what a simulated city is like.
func (a *app) printCity(w io.Writer, summary simulate.Summary) {
	kinds := summary.InstitutionsByKind
	fmt.Fprintln(w, a.text("simulate.done", map[string]any{
		"files": summary.Files, "rows": summary.Rows, "megabytes": fmt.Sprintf("%.1f", float64(summary.Bytes)/1e6),
		"employers": summary.Employers, "exposed": summary.Exposed, "persons": summary.Persons, "until": summary.Until,
	}))
	fmt.Fprintln(w, a.text("simulate.institutions", map[string]any{
		"institutions": summary.Institutions, "exam": kinds["exam"], "detection": kinds["detection"],
		"dose": kinds["dose"], "hospital": kinds["hospital"],
	}))
}

// parseYears reads "2018-2026" or one year.
func parseYears(s string) (from, to int, ok bool) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	return from, to, err1 == nil && err2 == nil
}
