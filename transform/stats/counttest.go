package stats

import "math"

// CountTestMethod says what a CountTest takes for known about the baseline.
type CountTestMethod string

// The count tests. All are one-sided: they look for too many cases.
const (
	// CountPoisson takes the rate of the baseline for the truth: right for a rate that is set from outside or rests
	// on many cases, too quick to alarm otherwise. P(Y ≥ x) under Poisson, R's poisson.test(x, exposure, rate,
	// alternative = "greater").
	CountPoisson CountTestMethod = "poisson"
	// CountBinomial shares all cases, those of the window and of the baseline, out by exposure, so that the rate drops
	// out and its uncertainty is counted in full (Przyborowski & Wilenski, Biometrika 1940;31:313–23). R's
	// poisson.test(c(x, b), c(t, T), alternative = "greater").
	CountBinomial CountTestMethod = "binomial"
	// CountPredictive is the predictive distribution that a gamma prior and the baseline lead to, a negative
	// binomial: R's pnbinom(x − 1, b + shape, (T + rate)/(T + rate + t), lower.tail = FALSE). Without a prior it is
	// that of Jeffreys (shape ½, rate 0), as in Höhle, Comput Stat 2007;22:571–82; with shape 1 and rate 0 it equals
	// CountBinomial; with the prior of GammaPriorOf it pools with other places or years.
	CountPredictive CountTestMethod = "predictive"
	// CountNegativeBinomial is CountBinomial for counts that vary more than Poisson counts by a dispersion that is
	// known: given all cases, those of the window follow a negative hypergeometric law (Robinson & Smyth,
	// Biostatistics 2008;9:321–32). Without dispersion it equals CountBinomial.
	CountNegativeBinomial CountTestMethod = "negative_binomial"
)

// Exposed is a number of cases over an exposure: periods, person-years or any other measure of opportunity.
type Exposed struct {
	Cases    float64 // whole, at least 0
	Exposure float64 // above 0
}

// CountTestOptions are the settings of CountTest.
type CountTestOptions struct {
	Method CountTestMethod // "" means CountBinomial
	Alpha  float64         // one-sided error rate
	Prior  GammaPrior      // for CountPredictive; the zero value is Jeffreys' prior
	// Dispersion is the α of CountNegativeBinomial: a unit of exposure with mean μ has the variance μ + αμ², units are
	// independent. See DispersionOf.
	Dispersion float64
}

// CountTestResult is the answer of a CountTest.
type CountTestResult struct {
	Expected float64 // cases of the window at the rate of the baseline (with the prior's share, if there is one)
	P        float64 // probability of as many cases or more when the rate has not changed
	MidP     float64 // the same, with half the probability of just as many
	Bound    float64 // largest number of cases that does not alarm; +Inf if no number up to a million does
	Alarm    bool    // the cases are above Bound
}

// CountTest asks whether a window holds more cases than the rate of a baseline, itself only counted, explains. The
// methods name their papers and R functions.
func CountTest(window, baseline Exposed, opt CountTestOptions) (CountTestResult, error) {
	if err := opt.check(); err != nil {
		return CountTestResult{}, err
	}
	if err := checkEvents("cases", window.Cases, "exposure", window.Exposure); err != nil {
		return CountTestResult{}, err
	}
	if err := checkEvents("baseline_cases", baseline.Cases, "baseline_exposure", baseline.Exposure); err != nil {
		return CountTestResult{}, err
	}
	if most := float64(maxSeries); window.Cases > most || baseline.Cases > most {
		return CountTestResult{}, argumentError("cases", "at most %d cases", maxSeries)
	}
	return opt.test(window, baseline), nil
}

func (opt CountTestOptions) check() error {
	if err := checkLevel("alpha", opt.Alpha); err != nil {
		return err
	}
	switch opt.Method {
	case "", CountPoisson, CountBinomial:
		return nil
	case CountPredictive:
		return opt.Prior.check()
	case CountNegativeBinomial:
		if !(opt.Dispersion >= 0) || math.IsInf(opt.Dispersion, 1) {
			return argumentError("dispersion", "must be a number, at least 0, got %v", opt.Dispersion)
		}
		return nil
	}
	return argumentError("test", "must be poisson, binomial, predictive or negative_binomial, got %q", string(opt.Method))
}

// test is CountTest for arguments that are in order.
func (opt CountTestOptions) test(window, baseline Exposed) CountTestResult {
	x, t := window.Cases, window.Exposure
	b, units := baseline.Cases, baseline.Exposure
	r := CountTestResult{Expected: b / units * t}
	var above float64 // P(Y ≥ x + 1)
	switch {
	case opt.Method == CountPoisson:
		r.P, above = poissonAtLeast(x, r.Expected), poissonAtLeast(x+1, r.Expected)
		r.Bound = poissonQuantile(1-opt.Alpha, r.Expected)
	case opt.Method == CountPredictive:
		prior := opt.Prior.orJeffreys()
		size, rest := b+prior.Shape, units+prior.Rate
		r.Expected = size / rest * t
		r.P = negativeBinomialAtLeast(x, size, rest/(rest+t))
		above = negativeBinomialAtLeast(x+1, size, rest/(rest+t))
		r.Bound = negativeBinomialQuantile(1-opt.Alpha, size, rest/(rest+t))
	case opt.Method == CountNegativeBinomial && opt.Dispersion > 0:
		a1, a2 := t/opt.Dispersion, units/opt.Dispersion
		r.P, above = betaBinomialAtLeast(x, x+b, a1, a2), betaBinomialAtLeast(x+1, x+b, a1, a2)
		r.Bound = firstAlarmCount(opt.Alpha, r.Expected, func(k float64) float64 { return betaBinomialAtLeast(k, k+b, a1, a2) }) - 1
		if r.Bound >= maxSeries-1 {
			r.Bound = math.Inf(1)
		}
	default:
		share := t / (t + units)
		r.P, above = binomialAtLeast(x, x+b, share), binomialAtLeast(x+1, x+b, share)
		// P(k) of k + b cases is the upper tail of a negative binomial: k successes before b + 1 failures.
		r.Bound = negativeBinomialQuantile(1-opt.Alpha, b+1, units/(units+t))
	}
	r.MidP = (r.P + above) / 2
	r.Alarm = x > r.Bound
	return r
}

// firstAlarmCount is the smallest count from 1 on whose tail probability is at most alpha; it is looked for around mean.
func firstAlarmCount(alpha, mean float64, atLeast func(k float64) float64) float64 {
	low, high := 0.0, math.Floor(mean)+1
	for step := 1.0; atLeast(high) > alpha && high < maxSeries; step *= 2 {
		low, high = high, high+step
	}
	return firstWhole(math.Max(1, low), high, func(k float64) bool { return atLeast(k) <= alpha })
}

// betaBinomialAtLeast is P(X ≥ k) of n draws whose probability has a beta law with a1 and a2: the negative
// hypergeometric law. The terms of the tail on k's side of the mean are added up.
func betaBinomialAtLeast(k, n, a1, a2 float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	if k <= n*a1/(a1+a2) {
		return math.Max(0, 1-betaBinomialRun(0, k-1, n, a1, a2))
	}
	return math.Min(1, betaBinomialRun(k, n, n, a1, a2))
}

// betaBinomialRun is P(first ≤ X ≤ last).
func betaBinomialRun(first, last, n, a1, a2 float64) float64 {
	term := math.Exp(logRising(a1, first) + logRising(a2, n-first) - logRising(a1+a2, n) +
		logRising(1, n) - logRising(1, first) - logRising(1, n-first))
	total := term
	for x := first; x < last; x++ {
		ratio := (n - x) * (a1 + x) / ((x + 1) * (a2 + n - x - 1))
		term *= ratio
		total += term
		if ratio < 1 && a2 >= 1 && term < total*1e-18 { // the rest falls ever faster
			break
		}
	}
	return total
}

// logRising is log Γ(a + n) − log Γ(a), without losing the digits of n small beside a.
func logRising(a, n float64) float64 {
	if n <= 32 {
		s := 0.0
		for i := range int(n) {
			s += math.Log(a + float64(i))
		}
		return s
	}
	if x := a - 1; x >= 16 { // Stirling's formula for both, the large terms cancelled by hand
		return stirlingError(x+n) - stirlingError(x) + n*math.Log(x) + (x+n+0.5)*math.Log1p(n/x) - n
	}
	high, _ := math.Lgamma(a + n)
	low, _ := math.Lgamma(a)
	return high - low
}

// DispersionOf estimates how much more than Poisson the counts of units of equal rate vary, as the α of
// CountNegativeBinomial, by moments: Pearson's X² over its degrees of freedom is 1 + α·rate. It is 0 for counts that
// vary no more than Poisson counts, and for fewer than two units.
//
// McCullagh & Nelder, Generalized Linear Models, 1989, 4.5; R: (sum(residuals(glm(y ~ offset(log(e)), poisson),
// "pearson")^2)/df.residual − 1)/rate.
func DispersionOf(counts, exposure []float64) (float64, error) {
	if err := checkExposed("counts", counts, "exposure", exposure); err != nil {
		return 0, err
	}
	rate := sum(counts) / sum(exposure)
	if len(counts) < 2 || rate == 0 {
		return 0, nil
	}
	var x2 float64
	for i, y := range counts {
		m := rate * exposure[i]
		x2 += (y - m) * (y - m) / m
	}
	return math.Max(0, x2/float64(len(counts)-1)-1) / rate, nil
}

// checkExposed refuses counts and exposures that do not belong together.
func checkExposed(countField string, counts []float64, exposureField string, exposure []float64) error {
	switch {
	case len(counts) == 0:
		return argumentError(countField, "there are no values")
	case len(exposure) != len(counts):
		return argumentError(exposureField, "has %d values, %s has %d", len(exposure), countField, len(counts))
	}
	if err := checkCounts(countField, counts, false); err != nil {
		return err
	}
	if err := checkPositive(exposureField, exposure); err != nil {
		return err
	}
	if math.IsInf(sum(exposure), 1) || math.IsInf(sum(counts), 1) {
		return argumentError(exposureField, "the sum is infinite")
	}
	return nil
}
