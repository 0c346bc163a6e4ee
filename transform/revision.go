package transform

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// Causes of revisions.
const (
	CauseLate       = "late_rows"      // rows that a batch brought since
	CauseCorrection = "corrections"    // rows that a batch corrected since
	CauseVoid       = "voids"          // rows that a batch took back since
	CauseReverted   = "reverted"       // a batch that was taken back since
	CauseDefinition = "definition"     // the definition, or a model behind it
	CauseReference  = "reference"      // a code list
	CauseDecision   = "name_decisions" // decisions on names
	CauseReadLater  = "read_later"     // the period was running and has been read on a later day
	CauseToday      = "later_day"      // a deadline or an age has passed between the two days of reading
)

// Cause is what can have changed a value. Batches touch rows of employers in the stratum of the value, in a stream that its
// indicator reads, of events up to the day on which it is read.
type Cause struct {
	Cause  string     `json:"cause"`
	Batch  uint64     `json:"batch,omitempty"`
	Stream string     `json:"stream,omitempty"`
	File   string     `json:"file,omitempty"`
	Sender string     `json:"sender,omitempty"`
	At     *time.Time `json:"at,omitempty"`   // published or taken back
	Rows   uint64     `json:"rows,omitempty"` // of the batch, in the stratum; of decisions their number
	Lists  []string   `json:"lists,omitempty"`
}

// Reading is what a value was.
type Reading struct {
	Version     string   `json:"version"`
	AsOf        string   `json:"as_of"`
	Numerator   float64  `json:"numerator"`
	Denominator *float64 `json:"denominator"`
	Value       *float64 `json:"value"`
	Status      string   `json:"status"`
}

// Revision is a value that differs from the frozen one.
type Revision struct {
	Indicator string   `json:"indicator"`
	Variant   string   `json:"variant"`
	Period    string   `json:"period"`
	Area      string   `json:"area"`
	By        string   `json:"by"`
	Before    *Reading `json:"before"` // nil: there was none
	After     *Reading `json:"after"`  // nil: there is none any more
	Causes    []Cause  `json:"causes"`

	Dim      string `json:"-"`
	DimValue string `json:"-"`
}

// revisionRow is one row of sql/queries/snapshot_diff.sql.
type revisionRow struct {
	Indicator string     `ch:"indicator"`
	Variant   string     `ch:"variant"`
	Period    string     `ch:"period"`
	Area      string     `ch:"area"`
	Dim       string     `ch:"dim"`
	DimValue  string     `ch:"dim_value"`
	Was       bool       `ch:"was"`
	Is        bool       `ch:"is_now"`
	Version1  string     `ch:"version_1"`
	Version2  string     `ch:"version_2"`
	AsOf1     *time.Time `ch:"as_of_1"`
	AsOf2     *time.Time `ch:"as_of_2"`
	N1        *float64   `ch:"n_1"`
	N2        *float64   `ch:"n_2"`
	D1        *float64   `ch:"d_1"`
	D2        *float64   `ch:"d_2"`
	Value1    *float64   `ch:"value_1"`
	Value2    *float64   `ch:"value_2"`
	Status1   string     `ch:"status_1"`
	Status2   string     `ch:"status_2"`
}

func (r revisionRow) revision() Revision {
	v := Revision{Indicator: r.Indicator, Variant: r.Variant, Period: r.Period, Area: r.Area, By: by(r.Dim, r.DimValue), Dim: r.Dim, DimValue: r.DimValue, Causes: []Cause{}}
	reading := func(version string, asOf *time.Time, n, d, value *float64, status string) *Reading {
		return &Reading{Version: version, AsOf: asOf.Format(time.DateOnly), Numerator: *n, Denominator: d, Value: value, Status: status}
	}
	if r.Was {
		v.Before = reading(r.Version1, r.AsOf1, r.N1, r.D1, r.Value1, r.Status1)
	}
	if r.Is {
		v.After = reading(r.Version2, r.AsOf2, r.N2, r.D2, r.Value2, r.Status2)
	}
	return v
}

// Revisions compares the values of a snapshot with those of another one (0: with the present values of db, which must be up to
// date) and says what can have changed each.
func Revisions(ctx context.Context, db *warehouse.DB, opt Options, number, other uint64) ([]Revision, error) {
	opt = opt.withDefaults(db)
	before, err := FindSnapshot(ctx, db, number)
	if err != nil {
		return nil, err
	}
	var after Snapshot
	if other == 0 {
		after, err = presentState(ctx, db, opt)
	} else {
		after, err = FindSnapshot(ctx, db, other)
	}
	if err != nil {
		return nil, err
	}
	text, err := templated(db, "snapshot_diff", map[string]any{"Other": other != 0})
	if err != nil {
		return nil, err
	}
	rows, err := db.QuerySQL(ctx, text, clickhouse.Named("snapshot", number), clickhouse.Named("other", other))
	if err != nil {
		return nil, fmt.Errorf("compare snapshot %d: %w", number, err)
	}
	defer rows.Close()
	var revisions []Revision
	for rows.Next() {
		var r revisionRow
		if err := rows.ScanStruct(&r); err != nil {
			return nil, fmt.Errorf("compare snapshot %d: %w", number, err)
		}
		revisions = append(revisions, r.revision())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("compare snapshot %d: %w", number, err)
	}
	if len(revisions) == 0 {
		return nil, nil
	}
	c, err := newCauses(ctx, db, opt, before, after)
	if err != nil {
		return nil, err
	}
	for i := range revisions {
		revisions[i].Causes = c.of(revisions[i])
	}
	return revisions, nil
}

// touched is how many rows of a batch belong to employers of a stratum.
type touched struct {
	Batch    uint64 `ch:"batch"`
	Op       string `ch:"op"`
	Dim      string `ch:"dim"`
	DimValue string `ch:"dim_value"`
	Rows     uint64 `ch:"n"`
}

// batchFacts are what a cause tells of a batch.
type batchFacts struct {
	Batch  uint64     `ch:"batch"`
	Stream string     `ch:"stream"`
	File   string     `ch:"file"`
	Sender string     `ch:"sender"`
	At     time.Time  `ch:"at"`
	First  *time.Time `ch:"first_event"` // first day of what its rows tell; nil: they have none
}

// causes finds the causes of revisions between two states of knowledge.
type causes struct {
	before, after Snapshot
	indicators    map[string]*indicatorSources
	batches       map[uint64]batchFacts
	gone          map[uint64]bool
	touched       map[stratumKey][]touched
	lists         []string // code lists that differ
	decisions     uint64
}

// stratumKey names a stratum of a dimension.
type stratumKey struct{ dim, value string }

// indicatorSources are the tables behind an indicator.
type indicatorSources struct {
	streams map[string]bool
	lists   map[string]bool
	today   bool // something reads the day of evaluation
}

func newCauses(ctx context.Context, db *warehouse.DB, opt Options, before, after Snapshot) (*causes, error) {
	c := &causes{
		before: before, after: after, batches: map[uint64]batchFacts{}, gone: map[uint64]bool{}, touched: map[stratumKey][]touched{},
		lists: changedKeys(before.References, after.References),
	}
	if after.Decisions > before.Decisions {
		c.decisions = after.Decisions - before.Decisions
	}
	var err error
	if c.indicators, err = allSources(opt); err != nil {
		return nil, err
	}
	var changed []uint64
	for _, batch := range after.Batches {
		if _, found := slices.BinarySearch(before.Batches, batch); !found {
			changed = append(changed, batch)
		}
	}
	for _, batch := range before.Batches {
		if _, found := slices.BinarySearch(after.Batches, batch); !found {
			changed, c.gone[batch] = append(changed, batch), true
		}
	}
	if len(changed) == 0 {
		return c, nil
	}
	var facts []batchFacts
	if err := db.Select(ctx, &facts, "snapshot_batches", clickhouse.Named("batches", changed)); err != nil {
		return nil, err
	}
	streams := map[string]bool{}
	for _, f := range facts {
		c.batches[f.Batch] = f
		streams[f.Stream] = true
	}
	var keys []struct {
		Table string   `ch:"table"`
		Names []string `ch:"names"`
	}
	if err := db.Select(ctx, &keys, "snapshot_keys"); err != nil {
		return nil, err
	}
	for _, k := range keys {
		if !streams[strings.TrimPrefix(k.Table, "raw_")] {
			continue
		}
		text, err := templated(db, "snapshot_touched", map[string]any{
			"Table": k.Table, "HasEmployer": slices.Contains(k.Names, "employer_key"), "HasUsing": slices.Contains(k.Names, "using_key"),
		})
		if err != nil {
			return nil, err
		}
		rows, err := db.QuerySQL(ctx, text, clickhouse.Named("batches", changed), clickhouse.Named("city", opt.City))
		if err != nil {
			return nil, fmt.Errorf("find the causes: %w", err)
		}
		for rows.Next() {
			var t touched
			if err := rows.ScanStruct(&t); err != nil {
				rows.Close()
				return nil, fmt.Errorf("find the causes: %w", err)
			}
			key := stratumKey{t.Dim, t.DimValue}
			c.touched[key] = append(c.touched[key], t)
		}
		if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("find the causes: %w", err)
		}
	}
	return c, nil
}

// allSources finds the streams and code lists behind every indicator.
func allSources(opt Options) (map[string]*indicatorSources, error) {
	indicators, err := LoadIndicators(opt.Files)
	if err != nil {
		return nil, err
	}
	models, err := LoadModels(opt.Files)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*indicatorSources, len(indicators))
	for _, i := range indicators {
		s := &indicatorSources{streams: map[string]bool{}, lists: map[string]bool{}, today: slices.Contains(parameters(i.Body), "today")}
		reached := reachedModels(append(identifiers(i.Body), employerModel), slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return slices.Contains(structural, m.Name) }))
		for _, m := range models {
			if !reached[m.Name] || slices.Contains(structural, m.Name) {
				continue
			}
			s.today = s.today || slices.Contains(m.Parameters, "today")
			for _, source := range m.Sources {
				if stream, ok := strings.CutPrefix(source, "raw_"); ok {
					s.streams[stream] = true
				}
				if list, ok := strings.CutPrefix(source, "ref_"); ok {
					s.lists[list] = true
				}
			}
		}
		all[i.ID] = s
	}
	return all, nil
}

// of returns the causes of one revision: what is decided first, then batches by number.
func (c *causes) of(r Revision) []Cause {
	found := []Cause{}
	sources := c.indicators[r.Indicator]
	if sources == nil || c.before.Definitions[r.Indicator] != c.after.Definitions[r.Indicator] {
		found = append(found, Cause{Cause: CauseDefinition})
	}
	if sources == nil {
		return found
	}
	lists := slices.DeleteFunc(slices.Clone(c.lists), func(list string) bool { return !sources.lists[list] })
	if len(lists) > 0 {
		found = append(found, Cause{Cause: CauseReference, Lists: lists})
	}
	if c.decisions > 0 {
		found = append(found, Cause{Cause: CauseDecision, Rows: c.decisions})
	}
	switch {
	case r.Before != nil && r.After != nil && r.Before.AsOf != r.After.AsOf:
		found = append(found, Cause{Cause: CauseReadLater})
	case sources.today && !c.before.ReadOn.Equal(c.after.ReadOn):
		found = append(found, Cause{Cause: CauseToday})
	}
	readOn := ""
	if r.After != nil {
		readOn = r.After.AsOf
	} else if r.Before != nil {
		readOn = r.Before.AsOf
	}
	key := stratumKey{r.Dim, r.DimValue}
	if r.Dim == DimInstitution { // rows are placed by employer
		key = stratumKey{}
	}
	byBatch := map[uint64]map[string]uint64{}
	for _, t := range slices.Concat(c.touched[key], c.touched[stratumKey{"any", ""}]) {
		b, known := c.batches[t.Batch]
		if !known || !sources.streams[b.Stream] || b.First != nil && b.First.Format(time.DateOnly) > readOn {
			continue
		}
		cause := map[string]string{"load": CauseLate, "correct": CauseCorrection, "void": CauseVoid}[t.Op]
		if c.gone[t.Batch] {
			cause = CauseReverted
		}
		if byBatch[t.Batch] == nil {
			byBatch[t.Batch] = map[string]uint64{}
		}
		byBatch[t.Batch][cause] += t.Rows
	}
	for _, batch := range slices.Sorted(maps.Keys(byBatch)) {
		b := c.batches[batch]
		for _, cause := range slices.Sorted(maps.Keys(byBatch[batch])) {
			found = append(found, Cause{Cause: cause, Batch: batch, Stream: b.Stream, File: b.File, Sender: b.Sender, At: &b.At, Rows: byBatch[batch][cause]})
		}
	}
	return found
}
