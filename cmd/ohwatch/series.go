package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// newSeriesCommand is `ohwatch stat series`: definitions and results of the weekly series.
func newSeriesCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "series",
		Short: a.text("series.short", nil),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.listSeries(cmd) },
	}
	var stratum, week string
	var weeks int
	show := &cobra.Command{
		Use:   "show ID [--stratum KEY] [--week 2026-W46] [--weeks N]",
		Short: a.text("series.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, ok, err := transform.FindSeries(ohsql.FS(), args[0])
			if err != nil {
				return err
			}
			if !ok {
				return wrongUsage("series.unknown", map[string]any{"series": args[0]})
			}
			last := transform.LastWeek(a.today())
			if week != "" {
				if last, err = period.Parse(week); err != nil || last.Kind != period.Week {
					return wrongUsage("usage.week", map[string]any{"flag": "--week", "value": week})
				}
			}
			if weeks < 1 {
				return wrongUsage("usage.choice", map[string]any{"flag": "--weeks", "value": weeks, "choices": "1, 2, 3, …"})
			}
			first := last.Prev(weeks - 1)
			switch {
			case cmd.Flags().Changed("weeks"):
			case stratum == "": // all strata: one week
				first = last
			case week == "":
				first = last.Prev(25)
			default:
				first = last
			}
			return a.showSeries(cmd, s, stratum, first, last)
		},
	}
	show.Flags().StringVar(&stratum, "stratum", "", a.text("series.flag_stratum", nil))
	show.Flags().StringVar(&week, "week", "", a.text("series.flag_week", nil))
	show.Flags().IntVar(&weeks, "weeks", 1, a.text("series.flag_weeks", nil))
	command.AddCommand(&cobra.Command{
		Use:   "list",
		Short: a.text("series.list_short", nil),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.listSeries(cmd) },
	}, show)
	return command
}

// seriesLine is one line of `ohwatch stat series list --json`.
type seriesLine struct {
	Series     string   `json:"series"`
	Version    string   `json:"version"`
	TitleZh    string   `json:"title_zh"`
	TitleEn    string   `json:"title_en"`
	Stream     string   `json:"stream"`
	Date       string   `json:"date"`
	Strata     []string `json:"strata"`
	Population string   `json:"population"`
	Delay      string   `json:"delay"`
	Direction  string   `json:"direction"`
	Methods    []string `json:"methods"`
	Parameters string   `json:"parameters"`
	Source     string   `json:"source"`
	Week       string   `json:"week"`
	NStrata    uint32   `json:"n_strata"`
	NWeeks     uint32   `json:"n_weeks"`
	NComputed  uint64   `json:"n_computed"`
	Seconds    float64  `json:"seconds"`
	NAlarms    uint64   `json:"n_alarms"`
}

func (a *app) listSeries(cmd *cobra.Command) error {
	all, broken, err := transform.LoadSeries(ohsql.FS())
	if err != nil {
		return err
	}
	for _, b := range broken {
		a.note("series.broken", map[string]any{"error": b.Error()})
	}
	if err := a.openDB(cmd.Context()); err != nil {
		return err
	}
	summaries, err := transform.SeriesSummaries(cmd.Context(), a.db)
	if err != nil {
		return err
	}
	byID := make(map[string]transform.SeriesSummary, len(summaries))
	for _, s := range summaries {
		byID[s.Series] = s
	}
	var rows [][]string
	for _, s := range all {
		r := byID[s.ID]
		if a.json {
			if err := a.printJSON(seriesLine{
				Series: s.ID, Version: s.Version, TitleZh: s.Title.Zh, TitleEn: s.Title.En, Stream: s.Stream, Date: s.Date, Strata: s.Strata,
				Population: s.Population, Delay: s.Delay, Direction: string(s.Direction), Methods: s.Methods, Parameters: s.SettingsText(), Source: s.Source,
				Week: r.Week, NStrata: r.Strata, NWeeks: r.Weeks, NComputed: r.Computed, Seconds: r.Seconds, NAlarms: r.Alarms,
			}); err != nil {
				return err
			}
			continue
		}
		row := []string{s.ID, a.title(s.Title), strings.Join(s.Methods, ", "), "—", "—", "—"}
		if r.Week != "" {
			row[3], row[4], row[5] = r.Week, fmt.Sprint(r.Strata), fmt.Sprint(r.Alarms)
		}
		rows = append(rows, row)
	}
	if a.json {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("series.list_header", nil), "\t"), rows)
}

func (a *app) showSeries(cmd *cobra.Command, s transform.Series, stratum string, first, last period.Period) error {
	if err := a.openDB(cmd.Context()); err != nil {
		return err
	}
	results, err := transform.SeriesResults(cmd.Context(), a.db, s.ID, stratum, first, last)
	if err != nil {
		return err
	}
	if len(results) == 0 && !a.json {
		a.say("series.none", map[string]any{"series": s.ID, "from": first, "to": last})
		return nil
	}
	rows := make([][]string, 0, len(results))
	for _, r := range results {
		if a.json {
			if err := a.printJSON(r); err != nil {
				return err
			}
			continue
		}
		name := r.NameZh
		if a.lang() == message.English {
			name = r.NameEn
		}
		rows = append(rows, []string{
			r.Week, r.Stratum, name, strconv.FormatFloat(r.Observed, 'f', -1, 64), nowcastCell(r), significant(r.Expected), significant(r.Threshold),
			significant(r.Score), judgedCell(r), significant(r.P), a.seriesVerdict(r), r.Method,
		})
	}
	if a.json {
		return nil
	}
	fmt.Fprintf(a.out, "%s · %s · %s\n", s.ID, a.title(s.Title), s.SettingsText())
	if err := printTable(a.out, strings.Split(a.text("series.show_header", nil), "\t"), rows); err != nil {
		return err
	}
	for _, r := range results {
		if r.Provisional {
			a.say("series.provisional_note", nil)
			break
		}
	}
	return nil
}

// judgedCell is what several weeks judged together hold: cases of expected in weeks.
func judgedCell(r transform.SeriesResult) string {
	if r.Weeks < 2 || r.Cases == nil || r.CasesExp == nil {
		return "—"
	}
	return fmt.Sprintf("%s : %s (%d)", significant(r.Cases), significant(r.CasesExp), r.Weeks)
}

// nowcastCell is the estimate with its interval and the share reported, of a provisional week.
func nowcastCell(r transform.SeriesResult) string {
	if r.Nowcast == nil || r.NowcastLow == nil || r.NowcastHigh == nil || r.Reported == nil {
		return "—"
	}
	return fmt.Sprintf("%.0f (%.0f–%.0f), %.0f%%", *r.Nowcast, *r.NowcastLow, *r.NowcastHigh, 100**r.Reported)
}

// seriesVerdict is the alarm, or why there is none to be had.
func (a *app) seriesVerdict(r transform.SeriesResult) string {
	key := "series.quiet"
	switch {
	case r.Reason != "":
		key = "series.reason_" + r.Reason
	case r.Alarm:
		key = "series.alarm"
	}
	text := a.text(key, nil)
	if r.Provisional {
		text += a.text("series.provisional", nil)
	}
	return text
}

// significant writes a number with three significant digits.
func significant(x *float64) string {
	if x == nil {
		return "—"
	}
	return strconv.FormatFloat(*x, 'g', 3, 64)
}
