package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	ohsql "ohwatch/sql"
)

// TestDocs_Streams holds docs/streams*.md equal to the contracts. After a change there, run it with UPDATE_DOCS=1.
func TestDocs_Streams(t *testing.T) {
	contracts, err := ingest.Contracts()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	cross, err := crossCodes()
	if err != nil {
		t.Fatal(err)
	}
	for lang, name := range map[message.Lang]string{message.English: "streams.md", message.Chinese: "streams.zh.md"} {
		text := streamsPage(catalogue.Printer(lang), contracts, cross)
		if i := strings.Index(text, "[ingest."); i >= 0 {
			t.Errorf("%s: a check has no sentence: %.60s", name, text[i:])
		}
		path := filepath.Join("..", "..", "docs", name)
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text {
			t.Errorf("docs/%s is not what the contracts say: run the test with UPDATE_DOCS=1", name)
		}
	}
}

// crossCodes are the codes of the findings against other streams with their severity and stream, read off the
// model in its order.
func crossCodes() ([][3]string, error) {
	models, err := ohsql.Load("models")
	if err != nil {
		return nil, err
	}
	var codes [][3]string
	for _, m := range models {
		if m.Name != "fct_cross_finding" {
			continue
		}
		seen := map[[3]string]bool{}
		for _, match := range regexp.MustCompile(`(?m)^SELECT\s+'([a-z_]+)'(?: AS code)?,\s+(?:'([a-z]+)'|if\([^\n]*)(?: AS severity)?,\s+(?:'([a-z_]+)'|stream)`).FindAllStringSubmatch(m.Body, -1) {
			code := [3]string{match[1], match[2], match[3]}
			if code[1] == "" {
				code[1] = "warn"
			}
			if !seen[code] {
				seen[code] = true
				codes = append(codes, code)
			}
		}
	}
	return codes, nil
}

func streamsPage(p *message.Printer, contracts []*ingest.Contract, cross [][3]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.Text("streams.title", nil), p.Text("streams.intro", nil))
	for _, part := range []string{"sheets", "template", "export", "own", "cross"} {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", p.Text("streams."+part+"_title", nil), p.Text("streams."+part, nil))
	}
	head := func(key string) {
		names := strings.Split(p.Text(key, nil), "|")
		fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	}
	cell := func(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }
	check := func(code, severity string, fields []string) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", code, p.Text("batches.severity_"+severity, nil), strings.Join(fields, ", "), cell(p.Text("ingest."+code, nil)))
	}
	head("streams.check_head")
	for _, c := range cross {
		var fields []string
		if c[2] != "" {
			fields = []string{c[2]}
		}
		check(c[0], c[1], fields)
	}
	for _, c := range contracts {
		title := c.Title.En
		if p.Lang() == message.Chinese {
			title = c.Title.Zh
		}
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n", c.Stream, title, p.Text("streams.key", map[string]any{"key": "`" + strings.Join(c.Key, "` + `") + "`"}))
		head("streams.field_head")
		for i := range c.Fields {
			f := &c.Fields[i]
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %s | %s |\n", f.Name, cell(strings.Join(f.Headers, "、")), f.Type, f.Required, f.PII,
				strings.Join(f.To, ", "), cell(strings.Join(append(f.Choices(), bounds(f)...), "、")))
		}
		head("streams.check_head")
		for _, k := range c.AllChecks() {
			check(k.Code, k.Severity, k.Fields)
		}
	}
	return b.String()
}

// bounds says the range of a field.
func bounds(f *ingest.Field) []string {
	var list []string
	for _, limit := range []struct {
		mark string
		at   *float64
	}{{"≥ ", f.Min}, {"≤ ", f.Max}, {"< ", f.Below}} {
		if limit.at != nil {
			list = append(list, limit.mark+strconv.FormatFloat(*limit.at, 'f', -1, 64))
		}
	}
	return list
}

// TestReference_RequiredFields holds the list of required fields, by which the completeness of reports is counted, equal to
// the contracts. After a change there, run it with UPDATE_DOCS=1.
func TestReference_RequiredFields(t *testing.T) {
	contracts, err := ingest.Contracts()
	if err != nil {
		t.Fatal(err)
	}
	text := "stream,field\n"
	for _, c := range contracts {
		for _, f := range c.Fields {
			if f.Required == "Y" {
				text += c.Stream + "," + f.Name + "\n"
			}
		}
	}
	path := filepath.Join("..", "..", "sql", "reference", "required_field.csv")
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Error("sql/reference/required_field.csv is not what the contracts say: run the test with UPDATE_DOCS=1")
	}
}
