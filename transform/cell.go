package transform

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// reading is when a cell is read.
type reading struct {
	kind, period string
	asOf         time.Time // day, midnight UTC
}

// cellPlace is the stratum of a cell.
type cellPlace struct{ area, dim, value string }

// cells are the values of one indicator, column by column; NaN is missing. Variants, readings and places are numbers of
// what they stand for in the lists.
type cells struct {
	variantNames []string
	readings     []reading
	places       []cellPlace

	variants, times, strata []uint32
	numerators              []float64
	denominators            []float64
	missings                []float64
	quantiles               []float64 // NaN: none, or not reached; empty where no variant is one

	values, lowers, uppers, targets, gaps []float64
	statuses                              []uint32 // numbers of statusNames
}

// grid are the cells that every indicator has: those of dim_cell.
type grid struct {
	readings      []reading
	places        []cellPlace
	times, strata []uint32 // of each cell
}

// readGrid reads dim_cell.
func readGrid(ctx context.Context, s *stage) (*grid, error) {
	db, err := s.queryable(ctx, cellModel)
	if err != nil {
		return nil, err
	}
	c, _, err := scanCells(ctx, db, "transform_grid", nil, 0)
	if err != nil {
		return nil, fmt.Errorf("read the cells: %w", err)
	}
	return &grid{readings: c.readings, places: c.places, times: c.times, strata: c.strata}, nil
}

// within are the cells of some periods.
func (g *grid) within(only map[periodKey]bool) *grid {
	part := &grid{places: g.places}
	numbers := make([]uint32, len(g.readings)) // from one on
	for k, r := range g.readings {
		if only[periodKey{r.kind, r.period}] {
			part.readings = append(part.readings, r)
			numbers[k] = uint32(len(part.readings))
		}
	}
	for k, t := range g.times {
		if numbers[t] > 0 {
			part.times, part.strata = append(part.times, numbers[t]-1), append(part.strata, g.strata[k])
		}
	}
	return part
}

// cellModel is the model that lists the cells.
const cellModel = "dim_cell"

// scanCells runs a query that returns cells in the columns that transform_columns says. sparse reports that the query
// can leave out what counts nothing, and how: with a missing denominator or with one of 0.
func scanCells(ctx context.Context, db *warehouse.DB, query string, values map[string]any, memory uint64, args ...any) (c *cells, absent float64, err error) {
	text, err := templated(db, query, values)
	if err != nil {
		return nil, 0, err
	}
	if memory > 0 {
		ctx = limited(ctx, memory)
	}
	rows, err := db.QuerySQL(ctx, text, args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	c = &cells{}
	var kinds, periods, areas, dims, dimValues []string
	var days []time.Time
	for rows.Next() {
		if err := rows.Scan(&c.variantNames, &kinds, &periods, &days, &areas, &dims, &dimValues, &c.variants, &c.times, &c.strata,
			&c.numerators, &c.denominators, &c.missings, &c.quantiles, &absent); err != nil {
			return nil, 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	c.readings, c.places = make([]reading, len(periods)), make([]cellPlace, len(dims))
	for k := range periods {
		c.readings[k] = reading{kinds[k], periods[k], days[k]}
	}
	for k := range dims {
		c.places[k] = cellPlace{areas[k], dims[k], dimValues[k]}
	}
	for _, numbers := range [][]uint32{c.variants, c.times, c.strata} {
		for k := range numbers {
			numbers[k]-- // the engine counts from one
		}
	}
	return c, absent, nil
}

// readCells runs the query of an indicator, which the stage shows the tables of.
func readCells(ctx context.Context, db *warehouse.DB, i recount, g *grid, opt Options) (*cells, error) {
	periods := ""
	if i.only != nil {
		periods, g = periodTable, g.within(i.only)
	}
	body, err := i.cells(db, periods)
	if err != nil {
		return nil, err
	}
	args := append(bind(body, opt.values()), clickhouse.Named("periods", i.Periods), clickhouse.Named("levels", i.levels()))
	c, absent, err := scanCells(ctx, db, "transform_columns", map[string]any{
		"Select": body, "Quantile": len(i.levels()) > 0, "Flow": i.Flow != "",
	}, opt.Memory, args...)
	if err == nil && i.Flow != "" {
		err = c.complete(i.Indicator, g, opt.City, absent)
	}
	if err != nil {
		return nil, fmt.Errorf("compute %s: %w", i.Path, err)
	}
	return c, nil
}

// complete puts the cells of a flow, of which the query returns those that count something, into the grid: each variant has a
// value in each cell of its periods. Institutions are no part of the grid, they stay as they are. absent is the
// denominator of a cell in which nothing was counted.
func (c *cells) complete(i Indicator, g *grid, city string, absent float64) error {
	timeOf := make(map[[2]string]uint32, len(g.readings))
	for k, r := range g.readings {
		timeOf[[2]string{r.kind, r.period}] = uint32(k)
	}
	stratumOf := make(map[[2]string]uint32, len(g.places))
	for k, p := range g.places {
		stratumOf[[2]string{p.dim, p.value}] = uint32(k)
	}
	const none = math.MaxUint32
	cellOf := slices.Repeat([]uint32{none}, len(g.readings)*len(g.places)) // number of the cell at a reading and a place
	var cellTimes, cellStrata []uint32
	for k, t := range g.times {
		if slices.Contains(i.Periods, g.readings[t].kind) {
			cellOf[int(t)*len(g.places)+int(g.strata[k])] = uint32(len(cellTimes))
			cellTimes, cellStrata = append(cellTimes, t), append(cellStrata, g.strata[k])
		}
	}
	n := len(cellTimes)
	whole := &cells{readings: g.readings, places: slices.Clone(g.places)}
	variantOf := make(map[string]int, len(i.Variants))
	for k, v := range i.Variants {
		variantOf[v.Name] = k
		whole.variantNames = append(whole.variantNames, v.Name)
		whole.variants = append(whole.variants, slices.Repeat([]uint32{uint32(k)}, n)...)
		whole.times, whole.strata = append(whole.times, cellTimes...), append(whole.strata, cellStrata...)
	}
	whole.numerators, whole.missings = make([]float64, n*len(i.Variants)), make([]float64, n*len(i.Variants))
	whole.denominators = slices.Repeat([]float64{absent}, n*len(i.Variants))
	if len(c.quantiles) > 0 || len(i.levels()) > 0 {
		whole.quantiles = slices.Repeat([]float64{math.NaN()}, n*len(i.Variants))
	}
	for k, name := range c.variants {
		v, known := variantOf[c.variantNames[name]]
		if !known {
			return fmt.Errorf("the query returns variant %q, which the header does not name", c.variantNames[name])
		}
		r, p := c.readings[c.times[k]], c.places[c.strata[k]]
		t, known := timeOf[[2]string{r.kind, r.period}]
		if !known {
			continue // not a period of the grid
		}
		at := -1
		if stratum, ok := stratumOf[[2]string{p.dim, p.value}]; ok {
			if cell := cellOf[int(t)*len(g.places)+int(stratum)]; cell != none {
				at = v*n + int(cell)
			}
		}
		switch {
		case at >= 0:
			whole.numerators[at], whole.denominators[at], whole.missings[at] = c.numerators[k], c.denominators[k], c.missings[k]
			if len(whole.quantiles) > 0 {
				whole.quantiles[at] = c.quantiles[k]
			}
		case p.dim == DimInstitution:
			whole.variants, whole.times = append(whole.variants, uint32(v)), append(whole.times, t)
			whole.strata = append(whole.strata, uint32(len(g.places))+c.strata[k])
			whole.numerators, whole.denominators = append(whole.numerators, c.numerators[k]), append(whole.denominators, c.denominators[k])
			whole.missings = append(whole.missings, c.missings[k])
			if len(whole.quantiles) > 0 {
				whole.quantiles = append(whole.quantiles, c.quantiles[k])
			}
		}
	}
	for _, p := range c.places {
		whole.places = append(whole.places, cellPlace{city, p.dim, p.value})
	}
	*c = *whole
	return nil
}

// write sends the cells of an indicator as one block of ind_value, in the order of indicatorColumns.
func (c *cells) write(b *warehouse.Blocks, i Indicator, at time.Time) error {
	n := len(c.variants)
	dictionary := func(texts []string, places []uint32) warehouse.NativeColumn {
		return warehouse.NativeColumn{Bytes: warehouse.Dictionary(texts, places)}
	}
	repeated := func(text string) warehouse.NativeColumn { return dictionary([]string{text}, make([]uint32, n)) }
	ofPlaces := func(of func(cellPlace) string) warehouse.NativeColumn {
		texts, numbers := distinct(c.places, of)
		return dictionary(texts, through(c.strata, numbers))
	}
	floats := func(values []float64) warehouse.NativeColumn {
		return warehouse.NativeColumn{Bytes: warehouse.Floats(values)}
	}
	nullable := func(values []float64) warehouse.NativeColumn {
		return warehouse.NativeColumn{Bytes: warehouse.NullableFloats(values)}
	}
	kinds, days := make([]byte, n), make([]byte, 0, 4*n)
	for k, t := range c.times {
		r := c.readings[t]
		number := slices.Index(periodKinds, r.kind)
		if number < 0 {
			return fmt.Errorf("%s: the query returns the period kind %q", i.Path, r.kind)
		}
		kinds[k] = byte(number)
		days = binary.LittleEndian.AppendUint32(days, uint32(int32(r.asOf.Unix()/(24*60*60))))
	}
	periods, periodNumbers := distinct(c.readings, func(r reading) string { return r.period })
	instant := binary.LittleEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	instants := make([]byte, 0, 8*n)
	for range n {
		instants = append(instants, instant...)
	}
	err := b.Send(n, []warehouse.NativeColumn{
		repeated(i.ID), repeated(i.Version), dictionary(c.variantNames, c.variants),
		{Bytes: kinds},
		dictionary(periods, through(c.times, periodNumbers)),
		{Bytes: days},
		ofPlaces(func(p cellPlace) string { return p.area }), ofPlaces(func(p cellPlace) string { return p.dim }), ofPlaces(func(p cellPlace) string { return p.value }),
		floats(c.numerators), nullable(c.denominators), nullable(c.values), nullable(c.lowers), nullable(c.uppers),
		nullable(c.targets), nullable(c.gaps), floats(c.missings), dictionary(statusNames, c.statuses),
		{Bytes: instants},
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", i.ID, err)
	}
	return nil
}

// periodKinds are the values of the enumeration of ind_value, from 1 on.
var periodKinds = []string{"", "month", "quarter", "year", "week"}

// distinct returns the different texts of a list, and for each of its elements the number of its text.
func distinct[T any](list []T, of func(T) string) (texts []string, numbers []uint32) {
	seen := map[string]uint32{}
	for _, element := range list {
		text := of(element)
		number, known := seen[text]
		if !known {
			number = uint32(len(texts))
			seen[text], texts = number, append(texts, text)
		}
		numbers = append(numbers, number)
	}
	return texts, numbers
}

// through follows numbers through a list of numbers.
func through(numbers, list []uint32) []uint32 {
	out := make([]uint32, len(numbers))
	for k, n := range numbers {
		out[k] = list[n]
	}
	return out
}

// year of a reading, for its target.
func (r reading) year() (int, error) { return strconv.Atoi(r.period[:min(4, len(r.period))]) }
