package stats

import "math"

// EARSMethod is a detector of the Early Aberration Reporting System.
type EARSMethod string

// The EARS detectors. EARSC3 is C3 as R's surveillance package computes it: its bound starts from the count of
// the very day, so whether it alarms depends on the two days before and never on the count of the day itself
// (unless the bound is cut at 0). EARSC3Published has the baseline mean in that place, as the literature has
// it; use it for warnings.
const (
	EARSC1          EARSMethod = "C1"
	EARSC2          EARSMethod = "C2"
	EARSC3          EARSMethod = "C3"
	EARSC3Published EARSMethod = "C3-published"
)

// EARSOptions are the settings of EARS; each zero value stands for the usual one.
type EARSOptions struct {
	Baseline int     // points averaged; 0 means 7, at least 3
	MinSigma float64 // smallest standard deviation used; 0 means no floor
	Alpha    float64 // one-sided error rate; 0 means 0.001, for both forms of C3 0.025
}

// EARSPoint is the result for one evaluated point of the series.
type EARSPoint struct {
	Bound float64 // largest count that does not alarm; NaN if a value needed for it is missing
	Alarm bool    // the count is above the bound; false where the bound or the count is missing
	Mean  float64 // of the baseline
	SD    float64 // of the baseline, not below MinSigma
	// Score is what is compared with the normal quantile of 1 − Alpha: standard deviations above the mean for C1
	// and C2; for EARSC3 the excess of the two points before, for EARSC3Published that plus the score of the point.
	Score float64
}

// lag returns how many points before the evaluated one the detector needs.
func (m EARSMethod) lag(baseline int) (int, bool) {
	switch m {
	case EARSC1:
		return baseline, true
	case EARSC2:
		return baseline + 2, true
	case EARSC3, EARSC3Published:
		return baseline + 4, true
	}
	return 0, false
}

// EARS evaluates x[from:to] with one of the EARS detectors, which know neither season nor weekday: C1 compares
// with the points just before, C2 leaves two points between, C3 adds up the last three.
//
// Hutwagner et al., J Urban Health 2003;80(2 Suppl 1):i89–96; Fricker, Hegler & Dunfee, Stat Med
// 2008;27:3407–29. EARSC1, EARSC2 and EARSC3 equal earsC of R's surveillance.
func EARS(method EARSMethod, x []float64, from, to int, opt EARSOptions) ([]EARSPoint, error) {
	if opt.Baseline == 0 {
		opt.Baseline = 7
	}
	isC3 := method == EARSC3 || method == EARSC3Published
	if opt.Alpha == 0 {
		opt.Alpha = 0.001
		if isC3 {
			opt.Alpha = 0.025
		}
	}
	if opt.Baseline < 3 || opt.Baseline > maxSeries {
		return nil, argumentError("baseline", "must be at least 3 points, got %d", opt.Baseline)
	}
	lag, ok := method.lag(opt.Baseline)
	if !ok {
		return nil, argumentError("variant", "must be C1, C2, C3 or C3-published, got %q", string(method))
	}
	if err := checkLevel("alpha", opt.Alpha); err != nil {
		return nil, err
	}
	if !(opt.MinSigma >= 0) || math.IsInf(opt.MinSigma, 1) {
		return nil, argumentError("min_sigma", "must not be negative, got %v", opt.MinSigma)
	}
	if err := checkFinite("counts", x, true); err != nil {
		return nil, err
	}
	if err := checkRange(len(x), from, to, lag); err != nil {
		return nil, err
	}

	if err := checkWork("baseline", to-from, opt.Baseline); err != nil {
		return nil, err
	}
	z := normalQuantile(1 - opt.Alpha)
	gap := 0
	if method != EARSC1 {
		gap = 2
	}
	points := make([]EARSPoint, to-from)
	first := from
	if isC3 {
		first = max(from-2, gap+opt.Baseline)
	}
	baselines := earsBaselines(x, first, to, gap, opt)
	var before, twoBefore float64 // excess of the two points before: max(0, score − 1)
	if isC3 {
		twoBefore = excess(baselines[0].Score)
		before = excess(baselines[1].Score)
	}
	for i := range points {
		t := from + i
		p := baselines[t-first]
		own := p.Score
		switch method {
		case EARSC1, EARSC2:
			p.Bound = p.Mean + z*p.SD
		case EARSC3:
			p.Score = before + twoBefore
			p.Bound = maxNaN(0, x[t]+p.SD*(z-before-twoBefore))
		case EARSC3Published:
			p.Score = own + before + twoBefore
			p.Bound = maxNaN(0, p.Mean+p.SD*(z-before-twoBefore))
		}
		p.Alarm = x[t] > p.Bound
		points[i] = p
		twoBefore, before = before, excess(own)
	}
	return points, nil
}

// earsBaselines gives mean, standard deviation and score of the points from:to, the baseline of each ending gap points
// before it. The sums over a baseline of whole numbers are exact, and so can move on with it.
func earsBaselines(x []float64, from, to, gap int, opt EARSOptions) []EARSPoint {
	points := make([]EARSPoint, to-from)
	n := float64(opt.Baseline)
	begin := from - gap - opt.Baseline
	if !sumsAreExact(x[begin:to], n) {
		for i := range points {
			baseline := x[begin+i : begin+i+opt.Baseline]
			m := mean(baseline)
			sd := maxNaN(opt.MinSigma, deviation(baseline, m))
			points[i] = EARSPoint{Mean: m, SD: sd, Score: (x[from+i] - m) / sd}
		}
		return points
	}
	var total, squares float64
	missed := 0
	move := func(v, sign float64) {
		if math.IsNaN(v) {
			missed += int(sign)
			return
		}
		total += sign * v
		squares += sign * v * v
	}
	for _, v := range x[begin : begin+opt.Baseline] {
		move(v, 1)
	}
	for i := range points {
		m, sd := missing(), missing()
		if missed == 0 {
			m = total / n
			sd = math.Max(opt.MinSigma, math.Sqrt((n*squares-total*total)/(n*(n-1))))
		}
		points[i] = EARSPoint{Mean: m, SD: sd, Score: (x[from+i] - m) / sd}
		move(x[begin+i], -1)
		move(x[begin+i+opt.Baseline], 1)
	}
	return points
}

// sumsAreExact reports whether n times the sum of n squares is exact for any n of the values: they are whole numbers, or
// missing, and not too large.
func sumsAreExact(x []float64, n float64) bool {
	most := math.Sqrt((1 << 53) / (n * n))
	for _, v := range x {
		if !(math.Abs(v) <= most && v == math.Floor(v)) && !math.IsNaN(v) {
			return false
		}
	}
	return true
}

func excess(score float64) float64 { return maxNaN(0, score-1) }

// maxNaN is the larger value, or NaN if one is missing.
func maxNaN(a, b float64) float64 {
	if math.IsNaN(a) || math.IsNaN(b) {
		return missing()
	}
	return math.Max(a, b)
}
