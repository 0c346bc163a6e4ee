package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/reports/event"
	"ohwatch/transform"
)

// newEventReportCommand is `ohwatch event report`: the situation report of an event.
func newEventReportCommand(a *app) *cobra.Command {
	var out string
	var formats []string
	command := &cobra.Command{
		Use: "report ID [--out DIR] [--format html]", Short: a.text("event.report_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, format := range formats {
				if format != "html" {
					return wrongUsage("usage.choice", map[string]any{"flag": "--format", "value": format, "choices": "html"})
				}
			}
			return a.writeSituation(cmd.Context(), args[0], out)
		},
	}
	command.Flags().StringVar(&out, "out", "", a.text("event.flag_out", nil))
	command.Flags().StringSliceVar(&formats, "format", []string{"html"}, a.text("report.flag_format", nil))
	return command
}

// writeSituation writes the situation report of an event into a folder, the configured one for bulletins when out is
// empty.
func (a *app) writeSituation(ctx context.Context, id, out string) error {
	log, err := a.eventLog(ctx)
	if err != nil {
		return err
	}
	g, err := log.Find(ctx, id)
	if err != nil {
		return a.eventError(err)
	}
	page, err := a.situationPage(ctx, g)
	if err != nil {
		return err
	}
	folder := cmp.Or(out, filepath.Join(a.cfg.ReportsFolder(), "events"))
	path := filepath.Join(folder, "situation-"+g.ID+".html")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return a.cannotWrite(path, err)
	}
	if err := a.writeFile(path, func(w io.Writer) error { _, err := w.Write(page); return err }); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"event": g.ID, "exercise": g.Exercise, "number": len(g.Entries), "path": path, "bytes": len(page)})
	}
	a.say("event.report_written", map[string]any{"exercise": a.exerciseMark(g), "id": g.ID, "path": path})
	return nil
}

// speaking is the app with the texts of one language.
func (a *app) speaking(lang message.Lang) *app {
	other := *a
	other.printer = a.catalogue.Printer(lang)
	return &other
}

// situationPage renders the situation report of an event.
func (a *app) situationPage(ctx context.Context, g transform.GroupEvent) ([]byte, error) {
	zh, en := a.speaking(message.Chinese), a.speaking(message.English)
	zhAreas, err := zh.placeNames(ctx)
	if err != nil {
		return nil, err
	}
	enAreas, err := en.placeNames(ctx)
	if err != nil {
		return nil, err
	}
	both := func(say func(a *app) string) message.Text { return message.Text{Zh: say(zh), En: say(en)} }
	r := event.Report{
		ID: g.ID, Exercise: g.Exercise, Number: len(g.Entries), AsOf: minute(a.now()), GradeLevel: g.Grade.String(),
		Organisation: message.Text{Zh: a.cfg.City.OrganisationZh, En: a.cfg.City.OrganisationEn},
		Title:        message.Text{Zh: zh.eventTitle(g, zhAreas), En: en.eventTitle(g, enAreas)},
		Grade:        both(func(a *app) string { return a.gradeName(g.Grade) }),
		State:        both(func(a *app) string { return a.text("event.state_"+g.State, nil) }),
	}
	if g.SetGrade != 0 && (g.Grade != g.CountedGrade || g.SetGrade != g.CountedGrade) {
		r.GradeNote = both(func(a *app) string { return a.gradeText(g) })
	}
	for _, c := range []struct {
		key     string
		n       *uint32
		loaded  *uint64
		differs *int64
	}{
		{"ill", g.Counts.Ill, loadedOf(g, func(l *transform.DataCounts) *uint64 { return &l.Ill }), g.IllDiffers},
		{"dead", g.Counts.Dead, loadedOf(g, func(l *transform.DataCounts) *uint64 { return &l.Dead }), g.DeadDiffers},
		{"severe", g.Counts.Severe, nil, nil},
		{"exposed", g.Counts.Exposed, nil, nil},
	} {
		f := event.Figure{Name: both(func(a *app) string { return a.text("event.figure_"+c.key, nil) }), Value: countText(c.n)}
		if c.loaded != nil {
			f.Loaded, f.Difference = fmt.Sprint(*c.loaded), differenceText(c.differs)
		}
		r.Figures = append(r.Figures, f)
	}
	factsZh, factsEn := zh.reportFacts(g, zhAreas), en.reportFacts(g, enAreas)
	for i := range factsZh {
		r.Facts = append(r.Facts, event.Fact{
			Name: message.Text{Zh: factsZh[i][0], En: factsEn[i][0]}, Value: message.Text{Zh: factsZh[i][1], En: factsEn[i][1]},
		})
	}
	for _, d := range g.Deadlines {
		done := "—"
		if d.Done != nil {
			done = minute(*d.Done)
		}
		r.Deadlines = append(r.Deadlines, event.Deadline{
			Name: both(func(a *app) string { return a.deadlineName(d) }), Rule: d.Rule, Due: minute(d.Due), Done: done, State: d.State,
			StateName: both(func(a *app) string { return a.text("event.deadline_"+d.State, nil) }), Unverified: d.Unverified,
		})
	}
	line := g.TimeLine()
	slices.Reverse(line)
	for _, e := range line {
		e.Warnings = nil // they stand among the facts
		entry := event.Entry{
			When: minute(e.Happened), By: e.By, Kind: both(func(a *app) string { return a.text("event.kind_"+e.Kind, nil) }),
			Text: message.Text{Zh: zh.entryText(e)},
		}
		e.Text, e.Reason = "", "" // as typed, in one language
		entry.Text.En = en.entryText(e)
		if e.Corrects != 0 {
			entry.Correction = both(func(a *app) string { return a.text("event.correction_tag", map[string]any{"entry": e.Corrects}) })
		}
		r.Entries = append(r.Entries, entry)
	}
	for _, c := range a.contacts() {
		r.Contacts = append(r.Contacts, event.Contact{
			Role: message.Text{Zh: c.RoleZh, En: c.RoleEn}, Office: both(func(a *app) string { return a.officeName(c.Office) }), Phone: c.Phone,
		})
	}
	for _, t := range g.Thresholds {
		key := "event.threshold_short"
		if t.Ill == 0 && t.Dead == 0 {
			key = "event.threshold_decided_short"
		}
		r.Thresholds = append(r.Thresholds, event.Threshold{
			Text: both(func(a *app) string {
				return a.text(key, map[string]any{"grade": t.Grade.String(), "ill": t.Ill, "dead": t.Dead})
			}),
			Unverified: t.Unverified,
		})
	}
	return event.Page(r, a.catalogue)
}

// reportFacts are the facts that do not stand elsewhere in the report.
func (a *app) reportFacts(g transform.GroupEvent, areas map[string]string) [][2]string {
	fact := func(key, value string) [2]string {
		return [2]string{a.text("event.fact_"+key, nil), cmp.Or(value, "—")}
	}
	facts := [][2]string{
		fact("started", minute(g.Started)), fact("known", minute(g.Known)), fact("place", strings.TrimSpace(cmp.Or(areas[g.Area], g.Area)+" "+g.Place)),
		fact("agent", g.Agent), fact("employer", g.EmployerName), fact("warnings", strings.Join(g.Warnings, " ")),
	}
	if g.Closed != nil {
		facts = append(facts, fact("closed", minute(*g.Closed)), fact("outcome", g.Outcome))
	}
	return facts
}
