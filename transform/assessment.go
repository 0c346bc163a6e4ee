package transform

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/goccy/go-yaml"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// Kinds of units that are assessed.
const (
	UnitTownship   = "township"
	UnitDepartment = "department"
)

// events in the life of an assessment.
const (
	assessmentComputed = "computed"
	assessmentLocked   = "locked"
	assessmentAppealed = "appealed"
	assessmentAnswered = "answered"
)

// Assessment is a result with its life.
type Assessment struct {
	Assessment     uint64            `json:"assessment"`
	At             time.Time         `json:"at"` // computed
	Scheme         string            `json:"scheme"`
	Version        string            `json:"version"`
	Period         string            `json:"period"`
	Snapshot       uint64            `json:"snapshot"`
	SnapshotSHA256 string            `json:"snapshot_sha256"`
	ResultSHA256   string            `json:"result_sha256"`
	LockedAt       *time.Time        `json:"locked_at"` // nil: a draft
	LockedBy       string            `json:"locked_by"`
	Replaces       uint64            `json:"replaces,omitempty"`    // the locked one in whose place it was locked
	ReplacedBy     uint64            `json:"replaced_by,omitempty"` // the one that was locked in its place
	AppealUntil    *time.Time        `json:"appeal_until"`
	Appeals        []AssessmentEvent `json:"appeals"` // with their answers, oldest first
	By             string            `json:"by"`

	scheme Scheme // as it was when the result was computed
}

// AssessmentEvent is one row of ops_assessment.
type AssessmentEvent struct {
	Assessment     uint64     `ch:"assessment" json:"-"`
	At             time.Time  `ch:"at" json:"at"`
	Event          string     `ch:"event" json:"event"`
	Scheme         string     `ch:"scheme" json:"-"`
	Version        string     `ch:"version" json:"-"`
	SchemeText     string     `ch:"scheme_text" json:"-"`
	Period         string     `ch:"period" json:"-"`
	Snapshot       uint64     `ch:"snapshot" json:"-"`
	SnapshotSHA256 string     `ch:"snapshot_sha256" json:"-"`
	ResultSHA256   string     `ch:"result_sha256" json:"-"`
	Replaces       uint64     `ch:"replaces" json:"-"`
	AppealUntil    *time.Time `ch:"appeal_until" json:"-"`
	Unit           string     `ch:"unit" json:"unit"`
	Item           string     `ch:"item" json:"item"`
	Text           string     `ch:"text" json:"text"`
	By             string     `ch:"by" json:"by"`
}

// Indicators are the indicators that the scheme scores by, each once.
func (s Scheme) Indicators() []string {
	var ids []string
	for _, u := range append([]SchemeUnit{s.Townships}, s.Departments...) {
		for _, item := range u.Items {
			ids = append(ids, item.Indicator)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Assess scores the values of a snapshot by a scheme and stores the result as a draft. The townships are those of db.
func Assess(ctx context.Context, db *warehouse.DB, opt Options, scheme Scheme, p period.Period, snapshot Snapshot) (Assessment, []ScoreItem, error) {
	opt = opt.withDefaults(db)
	var a Assessment
	unlock, err := lock(ctx, db)
	if err != nil {
		return a, nil, err
	}
	defer unlock()
	type valueKey struct{ indicator, variant, area string }
	values := map[valueKey]*Value{}
	err = SnapshotValues(ctx, db, snapshot.Snapshot, func(v Value) error {
		if v.Period == p.String() && (v.Dim == "" || v.Dim == "township") {
			values[valueKey{v.Indicator, v.Variant, v.Area}] = &v
		}
		return nil
	})
	if err != nil {
		return a, nil, err
	}
	var townships []struct {
		Code   string `ch:"code"`
		NameZh string `ch:"name_zh"`
		NameEn string `ch:"name_en"`
	}
	if err := db.Select(ctx, &townships, "assessment_townships"); err != nil {
		return a, nil, err
	}
	if err := db.Row(ctx, "assessment_next", []any{&a.Assessment}); err != nil {
		return a, nil, err
	}
	var items []ScoreItem
	add := func(kind, unit, zh, en, area string, item SchemeItem) {
		s := item.score(values[valueKey{item.Indicator, item.Variant, area}], p.Start.Year(), scheme.LeastDenominator)
		s.Assessment, s.UnitKind, s.Unit, s.NameZh, s.NameEn, s.Area = a.Assessment, kind, unit, zh, en, area
		items = append(items, s)
	}
	for _, t := range townships {
		for _, item := range scheme.Townships.Items {
			add(UnitTownship, t.Code, t.NameZh, t.NameEn, t.Code, item)
		}
	}
	for _, d := range scheme.Departments {
		for _, item := range d.Items {
			add(UnitDepartment, d.Code, d.Zh, d.En, opt.City, item)
		}
	}
	arrangeItems(items)
	if err := storeItems(ctx, db, items); err != nil {
		return a, nil, err
	}
	e := AssessmentEvent{
		Assessment: a.Assessment, At: opt.Now().UTC().Truncate(time.Millisecond), Event: assessmentComputed, Scheme: scheme.ID, Version: scheme.Version,
		SchemeText: scheme.Text, Period: p.String(), Snapshot: snapshot.Snapshot, SnapshotSHA256: snapshot.SHA256, By: opt.By,
	}
	e.ResultSHA256 = resultHash(e, items)
	if err := e.store(ctx, db); err != nil {
		return a, nil, err
	}
	a, err = FindAssessment(ctx, db, a.Assessment)
	return a, items, err
}

// arrangeItems puts items in the order of the canonical bytes: townships, then departments, by code and item.
func arrangeItems(items []ScoreItem) {
	slices.SortFunc(items, func(x, y ScoreItem) int {
		return cmp.Or(-cmp.Compare(x.UnitKind, y.UnitKind), cmp.Compare(x.Unit, y.Unit), cmp.Compare(x.Item, y.Item))
	})
}

// resultHash is the SHA-256 of what a locked result rests on: the scheme, the snapshot and every item.
func resultHash(e AssessmentEvent, items []ScoreItem) string {
	h := sha256.New()
	scheme := sha256.Sum256([]byte(e.SchemeText))
	fmt.Fprintf(h, "%s\t%s\t%s\t%s\t%d\t%s\n", e.Scheme, e.Version, hex.EncodeToString(scheme[:]), e.Period, e.Snapshot, e.SnapshotSHA256)
	for _, item := range items {
		fmt.Fprintln(h, item.canonical())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Assessments returns all assessments, the newest first.
func Assessments(ctx context.Context, db *warehouse.DB) ([]Assessment, error) {
	var events []AssessmentEvent
	if err := db.Select(ctx, &events, "assessment_events", clickhouse.Named("assessment", uint64(0))); err != nil {
		return nil, err
	}
	var all []Assessment
	at := map[uint64]int{}
	for _, e := range events {
		e.At = e.At.UTC()
		i, known := at[e.Assessment]
		switch {
		case e.Event == assessmentComputed:
			at[e.Assessment] = len(all)
			all = append(all, Assessment{
				Assessment: e.Assessment, At: e.At, Scheme: e.Scheme, Version: e.Version, Period: e.Period, Snapshot: e.Snapshot,
				SnapshotSHA256: e.SnapshotSHA256, ResultSHA256: e.ResultSHA256, By: e.By, Appeals: []AssessmentEvent{},
				scheme: Scheme{ID: e.Scheme, Text: e.SchemeText},
			})
		case !known:
		case e.Event == assessmentLocked:
			when := e.At
			all[i].LockedAt, all[i].LockedBy, all[i].Replaces, all[i].AppealUntil = &when, e.By, e.Replaces, e.AppealUntil
		default:
			all[i].Appeals = append(all[i].Appeals, e)
		}
	}
	for _, a := range all {
		if i, ok := at[a.Replaces]; ok && a.Replaces != 0 {
			all[i].ReplacedBy = a.Assessment
		}
	}
	slices.Reverse(all)
	return all, nil
}

// FindAssessment returns one assessment, or ErrNoAssessment.
func FindAssessment(ctx context.Context, db *warehouse.DB, number uint64) (Assessment, error) {
	all, err := Assessments(ctx, db)
	if err != nil {
		return Assessment{}, err
	}
	at := slices.IndexFunc(all, func(a Assessment) bool { return a.Assessment == number })
	if at < 0 {
		return Assessment{}, ErrNoAssessment.With("assessment", strconv.FormatUint(number, 10))
	}
	return all[at], nil
}

// Items returns what each unit got by each indicator, townships first.
func (a Assessment) Items(ctx context.Context, db *warehouse.DB) ([]ScoreItem, error) {
	var items []ScoreItem
	err := db.Select(ctx, &items, "assessment_items", clickhouse.Named("assessment", a.Assessment))
	arrangeItems(items)
	return items, err
}

// StoredScheme is the scheme by which the result was computed, as its file was then.
func (a Assessment) StoredScheme() (Scheme, error) {
	s := a.scheme
	if err := yaml.Unmarshal([]byte(s.Text), &s); err != nil {
		return s, fmt.Errorf("read the scheme of assessment %d: %w", a.Assessment, err)
	}
	return s, nil
}

// Intact reports whether the items, the scheme and the snapshot are those of which the result's hash was taken.
func (a Assessment) Intact(items []ScoreItem, snapshots []Verification) bool {
	e := AssessmentEvent{
		Scheme: a.Scheme, Version: a.Version, SchemeText: a.scheme.Text, Period: a.Period, Snapshot: a.Snapshot, SnapshotSHA256: a.SnapshotSHA256,
	}
	snapshot := slices.ContainsFunc(snapshots, func(v Verification) bool { return v.Snapshot == a.Snapshot && v.Values && v.Header })
	return snapshot && resultHash(e, items) == a.ResultSHA256
}

// Lock makes a draft the result. A locked one of the same scheme and period stays as it is; another can only be locked in its
// place, which needs its number and the reason.
//
// Errors: ErrAssessmentLocked when it is locked already, ErrAssessmentTaken when another one is and replaces does not name
// it, ErrNotIntact when the result is not what was computed.
func (a Assessment) Lock(ctx context.Context, db *warehouse.DB, opt Options, replaces uint64, reason string) error {
	opt = opt.withDefaults(db)
	scheme, err := a.StoredScheme()
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, db)
	if err != nil {
		return err
	}
	defer unlock()
	all, err := Assessments(ctx, db)
	if err != nil {
		return err
	}
	for _, other := range all {
		switch {
		case other.LockedAt == nil:
		case other.Assessment == a.Assessment:
			return ErrAssessmentLocked.With("assessment", a.Assessment)
		case other.Scheme == a.Scheme && other.Period == a.Period && other.ReplacedBy == 0 && other.Assessment != replaces:
			return ErrAssessmentTaken.With("assessment", other.Assessment)
		}
	}
	if replaces != 0 && !slices.ContainsFunc(all, func(o Assessment) bool {
		return o.Assessment == replaces && o.LockedAt != nil && o.ReplacedBy == 0 && o.Scheme == a.Scheme && o.Period == a.Period
	}) {
		return ErrNoAssessment.With("assessment", replaces)
	}
	items, err := a.Items(ctx, db)
	if err != nil {
		return err
	}
	snapshots, err := VerifySnapshots(ctx, db)
	if err != nil {
		return err
	}
	if !a.Intact(items, snapshots) {
		return ErrNotIntact.With("assessment", a.Assessment)
	}
	now := opt.Now().UTC().Truncate(time.Millisecond)
	until := EndOfDay(period.Today(func() time.Time { return now }, period.Shanghai()).AddDate(0, 0, scheme.AppealDays)).UTC()
	return AssessmentEvent{
		Assessment: a.Assessment, At: now, Event: assessmentLocked, Scheme: a.Scheme, Version: a.Version, Period: a.Period, Snapshot: a.Snapshot,
		SnapshotSHA256: a.SnapshotSHA256, ResultSHA256: a.ResultSHA256, Replaces: replaces, AppealUntil: &until, Text: reason, By: opt.By,
	}.store(ctx, db)
}

// Appeal appends an appeal of a unit, or an answer to it.
//
// Errors: ErrNotLocked for a draft, ErrAppealLate for an appeal after the days for it, ErrNoUnit for a unit or item that
// was not assessed.
func (a Assessment) Appeal(ctx context.Context, db *warehouse.DB, opt Options, unit, item, text string, isAnswer bool) error {
	opt = opt.withDefaults(db)
	now := opt.Now().UTC().Truncate(time.Millisecond)
	switch {
	case a.LockedAt == nil:
		return ErrNotLocked.With("assessment", a.Assessment)
	case !isAnswer && a.AppealUntil != nil && now.After(*a.AppealUntil):
		return ErrAppealLate.With("until", a.AppealUntil.In(period.Shanghai()).Format(time.DateOnly))
	}
	items, err := a.Items(ctx, db)
	if err != nil {
		return err
	}
	found := ""
	for _, i := range items {
		if i.Unit == unit && (item == "" || i.Item == item || i.Indicator == item) {
			found = i.Item
			break
		}
	}
	if found == "" {
		return ErrNoUnit.With("unit", unit).With("item", item)
	}
	if item != "" {
		item = found
	}
	event := assessmentAppealed
	if isAnswer {
		event = assessmentAnswered
	}
	return AssessmentEvent{
		Assessment: a.Assessment, At: now, Event: event, Scheme: a.Scheme, Version: a.Version, Period: a.Period, Snapshot: a.Snapshot,
		SnapshotSHA256: a.SnapshotSHA256, ResultSHA256: a.ResultSHA256, Unit: unit, Item: item, Text: text, By: opt.By,
	}.store(ctx, db)
}

// store appends the event.
func (e AssessmentEvent) store(ctx context.Context, db *warehouse.DB) error {
	return appendRows(ctx, db, "ops_assessment", []string{
		"assessment", "at", "event", "scheme", "version", "scheme_text", "period", "snapshot", "snapshot_sha256", "result_sha256", "replaces",
		"appeal_until", "unit", "item", "text", "by",
	}, [][]any{{
		e.Assessment, e.At, e.Event, e.Scheme, e.Version, e.SchemeText, e.Period, e.Snapshot, e.SnapshotSHA256, e.ResultSHA256, e.Replaces,
		e.AppealUntil, e.Unit, e.Item, e.Text, e.By,
	}})
}

func storeItems(ctx context.Context, db *warehouse.DB, items []ScoreItem) error {
	rows := make([][]any, len(items))
	for i, s := range items {
		rows[i] = []any{
			s.Assessment, s.UnitKind, s.Unit, s.NameZh, s.NameEn, s.Item, s.Indicator, s.Variant, s.Area, s.Rule, s.Weight, s.FullAt, s.ZeroAt,
			s.Numerator, s.Denominator, s.Value, s.Counted, s.State, s.Points, s.OneMore,
		}
	}
	return appendRows(ctx, db, "ops_assessment_item", []string{
		"assessment", "unit_kind", "unit", "name_zh", "name_en", "item", "indicator", "variant", "area", "rule", "weight", "full_at", "zero_at",
		"numerator", "denominator", "value", "counted", "state", "points", "one_more",
	}, rows)
}

// appendRows appends a few rows to a table.
func appendRows(ctx context.Context, db *warehouse.DB, table string, columns []string, rows [][]any) error {
	a, err := db.Append(ctx, table, columns)
	if err != nil {
		return err
	}
	defer a.Close()
	for _, row := range rows {
		for i, value := range row {
			if err := a.Column(i).AppendRow(value); err != nil {
				return fmt.Errorf("append to %s: column %s: %w", table, columns[i], err)
			}
		}
	}
	return a.Send()
}
