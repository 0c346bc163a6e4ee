package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"ohwatch/internal/message"
)

// hostileFile is a file that no honest export looks like.
type hostileFile struct {
	name string
	data []byte
}

const insuranceHeadings = "统一社会信用代码,单位名称,参保月份,参保人数\n"

// hostileFiles writes the corpus. Each file has employers of its own, so that what one loads says nothing of another.
func hostileFiles(t testing.TB) []hostileFile {
	t.Helper()
	var files []hostileFile
	employer := 100
	add := func(name, text string) { files = append(files, hostileFile{name, []byte(text)}) }
	row := func() string { // a sound row
		employer++
		return code(employer) + ",测试公司,2025-03,80\n"
	}
	gb := func(text string) string {
		s, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	wide := func(text string) string {
		s, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	parts := func(pairs ...string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for i := 0; i < len(pairs); i += 2 {
			part, err := w.Create(pairs[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte(pairs[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	sheetOf := func(rows string, more ...string) string {
		return parts(append([]string{
			"[Content_Types].xml", "<Types/>", "xl/workbook.xml", workbookXML, "xl/_rels/workbook.xml.rels", relationsXML,
			"xl/worksheets/sheet1.xml", `<worksheet><dimension ref="A1:ZZ9"/><sheetData>` + rows + `</sheetData></worksheet>`,
		}, more...)...)
	}
	text := func(cells ...string) string {
		var b strings.Builder
		b.WriteString("<row>")
		for _, c := range cells {
			if strings.HasPrefix(c, "<") {
				b.WriteString(c)
			} else {
				fmt.Fprintf(&b, `<c t="str"><v>%s</v></c>`, c)
			}
		}
		return b.String() + "</row>"
	}
	head := text("统一社会信用代码", "单位名称", "参保月份", "参保人数")
	sound := func() string {
		employer++
		return text(code(employer), "测试公司", "2025-03", "<c><v>80</v></c>")
	}

	// Text.
	add("01 empty.csv", "")
	add("02 spaces.csv", " \r\n\t\n ")
	add("03 only a byte order mark.csv", "\xef\xbb\xbf")
	add("04 prose.csv", "这不是表格\n只是几行字\n")
	add("05 only title.csv", "新郑市工伤保险参保统计表,,,\n")
	add("06 only header.csv", insuranceHeadings)
	add("07 NUL bytes in a row.csv", insuranceHeadings+strings.Replace(row(), "公司", "公\x00司", 1)+row())
	add("08 NUL bytes at the beginning.csv", "ab\x00\x01\x02,\x00\x00\n\x00")
	add("09 random bytes.csv", "\x81\x20\xff,\xfe\xff\x80\n\xff\x20\xff\n")
	add("10 quote never closed.csv", insuranceHeadings+row()+strings.Replace(row(), "测试", "\"测试", 1)+row())
	add("11 quote never closed in the last line.csv", insuranceHeadings+row()+code(1)+",\"测试")
	add("12 quotes within cells.csv", insuranceHeadings+strings.Replace(row(), "测试", "5\"管", 1)+row()+strings.Replace(row(), "测试", "6\"管", 1))
	add("13 CR only.csv", strings.ReplaceAll(insuranceHeadings+row()+row(), "\n", "\r"))
	add("14 CR LF and CRLF mixed.csv", insuranceHeadings+strings.ReplaceAll(row(), "\n", "\r\n")+strings.ReplaceAll(row(), "\n", "\r")+strings.ReplaceAll(row(), "\n", "\r\r\n")+row())
	add("15 byte order mark in the middle.csv", "\ufeff"+insuranceHeadings+row()+"\ufeff"+insuranceHeadings+row())
	add("16 two encodings half and half.csv", insuranceHeadings+strings.Repeat(row(), 15)+gb(strings.Repeat(row(), 15)))
	add("17 one line of another encoding.csv", insuranceHeadings+strings.Repeat(row(), 15)+gb(row()))
	add("18 UTF-16 without a mark.csv", wide(insuranceHeadings+row()+row()))
	add("19 UTF-16 of odd length.csv", "\xff\xfe"+wide(insuranceHeadings+row())+"4")
	add("20 bad GB18030.csv", gb(insuranceHeadings+strings.Repeat(row(), 12))+strings.Replace(gb(row()), gb("测"), "\x81\x20", 1))
	add("21 cell of 10 MB.csv", insuranceHeadings+row()+code(1)+",\""+strings.Repeat("长", 10<<20/3)+"\",2025-03,80\n")
	add("22 line of 20 MB.csv", insuranceHeadings+strings.Repeat("x", 20<<20))
	add("23 100000 columns.csv", insuranceHeadings+strings.Repeat("1,", 100_000)+"\n")
	add("24 100000 columns in the header.csv", strings.Repeat("列,", 100_000)+"\n1,2\n")
	add("25 duplicate headings.csv", "统一社会信用代码,单位名称,参保月份,参保人数,参保人数\n"+code(2001)+",测试公司,2025-03,80,81\n")
	add("26 infinite numbers.csv", insuranceHeadings+code(2002)+",测试公司,2025-03,1e999\n"+code(2003)+",测试公司,2025-03,Infinity\n"+code(2004)+",测试公司,2025-03,NaN\n"+code(2005)+",测试公司,2025-03,-∞\n"+code(2006)+",测试公司,2025-03,0x50\n")
	add("27 dates that are none.csv", insuranceHeadings+code(2007)+",测试公司,2025-13,80\n"+code(2008)+",测试公司,-45000,80\n"+code(2009)+",测试公司,0000-00-00,80\n"+code(2010)+",测试公司,99999999,80\n")
	add("28 control characters.csv", insuranceHeadings+strings.Replace(row(), "公司", "公\x07\x1b[31m司", 1))
	add("29 formula as text.csv", insuranceHeadings+"\"=\"\""+code(2011)+"\"\"\",测试公司,=\"2025-03\",=\"80\"\n")
	add("30 program.csv", "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 200))

	// Other things under the names of tables.
	add("31 html.xls", "<html><head><meta charset=gbk></head><table><tr><td>统一社会信用代码</td></tr></table></html>")
	add("32 mime html.xls", "MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n<html>")
	add("33 xml spreadsheet.xls", `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>`)
	add("34 xml.xlsx", `<?xml version="1.0" encoding="UTF-8"?><root><row a="1"/></root>`)
	add("35 csv.xls", insuranceHeadings+row())
	add("36 pdf.xlsx", "%PDF-1.7\n1,2,3\n")
	add("37 png.xlsx", "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00", 40))
	add("38 jpeg.csv", "\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	add("39 rtf.xls", "{\\rtf1\\ansi 表格}")
	add("40 word.xlsx", parts("[Content_Types].xml", "<Types/>", "word/document.xml", "<w:document/>"))
	add("41 slides.xlsx", parts("[Content_Types].xml", "<Types/>", "ppt/presentation.xml", "<p/>"))
	add("42 open document.xlsx", parts("mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"))
	add("43 ofd.xlsx", parts("OFD.xml", "<ofd/>", "Doc_0/Document.xml", "<d/>"))
	add("44 binary workbook.xlsx", parts("[Content_Types].xml", "<Types/>", "xl/workbook.bin", "\x83\x01"))
	add("45 rar.zip", "Rar!\x1a\x07\x01\x00rest")
	add("46 seven zip.zip", "7z\xbc\xaf\x27\x1c\x00\x04rest")
	add("47 tar.csv", strings.Repeat("\x00", 257)+"ustar\x0000"+strings.Repeat("\x00", 300))
	add("48 sqlite.csv", "SQLite format 3\x00"+strings.Repeat("\x00", 100))
	add("49 dbf.csv", "\x03\x7d\x03\x07\x01\x00\x00\x00\x41\x00\x10\x00"+strings.Repeat("\x00", 52)+"\r rest")
	add("50 feather1.arrow", "FEA1\x00\x00\x00\x00rest")
	add("51 ancient.xls", "\x09\x04\x06\x00\x00\x00\x10\x00rest")

	// Old workbooks and passwords.
	old := read(filepath.Join("testdata", "formats", "insurance.xls"))
	add("52 old workbook cut.xls", old[:len(old)*2/3])
	add("53 ole of nothing.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"+strings.Repeat("\xff", 600))
	locked := excelize.NewFile()
	lockedPath := filepath.Join(t.TempDir(), "locked.xlsx")
	if err := locked.SaveAs(lockedPath, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	locked.Close()
	add("54 password.xlsx", read(lockedPath))

	// Workbooks.
	whole := sheetOf(head + sound())
	add("55 zip mark alone.xlsx", "PK\x03\x04 and nothing else")
	add("56 cut in half.xlsx", whole[:len(whole)/2])
	add("57 cut before the end.xlsx", whole[:len(whole)-10])
	add("58 zip bomb in a sheet.xlsx", sheetOf(strings.Repeat("<row/>", 16<<20)))
	add("59 zip bomb in the strings.xlsx", sheetOf(head+sound(), "xl/sharedStrings.xml", "<sst><si><t>"+strings.Repeat("a", 100<<20)+"</t></si></sst>"))
	add("60 billion laughs.xlsx", parts("xl/workbook.xml", workbookXML, "xl/_rels/workbook.xml.rels", relationsXML, "xl/worksheets/sheet1.xml",
		`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>`))
	add("61 laughs in the workbook.xlsx", parts("xl/workbook.xml", `<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>`))
	add("62 no workbook part.xlsx", parts("[Content_Types].xml", "<Types/>", "xl/worksheets/sheet1.xml", "<worksheet/>"))
	add("63 no relations.xlsx", parts("[Content_Types].xml", "<Types/>", "xl/workbook.xml", workbookXML))
	add("64 sheet part missing.xlsx", parts("xl/workbook.xml", workbookXML, "xl/_rels/workbook.xml.rels", relationsXML))
	cut := func(text string) string {
		return parts("xl/workbook.xml", workbookXML, "xl/_rels/workbook.xml.rels", relationsXML, "xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+text)
	}
	add("65 sheet cut in a tag.xlsx", cut(head+`<row r="2"><c r="A2" t="s`))
	add("66 sheet cut in a value.xlsx", cut(head+sound()+`<row r="3"><c r="A3" t="str"><v>9141`))
	add("67 sheet cut between rows.xlsx", cut(head+sound()))
	add("68 100000 columns.xlsx", sheetOf(head+text(strings.Repeat("<c><v>1</v></c>", 100_000))))
	add("69 column beyond the last.xlsx", sheetOf(head+text(`<c r="ZZZZZ9"><v>1</v></c>`)))
	add("70 cell of 10 MB.xlsx", sheetOf(head+text(code(1), strings.Repeat("长", 10<<20/3))))
	add("71 million empty rows.xlsx", sheetOf(head+sound()+strings.Repeat(`<row ht="14.25"><c s="1"/></row>`, 1<<20)))
	add("72 wrong dimension.xlsx", whole)
	add("73 strings that are not there.xlsx", sheetOf(head+text(`<c t="s"><v>99999999999</v></c>`, `<c t="s"><v>-1</v></c>`, "2025-03", "<c><v>80</v></c>")))
	add("74 cyclic formulas.xlsx", sheetOf(head+text(code(2101), "测试公司", "2025-03", `<c r="D2"><f t="shared" ref="D2:D3" si="0">D3</f><v>80</v></c>`)+
		text(code(2102), "测试公司", "2025-03", `<c r="D3"><f t="shared" si="0"/><v>81</v></c>`)))
	add("75 formula without a value.xlsx", sheetOf(head+text(code(2103), "测试公司", "2025-03", `<c><f>SUM(A1:A9)</f></c>`)+text(code(2104), "测试公司", "2025-03", `<c><f>SUM(A1:A9)</f><v></v></c>`)))
	add("76 formula errors.xlsx", sheetOf(head+text(code(2105), "测试公司", "2025-03", `<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`)+text(code(2106), `<c t="e"><v>#N/A</v></c>`, "2025-03", "<c><v>80</v></c>")))
	add("77 negative and impossible serials.xlsx", sheetOf(head+text(code(2107), "测试公司", "<c><v>-45000</v></c>", "<c><v>80</v></c>")+text(code(2108), "测试公司", "<c><v>60</v></c>", "<c><v>80</v></c>")+
		text(code(2109), "测试公司", "<c><v>1E+300</v></c>", "<c><v>80</v></c>")+text(code(2110), "测试公司", "<c><v>45717</v></c>", "<c><v>1E+400</v></c>")))
	add("78 external links.xlsx", sheetOf(head+sound(), "xl/externalLinks/externalLink1.xml", "<externalLink/>", "xl/externalLinks/_rels/externalLink1.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>`))
	add("79 macros.xlsm", sheetOf(head+sound(), "xl/vbaProject.bin", "\xd0\xcf\x11\xe0"))
	add("80 all sheets hidden.xlsx", parts("xl/workbook.xml", strings.Replace(workbookXML, `sheetId="1"`, `sheetId="1" state="veryHidden"`, 1), "xl/_rels/workbook.xml.rels", relationsXML,
		"xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+head+sound()+"</sheetData></worksheet>"))
	add("81 relations that lead out.xlsx", parts("xl/workbook.xml", workbookXML, "xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="../../../../etc/passwd"/></Relationships>`))
	add("82 other table.xlsx", sheetOf(text("随便", "什么", "表")+text("1", "2", "3")))

	// Archives.
	nested := insuranceHeadings + row()
	for range 6 {
		nested = parts("内.zip", nested)
	}
	add("83 archives six deep.zip", nested)
	add("84 archive in an archive.zip", parts("外/a.zip", parts("b.csv", insuranceHeadings+row())))
	many := make([]string, 0, 24_000)
	for i := range 12_000 {
		many = append(many, fmt.Sprintf("%d.csv", i), "")
	}
	add("85 twelve thousand members.zip", parts(many...))
	add("86 member with a password.zip", strings.ReplaceAll(parts("a.csv", insuranceHeadings), "\x14\x00\x08\x00", "\x14\x00\x09\x00"))
	add("87 names that lead out.zip", parts("../../../etc/ohwatch.csv", insuranceHeadings+row(), `C:\Windows\x.csv`, insuranceHeadings+row()))
	add("88 page and table.zip", parts("说明.pdf", "%PDF-1.4", "数据.csv", insuranceHeadings+row(), "__MACOSX/._数据.csv", "junk", "空/", ""))
	add("89 only pictures.zip", parts("a.png", "\x89PNG\r\n\x1a\n", "b.jpg", "\xff\xd8\xff\xe0"))
	add("90 good and broken.zip", parts("a.csv", insuranceHeadings+row(), "b.xlsx", whole[:len(whole)/2]))
	add("91 nothing in it.zip", parts())
	add("92 gzip bomb.csv.gz", packed(t, insuranceHeadings+strings.Repeat("0", 200<<20)))
	add("93 gzip cut.csv.gz", packed(t, insuranceHeadings+strings.Repeat(row(), 60))[:80])
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	squeezed := string(z.EncodeAll([]byte(insuranceHeadings+row()+row()), nil))
	add("94 zstd.csv.zst", squeezed)
	add("95 zstd cut.csv.zst", squeezed[:len(squeezed)-9])
	add("96 gzip of a workbook.gz", packed(t, sheetOf(head+sound())))
	add("97 gzip of a picture.gz", packed(t, "\x89PNG\r\n\x1a\n"))

	// JSON, Parquet, Arrow.
	json := func() string {
		employer++
		return fmt.Sprintf(`{"统一社会信用代码":"%s","单位名称":"测试公司","参保月份":"2025-03","参保人数":80}`, code(employer)) + "\n"
	}
	add("98 broken lines.jsonl", json()+`{"统一社会信用代码":"91`+"\n"+json()+"not json at all\n"+json())
	add("99 deep.json", `[{"统一社会信用代码":`+strings.Repeat(`[`, 100_000)+strings.Repeat(`]`, 100_000)+`}]`)
	add("A0 cut.json", "["+json()+","+strings.TrimSpace(json())[:40])
	add("A1 no objects.json", `[]`)
	pq := string(parquetBytes(t, 200, compress.Codecs.Snappy, true))
	add("A2 parquet cut.parquet", pq[:len(pq)-200])
	add("A3 parquet without its middle.parquet", pq[:100]+pq[600:])
	ar := string(arrowBytes(t, 200, true))
	add("A4 arrow stream cut.arrows", ar[:len(ar)-8])
	add("A5 arrow stream cut at a record.arrows", ar[:len(ar)/2])
	fa := string(arrowBytes(t, 200, false))
	add("A6 arrow file cut.arrow", fa[:len(fa)-100])
	return files
}

// Each file of the corpus ends as testdata/hostile.txt says: in a sentence for its sender, or in rows that add up; nothing is loaded
// by half, nothing panics, and the memory that it takes is bounded.
func TestLoad_HostileFiles(t *testing.T) {
	d := newDesk(t)
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for _, f := range hostileFiles(t) {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	paths = append(paths, strangePaths(t)...)
	runtime.GC()
	peak := watchHeap(t)
	results := d.load(Config{}, paths...)
	if got := peak(); got > 400<<20 {
		t.Errorf("%d MiB of living memory", got>>20)
	}
	var out strings.Builder
	for _, r := range results {
		describe(t, d, &out, catalogue, r)
	}
	golden := filepath.Join("testdata", "hostile.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n"); !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("line %d differs:\n%s\nwant\n%s", i+1, strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n"), strings.Join(want[min(i, len(want)):min(i+3, len(want))], "\n"))
			}
		}
	}
	var rows, loaded uint64
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT count() FROM raw_insurance").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		loaded += uint64(r.Loaded + r.Corrected)
		if r.Read != r.Loaded+r.Corrected+r.Voided+r.Unchanged+r.Rejected {
			t.Errorf("%s: the sums do not add up: %+v", r.File, r.sums())
		}
	}
	if rows != loaded {
		t.Errorf("%d rows stand in the table, %d were loaded", rows, loaded)
	}
}

// strangePaths makes a folder with what is no plain file, and files with odd names.
func strangePaths(t *testing.T) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "odd \n names 'x' %s")
	if err := os.MkdirAll(filepath.Join(dir, "空文件夹"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name string, n int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(insuranceHeadings+code(n)+",测试公司,2025-03,80\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("~$lock.xlsx", 3001)
	write(".hidden.csv", 3002)
	write("a\tb\nc \u202e.csv", 3003)
	write(strings.Repeat("长", 80)+".csv", 3004)
	outside := filepath.Join(t.TempDir(), "outside.csv")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{dir, "/proc/self/mem"}
}

// watchHeap returns a function that says how much memory was alive at most since it was called.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var most atomic.Uint64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapAlloc))
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() uint64 {
		cancel()
		<-done
		return most.Load()
	}
}

// describe writes what became of a file, with the sentences that its sender reads.
func describe(t *testing.T, d *desk, out *strings.Builder, catalogue *message.Catalogue, r Result) {
	t.Helper()
	say := func(key string, args map[string]any) {
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			s := catalogue.Printer(lang).Text(key, args)
			if strings.ContainsAny(s, "{") || strings.HasPrefix(s, "[ingest") {
				t.Errorf("%s: the sentence is %q", r.File, s)
			}
			fmt.Fprintf(out, "    %s\n", s)
		}
	}
	name := fmt.Sprintf("%.60q", filepath.Base(r.File))
	if r.Sheet != "" {
		name += " " + r.Sheet
	}
	if r.Refusal != nil {
		fmt.Fprintf(out, "%s: refused %s\n", name, r.Refusal.Code)
		key, args := r.Refusal.Message()
		say(key, args)
		return
	}
	fmt.Fprintf(out, "%s: %s %s read %d loaded %d corrected %d unchanged %d rejected %d", name, r.Encoding, r.Stream, r.Read, r.Loaded, r.Corrected, r.Unchanged, r.Rejected)
	if len(r.SkippedSheets) > 0 {
		fmt.Fprintf(out, " skipped %s", strings.Join(r.SkippedSheets, "、"))
	}
	if len(r.UnknownHeaders) > 0 {
		fmt.Fprintf(out, " unknown %s", strings.Join(r.UnknownHeaders, "、"))
	}
	out.WriteByte('\n')
	rejects, err := Rejects(t.Context(), d.db, d.dir, r.Batch, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rejects {
		fmt.Fprintf(out, "  row %d %s %q: %s\n", rejects[i].Row, rejects[i].Column, rejects[i].Value, rejects[i].Code)
		say("ingest."+rejects[i].Code, rejects[i].MessageArgs())
	}
}

// A file that grows while it is read is refused: nobody knows whether what was read is all of it.
func TestKeep_FileThatGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(insuranceHeadings), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := openSource(foundFile{path, true})
	if err != nil {
		t.Fatal(err)
	}
	defer in.file.Close()
	buf := make([]byte, 10)
	if _, err := in.Read(buf); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(code(1)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, err = keepFrom(t.TempDir(), in, path, time.Now(), false)
	if err == nil || !strings.Contains(err.Error(), "file_changing") {
		t.Errorf("got %v", err)
	}
}
