package transform

import (
	"math"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"ohwatch/transform/stats"
)

// seriesPoint is the result of one detector for one week of one stratum.
type seriesPoint struct {
	judged
	stratum     int    // its place in weekly.strata
	week        int    // counted from the first
	detector    string // as the definition names it
	population  float64
	provisional bool
	// Of a provisional week: the share reported, and the count when all is reported with its 95 % interval.
	share, nowcast, nowcastLower, nowcastUpper float64
	input                                      uint64 // digest of all that the result depends on
}

// evaluation computes the weeks of one series. It is read-only while it works, so that strata can be computed at once.
type seriesEvaluation struct {
	series   Series
	data     *weekly
	dates    []time.Time
	lookback int                // weeks that a result depends on, its own included
	shares   []uint64           // digest of the reporting up to each week
	priors   []stats.GammaPrior // by week; nil when the series does not pool
	root     uint64
	designs  *sync.Map // of CUSUMs, which take long to find
}

// newSeriesEvaluation prepares the weeks from on, counted from the first; earlier ones have no prior.
func newSeriesEvaluation(s Series, w *weekly, city string, from int) *seriesEvaluation {
	e := &seriesEvaluation{series: s, data: w, dates: make([]time.Time, w.n), shares: make([]uint64, w.n), root: digestText(s.digest()), designs: &sync.Map{}}
	for t := range e.dates {
		e.dates[t] = mondayOf(w.first + t)
	}
	// Farrington's comparison reaches some weeks further back than the baseline, a scan begins before its window.
	e.lookback = s.settings.baseline + s.settings.baseline/yearWeeks + s.settings.gap + max(s.settings.window, 2*scanWeeks)
	sum := uint64(1)
	for t := max(0, w.n-len(w.reporting.Share)); t < w.n; t++ {
		share, variation := w.share(t)
		sum = mix(sum, math.Float64bits(share), math.Float64bits(variation), 1)
		e.shares[t] = sum
	}
	if s.settings.pool {
		e.pool(city, from)
	}
	return e
}

// pool learns, for every week from on, how the rates of the strata are spread in the weeks that the window test learns from.
func (e *seriesEvaluation) pool(city string, from int) {
	set := e.series.settings
	e.priors = make([]stats.GammaPrior, e.data.n)
	cases := make([][]float64, len(e.data.strata))
	for i := range e.data.strata {
		counts := e.data.strata[i].counts
		cases[i] = make([]float64, len(counts)+1)
		for t, c := range counts {
			cases[i][t+1] = cases[i][t] + c
		}
	}
	parallel(e.data.n-from, func(k int) {
		t := from + k
		end := t + 1 - set.window - set.gap
		var c, x []float64
		for i := range e.data.strata {
			z := &e.data.strata[i]
			begin := max(z.begin, end-set.baseline)
			if z.key == city || end <= begin {
				continue
			}
			exposure := 0.0
			for u := begin; u < end; u++ {
				exposure += e.exposure(z, u)
			}
			if exposure > 0 {
				c, x = append(c, cases[i][end]-cases[i][begin]), append(x, exposure)
			}
		}
		e.priors[t] = priorOf(c, x)
	})
}

// priorOf is the spread of rates by moments. With fewer than three strata, or no case, it says nothing.
func priorOf(cases, exposure []float64) stats.GammaPrior {
	if len(cases) < 3 {
		return stats.GammaPrior{}
	}
	r, err := stats.EmpiricalBayes(cases, exposure)
	if err != nil || !(r.Mean[0] > 0) {
		return stats.GammaPrior{}
	}
	const alike = 1e4 // the shape where chance explains all differences
	shape := alike
	if v := r.Variance[0]; v > 0 {
		shape = math.Min(alike, r.Mean[0]*r.Mean[0]/v)
	}
	return stats.GammaPrior{Shape: shape, Rate: shape / r.Mean[0]}
}

// exposure of week t: its population, or the share of it that is reported. The share is taken one standard error
// higher than estimated: that it was learned from few reports must not make alarms. 0: the week can't be used.
func (e *seriesEvaluation) exposure(z *stratum, t int) float64 {
	if e.series.HasPopulation {
		return z.population[t]
	}
	share, variation := e.data.share(t)
	if !(share >= e.series.settings.minReported) {
		return 0
	}
	return math.Min(1, share*(1+math.Sqrt(variation)))
}

// inputs are, for every week of a stratum, a digest of all that its results depend on: the definition and the program,
// the counts and populations of the weeks looked back at, how much of the newest is reported, and the prior.
func (e *seriesEvaluation) inputs(z *stratum) []uint64 {
	n := e.data.n
	prefix := make([]uint64, n+1) // of a polynomial over the weeks, modulo 2⁶¹ − 1
	for t := range n {
		prefix[t+1] = addMod(mulMod(prefix[t], hashBase), mix(math.Float64bits(z.counts[t]), math.Float64bits(z.population[t]), 2, 3)&hashModulus)
	}
	power := uint64(1)
	for range e.lookback {
		power = mulMod(power, hashBase)
	}
	inputs := make([]uint64, n)
	short := uint64(1) // power of a stretch that is shorter
	for t := z.begin; t < n; t++ {
		begin, p := max(z.begin, t+1-e.lookback), power
		if t+1-z.begin <= e.lookback {
			short = mulMod(short, hashBase)
			p = short
		}
		window := addMod(prefix[t+1], hashModulus-mulMod(prefix[begin], p))
		h := mix(e.root, window, uint64(t-begin), e.shares[t])
		if e.priors != nil {
			h = mix(h, math.Float64bits(e.priors[t].Shape), math.Float64bits(e.priors[t].Rate), 5)
		}
		inputs[t] = max(h, 1) // 0 stands for nothing stored
	}
	return inputs
}

const (
	hashModulus = 1<<61 - 1
	hashBase    = 0x1a2b3c4d5e6f701 // below the modulus, odd
)

func addMod(a, b uint64) uint64 {
	s := a + b
	s = s&hashModulus + s>>61
	if s >= hashModulus {
		s -= hashModulus
	}
	return s
}

func mulMod(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return addMod(low&hashModulus, high<<3|low>>61)
}

// mix is a digest of four numbers: each goes through the finaliser of SplitMix64 before the next comes in.
func mix(a, b, c, d uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, x := range [...]uint64{a, b, c, d} {
		h = (h + x) * 0xbf58476d1ce4e5b9
		h ^= h >> 27
		h *= 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

func digestText(text string) uint64 {
	h := uint64(len(text))
	for _, b := range []byte(text) {
		h = mix(h, uint64(b), 7, 11)
	}
	return h
}

// week computes the results of all detectors for week t of a stratum.
func (e *seriesEvaluation) week(i, t int, input uint64) []seriesPoint {
	z := &e.data.strata[i]
	s := e.series
	p := seriesPoint{
		stratum: i, week: t, population: math.NaN(), share: math.NaN(), nowcast: math.NaN(), nowcastLower: math.NaN(), nowcastUpper: math.NaN(),
		provisional: e.data.provisional(t), input: input,
	}
	if s.HasPopulation {
		p.population = z.population[t]
	}
	if p.provisional {
		e.nowcast(&p, z.counts[t])
	}
	h, reason := e.history(z, t)
	points := make([]seriesPoint, len(s.Methods))
	for k, name := range s.Methods {
		points[k] = p
		points[k].detector = name
		if reason != "" {
			points[k].judged = unjudged(name, reason, z.counts[t])
		} else {
			points[k].judged = s.judge(name, h)
		}
	}
	return points
}

// nowcastLevel is what the interval of a nowcast leaves out.
const nowcastLevel = 0.05

// nowcast estimates how many there will be. A window of several weeks has no nowcast of its own: it is that of the week.
func (e *seriesEvaluation) nowcast(p *seriesPoint, known float64) {
	share, variation := e.data.share(p.week)
	p.share = share
	median, lower, upper, err := stats.Unreported(known, share, variation, nowcastLevel)
	if err != nil {
		return // the share is unknown
	}
	p.nowcast, p.nowcastLower, p.nowcastUpper = known+median, known+lower, known+upper
}

// history collects what week t is judged by; a reason says why it can't be.
func (e *seriesEvaluation) history(z *stratum, t int) (h weekHistory, reason string) {
	begin := max(z.begin, t+1-e.lookback)
	if t < begin {
		return h, reasonShort
	}
	n := t + 1 - begin
	h = weekHistory{counts: make([]float64, n), exposure: make([]float64, n), dates: e.dates[begin : t+1], level: true, design: e.design}
	for k := range n {
		x := e.exposure(z, begin+k)
		h.counts[k], h.exposure[k] = z.counts[begin+k], x
		if !(x > 0) {
			h.counts[k], h.exposure[k] = math.NaN(), 1
		}
		h.level = h.level && x == 1
	}
	h.thinned = !e.series.HasPopulation && !h.level
	if e.priors != nil {
		h.prior = e.priors[t]
	}
	switch share, _ := e.data.share(t); {
	case math.IsNaN(share) && !e.series.HasPopulation:
		return h, reasonDelays
	case !math.IsNaN(h.counts[n-1]):
		return h, ""
	case e.series.HasPopulation:
		return h, reasonExposure
	}
	return h, reasonEarly
}

// design is stats.DesignCUSUM, each design found once.
func (e *seriesEvaluation) design(mean, ratio, arl, dispersion float64) (stats.CUSUMDesign, error) {
	type found struct {
		design stats.CUSUMDesign
		err    error
	}
	key := [4]float64{mean, ratio, arl, dispersion}
	if known, ok := e.designs.Load(key); ok {
		f := known.(found)
		return f.design, f.err
	}
	d, err := stats.DesignCUSUM(mean, ratio, arl, dispersion)
	e.designs.Store(key, found{d, err})
	return d, err
}

// wanted says which weeks of a stratum are to be computed.
type wanted func(stratum, week int, input uint64) bool

// compute gives the results of the strata from:to, in the order of strata, weeks and detectors, whatever the number of
// goroutines.
func (e *seriesEvaluation) compute(from, to int, want wanted) []seriesPoint {
	parts := make([][]seriesPoint, to-from)
	parallel(to-from, func(k int) {
		i := from + k
		z := &e.data.strata[i]
		for t, input := range e.inputs(z) {
			if t >= z.begin && want(i, t, input) {
				parts[k] = append(parts[k], e.week(i, t, input)...)
			}
		}
	})
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	all := make([]seriesPoint, 0, n)
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// parallel calls do for 0 to n−1 from as many goroutines as there are processors, each number once.
func parallel(n int, do func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
}
