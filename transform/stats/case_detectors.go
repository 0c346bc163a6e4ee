package stats

import "math"

// The case layer of detectors.

func runEARS(a *arguments) (Result, error) {
	counts := a.numbers("counts")
	from, to := a.points()
	points, err := EARS(EARSMethod(a.text("variant")), counts, from, to, EARSOptions{
		Baseline: a.wholeOr("baseline", 0), MinSigma: a.numberOr("min_sigma", 0), Alpha: a.numberOr("alpha", 0),
	})
	if err != nil {
		return nil, err
	}
	known := func(i int) bool { return !math.IsNaN(points[i].Bound) && !math.IsNaN(counts[from+i]) }
	return Result{
		{"upperbound", column(points, func(p EARSPoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p EARSPoint) bool { return p.Alarm }, known)},
	}, nil
}
