package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rawBook writes a workbook part by part, as other producers do.
func rawBook(t *testing.T, sheet string, more map[string]string) string {
	t.Helper()
	parts := map[string]string{
		"[Content_Types].xml": "<Types/>", "xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relationsXML,
		"xl/worksheets/sheet1.xml": sheet,
	}
	for name, text := range more {
		parts[name] = text
	}
	return zipped(t, parts)
}

const stylesXML = `<styleSheet><numFmts count="6"><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/>
<numFmt numFmtId="166" formatCode="[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/><numFmt numFmtId="167" formatCode="000000"/><numFmt numFmtId="168" formatCode="0.0%"/><numFmt numFmtId="169" formatCode="#,##0.00_ &quot;dm&quot;"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
<cellXfs count="9"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/><xf numFmtId="169"/><xf numFmtId="20"/></cellXfs></styleSheet>`

var styledRelations = strings.Replace(relationsXML, "</Relationships>", `<Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`, 1)

// Numbers come out as their sender sees them where their format says what they are, and as they are otherwise.
func TestWorkbook_NumberFormats(t *testing.T) {
	cells := []struct{ style, value, want, want1904 string }{
		{"0", "45723", "45723", "45723"},
		{"1", "45723", "2025-03-07", "2029-03-08"},
		{"1", "44261", "2021-03-06", "2025-03-07"},
		{"2", "45717", "2025-03", "2029-03-02"},
		{"2", "45723", "2025-03-07", "2029-03-08"},
		{"3", "45723.354166666664", "2025-03-07 08:30:00", "2029-03-08 08:30:00"},
		{"3", "45723.999999999", "2025-03-08", "2029-03-09"},
		{"4", "45723", "2025-03-07", "2029-03-08"},
		{"1", "60", "60", "1904-03-01"}, // a day that a spreadsheet has and no calendar
		{"1", "61", "1900-03-01", "1904-03-02"},
		{"1", "-3", "-3", "1903-12-29"},
		{"1", "20250307", "20250307", "20250307"},
		{"5", "123", "000123", "000123"},
		{"6", "0.231", "23.1%", "23.1%"},
		{"6", "0.07", "7%", "7%"},
		{"7", "1234.5", "1234.5", "1234.5"},
		{"8", "0.5", "12:00:00", "12:00:00"},
		{"0", "0.30000000000000004", "0.3", "0.3"},
		{"0", "4.1999919850101E+17", "419999198501010000", "419999198501010000"},
		{"0", "1E-3", "0.001", "0.001"},
		{"0", "-0", "0", "0"},
	}
	var row strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&row, `<c s="%s"><v>%s</v></c>`, c.style, c.value)
	}
	sheet := "<worksheet><sheetData><row>" + row.String() + "</row></sheetData></worksheet>"
	for _, date1904 := range []string{"0", "1"} {
		book := strings.Replace(workbookXML, "<sheets>", `<workbookPr date1904="`+date1904+`"/><sheets>`, 1)
		lines, err := linesOf(t, rawBook(t, sheet, map[string]string{"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": styledRelations, "xl/styles.xml": stylesXML}))
		if err != nil || len(lines) != 1 {
			t.Fatalf("%v %q", err, lines)
		}
		for i, got := range strings.Split(lines[0], "|") {
			want := cells[i].want
			if date1904 == "1" {
				want = cells[i].want1904
			}
			if got != want {
				t.Errorf("1904 %s, style %s, %s: %q, want %q", date1904, cells[i].style, cells[i].value, got, want)
			}
		}
	}
}

// Every way in which producers write the same cells reads alike.
func TestWorkbook_Producers(t *testing.T) {
	want := []string{"甲|乙|丙|1", "一 & <二>|含\n行|是|3.5"}
	plain := `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1"><v>1</v></c></row>
<row r="2"><c r="A2" t="s"><v>3</v></c><c r="B2" t="s"><v>4</v></c><c r="C2" t="b"><v>1</v></c><c r="D2"><v>3.5</v></c></row></sheetData></worksheet>`
	shared := `<sst uniqueCount="5"><si><t>甲</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">乙</t></r><rPh sb="0" eb="1"><t>yi</t></rPh></si><si><t>丙</t></si><si><t>一 &amp; &lt;二&gt;</t></si><si><t>含_x000A_行</t></si></sst>`
	for name, path := range map[string]string{
		"shared": rawBook(t, plain, map[string]string{"xl/sharedStrings.xml": shared}),
		"inline without references": rawBook(t, `<worksheet><sheetData><row><c t="inlineStr"><is><t>甲</t></is></c><c t="inlineStr"><is><r><t>乙</t></r><rPh><t>yi</t></rPh></is></c><c t="str"><v>丙</v></c><c><v>1</v></c></row>
<row/><row><c t="inlineStr"><is><t><![CDATA[一 & <二>]]></t></is></c><c t="str"><v>含&#10;行</v></c><c t="b"><v>true</v></c><c t="n"><v> 3.5 </v></c></row></sheetData></worksheet>`, nil),
		"prefixed names": rawBook(t, `<x:worksheet xmlns:x="m"><x:sheetData>`+prefixed(plain)+`</x:sheetData></x:worksheet>`, map[string]string{"xl/sharedStrings.xml": prefixed(shared)}),
		"strict, elsewhere": rawBook(t, "<worksheet/>", map[string]string{
			"_rels/.rels":                 `<Relationships><Relationship Id="r1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" Target="/book/main.xml"/></Relationships>`,
			"book/main.xml":               workbookXML,
			"book/_rels/main.xml.rels":    strings.ReplaceAll(strings.ReplaceAll(relationsXML, `"x/`, `"http://purl.oclc.org/ooxml/officeDocument/relationships/`), "worksheets/", "/Book/Sheets/"),
			"Book/Sheets/Sheet1.xml":      plain,
			"book/sharedStrings.xml":      shared,
			"xl/_rels/workbook.xml.rels2": "x",
		}),
		"cells out of order": rawBook(t, `<worksheet><sheetData><row r="7"><c r="D7"><v>1</v></c><c r="A7" t="str"><v>甲</v></c><c r="C7" t="str"><v>丙</v></c><c r="B7" t="str"><v>乙</v></c></row>
<row r="9"><c r="A9" t="str"><v>一 &amp; &lt;二&gt;</v></c><c r="B9" t="str"><v>含&#xA;行</v></c><c r="C9" t="b"><v>1</v></c><c r="D9"><f>1+2.5</f><v>3.5</v></c><c r="XFD9" s="1"/></row></sheetData></worksheet>`, nil),
	} {
		lines, err := linesOf(t, path)
		if err != nil || !slices.Equal(lines, want) {
			t.Errorf("%s: %q (%v)", name, lines, err)
		}
	}
}

// prefixed gives the elements of a part a namespace prefix.
func prefixed(xml string) string {
	xml = strings.NewReplacer("<worksheet>", "", "</worksheet>", "", "<sheetData>", "", "</sheetData>", "").Replace(xml)
	return strings.NewReplacer("</", "</x:", "<", "<x:").Replace(xml)
}

// The value of cells that are merged over rows holds for each row that has values of its own.
func TestWorkbook_MergedRows(t *testing.T) {
	lines, err := linesOf(t, rawBook(t, `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>单位</v></c><c r="B1" t="str"><v>姓名</v></c></row>
<row r="2"><c r="A2" t="str"><v>甲公司</v></c><c r="B2" t="str"><v>张</v></c></row><row r="3"><c r="A3" s="1"/><c r="B3" t="str"><v>李</v></c></row>
<row r="4"><c r="B4" t="str"><v>王</v></c></row><row r="5"/><row r="6"><c r="B6" t="str"><v>赵</v></c></row></sheetData>
<mergeCells count="2"><mergeCell ref="A2:A5"/><mergeCell ref="A1:C1"/></mergeCells></worksheet>`, nil))
	if want := []string{"单位|姓名", "甲公司|张", "甲公司|李", "甲公司|王", "|赵"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("%q (%v)", lines, err)
	}
}

// A second header in the middle of a sheet sets the order of the rows behind it.
func TestLoad_SecondHeader(t *testing.T) {
	d := newDesk(t)
	text := "一厂参保,,,\n统一社会信用代码,参保月份,参保人数,应参保人数\n" + code(1) + ",2025-03,80,90\n" +
		"\n二厂参保,,,\n统一社会信用代码,应参保人数,参保月份,参保人数\n" + code(2) + ",70,2025-03,60\n" +
		"统一社会信用代码,参保月份,参保人数,应参保人数\n" + code(3) + ",2025-03,5,6\n制表：张三,,,\n"
	results := d.load(Config{}, d.file("a.csv", text))
	if len(results) != 1 || results[0].sums() != (sums{read: 7, loaded: 3, rejected: 4}) {
		t.Fatalf("%+v %v", results, d.findings(results[0].Batch))
	}
	for employer, want := range map[string]string{code(1): "80 90", code(2): "60 70", code(3): "5 6"} {
		var got string
		if err := d.db.Conn().QueryRow(t.Context(), "SELECT concat(toString(insured_count), ' ', toString(employees_due)) FROM raw_insurance WHERE employer_key = ?", employer).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", employer, got, want)
		}
	}
}

// A header in two lines, with lengths of service under one group and units in headings.
func TestLoad_GroupsAndUnitsInHeadings(t *testing.T) {
	d := newDesk(t)
	exam := "报告卡编号,体检编号,体检机构,,用人单位,,姓名,身份证号,性别,出生日期,工种,接害工龄,,体检类型,接触的职业病危害因素,体检危害因素,体检日期,报告出具日期,上传日期,是否复检,体检结论\n" +
		",,编号,名称,统一社会信用代码,名称,,,,,,年,月,,,,,,,,\n" +
		"K1,1,TJ1,测试医院," + code(1) + ",测试公司,张三,419999198501010015,男,1985-01-01,电焊工,6,8,在岗,噪声,噪声,2025-03-07,2025-03-20,2025-03-28,否,未见异常\n"
	dose := "放射工作单位,统一社会信用代码,单位类别,医疗机构级别,人员编号,姓名,身份证号,性别,出生日期,职业类别,从事放射工作起始日期,监测机构,检测报告编号,佩戴起始日期,佩戴终止日期,佩戴位置,剂量量,剂量（μSv）,MDL（μSv）,剂量计状态\n" +
		"测试医院," + code(1) + ",医疗,二级,W1,张三,419999198501010015,男,1985-01-01,2E,2015-01-01,测试检测,R1,2025-01-01,2025-03-31,左胸,Hp(10),80,40,正常\n"
	for name, c := range map[string]struct{ text, query, want string }{
		"exam":               {exam, "SELECT toString(exposure_months) FROM raw_exam", "80"},
		"months in brackets": {strings.NewReplacer("接害工龄,,", "接害工龄（年）,接害工龄（月）,", "年,月,", ",,", "K1", "K2", "TJ1", "TJ2").Replace(exam), "SELECT toString(exposure_months) FROM raw_exam WHERE report_card_id = 'K2'", "80"},
		"dose":               {dose, "SELECT toString(value) FROM raw_dose", "0.08"},
	} {
		results := d.load(Config{}, d.file("a.csv", c.text))
		if len(results) != 1 || results[0].Refusal != nil || results[0].Loaded != 1 {
			t.Errorf("%s: %+v %v", name, results, d.findings(results[0].Batch))
			continue
		}
		var got string
		if err := d.db.Conn().QueryRow(t.Context(), c.query).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s: %s, want %s (%v)", name, got, c.want, err)
		}
	}
}
