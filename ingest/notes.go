package ingest

import (
	"slices"
	"strings"

	"ohwatch/warehouse"
)

// notes are the codes of warnings and notes on each row of a record. Most rows have one of a few lists.
type notes struct {
	lists [][]string // that occur, the empty one first
	place map[string]uint32
	of    []uint32 // list of each row
}

func newNotes(rows int) *notes {
	return &notes{lists: make([][]string, 1), place: map[string]uint32{}, of: make([]uint32, 0, rows)}
}

// add adds the list of the next row.
func (n *notes) add(codes []string) { n.of = append(n.of, n.number(codes)) }

// also adds a code to the list of a row.
func (n *notes) also(row int, code string) {
	n.of[row] = n.number(append(slices.Clip(n.lists[n.of[row]]), code))
}

// number is the place of a list.
func (n *notes) number(codes []string) uint32 {
	if len(codes) == 0 {
		return 0
	}
	key := codes[0]
	if len(codes) > 1 {
		key = strings.Join(codes, " ")
	}
	place, known := n.place[key]
	if !known {
		place = uint32(len(n.lists))
		n.place[key], n.lists = place, append(n.lists, slices.Clone(codes))
	}
	return place
}

// native is the notes as a column of type Array(LowCardinality(String)).
func (n *notes) native() warehouse.NativeColumn {
	words := newWords().open()
	places := make([][]uint32, len(n.lists))
	for i, codes := range n.lists {
		for _, code := range codes {
			places[i] = append(places[i], words.place(code, true))
		}
	}
	column := codesColumn{dict: words.dict, ends: make(spans, 0, len(n.of)), places: make([]uint32, 0, len(n.of))}
	for _, list := range n.of {
		column.places = append(column.places, places[list]...)
		column.ends = append(column.ends, uint32(len(column.places)))
	}
	return column.native()
}
