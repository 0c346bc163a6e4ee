package stats

import (
	"fmt"
	"math"
	"slices"
)

// SurvivalCurve is the product-limit estimate of the share that has not yet reached an end, at each time at which one did.
type SurvivalCurve struct {
	Times    []float64 // rising
	AtRisk   []float64 // that had been seen up to then without an end
	Events   []float64
	Share    []float64 // without an end just after the time
	StdErr   []float64 // Greenwood's
	Lower    []float64 // 95 % limits, on the scale of the logarithm as R's survfit gives them; NaN once the share is 0
	Upper    []float64
	Observed int     // durations in all
	Longest  float64 // of the durations; beyond it nothing is known unless all have reached the end
}

// Survival estimates the time to an end from durations of which some are still open (right-censored): ended tells which are
// not. Open ones of the same duration as an end count as at risk. Durations must not be negative or missing.
//
// Kaplan & Meier, J Am Stat Assoc 1958;53:457–81; variance by Greenwood (1926). It equals survfit of R's survival.
func Survival(durations []float64, ended []bool) (*SurvivalCurve, error) {
	if len(durations) != len(ended) {
		return nil, fmt.Errorf("%d durations and %d ends", len(durations), len(ended))
	}
	order := make([]int, len(durations))
	for i, d := range durations {
		if !(d >= 0) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("duration %d is %v", i+1, d)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case durations[a] < durations[b]:
			return -1
		case durations[a] > durations[b]:
			return 1
		}
		return 0
	})
	c := &SurvivalCurve{Observed: len(durations)}
	if len(order) > 0 {
		c.Longest = durations[order[len(order)-1]]
	}
	share, greenwood := 1.0, 0.0
	z := normalQuantile(0.975)
	for i := 0; i < len(order); {
		t, events, k := durations[order[i]], 0.0, i
		for ; k < len(order) && durations[order[k]] == t; k++ {
			if ended[order[k]] {
				events++
			}
		}
		if risk := float64(len(order) - i); events > 0 {
			share *= 1 - events/risk
			greenwood += events / (risk * (risk - events))
			half := z * math.Sqrt(greenwood)
			lower, upper, se := share*math.Exp(-half), math.Min(1, share*math.Exp(half)), share*math.Sqrt(greenwood)
			if share == 0 {
				lower, upper, se = math.NaN(), math.NaN(), math.NaN()
			}
			c.Times, c.AtRisk, c.Events = append(c.Times, t), append(c.AtRisk, risk), append(c.Events, events)
			c.Share, c.StdErr = append(c.Share, share), append(c.StdErr, se)
			c.Lower, c.Upper = append(c.Lower, lower), append(c.Upper, upper)
		}
		i = k
	}
	return c, nil
}

// Reached is the estimated share that has reached the end by a time; NaN without any duration, and beyond the longest one
// while some are open.
func (c *SurvivalCurve) Reached(time float64) float64 {
	last := len(c.Share) - 1
	if c.Observed == 0 || time > c.Longest && (last < 0 || c.Share[last] > 0) {
		return math.NaN()
	}
	reached := 0.0
	for i, t := range c.Times {
		if t > time {
			break
		}
		reached = 1 - c.Share[i]
	}
	return reached
}

// Quantile is the time by which a share p has reached the end, with 95 % limits; NaN where the curve does not get there. Where
// the curve is level at exactly 1 − p, it is the middle of that level, which ends with the next step or the longest duration, as
// in R.
func (c *SurvivalCurve) Quantile(p float64) (time, lower, upper float64) {
	return c.crossing(c.Share, 1-p), c.crossing(c.Lower, 1-p), c.crossing(c.Upper, 1-p)
}

func (c *SurvivalCurve) crossing(curve []float64, level float64) float64 {
	const same = 1.5e-8 // the tolerance of R's all.equal
	for i, s := range curve {
		switch {
		case math.IsNaN(s):
			return math.NaN()
		case math.Abs(s-level) < same && level > same:
			next := c.Longest
			if i+1 < len(c.Times) {
				next = c.Times[i+1]
			}
			return (c.Times[i] + next) / 2
		case s < level+same:
			return c.Times[i]
		}
	}
	return math.NaN()
}
