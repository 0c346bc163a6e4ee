package ingest

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits against workbooks that unpack to more than they should.
const (
	maxSheetSize   = 8 << 30   // bytes of one sheet's XML, which is streamed
	maxStringsSize = 160 << 20 // bytes of the shared strings, which are kept
	maxStrings     = 10_000_000
	maxMergedPart  = 32 << 20 // bytes of a sheet's XML up to which merged cells are looked for
	maxMerged      = 100_000
)

// workbook is an open XLSX file. It reads the XML itself instead of through excelize, because a reader must
// know which cells are numbers (a spreadsheet keeps 15 digits of an identity number), and must not hold a
// sheet in memory.
type workbook struct {
	sheets  []sheetPart
	hidden  []string // names of hidden sheets
	date4   bool     // serial dates count from 1904
	strings sharedStrings
	styles  []cellStyle
}

type sheetPart struct {
	name string
	file *zip.File
}

// decodeWorkbook opens a workbook. Empty sheets are passed over.
func decodeWorkbook(z *zip.Reader, parts map[string]*zip.File) (*decoded, error) {
	w, err := openWorkbook(z, parts)
	if err != nil {
		return nil, err
	}
	var open *sheetReader
	closeOpen := func() error {
		if open == nil {
			return nil
		}
		part := open.part
		open = nil
		return part.Close()
	}
	next := func() (*sheet, error) {
		for {
			if err := closeOpen(); err != nil {
				return nil, refuse("file_damaged", fmt.Errorf("close sheet: %w", err))
			}
			if len(w.sheets) == 0 {
				return nil, io.EOF
			}
			part := w.sheets[0]
			w.sheets = w.sheets[1:]
			var err error
			if open, err = w.open(part); err != nil {
				return nil, err
			}
			lines, err := peek(open, headerRows)
			if err != nil {
				return nil, err
			}
			if len(lines.kept) > 0 {
				return &sheet{name: part.name, encoding: "xlsx", hidden: w.hidden, lines: lines}, nil
			}
		}
	}
	return &decoded{next: next, close: closeOpen}, nil
}

// relation is a reference from one part of a package to another.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

// relations reads the references of a part, or of the package itself without a name; none when it has no list of them.
func relations(parts map[string]*zip.File, name string) ([]relation, error) {
	list := parts["_rels/.rels"]
	if name != "" {
		list = parts[path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")]
	}
	if list == nil {
		return nil, nil
	}
	var found struct {
		Relations []relation `xml:"Relationship"`
	}
	if err := readPart(list, &found); err != nil {
		return nil, err
	}
	for i, r := range found.Relations {
		target := strings.ReplaceAll(r.Target, `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir(name), target)
		}
		found.Relations[i].Target = strings.ToLower(strings.TrimPrefix(path.Clean("/"+target), "/"))
	}
	return found.Relations, nil
}

// openWorkbook reads the directory of a workbook, its styles and its shared strings.
func openWorkbook(z *zip.Reader, parts map[string]*zip.File) (*workbook, error) {
	for _, f := range z.File {
		if f.UncompressedSize64 > minRatioSize && f.UncompressedSize64/max(1, f.CompressedSize64) > maxRatio {
			return nil, refuse("zip_bomb", fmt.Errorf("part %s unpacks to %d bytes", f.Name, f.UncompressedSize64))
		}
	}
	name := "xl/workbook.xml"
	roots, err := relations(parts, "")
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if strings.HasSuffix(r.Type, "/officeDocument") && parts[r.Target] != nil {
			name = r.Target
		}
	}
	w := &workbook{}
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := readPart(parts[name], &book); err != nil {
		return nil, err
	}
	w.date4 = book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true"
	related, err := relations(parts, name)
	if err != nil {
		return nil, err
	}
	targets := map[string]*zip.File{}
	for _, r := range related {
		f := parts[r.Target]
		switch {
		case f == nil || r.Mode == "External":
		case strings.HasSuffix(r.Type, "/worksheet"):
			targets[r.ID] = f
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			if err := w.strings.load(f); err != nil {
				return nil, err
			}
		case strings.HasSuffix(r.Type, "/styles"):
			if w.styles, err = readStyles(f); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range book.Sheets {
		id := ""
		for _, a := range s.Attrs {
			if a.Name.Local == "id" {
				id = a.Value
			}
		}
		f := targets[id]
		switch {
		case f == nil: // a chart sheet
		case s.State == "hidden" || s.State == "veryHidden":
			w.hidden = append(w.hidden, s.Name)
		default:
			w.sheets = append(w.sheets, sheetPart{s.Name, f})
		}
	}
	if len(w.sheets) == 0 && len(w.hidden) == 0 {
		return nil, refuse("file_damaged", errors.New("no sheet in the workbook"))
	} else if len(w.sheets) == 0 {
		return nil, refuse("sheets_hidden", nil, "sheets", strings.Join(w.hidden, "、"))
	}
	return w, nil
}

// readPart decodes a small part of the package.
func readPart(f *zip.File, v any) error {
	if f == nil {
		return refuse("file_damaged", errors.New("a part of the workbook is missing"))
	}
	r, err := f.Open()
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("open part %s: %w", f.Name, err))
	}
	defer r.Close()
	if err := xml.NewDecoder(io.LimitReader(r, 8<<20)).Decode(v); err != nil {
		return refuse("file_damaged", fmt.Errorf("read part %s: %w", f.Name, err))
	}
	return nil
}

// openPart opens a large part of the package for the scanner.
func openPart(f *zip.File, limit int64) (io.ReadCloser, *xmlScanner, error) {
	r, err := f.Open()
	if err != nil {
		return nil, nil, refuse("file_damaged", fmt.Errorf("open part %s: %w", f.Name, err))
	}
	b := &budget{bytes: limit}
	return r, newXMLScanner(newGuard(r, b, int64(f.CompressedSize64))), nil
}

// sharedStrings are the texts that cells refer to by number.
type sharedStrings struct {
	text []byte
	ends []uint32
}

// at returns the text of a number below len(s.ends).
func (s *sharedStrings) at(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.text[start:s.ends[i]]
}

func (s *sharedStrings) load(f *zip.File) error {
	r, x, err := openPart(f, maxSheetSize)
	if err != nil {
		return err
	}
	defer r.Close()
	s.text = make([]byte, 0, min(f.UncompressedSize64, maxStringsSize)) // grown once: what is not filled costs nothing
	inText, phonetic := false, false
	end := func() {
		from := 0
		if n := len(s.ends); n > 0 {
			from = int(s.ends[n-1])
		}
		s.text = append(s.text[:from], unescapeControls(s.text[from:])...)
		s.ends = append(s.ends, uint32(len(s.text)))
	}
	for {
		tok, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(f, err)
		}
		switch tok.kind {
		case xmlStart:
			switch string(tok.name) {
			case "t":
				inText = !tok.empty
			case "rPh":
				phonetic = !tok.empty
			case "si":
				if tok.empty {
					end()
				}
			case "sst":
				if n, err := strconv.Atoi(string(tok.attr("uniqueCount"))); err == nil {
					s.ends = make([]uint32, 0, max(0, min(n, maxStrings, int(f.UncompressedSize64/8))))
				}
			}
		case xmlEnd:
			switch string(tok.name) {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				end()
			}
		case xmlText:
			if inText && !phonetic {
				s.text = append(s.text, tok.text...)
			}
		}
		if len(s.text) > maxStringsSize || len(s.ends) > maxStrings {
			return refuse("zip_bomb", errors.New("too much text in the shared strings"))
		}
	}
}

// damaged refuses a package for what went wrong with a part, unless that is a refusal already.
func damaged(f *zip.File, err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		return err
	}
	return refuse("file_damaged", fmt.Errorf("read part %s: %v", f.Name, err))
}

// sheetReader reads the rows of one sheet.
type sheetReader struct {
	book   *workbook
	sheet  sheetPart
	part   io.ReadCloser
	x      *xmlScanner
	row    uint32
	cells  [][]byte
	num    []bool
	arena  []byte
	spans  [][2]int
	merged *mergedCells
	done   bool
}

func (w *workbook) open(s sheetPart) (*sheetReader, error) {
	merged, err := readMerged(s.file)
	if err != nil {
		return nil, err
	}
	part, x, err := openPart(s.file, maxSheetSize)
	if err != nil {
		return nil, err
	}
	return &sheetReader{book: w, sheet: s, part: part, x: x, merged: merged}, nil
}

func (s *sheetReader) read(l *line) error {
	for {
		if s.done {
			return io.EOF
		}
		if err := s.nextRow(); err != nil {
			if errors.Is(err, io.EOF) {
				s.done = true
				return io.EOF
			}
			return damaged(s.sheet.file, err)
		}
		filled := false
		l.flags = 0
		if s.book.date4 {
			l.flags = dates1904
		}
		for _, c := range s.cells {
			if !blank(c) {
				filled = true
				if hasBadText(c) {
					l.flags |= badBytes
				}
			}
		}
		if !filled {
			continue
		}
		s.cells, s.num = s.merged.fill(s.row, s.cells, s.num)
		l.number, l.cells, l.numeric = s.row, s.cells, s.num
		return nil
	}
}

// nextRow reads the next row element.
func (s *sheetReader) nextRow() error {
	for {
		tok, err := s.x.next()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if string(tok.name) == "sheetData" && (tok.kind == xmlEnd || tok.kind == xmlStart && tok.empty) {
			return io.EOF
		}
		if tok.kind != xmlStart || string(tok.name) != "row" {
			continue
		}
		s.row++
		if n, err := strconv.ParseUint(string(tok.attr("r")), 10, 32); err == nil {
			s.row = uint32(n)
		}
		s.arena, s.spans, s.num = s.arena[:0], s.spans[:0], s.num[:0]
		if !tok.empty {
			if err := s.readCells(); err != nil {
				return err
			}
		}
		s.cells = s.cells[:0]
		for _, span := range s.spans {
			s.cells = append(s.cells, s.arena[span[0]:span[1]:span[1]])
		}
		return nil
	}
}

// cell is what is known of a cell while its element is read.
type cell struct {
	column  int
	kind    byte // s shared string, t text, b truth value, e error, n number
	style   cellStyle
	from    int  // where its value begins in the arena
	formula bool // its value was computed
}

func (s *sheetReader) readCells() error {
	c := cell{column: -1}
	inValue, inText, phonetic := false, false, false
	for {
		tok, err := s.x.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		switch tok.kind {
		case xmlStart:
			switch string(tok.name) {
			case "c":
				s.begin(&c, &tok)
			case "v":
				inValue = !tok.empty
			case "t":
				inText = !tok.empty
			case "rPh":
				phonetic = !tok.empty
			case "f":
				c.formula = true
			}
		case xmlText:
			if (inValue || inText && !phonetic) && c.column >= 0 {
				s.arena = append(s.arena, tok.text...)
				if len(s.arena)-c.from > maxCell {
					return refuse("cell_too_large", nil, "cell", cellName(s.sheet.name, s.row, c.column))
				}
			}
		case xmlEnd:
			switch string(tok.name) {
			case "v":
				inValue = false
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "c":
				if err := s.finish(&c); err != nil {
					return err
				}
			case "row":
				return nil
			}
		}
	}
}

// begin reads the attributes of a cell. A cell without a reference stands to the right of the one before it.
func (s *sheetReader) begin(c *cell, tok *xmlToken) {
	c.column++
	if n, ok := columnOf(tok.attr("r")); ok {
		c.column = n
	}
	c.formula, c.from, c.kind, c.style = false, len(s.arena), 'n', cellStyle{}
	switch string(tok.attr("t")) {
	case "s":
		c.kind = 's'
	case "str", "inlineStr", "d":
		c.kind = 't'
	case "e":
		c.kind = 'e'
	case "b":
		c.kind = 'b'
	}
	if c.kind == 'n' && !tok.empty && s.book.styles != nil {
		if n, err := strconv.Atoi(string(tok.attr("s"))); err == nil && n >= 0 && n < len(s.book.styles) {
			c.style = s.book.styles[n]
		}
	}
}

// finish turns the raw value of a cell, which stands in the arena from c.from on, into its text.
func (s *sheetReader) finish(c *cell) error {
	raw := s.arena[c.from:]
	number := false
	switch c.kind {
	case 's':
		if number := bytes.TrimSpace(raw); len(number) > 0 {
			i, err := strconv.Atoi(string(number))
			if err != nil || i < 0 || i >= len(s.book.strings.ends) {
				return refuse("file_damaged", fmt.Errorf("cell %s refers to string %q", cellName(s.sheet.name, s.row, c.column), number))
			}
			s.arena = append(s.arena[:c.from], s.book.strings.at(i)...)
		}
	case 't':
		s.arena = append(s.arena[:c.from], unescapeControls(raw)...)
	case 'b':
		word := "否"
		if bytes.Equal(bytes.TrimSpace(raw), []byte("1")) || bytes.Equal(bytes.TrimSpace(raw), []byte("true")) {
			word = "是"
		}
		s.arena = append(s.arena[:c.from], word...)
	case 'n':
		text := strings.TrimSpace(string(raw))
		switch {
		case text != "":
			text, number = c.style.text(text, s.book.date4)
		case c.formula:
			text = uncomputed
		}
		s.arena = append(s.arena[:c.from], text...)
	}
	if c.column < 0 || len(s.arena) == c.from {
		return nil
	}
	if c.column >= maxColumns {
		return refuse("too_many_columns", nil, "row", s.row, "columns", c.column+1, "max", maxColumns)
	}
	for len(s.spans) <= c.column {
		s.spans = append(s.spans, [2]int{0, 0})
		s.num = append(s.num, false)
	}
	s.spans[c.column], s.num[c.column] = [2]int{c.from, len(s.arena)}, number
	return nil
}

// uncomputed stands for the value of a formula that was saved without it.
const uncomputed = "=?"

// columnOf reads the column of a cell reference such as AB12, counted from 0.
func columnOf(ref []byte) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		n = n*26 + int(ref[i]-'A') + 1
		if n > 1<<20 {
			return 0, false
		}
	}
	return n - 1, i > 0 && i < len(ref)
}
