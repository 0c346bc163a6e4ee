package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/reports"
	"ohwatch/transform"
)

// newReportCommand is `ohwatch report`: bulletins for the leadership.
func newReportCommand(a *app) *cobra.Command {
	command := group(&cobra.Command{Use: "report weekly|monthly|quarterly|annual|township|list|verify", Short: a.text("report.command_short", nil)})
	command.AddCommand(newReportWeeklyCommand(a))
	for _, kind := range []reports.Kind{reports.KindMonthly, reports.KindQuarterly, reports.KindAnnual, reports.KindTownship} {
		command.AddCommand(newReportSituationCommand(a, kind))
	}
	command.AddCommand(newReportListCommand(a), newReportVerifyCommand(a))
	return command
}

// newReportWeeklyCommand is `ohwatch report weekly`: the bulletin of one ISO week.
func newReportWeeklyCommand(a *app) *cobra.Command {
	var week string
	var out outputs
	command := &cobra.Command{
		Use:   "weekly [--period 2026-W46] [--out DIR] [--format html,pdf,docx,xlsx]",
		Short: a.text("report.command_weekly_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			p := a.lastWeek()
			if week != "" {
				var err error
				if p, err = period.Parse(week); err != nil || p.Kind != period.Week {
					return wrongUsage("report.bad_period", map[string]any{"period": week})
				}
			}
			if p.Start.After(a.today()) {
				return usageError(transform.ErrFutureWeek.With("week", p.String()))
			}
			results, snapshot, missing := a.weeklyForms(cmd.Context(), a.reportPrinter(), p, out, "command")
			if missing != nil && !errors.Is(missing, reports.ErrNoChromium) {
				return missing
			}
			return a.printReports(results, snapshot, missing)
		},
	}
	command.Flags().StringVar(&week, "period", "", a.text("report.flag_period", nil))
	out.flags(a, command)
	return command
}

// outputs say where the files of a report go and in which forms.
type outputs struct {
	folder  string // empty: the configured one
	formats []string
}

func (o *outputs) flags(a *app, command *cobra.Command) {
	command.Flags().StringVar(&o.folder, "out", "", a.text("report.flag_out", nil))
	command.Flags().StringSliceVar(&o.formats, "format", []string{"html"}, a.text("report.flag_format", nil))
}

// check refuses a form that does not exist.
func (o outputs) check() error {
	for _, format := range o.formats {
		if !slices.Contains(reports.Formats(), reports.Format(format)) {
			return wrongUsage("report.bad_format", map[string]any{"format": format})
		}
	}
	return nil
}

// forms are the forms asked for.
func (o outputs) forms() []reports.Format {
	var forms []reports.Format
	for _, format := range o.formats {
		forms = append(forms, reports.Format(format))
	}
	return forms
}

// withChromium runs write with a Chromium where a form needs one; without one that answers, write has none and says what is missing.
func (a *app) withChromium(ctx context.Context, forms []reports.Format, write func(*reports.Chromium) error) error {
	if !slices.Contains(forms, reports.PDF) && !slices.Contains(forms, reports.DOCX) {
		return write(nil)
	}
	browser, err := reports.OpenChromium(ctx, a.cfg.Reports.Chromium)
	if err != nil {
		if !errors.Is(err, reports.ErrNoChromium) {
			return err
		}
		a.note("report.no_chromium", map[string]any{"error": err.Error()})
		return write(nil)
	}
	defer browser.Close()
	return write(browser)
}

// printReports prints what was written, and that something is missing because no Chromium answered.
func (a *app) printReports(results []reports.Result, s transform.Snapshot, missing error) error {
	for _, result := range results {
		if a.json {
			if err := a.printJSON(bulletin{result, s.Snapshot, s.SHA256}); err != nil {
				return err
			}
			continue
		}
		a.say("report.written", map[string]any{"path": result.Path, "bytes": result.Bytes, "hash": result.SHA256})
	}
	if s.Snapshot != 0 && !a.json {
		a.say("snapshot.behind", map[string]any{"snapshot": s.Snapshot, "hash": s.SHA256})
	}
	if missing != nil {
		if missing != reports.ErrNoChromium { // it had answered first
			a.note("report.no_chromium", map[string]any{"error": missing.Error()})
		}
		return &exitError{code: exitNeedsPerson}
	}
	return nil
}

// lastWeek is the last ISO week that had ended before today.
func (a *app) lastWeek() period.Period { return period.Of(a.today(), period.Week).Prev(1) }

// bulletin is a bulletin that was written, with the snapshot of the values behind it; 0: there were none.
type bulletin struct {
	reports.Result
	Snapshot       uint64 `json:"snapshot"`
	SnapshotSHA256 string `json:"snapshot_sha256"`
}

// weekly writes the bulletin of a week into the folder, the configured one if out is empty. It speaks the
// language of --lang, else the one configured for bulletins.
func (a *app) weekly(ctx context.Context, week period.Period, out, by string) (bulletin, error) {
	return a.weeklyIn(ctx, a.reportPrinter(), week, out, by)
}

// reportPrinter speaks the language of --lang, else the one configured for reports.
func (a *app) reportPrinter() *message.Printer {
	if a.flags.lang == "" {
		return a.catalogue.Printer(message.Lang(a.cfg.Reports.Lang))
	}
	return a.printer
}

// reportFolder is the folder for reports, the configured one if out is empty.
func (a *app) reportFolder(out string) string {
	if out == "" {
		return a.cfg.ReportsFolder()
	}
	return out
}

// logoMost is the size in bytes above which a file is not taken for a logo: reports carry it.
const logoMost = 512 << 10

// masthead is what the configuration prints at the head of reports.
func (a *app) masthead() (reports.Masthead, error) {
	city, r := a.cfg.City, a.cfg.Reports
	m := reports.Masthead{
		City:         message.Text{Zh: city.NameZh, En: city.NameEn},
		Organisation: message.Text{Zh: city.OrganisationZh, En: city.OrganisationEn},
		RedHead:      message.Text{Zh: r.RedHeadZh, En: r.RedHeadEn},
	}
	if r.Logo == "" {
		return m, nil
	}
	path := a.cfg.InData(r.Logo)
	info, err := os.Stat(path)
	if err == nil && info.Size() <= logoMost {
		m.Logo, err = os.ReadFile(path)
	}
	if err != nil || !bytes.HasPrefix(m.Logo, []byte("\x89PNG\r\n\x1a\n")) {
		return m, &config.Error{Code: "config.invalid", Args: map[string]string{
			"where": "-", "key": "reports.logo", "value": r.Logo, "want": "PNG, at most 512 KiB",
		}, Err: err}
	}
	return m, nil
}

// weeklyIn writes the bulletin of a week in the printer's language as a page into the folder, the configured one if out is
// empty, and freezes the values behind it.
func (a *app) weeklyIn(ctx context.Context, printer *message.Printer, week period.Period, out, by string) (bulletin, error) {
	results, snapshot, err := a.weeklyForms(ctx, printer, week, outputs{folder: out}, by)
	if err != nil {
		return bulletin{}, err
	}
	return bulletin{results[0], snapshot.Snapshot, snapshot.SHA256}, nil
}

// weeklyForms writes the bulletin in its forms. With reports.ErrNoChromium it returns what was written nevertheless.
func (a *app) weeklyForms(ctx context.Context, printer *message.Printer, week period.Period, out outputs, by string) (results []reports.Result, s transform.Snapshot, err error) {
	if err := a.openDB(ctx); err != nil {
		return nil, s, err
	}
	head, err := a.masthead()
	if err != nil {
		return nil, s, err
	}
	opt := reports.Options{
		Period: week, Today: a.today(), Out: a.reportFolder(out.folder), CityCode: a.cfg.City.Code, Masthead: head, Printer: printer, By: by, Formats: out.forms(),
	}
	freeze := weeklyFreeze(week, string(printer.Lang()))
	if opt.Values, opt.Revision, _, err = a.revision(ctx, freeze); err != nil {
		return nil, s, err
	}
	var missing error
	err = a.withChromium(ctx, opt.Formats, func(browser *reports.Chromium) error {
		opt.Chromium = browser
		results, missing = reports.Weekly(ctx, a.db, opt)
		if errors.Is(missing, reports.ErrNoChromium) {
			return nil
		}
		return missing
	})
	if err != nil || len(results) == 0 {
		return nil, s, errors.Join(err, missing)
	}
	freeze.Document, freeze.SHA256 = filepath.Base(results[0].Path), results[0].SHA256
	if s, err = a.freezeReport(ctx, freeze, by); err != nil {
		return nil, s, err
	}
	return results, s, missing
}

// newReportListCommand is `ohwatch report list`: the bulletins written so far.
func newReportListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: a.text("report.command_list_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			all, err := reports.List(cmd.Context(), a.db)
			if err != nil {
				return err
			}
			if len(all) == 0 && !a.json {
				a.say("report.list_none", nil)
				return nil
			}
			rows := make([][]string, 0, len(all))
			for _, p := range all {
				if a.json {
					if err := a.printJSON(p); err != nil {
						return err
					}
					continue
				}
				rows = append(rows, []string{p.Name, p.At.In(period.Shanghai()).Format("2006-01-02 15:04"), fmt.Sprint(p.Bytes), p.SHA256[:min(16, len(p.SHA256))], p.Path})
			}
			if a.json {
				return nil
			}
			return printTable(cmd.OutOrStdout(), []string{
				a.text("report.list_name", nil), a.text("report.list_written", nil),
				a.text("report.list_bytes", nil), "SHA-256", a.text("report.list_path", nil),
			}, rows)
		},
	}
}
