package stats

import (
	"math"
	"slices"
	"sort"
)

// Places are the places of a scan: coordinates in any unit of length, and population.
type Places struct {
	X, Y       []float64
	Population []float64 // above 0
}

// ScanCluster is a circle of places with more cases than expected, in a stretch of time for a scan over time.
type ScanCluster struct {
	Center   int   // place in the middle
	Places   []int // rising
	From, To int   // time units, both included; 0 for a scan of places only
	LLR      float64
	Cases    float64
	Expected float64
}

// ScanOptions are the settings of the scans.
type ScanOptions struct {
	MaxShare    float64 // of the population, that a circle may hold
	Simulations int     // for the p-value
	Seed        uint32  // of the random numbers; the same seed gives the same result
	// OfR draws the random numbers that R gives after set.seed. Otherwise each simulation has its own generator, which
	// is several times as fast.
	OfR bool
}

// ScanResult is the result of a scan of places.
type ScanResult struct {
	Circles      int
	Best         ScanCluster   // LLR 0 if no circle has more cases than expected
	BestByCenter []float64     // largest LLR of the circles around each place
	Clusters     []ScanCluster // by falling LLR, none sharing a place with one before; at most 4
	RelativeRisk float64       // of Best against the rest
	P            float64
	Simulated    []float64 // largest LLR of each simulation, rising

	firstHasCircle bool // the first place is small enough for a circle
}

// SpatialScan looks for the circle of places whose cases stand out most. expected nil means in proportion to
// population; else it must sum to the number of cases.
//
// Kulldorff, Commun Stat Theory Methods 1997;26:1481–96. Its statistic equals kulldorff (Poisson) of R's
// SpatialEpi.
func SpatialScan(places Places, cases, expected []float64, opt ScanOptions) (*ScanResult, error) {
	n := len(cases)
	if err := places.check(n, opt); err != nil {
		return nil, err
	}
	total, err := wholeCases(cases)
	if err != nil {
		return nil, err
	}
	if expected == nil {
		population := sum(places.Population)
		expected = make([]float64, n)
		for i, p := range places.Population {
			expected[i] = total * p / population
		}
	} else {
		if len(expected) != n {
			return nil, argumentError("expected", "has %d values, cases has %d", len(expected), n)
		}
		if err := checkCounts("expected", expected, false); err != nil {
			return nil, err
		}
		if e := sum(expected); math.Abs(e-total) > 1e-6*math.Max(1, total) {
			return nil, argumentError("expected", "must sum to the number of cases (%v), sums to %v", total, e)
		}
	}
	if err := checkScanWork(n, 1, opt); err != nil {
		return nil, err
	}
	circles := places.circles(opt.MaxShare)
	r := &ScanResult{BestByCenter: make([]float64, n), firstHasCircle: len(circles[0]) > 0}
	llr := make([][]float64, n)
	for _, circle := range circles {
		r.Circles += len(circle)
	}
	inParts(n, func(from, to int) {
		for centre := from; centre < to; centre++ {
			llr[centre] = make([]float64, len(circles[centre]))
			var c, e float64
			for size, place := range circles[centre] {
				c, e = c+cases[place], e+expected[place]
				llr[centre][size] = logLikelihoodRatio(c, e, total)
				r.BestByCenter[centre] = math.Max(r.BestByCenter[centre], llr[centre][size])
			}
		}
	})
	if r.Circles == 0 {
		return nil, argumentError("max_pop_fraction", "no place is small enough for a circle")
	}
	used := make([]bool, n)
	cluster := func() ScanCluster { // the best one without a used place, the first in order if several are
		best := ScanCluster{LLR: -1}
		for centre, circle := range circles {
			for size, place := range circle {
				if used[place] {
					break
				}
				if l := llr[centre][size]; comparable12(l) > comparable12(best.LLR) || best.LLR < 0 {
					best = ScanCluster{Center: centre, Places: circle[:size+1], LLR: l}
				}
			}
		}
		best.Places = slices.Sorted(slices.Values(best.Places))
		for _, place := range best.Places {
			best.Cases, best.Expected = best.Cases+cases[place], best.Expected+expected[place]
		}
		return best
	}
	r.Best = cluster()
	for c := r.Best; c.LLR > 0 && len(r.Clusters) < 4; c = cluster() {
		r.Clusters = append(r.Clusters, c)
		for _, place := range c.Places {
			used[place] = true
		}
	}
	r.RelativeRisk = r.Best.Cases / r.Best.Expected / ((total - r.Best.Cases) / (total - r.Best.Expected))
	best := r.Best.LLR
	if best <= 0 {
		r.Best.Places = nil
	}
	r.Simulated = simulateScan(circles, expected, 1, []window{{0, 0}}, total, opt)
	r.P = scanP(r.Simulated, best)
	return r, nil
}

// SpaceTimeOptions are the settings of SpaceTimeScan beyond those of any scan.
type SpaceTimeOptions struct {
	ScanOptions
	MaxDuration int  // time units
	Prospective bool // only clusters that last until the newest unit
}

// SpaceTimeScan looks for the circle of places and stretch of time whose cases stand out most. cases has one row
// per time unit; expected counts are in proportion to population, the same in every unit.
//
// Kulldorff, J R Stat Soc A 2001;164:61–72.
func SpaceTimeScan(places Places, cases [][]float64, opt SpaceTimeOptions) (ScanCluster, float64, error) {
	n, units := len(places.X), len(cases)
	if err := places.check(n, opt.ScanOptions); err != nil {
		return ScanCluster{}, 0, err
	}
	if units == 0 || units > 4096 {
		return ScanCluster{}, 0, argumentError("cases", "needs 1 to 4096 rows, got %d", units)
	}
	if opt.MaxDuration < 1 {
		return ScanCluster{}, 0, argumentError("max_duration", "must be at least 1, got %d", opt.MaxDuration)
	}
	flat := make([]float64, 0, n*units)
	for t, row := range cases {
		if len(row) != n {
			return ScanCluster{}, 0, argumentError("cases", "row %d has %d values, there are %d places", t+1, len(row), n)
		}
		flat = append(flat, row...)
	}
	total, err := wholeCases(flat)
	if err != nil {
		return ScanCluster{}, 0, err
	}
	population := sum(places.Population)
	expected := make([]float64, n)
	for i, p := range places.Population {
		expected[i] = total * p / population / float64(units)
	}
	var windows []window
	for end := range units {
		if opt.Prospective && end != units-1 {
			continue
		}
		for begin := max(0, end-opt.MaxDuration+1); begin <= end; begin++ {
			windows = append(windows, window{begin, end})
		}
	}
	if err := checkScanWork(n, len(windows), opt.ScanOptions); err != nil {
		return ScanCluster{}, 0, err
	}
	circles := places.circles(opt.MaxShare)
	var best ScanCluster
	inWindow := make([]float64, n)
	for _, w := range windows {
		w.add(flat, inWindow)
		for centre, circle := range circles {
			var c, e float64
			for size, place := range circle {
				c, e = c+inWindow[place], e+expected[place]*float64(w.end-w.begin+1)
				if llr := logLikelihoodRatio(c, e, total); comparable12(llr) > comparable12(best.LLR) {
					best = ScanCluster{Center: centre, Places: circle[:size+1], From: w.begin, To: w.end, LLR: llr, Cases: c, Expected: e}
				}
			}
		}
	}
	best.Places = slices.Sorted(slices.Values(best.Places))
	return best, scanP(simulateScan(circles, expected, units, windows, total, opt.ScanOptions), best.LLR), nil
}

// The sizes that a scan is ready for, so that one number can't ask for years of work.
const (
	maxScanPlaces = 4096
)

func (p Places) check(n int, opt ScanOptions) error {
	switch {
	case n == 0 || n > maxScanPlaces:
		return argumentError("x", "needs 1 to %d places, got %d", maxScanPlaces, n)
	case len(p.X) != n:
		return argumentError("x", "has %d values, there are %d places", len(p.X), n)
	case len(p.Y) != n:
		return argumentError("y", "has %d values, there are %d places", len(p.Y), n)
	case len(p.Population) != n:
		return argumentError("population", "has %d values, there are %d places", len(p.Population), n)
	case !(opt.MaxShare > 0 && opt.MaxShare <= 1):
		return argumentError("max_pop_fraction", "must be above 0 and at most 1, got %v", opt.MaxShare)
	case opt.Simulations < 0 || opt.Simulations > 99999:
		return argumentError("n_sim", "must be 0 to 99999, got %d", opt.Simulations)
	}
	if err := checkFinite("x", p.X, false); err != nil {
		return err
	}
	if err := checkFinite("y", p.Y, false); err != nil {
		return err
	}
	if err := checkPositive("population", p.Population); err != nil {
		return err
	}
	if math.IsInf(sum(p.Population), 1) {
		return argumentError("population", "the sum is infinite")
	}
	return nil
}

// checkScanWork refuses maps and simulations that would take hours: every simulation goes through every circle.
func checkScanWork(places, windows int, opt ScanOptions) error {
	const most = 1 << 35
	if work := float64(places) * float64(places) * float64(windows) * float64(opt.Simulations+1); work > most {
		return argumentError("n_sim", "asks for too much work: up to %.0g circles, at most %.0g", work, float64(most))
	}
	return nil
}

// wholeCases refuses cases that can't be simulated, none at all too, and returns their number.
func wholeCases(cases []float64) (float64, error) {
	const most = 1 << 24
	if err := checkCounts("cases", cases, false); err != nil {
		return 0, err
	}
	for i, c := range cases {
		if c != math.Floor(c) {
			return 0, argumentError("cases", "value %d is not a whole number (%v)", i+1, c)
		}
	}
	switch total := sum(cases); {
	case total == 0:
		return 0, argumentError("cases", "there are none")
	case total > most:
		return 0, argumentError("cases", "at most %d cases, got %v", most, total)
	default:
		return total, nil
	}
}

// circles lists, for each place, the places around it in order of distance, itself first, as long as their
// population stays within the share.
func (p Places) circles(share float64) [][]int {
	n := len(p.X)
	limit := share * sum(p.Population)
	circles := make([][]int, n)
	inParts(n, func(from, to int) {
		distance, keys := make([]float64, n), make([]uint64, n)
		for centre := from; centre < to; centre++ {
			for i := range keys { // distances sort like their bits; the last of these make room for the place
				dx, dy := p.X[i]-p.X[centre], p.Y[i]-p.Y[centre]
				distance[i] = math.Sqrt(dx*dx + dy*dy)
				keys[i] = math.Float64bits(distance[i])&^(maxScanPlaces-1) | uint64(i)
			}
			slices.Sort(keys)
			order := make([]int, n)
			for i, key := range keys {
				place := int(key & (maxScanPlaces - 1))
				at := i // places that the lost bits tell apart are still neighbours
				for at > 0 && (distance[order[at-1]] > distance[place] || distance[order[at-1]] == distance[place] && order[at-1] > place) {
					order[at] = order[at-1]
					at--
				}
				order[at] = place
			}
			var population float64
			size := 0
			for size < n && population+p.Population[order[size]] <= limit {
				population += p.Population[order[size]]
				size++
			}
			circles[centre] = order[:size:size]
		}
	})
	return circles
}

// logLikelihoodRatio of c cases where e are expected, out of total; 0 if there are not more than expected.
func logLikelihoodRatio(c, e, total float64) float64 {
	if c <= e {
		return 0
	}
	llr := c * math.Log(c/e)
	if total > c {
		llr += (total - c) * math.Log((total-c)/(total-e))
	}
	return llr
}

// comparable12 rounds to about 12 digits, so that circles that hold the same places compare as equal although
// their sums were taken in another order.
func comparable12(x float64) float64 {
	return math.Float64frombits((math.Float64bits(x) + 1<<11) &^ (1<<12 - 1))
}

// scanP is the share of the simulations, the data counted as one of them, that reach the LLR.
func scanP(simulated []float64, llr float64) float64 {
	reached := len(simulated) - sort.SearchFloat64s(simulated, llr-1e-9*math.Max(1, llr))
	return float64(1+reached) / float64(len(simulated)+1)
}

// quantile7 is R's quantile, type 7, of sorted values.
func quantile7(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return missing()
	}
	at := p * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
