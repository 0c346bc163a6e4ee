package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports/export"
	"ohwatch/transform"
)

// newPatientsCommand is `ohwatch patients`: one person, one file.
func newPatientsCommand(a *app) *cobra.Command {
	command := &cobra.Command{Use: "patients", Short: a.text("patient.short", nil), Args: cobra.NoArgs}
	command.AddCommand(newPatientsFunnelCommand(a), newPatientsListCommand(a), newPatientsShowCommand(a))
	return command
}

func newPatientsFunnelCommand(a *app) *cobra.Command {
	var f transform.PatientFilter
	var when, out string
	command := &cobra.Command{
		Use:   "funnel [--period P] [--area CODE] [--by township] [--public] [--out F.xlsx]",
		Short: a.text("patient.funnel_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if when != "" {
				p, err := period.Parse(when)
				if err != nil {
					return wrongUsage("usage.period", map[string]any{"flag": "--period", "value": when})
				}
				f.Start, f.End = p.Start, p.End
			}
			if f.By != "" && f.By != "township" {
				return wrongUsage("usage.choice", map[string]any{"flag": "--by", "value": f.By, "choices": "township"})
			}
			return a.patientFunnel(cmd.Context(), f, out)
		},
	}
	flags := command.Flags()
	flags.StringVar(&when, "period", "", a.text("patient.flag_period", nil))
	flags.StringVar(&f.Area, "area", "", a.text("patient.flag_area", nil))
	flags.StringVar(&f.By, "by", "", a.text("patient.flag_by", nil))
	flags.BoolVar(&f.Public, "public", false, a.text("patient.flag_public", nil))
	flags.StringVar(&out, "out", "", a.text("patient.flag_out", nil))
	return command
}

func newPatientsListCommand(a *app) *cobra.Command {
	var f transform.PatientFilter
	var limit int
	var out string
	command := &cobra.Command{
		Use:   "list [--waiting STEP] [--class a|b|c] [--unaided] [--area CODE] [--limit N] [--out F.xlsx]",
		Short: a.text("patient.list_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, c := range []struct {
				flag, value string
				choices     []string
			}{
				{"--class", f.Class, []string{"a", "b", "c"}},
				{"--waiting", f.Waiting, []string{"diagnosis", "recognition", "benefits", "follow_up"}},
			} {
				if c.value != "" && !slices.Contains(c.choices, c.value) {
					return wrongUsage("usage.choice", map[string]any{"flag": c.flag, "value": c.value, "choices": strings.Join(c.choices, ", ")})
				}
			}
			return a.patientList(cmd.Context(), f, limit, out)
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.Waiting, "waiting", "", a.text("patient.flag_waiting", nil))
	flags.StringVar(&f.Class, "class", "", a.text("patient.flag_class", nil))
	flags.BoolVar(&f.Unaided, "unaided", false, a.text("patient.flag_unaided", nil))
	flags.StringVar(&f.Area, "area", "", a.text("patient.flag_area", nil))
	flags.IntVar(&limit, "limit", 0, a.text("patient.flag_limit", nil))
	flags.StringVar(&out, "out", "", a.text("patient.flag_out", nil))
	return command
}

// pseudonym is the beginning of a pseudonym that is long enough to be one person's.
var pseudonym = regexp.MustCompile(`^[0-9a-fA-F-]{8,36}$`)

func newPatientsShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show KEY",
		Short: a.text("patient.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !pseudonym.MatchString(args[0]) {
				return wrongUsage("patient.bad_key", map[string]any{"key": args[0]})
			}
			return a.patientFile(cmd.Context(), args[0])
		},
	}
}

// openPatients opens the warehouse with the patients' files up to date.
func (a *app) openPatients(ctx context.Context, area, out string) error {
	if out != "" && !strings.EqualFold(filepath.Ext(out), ".xlsx") {
		return wrongUsage("gap.not_xlsx", map[string]any{"file": out})
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	if err := a.refresh(ctx, "fct_patient_case", "fct_dose_period", "stg_training", "dim_township"); err != nil {
		return err
	}
	if area == a.cfg.City.Code {
		return nil
	}
	return a.checkArea(ctx, area)
}

// patientFunnel prints the funnel, the progression of stages and the classes of aid.
func (a *app) patientFunnel(ctx context.Context, f transform.PatientFilter, out string) error {
	if err := a.openPatients(ctx, f.Area, out); err != nil {
		return err
	}
	if f.Area == a.cfg.City.Code {
		f.Area = ""
	}
	transitions, steps, err := transform.Funnel(ctx, a.db, a.today(), f)
	if err != nil {
		return err
	}
	if a.json && out == "" {
		if err := printAll(a, steps); err != nil {
			return err
		}
		return printAll(a, transitions)
	}
	names, err := a.areaNames(ctx)
	if err != nil {
		return err
	}
	grids := a.funnelGrids(transitions, steps, names)
	if out != "" {
		return a.writeGrids(out, grids...)
	}
	if len(steps) == 0 {
		a.say("patient.none", nil)
		return nil
	}
	for i, g := range grids {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintln(a.out, a.text([]string{"patient.steps_title", "patient.transitions_title", "patient.aid_title"}[i], nil))
		if err := printTable(a.out, g.Head, gridTexts(g)); err != nil {
			return err
		}
	}
	if f.Public {
		fmt.Fprintln(a.out)
		a.say("patient.hidden_note", nil)
	}
	return nil
}

// areaNames are the names of the townships by code.
func (a *app) areaNames(ctx context.Context) (map[string]string, error) {
	townships, err := transform.Townships(ctx, a.db)
	if err != nil {
		return nil, err
	}
	names := map[string]string{"": a.text("patient.all_areas", nil), "unassigned": a.text("gap.unassigned", nil)}
	for _, t := range townships {
		names[t.Code] = a.areaName(t.Code, t.Name.Zh, t.Name.En)
	}
	return names, nil
}

// funnelGrids are steps, transitions and classes as tables; a dot stands for what is hidden.
func (a *app) funnelGrids(transitions []transform.Transition, steps []transform.StepCount, names map[string]string) []export.Grid {
	head := func(key string) []string { return strings.Split(a.text(key, nil), "\t") }
	reached := export.Grid{Name: "steps", Head: head("patient.steps_header")}
	ways := export.Grid{Name: "transitions", Head: head("patient.transitions_header")}
	aid := export.Grid{Name: "aid", Head: head("patient.aid_header")}
	for _, s := range steps {
		count := func(x *float64) any { return hiddenOr(x, s.Hidden) }
		if s.Kind == "step" {
			reached.Rows = append(reached.Rows, []any{a.text("patient.step_"+s.Name, nil), names[s.Area], count(s.Cases), count(s.Persons)})
			continue
		}
		aid.Rows = append(aid.Rows, []any{
			s.Name, names[s.Area], count(s.Persons), count(s.Stated), count(s.Aided), count(s.NotAided), count(s.Unknown),
		})
	}
	for _, t := range transitions {
		count := func(x *float64) any { return hiddenOr(x, t.Hidden) }
		share := func(x *float64) any { return rate(x, transform.Share) }
		limits := "—"
		if t.Lower != nil {
			limits = plain(t.Lower) + "–" + plain(t.Upper)
		}
		ways.Rows = append(ways.Rows, []any{
			a.text("patient.transition_"+t.Name, nil), names[t.Area], count(t.N), count(t.Reached), count(t.Open), count(t.Closed),
			hiddenOr(t.Median, t.Hidden), limits, hiddenOr(t.P90, t.Hidden), share(t.Within30), share(t.Within90), share(t.Within180),
			share(t.Within365), share(t.Within5y), hiddenOr(t.OpenMedian, false), hiddenOr(t.OpenMax, false), hiddenOr(t.OpenOver90, false),
		})
	}
	return []export.Grid{reached, ways, aid}
}

// hiddenOr is a number of a grid, a dot where it is hidden, nil where there is none.
func hiddenOr(x *float64, hidden bool) any {
	switch {
	case x != nil:
		return *x
	case hidden:
		return "·"
	}
	return nil
}

// writeGrids writes a workbook that appears whole or not at all.
func (a *app) writeGrids(out string, grids ...export.Grid) error {
	if err := a.writeFile(out, func(w io.Writer) error { return export.Workbook(w, grids...) }); err != nil {
		return err
	}
	n := 0
	for _, g := range grids {
		n += len(g.Rows)
	}
	a.say("patient.written", map[string]any{"n": n, "file": out})
	return nil
}

// patientList prints cases.
func (a *app) patientList(ctx context.Context, f transform.PatientFilter, limit int, out string) error {
	if err := a.openPatients(ctx, f.Area, out); err != nil {
		return err
	}
	if f.Area == a.cfg.City.Code {
		f.Area = ""
	}
	cases, err := transform.Patients(ctx, a.db, a.today(), f)
	if err != nil {
		return err
	}
	if limit > 0 && len(cases) > limit {
		cases = cases[:limit]
	}
	if a.json && out == "" {
		return printAll(a, cases)
	}
	grid, err := a.caseGrid(ctx, cases)
	switch {
	case err != nil:
		return err
	case out != "":
		return a.writeGrids(out, grid)
	case len(cases) == 0:
		a.say("patient.none", nil)
		return nil
	}
	return printTable(a.out, grid.Head, gridTexts(grid))
}

// caseGrid is a list of cases as a table.
func (a *app) caseGrid(ctx context.Context, cases []transform.PatientCase) (export.Grid, error) {
	names, err := a.areaNames(ctx)
	if err != nil {
		return export.Grid{}, err
	}
	grid := export.Grid{Name: "patients", Head: strings.Split(a.text("patient.list_header", nil), "\t")}
	for _, c := range cases {
		paid := any(nil)
		if c.Aided != nil {
			paid = a.text(map[bool]string{true: "patient.yes", false: "patient.no"}[*c.Aided], nil)
		}
		grid.Rows = append(grid.Rows, []any{
			c.Person, c.DiseaseName, c.Stage, a.text("patient.waiting_"+c.Waiting, nil), gridDay(c.WaitingSince), float64(c.Waited), names[c.Area],
			c.Class, paid, gridDay(c.Suspected), gridDay(c.Diagnosed), gridDay(c.Recognised), gridDay(c.Benefits), gridDay(c.LastVisit), c.EmployerName,
		})
	}
	return grid, nil
}

// gridDay is a day of a grid, nil where it is not known.
func gridDay(d transform.Day) any {
	if d.IsZero() {
		return nil
	}
	return d.Time
}

// patientFile prints all that is known about one person.
func (a *app) patientFile(ctx context.Context, key string) error {
	if err := a.openPatients(ctx, "", ""); err != nil {
		return err
	}
	file, err := transform.Patient(ctx, a.db, a.today(), key)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(file)
	}
	employers := map[string]bool{}
	records := export.Grid{Head: strings.Split(a.text("patient.record_header", nil), "\t")}
	for _, r := range file.Records {
		if r.Employer != "" {
			employers[r.Employer] = true
		}
		records.Rows = append(records.Rows, []any{gridDay(r.Day), r.Stream, r.What, r.Detail, r.EmployerName, r.Employer, r.Line})
	}
	a.say("patient.file_title", map[string]any{
		"person": file.Person, "cases": len(file.Cases), "records": strconv.Itoa(len(file.Records)), "employers": len(employers),
	})
	cases, err := a.caseGrid(ctx, file.Cases)
	if err != nil {
		return err
	}
	if err := printTable(a.out, cases.Head, gridTexts(cases)); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return printTable(a.out, records.Head, gridTexts(records))
}
