package ingest

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	layout "github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/google/uuid"
)

// columnarRows is how many rows of a Parquet file are put together at a time, and parquetBatch how many values are
// read of a column at once.
const (
	columnarRows = 2048
	parquetBatch = 1024
)

// writeParquet writes the rows of a Parquet file, which must be as many as its footer says. It reads the columns itself, one
// after the other, and not through arrow's pqarrow: that one decodes in goroutines where a panic ends the process,
// takes some damaged files for complete, and brings Flight with it.
func writeParquet(in *os.File, size int64, w *apartWriter) error {
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	r, err := file.NewParquetReader(io.NewSectionReader(in, 0, size), file.WithReadProps(props))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Parquet footer: %w", err))
	}
	defer r.Close()
	columns := r.MetaData().Schema.NumColumns()
	switch {
	case columns > maxColumns:
		return refuse("too_many_columns", nil, "row", 0, "columns", columns, "max", maxColumns)
	case columns == 0:
		return refuse("empty_file", nil)
	}
	keys := newJSONKeys()
	for i := range columns {
		keys.addNew(parquetPath(r.MetaData().Schema.Column(i)))
	}
	if err := w.headings(keys); err != nil {
		return err
	}
	want, number := r.NumRows(), int64(0)
	for i := range r.NumRowGroups() {
		if number, err = writeRowGroup(r.RowGroup(i), number, w); err != nil {
			var refusal *Refusal
			if errors.As(err, &refusal) {
				return err
			}
			return refuse("file_damaged", fmt.Errorf("row group %d: %w", i+1, err))
		}
	}
	if number != want {
		return refuse("file_damaged", fmt.Errorf("%d rows were read, the footer says %d", number, want))
	}
	return w.end()
}

// parquetPath is the path of a column in terms of its sender: without the levels that only a list has.
func parquetPath(c *layout.Column) string {
	path := []string(c.ColumnPath())
	if c.MaxRepetitionLevel() > 0 {
		path = slices.DeleteFunc(slices.Clone(path), func(name string) bool {
			return slices.Contains([]string{"list", "element", "item", "array", "bag", "array_element", "key_value"}, name)
		})
		if len(path) == 0 {
			path = c.ColumnPath()
		}
	}
	return strings.Join(path, string(rune(pathSeparator)))
}

// writeRowGroup writes the rows of a row group, numbered behind those before it, and returns the number of the
// last one.
func writeRowGroup(group *file.RowGroupReader, number int64, w *apartWriter) (int64, error) {
	var columns []*parquetColumn
	for i := range group.NumColumns() {
		chunk, err := group.Column(i)
		if err != nil {
			return number, err
		}
		columns = append(columns, newParquetColumn(chunk))
	}
	cells, numeric := make([][]byte, len(columns)), make([]bool, len(columns))
	for left := group.NumRows(); left > 0; {
		n := int(min(left, columnarRows))
		for i, c := range columns {
			if err := c.read(n); err != nil {
				return number, fmt.Errorf("column %d after row %d: %w", i+1, number, err)
			}
			numeric[i] = c.numeric
		}
		for row := range n {
			number++
			flags := uint8(0)
			for i, c := range columns {
				cells[i] = c.cell(row)
				if hasBadText(cells[i]) {
					flags = badBytes
				}
			}
			if err := w.row(uint32(number), flags, cells, numeric); err != nil {
				return number, err
			}
		}
		left -= int64(n)
	}
	for i, c := range columns {
		if more, err := c.levels(1); err != nil || more {
			return number, fmt.Errorf("column %d has more rows than its row group: %w", i+1, err)
		}
	}
	return number, nil
}

// parquetColumn reads one column of a row group as text.
type parquetColumn struct {
	descr   *layout.Column
	batch   func(n int) (levels int, err error) // reads up to n levels and appends the texts of their values
	more    func() bool
	numeric bool
	def     []int16
	rep     []int16
	texts   []byte // of the values of the batch
	ends    []int
	at      int // next level of the batch
	count   int // levels of the batch
	value   int // next value of the batch
	arena   []byte
	spans   []int // ends of the cells of the present rows
}

// errColumnShort says that a column ends before its row group does.
var errColumnShort = errors.New("the column ends too early")

func newParquetColumn(chunk file.ColumnChunkReader) *parquetColumn {
	c := &parquetColumn{
		descr: chunk.Descriptor(), more: chunk.HasNext,
		def: make([]int16, parquetBatch), rep: make([]int16, parquetBatch),
	}
	logical := c.descr.LogicalType()
	switch r := chunk.(type) {
	case *file.BooleanColumnChunkReader:
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v bool) []byte {
			if v {
				return append(b, "是"...)
			}
			return append(b, "否"...)
		})
	case *file.Int32ColumnChunkReader:
		text := intText(logical)
		c.numeric = isNumber(logical)
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v int32) []byte { return text(b, int64(v)) })
	case *file.Int64ColumnChunkReader:
		c.numeric = isNumber(logical)
		c.batch = readValues(c, r.ReadBatch, intText(logical))
	case *file.Int96ColumnChunkReader:
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v parquet.Int96) []byte { return instantText(b, v.ToTime(), false) })
	case *file.Float32ColumnChunkReader:
		c.numeric = true
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v float32) []byte { return floatText(b, float64(v), 32) })
	case *file.Float64ColumnChunkReader:
		c.numeric = true
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v float64) []byte { return floatText(b, v, 64) })
	case *file.ByteArrayColumnChunkReader:
		text := bytesText(logical)
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v parquet.ByteArray) []byte { return text(b, v) })
	case *file.FixedLenByteArrayColumnChunkReader:
		text := bytesText(logical)
		c.batch = readValues(c, r.ReadBatch, func(b []byte, v parquet.FixedLenByteArray) []byte { return text(b, v) })
	default:
		c.batch = func(int) (int, error) { return 0, errors.New("unknown type of column") }
	}
	return c
}

// readValues returns a reader of batches for columns of one type.
func readValues[T any](c *parquetColumn, read func(int64, []T, []int16, []int16) (int64, int, error), text func([]byte, T) []byte) func(int) (int, error) {
	values := make([]T, parquetBatch)
	return func(n int) (int, error) {
		total, count, err := read(int64(n), values, c.def, c.rep)
		if err != nil {
			return 0, err
		}
		if total < 0 || total > int64(n) || count < 0 || int64(count) > total {
			return 0, errors.New("more values than were asked for")
		}
		c.texts, c.ends = c.texts[:0], c.ends[:0]
		for _, v := range values[:count] {
			c.texts = text(c.texts, v)
			c.ends = append(c.ends, len(c.texts))
		}
		return int(total), nil
	}
}

// levels makes sure that a level is there to be read; false at the end of the column.
func (c *parquetColumn) levels(n int) (bool, error) {
	for c.at >= c.count {
		if !c.more() {
			return false, nil
		}
		total, err := c.batch(min(n, parquetBatch))
		if err != nil {
			return false, err
		}
		if total == 0 {
			return false, nil
		}
		c.at, c.count, c.value = 0, total, 0
	}
	return true, nil
}

// read reads the cells of n rows. Values of a list are separated by semicolons.
func (c *parquetColumn) read(n int) error {
	c.arena, c.spans = c.arena[:0], c.spans[:0]
	defined, repeated := c.descr.MaxDefinitionLevel(), c.descr.MaxRepetitionLevel() > 0
	for rows := 0; ; {
		ok, err := c.levels(parquetBatch)
		if err != nil {
			return err
		}
		if !repeated && rows == n {
			return nil
		}
		if !ok {
			if rows < n {
				return errColumnShort
			}
			break
		}
		if !repeated || c.rep[c.at] == 0 {
			if rows == n {
				break
			}
			if rows > 0 {
				c.spans = append(c.spans, len(c.arena))
			}
			rows++
		} else if rows == 0 {
			return errors.New("a list without a row")
		}
		if defined == 0 || c.def[c.at] == defined {
			if c.value >= len(c.ends) {
				return errColumnShort
			}
			from := 0
			if c.value > 0 {
				from = c.ends[c.value-1]
			}
			if last := c.last(); repeated && len(c.arena) > last {
				c.arena = append(c.arena, ';')
			}
			c.arena = append(c.arena, c.texts[from:c.ends[c.value]]...)
			c.value++
		}
		c.at++
		if !repeated && rows == n {
			break
		}
		if len(c.arena) > maxFrame {
			return errors.New("too much text in one batch of rows")
		}
	}
	c.spans = append(c.spans, len(c.arena))
	return nil
}

// last is where the present cell begins.
func (c *parquetColumn) last() int {
	if len(c.spans) == 0 {
		return 0
	}
	return c.spans[len(c.spans)-1]
}

// cell is the cell of a row read last.
func (c *parquetColumn) cell(row int) []byte {
	from := 0
	if row > 0 {
		from = c.spans[row-1]
	}
	return c.arena[from:c.spans[row]:c.spans[row]]
}

// isNumber reports whether integers of a logical type are mere numbers.
func isNumber(t layout.LogicalType) bool {
	switch t.(type) {
	case layout.DateLogicalType, *layout.DateLogicalType, layout.TimestampLogicalType, *layout.TimestampLogicalType, layout.TimeLogicalType, *layout.TimeLogicalType:
		return false
	}
	return true
}

// intText returns how integers of a logical type are written.
func intText(t layout.LogicalType) func([]byte, int64) []byte {
	switch t := t.(type) {
	case layout.DateLogicalType, *layout.DateLogicalType:
		return func(b []byte, v int64) []byte { return time.Unix(v*86400, 0).UTC().AppendFormat(b, time.DateOnly) }
	case interface {
		IsAdjustedToUTC() bool
		TimeUnit() layout.TimeUnitType
	}:
		unit := map[layout.TimeUnitType]time.Duration{layout.TimeUnitMillis: time.Millisecond, layout.TimeUnitMicros: time.Microsecond}[t.TimeUnit()]
		unit = max(unit, time.Nanosecond)
		adjusted, clock := t.IsAdjustedToUTC(), true
		switch any(t).(type) {
		case layout.TimestampLogicalType, *layout.TimestampLogicalType:
			clock = false
		}
		perSecond := int64(time.Second / unit)
		return func(b []byte, v int64) []byte {
			instant := time.Unix(v/perSecond, v%perSecond*int64(unit)).UTC()
			if clock {
				return instant.AppendFormat(b, time.TimeOnly)
			}
			return instantText(b, instant, adjusted)
		}
	case interface{ Scale() int32 }:
		scale := t.Scale()
		return func(b []byte, v int64) []byte { return decimalText(b, big.NewInt(v), scale) }
	case interface{ IsSigned() bool }:
		if !t.IsSigned() {
			return func(b []byte, v int64) []byte {
				if v < 0 && v >= -1<<31 {
					v &= 0xffffffff
				}
				return strconv.AppendUint(b, uint64(v), 10)
			}
		}
	}
	return func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }
}

// bytesText returns how byte strings of a logical type are written.
func bytesText(t layout.LogicalType) func([]byte, []byte) []byte {
	switch t := t.(type) {
	case interface{ Scale() int32 }:
		scale := t.Scale()
		return func(b, v []byte) []byte {
			n := new(big.Int).SetBytes(v)
			if len(v) > 0 && v[0]&0x80 != 0 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
			}
			return decimalText(b, n, scale)
		}
	case layout.UUIDLogicalType, *layout.UUIDLogicalType:
		return func(b, v []byte) []byte {
			if id, err := uuid.FromBytes(v); err == nil {
				return append(b, id.String()...)
			}
			return append(b, v...)
		}
	}
	return func(b, v []byte) []byte { return append(b, v...) }
}

// decimalText writes n with scale digits behind the point.
func decimalText(b []byte, n *big.Int, scale int32) []byte {
	text := n.String()
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	if scale > 0 && scale < 100 {
		if pad := int(scale) + 1 - len(text); pad > 0 {
			text = strings.Repeat("0", pad) + text
		}
		cut := len(text) - int(scale)
		text = text[:cut] + "." + text[cut:]
	}
	return append(append(b, sign...), text...)
}
