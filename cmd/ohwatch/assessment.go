package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports/export"
	"ohwatch/transform"
)

// newAssessmentCommand is `ohwatch assessment`: scores of townships and departments, locked, with appeals.
func newAssessmentCommand(a *app) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error { return a.listAssessments(cmd.Context()) }
	command := &cobra.Command{Use: "assessment", Short: a.text("assessment.short", nil), Args: cobra.NoArgs, RunE: list}
	command.AddCommand(
		newAssessmentRunCommand(a),
		&cobra.Command{Use: "list", Short: a.text("assessment.list_short", nil), Args: cobra.NoArgs, RunE: list},
		newAssessmentShowCommand(a), newAssessmentLockCommand(a), newAssessmentAppealCommand(a),
	)
	return command
}

func newAssessmentRunCommand(a *app) *cobra.Command {
	var text, name, asOf string
	command := &cobra.Command{
		Use:   "run [--period 2025] [--as-of DATE] [--scheme NAME]",
		Short: a.text("assessment.run_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			day := a.today()
			if asOf != "" {
				var err error
				if day, err = parseDay("--as-of", asOf); err != nil {
					return err
				}
			}
			if text == "" {
				text = strconv.Itoa(day.Year() - 1)
			}
			p, err := period.Parse(text)
			if err != nil {
				return wrongUsage("usage.period", map[string]any{"flag": "--period", "value": text})
			}
			if name == "" {
				name = a.cfg.Assessment.Scheme
			}
			scheme, err := transform.LoadScheme(a.files, name)
			if errors.Is(err, transform.ErrNoScheme) {
				return usageError(err)
			}
			if err != nil {
				return err
			}
			snapshot, err := a.freeze(cmd.Context(), transform.Freeze{
				Kind: transform.SnapshotAssessment, Name: scheme.ID + " " + p.String(), Periods: []string{p.String()}, Indicators: scheme.Indicators(),
			}, asOf != "", func(opt *transform.Options) { opt.Today = day })
			if err != nil {
				return err
			}
			result, items, err := transform.Assess(cmd.Context(), a.db, a.transformOptions(userName()), scheme, p, snapshot)
			if err != nil {
				return err
			}
			return a.printAssessment(cmd.Context(), result, items, "")
		},
	}
	command.Flags().StringVar(&text, "period", "", a.text("assessment.flag_period", nil))
	command.Flags().StringVar(&asOf, "as-of", "", a.text("assessment.flag_as_of", nil))
	command.Flags().StringVar(&name, "scheme", "", a.text("assessment.flag_scheme", nil))
	return command
}

// findAssessment opens the warehouse and returns the assessment that an argument names.
func (a *app) findAssessment(ctx context.Context, arg string) (transform.Assessment, error) {
	number, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return transform.Assessment{}, usageError(transform.ErrNoAssessment.With("assessment", arg))
	}
	if err := a.openDB(ctx); err != nil {
		return transform.Assessment{}, err
	}
	found, err := transform.FindAssessment(ctx, a.db, number)
	if errors.Is(err, transform.ErrNoAssessment) {
		return found, usageError(err)
	}
	return found, err
}

func (a *app) listAssessments(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	all, err := transform.Assessments(ctx, a.db)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, as := range all {
		if a.json {
			if err := a.printJSON(as); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{
			strconv.FormatUint(as.Assessment, 10), as.Scheme + " " + as.Version, as.Period, a.assessmentState(as), strconv.FormatUint(as.Snapshot, 10),
			as.ResultSHA256[:16], strconv.Itoa(len(as.Appeals)), as.At.In(period.Shanghai()).Format("2006-01-02 15:04"), as.By,
		})
	}
	switch {
	case a.json:
		return nil
	case len(rows) == 0:
		a.say("assessment.none", nil)
		return nil
	}
	return printTable(a.out, strings.Split(a.text("assessment.head", nil), "|"), rows)
}

// assessmentState says whether an assessment is a draft, locked, or replaced by another one.
func (a *app) assessmentState(as transform.Assessment) string {
	switch {
	case as.ReplacedBy != 0:
		return a.text("assessment.replaced", map[string]any{"by": as.ReplacedBy})
	case as.LockedAt != nil:
		return a.text("assessment.locked", nil)
	}
	return a.text("assessment.draft", nil)
}

func newAssessmentShowCommand(a *app) *cobra.Command {
	var unit, out string
	command := &cobra.Command{
		Use:   "show ID [--unit CODE] [--out F.xlsx|F.csv]",
		Short: a.text("assessment.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := a.findAssessment(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			items, err := as.Items(cmd.Context(), a.db)
			if err != nil {
				return err
			}
			if unit != "" && !slices.ContainsFunc(items, func(i transform.ScoreItem) bool { return i.Unit == unit }) {
				return usageError(transform.ErrNoUnit.With("unit", unit).With("item", ""))
			}
			if out != "" {
				return a.writeAssessment(cmd.Context(), as, out)
			}
			return a.printAssessment(cmd.Context(), as, items, unit)
		},
	}
	command.Flags().StringVar(&unit, "unit", "", a.text("assessment.flag_unit", nil))
	command.Flags().StringVar(&out, "out", "", a.text("assessment.flag_out", nil))
	return command
}

// scoredItem is an item with the way to what is behind its value.
type scoredItem struct {
	transform.ScoreItem
	Evidence string `json:"evidence"`
}

// printAssessment prints scores, for one unit its items as well, and whether all of it is what was computed.
func (a *app) printAssessment(ctx context.Context, as transform.Assessment, items []transform.ScoreItem, unit string) error {
	scheme, err := as.StoredScheme()
	if err != nil {
		return err
	}
	snapshot, err := transform.FindSnapshot(ctx, a.db, as.Snapshot)
	if err != nil {
		return err
	}
	snapshots, err := transform.VerifySnapshots(ctx, a.db)
	if err != nil {
		return err
	}
	intact := as.Intact(items, snapshots)
	totals := transform.Totals(items, scheme.LeastShare)
	if unit != "" {
		totals = slices.DeleteFunc(totals, func(s transform.Score) bool { return s.Unit != unit })
		items = slices.DeleteFunc(slices.Clone(items), func(i transform.ScoreItem) bool { return i.Unit != unit })
	}
	if a.json {
		withEvidence := make([]scoredItem, len(items))
		for i, item := range items {
			withEvidence[i] = scoredItem{item, evidence(as, item, snapshot)}
		}
		return a.printJSON(struct {
			transform.Assessment
			TitleZh string            `json:"title_zh"`
			TitleEn string            `json:"title_en"`
			Clause  string            `json:"clause"`
			Intact  bool              `json:"intact"`
			Scores  []transform.Score `json:"scores"`
			Items   []scoredItem      `json:"items"`
		}{as, scheme.Title.Zh, scheme.Title.En, scheme.Clause, intact, totals, withEvidence})
	}
	a.say("assessment.line", map[string]any{
		"assessment": as.Assessment, "title": scheme.Title.In(a.lang()), "period": as.Period, "version": as.Scheme + " " + as.Version,
		"state": a.assessmentState(as), "snapshot": as.Snapshot, "hash": as.ResultSHA256,
	})
	if !intact {
		a.say("assessment.not_intact", map[string]any{"assessment": as.Assessment})
	}
	var rows [][]string
	for _, s := range totals {
		rank := "—"
		if s.Rank > 0 {
			rank = strconv.Itoa(s.Rank)
		}
		rows = append(rows, []string{s.Unit, a.named(s.NameZh, s.NameEn), scorePoints(s.Score), rank, scorePoints(s.OneMore), scorePoints(&s.Points), scorePoints(&s.Scored), scorePoints(&s.Weight), a.text("assessment.state_"+s.State, nil)})
	}
	if err := printTable(a.out, strings.Split(a.text("assessment.scores_head", nil), "|"), rows); err != nil {
		return err
	}
	if unit != "" {
		rows = nil
		for _, i := range items {
			value := rate(i.Value, transform.Share)
			if i.Rule == transform.RuleTrend { // what falls may be a count
				value = "—"
			}
			rows = append(rows, []string{
				i.Item, scorePoints(&i.Weight), scorePoints(i.Points), plain(i.Numerator), plain(i.Denominator), value,
				rate(i.Counted, transform.Share), rate(i.FullAt, transform.Share), a.text("assessment.state_"+i.State, nil), evidence(as, i, snapshot),
			})
		}
		fmt.Fprintln(a.out)
		if err := printTable(a.out, strings.Split(a.text("assessment.items_head", nil), "|"), rows); err != nil {
			return err
		}
	}
	for _, e := range as.Appeals {
		if unit == "" || e.Unit == unit {
			fmt.Fprintln(a.out, oneLine(fmt.Sprintf("%s  %s  %s %s  %s: %s", e.At.In(period.Shanghai()).Format(time.DateTime),
				a.text("assessment.event_"+e.Event, nil), e.Unit, e.Item, e.By, e.Text)))
		}
	}
	return nil
}

// evidence is the command that leads from an item to the rows behind its value.
func evidence(as transform.Assessment, i transform.ScoreItem, s transform.Snapshot) string {
	command := fmt.Sprintf("ohwatch indicators show %s --variant %s --period %s --area %s --explain", i.Indicator, i.Variant, as.Period, i.Area)
	if s.AsOf != nil {
		command += " --as-of " + s.AsOf.Format(time.DateOnly)
	}
	return command
}

// scorePoints writes points or a score with two decimals.
func scorePoints(x *float64) string {
	if x == nil {
		return "—"
	}
	return strconv.FormatFloat(*x, 'f', 2, 64)
}

// named returns a name in the user's language.
func (a *app) named(zh, en string) string { return a.title(transform.Title{Zh: zh, En: en}) }

// writeAssessment writes the items of an assessment as a table.
func (a *app) writeAssessment(ctx context.Context, as transform.Assessment, out string) error {
	format, ok := export.FormatOf(out)
	if !ok || format.ByEngine() {
		return wrongUsage("explain.out_ending", map[string]any{"file": out})
	}
	var n uint64
	err := a.writeWhole(out, func(w io.Writer) (err error) {
		rows, err := a.db.Rows(ctx, "assessment_items", numbered("assessment", as.Assessment))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		n, err = export.Write(ctx, rows, format, w)
		return err
	})
	if err != nil {
		return err
	}
	a.say("assessment.written", map[string]any{"rows": n, "file": out})
	return nil
}

func newAssessmentLockCommand(a *app) *cobra.Command {
	var replaces uint64
	var reason string
	command := &cobra.Command{
		Use:   "lock ID [--replaces ID --reason TEXT]",
		Short: a.text("assessment.lock_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if replaces != 0 && strings.TrimSpace(reason) == "" {
				return wrongUsage("assessment.no_reason", nil)
			}
			as, err := a.findAssessment(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := as.Lock(cmd.Context(), a.db, a.transformOptions(userName()), replaces, reason); err != nil {
				return err
			}
			if as, err = transform.FindAssessment(cmd.Context(), a.db, as.Assessment); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(as)
			}
			a.say("assessment.was_locked", map[string]any{
				"assessment": as.Assessment, "hash": as.ResultSHA256, "until": as.AppealUntil.In(period.Shanghai()).Format(time.DateOnly),
			})
			return nil
		},
	}
	command.Flags().Uint64Var(&replaces, "replaces", 0, a.text("assessment.flag_replaces", nil))
	command.Flags().StringVar(&reason, "reason", "", a.text("assessment.flag_reason", nil))
	return command
}

func newAssessmentAppealCommand(a *app) *cobra.Command {
	var unit, item, text string
	var answer bool
	command := &cobra.Command{
		Use:   "appeal ID --unit CODE [--item T3] --text TEXT [--answer]",
		Short: a.text("assessment.appeal_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if unit == "" || strings.TrimSpace(text) == "" {
				return wrongUsage("assessment.no_text", nil)
			}
			as, err := a.findAssessment(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			err = as.Appeal(cmd.Context(), a.db, a.transformOptions(userName()), unit, item, text, answer)
			if errors.Is(err, transform.ErrNoUnit) {
				return usageError(err)
			}
			if err != nil {
				return err
			}
			if as, err = transform.FindAssessment(cmd.Context(), a.db, as.Assessment); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(as)
			}
			a.say("assessment.noted", map[string]any{"assessment": as.Assessment, "unit": unit})
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&unit, "unit", "", a.text("assessment.flag_unit", nil))
	flags.StringVar(&item, "item", "", a.text("assessment.flag_item", nil))
	flags.StringVar(&text, "text", "", a.text("assessment.flag_text", nil))
	flags.BoolVar(&answer, "answer", false, a.text("assessment.flag_answer", nil))
	return command
}
