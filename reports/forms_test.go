package reports

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"ohwatch/internal/message"
)

// onePixel is a PNG.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

func documents(t *testing.T) map[string]*document {
	zh := words{printer(t, message.Chinese)}
	hide := revised(t)
	hide.Hide(5)
	return map[string]*document{
		"quarterly": newDocument(zh, revised(t)), "township": newDocument(words{printer(t, message.English)}, letter(t)),
		"public": newDocument(zh, hide), "hostile": newDocument(zh, hostileSituation(t)), "empty": newDocument(zh, emptySituation(t, KindAnnual, "2025")),
		"weekly": newPage(zh, fullBulletin(t)).document(), "weekly-empty": newPage(zh, emptyBulletin(t)).document(),
	}
}

// TestDOCX checks that each part of the files is sound XML, that references lead somewhere, that tables are even, and that all
// headings and numbers of the page are there. With LibreOffice in the PATH it opens one as well.
func TestDOCX(t *testing.T) {
	for name, d := range documents(t) {
		pictures := map[string]picture{}
		figures := 0
		for _, s := range d.Sections {
			for _, b := range s.Blocks {
				for _, f := range b.Figures {
					if f.SVG != "" {
						pictures[f.ID] = picture{PNG: onePixel, Width: 700, Height: 300}
						figures++
					}
				}
			}
		}
		data, err := writeDOCX(d, pictures)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := writeDOCX(d, pictures); !bytes.Equal(data, again) {
			t.Errorf("%s: two files of the same report differ", name)
		}
		parts := unzip(t, data)
		for part, text := range parts {
			if strings.HasSuffix(part, ".png") {
				continue
			}
			decoder := xml.NewDecoder(strings.NewReader(text))
			columns, cells := 0, 0
			for {
				token, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s %s: %v", name, part, err)
				}
				switch e := token.(type) {
				case xml.StartElement:
					switch e.Name.Local {
					case "tblGrid":
						columns = 0
					case "gridCol":
						columns++
					case "tr":
						cells = 0
					case "tc":
						cells++
					}
				case xml.EndElement:
					if e.Name.Local == "tr" && cells != columns {
						t.Fatalf("%s: a row of %d cells in a table of %d columns", name, cells, columns)
					}
				}
			}
		}
		body := parts["word/document.xml"]
		for i := 1; i <= figures; i++ {
			if !strings.Contains(body, fmt.Sprintf(`r:embed="rIdPicture%d"`, i)) || parts[fmt.Sprintf("word/media/figure%d.png", i)] == "" {
				t.Errorf("%s: picture %d is missing", name, i)
			}
		}
		for _, s := range d.Sections {
			if !strings.Contains(body, clean(s.Title)) {
				t.Errorf("%s: the heading %s is missing", name, s.Title)
			}
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s: a name became an element", name)
		}
		if folder := os.Getenv("OHWATCH_SHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, name+".docx"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func unzip(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(text)
	}
	return parts
}

// TestXLSX reads the workbooks back: every cell of every table is there, numbers as numbers, and nothing is a formula.
func TestXLSX(t *testing.T) {
	for name, d := range documents(t) {
		data, err := writeXLSX(d)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := writeXLSX(d); !bytes.Equal(data, again) {
			t.Errorf("%s: two workbooks of the same report differ", name)
		}
		for part, text := range unzip(t, data) {
			if strings.HasPrefix(part, "xl/worksheets/") && strings.Contains(text, "<f>") {
				t.Errorf("%s: %s holds a formula", name, part)
			}
		}
		book, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		sheet := 1
		for _, s := range d.Sections {
			for _, b := range s.Blocks {
				tables := []table{}
				for _, f := range b.Figures {
					tables = append(tables, f.Table)
				}
				if b.Table != nil {
					tables = append(tables, *b.Table)
				}
				for _, want := range tables {
					if len(want.Rows) == 0 {
						continue
					}
					sheet++
					rows, err := book.GetRows(fmt.Sprint(sheet), excelize.Options{RawCellValue: true})
					if err != nil {
						t.Fatal(err)
					}
					if len(rows) != len(want.Rows)+1 {
						t.Fatalf("%s %s: %d rows, want %d", name, want.Caption, len(rows)-1, len(want.Rows))
					}
					for i, row := range want.Rows {
						for k, text := range row {
							got := ""
							if k < len(rows[i+1]) {
								got = rows[i+1][k]
							}
							if n, ok := plainNumber(text); ok && want.Numeric[k] {
								text = fmt.Sprint(n)
							}
							if strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "") != got {
								t.Errorf("%s %s: cell %q is written %q", name, want.Caption, text, got)
							}
						}
					}
				}
				if len(b.Groups) > 0 {
					sheet++
				}
			}
		}
		if err := book.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestXLSX_FormulasAreTexts(t *testing.T) {
	s := letter(t)
	s.Gaps[0].Lines[0].Employer = `=HYPERLINK("http://example.invalid","x")`
	data, err := writeXLSX(newDocument(words{printer(t, message.Chinese)}, s))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for part, text := range unzip(t, data) {
		if strings.HasPrefix(part, "xl/worksheets/") {
			found = found || strings.Contains(text, "=HYPERLINK")
			if strings.Contains(text, "<f>") {
				t.Errorf("%s holds a formula", part)
			}
		}
	}
	if !found {
		t.Error("the name is not in the workbook")
	}
}

func TestPlainNumber(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "1,234": 1234, "12,345,678.5": 12345678.5, "95.3%": 0.953, "−7": -7, "0.25": 0.25} {
		if got, ok := plainNumber(text); !ok || got != want {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	for _, text := range []string{"", "2/9", "1,23", "2026-11-16", "95.3% ✓", "<1%", "=1", "1e3", "·"} {
		if n, ok := plainNumber(text); ok {
			t.Errorf("%s is read as the number %v", text, n)
		}
	}
}

// TestForms_WithoutChromium checks that without Chromium there is no PDF, DOCX is written without pictures, and the others are as ever.
func TestForms_WithoutChromium(t *testing.T) {
	s := revised(t)
	p := printer(t, message.Chinese)
	r := rendered{name: "x.html", page: renderSituation(t, s, message.Chinese), document: newDocument(words{p}, s)}
	for format, want := range map[Format]struct{ written, missing bool }{HTML: {true, false}, XLSX: {true, false}, DOCX: {true, true}, PDF: {false, true}} {
		data, err := r.form(context.Background(), format, Options{Printer: p, Today: s.Today})
		if (data != nil) != want.written || errors.Is(err, ErrNoChromium) != want.missing {
			t.Errorf("%s: %d bytes, %v", format, len(data), err)
		}
	}
}

// TestDOCX_LibreOffice opens the files with LibreOffice where OHWATCH_LIBREOFFICE is set: it takes a quarter of a gigabyte to install and
// half a minute to run.
func TestDOCX_LibreOffice(t *testing.T) {
	if os.Getenv("OHWATCH_LIBREOFFICE") == "" {
		t.Skip("OHWATCH_LIBREOFFICE is not set")
	}
	program, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := documents(t)["quarterly"]
	data, err := writeDOCX(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "report.docx")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir", dir, file)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Sections {
		if !strings.Contains(string(text), s.Title) {
			t.Errorf("LibreOffice does not show the heading %s", s.Title)
		}
	}
}
