package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"ohwatch/internal/message"
)

// templateRows is how many rows of a template carry drop-down lists and formats.
const templateRows = 5000

// WriteTemplate writes an empty workbook for senders of a stream: the headings, a note on each that says what
// belongs there, drop-down lists for choices, text format where a spreadsheet would damage numbers.
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
	t.do(t.f.AddComment(t.sheet, excelize.Comment{Cell: head, Author: "ohwatch", Paragraph: []excelize.RichTextRun{{Text: t.note(f)}}}))
	choices := f.Choices()
	if f.Type == "bool" {
		choices = []string{"是", "否"}
	}
	if len(choices) == 0 || f.Type == "conclusion" && f.Required != "C" {
		return
	}
	t.lists++
	list, err := excelize.ColumnNumberToName(t.lists)
	t.do(err)
	for i, choice := range choices {
		t.do(t.f.SetCellStr("lists", fmt.Sprintf("%s%d", list, i+1), choice))
	}
	v := excelize.NewDataValidation(true)
	v.SetSqref(fmt.Sprintf("%s2:%s%d", name, name, templateRows))
	v.SetSqrefDropList(fmt.Sprintf("lists!$%s$1:$%s$%d", list, list, len(choices)))
	v.ShowErrorMessage = f.Unknown == "reject"
	t.do(t.f.AddDataValidation(t.sheet, v))
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
