package transform

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// PatientFilter chooses patients' cases.
type PatientFilter struct {
	Start, End time.Time // the first step lies in these days; zero: any
	Area       string    // township or "unassigned"; empty: all
	By         string    // of a funnel: "" or "township"
	Class      string    // of a list: a, b or c; empty: all
	Unaided    bool      // of a list: only those whose class's payer is not known to pay
	Waiting    string    // of a list: only those that wait for this step
	Person     string    // of a list: beginning of a pseudonym
	Public     bool      // of a funnel: small cells are hidden, for readers outside the health commission
}

// Transition is how long cases take from one step of a patient's way to the next.
type Transition struct {
	Kind       string   `json:"kind"` // transition
	Name       string   `json:"name"` // diagnosis, appraisal, recognition, benefits, any_benefits, follow_up, from_stage_1, from_stage_2
	Area       string   `json:"area"` // empty: all
	N          *float64 `json:"n"`    // cases that stand at the first step; nil here and below: hidden
	Reached    *float64 `json:"reached"`
	Open       *float64 `json:"open"`
	Closed     *float64 `json:"closed"`      // ended without it, on a day that no paper tells
	Median     *float64 `json:"median_days"` // by the product-limit estimate, in which open cases count as long as they were seen
	Lower      *float64 `json:"median_lower"`
	Upper      *float64 `json:"median_upper"`
	P90        *float64 `json:"p90_days"`
	Within30   *float64 `json:"within_30"` // estimated share that takes the step within so many days
	Within90   *float64 `json:"within_90"`
	Within180  *float64 `json:"within_180"`
	Within365  *float64 `json:"within_365"`
	Within5y   *float64 `json:"within_1826"`
	OpenMedian *float64 `json:"open_median_days"` // ages of the open ones
	OpenMax    *float64 `json:"open_max_days"`
	OpenOver90 *float64 `json:"open_over_90"`
	Hidden     bool     `json:"hidden"` // a small number or what would give it away is hidden
}

// StepCount is how many cases and persons have reached a step, or are in a class of aid.
type StepCount struct {
	Kind     string   `json:"kind"` // step, aid
	Name     string   `json:"name"` // suspected, diagnosed, appraised, recognised, benefits, followed, dead, reversed; a, b, c
	Area     string   `json:"area"`
	Cases    *float64 `json:"cases"`
	Persons  *float64 `json:"persons"`   // of aid: living patients
	Stated   *float64 `json:"stated"`    // of aid: whose class a visit states; the others' is derived
	Aided    *float64 `json:"aided"`     // of aid: whom the payer of the class pays
	NotAided *float64 `json:"not_aided"` // of aid: whom it doesn't
	Unknown  *float64 `json:"unknown"`   // of aid: of whom no visit says it
	Hidden   bool     `json:"hidden"`
}

// Funnel follows patients from suspicion to diagnosis, appraisal, recognition, benefits and follow-up, and through the stages
// of pneumoconiosis, as known on a day.
func Funnel(ctx context.Context, db *warehouse.DB, today time.Time, f PatientFilter) ([]Transition, []StepCount, error) {
	args := []any{
		clickhouse.Named("today", today.Format(time.DateOnly)), clickhouse.Named("start", dayOr(f.Start, "1900-01-01")),
		clickhouse.Named("end", dayOr(f.End, "2299-12-31")), clickhouse.Named("area", f.Area), clickhouse.Named("by", f.By),
	}
	var found []struct {
		Transition string    `ch:"transition"`
		Place      string    `ch:"place"`
		Durations  []float64 `ch:"durations"`
		Reached    []bool    `ch:"reached"`
		Closed     uint64    `ch:"n_closed"`
	}
	if err := db.Select(ctx, &found, "patient_transitions", args...); err != nil {
		return nil, nil, fmt.Errorf("follow the patients: %w", err)
	}
	transitions := make([]Transition, len(found))
	for i, row := range found {
		t, err := newTransition(row.Durations, row.Reached, float64(row.Closed))
		if err != nil {
			return nil, nil, fmt.Errorf("follow the patients to %s: %w", row.Transition, err)
		}
		t.Name, t.Area = row.Transition, row.Place
		transitions[i] = t
	}
	slices.SortStableFunc(transitions, func(a, b Transition) int {
		if a.Area != b.Area {
			return strings.Compare(a.Area, b.Area)
		}
		return slices.Index(transitionOrder, a.Name) - slices.Index(transitionOrder, b.Name)
	})
	var counted []struct {
		Kind     string  `ch:"kind"`
		Name     string  `ch:"name"`
		Place    string  `ch:"place"`
		Cases    float64 `ch:"n_cases"`
		Persons  float64 `ch:"n_persons"`
		Stated   float64 `ch:"n_stated"`
		Aided    float64 `ch:"n_aided"`
		NotAided float64 `ch:"n_not_aided"`
	}
	if err := db.Select(ctx, &counted, "patient_steps", args...); err != nil {
		return nil, nil, fmt.Errorf("count the patients: %w", err)
	}
	steps := make([]StepCount, len(counted))
	for i, row := range counted {
		steps[i] = StepCount{Kind: row.Kind, Name: row.Name, Area: row.Place, Cases: &row.Cases, Persons: &row.Persons}
		if row.Kind == "aid" {
			unknown := row.Persons - row.Aided - row.NotAided
			steps[i].Stated, steps[i].Aided, steps[i].NotAided, steps[i].Unknown = &row.Stated, &row.Aided, &row.NotAided, &unknown
		}
	}
	slices.SortStableFunc(steps, func(a, b StepCount) int {
		switch {
		case a.Area != b.Area:
			return strings.Compare(a.Area, b.Area)
		case a.Kind != b.Kind:
			return strings.Compare(b.Kind, a.Kind)
		case a.Kind == "step":
			return slices.Index(stepOrder, a.Name) - slices.Index(stepOrder, b.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
	if f.Public {
		hideTransitions(transitions)
		hideSteps(steps)
	}
	return transitions, steps, nil
}

// The order in which a patient's way is shown.
var (
	transitionOrder = []string{"diagnosis", "appraisal", "recognition", "benefits", "any_benefits", "follow_up", "from_stage_1", "from_stage_2"}
	stepOrder       = []string{"suspected", "diagnosed", "appraised", "recognised", "benefits", "followed", "dead", "reversed"}
)

func dayOr(t time.Time, other string) string {
	if t.IsZero() {
		return other
	}
	return t.Format(time.DateOnly)
}

// newTransition estimates one step from the days that cases have been seen.
func newTransition(durations []float64, reached []bool, closed float64) (Transition, error) {
	curve, err := stats.Survival(durations, reached)
	if err != nil {
		return Transition{}, err
	}
	var open []float64
	for i, d := range durations {
		if !reached[i] {
			open = append(open, d)
		}
	}
	slices.Sort(open)
	n, still, over := float64(len(durations))+closed, float64(len(open)), 0.0
	done := float64(len(durations)) - still
	for _, d := range open {
		if d > 90 {
			over++
		}
	}
	median, lower, upper := curve.Quantile(0.5)
	p90, _, _ := curve.Quantile(0.9)
	t := Transition{
		Kind: "transition", N: &n, Reached: &done, Open: &still, Closed: &closed,
		Median: number(median), Lower: number(lower), Upper: number(upper), P90: number(p90),
		Within30: number(curve.Reached(30)), Within90: number(curve.Reached(90)), Within180: number(curve.Reached(180)),
		Within365: number(curve.Reached(365)), Within5y: number(curve.Reached(1826)), OpenOver90: &over,
	}
	if k := len(open); k > 0 {
		t.OpenMedian, t.OpenMax = number((open[(k-1)/2]+open[k/2])/2), number(open[k-1])
	}
	return t, nil
}

// Day is a calendar day that may be unknown; in JSON "2025-05-11" or null.
type Day struct{ time.Time }

// Scan reads a day from a column of days.
func (d *Day) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*d = Day{}
	case time.Time:
		*d = Day{v}
	case *time.Time:
		*d = Day{}
		if v != nil {
			*d = Day{*v}
		}
	default:
		return fmt.Errorf("read a day from %T", value)
	}
	return nil
}

// String is 2025-05-11, or empty.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// MarshalJSON writes the day as text, or null.
func (d Day) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.String())
}

// PatientCase is one disease of one patient, by pseudonym.
type PatientCase struct {
	Person         string   `ch:"person" json:"person"`
	Case           string   `ch:"case_key" json:"case"`
	Disease        string   `ch:"disease" json:"disease"`
	DiseaseName    string   `ch:"disease_name" json:"disease_name"`
	Pneumoconiosis bool     `ch:"is_pneumoconiosis" json:"is_pneumoconiosis"`
	Stage          string   `ch:"stage" json:"stage"`
	Area           string   `ch:"area" json:"area"`
	Employer       string   `ch:"employer_key" json:"employer"`
	EmployerName   string   `ch:"employer_name" json:"employer_name"`
	Employers      []string `ch:"employers" json:"employers"` // of all cards of the case
	Suspected      Day      `ch:"suspected_date" json:"suspected"`
	Outcome        string   `ch:"suspect_outcome" json:"suspect_outcome"`
	Diagnosed      Day      `ch:"diagnosed_date" json:"diagnosed"`
	Appraised      Day      `ch:"appraised_date" json:"appraised"`
	Appraisal      string   `ch:"appraisal_result" json:"appraisal_result"`
	Recognised     Day      `ch:"recognised_date" json:"recognised"`
	Benefits       Day      `ch:"benefit_date" json:"benefits"`
	Followed       Day      `ch:"followed_date" json:"followed"`
	LastVisit      Day      `ch:"last_visit_date" json:"last_visit"`
	LastResult     string   `ch:"last_visit_result" json:"last_visit_result"`
	Died           Day      `ch:"death_date" json:"died"`
	Class          string   `ch:"aid_class" json:"aid_class"`
	ClassStated    bool     `ch:"is_class_stated" json:"is_class_stated"`
	Aided          *bool    `ch:"is_aided" json:"is_aided"`
	Grade          string   `ch:"disability_grade" json:"disability_grade"`
	Stage1         Day      `ch:"stage_1_date" json:"stage_1"`
	Stage2         Day      `ch:"stage_2_date" json:"stage_2"`
	Stage3         Day      `ch:"stage_3_date" json:"stage_3"`
	ExposureMonths *uint16  `ch:"exposure_months" json:"exposure_months"`
	Sex            string   `ch:"sex" json:"sex"`
	BirthYear      uint16   `ch:"birth_year" json:"birth_year"` // 0: not known
	Waiting        string   `ch:"waiting" json:"waiting"`       // diagnosis, recognition, benefits, follow_up, none
	WaitingSince   Day      `ch:"waiting_since" json:"waiting_since"`
	Waited         uint32   `ch:"waited" json:"waited_days"`
	Lines          []string `ch:"lines" json:"lines"` // stream:batch:row
}

// PatientRecord is one thing recorded about a person, in any stream and at any employer.
type PatientRecord struct {
	Day          Day    `ch:"day" json:"day"`
	Stream       string `ch:"stream" json:"stream"`
	What         string `ch:"what" json:"what"`
	Detail       string `ch:"detail" json:"detail"`
	Employer     string `ch:"employer_key" json:"employer"`
	EmployerName string `ch:"employer_name" json:"employer_name"`
	Line         string `ch:"line" json:"line"`
}

// PatientFile is all that is known about one patient.
type PatientFile struct {
	Person  string          `json:"person"`
	Cases   []PatientCase   `json:"cases"`
	Records []PatientRecord `json:"records"`
}

// Failures of patients' files.
var (
	// ErrUnknownPatient: no case of a person whose pseudonym begins so. Args: key.
	ErrUnknownPatient = &Error{Code: "patient.unknown", english: "there is no patient {key}"}
	// ErrManyPatients: several pseudonyms begin so. Args: key, n.
	ErrManyPatients = &Error{Code: "patient.many", english: "{key} is the beginning of {n} pseudonyms"}
)

// Patients lists cases, those that wait longest for the next step first.
func Patients(ctx context.Context, db *warehouse.DB, today time.Time, f PatientFilter) ([]PatientCase, error) {
	var cases []PatientCase
	err := db.Select(ctx, &cases, "patient_list",
		clickhouse.Named("today", today.Format(time.DateOnly)), clickhouse.Named("area", f.Area), clickhouse.Named("class", f.Class),
		clickhouse.Named("unaided", f.Unaided), clickhouse.Named("waiting", f.Waiting), clickhouse.Named("person", f.Person))
	if err != nil {
		return nil, fmt.Errorf("list the patients: %w", err)
	}
	return cases, nil
}

// Patient reads the file of the person whose pseudonym begins with key. Errors: ErrUnknownPatient, ErrManyPatients.
func Patient(ctx context.Context, db *warehouse.DB, today time.Time, key string) (PatientFile, error) {
	cases, err := Patients(ctx, db, today, PatientFilter{Person: strings.ToLower(key)})
	if err != nil {
		return PatientFile{}, err
	}
	persons := map[string]bool{}
	for _, c := range cases {
		persons[c.Person] = true
	}
	switch {
	case len(cases) == 0:
		return PatientFile{}, ErrUnknownPatient.With("key", key)
	case len(persons) > 1:
		return PatientFile{}, ErrManyPatients.With("key", key).With("n", len(persons))
	}
	file := PatientFile{Person: cases[0].Person, Cases: cases}
	err = db.Select(ctx, &file.Records, "patient_records", clickhouse.Named("person", file.Person))
	if err != nil {
		return PatientFile{}, fmt.Errorf("read the records of a patient: %w", err)
	}
	return file, nil
}

// smallCell is the largest count that readers outside the health commission must not see, 0 apart.
const smallCell = 4

// hideSmall hides counts of 1 to 4 in sums that are known to add up: in every equation the last cell is the sum of the
// others. Where one cell alone would be hidden, the smallest other count is hidden as well, so that the sum doesn't
// give it away. It returns the hidden cells.
func hideSmall(equations [][]*float64) map[*float64]bool {
	hidden := map[*float64]bool{}
	for _, cells := range equations {
		for _, c := range cells {
			if *c >= 1 && *c <= smallCell {
				hidden[c] = true
			}
		}
	}
	for again := true; again; {
		again = false
		for _, cells := range equations {
			var next *float64
			n := 0
			for _, c := range cells {
				switch {
				case hidden[c]:
					n++
				case *c > 0 && (next == nil || *c < *next):
					next = c
				}
			}
			if n == 1 && next != nil {
				hidden[next], again = true, true
			}
		}
	}
	return hidden
}

// hideTransitions hides small numbers of each transition over all its places, and the estimates that rest on few cases.
func hideTransitions(all []Transition) {
	var equations [][]*float64
	for _, name := range transitionOrder {
		var columns [4][]*float64
		var sums [4]*float64
		for i := range all {
			t := &all[i]
			if t.Name != name {
				continue
			}
			row := []*float64{t.Reached, t.Open, t.Closed, t.N}
			equations = append(equations, row)
			for k, c := range row {
				if t.Area == "" {
					sums[k] = c
				} else {
					columns[k] = append(columns[k], c)
				}
			}
		}
		equations = append(equations, closed(columns[:], sums[:])...)
	}
	hidden := hideSmall(equations)
	for i := range all {
		t := &all[i]
		few := *t.Reached <= smallCell
		for _, c := range []**float64{&t.Reached, &t.Open, &t.Closed, &t.N} {
			t.Hidden = t.Hidden || hidden[*c]
		}
		if few || t.Hidden {
			t.Median, t.Lower, t.Upper, t.P90 = nil, nil, nil, nil
			t.Within30, t.Within90, t.Within180, t.Within365, t.Within5y = nil, nil, nil, nil, nil
		}
		if t.Hidden || *t.Open <= smallCell {
			t.OpenMedian, t.OpenMax, t.OpenOver90 = nil, nil, nil
		} else {
			t.OpenMax = nil // the age of one person
			if over := *t.OpenOver90; over >= 1 && over <= smallCell || *t.Open-over >= 1 && *t.Open-over <= smallCell {
				t.OpenOver90 = nil
			}
		}
		for _, c := range []**float64{&t.Reached, &t.Open, &t.Closed, &t.N} {
			if hidden[*c] {
				*c = nil
			}
		}
	}
}

// closed are the equations that columns make with their sums, where there are columns.
func closed(columns [][]*float64, sums []*float64) [][]*float64 {
	var equations [][]*float64
	for k, column := range columns {
		if len(column) > 0 && sums[k] != nil {
			equations = append(equations, append(column, sums[k]))
		}
	}
	return equations
}

// hideSteps hides small numbers of steps and classes.
func hideSteps(all []StepCount) {
	var equations [][]*float64
	var names []string
	for _, s := range all {
		if name := s.Kind + " " + s.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		var columns [6][]*float64
		var sums [6]*float64
		for i := range all {
			s := &all[i]
			if s.Kind+" "+s.Name != name {
				continue
			}
			row := []*float64{s.Cases, s.Persons}
			if s.Kind == "aid" {
				row = append(row, s.Stated, s.Aided, s.NotAided, s.Unknown)
				rest := *s.Persons - *s.Stated
				equations = append(equations, []*float64{s.Aided, s.NotAided, s.Unknown, s.Persons}, []*float64{s.Stated, &rest, s.Persons})
			}
			for k, c := range row {
				if s.Area == "" {
					sums[k] = c
				} else {
					columns[k] = append(columns[k], c)
				}
			}
			equations = append(equations, []*float64{s.Cases}, []*float64{s.Persons})
		}
		equations = append(equations, closed(columns[:], sums[:])...)
	}
	hidden := hideSmall(equations)
	for i := range all {
		s := &all[i]
		for _, c := range []**float64{&s.Cases, &s.Persons, &s.Stated, &s.Aided, &s.NotAided, &s.Unknown} {
			if *c != nil && hidden[*c] {
				*c, s.Hidden = nil, true
			}
		}
		if s.Kind == "step" && s.Hidden { // cases and persons are nearly the same number
			s.Cases, s.Persons = nil, nil
		}
	}
}
