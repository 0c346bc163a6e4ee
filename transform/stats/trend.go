package stats

import (
	"math"
	"slices"
	"sort"
)

// MannKendallResult is a test for a monotone trend with Sen's slope. Slopes are per unit of time.
type MannKendallResult struct {
	N         int     // values that are not missing
	S         float64 // pairs that rise less pairs that fall
	VarS      float64 // variance of S without a trend, ties considered
	Z         float64 // standardised S
	P         float64 // by the normal approximation, for the alternative asked for
	TauB      float64 // Kendall's rank correlation with time, ties considered
	Slope     float64 // Sen's: median of the slopes of all pairs
	Lower     float64 // 95 % limits of Slope; NaN if there are too few values
	Upper     float64
	Intercept float64 // median of x − Slope·time

	// KendallTau and KendallP are what R's Kendall::MannKendall gives; NaN if all values are the same.
	KendallTau float64
	KendallP   float64 // two-sided, by the normal approximation with continuity correction
	// ExactP is the p-value of Kendall's test by the exact distribution, for the alternative asked for; NaN from
	// 50 values on or with ties, where it has no use.
	ExactP float64
}

// Alternative says which trends a test looks for.
type Alternative string

// The alternatives, named as in R.
const (
	TwoSided Alternative = "two.sided"
	Greater  Alternative = "greater" // rising
	Less     Alternative = "less"    // falling
)

// MannKendallOptions are the settings of MannKendallAt.
type MannKendallOptions struct {
	Alternative  Alternative // "" means TwoSided
	NoContinuity bool        // leaves out the continuity correction of Z
}

// MannKendall tests a series with equally spaced points for a monotone trend, two-sided, with continuity
// correction. See MannKendallAt.
func MannKendall(x []float64) (MannKendallResult, error) {
	return MannKendallAt(x, nil, MannKendallOptions{})
}

// maxPairs bounds the pairs of values that Sen's slope goes through.
const maxPairValues = 4096

// MannKendallAt tests values at the given times for a monotone trend; time nil means 1, 2, 3, … Missing values
// are left out, the others keep their times, which must rise. At least three values are needed, and 4096
// are the most.
//
// Mann, Econometrica 1945;13:245–59; Kendall, Rank Correlation Methods, 1975; Sen, J Am Stat Assoc
// 1968;63:1379–89. It equals mk.test and sens.slope of R's trend, MannKendall of Kendall, and cor.test.
func MannKendallAt(x, time []float64, opt MannKendallOptions) (MannKendallResult, error) {
	var none MannKendallResult
	if opt.Alternative == "" {
		opt.Alternative = TwoSided
	}
	if a := opt.Alternative; a != TwoSided && a != Greater && a != Less {
		return none, argumentError("alternative", "must be two.sided, greater or less, got %q", string(a))
	}
	if err := checkFinite("x", x, true); err != nil {
		return none, err
	}
	if time != nil && len(time) != len(x) {
		return none, argumentError("time", "has %d values, x has %d", len(time), len(x))
	}
	if err := checkFinite("time", time, false); err != nil {
		return none, err
	}
	var value, at []float64
	for i, v := range x {
		if math.IsNaN(v) {
			continue
		}
		t := float64(i + 1)
		if time != nil {
			t = time[i]
		}
		if n := len(at); n > 0 && t <= at[n-1] {
			return none, argumentError("time", "must rise, value %d does not", i+1)
		}
		value, at = append(value, v), append(at, t)
	}
	n := len(value)
	if n < 3 || n > maxPairValues {
		return none, argumentError("x", "needs 3 to %d values that are not missing, got %d", maxPairValues, n)
	}

	slopes := make([]float64, 0, n*(n-1)/2)
	var s float64
	for j := 1; j < n; j++ {
		for i := range j {
			d := value[j] - value[i]
			s += sign(d)
			slopes = append(slopes, d/(at[j]-at[i]))
		}
	}
	sort.Float64s(slopes)
	ties := tieCounts(value)
	size := float64(n)
	pairs := size * (size - 1) / 2
	variance, tied := size*(size-1)*(2*size+5), 0.0
	for _, t := range ties {
		variance -= t * (t - 1) * (2*t + 5)
		tied += t * (t - 1) / 2
	}
	r := MannKendallResult{N: n, S: s, VarS: variance / 18, Slope: median(slopes)}
	shift := sign(s)
	if opt.NoContinuity {
		shift = 0
	}
	r.Z = (s - shift) / math.Sqrt(r.VarS)
	switch opt.Alternative {
	case TwoSided:
		r.P = 2 * math.Min(0.5, normalUpper(math.Abs(r.Z)))
	case Greater:
		r.P = normalUpper(r.Z)
	case Less:
		r.P = normalCDF(r.Z)
	}
	if math.IsNaN(r.Z) {
		r.P = missing()
	}
	r.TauB = s / (math.Sqrt(pairs-tied) * math.Sqrt(pairs))

	half := normalQuantile(0.975) * math.Sqrt(r.VarS)
	r.Lower = ranked(slopes, math.RoundToEven((pairs-half)/2))
	r.Upper = ranked(slopes, math.RoundToEven((pairs+half)/2+1))
	rest := make([]float64, n)
	for i, v := range value {
		rest[i] = v - r.Slope*at[i]
	}
	sort.Float64s(rest)
	r.Intercept = median(rest)

	r.KendallTau, r.KendallP, r.ExactP = missing(), missing(), missing()
	if pairs > tied {
		r.KendallTau = r.TauB
		r.KendallP = math.Min(1, 2*normalUpper((math.Abs(s)-1)/math.Sqrt(r.VarS)))
	}
	if tied == 0 && n < 50 {
		r.ExactP = kendallExact(s, n, opt.Alternative)
	}
	return r, nil
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// tieCounts returns the sizes of the groups of equal values that have more than one member.
func tieCounts(x []float64) []float64 {
	sorted := append([]float64(nil), x...)
	sort.Float64s(sorted)
	var ties []float64
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		if j-i > 1 {
			ties = append(ties, float64(j-i))
		}
		i = j
	}
	return ties
}

// ranked is the rank-th smallest of sorted values, counted from 1; NaN if there is none.
func ranked(sorted []float64, rank float64) float64 {
	if !(rank >= 1 && rank <= float64(len(sorted))) {
		return missing()
	}
	return sorted[int(rank)-1]
}

// kendallExact is the p-value by the exact distribution of the number of pairs in order among n values.
func kendallExact(s float64, n int, alternative Alternative) float64 {
	pairs := n * (n - 1) / 2
	ways := []float64{1} // share of the orders of the first k values with i pairs out of order
	for k := 2; k <= n; k++ {
		next := make([]float64, k*(k-1)/2+1)
		for i, w := range ways {
			for d := range k {
				next[i+d] += w / float64(k)
			}
		}
		ways = next
	}
	below := func(q int) float64 { // P(T ≤ q)
		var p float64
		for i := 0; i <= q && i < len(ways); i++ {
			p += ways[i]
		}
		return p
	}
	q := (int(s) + pairs) / 2
	lower, upper := below(q), below(pairs-q) // the distribution is symmetric
	switch alternative {
	case Greater:
		return math.Min(1, upper)
	case Less:
		return math.Min(1, lower)
	}
	return math.Min(1, 2*math.Min(lower, upper))
}

// APCResult is a log-linear trend of counts. Slope is per unit of time on the log scale, APC = 100(e^Slope − 1)
// percent per unit of time.
type APCResult struct {
	Intercept   float64
	Slope       float64
	SlopeSE     float64
	Statistic   float64 // Slope/SlopeSE
	P           float64 // two-sided: normal for Poisson, Student's t for quasi-Poisson
	Dispersion  float64 // 1 for Poisson, about PearsonX2/DF for quasi-Poisson (it may lie below 1)
	Deviance    float64
	PearsonX2   float64
	DF          int
	Iterations  int
	Converged   bool
	APC         float64
	LowerNormal float64 // 95 % limits of APC with the normal quantile
	UpperNormal float64
	LowerT      float64 // 95 % limits of APC with Student's quantile
	UpperT      float64
	Fitted      []float64
}

// PoissonTrend fits log(expected count) = intercept + slope·year (+ log exposure) by Poisson regression and
// gives the annual percent change. exposure may be nil; else it is person-years or population, above 0. Years whose
// count is missing are left out, also of Fitted.
//
// It equals R's glm(counts ~ year + offset(log(exposure)), family = poisson()) with its summary.
func PoissonTrend(years, counts, exposure []float64) (APCResult, error) {
	return annualPercentChange(years, counts, exposure, false)
}

// QuasiPoissonTrend is PoissonTrend with a dispersion estimated from the data, R's family = quasipoisson(). It
// is the one to use when counts vary more than Poisson's law allows.
func QuasiPoissonTrend(years, counts, exposure []float64) (APCResult, error) {
	return annualPercentChange(years, counts, exposure, true)
}

func annualPercentChange(years, counts, exposure []float64, quasi bool) (APCResult, error) {
	years, counts, exposure = knownCounts(years, counts, exposure)
	m, err := trendModel(years, counts, exposure)
	if err != nil {
		return APCResult{}, err
	}
	f, err := FitPoisson(m)
	if err != nil {
		return APCResult{}, err
	}
	if math.IsNaN(f.Coefficients[1]) {
		return APCResult{}, argumentError("year", "all years are the same")
	}
	r := APCResult{
		Intercept: f.Coefficients[0], Slope: f.Coefficients[1], Dispersion: 1, Deviance: f.Deviance,
		PearsonX2: f.PearsonX2, DF: f.DF, Iterations: f.Iterations, Converged: f.Converged, Fitted: f.Fitted,
	}
	df := float64(f.DF)
	if quasi {
		r.Dispersion = f.Dispersion()
	}
	r.SlopeSE = math.Sqrt(r.Dispersion * f.Covariance[1][1])
	r.Statistic = r.Slope / r.SlopeSE
	r.P = 2 * normalUpper(math.Abs(r.Statistic))
	if quasi {
		r.P = 2 * studentUpper(math.Abs(r.Statistic), df)
	}
	percent := func(slope float64) float64 { return 100 * math.Expm1(slope) }
	normal, student := normalQuantile(0.975)*r.SlopeSE, studentQuantile(0.975, df)*r.SlopeSE
	r.APC = percent(r.Slope)
	r.LowerNormal, r.UpperNormal = percent(r.Slope-normal), percent(r.Slope+normal)
	r.LowerT, r.UpperT = percent(r.Slope-student), percent(r.Slope+student)
	return r, nil
}

// knownCounts leaves out the points whose count is missing.
func knownCounts(years, counts, exposure []float64) (y, c, e []float64) {
	if len(years) != len(counts) || exposure != nil && len(exposure) != len(counts) || !slices.ContainsFunc(counts, math.IsNaN) {
		return years, counts, exposure
	}
	for i, count := range counts {
		if math.IsNaN(count) {
			continue
		}
		y, c = append(y, years[i]), append(c, count)
		if exposure != nil {
			e = append(e, exposure[i])
		}
	}
	return y, c, e
}

// trendModel is the model with intercept and year, offset log exposure.
func trendModel(years, counts, exposure []float64) (PoissonModel, error) {
	n := len(counts)
	switch {
	case n < 2:
		return PoissonModel{}, argumentError("counts", "a trend needs at least 2 values, got %d", n)
	case len(years) != n:
		return PoissonModel{}, argumentError("year", "has %d values, counts has %d", len(years), n)
	case exposure != nil && len(exposure) != n:
		return PoissonModel{}, argumentError("population", "has %d values, counts has %d", len(exposure), n)
	}
	if err := checkFinite("year", years, false); err != nil {
		return PoissonModel{}, err
	}
	if err := checkCounts("counts", counts, false); err != nil {
		return PoissonModel{}, err
	}
	m := PoissonModel{Columns: [][]float64{ones(n), years}, Counts: counts}
	if exposure != nil {
		if err := checkPositive("population", exposure); err != nil {
			return PoissonModel{}, err
		}
		m.Offset = make([]float64, n)
		for i, e := range exposure {
			m.Offset[i] = math.Log(e)
		}
	}
	return m, nil
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// ProportionTrendResult is a test for a linear trend of proportions.
type ProportionTrendResult struct {
	ChiSquared  float64 // 1 degree of freedom
	P           float64 // two-sided
	Z           float64 // signed root of ChiSquared, positive when proportions rise with the score
	PIncreasing float64 // one-sided, for rising proportions
}

// ProportionTrend tests whether the proportions x/n change linearly with the scores. Results are NaN when all
// scores are the same; that none or all of the trials succeeded is an error.
//
// Cochran, Biometrics 1954;10:417–51; Armitage, Biometrics 1955;11:375–86. It equals R's prop.trend.test: no
// factor N/(N−1), no continuity correction.
func ProportionTrend(x, n, score []float64) (ProportionTrendResult, error) {
	var none ProportionTrendResult
	switch {
	case len(x) == 0:
		return none, argumentError("x", "there are no groups")
	case len(n) != len(x):
		return none, argumentError("n", "has %d values, x has %d", len(n), len(x))
	case len(score) != len(x):
		return none, argumentError("score", "has %d values, x has %d", len(score), len(x))
	}
	if err := checkCounts("x", x, false); err != nil {
		return none, err
	}
	if err := checkPositive("n", n); err != nil {
		return none, err
	}
	if err := checkFinite("score", score, false); err != nil {
		return none, err
	}
	for i := range x {
		if x[i] > n[i] {
			return none, argumentError("x", "value %d is above n (%v of %v)", i+1, x[i], n[i])
		}
	}
	total := sum(n)
	p := sum(x) / total
	if p == 0 || p == 1 {
		return none, argumentError("x", "none or all of the trials succeeded, so the proportions have no trend")
	}
	var centre, slope, spread float64
	for i, s := range score {
		centre += n[i] * s / total
	}
	for i, s := range score {
		slope += (s - centre) * (x[i] - n[i]*p)
		spread += n[i] * (s - centre) * (s - centre)
	}
	chi := slope * slope / (p * (1 - p) * spread)
	r := ProportionTrendResult{ChiSquared: chi, Z: sign(slope) * math.Sqrt(chi)}
	if slices.Max(score) == slices.Min(score) {
		r.ChiSquared, r.Z = missing(), missing()
	}
	r.P = 2 * normalUpper(math.Abs(r.Z))
	r.PIncreasing = normalUpper(r.Z)
	return r, nil
}
