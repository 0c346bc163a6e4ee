package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// codeOnly says no more about a reject than its code.
func codeOnly(r *Reject) Words {
	return Words{Zh: "问题 " + r.Code, En: "fault " + r.Code, Repair: "mend"}
}

// batch reads a batch from the log.
func (d *desk) batch(number uint64) Batch {
	d.t.Helper()
	b, err := FindBatch(d.t.Context(), d.db, number)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// states lists what became of the rejects of a batch as "row state by", in the order of the file.
func (d *desk) states(batch uint64) string {
	d.t.Helper()
	states, err := RejectStates(d.t.Context(), d.db, "", batch, "")
	if err != nil {
		d.t.Fatal(err)
	}
	var texts []string
	for _, s := range states {
		text := fmt.Sprint(s.Row, " ", s.State)
		if s.ByBatch != 0 {
			text += fmt.Sprint(" ", s.ByBatch)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// sendBack writes the open rejects of a batch to a file and returns its path.
func (d *desk) sendBack(batch uint64, ending string) string {
	d.t.Helper()
	path := filepath.Join(d.t.TempDir(), "back"+ending)
	if _, err := WriteRejects(d.t.Context(), d.db, d.dir, d.batch(batch), path, false, codeOnly); err != nil {
		d.t.Fatal(err)
	}
	return path
}

const insuranceHead = "备注,统一社会信用代码,单位名称,参保月份,参保人数,应参保人数\n"

// What is sent back looks as the sender's own sheet did: his name of the sheet, his headings in his order, the
// empty columns too; the faulty cells are coloured and carry a comment, numbers stay numbers, and nothing is a
// formula.
func TestWriteRejects_LooksLikeTheSendersSheet(t *testing.T) {
	d := newDesk(t)
	book := excelize.NewFile()
	sheet := "2025年参保"
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{
		{"2025年工伤保险参保情况"},
		{"序号", "参保月份", "单位名称", "统一社会信用代码", "参保 人数*", "应参保人数", "经办人电话"},
		{1, "2025-03", "=HYPERLINK(\"x\")", code(1), "很多"},
		{2, 45717, "+测试二", code(2), 5.5},
		{3, "2025-03", "测试三", code(3), 7},
	} {
		if err := book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "参保.xlsx")
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	result := d.load(Config{}, path)[0]
	if result.sums() != (sums{read: 3, loaded: 1, rejected: 2}) {
		t.Fatalf("%+v %v", result, d.findings(result.Batch))
	}
	back, err := excelize.OpenFile(d.sendBack(result.Batch, ".xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if got := back.GetSheetList(); !slices.Equal(got, []string{sheet}) {
		t.Errorf("sheets: %v", got)
	}
	rows, err := back.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	want := append([]string{"序号", "参保月份", "单位名称", "统一社会信用代码", "参保 人数*", "应参保人数", "经办人电话"}, returnHeadings...)
	if !slices.Equal(rows[0], want) {
		t.Errorf("headings %q", rows[0])
	}
	if rows[1][2] != "=HYPERLINK(\"x\")" || rows[2][1] != "45717" || rows[2][4] != "5.5" {
		t.Errorf("rows %q", rows[1:])
	}
	for _, cell := range []string{"C2", "C3", "E2"} {
		if formula, err := back.GetCellFormula(sheet, cell); err != nil || formula != "" {
			t.Errorf("%s holds a formula: %q %v", cell, formula, err)
		}
	}
	if kind, err := back.GetCellType(sheet, "B3"); err != nil || kind != excelize.CellTypeNumber && kind != excelize.CellTypeUnset {
		t.Errorf("the serial of a date came back as %v (%v)", kind, err)
	}
	colour := func(cell string) string {
		id, err := back.GetCellStyle(sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := back.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(style.Fill.Color, "")
	}
	if colour("E2") != "FFC7CE" || colour("E3") != "FFC7CE" || colour("D2") != "" {
		t.Errorf("colours %q %q %q", colour("E2"), colour("E3"), colour("D2"))
	}
	comments, err := back.GetComments(sheet)
	if err != nil || len(comments) != 2 || comments[0].Cell != "E2" || !strings.Contains(comments[0].Paragraph[len(comments[0].Paragraph)-1].Text, "not_a_number") {
		t.Errorf("comments %+v (%v)", comments, err)
	}
}

// Rows come back mended in part, again and again: each reject is closed by the batch that loads it, or carried
// on by the one that rejects it once more; taking that batch back opens it again.
func TestRejects_ComeBackStepByStep(t *testing.T) {
	for _, ending := range []string{".csv", ".xlsx"} {
		d := newDesk(t)
		first := d.load(Config{Sender: "社保局"}, d.file("a.csv", insuranceHead+
			",,测试一,2025-03,很多,\n"+
			"x,"+code(2)+",测试二,2025-13,5,\n"+
			",,,2025-03,5,\n"+
			","+code(4)+",测试四,2025-03,6,\n"))[0]
		if first.sums() != (sums{read: 4, loaded: 1, rejected: 3}) {
			t.Fatalf("%+v %v", first, d.findings(first.Batch))
		}
		edit := func(path string, change ...string) string {
			text := asCSV(t, path)
			return d.file("mended.csv", strings.NewReplacer(change...).Replace(text))
		}
		second := d.load(Config{Sender: "社保局"}, edit(d.sendBack(first.Batch, ending), "很多", "8"))[0]
		if second.sums() != (sums{read: 3, loaded: 1, rejected: 2}) || len(second.UnknownHeaders) > 0 {
			t.Fatalf("%s: %+v %v", ending, second, d.findings(second.Batch))
		}
		if got := d.states(first.Batch); got != "2 mended 2; 3 again 2; 4 again 2" {
			t.Errorf("%s: first batch: %s", ending, got)
		}
		if got := d.states(second.Batch); got != "3 open; 4 open" {
			t.Errorf("%s: second batch: %s", ending, got)
		}
		third := d.load(Config{Sender: "社保局"}, edit(d.sendBack(second.Batch, ending), "2025-13", "2025-12"))[0]
		if third.sums() != (sums{read: 2, loaded: 1, rejected: 1}) {
			t.Fatalf("%s: %+v %v", ending, third, d.findings(third.Batch))
		}
		if got := d.states(second.Batch); got != "3 mended 3; 4 again 3" {
			t.Errorf("%s: second batch: %s", ending, got)
		}
		if got := d.states(first.Batch); got != "2 mended 2; 3 again 2; 4 again 2" {
			t.Errorf("%s: first batch: %s", ending, got)
		}
		if _, err := Revert(t.Context(), d.db, d.dir, second.Batch, "test", "wrong"); err != nil {
			t.Fatal(err)
		}
		if got := d.states(first.Batch); got != "2 open; 3 open; 4 open" {
			t.Errorf("%s: after the revert: %s", ending, got)
		}
		if n, err := DecideRejects(t.Context(), d.db, d.batch(first.Batch), []uint32{4}, RejectIgnored, "test", "a line of notes"); n != 1 || err != nil {
			t.Errorf("%s: %d decided: %v", ending, n, err)
		}
		if got := d.states(first.Batch); got != "2 open; 3 open; 4 ignored" {
			t.Errorf("%s: after the decision: %s", ending, got)
		}
		if _, err := DecideRejects(t.Context(), d.db, d.batch(first.Batch), []uint32{5}, RejectIgnored, "test", "no reject"); err == nil {
			t.Error("a decision on a row that was loaded")
		}
	}
}

// A sender who mends his own file, or who deletes the numbers of the rows, closes his rejects all the same: by
// the natural key.
func TestRejects_CloseByTheirKey(t *testing.T) {
	d := newDesk(t)
	text := insuranceHead + "," + code(1) + ",测试一,2025-03,很多,\n," + code(2) + ",测试二,2025-03,没有,\n"
	d.load(Config{}, d.file("a.csv", text))
	d.load(Config{}, d.file("b.csv", strings.Replace(text, "很多", "8", 1)))
	if got := d.states(1); got != "2 mended 2; 3 again 2" {
		t.Errorf("first batch: %s", got)
	}
	d.load(Config{}, d.file("c.csv", strings.NewReplacer("很多", "8", "没有", "9").Replace(text)))
	if got := d.states(2); got != "3 mended 3" {
		t.Errorf("second batch: %s", got)
	}
}

// A number that was made up, or belongs to another installation, closes nothing.
func TestRejects_ForgedNumber(t *testing.T) {
	d := newDesk(t)
	d.load(Config{}, d.file("a.csv", insuranceHead+",,,2025-03,很多,\n"))
	head := strings.TrimSuffix(insuranceHead, "\n") + "," + returnToken + "\n"
	d.load(Config{}, d.file("b.csv", head+","+code(1)+",测试一,2025-03,5,,R1-2-000000000000\n"))
	if got := d.states(1); got != "2 open" {
		t.Errorf("a made-up number: %s", got)
	}
	keyring, err := openKeys(filepath.Join(d.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	d.load(Config{}, d.file("c.csv", head+","+code(2)+",测试一,2025-03,5,,"+strings.ToLower(keyring.rejectToken(1, 2))+"\n"))
	if got := d.states(1); got != "2 mended 3" {
		t.Errorf("the real one: %s", got)
	}
}

// asCSV returns a .csv or .xlsx file as CSV text.
func asCSV(t *testing.T, path string) string {
	t.Helper()
	if strings.HasSuffix(path, ".csv") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0], excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range rows {
		for len(row) < len(rows[0]) {
			row = append(row, "")
		}
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}
