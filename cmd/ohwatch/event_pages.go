package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"ohwatch/internal/message"
	"ohwatch/reports/web"
	"ohwatch/transform"
)

// eventPages answers the pages of group events.
type eventPages struct{ a *app }

var _ web.Events = eventPages{}

// Events lists the events, open ones apart from closed ones and exercises, and what nobody follows.
func (p eventPages) Events(ctx context.Context) (web.EventList, error) {
	log := p.a.events("")
	events, err := log.Events(ctx)
	if err != nil {
		return web.EventList{}, err
	}
	areas, err := p.a.placeNames(ctx)
	if err != nil {
		return web.EventList{}, err
	}
	var list web.EventList
	for _, g := range events {
		to := &list.Open
		switch {
		case g.Exercise:
			to = &list.Exercises
		case g.State == transform.EventClosed:
			to = &list.Closed
		}
		*to = append(*to, p.row(g, areas))
	}
	proposed, err := log.Propose(ctx)
	if err != nil {
		return list, err
	}
	for _, d := range proposed {
		if d.Opened == "" {
			list.Proposals = append(list.Proposals, web.EventProposal{
				Title: p.a.text("event.proposal", map[string]any{
					"start": d.StartDay, "kind": p.a.text("event.kind_of_"+kindOr(d.Kind), nil), "employer": d.EmployerName, "agent": p.a.named(d.AgentZh, d.AgentEn),
					"ill": d.Ill, "dead": d.Dead, "grade": p.a.gradeName(d.Grade),
				}),
				Command: openCommand(d),
			})
		}
	}
	return list, nil
}

// row is an event in the words of the pages.
func (p eventPages) row(g transform.GroupEvent, areas map[string]string) web.EventRow {
	r := web.EventRow{
		ID: g.ID, Title: p.a.eventTitle(g, areas), State: g.State, StateName: p.a.text("event.state_"+g.State, nil), Grade: g.Grade.String(),
		GradeName: p.a.gradeName(g.Grade), Started: minute(g.Started), Place: cmp.Or(areas[g.Area], g.Area), Ill: countText(g.Counts.Ill), Dead: countText(g.Counts.Dead),
		Exercise: g.Exercise,
	}
	for _, d := range g.Deadlines {
		if d.State == transform.DeadlineMissed {
			r.Missed++
		}
	}
	return r
}

// Event returns everything about one event.
func (p eventPages) Event(ctx context.Context, id string) (web.EventDetail, error) {
	g, err := p.a.events("").Find(ctx, id)
	if err != nil {
		return web.EventDetail{}, err
	}
	areas, err := p.a.placeNames(ctx)
	if err != nil {
		return web.EventDetail{}, err
	}
	d := web.EventDetail{EventRow: p.row(g, areas), Warnings: g.Warnings}
	if text := p.a.gradeText(g); text != d.GradeName {
		d.GradeNote = text
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
		f := web.EventFigure{Name: p.a.text("event.figure_"+c.key, nil), Value: countText(c.n)}
		if c.loaded != nil {
			f.Loaded, f.Difference = fmt.Sprint(*c.loaded), differenceText(c.differs)
		}
		d.Figures = append(d.Figures, f)
	}
	g.Warnings = nil // linked apart
	for _, fact := range p.a.reportFacts(g, areas) {
		if fact[1] != "—" {
			d.Facts = append(d.Facts, fact)
		}
	}
	if g.Data != nil {
		d.Facts = append(d.Facts, [2]string{p.a.text("event.fact_data", nil), g.Data.Event + " " + strings.Join(g.Data.Lines, " ")})
	}
	if len(g.Persons) > 0 {
		d.Facts = append(d.Facts, [2]string{p.a.text("event.fact_persons", nil), strings.Join(g.Persons, " ")})
	}
	for _, x := range g.Deadlines {
		done := "—"
		if x.Done != nil {
			done = minute(*x.Done)
		}
		d.Deadlines = append(d.Deadlines, web.EventDeadline{
			Name: p.a.deadlineName(x), Rule: x.Rule, Due: minute(x.Due), Done: done, State: x.State, StateName: p.a.text("event.deadline_"+x.State, nil),
			Unverified: x.Unverified,
		})
	}
	slices.SortStableFunc(g.Entries, func(a, b transform.EventEntry) int { return a.Happened.Compare(b.Happened) })
	for _, e := range g.Entries {
		line := web.EventLine{
			Number: e.Entry, Happened: minute(e.Happened), Kind: p.a.text("event.kind_"+e.Kind, nil), Text: p.a.entryText(e), By: e.By, Written: minute(e.At),
			After: p.a.text("event.after", map[string]any{
				"state": p.a.text("event.state_"+e.AfterState, nil), "grade": cmp.Or(e.AfterGrade.String(), "—"), "ill": e.AfterIll, "dead": e.AfterDead,
			}),
		}
		if e.Corrects != 0 {
			line.Corrects = p.a.text("event.corrects", map[string]any{"entry": e.Corrects, "reason": e.Reason})
		}
		if e.CorrectedBy != 0 {
			line.CorrectedBy = p.a.text("event.corrected_by", map[string]any{"entry": e.CorrectedBy})
		}
		d.Lines = append(d.Lines, line)
	}
	for _, c := range p.a.contacts() {
		role := c.RoleZh
		if p.a.lang() == message.English {
			role = c.RoleEn
		}
		d.Contacts = append(d.Contacts, web.EventContact{Role: role, Office: p.a.officeName(c.Office), Phone: c.Phone})
	}
	for _, t := range g.Thresholds {
		d.Thresholds = append(d.Thresholds, p.a.thresholdText(t))
	}
	return d, nil
}

// loadedOf is a number of the loaded data of an event; nil when it is linked to none.
func loadedOf(g transform.GroupEvent, pick func(*transform.DataCounts) *uint64) *uint64 {
	if g.Data == nil {
		return nil
	}
	return pick(g.Data)
}

// EventReport renders the situation report of an event.
func (p eventPages) EventReport(ctx context.Context, id string) ([]byte, error) {
	g, err := p.a.events("").Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.a.situationPage(ctx, g)
}
