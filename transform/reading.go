package transform

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"ohwatch/transform/stats"
)

// minCases and minUnits: below them a rate is unstable. trendBase is the first year of the trends that the
// source document asks for; trendCases is the number of cases a year below which no trend is claimed.
const (
	minCases   = 5
	minUnits   = 20
	trendBase  = 2022
	trendCases = 10
	confidence = 0.95
	trendLevel = 0.05
)

// statusNames are the values of the status; cells number them.
var statusNames = []string{"", "no_data", "unstable", "no_target", "met", "below", "falling", "rising", "no_evidence"}

// The numbers of statusNames.
const (
	statusOpen uint32 = iota // not decided yet
	statusNoData
	statusUnstable
	statusNoTarget
	statusMet
	statusBelow
	statusFalling
	statusRising
	statusNoEvidence
)

// evaluate fills in value, interval, target, gap and status of each cell. earlier are the years that are not among the cells.
func (c *cells) evaluate(i Indicator, earlier *cells) error {
	n := len(c.variants)
	for _, column := range []*[]float64{&c.values, &c.lowers, &c.uppers, &c.targets, &c.gaps} {
		*column = slices.Repeat([]float64{math.NaN()}, n)
	}
	c.statuses = make([]uint32, n)
	units := make([]Unit, len(c.variantNames))
	for k, name := range c.variantNames {
		at := slices.IndexFunc(i.Variants, func(v Variant) bool { return v.Name == name })
		if at < 0 {
			return fmt.Errorf("%s: the query returns variant %q, which the header does not name", i.Path, name)
		}
		units[k] = i.Variants[at].Unit
	}
	targets := make([]float64, len(c.readings))
	for k, r := range c.readings {
		year, err := r.year()
		if err != nil {
			return fmt.Errorf("%s: the query returns period %q", i.Path, r.period)
		}
		targets[k] = math.NaN()
		if target, ok := i.Target(year); ok {
			targets[k] = target
		}
	}
	trends := c.trends(i, earlier)
	counted := poissonIntervals{}
	for k := range n {
		unit := units[c.variants[k]]
		switch {
		case unit == Count:
			c.denominators[k] = math.NaN() // a count is of nothing, also where nothing was counted
		case unit != Sum && math.IsNaN(c.denominators[k]):
			c.denominators[k] = 0 // nothing was counted
		}
		x, d := c.numerators[k], c.denominators[k]
		var value float64
		lower, upper := math.NaN(), math.NaN()
		_, isQuantile := unit.quantile()
		switch unit {
		case Count:
			value = x
			lower, upper = counted.of(x)
		case Per10000:
			value = x / d * 1e4
			lower, upper = stats.PoissonExact(x, d/1e4, confidence)
		case Per100000:
			value = x / d * 1e5
			lower, upper = stats.PoissonExact(x, d/1e5, confidence)
		case Mean:
			value = x / d
		case Sum:
			value = x
		case Lower, Median, Upper, P90, P95, Largest, Deviation:
			value = c.quantiles[k]
		default:
			value = x / d
			lower, upper = stats.Wilson(x, d, confidence)
		}
		if unit != Count && unit != Sum && !(d > 0) || isQuantile && math.IsNaN(value) {
			c.statuses[k] = statusNoData
		} else {
			c.values[k] = value
		}
		c.lowers[k], c.uppers[k] = lower, upper
		target := targets[c.times[k]]
		c.targets[k] = target
		hasTarget := !math.IsNaN(target)
		if hasTarget && c.statuses[k] == statusOpen {
			c.gaps[k] = math.Max(0, math.Ceil(target*d-x-1e-9))
		}
		switch {
		case c.statuses[k] != statusOpen:
		case i.Falling && !isQuantile:
			c.statuses[k] = trends.status(c, k)
		case unit != Mean && unit != Sum && !isQuantile && x < minCases || d < minUnits:
			c.statuses[k] = statusUnstable
		case !hasTarget:
			c.statuses[k] = statusNoTarget
		case value >= target:
			c.statuses[k] = statusMet
		default:
			c.statuses[k] = statusBelow
		}
	}
	return nil
}

// poissonIntervals are intervals of counts that were computed, most of which are small and many.
type poissonIntervals map[float64][2]float64

func (p poissonIntervals) of(x float64) (lower, upper float64) {
	interval, known := p[x]
	if !known {
		interval[0], interval[1] = stats.PoissonExact(x, 1, confidence)
		p[x] = interval
	}
	return interval[0], interval[1]
}

// number is nil where a value is missing.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// trendKey names one series of years.
type trendKey struct {
	variant string
	place   cellPlace
}

// trendYear is one complete year of a series.
type trendYear struct{ year, count, exposure float64 }

// trendSeries holds the complete years from trendBase on.
type trendSeries struct {
	years    []trendYear
	statuses map[int]uint32 // by the last year
}

type trendTable map[trendKey]*trendSeries

func (c *cells) trends(i Indicator, earlier *cells) trendTable {
	if !i.Falling {
		return nil
	}
	t := trendTable{}
	t.add(c)
	if earlier != nil {
		t.add(earlier)
	}
	for _, s := range t {
		slices.SortFunc(s.years, func(a, b trendYear) int { return cmp.Compare(a.year, b.year) })
	}
	return t
}

// add adds the complete years among cells.
func (t trendTable) add(c *cells) {
	for k := range c.variants {
		r := c.readings[c.times[k]]
		if !r.inTrend() {
			continue
		}
		key := trendKey{c.variantNames[c.variants[k]], c.places[c.strata[k]]}
		s := t[key]
		if s == nil {
			s = &trendSeries{statuses: map[int]uint32{}}
			t[key] = s
		}
		s.years = append(s.years, trendYear{float64(r.asOf.Year()), c.numerators[k], c.denominators[k]})
	}
}

// inTrend reports whether a trend goes over the period: a complete year from trendBase on.
func (r reading) inTrend() bool {
	return r.kind == "year" && r.asOf.Year() >= trendBase && r.asOf.Month() == time.December && r.asOf.Day() == 31
}

// status says which way the complete years up to that of cell k go, by Poisson regression with the denominator
// as exposure where there is one.
func (t trendTable) status(c *cells, k int) uint32 {
	s := t[trendKey{c.variantNames[c.variants[k]], c.places[c.strata[k]]}]
	if s == nil {
		return statusNoEvidence
	}
	last := c.readings[c.times[k]].asOf.Year()
	status, known := s.statuses[last]
	if !known {
		status = s.status(float64(last))
		s.statuses[last] = status
	}
	return status
}

func (s *trendSeries) status(last float64) uint32 {
	var years, counts, exposures []float64
	var sum float64
	exposed := true
	for _, y := range s.years {
		if y.year > last {
			continue
		}
		years, counts, exposures = append(years, y.year), append(counts, y.count), append(exposures, y.exposure)
		sum += y.count
		exposed = exposed && y.exposure > 0
	}
	if len(years) < 3 || sum < trendCases*float64(len(years)) {
		return statusNoEvidence
	}
	if math.IsNaN(exposures[0]) {
		exposures = nil
	} else if !exposed {
		return statusNoEvidence
	}
	trend, err := stats.PoissonTrend(years, counts, exposures)
	switch {
	case err != nil || !(trend.P < trendLevel):
		return statusNoEvidence
	case trend.Slope < 0:
		return statusFalling
	}
	return statusRising
}
