package ingest

import (
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
)

// writeArrow writes the rows of an Arrow file or of Feather version 2: a stream between two marks with a footer,
// which must have as many records.
func writeArrow(in *os.File, size int64, w *apartWriter) error {
	r, err := ipc.NewFileReader(io.NewSectionReader(in, 0, size))
	if err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Arrow footer: %w", err))
	}
	want := r.NumRecords()
	if err := r.Close(); err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Arrow footer: %w", err))
	}
	var mark [4]byte
	if _, err := in.ReadAt(mark[:], size-10); err != nil {
		return refuse("file_damaged", fmt.Errorf("read the Arrow footer: %w", err))
	}
	footer := size - 10 - int64(binary.LittleEndian.Uint32(mark[:]))
	n, records, err := writeStream(io.NewSectionReader(in, 8, size-8), want, w)
	if rest := footer - 8 - n; err == nil && (records != want || rest < 0 || rest > 64) { // an end mark and padding
		err = refuse("file_damaged", fmt.Errorf("%d records in %d bytes were read, the footer says %d", records, n, want))
	}
	return err
}

// writeArrowStream writes the rows of an Arrow stream. A stream whose end mark is not its last bytes was cut off or damaged.
func writeArrowStream(in *os.File, size int64, w *apartWriter) error {
	var end [8]byte
	if _, err := in.ReadAt(end[:], size-8); err != nil || binary.LittleEndian.Uint64(end[:]) != 0xffffffff {
		return refuse("file_damaged", errors.New("the Arrow stream has no end"))
	}
	n, _, err := writeStream(io.NewSectionReader(in, 0, size), -1, w)
	if err == nil && n != size {
		err = refuse("file_damaged", fmt.Errorf("the Arrow stream ends after %d of %d bytes", n, size))
	}
	return err
}

// counted counts the bytes that are read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// writeStream writes the rows of an Arrow stream, of at most so many records unless most is negative, and returns how
// many bytes and records that were.
func writeStream(in io.Reader, most int, w *apartWriter) (size int64, records int, err error) {
	read := &counted{r: in}
	r, err := ipc.NewReader(read)
	if err != nil {
		return 0, 0, refuse("file_damaged", fmt.Errorf("read the Arrow schema: %w", err))
	}
	defer r.Release()
	err = writeRecords(r.Schema(), w, func() (arrow.Record, error) {
		if records == most {
			return nil, io.EOF
		}
		if !r.Next() {
			if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
			return nil, io.EOF
		}
		records++
		return r.Record(), nil
	})
	return read.n, records, err
}

// writeRecords writes the heading, which is row 0, and the rows of records, counted from 1.
func writeRecords(schema *arrow.Schema, w *apartWriter, next func() (arrow.Record, error)) error {
	keys := newJSONKeys()
	for _, f := range schema.Fields() {
		columnPaths(keys, f, "")
	}
	if n := len(keys.order); n > maxColumns {
		return refuse("too_many_columns", nil, "row", 0, "columns", n, "max", maxColumns)
	} else if n == 0 {
		return refuse("empty_file", nil)
	}
	if err := w.headings(keys); err != nil {
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
	keys.addNew(path)
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
		typ := c.DataType().(*arrow.TimestampType)
		return instantText(b, c.Value(row).ToTime(typ.Unit), typ.TimeZone != ""), false
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

// instantText writes a point in time as its sender's clock shows it: one without a time zone as it stands, one
// with a time zone by the clock of China, except that midnight in UTC is a day.
func instantText(b []byte, t time.Time, zoned bool) []byte {
	t = t.UTC()
	if zoned && t.Truncate(24*time.Hour) != t {
		t = t.In(time.FixedZone("Asia/Shanghai", 8*3600))
	}
	if h, m, s := t.Clock(); h == 0 && m == 0 && s == 0 {
		return t.AppendFormat(b, time.DateOnly)
	}
	return t.AppendFormat(b, time.DateTime)
}
