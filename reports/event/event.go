// Package event writes the situation report of a group event: one A4 page, Chinese first with English beside it, as a
// single HTML file that needs nothing else. It knows words and numbers only; what they mean was decided before.
package event

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"unicode/utf8"

	"ohwatch/internal/message"
)

// Report is everything that the page shows.
type Report struct {
	ID                  string
	Exercise            bool // marked in the title, at the head, across the page and at the foot
	Number              int  // of the report: so many entries are known
	AsOf                string
	Organisation, Title message.Text
	Grade, State        message.Text
	GradeLevel          string // I to IV; empty: nobody is ill
	GradeNote           message.Text
	Figures             []Figure
	Facts               []Fact
	Deadlines           []Deadline
	Entries             []Entry // latest first
	Contacts            []Contact
	Thresholds          []Threshold
}

// Figure is a number of persons, as entered and as loaded.
type Figure struct {
	Name       message.Text
	Value      string // a dash where nobody has said it
	Loaded     string // empty: nothing is loaded
	Difference string // entered less loaded, with its sign
}

// Fact is a word and what it is.
type Fact struct{ Name, Value message.Text }

// Deadline is something that was to be done until an instant.
type Deadline struct {
	Name            message.Text
	Rule, Due, Done string
	State           string // met, due, missed
	StateName       message.Text
	Unverified      bool
}

// Entry is one line of the time line.
type Entry struct {
	When, By   string
	Kind, Text message.Text
	Correction message.Text // empty: none
}

// Contact is a desk to call.
type Contact struct {
	Role, Office message.Text
	Phone        string
}

// Threshold says from which numbers on an event has a grade.
type Threshold struct {
	Text       message.Text
	Unverified bool
}

// shownLetters is how much of a text of the time line is shown.
const shownLetters = 70

// shownEntries keeps the report on one page: what deadlines and desks leave. Everything is in `ohwatch event show`.
func (r Report) shownEntries() int { return max(3, 13-len(r.Deadlines)-(len(r.Contacts)+1)/2) }

//go:embed page.html
var pageText string

//go:embed page.css
var style string

// Page renders the report.
func Page(r Report, c *message.Catalogue) ([]byte, error) {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	t, err := template.New("page").Funcs(template.FuncMap{
		"zh": func(key string) string { return zh.Text("event."+key, nil) },
		"en": func(key string) string { return en.Text("event."+key, nil) },
	}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the template of the situation report: %w", err)
	}
	earlier := max(0, len(r.Entries)-r.shownEntries())
	shown := make([]Entry, len(r.Entries)-earlier)
	copy(shown, r.Entries)
	for i := range shown {
		shown[i].Text = message.Text{Zh: short(shown[i].Text.Zh), En: short(shown[i].Text.En)}
	}
	r.Entries = shown
	sum := sha256.Sum256([]byte(style))
	var page bytes.Buffer
	err = t.Execute(&page, struct {
		Report
		Earlier              int
		Style                template.CSS
		Policy               string
		Watermarks           [12]struct{}
		EarlierZh, EarlierEn string
		NumberZh, NumberEn   string
	}{
		Report: r, Earlier: earlier, Style: template.CSS(style),
		Policy:   "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'",
		NumberZh: zh.Text("event.report_number", map[string]any{"n": r.Number}), NumberEn: en.Text("event.report_number", map[string]any{"n": r.Number}),
		EarlierZh: zh.Text("event.earlier", map[string]any{"n": earlier}), EarlierEn: en.Text("event.earlier", map[string]any{"n": earlier}),
	})
	if err != nil {
		return nil, fmt.Errorf("render the situation report of %s: %w", r.ID, err)
	}
	return page.Bytes(), nil
}

// short is the beginning of a text that is too long for its line.
func short(text string) string {
	if utf8.RuneCountInString(text) <= shownLetters {
		return text
	}
	return string([]rune(text)[:shownLetters-1]) + "…"
}
