package reports

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"ohwatch/internal/message"
)

//go:generate cp ../node_modules/echarts/dist/echarts.common.min.js assets/echarts.min.js

// chartLibrary is ECharts as published on npm, without a byte changed. A build that cannot find it names the
// missing file: run "make assets" (or "go generate ./reports" after "npm ci").
//
//go:embed assets/echarts.min.js
var chartLibrary string

//go:embed assets/bulletin.css
var style string

//go:embed assets/bulletin.js
var script string

//go:embed templates/*.html
var templates embed.FS

// Render writes the bulletin in one language as a single HTML file that needs nothing else: no network, no
// other file. Scripts and styles are allowed by their hashes alone, so that nothing that came with the data
// can run.
func Render(b *Bulletin, p *message.Printer) ([]byte, error) {
	view := newPage(words{p}, b)
	return execute("weekly.html", &view.head, view)
}

// RenderSituation writes a situation report or a letter, under the same rules.
func RenderSituation(s *Situation, p *message.Printer) ([]byte, error) {
	view := newDocument(words{p}, s)
	return execute("document.html", &view.head, view)
}

// execute puts a view into one of the templates; h is the head inside the view.
func execute(name string, h *head, view any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"pair": func(page any, item any) any { return struct{ Page, Item any }{page, item} },
		"inc":  func(i int) int { return i + 1 },
	}).ParseFS(templates, "templates/parts.html", "templates/"+name)
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", name, err)
	}
	h.style, h.chartLibrary, h.script = style, chartLibrary, script
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		return nil, fmt.Errorf("render %s: %w", h.Title, err)
	}
	return out.Bytes(), nil
}

// Say is the catalogue for the template.
func (h *head) Say(key string, args ...any) string { return h.say("report."+key, args...) }

// Policy is the content security policy of the page.
func (h *head) Policy() string {
	return fmt.Sprintf("default-src 'none'; script-src '%s' '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'",
		source(h.chartLibrary), source(h.script), source(h.style))
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Style, Library and Script go into the page as they are: they are part of the program.
func (h *head) Style() template.CSS  { return template.CSS(h.style) }
func (h *head) Library() template.JS { return template.JS(h.chartLibrary) }
func (h *head) Script() template.JS  { return template.JS(h.script) }
