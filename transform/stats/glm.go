package stats

import (
	"errors"
	"math"
)

// PoissonModel is a generalised linear model of counts with log link: log μ = X·β + offset.
type PoissonModel struct {
	Columns [][]float64 // the columns of X, each as long as Counts
	Counts  []float64   // not negative, none missing
	Offset  []float64   // known part of log μ, for instance log population; nil means 0
	Weights []float64   // prior weights, not negative; nil means 1
}

// PoissonFit is the fitted model.
type PoissonFit struct {
	Coefficients []float64 // NaN for a column that is a combination of the ones before it
	Fitted       []float64 // μ
	Residuals    []float64 // working residuals (y − μ)/μ
	Leverage     []float64 // diagonal of the hat matrix
	// WorkingWeights are prior weight times the μ of the step before the last, which Leverage and Covariance
	// rest on too.
	WorkingWeights []float64
	Covariance     [][]float64 // of the coefficients, for a dispersion of 1; NaN where a coefficient is NaN
	Deviance       float64
	PearsonX2      float64 // Σ weight·(y − μ)²/μ
	DF             int     // residual degrees of freedom: points of positive weight less rank
	Rank           int
	Iterations     int
	Converged      bool
}

// Errors of FitPoisson.
var (
	// ErrNoFit means that the first steps of the fit already left the numbers a computer has.
	ErrNoFit = errors.New("the model can't be fitted: no valid start was found")
)

// The constants of R's glm.control and glm.fit.
const (
	glmTolerance      = 1e-8  // relative change of the deviance that ends the fit
	glmMaxIterations  = 25    //
	glmRankTolerance  = 1e-11 // a column whose rest is shorter than this share of it is dropped
	smallestPositive  = 0x1p-52
	maxHalvings       = 25
	maxDesignElements = 1 << 26
)

// FitPoisson fits the model by iteratively reweighted least squares, each step by Householder's QR with columns
// dropped as in LINPACK, from μ = y + 0.1 until the deviance changes by less than 1e-8, at most 25 steps. A fit
// that has not settled by then is given with Converged false.
//
// McCullagh & Nelder, Generalized Linear Models, 1989, 2.5. It equals R's glm(family = poisson()) and, with the
// dispersion of PoissonFit.Dispersion, quasipoisson().
func FitPoisson(m PoissonModel) (*PoissonFit, error) {
	n, p := len(m.Counts), len(m.Columns)
	switch {
	case n == 0:
		return nil, argumentError("counts", "there are none")
	case p == 0 || n*p > maxDesignElements:
		return nil, argumentError("columns", "the model has %d columns of %d rows", p, n)
	}
	if err := checkCounts("counts", m.Counts, false); err != nil {
		return nil, err
	}
	for j, column := range m.Columns {
		if len(column) != n {
			return nil, argumentError("columns", "column %d has %d rows, there are %d counts", j+1, len(column), n)
		}
		if err := checkFinite("columns", column, false); err != nil {
			return nil, err
		}
	}
	for name, values := range map[string][]float64{"offset": m.Offset, "weights": m.Weights} {
		if values != nil && len(values) != n {
			return nil, argumentError(name, "has %d values, there are %d counts", len(values), n)
		}
		if err := checkFinite(name, values, false); err != nil {
			return nil, err
		}
	}
	if err := checkCounts("weights", m.Weights, false); err != nil {
		return nil, err
	}
	return fitPoisson(m)
}

// fitPoisson is FitPoisson without the checks.
func fitPoisson(m PoissonModel) (*PoissonFit, error) {
	n, p := len(m.Counts), len(m.Columns)
	offset := func(i int) float64 {
		if m.Offset == nil {
			return 0
		}
		return m.Offset[i]
	}
	weight := func(i int) float64 {
		if m.Weights == nil {
			return 1
		}
		return m.Weights[i]
	}
	f := &PoissonFit{
		Fitted: make([]float64, n), Residuals: make([]float64, n), Leverage: make([]float64, n),
		WorkingWeights: make([]float64, n),
	}
	eta := make([]float64, n)
	observed := 0
	for i, y := range m.Counts {
		f.Fitted[i] = y + 0.1
		eta[i] = math.Log(y + 0.1)
		if weight(i) > 0 {
			observed++
		}
	}
	deviance := func() float64 {
		var d float64
		for i, y := range m.Counts {
			mu := f.Fitted[i]
			r := mu
			if y > 0 {
				r = y*math.Log(y/mu) - (y - mu)
			}
			d += 2 * weight(i) * r
		}
		return d
	}
	predict := func(beta []float64) {
		for i := range eta {
			e := 0.0
			for j, b := range beta {
				e += m.Columns[j][i] * b
			}
			eta[i] = e + offset(i)
			f.Fitted[i] = math.Max(math.Exp(eta[i]), smallestPositive)
		}
	}
	valid := func(dev float64) bool {
		if !isFinite(dev) {
			return false
		}
		for _, mu := range f.Fitted {
			if !isFinite(mu) {
				return false
			}
		}
		return true
	}

	qr := newHouseholder(n, p)
	response := make([]float64, n)
	beta, old := make([]float64, p), make([]float64, p)
	before := deviance()
	for f.Iterations = 1; f.Iterations <= glmMaxIterations; f.Iterations++ {
		for i, y := range m.Counts {
			mu := f.Fitted[i]
			f.WorkingWeights[i] = weight(i) * mu
			root := math.Sqrt(f.WorkingWeights[i])
			response[i] = root * (eta[i] - offset(i) + (y-mu)/mu)
			for j, column := range m.Columns {
				qr.columns[j][i] = root * column[i]
			}
		}
		qr.factorise(glmRankTolerance)
		if observed < qr.rank {
			return nil, argumentError("counts", "%d points are too few for %d coefficients", observed, qr.rank)
		}
		qr.solve(response, beta)
		for _, b := range beta {
			if !isFinite(b) {
				return nil, ErrNoFit
			}
		}
		predict(beta)
		dev := deviance()
		for halvings := 0; !valid(dev); halvings++ { // the step went too far: go back half of it
			if f.Iterations == 1 || halvings == maxHalvings {
				return nil, ErrNoFit
			}
			for j := range beta {
				beta[j] = (beta[j] + old[j]) / 2
			}
			predict(beta)
			dev = deviance()
		}
		copy(old, beta)
		f.Deviance = dev
		if math.Abs(dev-before)/(math.Abs(dev)+0.1) < glmTolerance {
			f.Converged = true
			break
		}
		before = dev
	}
	f.Iterations = min(f.Iterations, glmMaxIterations)

	f.Coefficients = make([]float64, p)
	copy(f.Coefficients, beta)
	for _, j := range qr.pivot[qr.rank:] {
		f.Coefficients[j] = missing()
	}
	for i, y := range m.Counts {
		mu := f.Fitted[i]
		f.Residuals[i] = (y - mu) / mu
		f.PearsonX2 += weight(i) * (y - mu) * (y - mu) / mu
	}
	f.Rank, f.DF = qr.rank, observed-qr.rank
	f.Covariance = qr.inverseGram()
	qr.leverage(f.Leverage)
	return f, nil
}

// Dispersion is Pearson's X² over the residual degrees of freedom as R's summary.glm computes it, with the
// working weights of the step before the last; it is not floored at 1 and NaN without degrees of freedom.
func (f *PoissonFit) Dispersion() float64 {
	if f.DF <= 0 {
		return missing()
	}
	var x2 float64
	for i, r := range f.Residuals {
		if w := f.WorkingWeights[i]; w > 0 {
			x2 += w * r * r
		}
	}
	return x2 / float64(f.DF)
}

// Predict returns log μ (offset included) and its variance for a dispersion of 1, at one row of X. Dropped
// columns don't count.
func (f *PoissonFit) Predict(row []float64, offset float64) (eta, variance float64) {
	eta = offset
	for j, b := range f.Coefficients {
		if math.IsNaN(b) {
			continue
		}
		eta += b * row[j]
		for k, c := range f.Covariance[j] {
			if !math.IsNaN(f.Coefficients[k]) {
				variance += row[j] * c * row[k]
			}
		}
	}
	return eta, variance
}

// householder is a QR factorisation in place, columns of negligible rest moved to the end as in R's dqrdc2.
type householder struct {
	columns [][]float64 // in: the matrix; out: reflections below, R on and above the diagonal, in pivot order
	pivot   []int       // which original column stands at each place
	rank    int
	head    []float64 // first component of each reflection
	norms   []float64
	order   [][]float64
}

func newHouseholder(n, p int) *householder {
	backing := make([]float64, n*p)
	qr := &householder{
		columns: make([][]float64, p), pivot: make([]int, p), head: make([]float64, p),
		norms: make([]float64, p), order: make([][]float64, p),
	}
	for j := range qr.columns {
		qr.columns[j] = backing[j*n : (j+1)*n]
	}
	return qr
}

// factorise leaves columns in their original places; order lists them by pivot.
func (qr *householder) factorise(tolerance float64) {
	p := len(qr.columns)
	n := len(qr.columns[0])
	for j, column := range qr.columns {
		qr.pivot[j], qr.order[j] = j, column
		qr.norms[j] = norm(column)
	}
	qr.rank = min(n, p)
	last := p // columns from here on are dropped
	for k := 0; k < min(n, last); k++ {
		for k < last {
			rest, whole := norm(qr.order[k][k:]), qr.norms[qr.pivot[k]]
			if whole > 0 && rest >= tolerance*whole {
				break
			}
			column, j := qr.order[k], qr.pivot[k]
			copy(qr.order[k:], qr.order[k+1:])
			copy(qr.pivot[k:], qr.pivot[k+1:])
			qr.order[p-1], qr.pivot[p-1] = column, j
			last--
		}
		if k >= last {
			break
		}
		column := qr.order[k][k:]
		length := norm(column)
		if column[0] < 0 {
			length = -length
		}
		for i := range column {
			column[i] /= length
		}
		column[0]++
		for j := k + 1; j < p; j++ {
			reflect(column, qr.order[j][k:])
		}
		qr.head[k] = column[0]
		column[0] = -length
	}
	qr.rank = min(n, last)
}

// reflect applies the reflection I − v·vᵀ/v₀ to x.
func reflect(v, x []float64) {
	var t float64
	for i, e := range v {
		t += e * x[i]
	}
	t /= v[0]
	for i, e := range v {
		x[i] -= t * e
	}
}

// withHead calls f with reflection k made whole again.
func (qr *householder) withHead(k int, f func(v []float64)) {
	column := qr.order[k][k:]
	diagonal := column[0]
	column[0] = qr.head[k]
	f(column)
	column[0] = diagonal
}

// solve finds the least squares coefficients for y, which it overwrites; those of dropped columns are 0.
func (qr *householder) solve(y, beta []float64) {
	for k := range qr.rank {
		qr.withHead(k, func(v []float64) { reflect(v, y[k:]) })
	}
	for j := range beta {
		beta[j] = 0
	}
	for k := qr.rank - 1; k >= 0; k-- {
		s := y[k]
		for j := k + 1; j < qr.rank; j++ {
			s -= qr.order[j][k] * beta[qr.pivot[j]]
		}
		beta[qr.pivot[k]] = s / qr.order[k][k]
	}
}

// inverseGram is (XᵀX)⁻¹ in the original order of the columns, NaN for dropped ones.
func (qr *householder) inverseGram() [][]float64 {
	p, r := len(qr.columns), qr.rank
	inverse := make([][]float64, r) // of R, upper triangle by rows
	for i := range inverse {
		inverse[i] = make([]float64, r)
	}
	for j := range r {
		inverse[j][j] = 1 / qr.order[j][j]
		for i := j - 1; i >= 0; i-- {
			var s float64
			for k := i + 1; k <= j; k++ {
				s += qr.order[k][i] * inverse[k][j]
			}
			inverse[i][j] = -s / qr.order[i][i]
		}
	}
	gram := make([][]float64, p)
	for i := range gram {
		gram[i] = make([]float64, p)
		for j := range gram[i] {
			gram[i][j] = missing()
		}
	}
	for i := range r {
		for j := range r {
			var s float64
			for k := max(i, j); k < r; k++ {
				s += inverse[i][k] * inverse[j][k]
			}
			gram[qr.pivot[i]][qr.pivot[j]] = s
		}
	}
	return gram
}

// leverage sets h to the diagonal of Q·Qᵀ: row i of X times R⁻¹, squared. The rows of Q come from applying the
// reflections to the first unit vectors.
func (qr *householder) leverage(h []float64) {
	for i := range h {
		h[i] = 0
	}
	q := make([]float64, len(h))
	for j := range qr.rank {
		for i := range q {
			q[i] = 0
		}
		q[j] = 1
		for k := qr.rank - 1; k >= 0; k-- {
			qr.withHead(k, func(v []float64) { reflect(v, q[k:]) })
		}
		for i, e := range q {
			h[i] += e * e
		}
	}
	for i := range h { // R's hatvalues too calls what is this close to 1 exactly 1
		if h[i] > 1-10*smallestPositive {
			h[i] = 1
		}
	}
}

// norm is the Euclidean length, safe from overflow.
func norm(x []float64) float64 {
	var squares float64
	for _, v := range x {
		squares += v * v
	}
	if squares > 1e-280 && squares < 1e280 {
		return math.Sqrt(squares)
	}
	var largest float64
	for _, v := range x {
		largest = math.Max(largest, math.Abs(v))
	}
	if largest == 0 || !isFinite(largest) {
		return largest
	}
	squares = 0
	for _, v := range x {
		squares += (v / largest) * (v / largest)
	}
	return largest * math.Sqrt(squares)
}
