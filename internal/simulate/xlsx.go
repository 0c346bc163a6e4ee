package simulate

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// sheetCell is one cell of a workbook.
type sheetCell struct {
	text    string
	numeric bool // text is a number
	date    bool // a number shown as a date
}

// workbook is one worksheet, or two, on its way into a file. Its bytes depend on nothing but its content.
type workbook struct {
	name    string
	rows    [][]sheetCell // nil: blank row
	merged  []string      // ranges such as A1:H1
	hidden  []string      // lines of a hidden second sheet, nil for none
	inline  bool          // strings in the cells instead of in a common table
	shared  map[string]int
	strings []string
}

// writeTo writes the workbook (ECMA-376, the parts that a spreadsheet program needs).
func (b *workbook) writeTo(w io.Writer) error {
	z := zip.NewWriter(w)
	// The moment of writing must not show: every part bears the same one.
	stamp := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	part := func(name, content string) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: stamp})
		if err != nil {
			return err
		}
		_, err = io.WriteString(f, content)
		return err
	}
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	sheet := b.sheet()
	var secondType, secondSheet, secondRel string
	if b.hidden != nil {
		secondType = `<Override PartName="/xl/worksheets/sheet2.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`
		secondSheet = `<sheet name="` + escapeXML(b.hidden[0]) + `" sheetId="2" state="hidden" r:id="rId4"/>`
		secondRel = `<Relationship Id="rId4" Type="` + rel + `/worksheet" Target="worksheets/sheet2.xml"/>`
	}
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` + secondType + `<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`},
		{"_rels/.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", head + `<workbook ` + main + ` xmlns:r="` + rel + `"><sheets><sheet name="` + escapeXML(b.name) + `" sheetId="1" r:id="rId1"/>` + secondSheet + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + rel + `/styles" Target="styles.xml"/><Relationship Id="rId3" Type="` + rel + `/sharedStrings" Target="sharedStrings.xml"/>` + secondRel + `</Relationships>`},
		{"xl/styles.xml", head + `<styleSheet ` + main + `><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" xfId="0"/><xf numFmtId="14" applyNumberFormat="1" xfId="0"/></cellXfs></styleSheet>`},
		{"xl/worksheets/sheet1.xml", head + sheet},
		{"xl/sharedStrings.xml", head + b.sharedStrings()},
	}
	if b.hidden != nil {
		notes := workbook{inline: true}
		for _, line := range b.hidden {
			notes.rows = append(notes.rows, []sheetCell{{text: line}})
		}
		parts = append(parts, struct{ name, content string }{"xl/worksheets/sheet2.xml", head + notes.sheet()})
	}
	for _, p := range parts {
		if err := part(p.name, p.content); err != nil {
			return fmt.Errorf("write part %s: %w", p.name, err)
		}
	}
	return z.Close()
}

func (b *workbook) sheet() string {
	b.shared = map[string]int{}
	var s strings.Builder
	s.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i, row := range b.rows {
		if row == nil {
			continue
		}
		n := strconv.Itoa(i + 1)
		s.WriteString(`<row r="` + n + `">`)
		for j, c := range row {
			if c.text == "" {
				continue
			}
			at := columnLetters(j) + n
			switch {
			case c.numeric && c.date:
				s.WriteString(`<c r="` + at + `" s="1"><v>` + c.text + `</v></c>`)
			case c.numeric:
				s.WriteString(`<c r="` + at + `"><v>` + c.text + `</v></c>`)
			case b.inline:
				s.WriteString(`<c r="` + at + `" t="inlineStr"><is><t xml:space="preserve">` + escapeXML(c.text) + `</t></is></c>`)
			default:
				s.WriteString(`<c r="` + at + `" t="s"><v>` + strconv.Itoa(b.share(c.text)) + `</v></c>`)
			}
		}
		s.WriteString(`</row>`)
	}
	s.WriteString(`</sheetData>`)
	if len(b.merged) > 0 {
		s.WriteString(`<mergeCells count="` + strconv.Itoa(len(b.merged)) + `">`)
		for _, m := range b.merged {
			s.WriteString(`<mergeCell ref="` + m + `"/>`)
		}
		s.WriteString(`</mergeCells>`)
	}
	s.WriteString(`</worksheet>`)
	return s.String()
}

func (b *workbook) share(text string) int {
	i, ok := b.shared[text]
	if !ok {
		i = len(b.strings)
		b.shared[text] = i
		b.strings = append(b.strings, text)
	}
	return i
}

func (b *workbook) sharedStrings() string {
	var s strings.Builder
	n := strconv.Itoa(len(b.strings))
	s.WriteString(`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="` + n + `" uniqueCount="` + n + `">`)
	for _, t := range b.strings {
		s.WriteString(`<si><t xml:space="preserve">` + escapeXML(t) + `</t></si>`)
	}
	s.WriteString(`</sst>`)
	return s.String()
}

func escapeXML(s string) string {
	if !strings.ContainsAny(s, `&<>"`) {
		return s
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// columnLetters returns the letters of column i, counted from 0: A, B, …, Z, AA.
func columnLetters(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}
