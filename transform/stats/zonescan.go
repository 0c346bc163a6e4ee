package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// ZoneScanOptions are the settings of ZoneScan.
type ZoneScanOptions struct {
	MinCases    float64 // that a cluster has; zones with fewer are not looked at
	Simulations int     // for the p-values
	Seed        uint64  // of the random numbers; the same seed gives the same result
}

// ZoneCluster is a zone with more cases than expected in the newest periods.
type ZoneCluster struct {
	Zone     int // its number
	Periods  int // the newest ones that it lasts
	Cases    float64
	Expected float64
	LLR      float64
	P        float64 // share of the simulations, the data among them, in which any zone and duration stands out as much
}

// ZoneScan looks for zones of places and durations up to now whose cases stand out from what was expected of each place: Kulldorff's
// prospective space-time scan with the Poisson likelihood ratio of known expected counts, for any list of zones. cases and expected have one row per
// period, the newest last, and a column per place. The rate of a place is not known exactly: certainty is the shape of its gamma
// posterior, by which the simulations vary it (+Inf: known). Clusters come by falling LLR, no two with a place in common;
// the p of each is held against the largest of each simulation, which is conservative for all but the first.
//
// Kulldorff, J R Stat Soc A 2001;164:61–72; expected counts with an uncertain rate as in Neill, Int J Forecast 2009;25:498–517.
func ZoneScan(cases, expected [][]float64, certainty []float64, zones [][]int, opt ZoneScanOptions) ([]ZoneCluster, error) {
	places, periods := len(certainty), len(cases)
	if periods == 0 || len(expected) != periods {
		return nil, argumentError("expected", "has %d rows, cases has %d", len(expected), periods)
	}
	means := make([]float64, places) // of all periods
	for t := range cases {
		if len(cases[t]) != places || len(expected[t]) != places {
			return nil, argumentError("cases", "row %d has %d and %d values, there are %d places", t+1, len(cases[t]), len(expected[t]), places)
		}
		for i, e := range expected[t] {
			if !(e >= 0) || math.IsInf(e, 1) {
				return nil, argumentError("expected", "row %d, place %d: must be finite and not negative, got %v", t+1, i+1, e)
			}
			means[i] += e
		}
	}
	for i, c := range certainty {
		if !(c > 0) {
			return nil, argumentError("certainty", "value %d must be above 0, got %v", i+1, c)
		}
	}
	for _, zone := range zones {
		for _, place := range zone {
			if place < 0 || place >= places {
				return nil, argumentError("zones", "place %d of %d", place, places)
			}
		}
	}
	if opt.Simulations < 1 || opt.Simulations > 99999 {
		return nil, argumentError("n_sim", "must be 1 to 99999, got %d", opt.Simulations)
	}
	s := zoneScan{expected: expected, zones: zones, minCases: math.Max(opt.MinCases, 1)}
	found := s.clusters(cases)
	if len(found) == 0 {
		return nil, nil
	}
	random := rand.New(rand.NewPCG(opt.Seed, 0x5ca9))
	drawn := make([][]float64, periods)
	for t := range drawn {
		drawn[t] = make([]float64, places)
	}
	reached := make([]int, len(found))
	for range opt.Simulations {
		s.draw(random, drawn, means, certainty)
		largest := s.largest(drawn)
		for k, c := range found {
			if comparable12(largest) >= comparable12(c.LLR) {
				reached[k]++
			}
		}
	}
	for k := range found {
		found[k].P = float64(reached[k]+1) / float64(opt.Simulations+1)
	}
	return found, nil
}

type zoneScan struct {
	expected [][]float64
	zones    [][]int
	minCases float64
}

// each calls do for every zone and duration with enough cases.
func (s zoneScan) each(cases [][]float64, do func(zone, periods int, c, e float64)) {
	for z, zone := range s.zones {
		var c, e float64
		for t := len(cases) - 1; t >= 0; t-- {
			more := 0.0
			for _, place := range zone {
				more += cases[t][place]
				e += s.expected[t][place]
			}
			c += more
			if more > 0 && c >= s.minCases && c > e { // a duration that begins with nothing is never the best
				do(z, len(cases)-t, c, e)
			}
		}
	}
}

// excessLLR is the log likelihood ratio of c cases where e are expected.
func excessLLR(c, e float64) float64 {
	if e <= 0 {
		return math.Inf(1)
	}
	return c*math.Log(c/e) - (c - e)
}

func (s zoneScan) largest(cases [][]float64) (largest float64) {
	s.each(cases, func(_, _ int, c, e float64) { largest = math.Max(largest, excessLLR(c, e)) })
	return largest
}

func (s zoneScan) clusters(cases [][]float64) (apart []ZoneCluster) {
	var all []ZoneCluster
	s.each(cases, func(zone, periods int, c, e float64) {
		all = append(all, ZoneCluster{Zone: zone, Periods: periods, Cases: c, Expected: e, LLR: excessLLR(c, e)})
	})
	slices.SortStableFunc(all, func(a, b ZoneCluster) int {
		return cmp.Or(cmp.Compare(comparable12(b.LLR), comparable12(a.LLR)), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Periods, b.Periods))
	})
	used := map[int]bool{}
	for _, c := range all {
		if slices.ContainsFunc(s.zones[c.Zone], func(place int) bool { return used[place] }) {
			continue
		}
		for _, place := range s.zones[c.Zone] {
			used[place] = true
		}
		apart = append(apart, c)
	}
	return apart
}

// draw fills cases with counts as they would be without a cluster.
func (s zoneScan) draw(random *rand.Rand, cases [][]float64, means, certainty []float64) {
	for t := range cases {
		clear(cases[t])
	}
	for i, mean := range means {
		if mean == 0 {
			continue
		}
		rate := 1.0
		if !math.IsInf(certainty[i], 1) {
			rate = gammaVariate(random, certainty[i]) / certainty[i]
		}
		for range poissonVariate(random, mean*rate) {
			at, u := 0, random.Float64()*mean
			for ; at < len(cases)-1; at++ {
				if u -= s.expected[at][i]; u < 0 {
					break
				}
			}
			cases[at][i]++
		}
	}
}

// gammaVariate draws from the gamma distribution with scale 1. Marsaglia & Tsang, ACM Trans Math Softw 2000;26:363–72.
func gammaVariate(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaVariate(random, shape+1) * math.Pow(1-random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for c := 1 / math.Sqrt(9*d); ; {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// poissonVariate draws from the Poisson distribution; a large mean is the sum of two halves.
func poissonVariate(random *rand.Rand, mean float64) int {
	const most = 30
	if mean > most {
		return poissonVariate(random, mean/2) + poissonVariate(random, mean/2)
	}
	n, product, limit := 0, 1-random.Float64(), math.Exp(-mean)
	for product > limit {
		n, product = n+1, product*(1-random.Float64())
	}
	return n
}
