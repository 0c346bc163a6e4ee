package evaluate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"ohwatch/internal/simulate"
)

// weeksOfYear is how many weeks a simulated year has.
const weeksOfYear = 52

// Background is how weekly counts of the simulated city behave, whatever their size.
type Background struct {
	Name       string               `json:"name"`
	Season     [weeksOfYear]float64 `json:"season"`     // relative level of each ISO week, mean 1
	Growth     float64              `json:"growth"`     // of the level in a year, as a factor
	Dispersion float64              `json:"dispersion"` // variance of the level of a week beyond season and growth
	Delay      []float64            `json:"delay"`      // share of the cards that arrive 0, 1, 2, … weeks after the week of the finding
	Known      bool                 `json:"known"`      // detectors know the level of each week, as the number of examinations
}

// The backgrounds of the study.
const (
	// Examined are counts that follow the examinations, such as suspected cases: a strong season with the dip of the
	// Spring Festival, growth, campaigns. Detectors know the number of examinations.
	Examined = "examined"
	// Blind are the same counts, but the detectors do not know the examinations.
	Blind = "blind"
	// Diagnosed are counts without a denominator, such as diagnosed cases, which have hardly a season.
	Diagnosed = "diagnosed"
)

// maxDelay is the longest delay that is kept, in weeks.
const maxDelay = 12

// backgroundsOf measures the backgrounds on cities.
func backgroundsOf(records []simulate.Record) []Background {
	examined := examinedOf(records)
	blind := examined
	blind.Name, blind.Known = Blind, false
	return []Background{examined, diagnosedOf(records), blind}
}

// examinedOf measures season, growth and dispersion on the examinations that arrive in a week, the delay on the
// suspected cases that nobody planted.
func examinedOf(records []simulate.Record) Background {
	p := Background{Name: Examined, Known: true}
	var level, weeks [weeksOfYear]float64
	var logs, times []float64
	for _, r := range records {
		monday := mondayOf(r.From)
		n := len(r.Exams[0])
		total := make([]float64, n)
		for _, place := range r.Exams {
			for week, exams := range place {
				total[week] += float64(exams)
			}
		}
		// The first year lacks the papers of the year before, the last is not over.
		for year := 1; (year+1)*weeksOfYear <= n; year++ {
			var all float64
			for week := year * weeksOfYear; week < (year+1)*weeksOfYear; week++ {
				all += total[week]
				level[placeInYear(monday, week)] += total[week]
				weeks[placeInYear(monday, week)]++
			}
			logs, times = append(logs, math.Log(all)), append(times, float64(year))
		}
	}
	for w := range level {
		level[w] /= weeks[w]
	}
	p.Season = relative(level)
	p.Growth = math.Exp(slope(times, logs))
	p.Delay = delaysOf(records, func(c simulate.Card) bool { return c.Kind == "suspected" })
	// By moments, how the weeks of each township vary around season and growth.
	var excess, squares float64
	for _, r := range records {
		monday := mondayOf(r.From)
		for _, place := range r.Exams {
			var seen, weights float64
			for week := weeksOfYear; week < len(place); week++ {
				seen += float64(place[week])
				weights += p.level(monday, week)
			}
			for week := weeksOfYear; week < len(place); week++ {
				m := seen * p.level(monday, week) / weights
				d := float64(place[week]) - m
				excess += d*d - m
				squares += m * m
			}
		}
	}
	p.Dispersion = math.Max(0, excess/squares)
	return p
}

// diagnosedOf measures the season on the new diagnosed cases of a quarter, since there are few, and the growth on those
// of a year.
func diagnosedOf(records []simulate.Record) Background {
	p := Background{Name: Diagnosed}
	var quarters [4]float64
	perYear := map[int]float64{}
	isNew := func(c simulate.Card) bool { return c.Kind != "suspected" && c.Report == "new" }
	for _, r := range records {
		for _, c := range r.Cards {
			if year := c.Arrived.Year(); isNew(c) && year > r.From.Year() && year < r.Until.Year() {
				quarters[(int(c.Arrived.Month())-1)/3]++
				perYear[year]++
			}
		}
	}
	var level [weeksOfYear]float64
	for w := range level {
		level[w] = quarters[w*4/weeksOfYear]
	}
	p.Season = relative(level)
	var logs, times []float64
	for _, year := range slices.Sorted(maps.Keys(perYear)) {
		logs, times = append(logs, math.Log(perYear[year])), append(times, float64(year))
	}
	p.Growth = 1
	if len(logs) > 1 {
		p.Growth = math.Exp(slope(times, logs))
	}
	p.Delay = delaysOf(records, isNew)
	return p
}

// relative divides levels by their mean.
func relative(level [weeksOfYear]float64) [weeksOfYear]float64 {
	var mean float64
	for _, l := range level {
		mean += l / weeksOfYear
	}
	if mean == 0 {
		return relative([weeksOfYear]float64{1})
	}
	for w := range level {
		level[w] /= mean
	}
	return level
}

// delaysOf are the shares of the cards by weeks from finding to arrival.
func delaysOf(records []simulate.Record, counts func(simulate.Card) bool) []float64 {
	delays := make([]float64, maxDelay+1)
	var all float64
	for _, r := range records {
		for _, card := range r.Cards {
			if counts(card) && !isPlanted(r, card) {
				delays[min(max(0, weeksFrom(mondayOf(card.Found), card.Arrived)), maxDelay)]++
				all++
			}
		}
	}
	for d := range delays {
		delays[d] /= math.Max(1, all)
	}
	return delays
}

// level is that of a week by season and growth.
func (p Background) level(monday time.Time, week int) float64 {
	return p.Season[placeInYear(monday, week)] * math.Pow(p.Growth, float64(week)/weeksOfYear)
}

// placeInYear is the place of a week in its ISO year, counted from 0; the 53rd week counts as the 52nd.
func placeInYear(monday time.Time, week int) int {
	_, isoWeek := monday.AddDate(0, 0, 7*week).ISOWeek()
	return min(isoWeek, weeksOfYear) - 1
}

// isPlanted reports whether a card may belong to an event of the city.
func isPlanted(r simulate.Record, card simulate.Card) bool {
	year, number := card.Reported.ISOWeek()
	week := isoWeek(year, number)
	for _, e := range r.Events {
		if e.Stream == "case_report" && e.Hazard == card.Hazard && (e.Area == card.Area || e.Kind == string(simulate.PlanShift)) &&
			e.FromWeek <= week && week <= e.ToWeek {
			return true
		}
	}
	return false
}

// slope is that of the least squares line.
func slope(x, y []float64) float64 {
	var mx, my float64
	for i := range x {
		mx, my = mx+x[i]/float64(len(x)), my+y[i]/float64(len(y))
	}
	var cross, square float64
	for i := range x {
		cross += (x[i] - mx) * (y[i] - my)
		square += (x[i] - mx) * (x[i] - mx)
	}
	return cross / square
}

func mondayOf(day time.Time) time.Time { return day.AddDate(0, 0, -(int(day.Weekday())+6)%7) }

// weeksFrom is the week, counted from 0 at a Monday, that a day is in.
func weeksFrom(monday, day time.Time) int {
	return int(math.Floor(day.Sub(monday).Hours() / (7 * 24)))
}

func isoWeek(year, week int) string { return fmt.Sprintf("%04d-W%02d", year, week) }
