package reports

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ohwatch/reports/export"
)

// writeXLSX writes every number of a document: a sheet with the head and the points, then one for each table. Texts stay texts,
// whatever they begin with; a whole cell that is a number is one.
func writeXLSX(d *document) ([]byte, error) {
	first := export.Grid{Name: "1", Head: []string{d.Title, d.Issue}}
	for _, row := range [][2]string{{d.Organisation, ""}, {d.Dates, d.AsOf}, {d.head.Snapshot, ""}} {
		first.Rows = append(first.Rows, []any{row[0], row[1]})
	}
	for _, p := range d.Summary {
		first.Rows = append(first.Rows, []any{p.Head, strings.TrimSpace(p.Text)})
	}
	first.Rows = append(first.Rows, []any{d.Footer, ""}, []any{"", ""})
	grids := []export.Grid{first}
	add := func(section, head string, t table) {
		if len(t.Rows) == 0 {
			return
		}
		g := export.Grid{Name: fmt.Sprint(len(grids) + 1), Head: t.Columns}
		for _, row := range t.Rows {
			cells := make([]any, len(row))
			for i, text := range row {
				cells[i] = text
				if n, ok := plainNumber(text); ok && t.Numeric[i] {
					cells[i] = n
				}
			}
			g.Rows = append(g.Rows, cells)
		}
		title := section
		if head != "" {
			title += " · " + head
		}
		grids[0].Rows = append(grids[0].Rows, []any{d.say("report.sheet", "number", g.Name), title})
		grids = append(grids, g)
	}
	for _, s := range d.Sections {
		for _, b := range s.Blocks {
			for _, f := range b.Figures {
				add(s.Title, f.Title, f.Table)
			}
			if b.Table != nil {
				add(s.Title, b.Table.Caption, *b.Table)
			}
			if len(b.Groups) > 0 {
				add(s.Title, d.say("report.sheet_warnings"), d.warningTable(b.Groups))
			}
		}
	}
	var out bytes.Buffer
	if err := export.Workbook(&out, grids...); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// warningTable lists the warnings that the page shows one by one.
func (w words) warningTable(groups []severityGroup) table {
	t := table{Numeric: []bool{false, false, false, false, false, false}}
	for _, key := range []string{"severity", "rule", "warning", "object", "place", "facts"} {
		t.Columns = append(t.Columns, w.say("report.column_"+key))
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			for _, x := range r.Items {
				t.Rows = append(t.Rows, []string{w.say("report.severity." + string(g.Severity)), r.Rule, x.Title, x.Object, x.Area, w.list(x.Facts)})
			}
		}
	}
	return t
}

var written = regexp.MustCompile(`^[−-]?\d{1,3}(,\d{3})*(\.\d+)?%?$|^[−-]?\d+(\.\d+)?%?$`)

// plainNumber reads a number as the pages write it; a percentage is a share.
func plainNumber(text string) (float64, bool) {
	if !written.MatchString(text) {
		return 0, false
	}
	digits := strings.NewReplacer(",", "", "−", "-", "%", "").Replace(text)
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, false
	}
	if strings.HasSuffix(text, "%") {
		n, _ = strconv.ParseFloat(digits+"e-2", 64)
	}
	return n, true
}
