package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"ohwatch/internal/message"
)

// A template that is filled with random values, each as its column asks for, loads without a rejected row and
// without a finding: the example row is not read, the sheet that explains the columns is not named.
func TestWriteTemplate_FilledLoadsBack(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	byStream := map[string]*Contract{}
	for _, c := range contracts {
		byStream[c.Stream] = c
	}
	d.load(Config{}, d.file("employer.csv", changedExamples(byStream["employer"], []map[string]string{
		nil, {"uscc": byStream["dose"].Field("unit_uscc").Example, "employer_name": byStream["dose"].Field("unit_name").Example},
	})))
	random := rand.New(rand.NewPCG(20251116, 1))
	const rows = 25
	for _, c := range contracts {
		lang := message.Chinese
		if random.IntN(2) == 0 {
			lang = message.English
		}
		path := filepath.Join(t.TempDir(), c.Stream+".xlsx")
		if err := WriteTemplate(path, c, catalogue.Printer(lang)); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			for i, text := range filledRow(random, c, row) {
				cell, err := excelize.CoordinatesToCellName(i+1, row+3)
				if err != nil {
					t.Fatal(err)
				}
				if err := f.SetCellStr(f.GetSheetName(0), cell, text); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		results := d.load(Config{}, path)
		if len(results) != 1 || results[0].Refusal != nil {
			t.Fatalf("%s: %+v", c.Stream, results)
		}
		r := results[0]
		if r.Stream != c.Stream || r.sums() != (sums{read: rows, loaded: rows}) || r.Warned > 0 || len(r.UnknownHeaders)+len(r.SkippedSheets) > 0 {
			t.Errorf("%s: %+v %q", c.Stream, r, d.findings(r.Batch))
		}
		if !slices.Equal(r.HiddenSheets, []string{"lists"}) {
			t.Errorf("%s: hidden sheets %q", c.Stream, r.HiddenSheets)
		}
	}
}

// filledRow is a row for a template: the required cells and some of the others, each a value that its column
// takes, and all of them together a row that breaks no check between fields. n makes its key its own.
func filledRow(random *rand.Rand, c *Contract, n int) []string {
	row := make([]string, len(c.Fields))
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Type == "date" && f.Name != "birth_date" {
			at = at.AddDate(0, 0, 1) // the columns of a contract stand in the order of events
		}
		if f.Required == "N" && f.Example == "" && random.IntN(3) > 0 {
			continue
		}
		row[i] = f.Example
		choices := f.choices()
		switch f.Type {
		case "text":
			switch {
			case f.Check == "phone":
				row[i] = fmt.Sprintf("138%08d", random.IntN(1e8))
			case f.Check == "names":
				row[i] = "示例一、示例二"
			default:
				row[i] = fmt.Sprintf("T%d-%d", n, random.IntN(1000))
			}
		case "date":
			row[i] = at.Format([]string{time.DateOnly, "2006/1/2", "20060102", "2006年1月2日"}[random.IntN(4)])
			if f.Name == "birth_date" {
				row[i] = f.Example
			}
		case "month":
			row[i] = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, -n, 0).Format("2006-01")
		case "code":
			if len(choices) > 0 && !steered[f.Name] {
				row[i] = choices[random.IntN(len(choices))]
			}
		case "int", "number":
			low, high := 0.0, 100.0
			if f.Min != nil {
				low = *f.Min
			}
			if f.Max != nil {
				high = min(*f.Max, low+100)
			}
			if f.Example == "" { // those with an example take part in checks between fields
				row[i] = fmt.Sprint(int(low) + random.IntN(int(high-low)+1))
			}
		case "words":
			row[i] = "甲项;乙项"
		case "bool":
			row[i] = "否"
		}
		if f.Name == "workshop" || f.Name == "post" || f.Type == "label" && slices.Contains(c.Key, f.Name) {
			row[i] = fmt.Sprintf("示例%d", n)
		}
	}
	set := func(name, text string) {
		if i, ok := c.byName[name]; ok {
			row[i] = text
		}
	}
	for _, name := range []string{"exposed_female", "prev_exam_no", "simultaneous", "hours_day", "days_week", "hours_week", "limit_value", "limit_adjusted", "final_value", "end_date", "death_date", "age", "record_state", "severity", "nominal_method", "penalty_sum", "penalty_type", "production_date", "stage_date_1", "stage_date_2", "stage_date_3", "qualifier", "total_years", "total_months", "n_recheck_open", "suspected_disease", "contraindication", "conclusions", "exposure_start", "employees_due", "radiation_class", "cumulative_dose"} {
		set(name, "")
	}
	set("workplace_no", fmt.Sprint(n+2))
	set("train_type", []string{"初次", "继续"}[n%2])
	set("exposure_months", fmt.Sprint(random.IntN(12)))
	set("exposure_years", fmt.Sprint(random.IntN(10)))
	if c.Stream == "case_report" {
		set("stage", "壹期")
	}
	if c.Stream == "dose" {
		set("period_start", at.Format(time.DateOnly))
		set("period_end", at.AddDate(0, 0, 80).Format(time.DateOnly))
		set("start_date", "2015-07-01")
		set("read_date", "")
		set("report_date", "")
	}
	if c.Stream == "project" {
		set("accept_date", "")
	}
	if c.Stream == "training" {
		set("headcount", "")
	}
	return row
}

// steered are the choices that other columns depend on: they keep the example of the contract.
var steered = map[string]bool{
	"unit_kind": true, "id_type": true, "sex": true, "card_kind": true, "report_kind": true, "dosimeter_status": true, "is_nominal": true,
	"status": true, "judgement": true, "limit_type": true, "result": true, "person_role": true, "quantity": true, "position": true,
	"employer_role": true, "high_low": true, "abnormal": true,
}

// A numeric cell keeps 15 digits: an identity number that ends in 000 there is damaged whatever its check
// digit, and the rejected rows go back to their sender, are mended and load.
func TestWriteRejects_MendedRowsLoad(t *testing.T) {
	head := []any{"放射工作单位", "统一社会信用代码", "单位类别", "人员编号", "姓名", "身份证号", "性别", "出生日期", "职业类别", "从事放射工作起始日期", "监测机构", "佩戴起始日期", "佩戴终止日期", "佩戴位置", "剂量量", "剂量(mSv)", "最低探测水平MDL", "剂量计状态"}
	row := func(worker string, number any, dose any) []any {
		return []any{"测试医院", code(1), "医疗", worker, "张三", number, "男", "1985-01-01", "2E", 42186, "监测中心", 45658, 45747, "左胸", "Hp(10)", dose, 0.04, "正常"}
	}
	for _, ending := range []string{".xlsx", ".csv"} {
		d := newDesk(t)
		results := d.load(Config{}, book(t, [][]any{
			{"2025年第1季度个人剂量监测结果"},
			head, row("1", "419999198501010015", 0.08), row("2", 419999198501010000, "<MDL"), row("3", "419999198501010015", "很高"),
			{"合计", nil, nil, 3},
		}, nil))
		if len(results) != 1 || results[0].sums() != (sums{read: 4, loaded: 1, rejected: 3}) || results[0].HeaderRow != 2 {
			t.Fatalf("%+v %v", results, d.findings(1))
		}
		var codes []string
		rejects, err := Rejects(t.Context(), d.db, d.dir, results[0].Batch, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejects {
			codes = append(codes, fmt.Sprint(r.Row, " ", r.Column, " ", r.Code, " ", r.Value))
		}
		if got := strings.Join(codes, "; "); got != "4 身份证号 id_damaged 41**************00; 5 剂量(mSv) not_a_number 很高; 6  totals_row " {
			t.Errorf("rejects: %s", got)
		}
		back := filepath.Join(t.TempDir(), "back"+ending)
		n, err := WriteRejects(t.Context(), d.db, d.dir, d.batch(results[0].Batch), back, false, codeOnly)
		if err != nil || n != 3 {
			t.Fatalf("%d rows written: %v", n, err)
		}
		text := mend(t, back)
		mended := d.load(Config{}, d.file("mended.csv", text))
		if len(mended) != 1 || mended[0].sums() != (sums{read: 3, loaded: 2, rejected: 1}) {
			t.Errorf("%s mended: %+v %v\n%s", ending, mended, d.findings(mended[0].Batch), text)
		}
		for _, personal := range []string{"419999198501010015", "张三"} {
			var n uint64
			err := d.db.Conn().QueryRow(t.Context(), "SELECT countIf(position(toString(tuple(*)), ?) > 0) FROM ops_finding", personal).Scan(&n)
			if err != nil || n > 0 {
				t.Errorf("%s stands in %d findings (%v)", personal, n, err)
			}
			err = d.db.Conn().QueryRow(t.Context(), "SELECT countIf(position(toString(tuple(*)), ?) > 0) FROM raw_dose", personal).Scan(&n)
			if err != nil || n > 0 {
				t.Errorf("%s stands in %d rows (%v)", personal, n, err)
			}
		}
	}
}

// mend reads a file of rejected rows and returns it as CSV with its faults mended.
func mend(t *testing.T, path string) string {
	t.Helper()
	mender := strings.NewReplacer("419999198501010000", "419999198501010015", "很高", "0.5")
	if strings.HasSuffix(path, ".csv") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return mender.Replace(string(data))
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range rows {
		for len(row) < len(rows[0]) {
			row = append(row, "")
		}
		b.WriteString(`"` + strings.Join(row, `","`) + "\"\n")
	}
	return mender.Replace(b.String())
}

// The reader of workbooks agrees with excelize on random cells.
func TestWorkbook_AgreesWithExcelize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var rows [][]any
		for range 1 + random.IntN(20) {
			row := make([]any, 1+random.IntN(8))
			for i := range row {
				switch random.IntN(6) {
				case 0:
					row[i] = random.IntN(1e6)
				case 1:
					row[i] = float64(random.IntN(1e6)) / 1000
				case 2:
					row[i] = "文字 <&> \"" + strings.Repeat("长", random.IntN(40)) + "\""
				case 3:
					row[i] = "行\n二"
				case 4:
					row[i] = fmt.Sprintf("%018d", random.Int64N(1e18))
				}
			}
			row[0] = "x" // blank rows are left out by ours alone
			rows = append(rows, row)
		}
		path := book(t, rows, nil)
		f, err := excelize.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := decode(t.Context(), decoding{}, path, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.next()
		if err != nil {
			t.Fatal(err)
		}
		var l line
		for i := range want {
			if err := s.lines.read(&l); err != nil {
				t.Fatal(err)
			}
			for j, text := range want[i] {
				if got := string(l.cells[j]); got != text {
					t.Errorf("row %d column %d: %q, excelize reads %q", i+1, j+1, got, text)
				}
				if _, isText := rows[i][j].(string); l.numeric[j] == (isText || rows[i][j] == nil) {
					t.Errorf("row %d column %d: numeric %t for %v", i+1, j+1, l.numeric[j], rows[i][j])
				}
			}
		}
		d.close()
	}
}
