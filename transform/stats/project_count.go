package stats

import "math"

// CountProjection is how many cases a year will have.
type CountProjection struct {
	Median float64
	Lower  float64 // limits of the interval
	Upper  float64
	Below  float64 // probability of fewer cases than the base
}

// ProjectCount foresees the cases of a year of which soFar are known, from earlier years: their totals, and how many of
// each had arrived at the same moment. base is the count to stay below, and level the coverage of the interval.
//
// The share of a year's cases that have arrived by the moment is that of the earlier years together. A year's expected
// count is gamma distributed around their mean, with the variance that their totals have beyond Poisson's and that of the
// mean itself; the cases so far update it, and the rest of the year is then negative binomial (Gelman et al., Bayesian Data
// Analysis, 3rd ed., 2.6). ErrShortHistory with fewer than two earlier years.
func ProjectCount(soFar float64, totals, arrived []float64, base, level float64) (CountProjection, error) {
	if len(totals) < projectionLeast || len(totals) != len(arrived) {
		return CountProjection{Median: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Below: math.NaN()}, ErrShortHistory
	}
	n, all, m := float64(len(totals)), sum(totals), mean(totals)
	share := math.Min(1, (sum(arrived)+0.5)/(all+0.5))
	var spread float64
	for _, t := range totals {
		spread += (t - m) * (t - m) / (n - 1)
	}
	m = math.Max(m, 0.5/n)                                          // half a case in all these years, where they had none
	inverse := math.Max(0, (spread-m)/(m*m)) + 1/math.Max(all, 0.5) // of the shape of the gamma distribution
	size := 1/inverse + soFar
	exposure := 1/inverse/m + share // of the rate, in years
	rest := 1 - share
	if rest <= 0 {
		below := 0.0
		if soFar < base {
			below = 1
		}
		return CountProjection{Median: soFar, Lower: soFar, Upper: soFar, Below: below}, nil
	}
	prob := exposure / (exposure + rest)
	p := CountProjection{
		Median: soFar + negativeBinomialQuantile(0.5, size, prob),
		Lower:  soFar + negativeBinomialQuantile((1-level)/2, size, prob),
		Upper:  soFar + negativeBinomialQuantile((1+level)/2, size, prob),
	}
	if need := math.Ceil(base) - 1 - soFar; need >= 0 {
		p.Below = negativeBinomialCDF(need, size, prob)
	}
	return p, nil
}
