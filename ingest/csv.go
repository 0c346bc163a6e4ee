package ingest

import (
	"bytes"
	"errors"
	"io"
)

// Limits of one record of a text file. A quote that is not closed within them is taken as an ordinary
// character, so that it cannot swallow the rest of the file.
const (
	maxRecord      = 1 << 20
	maxRecordLines = 200
	maxLine        = 16 << 20 // bytes of one physical line
	maxCell        = 1 << 20  // bytes of one cell, of a workbook too
)

// csvForm is how a text file separates its cells.
type csvForm struct {
	delimiter byte
	quote     byte // around cells that hold a delimiter, a line break or a quote
	skip      int  // lines before the table that only name the delimiter
}

// csvReader splits a text in UTF-8 into records and fields. A field may stand in quotes, hold the delimiter
// and line breaks there, and a doubled quote for one quote. Lines end with CR LF, LF or CR, even mixed.
type csvReader struct {
	r       io.Reader
	form    csvForm
	buf     []byte
	pos     int
	eof     bool
	err     error
	number  uint32 // of the next physical line
	fields  [][]byte
	scratch []byte
}

func newCSVReader(r io.Reader, form csvForm) *csvReader {
	return &csvReader{r: r, form: form, buf: make([]byte, 0, 256<<10), number: 1}
}

// fill reads more text behind what is waiting; false at the end of the file.
func (c *csvReader) fill() bool {
	if c.eof {
		return false
	}
	if c.pos > 0 {
		c.buf = c.buf[:copy(c.buf, c.buf[c.pos:])]
		c.pos = 0
	}
	if len(c.buf) == cap(c.buf) {
		grown := make([]byte, len(c.buf), 2*cap(c.buf))
		copy(grown, c.buf)
		c.buf = grown
	}
	n, err := io.ReadAtLeast(c.r, c.buf[len(c.buf):cap(c.buf)], 1)
	c.buf = c.buf[:len(c.buf)+n]
	if err != nil {
		c.eof = true
		if !errors.Is(err, io.EOF) {
			c.err = err
		}
	}
	return n > 0
}

// lineEnd returns where the first line of text ends and where the next one begins, or -1 when the text does not
// say yet. last says that nothing follows.
func lineEnd(text []byte, last bool) (end, next int) {
	newline := bytes.IndexByte(text, '\n')
	within := text
	if newline >= 0 {
		within = text[:newline]
	}
	end = bytes.IndexByte(within, '\r')
	if end < 0 {
		if newline < 0 {
			return -1, -1
		}
		return newline, newline + 1
	}
	for next = end; next < len(text) && text[next] == '\r'; next++ {
	}
	switch {
	case next < len(text) && text[next] == '\n':
		next++
	case next == len(text) && !last:
		return -1, -1
	}
	return end, next
}

// record returns the text of the next record without its line break, and how many physical lines it takes. A
// record is broken when a quote in it is never closed; it is then the physical line alone.
func (c *csvReader) record() (text []byte, lines uint32, broken bool, err error) {
	scan, quoted := 0, false
	for {
		rest := c.buf[c.pos+scan:]
		end, next := lineEnd(rest, c.eof)
		last := false
		if end < 0 {
			if len(rest) > maxLine {
				return nil, 0, false, refuse("cell_too_large", nil, "cell", cellName("", c.number, 0))
			}
			if c.fill() {
				continue
			}
			if c.err != nil {
				return nil, 0, false, c.err
			}
			if rest = c.buf[c.pos+scan:]; scan+len(rest) == 0 {
				return nil, 0, false, io.EOF
			}
			if end, next = lineEnd(rest, true); end < 0 {
				end, next, last = len(rest), len(rest), true
			}
		}
		quoted = c.opens(rest[:end], quoted)
		lines++
		if !quoted {
			text = c.buf[c.pos : c.pos+scan+end]
			c.pos += scan + next
			return text, lines, false, nil
		}
		if last || lines > maxRecordLines || scan+next > maxRecord {
			end, next = lineEnd(c.buf[c.pos:], true)
			if end < 0 {
				end, next = len(c.buf)-c.pos, len(c.buf)-c.pos
			}
			text = c.buf[c.pos : c.pos+end]
			c.pos += next
			return text, 1, true, nil
		}
		scan += next
	}
}

// opens reports whether a quote is open behind a physical line; quoted says that one is open before it. A
// quote opens a field only at its beginning.
func (c *csvReader) opens(text []byte, quoted bool) bool {
	if bytes.IndexByte(text, c.form.quote) < 0 {
		return quoted
	}
	for {
		if quoted {
			i := bytes.IndexByte(text, c.form.quote)
			if i < 0 {
				return true
			}
			text = text[i+1:]
			if len(text) > 0 && text[0] == c.form.quote {
				text = text[1:]
				continue
			}
			quoted = false
		} else {
			text = bytes.TrimLeft(text, " ")
			if len(text) > 0 && text[0] == c.form.quote {
				text, quoted = text[1:], true
				continue
			}
		}
		i := bytes.IndexByte(text, c.form.delimiter)
		if i < 0 {
			return false
		}
		text = text[i+1:]
	}
}

func (c *csvReader) read(l *line) error {
	for {
		text, lines, broken, err := c.record()
		if err != nil {
			return err
		}
		l.number = c.number
		c.number += lines
		if l.number <= uint32(c.form.skip) || !c.split(text, broken) {
			continue
		}
		l.cells, l.numeric, l.flags = c.fields, nil, 0
		if broken {
			l.flags |= brokenQuote
		}
		if hasBadText(text) {
			l.flags |= badBytes
		}
		if len(c.fields) > maxColumns {
			return refuse("too_many_columns", nil, "row", l.number, "columns", len(c.fields), "max", maxColumns)
		}
		if len(text) > maxCell {
			for i, field := range c.fields {
				if len(field) > maxCell {
					return refuse("cell_too_large", nil, "cell", cellName("", l.number, i))
				}
			}
		}
		return nil
	}
}

// split cuts a record into its fields; it reports false for a record without any text. literal takes quotes
// as ordinary characters.
func (c *csvReader) split(text []byte, literal bool) bool {
	c.fields = c.fields[:0]
	c.scratch = c.scratch[:0]
	filled := false
	if literal || bytes.IndexByte(text, c.form.quote) < 0 {
		for {
			i := bytes.IndexByte(text, c.form.delimiter)
			if i < 0 {
				c.fields = append(c.fields, text)
				return filled || !blank(text)
			}
			filled = filled || !blank(text[:i])
			c.fields = append(c.fields, text[:i])
			text = text[i+1:]
		}
	}
	for {
		var field []byte
		if start := bytes.TrimLeft(text, " "); len(start) > 0 && start[0] == c.form.quote {
			field, text = c.quoted(start[1:])
			i := bytes.IndexByte(text, c.form.delimiter)
			if i < 0 {
				i = len(text)
			}
			if tail := bytes.TrimSpace(text[:i]); len(tail) > 0 {
				field = append(append([]byte(nil), field...), tail...)
			}
			if filled = filled || !blank(field); i == len(text) {
				c.fields = append(c.fields, field)
				return filled
			}
			c.fields = append(c.fields, field)
			text = text[i+1:]
			continue
		}
		i := bytes.IndexByte(text, c.form.delimiter)
		if i < 0 {
			c.fields = append(c.fields, text)
			return filled || !blank(text)
		}
		filled = filled || !blank(text[:i])
		c.fields = append(c.fields, text[:i])
		text = text[i+1:]
	}
}

// quoted reads a field behind its opening quote and returns what stands behind the closing one.
func (c *csvReader) quoted(text []byte) (field, rest []byte) {
	quote := c.form.quote
	i := bytes.IndexByte(text, quote)
	if i < 0 {
		return text, nil
	}
	if i+1 >= len(text) || text[i+1] != quote {
		return text[:i], text[i+1:]
	}
	from := len(c.scratch)
	for {
		i = bytes.IndexByte(text, quote)
		if i < 0 {
			c.scratch = append(c.scratch, text...)
			return c.scratch[from:], nil
		}
		c.scratch = append(c.scratch, text[:i]...)
		if i+1 >= len(text) || text[i+1] != quote {
			return c.scratch[from:], text[i+1:]
		}
		c.scratch = append(c.scratch, quote)
		text = text[i+2:]
	}
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return len(bytes.TrimSpace(b)) == 0
		}
	}
	return true
}

// formOfText finds the delimiter and the quotes of a text file by its first records: the delimiter that cuts
// most of them into the same number of fields. A text that none cuts at all is refused. A first line such as
// sep=; that a spreadsheet writes is believed.
func formOfText(head []byte) (csvForm, error) {
	form := csvForm{quote: '"'}
	if first, rest, ok := bytes.Cut(head, []byte{'\n'}); ok {
		first = bytes.ToLower(bytes.Trim(first, "\r \""))
		if name, ok := bytes.CutPrefix(first, []byte("sep=")); ok && len(name) == 1 {
			form.delimiter, form.skip = name[0], 1
			head = rest
		}
	}
	if form.delimiter == 0 {
		score := 0
		var refused *Refusal
		for _, d := range []byte{',', '\t', ';', '|'} {
			r := newCSVReader(bytes.NewReader(head), csvForm{delimiter: d, quote: quoteOf(head, d)})
			counts := map[int]int{}
			var l line
			for range 60 {
				if err := r.read(&l); err != nil {
					_ = errors.As(err, &refused)
					break
				}
				counts[len(l.cells)]++
			}
			for fields, n := range counts {
				if s := n * (fields - 1); fields > 1 && s > score {
					form.delimiter, score = d, s
				}
			}
		}
		switch {
		case form.delimiter == 0 && refused != nil:
			return form, refused
		case form.delimiter == 0:
			return form, refuse("not_a_table", errors.New("no delimiter found"))
		}
	}
	form.quote = quoteOf(head, form.delimiter)
	return form, nil
}

// quoteOf tells which quote stands around cells: the single one only when it opens and closes cells and the
// double one opens none.
func quoteOf(head []byte, delimiter byte) byte {
	opened, closed := 0, 0
	border := func(i int) bool {
		return i < 0 || i >= len(head) || head[i] == delimiter || head[i] == '\n' || head[i] == '\r'
	}
	for i, c := range head {
		switch c {
		case '"':
			if border(i - 1) {
				return '"'
			}
		case '\'':
			if border(i - 1) {
				opened++
			} else if border(i + 1) {
				closed++
			}
		}
	}
	if opened >= 2 && closed*10 >= opened*9 {
		return '\''
	}
	return '"'
}
