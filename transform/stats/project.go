package stats

import (
	"errors"
	"math"
)

// Course is one share read at the end of every month, oldest first; the first month is a January. NaN is no reading.
type Course struct {
	Covered []float64 // units of the numerator
	Units   []float64 // units of the denominator
}

// ProjectionMethod says how the change until the end of the year is foreseen.
type ProjectionMethod string

// The methods.
const (
	SameMonths   ProjectionMethod = "same_months"    // the mean change over the same stretch of up to five earlier years
	LikeLastYear ProjectionMethod = "like_last_year" // the change over the same stretch of the last year
	PresentSpeed ProjectionMethod = "present_speed"  // the speed of the last twelve months goes on
	YearEnds     ProjectionMethod = "year_ends"      // the last year's end, and the mean step between up to three year ends before it
	NoChange     ProjectionMethod = "no_change"      // the reading stays as it is
)

// Projection is where a share will stand at the end of the year.
type Projection struct {
	Share   float64 // median
	Lower   float64 // limits of the interval; NaN with too short a history
	Upper   float64
	Covered float64 // median, in units
	Meets   float64 // probability that the target is met; NaN with too short a history
	Method  ProjectionMethod
	Years   int // earlier years whose errors make the interval
}

// ErrShortHistory is returned when fewer than two earlier years tell how wrong a projection may be.
var ErrShortHistory = errors.New("the history is too short for a projection")

const (
	projectionYears = 5 // of earlier years whose changes are averaged
	projectionSteps = 3 // steps between year ends that are averaged
	projectionLeast = 2 // errors of earlier years that an interval needs
)

// projectionMethods in the order in which they are preferred when they come equally close.
var projectionMethods = [...]ProjectionMethod{SameMonths, LikeLastYear, PresentSpeed, YearEnds, NoChange}

// ProjectYearEnd foresees the shares of a city (courses[0]) and its parts (the others) at the end of year (0 is the first
// of the courses), read at month of it: 0 is the end of January, 9.5 the middle of November. target is a share, and level
// the coverage of the interval. Nothing from after that moment is looked at.
//
// Changes are taken on the scale of the empirical logit log((n+½)/(d−n+½)) (Cox & Snell, Analysis of Binary Data, 1989,
// 2.1.6), on which a share can't leave 0 to 1. Of five methods that are wrong in different ways the one is used whose
// projections of the earlier years, each made from what lay before it, came closest in the mean: one for the city, one for all
// its parts. The interval and the probability come from
// these same errors, not from a model's assumption: Student's t with as many degrees of freedom as there are earlier
// years, and the variance V + κ/d, where V is the mean square of the city's errors, and κ what the errors of its parts
// have above it, in proportion to one over their units. A part's own mean change is drawn towards the city's by how little its years
// agree. The first year of the courses is no earlier year: registers fill up in it.
//
// The share that meets the target is the whole number of units that it asks for, with a correction for continuity.
//
// The answer has one Projection for each course; its Share is NaN without a present reading. ErrShortHistory comes with
// medians, but without intervals.
func ProjectYearEnd(courses []Course, year int, month, target, level float64) ([]Projection, error) {
	p := newProjector(courses, year)
	return p.project(year, month, target, level)
}

// projector keeps the logits of the courses.
type projector struct {
	courses []Course
	running int // year in which the last reading is that of the moment itself, not of the end of its month
	logits  [][]float64
}

func newProjector(courses []Course, running int) *projector {
	p := &projector{courses: courses, running: running, logits: make([][]float64, len(courses))}
	for a, c := range courses {
		p.logits[a] = make([]float64, len(c.Units))
		for t := range c.Units {
			p.logits[a][t] = empiricalLogit(c.Covered[t], c.Units[t])
		}
	}
	return p
}

// empiricalLogit is NaN without units.
func empiricalLogit(n, d float64) float64 {
	if !(d > 0) {
		return math.NaN()
	}
	n = math.Min(n, d)
	return math.Log((n + 0.5) / (d - n + 0.5))
}

// fromLogit is the number of covered units of d with that empirical logit, 0 to d.
func fromLogit(logit, d float64) float64 {
	return math.Min(d, math.Max(0, (d+1)/(1+math.Exp(-logit))-0.5))
}

// at reads a course at a month of a year, between the ends of months by interpolation; in January, when readings by the
// year begin anew, its end is taken.
func (p *projector) at(a, year int, month float64) float64 {
	if year < 0 {
		return math.NaN()
	}
	t := float64(12*year) + math.Max(0, month)
	low := int(math.Floor(t))
	part := t - float64(low)
	if part > 0 && year == p.running {
		low, part = low+1, 0
	}
	if low >= len(p.logits[a]) {
		return math.NaN()
	}
	if part == 0 {
		return p.logits[a][low]
	}
	if low+1 >= len(p.logits[a]) {
		return math.NaN()
	}
	return p.logits[a][low]*(1-part) + p.logits[a][low+1]*part
}

// end is the reading at the end of a year.
func (p *projector) end(a, year int) float64 { return p.at(a, year, 11) }

// units is the denominator at a month of a year.
func (p *projector) units(a, year int, month float64) float64 {
	t := 12*year + int(math.Ceil(math.Max(0, month)))
	if t >= len(p.courses[a].Units) {
		t = len(p.courses[a].Units) - 1
	}
	if year < 0 || t < 0 {
		return math.NaN()
	}
	return p.courses[a].Units[t]
}

// change foresees by a method how much the logit of each course changes until the end of the year, from what lies before
// that year and the readings of the moment.
func (p *projector) change(method ProjectionMethod, year int, month float64) []float64 {
	changes := make([]float64, len(p.courses))
	switch method {
	case PresentSpeed:
		for a := range changes {
			changes[a] = (p.at(a, year, month) - p.at(a, year-1, month)) * (11 - math.Max(0, month)) / 12
		}
	case LikeLastYear:
		for a := range changes {
			changes[a] = p.end(a, year-1) - p.at(a, year-1, month)
		}
	case YearEnds:
		for a := range changes {
			changes[a] = p.end(a, year-1) + p.meanStep(a, year) - p.at(a, year, month)
		}
	case SameMonths:
		p.meanChange(changes, year, month)
	}
	return changes
}

// meanStep is the mean step of a course between the ends of the years before a year, 0 with one such year.
func (p *projector) meanStep(a, year int) float64 {
	var steps []float64
	for y := year - 1; y >= 2 && y >= year-projectionSteps; y-- {
		if step := p.end(a, y) - p.end(a, y-1); !math.IsNaN(step) {
			steps = append(steps, step)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	return mean(steps)
}

// meanChange fills in the mean changes of the earlier years, those of parts drawn towards the city's.
func (p *projector) meanChange(changes []float64, year int, month float64) {
	n := make([]float64, len(changes))
	spread := make([]float64, len(changes)) // variance of a year's change around the course's mean
	for a := range changes {
		var all []float64
		for y := year - 1; y >= 1 && y >= year-projectionYears; y-- {
			if c := p.end(a, y) - p.at(a, y, month); !math.IsNaN(c) {
				all = append(all, c)
			}
		}
		n[a], changes[a] = float64(len(all)), mean(all)
		for _, c := range all {
			spread[a] += (c - changes[a]) * (c - changes[a])
		}
	}
	// Within a part the variance of a change is κ/d; between parts the means differ by more than that, or do not.
	var scaled, free float64
	for a := 1; a < len(changes); a++ {
		if d := p.units(a, year, month); n[a] > 1 && d > 0 {
			scaled += spread[a] * d
			free += n[a] - 1
		}
	}
	kappa := scaled / free
	var between, parts float64
	for a := 1; a < len(changes); a++ {
		if d := p.units(a, year, month); n[a] > 0 && d > 0 && free > 0 {
			between += (changes[a]-changes[0])*(changes[a]-changes[0]) - kappa/d/n[a]
			parts++
		}
	}
	between = math.Max(0, between/math.Max(1, parts))
	for a := 1; a < len(changes); a++ {
		d := p.units(a, year, month)
		switch {
		case n[a] == 0 || !(free > 0) || !(d > 0):
			changes[a] = changes[0]
		default:
			weight := 0.0
			if between > 0 {
				weight = between / (between + kappa/d/n[a])
			}
			changes[a] = weight*changes[a] + (1-weight)*changes[0]
		}
	}
}

// projectionErrors are what a method got wrong in earlier years.
type projectionErrors struct {
	city  []float64 // on the logit scale
	parts []float64 // on the logit scale and units, in turn
	// Mean absolute errors of the shares; NaN without any.
	cityShare, partShare float64
}

func (p *projector) errors(method ProjectionMethod, year int, month float64) projectionErrors {
	var e projectionErrors
	for y := 2; y < year; y++ { // the first year is left out, the second has none before it
		changes := p.change(method, y, month)
		for a := range p.courses {
			now, end, d := p.at(a, y, month), p.end(a, y), p.units(a, y, month)
			wrong := end - now - changes[a]
			if math.IsNaN(wrong) || !(d > 0) {
				continue
			}
			share := math.Abs(fromLogit(end, d)-fromLogit(now+changes[a], d)) / d
			if a == 0 {
				e.city = append(e.city, wrong)
				e.cityShare += share
			} else {
				e.parts = append(e.parts, wrong, d)
				e.partShare += share
			}
		}
	}
	e.cityShare /= float64(len(e.city))
	e.partShare /= float64(len(e.parts) / 2)
	return e
}

// variance of an error of a course with d units; for the city d is infinite.
func (e projectionErrors) variance(d float64) float64 {
	var common float64
	for _, w := range e.city {
		common += w * w / float64(len(e.city))
	}
	if math.IsInf(d, 1) {
		return common
	}
	var kappa float64
	for i := 0; i < len(e.parts); i += 2 {
		kappa += (e.parts[i]*e.parts[i] - common) * e.parts[i+1] / float64(len(e.parts)/2)
	}
	return common + math.Max(0, kappa)/d
}

func (p *projector) project(year int, month, target, level float64) ([]Projection, error) {
	var wrong [len(projectionMethods)]projectionErrors
	city, part := len(wrong)-1, len(wrong)-1 // NoChange, as long as nothing is known
	for k, m := range projectionMethods {
		wrong[k] = p.errors(m, year, month)
	}
	for k := len(wrong) - 1; k >= 0; k-- {
		if !(wrong[k].cityShare > wrong[city].cityShare) && !math.IsNaN(wrong[k].cityShare) {
			city = k
		}
		if !(wrong[k].partShare > wrong[part].partShare) && !math.IsNaN(wrong[k].partShare) {
			part = k
		}
	}
	known := len(wrong[city].city) >= projectionLeast
	changes := [2][]float64{p.change(projectionMethods[city], year, month), p.change(projectionMethods[part], year, month)}
	all := make([]Projection, len(p.courses))
	for a := range all {
		k, own, size := part, changes[1], p.units(a, year, month)
		if a == 0 {
			k, own, size = city, changes[0], math.Inf(1)
		}
		past := wrong[k]
		now, d := p.at(a, year, month), p.units(a, year, month)
		q := Projection{
			Share: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Covered: math.NaN(), Meets: math.NaN(),
			Method: projectionMethods[k], Years: len(past.city),
		}
		if median := now + own[a]; d > 0 && !math.IsNaN(median) {
			q.Covered = fromLogit(median, d)
			q.Share = q.Covered / d
			if known && len(past.city) >= projectionLeast {
				sd, df := math.Sqrt(past.variance(size)), float64(len(past.city))
				wide := studentQuantile((1+level)/2, df) * sd
				q.Lower, q.Upper = fromLogit(median-wide, d)/d, fromLogit(median+wide, d)/d
				q.Meets = meeting(median, sd, df, target, d)
			}
		}
		all[a] = q
	}
	if !known {
		return all, ErrShortHistory
	}
	return all, nil
}

// meeting is the probability that the covered units reach the whole number that the target asks for.
func meeting(median, sd, df, target, d float64) float64 {
	need := math.Ceil(target*d - 1e-9)
	if need <= 0 {
		return 1
	}
	bound := math.Log(need / (d - need + 1)) // the empirical logit of need − ½ units
	if sd == 0 {
		if median >= bound {
			return 1
		}
		return 0
	}
	return studentUpper((bound-median)/sd, df)
}

// ProjectionBacktest says how wrong projections made at one moment of earlier years were.
type ProjectionBacktest struct {
	N        int     // projections that were compared
	Error    float64 // mean absolute error of the shares
	Coverage float64 // share of the intervals that held the true one
	Brier    float64 // mean square of probability less outcome of meeting the target
}

// BacktestYearEnd projects every earlier year at the same moment, from what lay before it, and compares with how it ended: the
// city alone, and its parts together. Years without enough before them are left out; N is 0 if all are.
func BacktestYearEnd(courses []Course, year int, month, target, level float64) (city, parts ProjectionBacktest) {
	p := newProjector(courses, year)
	for y := 2; y < year; y++ {
		all, err := p.project(y, month, target, level)
		if err != nil {
			continue
		}
		for a, q := range all {
			end, d := p.end(a, y), p.units(a, y, 11)
			if math.IsNaN(end) || math.IsNaN(q.Meets) || !(d > 0) {
				continue
			}
			covered := p.courses[a].Covered[12*y+11]
			truth := math.Min(1, covered/d)
			b := &city
			if a > 0 {
				b = &parts
			}
			b.Add(q.Share, q.Lower, q.Upper, q.Meets, truth, covered >= target*d-1e-9)
		}
	}
	return city.Mean(), parts.Mean()
}

// Add counts one projection: its median, interval and probability, and how it came out.
func (b *ProjectionBacktest) Add(median, lower, upper, probability, value float64, met bool) {
	b.N++
	b.Error += math.Abs(median - value)
	if value >= lower-1e-9 && value <= upper+1e-9 {
		b.Coverage++
	}
	outcome := 0.0
	if met {
		outcome = 1
	}
	b.Brier += (probability - outcome) * (probability - outcome)
}

// Mean turns the sums that Add has made into means; they are NaN without any.
func (b ProjectionBacktest) Mean() ProjectionBacktest {
	n := float64(b.N)
	return ProjectionBacktest{N: b.N, Error: b.Error / n, Coverage: b.Coverage / n, Brier: b.Brier / n}
}
