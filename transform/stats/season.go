package stats

import "math"

// seasonFitter fits the quasi-Poisson models of the Farrington detectors: log μ = level of the season group +
// slope·time + offset. Each step of the reweighted least squares is solved in closed form, group by group, from sums
// that one pass over the values gives; start and stopping rule are those of FitPoisson, so the numbers are too. A fitter
// keeps its memory between fits and belongs to one goroutine.
type seasonFitter struct {
	series []seasonValue // what is known of each period, see prepare

	// The model: one row per reference value.
	rows       []seasonRow
	shift      float64 // times are counted from here on
	withOffset bool
	equal      bool // all weights are 1
	sums       []seasonSums

	// The fit.
	trend       bool
	converged   bool
	level       []float64 // of each group
	scale, past []float64 // exp(level), and that of the step before
	slope       float64   // 0 without trend
	phi         float64   // dispersion, not floored
	df          float64
	mu, before  []float64 // before is the μ of the step before the last, which the standard errors rest on
	weightSum   []float64 // of weight·before in each group
	meanTime    []float64 // of each group under these weights
	timeSS      float64   // Σ weight·before·(time − meanTime)²
}

// seasonValue is a count with what every fit needs of it.
type seasonValue struct {
	count     float64
	log       float64 // 0 for a count of 0
	start     float64 // log(count + 0.1)
	twoThirds float64 // count^(2/3)
}

func newSeasonValue(count float64) seasonValue {
	v := seasonValue{count: count, start: math.Log(count + 0.1), twoThirds: math.Cbrt(count * count)}
	if count > 0 {
		v.log = math.Log(count)
	}
	return v
}

type seasonRow struct {
	seasonValue
	time, offset float64
	exposure     float64 // exp(offset)
	weight       float64 // prior weight, set by reweigh
	group        int     // from 0
}

// seasonSums are what a step needs of a group. The first three are over weight·μ, the next two over weight·(count − μ).
// Time is counted from centre, their mean as last known, as little is left of a sum of squares taken from afar.
type seasonSums struct {
	centre                     float64
	w, wt, wtt                 float64 // t is time
	e, et                      float64
	count, countTime, exposure float64 // over the prior weights
	log                        float64 // of count/exposure, 0 for a count of 0
	least                      float64 // exposure of a value
}

// prepare makes the values of a series ready for its reference data.
func (f *seasonFitter) prepare(counts []float64) {
	f.series = make([]seasonValue, len(counts))
	for i, y := range counts {
		f.series[i] = newSeasonValue(y)
	}
}

// reset makes room for n values in the given number of groups and forgets the last model.
func (f *seasonFitter) reset(n, groups int, withOffset bool) {
	if cap(f.rows) < n {
		f.rows, f.mu, f.before = make([]seasonRow, n), make([]float64, n), make([]float64, n)
	}
	f.rows, f.mu, f.before = f.rows[:n], f.mu[:n], f.before[:n]
	lists := []*[]float64{&f.level, &f.scale, &f.past, &f.weightSum, &f.meanTime}
	if cap(f.sums) < groups {
		f.sums = make([]seasonSums, groups)
		for _, list := range lists {
			*list = make([]float64, groups)
		}
	}
	f.sums = f.sums[:groups]
	for _, list := range lists {
		*list = (*list)[:groups]
	}
	f.withOffset = withOffset
}

// set fills in reference value i; the first one comes first. offset is the known part of log μ.
func (f *seasonFitter) set(i int, value seasonValue, time, offset float64, group int) {
	if i == 0 {
		f.shift = time
	}
	f.rows[i] = seasonRow{seasonValue: value, time: time - f.shift, offset: offset, exposure: 1, group: group}
	if f.withOffset {
		f.rows[i].exposure = math.Exp(offset)
	}
}

// largest is the highest reference count.
func (f *seasonFitter) largest() float64 {
	var m float64
	for i := range f.rows {
		m = math.Max(m, f.rows[i].count)
	}
	return m
}

// fitOutbreak fits, and if asked gives values whose Anscombe residual is above the threshold less weight and fits
// again. It reports false if the first fit did not converge; with a trend it then stops there.
func (f *seasonFitter) fitOutbreak(trend, reweight bool, threshold float64) (bool, error) {
	f.trend, f.equal = trend, true
	for i := range f.rows {
		f.rows[i].weight = 1
	}
	parameters := len(f.sums)
	if trend {
		parameters++
	}
	if len(f.rows) <= parameters {
		return false, argumentError("counts", "%d reference values are too few for the model", len(f.rows))
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
	for i := range f.rows {
		r := &f.rows[i]
		r.weight = 1
		if mu := f.mu[i]; r.count > mu {
			if rest := 1 - f.leverage(i); rest > 10*smallestPositive {
				root := math.Sqrt(mu)
				residual := 1.5 * (r.twoThirds/math.Cbrt(root) - root)
				squared := residual * residual
				if variance := phi * rest; squared > threshold*threshold*variance {
					r.weight = variance / squared
				}
			}
		}
		total += r.weight
	}
	gamma := float64(len(f.rows)) / total
	for i := range f.rows {
		f.rows[i].weight *= gamma
	}
	f.equal = false
}

// leverage is the diagonal of the hat matrix, of a fit with equal weights.
func (f *seasonFitter) leverage(i int) float64 {
	r := &f.rows[i]
	h := 1 / f.weightSum[r.group]
	if f.trend {
		d := r.time - f.meanTime[r.group]
		h += d * d / f.timeSS
	}
	return f.before[i] * h
}

// fit runs the iteration with the present weights.
func (f *seasonFitter) fit() error {
	base, before := f.begin()
	f.converged = false
	iteration := 1
	for ; ; iteration++ {
		if err := f.step(); err != nil {
			return err
		}
		dev := base + f.predict()
		if !isFinite(dev) {
			return ErrNoFit
		}
		if math.Abs(dev-before)/(math.Abs(dev)+0.1) < glmTolerance {
			f.converged = true
		}
		if f.converged || iteration == glmMaxIterations {
			break
		}
		before = dev
	}
	f.finish(iteration)
	return nil
}

// begin sets the sums that the first step needs, with μ = y + 0.1. It returns the part of the deviance that does not
// depend on the coefficients, that of the group means, and the deviance of the start.
func (f *seasonFitter) begin() (base, start float64) {
	for g := range f.sums {
		f.sums[g] = seasonSums{least: math.Inf(1)}
		f.level[g] = 0
	}
	f.slope = 0
	for i := range f.rows {
		r := &f.rows[i]
		s := &f.sums[r.group]
		f.mu[i] = r.count + 0.1
		w := r.weight * f.mu[i]
		s.w += w
		s.wt += w * r.time
		s.count += r.weight * r.count
		s.countTime += r.weight * r.count * r.time
		s.exposure += r.weight * r.exposure
		s.least = math.Min(s.least, r.exposure)
		start += r.weight * (r.count*(r.log-r.start) + 0.1)
	}
	for g := range f.sums {
		s := &f.sums[g]
		if s.count > 0 {
			s.log = math.Log(s.count / s.exposure)
		}
		s.centre, s.wt = s.wt/s.w, 0
	}
	for i := range f.rows {
		r := &f.rows[i]
		s := &f.sums[r.group]
		w := r.weight * f.mu[i]
		wz := w*(r.start-r.offset) - 0.1*r.weight // weight times working response
		t := r.time - s.centre
		s.wt += w * t
		s.wtt += w * t * t
		s.e += wz
		s.et += wz * t
		if r.count > 0 {
			base += r.weight * r.count * (r.log - r.offset - s.log)
		}
	}
	return 2 * base, 2 * start
}

// step moves the coefficients by the solution of one weighted least squares problem.
func (f *seasonFitter) step() error {
	f.timeSS = 0
	var cross, change float64
	for g := range f.sums {
		s := &f.sums[g]
		beyond := s.wt / s.w
		f.weightSum[g], f.meanTime[g] = s.w, s.centre+beyond
		f.timeSS += s.wtt - s.wt*beyond
		cross += s.et - s.e*beyond
	}
	if f.trend {
		if !(f.timeSS > 0) {
			return ErrNoFit
		}
		change = cross / f.timeSS
	}
	f.slope += change
	for g := range f.sums {
		f.level[g] += f.sums[g].e/f.weightSum[g] - change*f.meanTime[g]
		f.past[g], f.scale[g] = f.scale[g], math.Exp(f.level[g])
	}
	return nil
}

// predict sets the sums, and with a trend μ too, by the coefficients and returns the deviance beyond that of the group
// means.
func (f *seasonFitter) predict() float64 {
	half := 0.0
	if f.trend || f.vanishes() {
		half = f.predictEach()
	} else {
		for g := range f.sums {
			s := &f.sums[g]
			s.w = f.scale[g] * s.exposure
			s.e = s.count - s.w
		}
	}
	for g := range f.sums {
		s := &f.sums[g]
		half -= s.e
		if s.count > 0 {
			half += s.count*(s.log-f.level[g]) - f.slope*s.countTime
		}
	}
	return 2 * half
}

// vanishes reports whether a μ is so near to 0 that it is held up.
func (f *seasonFitter) vanishes() bool {
	for g := range f.sums {
		if f.scale[g]*f.sums[g].least < 2*smallestPositive {
			return true
		}
	}
	return false
}

// predictEach goes through all values. The result is what holding up μ adds to half the deviance.
func (f *seasonFitter) predictEach() (held float64) {
	// The exponential of a small slope grows step by step, but not for ever; that of a large one could leave the numbers
	// a computer has, and is taken in one with the level.
	const small, often = 100, 64
	direct := math.Abs(f.slope)*math.Abs(f.rows[len(f.rows)-1].time) > small
	f.mu, f.before = f.before, f.mu
	for g := range f.sums {
		s := &f.sums[g]
		s.centre = f.meanTime[g]
		direct = direct || math.Abs(f.level[g]) > small
		s.w, s.wt, s.wtt, s.e, s.et = 0, 0, 0, 0, 0
	}
	ratio := math.Exp(f.slope)
	last, growth, steps := math.Inf(-1), 1.0, often
	for i := range f.rows {
		r := &f.rows[i]
		switch {
		case !f.trend:
		case direct:
		case r.time-last == 1 && steps < often:
			growth *= ratio
			steps++
		default:
			growth, steps = math.Exp(f.slope*r.time), 0
		}
		last = r.time
		mu := f.scale[r.group] * growth * r.exposure
		if direct {
			mu = math.Exp(f.level[r.group] + f.slope*r.time + r.offset)
		}
		if mu < smallestPositive {
			eta := f.level[r.group] + f.slope*r.time + r.offset
			held += r.weight * r.count * (eta - math.Log(smallestPositive))
			mu = smallestPositive
		}
		f.mu[i] = mu
		w := r.weight * mu
		e := r.weight*r.count - w
		s := &f.sums[r.group]
		t := r.time - s.centre
		s.w += w
		s.wt += w * t
		s.wtt += w * t * t
		s.e += e
		s.et += e * t
	}
	return held
}

// finish sets μ and the dispersion.
func (f *seasonFitter) finish(iterations int) {
	var x2, used float64
	for i := range f.rows {
		r := &f.rows[i]
		if !f.trend {
			f.mu[i] = math.Max(f.scale[r.group]*r.exposure, smallestPositive)
			f.before[i] = r.count + 0.1
			if iterations > 1 {
				f.before[i] = math.Max(f.past[r.group]*r.exposure, smallestPositive)
			}
		}
		if r.weight > 0 {
			used++
		}
		d := (r.count - f.mu[i]) / f.mu[i]
		x2 += r.weight * f.before[i] * d * d
	}
	f.df = used - float64(len(f.sums))
	if f.trend {
		f.df--
	}
	f.phi = x2 / f.df
}

// at predicts log μ in a group at a time, with its variance for a dispersion of 1.
func (f *seasonFitter) at(group int, time, offset float64) (eta, variance float64) {
	time -= f.shift
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
	for i := range f.rows {
		r := &f.rows[i]
		d := (r.count - f.mu[i]) / f.mu[i]
		squares += r.weight * d * d
	}
	return squares / f.df
}

// trendHolds reports whether the slope is significant at the threshold, given the dispersion, and more than the
// rounding that is left of a series without any change.
func (f *seasonFitter) trendHolds(dispersion, threshold float64) bool {
	const leastLogChange = 1e-10
	first, last := f.rows[0].time, f.rows[len(f.rows)-1].time
	if !(math.Abs(f.slope)*(last-first) > leastLogChange) {
		return false
	}
	t := math.Abs(f.slope) / math.Sqrt(dispersion/f.timeSS)
	return 2*studentUpper(t, f.df) < threshold
}
