package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// indicatorColumns are the columns of ind_value in the order in which they are written.
var indicatorColumns = []string{
	"indicator", "version", "variant", "period_kind", "period", "as_of_date", "area", "dim", "dim_value",
	"numerator", "denominator", "value", "lower", "upper", "target", "gap", "missing", "status", "computed_at",
}

const (
	valueTable   = "ind_value"
	catalogTable = "ind_catalog"
)

// buildIndicators computes the values of those indicators anew whose definition or inputs have changed, of some of them only in
// the periods that the changed rows touch, and writes the catalogue. The other values stay what they are. contents and before stand
// for what models hold and held.
func buildIndicators(ctx context.Context, s *stage, opt Options, indicators []Indicator, contents, before map[string]string, result *Result) error {
	start := time.Now()
	values := opt.values()
	gone := map[string]string{} // indicators in use with their signatures
	if err := readSignatures(ctx, s.live, gone, "transform_indicator_signatures"); err != nil {
		return err
	}
	signatures := make(map[string]string, len(indicators))
	var stale []recount
	for _, i := range indicators {
		signature, err := i.signature(s.live, contents, values)
		if err != nil {
			return err
		}
		signatures[i.ID] = signature
		if gone[i.ID] != signature || opt.Full {
			earlier, err := i.signature(s.live, before, values)
			if err != nil {
				return err
			}
			stale = append(stale, recount{Indicator: i, knows: earlier == gone[i.ID] && !opt.Full})
		}
		delete(gone, i.ID)
	}
	if len(stale)+len(gone) == 0 {
		result.add(opt, Step{Name: valueTable})
		return nil
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	made := valueTable + aside
	g, err := readGrid(ctx, s)
	if err != nil {
		return err
	}
	step := Step{Name: valueTable, Built: true}
	if !opt.Full && !s.live.IsCluster() {
		if err := s.planRecounts(ctx, stale, g, contents, before, opt); err != nil {
			return err
		}
		step.Part = len(stale) < len(indicators) || slices.ContainsFunc(stale, func(r recount) bool { return r.only != nil })
	}
	out := slices.Collect(maps.Keys(gone)) // indicators whose values have changed
	if step.Part {
		wholly := slices.Clone(out) // indicators of which no value stays
		for _, r := range stale {
			out = append(out, r.ID)
			if r.only == nil {
				wholly = append(wholly, r.ID)
			}
		}
		err = execTemplate(ctx, s.work, "transform_clone", map[string]any{"Aside": made, "Database": s.live.Database(), "Table": valueTable})
		if err == nil {
			err = execTemplate(ctx, s.work, "transform_indicators_forget", map[string]any{
				"Table": made, "Database": s.work.Database(), "Periods": periodTable,
			}, clickhouse.Named("indicators", wholly))
		}
	} else {
		stale = stale[:0]
		for _, i := range indicators {
			stale = append(stale, recount{Indicator: i})
		}
		err = execTemplate(ctx, s.work, "transform_like", map[string]any{"Aside": made, "Database": s.live.Database(), "Table": valueTable})
	}
	if err != nil {
		return err
	}
	if step.Changed, err = s.compute(ctx, made, stale, g, opt); err != nil {
		return err
	}
	err = execTemplate(ctx, s.work, "transform_like", map[string]any{"Aside": catalogTable + aside, "Database": s.live.Database(), "Table": catalogTable})
	if err == nil {
		_, err = s.fill(ctx, catalogTable+aside, catalogColumns, func(a *warehouse.Appender) error {
			return appendCatalog(a, indicators, signatures)
		})
	}
	if err != nil {
		return err
	}
	s.put(valueTable)
	s.put(catalogTable)
	s.unknown[valueTable] = !step.Part
	if step.Part {
		table := valueTable + "__changed"
		if err := execTemplate(ctx, s.work, "transform_indicators_changed", map[string]any{"Table": table, "From": made, "Indicators": out}); err != nil {
			return err
		}
		s.changes[valueTable] = table
	}
	step.Rows, err = count(ctx, s.work, made)
	step.Seconds = time.Since(start).Seconds()
	result.add(opt, step)
	return err
}

// signature says of what the values of the indicator are made: its text, the values bound in it, and the contents of
// what it reads.
func (i Indicator) signature(db *warehouse.DB, contents, values map[string]string) (string, error) {
	body, err := i.cells(db, "")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x1f%s\x1f%s", i.Version, body, i.Body)
	for _, name := range append(identifiers(body), cellModel) {
		if content, ok := contents[name]; ok {
			fmt.Fprintf(h, "\x1f%s=%s", name, content)
		}
	}
	for _, name := range parameters(body) {
		fmt.Fprintf(h, "\x1f{%s}=%s", name, values[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}

// compute computes the values of indicators, several at a time, and writes them to a table of the stage.
func (s *stage) compute(ctx context.Context, table string, indicators []recount, g *grid, opt Options) (written uint64, err error) {
	for _, i := range indicators {
		body, err := i.cells(s.live, "")
		if err == nil {
			_, err = s.queryable(ctx, body)
		}
		if err != nil {
			return 0, err
		}
	}
	blocks, err := s.work.Blocks(ctx, table, indicatorColumns)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, blocks.Close()) }()
	var sending sync.Mutex
	one := func(ctx context.Context, k int) error {
		i, start := indicators[k], time.Now()
		if i.only != nil && len(i.only) == 0 {
			return nil // nothing changed in any period
		}
		c, err := readCells(ctx, s.work, i, g, opt)
		if err == nil {
			err = c.evaluate(i.Indicator, i.years)
		}
		if err != nil {
			return err
		}
		sending.Lock()
		defer sending.Unlock()
		opt.Log.Debug("indicator computed", "indicator", i.ID, "cells", len(c.variants), "seconds", time.Since(start).Seconds())
		return c.write(blocks, i.Indicator, opt.Now())
	}
	err = abreast(ctx, len(indicators), func(int) []int { return nil }, one, func(int) {})
	if err == nil {
		err = blocks.Commit()
	}
	return blocks.Rows(), err
}

// fill appends rows to a table of the stage.
func (s *stage) fill(ctx context.Context, table string, columns []string, rows func(*warehouse.Appender) error) (n uint64, err error) {
	a, err := s.work.Append(ctx, table, columns)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := rows(a); err != nil {
		return 0, err
	}
	err = a.Send()
	return a.Rows(), err
}

// cells is the query for the cells of the indicator, with a table of periods for those in them only.
func (i Indicator) cells(db *warehouse.DB, periods string) (string, error) {
	if i.Flow == "" {
		return i.Body, nil
	}
	return templated(db, "transform_flow", map[string]any{
		"Body": i.Body, "Indicator": i.ID, "Periods": periods, "Flow": string(i.Flow), "Placed": i.IsPlaced, "Quantile": len(i.levels()) > 0,
		"Institution": slices.Contains(i.Strata, DimInstitution), "Once": i.Flow == FlowOnce && len(i.levels()) == 0,
		"Daily": (i.Flow == FlowSum || i.Flow == FlowState) && len(i.levels()) == 0,
	})
}

// levels are the levels of the variants that are quantiles.
func (i Indicator) levels() map[string]float64 {
	levels := map[string]float64{}
	for _, v := range i.Variants {
		if level, ok := v.Unit.quantile(); ok {
			levels[v.Name] = level
		}
	}
	return levels
}

func repeat[T any](value T, n int) []T {
	values := make([]T, n)
	for i := range values {
		values[i] = value
	}
	return values
}

var catalogColumns = []string{
	"indicator", "version", "variant", "is_headline", "title_zh", "title_en", "meaning_zh", "meaning_en",
	"unit", "direction", "clause", "targets", "position", "breaks", "signature",
}

func appendCatalog(a *warehouse.Appender, indicators []Indicator, signatures map[string]string) error {
	position := make(map[string]uint16, len(indicators))
	for _, i := range indicators {
		position[i.ID] = uint16(i.Position)
	}
	for _, e := range Catalog(indicators) {
		breaks := ""
		if len(e.Breaks) > 0 {
			text, err := json.Marshal(e.Breaks)
			if err != nil {
				return fmt.Errorf("catalogue of %s: %w", e.Indicator, err)
			}
			breaks = string(text)
		}
		row := []any{
			e.Indicator, e.Version, e.Variant, e.IsHeadline, e.TitleZh, e.TitleEn, e.MeaningZh, e.MeaningEn,
			e.Unit, e.Direction, e.Clause, e.Targets, position[e.Indicator], breaks, signatures[e.Indicator],
		}
		for c, value := range row {
			if err := a.Column(c).AppendRow(value); err != nil {
				return fmt.Errorf("catalogue of %s, column %s: %w", e.Indicator, catalogColumns[c], err)
			}
		}
	}
	return nil
}

func (i Indicator) direction() string {
	if i.Falling {
		return "down"
	}
	return "up"
}

// targets are the targets by year, as text, the way the catalogue keeps them.
func (i Indicator) targets() map[string]float64 {
	targets := make(map[string]float64, len(i.Targets))
	for year, target := range i.Targets {
		targets[strconv.Itoa(year)] = target
	}
	return targets
}
