package ingest

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"ohwatch/warehouse"
)

// Words says in both languages why a row was rejected and how it could be mended; the repair may be empty.
type Words struct{ Zh, En, Repair string }

// rejectedRow is one rejected row as it was sent, with its reasons.
type rejectedRow struct {
	row    uint32
	cells  []sealedCell
	faults []rejectFault
	token  string
}

// rejectFault is one reason, at a column of the sender; -1 when the whole row is meant.
type rejectFault struct {
	column int
	code   string
	words  Words
}

// rejectFile is what is sent back: the sender's sheet with the rejected rows only.
type rejectFile struct {
	sheet  string
	titles []string // the sender's headings
	dates  []bool   // columns of dates
	rows   []rejectedRow
}

// WriteRejects writes the rejected rows of a batch to an .xlsx or .csv file for their sender: his sheet, his
// headings in his order, and behind them what is wrong and a number for each row by which it is known again
// when it comes back. Rows that are settled already are left out unless all is true. words turns a reject into
// words. It returns the number of rows.
func WriteRejects(ctx context.Context, db *warehouse.DB, dir string, b Batch, path string, all bool, words func(*Reject) Words) (int, error) {
	found, err := Rejects(ctx, db, dir, b.Batch, true)
	if err != nil {
		return 0, err
	}
	if !all {
		states, err := RejectStates(ctx, db, b.Stream, b.Batch, "")
		if err != nil {
			return 0, err
		}
		open := map[uint32]bool{}
		for _, s := range states {
			open[s.Row] = s.State == RejectOpen || s.State == RejectIgnored && s.Needless
		}
		found = slices.DeleteFunc(found, func(r Reject) bool { return !open[r.Row] })
	}
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return 0, err
	}
	f, err := newRejectFile(ctx, dir, b)
	if err != nil {
		return 0, err
	}
	bySeal := map[string]int{}
	for i := range found {
		r := &found[i]
		at, ok := bySeal[r.Sealed]
		if !ok {
			row := rejectedRow{row: r.Row, token: keyring.rejectToken(b.Batch, r.Row)}
			if row.cells, err = keyring.openRow(r.Sealed); err != nil {
				return 0, fmt.Errorf("row %d of batch %d: %w", r.Row, b.Batch, err)
			}
			for _, cell := range row.cells {
				for len(f.titles) <= cell.Column {
					f.titles, f.dates = append(f.titles, ""), append(f.dates, false)
				}
				if f.titles[cell.Column] == "" {
					f.titles[cell.Column] = cell.Heading
				}
			}
			at = len(f.rows)
			bySeal[r.Sealed] = at
			f.rows = append(f.rows, row)
		}
		fault := rejectFault{column: -1, code: r.Code, words: words(r)}
		if r.Column != "" {
			fault.column = slices.IndexFunc(f.titles, func(title string) bool { return heading(title) == heading(r.Column) })
		}
		f.rows[at].faults = append(f.rows[at].faults, fault)
	}
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		err = f.writeCSV(path)
	} else {
		err = f.writeXLSX(path)
	}
	if err != nil {
		return 0, fmt.Errorf("write rejects: %w", err)
	}
	return len(f.rows), nil
}

// newRejectFile finds sheet, headings and columns of dates of a batch in the kept copy of its file. When that
// is gone, the headings are those of the filled cells.
func newRejectFile(ctx context.Context, dir string, b Batch) (*rejectFile, error) {
	f := &rejectFile{sheet: b.Sheet}
	contracts, err := Contracts()
	if err != nil {
		return nil, err
	}
	d, err := decode(ctx, decoding{dir: dir}, keptPath(filepath.Join(dir, "files"), b.SHA256), int64(b.Bytes))
	if err != nil {
		return f, nil //nolint:nilerr // the rows themselves are in the warehouse
	}
	defer d.close()
	for {
		s, err := d.next()
		if err != nil && s == nil {
			return f, nil //nolint:nilerr // as above
		}
		if err != nil || maskPersons(s.name, dayOf(time.Now())) != b.Sheet {
			continue
		}
		rows := s.lines.texts()
		at := slices.IndexFunc(s.lines.kept, func(l line) bool { return l.number == b.HeaderRow })
		if at < 0 {
			return f, nil
		}
		var columns []int
		contract := contracts[slices.IndexFunc(contracts, func(c *Contract) bool { return c.Stream == b.Stream })]
		if h, ok := contract.findHeader(rows, folded{}); ok && h.first == at {
			f.titles, columns = h.names, h.columns
		} else { // read by a mapping
			for _, cell := range rows[at] {
				f.titles = append(f.titles, strings.Join(strings.Fields(cell), " "))
			}
		}
		for i, title := range f.titles {
			if strings.HasPrefix(title, returnMark) {
				f.titles = f.titles[:i]
				break
			}
		}
		f.dates = make([]bool, len(f.titles))
		for field, column := range columns {
			if column >= 0 && column < len(f.dates) {
				f.dates[column] = contract.Fields[field].Type == "date" || contract.Fields[field].Type == "month"
			}
		}
		return f, nil
	}
}

// texts lays a row under the headings, the columns about the faults last.
func (f *rejectFile) texts(r *rejectedRow) []string {
	texts := make([]string, len(f.titles), len(f.titles)+len(returnHeadings))
	for _, cell := range r.cells {
		texts[cell.Column] = cell.Text
	}
	join := func(separator string, part func(rejectFault) string) string {
		var parts []string
		for _, fault := range r.faults {
			if p := part(fault); p != "" && !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
		return strings.Join(parts, separator)
	}
	return append(texts,
		join("；", func(f rejectFault) string { return f.words.Zh }),
		join("; ", func(f rejectFault) string { return f.words.En }),
		join("；", func(f rejectFault) string { return f.words.Repair }),
		join(" ", func(f rejectFault) string { return f.code }),
		strconv.FormatUint(uint64(r.row), 10), r.token)
}

func (f *rejectFile) headings() []string { return append(slices.Clip(f.titles), returnHeadings...) }

func (f *rejectFile) writeCSV(path string) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	write := func(texts []string) error {
		for i, text := range texts {
			texts[i] = harmless(text)
		}
		return w.Write(texts)
	}
	if err := write(f.headings()); err != nil {
		return err
	}
	for i := range f.rows {
		if err := write(f.texts(&f.rows[i])); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula, and from reading a long number as one. The
// apostrophe is dropped again when the file comes back.
func harmless(text string) string {
	if text == "" {
		return text
	}
	if _, number := plainNumber(text); number && len(text) < 12 {
		return text
	}
	if strings.ContainsRune("=+-@\t\r'", rune(text[0])) || strings.HasPrefix(text, "＝") || digits(text) {
		return "'" + text
	}
	return text
}

// maxComments is how many faulty cells carry a comment; the colour and the columns behind say the same.
const maxComments = 5000

// rejectStyles are the styles of the cells of a workbook of rejects.
type rejectStyles struct{ head, text, fault, date, faultDate, found int }

func newRejectStyles(f *excelize.File) (s rejectStyles, err error) {
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	day := "yyyy-mm-dd"
	for _, style := range []struct {
		id    *int
		style excelize.Style
	}{
		{&s.head, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: fill("DDEBF7")}},
		{&s.text, excelize.Style{NumFmt: 49}},
		{&s.fault, excelize.Style{NumFmt: 49, Fill: fill("FFC7CE")}},
		{&s.date, excelize.Style{CustomNumFmt: &day}},
		{&s.faultDate, excelize.Style{CustomNumFmt: &day, Fill: fill("FFC7CE")}},
		{&s.found, excelize.Style{NumFmt: 49, Fill: fill("FFF2CC"), Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}},
	} {
		if *style.id, err = f.NewStyle(&style.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (f *rejectFile) writeXLSX(path string) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	sheet := f.sheet
	if sheet == "" || book.SetSheetName("Sheet1", sheet) != nil {
		sheet = "Sheet1"
	}
	styles, err := newRejectStyles(book)
	if err != nil {
		return err
	}
	w, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := w.SetColWidth(len(f.titles)+1, len(f.titles)+3, 40); err != nil {
		return err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	var head []any
	for _, title := range f.headings() {
		head = append(head, excelize.Cell{StyleID: styles.head, Value: title})
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	comments := 0
	for i := range f.rows {
		r := &f.rows[i]
		if err := w.SetRow("A"+strconv.Itoa(i+2), f.cells(r, styles)); err != nil {
			return err
		}
		for column, text := range r.comments(len(f.titles)) {
			if comments++; comments > maxComments || text == "" {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(column+1, i+2)
			if err != nil {
				return err
			}
			if err := book.AddComment(sheet, excelize.Comment{Cell: cell, Author: "ohwatch", Paragraph: []excelize.RichTextRun{{Text: text}}}); err != nil {
				return err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(book.Write(out), out.Close())
}

// cells are the cells of a row. A number stays a number: as a text it would mean something else when it comes
// back, an eighteen-digit one its spreadsheet's damage. A text never is a formula, whatever it begins with.
func (f *rejectFile) cells(r *rejectedRow, styles rejectStyles) []any {
	faulty := make([]bool, len(f.titles))
	for _, fault := range r.faults {
		if fault.column >= 0 {
			faulty[fault.column] = true
		}
	}
	numeric := make([]bool, len(f.titles))
	for _, cell := range r.cells {
		numeric[cell.Column] = cell.Number
	}
	var cells []any
	for j, text := range f.texts(r) {
		if j >= len(f.titles) {
			cells = append(cells, excelize.Cell{StyleID: styles.found, Value: text})
			continue
		}
		cell := excelize.Cell{StyleID: styles.text, Value: text}
		if faulty[j] {
			cell.StyleID = styles.fault
		}
		if number, err := strconv.ParseFloat(text, 64); numeric[j] && err == nil {
			cell.Value = number
			if f.dates[j] && number > 0 && number <= maxSerial {
				cell.StyleID = styles.date
				if faulty[j] {
					cell.StyleID = styles.faultDate
				}
			}
		}
		cells = append(cells, cell)
	}
	return cells
}

// maxSerial is the day number of 9999-12-31 in a spreadsheet.
const maxSerial = 2958465

// comments are what is said at each cell of a row, by column; faults of the whole row stand at the first cell.
func (r *rejectedRow) comments(width int) map[int]string {
	said := map[int]string{}
	for _, fault := range r.faults {
		column := max(fault.column, 0)
		if column >= width {
			continue
		}
		text := fault.words.Zh + "\n" + fault.words.En
		if fault.words.Repair != "" {
			text += "\n" + fault.words.Repair
		}
		if said[column] != "" {
			text = said[column] + "\n" + text
		}
		said[column] = text
	}
	return said
}
