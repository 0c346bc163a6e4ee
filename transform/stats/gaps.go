package stats

import "math"

// GapKind is a chart of the time between events.
type GapKind string

// The charts of the time between events.
const (
	// GapGeometric is the g chart: whole units of time or opportunity between events, geometric.
	GapGeometric GapKind = "g"
	// GapExponential is the t chart for events at a constant rate: continuous time, exponential.
	GapExponential GapKind = "t"
	// GapWeibull is the t chart for a rate that depends on the time since the last event: Weibull, fitted by maximum
	// likelihood to the baseline and then taken for known. R: survreg(Surv(gaps) ~ 1, dist = "weibull"), pweibull.
	GapWeibull GapKind = "t_weibull"
	// GapNelson is the t chart on gaps^(1/3.6), nearly normal, with limits of the moving range (Nelson, J Qual Technol
	// 1994;26:239–45).
	GapNelson GapKind = "t_nelson"
)

// GapOptions are the settings of GapChart.
type GapOptions struct {
	Kind     GapKind
	Baseline int     // first gaps, that the limits rest on and that are not judged; 0 means all, and all are judged
	Events   int     // sums of so many gaps are judged, for GapGeometric and GapExponential; 0 means 1
	Alpha    float64 // probability of a gap below the lower limit, and of one above the upper, when nothing changes
}

// GapPoint is the result for the gap, or the sum of gaps, that ends with one event.
type GapPoint struct {
	Gap    float64
	Center float64 // median when nothing changes
	Lower  float64 // gaps up to it alarm; NaN if none is short enough
	Upper  float64 // gaps from it on are unusually long; NaN if none is long enough
	P      float64 // probability of a gap as short or shorter
	Alarm  bool    // too short: events come too often
	Long   bool    // too long: events became rare, or are no longer reported
}

// GapChart judges the times between events, given in order, by probability limits. For GapGeometric and
// GapExponential with a baseline the limits count the uncertainty of the baseline in full: given the sum of all gaps, a
// geometric gap follows a negative hypergeometric and the share of an exponential gap a beta law, whatever the rate.
// Without a baseline the mean gap of all is taken for known.
//
// Benneyan, Health Care Manag Sci 2001;4:305–18 (g chart); Xie, Goh & Ranjan, Reliab Eng Syst Saf 2002;77:143–50
// (t chart and sums of gaps). R: pgeom, pnbinom and pgamma; with a baseline pf.
func GapChart(gaps []float64, opt GapOptions) ([]GapPoint, error) {
	if opt.Events == 0 {
		opt.Events = 1
	}
	if err := opt.check(gaps); err != nil {
		return nil, err
	}
	learned := gaps
	if opt.Baseline > 0 {
		learned = gaps[:opt.Baseline]
	}
	law, err := opt.law(learned)
	if err != nil {
		return nil, err
	}
	var points []GapPoint
	for end := opt.Baseline + opt.Events; end <= len(gaps); end++ {
		p := GapPoint{Gap: sum(gaps[end-opt.Events : end]), Center: law.quantile(0.5), Lower: law.lower(opt.Alpha), Upper: law.upper(opt.Alpha)}
		p.P = law.cdf(p.Gap)
		p.Alarm = p.Gap <= p.Lower
		p.Long = p.Gap >= p.Upper
		points = append(points, p)
	}
	return points, nil
}

func (opt GapOptions) check(gaps []float64) error {
	if len(gaps) == 0 || len(gaps) > maxSeries {
		return argumentError("gaps", "needs 1 to %d values, got %d", maxSeries, len(gaps))
	}
	switch opt.Kind {
	case GapGeometric:
		for i, g := range gaps {
			if !(g >= 0) || g != math.Floor(g) || g > 1<<40 {
				return argumentError("gaps", "value %d must be a whole number of units, at least 0, got %v", i+1, g)
			}
		}
	case GapExponential, GapWeibull, GapNelson:
		if err := checkPositive("gaps", gaps); err != nil {
			return err
		}
	default:
		return argumentError("chart", "must be g, t, t_weibull or t_nelson, got %q", string(opt.Kind))
	}
	if math.IsInf(sum(gaps), 1) {
		return argumentError("gaps", "the sum is infinite")
	}
	if opt.Events < 1 || opt.Events > 1 && (opt.Kind == GapWeibull || opt.Kind == GapNelson) {
		return argumentError("events", "must be 1, or more for the charts g and t, got %d", opt.Events)
	}
	switch {
	case opt.Baseline < 0:
		return argumentError("baseline", "must not be negative, got %d", opt.Baseline)
	case opt.Baseline+opt.Events > len(gaps):
		return argumentError("gaps", "%d gaps are too few for a baseline of %d and sums of %d", len(gaps), opt.Baseline, opt.Events)
	}
	if !(opt.Alpha > 0 && opt.Alpha < 0.5) {
		return argumentError("alpha", "must lie between 0 and 0.5, got %v", opt.Alpha)
	}
	return nil
}

// gapLaw is the law of a gap when nothing changes.
type gapLaw struct {
	cdf      func(gap float64) float64
	quantile func(p float64) float64 // smallest gap with cdf ≥ p
	whole    bool                    // gaps are whole numbers
}

// lower is the largest gap that as much as alpha lies at or below.
func (l gapLaw) lower(alpha float64) float64 {
	q := l.quantile(alpha)
	if l.whole && l.cdf(q) > alpha*(1+1e-12) {
		q--
	}
	if q < 0 || !l.whole && q <= 0 {
		return missing()
	}
	return q
}

// upper is the smallest gap that as much as alpha lies at or above.
func (l gapLaw) upper(alpha float64) float64 {
	q := l.quantile(1 - alpha)
	if l.whole {
		q++
	}
	if math.IsInf(q, 1) {
		return missing()
	}
	return q
}

func (opt GapOptions) law(learned []float64) (gapLaw, error) {
	n, total, r := float64(len(learned)), sum(learned), float64(opt.Events)
	switch opt.Kind {
	case GapGeometric:
		if total == 0 {
			return gapLaw{}, argumentError("gaps", "all gaps of the baseline are 0, so they give no rate")
		}
		if opt.Baseline == 0 {
			prob := n / (n + total)
			return gapLaw{
				whole: true, cdf: func(g float64) float64 { return negativeBinomialCDF(g, r, prob) },
				quantile: func(p float64) float64 { return negativeBinomialQuantile(p, r, prob) },
			}, nil
		}
		// Given the sum of all gaps, total + g, the judged part is negative hypergeometric: P(G ≤ g) = P(X ≤ g).
		cdf := func(g float64) float64 { return 1 - betaBinomialAtLeast(g+1, total+g, r, n) }
		if r == 1 { // in closed form
			cdf = func(g float64) float64 { return -math.Expm1(logChoose(total-1+n, n) - logChoose(total+g+n, n)) }
		}
		quantile := func(p float64) float64 {
			high := math.Max(1, r*total/n)
			for cdf(high) < p && high < 1<<40 {
				high *= 2
			}
			return firstWhole(0, math.Floor(high), func(g float64) bool { return cdf(g) >= p*(1-64*0x1p-52) })
		}
		if total > maxSeries && r > 1 {
			return gapLaw{}, argumentError("gaps", "the gaps of the baseline sum to more than %d units", maxSeries)
		}
		return gapLaw{whole: true, cdf: cdf, quantile: quantile}, nil
	case GapExponential:
		mean := total / n
		if opt.Baseline == 0 {
			return gapLaw{
				cdf:      func(t float64) float64 { return gammaCDF(t/mean, r) },
				quantile: func(p float64) float64 { return mean * gammaQuantile(p, r) },
			}, nil
		}
		return gapLaw{
			cdf: func(t float64) float64 { return betaCDF(t/(t+total), r, n) },
			quantile: func(p float64) float64 {
				share := betaQuantile(p, r, n)
				return total * share / (1 - share)
			},
		}, nil
	case GapWeibull:
		shape, scale, err := weibullFit(learned)
		if err != nil {
			return gapLaw{}, err
		}
		return gapLaw{
			cdf:      func(t float64) float64 { return -math.Expm1(-math.Pow(t/scale, shape)) },
			quantile: func(p float64) float64 { return scale * math.Pow(-math.Log1p(-p), 1/shape) },
		}, nil
	}
	const power = 3.6
	const rangeMean = 1.1283791670955126 // 2/√π: mean distance of two standard normal values
	if n < 2 {
		return gapLaw{}, argumentError("gaps", "the moving range needs at least 2 gaps")
	}
	var level, moving float64
	for i, g := range learned {
		y := math.Pow(g, 1/power)
		level += y / n
		if i > 0 {
			moving += math.Abs(y-math.Pow(learned[i-1], 1/power)) / (n - 1)
		}
	}
	sd := moving / rangeMean
	if sd == 0 {
		return gapLaw{}, argumentError("gaps", "all gaps of the baseline are the same, so they give no limits")
	}
	return gapLaw{
		cdf: func(t float64) float64 { return normalCDF((math.Pow(t, 1/power) - level) / sd) },
		quantile: func(p float64) float64 {
			return math.Pow(math.Max(0, level+sd*normalQuantile(p)), power)
		},
	}, nil
}

// logChoose is the logarithm of the binomial coefficient n over k for real n.
func logChoose(n, k float64) float64 { return logRising(n-k+1, k) - logRising(1, k) }

// weibullFit fits a Weibull law by maximum likelihood: the shape solves one equation in which the left side rises.
func weibullFit(x []float64) (shape, scale float64, err error) {
	n := float64(len(x))
	var logs, largest float64
	for _, v := range x {
		logs += math.Log(v) / n
		largest = math.Max(largest, v)
	}
	excess := func(k float64) float64 { // Σxᵏ·log x/Σxᵏ − 1/k − mean log x
		var weights, weighted float64
		for _, v := range x {
			w := math.Pow(v/largest, k)
			weights, weighted = weights+w, weighted+w*math.Log(v)
		}
		return weighted/weights - 1/k - logs
	}
	low, high := 1e-3, 1e4
	if len(x) < 2 || excess(high) < 0 || excess(low) > 0 {
		return 0, 0, argumentError("gaps", "the gaps of the baseline are too few or too equal for a Weibull law")
	}
	for range 200 {
		middle := math.Sqrt(low * high)
		if middle <= low || middle >= high {
			break
		}
		if excess(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	shape = math.Sqrt(low * high)
	var powers float64
	for _, v := range x {
		powers += math.Pow(v/largest, shape) / n
	}
	return shape, largest * math.Pow(powers, 1/shape), nil
}
