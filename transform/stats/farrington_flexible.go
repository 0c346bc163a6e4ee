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
	case opt.Periods < 1 || opt.Periods > s.Frequency:
		return nil, argumentError("no_periods", "must be 1 to %d, got %d", s.Frequency, opt.Periods)
	case opt.Reweight && !(opt.WeightsThreshold >= 0):
		return nil, argumentError("weights_threshold", "must not be negative, got %v", opt.WeightsThreshold)
	case opt.Trend && !(opt.TrendThreshold >= 0):
		return nil, argumentError("p_threshold_trend", "must not be negative, got %v", opt.TrendThreshold)
	case opt.Threshold != ThresholdDelta && opt.Threshold != ThresholdNBPlugin && opt.Threshold != ThresholdMuan:
		return nil, argumentError("threshold_method", "must be delta, nbPlugin or muan, got %q", string(opt.Threshold))
	}
	points := make([]FlexiblePoint, to-from)
	for i := range points {
		p, err := flexibleAt(s, from+i, opt)
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
	first = max(0, centres[0]-opt.HalfWindow)
	groups = make([]int, k+1-first)
	for i, centre := range centres {
		for t := max(first, centre-opt.HalfWindow); t <= min(k, centre+opt.HalfWindow); t++ {
			groups[t-first] = opt.Periods
		}
		if i == len(centres)-1 || opt.Periods == 1 {
			continue
		}
		begin, end := centre+opt.HalfWindow+1, centres[i+1]-opt.HalfWindow
		if begin > end {
			return nil, 0, argumentError("w", "the windows of neighbouring years overlap")
		}
		length, longer := (end-begin)/(opt.Periods-1), (end-begin)%(opt.Periods-1)
		t := begin
		for group := 1; group < opt.Periods; group++ {
			run := length
			if group <= longer {
				run++
			}
			for range run {
				groups[t-first] = group
				t++
			}
		}
	}
	for t := max(first, k-opt.PastExcluded); t <= k; t++ {
		groups[t-first] = 0
	}
	return groups, first, nil
}

func flexibleAt(s CountSeries, k int, opt FarringtonFlexibleOptions) (FlexiblePoint, error) {
	none := FlexiblePoint{
		Bound: missing(), Mean: missing(), Score: missing(), P: missing(), Phi: missing(), TrendSlope: missing(),
	}
	groups, first, err := s.seasonGroups(k, opt)
	if err != nil {
		return none, err
	}
	m, row, offset, err := s.flexibleModel(k, groups, first, opt)
	if err != nil {
		return none, err
	}
	largest := 0.0
	for _, y := range m.Counts {
		largest = math.Max(largest, y)
	}
	var f *outbreakFit
	p := none
	if opt.Trend {
		if f, err = fitOutbreak(m, opt.Reweight, opt.WeightsThreshold); err != nil {
			return none, err
		}
		if f != nil {
			eta, _ := f.Predict(row, offset)
			significant := f.coefficientP(1, f.errorDispersion(opt)) < opt.TrendThreshold
			p.Trend = opt.Years >= 3 && significant && math.Exp(eta) <= largest
		}
	}
	if !p.Trend {
		m.Columns = append(m.Columns[:1:1], m.Columns[2:]...)
		row = append(row[:1:1], row[2:]...)
		if f, err = fitOutbreak(m, opt.Reweight, opt.WeightsThreshold); err != nil || f == nil {
			return none, err
		}
	} else {
		p.TrendSlope = f.Coefficients[1]
	}
	p.Fitted, p.Phi = true, f.phi
	eta, variance := f.Predict(row, offset)
	p.threshold(s.Counts[k], eta, f.errorDispersion(opt)*variance, opt)

	recent := recentSum(s.Counts, k, opt.RecentPoints)
	if recent >= opt.RecentCases {
		p.Alarm = p.Score > 1 && s.Counts[k] != 0
	} else {
		p.Bound, p.Expected = missing(), missing()
	}
	return p, nil
}

// flexibleModel is the regression for period k, with the row of the design and the offset that predict it.
// Columns are intercept, time, and one for every group but the lowest.
func (s CountSeries) flexibleModel(k int, groups []int, first int, opt FarringtonFlexibleOptions) (m PoissonModel, row []float64, offset float64, err error) {
	present := make([]bool, opt.Periods+1)
	var periods []int
	started, oldest := -1, -1 // first period of the reference data, and first whose count is known
	for i, group := range groups {
		t := first + i
		if group == 0 {
			continue
		}
		if started < 0 {
			started = t
		}
		if math.IsNaN(s.Counts[t]) {
			continue
		}
		if oldest < 0 {
			oldest = t
		}
		periods = append(periods, t)
		present[group] = true
	}
	if len(periods) == 0 {
		return m, nil, 0, argumentError("counts", "all reference values of period %d are missing", k+1)
	}
	if !present[opt.Periods] {
		return m, nil, 0, argumentError("counts", "all counts of the season of period %d are missing", k+1)
	}
	column := make([]int, opt.Periods+1)
	columns := 2
	lowest := true
	for group := 1; group <= opt.Periods; group++ {
		switch {
		case !present[group]:
		case lowest:
			lowest = false
		default:
			column[group] = columns
			columns++
		}
	}
	timeSince := func(t, origin int) float64 {
		if s.Dates == nil {
			return float64(t + 1)
		}
		unit := s.Dates[1].Sub(s.Dates[0]).Hours()
		return s.Dates[t].Sub(s.Dates[origin]).Hours() / unit
	}
	n := len(periods)
	backing := make([]float64, n*columns)
	m = PoissonModel{Columns: make([][]float64, columns), Counts: make([]float64, n)}
	for j := range m.Columns {
		m.Columns[j] = backing[j*n : (j+1)*n]
	}
	if opt.Offset {
		m.Offset = make([]float64, n)
		offset = math.Log(s.Population[k])
	}
	for i, t := range periods {
		m.Counts[i] = s.Counts[t]
		m.Columns[0][i] = 1
		m.Columns[1][i] = timeSince(t, started)
		if j := column[groups[t-first]]; j > 0 {
			m.Columns[j][i] = 1
		}
		if opt.Offset {
			m.Offset[i] = math.Log(s.Population[t])
		}
	}
	row = make([]float64, columns)
	row[0] = 1
	row[1] = timeSince(k, oldest)
	if opt.Corrected {
		row[1] = timeSince(k, started)
	}
	if j := column[opt.Periods]; j > 0 {
		row[j] = 1
	}
	return m, row, offset, nil
}

// errorDispersion is the dispersion that standard errors rest on.
func (f *outbreakFit) errorDispersion(opt FarringtonFlexibleOptions) float64 {
	switch {
	case opt.Corrected:
		return f.phi
	case f.weights == nil:
		return f.Dispersion()
	}
	var squares float64
	for i, r := range f.Residuals {
		squares += f.weights[i] * r * r
	}
	return squares / float64(f.DF)
}

// threshold sets what follows from the prediction: log mean eta with its variance.
func (p *FlexiblePoint) threshold(y, eta, variance float64, opt FarringtonFlexibleOptions) {
	mu := math.Exp(eta)
	p.Expected, p.Mean = mu, mu
	z := normalQuantile(1 - opt.Alpha)
	if opt.Threshold == ThresholdDelta {
		exponent, sd := opt.Power.normalUnder(mu, p.Phi+mu*variance)
		p.Bound = math.Pow(math.Pow(mu, exponent)+z*sd, 1/exponent)
		p.P = normalUpper((math.Pow(y, exponent) - math.Pow(mu, exponent)) / sd)
		p.Score = (y - mu) / (p.Bound - mu)
		return
	}
	if opt.Threshold == ThresholdMuan {
		p.Mean = math.Exp(eta + z*math.Sqrt(variance))
	}
	p.Bound, p.P, p.Score = missing(), missing(), missing()
	switch m := p.Mean; {
	case math.IsInf(m, 1) || math.IsNaN(m):
		return
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
}
