package stats

import "math"

// DetectorMethod names a detector for a series of counts.
type DetectorMethod string

// The detectors that a Detector can be.
const (
	DetectorWindowTest  DetectorMethod = "window_test"  // WindowTest
	DetectorTimeBetween DetectorMethod = "time_between" // TimeBetween
	DetectorScan        DetectorMethod = "window_scan"  // WindowScan
	DetectorCUSUM       DetectorMethod = "rate_cusum"   // RateCUSUM
	DetectorEARS        DetectorMethod = "ears_c2"      // EARS, C2
	DetectorFarrington  DetectorMethod = "farrington_flexible"
)

// Detector is a detector with its settings. Only those of its method count.
type Detector struct {
	Method   DetectorMethod
	Alpha    float64         // error rate of one evaluation
	Past     Past            // what is learned from
	Window   int             // DetectorWindowTest: periods taken together; DetectorScan: the most that are
	Events   int             // DetectorTimeBetween
	Test     CountTestMethod // DetectorWindowTest, DetectorTimeBetween
	Ratio    float64         // DetectorCUSUM
	ARL      float64         // DetectorCUSUM
	MinSigma float64         // DetectorEARS: smallest standard deviation
	MinCases float64         // an alarm needs as many cases in the window
	NoBounds bool            // DetectorScan: leaves Bound out, which takes most of the time
	// Design is that of RateCUSUMOptions.
	Design func(mean, ratio, arl, dispersion float64) (CUSUMDesign, error)
}

// DetectorFor chooses the detector for a weekly series without an exposure by the number of cases that are expected in a
// week: the one that the evaluation in docs/evaluation.md recommends, which `ohwatch stat evaluate` computes again.
func DetectorFor(expected float64) Detector {
	return choose(expected, []sizeClass{
		{0.045, scanDetector(26, 0.03)},
		{0.17, scanDetector(13, 0.005)},
		{0.55, scanDetector(26, 0.0005)},
		{1.7, scanDetector(26, 0.00001)},
		{5.5, farringtonDetector(0.005)},
		{math.Inf(1), farringtonDetector(0.002)},
	})
}

// DetectorPerExposure chooses the detector for a weekly series whose exposure is known, such as the number of
// examinations that the cases were found in.
func DetectorPerExposure(expected float64) Detector {
	return choose(expected, []sizeClass{
		{0.045, scanDetector(26, 0.05)},
		{0.17, scanDetector(26, 0.01)},
		{0.55, scanDetector(13, 0.01)},
		{5.5, scanDetector(26, 0.01)},
		{22, cusumDetector(1.5, 156)},
		{math.Inf(1), testDetector(4, 0.005)},
	})
}

// sizeClass is a detector for series with fewer cases a week than below.
type sizeClass struct {
	below    float64
	detector Detector
}

func choose(expected float64, classes []sizeClass) Detector {
	for _, c := range classes {
		if !(expected >= c.below) { // a size that is not known counts as small
			return c.detector
		}
	}
	return classes[len(classes)-1].detector
}

func scanDetector(weeks int, alpha float64) Detector {
	return Detector{Method: DetectorScan, Alpha: alpha, Window: weeks, Past: Past{Periods: 5 * weeksOfYear}, MinCases: 2}
}

func testDetector(weeks int, alpha float64) Detector {
	return Detector{Method: DetectorWindowTest, Alpha: alpha, Window: weeks, Test: CountBinomial, Past: Past{Periods: 5 * weeksOfYear}, MinCases: 2}
}

func cusumDetector(ratio, arl float64) Detector {
	return Detector{Method: DetectorCUSUM, Ratio: ratio, ARL: arl, Past: Past{Periods: 5 * weeksOfYear}, MinCases: 2}
}

func farringtonDetector(alpha float64) Detector {
	return Detector{Method: DetectorFarrington, Alpha: alpha, Past: Past{Periods: 5 * weeksOfYear, Gap: 26}, MinCases: 2}
}

// FirstPoint is the first period that the detector can judge.
func (d Detector) FirstPoint() int {
	switch d.Method {
	case DetectorTimeBetween, DetectorCUSUM:
		return 1 + d.Past.Gap
	case DetectorEARS:
		return 9
	case DetectorFarrington:
		return d.Past.Periods + farringtonHalfWindow
	}
	return max(1, d.Window) + d.Past.Gap
}

const (
	farringtonHalfWindow = 3
	weeksOfYear          = 52
)

// Run evaluates the periods from:to of a series of weeks. Population is the exposure, where it is given. Missing
// counts are left out of the past. Whatever the method, only a week with a case alarms.
func (d Detector) Run(s CountSeries, from, to int) ([]SmallCountPoint, error) {
	small := SmallCounts{Counts: s.Counts, Exposure: s.Population}
	test := CountTestOptions{Method: d.Test, Alpha: d.Alpha}
	var points []SmallCountPoint
	var err error
	switch d.Method {
	case DetectorWindowTest:
		points, err = WindowTest(small, from, to, WindowTestOptions{
			Window: d.Window, Past: d.Past, Test: test, EstimateDispersion: d.Test == CountNegativeBinomial,
		})
	case DetectorTimeBetween:
		points, err = TimeBetween(small, from, to, TimeBetweenOptions{Events: d.Events, Past: d.Past, Test: test})
	case DetectorScan:
		points, err = WindowScan(small, from, to, WindowScanOptions{MaxWindow: d.Window, Past: d.Past, Alpha: d.Alpha, NoBounds: d.NoBounds})
	case DetectorCUSUM:
		points, err = RateCUSUM(small, from, to, RateCUSUMOptions{Past: d.Past, Ratio: d.Ratio, ARL: d.ARL, Design: d.Design})
	case DetectorEARS:
		points, err = d.ears(s.Counts, from, to)
	case DetectorFarrington:
		points, err = d.farrington(s, from, to)
	default:
		return nil, argumentError("method", "no detector is called %q", string(d.Method))
	}
	for i := range points {
		points[i].Alarm = points[i].Alarm && points[i].Cases >= d.MinCases && s.Counts[from+i] > 0
	}
	return points, err
}

func (d Detector) ears(counts []float64, from, to int) ([]SmallCountPoint, error) {
	results, err := EARS(EARSC2, counts, from, to, EARSOptions{Alpha: d.Alpha, MinSigma: d.MinSigma})
	points := make([]SmallCountPoint, len(results))
	for i, r := range results {
		points[i] = SmallCountPoint{Window: 1, Cases: counts[from+i], Expected: r.Mean, Bound: math.Floor(r.Bound), P: normalUpper(r.Score), Alarm: r.Alarm}
	}
	return points, err
}

// farrington is FarringtonFlexible, corrected, with the threshold of the negative binomial law.
func (d Detector) farrington(s CountSeries, from, to int) ([]SmallCountPoint, error) {
	years := max(1, d.Past.Periods/weeksOfYear)
	results, err := FarringtonFlexible(s, from, to, FarringtonFlexibleOptions{
		Years: years, HalfWindow: farringtonHalfWindow, Periods: 10, PastExcluded: d.Past.Gap, Reweight: true, WeightsThreshold: 2.58,
		Alpha: d.Alpha, Trend: true, TrendThreshold: 1, Threshold: ThresholdNBPlugin, RecentCases: 5, RecentPoints: 4, Offset: s.Population != nil, Corrected: true,
	})
	points := make([]SmallCountPoint, len(results))
	for i, r := range results {
		points[i] = SmallCountPoint{Window: 1, Cases: s.Counts[from+i], Expected: r.Expected, Bound: r.Bound, P: r.P, Alarm: r.Alarm}
	}
	return points, err
}
