package reports

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// QualityFilter chooses what of the scorecard is read.
type QualityFilter struct {
	Sender, Stream string        // empty: all
	Period         period.Period // its months of arrival
}

// args binds the filter.
func (f QualityFilter) args() []any {
	return []any{
		clickhouse.Named("sender", f.Sender), clickhouse.Named("stream", f.Stream),
		clickhouse.Named("from", f.Period.Start.Format("2006-01")), clickhouse.Named("to", f.Period.End.Format("2006-01")),
	}
}

// Score is one row of the model fct_quality, which says what each measure counts.
type Score struct {
	Sender      string   `ch:"sender" json:"sender"`
	Stream      string   `ch:"stream" json:"stream"`
	Month       string   `ch:"month" json:"month"`
	Measure     string   `ch:"measure" json:"measure"`
	Item        string   `ch:"item" json:"item"`
	Numerator   float64  `ch:"numerator" json:"numerator"`
	Denominator float64  `ch:"denominator" json:"denominator"`
	Value       *float64 `ch:"value" json:"value"`
	Lower       *float64 `ch:"lower" json:"lower"` // 95 % interval of a share
	Upper       *float64 `ch:"upper" json:"upper"`
	MedianDays  *float64 `ch:"median_days" json:"median_days"`
}

// Scores reads the scorecard.
func Scores(ctx context.Context, db *warehouse.DB, f QualityFilter) ([]Score, error) {
	var all []Score
	if err := db.Select(ctx, &all, "quality_scores", f.args()...); err != nil {
		return nil, fmt.Errorf("read the scorecard: %w", err)
	}
	return all, nil
}

// Standing is one sender in the league table: the share of its rows without a reject or a warning beside the share that
// senders of the same streams have. Verdict is below or above only when the whole interval lies there; otherwise the
// sender is as_others, or has no_rows.
type Standing struct {
	Sender       string   `ch:"sender" json:"sender"`
	Valid        float64  `ch:"valid_rows" json:"valid_rows"`
	Read         float64  `ch:"rows_read" json:"rows_read"`
	Value        *float64 `ch:"value" json:"value"`
	Lower        *float64 `ch:"lower" json:"lower"`
	Upper        *float64 `ch:"upper" json:"upper"`
	Expected     *float64 `ch:"expected" json:"expected"`
	Verdict      string   `ch:"verdict" json:"verdict"`
	Completeness *float64 `ch:"completeness" json:"completeness"` // share of cells that are filled
	DueKept      float64  `ch:"due_kept" json:"due_kept"`
	Due          float64  `ch:"due" json:"due"`
	Silent       float64  `ch:"silent" json:"silent"` // files that are missing
}

// League reads the league table of the filter's stream and period, those below the others first.
func League(ctx context.Context, db *warehouse.DB, f QualityFilter) ([]Standing, error) {
	var all []Standing
	if err := db.Select(ctx, &all, "quality_league", f.args()[1:]...); err != nil {
		return nil, fmt.Errorf("read the league table: %w", err)
	}
	return all, nil
}

// HeadingChange is a heading that differs from the delivery before; the model fct_heading_change names the changes.
type HeadingChange struct {
	Sender  string `ch:"sender" json:"sender"`
	Stream  string `ch:"stream" json:"stream"`
	Month   string `ch:"month" json:"month"`
	Change  string `ch:"change" json:"change"`
	Heading string `ch:"heading" json:"heading"`
	Before  string `ch:"heading_before" json:"heading_before"`
	N       uint64 `ch:"n" json:"n"` // deliveries
	Batch   uint64 `ch:"last_batch" json:"batch"`
}

// HeadingChanges reads the changes of headings.
func HeadingChanges(ctx context.Context, db *warehouse.DB, f QualityFilter) ([]HeadingChange, error) {
	var all []HeadingChange
	if err := db.Select(ctx, &all, "quality_headings", f.args()...); err != nil {
		return nil, fmt.Errorf("read the changes of headings: %w", err)
	}
	return all, nil
}

// Drift is a key column whose distribution differs from that of the six months before.
type Drift struct {
	Sender string  `ch:"sender" json:"sender"`
	Stream string  `ch:"stream" json:"stream"`
	Month  string  `ch:"month" json:"month"`
	Field  string  `ch:"field" json:"field"`
	Title  string  `ch:"heading" json:"heading"` // the sender's heading of the field
	Now    uint64  `ch:"n_now" json:"n_now"`
	Before uint64  `ch:"n_before" json:"n_before"`
	PSI    float64 `ch:"psi" json:"psi"` // population stability index
	Value  string  `ch:"moved_value" json:"moved_value"`
	Was    float64 `ch:"share_before" json:"share_before"` // share of that value
	Is     float64 `ch:"share_now" json:"share_now"`
}

// LeastDrift is the population stability index from which a distribution counts as shifted, by the usual rule of thumb.
const LeastDrift = 0.25

// Drifts reads the shifts of distributions from LeastDrift on, the greatest first.
func Drifts(ctx context.Context, db *warehouse.DB, f QualityFilter) ([]Drift, error) {
	var all []Drift
	if err := db.Select(ctx, &all, "quality_drifts", append(f.args(), clickhouse.Named("least", LeastDrift))...); err != nil {
		return nil, fmt.Errorf("read the shifts of distributions: %w", err)
	}
	return all, nil
}

// Missing is a file that has not come though it was due.
type Missing struct {
	Sender   string    `ch:"sender"`
	Stream   string    `ch:"stream"`
	Period   string    `ch:"period"`
	DueDate  time.Time `ch:"due_date"`
	DaysLate uint32    `ch:"days_late"`
}

// scoreModels are the models that the bulletin's scorecard reads.
var scoreModels = []string{"fct_delivery", "fct_due", "fct_heading_change", "fct_drift", "fct_quality"}

// scorecard reads what the bulletin shows of the scorecard: standings of the last twelve months, changes of the month
// of the bulletin and the one before, files missing for less than a year.
func (r *reader) scorecard(ctx context.Context) error {
	var found []struct {
		Name string `ch:"name"`
	}
	if err := r.db.Select(ctx, &found, "reports_tables", clickhouse.Named("names", scoreModels)); err != nil {
		return err
	}
	if len(found) < len(scoreModels) {
		return nil // not transformed since these models came
	}
	q := &r.b.Quality
	end := r.cutoff()
	year := QualityFilter{Period: period.Period{Start: end.AddDate(0, -11, 1-end.Day()), End: end}}
	recent := QualityFilter{Period: period.Period{Start: end.AddDate(0, -1, 1-end.Day()), End: end}}
	var err error
	if q.Standings, err = League(ctx, r.db, year); err != nil {
		return err
	}
	q.Standings = slices.DeleteFunc(q.Standings, func(s Standing) bool { return s.Sender == "" })
	if q.Headings, err = HeadingChanges(ctx, r.db, recent); err != nil {
		return err
	}
	q.Headings = slices.DeleteFunc(q.Headings, func(h HeadingChange) bool { return h.Change != "suspected" && h.Change != "missing" })
	if q.Drifts, err = Drifts(ctx, r.db, recent); err != nil {
		return err
	}
	return r.db.Select(ctx, &q.Missing, "quality_missing", day("from", end.AddDate(-1, 0, 0)), day("to", end.AddDate(0, 0, 1)))
}
