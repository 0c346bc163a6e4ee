package stats

import "math"

// CUSUMDesign is a CUSUM of counts: C = max(0, C + x − K), with an alarm when C reaches H, after which it begins
// afresh. K and H are multiples of 1/Scale, so that the run length is exact.
type CUSUMDesign struct {
	Mean       float64 // of a count when nothing changes
	Dispersion float64 // α: the variance is Mean + α·Mean²; 0 for Poisson counts
	Ratio      float64 // rise of the mean that K is best for
	K, H       float64
	Scale      int
	ARL        float64 // mean number of counts to an alarm when nothing changes
}

// DesignCUSUM finds the CUSUM that is quickest to find a rise of the mean by ratio among those whose mean time
// between false alarms is at least arl counts. K is rounded to a multiple of 1/Scale; Ratio then says which rise it is
// the best for. The run length comes from the Markov chain of the states of C, exactly.
//
// Lucas, Technometrics 1985;27:129–44; Brook & Evans, Biometrika 1972;59:539–49; for the negative binomial Hawkins &
// Olwell, Cumulative Sum Charts, 1998. It is what findK and findH of R's surveillance are for, with the rounding of
// their own; ARL equals its arlCusum and pois.cusum.arl of spc.
func DesignCUSUM(mean, ratio, arl, dispersion float64) (CUSUMDesign, error) {
	switch {
	case !(mean >= 1e-6 && mean <= 1e4):
		return CUSUMDesign{}, argumentError("mean", "must be 0.000001 to 10000, got %v", mean)
	case !(ratio > 1.001 && ratio <= 1000):
		return CUSUMDesign{}, argumentError("ratio", "must be above 1.001 and at most 1000, got %v", ratio)
	case !(arl > 1 && arl <= 1e9):
		return CUSUMDesign{}, argumentError("arl", "must be above 1 and at most a billion, got %v", arl)
	case !(dispersion >= 0 && dispersion <= 1e4):
		return CUSUMDesign{}, argumentError("dispersion", "must be 0 to 10000, got %v", dispersion)
	}
	d := CUSUMDesign{Mean: mean, Dispersion: dispersion}
	var steps int
	steps, d.Scale = latticeOf(cusumReference(mean, ratio, dispersion))
	d.K = float64(steps) / float64(d.Scale)
	low, high := 1+1e-9, 1e4
	for range 100 {
		middle := math.Sqrt(low * high)
		if cusumReference(mean, middle, dispersion) < d.K {
			low = middle
		} else {
			high = middle
		}
	}
	d.Ratio = math.Sqrt(low * high)
	states, run := runLength(countPMF(mean, dispersion), steps, d.Scale, func(_ int, run float64) bool { return run >= arl })
	if states == 0 {
		return CUSUMDesign{}, argumentError("arl", "no decision limit reaches %v for this mean and ratio", arl)
	}
	d.H, d.ARL = float64(states)/float64(d.Scale), run
	return d, nil
}

// CUSUMRunLength is the mean number of counts to the first alarm of the CUSUM with reference value k/scale and
// decision limit h/scale, when the counts have that mean and dispersion. It equals arlCusum of R's surveillance and
// pois.cusum.arl of spc.
func CUSUMRunLength(mean, dispersion float64, k, h, scale int) (float64, error) {
	switch {
	case !(mean >= 1e-6 && mean <= 1e4):
		return 0, argumentError("mean", "must be 0.000001 to 10000, got %v", mean)
	case !(dispersion >= 0 && dispersion <= 1e4):
		return 0, argumentError("dispersion", "must be 0 to 10000, got %v", dispersion)
	case scale < 1 || scale > maxLattice:
		return 0, argumentError("scale", "must be 1 to %d, got %d", maxLattice, scale)
	case k < 1 || k > maxLattice:
		return 0, argumentError("k", "must be 1 to %d steps, got %d", maxLattice, k)
	case h < 1 || h > maxLattice:
		return 0, argumentError("h", "must be 1 to %d steps, got %d", maxLattice, h)
	}
	_, run := runLength(countPMF(mean, dispersion), k, scale, func(states int, _ float64) bool { return states == h })
	return run, nil
}

// maxLattice bounds the states of the Markov chain.
const maxLattice = 4096

// cusumReference is the reference value of the likelihood ratio of a rise of the mean by ratio.
func cusumReference(mean, ratio, dispersion float64) float64 {
	if dispersion == 0 {
		return mean * (ratio - 1) / math.Log(ratio)
	}
	more := math.Log1p(dispersion * mean * (ratio - 1) / (1 + dispersion*mean))
	return more / dispersion / (math.Log(ratio) - more)
}

// latticeOf writes k as steps/scale, to one percent or a thousandth, with at least five steps a case for small k.
func latticeOf(k float64) (steps, scale int) {
	scale = 1
	if k < 5 {
		scale = 5
	}
	for ; scale < maxLattice/2; scale++ {
		steps = int(math.Round(k * float64(scale)))
		if steps >= 1 && math.Abs(float64(steps)/float64(scale)-k) <= math.Max(0.01*k, 1e-3*math.Min(1, k)) {
			return steps, scale
		}
	}
	return max(1, steps), scale
}

// countPMF is the Poisson law, or with dispersion the negative binomial one.
func countPMF(mean, dispersion float64) func(x int) float64 {
	if dispersion == 0 {
		return func(x int) float64 { return poissonPMF(float64(x), mean) }
	}
	size := 1 / dispersion
	logProb, logRest := -math.Log1p(dispersion*mean), -math.Log1p(1/(dispersion*mean))
	return func(x int) float64 {
		return math.Exp(logRising(size, float64(x)) - logRising(1, float64(x)) + size*logProb + float64(x)*logRest)
	}
}

// runLength adds state after state to the Markov chain of C·scale, beginning with 0 alone, until enough says that the
// chain is large enough or it has maxLattice states. It returns the number of states, which is the decision limit in
// steps (0 if it was never enough), and the mean run length.
//
// The run length is the first row of (I − Q)⁻¹ times ones, Q the probabilities to go from state to state without an
// alarm. Since Q grows by rows and columns only, so do L and U of I − Q = LU, and with Uᵀw = e₀ and Ly = 1 the run
// length is w·y, which grows by one product a state. C falls by k steps at most, so L has k diagonals.
func runLength(pmf func(x int) float64, k, scale int, enough func(states int, run float64) bool) (int, float64) {
	probability := []float64{} // of each count, as far as needed
	p := func(x int) float64 {
		for len(probability) <= x {
			probability = append(probability, pmf(len(probability)))
		}
		return probability[x]
	}
	entry := func(i, j int) float64 { // of I − Q
		v := 0.0
		if i == j {
			v = 1
		}
		if j > 0 {
			if rise := j - i + k; rise >= 0 && rise%scale == 0 {
				v -= p(rise / scale)
			}
			return v
		}
		for x := 0; i+x*scale-k <= 0; x++ {
			v -= p(x)
		}
		return v
	}
	var lower, upper [][]float64 // upper[j] is column j, from row max(0, j−k+1) on only the last k are kept
	var w, y []float64
	run := 0.0
	column := make([]float64, 0, maxLattice)
	for i := 0; i < maxLattice; i++ {
		first := max(0, i-k) // first column of L in row i, and of L in any row r: max(0, r−k)
		// Column i of U.
		column = column[:0]
		for j := range i {
			u := entry(j, i)
			from := max(0, j-k)
			for m := from; m < j; m++ {
				u -= lower[j][m-from] * column[m]
			}
			column = append(column, u)
		}
		// Row i of L.
		row := make([]float64, i-first)
		for j := first; j < i; j++ {
			l := entry(i, j)
			for m := first; m < j; m++ {
				l -= row[m-first] * upper[j][m-max(0, j-k)]
			}
			row[j-first] = l / upper[j][j-max(0, j-k)]
		}
		u := entry(i, i)
		for m := first; m < i; m++ {
			u -= row[m-first] * column[m]
		}
		column = append(column, u)
		lower = append(lower, row)
		upper = append(upper, append([]float64(nil), column[first:]...))
		// The next element of w and of y.
		wi, yi := 0.0, 1.0
		if i == 0 {
			wi = 1
		}
		for m := range i {
			wi -= column[m] * w[m]
		}
		wi /= u
		for m := first; m < i; m++ {
			yi -= row[m-first] * y[m]
		}
		w, y = append(w, wi), append(y, yi)
		run += wi * yi
		if enough(i+1, run) {
			return i + 1, run
		}
	}
	return 0, run
}

// CountCUSUMPoint is the result of CountCUSUM for one evaluated point.
type CountCUSUMPoint struct {
	Sum   float64 // NaN where the count is missing
	Bound float64 // largest count that would not have alarmed
	Alarm bool
}

// CountCUSUM runs a CUSUM of counts over x. expected holds the mean of each count when nothing changes, or one for all;
// K goes up and down with it. After an alarm the sum begins afresh, which is what the run length of the design
// presumes; a missing count leaves the sum as it was.
//
// Lucas, Technometrics 1985;27:129–44.
func CountCUSUM(x, expected []float64, d CUSUMDesign) ([]CountCUSUMPoint, error) {
	if err := checkCounts("counts", x, true); err != nil {
		return nil, err
	}
	if n := len(expected); n != 1 && n != len(x) {
		return nil, argumentError("expected", "needs 1 value or %d, got %d", len(x), n)
	}
	if err := checkPositive("expected", expected); err != nil {
		return nil, err
	}
	if !(d.Mean > 0 && d.K > 0 && d.H > 0) || !isFinite(d.Mean) || !isFinite(d.K) || !isFinite(d.H) {
		return nil, argumentError("design", "mean, k and h must be numbers above 0, got %v, %v and %v", d.Mean, d.K, d.H)
	}
	points := make([]CountCUSUMPoint, len(x))
	c := 0.0
	for i, count := range x {
		m := expected[0]
		if len(expected) > 1 {
			m = expected[i]
		}
		points[i], c = d.step(c, count, m)
	}
	return points, nil
}

// step adds a count to the sum c and returns the sum to go on with.
func (d CUSUMDesign) step(c, count, expected float64) (CountCUSUMPoint, float64) {
	const rounding = 1e-9 // sums of multiples of 1/Scale that reach H but for rounding have reached it
	k := d.K * expected / d.Mean
	p := CountCUSUMPoint{Sum: missing(), Bound: math.Max(0, math.Ceil(d.H+k-c-rounding)-1)}
	if math.IsNaN(count) {
		return p, c
	}
	c = math.Max(0, c+count-k)
	p.Sum, p.Alarm = c, c >= d.H-rounding
	if p.Alarm {
		return p, 0
	}
	return p, c
}
