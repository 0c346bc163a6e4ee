package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// newIndicatorsCommand is `ohwatch indicators`: definitions and values of the indicators.
func newIndicatorsCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "indicators",
		Short: a.text("indicator.short", nil),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.listIndicators("") },
	}
	list := &cobra.Command{
		Use:   "list [--set seed|standard|plan]",
		Short: a.text("indicator.list_short", nil),
		Args:  cobra.NoArgs,
	}
	set := list.Flags().String("set", "", a.text("indicator.flag_set", nil))
	list.RunE = func(*cobra.Command, []string) error { return a.listIndicators(*set) }
	command.AddCommand(list, newIndicatorsShowCommand(a), newIndicatorsGapsCommand(a), newIndicatorsProjectCommand(a), newIndicatorsDoseCommand(a), newIndicatorsExposureCommand(a), newIndicatorsDissentCommand(a))
	return command
}

func newIndicatorsShowCommand(a *app) *cobra.Command {
	var f transform.Filter
	var asOf string
	var by []string
	explain := explainFlags{limit: -1}
	command := &cobra.Command{
		Use:   "show ID [--period P] [--area CODE] [--by township,industry,size] [--variant V] [--as-of DATE] [--explain [--limit N] [--out F.xlsx|F.csv]]",
		Short: a.text("indicator.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Indicator = args[0]
			day := a.today()
			if asOf != "" {
				var err error
				if day, err = parseDay("--as-of", asOf); err != nil {
					return err
				}
			}
			if len(by) == 0 {
				by = []string{""}
			}
			filters := make([]transform.Filter, len(by))
			for i, dim := range by {
				filters[i] = f
				filters[i].By = dim
				if err := a.checkFilter(&filters[i], day); err != nil {
					return err
				}
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			show := func(db *warehouse.DB) error {
				var values []transform.Value
				for _, filter := range filters {
					part, err := transform.Values(cmd.Context(), db, a.cfg.City.Code, filter)
					if err != nil {
						return err
					}
					values = append(values, part...)
				}
				if explain.on || explain.out != "" {
					return a.explain(cmd.Context(), db, values, f.Variant, explain)
				}
				return a.printValues(values)
			}
			if asOf == "" {
				return show(a.db)
			}
			opt := transform.Options{City: a.cfg.City.Code, By: "command", Dose: a.doseRules()}
			return transform.AsOf(cmd.Context(), a.db, day, opt, func(db *warehouse.DB, opt transform.Options) error {
				opt.Select = []string{filters[0].Indicator}
				if _, err := transform.Run(cmd.Context(), db, opt); err != nil {
					return err
				}
				return show(db)
			})
		},
	}
	command.Flags().StringVar(&f.Period, "period", "", a.text("indicator.flag_period", nil))
	command.Flags().StringVar(&f.Area, "area", "", a.text("indicator.flag_area", nil))
	command.Flags().StringSliceVar(&by, "by", nil, a.text("indicator.flag_by", nil))
	command.Flags().StringVar(&f.Variant, "variant", "", a.text("indicator.flag_variant", nil))
	command.Flags().StringVar(&asOf, "as-of", "", a.text("indicator.flag_as_of", nil))
	command.Flags().BoolVar(&explain.on, "explain", false, a.text("explain.flag_explain", nil))
	command.Flags().IntVar(&explain.limit, "limit", -1, a.text("explain.flag_limit", nil))
	command.Flags().StringVar(&explain.out, "out", "", a.text("explain.flag_out", nil))
	return command
}

// checkFilter completes f and says what is wrong with it. Without a period it is the year of the day.
func (a *app) checkFilter(f *transform.Filter, day time.Time) error {
	indicators, err := transform.LoadIndicators(a.files)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(indicators, func(i transform.Indicator) bool { return strings.EqualFold(i.ID, f.Indicator) })
	if at < 0 {
		ids := make([]string, len(indicators))
		for k, i := range indicators {
			ids[k] = i.ID
		}
		return wrongUsage("indicator.unknown", map[string]any{"indicator": f.Indicator, "indicators": strings.Join(ids, ", ")})
	}
	f.Indicator = indicators[at].ID
	var variants []string
	for _, v := range indicators[at].Variants {
		variants = append(variants, v.Name)
	}
	if f.Variant != "" && !slices.Contains(variants, f.Variant) {
		return wrongUsage("indicator.unknown_variant", map[string]any{
			"indicator": f.Indicator, "variant": f.Variant, "variants": strings.Join(variants, ", "),
		})
	}
	if f.Period == "" {
		f.Period = strconv.Itoa(day.Year())
	}
	p, err := period.Parse(f.Period)
	if err != nil {
		return wrongUsage("usage.period", map[string]any{"flag": "--period", "value": f.Period})
	}
	f.Period = p.String()
	if !slices.Contains(append(transform.Dims(), ""), f.By) {
		return wrongUsage("usage.choice", map[string]any{"flag": "--by", "value": f.By, "choices": strings.Join(transform.Dims(), ", ")})
	}
	if f.By != "" && f.By != "township" && f.Area != "" && f.Area != a.cfg.City.Code {
		return wrongUsage("indicator.city_only", map[string]any{"city": a.cfg.City.Code, "area": f.Area})
	}
	return nil
}

// printValues prints values as a table or as one JSON object a line.
func (a *app) printValues(values []transform.Value) error {
	if a.json {
		for _, v := range values {
			if err := a.printJSON(v); err != nil {
				return err
			}
		}
		return nil
	}
	if len(values) == 0 {
		a.say("indicator.none", nil)
		return nil
	}
	rows := make([][]string, len(values))
	for i, v := range values {
		area := v.Area
		if v.By != "" && v.By != "township" {
			area = v.By
		}
		rows[i] = []string{
			v.Indicator, v.Variant, v.Period, area, plain(&v.Numerator), plain(v.Denominator), rate(v.Value, v.Unit),
			interval(v.Lower, v.Upper, v.Unit), plain(v.Gap), a.text("indicator.status_"+v.Status, nil),
			plain(&v.Missing), coverage(v),
		}
	}
	if err := printTable(a.out, strings.Split(a.text("indicator.header", nil), "\t"), rows); err != nil {
		return err
	}
	said := map[string]bool{} // a break is said once for all lines
	for _, v := range values {
		for _, b := range v.Breaks {
			text := a.text("indicator.break", map[string]any{"date": b.Date, "reason": a.title(b.Reason), "before": b.Before, "after": b.After})
			if !said[text] {
				fmt.Fprintln(a.out, text)
			}
			said[text] = true
		}
	}
	return nil
}

// coverage writes how much of the known employers of the place the roster has.
func coverage(v transform.Value) string {
	if v.RosterCoverage == nil {
		return "—"
	}
	return fmt.Sprintf("%s (%d/%d)", rate(v.RosterCoverage, transform.Share), *v.RosterEmployers, *v.KnownEmployers)
}

// plain writes a count.
func plain(x *float64) string {
	if x == nil {
		return "—"
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

// rate writes a value in its unit: shares in percent with one decimal, rounded half up.
func rate(x *float64, unit transform.Unit) string {
	switch {
	case x == nil:
		return "—"
	case unit == transform.Share:
		return strconv.FormatFloat(float64(int64(*x*1000+0.5))/10, 'f', 1, 64) + "%"
	case unit == transform.Per10000 || unit == transform.Per100000:
		return strconv.FormatFloat(*x, 'f', 1, 64)
	case slices.Contains([]transform.Unit{transform.Lower, transform.Median, transform.Upper, transform.P90, transform.P95, transform.Largest, transform.Deviation}, unit):
		return strconv.FormatFloat(*x, 'f', 1, 64)
	case unit == transform.Mean:
		return strconv.FormatFloat(*x, 'f', 3, 64)
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

func interval(lower, upper *float64, unit transform.Unit) string {
	if lower == nil || upper == nil {
		return "—"
	}
	if unit == transform.Count {
		unit = transform.Per100000 // limits of a count are no whole numbers
	}
	return rate(lower, unit) + "–" + rate(upper, unit)
}

// listIndicators prints the definitions of a set in plain words; an empty set is all of them.
func (a *app) listIndicators(set string) error {
	indicators, err := transform.LoadIndicators(a.files)
	if err != nil {
		return err
	}
	if indicators, err = transform.Headlined(indicators, a.transformOptions("command").Headlines); err != nil {
		return err
	}
	sets := []transform.Set{transform.SetSeed, transform.SetStandard, transform.SetPlan}
	if set != "" && !slices.Contains(sets, transform.Set(set)) {
		return wrongUsage("usage.choice", map[string]any{"flag": "--set", "value": set, "choices": "seed, standard, plan"})
	}
	if set != "" {
		indicators = slices.DeleteFunc(indicators, func(i transform.Indicator) bool { return !slices.Contains(i.Sets, transform.Set(set)) })
	}
	if a.json {
		for _, e := range transform.Catalog(indicators) {
			if err := a.printJSON(e); err != nil {
				return err
			}
		}
		return nil
	}
	for _, i := range indicators {
		fmt.Fprintf(a.out, "%-5s %s\n      %s\n", i.ID, a.title(i.Title), i.Clause)
		fmt.Fprintf(a.out, "      %s\n", a.text("indicator.words", map[string]any{
			"numerator": a.title(i.Numerator), "denominator": a.title(i.Denominator), "calendar": a.title(i.Calendar),
		}))
		for _, b := range i.Breaks {
			fmt.Fprintf(a.out, "      %s\n", a.text("indicator.break", map[string]any{
				"date": b.Date, "reason": a.title(b.Reason), "before": b.Before, "after": b.After,
			}))
		}
		for k, v := range i.Variants {
			mark := " "
			if k == 0 {
				mark = "*"
			}
			fmt.Fprintf(a.out, "    %s %-12s %s\n", mark, v.Name, a.title(v.Meaning))
		}
	}
	return nil
}

// title returns a name in the user's language.
func (a *app) title(t transform.Title) string {
	if a.lang() == message.English {
		return t.En
	}
	return t.Zh
}
