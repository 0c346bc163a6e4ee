package stats

import (
	"math"
	"time"
)

// CountSeries is a series of counts as the Farrington detectors read it.
type CountSeries struct {
	Counts    []float64 // one per period, missing ones NaN
	Frequency int       // periods a year: 52, 12 or 365, others only without dates
	// Dates holds the first day of each period in rising order, or is nil when only the place in the series
	// counts. With dates a week is compared with the same calendar week of earlier years, also after years of 53
	// weeks.
	Dates      []time.Time
	Population []float64 // one per period; nil unless the options ask for the offset
}

func (s CountSeries) check() error {
	n := len(s.Counts)
	if err := checkCounts("counts", s.Counts, true); err != nil {
		return err
	}
	switch {
	case n == 0:
		return argumentError("counts", "the series is empty")
	case s.Frequency < 1 || s.Frequency > maxSeries:
		return argumentError("freq", "must be at least 1, got %d", s.Frequency)
	case s.Dates != nil && len(s.Dates) != n:
		return argumentError("dates", "has %d values, counts has %d", len(s.Dates), n)
	case s.Dates != nil && n < 2:
		return argumentError("dates", "needs at least 2 values")
	case s.Dates != nil && s.Frequency != 52 && s.Frequency != 12 && s.Frequency != 365:
		return argumentError("freq", "must be 52, 12 or 365 when there are dates, got %d", s.Frequency)
	case s.Population != nil && len(s.Population) != n:
		return argumentError("population", "has %d values, counts has %d", len(s.Population), n)
	}
	for i, day := range s.Dates {
		if day.IsZero() || i > 0 && !day.After(s.Dates[i-1]) {
			return argumentError("dates", "must rise, value %d does not", i+1)
		}
	}
	if s.Population != nil {
		return checkPositive("population", s.Population)
	}
	return nil
}

// at finds the period that begins on the day.
func (s CountSeries) at(day time.Time) (int, bool) {
	low, high := 0, len(s.Dates)
	for low < high {
		middle := (low + high) / 2
		if s.Dates[middle].Before(day) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(s.Dates) && s.Dates[low].Equal(day)
}

// offset is the log population of a period, 0 if there is no offset.
func (s CountSeries) offset(t int, wanted bool) float64 {
	if !wanted {
		return 0
	}
	return math.Log(s.Population[t])
}

// sameWeekday moves a day to the nearest one with the given weekday.
func sameWeekday(day time.Time, weekday time.Weekday) time.Time {
	forward := (int(weekday-day.Weekday()) + 7) % 7
	if forward > 3 {
		forward -= 7
	}
	return day.AddDate(0, 0, forward)
}

// PowerTransform is the power under which counts are taken as normal.
type PowerTransform string

// The powers, named as in R.
const (
	PowerTwoThirds PowerTransform = "2/3"
	PowerHalf      PowerTransform = "1/2"
	PowerNone      PowerTransform = "none"
)

// normalUnder returns exponent and standard deviation of the prediction m on the transformed scale, tau being
// its variance divided by m.
func (p PowerTransform) normalUnder(m, tau float64) (exponent, sd float64) {
	switch p {
	case PowerTwoThirds:
		return 2.0 / 3, math.Sqrt(4.0 / 9 * math.Cbrt(m) * tau)
	case PowerHalf:
		return 0.5, math.Sqrt(tau / 4)
	}
	return 1, math.Sqrt(m * tau)
}

func (p PowerTransform) check() error {
	if p != PowerTwoThirds && p != PowerHalf && p != PowerNone {
		return argumentError("powertrans", "must be 2/3, 1/2 or none, got %q", string(p))
	}
	return nil
}

// FarringtonOptions are the settings of Farrington.
type FarringtonOptions struct {
	Years      int            // b: earlier years looked at
	HalfWindow int            // w: periods before and after the same place in each of them
	Reweight   bool           // past outbreaks lose weight
	Alpha      float64        // two-sided error rate: half of it is above the bound, unless OneSided
	Trend      bool           // allows a linear trend
	Power      PowerTransform // "" means 2/3
	// RecentCases in the last RecentPoints periods, the evaluated one included, are needed for an alarm.
	RecentCases  float64
	RecentPoints int
	Offset       bool // counts are compared per head of Population
	OneSided     bool // Alpha is the one-sided error rate, as in FarringtonFlexible
	Corrected    bool // Bound is NaN if there are too few recent cases, as it then decides nothing
}

// FarringtonPoint is the result for one evaluated period.
type FarringtonPoint struct {
	Bound    float64 // 0 (Corrected: NaN) if there are too few recent cases; NaN if one of these counts is missing
	Alarm    bool    // false where Bound is NaN
	Trend    bool    // the trend was significant and kept
	Quantile float64 // where the count lies in the predicted distribution, 0 to 1
	Median   float64 // of the predicted distribution

	recent float64 // recent cases
}

// Farrington compares the periods from:to with the same season of earlier years by quasi-Poisson regression. A
// missing count among the reference values is an error.
//
// Farrington, Andrews, Beale & Catchpole, J R Stat Soc A 1996;159:547–63. It equals algo.farrington of R's
// surveillance.
func Farrington(s CountSeries, from, to int, opt FarringtonOptions) ([]FarringtonPoint, error) {
	if opt.Power == "" {
		opt.Power = PowerTwoThirds
	}
	if err := checkFarrington(s, from, to, opt.Years, opt.HalfWindow, opt.Alpha, opt.Power, opt.RecentCases, opt.RecentPoints, opt.Offset); err != nil {
		return nil, err
	}
	if err := checkWork("range_to", to-from, opt.Years*(2*opt.HalfWindow+1), 16); err != nil {
		return nil, err
	}
	points := make([]FarringtonPoint, to-from)
	var fitter seasonFitter
	fitter.prepare(s.Counts)
	for i := range points {
		p, err := farringtonAt(s, from+i, opt, &fitter)
		if err != nil {
			return nil, err
		}
		points[i] = p
	}
	return points, nil
}

func checkFarrington(s CountSeries, from, to, years, half int, alpha float64, power PowerTransform, recentCases float64, recentPoints int, offset bool) error {
	if err := s.check(); err != nil {
		return err
	}
	switch {
	case years < 1 || years > maxSeries:
		return argumentError("b", "must be at least 1, got %d", years)
	case half < 0 || half > maxSeries:
		return argumentError("w", "must not be negative, got %d", half)
	case years*(2*half+1) > maxSeries:
		return argumentError("w", "asks for too many reference values")
	case recentPoints < 1:
		return argumentError("limit54", "must be a number of cases and a number of periods, at least 1")
	case math.IsNaN(recentCases):
		return argumentError("limit54", "must be two numbers")
	case offset && s.Population == nil:
		return argumentError("population", "is missing")
	}
	if err := checkLevel("alpha", alpha); err != nil {
		return err
	}
	if err := power.check(); err != nil {
		return err
	}
	return checkRange(len(s.Counts), from, to, 0)
}

// referencePeriods lists the periods that period k is compared with, oldest first; what the series does not have
// is left out.
func (s CountSeries) referencePeriods(k, years, half int) []int {
	var periods []int
	for year := years; year >= 1; year-- {
		if s.Dates == nil {
			for t := k - s.Frequency*year - half; t <= k-s.Frequency*year+half; t++ {
				if t >= 0 && t < len(s.Counts) {
					periods = append(periods, t)
				}
			}
			continue
		}
		then := s.Dates[k].AddDate(-year, 0, 0)
		for step := -half; step <= half; step++ {
			var day time.Time
			switch s.Frequency {
			case 52:
				day = sameWeekday(then.AddDate(0, 0, 7*step), s.Dates[k].Weekday())
			case 12:
				day = then.AddDate(0, step, 0)
				day = day.AddDate(0, 0, s.Dates[k].Day()-day.Day()) // a month too short has run over
			default:
				day = then.AddDate(0, 0, step)
			}
			if t, ok := s.at(day); ok {
				periods = append(periods, t)
			}
		}
	}
	return periods
}

func farringtonAt(s CountSeries, k int, opt FarringtonOptions, f *seasonFitter) (FarringtonPoint, error) {
	p := FarringtonPoint{Bound: missing(), Quantile: missing(), Median: missing()}
	reference := s.referencePeriods(k, opt.Years, opt.HalfWindow)
	if len(reference) == 0 {
		return p, argumentError("range_from", "period %d has no reference values", k+1)
	}
	f.reset(len(reference), 1, opt.Offset)
	for i, t := range reference {
		if math.IsNaN(s.Counts[t]) {
			return p, argumentError("counts", "value %d, which period %d is compared with, is missing", t+1, k+1)
		}
		f.set(i, f.series[t], float64(t+1), s.offset(t, opt.Offset), 0)
	}
	offset := s.offset(k, opt.Offset)
	if opt.Trend && (opt.Years >= 3 || opt.Reweight || len(reference) > 2) {
		converged, err := f.fitOutbreak(true, opt.Reweight, 1)
		if err != nil {
			return p, err
		}
		if converged {
			eta, _ := f.at(0, float64(k+1), offset)
			p.Trend = opt.Years >= 3 && f.trendHolds(f.phi, 0.05) && math.Exp(eta) <= f.largest()
		}
	}
	if !p.Trend {
		if _, err := f.fitOutbreak(false, opt.Reweight, 1); err != nil {
			return p, err
		}
	}
	phi := math.Max(1, f.phi)
	eta, variance := f.at(0, float64(k+1), offset)
	mu := math.Max(math.Exp(eta), smallestPositive)
	se := mu * math.Sqrt(phi*variance)
	exponent, sd := opt.Power.normalUnder(mu, phi+se*se/mu)
	z := normalQuantile(1 - opt.Alpha/2)
	if opt.OneSided {
		z = normalQuantile(1 - opt.Alpha)
	}
	bound := math.Pow(math.Pow(mu, exponent)+math.Abs(z)*sd, 1/exponent)
	y := s.Counts[k]
	p.Quantile = normalCDF((math.Pow(y, exponent) - math.Pow(mu, exponent)) / sd)
	p.Median = mu
	p.recent = recentSum(s.Counts, k, opt.RecentPoints)
	switch {
	case math.IsNaN(p.recent):
		return p, nil
	case p.recent < opt.RecentCases:
		p.Bound = 0
		if opt.Corrected {
			p.Bound = missing()
		}
	default:
		p.Bound = bound
		p.Alarm = (y-mu)/(bound-mu) > 1
	}
	return p, nil
}

// recentSum adds up the last n counts up to k; NaN if one is missing.
func recentSum(x []float64, k, n int) float64 {
	return sum(x[max(0, k-n+1) : k+1])
}
