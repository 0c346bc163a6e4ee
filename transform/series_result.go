package transform

import (
	"context"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// SeriesSummary is what the last run of a series did.
type SeriesSummary struct {
	Series   string  `ch:"series"`
	Week     string  `ch:"week"` // at whose end things were known
	Strata   uint32  `ch:"n_strata"`
	Weeks    uint32  `ch:"n_weeks"`    // of the calendar
	Computed uint64  `ch:"n_computed"` // weeks of strata
	Seconds  float64 `ch:"seconds"`
	Alarms   uint64  `ch:"n_alarms"` // in its last week
}

// SeriesSummaries returns the series that were computed, by id.
func SeriesSummaries(ctx context.Context, db *warehouse.DB) ([]SeriesSummary, error) {
	var all []SeriesSummary
	return all, db.Select(ctx, &all, "series_list")
}

// SeriesResult is the result of one detector for one week of one stratum. What is missing is nil; Reason says why.
type SeriesResult struct {
	Series      string    `ch:"series" json:"series"`
	Stratum     string    `ch:"stratum" json:"stratum"`
	NameZh      string    `ch:"name_zh" json:"name_zh"`
	NameEn      string    `ch:"name_en" json:"name_en"`
	Area        string    `ch:"area" json:"area"`
	Week        string    `ch:"week" json:"week"`
	Observed    float64   `ch:"observed" json:"observed"` // of the week, known so far
	Weeks       uint16    `ch:"n_weeks" json:"weeks"`     // judged together, the week the last of them
	Cases       *float64  `ch:"judged_cases" json:"judged_cases"`
	CasesExp    *float64  `ch:"judged_expected" json:"judged_expected"`
	Population  *float64  `ch:"population" json:"population"`
	Provisional bool      `ch:"is_provisional" json:"provisional"`
	Reported    *float64  `ch:"share_reported" json:"reported"` // 0 to 1, of a provisional week
	Nowcast     *float64  `ch:"nowcast" json:"nowcast"`         // of the week, when all is reported: median and 95 % interval
	NowcastLow  *float64  `ch:"nowcast_lower" json:"nowcast_lower"`
	NowcastHigh *float64  `ch:"nowcast_upper" json:"nowcast_upper"`
	Expected    *float64  `ch:"expected" json:"expected"`
	Lower       *float64  `ch:"lower" json:"lower"`
	Threshold   *float64  `ch:"threshold" json:"threshold"`
	Score       *float64  `ch:"score" json:"score"`
	P           *float64  `ch:"p" json:"p"`
	Alarm       bool      `ch:"alarm" json:"alarm"`
	Detector    string    `ch:"detector" json:"detector"`
	Method      string    `ch:"method" json:"method"`
	Reason      string    `ch:"reason" json:"reason"`
	Parameters  string    `ch:"parameters" json:"parameters"`
	Version     string    `ch:"version" json:"version"`
	Program     string    `ch:"program" json:"program"`
	ComputedAt  time.Time `ch:"computed_at" json:"computed_at"`
}

// SeriesResults returns what is stored of a series between two weeks, of one stratum or, where that is empty, of all.
func SeriesResults(ctx context.Context, db *warehouse.DB, series, stratum string, from, to period.Period) ([]SeriesResult, error) {
	var all []SeriesResult
	err := db.Select(ctx, &all, "series_points", clickhouse.Named("series", series), clickhouse.Named("stratum", stratum),
		clickhouse.Named("from", from.Start.Format(time.DateOnly)), clickhouse.Named("to", to.Start.Format(time.DateOnly)))
	return all, err
}

// FindSeries returns the definition with that id; ok is false when there is none that works.
func FindSeries(fsys fs.FS, id string) (s Series, ok bool, err error) {
	all, _, err := LoadSeries(fsys)
	for _, s := range all {
		if s.ID == id {
			return s, true, nil
		}
	}
	return Series{}, false, err
}
