package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	layout "github.com/apache/arrow/go/v17/parquet/schema"
)

// insuranceRecord is an Arrow record of n rows of the stream insurance, with a column of each kind.
func insuranceRecord(n int) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "统一社会信用代码", Type: arrow.BinaryTypes.String},
		{Name: "参保月份", Type: arrow.FixedWidthTypes.Date32},
		{Name: "参保人数", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "应参保人数", Type: arrow.PrimitiveTypes.Float64},
		{Name: "标签", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "附", Type: arrow.StructOf(arrow.Field{Name: "核对", Type: arrow.FixedWidthTypes.Boolean}, arrow.Field{Name: "时刻", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}})},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.StringBuilder).Append(code(i))
		b.Field(1).(*array.Date32Builder).Append(arrow.Date32(20148))
		if i%7 == 3 {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Int64Builder).Append(int64(80 + i))
		}
		b.Field(3).(*array.Float64Builder).Append(float64(90 + i))
		list := b.Field(4).(*array.ListBuilder)
		list.Append(true)
		for j := range i % 3 {
			list.ValueBuilder().(*array.StringBuilder).Append(fmt.Sprintf("签%d", j))
		}
		s := b.Field(5).(*array.StructBuilder)
		s.Append(true)
		s.FieldBuilder(0).(*array.BooleanBuilder).Append(i%2 == 0)
		s.FieldBuilder(1).(*array.TimestampBuilder).Append(arrow.Timestamp(1741276800000000 + int64(i)*3600e6))
	}
	return b.NewRecord()
}

// arrowBytes writes n rows as an Arrow file or stream.
func arrowBytes(tb testing.TB, n int, stream bool) []byte {
	tb.Helper()
	rec := insuranceRecord(n)
	defer rec.Release()
	var b bytes.Buffer
	var w interface {
		Write(arrow.Record) error
		Close() error
	}
	if stream {
		w = ipc.NewWriter(&b, ipc.WithSchema(rec.Schema()))
	} else {
		f, err := ipc.NewFileWriter(&seekable{&b}, ipc.WithSchema(rec.Schema()))
		if err != nil {
			tb.Fatal(err)
		}
		w = f
	}
	for from := 0; from < n; from += 100 {
		part := rec.NewSlice(int64(from), int64(min(n, from+100)))
		err := w.Write(part)
		part.Release()
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// seekable lets the Arrow writer ask where it is.
type seekable struct{ *bytes.Buffer }

func (s *seekable) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.New("only the place can be asked for")
	}
	return int64(s.Len()), nil
}

// parquetBytes writes n rows of the stream insurance as Parquet, in row groups of 150 rows.
func parquetBytes(tb testing.TB, n int, codec compress.Compression, dictionary bool) []byte {
	tb.Helper()
	must := func(node layout.Node, err error) layout.Node {
		if err != nil {
			tb.Fatal(err)
		}
		return node
	}
	text := func(name string, repetition parquet.Repetition) layout.Node {
		return must(layout.NewPrimitiveNodeLogical(name, repetition, layout.StringLogicalType{}, parquet.Types.ByteArray, 0, -1))
	}
	tags := must(layout.NewGroupNodeLogical("标签", parquet.Repetitions.Optional, layout.FieldList{
		must(layout.NewGroupNode("list", parquet.Repetitions.Repeated, layout.FieldList{text("element", parquet.Repetitions.Optional)}, -1)),
	}, layout.NewListLogicalType(), -1))
	root := must(layout.NewGroupNode("schema", parquet.Repetitions.Required, layout.FieldList{
		text("统一社会信用代码", parquet.Repetitions.Required),
		must(layout.NewPrimitiveNodeLogical("参保月份", parquet.Repetitions.Required, layout.DateLogicalType{}, parquet.Types.Int32, 0, -1)),
		layout.NewInt64Node("参保人数", parquet.Repetitions.Optional, -1),
		layout.NewFloat64Node("应参保人数", parquet.Repetitions.Required, -1),
		tags,
		must(layout.NewPrimitiveNodeLogical("附数", parquet.Repetitions.Required, layout.NewDecimalLogicalType(9, 2), parquet.Types.Int32, 0, -1)),
		must(layout.NewPrimitiveNodeLogical("时刻", parquet.Repetitions.Required, layout.NewTimestampLogicalType(false, layout.TimeUnitMillis), parquet.Types.Int64, 0, -1)),
	}, -1))
	var b bytes.Buffer
	w := file.NewParquetWriter(&b, root.(*layout.GroupNode), file.WithWriterProps(parquet.NewWriterProperties(
		parquet.WithCompression(codec), parquet.WithDictionaryDefault(dictionary), parquet.WithDataPageSize(1<<10))))
	for from := 0; from < n; from += 150 {
		group := w.AppendRowGroup()
		rows := min(150, n-from)
		next := func() file.ColumnChunkWriter {
			c, err := group.NextColumn()
			if err != nil {
				tb.Fatal(err)
			}
			return c
		}
		var codes []parquet.ByteArray
		var months, cents []int32
		var counts, instants []int64
		var due []float64
		var defined, tagDefined, tagRepeated []int16
		var words []parquet.ByteArray
		for i := from; i < from+rows; i++ {
			codes, months, due = append(codes, parquet.ByteArray(code(i))), append(months, 20148), append(due, float64(90+i))
			cents, instants = append(cents, int32(-i)), append(instants, 1741276800000+int64(i)*1000)
			if i%7 == 3 {
				defined = append(defined, 0)
			} else {
				defined, counts = append(defined, 1), append(counts, int64(80+i))
			}
			if i%3 == 0 {
				tagDefined, tagRepeated = append(tagDefined, 1), append(tagRepeated, 0)
			}
			for j := range i % 3 {
				tagDefined, words = append(tagDefined, 3), append(words, parquet.ByteArray(fmt.Sprintf("签%d", j)))
				tagRepeated = append(tagRepeated, int16(min(j, 1)))
			}
		}
		write := func(_ int64, err error) {
			if err != nil {
				tb.Fatal(err)
			}
		}
		write(next().(*file.ByteArrayColumnChunkWriter).WriteBatch(codes, nil, nil))
		write(next().(*file.Int32ColumnChunkWriter).WriteBatch(months, nil, nil))
		write(next().(*file.Int64ColumnChunkWriter).WriteBatch(counts, defined, nil))
		write(next().(*file.Float64ColumnChunkWriter).WriteBatch(due, nil, nil))
		write(next().(*file.ByteArrayColumnChunkWriter).WriteBatch(words, tagDefined, tagRepeated))
		write(next().(*file.Int32ColumnChunkWriter).WriteBatch(cents, nil, nil))
		write(next().(*file.Int64ColumnChunkWriter).WriteBatch(instants, nil, nil))
		if err := group.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// linesOf reads all rows of a file, headings first, cells joined by bars. It returns what the file was refused for.
func linesOf(tb testing.TB, path string) (rows []string, err error) {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := decode(tb.Context(), decoding{dir: filepath.Dir(path)}, path, info.Size())
	if err != nil {
		return nil, err
	}
	defer d.close()
	for {
		s, err := d.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		var l line
		for {
			err := s.lines.read(&l)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return rows, err
			}
			cells := make([]string, len(l.cells))
			for i, c := range l.cells {
				cells[i] = string(c)
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
}

func TestDecode_ParquetAndArrow(t *testing.T) {
	d := newDesk(t)
	const n = 400
	for name, data := range map[string][]byte{
		"plain.parquet":      parquetBytes(t, n, compress.Codecs.Uncompressed, false),
		"snappy.parquet":     parquetBytes(t, n, compress.Codecs.Snappy, true),
		"zstd.parquet":       parquetBytes(t, n, compress.Codecs.Zstd, true),
		"gzip.parquet":       parquetBytes(t, n, compress.Codecs.Gzip, false),
		"file.arrow":         arrowBytes(t, n, false),
		"stream.arrow":       arrowBytes(t, n, true),
		"stream renamed.xls": arrowBytes(t, n, true),
	} {
		path := d.file(name, string(data))
		rows, err := linesOf(t, path)
		if err != nil || len(rows) != n+1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		want := map[bool][]string{
			true: {
				"统一社会信用代码|参保月份|参保人数|应参保人数|标签|附数|时刻", code(0) + "|2025-03-01|80|90||0.00|2025-03-06 16:00:00",
				code(3) + "|2025-03-01||93||-0.03|2025-03-06 16:00:03", code(302) + "|2025-03-01|382|392|签0;签1|-3.02|2025-03-06 16:05:02",
			},
			false: {
				"统一社会信用代码|参保月份|参保人数|应参保人数|标签|核对|时刻", code(0) + "|2025-03-01|80|90||是|2025-03-07",
				code(3) + "|2025-03-01||93||否|2025-03-07 03:00:00", code(302) + "|2025-03-01|382|392|签0;签1|是|2025-03-19 14:00:00",
			},
		}[strings.HasSuffix(name, ".parquet")]
		for i, at := range []int{0, 1, 4, 303} {
			if rows[at] != want[i] {
				t.Errorf("%s row %d:\n%s, want\n%s", name, at, rows[at], want[i])
			}
		}
	}
	results := d.load(Config{}, d.file("a.parquet", string(parquetBytes(t, n, compress.Codecs.Zstd, true))))
	if len(results) != 1 || results[0].Read != n || results[0].Loaded+results[0].Rejected != n || results[0].Encoding != "parquet" {
		t.Errorf("%+v", results)
	}
}

// Broken Parquet and Arrow files end in a refusal or, where the damage shows in no length and no structure, in as many
// rows as the whole file has: never in a crash, never in fewer rows that pass for all.
func TestDecode_BrokenColumnarFiles(t *testing.T) {
	const n = 300
	seeds := [][]byte{
		parquetBytes(t, n, compress.Codecs.Snappy, true), parquetBytes(t, n, compress.Codecs.Uncompressed, false),
		parquetBytes(t, n, compress.Codecs.Zstd, true), arrowBytes(t, n, false), arrowBytes(t, n, true),
	}
	dir := t.TempDir()
	var next atomic.Int64
	var whole, refused atomic.Int64
	var workers sync.WaitGroup
	files := 300
	if testing.Short() {
		files = 60
	}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(next.Add(1))
				if i > files {
					return
				}
				random := rand.New(rand.NewPCG(17, uint64(i)))
				data := bytes.Clone(seeds[i%len(seeds)])
				damage := ""
				switch i / len(seeds) % 4 {
				case 0, 1:
					for range 1 + random.IntN(5) {
						at := random.IntN(len(data))
						data[at] ^= byte(1 + random.IntN(255))
						damage += fmt.Sprintf(" byte %d", at)
					}
				case 2: // the footer, where the structure is
					at := len(data) - 9 - random.IntN(min(600, len(data)-9))
					data[at] ^= byte(1 + random.IntN(255))
					damage = fmt.Sprintf(" byte %d", at)
				case 3:
					at := random.IntN(len(data))
					data = data[:at]
					damage = fmt.Sprintf(" cut at %d", at)
				}
				path := filepath.Join(dir, fmt.Sprintf("%d.bin", i))
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Error(err)
					return
				}
				rows, err := linesOf(t, path)
				var refusal *Refusal
				switch {
				case errors.As(err, &refusal):
					refused.Add(1)
				case err != nil:
					t.Errorf("file %d (%s): not a refusal: %v", i, damage, err)
				case len(rows) != n+1:
					t.Errorf("file %d (%s): ended as if complete after %d rows", i, damage, len(rows)-1)
				default:
					whole.Add(1)
				}
				_ = os.Remove(path)
			}
		})
	}
	workers.Wait()
	t.Logf("%d files refused, %d read whole", refused.Load(), whole.Load())
	if refused.Load() == 0 || whole.Load() == 0 {
		t.Error("the damage was of one kind only")
	}
}
