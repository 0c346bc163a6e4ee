package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/xuri/excelize/v2"

	"ohwatch/internal/message"
)

// templateRows is how many rows of a template carry drop-down lists and formats.
const templateRows = 5000

// exampleMark stands before the first cell of an example row, which is never loaded.
const exampleMark = "【示例】"

// isExample reports whether a row of a record is an example row; raw and origin are as for check.
func isExample(raw arrow.Record, origin []int, i int) bool {
	if int(raw.NumCols()) <= colCells {
		return false
	}
	if origin != nil {
		i = origin[i]
	}
	return strings.HasPrefix(raw.Column(colCells).(*array.String).Value(i), exampleMark)
}

// guideSheets are the names, in both languages, of the sheet of a template that explains its columns.
var guideSheets = []string{"填写说明", "Guide"}

// WriteTemplate writes an empty workbook for senders of a stream: the headings, a note on each that says what
// belongs there, drop-down lists and ranges, text format where a spreadsheet would damage numbers, an example
// row that is marked as one, and a second sheet that explains the columns and lists the codes.
func WriteTemplate(path string, c *Contract, p *message.Printer) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	t := &template{f: f, p: p, sheet: "Sheet1"}
	if p.Lang() == message.Chinese {
		t.sheet = c.Title.Zh
		t.do(f.SetSheetName("Sheet1", t.sheet))
	}
	t.styles()
	_, err = f.NewSheet("lists")
	t.do(err)
	t.do(f.SetSheetVisible("lists", false))
	for i := range c.Fields {
		t.column(i+1, &c.Fields[i])
	}
	t.guide(c)
	t.do(f.SetPanes(t.sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	f.SetActiveSheet(0)
	t.do(f.SaveAs(path))
	if t.err != nil {
		return fmt.Errorf("write template %s: %w", path, t.err)
	}
	return nil
}

// template is a workbook being written; the first error stays.
type template struct {
	f                        *excelize.File
	p                        *message.Printer
	sheet                    string
	required, optional, text int
	example                  int
	lists                    int
	err                      error
}

func (t *template) do(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *template) styles() {
	style := func(color string) int {
		id, err := t.f.NewStyle(&excelize.Style{
			Font:      &excelize.Font{Bold: true},
			Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}},
			Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
		})
		t.do(err)
		return id
	}
	t.required, t.optional = style("FCE4D6"), style("E7E6E6")
	var err error
	t.text, err = t.f.NewStyle(&excelize.Style{NumFmt: 49})
	t.do(err)
	t.example, err = t.f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Italic: true, Color: "808080"}})
	t.do(err)
}

// column writes the heading, the note and the drop-down list of one field.
func (t *template) column(n int, f *Field) {
	name, err := excelize.ColumnNumberToName(n)
	t.do(err)
	heading, style := f.Heading(), t.optional
	if f.Required == "Y" {
		heading, style = heading+"*", t.required
	}
	head := name + "1"
	t.do(t.f.SetCellStr(t.sheet, head, heading))
	t.do(t.f.SetColWidth(t.sheet, name, name, 18))
	switch f.Kind() {
	case "number", "measure":
	default:
		t.do(t.f.SetColStyle(t.sheet, name, t.text))
	}
	t.do(t.f.SetCellStyle(t.sheet, head, head, style))
	t.exampleCell(n, name, f)
	t.do(t.f.AddComment(t.sheet, excelize.Comment{Cell: head, Author: "ohwatch", Paragraph: []excelize.RichTextRun{{Text: t.note(f)}}}))
	t.validate(name, f)
}

// exampleCell writes the cell of the example row; the first one of the row is marked.
func (t *template) exampleCell(n int, name string, f *Field) {
	text := f.Example
	if n == 1 {
		text = exampleMark + text
	}
	if text != "" {
		t.do(t.f.SetCellStr(t.sheet, name+"2", text))
	}
	t.do(t.f.SetCellStyle(t.sheet, name+"2", name+"2", t.example))
}

// choices are what a cell can be chosen from, nil for free entry.
func (f *Field) choices() []string {
	switch {
	case f.Type == "bool":
		return []string{"是", "否"}
	case f.Type == "conclusion" && f.Required != "C":
		return nil
	}
	return f.Choices()
}

// validate gives a column its drop-down list, or the range that its numbers or the length of its texts must
// keep to.
func (t *template) validate(name string, f *Field) {
	v := excelize.NewDataValidation(true)
	v.SetSqref(fmt.Sprintf("%s3:%s%d", name, name, templateRows))
	v.SetInput(f.Heading(), t.note(f))
	choices := f.choices()
	switch {
	case len(choices) > 0:
		t.lists++
		list, err := excelize.ColumnNumberToName(t.lists)
		t.do(err)
		for i, choice := range choices {
			t.do(t.f.SetCellStr("lists", fmt.Sprintf("%s%d", list, i+1), choice))
		}
		v.SetSqrefDropList(fmt.Sprintf("lists!$%s$1:$%s$%d", list, list, len(choices)))
		v.ShowErrorMessage = f.Unknown == "reject" || f.Type == "bool"
	case f.Type == "int" || f.Type == "number":
		low, high := -1e15, 1e15
		if f.Min != nil {
			low = *f.Min
		}
		if f.Max != nil {
			high = *f.Max
		}
		if f.Below != nil {
			high = *f.Below
		}
		kind := excelize.DataValidationTypeDecimal
		if f.Type == "int" {
			kind = excelize.DataValidationTypeWhole
		}
		t.do(v.SetRange(low, high, kind, excelize.DataValidationOperatorBetween))
		v.SetError(excelize.DataValidationErrorStyleStop, f.Heading(), t.p.Text("contract.range", map[string]any{"min": text(low), "max": text(high)}))
	case f.Type == "text" || f.Type == "label" || f.Type == "id_no" || f.Type == "uscc":
		low, high := 0.0, 2000.0
		if f.Min != nil {
			low = *f.Min
		}
		if f.Max != nil {
			high = *f.Max
		}
		switch f.Type {
		case "id_no":
			low, high = 5, 20
		case "uscc":
			low, high = 9, 18
		}
		t.do(v.SetRange(low, high, excelize.DataValidationTypeTextLength, excelize.DataValidationOperatorBetween))
		v.SetError(excelize.DataValidationErrorStyleWarning, f.Heading(), t.p.Text("contract.length", map[string]any{"min": text(low), "max": text(high)}))
	}
	t.do(t.f.AddDataValidation(t.sheet, v))
}

// guide writes the second sheet: what each column means, then the codes of those that have some.
func (t *template) guide(c *Contract) {
	sheet := guideSheets[1]
	if t.p.Lang() == message.Chinese {
		sheet = guideSheets[0]
	}
	_, err := t.f.NewSheet(sheet)
	t.do(err)
	line := 0
	write := func(bold bool, cells ...string) {
		line++
		for i, text := range cells {
			cell, err := excelize.CoordinatesToCellName(i+1, line)
			t.do(err)
			t.do(t.f.SetCellStr(sheet, cell, text))
			if bold {
				t.do(t.f.SetCellStyle(sheet, cell, cell, t.optional))
			}
		}
	}
	for i, width := range []float64{26, 12, 22, 60, 26} {
		name, err := excelize.ColumnNumberToName(i + 1)
		t.do(err)
		t.do(t.f.SetColWidth(sheet, name, name, width))
	}
	for _, key := range []string{"contract.guide_fill", "contract.guide_example", "contract.guide_dates", "contract.guide_state"} {
		write(false, t.p.Text(key, map[string]any{"mark": exampleMark}))
	}
	line++
	write(true, strings.Split(t.p.Text("contract.guide_head", nil), "|")...)
	for i := range c.Fields {
		f := &c.Fields[i]
		others := ""
		if len(f.Headers) > 1 {
			others = strings.Join(f.Headers[1:], "、")
		}
		write(false, f.Heading(), t.p.Text("contract.required_"+strings.ToLower(f.Required), nil), t.p.Text("contract.type_"+f.Kind(), nil), others, f.Example)
	}
	for i := range c.Fields {
		f := &c.Fields[i]
		choices := f.choices()
		if len(choices) == 0 {
			continue
		}
		line++
		write(true, t.p.Text("contract.guide_codes", map[string]any{"heading": f.Heading()}))
		for _, choice := range choices {
			write(false, choice)
		}
	}
}

// note says what belongs into a column.
func (t *template) note(f *Field) string {
	lines := []string{
		t.p.Text("contract.required_"+strings.ToLower(f.Required), nil) + "  " + t.p.Text("contract.type_"+f.Kind(), nil),
	}
	if choices := f.Choices(); len(choices) > 0 && len(choices) <= 12 {
		lines = append(lines, t.p.Text("contract.note_values", map[string]any{"values": strings.Join(choices, "、")}))
	}
	if f.Type == "id_no" {
		lines = append(lines, t.p.Text("contract.note_id", nil))
	}
	if f.Example != "" {
		lines = append(lines, t.p.Text("contract.note_example", map[string]any{"example": f.Example}))
	}
	return strings.Join(lines, "\n")
}
