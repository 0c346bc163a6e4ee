package stats

import "math"

// FlexibleThreshold is the way in which FarringtonFlexible finds its bound.
type FlexibleThreshold string

// The threshold methods, named as in R.
const (
	ThresholdDelta    FlexibleThreshold = "delta"    // normal under a power transform
	ThresholdNBPlugin FlexibleThreshold = "nbPlugin" // negative binomial around the expected count
	ThresholdMuan     FlexibleThreshold = "muan"     // the same around the upper limit of the expected count
)

// FarringtonFlexibleOptions are the settings of FarringtonFlexible.
type FarringtonFlexibleOptions struct {
	Years            int            // b: earlier years looked at
	HalfWindow       int            // w: periods before and after the same place in each of them
	Periods          int            // groups of the season; 1 uses the windows only
	PastExcluded     int            // newest periods left out of the fit; negative means HalfWindow
	Reweight         bool           // past outbreaks lose weight
	WeightsThreshold float64        // Anscombe residual above which they do; 2.58 is recommended
	Alpha            float64        // one-sided error rate
	Trend            bool           // allows a linear trend
	TrendThreshold   float64        // p-value below which the trend is kept; 1 always keeps it
	Power            PowerTransform // for ThresholdDelta; "" means 2/3
	Threshold        FlexibleThreshold
	RecentCases      float64 // needed in the last RecentPoints periods, the evaluated one included, for an alarm
	RecentPoints     int
	Offset           bool // counts are compared per head of Population

	// Corrected mends three mistakes of the R package: standard errors rest on the dispersion of the fit (at least
	// 1) instead of one computed from overwritten weights, the score of the negative binomial thresholds has the
	// expected count in place of its logarithm, and a missing first count does not shift the prediction in time.
	Corrected bool
}

// FlexiblePoint is the result for one evaluated period. All numbers but Expected, which is 0, are NaN if no model
// converged.
type FlexiblePoint struct {
	Bound      float64 // NaN also if there are too few recent cases or one of these counts is missing
	Alarm      bool
	Expected   float64 // μ₀; NaN as Bound
	Mean       float64 // mean of the distribution behind the bound: μ₀, for ThresholdMuan its upper limit
	Score      float64 // above 1 alarms, given enough recent cases
	P          float64 // probability of a count this high
	Phi        float64 // dispersion, at least 1
	Trend      bool
	TrendSlope float64 // per period on the log scale; NaN without trend
	Fitted     bool    // false if no model converged
}

// FarringtonFlexible compares the periods from:to with all of the earlier years, season in groups, by
// quasi-Poisson regression. A reference period that the series does not have is an error; missing counts are
// left out.
//
// Noufaily et al., Stat Med 2013;32:1206–22; Salmon, Schumacher & Höhle, J Stat Softw 2016;70(10). It equals
// farringtonFlexible of R's surveillance unless Corrected.
func FarringtonFlexible(s CountSeries, from, to int, opt FarringtonFlexibleOptions) ([]FlexiblePoint, error) {
	if opt.Power == "" {
		opt.Power = PowerTwoThirds
	}
	if opt.PastExcluded < 0 {
		opt.PastExcluded = opt.HalfWindow
	}
	if err := checkFarrington(s, from, to, opt.Years, opt.HalfWindow, opt.Alpha, opt.Power, opt.RecentCases, opt.RecentPoints, opt.Offset); err != nil {
		return nil, err
	}
	switch {
	case opt.HalfWindow >= s.Frequency:
		return nil, argumentError("w", "must be less than a year (%d), got %d", s.Frequency, opt.HalfWindow)
	case opt.Periods < 1 || opt.Periods > maxSeries:
		return nil, argumentError("no_periods", "must be at least 1, got %d", opt.Periods)
	case opt.Reweight && !(opt.WeightsThreshold >= 0):
		return nil, argumentError("weights_threshold", "must not be negative, got %v", opt.WeightsThreshold)
	case opt.Trend && !(opt.TrendThreshold >= 0):
		return nil, argumentError("p_threshold_trend", "must not be negative, got %v", opt.TrendThreshold)
	case opt.Threshold != ThresholdDelta && opt.Threshold != ThresholdNBPlugin && opt.Threshold != ThresholdMuan:
		return nil, argumentError("threshold_method", "must be delta, nbPlugin or muan, got %q", string(opt.Threshold))
	}
	if err := checkWork("range_to", to-from, min(len(s.Counts), (opt.Years+1)*s.Frequency), 16); err != nil {
		return nil, err
	}
	points := make([]FlexiblePoint, to-from)
	var fitter seasonFitter
	fitter.prepare(s.Counts)
	for i := range points {
		p, err := flexibleAt(s, from+i, opt, &fitter)
		if err != nil {
			return nil, err
		}
		points[i] = p
	}
	return points, nil
}

// seasonGroups gives the season group, from 1, of every period up to k that belongs to the reference data, 0 to the
// others, beginning with period first.
func (s CountSeries) seasonGroups(k int, opt FarringtonFlexibleOptions) (groups []int, first int, err error) {
	centres := make([]int, opt.Years+1) // oldest first, the last is k
	for year := range centres {
		place := &centres[opt.Years-year]
		*place = k - s.Frequency*year
		if s.Dates != nil {
			day := s.Dates[k].AddDate(-year, 0, 0)
			if s.Frequency == 52 {
				day = sameWeekday(day, s.Dates[k].Weekday())
			}
			var ok bool
			if *place, ok = s.at(day); !ok {
				*place = -1
			}
		}
		if *place < 0 {
			return nil, 0, argumentError("b", "period %d has no reference period %d years earlier", k+1, year)
		}
	}
	// A window may begin one period before the series, which R's index 0 quietly leaves out; any earlier stops it.
	if centres[0]-opt.HalfWindow < -1 {
		return nil, 0, argumentError("b", "the window of period %d, %d years before, begins before the series", k+1, opt.Years)
	}
	if k-opt.PastExcluded < -1 {
		return nil, 0, argumentError("past_weeks_not_included", "the series has only %d periods before period %d, got %d", k, k+1, opt.PastExcluded)
	}
	first = max(0, centres[0]-opt.HalfWindow)
	groups = make([]int, k+1-first)
	set := func(from, to, group int) { // like R's from:to, which runs backwards if to is the smaller one
		for t := max(first, min(from, to)); t <= min(k, max(from, to)); t++ {
			groups[t-first] = group
		}
	}
	set(k-opt.HalfWindow, k, opt.Periods)
	for year := 1; year <= opt.Years; year++ {
		centre, later := centres[opt.Years-year], centres[opt.Years-year+1]
		set(centre-opt.HalfWindow, centre+opt.HalfWindow, opt.Periods)
		if opt.Periods == 1 {
			continue
		}
		between := later - 2*opt.HalfWindow - 1 - centre
		if between < opt.Periods-(2*opt.HalfWindow+1) {
			return nil, 0, argumentError("no_periods", "%d periods between two windows are too few for %d season groups", between, opt.Periods-1)
		}
		length, longer := between/(opt.Periods-1), between%(opt.Periods-1)
		if longer < 0 { // the windows overlap: R divides towards minus infinity
			length, longer = length-1, longer+opt.Periods-1
		}
		at := centre + opt.HalfWindow + 1
		for group := 1; group < opt.Periods; group++ {
			run := length
			if group <= longer {
				run++
			}
			set(at, at+run-1, group) // a run of length 0 covers the two periods around its place, as in R
			at += run
		}
	}
	set(max(first, k-opt.PastExcluded), k, 0)
	return groups, first, nil
}

func flexibleAt(s CountSeries, k int, opt FarringtonFlexibleOptions, f *seasonFitter) (FlexiblePoint, error) {
	none := FlexiblePoint{
		Bound: missing(), Mean: missing(), Score: missing(), P: missing(), Phi: missing(), TrendSlope: missing(),
	}
	groups, first, err := s.seasonGroups(k, opt)
	if err != nil {
		return none, err
	}
	season, time, offset, err := f.setFlexible(s, k, groups, first, opt)
	if err != nil {
		return none, err
	}
	errorDispersion := func() float64 {
		if opt.Corrected {
			return math.Max(1, f.phi)
		}
		return f.overwrittenDispersion()
	}
	p := none
	if opt.Trend {
		converged, err := f.fitOutbreak(true, opt.Reweight, opt.WeightsThreshold)
		if err != nil {
			return none, err
		}
		if converged {
			eta, _ := f.at(season, time, offset)
			p.Trend = opt.Years >= 3 && f.trendHolds(errorDispersion(), opt.TrendThreshold) && math.Exp(eta) <= f.largest()
		}
	}
	if p.Trend {
		p.TrendSlope = f.slope
	} else {
		converged, err := f.fitOutbreak(false, opt.Reweight, opt.WeightsThreshold)
		if err != nil || !converged {
			return none, err
		}
	}
	p.Fitted, p.Phi = true, math.Max(1, f.phi)
	eta, variance := f.at(season, time, offset)
	if err := p.threshold(s.Counts[k], eta, errorDispersion()*variance, opt); err != nil {
		return none, err
	}
	if math.IsNaN(p.Bound) {
		p.Expected = missing()
	}
	if recentSum(s.Counts, k, opt.RecentPoints) >= opt.RecentCases {
		p.Alarm = p.Score > 1 && s.Counts[k] != 0
	} else {
		p.Bound, p.Expected = missing(), missing()
	}
	return p, nil
}

// setFlexible fills the fitter with the reference data of period k and returns what predicts it: its group, time
// and offset.
func (f *seasonFitter) setFlexible(s CountSeries, k int, groups []int, first int, opt FarringtonFlexibleOptions) (season int, time, offset float64, err error) {
	place := make([]int, opt.Periods+1) // of each group among those that have a count
	n, started, oldest := 0, -1, -1     // values; first period of the reference data; first whose count is known
	for i, group := range groups {
		if group == 0 {
			continue
		}
		t := first + i
		if started < 0 {
			started = t
		}
		if math.IsNaN(s.Counts[t]) {
			continue
		}
		if oldest < 0 {
			oldest = t
		}
		n++
		place[group] = 1
	}
	present := 0
	for group, has := range place {
		if has > 0 {
			place[group] = present
			present++
		} else {
			place[group] = -1
		}
	}
	if season = place[opt.Periods]; season < 0 {
		return 0, 0, 0, argumentError("counts", "all counts of the season of period %d are missing", k+1)
	}
	if opt.Periods > 1 && present == 1 {
		return 0, 0, 0, argumentError("no_periods", "there are counts in one season group of period %d only", k+1)
	}
	since := func(t, origin int) float64 {
		if s.Dates == nil {
			return float64(t + 1)
		}
		unit := s.Dates[1].Sub(s.Dates[0]).Hours()
		return s.Dates[t].Sub(s.Dates[origin]).Hours() / unit
	}
	f.reset(n, present, opt.Offset)
	i := 0
	for at, group := range groups {
		t := first + at
		if group == 0 || math.IsNaN(s.Counts[t]) {
			continue
		}
		f.set(i, f.series[t], since(t, started), s.offset(t, opt.Offset), place[group])
		i++
	}
	offset = s.offset(k, opt.Offset)
	time = since(k, oldest)
	if opt.Corrected {
		time = since(k, started)
	}
	return season, time, offset, nil
}

// threshold sets what follows from the prediction: log mean eta with its variance.
func (p *FlexiblePoint) threshold(y, eta, variance float64, opt FarringtonFlexibleOptions) error {
	mu := math.Exp(eta)
	p.Expected, p.Mean = mu, mu
	z := normalQuantile(1 - opt.Alpha)
	if opt.Threshold == ThresholdDelta {
		mu = math.Max(mu, smallestPositive)
		p.Expected = mu
		exponent, sd := opt.Power.normalUnder(mu, p.Phi+mu*variance)
		p.Bound = math.Pow(math.Pow(mu, exponent)+math.Abs(z)*sd, 1/exponent)
		p.P = normalUpper((math.Pow(y, exponent) - math.Pow(mu, exponent)) / sd)
		p.Score = (y - mu) / (p.Bound - mu)
		return nil
	}
	if opt.Threshold == ThresholdMuan {
		p.Mean = math.Exp(eta + z*math.Sqrt(variance))
	}
	p.Bound, p.P, p.Score = missing(), missing(), missing()
	switch m := p.Mean; {
	case math.IsNaN(m):
		return ErrNoFit
	case math.IsInf(m, 1):
		return nil
	case p.Phi > 1:
		size, prob := m/(p.Phi-1), 1/p.Phi
		p.Bound = negativeBinomialQuantile(1-opt.Alpha, size, prob)
		p.P = negativeBinomialAtLeast(y, size, prob)
	default:
		p.Bound = poissonQuantile(1-opt.Alpha, m)
		p.P = poissonAtLeast(y, m)
	}
	centre := eta
	if opt.Corrected {
		centre = mu
	}
	p.Score = (y - centre) / (p.Bound - centre)
	return nil
}
