package ingest

import (
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// spoilt counts what of the rows of a record is no text in the encoding of its file.
type spoilt struct {
	cells, bytes int
	next         int // row of the record as sent from which on nothing is counted yet
}

// add counts the row of a record as sent that one with bad bytes comes from; a mapping may make several rows of it.
// What stands beyond the last heading is not in the record: the row then counts as one cell with one byte.
func (s *spoilt) add(raw arrow.Record, origin []int, i int) {
	if origin != nil {
		i = origin[i]
	}
	if i < s.next {
		return
	}
	s.next = i + 1
	cells := 0
	for j := colCells; j < int(raw.NumCols()); j++ {
		if n := badCount(raw.Column(j).(*array.String).Value(i)); n > 0 {
			cells++
			s.bytes += n
		}
	}
	if cells == 0 {
		cells = 1
		s.bytes++
	}
	s.cells += cells
}

// badCount counts the bytes of a cell that are no text: each that is not UTF-8, each NUL, and each U+FFFD, for which one
// byte of another encoding stands.
func badCount(cell string) int {
	n := 0
	for _, r := range cell {
		if r == 0 || r == utf8.RuneError {
			n++
		}
	}
	return n
}
