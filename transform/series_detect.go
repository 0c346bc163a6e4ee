package transform

import (
	"math"
	"time"

	"ohwatch/transform/stats"
)

// The detectors that a series can name.
const (
	detectorWindow = string(stats.DetectorWindowTest) // exact test of the newest weeks together
	detectorVolume = "volume"                         // both sides, counts that vary more than Poisson's
	earsC1         = "ears_c1"
	earsC2         = "ears_c2"
	earsC3         = "ears_c3"           // as R's surveillance computes it
	earsC3Right    = "ears_c3_published" // corrected
)

func detectorNames() []string {
	return []string{
		auto, detectorWindow, string(stats.DetectorScan), string(stats.DetectorTimeBetween), string(stats.DetectorFarrington),
		detectorVolume, earsC1, earsC2, earsC3, earsC3Right,
	}
}

// Why a week has no result.
const (
	reasonShort      = "short_history"  // too few weeks to learn from
	reasonNothing    = "no_history"     // nothing happened or nobody was exposed in them
	reasonExposure   = "no_population"  // nobody was exposed in the week
	reasonEarly      = "too_early"      // too little of the week is reported yet
	reasonDelays     = "delays_unknown" // too few reports to learn the delays from
	reasonFit        = "no_fit"         // the model did not converge, or the method refused the series
	reasonFew        = "few_cases"      // fewer than five in four weeks: too few for this method
	reasonNotSettled = "not_settled"    // the detector needs settled weeks
)

const (
	minHistory  = 26 // weeks from which on a series is judged
	yearWeeks   = 52
	longYear    = 53
	minYears    = 3 // of history from which on Farrington's comparison with earlier years is used
	earsMinimum = 8 // weeks that EARS needs before the judged one: seven and the two that it leaves out, with a margin
)

// Choose names the detector for the week of a series: by the number of cases expected in it, as the evaluation in
// docs/evaluation.md recommends for series with an exposure and without, and by the weeks of history before it. What
// needs years of history gives way, while there are fewer than three, to EARS C2, which needs none. Fewer than half a
// year says nothing: ok is false.
func Choose(expected float64, history int, perExposure bool) (d stats.Detector, ok bool) {
	if history < minHistory {
		return stats.Detector{}, false
	}
	d = stats.DetectorFor(expected)
	if perExposure {
		d = stats.DetectorPerExposure(expected)
	}
	switch years := (history - 4) / longYear; {
	case d.Method != stats.DetectorFarrington:
	case years < minYears:
		return stats.Detector{Method: stats.DetectorEARS, Alpha: d.Alpha, MinCases: d.MinCases}, true
	default:
		d.Past.Periods = min(d.Past.Periods, years*yearWeeks)
	}
	return d, true
}

// nobody stands for the method where none was chosen.
const nobody = "none"

// judged is the result of one detector for one week; NaN is missing.
type judged struct {
	method, reason                       string
	weeks                                int     // judged together, the week the last of them
	cases, casesExpected                 float64 // of these weeks
	expected, lower, threshold, score, p float64 // of the week itself: threshold is the largest count of it that does not alarm
	alarm                                bool
}

func unjudged(method, reason string, cases float64) judged {
	return judged{
		method: method, reason: reason, cases: cases, weeks: 1, casesExpected: math.NaN(),
		expected: math.NaN(), lower: math.NaN(), threshold: math.NaN(), score: math.NaN(), p: math.NaN(),
	}
}

// history is what one week of a stratum is judged by: the week itself is the last entry.
type weekHistory struct {
	counts   []float64 // known so far, NaN: not to be used
	exposure []float64 // population, or the share reported; above 0
	dates    []time.Time
	level    bool             // exposure is 1 throughout
	thinned  bool             // some of the exposures are shares of what will be reported
	prior    stats.GammaPrior // the zero value where the series does not pool
	design   func(mean, ratio, arl, dispersion float64) (stats.CUSUMDesign, error)
}

// expected is the number of cases of the last week at the rate of all the weeks before it, were it settled.
func (h weekHistory) expected() (mean float64, ok bool) {
	last := len(h.counts) - 1
	var cases, exposure float64
	for i, c := range h.counts[:last] {
		if !math.IsNaN(c) {
			cases, exposure = cases+c, exposure+h.exposure[i]
		}
	}
	if exposure <= 0 {
		return 0, false
	}
	e := h.exposure[last]
	if h.thinned {
		e = 1
	}
	return cases / exposure * e, true
}

// judge runs one detector on the last week of h.
func (s Series) judge(name string, h weekHistory) judged {
	last := len(h.counts) - 1
	observed := h.counts[last]
	set := s.settings
	var d stats.Detector
	switch name {
	case auto:
		if s.Direction != Up {
			return s.judgeVolume(h)
		}
		mean, ok := h.expected()
		if !ok && last >= minHistory {
			return unjudged(nobody, reasonNothing, observed)
		}
		if d, ok = Choose(mean, last, s.HasPopulation); !ok {
			return unjudged(nobody, reasonShort, observed)
		}
		d.Past.Periods = min(d.Past.Periods, set.baseline)
		if d.Method == stats.DetectorEARS {
			return s.judgeEARS(earsC2, d.Alpha, h)
		}
	case detectorVolume:
		return s.judgeVolume(h)
	case earsC1, earsC2:
		return s.judgeEARS(name, set.alpha, h)
	case earsC3, earsC3Right:
		return s.judgeEARS(name, set.earsC3, h)
	case detectorWindow:
		d = stats.Detector{
			Method: stats.DetectorWindowTest, Alpha: set.alpha, Window: set.window, Past: stats.Past{Periods: set.baseline, Gap: set.gap},
			Test: stats.CountPredictive,
		}
	default:
		d = stats.Detector{
			Method: stats.DetectorMethod(name), Alpha: set.alpha, Window: scanWeeks, Events: 3, Past: stats.Past{Periods: set.baseline, Gap: set.gap},
			Test: stats.CountPredictive,
		}
		if name == string(stats.DetectorFarrington) {
			d.Past = stats.Past{Periods: min(set.baseline, (last-4)/longYear*yearWeeks), Gap: 26}
		}
	}
	if last < max(minHistory, d.FirstPoint()) {
		return unjudged(string(d.Method), reasonShort, observed)
	}
	if h.prior != (stats.GammaPrior{}) {
		return s.judgeWindow(d, h)
	}
	series := stats.CountSeries{Counts: h.counts, Dates: h.dates, Frequency: yearWeeks}
	if !h.level {
		series.Population = h.exposure
	}
	from := last
	if d.Method == stats.DetectorCUSUM {
		from = d.FirstPoint() // the sum has a memory
		d.Design = h.design
	}
	points, err := d.Run(series, from, last+1)
	if err != nil || len(points) == 0 {
		return unjudged(string(d.Method), reasonFit, observed)
	}
	p := points[len(points)-1]
	if d.Method == stats.DetectorCUSUM && math.IsNaN(p.P) {
		p.P = 1
		if p.Alarm {
			p.P = 1 / d.ARL
		}
	}
	return fromPoint(string(d.Method), p, h, d.Method == stats.DetectorScan)
}

// scanWeeks is the longest window of a scan that a series names.
const scanWeeks = 26

// fromPoint takes over the result of a method that may judge several weeks together. ofWeek: its bound is one for the
// newest week already.
func fromPoint(method string, p stats.SmallCountPoint, h weekHistory, ofWeek bool) judged {
	last := len(h.counts) - 1
	j := judged{
		method: method, cases: p.Cases, casesExpected: p.Expected, expected: p.Expected, lower: math.NaN(), threshold: p.Bound,
		p: p.P, alarm: p.Alarm, weeks: p.Window,
	}
	if p.Window > 1 {
		var exposure float64
		for i := max(0, last+1-p.Window); i <= last; i++ {
			if !math.IsNaN(h.counts[i]) {
				exposure += h.exposure[i]
			}
		}
		j.expected = p.Expected * h.exposure[last] / exposure
		if !ofWeek {
			j.threshold = math.Max(0, p.Bound-(p.Cases-h.counts[last]))
		}
	}
	j.score = score(h.counts[last], j.expected, j.threshold)
	if math.IsInf(j.threshold, 0) {
		j.threshold, j.score = math.NaN(), math.NaN()
	}
	switch {
	case method != string(stats.DetectorFarrington):
		if math.IsNaN(j.expected) && math.IsNaN(j.p) {
			j.reason = reasonNothing
		}
	case math.IsNaN(p.P):
		j.reason = reasonFit
	case math.IsNaN(p.Bound):
		j.reason, j.p = reasonFew, math.NaN()
	}
	return j
}

// score is how far the observed lies beyond the expected, the distance to the threshold being 1.
func score(observed, expected, threshold float64) float64 {
	if !(threshold > expected) {
		return math.NaN()
	}
	return (observed - expected) / (threshold - expected)
}

// judgeWindow is the exact predictive test, with what the other strata say of the rate where the series pools.
func (s Series) judgeWindow(d stats.Detector, h weekHistory) judged {
	points, err := stats.WindowTest(stats.SmallCounts{Counts: h.counts, Exposure: h.exposure}, len(h.counts)-1, len(h.counts), stats.WindowTestOptions{
		Window: d.Window, Past: d.Past,
		Test: stats.CountTestOptions{Method: d.Test, Alpha: d.Alpha, Prior: h.prior},
	})
	if err != nil {
		return unjudged(detectorWindow, reasonFit, h.counts[len(h.counts)-1])
	}
	return fromPoint(detectorWindow, points[0], h, false)
}

// judgeEARS is one of the EARS detectors, on counts per exposure. A week that is not settled yet is held against the
// same threshold for the part that is known: thinned counts have the variance π²σ² + π(1 − π)μ.
func (s Series) judgeEARS(name string, alpha float64, h weekHistory) judged {
	last := len(h.counts) - 1
	observed := h.counts[last]
	if last < earsMinimum+4 {
		return unjudged(name, reasonShort, observed)
	}
	method := map[string]stats.EARSMethod{
		earsC1: stats.EARSC1, earsC2: stats.EARSC2, earsC3: stats.EARSC3, earsC3Right: stats.EARSC3Published,
	}[name]
	e := h.exposure[last]
	rates := h.counts[last-12:]
	if !h.level {
		rates = make([]float64, 13)
		for i := range rates {
			rates[i] = h.counts[last-12+i] / h.exposure[last-12+i]
		}
		if h.thinned && (name == earsC3 || name == earsC3Right) {
			return unjudged(name, reasonNotSettled, observed)
		}
	}
	points, err := stats.EARS(method, rates, 12, 13, stats.EARSOptions{Alpha: alpha, MinSigma: s.settings.minSigma})
	if err != nil {
		return unjudged(name, reasonFit, observed)
	}
	p := points[0]
	j := judged{
		method: name, cases: observed, casesExpected: p.Mean * e, expected: p.Mean * e, lower: math.NaN(), threshold: p.Bound * e,
		score: p.Score, alarm: p.Alarm, weeks: 1,
	}
	if h.thinned && e < 1 {
		z := (p.Bound - p.Mean) / p.SD
		sd := math.Sqrt(p.SD*p.SD*e*e + e*(1-e)*p.Mean)
		j.threshold, j.score = j.expected+z*sd, (observed-j.expected)/sd
		j.alarm = observed > j.threshold
	}
	j.p = math.Erfc(j.score/math.Sqrt2) / 2
	if math.IsNaN(j.threshold) {
		j.reason, j.p = reasonNothing, math.NaN()
	}
	return j
}

// judgeVolume holds a count that varies more than Poisson's, such as the number of examinations, against its mean and
// its variance in the year before, on the sides that the series looks at. Half of alpha goes to each of two sides.
func (s Series) judgeVolume(h weekHistory) judged {
	last := len(h.counts) - 1
	observed := h.counts[last]
	if last < minHistory {
		return unjudged(detectorVolume, reasonShort, observed)
	}
	var cases, exposure float64
	end := last - s.settings.gap
	begin := max(0, end-s.settings.baseline)
	n := 0
	for i := begin; i < end; i++ {
		if c := h.counts[i]; !math.IsNaN(c) {
			cases, exposure, n = cases+c, exposure+h.exposure[i], n+1
		}
	}
	if n < minHistory/2 || cases == 0 {
		return unjudged(detectorVolume, reasonNothing, observed)
	}
	rate := cases / exposure
	x2 := 0.0
	for i := begin; i < end; i++ {
		if c := h.counts[i]; !math.IsNaN(c) {
			m := rate * h.exposure[i]
			x2 += (c - m) * (c - m) / m
		}
	}
	// Dispersion of settled counts; thinning by a share π leaves 1 + (φ − 1)π of it.
	phi := math.Max(1, x2/float64(n-1))
	e := h.exposure[last]
	mean := rate * e
	if h.thinned {
		phi = 1 + (phi-1)*math.Min(1, e)
	}
	alpha := s.settings.alpha
	if s.Direction == Both {
		alpha /= 2
	}
	b, err := stats.BandOfCount(observed, mean, phi*mean*(1+1/float64(n)), alpha)
	if err != nil {
		return unjudged(detectorVolume, reasonFit, observed)
	}
	j := judged{method: detectorVolume, cases: observed, casesExpected: mean, expected: mean, lower: math.NaN(), threshold: math.NaN(), p: 1, weeks: 1}
	if s.Direction != Down {
		j.threshold, j.p = b.Upper, b.PHigh
		j.alarm = observed > b.Upper
	}
	if s.Direction != Up {
		j.lower = b.Lower
		j.alarm = j.alarm || observed < b.Lower
		j.p = math.Min(j.p, b.PLow)
	}
	if s.Direction == Both {
		j.p = math.Min(1, 2*math.Min(b.PHigh, b.PLow))
	}
	j.score = score(observed, mean, j.threshold)
	if observed < mean && !math.IsNaN(j.lower) {
		j.score = math.NaN()
		if mean > j.lower {
			j.score = (observed - mean) / (mean - j.lower)
		}
	}
	return j
}
