package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

const (
	exposureModel = "fct_exposure_group"
	exposureTable = "ind_exposure_group"

	exposureProgram = 1    // version of the estimation: another one computes all groups anew
	exposureLevel   = 0.95 // confidence of the one-sided upper limits
	exposureBlock   = 4096 // groups that are estimated before their rows are sent
)

// exposureColumns are the columns of ind_exposure_group in the order in which they are written.
var exposureColumns = []string{
	"employer_key", "employer_name", "workshop", "post", "hazard", "fraction", "limit_type", "year", "unit", "limit_used",
	"n_unusable", "n_personal", "n_over", "digest", "program",
	"n", "n_below", "share_below", "method", "is_reliable", "gm", "gsd", "mean", "p95", "p95_upper", "exceedance", "exceedance_upper",
	"preliminary", "u_r", "u_t", "test", "verdict",
}

// exposureGroup is one similar exposure group as fct_exposure_group has it.
type exposureGroup struct {
	employerKey, employerName, workshop, post, hazard, fraction, limitType, unit string

	year                        uint16
	limit                       float64
	nUnusable, nPersonal, nOver uint64
	values                      []float64
	isBelow                     []uint8
	digest                      uint64
	estimate                    stats.GroupExposure
}

// buildExposure brings the estimates for similar exposure groups up to date: those of groups whose measurements are as they were
// are taken over, unless all are to be computed. Readers see the old rows until the new ones are complete.
func buildExposure(ctx context.Context, s *stage, opt Options, contents map[string]string, result *Result) error {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", exposureProgram, contents[exposureModel]))
	signature := hex.EncodeToString(sum[:12])
	if s.tables[exposureTable].built == signature && !opt.Full {
		result.add(opt, Step{Name: exposureTable})
		return nil
	}
	began := time.Now()
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.show(ctx, exposureModel, exposureTable); err != nil {
		return err
	}
	made := exposureTable + aside
	names := map[string]any{"Aside": made}
	err := execTemplate(ctx, s.work, "transform_like", map[string]any{"Aside": made, "Database": s.live.Database(), "Table": exposureTable})
	if err == nil {
		err = execTemplate(ctx, s.work, "transform_comment", map[string]any{"Table": made, "Comment": state{signature, signature}.comment("")})
	}
	if err == nil && !opt.Full {
		err = execTemplate(ctx, s.work, "transform_exposure_keep", names, clickhouse.Named("program", exposureProgram))
	}
	if err != nil {
		return fmt.Errorf("take over estimates of exposure groups: %w", err)
	}
	computed := 0
	if _, err := s.fill(ctx, made, exposureColumns, func(a *warehouse.Appender) error {
		computed, err = estimateGroups(ctx, s.work, names, a)
		return err
	}); err != nil {
		return fmt.Errorf("estimate exposure groups: %w", err)
	}
	s.put(exposureTable)
	result.add(opt, Step{Name: exposureTable, Built: true, Rows: uint64(computed), Seconds: time.Since(began).Seconds()})
	return nil
}

// estimateGroups reads the groups that are not in the table yet and appends their estimates, block by block.
func estimateGroups(ctx context.Context, db *warehouse.DB, names map[string]any, a *warehouse.Appender) (computed int, err error) {
	text, err := templated(db, "transform_exposure_groups", names)
	if err != nil {
		return 0, err
	}
	rows, err := db.QuerySQL(ctx, text)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	groups := make([]exposureGroup, 0, exposureBlock)
	write := func() error {
		if err := estimate(groups); err != nil {
			return err
		}
		computed += len(groups)
		err := appendGroups(a, groups)
		groups = groups[:0]
		return err
	}
	for rows.Next() {
		var g exposureGroup
		if err := rows.Scan(&g.employerKey, &g.employerName, &g.workshop, &g.post, &g.hazard, &g.fraction, &g.limitType, &g.year, &g.unit,
			&g.limit, &g.nUnusable, &g.nPersonal, &g.nOver, &g.values, &g.isBelow, &g.digest); err != nil {
			return 0, err
		}
		if groups = append(groups, g); len(groups) == exposureBlock {
			if err := write(); err != nil {
				return 0, err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	return computed, write()
}

// estimate sets the estimates of all groups, on all processors.
func estimate(groups []exposureGroup) error {
	workers := min(runtime.GOMAXPROCS(0), len(groups))
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			estimator := stats.NewGroupEstimator(exposureLevel)
			for i := w; i < len(groups); i += workers {
				g := &groups[i]
				m := stats.Measurements{Value: g.values, BelowLOD: make([]bool, len(g.isBelow))}
				for k, below := range g.isBelow {
					m.BelowLOD[k] = below != 0
				}
				var err error
				if g.estimate, err = estimator.Estimate(m, g.limit); err != nil {
					errs[w] = fmt.Errorf("%s %s %s %s %d: %w", g.employerKey, g.workshop, g.post, g.hazard, g.year, err)
					return
				}
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func appendGroups(a *warehouse.Appender, groups []exposureGroup) error {
	n := len(groups)
	column := 0
	var failure error
	write := func(values any) {
		if failure == nil {
			if err := a.Column(column).Append(values); err != nil {
				failure = fmt.Errorf("column %s: %w", exposureColumns[column], err)
			}
		}
		column++
	}
	for _, of := range []func(g *exposureGroup) string{
		func(g *exposureGroup) string { return g.employerKey }, func(g *exposureGroup) string { return g.employerName },
		func(g *exposureGroup) string { return g.workshop }, func(g *exposureGroup) string { return g.post },
		func(g *exposureGroup) string { return g.hazard }, func(g *exposureGroup) string { return g.fraction },
		func(g *exposureGroup) string { return g.limitType },
	} {
		write(columnOf(groups, of))
	}
	write(columnOf(groups, func(g *exposureGroup) uint16 { return g.year }))
	write(columnOf(groups, func(g *exposureGroup) string { return g.unit }))
	write(columnOf(groups, func(g *exposureGroup) float64 { return g.limit }))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return g.nUnusable }))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return g.nPersonal }))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return g.nOver }))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return g.digest }))
	write(repeat(uint32(exposureProgram), n))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return uint64(g.estimate.N) }))
	write(columnOf(groups, func(g *exposureGroup) uint64 { return uint64(g.estimate.Below) }))
	write(columnOf(groups, func(g *exposureGroup) float64 { return float64(g.estimate.Below) / float64(g.estimate.N) }))
	write(columnOf(groups, func(g *exposureGroup) string { return string(g.estimate.Method) }))
	write(columnOf(groups, func(g *exposureGroup) bool { return reliable(g.estimate) }))
	for _, of := range []func(e *stats.GroupExposure) float64{
		func(e *stats.GroupExposure) float64 { return e.GM }, func(e *stats.GroupExposure) float64 { return e.GSD },
		func(e *stats.GroupExposure) float64 { return e.Mean }, func(e *stats.GroupExposure) float64 { return e.P95 },
		func(e *stats.GroupExposure) float64 { return e.P95Upper }, func(e *stats.GroupExposure) float64 { return e.Exceedance },
		func(e *stats.GroupExposure) float64 { return e.ExceedanceUpper },
	} {
		write(columnOf(groups, func(g *exposureGroup) *float64 { return number(of(&g.estimate)) }))
	}
	write(columnOf(groups, func(g *exposureGroup) string { return string(g.estimate.Preliminary) }))
	write(columnOf(groups, func(g *exposureGroup) *float64 { return number(g.estimate.UR) }))
	write(columnOf(groups, func(g *exposureGroup) *float64 { return number(g.estimate.UT) }))
	write(columnOf(groups, func(g *exposureGroup) string { return string(g.estimate.Test) }))
	write(columnOf(groups, func(g *exposureGroup) string { return string(g.estimate.Verdict) }))
	if failure != nil {
		return failure
	}
	return a.Flush()
}

func columnOf[T any](groups []exposureGroup, of func(*exposureGroup) T) []T {
	values := make([]T, len(groups))
	for i := range groups {
		values[i] = of(&groups[i])
	}
	return values
}

// reliable says whether the estimates have enough measurements behind them: six, three of them detected, and not more than four
// fifths below quantification (a proposal).
func reliable(e stats.GroupExposure) bool {
	return e.N >= 6 && e.N-e.Below >= 3 && float64(e.Below) <= 0.8*float64(e.N) && !math.IsNaN(e.GM)
}

// ExposureFilter chooses similar exposure groups. Empty fields choose all.
type ExposureFilter struct {
	Year     int
	Employer string // key or part of the name
	Hazard   string // id
	Verdict  string
	Area     string // township code or unassigned
	Reliable bool   // only groups whose estimates are reliable
}

// Exposure is what the measurements of a similar exposure group in a year say; see ind_exposure_group for the units.
type Exposure struct {
	Employer        string   `ch:"employer_key" json:"employer"`
	EmployerName    string   `ch:"employer_name" json:"employer_name"`
	Area            string   `ch:"area" json:"area"`
	Workshop        string   `ch:"workshop" json:"workshop"`
	Post            string   `ch:"post" json:"post"`
	Hazard          string   `ch:"hazard" json:"hazard"`
	HazardZh        string   `ch:"hazard_zh" json:"hazard_zh"`
	HazardEn        string   `ch:"hazard_en" json:"hazard_en"`
	Fraction        string   `ch:"fraction" json:"fraction"`
	LimitType       string   `ch:"limit_type" json:"limit_type"`
	Year            uint16   `ch:"year" json:"year"`
	Unit            string   `ch:"unit" json:"unit"`
	Limit           float64  `ch:"limit_used" json:"limit"`
	N               uint64   `ch:"n" json:"n"`
	Below           uint64   `ch:"n_below" json:"n_below"`
	Unusable        uint64   `ch:"n_unusable" json:"n_unusable"`
	Personal        uint64   `ch:"n_personal" json:"n_personal"`
	Over            uint64   `ch:"n_over" json:"n_over"`
	ShareBelow      float64  `ch:"share_below" json:"share_below"`
	Method          string   `ch:"method" json:"method"`
	IsReliable      bool     `ch:"is_reliable" json:"is_reliable"`
	GM              *float64 `ch:"gm" json:"gm"`
	GSD             *float64 `ch:"gsd" json:"gsd"`
	Mean            *float64 `ch:"mean" json:"mean"`
	P95             *float64 `ch:"p95" json:"p95"`
	P95Upper        *float64 `ch:"p95_upper" json:"p95_upper"`
	Exceedance      *float64 `ch:"exceedance" json:"exceedance"`
	ExceedanceUpper *float64 `ch:"exceedance_upper" json:"exceedance_upper"`
	Preliminary     string   `ch:"preliminary" json:"preliminary"`
	UR              *float64 `ch:"u_r" json:"u_r"`
	UT              *float64 `ch:"u_t" json:"u_t"`
	Test            string   `ch:"test" json:"test"`
	Verdict         string   `ch:"verdict" json:"verdict"`
}

// Exposures returns the similar exposure groups that the filter chooses, those first whose 95th percentile is the largest share of
// the limit.
func Exposures(ctx context.Context, db *warehouse.DB, f ExposureFilter) ([]Exposure, error) {
	var groups []Exposure
	err := db.Select(ctx, &groups, "transform_exposures",
		clickhouse.Named("year", f.Year), clickhouse.Named("employer", f.Employer), clickhouse.Named("hazard", f.Hazard),
		clickhouse.Named("verdict", f.Verdict), clickhouse.Named("area", f.Area), clickhouse.Named("reliable", f.Reliable))
	if err != nil {
		return nil, fmt.Errorf("read exposure groups: %w", err)
	}
	return groups, nil
}
