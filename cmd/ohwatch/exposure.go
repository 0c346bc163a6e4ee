package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/transform"
)

// newIndicatorsExposureCommand is `ohwatch indicators exposure`: similar exposure groups and what EN 689 says of them.
func newIndicatorsExposureCommand(a *app) *cobra.Command {
	var f transform.ExposureFilter
	var when string
	command := &cobra.Command{
		Use:   "exposure [--period 2025] [--employer NAME|CODE] [--hazard ID] [--verdict V] [--area CODE] [--reliable]",
		Short: a.text("exposure.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if when != "" {
				p, err := period.Parse(when)
				if err != nil || p.Kind != period.Year {
					return wrongUsage("dose.year", map[string]any{"value": when})
				}
				f.Year = p.Start.Year()
			}
			verdicts := []string{"compliance", "non-compliance", "no-decision", "too-few", "no-limit"}
			if f.Verdict != "" && !slices.Contains(verdicts, f.Verdict) {
				return wrongUsage("usage.choice", map[string]any{"flag": "--verdict", "value": f.Verdict, "choices": strings.Join(verdicts, ", ")})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			if err := a.refresh(cmd.Context(), "fct_exposure_group", "stg_employer", "dim_township", "dim_hazard"); err != nil {
				return err
			}
			groups, err := transform.Exposures(cmd.Context(), a.db, f)
			if err != nil {
				return err
			}
			return a.printExposures(groups)
		},
	}
	command.Flags().StringVar(&when, "period", "", a.text("exposure.flag_period", nil))
	command.Flags().StringVar(&f.Employer, "employer", "", a.text("exposure.flag_employer", nil))
	command.Flags().StringVar(&f.Hazard, "hazard", "", a.text("exposure.flag_hazard", nil))
	command.Flags().StringVar(&f.Verdict, "verdict", "", a.text("exposure.flag_verdict", nil))
	command.Flags().StringVar(&f.Area, "area", "", a.text("exposure.flag_area", nil))
	command.Flags().BoolVar(&f.Reliable, "reliable", false, a.text("exposure.flag_reliable", nil))
	return command
}

func (a *app) printExposures(groups []transform.Exposure) error {
	if a.json {
		for _, g := range groups {
			if err := a.printJSON(g); err != nil {
				return err
			}
		}
		return nil
	}
	if len(groups) == 0 {
		a.say("exposure.none", nil)
		return nil
	}
	lines := make([][]string, len(groups))
	for i, g := range groups {
		lines[i] = []string{
			g.EmployerName, g.Workshop + " " + g.Post, a.hazardName(g.HazardZh, g.HazardEn, g.Hazard, g.Fraction), g.LimitType, fmt.Sprint(g.Year), fmt.Sprint(g.N),
			rate(&g.ShareBelow, transform.Share), figures(g.GM), figures(g.GSD), figures(g.Mean), figures(g.P95), figures(g.P95Upper),
			figures(&g.Limit) + " " + g.Unit, rate(g.Exceedance, transform.Share), rate(g.ExceedanceUpper, transform.Share),
			g.Method, a.text("exposure.verdict_"+strings.ReplaceAll(g.Verdict, "-", "_"), nil),
		}
	}
	return printTable(a.out, strings.Split(a.text("exposure.header", nil), "\t"), lines)
}

// hazardName names a hazard in the user's language, with the particle size fraction of dust.
func (a *app) hazardName(zh, en, id, fraction string) string {
	name := zh
	if a.lang() == message.English {
		name = en
	}
	if name == "" {
		name = id
	}
	if fraction != "" {
		name += " " + a.text("exposure.fraction_"+fraction, nil)
	}
	return name
}

// figures writes a number with three significant figures, a dash for none.
func figures(x *float64) string {
	if x == nil {
		return "—"
	}
	return fmt.Sprintf("%.3g", *x)
}

// newIndicatorsDissentCommand is `ohwatch indicators dissent`: where institutions judged otherwise than the limits say.
func newIndicatorsDissentCommand(a *app) *cobra.Command {
	var f transform.DissentFilter
	var when string
	command := &cobra.Command{
		Use:   "dissent [--period P] [--kind missed|stricter] [--institution CODE] [--area CODE]",
		Short: a.text("dissent.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.From, f.To = period.Date(1900, time.January, 1), period.Date(2299, time.December, 31)
			if when != "" {
				p, err := period.Parse(when)
				if err != nil {
					return wrongUsage("usage.period", map[string]any{"flag": "--period", "value": when})
				}
				f.From, f.To = p.Start, p.End
			}
			if f.Kind != "" && f.Kind != "missed" && f.Kind != "stricter" {
				return wrongUsage("usage.choice", map[string]any{"flag": "--kind", "value": f.Kind, "choices": "missed, stricter"})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			if err := a.refresh(cmd.Context(), "fct_detection_judgement", "stg_employer", "dim_township", "dim_hazard"); err != nil {
				return err
			}
			all, err := transform.Dissents(cmd.Context(), a.db, f)
			if err != nil {
				return err
			}
			return a.printDissents(all)
		},
	}
	command.Flags().StringVar(&when, "period", "", a.text("dissent.flag_period", nil))
	command.Flags().StringVar(&f.Kind, "kind", "", a.text("dissent.flag_kind", nil))
	command.Flags().StringVar(&f.Institution, "institution", "", a.text("dissent.flag_institution", nil))
	command.Flags().StringVar(&f.Area, "area", "", a.text("exposure.flag_area", nil))
	return command
}

func (a *app) printDissents(all []transform.Dissent) error {
	if a.json {
		for _, d := range all {
			if err := a.printJSON(d); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		a.say("dissent.none", nil)
		return nil
	}
	lines := make([][]string, len(all))
	for i, d := range all {
		lines[i] = []string{
			a.text("dissent.kind_"+d.Kind, nil), d.SampleDate, d.Institution, d.Report, d.Name, d.Workshop + " " + d.Post,
			a.hazardName(d.HazardZh, d.HazardEn, d.Hazard, d.Fraction), d.LimitType, figures(&d.Value), figures(&d.Limit) + " " + d.Unit,
		}
	}
	return printTable(a.out, strings.Split(a.text("dissent.header", nil), "\t"), lines)
}
