package stats

import "math"

// PoissonExact returns the exact interval of a rate: x events over an exposure such as person-years. It is NaN,
// NaN unless x ≥ 0, exposure > 0 and 0 < level < 1.
//
// Garwood, Biometrika 1936;28:437–42. It equals R's poisson.test(x, exposure)$conf.int.
func PoissonExact(x float64, exposure float64, level float64) (lower, upper float64) {
	if !isRate(x, exposure, level) {
		return missing(), missing()
	}
	tail := (1 - level) / 2
	if x > 0 {
		lower = gammaQuantile(tail, x) / exposure
	}
	return lower, gammaQuantile(1-tail, x+1) / exposure
}

func isRate(x, exposure, level float64) bool {
	return x >= 0 && !math.IsInf(x, 1) && exposure > 0 && !math.IsInf(exposure, 1) && level > 0 && level < 1
}

// ByarHalf returns Byar's approximate interval of a rate with x + ½ in both limits, as pois.byar of R's epitools
// has it. The lower limit may be a little below 0 when x is 0. NaN, NaN as PoissonExact.
func ByarHalf(x, exposure, level float64) (lower, upper float64) {
	if !isRate(x, exposure, level) {
		return missing(), missing()
	}
	z := normalQuantile((1 + level) / 2)
	return byarLimit(x+0.5, -z) / exposure, byarLimit(x+0.5, z) / exposure
}

// Byar returns Byar's approximate interval of a number of events x over an expected number (Breslow & Day,
// Statistical Methods in Cancer Research II, 1987, 2.13): x in the lower limit, x + 1 in the upper. NaN, NaN as
// PoissonExact.
func Byar(x, expected, level float64) (lower, upper float64) {
	if !isRate(x, expected, level) {
		return missing(), missing()
	}
	z := normalQuantile((1 + level) / 2)
	if x > 0 {
		lower = byarLimit(x, -z) / expected
	}
	return lower, byarLimit(x+1, z) / expected
}

func byarLimit(x, z float64) float64 {
	root := 1 - 1/(9*x) + z/(3*math.Sqrt(x))
	return x * root * root * root
}

// RateRatioResult compares two rates.
type RateRatioResult struct {
	Ratio float64 // +Inf if the second sample has no events
	Lower float64
	Upper float64
	P     float64 // two-sided, of a ratio of 1
}

// RateRatio compares the rates x1/t1 and x2/t2 exactly, by the binomial law of x1 given the sum. At least one
// event is needed; events are whole numbers, exposures positive.
//
// Przyborowski & Wilenski, Biometrika 1940;31:313–23. It equals R's poisson.test(c(x1, x2), c(t1, t2)).
func RateRatio(x1, t1, x2, t2, level float64) (RateRatioResult, error) {
	var r RateRatioResult
	if err := checkEvents("events1", x1, "person_time1", t1); err != nil {
		return r, err
	}
	if err := checkEvents("events2", x2, "person_time2", t2); err != nil {
		return r, err
	}
	if err := checkLevel("conf", level); err != nil {
		return r, err
	}
	if x1+x2 == 0 {
		return r, argumentError("events1", "neither sample has an event, so the rates have no ratio")
	}
	low, high := ClopperPearson(x1, x1+x2, level)
	r.Ratio = (x1 / t1) / (x2 / t2)
	r.Lower = low / (1 - low) * t2 / t1
	r.Upper = high / (1 - high) * t2 / t1
	r.P = binomialTest(x1, x1+x2, t1/(t1+t2))
	return r, nil
}

// checkEvents refuses a number of events that is not whole and an exposure that is not positive.
func checkEvents(eventField string, x float64, exposureField string, exposure float64) error {
	if err := checkWhole(eventField, x, 0); err != nil {
		return err
	}
	if !(exposure > 0) || math.IsInf(exposure, 1) {
		return argumentError(exposureField, "must be a number above 0, got %v", exposure)
	}
	return nil
}

// StandardisedRate is a directly standardised rate.
type StandardisedRate struct {
	Crude    float64
	Adjusted float64
	Variance float64
	Lower    float64 // gamma limits; 0 if there is no event
	Upper    float64
}

// DirectStandardisation weighs the rates of strata (counts over population) by the strata's share of a standard
// population.
//
// Fay & Feuer, Stat Med 1997;16:791–801. It equals ageadjust.direct of R's epitools, whose lower limit is not a number
// if there is no event.
func DirectStandardisation(counts, population, standard []float64, level float64) (StandardisedRate, error) {
	return directStandardisation(false, counts, population, standard, level)
}

// directStandardisation is DirectStandardisation, asR with R's lower limit of no event.
func directStandardisation(asR bool, counts, population, standard []float64, level float64) (StandardisedRate, error) {
	var r StandardisedRate
	k := len(counts)
	switch {
	case k == 0:
		return r, argumentError("count", "there are no strata")
	case len(population) != k:
		return r, argumentError("population", "has %d strata, count has %d", len(population), k)
	case len(standard) != k:
		return r, argumentError("standard", "has %d strata, count has %d", len(standard), k)
	}
	if err := checkCounts("count", counts, false); err != nil {
		return r, err
	}
	if err := checkPositive("population", population); err != nil {
		return r, err
	}
	if err := checkCounts("standard", standard, false); err != nil {
		return r, err
	}
	total := sum(standard)
	if total == 0 {
		return r, argumentError("standard", "the standard population is empty")
	}
	if err := checkLevel("conf", level); err != nil {
		return r, err
	}
	var largest float64
	for i, d := range counts {
		w := standard[i] / total / population[i]
		r.Adjusted += w * d
		r.Variance += w * w * d
		largest = math.Max(largest, w)
	}
	r.Crude = sum(counts) / sum(population)
	tail := (1 - level) / 2
	gammaLimit := func(p, rate, variance float64) float64 {
		return gammaQuantile(p, rate*rate/variance) * variance / rate
	}
	if r.Adjusted > 0 || asR {
		r.Lower = gammaLimit(tail, r.Adjusted, r.Variance)
	}
	r.Upper = gammaLimit(1-tail, r.Adjusted+largest, r.Variance+largest*largest)
	return r, nil
}

// SMRResult is a standardised mortality (or incidence) ratio, observed over expected.
type SMRResult struct {
	Expected   float64
	SMR        float64
	ExactLower float64 // Garwood's limits
	ExactUpper float64
	ByarLower  float64
	ByarUpper  float64
	P          float64 // two-sided, exact, of a ratio of 1
}

// SMR compares an observed number of events with an expected one.
//
// Breslow & Day, Statistical Methods in Cancer Research II, 1987, 2.3. It equals R's poisson.test(observed,
// expected) and, for the other limits, Byar's formula.
func SMR(observed, expected, level float64) (SMRResult, error) {
	if err := checkEvents("observed", observed, "expected", expected); err != nil {
		return SMRResult{}, err
	}
	if err := checkLevel("conf", level); err != nil {
		return SMRResult{}, err
	}
	r := SMRResult{Expected: expected, SMR: observed / expected, P: poissonTest(observed, expected)}
	r.ExactLower, r.ExactUpper = PoissonExact(observed, expected, level)
	r.ByarLower, r.ByarUpper = Byar(observed, expected, level)
	return r, nil
}

// ExpectedEvents is the number of events that reference rates lead to expect in a population of the same
// strata, for SMR.
func ExpectedEvents(population, referenceRate []float64) (float64, error) {
	if len(population) != len(referenceRate) {
		return 0, argumentError("reference_rate", "has %d strata, population has %d", len(referenceRate), len(population))
	}
	if err := checkCounts("population", population, false); err != nil {
		return 0, err
	}
	if err := checkCounts("reference_rate", referenceRate, false); err != nil {
		return 0, err
	}
	expected := make([]float64, len(population))
	for i, n := range population {
		expected[i] = n * referenceRate[i]
	}
	return sum(expected), nil
}

// FunnelKind is the law of the events in a funnel plot.
type FunnelKind string

// The kinds of funnel: proportions of n trials, or rates over an exposure n.
const (
	FunnelBinomial FunnelKind = "binomial"
	FunnelPoisson  FunnelKind = "poisson"
)

// FunnelLimit is one limit of a funnel plot as a proportion or rate.
type FunnelLimit struct {
	Quantile     float64 // smallest whole count that reaches the probability, over n
	Interpolated float64 // between that count and the one below; 0…1 for proportions, at least 0 for rates
}

// Funnel returns the limit at probability p (0.025 and 0.975, 0.001 and 0.999 are usual) around a target for
// units of the given sizes.
//
// Spiegelhalter, Stat Med 2005;24:1185–1202. It rests on R's qbinom, pbinom, qpois, ppois.
func Funnel(kind FunnelKind, n []float64, target, p float64) ([]FunnelLimit, error) {
	return funnel(kind, n, target, p, false)
}

// funnel is Funnel; asR leaves upper limits below 0, which the smallest units may have, as they come out.
func funnel(kind FunnelKind, n []float64, target, p float64, asR bool) ([]FunnelLimit, error) {
	if kind != FunnelBinomial && kind != FunnelPoisson {
		return nil, argumentError("kind", "must be binomial or poisson, got %q", string(kind))
	}
	if len(n) == 0 {
		return nil, argumentError("n", "there are no units")
	}
	if err := checkPositive("n", n); err != nil {
		return nil, err
	}
	if err := checkLevel("p", p); err != nil {
		return nil, err
	}
	if !(target > 0) || math.IsInf(target, 1) || kind == FunnelBinomial && target >= 1 {
		return nil, argumentError("target", "must be a proportion between 0 and 1 or a rate above 0, got %v", target)
	}
	limits := make([]FunnelLimit, len(n))
	for i, size := range n {
		var r, at, below float64
		if kind == FunnelBinomial {
			if err := checkWhole("n", size, 1); err != nil {
				return nil, err
			}
			r = binomialQuantile(p, size, target)
			at, below = binomialCDF(r, size, target), binomialCDF(r-1, size, target)
		} else {
			r = poissonQuantile(p, size*target)
			at, below = poissonCDF(r, size*target), poissonCDF(r-1, size*target)
		}
		between := (r - (at-p)/(at-below)) / size
		if p < 0.5 || !asR {
			between = math.Max(0, between)
		}
		if kind == FunnelBinomial {
			between = math.Min(1, between)
		}
		limits[i] = FunnelLimit{Quantile: r / size, Interpolated: between}
	}
	return limits, nil
}
