package export

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"time"

	"github.com/xuri/excelize/v2"

	"ohwatch/internal/period"
)

// sheetMost is the number of rows of a sheet, its head included.
const sheetMost = 1_048_576

// xlsxWriter writes a workbook, a further sheet for each million rows. Text is stored as text, so nothing in
// it is taken for a formula.
type xlsxWriter struct {
	columns  []column
	out      io.Writer
	file     *excelize.File
	stream   *excelize.StreamWriter
	sheets   int
	line     int
	most     int
	dates    int // style
	instants int // style
	cells    []any
}

func newXLSXWriter(columns []column, w io.Writer) (*xlsxWriter, error) {
	x := &xlsxWriter{columns: columns, out: w, file: excelize.NewFile(), most: sheetMost, cells: make([]any, len(columns))}
	var err error
	date, instant := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
	if x.dates, err = x.file.NewStyle(&excelize.Style{CustomNumFmt: &date}); err != nil {
		return nil, err
	}
	if x.instants, err = x.file.NewStyle(&excelize.Style{CustomNumFmt: &instant}); err != nil {
		return nil, err
	}
	return x, x.begin()
}

// begin starts the next sheet with the head.
func (x *xlsxWriter) begin() error {
	x.sheets++
	name := fmt.Sprintf("Sheet%d", x.sheets)
	if x.sheets > 1 { // a new workbook has Sheet1
		if _, err := x.file.NewSheet(name); err != nil {
			return err
		}
	}
	var err error
	if x.stream, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	if err := x.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(x.columns))
	for i, c := range x.columns {
		head[i] = c.name
	}
	x.line = 1
	return x.stream.SetRow("A1", head)
}

func (x *xlsxWriter) row(values []any) error {
	if x.line == x.most {
		if err := x.stream.Flush(); err != nil {
			return err
		}
		if err := x.begin(); err != nil {
			return err
		}
	}
	x.line++
	for i, value := range values {
		x.cells[i] = x.cell(x.columns[i], value)
	}
	return x.stream.SetRow(fmt.Sprintf("A%d", x.line), x.cells)
}

// firstExcelYear is the first year that the dates of a workbook can say.
const firstExcelYear = 1900

// exactMost is the largest whole number that a cell holds exactly.
const exactMost = 1 << 53

func (x *xlsxWriter) cell(c column, value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case bool, string, int8, int16, int32, uint8, uint16, uint32:
		return v
	case int64:
		if v <= exactMost && v >= -exactMost {
			return v
		}
	case uint64:
		if v <= exactMost {
			return v
		}
	case float32, float64:
		if f := reflect.ValueOf(v).Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
		return v
	case time.Time:
		style, wall := x.instants, v.In(period.Shanghai())
		if isDate(c.kind) {
			style, wall = x.dates, v
		}
		if wall.Year() <= firstExcelYear {
			return asText(c, v)
		}
		// A cell has no time zone: it shows the wall clock.
		wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
		return excelize.Cell{StyleID: style, Value: wall}
	}
	return asText(c, value)
}

func (x *xlsxWriter) close() error {
	if err := x.stream.Flush(); err != nil {
		return err
	}
	if _, err := x.file.WriteTo(x.out); err != nil {
		return err
	}
	return x.file.Close()
}
