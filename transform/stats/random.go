package stats

import "math"

// random is R's default generator of random numbers, so that a simulation with a given seed gives the numbers
// that R gives after set.seed: Matsumoto & Nishimura's Mersenne Twister (ACM Trans Model Comput Simul
// 1998;8:3–30) with R's way to spread a seed. It belongs to one goroutine.
type random struct {
	state [624]uint32
	next  int
}

// newRandom is set.seed(seed).
func newRandom(seed uint32) *random {
	r := &random{next: len(random{}.state)}
	for range 51 { // 50 to spread the seed; the one more would be the position in the state
		seed = 69069*seed + 1
	}
	for i := range r.state {
		seed = 69069*seed + 1
		r.state[i] = seed
	}
	return r
}

// uniform is R's runif(1): above 0 and below 1.
func (r *random) uniform() float64 {
	const n, m = 624, 397
	if r.next == n {
		for i := range r.state {
			y := r.state[i]&0x80000000 | r.state[(i+1)%n]&0x7fffffff
			r.state[i] = r.state[(i+m)%n] ^ y>>1
			if y&1 != 0 {
				r.state[i] ^= 0x9908b0df
			}
		}
		r.next = 0
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	y ^= y >> 18
	const step = 2.3283064365386963e-10 // 2⁻³²
	return math.Max(float64(y)*step, step/2)
}

// binomial is R's rbinom(1, n, p).
func (r *random) binomial(n int, p float64) int {
	switch {
	case n == 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - r.rareBinomial(n, 1-p, p)
	}
	return r.rareBinomial(n, p, 1-p)
}

// rareBinomial draws for p ≤ ½, q = 1 − p: by inversion up to a mean of 30, beyond that by Kachitvichyanukul &
// Schmeiser's BTPE (Commun ACM 1988;31:216–22).
func (r *random) rareBinomial(n int, p, q float64) int {
	mean := float64(n) * p
	ratio := p / q
	growth := ratio * float64(n+1) // P(x)/P(x−1) = growth/x − ratio
	if mean >= 30 {
		return r.btpe(n, p, q, ratio, growth)
	}
	none := math.Pow(q, float64(n))
	const farthest = 110 // beyond it rounding has eaten the rest: draw again
	for {
		u, f := r.uniform(), none
		for x := 0; x <= farthest+1; x++ {
			if x > 0 {
				f *= growth/float64(x) - ratio
			}
			if u < f {
				return x
			}
			u -= f
		}
	}
}

// btpe accepts or rejects points under a hat made of a triangle, a parallelogram and two exponential tails.
func (r *random) btpe(n int, p, q, ratio, growth float64) int {
	mean := float64(n) * p
	variance := mean * q
	peak := mean + p
	mode := int(peak)
	half := float64(int(2.195*math.Sqrt(variance)-4.6*q)) + 0.5 // of the triangle's base
	centre := float64(mode) + 0.5
	left, right := centre-half, centre+half
	c := 0.134 + 20.5/(15.3+float64(mode))
	slope := (peak - left) / (peak - left*p)
	leftRate := slope * (1 + slope/2)
	slope = (right - peak) / (right * q)
	rightRate := slope * (1 + slope/2)
	triangle := half
	parallelogram := triangle * (1 + 2*c)
	leftTail := parallelogram + c/leftRate
	rightTail := leftTail + c/rightRate
	for {
		u, v := r.uniform()*rightTail, r.uniform()
		var x int
		switch {
		case u <= triangle:
			return int(centre - half*v + u)
		case u <= parallelogram:
			at := left + (u-triangle)/c
			v = v*c + 1 - math.Abs(centre-at)/half
			if v > 1 || v <= 0 {
				continue
			}
			x = int(at)
		case u <= leftTail:
			at := left + math.Log(v)/leftRate
			if x = int(at); x < 0 {
				continue
			}
			v *= (u - parallelogram) * leftRate
		default:
			if x = int(right - math.Log(v)/rightRate); x > n {
				continue
			}
			v *= (u - leftTail) * rightRate
		}
		distance := float64(max(x-mode, mode-x))
		if distance <= 20 || distance >= variance/2-1 {
			f := 1.0 // P(x)/P(mode)
			for i := mode + 1; i <= x; i++ {
				f *= growth/float64(i) - ratio
			}
			for i := x + 1; i <= mode; i++ {
				f /= growth/float64(i) - ratio
			}
			if v <= f {
				return x
			}
			continue
		}
		// Squeeze log(P(x)/P(mode)) between two bounds; between them, Stirling's formula decides.
		slack := distance / variance * ((distance*(distance/3+0.625)+0.1666666666666)/variance + 0.5)
		normal := -distance * distance / (2 * variance)
		log := math.Log(v)
		if log < normal-slack {
			return x
		}
		if log > normal+slack {
			continue
		}
		a, b := float64(x+1), float64(mode)+1
		z, w := float64(n+1-mode), float64(n-x)+1
		stirling := func(y float64) float64 {
			y2 := y * y
			return (13860 - (462-(132-(99-140/y2)/y2)/y2)/y2) / y / 166320
		}
		if log <= centre*math.Log(b/a)+(float64(n-mode)+0.5)*math.Log(z/w)+float64(x-mode)*math.Log(w*p/(a*q))+
			stirling(b)+stirling(z)+stirling(a)+stirling(w) {
			return x
		}
	}
}

// multinomial is R's rmultinom(1, n, weights): it sets counts to how many of n fall to each weight. The weights
// must have a positive sum.
func (r *random) multinomial(n int, weights []float64, counts []float64) {
	for i := range counts {
		counts[i] = 0
	}
	total, left := sum(weights), 1.0
	for i, w := range weights[:len(weights)-1] {
		if n <= 0 {
			return
		}
		share := w / total
		if share > 0 {
			k := n
			if share < left {
				k = r.binomial(n, share/left)
			}
			counts[i] = float64(k)
			n -= k
		}
		left -= share
	}
	counts[len(counts)-1] = float64(n)
}
