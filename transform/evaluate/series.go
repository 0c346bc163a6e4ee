package evaluate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
)

// Shape is a kind of event of one size.
type Shape struct {
	Kind  string `json:"kind"` // spike, rise, cluster or shift
	Size  string `json:"size"` // small or large
	Weeks int    `json:"weeks"`
}

// shapes lists the events that are planted. How many cases each has depends on the size of the series: see cases.
func shapes() []Shape {
	return []Shape{
		{"spike", "small", 1},
		{"spike", "large", 1},
		{"rise", "small", 12},
		{"rise", "large", 12},
		{"cluster", "small", 26},
		{"cluster", "large", 26},
		{"shift", "small", weeksOfYear},
		{"shift", "large", weeksOfYear},
	}
}

// cases is how many cases the event adds to a series with that mean a week: a number that stands out little (small) or
// well (large) against what its weeks have anyway.
func (s Shape) cases(mean float64) int {
	usual := math.Sqrt(mean * float64(s.Weeks)) // standard deviation of the weeks' Poisson count
	small := map[string]float64{
		"spike":   2 + 2*usual,
		"rise":    3 + 2.5*usual,
		"cluster": 3 + 2.5*usual,
		"shift":   2 + 3*usual,
	}[s.Kind]
	if s.Size == "large" {
		small *= 2
	}
	return int(math.Round(small))
}

// weights is how the cases are spread over the weeks of the event.
func (s Shape) weights() []float64 {
	w := make([]float64, s.Weeks)
	for i := range w {
		w[i] = 1
		if s.Kind == "rise" {
			w[i] = float64(i + 1)
		}
	}
	return w
}

// The weeks of a simulated series: the history that detectors learn from, a stretch in which events are planted, and
// room for the longest of them.
const (
	historyWeeks = 5*weeksOfYear + 26
	studyWeeks   = 2 * weeksOfYear
	seriesWeeks  = historyWeeks + studyWeeks
	// graceWeeks after the last case of an event still count for it: cards come late.
	graceWeeks = 4
)

// dice are random numbers of one thing.
type dice struct{ *rand.Rand }

func newDice(seed uint64, name string, numbers ...int) dice {
	h := fnv.New64a()
	h.Write([]byte(name))
	for _, n := range numbers {
		h.Write([]byte(strconv.Itoa(n)))
		h.Write([]byte{0})
	}
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// gamma draws from the gamma law with mean 1 and that variance (Marsaglia & Tsang, ACM Trans Math Softw
// 2000;26:363–72).
func (r dice) gamma(variance float64) float64 {
	if variance == 0 {
		return 1
	}
	shape := 1 / variance
	boost := 1.0
	if shape < 1 {
		boost = math.Pow(r.Float64(), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return boost * d * v * variance
		}
	}
}

// poisson draws from the Poisson law: by multiplication of uniforms, for large means in parts.
func (r dice) poisson(mean float64) int {
	const part = 20
	n := 0
	for ; mean > part; mean -= part {
		n += r.poisson(part)
	}
	limit, product := math.Exp(-mean), r.Float64()
	for product > limit {
		n++
		product *= r.Float64()
	}
	return n
}

// index draws an index with probability in proportion to its weight.
func (r dice) index(weights []float64) int {
	var all float64
	for _, w := range weights {
		all += w
	}
	u := r.Float64() * all
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	return len(weights) - 1
}

// draw draws a series without an event: counts by week of arrival, and the level of each week. mean is that of the counts
// in the weeks of the study.
func (p Background) draw(r dice, mean float64) (counts, exposure []float64) {
	counts, exposure = make([]float64, seriesWeeks), make([]float64, seriesWeeks)
	start := r.IntN(weeksOfYear)
	for week := range counts {
		years := float64(week-historyWeeks-studyWeeks/2) / weeksOfYear
		level := p.Season[(start+week)%weeksOfYear] * math.Pow(p.Growth, years)
		exposure[week] = math.Max(1e-3, level*r.gamma(p.Dispersion))
		counts[week] = float64(r.poisson(mean * exposure[week]))
	}
	return counts, exposure
}

// plant adds an event that begins in a random week of the study, so early that it is over before the series is, but
// for a shift, which lasts. Each case arrives with a delay. It returns the week in which the event begins and the one
// after the last that counts for it.
func (p Background) plant(r dice, s Shape, mean float64, counts []float64) (begin, end int) {
	room := studyWeeks - s.Weeks - graceWeeks
	begin = historyWeeks + r.IntN(room)
	end = begin + s.Weeks + graceWeeks
	weights := s.weights()
	for range s.cases(mean) {
		if week := begin + r.index(weights) + r.index(p.Delay); week < len(counts) {
			counts[week]++
		}
	}
	return begin, end
}
