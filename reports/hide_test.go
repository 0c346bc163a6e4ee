package reports

import (
	"testing"

	"pgregory.net/rapid"
)

// TestHideCells_NothingWorkedOut lists every table of counts that agrees with what is shown, and checks that each hidden cell
// has more than one value among them.
func TestHideCells_NothingWorkedOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows, columns := rapid.IntRange(1, 2).Draw(rt, "rows"), rapid.IntRange(2, 3).Draw(rt, "columns")
		least := float64(rapid.IntRange(2, 5).Draw(rt, "least"))
		cells := make([][]*cell, rows+1)
		for r := range cells {
			cells[r] = make([]*cell, columns+1)
			for c := range cells[r] {
				cells[r][c] = &cell{}
			}
		}
		for r := range rows {
			for c := range columns {
				n := float64(rapid.IntRange(0, 7).Draw(rt, "n"))
				for _, at := range []*cell{cells[r][c], cells[r][columns], cells[rows][c], cells[rows][columns]} {
					at.n += n
				}
			}
		}
		var sums []sum
		for r := range cells {
			sums = append(sums, sum{cells[r][:columns], cells[r][columns]})
		}
		for c := range columns + 1 {
			var parts []*cell
			for r := range rows {
				parts = append(parts, cells[r][c])
			}
			sums = append(sums, sum{parts, cells[rows][c]})
		}
		hideCells(sums, least)
		// From each hidden cell on, look for another table in which it differs and all that is shown is the same.
		inner := rows * columns
		at := func(i int) *cell { return cells[i/columns][i%columns] }
		values := make([]int, inner)
		sumsOf := func() [][]int {
			all := make([][]int, rows+1)
			for r := range all {
				all[r] = make([]int, columns+1)
			}
			for i, v := range values {
				r, c := i/columns, i%columns
				all[r][c], all[r][columns], all[rows][c], all[rows][columns] = v, all[r][columns]+v, all[rows][c]+v, all[rows][columns]+v
			}
			return all
		}
		var differs func(i, row, column int) bool
		differs = func(i, row, column int) bool {
			if i > 0 && i%columns == 0 { // a row is complete
				if total := cells[i/columns-1][columns]; !total.hidden && sumsOf()[i/columns-1][columns] != int(total.n) {
					return false
				}
			}
			if i == inner {
				all := sumsOf()
				for r := range all {
					for c, v := range all[r] {
						if x := cells[r][c]; !x.hidden && v != int(x.n) {
							return false
						}
					}
				}
				return all[row][column] != int(cells[row][column].n)
			}
			truth := int(at(i).n)
			for step := range 15 { // the true number first, then those around it
				v := truth + (step+1)/2*(1-2*(step%2))
				if v < 0 || step > 0 && !at(i).hidden {
					continue
				}
				values[i] = v
				if differs(i+1, row, column) {
					return true
				}
			}
			return false
		}
		for r := range cells {
			for c, x := range cells[r] {
				if x.n >= 1 && x.n < least && !x.hidden {
					rt.Fatalf("a count of %v is shown under %v", x.n, least)
				}
				if x.hidden && !differs(0, r, c) {
					rt.Fatalf("a hidden cell of %v can be worked out", x.n)
				}
			}
		}
	})
}

func TestHideCells_ShowsWhatItCan(t *testing.T) {
	a, b, c, total := &cell{n: 2}, &cell{n: 30}, &cell{n: 40}, &cell{n: 72}
	hideCells([]sum{{[]*cell{a, b, c}, total}}, 5)
	if !a.hidden || !b.hidden || c.hidden || total.hidden {
		t.Errorf("hidden are %v %v %v %v, want the small one and the smallest other", a.hidden, b.hidden, c.hidden, total.hidden)
	}
}

// TestSituation_HidesFewTownships checks that townships far from small counts stay, where two hidden ones are enough.
func TestSituation_HidesFewTownships(t *testing.T) {
	s := fullSituation(t, KindQuarterly, "2026Q3")
	s.Readings, s.Places = s.Readings[:1], s.Places[:6]
	total := Value{D: number(0)}
	for i, n := range []float64{22, 14, 61, 16, 56, 76} {
		d := n + []float64{2, 6, 9, 9, 8, 12}[i]
		s.Places[i].Readings = []PlaceReading{{Indicator: "T1", Value: Value{N: n, D: number(d), Value: number(n / d)}}}
		total.N, *total.D = total.N+n, *total.D+d
	}
	total.Value = number(total.N / *total.D)
	s.Readings[0].Value, s.Readings[0].History, s.Readings[0].Steps = total, nil, nil
	s.Hide(5)
	var hidden []int
	for i, p := range s.Places {
		if p.Readings[0].Value.Hidden {
			hidden = append(hidden, i)
		}
	}
	if len(hidden) != 2 || hidden[0] != 0 || s.Readings[0].Value.Hidden {
		t.Errorf("hidden are the townships %v, the city %v; want the first, one more, and the city shown", hidden, s.Readings[0].Value.Hidden)
	}
}
