package stats

import "math"

// GLRDirection is the direction of change that GLR looks for.
type GLRDirection string

// The directions, named as in R.
const (
	GLRIncrease GLRDirection = "inc"
	GLRDecrease GLRDirection = "dec"
)

// GLROptions are the settings of GLR.
type GLROptions struct {
	Threshold float64      // alarms when the statistic reaches it (with a fixed Change: exceeds it)
	Alpha     float64      // variance is μ + Alpha·μ²; 0 is Poisson
	Change    float64      // log of the factor by which the mean changes; NaN estimates it
	Direction GLRDirection // for an estimated change; "" means GLRIncrease
	// Window is how many points back an estimated change may have begun: for Poisson counts 0 or less means all of
	// them, for Alpha > 0 less than 0 does.
	Window int
	// Shortest is how many points a change has lasted at least when it is found; 0 means 1. R's detector for Poisson
	// counts asks for one more when there is a Window, and only begins so late when there is none.
	Shortest int
	Cases    bool // also find the count that would alarm
	// Corrected lets a change of Poisson counts begin at any of the points that Window and Shortest allow, the newest
	// one included.
	Corrected bool
}

// GLRPoint is the result for one point.
type GLRPoint struct {
	Statistic float64
	Alarm     bool
	// Cases is the count that would alarm; NaN unless asked for. It is a whole number for an estimated change, and 0
	// where no count would, as for decreases of Poisson counts; for Alpha > 0 that is 1e99 as in R.
	Cases float64
}

// GLR watches counts x with in-control means mu0 for a lasting change of the mean by a factor, from an unknown
// time on, by the (generalised) likelihood ratio. After an alarm it starts afresh. None may be missing.
//
// Höhle & Paul, Comput Stat Data Anal 2008;52:4357–68. It equals algo.glrnb (change "intercept") of R's
// surveillance.
func GLR(x, mu0 []float64, opt GLROptions) ([]GLRPoint, error) {
	if opt.Direction == "" {
		opt.Direction = GLRIncrease
	}
	opt.Shortest = max(1, opt.Shortest)
	estimated := math.IsNaN(opt.Change)
	switch {
	case len(x) == 0:
		return nil, argumentError("counts", "the series is empty")
	case len(mu0) != len(x):
		return nil, argumentError("mu0", "needs %d values, got %d", len(x), len(mu0))
	case !(opt.Threshold > 0) || math.IsInf(opt.Threshold, 1):
		return nil, argumentError("c_arl", "must be above 0, got %v", opt.Threshold)
	case !(opt.Alpha >= 0) || math.IsInf(opt.Alpha, 1):
		return nil, argumentError("alpha", "must not be negative, got %v", opt.Alpha)
	case math.IsInf(opt.Change, 0) || opt.Change == 0 || opt.Change == 1:
		return nil, argumentError("theta", "must be a number other than 0 and 1, got %v", opt.Change)
	case opt.Shortest < 0 || opt.Shortest > maxSeries:
		return nil, argumentError("m_tilde", "must be at least 1, got %d", opt.Shortest)
	case opt.Window > maxSeries:
		return nil, argumentError("m_window", "must be at most %d, got %d", maxSeries, opt.Window)
	case opt.Direction != GLRIncrease && opt.Direction != GLRDecrease:
		return nil, argumentError("dir", "must be inc or dec, got %q", string(opt.Direction))
	}
	if err := checkCounts("counts", x, false); err != nil {
		return nil, err
	}
	if err := checkPositive("mu0", mu0); err != nil {
		return nil, err
	}
	window := len(x)
	if opt.Window > 0 {
		window = min(window, opt.Window+1)
	}
	tries, steps := 1, 1
	if opt.Cases {
		tries = 32
	}
	if opt.Alpha > 0 {
		steps = 8 * window // Newton's, over the points
	}
	if estimated {
		if err := checkWork("counts", len(x), window, tries, steps); err != nil {
			return nil, err
		}
	}
	switch {
	case !estimated:
		return fixedChange(x, mu0, opt), nil
	case opt.Alpha > 0:
		return negativeBinomialGLR(x, mu0, opt), nil
	}
	return poissonGLR(x, mu0, opt), nil
}

// fixedChange is the likelihood ratio CUSUM of a known change.
func fixedChange(x, mu0 []float64, opt GLROptions) []GLRPoint {
	points := make([]GLRPoint, len(x))
	var l float64
	for i := range x {
		var perCase, constant float64 // the log likelihood ratio is perCase·x + constant
		if opt.Alpha == 0 {
			perCase, constant = opt.Change, -mu0[i]*math.Expm1(opt.Change)
		} else {
			ratio := math.Log((1 + opt.Alpha*mu0[i]) / (1 + opt.Alpha*mu0[i]*math.Exp(opt.Change)))
			perCase, constant = opt.Change+ratio, ratio/opt.Alpha
		}
		points[i].Cases = missing()
		if opt.Cases {
			points[i].Cases = maxNaN(0, (opt.Threshold-l-constant)/perCase)
		}
		l = math.Max(0, l+perCase*x[i]+constant)
		points[i].Statistic, points[i].Alarm = l, l > opt.Threshold
		if points[i].Alarm {
			l = 0
		}
	}
	return points
}

// poissonGLR estimates the change for every possible beginning.
func poissonGLR(x, mu0 []float64, opt GLROptions) []GLRPoint {
	points := make([]GLRPoint, len(x))
	start := 0
	shortest := opt.Shortest
	if opt.Window > 0 && !opt.Corrected {
		shortest++
	}
	statistic := func(n int, last float64) float64 { // with the count of point n replaced
		first, latest := start, n
		if opt.Window > 0 {
			first = max(start, n-opt.Window)
		}
		if opt.Window > 0 || opt.Corrected {
			latest = n - shortest + 1
		}
		best := math.Inf(-1)
		cases, expected := last, mu0[n]
		for k := n; k >= first; k-- {
			if k < n {
				cases, expected = cases+x[k], expected+mu0[k]
			}
			if k > latest {
				continue
			}
			change := math.Log(cases / expected)
			switch {
			case opt.Direction == GLRIncrease:
				change = math.Max(0, change)
			case cases == 0: // no finite change fits best
				continue
			default:
				change = math.Min(0, change)
			}
			best = math.Max(best, change*cases-math.Expm1(change)*expected)
		}
		if math.IsInf(best, -1) {
			return 0
		}
		return best
	}
	for n := range x {
		p := GLRPoint{Cases: missing()}
		evaluated := n-start >= shortest-1
		if evaluated {
			p.Statistic = statistic(n, x[n])
			p.Alarm = p.Statistic >= opt.Threshold
		}
		if opt.Cases {
			p.Cases = 0
			if evaluated && opt.Direction == GLRIncrease {
				high := 1.0
				for statistic(n, high) < opt.Threshold && high < 1<<53 {
					high *= 2
				}
				p.Cases = firstWhole(0, high, func(count float64) bool { return statistic(n, count) >= opt.Threshold })
			}
		}
		if p.Alarm {
			start = n + 1
		}
		points[n] = p
	}
	return points
}

// negativeBinomialGLR estimates the change by Newton's method for every possible beginning in the window, each time
// from the change found before.
func negativeBinomialGLR(x, mu0 []float64, opt GLROptions) []GLRPoint {
	points := make([]GLRPoint, len(x))
	x = append([]float64(nil), x...) // counts are replaced in it
	start, change := 0, 0.5
	clip := func(change float64) float64 {
		if opt.Direction == GLRIncrease {
			return math.Max(0, change)
		}
		return math.Min(0, change)
	}
	statistic := func(n int, change float64) (statistic, last float64) {
		first := start
		if opt.Window >= 0 {
			first = max(start, n-opt.Window)
		}
		best := math.Inf(-1)
		for k := first; k <= n-opt.Shortest+1; k++ {
			change = clip(bestChange(x[k:n+1], mu0[k:n+1], opt.Alpha, change))
			var l float64
			for i := k; i <= n; i++ {
				l += change*x[i] + (x[i]+1/opt.Alpha)*math.Log((1+opt.Alpha*mu0[i])/(1+opt.Alpha*mu0[i]*math.Exp(change)))
			}
			best = math.Max(best, l)
		}
		if math.IsInf(best, -1) {
			best = 0
		}
		return best, change
	}
	for n := range x {
		value, after := statistic(n, change)
		points[n] = GLRPoint{Statistic: value, Alarm: value >= opt.Threshold, Cases: missing()}
		if opt.Cases {
			points[n].Cases = negativeBinomialCases(x, n, points[n].Alarm, opt.Direction, func() bool {
				value, _ := statistic(n, change)
				return value >= opt.Threshold
			})
		}
		change = after
		if points[n].Alarm {
			start, change = n+1, 0.5
		}
	}
	return points
}

// negativeBinomialCases finds the count of point n, up to 10,000, from which on it alarms, as R's search by steps of
// one does: not at all from a count of 0, and 1e99 or 0 where it finds none.
func negativeBinomialCases(x []float64, n int, alarm bool, direction GLRDirection, alarms func() bool) float64 {
	const most, never = 10000, 1e99
	own := x[n]
	defer func() { x[n] = own }()
	try := func(count float64) bool {
		x[n] = count
		return alarms()
	}
	switch {
	case !alarm && (own < 1 || own > most || direction == GLRDecrease):
		return never
	case !alarm:
		if count := firstWhole(own+1, most+2, try); count <= most+1 {
			return count
		}
		return never
	case own < 1 || own > most || direction == GLRDecrease || try(0):
		return 0
	}
	return firstWhole(1, own, try)
}

// bestChange finds the log factor of the mean that makes negative binomial counts likeliest, at least −30, where
// nothing is left of the mean.
func bestChange(x, mu0 []float64, alpha, start float64) float64 {
	const least, mostSteps = -30, 200
	change := start
	for range mostSteps {
		var first, second float64
		for i, m := range mu0 {
			mu := m * math.Exp(change)
			q := 1 + alpha*mu
			first += (x[i] - mu) / q
			second -= mu * (1 + alpha*x[i]) / (q * q)
		}
		step := first / second
		if math.IsNaN(step) {
			return change
		}
		// far from the maximum the curve may be nearly flat: don't leap
		change -= math.Max(-5, math.Min(5, step))
		if change < least {
			return least
		}
		if math.Abs(step) < 1e-6 {
			break
		}
	}
	return change
}
