package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports/emission"
	"ohwatch/transform"
)

// newBacktestCommand is `ohwatch warn backtest`: replays the rules week by week with what was known then.
func newBacktestCommand(a *app) *cobra.Command {
	var from, to, truth, known, out string
	var set []string
	command := &cobra.Command{
		Use:   "backtest --from 2024-W01 --to 2025-W52 [--set R19.threshold=2 …] [--truth F] [--known auto|arrival|documents] [--out DIR]",
		Short: a.text("backtest.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt := a.transformOptions("command")
			opt.Files = a.files
			request, err := a.backtestRequest(from, to, known, set)
			if err != nil {
				return err
			}
			if err := transform.CheckBacktest(opt, request); err != nil {
				return usageError(err)
			}
			if truth != "" {
				if request.Planted, err = readTruth(truth); err != nil {
					return usageError(err)
				}
			}
			return a.backtest(cmd.Context(), opt, request, out)
		},
	}
	flags := command.Flags()
	flags.StringVar(&from, "from", "", a.text("backtest.flag_from", nil))
	flags.StringVar(&to, "to", "", a.text("backtest.flag_to", nil))
	flags.StringArrayVar(&set, "set", nil, a.text("backtest.flag_set", nil))
	flags.StringVar(&truth, "truth", "", a.text("backtest.flag_truth", nil))
	flags.StringVar(&known, "known", transform.KnownAuto, a.text("backtest.flag_known", nil))
	flags.StringVar(&out, "out", "", a.text("backtest.flag_out", nil))
	command.AddCommand(newBacktestListCommand(a), newBacktestShowCommand(a))
	return command
}

func newBacktestListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: a.text("backtest.list_short", nil), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			all, err := transform.Backtests(cmd.Context(), a.db, 1000)
			if err != nil {
				return err
			}
			for _, b := range all {
				if a.json {
					err = a.printJSON(b)
				} else {
					a.say("backtest.line", a.backtestArgs(b))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newBacktestShowCommand(a *app) *cobra.Command {
	var out string
	command := &cobra.Command{
		Use: "show RUN [--out DIR]", Short: a.text("backtest.show_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return usageError(transform.ErrNoBacktest.With("run", args[0]))
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			b, err := transform.FindBacktest(cmd.Context(), a.db, run)
			if errors.Is(err, transform.ErrNoBacktest) {
				return usageError(err)
			}
			if err != nil {
				return err
			}
			if out != "" {
				if err := a.writeBacktest(b, out); err != nil {
					return err
				}
			}
			return a.printBacktest(b)
		},
	}
	command.Flags().StringVar(&out, "out", "", a.text("backtest.flag_out", nil))
	return command
}

// backtestRequest reads the flags.
func (a *app) backtestRequest(from, to, known string, set []string) (transform.BacktestRequest, error) {
	request := transform.BacktestRequest{Known: known, Set: map[string]map[string]string{}}
	for _, flag := range []struct {
		name, text string
		week       *period.Period
	}{{"--from", from, &request.From}, {"--to", to, &request.To}} {
		week, err := period.Parse(flag.text)
		if err != nil || week.Kind != period.Week {
			return request, wrongUsage("usage.week", map[string]any{"flag": flag.name, "value": strconv.Quote(flag.text)})
		}
		*flag.week = week
	}
	if choices := []string{transform.KnownAuto, transform.KnownArrival, transform.KnownDocuments}; !slices.Contains(choices, known) {
		return request, wrongUsage("usage.choice", map[string]any{"flag": "--known", "value": known, "choices": strings.Join(choices, ", ")})
	}
	for _, text := range set {
		name, value, ok := strings.Cut(text, "=")
		rule, parameter, dotted := strings.Cut(name, ".")
		if !ok || !dotted || rule == "" || parameter == "" || value == "" {
			return request, wrongUsage("backtest.set_form", map[string]any{"value": strconv.Quote(text)})
		}
		if request.Set[rule] == nil {
			request.Set[rule] = map[string]string{}
		}
		request.Set[rule][parameter] = value
	}
	return request, nil
}

// readTruth reads the planted events of a file.
func readTruth(path string) ([]transform.PlantedEvent, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	planted, err := transform.ReadPlanted(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return planted, nil
}

// backtest replays, keeps and prints.
func (a *app) backtest(ctx context.Context, opt transform.Options, request transform.BacktestRequest, out string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	request.Progress = func(week period.Period) { a.log.Info("replayed", "week", week.String()) }
	b, err := transform.RunBacktest(ctx, a.db, opt, request)
	if err != nil {
		return err
	}
	if b, err = transform.KeepBacktest(ctx, a.db, b); err != nil {
		return err
	}
	for _, broken := range b.Broken {
		a.note("warn.broken", map[string]any{"error": broken})
	}
	if out != "" {
		if err := a.writeBacktest(b, out); err != nil {
			return err
		}
	}
	return a.printBacktest(b)
}

// backtestArgs are what sentences about a back-test name.
func (a *app) backtestArgs(b transform.Backtest) map[string]any {
	args := map[string]any{"run": b.Run, "at": b.At, "from": b.From, "to": b.To, "weeks": b.Weeks, "seconds": fmt.Sprintf("%.1f", b.Seconds), "history": b.History, "rules": strings.Join(b.LeftOut, ", ")}
	if len(b.Settings) > 0 {
		args["n"] = b.Settings[0].Total.Raised()
	}
	return args
}

// backtestSentence says what the last year would have raised.
func (a *app) backtestSentence(b transform.Backtest, s transform.BacktestSetting) string {
	return a.text("backtest.sentence", map[string]any{
		"setting": a.text("backtest.setting_"+s.Name, nil), "from": s.YearFrom, "to": b.To, "n": s.LastYear.Raised(),
		"red": s.LastYear.Red, "orange": s.LastYear.Orange, "yellow": s.LastYear.Yellow, "blue": s.LastYear.Blue,
	})
}

// printBacktest prints the whole as one line of JSON, or for a person.
func (a *app) printBacktest(b transform.Backtest) error {
	if a.json {
		return a.printJSON(b)
	}
	a.say("backtest.line", a.backtestArgs(b))
	if b.History > 0 {
		a.say("backtest.history", a.backtestArgs(b))
	}
	if len(b.LeftOut) > 0 {
		a.say("backtest.left_out", a.backtestArgs(b))
	}
	for _, table := range a.backtestTables(b) {
		if len(table.rows) == 0 {
			continue
		}
		fmt.Fprintf(a.out, "\n%s\n", table.title)
		if err := printTable(a.out, table.head, table.rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.out)
	for _, s := range b.Settings {
		fmt.Fprintln(a.out, a.backtestSentence(b, s))
	}
	return nil
}

// backtestTable is one table about a back-test, for the terminal and the page.
type backtestTable struct {
	title string
	head  []string
	rows  [][]string
	note  string // how to read it; may be empty
}

// backtestTables are the rules with both settings under each other, the work of the addressees, and what was planted, by kind and
// one by one. A column says which setting a row is about where there are two.
func (a *app) backtestTables(b transform.Backtest) []backtestTable {
	rules := backtestTable{title: a.text("backtest.rules", nil), head: a.backtestHead("rule", "setting", "new", "reopened", "red", "orange", "yellow", "blue", "standing", "open", "open_max")}
	if b.Truth {
		rules.head = append(rules.head, a.backtestHead("found", "true", "false", "sensitivity", "ppv", "delay")...)
		rules.note = a.text("backtest.false_note", nil)
	}
	for _, r := range b.Settings[0].Rules {
		var other []transform.BacktestRule
		if len(b.Settings) > 1 {
			other = slices.DeleteFunc(slices.Clone(b.Settings[1].Rules), func(o transform.BacktestRule) bool { return o.Rule != r.Rule || !o.IsChanged })
		}
		if r.IsSilent() && len(other) == 0 {
			continue
		}
		rules.rows = append(rules.rows, a.ruleRow(r, "configured", b.Truth))
		for _, o := range other {
			rules.rows = append(rules.rows, a.ruleRow(o, "set", b.Truth))
		}
	}
	work := backtestTable{title: a.text("backtest.work", nil), head: a.backtestHead("addressee", "setting", "raised", "open", "open_max", "red_month", "orange_month", "over"), note: a.text("backtest.work_note", nil)}
	kinds := backtestTable{title: a.text("backtest.kinds", nil), head: a.backtestHead("kind", "setting", "rules", "planted", "found_n", "missed", "delay", "false"), note: a.text("backtest.kinds_note", nil)}
	planted := backtestTable{title: a.text("backtest.planted", nil), head: a.backtestHead("event", "setting", "kind", "rules", "weeks", "found_in", "found_by", "delay_days")}
	for _, s := range b.Settings {
		setting := a.text("backtest.setting_"+s.Name, nil)
		for _, w := range s.Workload {
			work.rows = append(work.rows, []string{
				w.Addressee, setting, strconv.Itoa(w.Raised), oneDigit(w.OpenMean), strconv.Itoa(w.OpenMax),
				fmt.Sprintf("%.1f (%d)", w.RedMonth, w.RedMax), fmt.Sprintf("%.1f (%d)", w.Orange, w.OrangeMax), fmt.Sprintf("%d/%d", w.Over, w.Months),
			})
		}
		for _, e := range s.Planted {
			row := []string{e.ID, setting, e.Kind, strings.Join(e.Rules, ", "), e.FromWeek + "–" + e.ToWeek, a.text("backtest.missed", nil), "", ""}
			if e.Found {
				row[5], row[6], row[7] = e.Week, e.Warning, strconv.Itoa(*e.Delay)
			}
			planted.rows = append(planted.rows, row)
		}
		for _, k := range s.Kinds {
			row := []string{k.Kind, setting, strings.Join(k.Rules, ", "), strconv.Itoa(k.Planted), strconv.Itoa(k.Found), strconv.Itoa(k.Planted - k.Found), "", strconv.Itoa(k.False)}
			if k.DelayMedian != nil {
				row[6] = fmt.Sprintf("%.0f (%.0f–%.0f)", *k.DelayMedian, *k.DelayQ1, *k.DelayQ3)
			}
			kinds.rows = append(kinds.rows, row)
		}
	}
	tables := []backtestTable{rules, work, kinds, planted}
	if len(b.Settings) == 1 {
		for i := range tables {
			tables[i].dropColumn(1)
		}
	}
	return tables
}

// dropColumn takes one column out.
func (t *backtestTable) dropColumn(at int) {
	t.head = slices.Delete(t.head, at, at+1)
	for i := range t.rows {
		t.rows[i] = slices.Delete(t.rows[i], at, at+1)
	}
}

// markdown is the back-test as a page for people.
func (a *app) markdown(b transform.Backtest) string {
	var page strings.Builder
	fmt.Fprintf(&page, "# %s %s–%s\n\n", a.text("backtest.page", nil), b.From, b.To)
	for _, s := range b.Settings {
		fmt.Fprintf(&page, "%s\n\n", a.backtestSentence(b, s))
	}
	if len(b.LeftOut) > 0 {
		fmt.Fprintf(&page, "%s\n\n", a.text("backtest.left_out", a.backtestArgs(b)))
	}
	for _, r := range b.Set {
		fmt.Fprintf(&page, "- `%s.%s`: %s → %s\n", r.Rule, r.Parameter, r.Default, r.Value)
	}
	for _, broken := range b.Broken {
		fmt.Fprintf(&page, "- %s\n", oneLine(broken))
	}
	cell := strings.NewReplacer("|", "\\|", "<", "&lt;")
	for _, t := range a.backtestTables(b) {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(&page, "\n## %s\n\n", t.title)
		if t.note != "" {
			fmt.Fprintf(&page, "%s\n\n", t.note)
		}
		fmt.Fprintf(&page, "| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
		for _, row := range t.rows {
			cells := make([]string, len(row))
			for i, text := range row {
				cells[i] = cell.Replace(oneLine(text))
			}
			fmt.Fprintf(&page, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	return page.String()
}

func (a *app) backtestHead(names ...string) []string {
	head := make([]string, len(names))
	for i, name := range names {
		head[i] = a.text("backtest.column_"+name, nil)
	}
	return head
}

func (a *app) ruleRow(r transform.BacktestRule, setting string, truth bool) []string {
	row := []string{r.Rule + " " + a.title(transform.Title{Zh: r.Title, En: r.TitleEn}), a.text("backtest.setting_"+setting, nil)}
	for _, n := range []int{r.New, r.Reopened, r.Red, r.Orange, r.Yellow, r.Blue, r.Standing} {
		row = append(row, strconv.Itoa(n))
	}
	row = append(row, oneDigit(r.OpenMean), strconv.Itoa(r.OpenMax))
	if !truth {
		return row
	}
	if r.Planted == nil {
		return append(row, "", "", "", "", "", "")
	}
	row = append(row, fmt.Sprintf("%d/%d", *r.Found, *r.Planted), strconv.Itoa(*r.True), strconv.Itoa(*r.False), percent(r.Sensitivity), percent(r.PPV))
	if r.DelayMedian == nil {
		return append(row, "")
	}
	return append(row, fmt.Sprintf("%.0f (%.0f–%.0f)", *r.DelayMedian, *r.DelayQ1, *r.DelayQ3))
}

func oneDigit(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

func percent(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(100**x, 'f', 0, 64) + "%"
}

// writeBacktest writes the document, the tables as a page, and, for each setting, its warnings one by one.
func (a *app) writeBacktest(b transform.Backtest, dir string) error {
	name := fmt.Sprintf("backtest-%s-%s", b.From, b.To)
	var document strings.Builder
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(b); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	files := []emission.File{{Name: name + ".json", Data: []byte(document.String())}, {Name: name + ".md", Data: []byte(a.markdown(b))}}
	for _, s := range b.Settings {
		if s.Warnings == nil { // read again: single warnings are not kept
			continue
		}
		var text strings.Builder
		if err := warningsCSV(&text, s.Warnings); err != nil {
			return err
		}
		files = append(files, emission.File{Name: name + "-" + s.Name + ".csv", Data: []byte(text.String())})
	}
	paths, err := emission.Write(dir, files)
	if err != nil {
		return err
	}
	for _, path := range paths {
		a.note("emission.written", map[string]any{"path": filepath.Clean(path)})
	}
	return nil
}

// warningsCSV writes warnings as UTF-8 with a byte order mark.
func warningsCSV(w io.Writer, warnings []transform.BacktestWarning) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	rows := [][]string{{"id", "rule", "version", "severity", "object", "object_name", "area", "first_week", "weeks_seen", "times_raised", "planted"}}
	for _, x := range warnings {
		rows = append(rows, []string{x.ID, x.Rule, x.Version, x.Severity, x.Object, x.ObjectName, x.Area, x.First, x.Weeks, strconv.Itoa(x.Raised), x.Planted})
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write the warnings: %w", err)
	}
	return nil
}
