package ingest

import (
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// oldStream is a workbook stream (BIFF8) of one sheet with one row of the given texts. Its shared strings are split into
// records of so many bytes, as a writer does where a string is long.
func oldStream(texts []string, part int) []byte {
	record := func(kind uint16, data []byte) []byte {
		b := binary.LittleEndian.AppendUint16(nil, kind)
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(data))), data...)
	}
	bof := func(kind byte) []byte { return record(xlsBOF, []byte{0, 6, kind, 0, 0, 0, 0, 0}) }
	strings := binary.LittleEndian.AppendUint32(nil, uint32(len(texts)))
	strings = binary.LittleEndian.AppendUint32(strings, uint32(len(texts)))
	var parts [][]byte
	for _, text := range texts {
		units := utf16.Encode([]rune(text))
		if len(strings)+5 > part {
			parts, strings = append(parts, strings), nil
		}
		strings = binary.LittleEndian.AppendUint16(strings, uint16(len(units)))
		strings = append(strings, 1)
		for _, unit := range units {
			if len(strings)+2 > part { // the string goes on in the next record, which says again how wide it is
				parts, strings = append(parts, strings), []byte{1}
			}
			strings = binary.LittleEndian.AppendUint16(strings, unit)
		}
	}
	parts = append(parts, strings)
	table := record(xlsSST, parts[0])
	for _, p := range parts[1:] {
		table = append(table, record(xlsContinue, p)...)
	}
	sheet := bof(0x10)
	for i := range texts {
		cell := []byte{0, 0, byte(i), 0, 0, 0}
		sheet = append(sheet, record(xlsLabelSST, binary.LittleEndian.AppendUint32(cell, uint32(i)))...)
	}
	sheet = append(sheet, record(xlsEOF, nil)...)
	globals := func(at uint32) []byte {
		b := bof(5)
		bound := append(binary.LittleEndian.AppendUint32(nil, at), 0, 0, 2, 0, 'S', '1')
		b = append(b, record(xlsBoundSheet, bound)...)
		b = append(b, table...)
		return append(b, record(xlsEOF, nil)...)
	}
	return append(globals(uint32(len(globals(0)))), sheet...)
}

// Strings that are split over records come out whole wherever they are split.
func TestOldWorkbook_StringsOverRecords(t *testing.T) {
	texts := []string{code(1), "测试公司", strings.Repeat("长", 50), "", "x"}
	for part := 12; part < 200; part += 3 {
		book := &oldWorkbook{stream: oldStream(texts, part), w: newApartWriter(io.Discard), formats: map[int]string{}}
		if err := book.globals(); err != nil {
			t.Fatalf("records of %d bytes: %v", part, err)
		}
		if !slices.Equal(book.strings, texts) {
			t.Fatalf("records of %d bytes: %q", part, book.strings)
		}
		if err := book.write(); err != nil {
			t.Fatal(err)
		}
	}
}

// The old workbook has a title, a hidden sheet, dates, percentages, a formula and its error, and a totals row.
func TestDecode_OldWorkbook(t *testing.T) {
	rows, err := linesOf(t, filepath.Join("testdata", "formats", "insurance.xls"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"新郑市工伤保险参保表", "统一社会信用代码|单位名称|参保月份|参保人数|备注",
		code(5001) + "|测试公司（新郑）|2025-03|80|是", code(5002) + "|ABC company|2025.3|1200|12.5%", code(5003) + "|丙公司|2025-03-01|#DIV/0!", "合计|||1280.5",
	}
	for i := range want {
		if i >= len(rows) || rows[i] != want[i] {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
		}
	}
	d := newDesk(t)
	results := d.load(Config{}, filepath.Join("testdata", "formats", "insurance.xls"))
	if len(results) != 1 || results[0].sums() != (sums{read: 4, loaded: 2, rejected: 2}) || fmt.Sprint(results[0].HiddenSheets) != "[草稿]" || results[0].HeaderRow != 3 {
		t.Errorf("%+v", results)
	}
}
