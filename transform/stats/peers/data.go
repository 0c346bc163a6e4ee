package main

import (
	"math"
	"math/rand/v2"

	"ohwatch/transform/stats"
)

// data are the inputs: the shapes of the recorded runs, with random numbers of our own.
type data struct {
	weekly    [][]float64 // 10,000 series of 8 years of weeks, half Poisson, half negative binomial
	daily     [][]float64 // 10,000 series of 365 days
	fiveYears [][]float64 // 10,000 series of 260 weeks
	exposure  [][]float64 // 10,000 groups of 20 lognormal values, about a quarter below the detection limit
	below     [][]bool
	places    stats.Places // 300
	cases     []float64
}

// newData makes so many series of each kind.
func newData(series int) *data {
	d := &data{}
	r := rand.New(rand.NewPCG(1, 20240101))
	for range series {
		base := math.Exp(uniform(r, math.Log(0.5), math.Log(60)))
		wave, trend := uniform(r, 0, 0.8), 0.001*r.NormFloat64()
		size := math.Inf(1)
		if r.Float64() >= 0.5 {
			size = uniform(r, 2, 20)
		}
		x := make([]float64, 52*8)
		for t := range x {
			week := float64(t + 1)
			mean := base * math.Exp(wave*math.Sin(2*math.Pi*week/52)+trend*week)
			if !math.IsInf(size, 1) {
				mean *= gamma(r, size) / size
			}
			x[t] = poisson(r, mean)
		}
		d.weekly = append(d.weekly, x)
	}
	d.daily = poissonSeries(rand.New(rand.NewPCG(2, 20240102)), series, 365, 0.2, 30)
	d.fiveYears = poissonSeries(rand.New(rand.NewPCG(3, 20240103)), series, 260, 0.5, 40)
	r = rand.New(rand.NewPCG(4, 20240104))
	for range series {
		median, spread := math.Exp(uniform(r, math.Log(0.05), math.Log(5))), math.Log(uniform(r, 1.5, 4))
		limit := median * math.Exp(-0.6744897501960817*spread)
		x, below := make([]float64, 20), make([]bool, 20)
		for i := range x {
			x[i] = median * math.Exp(spread*r.NormFloat64())
			if below[i] = x[i] < limit; below[i] {
				x[i] = limit
			}
		}
		d.exposure, d.below = append(d.exposure, x), append(d.below, below)
	}
	r = rand.New(rand.NewPCG(5, 20240105))
	for range 300 {
		x, y := uniform(r, 0, 60), uniform(r, 0, 40)
		population := math.Round(math.Exp(7.5 + 0.8*r.NormFloat64()))
		risk := 0.002
		if (x-20)*(x-20)+(y-15)*(y-15) < 36 {
			risk *= 2
		}
		d.places.X, d.places.Y = append(d.places.X, x), append(d.places.Y, y)
		d.places.Population = append(d.places.Population, population)
		d.cases = append(d.cases, poisson(r, population*risk))
	}
	return d
}

func poissonSeries(r *rand.Rand, series, length int, low, high float64) [][]float64 {
	all := make([][]float64, series)
	for i := range all {
		mean := math.Exp(uniform(r, math.Log(low), math.Log(high)))
		all[i] = make([]float64, length)
		for t := range all[i] {
			all[i][t] = poisson(r, mean)
		}
	}
	return all
}

func uniform(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// poisson draws by multiplying uniforms, large means in parts.
func poisson(r *rand.Rand, mean float64) float64 {
	const part = 20
	n := 0.0
	for ; mean > part; mean -= part {
		n += poisson(r, part)
	}
	limit, product := math.Exp(-mean), r.Float64()
	for product > limit {
		n++
		product *= r.Float64()
	}
	return n
}

// gamma draws with shape above 1 and scale 1 (Marsaglia & Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
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
			return d * v
		}
	}
}
