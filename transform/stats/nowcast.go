package stats

import (
	"math"
	"time"
)

// NowcastOptions are the settings of Nowcast.
type NowcastOptions struct {
	First, Now time.Time   // first period and the last day known
	When       []time.Time // periods that an estimate is wanted for
	Weekly     bool        // periods are weeks from Monday on, otherwise days
	MaxDelay   int         // longer delays count as this one
	Window     int         // newest periods that delays are learned from; 0 or less: all
	// Fixed makes the Window the same periods for every delay, as Höhle & an der Heiden have it; otherwise it lies as
	// many periods earlier as the delay is long, as Lawless has it. In a window shorter than MaxDelay R looks for long
	// delays in periods too new to have them, and so do we unless Corrected: their hazard is then 0.
	Fixed    bool
	Alpha    float64 // the limits leave out Alpha/2 on either side
	MaxCount int     // largest count considered
	// Corrected adds the uncertainty of the delays to the variance, as the paper has it and R's package leaves out
	// by mistake: its limits are too narrow. Where nothing is reported yet the variance is that of one report, not 0. An estimate that MaxCount is too small for is NaN in place of 0, and one
	// without any variance is rounded.
	Corrected bool
}

// NowcastPeriod is what is known and expected of one period. The first lists have one entry per delay.
type NowcastPeriod struct {
	Date     time.Time // first day of the period
	Reported []float64 // by delay; NaN where it could not be known yet
	Total    float64   // reported so far
	Observed float64   // the same and, like R, reports dated before their event
	Weight   float64   // share of all that will have been reported by now
	Expected float64   // Total/Weight
}

// NowcastEstimate is the number of events of a period of interest when all will have been reported.
type NowcastEstimate struct {
	Index                int // of the period in Periods
	Median, Lower, Upper float64
}

// NowcastResult is the state of a reporting system on one day.
type NowcastResult struct {
	Periods   []NowcastPeriod
	Events    []float64 // by delay: reported with just this delay, among periods old enough to know
	AtRisk    []float64 // by delay: reported with at most this delay, among the same periods
	Hazard    []float64 // Events/AtRisk: of those reported by then, how many had just this delay
	Estimates []NowcastEstimate
}

// Nowcast estimates how many events happened in the newest periods, of which not all are reported yet, from the
// delays of the older ones. event and report are the dates of each record; a zero date is missing, such records
// and those with a report before the event are left out. A wanted period whose weight is 0 and of which nothing is
// reported can't be estimated: that is an error.
//
// Lawless, Can J Stat 1994;22:15–31; Höhle & an der Heiden, Biometrics 2014;70:993–1002. It equals
// nowcast(method = "lawless") of R's surveillance unless Corrected.
func Nowcast(event, report []time.Time, opt NowcastOptions) (*NowcastResult, error) {
	step := 1
	day := func(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }
	if opt.Weekly {
		step = 7
		monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }
		inner := day
		day = func(t time.Time) int { return inner(monday(t)) }
	}
	if len(event) != len(report) {
		return nil, argumentError("report_date", "has %d values, event_date has %d", len(report), len(event))
	}
	if opt.First.IsZero() || opt.Now.IsZero() || opt.First.After(opt.Now) {
		return nil, argumentError("now", "must be a date, not before first")
	}
	first, last := day(opt.First), (day(opt.Now)-day(opt.First))/step
	switch {
	case opt.MaxDelay < 1 || opt.MaxDelay > last:
		return nil, argumentError("d_max", "must be 1 to %d, the periods before the last, got %d", last, opt.MaxDelay)
	case opt.Weekly && opt.First.Weekday() != time.Monday:
		return nil, argumentError("first", "must be a Monday, as periods are weeks")
	case opt.Weekly && opt.Now.Weekday() != time.Monday:
		return nil, argumentError("now", "must be a Monday, as periods are weeks")
	case (last+1)*(opt.MaxDelay+1) > 4*maxSeries || (last+1)*(opt.MaxDelay+1)*(opt.MaxDelay+1) > maxWork:
		return nil, argumentError("first", "%d periods with %d delays are too many", last+1, opt.MaxDelay+1)
	case opt.MaxCount < 1 || opt.MaxCount > maxSeries:
		return nil, argumentError("n_max", "must be 1 to %d, got %d", maxSeries, opt.MaxCount)
	}
	if err := checkLevel("alpha", opt.Alpha); err != nil {
		return nil, err
	}

	if err := checkWork("n_max", len(opt.When), opt.MaxCount); err != nil {
		return nil, err
	}
	r := &NowcastResult{Periods: make([]NowcastPeriod, last+1)}
	for t := range r.Periods {
		reported := make([]float64, opt.MaxDelay+1)
		for x := range reported {
			if x > last-t {
				reported[x] = missing()
			}
		}
		r.Periods[t] = NowcastPeriod{Date: opt.First.AddDate(0, 0, t*step), Reported: reported}
		if opt.Weekly {
			r.Periods[t].Date = time.Unix(int64(first+t*step)*24*60*60, 0).UTC()
		}
	}
	known := false
	for i := range event {
		if event[i].IsZero() || report[i].IsZero() || day(report[i]) > day(opt.Now) {
			continue
		}
		known = true
		t, delay := (day(event[i])-first)/step, (day(report[i])-day(event[i]))/step
		if day(event[i]) < first || t > last {
			continue
		}
		r.Periods[t].Observed++
		if delay >= 0 {
			r.Periods[t].Reported[min(delay, opt.MaxDelay)]++
			r.Periods[t].Total++
		}
	}
	if !known {
		return nil, argumentError("report_date", "nothing was reported by %s", opt.Now.Format(time.DateOnly))
	}
	r.learnDelays(opt)
	for _, when := range opt.When {
		index := (day(when) - first) / step
		if when.IsZero() || day(when) < first || index > last {
			return nil, argumentError("when", "%s is not between first and now", when.Format(time.DateOnly))
		}
		if opt.Weekly && when.Weekday() != time.Monday {
			return nil, argumentError("when", "%s is not a Monday, and periods are weeks", when.Format(time.DateOnly))
		}
		p := r.Periods[index]
		if p.Weight == 0 && p.Total == 0 {
			return nil, argumentError("report_date", "no event was ever reported so early that %s could be estimated", p.Date.Format(time.DateOnly))
		}
		sd := math.Sqrt(r.variance(index, opt))
		at := func(probability float64) float64 { return p.quantile(probability, sd, opt) }
		r.Estimates = append(r.Estimates, NowcastEstimate{
			Index: index, Median: at(0.5), Lower: at(opt.Alpha / 2), Upper: at(1 - opt.Alpha/2),
		})
	}
	return r, nil
}

// learnDelays sets hazards, weights and expected counts.
func (r *NowcastResult) learnDelays(opt NowcastOptions) {
	last, n := len(r.Periods)-1, opt.MaxDelay+1
	r.Events, r.AtRisk, r.Hazard = make([]float64, n), make([]float64, n), make([]float64, n)
	for x := range n {
		oldest, newest := 0, last-x
		switch {
		case opt.Window > 0 && opt.Fixed:
			oldest = max(0, last-opt.Window)
		case opt.Window > 0:
			oldest = max(0, last-opt.Window-x)
		}
		if oldest > newest && !opt.Corrected { // R's oldest:newest then runs backwards
			oldest, newest = newest, oldest
		}
		for t := oldest; t <= newest; t++ {
			r.Events[x] += r.Periods[t].Reported[x]
			for y := 0; y <= x; y++ {
				r.AtRisk[x] += r.Periods[t].Reported[y]
			}
		}
		if r.AtRisk[x] > 0 {
			r.Hazard[x] = r.Events[x] / r.AtRisk[x]
		}
	}
	r.Hazard[0] = 1
	for t := range r.Periods {
		p := &r.Periods[t]
		p.Weight = 1
		for x := last - t + 1; x < n; x++ {
			p.Weight *= 1 - r.Hazard[x]
		}
		p.Expected = p.Total / p.Weight
	}
}

// variance of the expected count of period t.
func (r *NowcastResult) variance(t int, opt NowcastOptions) float64 {
	p := r.Periods[t]
	if opt.Corrected { // nothing reported yet does not mean that nothing happened
		p.Total = math.Max(1, p.Total)
	}
	v := p.Total * (1 - p.Weight) / (p.Weight * p.Weight)
	if opt.Corrected {
		for x := len(r.Periods) - t; x <= opt.MaxDelay; x++ {
			if g := r.Hazard[x]; g > 0 {
				v += p.Total * (p.Total + 1) / (p.Weight * p.Weight) * g / ((1 - g) * r.AtRisk[x])
			}
		}
	}
	return v
}

// quantile is the smallest count up to MaxCount whose distribution function is above the probability; 0 if there is
// none. The distribution is normal, cut below at what is reported already.
func (p NowcastPeriod) quantile(probability, sd float64, opt NowcastOptions) float64 {
	none := 0.0
	if opt.Corrected {
		none = missing()
	}
	if sd == 0 {
		expected := p.Expected
		if opt.Corrected {
			expected = math.Round(expected)
		}
		if expected == math.Floor(expected) && expected <= float64(opt.MaxCount) {
			return expected
		}
		return none
	}
	at := func(x float64) float64 { return normalCDF((x - p.Expected) / sd) }
	if opt.Corrected { // the normal distribution above what is reported, which R divides but does not shift
		low, above := at(p.Total-0.5), normalUpper((p.Total-0.5-p.Expected)/sd)
		for x := p.Total; x <= float64(opt.MaxCount); x++ {
			if (at(x+0.5)-low)/above > probability {
				return x
			}
		}
		return none
	}
	above := normalUpper((p.Total - p.Expected) / sd)
	for x := p.Total; x <= float64(opt.MaxCount); x++ {
		if at(x)/above > probability {
			return x
		}
	}
	return none
}
