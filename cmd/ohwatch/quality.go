package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/period"
	"ohwatch/reports"
)

// newQualityCommand is `ohwatch quality`: the data-quality scorecard.
func newQualityCommand(a *app) *cobra.Command {
	var f reports.QualityFilter
	var when, out string
	var league bool
	command := &cobra.Command{
		Use:   "quality [--sender NAME] [--stream S] [--period 2025-07] [--league] [--out F.csv]",
		Short: a.text("quality.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Period = period.Period{Start: a.today().AddDate(-1, 0, 0), End: a.today()}
			if when != "" {
				p, err := period.Parse(when)
				if err != nil {
					return wrongUsage("quality.period", map[string]any{"period": when})
				}
				f.Period = p
			}
			streams, err := ingest.Streams()
			if err != nil {
				return err
			}
			if f.Stream != "" && !slices.Contains(streams, f.Stream) {
				return wrongUsage("ingest.stream_unknown", map[string]any{"stream": f.Stream, "streams": strings.Join(streams, ", ")})
			}
			return a.quality(cmd.Context(), f, league, out)
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.Sender, "sender", "", a.text("quality.flag_sender", nil))
	flags.StringVar(&f.Stream, "stream", "", a.text("sender.flag_stream", nil))
	flags.StringVar(&when, "period", "", a.text("quality.flag_period", nil))
	flags.BoolVar(&league, "league", false, a.text("quality.flag_league", nil))
	flags.StringVar(&out, "out", "", a.text("quality.flag_out", nil))
	return command
}

// quality brings the scorecard up to date and prints it: the league table and, for one sender, its scores.
func (a *app) quality(ctx context.Context, f reports.QualityFilter, league bool, out string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	if err := a.refresh(ctx, "fct_quality"); err != nil {
		return err
	}
	scores, err := reports.Scores(ctx, a.db, f)
	if err != nil {
		return err
	}
	if out != "" {
		if err := a.writeScores(out, scores); err != nil {
			return err
		}
		a.say("quality.written", map[string]any{"rows": len(scores), "file": out})
		return nil
	}
	standings, err := reports.League(ctx, a.db, f)
	if err != nil {
		return err
	}
	if f.Sender != "" {
		standings = slices.DeleteFunc(standings, func(s reports.Standing) bool { return s.Sender != f.Sender })
	}
	if a.json {
		if league {
			return printAll(a, standings)
		}
		return printAll(a, scores)
	}
	if len(standings) == 0 && len(scores) == 0 {
		a.say("quality.none", nil)
		return nil
	}
	if err := a.printLeague(standings); err != nil || league {
		return err
	}
	if f.Sender != "" {
		if err := a.printScores(scores); err != nil {
			return err
		}
	}
	return a.printChanges(ctx, f)
}

func printAll[T any](a *app, all []T) error {
	for _, one := range all {
		if err := a.printJSON(one); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printLeague(standings []reports.Standing) error {
	var rows [][]string
	for _, s := range standings {
		kept, silent := "-", "-"
		if s.Due > 0 {
			kept, silent = fmt.Sprintf("%.0f/%.0f", s.DueKept, s.Due), fmt.Sprintf("%.0f", s.Silent)
		}
		rows = append(rows, []string{
			a.senderName(s.Sender), strconv.FormatFloat(s.Read, 'f', 0, 64), share(s.Value), scoreInterval(s.Lower, s.Upper), share(s.Expected),
			a.text("report.verdict_"+s.Verdict, nil), share(s.Completeness), kept, silent,
		})
	}
	return printTable(a.out, strings.Split(a.text("quality.league_head", nil), "|"), rows)
}

// senderName names a sender; files of an unknown one are put together.
func (a *app) senderName(sender string) string {
	if sender == "" {
		return a.text("report.sender_unknown", nil)
	}
	return sender
}

// share writes a share in percent.
func share(p *float64) string {
	if p == nil {
		return "-"
	}
	return strconv.FormatFloat(100**p, 'f', 1, 64) + "%"
}

func scoreInterval(lower, upper *float64) string {
	if lower == nil || upper == nil {
		return "-"
	}
	return share(lower) + "–" + share(upper)
}

// printScores prints the scores of one sender, a line for each.
func (a *app) printScores(scores []reports.Score) error {
	names, err := fieldNames()
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range scores {
		value := share(s.Value)
		switch s.Measure {
		case "drift":
			value = fmt.Sprintf("PSI %.2f", *s.Value)
		case "heading":
			value = fmt.Sprintf("%.0f", s.Numerator)
		}
		if s.MedianDays != nil {
			value += " " + a.text("quality.median", map[string]any{"days": fmt.Sprintf("%.0f", *s.MedianDays)})
		}
		item := s.Item
		if name, ok := names[s.Stream+"."+s.Item]; ok {
			item = name
		} else if key := "quality.item_" + s.Item; a.has(key) {
			item = a.text(key, nil)
		}
		rows = append(rows, []string{
			a.text("report.stream."+s.Stream, nil), s.Month, a.text("quality.measure_"+s.Measure, nil), item,
			fmt.Sprintf("%.0f/%.0f", s.Numerator, s.Denominator), value, scoreInterval(s.Lower, s.Upper),
		})
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, strings.Split(a.text("quality.scores_head", nil), "|"), rows)
}

// fieldNames returns the usual heading of each field, by stream and field.
func fieldNames() (map[string]string, error) {
	contracts, err := ingest.Contracts()
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, c := range contracts {
		for i := range c.Fields {
			names[c.Stream+"."+c.Fields[i].Name] = c.Fields[i].Heading()
		}
	}
	return names, nil
}

// changesMost bounds the sentences about changes.
const changesMost = 20

// printChanges says in sentences which headings and distributions have changed.
func (a *app) printChanges(ctx context.Context, f reports.QualityFilter) error {
	headings, err := reports.HeadingChanges(ctx, a.db, f)
	if err != nil {
		return err
	}
	drifts, err := reports.Drifts(ctx, a.db, f)
	if err != nil {
		return err
	}
	var lines []string
	for _, h := range headings {
		lines = append(lines, a.text("report.heading_"+h.Change, map[string]any{
			"sender": h.Sender, "stream": a.text("report.stream."+h.Stream, nil), "month": h.Month, "heading": h.Heading, "before": h.Before, "n": h.N,
		}))
	}
	lines = shorten(a, lines)
	var shifted []string
	for _, d := range drifts {
		shifted = append(shifted, a.text("report.drift", map[string]any{
			"sender": d.Sender, "stream": a.text("report.stream."+d.Stream, nil), "month": d.Month, "field": d.Title, "value": d.Value,
			"was": share(&d.Was), "is": share(&d.Is), "psi": fmt.Sprintf("%.2f", d.PSI),
		}))
	}
	for _, line := range append(lines, shorten(a, shifted)...) {
		fmt.Fprintln(a.out, oneLine(line))
	}
	return nil
}

func shorten(a *app, lines []string) []string {
	if len(lines) <= changesMost {
		return lines
	}
	return append(lines[:changesMost:changesMost], a.text("quality.more", map[string]any{"n": len(lines) - changesMost}))
}

// writeScores writes the scores as CSV, UTF-8 with BOM.
func (a *app) writeScores(out string, scores []reports.Score) (err error) {
	if !strings.HasSuffix(strings.ToLower(out), ".csv") {
		return wrongUsage("quality.out_ending", map[string]any{"file": out})
	}
	file, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return a.cannotWrite(out, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.WriteString(file, "\ufeff"); err != nil {
		return a.cannotWrite(out, err)
	}
	w := csv.NewWriter(file)
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	rows := [][]string{{"sender", "stream", "month", "measure", "item", "numerator", "denominator", "value", "lower", "upper", "median_days"}}
	for _, s := range scores {
		rows = append(rows, []string{
			s.Sender, s.Stream, s.Month, s.Measure, s.Item, number(&s.Numerator), number(&s.Denominator), number(s.Value), number(s.Lower),
			number(s.Upper), number(s.MedianDays),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return a.cannotWrite(out, err)
	}
	return nil
}
