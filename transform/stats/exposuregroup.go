package stats

import (
	"math"
	"slices"
)

// Verdict is the outcome of the tests of EN 689:2018 for a similar exposure group.
type Verdict string

// The verdicts. The first three are those of the standard.
const (
	Compliance    Verdict = "compliance"
	NonCompliance Verdict = "non-compliance"
	NoDecision    Verdict = "no-decision" // more measurements are needed, or levels of quantification are too high
	TooFew        Verdict = "too-few"     // fewer than three measurements, none above the limit
	NoLimit       Verdict = "no-limit"
)

// GroupMethod says how the distribution of a group was estimated.
type GroupMethod string

// The methods, by what the measurements allow.
const (
	BySample     GroupMethod = "sample" // all detected: moments of the logarithms, exact limits
	ByLikelihood GroupMethod = "mle"    // some below quantification: maximum likelihood, asymptotic limits
	ByRegression GroupMethod = "ros"    // likewise, where the likelihood has no maximum: regression on order statistics, no limits
	NoEstimate   GroupMethod = "none"   // fewer than two different detected values
)

// GroupExposure is what the measurements of a similar exposure group say. Estimates are NaN where there are none.
type GroupExposure struct {
	N, Below        int // measurements, those below quantification among them
	Method          GroupMethod
	GM, GSD         float64 // geometric mean and standard deviation; the sample's with n − 1
	Mean            float64 // arithmetic: the sample's own if all are detected, else that of the estimated distribution
	P95             float64 // 95th percentile
	P95Upper        float64 // its one-sided upper confidence limit
	Exceedance      float64 // estimated share of exposures above the limit
	ExceedanceUpper float64 // its one-sided upper confidence limit
	Preliminary     Verdict // of the test for 3 to 5 measurements; empty for other numbers
	UR, UT          float64 // of the statistical test for 6 or more
	Test            Verdict // its outcome; empty if there is none
	Verdict         Verdict // what holds
}

// GroupEstimator estimates similar exposure groups. It remembers tolerance factors, which cost far more than the rest of an
// estimate. It must not be used by several goroutines at once.
type GroupEstimator struct {
	level   float64
	factors map[factorKey]float64
}

// factorKey names a tolerance factor for a coverage of 95 %.
type factorKey struct {
	n          int
	confidence float64
}

// groupConfidence is the confidence that EN 689 asks of its statistical test.
const groupConfidence = 0.70

// NewGroupEstimator returns an estimator; level is the confidence of the one-sided upper limits.
func NewGroupEstimator(level float64) *GroupEstimator {
	return &GroupEstimator{level: level, factors: map[factorKey]float64{}}
}

func (e *GroupEstimator) factor(n int, confidence float64) float64 {
	key := factorKey{n, confidence}
	k, ok := e.factors[key]
	if !ok {
		k = toleranceFactor(n, 0.95, confidence, false)
		e.factors[key] = k
	}
	return k
}

// Estimate estimates the exposures of a similar exposure group from measurements of which some may lie below quantification,
// and tests them by EN 689:2018 against the occupational exposure limit oel (0: there is none).
//
// If all values are detected, GM and GSD are the sample's, the upper limit of the 95th percentile is the exact tolerance limit and
// that of the exceedance its inverse (Hahn & Meeker, Statistical Intervals, 1991, 4.4 to 4.5). Otherwise the fit is FitLognormal's, else ROS's.
//
// The preliminary test (5.5.2) compares all values, levels of quantification included, with 10, 15 or 20 % of the limit; a detected value
// above the limit is non-compliance, a level above it none. The statistical test (5.5.3, Annex F) takes the values of ROS in place of
// those below quantification. Where six or more measurements have no spread that could be estimated, the five largest must pass the
// preliminary test: this is a choice made here, not the standard's.
func (e *GroupEstimator) Estimate(m Measurements, oel float64) (GroupExposure, error) {
	nan := math.NaN()
	g := GroupExposure{
		N: len(m.Value), Method: NoEstimate, GM: nan, GSD: nan, Mean: nan, P95: nan, P95Upper: nan, Exceedance: nan, ExceedanceUpper: nan, UR: nan, UT: nan,
	}
	if err := m.check(); err != nil {
		return g, err
	}
	if err := checkLevel("conf", e.level); err != nil {
		return g, err
	}
	if !(oel >= 0) || math.IsInf(oel, 1) {
		return g, argumentError("oel", "must be 0 or more, got %v", oel)
	}
	g.Below = g.N - m.detected()
	values, err := e.estimate(&g, m, oel)
	if err != nil {
		return g, err
	}
	e.judge(&g, m, values, oel)
	return g, nil
}

// estimate sets the estimates and returns the values that the statistical test takes, none where their spread is unknown.
func (e *GroupEstimator) estimate(g *GroupExposure, m Measurements, oel float64) ([]float64, error) {
	var detected []float64
	for i, below := range m.BelowLOD {
		if !below {
			detected = append(detected, m.Value[i])
		}
	}
	if len(detected) < 2 || slices.Min(detected) == slices.Max(detected) {
		return nil, nil
	}
	if g.Below == 0 {
		g.Method = BySample
		e.fromSample(g, m.Value, oel)
		return m.Value, nil
	}
	r, err := ROS(m)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(r.Points))
	for i, p := range r.Points {
		values[i] = p.Modeled
	}
	against := oel
	if against == 0 {
		against = 1 // the fit needs one; what it says about it is not used
	}
	fit, err := FitLognormal(m, against, e.level)
	if err != nil { // no maximum
		g.Method = ByRegression
		g.GM, g.GSD, g.Mean = math.Exp(r.Intercept), math.Exp(r.Slope), r.Mean
		g.P95 = math.Exp(r.Intercept + normalQuantile(0.95)*r.Slope)
		if oel > 0 {
			g.Exceedance = normalUpper((math.Log(oel) - r.Intercept) / r.Slope)
		}
		return values, nil
	}
	g.Method = ByLikelihood
	g.GM, g.GSD, g.Mean, g.P95, g.P95Upper = fit.GM, fit.GSD, fit.Mean, fit.P95, fit.P95Upper
	if oel > 0 {
		g.Exceedance, g.ExceedanceUpper = fit.Exceedance, fit.ExceedanceUpper
	}
	return values, nil
}

func (e *GroupEstimator) fromSample(g *GroupExposure, values []float64, oel float64) {
	m, sd := logMoments(values)
	g.GM, g.GSD, g.Mean = math.Exp(m), math.Exp(sd), mean(values)
	g.P95 = math.Exp(m + normalQuantile(0.95)*sd)
	g.P95Upper = math.Exp(m + e.factor(len(values), e.level)*sd)
	if oel > 0 {
		u := (math.Log(oel) - m) / sd
		g.Exceedance, g.ExceedanceUpper = normalUpper(u), exceedanceUpper(u, len(values), e.level)
	}
}

// logMoments returns the mean and the standard deviation, with n − 1, of the logarithms.
func logMoments(values []float64) (center, sd float64) {
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = math.Log(v)
	}
	center = mean(logs)
	return center, deviation(logs, center)
}

// exceedanceUpper is the upper confidence limit of the share of a normal distribution that lies above the mean plus u standard
// deviations of a sample of n: the share for which u is the tolerance factor. It is exact.
func exceedanceUpper(u float64, n int, level float64) float64 {
	root := math.Sqrt(float64(n))
	excess := func(delta float64) float64 { return noncentralTCDF(u*root, float64(n-1), delta, false) - level }
	// excess falls in delta; where it is near zero is known roughly (Abramowitz & Stegun 26.7.10).
	spread := math.Sqrt(1 + u*u*float64(n)/(2*float64(n-1)))
	near := u*root - normalQuantile(level)*spread
	low, high := near, near
	fLow := excess(low)
	fHigh := fLow
	for step := 0.1 * spread; fLow < 0 && step < 1e6; step *= 2 {
		high, fHigh = low, fLow
		low -= step
		fLow = excess(low)
	}
	for step := 0.1 * spread; fHigh > 0 && step < 1e6; step *= 2 {
		low, fLow = high, fHigh
		high += step
		fHigh = excess(high)
	}
	for side := 0; high-low > 1e-10*(1+math.Abs(low)); { // regula falsi, Illinois
		at := (low*fHigh - high*fLow) / (fHigh - fLow)
		if !(at > low && at < high) {
			at = low + (high-low)/2
		}
		switch f := excess(at); {
		case f == 0:
			low, high = at, at
		case f > 0:
			low, fLow = at, f
			if side > 0 {
				fHigh /= 2
			}
			side = 1
		default:
			high, fHigh = at, f
			if side < 0 {
				fLow /= 2
			}
			side = -1
		}
		if math.Abs(fLow) < 1e-11 || math.Abs(fHigh) < 1e-11 {
			break
		}
	}
	if math.Abs(fHigh) < math.Abs(fLow) {
		low = high
	}
	return normalUpper(low / root)
}

// judge sets the tests and the verdict.
func (e *GroupEstimator) judge(g *GroupExposure, m Measurements, values []float64, oel float64) {
	if oel == 0 {
		g.Verdict = NoLimit
		return
	}
	over := false
	for i, v := range m.Value {
		over = over || !m.BelowLOD[i] && v > oel
	}
	largest := slices.Max(m.Value)
	preliminary := func(share float64) Verdict {
		switch {
		case over:
			return NonCompliance
		case largest < share*oel:
			return Compliance
		}
		return NoDecision
	}
	if share, ok := map[int]float64{3: 0.1, 4: 0.15, 5: 0.2}[g.N]; ok {
		g.Preliminary = preliminary(share)
		g.Verdict = g.Preliminary
		return
	}
	switch {
	case g.N < 3 && over:
		g.Verdict = NonCompliance
	case g.N < 3:
		g.Verdict = TooFew
	case len(values) < 6:
		g.Verdict = preliminary(0.2)
	default:
		center, sd := logMoments(values)
		g.UR, g.UT, g.Test = (math.Log(oel)-center)/sd, e.factor(len(values), groupConfidence), NonCompliance
		if g.UR >= g.UT {
			g.Test = Compliance
		}
		g.Verdict = g.Test
	}
}
