package emission

import (
	"bytes"
	_ "embed"
	"html/template"
	"strconv"
	"strings"
	"time"

	"ohwatch/internal/message"
	"ohwatch/reports/export"
)

// grid lists the warnings of a document under headings in Chinese with English beside.
func grid(d Document, c *message.Catalogue) export.Grid {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	g := export.Grid{Name: d.Week}
	both := func(key string) string {
		return strings.TrimSpace(zh.Text(key, nil)) + " " + strings.TrimSpace(en.Text(key, nil))
	}
	for _, column := range columns() {
		g.Head = append(g.Head, both("emission.column_"+column))
	}
	for _, w := range d.Warnings {
		g.Rows = append(g.Rows, []any{
			w.ID, both("warn.severity_" + w.Severity), w.Title, w.TitleEn, w.ObjectName, w.Object, w.Area, strings.Join(w.Addressee, " "),
			date(w.Due), both("warn.state_" + w.State), w.Owner, date(w.FirstSeen), date(w.Knowable), int64(w.NEvidence), strings.Join(w.Evidence, " "),
			w.Rule, w.Version, strings.Join(w.Listed, " "),
		})
	}
	return g
}

func columns() []string {
	return []string{
		"id", "severity", "title", "title_en", "object_name", "object", "area", "addressee", "due", "state", "owner", "first_seen", "knowable",
		"n_evidence", "evidence", "rule", "version", "listed",
	}
}

// date returns a day, or nil for none.
func date(text string) any {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil
	}
	return day
}

func asCSV(d Document, c *message.Catalogue) ([]byte, error) {
	var text bytes.Buffer
	err := export.GridCSV(&text, grid(d, c))
	return text.Bytes(), err
}

func asWorkbook(d Document, c *message.Catalogue) ([]byte, error) {
	var file bytes.Buffer
	err := export.Workbook(&file, grid(d, c))
	return file.Bytes(), err
}

//go:embed page.html
var pageText string

// asPage renders a page that needs nothing else: no script, no other file.
func asPage(d Document, c *message.Catalogue) ([]byte, error) {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	page, err := template.New("page").Funcs(template.FuncMap{
		"zh": func(key string) string { return strings.TrimSpace(zh.Text(key, nil)) },
		"en": func(key string) string { return strings.TrimSpace(en.Text(key, nil)) },
		"count": func(severity string) (n int) {
			for _, w := range d.Warnings {
				if w.Severity == severity {
					n++
				}
			}
			return n
		},
		"join": func(words []string) string { return strings.Join(words, " ") },
		"rows": func(v pageView, rows []Warning) pageView { v.Rows = rows; return v },
		"most": func(budget int) string {
			if budget < 0 {
				return "—"
			}
			return strconv.Itoa(budget)
		},
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	view := pageView{Document: d, Severities: severities(), Heading: "emission.heading", Columns: columnKeys(
		"severity", "title", "addressee", "area", "due", "state", "n_evidence",
	), BudgetColumns: columnKeys("addressee", "severity", "most", "raised", "sent", "over", "backlog")}
	if d.Scorecard {
		view.Heading = "emission.scorecard"
	}
	var text bytes.Buffer
	err = page.Execute(&text, view)
	return text.Bytes(), err
}

// pageView is what the page shows.
type pageView struct {
	Document
	Heading                            string
	Severities, Columns, BudgetColumns []string
	Rows                               []Warning // of one of its tables
}

func columnKeys(names ...string) []string {
	for i, name := range names {
		names[i] = "emission.column_" + name
	}
	return names
}
