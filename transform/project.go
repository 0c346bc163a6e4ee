package transform

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// Forecast is where an indicator of one area will stand at the end of a year, and how sure that is.
type Forecast struct {
	Indicator   string   `json:"indicator"`
	Variant     string   `json:"variant"`
	Period      string   `json:"period"`    // the year
	Area        string   `json:"area"`      // city or township code, or "unassigned"
	AreaZh      string   `json:"area_name"` // empty for the city
	AreaEn      string   `json:"-"`
	AsOf        string   `json:"as_of"` // day of the reading that it starts from
	Numerator   float64  `json:"numerator"`
	Denominator float64  `json:"denominator"`
	Value       *float64 `json:"value"`
	Target      *float64 `json:"target"`
	Base        *float64 `json:"base"`              // of a count: that of the base year, to stay below
	Projected   *float64 `json:"projected"`         // median at the end of the year; of a year that is over, its reading
	Lower       *float64 `json:"lower"`             // limits of the 95 % interval; nil: too short a history
	Upper       *float64 `json:"upper"`             //
	Probability *float64 `json:"probability"`       // that the target is met; nil: too short a history or no target
	Status      string   `json:"status"`            // likely, open, unlikely, met, missed, too_short, no_base, no_data
	Method      string   `json:"method"`            // same_months, like_last_year, present_speed, year_ends, no_change, arrivals, none for a year that is over
	Years       int      `json:"years"`             // earlier years whose errors make the interval
	Error       *float64 `json:"backtest_mae"`      // of projections made at the same moment of earlier years: mean absolute error
	Coverage    *float64 `json:"backtest_coverage"` // share of their intervals that held the reading
	Brier       *float64 `json:"backtest_brier"`    // mean square of probability less outcome
	Tested      int      `json:"backtest_n"`        // their number: of the city, or of all its townships
}

// ForecastBacktest says how wrong projections made at the end of one month of earlier years were.
type ForecastBacktest struct {
	Indicator string   `json:"indicator"`
	Variant   string   `json:"variant"`
	Period    string   `json:"period"`
	Month     int      `json:"month"`
	Scope     string   `json:"scope"` // city, townships
	N         int      `json:"n"`
	Error     *float64 `json:"mae"`
	Coverage  *float64 `json:"coverage"`
	Brier     *float64 `json:"brier"`
	Unit      Unit     `json:"-"`
}

// ForecastFilter chooses a projection.
type ForecastFilter struct {
	Indicator Indicator
	Variant   string
	Year      int
	Month     int // project from the end of this month, 1 to 12; 0: from the latest reading
}

// Failures of projections.
var (
	// ErrNotProjected: the indicator's variant is no share with a target, and no count. Args: indicator, variant.
	ErrNotProjected = &Error{Code: "project.none", english: "{indicator} {variant} is neither a share with a target nor a count of new cases"}
)

// Probabilities from which a target is called likely or unlikely to be met.
const likely, unlikely = 0.8, 0.2

// course is the monthly readings of all areas, in order of time from a first January on.
type course struct {
	areas     []courseArea
	courses   []stats.Course
	firstYear int
	day       time.Time // of the last reading
}

type courseArea struct {
	Area         string      `ch:"area"`
	AreaZh       string      `ch:"area_zh"`
	AreaEn       string      `ch:"area_en"`
	Months       []string    `ch:"months"`
	Days         []time.Time `ch:"days"`
	Numerators   []float64   `ch:"numerators"`
	Denominators []float64   `ch:"denominators"`
}

// Forecasts projects an indicator to the end of a year for the city and its townships, and says how wrong such
// projections were in earlier years: at the same moment, and at the end of each month. It starts from stored readings and
// computes the same for the same readings.
//
// Errors: ErrNotProjected, ErrNoPeriod.
func Forecasts(ctx context.Context, db *warehouse.DB, f ForecastFilter) ([]Forecast, []ForecastBacktest, error) {
	i := f.Indicator
	if f.Indicator.Falling {
		return countForecasts(ctx, db, f)
	}
	at := slices.IndexFunc(i.Variants, func(v Variant) bool { return v.Name == f.Variant })
	target, hasTarget := i.Target(f.Year)
	if at < 0 || i.Variants[at].Unit != Share || !hasTarget {
		return nil, nil, ErrNotProjected.With("indicator", i.ID).With("variant", f.Variant)
	}
	c, err := readCourse(ctx, db, i.ID, f.Variant)
	if err != nil {
		return nil, nil, err
	}
	year := f.Year - c.firstYear
	month, day, over := c.moment(f)
	if len(c.areas) == 0 || year < 0 || day.IsZero() {
		return nil, nil, ErrNoPeriod.With("period", strconv.Itoa(f.Year))
	}
	projections, err := stats.ProjectYearEnd(c.courses, year, month, target, confidence)
	if err != nil && !errors.Is(err, stats.ErrShortHistory) {
		return nil, nil, fmt.Errorf("project %s: %w", i.ID, err)
	}
	city, towns := stats.BacktestYearEnd(c.courses, year, month, target, confidence)
	forecasts := make([]Forecast, len(c.areas))
	for a, area := range c.areas {
		w := Forecast{
			Indicator: i.ID, Variant: f.Variant, Period: strconv.Itoa(f.Year), Area: area.Area, AreaZh: area.AreaZh, AreaEn: area.AreaEn,
			AsOf: day.Format(time.DateOnly), Target: &target, Method: "none",
		}
		t := 12*year + int(math.Ceil(month))
		w.Numerator, w.Denominator = zeroNaN(c.courses[a].Covered[t]), zeroNaN(c.courses[a].Units[t])
		w.Value = number(w.Numerator / w.Denominator)
		if over {
			w.end(target)
		} else {
			w.fill(projections[a])
			tested := towns
			if a == 0 {
				tested = city
			}
			w.Tested, w.Error, w.Coverage, w.Brier = tested.N, number(tested.Error), number(tested.Coverage), number(tested.Brier)
		}
		forecasts[a] = w
	}
	return forecasts, backtests(f, c, year, target), nil
}

// zeroNaN is 0 where there is no reading.
func zeroNaN(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// end says how a year that is over ended.
func (w *Forecast) end(target float64) {
	w.Projected, w.Lower, w.Upper = w.Value, w.Value, w.Value
	met := 0.0
	switch {
	case w.Value == nil:
		w.Status = "no_data"
		return
	case w.Numerator >= target*w.Denominator-1e-9:
		w.Status, met = "met", 1
	default:
		w.Status = "missed"
	}
	w.Probability = &met
}

func (w *Forecast) fill(p stats.Projection) {
	w.Projected, w.Lower, w.Upper, w.Probability = number(p.Share), number(p.Lower), number(p.Upper), number(p.Meets)
	w.Method, w.Years = string(p.Method), p.Years
	switch {
	case w.Projected == nil:
		w.Status, w.Method, w.Years = "no_data", "none", 0
	case w.Probability == nil:
		w.Status = "too_short"
	case p.Meets >= likely:
		w.Status = "likely"
	case p.Meets <= unlikely:
		w.Status = "unlikely"
	default:
		w.Status = "open"
	}
}

// backtests are those from the end of each month.
func backtests(f ForecastFilter, c course, year int, target float64) []ForecastBacktest {
	var all []ForecastBacktest
	for month := range 12 {
		city, towns := stats.BacktestYearEnd(c.courses, year, float64(month), target, confidence)
		for _, b := range []struct {
			scope string
			stats.ProjectionBacktest
		}{{"city", city}, {"townships", towns}} {
			all = append(all, ForecastBacktest{
				Indicator: f.Indicator.ID, Variant: f.Variant, Period: strconv.Itoa(f.Year), Month: month + 1, Scope: b.scope, N: b.N,
				Error: number(b.Error), Coverage: number(b.Coverage), Brier: number(b.Brier), Unit: Share,
			})
		}
	}
	return all
}

// moment returns the month from which is projected, counted from the end of January, its day, and whether the year is over.
func (c course) moment(f ForecastFilter) (month float64, day time.Time, over bool) {
	december := time.Date(f.Year, 12, 31, 0, 0, 0, 0, time.UTC)
	switch {
	case f.Month > 0:
		day = time.Date(f.Year, time.Month(f.Month)+1, 0, 0, 0, 0, 0, time.UTC)
		if day.After(c.day) {
			return 0, time.Time{}, false
		}
		return float64(f.Month - 1), day, f.Month == 12
	case !c.day.Before(december):
		return 11, december, true
	case c.day.Year() < f.Year:
		return 0, time.Time{}, false
	}
	last := time.Date(c.day.Year(), c.day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return math.Max(0, float64(c.day.Month())-2+float64(c.day.Day())/float64(last)), c.day, false
}

// readCourse reads the monthly readings of a variant.
func readCourse(ctx context.Context, db *warehouse.DB, indicator, variant string) (course, error) {
	var c course
	err := db.Select(ctx, &c.areas, "transform_course", clickhouse.Named("indicator", indicator), clickhouse.Named("variant", variant))
	if err != nil {
		return c, fmt.Errorf("read the course of %s: %w", indicator, err)
	}
	last := 0
	for _, area := range c.areas {
		for k, text := range area.Months {
			p, err := period.Parse(text)
			if err != nil {
				return c, fmt.Errorf("read the course of %s: %w", indicator, err)
			}
			if c.firstYear == 0 || p.Start.Year() < c.firstYear {
				c.firstYear = p.Start.Year()
			}
			last = max(last, p.Start.Year())
			if area.Days[k].After(c.day) {
				c.day = area.Days[k]
			}
		}
	}
	for _, area := range c.areas {
		one := stats.Course{Covered: make([]float64, 12*(last-c.firstYear+1)), Units: make([]float64, 12*(last-c.firstYear+1))}
		for t := range one.Units {
			one.Covered[t], one.Units[t] = math.NaN(), math.NaN()
		}
		for k, text := range area.Months {
			year, _ := strconv.Atoi(text[:4])
			month, _ := strconv.Atoi(text[5:])
			t := 12*(year-c.firstYear) + month - 1
			one.Covered[t], one.Units[t] = area.Numerators[k], area.Denominators[k]
		}
		c.courses = append(c.courses, one)
	}
	return c, nil
}
