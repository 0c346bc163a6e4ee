package stats

import "math"

// RogersonRow is a line of the table of thresholds that Rogerson looks up: for counts with mean Theta0 the
// threshold H gives the wished run length.
type RogersonRow struct{ Theta0, H float64 }

// RogersonOptions are the settings of Rogerson.
type RogersonOptions struct {
	Table []RogersonRow
	Shift float64 // size of the change to find, in standard deviations √θ₀
	// Limit cuts the sum after an alarm to Limit·h; negative or NaN leaves it alone.
	Limit float64
	// FastStart begins with half the threshold, and then Limit is ½.
	FastStart bool
}

// RogersonPoint is the result for one point.
type RogersonPoint struct {
	Sum   float64
	Bound float64 // smallest count that would have alarmed
	Alarm bool
}

// Rogerson is a Poisson CUSUM of counts x with an expectation theta0 that changes from point to point. None may
// be missing.
//
// Rogerson & Yamada, Stat Med 2004;23:2195–2214. It equals algo.rogerson (distribution "poisson", 1 digit) of
// R's surveillance with given hValues.
func Rogerson(x, theta0 []float64, opt RogersonOptions) ([]RogersonPoint, error) {
	switch {
	case len(x) == 0:
		return nil, argumentError("counts", "the series is empty")
	case len(theta0) != len(x):
		return nil, argumentError("theta0t", "needs %d values, got %d", len(x), len(theta0))
	case len(opt.Table) == 0:
		return nil, argumentError("h_values", "the table is empty")
	case !(opt.Shift > 0) || math.IsInf(opt.Shift, 1):
		return nil, argumentError("s", "must be above 0, got %v", opt.Shift)
	case math.IsInf(opt.Limit, 0):
		return nil, argumentError("limit", "must be a number, got %v", opt.Limit)
	}
	if err := checkCounts("counts", x, false); err != nil {
		return nil, err
	}
	if err := checkPositive("theta0t", theta0); err != nil {
		return nil, err
	}
	for _, row := range opt.Table {
		if !isFinite(row.Theta0) || !(row.H > 0) || math.IsInf(row.H, 1) {
			return nil, argumentError("h_values", "theta0 %v with h %v can't be", row.Theta0, row.H)
		}
	}
	if err := checkWork("h_values", len(x), len(opt.Table)); err != nil {
		return nil, err
	}
	threshold := func(theta float64) float64 {
		best := opt.Table[0]
		for _, row := range opt.Table[1:] {
			if math.Abs(row.Theta0-theta) < math.Abs(best.Theta0-theta) {
				best = row
			}
		}
		return best.H
	}
	h := threshold(mean(theta0))
	limit := opt.Limit
	var s float64
	if opt.FastStart {
		s, limit = h/2, 0.5
	}
	points := make([]RogersonPoint, len(x))
	for i, theta := range theta0 {
		changed := theta + opt.Shift*math.Sqrt(theta)
		k := rogersonReference((changed - theta) / (math.Log(changed) - math.Log(theta)))
		c := h / threshold(theta)
		if i > 0 && points[i-1].Alarm && limit >= 0 {
			s = math.Min(s, limit*h)
		}
		bound := math.Max(0, math.Ceil((h-s)/c+k))
		s = math.Max(0, s+c*(x[i]-k))
		points[i] = RogersonPoint{Sum: s, Bound: bound, Alarm: s >= h}
	}
	return points, nil
}

// rogersonReference rounds a reference value to one decimal that is no multiple of ½.
func rogersonReference(k float64) float64 {
	const digits = 10
	rounded := math.RoundToEven(k*digits) / digits
	if math.Mod(math.RoundToEven(k*digits), digits/2) == 0 {
		beyond := k*digits - math.Floor(k*digits)
		if beyond < 0.5 {
			k += 0.05
		} else {
			k -= 0.05
		}
		rounded = math.RoundToEven(k*digits) / digits
	}
	return rounded
}
