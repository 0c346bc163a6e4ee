package transform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// files makes a tree of definitions: path and text in turn.
func files(pairs ...string) fstest.MapFS {
	tree := fstest.MapFS{}
	for _, dir := range []string{"models", "indicators", "rules", "checks"} {
		tree[dir+"/.keep"] = &fstest.MapFile{}
	}
	for i := 0; i < len(pairs); i += 2 {
		tree[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return tree
}

func model(name, body string) string {
	return "-- name: " + name + "\n-- title: 名 | Name\n-- grain: one row\n-- order: x\n" + body
}

func TestLoadModels_Order(t *testing.T) {
	models, err := transform.LoadModels(files(
		"models/a.sql", model("a", "SELECT x FROM c JOIN b USING x -- z"),
		"models/b.sql", model("b", "SELECT x, 'a' AS note FROM c WHERE x < {today:Date32} /* a */"),
		"models/c.sql", model("c", "SELECT x FROM raw_exam, ref_hazards"),
		"models/z.sql", model("z", "SELECT 1 AS x"),
	))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range models {
		order = append(order, m.Name)
	}
	if got := strings.Join(order, " "); got != "c b a z" {
		t.Errorf("order %s, want c b a z", got)
	}
	if b := models[1]; !slices.Equal(b.Models, []string{"c"}) || !slices.Equal(b.Parameters, []string{"today"}) {
		t.Errorf("b reads %v, binds %v", b.Models, b.Parameters)
	}
	if c := models[0]; !slices.Equal(c.Sources, []string{"raw_exam", "ref_hazards"}) {
		t.Errorf("c reads %v", c.Sources)
	}
}

func TestLoadModels_Circle(t *testing.T) {
	_, err := transform.LoadModels(files(
		"models/a.sql", model("a", "SELECT x FROM b"), "models/b.sql", model("b", "SELECT x FROM c"),
		"models/c.sql", model("c", "SELECT x FROM a"), "models/d.sql", model("d", "SELECT x FROM a"),
	))
	var circle *transform.ErrGraph
	if !errors.As(err, &circle) {
		t.Fatalf("error %v", err)
	}
	if got := strings.Join(circle.Files, " "); got != "models/a.sql models/b.sql models/c.sql models/a.sql" {
		t.Errorf("files %s", got)
	}
}

func TestDefinitions_WrongHeaders(t *testing.T) {
	rule := "-- id: R1\n-- version: 1\n-- title: 名 | Name\n-- severity: red\n-- addressee: WJW\n-- due: 5 days\n-- life: state\n-- source: x\n-- message: 共{n} | {n} in all\n"
	indicator := "-- id: I1\n-- version: 1\n-- position: 1\n-- title: 名 | Name\n-- unit: share\n-- direction: up\n-- clause: x\n-- headline: a\n-- variants: a\n-- variant_a: 甲 | A\n-- set: seed\n-- calendar: 日 | day\n-- strata: township\n-- numerator: 甲 | A\n-- denominator: 乙 | B\n"
	for name, x := range map[string]struct{ path, text, want string }{
		"model without order":     {"models/m.sql", "-- name: m\n-- title: 名 | Name\n-- grain: one row\nSELECT 1", "models/m.sql: line 1: header has no order"},
		"model with another name": {"models/m.sql", model("n", "SELECT 1"), "models/m.sql: line 1: name"},
		"model with unknown key":  {"models/m.sql", "-- name: m\n-- title: 名 | Name\n-- color: red\n-- grain: g\n-- order: x\nSELECT 1", "models/m.sql: line 3: header key \"color\""},
		"model in one language":   {"models/m.sql", "-- name: m\n-- title: Name\n-- grain: g\n-- order: x\nSELECT 1", "models/m.sql: line 2: title"},
		"model without query":     {"models/m.sql", model("m", "-- nothing\n"), "there is no SELECT"},
		"indicator's direction":   {"indicators/I1.sql", strings.Replace(indicator, "up", "upwards", 1), "indicators/I1.sql: line 6: direction"},
		"indicator's target":      {"indicators/I1.sql", indicator + "-- target: 2025 is 1\n", "indicators/I1.sql: line 16: target"},
		"indicator's headline":    {"indicators/I1.sql", strings.Replace(indicator, "headline: a", "headline: b", 1), "indicators/I1.sql: line 8: headline"},
		"rule's severity":         {"rules/R1.sql", strings.Replace(rule, "red", "pink", 1) + "SELECT 1", "rules/R1.sql: line 4: severity"},
		"rule's addressee":        {"rules/R1.sql", strings.Replace(rule, "WJW", "ABC", 1) + "SELECT 1", "rules/R1.sql: line 5: addressee"},
		"rule's due time":         {"rules/R1.sql", strings.Replace(rule, "5 days", "soon", 1) + "SELECT 1", "rules/R1.sql: line 6: due"},
		"rule's life":             {"rules/R1.sql", strings.Replace(rule, "state", "long", 1) + "SELECT 1", "rules/R1.sql: line 7: life"},
		"rule's message":          {"rules/R1.sql", strings.Replace(rule, "{n} in all", "{rows} in all", 1) + "SELECT 1", "rules/R1.sql: line 9: message: placeholders differ"},
		"rule's unused parameter": {"rules/R1.sql", rule + "-- params: days = 3\nSELECT 1", "rules/R1.sql: line 10: params: days is not used"},
		"rule's unknown value":    {"rules/R1.sql", rule + "SELECT\n  {days:Int32}", "rules/R1.sql: line 11: the query binds {days}"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := files(x.path, x.text)
			_, err := transform.LoadModels(tree)
			if err == nil {
				_, err = transform.LoadIndicators(tree)
			}
			if err == nil {
				var broken []error
				_, broken, err = transform.LoadRules(tree)
				err = errors.Join(append(broken, err)...)
			}
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("error %v, want %s", err, x.want)
			}
		})
	}
}

// TestDefinitions_Shipped reads what the product ships.
func TestDefinitions_Shipped(t *testing.T) {
	if _, err := transform.LoadModels(ohsql.FS()); err != nil {
		t.Error(err)
	}
	indicators, err := transform.LoadIndicators(ohsql.FS())
	if err != nil || len(indicators) < 10 {
		t.Errorf("%d indicators, %v", len(indicators), err)
	}
	rules, broken, err := transform.LoadRules(ohsql.FS())
	if err != nil || len(broken) > 0 || len(rules) < 57 {
		t.Fatal(len(rules), err, broken)
	}
}
