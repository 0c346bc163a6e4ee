package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits against workbooks that unpack to more than they should.
const (
	maxSheetSize   = 8 << 30   // bytes of one sheet's XML, which is streamed
	maxStringsSize = 192 << 20 // bytes of the shared strings, which are kept
	maxRatio       = 400       // unpacked to packed size of a part larger than 64 MiB
	maxCell        = 1 << 20   // bytes of one cell
)

// workbook is an open XLSX file. It reads the XML itself instead of through excelize, because a reader must
// know which cells are numbers (a spreadsheet keeps 15 digits of an identity number), and must not hold a
// sheet in memory.
type workbook struct {
	zip     *zip.Reader
	sheets  []sheetPart
	hidden  []string // names of hidden sheets
	date4   bool     // serial dates count from 1904
	strings sharedStrings
}

type sheetPart struct {
	name string
	file *zip.File
}

// openWorkbook reads the directory of a workbook and its shared strings.
func openWorkbook(r io.ReaderAt, size int64) (*workbook, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, refuse("not_a_table", fmt.Errorf("open as zip: %w", err))
	}
	files := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		files[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
		if f.UncompressedSize64 > 64<<20 && f.UncompressedSize64/max(1, f.CompressedSize64) > maxRatio {
			return nil, refuse("zip_bomb", fmt.Errorf("part %s unpacks to %d bytes", f.Name, f.UncompressedSize64))
		}
	}
	w := &workbook{zip: z}
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
	if err := readPart(files["xl/workbook.xml"], &book); err != nil {
		return nil, err
	}
	w.date4 = book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true"
	var relations struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := readPart(files["xl/_rels/workbook.xml.rels"], &relations); err != nil {
		return nil, err
	}
	targets := map[string]*zip.File{}
	for _, r := range relations.Relations {
		target := r.Target
		if !strings.HasPrefix(target, "/") {
			target = path.Join("xl", target)
		}
		f := files[strings.ToLower(strings.TrimPrefix(target, "/"))]
		switch {
		case strings.HasSuffix(r.Type, "/worksheet"):
			targets[r.ID] = f
		case strings.HasSuffix(r.Type, "/sharedStrings") && f != nil:
			if err := w.strings.load(f); err != nil {
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
	return w, nil
}

// readPart decodes a small part of the package.
func readPart(f *zip.File, v any) error {
	if f == nil {
		return refuse("not_a_table", errors.New("a part of the workbook is missing"))
	}
	r, err := f.Open()
	if err != nil {
		return refuse("not_a_table", fmt.Errorf("open part %s: %w", f.Name, err))
	}
	defer r.Close()
	if err := xml.NewDecoder(io.LimitReader(r, 8<<20)).Decode(v); err != nil {
		return refuse("not_a_table", fmt.Errorf("read part %s: %w", f.Name, err))
	}
	return nil
}

// sharedStrings are the texts that cells refer to by number.
type sharedStrings struct {
	text []byte
	ends []uint32
}

func (s *sharedStrings) at(i int) []byte {
	if i < 0 || i >= len(s.ends) {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.text[start:s.ends[i]]
}

func (s *sharedStrings) load(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return refuse("not_a_table", fmt.Errorf("open part %s: %w", f.Name, err))
	}
	defer r.Close()
	x := newXMLScanner(r)
	inText, phonetic := false, false
	for {
		tok, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse("not_a_table", fmt.Errorf("read part %s: %w", f.Name, err))
		}
		switch tok.kind {
		case xmlStart:
			switch string(tok.name) {
			case "t":
				inText = true
			case "rPh":
				phonetic = true
			case "si":
				if tok.empty {
					s.ends = append(s.ends, uint32(len(s.text)))
				}
			}
			if tok.empty {
				inText = false
			}
		case xmlEnd:
			switch string(tok.name) {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				s.ends = append(s.ends, uint32(len(s.text)))
			}
		case xmlText:
			if inText && !phonetic {
				s.text = append(s.text, tok.text...)
			}
		}
		if len(s.text) > maxStringsSize || len(s.ends) > 20_000_000 {
			return refuse("zip_bomb", errors.New("too much text in the shared strings"))
		}
	}
}

// sheetReader reads the rows of one sheet.
type sheetReader struct {
	book  *workbook
	part  io.ReadCloser
	x     *xmlScanner
	row   uint32
	cells [][]byte
	num   []bool
	arena []byte
	spans [][2]int
	done  bool
}

func (w *workbook) open(s sheetPart) (*sheetReader, error) {
	part, err := s.file.Open()
	if err != nil {
		return nil, refuse("not_a_table", fmt.Errorf("open sheet: %w", err))
	}
	return &sheetReader{book: w, part: part, x: newXMLScanner(io.LimitReader(part, maxSheetSize))}, nil
}

func (s *sheetReader) close() error { return s.part.Close() }

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
			var r *Refusal
			if errors.As(err, &r) {
				return err
			}
			return refuse("not_a_table", fmt.Errorf("read sheet: %w", err))
		}
		filled := false
		l.flags = 0
		for _, c := range s.cells {
			if !blank(c) {
				filled = true
				if !utf8.Valid(c) || bytes.Contains(c, []byte("\ufffd")) {
					l.flags |= badBytes
				}
			}
		}
		if !filled {
			continue
		}
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
			s.cells = append(s.cells, s.arena[span[0]:span[1]])
		}
		return nil
	}
}

func (s *sheetReader) readCells() error {
	column := -1
	var kind byte // of the cell's value: s shared, n number, t text, b boolean
	inValue, inText := false, false
	from := 0
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
				column++
				if c, ok := columnOf(tok.attr("r")); ok {
					column = c
				}
				if column >= maxColumns {
					if !tok.empty {
						return refuse("not_a_table", errors.New("too many columns"))
					}
					continue
				}
				for len(s.spans) <= column {
					s.spans = append(s.spans, [2]int{0, 0})
					s.num = append(s.num, false)
				}
				kind = 'n'
				switch string(tok.attr("t")) {
				case "s":
					kind = 's'
				case "str", "inlineStr", "e", "d":
					kind = 't'
				case "b":
					kind = 'b'
				}
				from = len(s.arena)
			case "v":
				inValue = !tok.empty
			case "t":
				inText = !tok.empty
			}
		case xmlText:
			if (inValue || inText) && column >= 0 {
				s.arena = append(s.arena, tok.text...)
				if len(s.arena)-from > maxCell {
					return refuse("not_a_table", errors.New("a cell of more than 1 MiB"))
				}
			}
		case xmlEnd:
			switch string(tok.name) {
			case "v":
				inValue = false
			case "t":
				inText = false
			case "c":
				s.finish(column, kind, from)
			case "row":
				return nil
			}
		}
	}
}

// finish turns the raw value of a cell, which stands in the arena from from on, into its text.
func (s *sheetReader) finish(column int, kind byte, from int) {
	raw := s.arena[from:]
	switch kind {
	case 's':
		i, err := strconv.Atoi(string(bytes.TrimSpace(raw)))
		if err != nil {
			i = -1
		}
		s.arena = append(s.arena[:from], s.book.strings.at(i)...)
	case 'b':
		word := "否"
		if bytes.Equal(bytes.TrimSpace(raw), []byte("1")) {
			word = "是"
		}
		s.arena = append(s.arena[:from], word...)
	case 'n':
		if len(raw) > 0 {
			text := numberText(string(bytes.TrimSpace(raw)), s.book.date4)
			s.arena = append(s.arena[:from], text...)
			s.num[column] = true
		}
	}
	s.spans[column] = [2]int{from, len(s.arena)}
}

// numberText writes the number of a cell as a person would: 17 digits and powers of ten are how a spreadsheet
// stores it. Serial dates that count from 1904 are moved to the 1900 system.
func numberText(s string, date4 bool) string {
	if digits(s) && !(date4 && len(s) == 5) {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if date4 && f >= 10000 && f < 70000 {
		f += 1462
	}
	if f > -1e21 && f < 1e21 {
		if len(s) >= 15 {
			f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
		}
		if a := max(f, -f); a == 0 || a >= 1e-6 {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

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

// Kinds of token of the XML scanner.
const (
	xmlStart = iota
	xmlEnd
	xmlText
)

// xmlToken is a tag or a run of text; its bytes are valid until the next token.
type xmlToken struct {
	kind  int
	name  []byte // local name of a tag
	attrs []byte
	empty bool // a start tag that is its own end
	text  []byte
}

// attr returns the raw value of an attribute.
func (t *xmlToken) attr(name string) []byte {
	rest := t.attrs
	for {
		i := bytes.IndexByte(rest, '=')
		if i < 0 || i+1 >= len(rest) {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		quote := rest[0]
		j := bytes.IndexByte(rest[1:], quote)
		if j < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+j]
		}
		rest = rest[j+2:]
	}
}

// xmlScanner cuts the XML of a workbook into tags and text. It knows the five named entities and character
// numbers, and nothing that a document could define by itself: a document type is refused.
type xmlScanner struct {
	r     *bufio.Reader
	buf   []byte
	text  []byte
	carry bool // a '<' was read already
}

func newXMLScanner(r io.Reader) *xmlScanner { return &xmlScanner{r: bufio.NewReaderSize(r, 128<<10)} }

var errMarkup = errors.New("broken XML")

// until reads up to and with the byte end.
func (x *xmlScanner) until(end byte) ([]byte, error) {
	part, err := x.r.ReadSlice(end)
	if err == nil {
		return part, nil
	}
	x.buf = append(x.buf[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(x.buf) > 16<<20 {
			return nil, errMarkup
		}
		part, err = x.r.ReadSlice(end)
		x.buf = append(x.buf, part...)
	}
	return x.buf, err
}

func (x *xmlScanner) next() (xmlToken, error) {
	for {
		if !x.carry {
			text, err := x.until('<')
			if err != nil {
				return xmlToken{}, err
			}
			x.carry = true
			if text = text[:len(text)-1]; len(text) > 0 {
				return xmlToken{kind: xmlText, text: x.unescape(text)}, nil
			}
		}
		x.carry = false
		tag, err := x.tag()
		if err != nil {
			return xmlToken{}, err
		}
		if len(tag) == 0 {
			return xmlToken{}, errMarkup
		}
		switch tag[0] {
		case '?':
			continue
		case '!':
			if bytes.HasPrefix(tag, []byte("![CDATA[")) {
				for !bytes.HasSuffix(tag, []byte("]]")) {
					more, err := x.until('>')
					if err != nil {
						return xmlToken{}, err
					}
					tag = append(append(append([]byte(nil), tag...), '>'), more[:len(more)-1]...)
				}
				return xmlToken{kind: xmlText, text: tag[8 : len(tag)-2]}, nil
			}
			if bytes.HasPrefix(tag, []byte("!--")) {
				for !bytes.HasSuffix(tag, []byte("--")) {
					more, err := x.until('>')
					if err != nil {
						return xmlToken{}, err
					}
					tag = append([]byte(nil), more[:len(more)-1]...)
				}
				continue
			}
			return xmlToken{}, errMarkup
		case '/':
			return xmlToken{kind: xmlEnd, name: local(bytes.TrimSpace(tag[1:]))}, nil
		}
		t := xmlToken{kind: xmlStart}
		if tag[len(tag)-1] == '/' {
			t.empty, tag = true, tag[:len(tag)-1]
		}
		if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
			t.name, t.attrs = local(tag[:i]), tag[i+1:]
		} else {
			t.name = local(tag)
		}
		return t, nil
	}
}

// tag reads the rest of a tag; a '>' inside an attribute's quotes does not end it.
func (x *xmlScanner) tag() ([]byte, error) {
	tag, err := x.until('>')
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	tag = tag[:len(tag)-1]
	if len(tag) > 0 && tag[0] != '!' && bytes.Count(tag, []byte{'"'})%2 == 1 {
		whole := append([]byte(nil), tag...)
		for bytes.Count(whole, []byte{'"'})%2 == 1 {
			more, err := x.until('>')
			if err != nil || len(whole) > 16<<20 {
				return nil, errMarkup
			}
			whole = append(append(whole, '>'), more[:len(more)-1]...)
		}
		return whole, nil
	}
	return tag, nil
}

func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// unescape replaces entities; unknown ones stay as they are.
func (x *xmlScanner) unescape(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	x.text = x.text[:0]
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			x.text = append(x.text, text...)
			return x.text
		}
		x.text = append(x.text, text[:i]...)
		text = text[i:]
		j := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if j < 0 {
			x.text = append(x.text, '&')
			text = text[1:]
			continue
		}
		switch name := string(text[1:j]); name {
		case "amp":
			x.text = append(x.text, '&')
		case "lt":
			x.text = append(x.text, '<')
		case "gt":
			x.text = append(x.text, '>')
		case "quot":
			x.text = append(x.text, '"')
		case "apos":
			x.text = append(x.text, '\'')
		default:
			if r, ok := characterNumber(name); ok {
				x.text = utf8.AppendRune(x.text, r)
			} else {
				x.text = append(x.text, text[:j+1]...)
			}
		}
		text = text[j+1:]
	}
}

func characterNumber(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && n > 0
}
