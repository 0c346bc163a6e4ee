package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/transform"
)

// newIndicatorsProjectCommand is `ohwatch indicators project ID`: will the target be met at the end of the year.
func newIndicatorsProjectCommand(a *app) *cobra.Command {
	var f transform.Filter
	var at string
	var backtest bool
	command := &cobra.Command{
		Use:   "project ID [--period 2025] [--area CODE] [--variant V] [--at 2025-06] [--backtest]",
		Short: a.text("project.short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Indicator = args[0]
			return a.project(cmd.Context(), f, at, backtest)
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.Period, "period", "", a.text("indicator.flag_period", nil))
	flags.StringVar(&f.Area, "area", "", a.text("project.flag_area", nil))
	flags.StringVar(&f.Variant, "variant", "", a.text("project.flag_variant", nil))
	flags.StringVar(&at, "at", "", a.text("project.flag_at", nil))
	flags.BoolVar(&backtest, "backtest", false, a.text("project.flag_backtest", nil))
	return command
}

// project prints where an indicator will stand at the end of a year, and how wrong that was in earlier years.
func (a *app) project(ctx context.Context, f transform.Filter, at string, backtestOnly bool) error {
	if err := a.checkFilter(&f, a.today()); err != nil {
		return err
	}
	year, err := strconv.Atoi(f.Period)
	if err != nil {
		return wrongUsage("project.year", map[string]any{"value": f.Period})
	}
	want := transform.ForecastFilter{Year: year, Variant: f.Variant}
	if at != "" {
		month, err := time.Parse("2006-01", at)
		if err != nil || month.Year() != year {
			return wrongUsage("project.at_month", map[string]any{"value": at, "period": f.Period})
		}
		want.Month = int(month.Month())
	}
	indicators, err := transform.LoadIndicators(a.files)
	if err != nil {
		return err
	}
	want.Indicator = indicators[slices.IndexFunc(indicators, func(i transform.Indicator) bool { return i.ID == f.Indicator })]
	if want.Variant == "" {
		want.Variant = want.Indicator.Variants[0].Name
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	forecasts, tested, err := transform.Forecasts(ctx, a.db, want)
	if errors.Is(err, transform.ErrNotProjected) {
		return usageError(err)
	}
	if err != nil {
		return err
	}
	if f.Area != "" {
		if err := a.checkArea(ctx, f.Area); err != nil {
			return err
		}
		forecasts = slices.DeleteFunc(forecasts, func(w transform.Forecast) bool { return w.Area != f.Area })
	}
	if a.json {
		if backtestOnly {
			return printAll(a, tested)
		}
		return printAll(a, forecasts)
	}
	if !backtestOnly {
		if err := a.printForecasts(want, forecasts); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	return a.printForecastErrors(tested)
}

func (a *app) printForecasts(want transform.ForecastFilter, forecasts []transform.Forecast) error {
	if len(forecasts) == 0 {
		a.say("indicator.none", nil)
		return nil
	}
	at := slices.IndexFunc(want.Indicator.Variants, func(v transform.Variant) bool { return v.Name == want.Variant })
	variant := want.Indicator.Variants[at]
	key := "project.title"
	if forecasts[0].Method == "none" && forecasts[0].Status != "no_data" {
		key = "project.title_over"
	}
	a.say(key, map[string]any{
		"indicator": want.Indicator.ID, "title": a.title(want.Indicator.Title), "variant": a.title(variant.Meaning),
		"day": forecasts[0].AsOf, "year": want.Year,
	})
	rows := make([][]string, len(forecasts))
	for i, w := range forecasts {
		area := a.text("gap.page_city", nil)
		if w.Area != a.cfg.City.Code {
			area = a.areaName(w.Area, w.AreaZh, w.AreaEn)
		}
		rows[i] = []string{
			area, w.Area, plain(&w.Numerator), plain(&w.Denominator), rate(w.Value, variant.Unit), rate(bound(w), variant.Unit),
			rate(w.Projected, variant.Unit), interval(w.Lower, w.Upper, variant.Unit), rate(w.Probability, transform.Share),
			a.text("project.status_"+w.Status, nil), a.text("project.method_"+w.Method, nil), strconv.Itoa(w.Years),
			points(w.Error, variant.Unit), rate(w.Coverage, transform.Share), strconv.Itoa(w.Tested),
		}
	}
	return printTable(a.out, strings.Split(a.text("project.header", nil), "\t"), rows)
}

// bound is what a projection is held against: the target, or the count of the base year.
func bound(w transform.Forecast) *float64 {
	if w.Base != nil {
		return w.Base
	}
	return w.Target
}

// points writes an error: of shares in percentage points.
func points(x *float64, unit transform.Unit) string {
	if x == nil {
		return "—"
	}
	if unit == transform.Share {
		return strconv.FormatFloat(*x*100, 'f', 1, 64)
	}
	return strconv.FormatFloat(*x, 'f', 1, 64)
}

// printForecastErrors prints one line a month.
func (a *app) printForecastErrors(tested []transform.ForecastBacktest) error {
	a.say("project.backtest_title", nil)
	var rows [][]string
	for _, b := range tested {
		if b.Scope == "city" {
			rows = append(rows, []string{strconv.Itoa(b.Month)})
		}
		brier := "—"
		if b.Brier != nil {
			brier = strconv.FormatFloat(*b.Brier, 'f', 3, 64)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], points(b.Error, b.Unit), rate(b.Coverage, transform.Share), brier, strconv.Itoa(b.N))
	}
	return printTable(a.out, strings.Split(a.text("project.backtest_header", nil), "\t"), rows)
}
