package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The closed form of the season models and the general regression must find the same fit.
func TestSeasonFitter_EqualsTheGeneralRegression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.IntRange(1, 4).Draw(t, "groups")
		n := groups * rapid.IntRange(4, 12).Draw(t, "values a group")
		trend := rapid.Bool().Draw(t, "trend")
		withOffset := rapid.Bool().Draw(t, "offset")
		counts := rapid.SliceOfN(rapid.IntRange(1, 60), n, n).Draw(t, "counts")

		var f seasonFitter
		f.reset(n, groups, withOffset)
		m := PoissonModel{Counts: make([]float64, n), Columns: make([][]float64, groups)}
		for j := range m.Columns {
			m.Columns[j] = make([]float64, n)
		}
		time := make([]float64, n)
		for i, y := range counts {
			time[i] = float64(100 + i)
			m.Counts[i] = float64(y)
			m.Columns[i%groups][i] = 1
			offset := 0.0
			if withOffset {
				offset = math.Log(float64(1000 + 10*(i%7)))
				m.Offset = append(m.Offset, offset)
			}
			f.set(i, newSeasonValue(float64(y)), time[i], offset, i%groups)
		}
		if trend {
			m.Columns = append(m.Columns, time)
		}
		if converged, err := f.fitOutbreak(trend, false, 0); err != nil || !converged {
			t.Fatalf("converged %v, %v", converged, err)
		}
		want, err := FitPoisson(m)
		if err != nil {
			t.Fatal(err)
		}
		close := func(name string, got, want float64) {
			if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
				t.Fatalf("%s: got %v, want %v", name, got, want)
			}
		}
		close("dispersion", f.phi, want.Dispersion())
		for i := range counts {
			close("leverage", f.leverage(i), want.Leverage[i])
			close("fitted", f.mu[i], want.Fitted[i])
		}
		row := make([]float64, len(m.Columns))
		row[groups-1] = 1
		if trend {
			row[groups] = 250
			close("slope", f.slope, want.Coefficients[groups])
		}
		eta, variance := f.at(groups-1, 250, 0)
		wantEta, wantVariance := want.Predict(row, 0)
		close("prediction", eta, wantEta)
		close("variance", variance, wantVariance)
	})
}

func TestQuantiles_InvertTheirDistributions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(1e-6, 1-1e-6).Draw(t, "p")
		a := math.Exp(rapid.Float64Range(-3, 12).Draw(t, "log a"))
		b := math.Exp(rapid.Float64Range(-3, 12).Draw(t, "log b"))
		check := func(name string, got float64) {
			if math.Abs(got-p) > 1e-9 {
				t.Fatalf("%s(%v, %v): cdf of the quantile of %v is %v", name, a, b, p, got)
			}
		}
		check("gamma", gammaCDF(gammaQuantile(p, a), a))
		if x := betaQuantile(p, a, b); x > 1e-300 && x < 1-1e-9 {
			// Near 1 the distribution may jump from one number to the next. Intervals need parameters from 1/2 on; below
			// that the continued fraction has fewer digits.
			below, above := betaCDF(math.Nextafter(x, 0), a, b), betaCDF(math.Nextafter(x, 1), a, b)
			nearest := math.Min(math.Max(p, below), above)
			if math.Min(a, b) < 0.5 && math.Abs(nearest-p) < 1e-6 {
				nearest = p
			}
			check("beta", nearest)
		}
		check("student", 1-studentUpper(studentQuantile(p, a+0.5), a+0.5))
		for name, step := range map[string]struct {
			k   float64
			cdf func(float64) float64
		}{
			"poisson":           {poissonQuantile(p, a), func(k float64) float64 { return poissonCDF(k, a) }},
			"negative binomial": {negativeBinomialQuantile(p, a, 1/(1+b)), func(k float64) float64 { return negativeBinomialCDF(k, a, 1/(1+b)) }},
			"binomial":          {binomialQuantile(p, math.Ceil(a), 1/(1+b)), func(k float64) float64 { return binomialCDF(k, math.Ceil(a), 1/(1+b)) }},
		} {
			if above, below := step.cdf(step.k), step.cdf(step.k-1); above < p*(1-1e-12) || below >= p*(1+1e-12) {
				t.Fatalf("%s(%v, %v): the quantile of %v is %v with cdf %v, below it %v", name, a, b, p, step.k, above, below)
			}
		}
	})
}
