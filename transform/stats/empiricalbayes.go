package stats

import "math"

// GammaPrior is what is known of a rate before its cases are counted: a gamma law, as if Shape cases had been seen
// in an exposure of Rate. The zero value stands for Jeffreys' prior, half a case in no exposure.
type GammaPrior struct{ Shape, Rate float64 }

func (p GammaPrior) orJeffreys() GammaPrior {
	if p == (GammaPrior{}) {
		return GammaPrior{Shape: 0.5}
	}
	return p
}

func (p GammaPrior) check() error {
	p = p.orJeffreys()
	if !(p.Shape > 0) || math.IsInf(p.Shape, 1) {
		return argumentError("prior_shape", "must be a number above 0, got %v", p.Shape)
	}
	if !(p.Rate >= 0) || math.IsInf(p.Rate, 1) {
		return argumentError("prior_rate", "must be a number, at least 0, got %v", p.Rate)
	}
	return nil
}

// SmoothedRates are rates of places, drawn towards each other the more, the fewer cases they rest on.
type SmoothedRates struct {
	Raw      []float64 // cases over exposure
	Smoothed []float64
	Mean     []float64 // that each place is drawn to: the same for all, or of its neighbourhood
	Variance []float64 // between places, 0 if chance explains all differences
}

// EmpiricalBayes draws the rates of places (or years) to their common mean, by moments.
//
// Marshall, J R Stat Soc C 1991;40:283–94. It equals EBest(family = "poisson") of R's spdep.
func EmpiricalBayes(cases, exposure []float64) (SmoothedRates, error) {
	all := make([]int, len(cases))
	for i := range all {
		all[i] = i
	}
	if err := checkExposed("cases", cases, "exposure", exposure); err != nil {
		return SmoothedRates{}, err
	}
	r := newSmoothedRates(cases, exposure)
	mean, variance := marshall(cases, exposure, all)
	for i := range cases {
		r.shrink(i, exposure[i], mean, variance)
	}
	return r, nil
}

// EmpiricalBayesLocal draws the rate of each place to the mean of itself and its neighbours. neighbours lists the
// neighbours of each place, counted from 0; a place without any keeps its rate.
//
// Marshall 1991. It equals EBlocal of R's spdep with geoda = TRUE, which keeps to the paper.
func EmpiricalBayesLocal(cases, exposure []float64, neighbours [][]int) (SmoothedRates, error) {
	if err := checkExposed("cases", cases, "exposure", exposure); err != nil {
		return SmoothedRates{}, err
	}
	if len(neighbours) != len(cases) {
		return SmoothedRates{}, argumentError("neighbours", "has %d lists, there are %d places", len(neighbours), len(cases))
	}
	r := newSmoothedRates(cases, exposure)
	for i, list := range neighbours {
		group := make([]int, 0, len(list)+1)
		seen := map[int]bool{i: true}
		for _, j := range list {
			if j < 0 || j >= len(cases) || seen[j] {
				return SmoothedRates{}, argumentError("neighbours", "of place %d: each must be another place, once, got %d", i+1, j+1)
			}
			seen[j] = true
			group = append(group, j)
		}
		group = append(group, i)
		mean, variance := marshall(cases, exposure, group)
		r.shrink(i, exposure[i], mean, variance)
	}
	return r, nil
}

func newSmoothedRates(cases, exposure []float64) SmoothedRates {
	n := len(cases)
	r := SmoothedRates{Raw: make([]float64, n), Smoothed: make([]float64, n), Mean: make([]float64, n), Variance: make([]float64, n)}
	for i := range cases {
		r.Raw[i] = cases[i] / exposure[i]
	}
	return r
}

func (r SmoothedRates) shrink(i int, exposure, mean, variance float64) {
	r.Mean[i], r.Variance[i] = mean, variance
	share := 0.0
	if variance > 0 {
		share = variance / (variance + mean/exposure)
	}
	r.Smoothed[i] = mean + (r.Raw[i]-mean)*share
}

// marshall estimates mean and variance of the rates of a group of places by moments.
func marshall(cases, exposure []float64, group []int) (mean, variance float64) {
	var c, e float64
	for _, i := range group {
		c, e = c+cases[i], e+exposure[i]
	}
	mean = c / e
	var s2 float64
	for _, i := range group {
		d := cases[i]/exposure[i] - mean
		s2 += exposure[i] * d * d
	}
	return mean, math.Max(0, s2/e-mean/(e/float64(len(group))))
}

// GammaPriorOf finds the gamma law that the rates of places (or years) come from, by maximum likelihood of the
// counts, which are then negative binomial. It is the prior for one of them, or for a new one: see CountPredictive.
// When chance explains all differences the law has no spread: shape and rate are then large, in the ratio of the
// common rate.
//
// Clayton & Kaldor, Biometrics 1987;43:671–81. R: the maximum of sum(dnbinom(y, shape, rate/(rate + e), log = TRUE)).
func GammaPriorOf(cases, exposure []float64) (GammaPrior, error) {
	if err := checkExposed("cases", cases, "exposure", exposure); err != nil {
		return GammaPrior{}, err
	}
	for i, c := range cases {
		if c != math.Floor(c) || c > maxSeries {
			return GammaPrior{}, argumentError("cases", "value %d must be a whole number up to %d, got %v", i+1, maxSeries, c)
		}
	}
	total, all := sum(cases), sum(exposure)
	if total == 0 {
		return GammaPrior{}, argumentError("cases", "there is no case, so nothing to learn a rate from")
	}
	// With the shape given the rate solves one equation; the profile likelihood is searched over the log of the shape.
	rate := func(shape float64) float64 {
		// Σ (shape/rate − (shape + y)/(rate + e)) = 0 falls in rate.
		low, high := math.Log(shape*all/total)-40, math.Log(shape*all/total)+40
		for range 200 {
			middle := (low + high) / 2
			if middle == low || middle == high {
				break
			}
			b, s := math.Exp(middle), 0.0
			for i, y := range cases {
				s += (shape*exposure[i] - y*b) / (b + exposure[i])
			}
			if s > 0 {
				low = middle
			} else {
				high = middle
			}
		}
		return math.Exp((low + high) / 2)
	}
	likelihood := func(logShape float64) float64 {
		shape := math.Exp(logShape)
		b, l := rate(shape), 0.0
		for i, y := range cases {
			e := exposure[i]
			l += logRising(shape, y) - shape*math.Log1p(e/b) - y*math.Log(b/e+1)
		}
		return l
	}
	const least, most = -7.0, 13.8 // a shape of 0.001 to a million
	best, at := math.Inf(-1), least
	for x := least; x <= most; x += 0.4 {
		if l := likelihood(x); l > best {
			best, at = l, x
		}
	}
	low, high := math.Max(least, at-0.4), math.Min(most, at+0.4)
	golden := (math.Sqrt(5) - 1) / 2
	c, d := high-golden*(high-low), low+golden*(high-low)
	lc, ld := likelihood(c), likelihood(d)
	for high-low > 1e-9 {
		if lc > ld {
			high, d, ld = d, c, lc
			c = high - golden*(high-low)
			lc = likelihood(c)
		} else {
			low, c, lc = c, d, ld
			d = low + golden*(high-low)
			ld = likelihood(d)
		}
	}
	shape := math.Exp((low + high) / 2)
	return GammaPrior{Shape: shape, Rate: rate(shape)}, nil
}
