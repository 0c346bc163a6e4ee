package ingest

import (
	"bytes"
	"slices"
)

// blocks follows a sheet through further header rows: senders put several tables under one another, each with its
// header, and not always with the same order of columns. Rows under another order are put into that of the
// first header; cells under a heading that the first header does not have come behind the last column, where
// they are found to be too many.
type blocks struct {
	rest    lineReader
	at      map[string][]int // columns of each heading, in the form of key
	width   int
	place   []int // column of the first header for each present column; nil while the order is the same
	cells   [][]byte
	numeric []bool
	buf     []byte
}

func newBlocks(rest lineReader, names []string) *blocks {
	b := &blocks{rest: rest, at: map[string][]int{}, width: len(names)}
	for i, name := range names {
		if k := b.key([]byte(name)); len(k) > 0 {
			b.at[string(k)] = append(b.at[string(k)], i)
		}
	}
	return b
}

// key is the form in which headings of one sheet are compared: without spaces, line breaks and asterisks. It is
// empty for what is too long to be one, and valid until the next call.
func (b *blocks) key(cell []byte) []byte {
	if len(cell) > 120 {
		return nil
	}
	b.buf = b.buf[:0]
	for _, c := range cell {
		if c > ' ' && c != '*' {
			b.buf = append(b.buf, c)
		}
	}
	return b.buf
}

func (b *blocks) read(l *line) error {
	if err := b.rest.read(l); err != nil {
		return err
	}
	if b.isHeader(l.cells) {
		b.follow(l.cells)
	}
	if b.place == nil {
		return nil
	}
	b.cells, b.numeric = slices.Grow(b.cells[:0], b.width)[:b.width], slices.Grow(b.numeric[:0], b.width)[:b.width]
	clear(b.cells)
	clear(b.numeric)
	for i, cell := range l.cells {
		to := -1
		if i < len(b.place) {
			to = b.place[i]
		}
		numeric := i < len(l.numeric) && l.numeric[i]
		switch {
		case to >= 0:
			b.cells[to], b.numeric[to] = cell, numeric
		case !blank(cell):
			b.cells, b.numeric = append(b.cells, cell), append(b.numeric, numeric)
		}
	}
	l.cells = b.cells
	if l.numeric != nil {
		l.numeric = b.numeric
	}
	return nil
}

// isHeader reports a row that consists of headings: three at least, and no more than one other text to each four.
func (b *blocks) isHeader(cells [][]byte) bool {
	hits, others := 0, 0
	for _, cell := range cells {
		if len(cell) == 0 {
			continue
		}
		if len(b.at[string(b.key(cell))]) > 0 {
			hits++
		} else if others++; hits == 0 || others > 1+len(cells)/5 {
			return false
		}
	}
	return hits >= 3 && others*4 <= hits
}

// follow takes the order of columns from a header row.
func (b *blocks) follow(cells [][]byte) {
	place := make([]int, len(cells))
	used := map[int]bool{}
	same := true
	for i, cell := range cells {
		place[i] = -1
		if blank(cell) {
			continue
		}
		columns := b.at[string(b.key(bytes.TrimSpace(cell)))]
		if slices.Contains(columns, i) {
			place[i] = i
		} else {
			for _, column := range columns {
				if !used[column] {
					place[i] = column
					break
				}
			}
		}
		if place[i] >= 0 {
			used[place[i]] = true
		}
		same = same && place[i] == i
	}
	b.place = place
	if same {
		b.place = nil
	}
}
