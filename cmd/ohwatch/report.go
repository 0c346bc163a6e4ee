package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/reports"
	"ohwatch/transform"
)

// newReportCommand is `ohwatch report`: bulletins for the leadership.
func newReportCommand(a *app) *cobra.Command {
	command := group(&cobra.Command{Use: "report weekly|monthly|quarterly|annual|township|list", Short: a.text("report.command_short", nil)})
	command.AddCommand(newReportWeeklyCommand(a))
	for _, kind := range []reports.Kind{reports.KindMonthly, reports.KindQuarterly, reports.KindAnnual, reports.KindTownship} {
		command.AddCommand(newReportSituationCommand(a, kind))
	}
	command.AddCommand(newReportListCommand(a))
	return command
}

// newReportWeeklyCommand is `ohwatch report weekly`: the bulletin of one ISO week.
func newReportWeeklyCommand(a *app) *cobra.Command {
	var week, out string
	var formats []string
	command := &cobra.Command{
		Use:   "weekly [--period 2026-W46] [--out DIR] [--format html]",
		Short: a.text("report.command_weekly_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, format := range formats {
				if format != "html" {
					return wrongUsage("report.bad_format", map[string]any{"format": format})
				}
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
			result, err := a.weekly(cmd.Context(), p, out, "command")
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(result)
			}
			a.say("report.written", map[string]any{"path": result.Path, "bytes": result.Bytes, "hash": result.SHA256})
			if result.Snapshot != 0 {
				a.say("snapshot.behind", map[string]any{"snapshot": result.Snapshot, "hash": result.SnapshotSHA256})
			}
			return nil
		},
	}
	command.Flags().StringVar(&week, "period", "", a.text("report.flag_period", nil))
	command.Flags().StringVar(&out, "out", "", a.text("report.flag_out", nil))
	command.Flags().StringSliceVar(&formats, "format", []string{"html"}, a.text("report.flag_format", nil))
	return command
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

// weeklyIn writes the bulletin of a week in the printer's language into the folder, the configured one if out is
// empty, and freezes the values behind it.
func (a *app) weeklyIn(ctx context.Context, printer *message.Printer, week period.Period, out, by string) (bulletin, error) {
	if err := a.openDB(ctx); err != nil {
		return bulletin{}, err
	}
	head, err := a.masthead()
	if err != nil {
		return bulletin{}, err
	}
	result, err := reports.Weekly(ctx, a.db, reports.Options{
		Period: week, Today: a.today(), Out: a.reportFolder(out), CityCode: a.cfg.City.Code, Masthead: head, Printer: printer, By: by,
	})
	if err != nil {
		return bulletin{}, err
	}
	snapshot, err := a.freezeBulletin(ctx, week, result, by)
	return bulletin{result, snapshot.Snapshot, snapshot.SHA256}, err
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
