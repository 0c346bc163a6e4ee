package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/xuri/excelize/v2"
)

// examBook writes a workbook of exams with 20 columns, four of them dates.
func examBook(tb testing.TB, path string, rows int) {
	tb.Helper()
	f := excelize.NewFile()
	defer f.Close()
	code := "yyyy-mm-dd"
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
	if err != nil {
		tb.Fatal(err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		tb.Fatal(err)
	}
	day := func(serial int) excelize.Cell { return excelize.Cell{StyleID: date, Value: serial} }
	head := []any{
		"报告卡编号", "体检编号", "体检机构编号", "体检机构", "社会信用代码", "用人单位名称", "姓名", "身份证号", "性别", "出生日期", "工种", "接害工龄年数",
		"体检类型", "接触的职业病危害因素", "体检危害因素", "体检日期", "报告出具日期", "上传日期", "是否复检", "体检结论",
	}
	if err := w.SetRow("A1", head); err != nil {
		tb.Fatal(err)
	}
	for i := range rows {
		id := fmt.Sprintf("419999%d%02d%02d%03d", 1970+i%30, 1+i/30%12, 1+i/360%28, i%1000)
		id += string(idCheckDigit17(id))
		born, _ := civil(1970+i%30, 1+i/30%12, 1+i/360%28)
		row := []any{
			fmt.Sprintf("BGK%d", i), fmt.Sprintf("2025%08d", i), "TJ001", "新郑市示例医院", code0, "新郑市示例机械有限公司", fmt.Sprintf("示例%d", i%5000), id,
			[]string{"女", "男"}[i%2], day(int(born) + 25569), "电焊工", i % 12, "在岗期间职业健康检查", "噪声;电焊烟尘", "噪声;电焊烟尘", day(45700 + i%100), day(45800 + i%50),
			day(45900 + i%50), "否", "目前未见异常",
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), row); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.SaveAs(path); err != nil {
		tb.Fatal(err)
	}
}

const code0 = "91419999MAXXX0015G"

// BenchmarkDecodeXLSX reads a workbook of 20 columns into Arrow records; the issue allows 15 s for 200,000 rows, checks included.
func BenchmarkDecodeXLSX(b *testing.B) {
	const rows = 50_000
	path := filepath.Join(b.TempDir(), "exam.xlsx")
	examBook(b, path, rows)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ohwatch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n := countRows(b, path, info.Size()); n != rows {
				b.Fatalf("%d rows", n)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := excelize.OpenFile(path)
			if err != nil {
				b.Fatal(err)
			}
			it, err := f.Rows("Sheet1")
			if err != nil {
				b.Fatal(err)
			}
			for it.Next() {
				if _, err := it.Columns(); err != nil {
					b.Fatal(err)
				}
			}
			if err := errors.Join(it.Close(), f.Close()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// countRows reads a file into Arrow records as a load does and counts its rows.
func countRows(tb testing.TB, path string, size int64) (n int) {
	tb.Helper()
	d, err := decode(tb.Context(), decoding{dir: tb.TempDir()}, path, size)
	if err != nil {
		tb.Fatal(err)
	}
	defer d.close()
	for {
		s, err := d.next()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			tb.Fatal(err)
		}
		names := s.lines.texts()[0]
		s.lines.kept = s.lines.kept[1:]
		t := newTable(newBlocks(s.lines, names), s.text, names, memory.DefaultAllocator)
		for {
			rec, err := t.next(chunkRows)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				tb.Fatal(err)
			}
			n += int(rec.NumRows())
			rec.Release()
		}
	}
}

// TestWriteExamBook writes the workbook that the figures of docs/formats.md are measured on, where OHWATCH_EXAM_BOOK says.
func TestWriteExamBook(t *testing.T) {
	path := os.Getenv("OHWATCH_EXAM_BOOK")
	if path == "" {
		t.Skip("OHWATCH_EXAM_BOOK is not set")
	}
	examBook(t, path, 200_000)
}
