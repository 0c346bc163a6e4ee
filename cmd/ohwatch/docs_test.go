package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ohwatch/internal/message"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// TestDocs_Definitions holds docs/indicators*.md and docs/rules*.md equal to the headers in sql/. After a change there,
// run it with UPDATE_DOCS=1.
func TestDocs_Definitions(t *testing.T) {
	indicators, err := transform.LoadIndicators(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	rules, broken, err := transform.LoadRules(ohsql.FS())
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []message.Lang{message.English, message.Chinese} {
		suffix := ".md"
		if lang == message.Chinese {
			suffix = ".zh.md"
		}
		p := catalogue.Printer(lang)
		for name, text := range map[string]string{
			"indicators" + suffix: indicatorsPage(p, indicators),
			"rules" + suffix:      rulesPage(p, rules),
		} {
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
				t.Errorf("docs/%s is not what sql/ says: run the test with UPDATE_DOCS=1", name)
			}
		}
	}
}

func indicatorsPage(p *message.Printer, indicators []transform.Indicator) string {
	in := func(t transform.Title) string {
		if p.Lang() == message.Chinese {
			return t.Zh
		}
		return t.En
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.Text("docs.indicators_title", nil), p.Text("docs.indicators_intro", nil))
	for _, i := range indicators {
		fmt.Fprintf(&b, "\n## %s %s\n\n", i.ID, in(i.Title))
		fmt.Fprintf(&b, "%s\n", p.Text("docs.indicator_line", map[string]any{"clause": i.Clause, "version": i.Version, "target": targets(p, i), "path": "sql/" + i.Path}))
		fmt.Fprintf(&b, "\n%s\n", p.Text("docs.indicator_words", map[string]any{
			"numerator": in(i.Numerator), "denominator": in(i.Denominator), "calendar": in(i.Calendar), "strata": strings.Join(i.Strata, ", "),
		}))
		for _, br := range i.Breaks {
			fmt.Fprintf(&b, "\n%s\n", p.Text("docs.indicator_break", map[string]any{
				"date": br.Date, "reason": in(br.Reason), "before": br.Before, "after": br.After,
			}))
		}
		fmt.Fprintf(&b, "\n| %s | %s |\n|---|---|\n", p.Text("docs.variant", nil), p.Text("docs.meaning", nil))
		for k, v := range i.Variants {
			name := "`" + v.Name + "`"
			if k == 0 {
				name = "**" + name + "** " + p.Text("docs.headline", nil)
			}
			fmt.Fprintf(&b, "| %s | %s |\n", name, in(v.Meaning))
		}
	}
	return b.String()
}

func targets(p *message.Printer, i transform.Indicator) string {
	if len(i.Targets) == 0 && !i.Falling {
		return p.Text("docs.target_none", nil)
	}
	if len(i.Targets) == 0 {
		return p.Text("docs.target_falling", nil)
	}
	var years []int
	for year := range i.Targets {
		years = append(years, year)
	}
	slices.Sort(years)
	var parts []string
	for _, year := range years {
		parts = append(parts, p.Text("docs.target_from", map[string]any{"year": year, "target": fmt.Sprintf("%g", 100*i.Targets[year])}))
	}
	return strings.Join(parts, "; ")
}

func rulesPage(p *message.Printer, rules []transform.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", p.Text("docs.rules_title", nil), p.Text("docs.rules_intro", nil))
	for _, r := range rules {
		title := r.Title.En
		if p.Lang() == message.Chinese {
			title = r.Title.Zh
		}
		fmt.Fprintf(&b, "\n## %s %s\n\n", r.ID, title)
		params := "—"
		if len(r.Params) > 0 {
			var list []string
			for _, param := range r.Params {
				list = append(list, fmt.Sprintf("`%s = %s`", param.Name, param.Value))
			}
			params = strings.Join(list, ", ")
		}
		fmt.Fprintf(&b, "%s\n", p.Text("docs.rule_line", map[string]any{
			"severity": strings.TrimSpace(p.Text("warn.severity_"+string(r.Severity), nil)), "addressee": strings.Join(r.Addressee, ", "),
			"version": r.Version, "params": params, "path": "sql/" + r.Path, "due": r.Due.String(), "source": r.Source,
			"message": r.Message.In(p.Lang()),
		}))
	}
	return b.String()
}
