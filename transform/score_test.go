package transform

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	ohsql "ohwatch/sql"
)

func scored(numerator, denominator float64) *Value {
	share := numerator / denominator
	return &Value{Numerator: numerator, Denominator: &denominator, Value: &share, Status: "below"}
}

func level(weight, zero, full float64) SchemeItem {
	return SchemeItem{Indicator: "T1", Variant: "strict", Weight: weight, Rule: RuleLevel, FullAt: &full, ZeroAt: &zero, unit: Share}
}

func TestScore_Item(t *testing.T) {
	for _, c := range []struct {
		name   string
		item   SchemeItem
		value  *Value
		state  string
		points float64
	}{
		{"above the target", level(20, 0.6, 0.95), scored(990, 1000), StateScored, 20},
		{"a little below it, too few to tell", level(20, 0.6, 0.95), scored(18, 20), StateScored, 20},
		{"below it beyond doubt", level(20, 0.6, 0.95), scored(8000, 10000), StateScored, 20 * (0.807723 - 0.6) / 0.35},
		{"nothing done", level(20, 0.6, 0.95), scored(0, 1000), StateScored, 0},
		{"below the least denominator", level(20, 0.6, 0.95), scored(0, 19), StateFew, -1},
		{"no value", level(20, 0.6, 0.95), nil, StateNoData, -1},
		{"down is better", level(10, 0.3, 0.1), scored(2000, 10000), StateScored, 10 * (0.3 - 0.192276) / 0.2},
		{"falling", SchemeItem{Weight: 10, Rule: RuleTrend}, &Value{Value: new(float64), Status: "falling"}, StateScored, 10},
		{"rising", SchemeItem{Weight: 10, Rule: RuleTrend}, &Value{Value: new(float64), Status: "rising"}, StateScored, 0},
		{"no evidence", SchemeItem{Weight: 10, Rule: RuleTrend}, &Value{Value: new(float64), Status: "no_evidence"}, StateNoEvidence, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.item.score(c.value, 2025, 20)
			if got.State != c.state || (got.Points == nil) != (c.points < 0) || got.Points != nil && math.Abs(*got.Points-c.points) > 1e-4 {
				t.Errorf("state %s, points %v, want %s, %v", got.State, optionalNumber(got.Points), c.state, c.points)
			}
		})
	}
}

func optionalNumber(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

// TestScore_SmallNumbers holds what protects small numbers for any weights and counts: points lie between nothing and the
// weight, never fall when one more unit is fulfilled, nothing is lost by a value that its interval can't tell from the
// target, and a denominator below the least changes no total.
func TestScore_SmallNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := level(rapid.Float64Range(0.5, 50).Draw(t, "weight"), rapid.Float64Range(0, 0.8).Draw(t, "zero"), rapid.Float64Range(0.85, 1).Draw(t, "full"))
		n := rapid.IntRange(1, 400).Draw(t, "n")
		x := rapid.IntRange(0, n).Draw(t, "x")
		s := item.score(scored(float64(x), float64(n)), 2025, 20)
		if n < 20 {
			if s.Points != nil {
				t.Fatalf("%d of %d was scored", x, n)
			}
			big := item.score(scored(150, 200), 2025, 20)
			big.Unit, s.Unit = "A", "A"
			if with, without := Totals([]ScoreItem{big, s}, 0.01)[0], Totals([]ScoreItem{big}, 0.01)[0]; *with.Score != *without.Score {
				t.Fatalf("%d of %d moved the score from %v to %v", x, n, *without.Score, *with.Score)
			}
			return
		}
		if *s.Points < 0 || *s.Points > item.Weight+1e-6 || *s.OneMore < *s.Points {
			t.Fatalf("%d of %d: points %v, with one more %v, weight %v", x, n, *s.Points, *s.OneMore, item.Weight)
		}
		if *s.Counted >= *item.FullAt && math.Abs(*s.Points-item.Weight) > 1e-6 {
			t.Fatalf("%d of %d: %v points of %v, though its interval reaches the target", x, n, *s.Points, item.Weight)
		}
	})
}

func TestTotals_Ranks(t *testing.T) {
	unit := func(name string, numerator, denominator float64) ScoreItem {
		s := level(100, 0.5, 0.95).score(scored(numerator, denominator), 2025, 20)
		s.UnitKind, s.Unit = UnitTownship, name
		return s
	}
	// B is one employer behind A: no difference. C is far behind both. D has too few to be ranked.
	totals := Totals([]ScoreItem{unit("A", 51, 100), unit("B", 50, 100), unit("C", 300, 1000), unit("D", 3, 10)}, 0.5)
	var got []string
	for _, s := range totals {
		got = append(got, s.Unit+" "+string(rune('0'+s.Rank))+" "+s.State)
	}
	if want := "A 1 scored, B 1 scored, C 3 scored, D 0 few"; strings.Join(got, ", ") != want {
		t.Errorf("ranks %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestLoadScheme(t *testing.T) {
	if s, err := LoadScheme(ohsql.FS(), "city"); err != nil || len(s.Departments) < 5 || !slices.Contains(s.Indicators(), "T3") {
		t.Fatalf("the shipped scheme: %v", err)
	}
	head := "id: x\nversion: \"1\"\ntitle: {zh: 甲, en: a}\nclause: y\nleast_denominator: 20\nleast_share: 0.5\nappeal_days: 15\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown indicator": {head + "townships: {items: [{indicator: T99, weight: 1, zero_at: 0.5}]}", "T99"},
		"unknown variant":   {head + "townships: {items: [{indicator: T1, variant: loose, weight: 1, zero_at: 0.5}]}", "loose"},
		"no weight":         {head + "townships: {items: [{indicator: T1, zero_at: 0.5}]}", "weight"},
		"no zero":           {head + "townships: {items: [{indicator: T1, weight: 1}]}", "zero_at"},
		"no full":           {head + "townships: {items: [{indicator: S6, weight: 1, zero_at: 0.5}]}", "full_at"},
		"twice":             {head + "townships: {items: [{indicator: T1, weight: 1, zero_at: 0.5}, {indicator: T1, weight: 2, zero_at: 0.5}]}", "twice"},
		"a count":           {head + "townships: {items: [{indicator: T7, weight: 1, zero_at: 0.5, full_at: 1}]}", "share"},
		"trend upwards":     {head + "townships: {items: [{indicator: T1, weight: 1, rule: trend}]}", "down"},
		"no names":          {head + "departments: [{code: A, items: [{indicator: T1, weight: 1, zero_at: 0.5}]}]", "names"},
		"unknown key":       {head + "colour: red\n", "colour"},
		"nobody":            {head, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := ohsql.Overlay(ohsql.FS(), fstest.MapFS{"assessment/x.yaml": {Data: []byte(c.text)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := LoadScheme(files, "x"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %s", err, c.want)
			}
		})
	}
}
