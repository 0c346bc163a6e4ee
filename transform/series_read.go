package transform

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// maxWeeks is how far back a series may go: twenty years. Facts dated earlier are left out.
const maxWeeks = 1044

// weekNumber counts weeks from the Monday 1970-01-05 on, as transform_series does.
func weekNumber(monday time.Time) int { return int(math.Floor(float64(monday.Unix()/86400-4) / 7)) }

// mondayOf is the first day of a week by its number.
func mondayOf(week int) time.Time { return time.Unix(int64(week*7+4)*86400, 0).UTC() }

// weekName is the ISO week by its number.
func weekName(week int) string { return period.Of(mondayOf(week), period.Week).String() }

// weekly holds the weekly counts of all strata of a series on one calendar.
type weekly struct {
	first, n  int // number of the first week, and how many weeks there are
	strata    []stratum
	reporting stats.Reporting // of the newest weeks; empty where nothing is reported late
}

// last is the number of the newest week.
func (w *weekly) last() int { return w.first + w.n - 1 }

// stratum is one series. Both lists have an entry per week of the calendar.
type stratum struct {
	key, nameZh, nameEn, area string
	begin                     int // the week, counted from the first, from which on it is watched
	counts, population        []float64
	lines                     map[int][]string // rows behind the counts of the newest weeks, by number of the week
}

// factColumns are the columns that transform_series returns.
type factColumns struct {
	strata, zh, en, areas []string
	nCells, nLines        []uint32
	weeks, delays         []int32
	counts, people        []float64
	lineWeeks             []int32
	lines                 []string
}

// readWeekly runs the query of a series for what was known at the end of a week, with the rows behind the newest weeks
// where they are asked for.
func (s Series) readWeekly(ctx context.Context, db *warehouse.DB, week period.Period, opt Options, lines bool) (*weekly, error) {
	text, err := templated(db, "transform_series", map[string]any{"Select": s.Body})
	if err != nil {
		return nil, err
	}
	last := weekNumber(week.Start)
	evidence := last + 1
	if lines {
		evidence = last - s.settings.maxDelay - max(s.settings.window, scanWeeks) + 1
	}
	args := append(bind(s.Body, opt.values()),
		clickhouse.Named("has_delay", s.hasDelay()), clickhouse.Named("max_delay", s.settings.maxDelay),
		clickhouse.Named("first_week", last-maxWeeks+1), clickhouse.Named("last_week", last),
		clickhouse.Named("evidence_from", evidence))
	limited := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": DefaultMemory}))
	var c factColumns
	err = db.Conn().QueryRow(limited, text, args...).Scan(&c.strata, &c.zh, &c.en, &c.areas, &c.nCells, &c.weeks, &c.delays, &c.counts, &c.people,
		&c.nLines, &c.lineWeeks, &c.lines)
	if err != nil {
		return nil, engineFailure(s.Path, s.Body, seriesLines, err)
	}
	return s.place(c, last, opt.City), nil
}

// seriesLines is the number of lines that transform_series puts before a definition's own text.
const seriesLines = 7

// place puts the cells on a calendar that ends with the week last. Delays are learned from all strata but the one of
// the whole city, which would count everything twice.
func (s Series) place(c factColumns, last int, city string) *weekly {
	first := last
	for _, w := range c.weeks {
		first = min(first, int(w))
	}
	w := &weekly{first: first, n: last - first + 1, strata: make([]stratum, len(c.strata))}
	triangle := make([][]float64, w.n)
	for t := range triangle {
		triangle[t] = make([]float64, s.settings.maxDelay+1)
	}
	cell, line := 0, 0
	for i := range w.strata {
		z := &w.strata[i]
		*z = stratum{
			key: c.strata[i], nameZh: c.zh[i], nameEn: c.en[i], area: c.areas[i],
			counts: make([]float64, w.n), population: make([]float64, w.n),
		}
		if s.FromFirst && c.nCells[i] > 0 {
			z.begin = int(c.weeks[cell]) - first
		}
		for range c.nCells[i] {
			t := int(c.weeks[cell]) - first
			z.counts[t] += c.counts[cell]
			z.population[t] += c.people[cell]
			if z.key != city {
				if s.HasPopulation {
					triangle[t][c.delays[cell]] += c.people[cell]
				} else {
					triangle[t][c.delays[cell]] += c.counts[cell]
				}
			}
			cell++
		}
		for range c.nLines[i] {
			if z.lines == nil {
				z.lines = map[int][]string{}
			}
			week := int(c.lineWeeks[line])
			z.lines[week] = append(z.lines[week], c.lines[line])
			line++
		}
	}
	if s.settings.maxDelay > 0 {
		w.reporting = s.learnDelays(triangle)
	}
	return w
}

// learnDelays is how complete the newest weeks are; all is unknown while there are fewer weeks than delays.
func (s Series) learnDelays(triangle [][]float64) stats.Reporting {
	r, err := stats.ReportingShares(triangle, s.settings.delayWindow)
	if err != nil {
		r = stats.Reporting{Share: make([]float64, s.settings.maxDelay), Variation: make([]float64, s.settings.maxDelay)}
		for i := range r.Share {
			r.Share[i] = math.NaN()
		}
	}
	return r
}

// share is the part of week t, counted from the first, that is reported by now, and its squared coefficient of
// variation. Settled weeks have 1.
func (w *weekly) share(t int) (share, variation float64) {
	if age := w.n - 1 - t; age < len(w.reporting.Share) {
		return w.reporting.Share[age], w.reporting.Variation[age]
	}
	return 1, 0
}

// provisional reports whether week t can still grow.
func (w *weekly) provisional(t int) bool { return w.n-1-t < len(w.reporting.Share) }

// failing names the series in an error.
func (s Series) failing(doing string, err error) error {
	return fmt.Errorf("series %s: %s: %w", s.ID, doing, err)
}
