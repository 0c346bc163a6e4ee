package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
)

// columnarRows is how many rows of a Parquet file are read at a time.
const columnarRows = 4096

// writeParquet writes the rows of a Parquet file, which must be as many as its footer says. Columns are read one after the
// other: the parallel reader of arrow v17 panics where nobody can recover.
func writeParquet(in *os.File, size int64, w *apartWriter) error {
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	r, err := file.NewParquetReader(io.NewSectionReader(in, 0, size), file.WithReadProps(props))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Parquet footer: %w", err))
	}
	defer r.Close()
	meta := r.MetaData()
	if n := meta.Schema.NumColumns(); n > maxColumns {
		return refuse("too_many_columns", nil, "row", 0, "columns", n, "max", maxColumns)
	}
	want := r.NumRows()
	groups := int64(0)
	for i := range r.NumRowGroups() {
		group := r.RowGroup(i)
		groups += group.NumRows()
		for j := range group.NumColumns() {
			chunk, err := group.MetaData().ColumnChunk(j)
			if err != nil {
				return refuse("file_damaged", fmt.Errorf("read the Parquet footer: %w", err))
			}
			if total, packed := chunk.TotalUncompressedSize(), chunk.TotalCompressedSize(); total < 0 || packed < 0 || packed > size {
				return refuse("file_damaged", errors.New("a column chunk of impossible size"))
			}
		}
	}
	if want < 0 || groups != want {
		return refuse("file_damaged", fmt.Errorf("the footer says %d rows, its row groups %d", want, groups))
	}
	pr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{Parallel: false, BatchSize: columnarRows}, memory.DefaultAllocator)
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Parquet schema: %w", err))
	}
	records, err := pr.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read Parquet: %w", err))
	}
	defer records.Release()
	return writeRecords(records.Schema(), want, w, func() (arrow.Record, error) {
		if !records.Next() {
			if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			return nil, io.EOF
		}
		return records.Record(), nil
	})
}

// writeArrow writes the rows of an Arrow file or of Feather version 2.
func writeArrow(in *os.File, size int64, w *apartWriter) error {
	r, err := ipc.NewFileReader(io.NewSectionReader(in, 0, size))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Arrow footer: %w", err))
	}
	defer r.Close()
	i := 0
	return writeRecords(r.Schema(), -1, w, func() (arrow.Record, error) {
		if i >= r.NumRecords() {
			return nil, io.EOF
		}
		i++
		return r.Record(i - 1)
	})
}

// writeArrowStream writes the rows of an Arrow stream. A stream without its end mark was cut off.
func writeArrowStream(in *os.File, size int64, w *apartWriter) error {
	var end [8]byte
	if _, err := in.ReadAt(end[:], size-8); err != nil || binary.LittleEndian.Uint64(end[:]) != 0xffffffff {
		return refuse("file_damaged", errors.New("the Arrow stream has no end"))
	}
	r, err := ipc.NewReader(io.NewSectionReader(in, 0, size))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Arrow schema: %w", err))
	}
	defer r.Release()
	return writeRecords(r.Schema(), -1, w, func() (arrow.Record, error) {
		if !r.Next() {
			if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			return nil, io.EOF
		}
		return r.Record(), nil
	})
}

// writeRecords writes the heading, which is row 0, and the rows of records, counted from 1. want is how many there must be, -1 when
// nobody says.
func writeRecords(schema *arrow.Schema, want int64, w *apartWriter, next func() (arrow.Record, error)) error {
	keys := newJSONKeys()
	for _, f := range schema.Fields() {
		columnPaths(keys, f, "")
	}
	if n := len(keys.order); n > maxColumns {
		return refuse("too_many_columns", nil, "row", 0, "columns", n, "max", maxColumns)
	} else if n == 0 {
		return refuse("empty_file", nil)
	}
	w.sheet("", nil)
	if err := w.row(0, 0, keys.headings(), nil); err != nil {
		return err
	}
	cells, numeric := make([][]byte, len(keys.order)), make([]bool, len(keys.order))
	number := int64(0)
	for {
		rec, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse("file_damaged", fmt.Errorf("read rows after row %d: %w", number, err))
		}
		for _, column := range rec.Columns() {
			if column.Len() != int(rec.NumRows()) {
				return refuse("file_damaged", fmt.Errorf("columns of different length after row %d", number))
			}
		}
		for i := range int(rec.NumRows()) {
			number++
			at := 0
			for j := range cells {
				cells[j], numeric[j] = cells[j][:0], false
			}
			for _, column := range rec.Columns() {
				at = columnCells(column, i, cells, numeric, at)
			}
			flags := uint8(0)
			for _, c := range cells {
				if hasBadText(c) {
					flags = badBytes
				}
			}
			if err := w.row(uint32(number), flags, cells, numeric); err != nil {
				return err
			}
		}
	}
	if want >= 0 && number != want {
		return refuse("file_damaged", fmt.Errorf("%d rows were read, the footer says %d", number, want))
	}
	return w.end()
}

// columnPaths names the columns of a field: one, or those of a structure.
func columnPaths(keys *jsonKeys, f arrow.Field, path string) {
	if path != "" {
		path += string(rune(pathSeparator))
	}
	path += f.Name
	if s, ok := f.Type.(*arrow.StructType); ok {
		for _, inner := range s.Fields() {
			columnPaths(keys, inner, path)
		}
		return
	}
	for { // two columns of one name stay two
		if _, taken := keys.at[path]; !taken {
			break
		}
		path += " "
	}
	keys.add(path)
}

// columnCells writes the value of a row into the cells of its column, from at on, and returns where the next
// column begins.
func columnCells(column arrow.Array, row int, cells [][]byte, numeric []bool, at int) int {
	if s, ok := column.(*array.Struct); ok {
		for i := range s.NumField() {
			inner := s.Field(i)
			if s.IsNull(row) {
				at += columnCount(inner.DataType())
				continue
			}
			at = columnCells(inner, row, cells, numeric, at)
		}
		return at
	}
	cells[at], numeric[at] = valueText(cells[at], column, row)
	return at + 1
}

func columnCount(t arrow.DataType) int {
	s, ok := t.(*arrow.StructType)
	if !ok {
		return 1
	}
	n := 0
	for _, f := range s.Fields() {
		n += columnCount(f.Type)
	}
	return n
}

// valueText appends the text of a value and reports whether it is a number. Values of a list are separated by
// semicolons, those of a structure in a list by underscores.
func valueText(b []byte, column arrow.Array, row int) ([]byte, bool) {
	if column.IsNull(row) {
		return b, false
	}
	switch c := column.(type) {
	case *array.String:
		return append(b, c.Value(row)...), false
	case *array.LargeString:
		return append(b, c.Value(row)...), false
	case *array.Binary:
		return append(b, c.Value(row)...), false
	case *array.LargeBinary:
		return append(b, c.Value(row)...), false
	case *array.FixedSizeBinary:
		return append(b, c.Value(row)...), false
	case *array.Dictionary:
		return valueText(b, c.Dictionary(), c.GetValueIndex(row))
	case *array.Boolean:
		if c.Value(row) {
			return append(b, "是"...), false
		}
		return append(b, "否"...), false
	case *array.Float32:
		return floatText(b, float64(c.Value(row)), 32), true
	case *array.Float64:
		return floatText(b, c.Value(row), 64), true
	case *array.Date32:
		return c.Value(row).ToTime().AppendFormat(b, time.DateOnly), false
	case *array.Date64:
		return c.Value(row).ToTime().AppendFormat(b, time.DateOnly), false
	case *array.Timestamp:
		return timestampText(b, c, row), false
	case *array.ExtensionArrayBase:
		return valueText(b, c.Storage(), row)
	case array.ListLike:
		from, to := c.ValueOffsets(row)
		return joined(b, c.ListValues(), int(from), int(to)), false
	case *array.Struct:
		var parts [][]byte
		for i := range c.NumField() {
			if part, _ := valueText(nil, c.Field(i), row); len(part) > 0 {
				parts = append(parts, part)
			}
		}
		for i, part := range parts {
			if i > 0 {
				b = append(b, '_')
			}
			b = append(b, part...)
		}
		return b, false
	}
	text := column.ValueStr(row)
	_, number := plainNumber(text)
	return append(b, text...), number
}

func joined(b []byte, values arrow.Array, from, to int) []byte {
	start := len(b)
	for i := from; i < to; i++ {
		part, _ := valueText(nil, values, i)
		if len(part) == 0 {
			continue
		}
		if len(b) > start {
			b = append(b, ';')
		}
		b = append(b, part...)
	}
	return b
}

// floatText writes a number without an exponent; what is no number is nothing.
func floatText(b []byte, f float64, bits int) []byte {
	switch {
	case f != f:
		return b
	case f > 1e21 || f < -1e21:
		return strconv.AppendFloat(b, f, 'g', -1, bits)
	}
	return strconv.AppendFloat(b, f, 'f', -1, bits)
}

// timestampText writes a point in time as its sender's clock shows it: one without a time zone as it stands, one
// with a time zone by the clock of China, except that midnight in UTC is a day.
func timestampText(b []byte, c *array.Timestamp, row int) []byte {
	typ := c.DataType().(*arrow.TimestampType)
	t := c.Value(row).ToTime(typ.Unit)
	if typ.TimeZone != "" && t.Truncate(24*time.Hour) != t {
		t = t.In(time.FixedZone("Asia/Shanghai", 8*3600))
	}
	if h, m, s := t.Clock(); h == 0 && m == 0 && s == 0 {
		return t.AppendFormat(b, time.DateOnly)
	}
	return t.AppendFormat(b, time.DateTime)
}
