package transform

import (
	"math"
	"math/rand/v2"
	"testing"

	"ohwatch/transform/stats"
)

// delayedCity draws weekly counts whose reports come late: a share of each week's in each of the next weeks.
type delayedCity struct {
	random *rand.Rand
	weeks  int
	rate   float64
	delays []float64
}

// strataDrawn is how many strata a delayedCity has.
const strataDrawn = 12

// draw gives what is known at the end of the last week. In the weeks from outbreak on, every stratum has the rate times
// excess.
func (c delayedCity) draw(outbreak int, excess float64) factColumns {
	var f factColumns
	for i := range strataDrawn {
		key := string(rune('a' + i))
		f.strata, f.zh, f.en, f.areas = append(f.strata, key), append(f.zh, key), append(f.en, key), append(f.areas, "")
		n := uint32(0)
		for t := range c.weeks {
			for d, share := range c.delays {
				rate := c.rate * share
				if t >= outbreak {
					rate *= excess
				}
				if x := c.poisson(rate); t+d < c.weeks && (x > 0 || t == 0) {
					f.weeks, f.delays = append(f.weeks, int32(2000+t)), append(f.delays, int32(d))
					f.counts, f.people = append(f.counts, x), append(f.people, 0)
					n++
				}
			}
		}
		f.nCells, f.nLines = append(f.nCells, n), append(f.nLines, 0)
	}
	return f
}

func (c delayedCity) poisson(mean float64) float64 {
	n, product, limit := 0.0, c.random.Float64(), math.Exp(-mean)
	for product > limit {
		n, product = n+1, product*c.random.Float64()
	}
	return n
}

// alarmRate is the share of strata that alarm in the week that lies age weeks before the last one, the outbreak having
// begun in just that week.
func (c delayedCity) alarmRate(s Series, age, times int, excess float64) float64 {
	alarms := 0
	for range times {
		at := c.weeks - 1 - age
		f := c.draw(at, excess)
		for i := range f.delays {
			f.delays[i] = min(f.delays[i], int32(s.settings.maxDelay))
		}
		e := newSeriesEvaluation(s, s.place(f, 2000+c.weeks-1, "city"), "city", 0)
		for _, p := range e.compute(0, strataDrawn, func(_, t int, _ uint64) bool { return t == at }) {
			if p.alarm {
				alarms++
			}
		}
	}
	return float64(alarms) / float64(times*strataDrawn)
}

// inflatedRate is what comes of the count divided by the share reported, held against the threshold of a settled week.
func (c delayedCity) inflatedRate(s Series, age, times int) float64 {
	alarms := 0
	for range times {
		at := c.weeks - 1 - age
		w := s.place(c.draw(c.weeks, 1), 2000+c.weeks-1, "city")
		share, _ := w.share(at)
		for _, z := range w.strata {
			r, err := stats.CountTest(stats.Exposed{Cases: math.Round(z.counts[at] / share), Exposure: 1}, stats.Exposed{Cases: c.rate * 100, Exposure: 100},
				stats.CountTestOptions{Method: stats.CountPredictive, Alpha: s.settings.alpha})
			if err != nil {
				panic(err)
			}
			if r.Alarm {
				alarms++
			}
		}
	}
	return float64(alarms) / float64(times*strataDrawn)
}

// TestSeries_NewestWeeksAreNeitherCalmNorFalse compares the newest weeks, of which 30, 60 and 85 % are reported, with
// settled ones, by simulation: false alarms as often, a doubling found as soon as there are enough reports, and what
// happens without regard to the delays.
func TestSeries_NewestWeeksAreNeitherCalmNorFalse(t *testing.T) {
	late := definition(t, "-- population: none\n-- delay: report_date\n-- direction: up\n-- methods: window_test\n-- params: alpha = 0.05, baseline = 104, max_delay = 4")
	blind := definition(t, "-- population: none\n-- delay: none\n-- direction: up\n-- methods: window_test\n-- params: alpha = 0.05, baseline = 104")
	c := delayedCity{random: rand.New(rand.NewPCG(11, 4)), weeks: 130, rate: 20, delays: []float64{0.3, 0.3, 0.25, 0.15}}
	const settled, times = 6, 60
	falseSettled, found := c.alarmRate(late, settled, times, 1), c.alarmRate(late, settled, times, 2)
	t.Logf("settled: %.3f false alarms, %.3f of doublings found", falseSettled, found)
	if falseSettled > 0.05+0.025 || found < 0.95 {
		t.Errorf("settled weeks: %.3f false alarms, %.3f found", falseSettled, found)
	}
	const error3 = 3 * 0.0081 // three standard errors of a rate of 0.05 in 720 strata
	for age, least := range []float64{0.45, 0.8, 0.9} {
		wrong, right := c.alarmRate(late, age, times, 1), c.alarmRate(late, age, times, 2)
		calm, inflated := c.alarmRate(blind, age, times, 2), c.inflatedRate(late, age, times)
		t.Logf("%d weeks old: %.3f false alarms, %.3f found; without regard to delays %.3f found; with counts inflated %.3f false alarms", age, wrong, right, calm, inflated)
		if wrong > falseSettled+error3 || wrong < 0.01 {
			t.Errorf("%d weeks old: %.3f false alarms, settled weeks have %.3f", age, wrong, falseSettled)
		}
		if right < least {
			t.Errorf("%d weeks old: %.3f of doublings found, want %.2f", age, right, least)
		}
		if age == 0 && (calm > 0.1 || inflated < 2*0.05) {
			t.Errorf("the newest week shows no need of this: %.3f found without it, %.3f false alarms with inflated counts", calm, inflated)
		}
	}
}
