package transform

import (
	"fmt"
	"math"
	"strconv"
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

// cells are the values of one indicator, column by column; NaN is missing.
type cells struct {
	variants, periodKinds, periods []string
	asOfDates                      []time.Time
	areas, dims, dimValues         []string
	numerators, denominators       []float64
	missings                       []float64
	quantiles                      []float64 // NaN: none, or not reached; empty where no variant is one

	values, lowers, uppers, targets, gaps []*float64
	statuses                              []string
}

// evaluate fills in value, interval, target, gap and status of each cell.
func (c *cells) evaluate(i Indicator) error {
	n := len(c.variants)
	c.values, c.lowers, c.uppers = make([]*float64, n), make([]*float64, n), make([]*float64, n)
	c.targets, c.gaps, c.statuses = make([]*float64, n), make([]*float64, n), make([]string, n)
	units := make(map[string]Unit, len(i.Variants))
	for _, v := range i.Variants {
		units[v.Name] = v.Unit
	}
	trends := c.trends(i)
	for k := range n {
		unit, ok := units[c.variants[k]]
		if !ok {
			return fmt.Errorf("%s: the query returns variant %q, which the header does not name", i.Path, c.variants[k])
		}
		if unit != Count && unit != Sum && math.IsNaN(c.denominators[k]) {
			c.denominators[k] = 0 // nothing was counted
		}
		x, d := c.numerators[k], c.denominators[k]
		year, err := strconv.Atoi(c.periods[k][:min(4, len(c.periods[k]))])
		if err != nil {
			return fmt.Errorf("%s: the query returns period %q", i.Path, c.periods[k])
		}
		var value, lower, upper float64
		_, isQuantile := unit.quantile()
		switch unit {
		case Count:
			value = x
			lower, upper = stats.PoissonExact(x, 1, confidence)
		case Per10000:
			value = x / d * 1e4
			lower, upper = stats.PoissonExact(x, d/1e4, confidence)
		case Per100000:
			value = x / d * 1e5
			lower, upper = stats.PoissonExact(x, d/1e5, confidence)
		case Mean:
			value, lower, upper = x/d, math.NaN(), math.NaN()
		case Sum:
			value, lower, upper = x, math.NaN(), math.NaN()
		case Lower, Median, Upper, P90, P95, Largest, Deviation:
			value, lower, upper = c.quantiles[k], math.NaN(), math.NaN()
		default:
			value = x / d
			lower, upper = stats.Wilson(x, d, confidence)
		}
		if unit != Count && unit != Sum && !(d > 0) || isQuantile && math.IsNaN(value) {
			c.statuses[k] = "no_data"
		} else {
			c.values[k] = number(value)
		}
		c.lowers[k], c.uppers[k] = number(lower), number(upper)
		target, hasTarget := i.Target(year)
		if hasTarget {
			c.targets[k] = number(target)
			if c.statuses[k] == "" {
				c.gaps[k] = number(math.Max(0, math.Ceil(target*d-x-1e-9)))
			}
		}
		switch {
		case c.statuses[k] != "":
		case i.Falling && !isQuantile:
			c.statuses[k] = trends.status(c, k)
		case unit != Mean && unit != Sum && !isQuantile && x < minCases || d < minUnits:
			c.statuses[k] = "unstable"
		case !hasTarget:
			c.statuses[k] = "no_target"
		case value >= target:
			c.statuses[k] = "met"
		default:
			c.statuses[k] = "below"
		}
	}
	return nil
}

// number is nil where a value is missing.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// trendKey names one series of years.
type trendKey struct{ variant, dim, dimValue string }

// trendSeries holds the complete years from trendBase on.
type trendSeries struct{ years, counts, exposures []float64 }

type trendTable map[trendKey]*trendSeries

func (c *cells) trends(i Indicator) trendTable {
	if !i.Falling {
		return nil
	}
	t := trendTable{}
	for k := range c.variants {
		year := c.asOfDates[k].Year()
		complete := c.asOfDates[k].Month() == time.December && c.asOfDates[k].Day() == 31
		if c.periodKinds[k] != "year" || year < trendBase || !complete {
			continue
		}
		key := trendKey{c.variants[k], c.dims[k], c.dimValues[k]}
		s := t[key]
		if s == nil {
			s = &trendSeries{}
			t[key] = s
		}
		s.years = append(s.years, float64(year))
		s.counts = append(s.counts, c.numerators[k])
		s.exposures = append(s.exposures, c.denominators[k])
	}
	return t
}

// status says which way the complete years up to that of cell k go, by Poisson regression with the denominator
// as exposure where there is one.
func (t trendTable) status(c *cells, k int) string {
	s := t[trendKey{c.variants[k], c.dims[k], c.dimValues[k]}]
	if s == nil {
		return "no_evidence"
	}
	last := float64(c.asOfDates[k].Year())
	var years, counts, exposures []float64
	var sum float64
	exposed := true
	for j, y := range s.years {
		if y > last {
			continue
		}
		years, counts, exposures = append(years, y), append(counts, s.counts[j]), append(exposures, s.exposures[j])
		sum += s.counts[j]
		exposed = exposed && s.exposures[j] > 0
	}
	if len(years) < 3 || sum < trendCases*float64(len(years)) {
		return "no_evidence"
	}
	if math.IsNaN(exposures[0]) {
		exposures = nil
	} else if !exposed {
		return "no_evidence"
	}
	trend, err := stats.PoissonTrend(years, counts, exposures)
	switch {
	case err != nil || !(trend.P < trendLevel):
		return "no_evidence"
	case trend.Slope < 0:
		return "falling"
	}
	return "rising"
}
