package ingest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// readRows looks up the cells of the block and ends the rows that are no records: damaged ones, totals, repeated
// headers, and rows that do not fit the header.
func (c *checker) readRows() {
	clear(c.filled[:c.n])
	clear(c.titled[:c.n])
	for i := range c.n {
		c.i, c.found[i] = i, c.found[i][:0]
		for j := range c.reads {
			c.reads[j][i] = &c.blank[j]
		}
		flags := c.flags.Value(c.base + i)
		switch {
		case isExample(c.raw, c.origin, c.base+i):
			c.fate[i] = example
		case flags&(badBytes|brokenQuote|brokenRecord) != 0:
			c.broken(flags)
		case c.totals():
			c.end("totals_row")
		}
	}
	for j := range c.cells {
		c.readCells(j)
	}
	for i := range c.n {
		if c.fate[i] != alive {
			continue
		}
		c.i = i
		flags, filled, titled := c.flags.Value(c.base+i), c.filled[i], c.titled[i]
		switch {
		case titled >= 3 && titled >= min(filled, 4):
			c.end("repeated_header")
		case flags&(tooLong|tooShort) != 0:
			c.end("shifted_row")
		case filled <= 1 && !c.isRecord():
			c.end("not_a_record")
		}
	}
}

// end rejects the whole row.
func (c *checker) end(code string) {
	c.find(reject, code, -1, nil)
	c.fate[c.i] = ended
}

// readCells looks up the cells of a field.
func (c *checker) readCells(j int) {
	cells, reads, texts := c.cells[j], c.reads[j][:c.n], c.texts[j]
	if cells == nil {
		return // all are blank
	}
	memo := &c.memo[j]
	var last *reading
	for i := range reads {
		if c.fate[i] != alive {
			continue // what broken has found stays
		}
		raw := cells.Value(c.base + i)
		if raw == "" {
			continue
		}
		r, text := last, ""
		if r == nil || r.raw != raw {
			var isNew bool
			if r, isNew = memo.find(c.seed, raw); isNew {
				r.text = c.cleaned(j, r.raw) // which lives longer than the record
				r.titled = r.text != "" && c.isHeading(r.text, j)
			}
			last = r
		}
		if r == nil {
			text = c.cleaned(j, raw)
		} else {
			text = r.text
		}
		if text == "" {
			continue
		}
		if r != nil && c.numbers.ValueLen(c.base+i) > 0 && c.numeric(j, i) {
			r = nil
		}
		reads[i] = r
		if r == nil {
			texts[i] = text
		}
		c.filled[i]++
		if c.filled[i] <= 4 && c.titled[i] == c.filled[i]-1 && (r != nil && r.titled || r == nil && c.isHeading(text, j)) {
			c.titled[i]++
		}
	}
}

// cleaned is the text of a cell without what senders put around it. Identity numbers in a text that is stored are
// replaced by pseudonyms.
func (c *checker) cleaned(j int, raw string) string {
	text := clean(raw)
	if len(text) >= 18 && c.plan.stored[j] && manyDigits(text) {
		return c.scrub(text)
	}
	return text
}

// cell is the text of a cell of the row as it was mapped, by its column in the sheet.
func (c *checker) cell(column int) string {
	return c.rec.Column(colCells + column).(*array.String).Value(c.base + c.i)
}

// width is how many columns the sheet has.
func (c *checker) width() int { return int(c.rec.NumCols()) - colCells }

// broken finds fault with a row whose bytes are no text or whose quotes or brackets do not match, and names the
// first cell that is.
func (c *checker) broken(flags uint8) {
	if flags&badBytes == 0 {
		code := "broken_record"
		if flags&brokenQuote != 0 {
			code = "broken_quote"
		}
		c.end(code)
		return
	}
	c.fate[c.i] = ended
	for column := range c.width() {
		text := c.cell(column)
		if !hasBadText([]byte(text)) {
			continue
		}
		field := slices.Index(c.number, column)
		if field >= 0 {
			c.reads[field][c.i], c.texts[field][c.i] = nil, text
		}
		c.find(reject, "bad_bytes", field, map[string]string{"cell": columnLetters(column)})
		return
	}
	c.find(reject, "bad_bytes", -1, map[string]string{"cell": "-"}) // beyond the last heading
}

// isRecord reports whether a row that fills one column at most is meant to be a record: under a header of many
// columns one or two texts are a note, a signature or the foot of a page.
func (c *checker) isRecord() bool {
	known := 0
	for _, cells := range c.cells {
		if cells != nil {
			known++
		}
	}
	filled := 0
	for column := range c.width() {
		if clean(c.cell(column)) != "" {
			filled++
		}
	}
	return known < 5 || filled > 2
}

// isHeading reports whether the text of a field is the field's own heading.
func (c *checker) isHeading(text string, j int) bool {
	title := c.title[j]
	if len(text) >= 100 || title == "" {
		return false
	}
	a := text[0]
	if a >= 'A' && a <= 'Z' {
		a += 'a' - 'A'
	}
	if (digit(a) || a >= 'a' && a <= 'z') && (len(text) == 1 || text[1] < 0x80) && a != title[0] {
		return false // the heading would begin with it
	}
	return heading(text) == title
}

// totals reports a totals row: one of the first three filled cells says so.
func (c *checker) totals() bool {
	seen, width := 0, c.width()
	for column := 0; column < width && seen < 3; column++ {
		text := c.cell(column)
		if text == "" {
			continue
		}
		seen++
		if text[0] < 0x80 && text[0] > ' ' || len(text) > 60 || !strings.Contains(text, "计") {
			continue
		}
		key := fold(text)
		for _, word := range []string{"合计", "总计", "小计", "共计", "本页合计", "本页小计"} {
			if rest, ok := strings.CutPrefix(key, word); ok && utf8.RuneCountInString(rest) <= 8 {
				return true
			}
		}
	}
	return false
}
