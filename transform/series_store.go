package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

const (
	kindSeries  = "series"
	seriesStep  = "series/" // stands before the name of a series in a Step
	strataBlock = 256       // strata that are computed before their results are sent
)

// seriesState is the newest run of a series.
type seriesState struct{ week, signature string }

// buildSeries brings the stored results of all series up to the end of a week. Of a series whose definition and data
// are as they were, nothing is computed; of another one the weeks whose digest differs from the stored one. Results
// that are known up to a later week stay, unless all is to be computed. Series whose query fails are in broken.
func buildSeries(ctx context.Context, db *warehouse.DB, opt Options, week period.Period, all []Series, signatures map[string]string, record *runRecord, result *Result) (broken []error, err error) {
	states, err := seriesStates(ctx, db)
	if err != nil {
		return broken, err
	}
	began, computed := time.Now(), 0
	var runs []seriesRun
	for _, s := range all {
		if len(opt.Select) > 0 && !slices.Contains(opt.Select, s.ID) {
			continue
		}
		old, again := states[s.ID]
		signature := s.signature(signatures, week, opt)
		if !opt.Full && (old.week > week.String() || old.week == week.String() && old.signature == signature) {
			result.add(opt, Step{Name: seriesStep + s.ID})
			continue
		}
		r := seriesRun{series: s, signature: signature}
		err := s.update(ctx, db, opt, week, again, record.run, &r)
		if ctx.Err() != nil {
			return broken, ctx.Err()
		}
		if err != nil {
			broken = append(broken, err)
			continue
		}
		runs = append(runs, r)
		computed += r.computed
		result.add(opt, Step{Name: seriesStep + s.ID, Built: true, Rows: uint64(r.computed), Seconds: r.seconds})
	}
	if len(runs) > 0 || len(broken) > 0 {
		if err := storeRuns(ctx, db, runs, week, record.run, opt); err != nil {
			return broken, err
		}
		detail := fmt.Sprintf("%s, %d series", week, len(runs))
		if err := record.step(ctx, kindSeries, kindSeries, uint64(computed), time.Since(began).Seconds(), detail, errors.Join(broken...)); err != nil {
			return broken, err
		}
	}
	for id := range states {
		if _, err := fs.Stat(opt.Files, "series/"+id+".sql"); errors.Is(err, fs.ErrNotExist) {
			if err := retire(ctx, db, id, nil, record.run, opt.Now()); err != nil {
				return broken, err
			}
		}
	}
	return broken, nil
}

func seriesStates(ctx context.Context, db *warehouse.DB) (map[string]seriesState, error) {
	var rows []struct {
		Series    string `ch:"series"`
		Week      string `ch:"week"`
		Signature string `ch:"signature"`
	}
	if err := db.Select(ctx, &rows, "transform_series_state"); err != nil {
		return nil, err
	}
	states := make(map[string]seriesState, len(rows))
	for _, r := range rows {
		states[r.Series] = seriesState{r.Week, r.Signature}
	}
	return states, nil
}

// signature says of what the results of a series are made.
func (s Series) signature(inputs map[string]string, week period.Period, opt Options) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x1f%s\x1f%s", s.digest(), week, opt.City)
	for _, name := range slices.Concat(s.Models, s.References) {
		fmt.Fprintf(h, "\x1f%s=%s", name, inputs[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// seriesRun is what one run did for a series.
type seriesRun struct {
	series                           Series
	signature                        string
	strata, weeks, computed, removed int // computed: weeks of strata; removed: rows taken back
	shares                           []float64
	seconds                          float64
}

// update computes the weeks of a series that are new or different and takes back those that no longer are.
func (s Series) update(ctx context.Context, db *warehouse.DB, opt Options, week period.Period, again bool, run uint64, r *seriesRun) error {
	began := time.Now()
	data, err := s.readWeekly(ctx, db, week, opt, false)
	if err != nil {
		return err
	}
	var old storedSeries
	if again {
		if old, err = s.stored(ctx, db); err != nil {
			return err
		}
		if slices.ContainsFunc(old.detectors, func(d string) bool { return !slices.Contains(s.Methods, d) }) {
			if err := retire(ctx, db, s.ID, s.Methods, run, opt.Now()); err != nil {
				return err
			}
		}
	}
	r.strata, r.weeks, r.shares = len(data.strata), data.n, data.reporting.Share
	if len(data.strata)+len(old.weeks) > 0 {
		w, err := newPointWriter(ctx, db, s, run, opt.Now())
		if err != nil {
			return err
		}
		defer w.close()
		if err := s.writePoints(ctx, w, data, old, week, opt); err != nil {
			return err
		}
		r.computed, r.removed = w.weeks, w.removed
	}
	if err := s.storeNames(ctx, db, data, old.names, run); err != nil {
		return err
	}
	r.seconds = time.Since(began).Seconds()
	return nil
}

// writePoints computes and writes block by block, so that memory stays bounded.
func (s Series) writePoints(ctx context.Context, w *pointWriter, data *weekly, old storedSeries, week period.Period, opt Options) error {
	e := newSeriesEvaluation(s, data, opt.City, 0)
	oldest := s.oldest(data, week)
	for from := 0; from < len(data.strata); from += strataBlock {
		to := min(from+strataBlock, len(data.strata))
		points := e.compute(from, to, func(i, t int, input uint64) bool {
			return t >= oldest && (opt.Full || old.weeks[data.strata[i].key][data.first+t] != input)
		})
		if err := w.write(data, points); err != nil {
			return s.failing("write results", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	begins := make(map[string]int, len(data.strata)) // first week of each stratum that is kept
	for _, z := range data.strata {
		begins[z.key] = data.first + max(z.begin, oldest)
	}
	for _, key := range slices.Sorted(maps.Keys(old.weeks)) {
		begin, exists := begins[key]
		var lost []int
		for number := range old.weeks[key] {
			if !exists || number < begin || number > data.last() {
				lost = append(lost, number)
			}
		}
		if err := w.takeBack(key, lost); err != nil {
			return s.failing("take results back", err)
		}
	}
	if w.weeks+w.removed == 0 {
		return nil
	}
	if err := w.send(); err != nil {
		return s.failing("write results", err)
	}
	return nil
}

// oldest is the first week, counted from the first of the data, of which results are kept.
func (s Series) oldest(data *weekly, week period.Period) int {
	if s.settings.years == 0 {
		return 0
	}
	year, _ := week.Start.ISOWeek()
	// The fourth of January lies in the first ISO week of its year.
	first := period.Of(period.Date(year-s.settings.years+1, time.January, 4), period.Week)
	return weekNumber(first.Start) - data.first
}

// storedSeries is what is stored of a series.
type storedSeries struct {
	weeks     map[string]map[int]uint64 // digests by stratum and number of the week
	detectors []string
	names     map[string]stratum
}

func (s Series) stored(ctx context.Context, db *warehouse.DB) (storedSeries, error) {
	var strata, detectors, named, zh, en, areas []string
	var lengths []uint32
	var weeks []int32
	var inputs []uint64
	err := db.Row(ctx, "transform_points", []any{&strata, &lengths, &weeks, &inputs, &detectors, &named, &zh, &en, &areas},
		clickhouse.Named("series", s.ID), clickhouse.Named("detectors", s.Methods))
	if err != nil {
		return storedSeries{}, err
	}
	old := storedSeries{
		weeks: make(map[string]map[int]uint64, len(strata)), detectors: detectors, names: make(map[string]stratum, len(named)),
	}
	at := 0
	for i, key := range strata {
		m := make(map[int]uint64, lengths[i])
		for range lengths[i] {
			m[int(weeks[at])] = inputs[at]
			at++
		}
		old.weeks[key] = m
	}
	for i, key := range named {
		old.names[key] = stratum{key: key, nameZh: zh[i], nameEn: en[i], area: areas[i]}
	}
	return old, nil
}

// retire takes back the results of detectors that are not in the list.
func retire(ctx context.Context, db *warehouse.DB, series string, detectors []string, run uint64, at time.Time) error {
	if detectors == nil {
		detectors = []string{}
	}
	return db.Exec(ctx, "transform_points_retire", clickhouse.Named("series", series), clickhouse.Named("detectors", detectors),
		clickhouse.Named("run", run), clickhouse.Named("at", instant(at)))
}

// storeNames notes what the strata are called, those that are new or were renamed.
func (s Series) storeNames(ctx context.Context, db *warehouse.DB, data *weekly, known map[string]stratum, run uint64) error {
	var keys, zh, en, areas []string
	for _, z := range data.strata {
		if k, ok := known[z.key]; !ok || k.nameZh != z.nameZh || k.nameEn != z.nameEn || k.area != z.area {
			keys, zh, en, areas = append(keys, z.key), append(zh, z.nameZh), append(en, z.nameEn), append(areas, z.area)
		}
	}
	n := len(keys)
	if n == 0 {
		return nil
	}
	return appendColumns(ctx, db, "det_stratum", []string{"series", "stratum", "name_zh", "name_en", "area", "run"},
		repeat(s.ID, n), keys, zh, en, areas, repeat(run, n))
}

// storeRuns notes what was done for the series.
func storeRuns(ctx context.Context, db *warehouse.DB, runs []seriesRun, week period.Period, run uint64, opt Options) error {
	n := len(runs)
	if n == 0 {
		return nil
	}
	var ids, versions, signatures []string
	var strata, weeks []uint32
	var computed, removed []uint64
	var shares [][]float64
	var seconds []float64
	for _, r := range runs {
		ids, versions, signatures = append(ids, r.series.ID), append(versions, r.series.Version), append(signatures, r.signature)
		strata, weeks = append(strata, uint32(r.strata)), append(weeks, uint32(r.weeks))
		computed, removed = append(computed, uint64(r.computed)), append(removed, uint64(r.removed))
		shares, seconds = append(shares, slices.Concat([]float64{}, r.shares)), append(seconds, r.seconds)
	}
	return appendColumns(ctx, db, "det_run", []string{
		"series", "run", "at", "version", "program", "week", "signature", "is_full", "n_strata", "n_weeks", "n_computed", "n_removed", "shares", "seconds",
	}, ids, repeat(run, n), repeat(opt.Now(), n), versions, repeat(seriesProgram, n), repeat(week.String(), n), signatures, repeat(opt.Full, n),
		strata, weeks, computed, removed, shares, seconds)
}

// appendColumns writes rows column by column.
func appendColumns(ctx context.Context, db *warehouse.DB, table string, names []string, columns ...any) error {
	a, err := db.Append(ctx, table, names)
	if err != nil {
		return err
	}
	defer a.Close()
	for i, column := range columns {
		if err := a.Column(i).Append(column); err != nil {
			return fmt.Errorf("write %s, column %s: %w", table, names[i], err)
		}
	}
	return a.Send()
}

// pointWriter appends results to det_point, block by block.
type pointWriter struct {
	appender       *warehouse.Appender
	series         Series
	run            uint64
	at             time.Time
	parameters     string
	weeks, removed int // weeks of strata that were written, rows taken back
}

func pointColumns() []string {
	return []string{
		"series", "stratum", "week_start", "week", "detector", "method", "version", "program", "parameters", "n_weeks", "observed", "population", "expected",
		"lower", "threshold", "score", "p", "alarm", "reason", "is_provisional", "share_reported", "nowcast", "nowcast_lower", "nowcast_upper", "judged_cases", "judged_expected", "input", "run",
		"is_deleted", "computed_at",
	}
}

func newPointWriter(ctx context.Context, db *warehouse.DB, s Series, run uint64, at time.Time) (*pointWriter, error) {
	a, err := db.Append(ctx, "det_point", pointColumns())
	if err != nil {
		return nil, err
	}
	return &pointWriter{appender: a, series: s, run: run, at: at, parameters: s.SettingsText()}, nil
}

func (w *pointWriter) close() { w.appender.Close() }

func (w *pointWriter) send() error { return w.appender.Send() }

// write appends results.
func (w *pointWriter) write(data *weekly, points []seriesPoint) error {
	n := len(points)
	if n == 0 {
		return nil
	}
	var strata, weeks, detectors, methods, reasons []string
	mondays := make([]time.Time, n)
	spans := make([]uint16, n)
	observed := make([]float64, n)
	alarms, provisional := make([]bool, n), make([]bool, n)
	inputs := make([]uint64, n)
	var optional [12][]*float64
	values := make([]float64, 12*n)
	for i := range optional {
		optional[i] = make([]*float64, n)
	}
	names := map[int]string{}
	for i, p := range points {
		number := data.first + p.week
		name, ok := names[number]
		if !ok {
			name = weekName(number)
			names[number] = name
		}
		strata, weeks, detectors = append(strata, data.strata[p.stratum].key), append(weeks, name), append(detectors, p.detector)
		methods, reasons = append(methods, p.method), append(reasons, p.reason)
		mondays[i], spans[i], observed[i] = mondayOf(number), uint16(p.weeks), data.strata[p.stratum].counts[p.week]
		alarms[i], provisional[i], inputs[i] = p.alarm, p.provisional, p.input
		for k, x := range [...]float64{p.population, p.expected, p.lower, p.threshold, p.score, p.p, p.share, p.nowcast, p.nowcastLower, p.nowcastUpper, p.cases, p.casesExpected} {
			if !math.IsNaN(x) {
				values[12*i+k] = x
				optional[k][i] = &values[12*i+k]
			}
		}
		if i == 0 || p.stratum != points[i-1].stratum || p.week != points[i-1].week {
			w.weeks++
		}
	}
	return w.append(n, strata, mondays, weeks, detectors, methods, spans, observed, optional, alarms, reasons, provisional, inputs, 0)
}

// takeBack marks weeks of a stratum as deleted.
func (w *pointWriter) takeBack(key string, numbers []int) error {
	if len(numbers) == 0 {
		return nil
	}
	slices.Sort(numbers)
	var detectors, weeks []string
	var mondays []time.Time
	for _, number := range numbers {
		for _, d := range w.series.Methods {
			detectors, weeks, mondays = append(detectors, d), append(weeks, weekName(number)), append(mondays, mondayOf(number))
		}
	}
	n := len(detectors)
	w.removed += n
	var optional [12][]*float64
	for i := range optional {
		optional[i] = make([]*float64, n)
	}
	return w.append(n, repeat(key, n), mondays, weeks, detectors, repeat("", n), make([]uint16, n), make([]float64, n), optional, make([]bool, n),
		repeat("", n), make([]bool, n), make([]uint64, n), 1)
}

func (w *pointWriter) append(n int, strata []string, mondays []time.Time, weeks, detectors, methods []string, spans []uint16, observed []float64,
	optional [12][]*float64, alarms []bool, reasons []string, provisional []bool, inputs []uint64, deleted uint8,
) error {
	for i, column := range []any{
		repeat(w.series.ID, n), strata, mondays, weeks, detectors, methods, repeat(w.series.Version, n), repeat(seriesProgram, n), repeat(w.parameters, n),
		spans, observed, optional[0], optional[1], optional[2], optional[3], optional[4], optional[5], alarms, reasons, provisional,
		optional[6], optional[7], optional[8], optional[9], optional[10], optional[11], inputs, repeat(w.run, n), repeat(deleted, n), repeat(w.at, n),
	} {
		if err := w.appender.Column(i).Append(column); err != nil {
			return fmt.Errorf("column %s: %w", pointColumns()[i], err)
		}
	}
	return w.appender.Flush()
}
