package ingest

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Bytes that are no text are counted, in each encoding, in a dry run as in a load, and stand in the record of the batch.
func TestLoad_CountsBadBytes(t *testing.T) {
	d := newDesk(t)
	const head = "统一社会信用代码,用人单位名称,参保月份,参保人数\n"
	text := head
	for n := range 40 {
		text += code(7000+n) + ",新郑市测试用人单位,2025-03,12\n"
	}
	gb := func(text string) string {
		s, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	wide := func(text string) string {
		s, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	broken := func(text, bad string) string { // in two cells of the first row and one of the second
		text = strings.Replace(text, "测试", bad+bad, 1)
		text = strings.Replace(text, ",12\n", ",1"+bad+"2\n", 1)
		i := strings.LastIndex(text, "测试")
		return text[:i] + bad + text[i:]
	}
	const mark = "\ue000"
	for _, c := range []struct {
		name, text             string
		cells, bytes, rejected int
	}{
		{"whole.csv", text, 0, 0, 0},
		{"utf8.csv", broken(text, "\xff"), 3, 4, 2},
		{"utf8 with U+FFFD.csv", broken(text, "\ufffd"), 3, 4, 2},
		{"nul.csv", broken(text, "\x00"), 3, 4, 2},
		{"gb.csv", strings.ReplaceAll(gb(broken(text, mark)), gb(mark), "\xff"), 3, 4, 2},
		{"wide.csv", strings.ReplaceAll(wide(broken(text, mark)), "\x00\xe0", "\x00\xdc"), 3, 3, 2}, // two halves of a pair are read as one
		{"beyond.csv", text[:len(text)-1] + ",\xff\xff\n", 1, 1, 1},
		{"lines.jsonl", strings.Repeat(`{"统一社会信用代码":"`+code(7100)+`","用人单位名称":"甲","参保月份":"2025-03","参保人数":"1"}`+"\n", 9) + `{"统一社会信用代码":"` + code(7100) + `","用人单位名称":"` + "\xff\xfe" + `甲","参保月份":"2025-03","参保人数":"1"}` + "\n", 1, 2, 1},
	} {
		path := d.file(c.name, c.text)
		dry := d.load(Config{DryRun: true}, path)[0]
		r := d.load(Config{}, path)[0]
		if r.State != "published" || r.BadCells != c.cells || r.BadBytes != c.bytes || r.Rejected != c.rejected {
			t.Errorf("%s: %+v, want %d cells, %d bytes, %d rejected", c.name, r, c.cells, c.bytes, c.rejected)
		}
		if dry.BadCells != r.BadCells || dry.BadBytes != r.BadBytes {
			t.Errorf("%s: a dry run counts %d cells, %d bytes", c.name, dry.BadCells, dry.BadBytes)
		}
		b, err := FindBatch(context.Background(), d.db, r.Batch)
		if err != nil || int(b.BadCells) != c.cells || int(b.BadBytes) != c.bytes {
			t.Errorf("%s: recorded as %+v, %v", c.name, b, err)
		}
	}
}
