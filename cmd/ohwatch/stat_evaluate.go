package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"ohwatch/transform/evaluate"
)

// newStatEvaluateCommand is `ohwatch stat evaluate`: which detector finds what, by simulation.
func newStatEvaluateCommand(a *app) *cobra.Command {
	opt := evaluate.Options{}
	var out string
	command := &cobra.Command{
		Use:   "evaluate",
		Short: a.text("evaluate.short", nil),
		Long:  a.text("evaluate.long", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opt.Check(); err != nil {
				return usageError(err)
			}
			report, err := evaluate.Run(cmd.Context(), opt)
			if err != nil {
				return err
			}
			if out != "" {
				var page bytes.Buffer
				if err := report.WriteMarkdown(&page); err != nil {
					return err
				}
				if err := os.WriteFile(out, page.Bytes(), 0o644); err != nil {
					return &saidError{"evaluate.cannot_write", map[string]any{"file": out, "error": err}}
				}
			}
			if a.json {
				return a.printJSON(report)
			}
			return a.printDetectorStudy(report)
		},
	}
	flags := command.Flags()
	flags.Uint64Var(&opt.Seed, "seed", 1, a.text("evaluate.flag_seed", nil))
	flags.IntVar(&opt.Series, "series", 30, a.text("evaluate.flag_series", nil))
	flags.IntVar(&opt.Cities, "cities", 4, a.text("evaluate.flag_cities", nil))
	flags.Float64Var(&opt.Scale, "scale", 0.4, a.text("evaluate.flag_scale", nil))
	flags.Float64Var(&opt.Limit, "limit", 0.2, a.text("evaluate.flag_limit", nil))
	flags.Float64Var(&opt.Events, "events", 0.1, a.text("evaluate.flag_events", nil))
	flags.StringVar(&out, "out", "", a.text("evaluate.flag_out", nil))
	return command
}

// printDetectorStudy prints the recommendations, what each method finds, and the whole cities.
func (a *app) printDetectorStudy(r *evaluate.Report) error {
	word := func(name string) string { return a.text("evaluate."+name, nil) }
	percent := func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }
	short := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	var rows [][]string
	for _, c := range r.Choices {
		best := c.Recommended
		shipped := word("other")
		if best.Method == c.Shipped.Method && best.Level == c.Shipped.Level {
			shipped = word("same")
		}
		rows = append(rows, []string{
			word(c.Background), short(c.Expected), best.Method, short(best.Level), fmt.Sprintf("%.2f", best.FalseAlarms), percent(best.Sensitivity),
			evaluate.FormatDelay(best.Delay), percent(best.Predictive), shipped,
		})
	}
	fmt.Fprintln(a.out, a.text("evaluate.recommended", map[string]any{"limit": short(r.Limit)}))
	if err := printTable(a.out, []string{
		word("series"), word("expected"), word("method"), word("level"), word("false_alarms"), word("found"), word("delay"), word("predictive"), word("shipped"),
	}, rows); err != nil {
		return err
	}
	rows = nil
	for _, c := range r.Choices {
		for _, m := range c.ByMethod {
			row := []string{word(c.Background), short(c.Expected), m.Method, short(m.Level), fmt.Sprintf("%.2f", m.FalseAlarms), percent(m.Sensitivity), evaluate.FormatDelay(m.Delay), percent(m.Predictive)}
			for _, cell := range m.Found {
				row = append(row, fmt.Sprintf("%.0f (%s)", 100*cell.Sensitivity, evaluate.FormatDelay(cell.Delay)))
			}
			rows = append(rows, row)
		}
	}
	head := []string{word("series"), word("expected"), word("method"), word("level"), word("false_alarms"), word("found"), word("delay"), word("predictive")}
	for _, s := range r.Shapes {
		head = append(head, word(s.Kind)+" "+word(s.Size))
	}
	fmt.Fprintf(a.out, "\n%s\n", word("all_methods"))
	if err := printTable(a.out, head, rows); err != nil {
		return err
	}
	rows, head = nil, []string{word("method"), word("false_alarms"), word("in_city"), word("predictive")}
	for i, c := range r.City {
		row := []string{c.Method, fmt.Sprintf("%.2f", c.FalseAlarms), fmt.Sprintf("%.1f", c.PerCity), percent(c.Predictive)}
		for _, f := range c.Found {
			if i == 0 {
				head = append(head, word(f.Kind))
			}
			row = append(row, fmt.Sprintf("%d/%d (%s)", f.Found, f.Events, evaluate.FormatDelay(f.Delay)))
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(a.out, "\n%s\n", a.text("evaluate.cities", map[string]any{"cities": r.Cities}))
	return printTable(a.out, head, rows)
}
