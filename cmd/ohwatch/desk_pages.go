package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/reports/web"
	"ohwatch/transform"
)

// deskPages answers the pages of warnings.
type deskPages struct{ a *app }

var _ web.WarningDesk = deskPages{}

// deskRows is how many warnings a page of the list holds.
const deskRows = 50

// List returns one page of the warnings that a filter chooses.
func (p deskPages) List(ctx context.Context, f web.WarningFilter) (web.WarningList, error) {
	warnings, err := transform.Warnings(ctx, p.a.db)
	if err != nil {
		return web.WarningList{}, err
	}
	titles, err := ruleTitles(p.a.files)
	if err != nil {
		return web.WarningList{}, err
	}
	areas, err := p.a.placeNames(ctx)
	if err != nil {
		return web.WarningList{}, err
	}
	ledger, err := transform.ReadLedger(ctx, p.a.db, p.a.transformOptions("page"))
	if err != nil {
		return web.WarningList{}, err
	}
	ledger.Mark(warnings)
	list := web.WarningList{Filter: f}
	for _, budget := range []string{"", "listed", "all"} {
		list.Budgets = append(list.Budgets, web.Choice{Value: budget, Name: p.a.text("desk.budget_"+cmp.Or(budget, "own"), nil)})
	}
	p.choices(&list, warnings, titles, areas)
	counts := map[transform.Severity]int{}
	var chosen []transform.Warning
	for _, w := range warnings {
		isEnded := !w.Open()
		switch {
		case isEnded && !f.All && f.State != w.State,
			f.Addressee != "" && !slices.Contains(w.Addressee, f.Addressee), f.Area != "" && w.Area != f.Area, f.State != "" && w.State != f.State,
			f.Rule != "" && w.Rule != f.Rule, f.Week != "" && w.FirstWeek != f.Week, f.Budget == "listed" && len(w.Listed) == 0:
			continue
		case f.Budget == "" && !ledger.GoesOut(w):
			list.Beside++
			continue
		}
		counts[w.Severity]++
		if f.Severity == "" || string(w.Severity) == f.Severity {
			chosen = append(chosen, w)
		}
	}
	for _, s := range []transform.Severity{transform.Red, transform.Orange, transform.Yellow, transform.Blue} {
		list.Counts = append(list.Counts, web.SeverityCount{Severity: string(s), SeverityName: p.a.severityName(s), N: counts[s]})
	}
	list.Total = len(chosen)
	list.Pages = max(1, (len(chosen)+deskRows-1)/deskRows)
	list.Filter.Page = min(max(1, f.Page), list.Pages)
	from := (list.Filter.Page - 1) * deskRows
	for _, w := range chosen[from:min(from+deskRows, len(chosen))] {
		list.Rows = append(list.Rows, p.row(w, titles, areas))
	}
	return list, nil
}

// choices fills in what the fields of the filter offer.
func (p deskPages) choices(list *web.WarningList, warnings []transform.Warning, titles map[string]transform.Title, areas map[string]string) {
	for _, code := range transform.Addressees() {
		list.Addressees = append(list.Addressees, web.Choice{Value: code, Name: p.a.officeName(code)})
	}
	for _, state := range []string{"new", "acknowledged", "assigned", "acting", "verified", "reopened", "resolved", "closed", "dismissed"} {
		list.States = append(list.States, web.Choice{Value: state, Name: p.a.text("warn.state_"+state, nil)})
	}
	for _, s := range []transform.Severity{transform.Red, transform.Orange, transform.Yellow, transform.Blue} {
		list.Severities = append(list.Severities, web.Choice{Value: string(s), Name: p.a.severityName(s)})
	}
	seen := map[string]bool{}
	add := func(to *[]web.Choice, field, value, name string) {
		if key := field + value; value != "" && !seen[key] {
			seen[key] = true
			*to = append(*to, web.Choice{Value: value, Name: name})
		}
	}
	for _, w := range warnings {
		add(&list.Areas, "area ", w.Area, cmp.Or(areas[w.Area], w.Area))
		add(&list.Rules, "rule ", w.Rule, strings.TrimSpace(w.Rule+" "+p.a.title(titles[w.Rule])))
		add(&list.Weeks, "week ", w.FirstWeek, w.FirstWeek)
	}
	byValue := func(a, b web.Choice) int { return cmp.Compare(a.Value, b.Value) }
	slices.SortFunc(list.Areas, byValue)
	slices.SortFunc(list.Rules, byValue)
	slices.SortFunc(list.Weeks, func(a, b web.Choice) int { return cmp.Compare(b.Value, a.Value) })
}

// severityName is the word for a severity.
func (a *app) severityName(s transform.Severity) string {
	return strings.TrimSpace(a.text("warn.severity_"+string(s), nil))
}

// row is a warning in the words of the pages.
func (p deskPages) row(w transform.Warning, titles map[string]transform.Title, areas map[string]string) web.WarningRow {
	w.Describe(p.a.printer, titles[w.Rule])
	offices := make([]string, len(w.Addressee))
	for i, code := range w.Addressee {
		offices[i] = p.a.officeName(code)
	}
	separator := "、"
	if p.a.lang() == message.English {
		separator = ", "
	}
	return web.WarningRow{
		ID: w.ID, Title: w.Title, Rule: w.Rule, RuleTitle: strings.TrimSpace(w.Rule + " " + p.a.title(titles[w.Rule])), Area: cmp.Or(areas[w.Area], w.Area),
		Object: cmp.Or(w.ObjectName, w.Object), Addressees: strings.Join(offices, separator), Due: cmp.Or(w.DueDay, "—"), Owner: w.Owner, Since: w.FirstWeek,
		Severity: string(w.Severity), SeverityName: p.a.severityName(w.Severity), State: w.State, StateName: p.a.text("warn.state_"+w.State, nil),
		Overdue: w.Open() && w.Due != nil && w.Due.Before(p.a.today()), Late: w.Late, Listed: len(w.Listed) > 0, Evidence: w.NEvidence,
	}
}

// Detail returns everything about one warning.
func (p deskPages) Detail(ctx context.Context, id string) (web.WarningDetail, error) {
	record, err := p.a.findWarning(ctx, id)
	if err != nil {
		return web.WarningDetail{}, err
	}
	titles, err := ruleTitles(p.a.files)
	if err != nil {
		return web.WarningDetail{}, err
	}
	areas, err := p.a.placeNames(ctx)
	if err != nil {
		return web.WarningDetail{}, err
	}
	w := record.Warning
	d := web.WarningDetail{WarningRow: p.row(w, titles, areas), Moves: transform.Moves(record.History), Steps: w.NextSteps()}
	for _, outcome := range outcomes() {
		d.Outcomes = append(d.Outcomes, web.Choice{Value: outcome, Name: p.a.text("warn.outcome_"+outcome, nil)})
	}
	fact := func(key, value string) {
		if value != "" {
			d.Facts = append(d.Facts, [2]string{p.a.text("desk."+key, nil), value})
		}
	}
	fact("rule", d.RuleTitle+" "+w.Version)
	fact("object", d.Object)
	fact("area", d.Area)
	fact("addressee", d.Addressees)
	fact("due", d.Due)
	fact("owner", d.Owner)
	fact("since", w.FirstWeek)
	fact("last_seen", w.LastWeek)
	if w.Level > 0 {
		fact("level", p.a.text("warn.level_"+strconv.Itoa(int(w.Level)), nil))
	}
	if w.Late {
		fact("knowable", w.KnownDay)
	}
	outcome := w.Outcome
	if w.State == "closed" {
		outcome = p.a.text("warn.outcome_"+w.Outcome, nil)
	}
	fact("outcome", outcome)
	for _, line := range w.Evidence {
		row, err := p.evidence(ctx, line)
		if err != nil {
			return d, err
		}
		d.Rows = append(d.Rows, row)
	}
	for _, e := range record.History {
		outcome := e.Outcome
		switch e.Event {
		case "closed":
			outcome = p.a.text("warn.outcome_"+e.Outcome, nil)
		case "comment":
			outcome = ""
		}
		var texts []string
		for _, text := range []string{outcome, e.Note, e.Comment} {
			if text != "" {
				texts = append(texts, text)
			}
		}
		d.History = append(d.History, web.HistoryLine{
			At: minute(e.At), Week: e.Week, Event: p.a.text("warn.event_"+e.Event, nil), By: e.By, Text: strings.Join(texts, " · "), Attachments: e.Attachments,
		})
	}
	events, err := p.a.events("").Events(ctx)
	if err != nil {
		return d, err
	}
	for _, g := range events {
		if slices.Contains(g.Warnings, id) {
			d.Events = append(d.Events, web.Choice{Value: g.ID, Name: g.ID})
		}
	}
	return d, nil
}

// evidence is a row of evidence (stream:batch:row) with the file where it stands.
func (p deskPages) evidence(ctx context.Context, line string) (web.EvidenceRow, error) {
	parts := strings.Split(line, ":")
	if len(parts) != 3 {
		return web.EvidenceRow{File: line}, nil
	}
	row := web.EvidenceRow{Stream: parts[0], Batch: parts[1], Row: parts[2]}
	number, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return web.EvidenceRow{File: line}, nil // not a row of a file
	}
	b, err := ingest.FindBatch(ctx, p.a.db, number)
	if err != nil {
		return row, err
	}
	if row.File = b.File; b.Sheet != "" {
		row.File += " [" + b.Sheet + "]"
	}
	return row, nil
}
