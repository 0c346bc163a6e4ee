package stats

import "math"

// CUSUMTransform says how a count x with expectation m becomes an approximately standard normal value.
type CUSUMTransform string

// The transforms of CUSUM, named as in R.
const (
	CUSUMStandard         CUSUMTransform = "standard"      // (x − m)/√m
	CUSUMRossi            CUSUMTransform = "rossi"         // (x − 3m + 2√(xm))/(2√m)
	CUSUMAnscombe         CUSUMTransform = "anscombe"      // 1.5(x^⅔ − m^⅔)/m^⅙
	CUSUMAnscombe2nd      CUSUMTransform = "anscombe2nd"   // the same with the next term of the expansion
	CUSUMPearsonNegBinom  CUSUMTransform = "pearsonNegBin" // (x − m)/√(m + αm²)
	CUSUMWithoutTransform CUSUMTransform = "none"          // x
)

// CUSUMOptions are the settings of CUSUM; none has a default.
type CUSUMOptions struct {
	K         float64 // reference value: what is taken off at each point
	H         float64 // alarms when the sum reaches it
	Transform CUSUMTransform
	Alpha     float64 // dispersion α of CUSUMPearsonNegBinom, unused otherwise
	// Corrected makes the bound of every transform the count at which the sum reaches H, 0 if it does without any case.
	// R's differs for CUSUMAnscombe2nd, CUSUMWithoutTransform and, where no case is needed, CUSUMRossi.
	Corrected bool
}

// CUSUMPoint is the result for one evaluated point.
type CUSUMPoint struct {
	Sum   float64 // NaN from the first missing count on
	Bound float64 // count that would just have alarmed, 0 if there is none; no count for CUSUMWithoutTransform
	Alarm bool    // false where Sum is NaN
}

// CUSUM adds up what the transformed counts x[from:to] exceed K by, never below 0, beginning with 0 and going on
// after an alarm. expected holds the expected count of each evaluated point, or one for all; see ExpectedMean and
// ExpectedSeason.
//
// Rossi, Lampugnani & Marchi, Stat Med 1999;18:2111–22. It equals algo.cusum of R's surveillance, whose bound for
// CUSUMAnscombe2nd has a sign of its own, unless Corrected.
func CUSUM(x, expected []float64, from, to int, opt CUSUMOptions) ([]CUSUMPoint, error) {
	if err := checkCounts("counts", x, true); err != nil {
		return nil, err
	}
	if err := checkRange(len(x), from, to, 0); err != nil {
		return nil, err
	}
	if n := len(expected); n != 1 && n != to-from {
		return nil, argumentError("m", "needs 1 value or %d, got %d", to-from, n)
	}
	if err := checkCounts("m", expected, true); err != nil {
		return nil, err
	}
	for name, value := range map[string]float64{"k": opt.K, "h": opt.H, "alpha": opt.Alpha} {
		if !isFinite(value) || name == "alpha" && value < 0 {
			return nil, argumentError(name, "must be a number, got %v", value)
		}
	}
	transform, bound, ok := cusumTransform(opt.Transform, opt.Alpha, opt.Corrected)
	if !ok {
		return nil, argumentError("trans", "must be standard, rossi, anscombe, anscombe2nd, pearsonNegBin or none, got %q", string(opt.Transform))
	}
	points := make([]CUSUMPoint, to-from)
	var c float64
	for i := range points {
		m := expected[0]
		if len(expected) > 1 {
			m = expected[i]
		}
		before := c
		c = maxNaN(0, c+transform(x[from+i], m)-opt.K)
		b := bound(m, opt.H+opt.K-before)
		if opt.Transform == CUSUMWithoutTransform && !opt.Corrected {
			b = opt.H - c
		}
		if !(b > 0) || opt.Corrected && before+transform(0, m)-opt.K >= opt.H {
			b = 0
		}
		points[i] = CUSUMPoint{Sum: c, Bound: b, Alarm: c >= opt.H}
	}
	return points, nil
}

// cusumTransform returns a transform and its inverse: the count whose transformed value is a.
func cusumTransform(name CUSUMTransform, alpha float64, corrected bool) (transform, inverse func(value, m float64) float64, ok bool) {
	cube := func(x float64) float64 { return math.Cbrt(x) * math.Cbrt(x) }
	sixth := func(m float64) float64 { return math.Sqrt(math.Cbrt(m)) }
	switch name {
	case CUSUMStandard:
		return func(x, m float64) float64 { return (x - m) / math.Sqrt(m) },
			func(m, a float64) float64 { return math.Ceil(math.Sqrt(m)*a + m) }, true
	case CUSUMRossi:
		return func(x, m float64) float64 { return (x - 3*m + 2*math.Sqrt(x*m)) / (2 * math.Sqrt(m)) },
			func(m, a float64) float64 {
				return 2*a*math.Sqrt(m) + 5*m - 2*math.Sqrt(4*m*m+2*a*m*math.Sqrt(m))
			}, true
	case CUSUMAnscombe:
		return func(x, m float64) float64 { return 1.5 * (cube(x) - cube(m)) / sixth(m) },
			func(m, a float64) float64 { return math.Pow(2.0/3*sixth(m)*a+cube(m), 1.5) }, true
	case CUSUMAnscombe2nd:
		return func(x, m float64) float64 {
				return (cube(x) - (cube(m) - 1/math.Cbrt(m)/9)) / (2.0 / 3 * sixth(m))
			},
			func(m, a float64) float64 {
				shift := math.Cbrt(m) / 9
				if corrected {
					shift = 1 / math.Cbrt(m) / 9
				}
				return math.Pow(2.0/3*sixth(m)*a+cube(m)-shift, 1.5)
			}, true
	case CUSUMPearsonNegBinom:
		return func(x, m float64) float64 { return (x - m) / math.Sqrt(m+alpha*m*m) },
			func(m, a float64) float64 { return math.Sqrt(m+alpha*m*m)*a + m }, true
	case CUSUMWithoutTransform:
		return func(x, _ float64) float64 { return x }, func(_, a float64) float64 { return a }, true
	}
	return nil, nil, false
}

// ExpectedMean is the mean of all points before from, NaN if one is missing or there are none.
func ExpectedMean(x []float64, from int) float64 {
	if from <= 0 || from > len(x) {
		return missing()
	}
	return mean(x[:from])
}

// ExpectedSeason fits a yearly wave (intercept, cosine and sine, Poisson) to the points of x before from, leaving
// out missing ones, and continues it over from:to. first is the place in its year of x[0], counted from 1,
// frequency the number of points a year.
//
// It equals what algo.cusum of R's surveillance does for m = "glm".
func ExpectedSeason(x []float64, from, to int, first, frequency float64) ([]float64, error) {
	if err := checkCounts("counts", x, true); err != nil {
		return nil, err
	}
	if err := checkRange(len(x), from, to, 1); err != nil {
		return nil, err
	}
	if !(frequency > 0) || math.IsInf(frequency, 1) {
		return nil, argumentError("freq", "must be above 0, got %v", frequency)
	}
	if !isFinite(first) {
		return nil, argumentError("start", "must be two numbers, year and place in the year")
	}
	row := func(i int) []float64 {
		angle := 2 * math.Pi * (first + float64(i)) / frequency
		return []float64{1, math.Cos(angle), math.Sin(angle)}
	}
	m := PoissonModel{Columns: make([][]float64, 3)}
	for i, y := range x[:from] {
		if math.IsNaN(y) {
			continue
		}
		m.Counts = append(m.Counts, y)
		for j, v := range row(i) {
			m.Columns[j] = append(m.Columns[j], v)
		}
	}
	fit, err := FitPoisson(m)
	if err != nil {
		return nil, err
	}
	expected := make([]float64, to-from)
	for i := range expected {
		eta, _ := fit.Predict(row(from+i), 0)
		expected[i] = math.Max(math.Exp(eta), smallestPositive)
	}
	return expected, nil
}
