package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Distribution functions with the accuracy of R's. Arguments are trusted to be in range; NaN goes through.

// normalCDF is Φ(z), R's pnorm.
func normalCDF(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

// normalUpper is 1 − Φ(z) without the loss of digits.
func normalUpper(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }

// normalQuantile is Φ⁻¹(p), R's qnorm (Wichura, Appl Stat 1988;37:477–84, AS 241).
func normalQuantile(p float64) float64 {
	switch {
	case math.IsNaN(p) || p < 0 || p > 1:
		return missing()
	case p == 0:
		return math.Inf(-1)
	case p == 1:
		return math.Inf(1)
	}
	return mathext.NormalQuantile(p)
}

// gammaCDF is R's pgamma with scale 1.
func gammaCDF(x, shape float64) float64 {
	switch {
	case math.IsNaN(x) || !(shape > 0) || math.IsInf(shape, 1):
		return missing()
	case x <= 0:
		return 0
	case math.IsInf(x, 1):
		return 1
	}
	return mathext.GammaIncReg(shape, x)
}

// gammaUpper is 1 − gammaCDF without the loss of digits.
func gammaUpper(x, shape float64) float64 {
	switch {
	case math.IsNaN(x) || !(shape > 0) || math.IsInf(shape, 1):
		return missing()
	case x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	}
	return mathext.GammaIncRegComp(shape, x)
}

// gammaQuantile is R's qgamma with scale 1; shape must be positive.
func gammaQuantile(p, shape float64) float64 {
	switch {
	case math.IsNaN(p) || !(shape > 0) || math.IsInf(shape, 1) || p < 0 || p > 1:
		return missing()
	case p == 0:
		return 0
	case p == 1:
		return math.Inf(1)
	}
	// Wilson and Hilferty's cube as a start, or the leading power of the series where the cube has no meaning.
	z := normalQuantile(p)
	c := 1/(9*shape) - z/(3*math.Sqrt(shape))
	start := shape * (1 - c) * (1 - c) * (1 - c)
	lgamma, _ := math.Lgamma(shape + 1)
	if power := math.Exp((math.Log(p) + lgamma) / shape); c >= 1 || start < 0.1*shape && shape < 1 || !(start > 0) {
		start = power
	}
	if start < math.SmallestNonzeroFloat64*1e10 {
		return start
	}
	density := func(x float64) float64 { return poissonPMF(shape-1, x) }
	if shape < 1 {
		density = func(x float64) float64 { return poissonPMF(shape, x) * shape / x }
	}
	return continuousQuantile(p, start, 0, math.Inf(1), density,
		func(x float64) float64 { return gammaCDF(x, shape) }, func(x float64) float64 { return gammaUpper(x, shape) })
}

// betaCDF is R's pbeta.
func betaCDF(x, a, b float64) float64 {
	switch {
	case math.IsNaN(x) || !(a > 0) || !(b > 0):
		return missing()
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	return mathext.RegIncBeta(a, b, x)
}

// betaQuantile is R's qbeta; a and b must be positive.
func betaQuantile(p, a, b float64) float64 {
	switch {
	case math.IsNaN(p) || !(a > 0) || !(b > 0) || p < 0 || p > 1:
		return missing()
	case p == 0:
		return 0
	case p == 1:
		return 1
	}
	ga, _ := math.Lgamma(a)
	gb, _ := math.Lgamma(b)
	gab, _ := math.Lgamma(a + b)
	density := func(x float64) float64 {
		return math.Exp((a-1)*math.Log(x) + (b-1)*math.Log1p(-x) + gab - ga - gb)
	}
	return continuousQuantile(p, a/(a+b), 0, 1, density,
		func(x float64) float64 { return betaCDF(x, a, b) }, func(x float64) float64 { return betaCDF(1-x, b, a) })
}

// studentUpper is P(T > t) for Student's t.
func studentUpper(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || !(df > 0):
		return missing()
	case math.IsInf(df, 1):
		return normalUpper(t)
	}
	if t < 0 {
		return 1 - studentUpper(-t, df)
	}
	if t*t < df {
		return 0.5 - 0.5*betaCDF(t*t/(df+t*t), 0.5, df/2)
	}
	return 0.5 * betaCDF(df/(df+t*t), df/2, 0.5)
}

// studentQuantile is R's qt.
func studentQuantile(p, df float64) float64 {
	switch {
	case math.IsNaN(p) || !(df > 0) || p < 0 || p > 1:
		return missing()
	case p == 0.5:
		return 0
	case p < 0.5:
		return -studentQuantile(1-p, df)
	case p == 1:
		return math.Inf(1)
	case math.IsInf(df, 1):
		return normalQuantile(p)
	}
	g1, _ := math.Lgamma((df + 1) / 2)
	g2, _ := math.Lgamma(df / 2)
	scale := math.Exp(g1-g2) / math.Sqrt(df*math.Pi)
	density := func(t float64) float64 { return scale * math.Exp(-(df+1)/2*math.Log1p(t*t/df)) }
	return continuousQuantile(p, normalQuantile(p), 0, math.Inf(1), density,
		func(t float64) float64 { return 1 - studentUpper(t, df) }, func(t float64) float64 { return studentUpper(t, df) })
}

// continuousQuantile solves cdf(x) = p inside lower..upper by Newton's method, kept inside a bracket that
// shrinks with every step. upperTail is 1 − cdf; the smaller of the two tails is the one that is matched.
func continuousQuantile(p, start, lower, upper float64, density, cdf, upperTail func(float64) float64) float64 {
	excess := func(x float64) float64 { return cdf(x) - p }
	if p > 0.5 {
		q := 1 - p
		excess = func(x float64) float64 { return q - upperTail(x) }
	}
	x := start
	for range 400 {
		e := excess(x)
		switch {
		case e == 0:
			return x
		case e > 0:
			upper = x
		default:
			lower = x
		}
		next := x - e/density(x)
		if !(next > lower && next < upper) {
			next = 2 * x
			if !math.IsInf(upper, 1) {
				next = lower + (upper-lower)/2
			} else if next <= lower {
				next = lower + 1
			}
			if lower == 0 && upper < 1e-3 && !math.IsInf(upper, 1) {
				next = upper / 16 // far down, halving the distance to 0 would take long
			}
		}
		if math.Abs(next-x) <= 4e-16*math.Abs(next) {
			return next
		}
		x = next
	}
	return x
}

// stirlingError is log Γ(n+1) minus Stirling's formula for it.
func stirlingError(n float64) float64 {
	if n < 16 {
		l, _ := math.Lgamma(n + 1)
		return l - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	n2 := n * n
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-1.0/1188/n2)/n2)/n2)/n2) / n
}

// devianceTerm is x·log(x/m) + m − x without cancellation when x is close to m.
func devianceTerm(x, m float64) float64 {
	if d := x - m; math.Abs(d) < 0.1*(x+m) {
		v := d / (x + m)
		s, term := d*v, 2*x*v
		for j := 1; j < 1000; j++ {
			term *= v * v
			next := s + term/float64(2*j+1)
			if next == s {
				break
			}
			s = next
		}
		return s
	}
	return x*math.Log(x/m) + m - x
}

// poissonPMF is R's dpois, extended to real x > 0 (Loader, Fast and accurate computation of binomial
// probabilities, 2000).
func poissonPMF(x, mean float64) float64 {
	switch {
	case x < 0:
		return 0
	case mean == 0:
		if x == 0 {
			return 1
		}
		return 0
	case x == 0:
		return math.Exp(-mean)
	}
	return math.Exp(-stirlingError(x)-devianceTerm(x, mean)) / math.Sqrt(2*math.Pi*x)
}

// poissonCDF is P(Y ≤ k), R's ppois.
func poissonCDF(k, mean float64) float64 {
	if k < 0 {
		return 0
	}
	if math.IsInf(k, 1) {
		return 1
	}
	return gammaUpper(mean, math.Floor(k)+1)
}

// poissonAtLeast is P(Y ≥ k).
func poissonAtLeast(k, mean float64) float64 {
	if k <= 0 {
		return 1
	}
	return gammaCDF(mean, math.Ceil(k))
}

// poissonQuantile is R's qpois.
func poissonQuantile(p, mean float64) float64 {
	if mean == 0 {
		return 0
	}
	return discreteQuantile(p, mean, math.Sqrt(mean), 1/math.Sqrt(mean), func(k float64) float64 { return poissonCDF(k, mean) })
}

// binomialPMF is R's dbinom (Loader 2000).
func binomialPMF(k, n, p float64) float64 {
	q := 1 - p
	switch {
	case k < 0 || k > n:
		return 0
	case p == 0 || p == 1:
		if k == n*p {
			return 1
		}
		return 0
	case k == 0:
		return math.Exp(n * math.Log1p(-p))
	case k == n:
		return math.Exp(n * math.Log(p))
	}
	c := stirlingError(n) - stirlingError(k) - stirlingError(n-k) - devianceTerm(k, n*p) - devianceTerm(n-k, n*q)
	return math.Exp(c) * math.Sqrt(n/(2*math.Pi*k*(n-k)))
}

// binomialCDF is P(Y ≤ k), R's pbinom.
func binomialCDF(k, n, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	k = math.Floor(k)
	return betaCDF(1-p, n-k, k+1)
}

// binomialQuantile is R's qbinom.
func binomialQuantile(p, n, prob float64) float64 {
	if prob == 0 || n == 0 {
		return 0
	}
	if prob == 1 {
		return n
	}
	sd := math.Sqrt(n * prob * (1 - prob))
	k := discreteQuantile(p, n*prob, sd, (1-2*prob)/sd, func(k float64) float64 { return binomialCDF(k, n, prob) })
	return math.Min(k, n)
}

// negativeBinomialCDF is P(Y ≤ k) with the given size and success probability, R's pnbinom.
func negativeBinomialCDF(k, size, prob float64) float64 {
	if k < 0 {
		return 0
	}
	return betaCDF(prob, size, math.Floor(k)+1)
}

// negativeBinomialAtLeast is P(Y ≥ k).
func negativeBinomialAtLeast(k, size, prob float64) float64 {
	if k <= 0 {
		return 1
	}
	return betaCDF(1-prob, math.Ceil(k), size)
}

// negativeBinomialQuantile is R's qnbinom.
func negativeBinomialQuantile(p, size, prob float64) float64 {
	if prob == 1 || size == 0 {
		return 0
	}
	q := 1 / prob
	mean := size * (q - 1)
	sd := math.Sqrt(mean * q)
	return discreteQuantile(p, mean, sd, (2*q-1)/sd, func(k float64) float64 { return negativeBinomialCDF(k, size, prob) })
}

// discreteQuantile returns the smallest whole k ≥ 0 with cdf(k) ≥ p, p lowered by a relative 64·2⁻⁵² as in R,
// so that a target that is a value of the cdf up to rounding counts as reached. The search starts at Cornish
// and Fisher's approximation.
func discreteQuantile(p, mean, sd, skewness float64, cdf func(float64) float64) float64 {
	switch {
	case math.IsNaN(p) || math.IsNaN(mean) || math.IsNaN(sd) || p < 0 || p > 1:
		return missing()
	case p == 0:
		return 0
	case p == 1 || math.IsInf(mean, 1):
		return math.Inf(1)
	}
	p *= 1 - 64*0x1p-52
	z := normalQuantile(p)
	k := math.Max(0, math.Floor(mean+sd*(z+skewness*(z*z-1)/6)+0.5))
	if math.IsNaN(k) || math.IsInf(k, 1) {
		k = math.Floor(mean)
	}
	step := math.Max(1, math.Floor(k*1e-3))
	var low, high float64 // cdf(low) < p ≤ cdf(high)
	if cdf(k) >= p {
		high, low = k, k-step
		for low >= 0 && cdf(low) >= p {
			step *= 2
			high, low = low, low-step
		}
		low = math.Max(low, -1)
	} else {
		low, high = k, k+step
		for cdf(high) < p && high < 1e300 {
			step *= 2
			low, high = high, high+step
		}
	}
	for high-low > 1 {
		middle := math.Floor(low + (high-low)/2)
		if middle <= low || middle >= high { // beyond 2⁵³ there are no whole numbers between
			break
		}
		if cdf(middle) >= p {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
