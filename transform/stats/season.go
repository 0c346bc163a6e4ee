package stats

import "math"

// seasonFitter fits the quasi-Poisson models of the Farrington detectors: log μ = level of the season group +
// slope·time + offset. Each step of the reweighted least squares is solved in closed form, group by group, in
// place of a QR factorisation; start and stopping rule are those of FitPoisson, so the numbers are too. A fitter
// keeps its memory between fits and belongs to one goroutine.
type seasonFitter struct {
	// The model: one entry per reference value.
	counts  []float64
	time    []float64
	offset  []float64 // nil: 0
	group   []int     // from 0
	groups  int
	logs    []float64 // log count, 0 for a count of 0
	starts  []float64 // log(count + 0.1)
	weights []float64 // prior weights, set by reweigh
	equal   bool      // all weights are 1

	// The fit.
	trend     bool
	converged bool
	level     []float64 // of each group
	slope     float64   // 0 without trend
	phi       float64   // dispersion, not floored
	df        float64
	mu        []float64
	working   []float64 // weight·μ of the step before the last, which the standard errors rest on
	weightSum []float64 // of the working weights of each group
	meanTime  []float64 // of each group under the working weights
	timeSS    float64   // Σ working weight·(time − meanTime)²

	eta, response []float64
	meanResponse  []float64
}

// reset makes room for n values in the given number of groups and forgets the last model.
func (f *seasonFitter) reset(n, groups int, withOffset bool) {
	if cap(f.counts) < n {
		for _, list := range []*[]float64{&f.counts, &f.time, &f.logs, &f.starts, &f.weights, &f.mu, &f.working, &f.eta, &f.response} {
			*list = make([]float64, n)
		}
		f.group = make([]int, n)
	}
	for _, list := range []*[]float64{&f.counts, &f.time, &f.logs, &f.starts, &f.weights, &f.mu, &f.working, &f.eta, &f.response} {
		*list = (*list)[:n]
	}
	f.group = f.group[:n]
	f.groups = groups
	if cap(f.level) < groups {
		for _, list := range []*[]float64{&f.level, &f.weightSum, &f.meanTime, &f.meanResponse} {
			*list = make([]float64, groups)
		}
	}
	for _, list := range []*[]float64{&f.level, &f.weightSum, &f.meanTime, &f.meanResponse} {
		*list = (*list)[:groups]
	}
	switch {
	case !withOffset:
		f.offset = nil
	case cap(f.offset) < n:
		f.offset = make([]float64, n)
	default:
		f.offset = f.offset[:n]
	}
}

// set fills in reference value i.
func (f *seasonFitter) set(i int, count, time float64, group int) {
	f.counts[i], f.time[i], f.group[i] = count, time, group
	f.logs[i], f.starts[i] = 0, math.Log(count+0.1)
	if count > 0 {
		f.logs[i] = math.Log(count)
	}
}

// largest is the highest reference count.
func (f *seasonFitter) largest() float64 {
	var m float64
	for _, y := range f.counts {
		m = math.Max(m, y)
	}
	return m
}

// fitOutbreak fits, and if asked gives values whose Anscombe residual is above the threshold less weight and fits
// again. It reports false if the first fit did not converge; with a trend it then stops there.
func (f *seasonFitter) fitOutbreak(trend, reweight bool, threshold float64) (bool, error) {
	f.trend, f.equal = trend, true
	for i := range f.weights {
		f.weights[i] = 1
	}
	parameters := f.groups
	if trend {
		parameters++
	}
	if len(f.counts) <= parameters {
		return false, argumentError("counts", "%d reference values are too few for the model", len(f.counts))
	}
	if err := f.fit(); err != nil {
		return false, err
	}
	converged := f.converged
	if reweight && (converged || !trend) {
		f.reweigh(threshold)
		return converged, f.fit()
	}
	return converged, nil
}

// reweigh sets the prior weights by the Anscombe residuals of the fit; they sum to the number of values.
func (f *seasonFitter) reweigh(threshold float64) {
	phi := math.Max(1, f.phi)
	var total float64
	for i, y := range f.counts {
		f.weights[i] = 1
		if rest := 1 - f.leverage(i); rest > 10*smallestPositive {
			mu := f.mu[i]
			root := math.Sqrt(mu)
			residual := 1.5 * (math.Cbrt(y*y)/math.Cbrt(root) - root) / math.Sqrt(phi*rest)
			if residual > threshold {
				f.weights[i] = 1 / (residual * residual)
			}
		}
		total += f.weights[i]
	}
	gamma := float64(len(f.counts)) / total
	for i := range f.weights {
		f.weights[i] *= gamma
	}
	f.equal = false
}

// leverage is the diagonal of the hat matrix.
func (f *seasonFitter) leverage(i int) float64 {
	g := f.group[i]
	h := 1 / f.weightSum[g]
	if f.trend {
		d := f.time[i] - f.meanTime[g]
		h += d * d / f.timeSS
	}
	return f.working[i] * h
}

// fit runs the iteration with the present weights.
func (f *seasonFitter) fit() error {
	for i, y := range f.counts {
		f.mu[i], f.eta[i] = y+0.1, f.starts[i]
	}
	f.converged = false
	before := f.deviance()
	for iteration := 1; iteration <= glmMaxIterations; iteration++ {
		f.step()
		dev := f.predict()
		if !isFinite(dev) {
			return ErrNoFit
		}
		if math.Abs(dev-before)/(math.Abs(dev)+0.1) < glmTolerance {
			f.converged = true
			break
		}
		before = dev
	}
	var x2 float64
	used := 0.0
	for i, y := range f.counts {
		if f.weights[i] > 0 {
			used++
		}
		r := (y - f.mu[i]) / f.mu[i]
		x2 += f.working[i] * r * r
	}
	f.df = used - float64(f.groups)
	if f.trend {
		f.df--
	}
	f.phi = x2 / f.df
	return nil
}

// step solves one weighted least squares problem.
func (f *seasonFitter) step() {
	for g := range f.weightSum {
		f.weightSum[g], f.meanTime[g], f.meanResponse[g] = 0, 0, 0
	}
	for i, y := range f.counts {
		mu := f.mu[i]
		w := f.weights[i] * mu
		z := f.eta[i] + (y-mu)/mu
		if f.offset != nil {
			z -= f.offset[i]
		}
		f.working[i], f.response[i] = w, z
		g := f.group[i]
		f.weightSum[g] += w
		f.meanTime[g] += w * f.time[i]
		f.meanResponse[g] += w * z
	}
	for g, w := range f.weightSum {
		f.meanTime[g] /= w
		f.meanResponse[g] /= w
	}
	f.slope, f.timeSS = 0, 0
	if f.trend {
		var cross float64
		for i, w := range f.working {
			g := f.group[i]
			d := f.time[i] - f.meanTime[g]
			f.timeSS += w * d * d
			cross += w * d * (f.response[i] - f.meanResponse[g])
		}
		f.slope = cross / f.timeSS
	}
	for g := range f.level {
		f.level[g] = f.meanResponse[g] - f.slope*f.meanTime[g]
	}
}

// predict sets eta and mu by the coefficients and returns the deviance.
func (f *seasonFitter) predict() float64 {
	var dev float64
	for i, y := range f.counts {
		eta := f.level[f.group[i]] + f.slope*f.time[i]
		if f.offset != nil {
			eta += f.offset[i]
		}
		mu := math.Exp(eta)
		log := eta
		if mu < smallestPositive {
			mu, log = smallestPositive, -52*math.Ln2
		}
		f.eta[i], f.mu[i] = eta, mu
		d := y*(f.logs[i]-log) - (y - mu)
		if !f.equal {
			d *= f.weights[i]
		}
		dev += d
	}
	return 2 * dev
}

// deviance is that of the present mu.
func (f *seasonFitter) deviance() float64 {
	var dev float64
	for i, y := range f.counts {
		dev += f.weights[i] * (y*(f.logs[i]-f.eta[i]) - (y - f.mu[i]))
	}
	return 2 * dev
}

// at predicts log μ in a group at a time, with its variance for a dispersion of 1.
func (f *seasonFitter) at(group int, time, offset float64) (eta, variance float64) {
	variance = 1 / f.weightSum[group]
	if f.trend {
		d := time - f.meanTime[group]
		variance += d * d / f.timeSS
	}
	return f.level[group] + f.slope*time + offset, variance
}

// overwrittenDispersion is what R's farringtonFlexible takes for the dispersion when it computes standard errors:
// after the reweighted fit its slot of working weights holds the prior weights.
func (f *seasonFitter) overwrittenDispersion() float64 {
	if f.equal {
		return f.phi
	}
	var squares float64
	for i, y := range f.counts {
		r := (y - f.mu[i]) / f.mu[i]
		squares += f.weights[i] * r * r
	}
	return squares / f.df
}

// trendHolds reports whether the slope is significant at the threshold, given the dispersion, and more than the
// rounding that is left of a series without any change.
func (f *seasonFitter) trendHolds(dispersion, threshold float64) bool {
	const leastLogChange = 1e-10
	first, last := f.time[0], f.time[len(f.time)-1]
	if !(math.Abs(f.slope)*(last-first) > leastLogChange) {
		return false
	}
	t := math.Abs(f.slope) / math.Sqrt(dispersion/f.timeSS)
	return 2*studentUpper(t, f.df) < threshold
}
