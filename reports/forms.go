package reports

import (
	"fmt"
	"html"
)

// Format is a form in which a report is written.
type Format string

// The forms of a report. The DOCX carries the figures as pictures where Chromium is there to draw them.
const (
	HTML Format = "html"
	PDF  Format = "pdf"
	DOCX Format = "docx"
	XLSX Format = "xlsx" // every number of the report, a sheet for each table
)

// Formats lists the forms.
func Formats() []Format { return []Format{HTML, PDF, DOCX, XLSX} }

// pageNumbers is the foot of each printed page.
func pageNumbers(w words) string {
	text := html.EscapeString(w.say("report.page_numbers", "page", "\x00", "pages", "\x01"))
	out := ""
	for _, r := range text {
		switch r {
		case 0:
			out += `<span class="pageNumber"></span>`
		case 1:
			out += `<span class="totalPages"></span>`
		default:
			out += string(r)
		}
	}
	return fmt.Sprintf(`<div style="font-size:8px;width:100%%;text-align:center;color:#555;font-family:sans-serif">%s</div>`, out)
}
