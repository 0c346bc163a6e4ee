package stats

import "math"

// CountBand is where a count of known mean and variance lies with probability 1 − 2·alpha, and how far out one is.
type CountBand struct {
	Lower, Upper float64 // the largest band with P(Y < Lower) ≤ alpha and P(Y > Upper) ≤ alpha
	PHigh, PLow  float64 // P(Y ≥ y) and P(Y ≤ y)
}

// BandOfCount judges a count on both sides against a mean and a variance that are known: by the negative binomial
// law, by Poisson's where the variance is not above the mean. A mean of 0 allows nothing but 0.
//
// R: qnbinom(c(alpha, 1 − alpha), size, mu = mean) and pnbinom with size = mean²/(variance − mean).
func BandOfCount(y, mean, variance, alpha float64) (CountBand, error) {
	switch {
	case !(y >= 0) || math.IsInf(y, 1):
		return CountBand{}, argumentError("count", "must be a number, at least 0, got %v", y)
	case !(mean >= 0) || math.IsInf(mean, 1):
		return CountBand{}, argumentError("mean", "must be a number, at least 0, got %v", mean)
	case math.IsNaN(variance) || math.IsInf(variance, 0):
		return CountBand{}, argumentError("variance", "must be a number, got %v", variance)
	}
	if err := checkLevel("alpha", alpha); err != nil {
		return CountBand{}, err
	}
	if mean == 0 {
		if y > 0 {
			return CountBand{PLow: 1}, nil
		}
		return CountBand{PHigh: 1, PLow: 1}, nil
	}
	if excess := variance - mean; excess > 1e-9*mean {
		size, prob := mean*mean/excess, mean/variance
		return CountBand{
			Lower: negativeBinomialQuantile(alpha, size, prob), Upper: negativeBinomialQuantile(1-alpha, size, prob),
			PHigh: negativeBinomialAtLeast(y, size, prob), PLow: negativeBinomialCDF(y, size, prob),
		}, nil
	}
	return CountBand{
		Lower: poissonQuantile(alpha, mean), Upper: poissonQuantile(1-alpha, mean),
		PHigh: poissonAtLeast(y, mean), PLow: poissonCDF(y, mean),
	}, nil
}

// Unreported is the number of events that are still to be reported when a share of them all is known, as median and
// equal-tailed interval at 1 − alpha: negative binomial, with the mean and the corrected variance of Lawless'
// estimate, and with a meaning where nothing is reported yet as well (half an event is added, as Jeffreys' prior has
// it). variation is that of Reporting.
func Unreported(known, share, variation, alpha float64) (median, lower, upper float64, err error) {
	switch {
	case !(known >= 0) || math.IsInf(known, 1):
		return 0, 0, 0, argumentError("known", "must be a number, at least 0, got %v", known)
	case !(share > 0 && share <= 1):
		return 0, 0, 0, argumentError("share", "must lie above 0, not above 1, got %v", share)
	case !(variation >= 0) || math.IsInf(variation, 1):
		return 0, 0, 0, argumentError("variation", "must be a number, at least 0, got %v", variation)
	}
	if err := checkLevel("alpha", alpha); err != nil {
		return 0, 0, 0, err
	}
	shape := known + 0.5
	mean := shape * (1 - share) / share
	if mean == 0 {
		return 0, 0, 0, nil
	}
	all := known + mean
	excess := mean*mean/shape + all*all*variation
	size, prob := mean*mean/excess, mean/(mean+excess)
	at := func(p float64) float64 { return negativeBinomialQuantile(p, size, prob) }
	return at(0.5), at(alpha / 2), at(1 - alpha/2), nil
}
