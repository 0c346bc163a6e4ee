package ingest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

// value is one converted value of a row. Which of its parts count depends on the column.
type value struct {
	set   bool
	month bool        // a date of which only the month is known
	day   int32       // date
	num   float64     // number; 0 or 1 for a truth value
	text  string      // text or code
	list  []string    // several texts or codes
	id    uuid.UUID   // pseudonym
	ids   []uuid.UUID // several pseudonyms
}

func (v *value) date() date { return date{v.day, v.month} }

func (v *value) setText(s string)      { v.text, v.set = s, s != "" }
func (v *value) setNumber(f float64)   { v.num, v.set = f, true }
func (v *value) setDate(d date)        { v.day, v.month, v.set = d.day, d.month, true }
func (v *value) setID(id uuid.UUID)    { v.id, v.set = id, true }
func (v *value) setList(list []string) { v.list, v.set = list, len(list) > 0 }
func (v *value) setBool(b bool) {
	v.num, v.set = 0, true
	if b {
		v.num = 1
	}
}

// builder gathers the values of one column of the warehouse.
type builder interface {
	add(v *value)
	keep(rows []bool)                // drops the rows that are not marked
	send(c driver.BatchColumn) error // appends everything
	hash(b []byte, v *value) []byte  // appends the canonical text of a value
}

// newBuilder returns the builder for a column of the given ClickHouse type.
func newBuilder(typ string) (builder, error) {
	if inner, ok := strings.CutPrefix(typ, "LowCardinality("); ok {
		typ = strings.TrimSuffix(inner, ")")
	}
	switch typ {
	case "String":
		return new(textColumn), nil
	case "Array(String)", "Array(LowCardinality(String))":
		return new(listColumn), nil
	case "Array(UUID)":
		return new(idsColumn), nil
	case "UUID":
		return new(idColumn), nil
	case "Nullable(UUID)":
		return &idColumn{nullable: true}, nil
	case "Date32":
		return new(dateColumn), nil
	case "Nullable(Date32)":
		return &dateColumn{nullable: true}, nil
	case "Bool":
		return &numberColumn[bool]{from: isTrue}, nil
	case "Nullable(Bool)":
		return &numberColumn[bool]{from: isTrue, nullable: true}, nil
	case "UInt8":
		return &numberColumn[uint8]{from: whole[uint8]}, nil
	case "Nullable(UInt8)":
		return &numberColumn[uint8]{from: whole[uint8], nullable: true}, nil
	case "UInt16":
		return &numberColumn[uint16]{from: whole[uint16]}, nil
	case "Nullable(UInt16)":
		return &numberColumn[uint16]{from: whole[uint16], nullable: true}, nil
	case "UInt32":
		return &numberColumn[uint32]{from: whole[uint32]}, nil
	case "Nullable(UInt32)":
		return &numberColumn[uint32]{from: whole[uint32], nullable: true}, nil
	case "Float64":
		return &numberColumn[float64]{from: asIs}, nil
	case "Nullable(Float64)":
		return &numberColumn[float64]{from: asIs, nullable: true}, nil
	}
	return nil, fmt.Errorf("no way to fill a column of type %s", typ)
}

func isTrue(f float64) bool                        { return f != 0 }
func asIs(f float64) float64                       { return f }
func whole[T uint8 | uint16 | uint32](f float64) T { return T(math.Max(0, math.Round(f))) }

// kept drops the elements that are not marked.
func kept[T any](s []T, rows []bool) []T {
	n := 0
	for i, keep := range rows {
		if keep {
			s[n] = s[i]
			n++
		}
	}
	return s[:n]
}

type textColumn struct{ values []string }

func (c *textColumn) add(v *value)                      { c.values = append(c.values, v.text) }
func (c *textColumn) keep(rows []bool)                  { c.values = kept(c.values, rows) }
func (c *textColumn) send(col driver.BatchColumn) error { return col.Append(c.values) }
func (c *textColumn) hash(b []byte, v *value) []byte    { return append(b, v.text...) }

type listColumn struct{ values [][]string }

func (c *listColumn) add(v *value)                      { c.values = append(c.values, v.list) }
func (c *listColumn) keep(rows []bool)                  { c.values = kept(c.values, rows) }
func (c *listColumn) send(col driver.BatchColumn) error { return col.Append(c.values) }
func (c *listColumn) hash(b []byte, v *value) []byte {
	for _, s := range v.list {
		b = append(append(b, s...), 0x1e)
	}
	return b
}

type idsColumn struct{ values [][]uuid.UUID }

func (c *idsColumn) add(v *value)                      { c.values = append(c.values, v.ids) }
func (c *idsColumn) keep(rows []bool)                  { c.values = kept(c.values, rows) }
func (c *idsColumn) send(col driver.BatchColumn) error { return col.Append(c.values) }
func (c *idsColumn) hash(b []byte, v *value) []byte {
	for _, id := range v.ids {
		b = append(b, id[:]...)
	}
	return b
}

type idColumn struct {
	nullable bool
	values   []uuid.UUID
	known    []bool
}

func (c *idColumn) add(v *value) {
	c.values = append(c.values, v.id)
	c.known = append(c.known, v.set)
}

func (c *idColumn) keep(rows []bool) {
	c.values, c.known = kept(c.values, rows), kept(c.known, rows)
}

func (c *idColumn) send(col driver.BatchColumn) error {
	if c.nullable {
		return col.Append(pointers(c.values, c.known))
	}
	return col.Append(c.values)
}

func (c *idColumn) hash(b []byte, v *value) []byte {
	if !v.set {
		return b
	}
	return append(b, v.id[:]...)
}

type dateColumn struct {
	nullable bool
	values   []time.Time
	known    []bool
}

func (c *dateColumn) add(v *value) {
	t := time.Unix(0, 0).UTC()
	if v.set {
		t = timeOf(v.day)
	}
	c.values = append(c.values, t)
	c.known = append(c.known, v.set)
}

func (c *dateColumn) keep(rows []bool) {
	c.values, c.known = kept(c.values, rows), kept(c.known, rows)
}

func (c *dateColumn) send(col driver.BatchColumn) error {
	if c.nullable {
		return col.Append(pointers(c.values, c.known))
	}
	return col.Append(c.values)
}

func (c *dateColumn) hash(b []byte, v *value) []byte {
	if !v.set {
		return b
	}
	b = strconv.AppendInt(b, int64(v.day), 10)
	if v.month {
		b = append(b, 'm')
	}
	return b
}

type numberColumn[T any] struct {
	nullable bool
	from     func(float64) T
	values   []T
	known    []bool
}

func (c *numberColumn[T]) add(v *value) {
	c.values = append(c.values, c.from(v.num))
	c.known = append(c.known, v.set)
}

func (c *numberColumn[T]) keep(rows []bool) {
	c.values, c.known = kept(c.values, rows), kept(c.known, rows)
}

func (c *numberColumn[T]) send(col driver.BatchColumn) error {
	if c.nullable {
		return col.Append(pointers(c.values, c.known))
	}
	return col.Append(c.values)
}

func (c *numberColumn[T]) hash(b []byte, v *value) []byte {
	if !v.set {
		return b
	}
	return strconv.AppendFloat(b, v.num, 'g', -1, 64)
}

// pointers returns a pointer to each known value and nil for the others.
func pointers[T any](values []T, known []bool) []*T {
	p := make([]*T, len(values))
	for i := range values {
		if known[i] {
			p[i] = &values[i]
		}
	}
	return p
}
