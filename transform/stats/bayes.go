package stats

import "math"

// BayesOptions are the settings of Bayes.
type BayesOptions struct {
	Years       int     // b: earlier years looked at
	HalfWindow  int     // w: points before and after the same place in each of them
	CurrentYear bool    // also the HalfWindow points just before; for 0 the point itself and the one before, unless Corrected
	Alpha       float64 // one-sided error rate
	Frequency   int     // points a year
	Corrected   bool    // a HalfWindow of 0 adds no point of the current year
}

// BayesPoint is the result for one evaluated point.
type BayesPoint struct {
	Bound float64 // largest count that does not alarm; NaN if there is no reference value or all are missing
	Alarm bool    // false where bound or count is missing
}

// Bayes compares x[from:to] with the predictive distribution that the counts of the same season and of the
// points just before lead to. Missing reference values are left out.
//
// Höhle, Comput Stat 2007;22:571–82; Riebler 2004. It equals algo.bayes of R's surveillance: a year is always
// Frequency points, also when it had 53 weeks.
func Bayes(x []float64, from, to int, opt BayesOptions) ([]BayesPoint, error) {
	switch {
	case opt.Years < 0 || opt.Years > maxSeries:
		return nil, argumentError("b", "must not be negative, got %d", opt.Years)
	case opt.HalfWindow < 0 || opt.HalfWindow > maxSeries:
		return nil, argumentError("w", "must not be negative, got %d", opt.HalfWindow)
	case opt.Years > 0 && (opt.Frequency < 1 || opt.Frequency > maxSeries):
		return nil, argumentError("freq", "must be at least 1, got %d", opt.Frequency)
	case opt.Years*(2*opt.HalfWindow+1) > maxSeries:
		return nil, argumentError("w", "asks for too many reference values")
	}
	if err := checkLevel("alpha", opt.Alpha); err != nil {
		return nil, err
	}
	if err := checkCounts("counts", x, true); err != nil {
		return nil, err
	}
	if err := checkRange(len(x), from, to, opt.Years*opt.Frequency+opt.HalfWindow); err != nil {
		return nil, err
	}
	if err := checkWork("w", to-from, (opt.Years+1)*(2*opt.HalfWindow+1)); err != nil {
		return nil, err
	}
	points := make([]BayesPoint, to-from)
	bounds := map[[2]float64]float64{} // by sum and number of the reference values, which neighbours often share
	for i := range points {
		t := from + i
		var total, n float64
		add := func(values []float64) {
			for _, v := range values {
				if !math.IsNaN(v) {
					total, n = total+v, n+1
				}
			}
		}
		switch {
		case opt.CurrentYear && opt.HalfWindow == 0 && !opt.Corrected: // R's window of no points runs backwards: the point itself and the one before
			add(x[max(0, t-1) : t+1])
		case opt.CurrentYear:
			add(x[t-opt.HalfWindow : t])
		}
		for year := 1; year <= opt.Years; year++ {
			centre := t - year*opt.Frequency
			add(x[centre-opt.HalfWindow : min(len(x), centre+opt.HalfWindow+1)])
		}
		bound := missing()
		if n > 0 {
			known := false
			if bound, known = bounds[[2]float64{total, n}]; !known {
				bound = negativeBinomialQuantile(1-opt.Alpha, total+0.5, n/(n+1))
				bounds[[2]float64{total, n}] = bound
			}
		}
		points[i] = BayesPoint{Bound: bound, Alarm: x[t] > bound}
	}
	return points, nil
}
