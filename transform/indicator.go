package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// Unit says what a value of an indicator is.
type Unit string

// The units of indicators.
const (
	Share     Unit = "share"      // numerator / denominator, 0 to 1
	Count     Unit = "count"      // the numerator itself
	Per10000  Unit = "per_10000"  // numerator / denominator × 10 000
	Per100000 Unit = "per_100000" // numerator / denominator × 100 000
	Mean      Unit = "mean"       // numerator / denominator, in the unit that the title names
	Sum       Unit = "sum"        // the numerator itself, in the unit that the title names
)

// Flow says how the rows of an indicator that happen on days come together in a period.
type Flow string

// The ways in which rows count.
const (
	FlowSum   Flow = "sum"   // every row counts
	FlowOnce  Flow = "once"  // an entity counts once in an employer and period, with its largest numerator
	FlowTotal Flow = "total" // the numerators of an entity add up, its denominator counts once
)

// Scan reads a unit from a column of text.
func (u *Unit) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("read a unit from %T", value)
	}
	*u = Unit(text)
	return nil
}

// Indicator is one file of sql/indicators: a definition and the query that counts numerators and denominators.
type Indicator struct {
	ID       string
	Version  string
	Title    Title
	Falling  bool            // down is better, and the goal is a trend
	Targets  map[int]float64 // by the year from which they hold
	Clause   string          // of the source document
	Position int             // order on a page
	Variants []Variant       // the headline first
	Flow     Flow            // empty: the query returns the cells themselves
	Periods  []string        // of a flow: the kinds of periods it is read by
	Path     string
	Body     string
}

// Variant is one reading of a definition.
type Variant struct {
	Name    string
	Meaning Title
	Unit    Unit
}

// LoadIndicators reads the indicators of fsys in the order in which a page shows them. Errors name file and line.
func LoadIndicators(fsys fs.FS) ([]Indicator, error) {
	files, err := ohsql.LoadFS(fsys, "indicators")
	if err != nil {
		return nil, err
	}
	var indicators []Indicator
	for _, f := range files {
		i, err := readIndicator(f)
		if err != nil {
			return nil, err
		}
		indicators = append(indicators, i)
	}
	slices.SortFunc(indicators, func(a, b Indicator) int {
		if a.Position != b.Position {
			return a.Position - b.Position
		}
		return strings.Compare(a.ID, b.ID)
	})
	return indicators, nil
}

func readIndicator(f ohsql.File) (Indicator, error) {
	wrong := func(key, format string, args ...any) (Indicator, error) {
		return Indicator{}, fmt.Errorf("%s: line %d: %s: %s", f.Path, headerLine(f, key), key, fmt.Sprintf(format, args...))
	}
	for _, key := range []string{"id", "version", "title", "unit", "direction", "clause", "headline", "variants", "position"} {
		if f.Header[key] == "" {
			return wrong(key, "the header must say it")
		}
	}
	i := Indicator{
		ID: f.Header["id"], Version: f.Header["version"], Clause: f.Header["clause"],
		Targets: map[int]float64{}, Path: f.Path, Body: f.Body,
	}
	if i.ID != f.Name {
		return wrong("id", "is %q, the file's name is %q", i.ID, f.Name)
	}
	var err error
	if i.Title, err = parseTitle(f.Header["title"]); err != nil {
		return wrong("title", "%v", err)
	}
	if i.Position, err = strconv.Atoi(f.Header["position"]); err != nil || i.Position < 0 {
		return wrong("position", "want a whole number, got %q", f.Header["position"])
	}
	switch f.Header["direction"] {
	case "up":
	case "down":
		i.Falling = true
	default:
		return wrong("direction", "want up or down, got %q", f.Header["direction"])
	}
	for target := range strings.SplitSeq(f.Header["target"], ",") {
		if strings.TrimSpace(target) == "" {
			continue
		}
		year, value, _ := strings.Cut(target, "=")
		y, e1 := strconv.Atoi(strings.TrimSpace(year))
		v, e2 := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if e1 != nil || e2 != nil {
			return wrong("target", "want year = value, got %q", strings.TrimSpace(target))
		}
		i.Targets[y] = v
	}
	i.Flow = Flow(f.Header["flow"])
	if !slices.Contains([]Flow{"", FlowSum, FlowOnce, FlowTotal}, i.Flow) {
		return wrong("flow", "want sum, once or total, got %q", i.Flow)
	}
	known := []string{"id", "version", "title", "unit", "direction", "target", "clause", "headline", "variants", "position", "flow", "periods"}
	i.Periods = []string{"month", "quarter", "year", "week"}
	if periods := f.Header["periods"]; periods != "" {
		i.Periods = strings.Fields(strings.ReplaceAll(periods, ",", " "))
	}
	for name := range strings.SplitSeq(f.Header["variants"], ",") {
		v := Variant{Name: strings.TrimSpace(name), Unit: Unit(f.Header["unit"])}
		key := "variant_" + v.Name
		if v.Meaning, err = parseTitle(f.Header[key]); err != nil {
			return wrong(key, "%v", err)
		}
		if unit := f.Header["unit_"+v.Name]; unit != "" {
			v.Unit = Unit(unit)
		}
		if !slices.Contains([]Unit{Share, Count, Per10000, Per100000, Mean, Sum}, v.Unit) {
			return wrong("unit", "want share, count, per_10000, per_100000, mean or sum, got %q", v.Unit)
		}
		known = append(known, key, "unit_"+v.Name)
		if v.Name == f.Header["headline"] {
			i.Variants = slices.Insert(i.Variants, 0, v)
		} else {
			i.Variants = append(i.Variants, v)
		}
	}
	if i.Variants[0].Name != f.Header["headline"] {
		return wrong("headline", "%q is not one of the variants", f.Header["headline"])
	}
	for _, key := range f.Keys() {
		if !slices.Contains(known, key) {
			return wrong(key, "is not known to indicators")
		}
	}
	return i, nil
}

// Target returns the target that holds in a year, if there is one.
func (i Indicator) Target(year int) (float64, bool) {
	best, found := 0, false
	for y := range i.Targets {
		if y <= year && (!found || y > best) {
			best, found = y, true
		}
	}
	return i.Targets[best], found
}

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
	return templated(db, "transform_flow", map[string]any{"Body": i.Body, "Flow": string(i.Flow)})
}

// readCells runs the query of an indicator and returns its rows column by column.
func readCells(ctx context.Context, db *warehouse.DB, i Indicator, values map[string]string) (*cells, error) {
	body, err := i.cells(db)
	if err != nil {
		return nil, err
	}
	text, err := templated(db, "transform_columns", map[string]any{"Select": body})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(i.Variants))
	for k, v := range i.Variants {
		names[k] = v.Name
	}
	limited := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": maxMemory}))
	args := append(bind(body, values), clickhouse.Named("variants", names), clickhouse.Named("periods", i.Periods))
	rows, err := db.QuerySQL(limited, text, args...)
	if err != nil {
		return nil, fmt.Errorf("compute %s: %w", i.Path, err)
	}
	defer rows.Close()
	c := &cells{}
	for rows.Next() {
		if err := rows.Scan(&c.variants, &c.periodKinds, &c.periods, &c.asOfDates, &c.areas, &c.dims, &c.dimValues,
			&c.numerators, &c.denominators, &c.missings); err != nil {
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
	"unit", "direction", "clause", "targets", "position",
}

func appendCatalog(a *warehouse.Appender, indicators []Indicator) error {
	position := make(map[string]uint16, len(indicators))
	for _, i := range indicators {
		position[i.ID] = uint16(i.Position)
	}
	for _, e := range Catalog(indicators) {
		row := []any{
			e.Indicator, e.Version, e.Variant, e.IsHeadline, e.TitleZh, e.TitleEn, e.MeaningZh, e.MeaningEn,
			e.Unit, e.Direction, e.Clause, e.Targets, position[e.Indicator],
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
