package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// line is one row of a sheet as it was sent. Its cells are valid until the next row is read.
type line struct {
	number  uint32   // line of the file or row of the sheet, counted from 1
	cells   [][]byte // UTF-8
	numeric []bool   // cells that are numbers in a spreadsheet; nil for text files
	flags   uint8
}

// Flags of a row.
const (
	badBytes     uint8 = 1 << iota // bytes that are no text in the file's encoding
	tooLong                        // more filled cells than the header has
	tooShort                       // fewer cells than the header has, in a text file
	brokenQuote                    // a quote that is never closed
	brokenRecord                   // no whole record of its format
	dates1904                      // serial days count from 1904
)

// lineReader reads the rows of one sheet in order; io.EOF ends them. Blank rows are left out.
type lineReader interface {
	read(*line) error
}

// maxColumns is how many columns a sheet may have.
const maxColumns = 2000

// chunkRows is how many rows an Arrow record holds.
const chunkRows = 4096

// Columns of a record before the cells of the sheet.
const (
	colRow     = iota // uint32: number of the line
	colFlags          // uint8
	colNumeric        // binary: bit i says that cell i is a number in a spreadsheet
	colCells
)

// schema returns the Arrow schema of the rows of a sheet with these headings.
func schema(names []string) *arrow.Schema {
	fields := []arrow.Field{
		{Name: "row", Type: arrow.PrimitiveTypes.Uint32},
		{Name: "flags", Type: arrow.PrimitiveTypes.Uint8},
		{Name: "numeric", Type: arrow.BinaryTypes.Binary},
	}
	for i, name := range names {
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String})
	}
	return arrow.NewSchema(fields, nil)
}

// table turns the rows of a sheet behind its header into Arrow records of string columns.
type table struct {
	lines  lineReader
	text   bool // a text file: rows shorter than the header are cut lines
	schema *arrow.Schema
	width  int
	mem    memory.Allocator
	line   line
	bits   []byte
	sizes  []int // of the columns of the last record, in bytes
}

func newTable(lines lineReader, text bool, names []string, mem memory.Allocator) *table {
	return &table{lines: lines, text: text, schema: schema(names), width: len(names), mem: mem, sizes: make([]int, len(names))}
}

// cellColumn gathers the cells of one column as an Arrow array of strings has them.
type cellColumn struct {
	data []byte
	ends []int32 // a zero, then the end of each cell in data
}

// next returns up to n rows, at least one, or io.EOF. The caller releases the record.
func (t *table) next(n int) (arrow.Record, error) {
	numeric := array.NewBinaryBuilder(t.mem, arrow.BinaryTypes.Binary)
	defer numeric.Release()
	rows, flags := make([]uint32, 0, n), make([]uint8, 0, n)
	cells := make([]cellColumn, t.width)
	ends := make([]int32, t.width*(n+1))
	for i := range cells {
		cells[i] = cellColumn{make([]byte, 0, t.sizes[i]+t.sizes[i]/8), ends[i*(n+1) : i*(n+1)+1 : (i+1)*(n+1)]}
	}
	for size := 0; len(rows) < n && size < 32<<20; {
		err := t.lines.read(&t.line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		l := &t.line
		flag := l.flags
		for _, extra := range l.cells[min(len(l.cells), t.width):] {
			if len(bytes.TrimSpace(extra)) > 0 {
				flag |= tooLong
				break
			}
		}
		if t.text && len(l.cells) < t.width {
			flag |= tooShort
		}
		rows, flags = append(rows, l.number), append(flags, flag)
		numeric.Append(t.numericBits(l))
		for i := range cells {
			c := &cells[i]
			if i < len(l.cells) {
				c.data = append(c.data, l.cells[i]...)
				size += len(l.cells[i])
			}
			c.ends = append(c.ends, int32(len(c.data)))
		}
	}
	if len(rows) == 0 {
		return nil, io.EOF
	}
	columns := make([]arrow.Array, 0, colCells+t.width)
	add := func(typ arrow.DataType, buffers ...[]byte) {
		parts := []*memory.Buffer{nil} // no cell is null
		for _, b := range buffers {
			parts = append(parts, memory.NewBufferBytes(b))
		}
		data := array.NewData(typ, len(rows), parts, nil, 0, 0)
		columns = append(columns, array.MakeFromData(data))
		data.Release()
	}
	add(arrow.PrimitiveTypes.Uint32, arrow.Uint32Traits.CastToBytes(rows))
	add(arrow.PrimitiveTypes.Uint8, flags)
	columns = append(columns, numeric.NewArray())
	for i, c := range cells {
		t.sizes[i] = len(c.data)
		add(arrow.BinaryTypes.String, arrow.Int32Traits.CastToBytes(c.ends), c.data)
	}
	record := array.NewRecord(t.schema, columns, int64(len(rows)))
	for _, column := range columns {
		column.Release()
	}
	return record, nil
}

// numericBits packs the marks of numeric cells, nothing when there are none.
func (t *table) numericBits(l *line) []byte {
	any := false
	for _, n := range l.numeric {
		any = any || n
	}
	if !any {
		return nil
	}
	if t.bits == nil {
		t.bits = make([]byte, (t.width+7)/8)
	}
	clear(t.bits)
	for i, n := range l.numeric[:min(len(l.numeric), t.width)] {
		if n {
			t.bits[i/8] |= 1 << (i % 8)
		}
	}
	return t.bits
}

// rewound gives back rows that were read to find the header, then goes on with the rest.
type rewound struct {
	kept []line
	rest lineReader
	err  error // of reading kept, returned behind it
}

func (r *rewound) read(l *line) error {
	if len(r.kept) > 0 {
		*l, r.kept = r.kept[0], r.kept[1:]
		return nil
	}
	if r.err != nil {
		return r.err
	}
	return r.rest.read(l)
}

// peek reads the first rows of a sheet, to look for the header in them.
func peek(lines lineReader, n int) (*rewound, error) {
	r := &rewound{rest: lines}
	for len(r.kept) < n {
		var l line
		if err := lines.read(&l); err != nil {
			if errors.Is(err, io.EOF) {
				r.err = err
				return r, nil
			}
			return nil, err
		}
		cells := make([][]byte, len(l.cells))
		for i, c := range l.cells {
			cells[i] = append([]byte(nil), c...)
		}
		l.cells, l.numeric = cells, append([]bool(nil), l.numeric...)
		r.kept = append(r.kept, l)
	}
	return r, nil
}

// texts returns the kept rows as strings.
func (r *rewound) texts() [][]string {
	rows := make([][]string, len(r.kept))
	for i, l := range r.kept {
		rows[i] = make([]string, len(l.cells))
		for j, c := range l.cells {
			rows[i][j] = strings.ToValidUTF8(string(c), "\ufffd")
		}
	}
	return rows
}
