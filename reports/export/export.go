// Package export writes the rows of a query as CSV, JSON, XLSX, Parquet, Arrow or a table for a terminal.
//
// Rows are streamed: whatever their number, memory holds one block of them.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"ohwatch/internal/period"
)

// Format is a form in which rows are written.
type Format string

// The formats.
const (
	Table   Format = "table"   // aligned columns, for a terminal
	CSV     Format = "csv"     // UTF-8, values as they are
	Sheet   Format = "excel"   // CSV for spreadsheets: byte order mark, text that looks like a formula is made harmless
	JSON    Format = "json"    // one object a line
	XLSX    Format = "xlsx"    // typed cells
	Parquet Format = "parquet" // written by the engine, see Fetch
	Arrow   Format = "arrow"   // IPC stream, written by the engine, see Fetch
)

// ByEngine reports whether the engine itself writes the format.
func (f Format) ByEngine() bool { return f == Parquet || f == Arrow }

// FormatOf returns the format that the ending of a file name asks for.
func FormatOf(path string) (Format, bool) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return Sheet, true
	case ".xlsx":
		return XLSX, true
	case ".parquet":
		return Parquet, true
	case ".arrow", ".arrows":
		return Arrow, true
	}
	return "", false
}

// Rows are the rows of a query; driver.Rows has these methods.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	ColumnTypes() []driver.ColumnType
	Columns() []string
	Err() error
}

// column describes one column of the result.
type column struct {
	name string
	kind string       // type of the engine, without Nullable and LowCardinality
	scan reflect.Type // Go type of the scanned value
}

// writer writes the rows of one result. The values of row are valid until it returns.
type writer interface {
	row(values []any) error
	close() error
}

// Write writes all rows to w, in any format that the engine does not write itself, and returns their number.
func Write(ctx context.Context, rows Rows, format Format, w io.Writer) (n uint64, err error) {
	types := rows.ColumnTypes()
	columns := make([]column, len(types))
	dest := make([]any, len(types))
	for i, t := range types {
		columns[i] = column{name: t.Name(), kind: innerType(t.DatabaseTypeName()), scan: t.ScanType()}
		dest[i] = reflect.New(t.ScanType()).Interface()
	}
	out, err := newWriter(format, columns, w)
	if err != nil {
		return 0, err
	}
	values := make([]any, len(dest))
	for rows.Next() {
		if n%1024 == 0 && ctx.Err() != nil {
			return n, errors.Join(ctx.Err(), out.close())
		}
		// A value that is NULL leaves what the row before has scanned: begin with the zero value.
		for i := range dest {
			reflect.ValueOf(dest[i]).Elem().SetZero()
		}
		if err := rows.Scan(dest...); err != nil {
			return n, errors.Join(fmt.Errorf("read row %d: %w", n+1, err), out.close())
		}
		for i := range dest {
			values[i] = plain(reflect.ValueOf(dest[i]).Elem())
		}
		if err := out.row(values); err != nil {
			return n, errors.Join(fmt.Errorf("write row %d: %w", n+1, err), out.close())
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, errors.Join(fmt.Errorf("read rows: %w", err), out.close())
	}
	if err := out.close(); err != nil {
		return n, fmt.Errorf("finish %s: %w", format, err)
	}
	return n, nil
}

func newWriter(format Format, columns []column, w io.Writer) (writer, error) {
	switch format {
	case Table:
		return newTableWriter(columns, w), nil
	case CSV:
		return newCSVWriter(columns, w, false)
	case Sheet:
		return newCSVWriter(columns, w, true)
	case JSON:
		return &jsonWriter{columns: columns, enc: json.NewEncoder(w)}, nil
	case XLSX:
		return newXLSXWriter(columns, w)
	}
	return nil, fmt.Errorf("format %q is written by the engine", format)
}

// innerType strips what changes neither form nor meaning of a value from the name of a type.
func innerType(name string) string {
	for _, wrapper := range []string{"LowCardinality(", "Nullable("} {
		if inner, ok := strings.CutPrefix(name, wrapper); ok {
			return innerType(strings.TrimSuffix(inner, ")"))
		}
	}
	return name
}

// plain returns the value behind pointers, nil for NULL.
func plain(v reflect.Value) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	return v.Interface()
}

// asText writes a value as people and other programs read it; NULL is empty. Dates are 2026-11-16, instants
// the wall clock of Asia/Shanghai, lists JSON.
func asText(c column, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return floatText(v, 64)
	case float32:
		return floatText(float64(v), 32)
	case time.Time:
		return timeText(c, v)
	case fmt.Stringer:
		return v.String()
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.Struct:
		text, err := json.Marshal(asJSON(c, value))
		if err != nil {
			return fmt.Sprint(value)
		}
		return string(text)
	}
	return fmt.Sprint(value)
}

func floatText(v float64, bits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

func timeText(c column, v time.Time) string {
	switch {
	case isDate(c.kind):
		return v.Format(time.DateOnly)
	case v.Nanosecond() == 0:
		return v.In(period.Shanghai()).Format(time.DateTime)
	}
	return v.In(period.Shanghai()).Format("2006-01-02 15:04:05.000")
}

func isDate(kind string) bool { return kind == "Date" || kind == "Date32" }

// asJSON returns the value as encoding/json should write it: instants with their offset, no NaN.
func asJSON(c column, value any) any {
	switch v := value.(type) {
	case time.Time:
		if isDate(c.kind) {
			return v.Format(time.DateOnly)
		}
		return v.In(period.Shanghai()).Format(time.RFC3339Nano)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case float32:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
	case []byte:
		if !strings.HasPrefix(c.kind, "Array(") {
			return string(v)
		}
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice {
		list := make([]any, v.Len())
		inner := column{name: c.name, kind: innerType(strings.TrimSuffix(strings.TrimPrefix(c.kind, "Array("), ")"))}
		for i := range list {
			list[i] = asJSON(inner, plain(v.Index(i)))
		}
		return list
	}
	return value
}
