package stats

import "math"

// EWMAOptions are the settings of EWMA.
type EWMAOptions struct {
	Center float64 // mean in control
	SD     float64 // standard deviation in control
	Lambda float64 // weight of the newest value, above 0, at most 1
	Sigmas float64 // width of the limits in standard deviations of the average
}

// EWMAPoint is the result for one value.
type EWMAPoint struct {
	Average float64 // NaN from the first missing value on
	Lower   float64 // not cut at 0
	Upper   float64
	Alarm   bool // the average is outside the limits
}

// EWMA is the chart of the exponentially weighted moving average, with limits that widen with time.
//
// Roberts, Technometrics 1959;1:239–50. It equals ewma of R's qcc for samples of size 1.
func EWMA(values []float64, opt EWMAOptions) ([]EWMAPoint, error) {
	switch {
	case len(values) == 0:
		return nil, argumentError("values", "the series is empty")
	case !isFinite(opt.Center):
		return nil, argumentError("center", "must be a number, got %v", opt.Center)
	case !(opt.SD >= 0) || math.IsInf(opt.SD, 1):
		return nil, argumentError("sd", "must not be negative, got %v", opt.SD)
	case !(opt.Lambda > 0 && opt.Lambda <= 1):
		return nil, argumentError("lambda", "must be above 0 and at most 1, got %v", opt.Lambda)
	case !(opt.Sigmas > 0) || math.IsInf(opt.Sigmas, 1):
		return nil, argumentError("nsigmas", "must be above 0, got %v", opt.Sigmas)
	}
	if err := checkFinite("values", values, true); err != nil {
		return nil, err
	}
	points := make([]EWMAPoint, len(values))
	average := opt.Center
	for i, v := range values {
		average = opt.Lambda*v + (1-opt.Lambda)*average
		half := opt.Sigmas * opt.SD *
			math.Sqrt(opt.Lambda/(2-opt.Lambda)*(1-math.Pow(1-opt.Lambda, 2*float64(i+1))))
		p := EWMAPoint{Average: average, Lower: opt.Center - half, Upper: opt.Center + half}
		p.Alarm = p.Average > p.Upper || p.Average < p.Lower
		points[i] = p
	}
	return points, nil
}
