package ingest

import (
	"archive/zip"
	"slices"
	"strings"
)

// mergedCells are the cells of a sheet that are merged over several rows. A spreadsheet keeps their value in the
// first one only; it holds for all of them.
type mergedCells struct {
	ranges []mergedRange // by first row
	next   int           // first range that begins below the rows read
	open   []openRange
}

type mergedRange struct{ first, last, column int }

type openRange struct {
	mergedRange
	text    []byte
	numeric bool
}

// readMerged looks for merged cells in a sheet that is small enough to be read twice.
func readMerged(f *zip.File) (*mergedCells, error) {
	m := &mergedCells{}
	if f.UncompressedSize64 > maxMergedPart {
		return m, nil
	}
	r, x, err := openPart(f, maxMergedPart)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		tok, err := x.next()
		if err != nil { // what is wrong with the sheet is found when its rows are read
			break
		}
		if tok.kind != xmlStart || string(tok.name) != "mergeCell" || len(m.ranges) >= maxMerged {
			continue
		}
		from, to, ok := strings.Cut(string(tok.attr("ref")), ":")
		first, ok1 := rowOf(from)
		last, ok2 := rowOf(to)
		column, ok3 := columnOf([]byte(from))
		if ok && ok1 && ok2 && ok3 && last > first && column < maxColumns {
			m.ranges = append(m.ranges, mergedRange{first, last, column})
		}
	}
	m.sort()
	return m, nil
}

func (m *mergedCells) sort() {
	slices.SortStableFunc(m.ranges, func(a, b mergedRange) int { return a.first - b.first })
}

// rowOf reads the row of a cell reference such as AB12.
func rowOf(ref string) (int, bool) {
	ref = strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return atoi(ref), digits(ref) && len(ref) < 8
}

// fill puts the values of merged cells into the row, which has values of its own, and remembers those that begin in
// it. Rows must be given in order; blank ones may be left out.
func (m *mergedCells) fill(row uint32, cells [][]byte, numeric []bool) ([][]byte, []bool) {
	if len(m.ranges) == 0 {
		return cells, numeric
	}
	m.open = slices.DeleteFunc(m.open, func(o openRange) bool { return o.last < int(row) })
	for _, o := range m.open {
		for len(cells) <= o.column {
			cells, numeric = append(cells, nil), append(numeric, false)
		}
		if blank(cells[o.column]) {
			cells[o.column], numeric[o.column] = o.text, o.numeric
		}
	}
	for ; m.next < len(m.ranges) && m.ranges[m.next].first <= int(row); m.next++ {
		r := m.ranges[m.next]
		if r.first == int(row) && r.column < len(cells) && !blank(cells[r.column]) {
			m.open = append(m.open, openRange{r, slices.Clone(cells[r.column]), numeric[r.column]})
		}
	}
	return cells, numeric
}
