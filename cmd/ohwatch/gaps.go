package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/reports/export"
	"ohwatch/transform"
)

// gapOptions say what of a list is wanted.
type gapOptions struct {
	transform.GapFilter
	by     string
	limit  int
	whatIf bool
	names  bool
	out    string
}

// newIndicatorsGapsCommand is `ohwatch indicators gaps ID`: the names behind a target.
func newIndicatorsGapsCommand(a *app) *cobra.Command {
	var o gapOptions
	command := &cobra.Command{
		Use:   "gaps ID [--period P] [--area CODE] [--variant V] [--what-if] [--by township] [--limit N] [--names] [--out F.xlsx]",
		Short: a.text("gap.short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Indicator = args[0]
			return a.gaps(cmd.Context(), o)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.Period, "period", "", a.text("indicator.flag_period", nil))
	flags.StringVar(&o.Area, "area", "", a.text("indicator.flag_area", nil))
	flags.StringVar(&o.Variant, "variant", "", a.text("gap.flag_variant", nil))
	flags.StringVar(&o.by, "by", "", a.text("gap.flag_by", nil))
	flags.IntVar(&o.limit, "limit", 0, a.text("gap.flag_limit", nil))
	flags.BoolVar(&o.whatIf, "what-if", false, a.text("gap.flag_what_if", nil))
	flags.BoolVar(&o.names, "names", false, a.text("gap.flag_names", nil))
	flags.StringVar(&o.out, "out", "", a.text("gap.flag_out", nil))
	return command
}

// gaps prints or writes the list that o asks for.
func (a *app) gaps(ctx context.Context, o gapOptions) error {
	filter := transform.Filter{Indicator: o.Indicator, Variant: o.Variant, Period: o.Period, Area: o.Area}
	switch {
	case o.by != "" && o.by != "township":
		return wrongUsage("usage.choice", map[string]any{"flag": "--by", "value": o.by, "choices": "township"})
	case o.by != "" && (o.whatIf || o.out != "" || o.Area != ""):
		return wrongUsage("gap.by_whole", nil)
	case o.out != "" && !strings.EqualFold(filepath.Ext(o.out), ".xlsx"):
		return wrongUsage("gap.not_xlsx", map[string]any{"file": o.out})
	}
	if err := a.checkFilter(&filter, a.today()); err != nil {
		return err
	}
	o.Indicator, o.Period = filter.Indicator, filter.Period
	if err := a.openDB(ctx); err != nil {
		return err
	}
	list, err := a.gapList(ctx, o)
	if err != nil {
		return err
	}
	switch {
	case o.by != "":
		return a.printGapTownships(ctx, list)
	case o.out != "":
		return a.writeGaps(list, o.out)
	case a.json:
		return printAll(a, list.Gaps)
	}
	for _, line := range a.gapSummary(list) {
		fmt.Fprintln(a.out, line)
	}
	if len(list.Gaps) == 0 {
		return nil
	}
	employers, names := a.gapGrids(list)
	if err := printTable(a.out, employers.Head, gridTexts(employers)); err != nil || !o.names {
		return err
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, names.Head, gridTexts(names))
}

// gapList reads the list that o asks for; its sums are those of the whole list.
func (a *app) gapList(ctx context.Context, o gapOptions) (transform.GapList, error) {
	list, err := transform.Gaps(ctx, a.db, a.files, a.cfg.City.Code, o.GapFilter)
	if err == nil {
		err = a.checkArea(ctx, o.Area)
	}
	if err != nil {
		var e *transform.Error
		if errors.As(err, &e) && e.Code == transform.ErrNoGapList.Code {
			return list, usageError(err)
		}
		return list, err
	}
	if o.whatIf {
		if list.Target == nil {
			return list, wrongUsage("gap.no_target", map[string]any{"indicator": o.Indicator, "period": o.Period})
		}
		list.Gaps = list.WhatIf()
	}
	if o.limit > 0 && len(list.Gaps) > o.limit {
		list.Gaps = list.Gaps[:o.limit]
	}
	return list, nil
}

// checkArea refuses a code that is neither the city nor one of its townships.
func (a *app) checkArea(ctx context.Context, area string) error {
	if area == "" || area == a.cfg.City.Code || area == "unassigned" {
		return nil
	}
	townships, err := transform.Townships(ctx, a.db)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(townships, func(t transform.Township) bool { return t.Code == area }) {
		return wrongUsage("gap.unknown_area", map[string]any{"area": area, "city": a.cfg.City.Code})
	}
	return nil
}

// gapSummary are the sentences above a list.
func (a *app) gapSummary(l transform.GapList) []string {
	area := l.Area
	switch {
	case area == a.cfg.City.Code:
		area = a.text("gap.page_city", nil)
	case len(l.Gaps) > 0:
		area = a.areaName(l.Gaps[0].Area, l.Gaps[0].AreaZh, l.Gaps[0].AreaEn)
	}
	args := map[string]any{
		"indicator": l.Definition.Indicator.ID, "title": a.title(l.Definition.Title), "variant": a.title(l.Variant.Meaning), "area": area,
		"day": l.AsOf, "numerator": plain(&l.Numerator), "denominator": plain(&l.Denominator),
	}
	key := "gap.title"
	if l.Variant.Unit == transform.Count {
		key = "gap.title_count"
	}
	lines := []string{a.text(key, args)}
	if l.Target != nil && l.Denominator > 0 {
		need := l.Need()
		args := map[string]any{"target": rate(l.Target, transform.Share), "need": plain(&need), "n": l.Needed}
		if need > 0 {
			lines = append(lines, a.text("gap.need", args))
		} else {
			lines = append(lines, a.text("gap.met", args))
		}
	}
	if l.Surplus > 0 {
		lines = append(lines, a.text("gap.surplus", map[string]any{"n": plain(&l.Surplus)}))
	}
	if len(l.Gaps) == 0 && l.Need() == 0 {
		lines = append(lines, a.text("gap.nobody", nil))
	}
	return lines
}

// areaName is the name of a township.
func (a *app) areaName(code, zh, en string) string {
	switch {
	case code == "unassigned":
		return a.text("gap.unassigned", nil)
	case a.lang() == message.English && en != "":
		return en
	case zh != "":
		return zh
	}
	return code
}

// gapGrids are the list as tables: one row an employer, one row a name.
func (a *app) gapGrids(l transform.GapList) (employers, names export.Grid) {
	employers = export.Grid{Name: a.text("gap.sheet_employers", nil), Head: strings.Split(a.text("gap.header", nil), "\t")}
	names = export.Grid{Name: a.text("gap.sheet_names", nil), Head: strings.Split(a.text("gap.names_header", nil), "\t")}
	department := a.text("report.addressee."+l.Definition.Department, nil)
	for _, g := range l.Gaps {
		area := a.areaName(g.Area, g.AreaZh, g.AreaEn)
		var then any = g.NumeratorAfter
		if g.ValueAfter != nil {
			then = rate(g.ValueAfter, transform.Share)
		}
		employers.Rows = append(employers.Rows, []any{
			g.Rank, g.EmployerName, g.Employer, area, department, g.Missing, g.Denominator, dayCell(g.Since),
			a.text("gap.reason_"+g.Reason, nil), then, g.Unnamed, g.Beyond,
		})
		for _, n := range g.Names {
			names.Rows = append(names.Rows, []any{
				g.Rank, g.EmployerName, g.Employer, area, n.Name, dayCell(n.Since), a.text("gap.reason_"+n.Reason, nil),
			})
		}
	}
	return employers, names
}

// dayCell is a day of a grid, nil where it is not known.
func dayCell(text *string) any {
	if text == nil {
		return nil
	}
	if day, err := time.Parse(time.DateOnly, *text); err == nil {
		return day
	}
	return *text
}

// gridTexts are the rows of a grid for a page or a terminal.
func gridTexts(g export.Grid) [][]string {
	rows := make([][]string, len(g.Rows))
	for i, row := range g.Rows {
		rows[i] = make([]string, len(row))
		for k, value := range row {
			switch v := value.(type) {
			case nil:
				rows[i][k] = "—"
			case time.Time:
				rows[i][k] = v.Format(time.DateOnly)
			case float64:
				rows[i][k] = plain(&v)
			default:
				rows[i][k] = fmt.Sprint(v)
			}
		}
	}
	return rows
}

// printGapTownships prints one line for each township.
func (a *app) printGapTownships(ctx context.Context, list transform.GapList) error {
	all, err := list.ByTownship(ctx, a.db, a.cfg.City.Code)
	if err != nil {
		return err
	}
	if a.json {
		return printAll(a, all)
	}
	for _, line := range a.gapSummary(list) {
		fmt.Fprintln(a.out, line)
	}
	rows := make([][]string, len(all))
	for i, s := range all {
		rows[i] = []string{
			a.areaName(s.Area, s.AreaZh, s.AreaEn), s.Area, plain(&s.Numerator), plain(&s.Denominator), rate(s.Value, list.Variant.Unit),
			rate(s.Target, transform.Share), plain(&s.Need), plain(&s.Missing), fmt.Sprint(s.Employers), fmt.Sprint(s.Needed),
		}
	}
	return printTable(a.out, strings.Split(a.text("gap.township_header", nil), "\t"), rows)
}

// writeGaps writes the list as a workbook, which appears whole or not at all.
func (a *app) writeGaps(list transform.GapList, out string) error {
	employers, names := a.gapGrids(list)
	if err := a.writeFile(out, func(w io.Writer) error { return export.Workbook(w, employers, names) }); err != nil {
		return err
	}
	a.say("gap.written", map[string]any{"n": len(employers.Rows), "names": len(names.Rows), "file": out})
	return nil
}

// writeFile writes a file aside and gives it its name when it is complete.
func (a *app) writeFile(out string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return a.cannotWrite(out, err)
	}
	defer os.Remove(file.Name()) // gone already when it has its name
	if err := errors.Join(write(file), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	if err := os.Rename(file.Name(), out); err != nil {
		return a.cannotWrite(out, err)
	}
	return nil
}
