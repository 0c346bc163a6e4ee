package stats

import (
	"math"
	"sort"
)

// TemporalScanOptions are the settings of TemporalScan.
type TemporalScanOptions struct {
	MaxWindow   int    // longest window, in points
	Prospective bool   // only windows that last until the newest point
	Simulations int    // for the p-value of windows anywhere; a prospective scan needs none
	Seed        uint32 // of the random numbers
}

// TemporalScanResult is the window of a series whose cases stand out most.
type TemporalScanResult struct {
	From, To     int // first and last point of the window, both included; 0 if no window has more cases than expected
	Cases        float64
	Expected     float64 // in proportion to exposure
	LLR          float64
	RelativeRisk float64 // of the window against the rest
	P            float64
}

// TemporalScan looks for the stretch of a series, up to MaxWindow points long, whose cases stand out most, given how
// many there are in all. exposure is the opportunity of each point (persons, completeness of reports, season), nil if
// all are the same. The p-value allows for having looked at every window. That of a prospective scan is exact: how the
// cases fall, from the newest point backwards, is followed through all counts that no window finds remarkable. That of
// windows anywhere is found by simulation.
//
// Nagarwalla, Stat Med 1996;15:845–50 (windows of any length); Kulldorff, J R Stat Soc A 2001;164:61–72 (prospective);
// Naus, J Am Stat Assoc 1965;60:532–8 (windows of one length).
func TemporalScan(counts, exposure []float64, opt TemporalScanOptions) (TemporalScanResult, error) {
	n := len(counts)
	if exposure == nil {
		exposure = repeat(1, n)
	}
	if err := checkExposed("counts", counts, "exposure", exposure); err != nil {
		return TemporalScanResult{}, err
	}
	if opt.MaxWindow < 1 || opt.MaxWindow >= n {
		return TemporalScanResult{}, argumentError("max_window", "must be at least 1 and less than the %d points, got %d", n, opt.MaxWindow)
	}
	if !opt.Prospective && (opt.Simulations < 1 || opt.Simulations > 99999) {
		return TemporalScanResult{}, argumentError("n_sim", "must be 1 to 99999, got %d", opt.Simulations)
	}
	total, err := scanTotal(counts)
	if err != nil {
		return TemporalScanResult{}, err
	}
	if float64(n)*float64(opt.MaxWindow)*float64(max(1, opt.Simulations)) > 1<<31 {
		return TemporalScanResult{}, argumentError("max_window", "%d points with windows up to %d are too many", n, opt.MaxWindow)
	}
	share := make([]float64, n) // of the exposure up to and without each point
	all := sum(exposure)
	for i := range share {
		share[i] = exposure[i] / all
	}
	best := bestWindow(counts, share, total, opt)
	if best.LLR == 0 {
		best.P = 1
		return best, nil
	}
	best.RelativeRisk = best.Cases / best.Expected / ((total - best.Cases) / (total - best.Expected))
	if opt.Prospective {
		best.P = prospectiveScanP(share, total, best.LLR, opt.MaxWindow)
		return best, nil
	}
	random := newRandom(opt.Seed)
	simulated := make([]float64, opt.Simulations)
	drawn := make([]float64, n)
	for s := range simulated {
		random.multinomial(int(total), share, drawn)
		simulated[s] = bestWindow(drawn, share, total, opt).LLR
	}
	sort.Float64s(simulated)
	best.P = scanP(simulated, best.LLR)
	return best, nil
}

// scanTotal refuses counts that can't be shared out and returns their sum.
func scanTotal(counts []float64) (float64, error) {
	const most = 1 << 14
	for i, c := range counts {
		if c != math.Floor(c) {
			return 0, argumentError("counts", "value %d is not a whole number (%v)", i+1, c)
		}
	}
	if total := sum(counts); total <= most {
		return total, nil
	}
	return 0, argumentError("counts", "at most %d cases: the scan is for small counts", most)
}

// bestWindow is the window with the largest LLR, the latest and then the shortest of those that are as good.
func bestWindow(counts, share []float64, total float64, opt TemporalScanOptions) TemporalScanResult {
	var best TemporalScanResult
	first := 0
	if opt.Prospective {
		first = len(counts) - 1
	}
	for end := len(counts) - 1; end >= first; end-- {
		var c, e float64
		for begin := end; begin >= max(0, end-opt.MaxWindow+1); begin-- {
			c, e = c+counts[begin], e+total*share[begin]
			if counts[begin] == 0 {
				continue // a window that begins with nothing is worse than the shorter one
			}
			if llr := logLikelihoodRatio(c, e, total); comparable12(llr) > comparable12(best.LLR) {
				best = TemporalScanResult{From: begin, To: end, Cases: c, Expected: e, LLR: llr}
			}
		}
	}
	return best
}

// prospectiveScanP is the exact probability that one of the windows that end with the newest point has an LLR of llr
// or more. reached[l] is how many cases the window of l points needs for that; the cases of growing windows are a
// Markov chain, each point taking its binomial share of the cases that are left.
func prospectiveScanP(share []float64, total, llr float64, maxWindow int) float64 {
	limit := llr - 1e-9*math.Max(1, llr)
	const negligible = 1e-20
	below := []float64{1} // probability of each number of cases so far, with no window remarkable
	used, n := 0.0, int(total)
	need := 1
	for l := 1; l <= maxWindow; l++ {
		q := share[len(share)-l]
		part := math.Min(1, q/(1-used))
		used += q
		odds := part / (1 - part)
		for float64(need) <= total && logLikelihoodRatio(float64(need), total*used, total) < limit {
			need++ // a longer window needs no fewer cases
		}
		next := make([]float64, need)
		for c, weight := range below {
			if weight < negligible {
				continue
			}
			rest := n - c
			if part >= 1 { // nothing is left for the points before
				if n < len(next) {
					next[n] += weight
				}
				continue
			}
			// From no case in this point on, or for many cases from where the probability begins to matter.
			first := 0
			if mean := float64(rest) * part; mean > 500 {
				first = int(mean - 20*math.Sqrt(mean)) // above 0, and e⁻²⁰⁰ below it
			}
			term := weight * binomialPMF(float64(first), float64(rest), part)
			for x := first; x <= rest && c+x < len(next); x++ {
				next[c+x] += term
				term *= float64(rest-x) / float64(x+1) * odds
				if term < negligible && float64(x) > float64(rest)*part { // and falling
					break
				}
			}
		}
		below = next
	}
	return math.Min(1, math.Max(0, 1-sum(below)))
}
