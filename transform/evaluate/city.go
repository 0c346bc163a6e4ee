package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"ohwatch/internal/period"
	"ohwatch/internal/simulate"
	"ohwatch/transform/stats"
)

// CityRow is how well a method does on the series of whole simulated cities: suspected cases by township and in the
// city, per examination.
type CityRow struct {
	Method      string     `json:"method"`
	FalseAlarms float64    `json:"false_alarms"` // warnings a year in a series, outside of the events
	PerCity     float64    `json:"per_city"`     // the same of all series of a city
	Found       []CityCell `json:"found"`        // by kind of event
	Predictive  float64    `json:"predictive"`   // share of the warnings that begin in an event of the series
}

// CityCell is what a method does with planted events of one kind.
type CityCell struct {
	Kind   string   `json:"kind"`
	Events int      `json:"events"`
	Found  int      `json:"found"` // by a warning of the township or the city, a shift by one of the city, until four weeks after
	Delay  *float64 `json:"delay"` // median weeks to the warning; null if none was found
}

// kinds of events in the truth of a city, in the order of the table.
func cityKinds() []string { return []string{"spike", "rise", "cluster", "shift", "outbreak"} }

// cityOptions is a city with an event of every kind and two sizes, one after the other, beside those that every city has.
func cityOptions(opt Options, i int) simulate.Options {
	out := simulate.Options{Seed: opt.Seed + uint64(i), Scale: opt.Scale, FromYear: firstYear, ToYear: lastYear}
	r := newDice(opt.Seed, "plans", i)
	week := func(year int) period.Period {
		return period.Of(period.Date(year, time.January, 8).AddDate(0, 0, 7*r.IntN(40)), period.Week)
	}
	towns := []string{"410184101", "410184104", "410184105", "410184106", "410184107", "410184108", "410184109"}
	r.Shuffle(len(towns), func(a, b int) { towns[a], towns[b] = towns[b], towns[a] })
	for j, p := range []simulate.Plan{
		{Kind: simulate.PlanSpike, Size: 2, Week: week(2022)},
		{Kind: simulate.PlanSpike, Size: 4, Week: week(2023)},
		{Kind: simulate.PlanRise, Size: 4, Week: week(2022)},
		{Kind: simulate.PlanRise, Size: 8, Week: week(2023)},
		{Kind: simulate.PlanCluster, Size: 3, Week: week(2023)},
		{Kind: simulate.PlanCluster, Size: 6, Week: week(2025)},
	} {
		p.Area = towns[j]
		out.Plans = append(out.Plans, p)
	}
	return simulate.Options{
		Seed: out.Seed, Scale: out.Scale, FromYear: out.FromYear, ToYear: out.ToYear,
		Plans: append(out.Plans, simulate.Plan{Kind: simulate.PlanShift, Size: 15, Week: week(2024)}),
	}
}

// The years of the cities' papers, and the first one whose weeks are judged.
const (
	firstYear  = 2017
	judgedYear = 2022
	lastYear   = 2026
)

// citySeries is the suspected cases of one place by week of arrival.
type citySeries struct {
	place            string // township, or "" for the city
	counts, exposure []float64
}

// seriesOf are the series of a city.
func seriesOf(r simulate.Record) []citySeries {
	monday := mondayOf(r.From)
	n := len(r.Exams[0])
	all := make([]citySeries, len(r.Townships)+1)
	for i := range all {
		all[i] = citySeries{counts: make([]float64, n), exposure: make([]float64, n)}
		if i < len(r.Townships) {
			all[i].place = r.Townships[i]
		}
	}
	city := all[len(all)-1]
	for i, place := range r.Exams {
		for week, exams := range place {
			city.exposure[week] += float64(exams)
			if i < len(r.Townships) {
				all[i].exposure[week] = math.Max(0.5, float64(exams)) // a case may come without an examination in the week
			}
		}
	}
	for week, exams := range city.exposure {
		city.exposure[week] = math.Max(0.5, exams)
	}
	for _, card := range r.Cards {
		week := weeksFrom(monday, card.Arrived)
		if card.Kind != "suspected" || card.Report != "new" || week < 0 || week >= n {
			continue
		}
		city.counts[week]++
		if i := slices.Index(r.Townships, card.Area); i >= 0 {
			all[i].counts[week]++
		}
	}
	return all
}

// cityMethod runs a detector over the judged weeks of every series of a city: alarms by series and week from the first.
type cityMethod struct {
	name string
	run  func(all []citySeries, from int) ([][]bool, error)
}

func cityMethods() []cityMethod {
	single := func(detector func(s citySeries, from int) stats.Detector) func([]citySeries, int) ([][]bool, error) {
		return func(all []citySeries, from int) ([][]bool, error) {
			out := make([][]bool, len(all))
			for i, s := range all {
				d := detector(s, from)
				points, err := d.Run(stats.CountSeries{Counts: s.counts, Population: s.exposure, Frequency: weeksOfYear}, from, len(s.counts))
				if err != nil {
					return nil, err
				}
				for _, p := range points {
					out[i] = append(out[i], p.Alarm)
				}
			}
			return out, nil
		}
	}
	fixed := func(d stats.Detector) func(citySeries, int) stats.Detector {
		d.MinCases, d.NoBounds = minCases, true
		return func(citySeries, int) stats.Detector { return d }
	}
	past := stats.Past{Periods: 5 * weeksOfYear}
	return []cityMethod{
		{"as shipped", single(func(s citySeries, from int) stats.Detector {
			var cases float64
			for _, c := range s.counts[:from] {
				cases += c
			}
			d := stats.DetectorPerExposure(cases / float64(from))
			d.NoBounds = true
			return d
		})},
		{"ears_c2, alpha 0.001", single(fixed(stats.Detector{Method: stats.DetectorEARS, Alpha: 0.001}))},
		{"window_test, 4 weeks, alpha 0.01", single(fixed(stats.Detector{Method: stats.DetectorWindowTest, Window: 4, Alpha: 0.01, Past: past}))},
		{"window_test, 13 weeks, alpha 0.01", single(fixed(stats.Detector{Method: stats.DetectorWindowTest, Window: 13, Alpha: 0.01, Past: past}))},
		{"window_test, 13 weeks, alpha 0.01, townships pooled", pooledTest},
		{"time_between, 3 cases, alpha 0.005", single(fixed(stats.Detector{Method: stats.DetectorTimeBetween, Events: 3, Alpha: 0.005, Past: past}))},
		{"window_scan, up to 26 weeks, alpha 0.01", single(fixed(stats.Detector{Method: stats.DetectorScan, Window: 26, Alpha: 0.01, Past: past}))},
		{"rate_cusum, ratio 2, 260 weeks", single(fixed(stats.Detector{Method: stats.DetectorCUSUM, Ratio: 2, ARL: 260, Past: past}))},
	}
}

// pooledTest is the window test of 13 weeks whose past is the series' own and, as a gamma prior, the pasts of all
// townships; the city is tested by its own past.
func pooledTest(all []citySeries, from int) ([][]bool, error) {
	const weeks, alpha = 13, 0.01
	out := make([][]bool, len(all))
	for i := range out {
		out[i] = make([]bool, len(all[i].counts)-from)
	}
	sum := func(x []float64) (s float64) {
		for _, v := range x {
			s += v
		}
		return s
	}
	for week := from; week < len(all[0].counts); week++ {
		begin := week + 1 - weeks
		oldest := max(0, begin-5*weeksOfYear)
		var cases, exposure []float64
		for _, s := range all[:len(all)-1] {
			cases, exposure = append(cases, sum(s.counts[oldest:begin])), append(exposure, sum(s.exposure[oldest:begin]))
		}
		prior, err := stats.GammaPriorOf(cases, exposure)
		if err != nil { // no case anywhere yet
			prior = stats.GammaPrior{}
		}
		for i, s := range all {
			if s.counts[week] == 0 {
				continue
			}
			window := stats.Exposed{Cases: sum(s.counts[begin : week+1]), Exposure: sum(s.exposure[begin : week+1])}
			past := stats.Exposed{Cases: sum(s.counts[oldest:begin]), Exposure: sum(s.exposure[oldest:begin])}
			opt := stats.CountTestOptions{Method: stats.CountPredictive, Alpha: alpha}
			if s.place != "" {
				opt.Prior = prior
			}
			r, err := stats.CountTest(window, past, opt)
			if err != nil {
				return nil, err
			}
			out[i][week-from] = r.Alarm && window.Cases >= minCases
		}
	}
	return out, nil
}

// cities runs every method on every city. The cities are judged from the first week of judgedYear on.
func cities(ctx context.Context, records []simulate.Record, opt Options) ([]CityRow, error) {
	all := cityMethods()
	results := make([][]cityResult, len(records))
	if err := each(ctx, len(records), opt.Workers, func(_ context.Context, i int) error {
		r := records[i]
		series := seriesOf(r)
		from := weeksFrom(mondayOf(r.From), mondayOf(period.Date(judgedYear, time.January, 4)))
		for _, m := range all {
			alarms, err := m.run(series, from)
			if err != nil {
				return fmt.Errorf("city %d: %s: %w", i+1, m.name, err)
			}
			results[i] = append(results[i], judge(r, series, alarms, from))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	var rows []CityRow
	for m, method := range all {
		var sum cityResult
		for i := range results {
			sum.add(results[i][m])
		}
		rows = append(rows, sum.row(method.name, len(records)))
	}
	return rows, nil
}

// cityResult counts what one method did.
type cityResult struct {
	seriesWeeks, falseAlarms, trueAlarms int
	events                               map[string]int
	delays                               map[string][]int // of the events that were found
}

func (r *cityResult) add(other cityResult) {
	r.seriesWeeks += other.seriesWeeks
	r.falseAlarms += other.falseAlarms
	r.trueAlarms += other.trueAlarms
	if r.events == nil {
		r.events, r.delays = map[string]int{}, map[string][]int{}
	}
	for _, kind := range cityKinds() {
		r.events[kind] += other.events[kind]
		r.delays[kind] = append(r.delays[kind], other.delays[kind]...)
	}
}

func (r cityResult) row(name string, cities int) CityRow {
	row := CityRow{Method: name}
	row.FalseAlarms = float64(r.falseAlarms) / float64(r.seriesWeeks) * weeksOfYear
	judged := float64(lastYear-judgedYear) + 0.87 // until mid November
	row.PerCity = float64(r.falseAlarms) / float64(cities) / judged
	if warnings := r.falseAlarms + r.trueAlarms; warnings > 0 {
		row.Predictive = float64(r.trueAlarms) / float64(warnings)
	}
	for _, kind := range cityKinds() {
		byDelay := make([]int, 2*weeksOfYear)
		for _, d := range r.delays[kind] {
			byDelay[d]++
		}
		row.Found = append(row.Found, CityCell{Kind: kind, Events: r.events[kind], Found: len(r.delays[kind]), Delay: medianDelay(byDelay)})
	}
	return row
}

// judge compares the alarms of a city with the truth.
func judge(r simulate.Record, series []citySeries, alarms [][]bool, from int) cityResult {
	monday := mondayOf(r.From)
	out := cityResult{events: map[string]int{}, delays: map[string][]int{}}
	inEvent := make([][]bool, len(series))
	for i := range inEvent {
		inEvent[i] = make([]bool, len(alarms[i]))
		out.seriesWeeks += len(alarms[i])
	}
	for _, e := range r.Events {
		if e.Stream != "case_report" || !slices.Contains(cityKinds(), e.Kind) {
			continue
		}
		first, last := weekNumber(monday, e.FromWeek)-from, weekNumber(monday, e.ToWeek)-from+graceWeeks
		if first < 0 {
			continue
		}
		// A cluster is an outbreak's share at one employer, so each event counts once, whatever series finds it.
		found := -1
		for i, s := range series {
			shift := e.Kind == string(simulate.PlanShift)
			if s.place != "" && s.place != e.Area && !shift {
				continue
			}
			for week := first; week <= min(last, len(alarms[i])-1); week++ {
				inEvent[i][week] = true
				if alarms[i][week] && (s.place == "" || !shift) && (found < 0 || week-first < found) {
					found = week - first
				}
			}
		}
		out.events[e.Kind]++
		if found >= 0 {
			out.delays[e.Kind] = append(out.delays[e.Kind], found)
		}
	}
	for i := range series {
		quiet := episodeGap
		for week, alarm := range alarms[i] {
			if alarm && quiet >= episodeGap {
				if inEvent[i][week] {
					out.trueAlarms++
				} else {
					out.falseAlarms++
				}
			}
			quiet++
			if alarm {
				quiet = 0
			}
		}
	}
	return out
}

// weekNumber is the place of an ISO week in series that begin on that Monday.
func weekNumber(monday time.Time, week string) int {
	p, err := period.Parse(week)
	if err != nil {
		return -1 << 20 // before everything
	}
	return weeksFrom(monday, p.Start)
}
