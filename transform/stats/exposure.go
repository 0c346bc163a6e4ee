package stats

import (
	"math"
	"slices"
	"sort"
)

// Measurements are results of exposure measurements; a result below its detection limit has the limit as value.
type Measurements struct {
	Value    []float64 // above 0, all in one unit
	BelowLOD []bool
}

func (m Measurements) check() error {
	switch {
	case len(m.Value) == 0:
		return argumentError("value", "there are no measurements")
	case len(m.Value) > maxSeries:
		return argumentError("value", "at most %d measurements, got %d", maxSeries, len(m.Value))
	case len(m.BelowLOD) != len(m.Value):
		return argumentError("below_lod", "has %d values, value has %d", len(m.BelowLOD), len(m.Value))
	}
	return checkPositive("value", m.Value)
}

// detected counts the measurements above their limit.
func (m Measurements) detected() int {
	n := 0
	for _, below := range m.BelowLOD {
		if !below {
			n++
		}
	}
	return n
}

// LognormalExposure is a lognormal distribution fitted to measurements, and what follows for a limit.
type LognormalExposure struct {
	Mu, Sigma       float64 // of the logarithms
	GM, GSD         float64
	LogLikelihood   float64 // of the values, not of their logarithms
	VarMu           float64 // covariance of the estimates of Mu and log Sigma
	CovMuLogSigma   float64
	VarLogSigma     float64
	GMLower95       float64
	GMUpper95       float64
	P95             float64 // 95th percentile
	SELogP95        float64
	P95Upper        float64 // one-sided upper limit
	Exceedance      float64 // share of exposures above the occupational exposure limit
	SEZ             float64 // of the normal quantile of Exceedance
	ExceedanceUpper float64
	Mean            float64 // arithmetic
	MeanUpper       float64
}

// FitLognormal fits a lognormal distribution to measurements, some below their detection limits, by maximum
// likelihood. oel is the occupational exposure limit, level the confidence of the one-sided upper limits.
//
// Helsel, Statistics for Censored Environmental Data Using Minitab and R, 2012. The estimates equal survreg(dist =
// "lognormal") of R's survival.
func FitLognormal(m Measurements, oel, level float64) (LognormalExposure, error) {
	var r LognormalExposure
	if err := m.check(); err != nil {
		return r, err
	}
	if !(oel > 0) || math.IsInf(oel, 1) {
		return r, argumentError("oel", "must be a number above 0, got %v", oel)
	}
	if err := checkLevel("conf", level); err != nil {
		return r, err
	}
	if m.detected() == 0 {
		return r, argumentError("below_lod", "all measurements are below the detection limit")
	}
	logs := make([]float64, len(m.Value))
	for i, v := range m.Value {
		logs[i] = math.Log(v)
	}
	l := newLognormalLikelihood(logs, m.BelowLOD)
	if err := l.maximise(logs); err != nil {
		return r, err
	}
	determinant := l.mm*l.ss - l.ms*l.ms
	r.Mu, r.Sigma = l.mu, math.Exp(l.logSigma)
	r.VarMu, r.CovMuLogSigma, r.VarLogSigma = -l.ss/determinant, l.ms/determinant, -l.mm/determinant
	r.GM, r.GSD, r.LogLikelihood = math.Exp(r.Mu), math.Exp(r.Sigma), l.value
	se := func(gradMu, gradLogSigma float64) float64 {
		return math.Sqrt(gradMu*gradMu*r.VarMu + 2*gradMu*gradLogSigma*r.CovMuLogSigma + gradLogSigma*gradLogSigma*r.VarLogSigma)
	}
	half := normalQuantile(0.975) * math.Sqrt(r.VarMu)
	r.GMLower95, r.GMUpper95 = math.Exp(r.Mu-half), math.Exp(r.Mu+half)
	z, z95 := normalQuantile(level), normalQuantile(0.95)
	r.SELogP95 = se(1, z95*r.Sigma)
	r.P95 = math.Exp(r.Mu + z95*r.Sigma)
	r.P95Upper = math.Exp(r.Mu + z95*r.Sigma + z*r.SELogP95)
	above := (math.Log(oel) - r.Mu) / r.Sigma
	r.SEZ = se(-1/r.Sigma, -above)
	r.Exceedance, r.ExceedanceUpper = normalUpper(above), normalUpper(above-z*r.SEZ)
	r.Mean = math.Exp(r.Mu + r.Sigma*r.Sigma/2)
	r.MeanUpper = r.Mean * math.Exp(z*se(1, r.Sigma*r.Sigma))
	return r, nil
}

// lognormalLikelihood is the log likelihood in (mu, log sigma) with its derivatives at the present point. All detected
// values enter by three sums, and those below the same limit together.
type lognormalLikelihood struct {
	n                     float64 // detected
	centre, beyond, sumSq float64 // mean of their logarithms; Σ(log − centre) left of rounding; Σ(log − centre)²
	limits                []censoringLimit
	mu, logSigma          float64
	value                 float64
	m, s                  float64 // gradient
	mm, ms, ss            float64 // second derivatives
}

// censoringLimit is the logarithm of a detection limit with the number of values below it.
type censoringLimit struct{ log, n float64 }

// newLognormalLikelihood sums up the logarithms of the values.
func newLognormalLikelihood(logs []float64, below []bool) lognormalLikelihood {
	const mostLimits = 64 // beyond so many the search would take longer than it saves
	var l lognormalLikelihood
	var total float64
	for i, y := range logs {
		if !below[i] {
			l.n++
			total += y
			continue
		}
		known := -1
		if len(l.limits) <= mostLimits {
			known = slices.IndexFunc(l.limits, func(c censoringLimit) bool { return c.log == y })
		}
		if known < 0 {
			known = len(l.limits)
			l.limits = append(l.limits, censoringLimit{log: y})
		}
		l.limits[known].n++
	}
	l.centre = total / l.n
	for i, y := range logs {
		if !below[i] {
			l.beyond += y - l.centre
			l.sumSq += (y - l.centre) * (y - l.centre)
		}
	}
	return l
}

func (l *lognormalLikelihood) evaluate(mu, logSigma float64) {
	l.mu, l.logSigma = mu, logSigma
	sigma := math.Exp(logSigma)
	shift := l.centre - mu
	sumZ := (l.beyond + l.n*shift) / sigma
	sumZZ := (l.sumSq + 2*shift*l.beyond + l.n*shift*shift) / (sigma * sigma)
	l.value = -l.n*(logSigma+0.5*math.Log(2*math.Pi)+l.centre) - l.beyond - sumZZ/2
	l.m, l.s = sumZ/sigma, sumZZ-l.n
	l.mm, l.ms, l.ss = -l.n/(sigma*sigma), -2*sumZ/sigma, -2*sumZZ
	for _, c := range l.limits {
		z := (c.log - mu) / sigma
		log, ratio := logNormalCDF(z)
		slope := -ratio * (z + ratio) // of the ratio
		l.value += c.n * log
		l.m -= c.n * ratio / sigma
		l.s -= c.n * ratio * z
		l.mm += c.n * slope / (sigma * sigma)
		l.ms += c.n * (slope*z + ratio) / sigma
		l.ss += c.n * (slope*z*z + ratio*z)
	}
}

// logNormalCDF returns log Φ(z) and φ(z)/Φ(z).
func logNormalCDF(z float64) (log, ratio float64) {
	const halfLog2Pi = 0.91893853320467274178
	if z > -30 {
		p := normalCDF(z)
		return math.Log(p), math.Exp(-z*z/2-halfLog2Pi) / p
	}
	inverse := 1 / (z * z)
	series := 1 - inverse*(1-3*inverse*(1-5*inverse)) // Φ(z) = φ(z)/|z| · series
	return -z*z/2 - halfLog2Pi - math.Log(-z) + math.Log(series), -z / series
}

// maximise climbs to the maximum by Newton's method, with steps that never lose likelihood.
func (l *lognormalLikelihood) maximise(logs []float64) error {
	flat := argumentError("value", "the measurements do not determine a lognormal distribution")
	m := mean(logs)
	sd := deviation(logs, m)
	if !(sd > 1e-9*math.Max(1, math.Abs(m))) {
		return flat
	}
	l.evaluate(m, math.Log(sd))
	for range 100 {
		// Where the surface is not bent downwards, a multiple of the identity makes it so.
		mm, ss := l.mm, l.ss
		if determinant := mm*ss - l.ms*l.ms; !(mm < 0 && determinant > 0) {
			shift := math.Abs(mm) + math.Abs(ss) + math.Abs(l.ms) + 1e-3
			mm, ss = mm-shift, ss-shift
		}
		determinant := mm*ss - l.ms*l.ms
		stepM, stepS := (l.ms*l.s-ss*l.m)/determinant, (l.ms*l.m-mm*l.s)/determinant
		sigma := math.Exp(l.logSigma)
		if longest := math.Max(math.Abs(stepM)/(3*sigma), math.Abs(stepS)); longest > 1 {
			stepM, stepS = stepM/longest, stepS/longest
		}
		if math.Abs(stepM) < 1e-7*sigma && math.Abs(stepS) < 1e-7 { // the next step would be the square of this one
			l.evaluate(l.mu+stepM, l.logSigma+stepS)
			break
		}
		mu, logSigma, value := l.mu, l.logSigma, l.value
		for scale := 1.0; ; scale /= 2 {
			l.evaluate(mu+scale*stepM, logSigma+scale*stepS)
			if l.value >= value {
				break
			}
			if scale < 1e-9 { // nothing higher in this direction: this is the top
				l.evaluate(mu, logSigma)
				return l.settled(len(logs), flat)
			}
		}
	}
	return l.settled(len(logs), flat)
}

// settled returns flat unless the present point is a proper maximum.
func (l *lognormalLikelihood) settled(values int, flat error) error {
	n := float64(values)
	top := l.mm < 0 && l.mm*l.ss-l.ms*l.ms > 0
	level := math.Abs(l.m)*math.Exp(l.logSigma) < 1e-5*n && math.Abs(l.s) < 1e-5*n
	if !top || !level || !(math.Abs(l.logSigma) < 20) {
		return flat
	}
	return nil
}

// SurvivalPoint is one distinct value in CensoredDistribution.
type SurvivalPoint struct {
	X        float64
	AtRisk   int     // measurements that are at most X
	Detected int     // measurements that are X and not below a limit
	Prob     float64 // P(exposure < X), not ≤
	StdErr   float64 // Greenwood's
}

// CensoredDistribution is the Kaplan-Meier estimate of a distribution some of whose values are only known to be
// below a limit.
type CensoredDistribution struct {
	Points []SurvivalPoint // by rising X
	Mean   float64         // what lies below the smallest detected value is put on it
	MeanSE float64
}

// KaplanMeier estimates the distribution of measurements without a model. At least one must be detected.
//
// Helsel 2012 (see FitLognormal). It equals cenfit of R's NADA.
func KaplanMeier(m Measurements) (*CensoredDistribution, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	detected := m.detected()
	if detected == 0 {
		return nil, argumentError("below_lod", "all measurements are below the detection limit")
	}
	order := m.order()
	d := &CensoredDistribution{}
	for i, at := range order {
		x := m.Value[at]
		if len(d.Points) == 0 || d.Points[len(d.Points)-1].X != x {
			d.Points = append(d.Points, SurvivalPoint{X: x})
		}
		p := &d.Points[len(d.Points)-1]
		p.AtRisk = i + 1
		if !m.BelowLOD[at] {
			p.Detected++
		}
	}
	// From the largest value down, as survival times run up.
	prob, greenwood := 1.0, 0.0
	var area, variance float64
	smallest := len(d.Points) - 1
	for i := range d.Points {
		if d.Points[i].Detected > 0 {
			smallest = i
			break
		}
	}
	areas := make([]float64, len(d.Points))
	for i := len(d.Points) - 1; i >= 0; i-- {
		p := &d.Points[i]
		n, k := float64(p.AtRisk), float64(p.Detected)
		before := prob
		prob *= 1 - k/n
		if k > 0 {
			greenwood += k / (n * (n - k))
		}
		p.Prob, p.StdErr = prob, prob*math.Sqrt(greenwood)
		if i == smallest {
			d.Mean += p.X * before
		} else if i > smallest {
			d.Mean += p.X * (before - prob)
		}
	}
	for i := smallest + 1; i < len(d.Points); i++ { // area under the curve from the smallest detected value up to X
		area += d.Points[i].Prob * (d.Points[i].X - d.Points[i-1].X)
		areas[i] = area
	}
	for i := smallest + 1; i < len(d.Points); i++ {
		n, k := float64(d.Points[i].AtRisk), float64(d.Points[i].Detected)
		if k > 0 {
			variance += areas[i] * areas[i] * k / (n * (n - k))
		}
	}
	d.MeanSE = math.Sqrt(variance * float64(detected) / float64(detected-1))
	return d, nil
}

// order lists the measurements by rising value, those below a limit before detected ones of the same value.
func (m Measurements) order() []int {
	order := make([]int, len(m.Value))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return m.Value[order[i]] < m.Value[order[j]] })
	return order
}

// Quantile returns the value below which the share p of the distribution lies, as quantile of R's NADA does: the
// value just below the first point whose probability is above p; NaN outside the probabilities of the points,
// even where one might expect an answer.
func (d *CensoredDistribution) Quantile(p float64) float64 {
	const same = 1.5e-8
	last := len(d.Points) - 1
	if !(p > d.Points[0].Prob && p < d.Points[last].Prob) {
		return missing()
	}
	for i, point := range d.Points {
		if point.Prob > p || math.Abs(point.Prob-p) <= same*p {
			if i == 0 {
				return missing()
			}
			return d.Points[i-1].X
		}
	}
	return missing()
}

// Reaching returns the smallest value that at least the share p of the distribution does not exceed, which is what one
// expects of a quantile; NaN if p lies in the share below the smallest detected value, of which only that is known.
func (d *CensoredDistribution) Reaching(p float64) float64 {
	const same = 1e-12
	last := len(d.Points) - 1
	for i, point := range d.Points {
		atMost := 1.0 // P(exposure ≤ X)
		if i < last {
			atMost = d.Points[i+1].Prob
		}
		if point.Detected > 0 && atMost >= p-same {
			if point.Prob >= p-same { // it is reached below already, where nothing is detected
				return missing()
			}
			return point.X
		}
	}
	return missing()
}

// ROSPoint is one measurement in a regression on order statistics.
type ROSPoint struct {
	Value    float64 // as measured, or the detection limit
	Censored bool
	Position float64 // plotting position, 0 to 1
	Modeled  float64 // the value if detected, else what the regression line says
}

// ROSResult is a regression of log detected values on normal quantiles, which gives values to the others.
type ROSResult struct {
	Points    []ROSPoint // by rising value
	Intercept float64
	Slope     float64
	Mean      float64 // of the modeled values
	SD        float64
	Median    float64
}

// ROS estimates the distribution of measurements below several detection limits by regression on order
// statistics. Results below a limit above the largest detected value say nothing and are dropped. At least two
// different detected values are needed.
//
// Helsel & Cohn, Water Resour Res 1988;24:1997–2004. It equals ros of R's NADA.
func ROS(m Measurements) (*ROSResult, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	largest := 0.0
	for i, v := range m.Value {
		if !m.BelowLOD[i] {
			largest = math.Max(largest, v)
		}
	}
	r := &ROSResult{}
	for _, at := range m.order() {
		if !m.BelowLOD[at] || m.Value[at] <= largest {
			r.Points = append(r.Points, ROSPoint{Value: m.Value[at], Censored: m.BelowLOD[at]})
		}
	}
	if len(r.Points) < 2 {
		return nil, argumentError("value", "needs at least 2 detected values")
	}
	r.plottingPositions()
	if err := r.regress(); err != nil {
		return nil, err
	}
	modeled := make([]float64, len(r.Points))
	for i := range r.Points {
		p := &r.Points[i]
		p.Modeled = p.Value
		if p.Censored {
			p.Modeled = math.Exp(r.Intercept + r.Slope*normalQuantile(p.Position))
		}
		modeled[i] = p.Modeled
	}
	r.Mean = mean(modeled)
	r.SD = deviation(modeled, r.Mean)
	sort.Float64s(modeled)
	r.Median = median(modeled)
	return r, nil
}

// plottingPositions sets the positions by Helsel and Cohn's formulas.
func (r *ROSResult) plottingPositions() {
	n := float64(len(r.Points))
	var limits []float64 // distinct detection limits, rising
	smallest := math.Inf(1)
	for _, p := range r.Points {
		if !p.Censored {
			smallest = math.Min(smallest, p.Value)
		} else if k := len(limits); k == 0 || limits[k-1] != p.Value {
			limits = append(limits, p.Value)
		}
	}
	if len(limits) == 0 {
		for i := range r.Points {
			if n > 10 {
				r.Points[i].Position = (float64(i) + 0.5) / n
			} else {
				r.Points[i].Position = (float64(i+1) - 3.0/8) / (n + 0.25)
			}
		}
		return
	}
	if smallest < limits[0] {
		limits = append([]float64{0}, limits...)
	}
	k := len(limits)
	between, atMost, censored := make([]float64, k), make([]float64, k), make([]float64, k)
	interval := func(v float64) int { // the last limit that is at most v
		return sort.Search(k, func(i int) bool { return limits[i] > v }) - 1
	}
	for _, p := range r.Points {
		i := interval(p.Value)
		if p.Censored {
			censored[i]++
		} else {
			between[i]++
		}
		// It is at most the limits from the next one on, and at most its own if it is below that.
		first := i + 1
		if p.Censored {
			first = i
		}
		if first < k {
			atMost[first]++
		}
	}
	for j := 1; j < k; j++ {
		atMost[j] += atMost[j-1]
	}
	exceed := make([]float64, k+1) // probability of lying above each limit
	for i := k - 1; i >= 0; i-- {
		if between[i]+atMost[i] > 0 {
			exceed[i] = exceed[i+1] + between[i]/(between[i]+atMost[i])*(1-exceed[i+1])
		} else {
			exceed[i] = exceed[i+1]
		}
	}
	detectedRank, censoredRank := make([]float64, k), make([]float64, k)
	for i := range r.Points {
		p := &r.Points[i]
		j := interval(p.Value)
		if p.Censored {
			censoredRank[j]++
			p.Position = (1 - exceed[j]) * censoredRank[j] / (censored[j] + 1)
		} else {
			detectedRank[j]++
			p.Position = (1 - exceed[j]) + (exceed[j]-exceed[j+1])*detectedRank[j]/(between[j]+1)
		}
	}
}

// regress fits the line through the detected values.
func (r *ROSResult) regress() error {
	var quantiles, logs []float64
	for _, p := range r.Points {
		if !p.Censored {
			quantiles = append(quantiles, normalQuantile(p.Position))
			logs = append(logs, math.Log(p.Value))
		}
	}
	mq, ml := mean(quantiles), mean(logs)
	var spread, joint float64
	for i, q := range quantiles {
		spread += (q - mq) * (q - mq)
		joint += (q - mq) * (logs[i] - ml)
	}
	if len(logs) < 2 || !(spread > 0) || !isFinite(joint) {
		return argumentError("value", "needs at least 2 detected values")
	}
	r.Slope = joint / spread
	r.Intercept = ml - r.Slope*mq
	return nil
}
