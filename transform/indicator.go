package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	ohsql "ohwatch/sql"
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

// buildIndicators writes ind_value and ind_catalog anew when an indicator or what it reads has changed.
func buildIndicators(ctx context.Context, db *warehouse.DB, opt Options, indicators []Indicator, models []Model, signatures map[string]string, result *Result) error {
	values := opt.values()
	flow, err := ohsql.Query("transform_flow")
	if err != nil {
		return err
	}
	signature := indicatorSignature(indicators, models, flow, signatures, values)
	tables, err := listTables(ctx, db)
	if err != nil {
		return err
	}
	if tables[valueTable] == signature && !opt.Full {
		result.add(opt, Step{Name: valueTable})
		return nil
	}
	start := time.Now()
	rows, err := writeAside(ctx, db, valueTable, indicatorColumns, signature, func(a *warehouse.Appender) error {
		for _, i := range indicators {
			c, err := readCells(ctx, db, i, values)
			if err != nil {
				return err
			}
			if err := c.evaluate(i); err != nil {
				return err
			}
			if err := c.append(a, i, opt.Now()); err != nil {
				return fmt.Errorf("write %s: %w", i.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := writeAside(ctx, db, catalogTable, catalogColumns, signature, func(a *warehouse.Appender) error {
		return appendCatalog(a, indicators)
	}); err != nil {
		return err
	}
	result.add(opt, Step{Name: valueTable, Built: true, Rows: rows, Seconds: time.Since(start).Seconds()})
	return nil
}

func indicatorSignature(indicators []Indicator, models []Model, flow string, signatures, values map[string]string) string {
	h := sha256.New()
	for _, i := range indicators {
		fmt.Fprintf(h, "%s\x1f%s\x1f", i.Body, flow)
	}
	for _, m := range models {
		fmt.Fprintf(h, "%s=%s\x1f", m.Name, signatures[m.Name])
	}
	fmt.Fprintf(h, "%s\x1f%s", values["today"], values["city"])
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// writeAside fills an empty copy of a table and puts it in the place of the table.
func writeAside(ctx context.Context, db *warehouse.DB, table string, columns []string, signature string, fill func(*warehouse.Appender) error) (rows uint64, err error) {
	names := map[string]any{"Aside": table + aside, "Table": table, "Comment": signatureMark + signature}
	if err := drop(ctx, db, table+aside); err != nil {
		return 0, err
	}
	defer func() {
		if e := drop(context.WithoutCancel(ctx), db, table+aside); err == nil {
			err = e
		}
	}()
	for _, step := range []string{"transform_like", "transform_comment"} {
		if err := execTemplate(ctx, db, step, names); err != nil {
			return 0, err
		}
	}
	a, err := db.Append(ctx, table+aside, columns)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	if err := fill(a); err != nil {
		return 0, err
	}
	if err := a.Send(); err != nil {
		return 0, err
	}
	return a.Rows(), put(ctx, db, table, true)
}

// cells is the query for the cells of the indicator.
func (i Indicator) cells(db *warehouse.DB) (string, error) {
	if i.Flow == "" {
		return i.Body, nil
	}
	return templated(db, "transform_flow", map[string]any{
		"Body": i.Body, "Flow": string(i.Flow), "Placed": i.IsPlaced, "Quantile": len(i.levels()) > 0,
		"Institution": slices.Contains(i.Strata, DimInstitution),
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

// readCells runs the query of an indicator and returns its rows column by column.
func readCells(ctx context.Context, db *warehouse.DB, i Indicator, values map[string]string) (*cells, error) {
	body, err := i.cells(db)
	if err != nil {
		return nil, err
	}
	text, err := templated(db, "transform_columns", map[string]any{"Select": body, "Quantile": len(i.levels()) > 0})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(i.Variants))
	for k, v := range i.Variants {
		names[k] = v.Name
	}
	limited := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": maxMemory}))
	args := append(bind(body, values), clickhouse.Named("variants", names), clickhouse.Named("periods", i.Periods), clickhouse.Named("levels", i.levels()))
	rows, err := db.QuerySQL(limited, text, args...)
	if err != nil {
		return nil, fmt.Errorf("compute %s: %w", i.Path, err)
	}
	defer rows.Close()
	c := &cells{}
	for rows.Next() {
		if err := rows.Scan(&c.variants, &c.periodKinds, &c.periods, &c.asOfDates, &c.areas, &c.dims, &c.dimValues,
			&c.numerators, &c.denominators, &c.missings, &c.quantiles); err != nil {
			return nil, fmt.Errorf("compute %s: %w", i.Path, err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("compute %s: %w", i.Path, err)
	}
	return c, nil
}

func (c *cells) append(a *warehouse.Appender, i Indicator, at time.Time) error {
	n := len(c.variants)
	denominators := make([]*float64, n)
	for k, d := range c.denominators {
		denominators[k] = number(d)
	}
	columns := []any{
		repeat(i.ID, n), repeat(i.Version, n), c.variants, c.periodKinds, c.periods, c.asOfDates, c.areas, c.dims, c.dimValues,
		c.numerators, denominators, c.values, c.lowers, c.uppers, c.targets, c.gaps, c.missings, c.statuses, repeat(at, n),
	}
	for k, column := range columns {
		if err := a.Column(k).Append(column); err != nil {
			return fmt.Errorf("column %s: %w", indicatorColumns[k], err)
		}
	}
	return a.Flush()
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
	"unit", "direction", "clause", "targets", "position", "breaks",
}

func appendCatalog(a *warehouse.Appender, indicators []Indicator) error {
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
			e.Unit, e.Direction, e.Clause, e.Targets, position[e.Indicator], breaks,
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
