package reports

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// emu is how many units of DrawingML a CSS pixel has; textWidth is the width of the text of an A4 page in twentieths of a point.
const (
	emu       = 9525
	textWidth = 9070
)

// office collects the parts of a DOCX file (Office Open XML, ECMA-376): the body as WordprocessingML and the pictures in it.
type office struct {
	body     strings.Builder
	pictures [][]byte
}

// writeDOCX writes a document with headings, tables and its figures as pictures; without pictures a figure is its table and what it
// shows in words. The same document and pictures make the same bytes.
func writeDOCX(d *document, pictures map[string]picture) ([]byte, error) {
	var o office
	if d.RedHead != "" {
		o.paragraph("RedHead", d.RedHead)
	}
	o.paragraph("Organisation", d.Organisation)
	o.paragraph("Title", d.Title)
	o.paragraph("Issue", d.Issue)
	o.paragraph("Dates", d.Dates+"    "+d.AsOf+" · "+d.head.Snapshot)
	o.paragraph("Heading1", d.SummaryHead)
	for _, p := range d.Summary {
		o.paragraph("Point", strings.TrimSpace(p.Text), run{p.Head + "  ", true})
	}
	for _, s := range d.Sections {
		o.paragraph("Heading1", s.Title)
		if s.Lead != "" {
			o.paragraph("Lead", s.Lead)
		}
		for _, b := range s.Blocks {
			o.block(&d.head, b, pictures)
		}
	}
	o.paragraph("Note", d.Footer)
	o.paragraph("Note", d.Say("footer_made"))
	return o.file(&d.head)
}

// block writes one thing of a section. Cards are left to the table that stands beside them.
func (o *office) block(h *head, b block, pictures map[string]picture) {
	if b.Head != "" {
		o.paragraph("Heading2", b.Head)
	}
	if b.Lead != "" {
		o.paragraph("Lead", b.Lead)
	}
	for _, f := range b.Figures {
		if p, ok := pictures[f.ID]; ok {
			o.paragraph("Heading3", f.Title)
			o.picture(p, f.Alt)
		} else if f.Title != "" {
			o.paragraph("Heading3", f.Title)
			if f.Alt != "" {
				o.paragraph("Text", f.Alt)
			}
		}
		o.table(f.Table)
		if len(f.Notes) > 0 {
			o.paragraph("Note", strings.TrimSpace(strings.Join(f.Notes, " ")))
		}
	}
	if b.Table != nil {
		if b.Head == "" {
			o.paragraph("Caption", b.Table.Caption)
		}
		o.table(*b.Table)
	}
	for _, g := range b.Groups {
		o.paragraph("Heading2", g.Title+"  "+g.Count)
		for _, r := range g.Rules {
			o.paragraph("Heading3", r.Title)
			for _, item := range r.Items {
				facts := append([]string{item.Object, item.Area}, item.Facts...)
				mark := ""
				if item.New {
					mark = "〔" + h.Say("new_tag") + "〕"
				}
				o.paragraph("Item", "  "+strings.TrimSpace(strings.Join(facts, "  ")), run{mark + item.Title, true})
			}
		}
		if g.Rest != "" {
			o.paragraph("Note", g.Rest)
		}
	}
	for _, x := range b.Definitions {
		o.paragraph("Text", "  "+x.Text+" "+x.Version+" "+x.Clause, run{x.Title, true})
	}
	for _, note := range b.Notes {
		o.paragraph("Note", note)
	}
	if b.Empty != "" {
		o.paragraph("Text", b.Empty)
	}
}

// run is a stretch of text in one weight.
type run struct {
	text string
	bold bool
}

// paragraph writes a paragraph in a style: the runs in front, then the text.
func (o *office) paragraph(style, text string, front ...run) {
	fmt.Fprintf(&o.body, `<w:p><w:pPr><w:pStyle w:val="%s"/></w:pPr>`, style)
	for _, r := range append(front, run{text: text}) {
		if r.text == "" {
			continue
		}
		bold := ""
		if r.bold {
			bold = "<w:rPr><w:b/></w:rPr>"
		}
		fmt.Fprintf(&o.body, `<w:r>%s<w:t xml:space="preserve">%s</w:t></w:r>`, bold, clean(r.text))
	}
	o.body.WriteString("</w:p>")
}

// clean escapes a text and drops what XML cannot hold.
func clean(text string) string {
	var out bytes.Buffer
	text = strings.Map(func(r rune) rune {
		if r == 0xFFFE || r == 0xFFFF || r < 0x20 && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}, text)
	_ = xml.EscapeText(&out, []byte(text)) // a buffer takes everything
	return out.String()
}

// table writes a table whose head repeats on each page.
func (o *office) table(t table) {
	if len(t.Rows) == 0 {
		return
	}
	weights, total := make([]float64, len(t.Columns)), 0.0
	for i := range t.Columns {
		weights[i] = min(12, columns(t.Columns[i]))
		for _, row := range t.Rows {
			weights[i] = max(weights[i], min(22, columns(row[i])))
		}
		weights[i] += 1.5
		total += weights[i]
	}
	o.body.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="Numbers"/><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	width := func(i int) int { return int(textWidth * weights[i] / total) }
	for i := range t.Columns {
		fmt.Fprintf(&o.body, `<w:gridCol w:w="%d"/>`, width(i))
	}
	o.body.WriteString("</w:tblGrid>")
	row := func(cells []string, head, bold bool, classes []string) {
		o.body.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
		if head {
			o.body.WriteString("<w:tblHeader/>")
		}
		o.body.WriteString("</w:trPr>")
		for i, text := range cells {
			shade := ""
			if classes != nil {
				if fill, ok := map[string]string{"met": "E9F5EE", "near": "FBF7E3", "below": "FDF4EA"}[classes[i]]; ok {
					shade = fmt.Sprintf(`<w:shd w:val="clear" w:color="auto" w:fill="%s"/>`, fill)
				}
			}
			if head {
				shade = `<w:shd w:val="clear" w:color="auto" w:fill="F1F3F5"/>`
			}
			align := "left"
			if t.Numeric[i] {
				align = "right"
			}
			weight := ""
			if head || bold {
				weight = "<w:rPr><w:b/></w:rPr>"
			}
			fmt.Fprintf(&o.body, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s</w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/><w:jc w:val="%s"/></w:pPr><w:r>%s<w:t xml:space="preserve">%s</w:t></w:r></w:p></w:tc>`,
				width(i), shade, align, weight, clean(text))
		}
		o.body.WriteString("</w:tr>")
	}
	row(t.Columns, true, true, nil)
	for i, cells := range t.Rows {
		var classes []string
		if t.Classes != nil {
			classes = t.Classes[i]
		}
		row(cells, false, t.Total && i == len(t.Rows)-1, classes)
	}
	o.body.WriteString(`</w:tbl><w:p><w:pPr><w:pStyle w:val="Cell"/></w:pPr></w:p>`)
}

// picture writes a figure, as wide as the text at most.
func (o *office) picture(p picture, alt string) {
	o.pictures = append(o.pictures, p.PNG)
	n := len(o.pictures)
	width, height := p.Width, p.Height
	if most := float64(textWidth) / 15; width > most {
		width, height = most, height*most/width
	}
	if most := 620.0; height > most {
		width, height = width*most/height, most
	}
	cx, cy := int(width*emu), int(height*emu)
	fmt.Fprintf(&o.body, `<w:p><w:pPr><w:pStyle w:val="Picture"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/><wp:docPr id="%d" name="figure %d" descr="%s"/><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="%d" name="figure%d.png"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdPicture%d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`,
		cx, cy, n, n, clean(alt), n, n, n, cx, cy)
}

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordNames = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"`
	wordType  = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	relation  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
)

// file zips the parts in a fixed order, without times.
func (o *office) file(h *head) ([]byte, error) {
	links := fmt.Sprintf(`<Relationship Id="rIdStyles" Type="%sstyles" Target="styles.xml"/><Relationship Id="rIdFooter" Type="%sfooter" Target="footer1.xml"/>`, relation, relation)
	for i := range o.pictures {
		links += fmt.Sprintf(`<Relationship Id="rIdPicture%d" Type="%simage" Target="media/figure%d.png"/>`, i+1, relation, i+1)
	}
	page := strings.NewReplacer("\x00", `</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve">`,
		"\x01", `</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> NUMPAGES </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve">`).
		Replace(h.say("report.page_numbers", "page", "\x00", "pages", "\x01"))
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="` + wordType + `document.main+xml"/><Override PartName="/word/styles.xml" ContentType="` + wordType + `styles+xml"/><Override PartName="/word/footer1.xml" ContentType="` + wordType + `footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", xmlHead + relations + `<Relationship Id="rId1" Type="` + relation + `officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>` + clean(h.Title+" "+h.Issue) + `</dc:title><dc:creator>` + clean(h.Organisation) + `</dc:creator></cp:coreProperties>`},
		{"word/_rels/document.xml.rels", xmlHead + relations + links + `</Relationships>`},
		{"word/document.xml", xmlHead + `<w:document ` + wordNames + `><w:body>` + o.body.String() + `<w:sectPr><w:footerReference w:type="default" r:id="rIdFooter"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1701" w:right="1418" w:bottom="1418" w:left="1418" w:header="851" w:footer="709" w:gutter="0"/></w:sectPr></w:body></w:document>`},
		{"word/footer1.xml", xmlHead + `<w:ftr ` + wordNames + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">` + page + `</w:t></w:r></w:p></w:ftr>`},
		{"word/styles.xml", officeStyles(h)},
	}
	for i, png := range o.pictures {
		parts = append(parts, struct{ name, text string }{fmt.Sprintf("word/media/figure%d.png", i+1), string(png)})
	}
	for _, p := range parts {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(p.text)); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// officeStyles are the styles of official documents: text in FangSong, heads in SimHei, the title in Song, red as on the page.
func officeStyles(h *head) string {
	lang := "zh-CN"
	if !h.chinese() {
		lang = "en-GB"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `%s<w:styles %s><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="FangSong" w:cs="Times New Roman"/><w:sz w:val="24"/><w:lang w:val="%s" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="80" w:line="320" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>`, xmlHead, wordNames, lang)
	for _, s := range []struct{ id, font, size, color, paragraph, more string }{
		{"Text", "FangSong", "24", "", "", ""},
		{"RedHead", "SimSun", "56", "B3131B", `<w:pBdr><w:bottom w:val="single" w:sz="18" w:space="6" w:color="B3131B"/></w:pBdr><w:spacing w:after="240"/><w:jc w:val="center"/>`, "<w:b/>"},
		{"Organisation", "KaiTi", "28", "B3131B", `<w:jc w:val="center"/>`, ""},
		{"Title", "SimSun", "40", "B3131B", `<w:spacing w:before="80" w:after="80"/><w:jc w:val="center"/>`, "<w:b/>"},
		{"Issue", "FangSong", "28", "", `<w:jc w:val="center"/>`, ""},
		{"Dates", "FangSong", "20", "", `<w:pBdr><w:top w:val="single" w:sz="18" w:space="4" w:color="B3131B"/><w:bottom w:val="single" w:sz="6" w:space="4" w:color="B3131B"/></w:pBdr>`, ""},
		{"Heading1", "SimHei", "30", "", `<w:keepNext/><w:pBdr><w:bottom w:val="single" w:sz="8" w:space="3" w:color="B3131B"/></w:pBdr><w:spacing w:before="320" w:after="120"/><w:outlineLvl w:val="0"/>`, ""},
		{"Heading2", "KaiTi", "26", "", `<w:keepNext/><w:spacing w:before="200" w:after="80"/><w:outlineLvl w:val="1"/>`, "<w:b/>"},
		{"Heading3", "FangSong", "24", "", `<w:keepNext/><w:spacing w:before="160" w:after="60"/><w:outlineLvl w:val="2"/>`, "<w:b/>"},
		{"Lead", "FangSong", "22", "4C5560", `<w:keepNext/>`, ""},
		{"Point", "FangSong", "24", "", `<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="B3131B"/></w:pBdr><w:spacing w:after="140"/><w:ind w:left="200"/>`, ""},
		{"Item", "FangSong", "22", "", `<w:spacing w:after="60"/>`, ""},
		{"Caption", "FangSong", "20", "4C5560", `<w:keepNext/><w:spacing w:before="80" w:after="40"/>`, ""},
		{"Note", "FangSong", "20", "4C5560", "", ""},
		{"Cell", "FangSong", "18", "", `<w:spacing w:after="0" w:line="240" w:lineRule="auto"/>`, ""},
		{"Picture", "FangSong", "24", "", `<w:spacing w:before="60" w:after="60"/><w:jc w:val="center"/>`, ""},
		{"Footer", "SimSun", "18", "", `<w:jc w:val="center"/>`, ""},
	} {
		color := ""
		if s.color != "" {
			color = `<w:color w:val="` + s.color + `"/>`
		}
		first := ""
		if s.id == "Text" {
			first = ` w:default="1"`
		}
		name := s.id
		if strings.HasPrefix(name, "Heading") {
			name = "heading " + name[len(name)-1:]
		}
		fmt.Fprintf(&b, `<w:style w:type="paragraph"%s w:styleId="%s"><w:name w:val="%s"/><w:qFormat/><w:pPr>%s</w:pPr><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="%s"/>%s%s<w:sz w:val="%s"/></w:rPr></w:style>`,
			first, s.id, name, s.paragraph, s.font, s.more, color, s.size)
	}
	b.WriteString(`<w:style w:type="table" w:styleId="Numbers"><w:name w:val="Numbers"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:color="4C5560"/><w:bottom w:val="single" w:sz="8" w:color="4C5560"/><w:insideH w:val="single" w:sz="4" w:color="D9DDE3"/></w:tblBorders><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>`)
	return b.String()
}
