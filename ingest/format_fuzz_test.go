package ingest

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet/compress"
)

// sink takes the frames of a decoder in this process.
func sink() *apartWriter { return newApartWriter(io.Discard) }

// decodeData decodes data as a format of its own process, here, and reports an error that is no refusal. A panic of the
// format's reader is what the process is for; one of ours fails the test.
func decodeData(t *testing.T, format string, data []byte) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	err = decodeHere(format, f, sink())
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Errorf("not a refusal: %v", err)
	}
	if refusal != nil && refusal.Err != nil && strings.Contains(refusal.Err.Error(), "failed:") && format == formOLE.name() {
		t.Errorf("panic: %v", refusal.Err)
	}
}

func FuzzOldWorkbook(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "formats", "insurance.xls"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) { decodeData(t, "xls", data) })
}

// FuzzOldWorkbookStream goes past the container, which mutations hardly ever leave whole.
func FuzzOldWorkbookStream(f *testing.F) {
	f.Add(oldStream([]string{code(1), "长文字" + strings.Repeat("字", 30)}, 20))
	f.Add([]byte("\x09\x08\x08\x00\x00\x06\x05\x00\x00\x00\x00\x00\x0a\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		book := &oldWorkbook{stream: stream, w: sink(), formats: map[int]string{}}
		err := book.globals()
		if err == nil {
			err = book.write()
		}
		var refusal *Refusal
		if err != nil && !errors.Is(err, errCut) && !errors.As(err, &refusal) {
			t.Errorf("not a refusal: %v", err)
		}
	})
}

func FuzzParquet(f *testing.F) {
	f.Add(parquetBytes(f, 20, compress.Codecs.Uncompressed, false))
	f.Add(parquetBytes(f, 20, compress.Codecs.Snappy, true))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<16 {
			decodeData(t, "parquet", data)
		}
	})
}

// FuzzArrow decodes as a load does, in a process of its own: the reader of Arrow takes as much memory as a damaged length says.
func FuzzArrow(f *testing.F) {
	for _, n := range []int{0, 20} {
		f.Add(arrowBytes(f, n, false))
		f.Add(arrowBytes(f, n, true))
	}
	f.Add([]byte("ARROW1\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.arrow")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := linesOf(t, path)
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("not a refusal: %v", err)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":[1,{"x":"y","z":null}],"d":"\u4e2d\ud83d\ude00"}}` + "\n" + `{"a":true}`))
	f.Add([]byte(`[{"a":"b"},{"a":1e5}]`))
	f.Add([]byte(`{"code":0,"data":[{"a":1},{"b":2}]}`))
	f.Add([]byte(`{"a":` + strings.Repeat("[", 50)))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := openJSON(func() io.Reader { return bytes.NewReader(data) }, encodingUTF8)
		if err == nil {
			err = drain(d)
		}
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("not a refusal: %v", err)
		}
	})
}

// The cells of a text come out whole: none is longer than its text, lines never run backwards.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,b\r\n\"c\"\"d\",\"e\nf\"\n"), byte(','), byte('"'))
	f.Add([]byte("'a;b';c\r'd\n"), byte(';'), byte('\''))
	f.Add([]byte("\"a\"b\r\r\nx\ry"), byte('\t'), byte('"'))
	f.Fuzz(func(t *testing.T, data []byte, delimiter, quote byte) {
		if delimiter == quote || delimiter == '\n' || delimiter == '\r' || quote == '\n' || quote == '\r' {
			return
		}
		r := newCSVReader(bytes.NewReader(data), csvForm{delimiter: delimiter, quote: quote})
		var l line
		last, total := uint32(0), 0
		for {
			err := r.read(&l)
			var refusal *Refusal
			if errors.Is(err, io.EOF) || errors.As(err, &refusal) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.number <= last {
				t.Fatalf("line %d after line %d", l.number, last)
			}
			last = l.number
			for _, c := range l.cells {
				total += len(c)
			}
		}
		if total > len(data) {
			t.Errorf("%d bytes of cells in %d bytes", total, len(data))
		}
	})
}

func FuzzZip(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"a.csv", "../\xce\xc4.csv"} {
		part, err := w.Create(name)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := part.Write([]byte("a,b\n1,2\n")); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "input.zip")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := decode(t.Context(), decoding{dir: dir, program: "/bin/false"}, path, int64(len(data)))
		if err == nil {
			defer d.close()
			err = drain(d)
		}
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("not a refusal: %v", err)
		}
	})
}

func FuzzTextEncoding(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfa,b\n"), true)
	f.Add([]byte("a\x00,\x00b\x00\n\x00"), true)
	f.Add([]byte("\xcd\xb3\xd2\xbb,b\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, whole bool) {
		encoding, refusal := textEncoding(data, whole)
		if refusal != nil {
			return
		}
		text, err := io.ReadAll(decodeText(bytes.NewReader(data), encoding))
		if err != nil {
			t.Fatal(err)
		}
		if encoding != encodingUTF8 && encoding != encodingUTF8BOM && !utf8.Valid(text) {
			t.Errorf("%s came out as no UTF-8", encoding)
		}
		markupKind(bytes.TrimSpace(text))
		form, err := formOfText(text)
		if err == nil && form.delimiter == 0 {
			t.Error("no delimiter and no refusal")
		}
	})
}

func FuzzHeader(f *testing.F) {
	contracts, err := Contracts()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("工伤保险参保\n单位,,参保,\n统一社会信用代码,名称,月份,人数（人）\n91,甲,2025-03,80")
	f.Add("姓 名*,身份证号,，,((((\n")
	f.Fuzz(func(t *testing.T, text string) {
		var rows [][]string
		for row := range strings.SplitSeq(text, "\n") {
			rows = append(rows, strings.Split(row, ","))
		}
		rows = rows[:min(len(rows), headerRows)]
		c, h, code := recognise(contracts, rows)
		if code != "" {
			return
		}
		for i, column := range h.columns {
			if column >= len(h.names) {
				t.Errorf("field %s stands in column %d of %d", c.Fields[i].Name, column, len(h.names))
			}
		}
		if h.first < 0 || h.first+h.rows > len(rows) {
			t.Errorf("a header of %d rows from %d of %d", h.rows, h.first, len(rows))
		}
		b := newBlocks(&rewound{err: io.EOF}, h.names)
		cells := make([][]byte, len(h.names))
		for i, name := range h.names {
			cells[len(cells)-1-i] = []byte(name)
		}
		if b.isHeader(cells) {
			b.follow(cells)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2025-03-07", "2025.3", "2025年3月7日 上午8时", "45717.5", "20250307083000", "-45000", "60", "２０２５／３／７"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, numeric bool) {
		d, ok := parseDate(s, numeric)
		if !ok {
			return
		}
		again, ok := parseDate(timeOf(d.day).Format("2006-01-02"), false)
		if !ok || again.day != d.day {
			t.Errorf("%q is day %d, written back %d", s, d.day, again.day)
		}
		if d.month && timeOf(d.day).Day() != 1 {
			t.Errorf("%q is a month on day %d", s, timeOf(d.day).Day())
		}
	})
}

func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"1,200", "<0.05", "＜0.05", "≤0.1", "未检出(<0.05)", "0.02(MDL/2)", "1e999", "NaN", "85%", "6年8个月", "１２", "-0", "0.05L", "ND"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseNumber(s); ok && (math.IsNaN(n) || math.IsInf(n, 0)) {
			t.Errorf("%q is %v", s, n)
		}
		if m, ok := parseMeasure(s); ok {
			if math.IsNaN(m.value) || math.IsInf(m.value, 0) || math.IsNaN(m.bound) || math.IsInf(m.bound, 0) {
				t.Errorf("%q is %+v", s, m)
			}
			if m.qualifier == "nd" && m.hasValue {
				t.Errorf("%q has a value though it was not detected", s)
			}
		}
		for _, years := range []bool{true, false} {
			if n, ok := parseMonths(s, years); ok && (n < 0 || math.IsNaN(n) || math.IsInf(n, 0)) {
				t.Errorf("%q is %v months", s, n)
			}
		}
		if len(clean(s)) > len(s) {
			t.Errorf("%q grew to %q", s, clean(s))
		}
		if code := formulaFault(s); code != "" && missing(s) {
			t.Errorf("%q is missing and a formula's fault %s", s, code)
		}
	})
}

func FuzzStyle(f *testing.F) {
	f.Add("yyyy\"年\"m\"月\"", "45717", true)
	f.Add("0.0%", "0.125", false)
	f.Add("[$-804]yyyy/m/d;@", "-3.7", false)
	f.Add("000000", "123", false)
	f.Fuzz(func(t *testing.T, format, number string, date4 bool) {
		text, _ := styleOf(200, format).text(number, date4)
		if len(text) > len(number)+400 {
			t.Errorf("%q under %q is %d bytes long", number, format, len(text))
		}
	})
}

func FuzzIdentityNumbers(f *testing.F) {
	f.Add("419999198501010015", true)
	f.Add("4.19999E+17", true)
	f.Add("91419999MAXXX0015G", false)
	f.Fuzz(func(t *testing.T, s string, numeric bool) {
		id, fault := parseIdentity(s, numeric, dayOf(testToday))
		if fault == "" && len(id.number) != 18 {
			t.Errorf("%q is the number %q", s, id.number)
		}
		if numeric && fault == "" && strings.HasSuffix(id.number, "000") {
			t.Errorf("%q from a numeric cell was believed", s)
		}
		if code, ok := parseUSCC(s); ok && len(code) != 18 {
			t.Errorf("%q is the code %q", s, code)
		}
		parsePaper(s)
	})
}
