package reports

import (
	"math"
	"slices"
)

// cell is a count in a table that is known to add up.
type cell struct {
	n      float64
	hidden bool
}

// sum is a sum that readers know: the parts make the total.
type sum struct {
	parts []*cell
	total *cell
}

func (s sum) cells() []*cell { return append(slices.Clone(s.parts), s.total) }

// hideCells hides the counts from 1 to below least and as many others as it takes until no hidden cell can be worked out of
// the sums: neither by solving them for it, nor because the cells of a sum cannot be negative. The smallest other count of
// a sum goes first, a zero or a total only where nothing else is left.
func hideCells(sums []sum, least float64) {
	for _, s := range sums {
		for _, c := range s.cells() {
			c.hidden = c.hidden || c.n >= 1 && c.n < least
		}
	}
	for {
		known := workedOut(sums)
		if known == nil {
			return
		}
		var next *cell
		for _, s := range sums { // a sum with one hidden cell gives it away
			n := 0
			for _, c := range s.cells() {
				if c.hidden {
					n++
				}
			}
			if next == nil && n == 1 && len(s.parts) > 1 {
				next = partner([]sum{s}, func(sum) bool { return true })
			}
		}
		if next == nil {
			next = partner(sums, func(s sum) bool { return slices.Contains(s.cells(), known) })
		}
		if next == nil {
			next = partner(sums, func(s sum) bool { return slices.ContainsFunc(s.cells(), func(c *cell) bool { return c.hidden }) })
		}
		if next == nil {
			return // everything that hangs together is hidden
		}
		next.hidden = true
	}
}

// partner is the cell to hide beside those of the chosen sums, nil where none is left.
func partner(sums []sum, chosen func(sum) bool) *cell {
	var best *cell
	rank := func(c *cell, total bool) float64 {
		switch {
		case total:
			return 2e15 + c.n
		case c.n == 0:
			return 1e15
		}
		return c.n
	}
	lowest := math.Inf(1)
	for _, s := range sums {
		if !chosen(s) {
			continue
		}
		for i, c := range s.cells() {
			if r := rank(c, i == len(s.parts)); !c.hidden && r < lowest {
				best, lowest = c, r
			}
		}
	}
	return best
}

// workedOut returns a hidden cell whose value follows from what is shown, nil where none does.
func workedOut(sums []sum) *cell {
	var unknown []*cell
	at := map[*cell]int{}
	for _, s := range sums {
		for _, c := range s.cells() {
			if _, ok := at[c]; c.hidden && !ok {
				at[c] = len(unknown)
				unknown = append(unknown, c)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	rows := make([][]float64, 0, len(sums)) // coefficients of the unknown cells, then the constant
	for _, s := range sums {
		row := make([]float64, len(unknown)+1)
		add := func(c *cell, sign float64) {
			if i, ok := at[c]; ok {
				row[i] += sign
			} else {
				row[len(unknown)] -= sign * c.n
			}
		}
		for _, c := range s.parts {
			add(c, 1)
		}
		add(s.total, -1)
		rows = append(rows, row)
	}
	if i := bounded(rows, len(unknown)); i >= 0 {
		return unknown[i]
	}
	if i := solved(rows, len(unknown)); i >= 0 {
		return unknown[i]
	}
	return nil
}

// bounded returns an unknown for which only one whole number is left when none is negative, -1 for none.
func bounded(rows [][]float64, n int) int {
	low, high := make([]float64, n), make([]float64, n)
	for i := range high {
		high[i] = math.Inf(1)
	}
	for again := true; again; {
		again = false
		for _, row := range rows {
			for i := range n {
				if row[i] == 0 {
					continue
				}
				// row[i]·x = constant − the others
				least, most := row[n], row[n]
				for k := range n {
					switch {
					case k == i || row[k] == 0:
					case row[k] > 0:
						least, most = least-row[k]*high[k], most-row[k]*low[k]
					default:
						least, most = least-row[k]*low[k], most-row[k]*high[k]
					}
				}
				if row[i] < 0 {
					least, most = -most, -least
				}
				if least > low[i]+1e-9 {
					low[i], again = least, true
				}
				if most < high[i]-1e-9 {
					high[i], again = most, true
				}
			}
		}
	}
	for i := range n {
		if high[i]-low[i] < 1-1e-9 {
			return i
		}
	}
	return -1
}

// solved returns an unknown that the sums have one solution for, -1 for none.
func solved(rows [][]float64, n int) int {
	m := make([][]float64, len(rows))
	for i, row := range rows {
		m[i] = slices.Clone(row[:n])
	}
	top := 0
	for column := range n {
		pivot := -1
		for i := top; i < len(m); i++ {
			if math.Abs(m[i][column]) > 1e-9 {
				pivot = i
				break
			}
		}
		if pivot < 0 {
			continue
		}
		m[top], m[pivot] = m[pivot], m[top]
		for i := range m {
			if i == top || math.Abs(m[i][column]) < 1e-9 {
				continue
			}
			f := m[i][column] / m[top][column]
			for k := column; k < n; k++ {
				m[i][k] -= f * m[top][k]
			}
		}
		top++
	}
	for _, row := range m[:top] {
		only := -1
		for k, x := range row {
			if math.Abs(x) > 1e-9 {
				if only >= 0 {
					only = -2
					break
				}
				only = k
			}
		}
		if only >= 0 {
			return only
		}
	}
	return -1
}

// Hide takes small counts out of a report for readers who have no right to them: counts from 1 to below least, and what would
// give them away. Names of persons and employers go as well: the single warnings and the lists behind the gaps. It must come
// before the words, so that no sentence, chart, table or file holds what is hidden.
func (s *Situation) Hide(least int) {
	s.Least = least
	s.Warnings, s.Gaps = slices.Clone(s.Warnings), nil
	for i, x := range s.Warnings { // what is left is enough to count them
		s.Warnings[i] = Warning{Rule: x.Rule, Severity: x.Severity, New: x.New, Open: x.Open, State: x.State}
	}
	for i := range s.Readings {
		s.hideReading(i, float64(least))
	}
	for i := range s.Surveillance {
		x := &s.Surveillance[i]
		hideAlone(x.Unit, float64(least), &x.Value)
		hidePoints(x.Unit, float64(least), x.History, x.Steps)
		if x.Value.Hidden {
			x.Gap, x.Missing = nil, 0
		}
	}
	for i := range s.ShortDust {
		hidePoints("share", float64(least), s.ShortDust[i].Points)
	}
	s.hideCases(float64(least))
	s.rankPlaces()
	for i := range s.Projections {
		x := &s.Projections[i]
		if r := s.reading(x.Indicator); r == nil || r.Value.Hidden || x.Unit == "count" && x.Projected.Value != nil && *x.Projected.Value < float64(least) {
			x.Projected, x.Probability = Value{Hidden: true}, nil
		}
	}
	s.hideDose(float64(least))
	for i := range s.Revision.Changes {
		x := &s.Revision.Changes[i]
		hideAlone(x.Unit, float64(least), &x.Before)
		hideAlone(x.Unit, float64(least), &x.After)
	}
}

// hideReading hides small counts of one reading in the city and all its townships: numerators, what they lack of the
// denominator, and denominators, which add up in both directions.
func (s *Situation) hideReading(i int, least float64) {
	x := &s.Readings[i]
	values := []*Value{&x.Value}
	for k := range s.Places {
		values = append(values, &s.Places[k].Readings[i].Value)
	}
	var sums []sum
	columns := [3]sum{}
	cells := make([][3]*cell, len(values))
	for k, v := range values {
		if v.Value == nil && v.D == nil && v.N == 0 {
			continue
		}
		n, rest, d := &cell{n: v.N}, &cell{}, &cell{n: v.N}
		if v.D != nil {
			rest.n, d.n = *v.D-v.N, *v.D
		}
		cells[k] = [3]*cell{n, rest, d}
		sums = append(sums, sum{[]*cell{n, rest}, d})
		for c, one := range cells[k] {
			if k == 0 && s.Area.Code == "" {
				columns[c].total = one
			} else if k > 0 {
				columns[c].parts = append(columns[c].parts, one)
			}
		}
	}
	for _, column := range columns {
		if column.total != nil && len(column.parts) > 0 {
			sums = append(sums, column)
		}
	}
	// A value goes as a whole, so that its own sum never needs another place's; then the smallest other places, the city last.
	// Zeros count as known: they are nobody's.
	hide := func(c [3]*cell) {
		for _, one := range c {
			one.hidden = one.n > 0
		}
	}
	for _, c := range cells {
		if slices.ContainsFunc(c[:], func(one *cell) bool { return one != nil && one.n >= 1 && one.n < least }) {
			hide(c)
		}
	}
	for workedOut(sums) != nil {
		next := -1
		for k, c := range cells {
			if c[2] != nil && !c[2].hidden && c[2].n > 0 && (next < 1 || c[2].n < cells[next][2].n) {
				next = k
			}
		}
		if next < 0 {
			break
		}
		hide(cells[next])
	}
	for k, v := range values {
		if c := cells[k]; c[0] != nil && (c[0].hidden || c[1].hidden || c[2].hidden) {
			*v = Value{Hidden: true}
			if k == 0 {
				x.Gap, x.Missing = nil, 0
			} else {
				s.Places[k-1].Readings[i].Gap = nil
			}
		}
	}
	hidePoints(x.Unit, least, x.History, x.Steps)
	for _, list := range [][]Point{x.History, x.Steps} {
		for k := range list {
			if list[k].Period == s.Period {
				list[k].Value = x.Value
			}
		}
	}
}

// hideCases hides small counts of new cases: the steps of a year add up to it where all of them are shown.
func (s *Situation) hideCases(least float64) {
	var sums []sum
	cells := map[*Value]*cell{}
	of := func(v *Value) *cell {
		if cells[v] == nil {
			cells[v] = &cell{n: v.N, hidden: v.Hidden}
		}
		return cells[v]
	}
	for i := range s.CasesByYear {
		year := &s.CasesByYear[i]
		one := sum{total: of(&year.Value)}
		for k := range s.CasesByStep {
			if step := &s.CasesByStep[k]; step.Period != year.Period && step.Period.Start.Year() == year.Period.Start.Year() {
				one.parts = append(one.parts, of(&step.Value))
			}
		}
		sums = append(sums, sum{parts: []*cell{one.total}, total: one.total}) // a sum of its own, so that it is looked at
		if len(one.parts) > 0 {
			sums = append(sums, one)
		}
	}
	for k := range s.CasesByStep {
		c := of(&s.CasesByStep[k].Value)
		sums = append(sums, sum{parts: []*cell{c}, total: c})
	}
	if r := s.reading("T7"); r != nil && r.Value.Hidden {
		for _, list := range [][]Point{s.CasesByYear, s.CasesByStep} {
			for k := range list {
				if list[k].Period == s.Period {
					of(&list[k].Value).hidden = true
				}
			}
		}
	}
	hideCells(sums, least)
	for v, c := range cells {
		if c.hidden {
			*v = Value{Hidden: true}
		}
	}
}

// hideDose hides small bands of the doses, and the highest dose, which is one person's.
func (s *Situation) hideDose(least float64) {
	d := s.Dose
	if d == nil {
		return
	}
	d.Max, d.Hidden = nil, make([]bool, len(d.Counts))
	total := &cell{n: float64(d.Monitored)}
	one := sum{total: total}
	for _, n := range d.Counts {
		one.parts = append(one.parts, &cell{n: float64(n)})
	}
	hideCells([]sum{one}, least)
	for i, c := range one.parts {
		if d.Hidden[i] = c.hidden; c.hidden {
			d.Counts[i] = 0
		}
	}
	if total.hidden {
		s.Dose = nil
	}
}

// hideAlone hides a value that adds up with no other.
func hideAlone(unit string, least float64, v *Value) {
	small := func(n float64) bool { return n >= 1 && n < least }
	switch {
	case v.D != nil && small(*v.D), unit == "count" && small(v.N),
		unit != "mean" && unit != "median" && unit != "sum" && v.D != nil && (small(v.N) || small(*v.D-v.N)):
		*v = Value{Hidden: true}
	}
}

func hidePoints(unit string, least float64, lists ...[]Point) {
	for _, list := range lists {
		for i := range list {
			hideAlone(unit, least, &list[i].Value)
			if list[i].Value.Hidden {
				list[i].Missing = 0
			}
		}
	}
}
