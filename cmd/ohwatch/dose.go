package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/transform"
)

// doseRules are the choices on doses that the configuration holds.
func (a *app) doseRules() transform.DoseRules {
	d := a.cfg.Dose
	return transform.DoseRules{BelowMDL: d.BelowMDL, Unshielded: !d.ThyroidShield, FirstBlock: d.FirstBlock}
}

// newIndicatorsDoseCommand is `ohwatch indicators dose`: the annual table of doses.
func newIndicatorsDoseCommand(a *app) *cobra.Command {
	var when, bands string
	t := transform.DoseTable{}
	command := &cobra.Command{
		Use:   "dose [--period 2025] [--by job_class|unit_kind|township] [--bands MSV,…] [--round N] [--below-mdl half|zero|mdl]",
		Short: a.text("dose.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.Year = a.today().Year() - 1
			if when != "" {
				p, err := period.Parse(when)
				if err != nil || p.Kind != period.Year {
					return wrongUsage("dose.year", map[string]any{"value": when})
				}
				t.Year = p.Start.Year()
			}
			dims := []string{"total", "job_class", "unit_kind", "township"}
			if !slices.Contains(dims, t.By) {
				return wrongUsage("usage.choice", map[string]any{"flag": "--by", "value": t.By, "choices": strings.Join(dims, ", ")})
			}
			if _, ok := transform.ParseBelowMDL(t.BelowMDL); !ok {
				return wrongUsage("usage.choice", map[string]any{"flag": "--below-mdl", "value": t.BelowMDL, "choices": "half, zero, mdl"})
			}
			if bands != "" {
				var ok bool
				if t.Edges, ok = parseEdges(bands); !ok {
					return wrongUsage("dose.bands", map[string]any{"value": bands})
				}
			}
			if t.Decimals > 9 {
				return wrongUsage("dose.round", map[string]any{"value": t.Decimals})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			if err := a.refresh(cmd.Context(), "fct_dose_person_year"); err != nil {
				return err
			}
			rows, err := transform.AnnualDoses(cmd.Context(), a.db, t)
			if err != nil {
				return err
			}
			return a.printDoses(t.Year, rows)
		},
	}
	command.Flags().StringVar(&when, "period", "", a.text("dose.flag_period", nil))
	command.Flags().StringVar(&t.By, "by", "total", a.text("dose.flag_by", nil))
	command.Flags().StringVar(&bands, "bands", "", a.text("dose.flag_bands", nil))
	command.Flags().IntVar(&t.Decimals, "round", -1, a.text("dose.flag_round", nil))
	command.Flags().StringVar(&t.BelowMDL, "below-mdl", "", a.text("dose.flag_below_mdl", nil))
	return command
}

// parseEdges reads the upper edges of bands, rising.
func parseEdges(text string) ([]float64, bool) {
	var edges []float64
	for part := range strings.SplitSeq(text, ",") {
		edge, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(edge >= 0 && edge < 1e6) || len(edges) > 0 && edge <= edges[len(edges)-1] {
			return nil, false
		}
		edges = append(edges, edge)
	}
	return edges, len(edges) <= 50
}

func (a *app) printDoses(year int, rows []transform.DoseRow) error {
	if a.json {
		for _, r := range rows {
			if err := a.printJSON(r); err != nil {
				return err
			}
		}
		return nil
	}
	if len(rows) == 0 {
		a.say("dose.none", map[string]any{"year": year})
		return nil
	}
	head := strings.Split(a.text("dose.header", nil), "\t")
	head = append(head, rows[0].Bands...)
	lines := make([][]string, len(rows))
	for i, r := range rows {
		name := r.NameZh
		if a.lang() == message.English {
			name = r.NameEn
		}
		switch {
		case r.By == "total":
			name = a.text("dose.total", nil)
		case r.Value == "":
			name = a.text("dose.unknown", nil)
		case r.By == "township" && r.Value == "unassigned":
			name = a.text("dose.unassigned", nil)
		case name == "":
			name = r.Value
		case r.By == "job_class":
			name = r.Value + " " + name
		}
		lines[i] = []string{
			name, fmt.Sprint(r.Monitored), fmt.Sprint(r.Measurable), decimals(&r.Collective, 1), decimals(r.Mean, 3),
			decimals(r.MeanMeasurable, 3), decimals(r.Max, 2), fmt.Sprint(r.WithNominal), fmt.Sprint(r.WithLost), fmt.Sprint(r.WithoutDose),
		}
		for k, n := range r.Counts {
			share := "—"
			if r.Monitored > 0 {
				share = rate(&r.Shares[k], transform.Share)
			}
			lines[i] = append(lines[i], fmt.Sprintf("%d (%s)", n, share))
		}
	}
	return printTable(a.out, head, lines)
}

// decimals writes a number with some decimals, a dash for none.
func decimals(x *float64, n int) string {
	if x == nil {
		return "—"
	}
	return strconv.FormatFloat(*x, 'f', n, 64)
}
