package reports

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"ohwatch/internal/message"
)

func TestRender_SameBytes(t *testing.T) {
	for _, lang := range []message.Lang{message.Chinese, message.English} {
		first := render(t, fullBulletin(t), lang)
		for range 5 {
			if !bytes.Equal(first, render(t, fullBulletin(t), lang)) {
				t.Fatalf("%s: two pages of the same bulletin differ", lang)
			}
		}
		if len(first) > 2_000_000 {
			t.Errorf("%s: %d bytes, want below 2 MB", lang, len(first))
		}
	}
}

// elements counts the elements of a page and checks that none runs a handler or loads anything.
func elements(t *testing.T, page []byte) map[string]int {
	t.Helper()
	counts := map[string]int{}
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return counts
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			counts[token.Data]++
			for _, a := range token.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset":
					t.Errorf("<%s> has the attribute %s", token.Data, a.Key)
				case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "data:,"):
					t.Errorf("<%s> links to %s", token.Data, a.Val)
				}
			}
		}
	}
}

// TestRender_HostileNames checks that names which try to break out of the page leave its structure as it is.
func TestRender_HostileNames(t *testing.T) {
	for _, lang := range []message.Lang{message.Chinese, message.English} {
		tame, wild := elements(t, render(t, fullBulletin(t), lang)), elements(t, render(t, hostileBulletin(t), lang))
		for _, name := range []string{"script", "style", "svg", "section", "table", "figure", "img"} {
			if tame[name] != wild[name] {
				t.Errorf("%s: %d elements <%s> with hostile names, %d without", lang, wild[name], name, tame[name])
			}
		}
	}
}

func TestRender_AnyName(t *testing.T) {
	b := fullBulletin(t)
	want := elements(t, render(t, b, message.English))
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune(`<>/"'&;{}[]()!-=script 新郑\	`+"`\u2028\x00")), 0, 30, -1).Draw(rt, "name")
		for i := range b.Warnings {
			b.Warnings[i].Object = name
		}
		for i := range b.Rankings[0].Places {
			b.Rankings[0].Places[i].Name = message.Text{Zh: name, En: name}
		}
		got := elements(t, render(t, b, message.English))
		for _, element := range []string{"script", "svg", "section", "figure"} {
			if got[element] != want[element] {
				rt.Fatalf("name %q changes the number of <%s> from %d to %d", name, element, want[element], got[element])
			}
		}
	})
}

// TestRender_PolicyHoldsItsScripts checks that the policy names exactly the scripts and the style of the page.
func TestRender_PolicyHoldsItsScripts(t *testing.T) {
	page := string(render(t, fullBulletin(t), message.Chinese))
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	allowed := regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`).FindAllString(policy, -1)
	var found []string
	for _, m := range regexp.MustCompile(`(?s)<(?:script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1) {
		found = append(found, source(m[1]))
	}
	slices.Sort(allowed)
	slices.Sort(found)
	if !slices.Equal(allowed, found) {
		t.Errorf("policy allows %v, the page holds %v", allowed, found)
	}
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("policy is too wide: %s", policy)
	}
}

// TestFigures_SameNumbers checks that each value of a chart stands in the chart's table and in its picture's
// source alike: all are written from one value.
func TestFigures_SameNumbers(t *testing.T) {
	for _, lang := range []message.Lang{message.Chinese, message.English} {
		p := newPage(words{printer(t, lang)}, fullBulletin(t))
		figures := append(append([]figure{*p.Ranking}, p.Trends...), p.Watch...)
		checked := 0
		for _, f := range figures {
			var option struct {
				Series []struct {
					Name string
					Type string
					Data []struct {
						Value   any
						Tooltip struct{ Formatter string }
					}
				}
			}
			if err := json.Unmarshal([]byte(f.Option), &option); err != nil {
				t.Fatal(err)
			}
			cells := map[string]bool{}
			for _, row := range f.Table.Rows {
				for _, cell := range row {
					cells[strings.TrimSuffix(strings.ReplaceAll(cell, ",", ""), "%")] = true
				}
			}
			for _, s := range option.Series {
				if s.Name == "" || s.Name == p.say("report.series_interval") {
					continue // carries an interval
				}
				for _, d := range s.Data {
					value := d.Value
					if pair, ok := value.([]any); ok {
						value = pair[0]
					}
					x, ok := value.(float64)
					if !ok {
						continue // a gap
					}
					checked++
					whole, tenth := strconv.FormatFloat(x, 'f', -1, 64), strconv.FormatFloat(x, 'f', 1, 64)
					if !cells[whole] && !cells[tenth] {
						t.Errorf("%s %s: %v of the chart is not in the table", lang, f.ID, x)
					}
					if !strings.Contains(d.Tooltip.Formatter, whole) {
						t.Errorf("%s %s: tooltip of %v says %q", lang, f.ID, x, d.Tooltip.Formatter)
					}
				}
			}
		}
		if checked < 100 {
			t.Errorf("%s: only %d values checked", lang, checked)
		}
	}
}

func TestSeries_GapsStayGaps(t *testing.T) {
	l := layer{marks: []mark{{ok: true}, {ok: true}, {}, {ok: true}, {}, {}, {ok: true}}}
	if got := l.runs(); len(got) != 3 || len(got[0]) != 2 {
		t.Errorf("runs: %v", got)
	}
}

func TestNiceTop(t *testing.T) {
	for _, c := range []struct {
		highest   float64
		whole     bool
		top, step float64
	}{{0, true, 1, 1}, {1, true, 1, 1}, {3, true, 3, 1}, {14, true, 15, 5}, {61, true, 80, 20}, {0.4, false, 0.4, 0.1}, {100, false, 100, 20}} {
		top, step := niceTop(c.highest, c.whole)
		if diff := top - c.top; diff > 1e-9 || diff < -1e-9 || step-c.step > 1e-9 {
			t.Errorf("niceTop(%v, %v) = %v, %v, want %v, %v", c.highest, c.whole, top, step, c.top, c.step)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		highest := rapid.Float64Range(0.01, 1e6).Draw(rt, "highest")
		top, step := niceTop(highest, rapid.Bool().Draw(rt, "whole"))
		if top < highest*(1-1e-9) || top/step > 6 {
			rt.Fatalf("niceTop(%v) = %v, %v", highest, top, step)
		}
	})
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		now, before int
		want        verdict
	}{{0, 0, same}, {5, 0, same}, {6, 0, more}, {0, 6, fewer}, {14, 4, more}, {4, 14, fewer}, {9, 4, same}, {1000, 1000, same}, {1100, 1000, more}} {
		if got := compare(c.now, c.before); got != c.want {
			t.Errorf("compare(%d, %d) = %d, want %d", c.now, c.before, got, c.want)
		}
	}
}

// TestPercent_NeverFlatters checks that a share below its target is never written as if it had reached it.
func TestPercent_NeverFlatters(t *testing.T) {
	w := words{printer(t, message.English)}
	rapid.Check(t, func(rt *rapid.T) {
		d := rapid.IntRange(20, 2_000_000).Draw(rt, "d")
		share := float64(rapid.IntRange(0, d).Draw(rt, "n")) / float64(d)
		target := rapid.SampledFrom([]float64{.85, .9, .95, 1}).Draw(rt, "target")
		shown, err := strconv.ParseFloat(strings.TrimSuffix(w.percent(share, &target), "%"), 64)
		if err != nil {
			rt.Fatal(err)
		}
		if share < target && shown >= 100*target {
			rt.Fatalf("%v below the target %v is written %v%%", share, target, shown)
		}
		if diff := shown - 100*share; diff > 0.0501 || diff < -0.0501 {
			rt.Fatalf("%v is written %v%%", share, shown)
		}
	})
}

func TestCount_Separators(t *testing.T) {
	w := words{printer(t, message.Chinese)}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "−1,234"} {
		if got := w.count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}
