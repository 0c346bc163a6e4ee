package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"ohwatch/internal/message"
)

// book writes a workbook with one sheet of the given rows.
func book(t testing.TB, rows [][]any, change func(*excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(f)
	}
	path := filepath.Join(t.TempDir(), "book.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// zipped writes a zip archive of the given parts.
func zipped(t testing.TB, parts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range parts {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.xlsx")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	workbookXML  = `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
	relationsXML = `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`
)

// Each file that cannot be read ends in one sentence and an unchanged warehouse.
func TestLoad_Refused(t *testing.T) {
	d := newDesk(t)
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	good := "统一社会信用代码,参保月份,参保人数\n" + code(1) + ",2025-03,80\n"
	truncated := func() string {
		data, err := os.ReadFile(book(t, [][]any{{"统一社会信用代码", "参保月份", "参保人数"}, {code(1), "2025-03", 80}}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return d.file("cut.xlsx", string(data[:len(data)/2]))
	}
	half, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Repeat("统一社会,信用\n", 30))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, code string }{
		"empty":              {d.file("a.csv", ""), "empty_file"},
		"only spaces":        {d.file("a.csv", " \n\n \n"), "empty_file"},
		"prose":              {d.file("a.csv", "这不是表格\n只是几行字\n"), "not_a_table"},
		"binary":             {d.file("a.csv", "ab\x00\x01\x02,\x00\x00\n\x00"), "not_a_table"},
		"random bytes":       {d.file("a.csv", "\x81\x20\xff,\xfe\xff\x80\n\xff\x20\xff\n"), "not_a_table"},
		"html":               {d.file("a.xls", "<html><table><tr><td>1</td></tr></table></html>"), "not_a_table"},
		"pdf":                {d.file("a.csv", "%PDF-1.7\n1,2,3\n"), "not_a_table"},
		"old excel":          {d.file("a.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), "file_damaged"},
		"other table":        {d.file("a.csv", "a,b,c\n1,2,3\n"), "no_header"},
		"no header row":      {d.file("a.csv", code(1)+",2025-03,80\n"), "no_header"},
		"two encodings":      {d.file("a.csv", half+strings.Repeat("统一社会,信用\n", 30)), "encoding_mixed"},
		"zip of other":       {zipped(t, map[string]string{"a.txt": "x"}), "not_a_table"},
		"broken zip":         {d.file("a.xlsx", "PK\x03\x04 and nothing else"), "file_damaged"},
		"cut zip":            {truncated(), "file_damaged"},
		"empty workbook":     {book(t, nil, nil), "empty_file"},
		"sheet without head": {book(t, [][]any{{"随便", "什么", "表"}, {1, 2, 3}}, nil), "no_header"},
		"zip bomb":           {zipped(t, map[string]string{"xl/workbook.xml": workbookXML, "xl/worksheets/sheet1.xml": strings.Repeat("<row/>", 20<<20)}), "zip_bomb"},
		"billion laughs": {zipped(t, map[string]string{
			"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relationsXML,
			"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>`,
		}), "xml_doctype"},
		"cut sheet": {zipped(t, map[string]string{
			"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relationsXML, "xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>统一社会信用代码`,
		}), "file_damaged"},
		"huge column": {zipped(t, map[string]string{
			"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relationsXML,
			"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="XFD1" t="str"><v>x</v></c></row></sheetData></worksheet>`,
		}), "too_many_columns"},
		"cut gzip": {d.file("a.csv.gz", packed(t, strings.Repeat(good, 50))[:60]), "file_damaged"},
	} {
		results := d.load(Config{}, c.path)
		if len(results) != 1 || results[0].Refusal == nil || results[0].Refusal.Code != c.code || results[0].State != "refused" {
			t.Errorf("%s: %+v, want %s", name, results, c.code)
			continue
		}
		key, args := results[0].Refusal.Message()
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			if s := catalogue.Printer(lang).Text(key, args); strings.ContainsAny(s, "[{") {
				t.Errorf("%s: the sentence is %q", name, s)
			}
		}
	}
	var rows uint64
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT count() FROM raw_insurance").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows stand in the table (%v)", rows, err)
	}
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The same rows load alike in every form of file that senders use.
func TestLoad_Forms(t *testing.T) {
	d := newDesk(t)
	next := 0
	for name := range forms(d, "", "") {
		next += 2
		one, two := code(next), code(next+1)
		form := forms(d, one, two)[name]
		results := d.load(Config{}, form.path)
		if len(results) != 1 || results[0].Refusal != nil || results[0].sums() != (sums{read: 2, loaded: 2}) || results[0].Encoding != form.encoding {
			t.Errorf("%s: %+v %v", name, results, d.findings(results[0].Batch))
			continue
		}
		var got string
		query := "SELECT arrayStringConcat(groupArray(concat(employer_key, ' ', replaceAll(employer_name, '\\r', ''), ' ', toString(period), ' ', toString(insured_count))), '|') FROM (SELECT * FROM raw_insurance WHERE employer_key IN (?, ?) ORDER BY employer_key)"
		if err := d.db.Conn().QueryRow(t.Context(), query, one, two).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := one + " 测试\"甲\"\n公司 2025-03-01 80|" + two + " 测试乙公司 2025-03-01 1200"; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// sentForm is a file and the encoding that must be found.
type sentForm struct{ path, encoding string }

// forms writes the same two rows in every form.
func forms(d *desk, one, two string) map[string]sentForm {
	t := d.t
	t.Helper()
	text := "统一社会信用代码,单位名称,参保月份,参保人数\n" + one + ",\"测试\"\"甲\"\"\n公司\",2025-03,80\n" + two + ",测试乙公司,2025年3月,\"1,200\"\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	big, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]sentForm{
		"utf-8":      {d.file("a.csv", text), encodingUTF8},
		"bom":        {d.file("a.csv", "\ufeff"+text), encodingUTF8BOM},
		"gb18030":    {d.file("a.csv", gb), encodingGB18030},
		"utf-16le":   {d.file("a.csv", wide), encodingUTF16LE},
		"utf-16be":   {d.file("a.csv", big), encodingUTF16BE},
		"crlf":       {d.file("a.csv", strings.ReplaceAll(text, "\n", "\r\n")), encodingUTF8},
		"tabs":       {d.file("a.tsv", strings.NewReplacer("统一社会信用代码,单位名称,参保月份,参保人数", "统一社会信用代码\t单位名称\t参保月份\t参保人数", one+",", one+"\t", two+",", two+"\t", "公司,", "公司\t", "公司\",", "公司\"\t", "3,80", "3\t80", "月,", "月\t").Replace(text)), encodingUTF8},
		"semicolon":  {d.file("a.csv", "统一社会信用代码;单位名称;参保月份;参保人数\n"+one+";\"测试\"\"甲\"\"\n公司\";2025-03;80\n"+two+";测试乙公司;2025-03;1200\n"), encodingUTF8},
		"gzip":       {d.file("a.csv.gz", packed(t, text)), encodingUTF8},
		"title rows": {d.file("a.csv", "新郑市工伤保险参保统计表,,,\n填报日期：2025-04-01,,,\n统一社会信用代码*,单 位 名 称,参保月份,参保人数（人）\n"+strings.SplitN(text, "\n", 2)[1]), encodingUTF8},
		"workbook": {book(t, [][]any{
			{"工伤保险参保"},
			{"单位", nil, "参保", nil},
			{"统一社会信用代码", "名称", "月份", "人数"},
			{one, "测试\"甲\"\n公司", 45717, 80},
			{two, "测试乙公司", "2025-03", "１，２００"},
		}, nil), "xlsx"},
	}
}

// What is wrong with single rows is found row by row, with the line of the file.
func TestLoad_Rows(t *testing.T) {
	head := "报告卡编号,体检编号,体检机构编号,体检机构,社会信用代码,用人单位名称,姓名,身份证号,性别,出生日期,工种,接害工龄年数,体检类型,接触的职业病危害因素,体检危害因素,体检日期,报告出具日期,上传日期,是否复检,体检结论\n"
	row := func(change ...string) string {
		cells := strings.Split("K%d,1,TJ1,测试医院,"+code(1)+",测试公司,张三,419999198501010015,男,1985-01-01,电焊工,6,在岗,噪声,噪声,2025-03-07,2025-03-20,2025-03-28,否,未见异常", ",")
		for i := 0; i+1 < len(change); i += 2 {
			for j, name := range strings.Split(strings.TrimSpace(head), ",") {
				if name == change[i] {
					cells[j] = change[i+1]
				}
			}
		}
		return strings.Join(cells, ",") + "\n"
	}
	d := newDesk(t)
	for i, c := range []struct{ name, row, want string }{
		{"sound", row(), ""},
		{"damaged", row("身份证号", "419999198501010000"), "reject id_damaged id_no 41**************00"},
		{"power of ten", row("身份证号", "4.19999E+17"), "reject id_damaged id_no 4.*******17"},
		{"check digit", row("身份证号", "419999198501010016"), "reject id_check_digit id_no 41**************16"},
		{"no number", row("身份证号", ""), "reject required id_no "},
		{"no such day", row("体检日期", "2025-02-30"), "reject date_invalid exam_date 2025-02-30"},
		{"future", row("上传日期", "2027-01-01"), "reject date_future upload_date 2027-01-01"},
		{"before birth", row("体检日期", "1984-01-01"), "reject exam_before_birth exam_date 1984-01-01"},
		{"years", row("接害工龄年数", "很久"), "reject not_a_number exposure_years 很久"},
		{"type", row("体检类型", "随便"), "reject unknown_code exam_type 随便"},
		{"conclusion", row("体检结论", "很好"), "reject unknown_code conclusion_overall 很好"},
		{"totals", "合计,3" + strings.Repeat(",", 18) + "\n", "reject totals_row  "},
		{"header again", head, "reject repeated_header  "},
		{"cut", "K1,2,TJ1\n", "reject shifted_row  "},
		{"shifted", row("性别", "1985-01-01", "出生日期", "电焊工", "工种", "6", "接害工龄年数", "在岗", "体检类型", "噪声"), "reject shifted_row  "},
		{"number under another heading", row("工种", "419999198501010015"), "reject shifted_row  "},
		{"bad bytes", row("姓名", "\xff\xfe"), "reject bad_bytes person_name \ufffd"},
		{"void of nothing", strings.TrimSuffix(row(), "\n") + "\n", ""},
		{"sex", row("性别", "女"), "warn sex_conflict sex 女"},
		{"birth", row("出生日期", "1986-01-01"), "warn birth_conflict birth_date 1986-01-01"},
		{"order", row("报告出具日期", "2025-01-01"), "warn date_order report_date 2025-01-01"},
		{"bare dust", row("接触的职业病危害因素", "粉尘;噪声"), "warn hazard_review hazards_exposed 粉尘;噪声"},
		{"exposure", row("接害工龄年数", "60"), "warn exposure_above_age exposure_months "},
	} {
		text := head + row("报告卡编号", "first") + strings.Replace(c.row, "K%d", "K1", 1)
		text = strings.ReplaceAll(text, ",TJ1,", fmt.Sprintf(",TJ%d,", i))
		results := d.load(Config{Stream: "exam"}, d.file("a.csv", text))
		if len(results) != 1 || results[0].Refusal != nil {
			t.Errorf("%s: %+v", c.name, results)
			continue
		}
		want := sums{read: 2, loaded: 2}
		if strings.HasPrefix(c.want, "reject") {
			want = sums{read: 2, loaded: 1, rejected: 1}
		}
		if got := results[0].sums(); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
		var found []string
		for _, f := range d.findings(results[0].Batch) {
			if !strings.HasPrefix(f, "note") {
				found = append(found, f)
			}
		}
		if got := strings.Join(found, "; "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("统一社会信用代码,参保月份,参保人数\n91,2025-03,80\n"))
	f.Add([]byte("a;\"b\nc\";d\r\n\"\"\"\"\n\"x"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("PK\x03\x04"))
	data, err := os.ReadFile(book(f, [][]any{{"统一社会信用代码", "参保月份"}, {"91", 45717.5, true}}, nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "input")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := decode(t.Context(), decoding{dir: dir}, path, int64(len(data)))
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

// drain reads every record of every sheet with an allocator that knows what was not given back.
func drain(d *decoded) error {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	for {
		s, err := d.next()
		if errors.Is(err, io.EOF) {
			if mem.CurrentAlloc() != 0 {
				return fmt.Errorf("%d bytes of Arrow memory were not given back", mem.CurrentAlloc())
			}
			return nil
		}
		if err != nil {
			return err
		}
		t := newTable(s.lines, s.text, []string{"a", "b", "c"}, mem)
		for {
			rec, err := t.next(100)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			rec.Release()
		}
	}
}

func FuzzXMLScanner(f *testing.F) {
	f.Add([]byte(`<a b="c>d"/><!-- x > y --><![CDATA[z]]>&amp;&#x41;</a>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newXMLScanner(bytes.NewReader(data))
		for {
			tok, err := x.next()
			if err != nil {
				return
			}
			tok.attr("r")
		}
	})
}
