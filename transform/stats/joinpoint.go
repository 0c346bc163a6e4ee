package stats

import (
	"math"
)

// Joinpoints is a log-linear trend with bends.
type Joinpoints struct {
	Years        []float64 // where the slope changes
	Coefficients []float64 // intercept, first slope, change of slope at each bend
	APC          []float64 // annual percent change of each segment
	Deviance     float64
	BIC          float64 // each bend counts as a parameter
}

// JoinpointOptions are the settings of JoinpointGrid.
type JoinpointOptions struct {
	MinEnd     int // observations at least before the first and after the last bend
	MinBetween int // two bends lie more than this many years apart
}

// JoinpointResult holds the best models with none, one and two bends.
type JoinpointResult struct {
	None, One        Joinpoints
	Candidates       []float64 // years tried
	DevianceByYear   []float64 // of the model with one bend at each candidate
	Two              Joinpoints
	TwoWereAvailable bool // two bends had room
}

const maxJoinpointYears = 120

// JoinpointGrid looks for one and for two years at which a Poisson trend bends, among the observed years. years
// must rise; population may be nil.
//
// Kim et al., Stat Med 2000;19:335–51. It equals R's glm over a grid of candidates.
func JoinpointGrid(years, counts, population []float64, opt JoinpointOptions) (*JoinpointResult, error) {
	m, err := trendModel(years, counts, population)
	if err != nil {
		return nil, err
	}
	n := len(years)
	switch {
	case n > maxJoinpointYears:
		return nil, argumentError("year", "at most %d values, got %d", maxJoinpointYears, n)
	case opt.MinEnd < 0 || 2*opt.MinEnd >= n:
		return nil, argumentError("min_obs_end", "leaves no year for a bend")
	case opt.MinBetween < 0:
		return nil, argumentError("min_obs_between", "must not be negative, got %d", opt.MinBetween)
	}
	for i := 1; i < n; i++ {
		if years[i] <= years[i-1] {
			return nil, argumentError("year", "must rise, value %d does not", i+1)
		}
	}
	r := &JoinpointResult{Candidates: append([]float64(nil), years[opt.MinEnd:n-opt.MinEnd]...)}
	if r.None, err = fitBends(m); err != nil {
		return nil, err
	}
	r.One.Deviance, r.Two.Deviance = math.Inf(1), math.Inf(1)
	for i, first := range r.Candidates {
		one, err := fitBends(m, first)
		if err != nil {
			return nil, err
		}
		r.DevianceByYear = append(r.DevianceByYear, one.Deviance)
		if one.Deviance < r.One.Deviance {
			r.One = one
		}
		for _, second := range r.Candidates[i+1:] {
			if second-first <= float64(opt.MinBetween) {
				continue
			}
			two, err := fitBends(m, first, second)
			if err != nil {
				return nil, err
			}
			if two.Deviance < r.Two.Deviance {
				r.Two, r.TwoWereAvailable = two, true
			}
		}
	}
	return r, nil
}

// fitBends fits the trend with bends at the given years.
func fitBends(m PoissonModel, bends ...float64) (Joinpoints, error) {
	years := m.Columns[1]
	m.Columns = append([][]float64(nil), m.Columns...)
	for _, bend := range bends {
		m.Columns = append(m.Columns, beyond(years, bend))
	}
	f, err := fitPoisson(m)
	if err != nil {
		return Joinpoints{}, err
	}
	j := Joinpoints{Years: bends, Coefficients: f.Coefficients, Deviance: f.Deviance}
	var slope, logLikelihood float64
	for _, b := range f.Coefficients[1:] {
		slope += b
		j.APC = append(j.APC, 100*math.Expm1(slope))
	}
	for i, y := range m.Counts {
		lgamma, _ := math.Lgamma(y + 1)
		logLikelihood += y*math.Log(f.Fitted[i]) - f.Fitted[i] - lgamma
	}
	j.BIC = -2*logLikelihood + float64(f.Rank+len(bends))*math.Log(float64(len(m.Counts)))
	return j, nil
}

// beyond is max(0, year − bend) of each year.
func beyond(years []float64, bend float64) []float64 {
	rest := make([]float64, len(years))
	for i, year := range years {
		rest[i] = math.Max(0, year-bend)
	}
	return rest
}

// SegmentedResult is a trend with one bend at any time, also between observed years.
type SegmentedResult struct {
	Bend           float64
	BendSE         float64 // at an observed year, where it depends on the side, that of a bend just before it
	SlopeBefore    float64 // on the log scale
	SlopeAfter     float64
	Deviance       float64
	DevianceNoBend float64
}

// JoinpointSegmented looks for the time at which a Poisson trend bends, between the second and the last but one
// year. It searches every gap between two years, so that it finds the best bend and not just a good one.
//
// Muggeo, Stat Med 2003;22:3055–71. It equals segmented of R's package of that name where that finds the best
// bend; the optimum may be flat.
func JoinpointSegmented(years, counts, population []float64) (SegmentedResult, error) {
	var r SegmentedResult
	m, err := trendModel(years, counts, population)
	if err != nil {
		return r, err
	}
	n := len(years)
	if n < 5 || n > maxJoinpointYears {
		return r, argumentError("year", "needs 5 to %d values, got %d", maxJoinpointYears, n)
	}
	for i := 1; i < n; i++ {
		if years[i] <= years[i-1] {
			return r, argumentError("year", "must rise, value %d does not", i+1)
		}
	}
	straight, err := fitBends(m)
	if err != nil {
		return r, err
	}
	deviance := func(bend float64) float64 {
		j, err := fitBends(m, bend)
		if err != nil {
			return math.Inf(1)
		}
		return j.Deviance
	}
	r.Deviance, r.DevianceNoBend = math.Inf(1), straight.Deviance
	for i := 1; i+2 < n; i++ {
		if bend, d := goldenSection(deviance, years[i], years[i+1]); d < r.Deviance {
			r.Bend, r.Deviance = bend, d
		}
	}
	// At an observed year the deviance has an edge, and the search stops a rounding error beside it.
	for _, year := range years {
		if math.Abs(r.Bend-year) < 1e-9*math.Abs(year) {
			r.Bend = year
		}
	}
	best, err := fitBends(m, r.Bend)
	if err != nil {
		return r, err
	}
	r.SlopeBefore, r.SlopeAfter = best.Coefficients[1], best.Coefficients[1]+best.Coefficients[2]

	// The bend's standard error is that of a column which stands for moving it.
	change := best.Coefficients[2]
	moved := make([]float64, n)
	for i, year := range years {
		if year >= r.Bend {
			moved[i] = -change
		}
	}
	m.Columns = append(append([][]float64(nil), m.Columns...), beyond(years, r.Bend), moved)
	f, err := fitPoisson(m)
	if err != nil {
		return r, err
	}
	r.BendSE = math.Sqrt(f.Covariance[3][3])
	return r, nil
}

// goldenSection finds the least value of a function with one valley between low and high.
func goldenSection(f func(float64) float64, low, high float64) (x, value float64) {
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for range 60 {
		if fa <= fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		}
	}
	if fa <= fb {
		return a, fa
	}
	return b, fb
}
