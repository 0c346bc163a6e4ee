package stats

import "math"

// SmallCounts is a series of small counts.
type SmallCounts struct {
	Counts []float64 // one per period, missing ones NaN
	// Exposure is the opportunity of each period, in any unit: persons at work, the season, and for the newest periods
	// the share of the reports that has arrived. nil means the same for all.
	Exposure []float64
}

func (s SmallCounts) check() error {
	if len(s.Counts) == 0 {
		return argumentError("counts", "the series is empty")
	}
	if err := checkCounts("counts", s.Counts, true); err != nil {
		return err
	}
	var total float64
	for i, c := range s.Counts {
		switch {
		case math.IsNaN(c):
		case c != math.Floor(c):
			return argumentError("counts", "value %d is not a whole number (%v)", i+1, c)
		default:
			total += c
		}
	}
	if total > maxSeries {
		return argumentError("counts", "at most %d cases", maxSeries)
	}
	if s.Exposure == nil {
		return nil
	}
	if len(s.Exposure) != len(s.Counts) {
		return argumentError("exposure", "has %d values, counts has %d", len(s.Exposure), len(s.Counts))
	}
	if err := checkPositive("exposure", s.Exposure); err != nil {
		return err
	}
	if math.IsInf(sum(s.Exposure), 1) {
		return argumentError("exposure", "the sum is infinite")
	}
	return nil
}

// sums are running sums of cases and exposure, missing periods left out: those of the periods [a, b) are the
// differences of elements b and a.
type sums struct{ cases, exposure []float64 }

func (s SmallCounts) sums() sums {
	n := len(s.Counts)
	r := sums{make([]float64, n+1), make([]float64, n+1)}
	for i, c := range s.Counts {
		e := 1.0
		if s.Exposure != nil {
			e = s.Exposure[i]
		}
		if math.IsNaN(c) {
			c, e = 0, 0
		}
		r.cases[i+1], r.exposure[i+1] = r.cases[i]+c, r.exposure[i]+e
	}
	return r
}

func (s sums) between(a, b int) Exposed {
	return Exposed{s.cases[b] - s.cases[a], s.exposure[b] - s.exposure[a]}
}

// Past says which earlier periods a detector for small counts learns from.
type Past struct {
	Periods int // how many: several years, since few cases tell little
	Gap     int // newest periods before the evaluated window that are left out, so that an outbreak does not hide itself
}

func (p Past) check() error {
	switch {
	case p.Periods < 1 || p.Periods > maxSeries:
		return argumentError("baseline", "must be at least 1 period, got %d", p.Periods)
	case p.Gap < 0 || p.Gap > maxSeries:
		return argumentError("gap", "must not be negative, got %d", p.Gap)
	}
	return nil
}

// before returns the periods [a, b) to learn from for a window that begins at begin; b ≤ 0 if there are none.
func (p Past) before(begin int) (a, b int) {
	b = begin - p.Gap
	return max(0, b-p.Periods), b
}

// SmallCountPoint is the result of a detector for small counts at one point. Where a count or the whole past is
// missing, all numbers but Cases are NaN.
type SmallCountPoint struct {
	Window   int     // periods that were judged together, ending with the point
	Cases    float64 // in the window; NaN if the count of the point is missing
	Expected float64 // in the window
	Bound    float64 // largest number of cases in the window that would not alarm
	P        float64 // probability of so much when nothing has changed
	Alarm    bool
}

func missingPoint(window int, cases float64) SmallCountPoint {
	return SmallCountPoint{Window: window, Cases: cases, Expected: missing(), Bound: missing(), P: missing()}
}

// WindowTestOptions are the settings of WindowTest.
type WindowTestOptions struct {
	Window int // newest periods taken together, the evaluated one included
	Past   Past
	Test   CountTestOptions
	// EstimateDispersion sets the dispersion of the test at each period by DispersionOf the past.
	EstimateDispersion bool
}

// WindowTest compares, at each period of from:to, the cases of the newest periods with those of the past by a
// CountTest. A past shorter than asked for is used as it is; the tests that count its uncertainty then ask for more
// cases.
func WindowTest(s SmallCounts, from, to int, opt WindowTestOptions) ([]SmallCountPoint, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := opt.Past.check(); err != nil {
		return nil, err
	}
	if err := opt.Test.check(); err != nil {
		return nil, err
	}
	if opt.Window < 1 || opt.Window > maxSeries {
		return nil, argumentError("window", "must be at least 1 period, got %d", opt.Window)
	}
	if err := checkRange(len(s.Counts), from, to, opt.Window+opt.Past.Gap); err != nil {
		return nil, err
	}
	running := s.sums()
	points := make([]SmallCountPoint, to-from)
	for i := range points {
		end := from + i + 1
		begin := end - opt.Window
		a, b := opt.Past.before(begin)
		if opt.EstimateDispersion {
			opt.Test.Dispersion = s.dispersion(a, b)
		}
		points[i] = opt.Test.point(running.between(begin, end), running.between(a, b), opt.Window, math.IsNaN(s.Counts[end-1]))
	}
	return points, nil
}

// dispersion is DispersionOf the periods [a, b).
func (s SmallCounts) dispersion(a, b int) float64 {
	var counts, exposure []float64
	for i := a; i < b; i++ {
		if e := 1.0; !math.IsNaN(s.Counts[i]) {
			if s.Exposure != nil {
				e = s.Exposure[i]
			}
			counts, exposure = append(counts, s.Counts[i]), append(exposure, e)
		}
	}
	alpha, err := DispersionOf(counts, exposure)
	if err != nil { // nothing to learn from
		return 0
	}
	return alpha
}

// point is the test of a window as a SmallCountPoint.
func (opt CountTestOptions) point(window, past Exposed, periods int, isMissing bool) SmallCountPoint {
	switch {
	case isMissing:
		return missingPoint(periods, missing())
	case past.Exposure <= 0:
		return missingPoint(periods, window.Cases)
	}
	r := opt.test(window, past)
	return SmallCountPoint{Window: periods, Cases: window.Cases, Expected: r.Expected, Bound: r.Bound, P: r.P, Alarm: r.Alarm}
}

// TimeBetweenOptions are the settings of TimeBetween.
type TimeBetweenOptions struct {
	Events  int // the time that so many cases took is judged
	Past    Past
	Test    CountTestOptions // for the probability of so many cases in that time
	Longest int              // periods after which it is no longer looked for earlier cases; 0 means Past.Periods
}

// TimeBetween judges, at each period of from:to that has a case, how short the time was that the last Events cases
// took: a chart of the time between events for counts by period. r events came too soon exactly when too many came in
// that time, so the probability is that of a CountTest. Periods without a case do not alarm and have P 1.
//
// Xie, Goh & Ranjan, Reliab Eng Syst Saf 2002;77:143–50. For exact times of events see GapChart.
func TimeBetween(s SmallCounts, from, to int, opt TimeBetweenOptions) ([]SmallCountPoint, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := opt.Past.check(); err != nil {
		return nil, err
	}
	if err := opt.Test.check(); err != nil {
		return nil, err
	}
	if opt.Longest == 0 {
		opt.Longest = opt.Past.Periods
	}
	switch {
	case opt.Events < 1 || opt.Events > maxSeries:
		return nil, argumentError("events", "must be at least 1, got %d", opt.Events)
	case opt.Longest < 1 || opt.Longest > maxSeries:
		return nil, argumentError("longest", "must be at least 1 period, got %d", opt.Longest)
	}
	if err := checkRange(len(s.Counts), from, to, 1+opt.Past.Gap); err != nil {
		return nil, err
	}
	running := s.sums()
	points := make([]SmallCountPoint, to-from)
	for i := range points {
		end := from + i + 1
		begin := end - 1
		oldest := max(1+opt.Past.Gap, end-opt.Longest)
		for begin > oldest && running.cases[end]-running.cases[begin] < float64(opt.Events) {
			begin--
		}
		window := running.between(begin, end)
		a, b := opt.Past.before(begin)
		p := opt.Test.point(window, running.between(a, b), end-begin, math.IsNaN(s.Counts[end-1]))
		if s.Counts[end-1] == 0 || window.Cases < float64(opt.Events) {
			p.P, p.Alarm = 1, false
		}
		points[i] = p
	}
	return points, nil
}

// WindowScanOptions are the settings of WindowScan.
type WindowScanOptions struct {
	MaxWindow int // longest window, in periods
	Past      Past
	Alpha     float64 // of each evaluation, all windows taken together
	NoBounds  bool    // leaves Bound out, which takes most of the time
}

// WindowScan runs a prospective TemporalScan at each period of from:to, over the past and the newest MaxWindow periods.
// A window of the result is the one that stands out most; without one the newest period is shown. Missing periods are
// left out. Bound is given for the newest period alone: the largest count in it that would not have alarmed.
func WindowScan(s SmallCounts, from, to int, opt WindowScanOptions) ([]SmallCountPoint, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := opt.Past.check(); err != nil {
		return nil, err
	}
	if err := checkLevel("alpha", opt.Alpha); err != nil {
		return nil, err
	}
	if opt.MaxWindow < 1 || opt.MaxWindow > 4096 {
		return nil, argumentError("max_window", "must be 1 to 4096 periods, got %d", opt.MaxWindow)
	}
	if err := checkRange(len(s.Counts), from, to, opt.MaxWindow+opt.Past.Gap); err != nil {
		return nil, err
	}
	points := make([]SmallCountPoint, to-from)
	scan := TemporalScanOptions{MaxWindow: opt.MaxWindow, Prospective: true}
	var counts, exposure []float64
	for i := range points {
		t := from + i
		if math.IsNaN(s.Counts[t]) {
			points[i] = missingPoint(1, missing())
			continue
		}
		counts, exposure = counts[:0], exposure[:0]
		newest := t - opt.MaxWindow + 1
		a, b := opt.Past.before(newest)
		recent := 0
		for j := a; j <= t; j++ {
			if j >= b && j < newest || math.IsNaN(s.Counts[j]) {
				continue
			}
			e := 1.0
			if s.Exposure != nil {
				e = s.Exposure[j]
			}
			counts, exposure = append(counts, s.Counts[j]), append(exposure, e)
			if j >= newest {
				recent++
			}
		}
		if recent == len(counts) {
			points[i] = missingPoint(1, s.Counts[t])
			continue
		}
		scan.MaxWindow = recent
		p, err := scanPoint(counts, exposure, scan, opt)
		if err != nil {
			return nil, err
		}
		points[i] = p
	}
	return points, nil
}

func scanPoint(counts, exposure []float64, scan TemporalScanOptions, opt WindowScanOptions) (SmallCountPoint, error) {
	r, err := TemporalScan(counts, exposure, scan)
	if err != nil {
		return SmallCountPoint{}, err
	}
	last := len(counts) - 1
	p := SmallCountPoint{Window: 1, Cases: counts[last], Expected: sum(counts) * exposure[last] / sum(exposure), P: r.P, Alarm: r.P <= opt.Alpha}
	if r.LLR > 0 {
		p.Window, p.Cases, p.Expected = r.To-r.From+1, r.Cases, r.Expected
	}
	if p.Bound = missing(); opt.NoBounds {
		return p, nil
	}
	own := counts[last]
	alarms := func(x float64) bool {
		counts[last] = x
		r, err := TemporalScan(counts, exposure, scan)
		return err == nil && r.P <= opt.Alpha && r.LLR > 0
	}
	usual := sum(counts) * exposure[last] / sum(exposure)
	low, high := own, math.Max(own+1, math.Floor(usual+3*math.Sqrt(usual))) // as good a guess as any
	if p.Alarm {
		low, high = 0, own
	} else {
		for step := 1.0; !alarms(high) && high < 1<<12; step *= 2 {
			low, high = high, high+step
		}
	}
	p.Bound = math.Max(0, firstWhole(low, high, alarms)-1) // the periods before may alarm without it
	counts[last] = own
	return p, nil
}

// RateCUSUMOptions are the settings of RateCUSUM.
type RateCUSUMOptions struct {
	Past       Past
	Ratio      float64 // rise of the rate to be found quickly
	ARL        float64 // mean number of periods between false alarms
	Dispersion float64 // α: the variance of a count is μ + αμ²
	// Design finds designs; nil means DesignCUSUM. A caller with many series may remember what it has found before.
	Design func(mean, ratio, arl, dispersion float64) (CUSUMDesign, error)
}

// RateCUSUM runs a CountCUSUM over from:to, designed at each period for the mean count of its past, with half a case
// added so that a past without cases has a mean too. The design goes by steps of a tenth in the mean; between them, and
// with the exposure, the reference value goes up and down. The sum begins with 0 at from. The window of a result is the
// newest period.
func RateCUSUM(s SmallCounts, from, to int, opt RateCUSUMOptions) ([]SmallCountPoint, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := opt.Past.check(); err != nil {
		return nil, err
	}
	if err := checkRange(len(s.Counts), from, to, 1+opt.Past.Gap); err != nil {
		return nil, err
	}
	if opt.Design == nil {
		opt.Design = DesignCUSUM
	}
	if _, err := opt.Design(1, opt.Ratio, opt.ARL, opt.Dispersion); err != nil {
		return nil, err
	}
	running := s.sums()
	known := make([]int, len(s.Counts)+1) // periods with a count so far
	for i, c := range s.Counts {
		known[i+1] = known[i]
		if !math.IsNaN(c) {
			known[i+1]++
		}
	}
	designs := map[int]CUSUMDesign{}
	points := make([]SmallCountPoint, to-from)
	c := 0.0
	for i := range points {
		t := from + i
		a, b := opt.Past.before(t)
		past := running.between(a, b)
		if past.Exposure <= 0 {
			points[i] = missingPoint(1, s.Counts[t])
			continue
		}
		m := (past.Cases + 0.5) / past.Exposure
		if s.Exposure != nil {
			m *= s.Exposure[t]
		}
		step := int(math.Round(math.Log((past.Cases+0.5)/float64(known[b]-known[a])) / math.Log(1.1)))
		d, ok := designs[step]
		if !ok {
			var err error
			if d, err = opt.Design(math.Pow(1.1, float64(step)), opt.Ratio, opt.ARL, opt.Dispersion); err != nil {
				return nil, err
			}
			designs[step] = d
		}
		next, sum := d.step(c, s.Counts[t], m)
		points[i] = SmallCountPoint{Window: 1, Cases: s.Counts[t], Expected: m, Bound: next.Bound, P: missing(), Alarm: next.Alarm}
		c = sum
	}
	return points, nil
}
