// Package stats holds the statistical methods of early warning, of indicators and of exposure assessment as
// pure functions: no input or output, no state, no goroutines left behind, the same result for the same arguments. All of
// them may be called from several goroutines at once and leave their arguments unchanged.
//
// Each function names the paper it follows and the R function that it equals. Missing values are NaN, going in
// and coming out. Functions that evaluate a stretch of a series take it as x[from:to], counted from 0 and
// without to, as a Go slice; the case layer in cases.go counts from 1 as R does.
package stats

import (
	"fmt"
	"math"
)

// ArgumentError says which argument a method can't work with, and why. Field is the name that the argument
// has in a case (see Run).
type ArgumentError struct {
	Field   string
	Problem string
}

func (e *ArgumentError) Error() string { return e.Field + ": " + e.Problem }

func argumentError(field, format string, args ...any) error {
	return &ArgumentError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// missing is the value of what is not known or has no answer.
func missing() float64 { return math.NaN() }

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// checkFinite refuses infinite values anywhere, and missing ones unless allowMissing.
func checkFinite(field string, x []float64, allowMissing bool) error {
	for i, v := range x {
		switch {
		case math.IsInf(v, 0):
			return argumentError(field, "value %d is infinite", i+1)
		case math.IsNaN(v) && !allowMissing:
			return argumentError(field, "value %d is missing", i+1)
		}
	}
	return nil
}

// checkCounts refuses what can't be a number of cases: negative and infinite values, and missing ones unless
// allowMissing.
func checkCounts(field string, x []float64, allowMissing bool) error {
	if err := checkFinite(field, x, allowMissing); err != nil {
		return err
	}
	for i, v := range x {
		if v < 0 {
			return argumentError(field, "value %d is negative (%v)", i+1, v)
		}
	}
	return nil
}

// checkPositive refuses values that are missing, infinite, zero or negative.
func checkPositive(field string, x []float64) error {
	for i, v := range x {
		if !(v > 0) || math.IsInf(v, 0) {
			return argumentError(field, "value %d must be a number above 0, got %v", i+1, v)
		}
	}
	return nil
}

// checkLevel refuses a confidence level that is not between 0 and 1.
func checkLevel(field string, level float64) error {
	if !(level > 0 && level < 1) {
		return argumentError(field, "must lie between 0 and 1, got %v", level)
	}
	return nil
}

// checkRange refuses a stretch from:to that is empty or leaves the first..n points of a series. The message
// counts from 1, as the arguments range_from and range_to of a case do.
func checkRange(n, from, to, first int) error {
	switch {
	case n == 0:
		return argumentError("counts", "the series is empty")
	case from < first:
		return argumentError("range_from", "the first point with enough history is %d, got %d", first+1, from+1)
	case to > n:
		return argumentError("range_to", "the series has %d points, got %d", n, to)
	case from >= to:
		return argumentError("range_to", "must not lie before range_from (%d), got %d", from+1, to)
	}
	return nil
}

// mean is the arithmetic mean.
func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

// deviation is the sample standard deviation around m, with n − 1; it is NaN for fewer than two values.
func deviation(x []float64, m float64) float64 {
	var squares float64
	for _, v := range x {
		squares += (v - m) * (v - m)
	}
	if len(x) < 2 {
		return missing()
	}
	return math.Sqrt(squares / float64(len(x)-1))
}

// sum adds up with the rounding errors kept (Neumaier 1974), as close to the exact sum as R's long double.
func sum(x []float64) float64 {
	var s, lost float64
	for _, v := range x {
		t := s + v
		if math.Abs(s) >= math.Abs(v) {
			lost += (s - t) + v
		} else {
			lost += (v - t) + s
		}
		s = t
	}
	if !isFinite(s) {
		return s
	}
	return s + lost
}

// median of sorted values; NaN if there are none.
func median(sorted []float64) float64 {
	n := len(sorted)
	switch {
	case n == 0:
		return missing()
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// maxSeries bounds what a caller can ask for by one number: points of a series, width of a window, years.
const maxSeries = 1 << 20

// maxWork bounds the elementary steps of one call, so that no arguments ask for hours.
const maxWork = 1 << 31

// checkWork refuses more than maxWork steps, factor by factor. field is the argument that asks for so many.
func checkWork(field string, factors ...int) error {
	work := 1.0
	for _, f := range factors {
		work *= float64(max(1, f))
	}
	if work > maxWork {
		return argumentError(field, "asks for too much work: about %.0g steps, at most %.0g", work, float64(maxWork))
	}
	return nil
}
