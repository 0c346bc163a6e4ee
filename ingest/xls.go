package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// Records of the workbook stream that are read (MS-XLS 2.3, BIFF8).
const (
	xlsFormula    = 0x0006
	xlsEOF        = 0x000a
	xlsDate1904   = 0x0022
	xlsFilePass   = 0x002f
	xlsContinue   = 0x003c
	xlsBoundSheet = 0x0085
	xlsMulRK      = 0x00bd
	xlsRString    = 0x00d6
	xlsXF         = 0x00e0
	xlsMerged     = 0x00e5
	xlsSST        = 0x00fc
	xlsLabelSST   = 0x00fd
	xlsNumber     = 0x0203
	xlsLabel      = 0x0204
	xlsBoolErr    = 0x0205
	xlsString     = 0x0207
	xlsRK         = 0x027e
	xlsFormat     = 0x041e
	xlsBOF        = 0x0809
)

// maxOldWorkbook is how large the workbook stream may be: a sheet of this form has at most 65,536 rows of 256 cells.
const maxOldWorkbook = 512 << 20

// errCut says that a record ends before what it should hold.
var errCut = errors.New("a record is cut short")

// writeOldWorkbook writes the sheets of an old workbook (.xls, BIFF8 in an OLE2 container). Other documents in
// such a container are refused by their names, and workbooks under a password by theirs.
func writeOldWorkbook(in *os.File, size int64, w *apartWriter) error {
	container, err := mscfb.New(io.NewSectionReader(in, 0, size))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("open as OLE2: %w", err))
	}
	var stream []byte
	kind := ""
	for entry, err := container.Next(); !errors.Is(err, io.EOF); entry, err = container.Next() {
		if err != nil {
			return refuse("file_damaged", fmt.Errorf("read OLE2: %w", err))
		}
		switch entry.Name {
		case "Workbook":
			if entry.Size > maxOldWorkbook || entry.Size > size {
				return refuse("file_damaged", fmt.Errorf("a stream of %d bytes", entry.Size))
			}
			if stream, err = io.ReadAll(io.LimitReader(entry, entry.Size)); err != nil || int64(len(stream)) < entry.Size {
				return refuse("file_damaged", fmt.Errorf("the workbook is cut short: %v", err))
			}
		case "Book":
			kind = "xls_ancient"
		case "EncryptedPackage", "EncryptionInfo":
			return refuse("encrypted", nil, "kind", "workbook")
		case "WordDocument":
			kind = "word"
		case "PowerPoint Document", "VisioDocument":
			kind = "office"
		}
	}
	if stream == nil {
		if kind == "" {
			kind = "ole"
		}
		return refuse("not_a_table", nil, "kind", kind)
	}
	book := &oldWorkbook{stream: stream, w: w, formats: map[int]string{}}
	err = book.globals()
	if err == nil {
		err = book.write()
	}
	if errors.Is(err, errCut) {
		return refuse("file_damaged", err)
	}
	return err
}

// oldWorkbook is a workbook stream.
type oldWorkbook struct {
	stream  []byte
	w       *apartWriter
	date4   bool
	sheets  []oldSheet
	hidden  []string
	strings []string
	formats map[int]string
	styles  []cellStyle
}

type oldSheet struct {
	name   string
	offset int
}

// record is one record with the records that continue it.
type record struct {
	kind  int
	parts [][]byte
	next  int // where the next record begins
}

func (b *oldWorkbook) record(at int) (record, error) {
	if at < 0 || at+4 > len(b.stream) {
		return record{}, errCut
	}
	rec := record{kind: int(binary.LittleEndian.Uint16(b.stream[at:]))}
	for {
		n := int(binary.LittleEndian.Uint16(b.stream[at+2:]))
		if at+4+n > len(b.stream) {
			return record{}, errCut
		}
		rec.parts = append(rec.parts, b.stream[at+4:at+4+n])
		at += 4 + n
		if at+4 > len(b.stream) || binary.LittleEndian.Uint16(b.stream[at:]) != xlsContinue {
			rec.next = at
			return rec, nil
		}
	}
}

// globals reads what holds for all sheets.
func (b *oldWorkbook) globals() error {
	first, err := b.record(0)
	if err != nil {
		return err
	}
	if first.kind != xlsBOF || len(first.parts[0]) < 4 || binary.LittleEndian.Uint16(first.parts[0]) != 0x0600 {
		return refuse("not_a_table", fmt.Errorf("record %#x at the beginning", first.kind), "kind", "xls_ancient")
	}
	for at := first.next; ; {
		rec, err := b.record(at)
		if err != nil {
			return err
		}
		at = rec.next
		data := rec.parts[0]
		switch rec.kind {
		case xlsEOF:
			return nil
		case xlsFilePass:
			return refuse("encrypted", nil, "kind", "workbook")
		case xlsDate1904:
			b.date4 = len(data) >= 2 && data[0] == 1
		case xlsBoundSheet:
			if len(data) < 8 {
				return errCut
			}
			r := &recordReader{parts: [][]byte{data[6:]}}
			n, err := r.byte()
			if err != nil {
				return err
			}
			name, err := r.text(int(n))
			if err != nil {
				return err
			}
			switch {
			case data[5] != 0: // a chart, a macro sheet
			case data[4]&3 != 0:
				b.hidden = append(b.hidden, name)
			default:
				b.sheets = append(b.sheets, oldSheet{name, int(binary.LittleEndian.Uint32(data))})
			}
		case xlsFormat:
			if len(data) < 5 {
				return errCut
			}
			r := &recordReader{parts: [][]byte{data[4:]}}
			if b.formats[int(binary.LittleEndian.Uint16(data))], err = r.text(int(binary.LittleEndian.Uint16(data[2:]))); err != nil {
				return err
			}
		case xlsXF:
			if len(data) < 4 {
				return errCut
			}
			id := int(binary.LittleEndian.Uint16(data[2:]))
			b.styles = append(b.styles, styleOf(id, b.formats[id]))
		case xlsSST:
			if err := b.readStrings(rec); err != nil {
				return err
			}
		}
	}
}

// readStrings reads the shared strings.
func (b *oldWorkbook) readStrings(rec record) error {
	r := &recordReader{parts: rec.parts}
	head, err := r.bytes(8)
	if err != nil {
		return err
	}
	for range binary.LittleEndian.Uint32(head[4:]) {
		n, err := r.uint16()
		if err != nil {
			return err
		}
		text, err := r.text(int(n))
		if err != nil {
			return err
		}
		b.strings = append(b.strings, text)
	}
	return nil
}

// recordReader reads through a record and those that continue it.
type recordReader struct{ parts [][]byte }

func (r *recordReader) bytes(n int) ([]byte, error) {
	var out []byte
	for {
		if len(r.parts) == 0 {
			return nil, errCut
		}
		take := min(n-len(out), len(r.parts[0]))
		if out == nil && take == n {
			out = r.parts[0][:n:n]
		} else {
			out = append(out, r.parts[0][:take]...)
		}
		r.parts[0] = r.parts[0][take:]
		if len(out) == n {
			return out, nil
		}
		r.parts = r.parts[1:]
	}
}

func (r *recordReader) byte() (byte, error) {
	b, err := r.bytes(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (r *recordReader) uint16() (uint16, error) {
	b, err := r.bytes(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(b), nil
}

// text reads a string of n characters: its options, what they announce, and its characters, whose width may change
// where a record is continued (MS-XLS 2.5.293).
func (r *recordReader) text(n int) (string, error) {
	options, err := r.byte()
	if err != nil {
		return "", err
	}
	skip := 0
	if options&8 != 0 {
		runs, err := r.uint16()
		if err != nil {
			return "", err
		}
		skip += 4 * int(runs)
	}
	if options&4 != 0 {
		b, err := r.bytes(4)
		if err != nil {
			return "", err
		}
		extra := int(binary.LittleEndian.Uint32(b))
		if extra < 0 || extra > maxCell {
			return "", errCut
		}
		skip += extra
	}
	wide := options&1 != 0
	units := make([]uint16, 0, n)
	for len(units) < n {
		if len(r.parts) == 0 {
			return "", errCut
		}
		if len(r.parts[0]) == 0 {
			if r.parts = r.parts[1:]; len(r.parts) == 0 {
				return "", errCut
			}
			options, err := r.byte()
			if err != nil {
				return "", err
			}
			wide = options&1 != 0
			continue
		}
		if !wide {
			take := min(n-len(units), len(r.parts[0]))
			for _, c := range r.parts[0][:take] {
				units = append(units, uint16(c))
			}
			r.parts[0] = r.parts[0][take:]
			continue
		}
		if len(r.parts[0]) < 2 {
			return "", errCut
		}
		take := min(n-len(units), len(r.parts[0])/2)
		for i := range take {
			units = append(units, binary.LittleEndian.Uint16(r.parts[0][2*i:]))
		}
		r.parts[0] = r.parts[0][2*take:]
	}
	if skip > 0 {
		if _, err := r.bytes(skip); err != nil {
			return "", err
		}
	}
	return string(utf16.Decode(units)), nil
}

// write writes the sheets that are not hidden.
func (b *oldWorkbook) write() error {
	for _, s := range b.sheets {
		b.w.sheet(s.name, b.hidden)
		if err := b.writeSheet(s); err != nil {
			return err
		}
		if err := b.w.end(); err != nil {
			return err
		}
	}
	return nil
}

// oldCell is a cell as text.
type oldCell struct {
	row, column int
	text        string
	numeric     bool
}

// writeSheet writes the rows of one sheet. Its cells are sorted first: writers may order them as they like.
func (b *oldWorkbook) writeSheet(s oldSheet) error {
	cells, merged, err := b.readSheet(s)
	if err != nil {
		return err
	}
	slices.SortStableFunc(cells, func(a, b oldCell) int {
		if a.row != b.row {
			return a.row - b.row
		}
		return a.column - b.column
	})
	flags := uint8(0)
	if b.date4 {
		flags = dates1904
	}
	for len(cells) > 0 {
		row := cells[0].row
		var texts [][]byte
		var numeric []bool
		filled, bad := false, uint8(0)
		for len(cells) > 0 && cells[0].row == row {
			c := cells[0]
			cells = cells[1:]
			for len(texts) <= c.column {
				texts, numeric = append(texts, nil), append(numeric, false)
			}
			texts[c.column], numeric[c.column] = []byte(c.text), c.numeric
			filled = filled || !blank(texts[c.column])
			if hasBadText(texts[c.column]) {
				bad = badBytes
			}
		}
		if !filled {
			continue
		}
		texts, numeric = merged.fill(uint32(row+1), texts, numeric)
		if err := b.w.row(uint32(row+1), flags|bad, texts, numeric); err != nil {
			return err
		}
	}
	return nil
}

// readSheet reads the cells of a sheet.
func (b *oldWorkbook) readSheet(s oldSheet) (cells []oldCell, merged *mergedCells, err error) {
	merged = &mergedCells{}
	depth := 0
	pending := -1 // formula whose text follows
	for at := s.offset; ; {
		rec, err := b.record(at)
		if err != nil {
			return nil, nil, err
		}
		at = rec.next
		data := rec.parts[0]
		if rec.kind == xlsBOF {
			depth++
			continue
		}
		if rec.kind == xlsEOF {
			if depth--; depth <= 0 {
				merged.sort()
				return cells, merged, nil
			}
			continue
		}
		if depth != 1 { // a chart within the sheet
			continue
		}
		if rec.kind == xlsMerged {
			b.readMerged(merged, data)
			continue
		}
		if rec.kind == xlsString && pending >= 0 && len(data) >= 3 {
			r := &recordReader{parts: append([][]byte{data[2:]}, rec.parts[1:]...)}
			if cells[pending].text, err = r.text(int(binary.LittleEndian.Uint16(data))); err != nil {
				return nil, nil, err
			}
			pending = -1
			continue
		}
		switch rec.kind {
		case xlsLabelSST, xlsNumber, xlsRK, xlsMulRK, xlsLabel, xlsRString, xlsBoolErr, xlsFormula:
		default:
			continue
		}
		if len(data) < 6 {
			return nil, nil, errCut
		}
		row, column := int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:]))
		if column >= 256 {
			return nil, nil, errCut
		}
		add := func(text string, numeric bool) {
			cells = append(cells, oldCell{row, column, text, numeric})
		}
		style := b.style(data[4:])
		switch rec.kind {
		case xlsLabelSST:
			if len(data) < 10 {
				return nil, nil, errCut
			}
			if i := binary.LittleEndian.Uint32(data[6:]); int64(i) < int64(len(b.strings)) {
				add(b.strings[i], false)
			}
		case xlsNumber:
			if len(data) < 14 {
				return nil, nil, errCut
			}
			add(style.number(math.Float64frombits(binary.LittleEndian.Uint64(data[6:])), b.date4))
		case xlsRK:
			if len(data) < 10 {
				return nil, nil, errCut
			}
			add(style.number(rkNumber(binary.LittleEndian.Uint32(data[6:])), b.date4))
		case xlsMulRK:
			for rest := data[4:]; len(rest) >= 8; rest = rest[6:] { // the last two bytes are the last column
				add(b.style(rest).number(rkNumber(binary.LittleEndian.Uint32(rest[2:])), b.date4))
				column++
			}
		case xlsLabel, xlsRString:
			if len(data) < 9 {
				return nil, nil, errCut
			}
			r := &recordReader{parts: append([][]byte{data[8:]}, rec.parts[1:]...)}
			text, err := r.text(int(binary.LittleEndian.Uint16(data[6:])))
			if err != nil {
				return nil, nil, err
			}
			add(text, false)
		case xlsBoolErr:
			if len(data) < 8 {
				return nil, nil, errCut
			}
			add(boolOrError(data[6], data[7]), false)
		case xlsFormula:
			if len(data) < 14 {
				return nil, nil, errCut
			}
			value := data[6:14]
			if value[6] != 0xff || value[7] != 0xff {
				add(style.number(math.Float64frombits(binary.LittleEndian.Uint64(value)), b.date4))
				continue
			}
			switch value[0] {
			case 0:
				pending = len(cells)
				add("", false)
			case 1, 2:
				add(boolOrError(value[2], value[0]-1), false)
			}
		}
	}
}

// style is the format that the index at the beginning of data names.
func (b *oldWorkbook) style(data []byte) cellStyle {
	if i := int(binary.LittleEndian.Uint16(data)); i < len(b.styles) {
		return b.styles[i]
	}
	return cellStyle{}
}

// number writes a number as a person sees it.
func (s cellStyle) number(f float64, date4 bool) (text string, numeric bool) {
	return s.text(strconv.FormatFloat(f, 'g', -1, 64), date4)
}

// rkNumber reads a number of 30 bits (MS-XLS 2.5.217).
func rkNumber(rk uint32) float64 {
	f := float64(int32(rk) >> 2)
	if rk&2 == 0 {
		f = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		f /= 100
	}
	return f
}

// boolOrError reads a truth value or an error of a formula.
func boolOrError(value, isError byte) string {
	if isError == 0 {
		if value == 0 {
			return "否"
		}
		return "是"
	}
	switch value {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0f:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1d:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	}
	return "#N/A"
}

// readMerged notes the merged cells of a record.
func (b *oldWorkbook) readMerged(merged *mergedCells, data []byte) {
	for rest := data[min(2, len(data)):]; len(rest) >= 8; rest = rest[8:] {
		first, last, column := binary.LittleEndian.Uint16(rest), binary.LittleEndian.Uint16(rest[2:]), binary.LittleEndian.Uint16(rest[4:])
		if last > first && column < 256 && len(merged.ranges) < maxMerged {
			merged.ranges = append(merged.ranges, mergedRange{int(first) + 1, int(last) + 1, int(column)})
		}
	}
}
