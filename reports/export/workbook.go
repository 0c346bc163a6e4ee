package export

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Grid is one sheet of a workbook: a head and rows of texts, numbers, days (time.Time) and nil for an empty cell.
type Grid struct {
	Name string
	Head []string
	Rows [][]any
}

// Workbook writes grids as the sheets of an XLSX file, heads frozen. The same grids make the same bytes.
func Workbook(w io.Writer, grids ...Grid) error {
	file := excelize.NewFile()
	defer file.Close()
	format := "yyyy-mm-dd"
	days, err := file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return err
	}
	for i, g := range grids {
		if i == 0 {
			err = file.SetSheetName("Sheet1", g.Name)
		} else {
			_, err = file.NewSheet(g.Name)
		}
		if err != nil {
			return fmt.Errorf("sheet %s: %w", g.Name, err)
		}
		if err := writeGrid(file, g, days); err != nil {
			return fmt.Errorf("sheet %s: %w", g.Name, err)
		}
	}
	var book bytes.Buffer
	if _, err = file.WriteTo(&book); err != nil {
		return err
	}
	return inOrder(book.Bytes(), w)
}

// inOrder writes the parts of a workbook by their names, for excelize puts sheets in any order. The list of parts comes first, as
// programs expect.
func inOrder(book []byte, w io.Writer) error {
	parts, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int {
		first := func(f *zip.File) int { return map[bool]int{true: 0, false: 1}[f.Name == "[Content_Types].xml"] }
		return cmp.Or(first(a)-first(b), strings.Compare(a.Name, b.Name))
	})
	out := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeGrid(file *excelize.File, g Grid, days int) error {
	stream, err := file.NewStreamWriter(g.Name)
	if err != nil {
		return err
	}
	if err := stream.SetColWidth(1, max(1, len(g.Head)), 16); err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(g.Head))
	for i, text := range g.Head {
		head[i] = text
	}
	if err := stream.SetRow("A1", head); err != nil {
		return err
	}
	for i, row := range g.Rows {
		cells := make([]any, len(row))
		for k, value := range row {
			if day, ok := value.(time.Time); ok {
				value = excelize.Cell{StyleID: days, Value: day}
			}
			cells[k] = value
		}
		if err := stream.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			return err
		}
	}
	return stream.Flush()
}

// GridCSV writes a grid as CSV with a byte order mark, days as 2006-01-02, and texts that a spreadsheet would take for
// formulas behind an apostrophe.
func GridCSV(w io.Writer, g Grid) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	fields := make([]string, len(g.Head))
	for i, text := range g.Head {
		fields[i] = harmless(text)
	}
	if err := out.Write(fields); err != nil {
		return err
	}
	for _, row := range g.Rows {
		for i, value := range row {
			switch v := value.(type) {
			case nil:
				fields[i] = ""
			case string:
				fields[i] = harmless(v)
			case time.Time:
				fields[i] = v.Format(time.DateOnly)
			default:
				fields[i] = fmt.Sprint(v)
			}
		}
		if err := out.Write(fields); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
