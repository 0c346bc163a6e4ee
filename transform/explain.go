package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// Explanation leads from the values of one reading of an indicator, in one period and one dimension, to the rows that
// they count.
type Explanation struct {
	Indicator Indicator
	Variant   Variant
	Grain     Title    // what one row is; empty where the rows are those of a flow
	Files     []SQL    // the definition and, of a reading of a state, the query of its rows
	Streams   []string // rows of these can change the values, sorted
	Finding   []string // rows of these can only by bringing up an employer that nobody knows, sorted
	From, To  time.Time
	InPeriod  bool // rows count that lie in the period, not only what holds on its last day

	db       *warehouse.DB
	values   map[string]string
	body     string
	dim      string
	dimValue string // empty: all
}

// SQL is the text of one file.
type SQL struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// RowSum is what the rows of one value add up to.
type RowSum struct {
	DimValue    string   `ch:"dim_value"`
	Rows        uint64   `ch:"n_rows"`
	Numerator   float64  `ch:"numerator"`
	Denominator *float64 `ch:"denominator"` // nil for plain counts
	Missing     float64  `ch:"missing"`
}

// Equals reports whether the rows add up to a value, to the last digit that values are kept with.
func (s RowSum) Equals(v Value) bool {
	same := func(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(1, math.Abs(b)) }
	var denominator float64
	if s.Denominator != nil {
		denominator = *s.Denominator
	}
	return same(s.Numerator, v.Numerator) && (v.Denominator == nil || same(denominator, *v.Denominator)) && same(s.Missing, v.Missing)
}

// structural are models that place values in time; what they read says nothing of what is counted.
var structural = []string{"dim_cell", "dim_day", "dim_period", "dim_reading"}

// employerModel lists the employers, those that only an exam, a detection report or a declaration names included.
const employerModel = "dim_employer"

// Explain finds out what the values rest on; they must be of one indicator, reading, period and dimension, as Values
// returns them, and there must be one. Definitions are those of opt.Files.
//
// Errors: ErrNoRows for a reading of a state without a file in sql/explain.
func Explain(ctx context.Context, db *warehouse.DB, opt Options, values []Value) (*Explanation, error) {
	opt = opt.withDefaults(db)
	v := values[0]
	indicators, err := LoadIndicators(opt.Files)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(indicators, func(i Indicator) bool { return i.ID == v.Indicator })
	if at < 0 {
		return nil, ErrUnknownModel.With("name", v.Indicator)
	}
	e := &Explanation{Indicator: indicators[at], db: db, dim: v.Dim}
	e.Variant = e.Indicator.Variants[slices.IndexFunc(e.Indicator.Variants, func(r Variant) bool { return r.Name == v.Variant })]
	if len(values) == 1 {
		e.dimValue = v.DimValue
	}
	e.Files = []SQL{{Path: "sql/" + e.Indicator.Path, Text: e.Indicator.Body}}
	e.body = e.Indicator.Body
	if e.Indicator.Flow == "" {
		file, err := explainFile(opt.Files, e.Indicator.ID)
		if err != nil {
			return nil, err
		}
		if e.Grain, err = parseTitle(file.Header["title"]); err != nil {
			return nil, fmt.Errorf("%s: title: %w", file.Path, err)
		}
		e.Files, e.body = append(e.Files, SQL{Path: "sql/" + file.Path, Text: file.Body}), file.Body
	}
	if err := e.findStreams(opt.Files); err != nil {
		return nil, err
	}
	p, err := period.Parse(v.Period)
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", v.Indicator, err)
	}
	e.From, e.To = p.Start, v.AsOfDate
	e.InPeriod = e.Indicator.Flow != "" || slices.Contains(parameters(e.body), "from")
	var today time.Time
	if err := db.Row(ctx, "explain_today", []any{&today}); err != nil {
		return nil, err
	}
	e.values = map[string]string{
		"indicator": v.Indicator, "variant": v.Variant, "period": v.Period, "dim": e.dim, "dim_value": e.dimValue,
		"from": e.From.Format(time.DateOnly), "to": e.To.Format(time.DateOnly), "city": opt.City, "today": today.Format(time.DateOnly),
	}
	maps.Copy(e.values, opt.Dose.values())
	return e, nil
}

func explainFile(files fs.FS, id string) (ohsql.File, error) {
	all, err := ohsql.LoadFS(files, "explain")
	if err != nil {
		return ohsql.File{}, err
	}
	at := slices.IndexFunc(all, func(f ohsql.File) bool { return f.Header["id"] == id })
	if at < 0 {
		return ohsql.File{}, ErrNoRows.With("indicator", id)
	}
	return all[at], nil
}

// findStreams reads off the SQL whose rows can change the values.
func (e *Explanation) findStreams(files fs.FS) error {
	models, err := LoadModels(files)
	if err != nil {
		return err
	}
	byName := make(map[string]Model, len(models))
	for _, m := range models {
		byName[m.Name] = m
	}
	reach := func(from []string) []string {
		seen, found := map[string]bool{}, []string{}
		var visit func(name string)
		visit = func(name string) {
			m, known := byName[name]
			if seen[name] || !known || slices.Contains(structural, name) {
				return
			}
			seen[name] = true
			if name == employerModel {
				found = append(found, "employer")
				return
			}
			for _, source := range m.Sources {
				if stream, ok := strings.CutPrefix(source, "raw_"); ok {
					found = append(found, stream)
				}
			}
			for _, input := range m.Models {
				visit(input)
			}
		}
		for _, name := range from {
			visit(name)
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	e.Streams = reach(append(identifiers(e.Indicator.Body+"\n"+e.body), employerModel))
	e.Finding = slices.DeleteFunc(reach(byName[employerModel].Models), func(s string) bool { return slices.Contains(e.Streams, s) })
	return nil
}

// Sums adds up the rows of each value, sorted by its stratum. A value without rows has no sum.
func (e *Explanation) Sums(ctx context.Context) ([]RowSum, error) {
	rows, err := e.query(ctx, map[string]any{"Sums": true})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var sums []RowSum
	for rows.Next() {
		var s RowSum
		if err := rows.ScanStruct(&s); err != nil {
			return nil, fmt.Errorf("explain %s: %w", e.Indicator.ID, err)
		}
		sums = append(sums, s)
	}
	return sums, errors.Join(rows.Err(), rows.Close())
}

// Rows returns the rows behind the values, by area and then by numerator, at most limit of them (0: all): indicator,
// variant, period, area, by, employer_key, employer_name, entity, numerator, denominator, missing, value (of a quantile what
// the row tells), lines and roster. Lines are tuples of stream, batch, file, sheet and row or, as text, all of these in one. The caller must close them.
func (e *Explanation) Rows(ctx context.Context, limit int, asText bool) (driver.Rows, error) {
	return e.query(ctx, map[string]any{"AsText": asText, "Limit": limit})
}

func (e *Explanation) query(ctx context.Context, fields map[string]any) (driver.Rows, error) {
	_, isQuantile := e.Indicator.levels()[e.Variant.Name]
	all := map[string]any{
		"Body": e.body, "Flow": string(e.Indicator.Flow), "HasLines": slices.Contains(identifiers(e.body), "lines"),
		"Placed": e.Indicator.IsPlaced, "Institution": slices.Contains(e.Indicator.Strata, DimInstitution), "Quantile": isQuantile,
		"Sums": false, "AsText": false, "Limit": 0,
	}
	for name, value := range fields {
		all[name] = value
	}
	text, err := templated(e.db, "explain_units", all)
	if err != nil {
		return nil, err
	}
	limited := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_memory_usage": DefaultMemory, "max_bytes_before_external_sort": DefaultMemory / 4, "max_bytes_before_external_group_by": DefaultMemory / 4,
	}))
	rows, err := e.db.QuerySQL(limited, text, bind(text, e.values)...)
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", e.Indicator.ID, err)
	}
	return rows, nil
}

// Batches returns the batches that count in the values, ascending.
func (e *Explanation) Batches(ctx context.Context) ([]uint64, error) {
	var batches []uint64
	if err := e.db.Row(ctx, "explain_batches", []any{&batches}); err != nil {
		return nil, err
	}
	return batches, nil
}

// Strata returns the stratum in the dimension of the values of each of the employers that is known.
func (e *Explanation) Strata(ctx context.Context, employers []string) (map[string]string, error) {
	var found []struct {
		Employer string `ch:"employer_key"`
		DimValue string `ch:"dim_value"`
	}
	err := e.db.Select(ctx, &found, "explain_strata", clickhouse.Named("dim", e.dim), clickhouse.Named("keys", employers))
	strata := make(map[string]string, len(found))
	for _, f := range found {
		strata[f.Employer] = f.DimValue
	}
	return strata, err
}
