package transform

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// countForecasts projects a count that should fall: the target is fewer cases than in the base year of the trends.
func countForecasts(ctx context.Context, db *warehouse.DB, f ForecastFilter) ([]Forecast, []ForecastBacktest, error) {
	i := f.Indicator
	at := slices.IndexFunc(i.Variants, func(v Variant) bool { return v.Name == f.Variant })
	if at < 0 || i.Variants[at].Unit != Count || f.Year <= trendBase {
		return nil, nil, ErrNotProjected.With("indicator", i.ID).With("variant", f.Variant)
	}
	c, err := readCourse(ctx, db, i.ID, f.Variant)
	if err != nil {
		return nil, nil, err
	}
	year := f.Year - c.firstYear
	month, day, over := c.moment(f)
	if len(c.areas) == 0 || year < 0 || day.IsZero() {
		return nil, nil, ErrNoPeriod.With("period", strconv.Itoa(f.Year))
	}
	base := trendBase - c.firstYear
	city, towns := c.countErrors(year, month, base)
	forecasts := make([]Forecast, len(c.areas))
	for a, area := range c.areas {
		w := Forecast{
			Indicator: i.ID, Variant: f.Variant, Period: strconv.Itoa(f.Year), Area: area.Area, AreaZh: area.AreaZh, AreaEn: area.AreaEn,
			AsOf: day.Format(time.DateOnly), Numerator: c.arrived(a, year, math.Ceil(month)), Method: "none",
		}
		w.Value = number(w.Numerator)
		if base >= 0 {
			w.Base = number(c.arrived(a, base, 11))
		}
		if w.Base != nil && *w.Base == 0 {
			w.Base = nil // nothing is below it
		}
		switch {
		case over:
			w.endCount()
		default:
			p, known := c.countAhead(a, year, w.Numerator, month, w.Base)
			w.fillCount(p, known)
			tested := towns
			if a == 0 {
				tested = city
			}
			w.Tested, w.Error, w.Coverage, w.Brier = tested.N, number(tested.Error), number(tested.Coverage), number(tested.Brier)
		}
		forecasts[a] = w
	}
	var all []ForecastBacktest
	for m := range 12 {
		city, towns := c.countErrors(year, float64(m), base)
		for _, b := range []struct {
			scope string
			stats.ProjectionBacktest
		}{{"city", city}, {"townships", towns}} {
			all = append(all, ForecastBacktest{
				Indicator: i.ID, Variant: f.Variant, Period: strconv.Itoa(f.Year), Month: m + 1, Scope: b.scope, N: b.N,
				Error: number(b.Error), Coverage: number(b.Coverage), Brier: number(b.Brier), Unit: Count,
			})
		}
	}
	return forecasts, all, nil
}

// endCount says how a year that is over ended.
func (w *Forecast) endCount() {
	w.Projected, w.Lower, w.Upper = w.Value, w.Value, w.Value
	if w.Base == nil {
		w.Status = "no_base"
		return
	}
	met := 0.0
	w.Status = "missed"
	if w.Numerator < *w.Base {
		w.Status, met = "met", 1
	}
	w.Probability = &met
}

func (w *Forecast) fillCount(p stats.CountProjection, years int) {
	w.Projected, w.Lower, w.Upper = number(p.Median), number(p.Lower), number(p.Upper)
	w.Method, w.Years = "arrivals", years
	if w.Base != nil {
		w.Probability = number(p.Below)
	}
	switch {
	case w.Projected == nil:
		w.Status = "too_short"
	case w.Base == nil:
		w.Status = "no_base"
	case p.Below >= likely:
		w.Status = "likely"
	case p.Below <= unlikely:
		w.Status = "unlikely"
	default:
		w.Status = "open"
	}
}

// arrived is how many cases of a year had arrived at a month of it, counted from the end of January; inside a month they
// come evenly.
func (c course) arrived(a, year int, month float64) float64 {
	var sum float64
	for m := range 12 {
		t := 12*year + m
		if t < 0 || t >= len(c.courses[a].Covered) {
			break
		}
		if n := c.courses[a].Covered[t]; !math.IsNaN(n) {
			sum += n * math.Min(1, math.Max(0, month+1-float64(m)))
		}
	}
	return sum
}

// countAhead projects a year of one area from the five years before it, and says how many there were.
func (c course) countAhead(a, year int, soFar, month float64, base *float64) (stats.CountProjection, int) {
	const most = 5
	var totals, arrived []float64
	for y := max(1, year-most); y < year; y++ { // registers fill up in the first year
		totals, arrived = append(totals, c.arrived(a, y, 11)), append(arrived, c.arrived(a, y, month))
	}
	below := 0.0
	if base != nil {
		below = *base
	}
	p, err := stats.ProjectCount(soFar, totals, arrived, below, confidence)
	if err != nil {
		return p, 0 // all its numbers are missing
	}
	return p, len(totals)
}

// countErrors are those of projections of earlier years made at the same moment. The outcome is whether the year stayed below the base.
func (c course) countErrors(year int, month float64, base int) (city, towns stats.ProjectionBacktest) {
	for y := 3; y < year; y++ {
		for a := range c.courses {
			soFar, end, bound := math.Round(c.arrived(a, y, month)), c.arrived(a, y, 11), 0.0
			if base >= 0 {
				bound = c.arrived(a, base, 11)
			}
			p, known := c.countAhead(a, y, soFar, month, &bound)
			if known == 0 || bound == 0 && a > 0 {
				continue
			}
			b := &city
			if a > 0 {
				b = &towns
			}
			b.Add(p.Median, p.Lower, p.Upper, p.Below, end, base >= 0 && y > base && end < bound)
		}
	}
	return city.Mean(), towns.Mean()
}
