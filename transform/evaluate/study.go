package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// classes are the mean numbers of cases a week that are studied: from one a year to 50 a week.
func classes() []float64 { return []float64{0.02, 0.1, 0.3, 1, 3, 10, 50} }

// Row is how well a method with one setting does on series of one size.
type Row struct {
	Background  string   `json:"background"`
	Expected    float64  `json:"expected"` // cases a week
	Method      string   `json:"method"`
	Level       float64  `json:"level"`        // alpha, or mean weeks between false alarms of a CUSUM
	FalseAlarms float64  `json:"false_alarms"` // warnings a year in a series without an event
	Found       []Cell   `json:"found"`        // by shape, in the order of Report.Shapes
	Sensitivity float64  `json:"sensitivity"`  // mean of the shapes
	Delay       *float64 `json:"delay"`        // median of all found events, in weeks; null if none was found
	Predictive  float64  `json:"predictive"`   // share of the warnings that are true ones
	Allowed     bool     `json:"allowed"`      // FalseAlarms are within the limit
}

// Cell is what a method does with events of one shape.
type Cell struct {
	Events      int      `json:"events"`
	Sensitivity float64  `json:"sensitivity"` // share found by an alarm that would not have come without the event
	Delay       *float64 `json:"delay"`       // median weeks from the first week of the event to its alarm; null if none was found
}

// tally counts whole numbers only, so that the order of adding up does not matter.
type tally struct {
	falseAlarms int
	found       [][]int // by shape: events by delay in weeks, the last those that were not found
}

func newTally(shapes []Shape) tally {
	t := tally{found: make([][]int, len(shapes))}
	for i, s := range shapes {
		t.found[i] = make([]int, s.Weeks+graceWeeks+1)
	}
	return t
}

func (t *tally) add(other tally) {
	t.falseAlarms += other.falseAlarms
	for i, delays := range other.found {
		for d, n := range delays {
			t.found[i][d] += n
		}
	}
}

// study runs every method on series of every background and class.
func study(ctx context.Context, backgrounds []Background, opt Options) ([]Row, error) {
	all, kinds, sizes := methods(), shapes(), classes()
	cells := len(backgrounds) * len(sizes)
	tallies := make([][][]tally, cells) // background and class, method, level
	for c := range tallies {
		tallies[c] = make([][]tally, len(all))
		for m := range all {
			for range all[m].levels {
				tallies[c][m] = append(tallies[c][m], newTally(kinds))
			}
		}
	}
	var lock sync.Mutex
	if err := each(ctx, cells*opt.Series, opt.Workers, func(_ context.Context, unit int) error {
		cell, series := unit%cells, unit/cells
		p, mean := backgrounds[cell/len(sizes)], sizes[cell%len(sizes)]
		own, err := p.oneSeries(newDice(opt.Seed, "series "+p.Name, cell%len(sizes), series), mean, all, kinds)
		if err != nil {
			return fmt.Errorf("%s series %d with %v cases a week: %w", p.Name, series+1, mean, err)
		}
		lock.Lock()
		defer lock.Unlock()
		for m := range own {
			for l := range own[m] {
				tallies[cell][m][l].add(own[m][l])
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	var rows []Row
	years := float64(opt.Series) * studyWeeks / weeksOfYear
	for cell := range tallies {
		for m := range all {
			mean := sizes[cell%len(sizes)]
			if !all[m].fits(mean) {
				continue
			}
			for l, level := range all[m].levels {
				row := tallies[cell][m][l].row(years, opt)
				row.Background, row.Expected, row.Method, row.Level = backgrounds[cell/len(sizes)].Name, mean, all[m].name, level
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// oneSeries simulates one series and an event of every shape in it, one at a time, and runs every method.
func (p Background) oneSeries(r dice, mean float64, all []method, kinds []Shape) ([][]tally, error) {
	counts, exposure := p.draw(r, mean)
	if !p.Known {
		exposure = nil
	}
	type planted struct {
		counts     []float64
		begin, end int
	}
	events := make([]planted, len(kinds))
	for i, s := range kinds {
		own := slices.Clone(counts)
		begin, end := p.plant(r, s, mean, own)
		events[i] = planted{own, begin, end}
	}
	out := make([][]tally, len(all))
	for m, method := range all {
		if !method.fits(mean) {
			continue
		}
		quiet, err := method.alarms(counts, exposure, historyWeeks, seriesWeeks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method.name, err)
		}
		out[m] = make([]tally, len(method.levels))
		for l := range out[m] {
			out[m][l] = newTally(kinds)
			out[m][l].falseAlarms = episodes(quiet[l])
		}
		for i, e := range events {
			from := historyWeeks // a CUSUM remembers from there on
			if method.byP() {
				from = e.begin
			}
			alarms, err := method.alarms(e.counts, exposure, from, e.end)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", method.name, err)
			}
			for l := range out[m] {
				out[m][l].found[i][firstNew(alarms[l], quiet[l], from, e.begin, e.end)]++
			}
		}
	}
	return out, nil
}

// firstNew is how many weeks after begin the first alarm comes that would not have come without the event; end − begin
// if there is none.
func firstNew(alarm, quiet []bool, from, begin, end int) int {
	for week := begin; week < end; week++ {
		if alarm[week-from] && !quiet[week-historyWeeks] {
			return week - begin
		}
	}
	return end - begin
}

// row turns counts into shares.
func (t tally) row(years float64, opt Options) Row {
	r := Row{FalseAlarms: float64(t.falseAlarms) / years}
	var all []int
	for _, delays := range t.found {
		missed := delays[len(delays)-1]
		events := missed
		for d, n := range delays[:len(delays)-1] {
			events += n
			for len(all) <= d {
				all = append(all, 0)
			}
			all[d] += n
		}
		cell := Cell{Events: events, Delay: medianDelay(delays[:len(delays)-1])}
		if events > 0 {
			cell.Sensitivity = float64(events-missed) / float64(events)
		}
		r.Found = append(r.Found, cell)
		r.Sensitivity += cell.Sensitivity / float64(len(t.found))
	}
	r.Delay = medianDelay(all)
	if found := opt.Events * r.Sensitivity; found > 0 {
		r.Predictive = found / (found + r.FalseAlarms)
	}
	r.Allowed = r.FalseAlarms <= opt.Limit
	return r
}

// medianDelay of events counted by delay; nil if there are none.
func medianDelay(byDelay []int) *float64 {
	n := 0
	for _, k := range byDelay {
		n += k
	}
	if n == 0 {
		return nil
	}
	at := func(rank int) float64 { // of the sorted delays, from 0
		for d, k := range byDelay {
			if rank < k {
				return float64(d)
			}
			rank -= k
		}
		return math.NaN()
	}
	median := (at((n-1)/2) + at(n/2)) / 2
	return &median
}
