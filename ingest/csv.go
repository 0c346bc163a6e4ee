package ingest

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// Limits of one record of a text file. A quote that is not closed within them is taken as an ordinary
// character, so that it cannot swallow the rest of the file.
const (
	maxRecord      = 1 << 20
	maxRecordLines = 200
)

// csvReader splits a text in UTF-8 into records and fields. A field may stand in quotes, hold the delimiter
// and line breaks there, and a doubled quote for one quote.
type csvReader struct {
	r         io.Reader
	delimiter byte
	buf       []byte
	pos       int
	eof       bool
	err       error
	number    uint32 // of the next physical line
	fields    [][]byte
	scratch   []byte
}

func newCSVReader(r io.Reader, delimiter byte) *csvReader {
	return &csvReader{r: r, delimiter: delimiter, buf: make([]byte, 0, 256<<10), number: 1}
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

// record returns the text of the next record without its line break, and how many physical lines it takes.
func (c *csvReader) record() (text []byte, lines uint32, broken bool, err error) {
	scan, quoted := 0, false
	newlines := uint32(0)
	for {
		for c.pos+scan < len(c.buf) {
			rest := c.buf[c.pos+scan:]
			i := bytes.IndexByte(rest, '\n')
			stop := i
			if i < 0 {
				stop = len(rest)
			}
			if n := bytes.Count(rest[:stop], []byte{'"'}); n%2 == 1 {
				quoted = !quoted
			}
			if i < 0 {
				scan = len(c.buf) - c.pos
				break
			}
			scan += i + 1
			if !quoted {
				text = c.buf[c.pos : c.pos+scan-1]
				c.pos += scan
				return text, newlines + 1, false, nil
			}
			newlines++
			if newlines > maxRecordLines || scan > maxRecord {
				return c.physical()
			}
		}
		if scan > 16*maxRecord {
			return nil, 0, false, refuse("not_a_table", errors.New("a line of more than 16 MiB"))
		}
		if !c.fill() {
			if c.err != nil {
				return nil, 0, false, c.err
			}
			if scan == 0 {
				return nil, 0, false, io.EOF
			}
			if quoted && newlines > 0 {
				return c.physical()
			}
			text = c.buf[c.pos : c.pos+scan]
			c.pos += scan
			return text, newlines + 1, quoted, nil
		}
	}
}

// physical returns the next physical line as a record of its own: its quotes do not match.
func (c *csvReader) physical() (text []byte, lines uint32, broken bool, err error) {
	i := bytes.IndexByte(c.buf[c.pos:], '\n')
	text = c.buf[c.pos : c.pos+i]
	c.pos += i + 1
	return text, 1, true, nil
}

func (c *csvReader) read(l *line) error {
	for {
		text, lines, broken, err := c.record()
		if err != nil {
			return err
		}
		l.number = c.number
		c.number += lines
		text = bytes.TrimSuffix(text, []byte{'\r'})
		if !c.split(text, broken) {
			continue
		}
		l.cells, l.numeric, l.flags = c.fields, nil, 0
		if broken {
			l.flags |= brokenQuote
		}
		if !utf8.Valid(text) || bytes.Contains(text, []byte("\ufffd")) || bytes.IndexByte(text, 0) >= 0 {
			l.flags |= badBytes
		}
		if len(c.fields) > maxColumns {
			return refuse("not_a_table", errors.New("too many columns"))
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
	if literal || bytes.IndexByte(text, '"') < 0 {
		for {
			i := bytes.IndexByte(text, c.delimiter)
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
		if start := bytes.TrimLeft(text, " "); len(start) > 0 && start[0] == '"' {
			field, text = c.quoted(start[1:])
			i := bytes.IndexByte(text, c.delimiter)
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
		i := bytes.IndexByte(text, c.delimiter)
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
	i := bytes.IndexByte(text, '"')
	if i < 0 {
		return text, nil
	}
	if i+1 >= len(text) || text[i+1] != '"' {
		return text[:i], text[i+1:]
	}
	from := len(c.scratch)
	for {
		i = bytes.IndexByte(text, '"')
		if i < 0 {
			c.scratch = append(c.scratch, text...)
			return c.scratch[from:], nil
		}
		c.scratch = append(c.scratch, text[:i]...)
		if i+1 >= len(text) || text[i+1] != '"' {
			return c.scratch[from:], text[i+1:]
		}
		c.scratch = append(c.scratch, '"')
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

// delimiter finds the delimiter of a text file by its first records: the one that cuts most of them into
// the same number of fields. It is 0 when none cuts them at all.
func delimiter(head []byte) byte {
	best, score := byte(0), 0
	for _, d := range []byte{',', '\t', ';', '|'} {
		r := newCSVReader(bytes.NewReader(head), d)
		counts := map[int]int{}
		var l line
		for range 60 {
			if err := r.read(&l); err != nil {
				break
			}
			counts[len(l.cells)]++
		}
		for fields, n := range counts {
			if s := n * (fields - 1); fields > 1 && s > score {
				best, score = d, s
			}
		}
	}
	return best
}
