package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of JSON records.
const (
	maxJSONRecord = 16 << 20 // bytes of one record
	maxJSONDepth  = 32
)

// isJSON reports whether a text begins like JSON objects, or an array of them.
func isJSON(text []byte) bool {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	if text[0] == '{' {
		return len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
	}
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

// openJSON opens a file of JSON objects: one a line, one behind the other, the elements of an array, or those of the
// first array of objects within one object. The keys of all of them are the headings; a key inside an object is
// named by its last part where that is unambiguous, by its path otherwise. It reads the file twice.
func openJSON(again func() io.Reader, encoding string) (*decoded, error) {
	keys := newJSONKeys()
	first := newJSONReader(decodeText(again(), encoding))
	broken := false
	for {
		rec, err := first.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		broken = broken || rec.broken
		if !rec.broken {
			for _, f := range rec.fields {
				keys.add(f.path)
			}
		}
		if len(keys.order) > maxColumns {
			return nil, refuse("too_many_columns", nil, "row", rec.number, "columns", len(keys.order), "max", maxColumns)
		}
	}
	if len(keys.order) == 0 && broken {
		return nil, refuse("not_a_table", errors.New("no whole object"), "kind", "json")
	} else if len(keys.order) == 0 {
		return nil, refuse("empty_file", nil)
	}
	rows := &jsonRows{r: newJSONReader(decodeText(again(), encoding)), keys: keys}
	rows.cells, rows.numeric = make([][]byte, len(keys.order)), make([]bool, len(keys.order))
	lines := &rewound{rest: rows, kept: []line{{cells: keys.headings()}}}
	return one(&sheet{encoding: encoding, lines: lines}), nil
}

// jsonKeys are the paths of the values of records, in the order in which they first come.
type jsonKeys struct {
	order []string
	at    map[string]int
}

func newJSONKeys() *jsonKeys { return &jsonKeys{at: map[string]int{}} }

func (k *jsonKeys) add(path string) {
	if _, ok := k.at[path]; !ok {
		k.at[path] = len(k.order)
		k.order = append(k.order, path)
	}
}

// addNew adds a path of its own for a column, even if another column has the same one.
func (k *jsonKeys) addNew(path string) {
	for {
		if _, taken := k.at[path]; !taken {
			k.add(path)
			return
		}
		path += " "
	}
}

// headings names the columns.
func (k *jsonKeys) headings() [][]byte {
	leaf := func(path string) string { return path[strings.LastIndexByte(path, pathSeparator)+1:] }
	count := map[string]int{}
	for _, path := range k.order {
		count[leaf(path)]++
	}
	cells := make([][]byte, len(k.order))
	for i, path := range k.order {
		name := leaf(path)
		if count[name] > 1 {
			name = strings.ReplaceAll(path, string(rune(pathSeparator)), ".")
		}
		cells[i] = []byte(name)
	}
	return cells
}

// pathSeparator stands between the keys of a path; it cannot stand in a JSON string as it is.
const pathSeparator = 0x1f

// jsonRows reads records as rows under the headings.
type jsonRows struct {
	r       *jsonReader
	keys    *jsonKeys
	cells   [][]byte
	numeric []bool
}

func (j *jsonRows) read(l *line) error {
	for {
		rec, err := j.r.next()
		if err != nil {
			return err
		}
		clear(j.cells)
		clear(j.numeric)
		l.number, l.cells, l.numeric, l.flags = rec.number, j.cells, j.numeric, 0
		if rec.broken {
			l.flags = brokenRecord
			j.cells[0] = rec.text
			return nil
		}
		filled := false
		for _, f := range rec.fields {
			i := j.keys.at[f.path]
			j.cells[i], j.numeric[i] = f.text, f.numeric
			filled = filled || !blank(f.text)
			if hasBadText(f.text) {
				l.flags |= badBytes
			}
			if len(f.text) > maxCell {
				return refuse("cell_too_large", nil, "cell", cellName("", rec.number, i))
			}
		}
		if filled {
			return nil
		}
	}
}

// jsonRecord is one object, flattened.
type jsonRecord struct {
	number uint32 // line on which the object begins
	fields []jsonField
	broken bool
	text   []byte // of a broken record
}

type jsonField struct {
	path    string
	text    []byte
	numeric bool
}

// jsonReader reads the objects of a file one after the other. Where the first one ends on the line on which it
// begins, each is taken to do so, so that a broken line does not swallow those behind it.
type jsonReader struct {
	r      *bufio.Reader
	number uint32
	buf    []byte
	begun  bool
	single bool         // the first object ended on the line on which it began: so do all
	inside []jsonRecord // records of the array within the first object, which remain to be returned
}

func newJSONReader(r io.Reader) *jsonReader {
	return &jsonReader{r: bufio.NewReaderSize(r, 128<<10), number: 1}
}

func (j *jsonReader) next() (jsonRecord, error) {
	if len(j.inside) > 0 {
		rec := j.inside[0]
		j.inside = j.inside[1:]
		return rec, nil
	}
	for {
		c, err := j.r.ReadByte()
		if err != nil {
			return jsonRecord{}, err
		}
		switch c {
		case '\n':
			j.number++
			continue
		case ' ', '\t', '\r', ',', '[', ']':
			continue
		case 0xef: // a byte order mark between files that were joined
			if mark, err := j.r.Peek(2); err == nil && mark[0] == 0xbb && mark[1] == 0xbf {
				_, _ = j.r.Discard(2)
				continue
			}
		}
		if err := j.r.UnreadByte(); err != nil {
			return jsonRecord{}, fmt.Errorf("read JSON: %w", err)
		}
		return j.object()
	}
}

// object reads the text of one object and flattens it.
func (j *jsonReader) object() (jsonRecord, error) {
	rec := jsonRecord{number: j.number}
	j.buf = j.buf[:0]
	depth, quoted, escaped := 0, false, false
	lines := uint32(0)
	for {
		c, err := j.r.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rec, err
		}
		j.buf = append(j.buf, c)
		if len(j.buf) > maxJSONRecord {
			return rec, refuse("cell_too_large", nil, "cell", cellName("", rec.number, 0))
		}
		if c == '\n' {
			lines++
			if quoted || depth == 0 || j.single { // a string never goes over a line: the record broke off
				break
			}
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth <= 0 && !quoted && (c == '}' || c == ']') {
			break
		}
	}
	j.number += lines
	first := !j.begun
	j.begun, j.single = true, j.single || first && lines == 0
	p := jsonParser{text: j.buf}
	v, ok := p.document()
	if !ok || v.kind != '{' {
		rec.broken, rec.text = true, bytes.TrimSpace(bytes.Clone(j.buf[:min(len(j.buf), 500)]))
		return rec, nil
	}
	if first {
		if rows := v.rows(); rows != nil {
			for i, row := range rows {
				inner := jsonRecord{number: uint32(i + 1)}
				inner.fields = row.flatten(nil, "", 0)
				j.inside = append(j.inside, inner)
			}
			return j.next()
		}
	}
	rec.fields = v.flatten(nil, "", 0)
	return rec, nil
}

// jsonValue is a parsed value. Its kind is its first character: { [ " t f n or 0 for a number.
type jsonValue struct {
	kind  byte
	text  []byte // of a string or number
	keys  []string
	items []jsonValue
}

// rows returns the first array of objects in an object that wraps one, such as {"code":0,"data":[{…},{…}]}: an array
// of several objects, or of one under a name that says so. nil when the object is a record itself.
func (v *jsonValue) rows() []jsonValue {
	for i := range v.items {
		item := &v.items[i]
		if item.kind == '{' {
			if rows := item.rows(); rows != nil {
				return rows
			}
			continue
		}
		if item.kind != '[' || len(item.items) == 0 || item.items[0].kind != '{' {
			continue
		}
		switch strings.ToLower(v.keys[i]) {
		case "data", "rows", "records", "list", "items", "result", "results", "数据", "记录", "明细":
			return item.items
		}
	}
	return nil
}

// flatten appends the values of an object as fields. Values of an array become one text, separated by semicolons; an object in an
// array is its values joined by underscores, as the packed cells of other files are.
func (v *jsonValue) flatten(fields []jsonField, path string, depth int) []jsonField {
	for i := range v.items {
		item, name := &v.items[i], v.keys[i]
		if path != "" {
			name = path + string(rune(pathSeparator)) + name
		}
		if item.kind == '{' {
			fields = item.flatten(fields, name, depth+1)
			continue
		}
		fields = append(fields, jsonField{path: name, text: item.cell(), numeric: item.kind == '0'})
	}
	return fields
}

// cell is the text of a value in one cell.
func (v *jsonValue) cell() []byte {
	switch v.kind {
	case 't':
		return []byte("是")
	case 'f':
		return []byte("否")
	case 'n':
		return nil
	case '0':
		return []byte(plainDigits(string(v.text)))
	case '[', '{':
		separator := byte(';')
		if v.kind == '{' {
			separator = '_'
		}
		var b []byte
		for i := range v.items {
			part := v.items[i].cell()
			if len(part) == 0 {
				continue
			}
			if len(b) > 0 {
				b = append(b, separator)
			}
			b = append(b, part...)
		}
		return b
	}
	return v.text
}

// plainDigits writes 1.5e3 as 1500 and leaves numbers without an exponent as they were sent.
func plainDigits(s string) string {
	if !strings.ContainsAny(s, "eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) >= 1e21 {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// jsonParser parses one JSON document (RFC 8259) whose text it does not keep.
type jsonParser struct {
	text  []byte
	pos   int
	depth int
}

func (p *jsonParser) document() (jsonValue, bool) {
	v, ok := p.value()
	p.space()
	return v, ok && p.pos == len(p.text)
}

func (p *jsonParser) space() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t' || p.text[p.pos] == '\r' || p.text[p.pos] == '\n') {
		p.pos++
	}
}

func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *jsonParser) value() (jsonValue, bool) {
	p.space()
	if p.pos >= len(p.text) {
		return jsonValue{}, false
	}
	switch c := p.text[p.pos]; c {
	case '{', '[':
		return p.container(c)
	case '"':
		s, ok := p.string()
		return jsonValue{kind: '"', text: s}, ok
	case 't', 'f', 'n':
		word := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[c]
		if !bytes.HasPrefix(p.text[p.pos:], []byte(word)) {
			return jsonValue{}, false
		}
		p.pos += len(word)
		return jsonValue{kind: c}, true
	}
	start := p.pos
	for p.pos < len(p.text) && (digit(p.text[p.pos]) || bytes.IndexByte([]byte("+-.eE"), p.text[p.pos]) >= 0) {
		p.pos++
	}
	text := bytes.Clone(p.text[start:p.pos])
	_, err := strconv.ParseFloat(string(text), 64)
	return jsonValue{kind: '0', text: text}, err == nil || errors.Is(err, strconv.ErrRange)
}

func (p *jsonParser) container(open byte) (jsonValue, bool) {
	v := jsonValue{kind: open}
	p.pos++
	if p.depth++; p.depth > maxJSONDepth {
		return v, false
	}
	defer func() { p.depth-- }()
	end := byte('}')
	if open == '[' {
		end = ']'
	}
	if p.take(end) {
		return v, true
	}
	for {
		if open == '{' {
			p.space()
			if p.pos >= len(p.text) || p.text[p.pos] != '"' {
				return v, false
			}
			key, ok := p.string()
			if !ok || !p.take(':') {
				return v, false
			}
			v.keys = append(v.keys, strings.ReplaceAll(string(key), string(rune(pathSeparator)), " "))
		}
		item, ok := p.value()
		if !ok {
			return v, false
		}
		v.items = append(v.items, item)
		if p.take(end) {
			return v, true
		}
		if !p.take(',') {
			return v, false
		}
	}
}

// string reads a string behind its opening quote.
func (p *jsonParser) string() ([]byte, bool) {
	p.pos++
	var b []byte
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			return b, true
		case c < ' ':
			return nil, false
		case c != '\\':
			b = append(b, c)
		default:
			if p.pos >= len(p.text) {
				return nil, false
			}
			c := p.text[p.pos]
			p.pos++
			switch c {
			case '"', '\\', '/':
				b = append(b, c)
			case 'b', 'f':
				b = append(b, ' ')
			case 'n':
				b = append(b, '\n')
			case 'r':
				b = append(b, '\r')
			case 't':
				b = append(b, '\t')
			case 'u':
				r, ok := p.hex()
				if !ok {
					return nil, false
				}
				if utf16.IsSurrogate(r) && bytes.HasPrefix(p.text[p.pos:], []byte(`\u`)) {
					p.pos += 2
					low, ok := p.hex()
					if !ok {
						return nil, false
					}
					r = utf16.DecodeRune(r, low)
				}
				b = utf8.AppendRune(b, r)
			default:
				return nil, false
			}
		}
	}
	return nil, false
}

func (p *jsonParser) hex() (rune, bool) {
	if p.pos+4 > len(p.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.text[p.pos:p.pos+4]), 16, 16)
	p.pos += 4
	return rune(n), err == nil
}
