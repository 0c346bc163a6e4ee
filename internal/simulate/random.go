package simulate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
)

// dice is a source of random numbers that belongs to one thing in the city, so that a change to one
// employer leaves all others as they were.
type dice struct{ *rand.Rand }

// newDice returns the dice of the thing named by kind and number n in the city of that seed.
func newDice(seed uint64, kind string, n int) dice {
	h := fnv.New64a()
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(strconv.Itoa(n)))
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// chance is true with probability p.
func (r dice) chance(p float64) bool { return r.Float64() < p }

// between returns a whole number from lo to hi, both included.
func (r dice) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + r.IntN(hi-lo+1)
}

// days returns a whole number of days from lo to hi, both included.
func (r dice) days(lo, hi int) day { return day(r.between(lo, hi)) }

// normal returns a normal deviate.
func (r dice) normal(mean, sd float64) float64 { return mean + sd*r.NormFloat64() }

// lognormal returns a lognormal deviate with the given median and geometric standard deviation.
func (r dice) lognormal(median, gsd float64) float64 {
	return median * math.Exp(math.Log(gsd)*r.NormFloat64())
}

// exponential returns an exponential deviate with that mean.
func (r dice) exponential(mean float64) float64 { return mean * r.ExpFloat64() }

// gamma returns a gamma deviate with the given mean and standard deviation (Marsaglia and Tsang 2000).
func (r dice) gamma(mean, sd float64) float64 {
	shape := mean * mean / (sd * sd)
	scale := sd * sd / mean
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
			return boost * d * v * scale
		}
	}
}

// weighted returns an index with probability proportional to its weight.
func (r dice) weighted(weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	u := r.Float64() * sum
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	return len(weights) - 1
}

// pick returns one of the values.
func pick[T any](r dice, values []T) T { return values[r.IntN(len(values))] }

// normalCDF is the distribution function of the standard normal law.
func normalCDF(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

func clamp(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

// mix scrambles a number (the finaliser of SplitMix64): cheap, repeatable choices that belong to one row.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// share turns a number into a repeatable fraction in [0,1).
func share(salt, purpose uint64) float64 { return float64(mix(salt^mix(purpose))>>11) / (1 << 53) }
