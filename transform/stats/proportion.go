package stats

import "math"

// Wilson returns the score interval of a proportion x/n at a confidence level such as 0.95. It is NaN, NaN
// unless 0 ≤ x ≤ n, n > 0 and 0 < level < 1.
//
// Wilson, J Am Stat Assoc 1927;22:209–12. It equals R's prop.test(x, n, correct = FALSE)$conf.int.
func Wilson(x, n float64, level float64) (lower, upper float64) {
	if !isProportion(x, n, level) {
		return missing(), missing()
	}
	return wilsonLimit(x/n, n, level, -1), wilsonLimit(x/n, n, level, 1)
}

// WilsonCorrected is Wilson with the continuity correction of R's prop.test(x, n, correct = TRUE)$conf.int,
// which is that of the null hypothesis ½.
func WilsonCorrected(x, n float64, level float64) (lower, upper float64) {
	if !isProportion(x, n, level) {
		return missing(), missing()
	}
	c := math.Min(0.5, math.Abs(x-n/2)) / n
	upper = 1
	if p := x/n - c; p > 0 {
		lower = wilsonLimit(p, n, level, -1)
	}
	if p := x/n + c; p < 1 {
		upper = wilsonLimit(p, n, level, 1)
	}
	return lower, upper
}

func isProportion(x, n, level float64) bool {
	return x >= 0 && x <= n && n > 0 && !math.IsInf(n, 1) && level > 0 && level < 1
}

// wilsonLimit is the lower (side −1) or upper (side 1) limit around the proportion p.
func wilsonLimit(p, n, level, side float64) float64 {
	if p == 0 && side < 0 || p == 1 && side > 0 {
		return p
	}
	z := normalQuantile((1 + level) / 2)
	limit := (p + z*z/(2*n) + side*z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
	return math.Max(0, math.Min(1, limit))
}

// ClopperPearson returns the exact interval of a proportion x/n. It is NaN, NaN unless 0 ≤ x ≤ n, n > 0 and
// 0 < level < 1.
//
// Clopper & Pearson, Biometrika 1934;26:404–13. It equals R's binom.test(x, n)$conf.int.
func ClopperPearson(x, n float64, level float64) (lower, upper float64) {
	if !isProportion(x, n, level) {
		return missing(), missing()
	}
	tail := (1 - level) / 2
	upper = 1
	if x > 0 {
		lower = betaQuantile(tail, x, n-x+1)
	}
	if x < n {
		upper = betaQuantile(1-tail, x+1, n-x)
	}
	return lower, upper
}

// TwoProportionsResult compares x1/n1 with x2/n2.
type TwoProportionsResult struct {
	Difference    float64 // x1/n1 − x2/n2
	NewcombeLower float64
	NewcombeUpper float64
	WaldLower     float64 // cut to −1…1
	WaldUpper     float64
	ChiSquared    float64 // Pearson's; NaN, with its p, if no or all trials succeeded
	P             float64
	ChiSquaredCC  float64 // with Yates' continuity correction
	PCC           float64
	PFisher       float64 // Fisher's exact test, two-sided
}

// TwoProportions compares two independent proportions. Counts must be whole numbers.
//
// Newcombe, Stat Med 1998;17:873–90, method 10. It equals R's prop.test and fisher.test.
func TwoProportions(x1, n1, x2, n2, level float64) (TwoProportionsResult, error) {
	var r TwoProportionsResult
	if err := checkSample("x1", x1, "n1", n1); err != nil {
		return r, err
	}
	if err := checkSample("x2", x2, "n2", n2); err != nil {
		return r, err
	}
	if err := checkLevel("conf", level); err != nil {
		return r, err
	}
	if n1+n2 > math.MaxInt32 {
		return r, argumentError("n1", "Fisher's test takes at most %d trials in both samples, got %v", math.MaxInt32, n1+n2)
	}
	p1, p2 := x1/n1, x2/n2
	l1, u1 := Wilson(x1, n1, level)
	l2, u2 := Wilson(x2, n2, level)
	r.Difference = p1 - p2
	r.NewcombeLower = r.Difference - math.Hypot(p1-l1, u2-p2)
	r.NewcombeUpper = r.Difference + math.Hypot(u1-p1, p2-l2)
	width := normalQuantile((1+level)/2) * math.Sqrt(p1*(1-p1)/n1+p2*(1-p2)/n2)
	r.WaldLower, r.WaldUpper = math.Max(-1, r.Difference-width), math.Min(1, r.Difference+width)

	p := (x1 + x2) / (n1 + n2)
	chi := func(yates float64) (statistic, tail float64) {
		if p == 0 || p == 1 {
			return missing(), missing()
		}
		d := math.Abs(x1-n1*p) - yates // the four cells differ from what is expected by the same amount
		statistic = d * d * (1/(n1*p) + 1/(n1*(1-p)) + 1/(n2*p) + 1/(n2*(1-p)))
		return statistic, chiSquaredUpper1(statistic)
	}
	r.ChiSquared, r.P = chi(0)
	r.ChiSquaredCC, r.PCC = chi(math.Min(0.5, math.Abs(r.Difference)/(1/n1+1/n2)))
	r.PFisher = fisherTwoSided(x1, n1, x2, n2)
	return r, nil
}

// chiSquaredUpper1 is P(χ² > x) for 1 degree of freedom.
func chiSquaredUpper1(x float64) float64 { return math.Erfc(math.Sqrt(x / 2)) }

// checkSample refuses successes and trials that can't be: not whole, negative, more successes than trials.
func checkSample(successField string, x float64, trialField string, n float64) error {
	if err := checkWhole(trialField, n, 1); err != nil {
		return err
	}
	if err := checkWhole(successField, x, 0); err != nil {
		return err
	}
	if x > n {
		return argumentError(successField, "must not be above %s (%v), got %v", trialField, n, x)
	}
	return nil
}

// checkWhole refuses what is not a whole number from least to 2⁵³, where float64 stops counting one by one.
func checkWhole(field string, x, least float64) error {
	if !(x >= least && x <= 1<<53) || x != math.Floor(x) {
		return argumentError(field, "must be a whole number, at least %v, got %v", least, x)
	}
	return nil
}

// sameLikelihood is the slack within which R calls two probabilities the same.
const sameLikelihood = 1 + 1e-7

// fisherTwoSided adds up the probabilities of all tables with the same margins that are not likelier than the
// one seen. It walks outwards from the likeliest table until nothing is left to add.
func fisherTwoSided(x1, n1, x2, n2 float64) float64 {
	k := x1 + x2
	low, high := math.Max(0, k-n2), math.Min(k, n1)
	mode := math.Max(low, math.Min(high, math.Floor((k+1)*(n1+1)/(n1+n2+2))))
	up := func(x float64) float64 { return (n1 - x) * (k - x) / ((x + 1) * (n2 - k + x + 1)) } // d(x+1)/d(x)

	seen := 1.0 // relative to the mode
	for x := mode; x < x1; x++ {
		seen *= up(x)
	}
	for x := mode; x > x1; x-- {
		seen /= up(x - 1)
	}
	limit := seen * sameLikelihood
	var total, extreme float64
	add := func(d float64) {
		total += d
		if d <= limit {
			extreme += d
		}
	}
	add(1)
	for x, d := mode, 1.0; x < high && d > 0; x++ {
		d *= up(x)
		add(d)
	}
	for x, d := mode, 1.0; x > low && d > 0; x-- {
		d /= up(x - 1)
		add(d)
	}
	return math.Min(1, extreme/total)
}

// binomialTest is the two-sided p-value of x successes in n trials when each has the probability p: the sum of
// all probabilities not above that of x, R's binom.test.
func binomialTest(x, n, p float64) float64 {
	mean := n * p
	if x == mean {
		return 1
	}
	limit := binomialPMF(x, n, p) * sameLikelihood
	unlikely := func(k float64) bool { return binomialPMF(k, n, p) <= limit }
	if x < mean {
		k := firstWhole(math.Max(x+1, math.Floor(mean)), n+1, unlikely) // the upper tail begins here
		return math.Min(1, binomialCDF(x, n, p)+binomialAtLeast(k, n, p))
	}
	k := firstWhole(0, math.Min(x, math.Floor(mean)+1), func(k float64) bool { return !unlikely(k) })
	return math.Min(1, binomialCDF(k-1, n, p)+binomialAtLeast(x, n, p))
}

// binomialAtLeast is P(Y ≥ k).
func binomialAtLeast(k, n, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return betaCDF(p, k, n-k+1)
}

// poissonTest is the two-sided p-value of x events when the given number is expected: the sum of all
// probabilities not above that of x, R's poisson.test.
func poissonTest(x, expected float64) float64 {
	if x == expected {
		return 1
	}
	if expected == 0 {
		return 0
	}
	limit := poissonPMF(x, expected) * sameLikelihood
	unlikely := func(k float64) bool { return poissonPMF(k, expected) <= limit }
	if x < expected {
		end := math.Ceil(2*expected - x)
		for end < math.MaxFloat64/4 && !unlikely(end) {
			end *= 2
		}
		k := firstWhole(math.Max(x+1, math.Floor(expected)), end, unlikely)
		return math.Min(1, poissonCDF(x, expected)+poissonAtLeast(k, expected))
	}
	k := firstWhole(0, math.Min(x, math.Floor(expected)+1), func(k float64) bool { return !unlikely(k) })
	return math.Min(1, poissonCDF(k-1, expected)+poissonAtLeast(x, expected))
}

// firstWhole returns the smallest whole number in low..high for which the condition, once true always true,
// holds; high if it never does before.
func firstWhole(low, high float64, condition func(float64) bool) float64 {
	for low < high {
		middle := math.Floor(low + (high-low)/2)
		if condition(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return high
}
