package stats

import "math"

// EN689Result is the test of compliance with an occupational exposure limit by EN 689:2018.
type EN689Result struct {
	N           int
	GM          float64
	GSD         float64 // NaN for a single measurement
	MaxFraction float64 // largest measurement over the limit
	// Preliminary is the result of the test for 3 to 5 measurements: "compliance", "no-decision",
	// "non-compliance" (a measurement is above the limit, whatever their number) or "not-applicable".
	Preliminary string

	// The statistical test, for 6 measurements or more.
	Tested     bool
	UT         float64 // factor U_T: one-sided tolerance limit for 95 % of exposures with 70 % confidence
	UR         float64 // factor U_R of the measurements
	Limit      float64 // upper tolerance limit, 95 % with 70 % confidence
	Compliant  bool    // U_R ≥ U_T
	Factor95   float64 // tolerance factor for 95 % confidence
	Limit95    float64
	Exceedance float64 // estimated share of exposures above the limit
}

// EN689 tests whether the exposures of a group comply with a limit. The measurements must be above 0.
//
// EN 689:2018, 5.5.2, 5.5.3 and Annex F, whose table of U_T is rounded; here the exact value is used. It equals
// R's qt with non-centrality, and tolIntNormK of EnvStats, up to 523 measurements; from there on R's are approximate.
func EN689(values []float64, oel float64) (EN689Result, error) { return en689(values, oel, true) }

// en689 is EN689 with tolerance factors that are exact or R's, which differ for more than 523 measurements.
func en689(values []float64, oel float64, exact bool) (EN689Result, error) {
	r := EN689Result{N: len(values)}
	if len(values) == 0 || len(values) > maxSeries {
		return r, argumentError("value", "needs 1 to %d measurements, got %d", maxSeries, len(values))
	}
	if err := checkPositive("value", values); err != nil {
		return r, err
	}
	if !(oel > 0) || math.IsInf(oel, 1) {
		return r, argumentError("oel", "must be a number above 0, got %v", oel)
	}
	logs := make([]float64, len(values))
	largest := 0.0
	for i, v := range values {
		logs[i] = math.Log(v)
		largest = math.Max(largest, v)
	}
	m := mean(logs)
	sd := deviation(logs, m)
	r.GM, r.GSD, r.MaxFraction = math.Exp(m), math.Exp(sd), largest/oel
	share, few := map[int]float64{3: 0.1, 4: 0.15, 5: 0.2}[r.N]
	switch {
	case largest > oel:
		r.Preliminary = "non-compliance"
	case !few:
		r.Preliminary = "not-applicable"
	case largest < share*oel:
		r.Preliminary = "compliance"
	default:
		r.Preliminary = "no-decision"
	}
	if r.N < 6 {
		return r, nil
	}
	r.Tested = true
	r.UT, r.Factor95 = toleranceFactor(r.N, 0.95, 0.70, !exact), toleranceFactor(r.N, 0.95, 0.95, !exact)
	r.UR = (math.Log(oel) - m) / sd
	r.Compliant = r.UR >= r.UT
	r.Limit, r.Limit95 = math.Exp(m+r.UT*sd), math.Exp(m+r.Factor95*sd)
	r.Exceedance = normalUpper(r.UR)
	return r, nil
}

// toleranceFactor is k such that mean + k·sd of n normal values is above the share coverage of the distribution
// with the given confidence.
func toleranceFactor(n int, coverage, confidence float64, asR bool) float64 {
	size := float64(n)
	root := math.Sqrt(size)
	return noncentralTQuantile(confidence, size-1, normalQuantile(coverage)*root, asR) / root
}

// noncentralTQuantile is R's qt with non-centrality, for 0 < p < 1.
func noncentralTQuantile(p, df, delta float64, asR bool) float64 {
	low, high := delta-1, delta+1
	for step := 1.0; noncentralTCDF(low, df, delta, asR) > p; step *= 2 {
		low -= step
	}
	for step := 1.0; noncentralTCDF(high, df, delta, asR) < p; step *= 2 {
		high += step
	}
	for range 200 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		if noncentralTCDF(middle, df, delta, asR) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return low + (high-low)/2
}

// noncentralTCDF is R's pt with non-centrality: P((Z + delta)/s ≤ t) with s = √(χ²/df), the mean of Φ(t·s − delta)
// over the density of s, by Gauss and Legendre's rule on panels.
//
// For a delta above 37.62 R's pt is an approximation (Abramowitz & Stegun 26.7.10), and asR is as well.
func noncentralTCDF(t, df, delta float64, asR bool) float64 {
	if asR && delta*delta > 2*math.Ln2*1021 {
		s := 1 / (4 * df)
		return normalCDF((t*(1-s) - delta) / math.Sqrt(1+t*t*2*s))
	}
	lgamma, _ := math.Lgamma(df / 2)
	constant := math.Ln2 + df/2*math.Log(df/2) - lgamma
	density := func(s float64) float64 { return math.Exp(constant + (df-1)*math.Log(s) - df*s*s/2) }
	sd := 1 / math.Sqrt(2*df)
	low, high := math.Max(0, 1-12*sd), 1+12*sd
	panels := 48
	width := (high - low) / float64(panels)
	nodes := [...]float64{0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363}
	weights := [...]float64{0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763}
	var total float64
	for i := range panels {
		centre := low + (float64(i)+0.5)*width
		for j, node := range nodes {
			for _, s := range [...]float64{centre - node*width/2, centre + node*width/2} {
				total += weights[j] * density(s) * normalCDF(t*s-delta)
			}
		}
	}
	return total * width / 2
}
