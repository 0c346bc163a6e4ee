package transform

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// detectorEARS is the name of the EARS detectors in the header of a rule.
const detectorEARS = "ears"

// earsMethods are the detectors as det_point names them. The published form of C3 is the one whose alarm depends
// on the week itself.
func earsMethods() []earsMethod {
	return []earsMethod{
		{"ears_c1", stats.EARSC1, "alpha", true},
		{"ears_c2", stats.EARSC2, "alpha", true},
		{"ears_c3", stats.EARSC3, "alpha_c3", false},
		{"ears_c3_published", stats.EARSC3Published, "alpha_c3", true},
	}
}

type earsMethod struct {
	name   string
	method stats.EARSMethod
	alpha  string // parameter with the error rate
	warns  bool
}

// weekSeries is one row of a detector's query: the weekly counts of one stratum up to the week evaluated.
type weekSeries struct {
	Stratum     string    `ch:"stratum"`
	NameZh      string    `ch:"name_zh"`
	NameEn      string    `ch:"name_en"`
	FirstMonday time.Time `ch:"first_monday"`
	Counts      []float64 `ch:"counts"`
	Evidence    []string  `ch:"evidence"`
}

// detPoint is one row of det_point.
type detPoint struct {
	stratum, week, method      string
	monday                     time.Time
	observed                   float64
	expected, threshold, score *float64
	alarm                      bool
	parameters                 string
}

func (p detPoint) key() string { return p.stratum + "\x1f" + p.method + "\x1f" + p.week }

// checksum tells whether a stored point is the same as a computed one; transform_points computes it too.
func (p detPoint) checksum() string {
	bits := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return strconv.FormatUint(math.Float64bits(*x), 10)
	}
	return strings.Join([]string{bits(&p.observed), bits(p.expected), bits(p.threshold), bits(p.score), strconv.FormatBool(p.alarm), p.parameters}, " ")
}

// runEARS evaluates every week of every stratum, stores the points that are new or different, and returns the
// alarms of the last week as candidates.
func (r Rule) runEARS(ctx context.Context, db *warehouse.DB, week period.Period, opt Options, values map[string]string) ([]candidate, error) {
	var series []weekSeries
	if err := db.Conn().Select(ctx, &series, r.Body, bind(r.Body, values)...); err != nil {
		return nil, r.failure(err)
	}
	var points []detPoint
	var found []candidate
	for _, s := range series {
		computed, alarms, err := r.ears(s)
		if err != nil {
			return nil, fmt.Errorf("%s: line 1: series of %s: %w", r.Path, s.Stratum, err)
		}
		points = append(points, computed...)
		observed := s.Counts[len(s.Counts)-1]
		if s.Stratum == opt.City || len(alarms) == 0 || observed < r.number("min_cases") {
			continue
		}
		expected := 0.0
		for _, p := range computed {
			if p.method == "ears_c2" && p.week == week.String() && p.expected != nil {
				expected = *p.expected
			}
		}
		evidence := s.Evidence
		if len(evidence) > maxEvidence {
			evidence = evidence[:maxEvidence]
		}
		found = append(found, candidate{
			ObjectKind: "township", Object: s.Stratum, ObjectName: s.NameZh, Area: s.Stratum, Severity: string(r.Severity),
			Cause: week.String(), Score: observed - expected, Evidence: evidence, NEvidence: uint64(len(s.Evidence)),
			Args: map[string]string{
				"n": strconv.FormatFloat(observed, 'f', -1, 64), "expected": strconv.FormatFloat(expected, 'f', 1, 64),
				"week": week.String(), "methods": strings.Join(alarms, ", "), "area": s.NameZh, "area_en": s.NameEn,
			},
		})
	}
	return found, storePoints(ctx, db, r, points, opt.Now())
}

// ears evaluates one series with all methods; alarms are the methods that warn in its last week.
func (r Rule) ears(s weekSeries) (points []detPoint, alarms []string, err error) {
	if len(s.Counts) == 0 {
		return nil, nil, fmt.Errorf("has no weeks")
	}
	for _, m := range earsMethods() {
		o := stats.EARSOptions{Baseline: int(r.number("baseline")), MinSigma: r.number("min_sigma"), Alpha: r.number(m.alpha)}
		first := o.Baseline
		switch m.method {
		case stats.EARSC2:
			first += 2
		case stats.EARSC3, stats.EARSC3Published:
			first += 4
		}
		if len(s.Counts) <= first {
			continue
		}
		results, err := stats.EARS(m.method, s.Counts, first, len(s.Counts), o)
		if err != nil {
			return nil, nil, err
		}
		settings, err := json.Marshal(map[string]float64{"baseline": float64(o.Baseline), "min_sigma": o.MinSigma, "alpha": o.Alpha})
		if err != nil {
			return nil, nil, err
		}
		for i, p := range results {
			monday := s.FirstMonday.AddDate(0, 0, 7*(first+i))
			points = append(points, detPoint{
				stratum: s.Stratum, week: period.Of(monday, period.Week).String(), method: m.name, monday: monday,
				observed: s.Counts[first+i], expected: number(p.Mean), threshold: number(p.Bound), score: number(p.Score),
				alarm: p.Alarm, parameters: string(settings),
			})
		}
		if last := results[len(results)-1]; m.warns && last.Alarm && !math.IsNaN(last.Bound) {
			alarms = append(alarms, strings.ToUpper(strings.TrimPrefix(strings.TrimSuffix(m.name, "_published"), "ears_")))
		}
	}
	return points, alarms, nil
}

var pointColumns = []string{
	"series", "stratum", "week", "week_start", "method", "version", "observed", "expected", "threshold", "score",
	"alarm", "parameters", "computed_at",
}

// storePoints appends those of the points that det_point does not hold already.
func storePoints(ctx context.Context, db *warehouse.DB, r Rule, points []detPoint, at time.Time) error {
	var old struct {
		Strata, Weeks, Methods, Sums []string
	}
	if err := db.Row(ctx, "transform_points", []any{&old.Strata, &old.Weeks, &old.Methods, &old.Sums},
		clickhouse.Named("series", r.Series), clickhouse.Named("version", r.Version)); err != nil {
		return err
	}
	stored := make(map[string]string, len(old.Strata))
	for i := range old.Strata {
		stored[old.Strata[i]+"\x1f"+old.Methods[i]+"\x1f"+old.Weeks[i]] = old.Sums[i]
	}
	var strata, weeks, methods, settings []string
	var mondays []time.Time
	var observed []float64
	var expected, thresholds, scores []*float64
	var alarms []bool
	for _, p := range points {
		if stored[p.key()] == p.checksum() {
			continue
		}
		strata, weeks, methods, settings = append(strata, p.stratum), append(weeks, p.week), append(methods, p.method), append(settings, p.parameters)
		mondays, observed, alarms = append(mondays, p.monday), append(observed, p.observed), append(alarms, p.alarm)
		expected, thresholds, scores = append(expected, p.expected), append(thresholds, p.threshold), append(scores, p.score)
	}
	n := len(strata)
	if n == 0 {
		return nil
	}
	a, err := db.Append(ctx, "det_point", pointColumns)
	if err != nil {
		return err
	}
	defer a.Close()
	for i, column := range []any{
		repeat(r.Series, n), strata, weeks, mondays, methods, repeat(r.Version, n), observed, expected, thresholds, scores,
		alarms, settings, repeat(at, n),
	} {
		if err := a.Column(i).Append(column); err != nil {
			return fmt.Errorf("write det_point, column %s: %w", pointColumns[i], err)
		}
	}
	return a.Send()
}
