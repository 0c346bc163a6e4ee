package reports

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"ohwatch/internal/message"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestSummary_Wording writes the three points for the cases that grammar and honesty turn on.
func TestSummary_Wording(t *testing.T) {
	past := func(now, before, yearAgo int) Comparison {
		return Comparison{Now: now, Before: before, YearAgo: yearAgo, HasPast: true}
	}
	reading := func(status string, n, d, target float64) Reading {
		r := Reading{Indicator: "T3", Title: message.Text{Zh: "体检率", En: "Exam rate"}, Unit: "share", Status: status, Value: shareOf(n, d, 0, 1), Target: number(target)}
		if n < target*d {
			r.Gap = number(target*d - n)
		}
		return r
	}
	flow := func(status string) Reading {
		return Reading{Indicator: "T7", Title: message.Text{Zh: "新发职业病数", En: "New cases"}, Unit: "count", Direction: "down", Status: status, Value: countOf(9, 4, 17)}
	}
	warning := func(severity Severity, fresh, open bool) Warning {
		return Warning{Severity: severity, New: fresh, Open: open}
	}
	arrived := func(read, rejected int) Quality {
		return Quality{InWeek: true, Arrivals: []Arrival{{Stream: "exam", Files: 1, Read: read, Rejected: rejected}}, Rejects: []Reject{{"exam", "id_damaged", rejected}}}
	}
	published := Snapshot{Batch: 7, Batches: 7}
	older := arrived(900, 0)
	older.InWeek, older.From = false, week46(t).Start.AddDate(0, 0, -30)
	quality := arrived(1000, 1)
	quality.Late, quality.Open = []Warning{{}}, 12
	var out strings.Builder
	for _, c := range []struct {
		name string
		b    Bulletin
	}{
		{"nothing at all", Bulletin{}},
		{"no case, past known", Bulletin{Cases: Cases{New: past(0, 0, 0), Suspected: past(0, 0, 0), NewYear: past(0, 0, 0)}, Snapshot: published}},
		{"one case", Bulletin{
			Cases: Cases{New: past(1, 0, 1), Suspected: past(0, 0, 0), NewYear: past(9, 0, 12)}, Warnings: []Warning{warning(Red, true, true)},
			Readings: []Reading{reading("met", 960, 1000, .95)}, Quality: arrived(1, 0), Snapshot: published,
		}},
		{"rise beyond chance", Bulletin{
			Cases:    Cases{New: past(4, 3, 5), Suspected: past(14, 3, 2), NewYear: past(80, 0, 50)},
			Warnings: []Warning{warning(Red, true, true), warning(Orange, true, false), warning(Blue, false, true)},
			Readings: []Reading{reading("below", 949, 1000, .95), flow("rising")}, Quality: quality, Snapshot: published,
		}},
		{"fall beyond chance", Bulletin{
			Cases:    Cases{New: past(1, 12, 3), Suspected: past(2, 3, 15), NewYear: past(30, 0, 55)},
			Warnings: []Warning{warning(Yellow, false, true)}, Readings: []Reading{reading("below", 800, 1000, .95), flow("falling")}, Quality: older, Snapshot: published,
		}},
		{"few units", Bulletin{Readings: []Reading{reading("unstable", 2, 9, .95), reading("below", 18, 19, 1), flow("no_evidence")}, Quality: arrived(9, 2), Snapshot: published}},
		{"no past", Bulletin{Cases: Cases{New: Comparison{Now: 3, Before: 2}, Suspected: Comparison{Now: 1}, NewYear: Comparison{Now: 20}}, Snapshot: published}},
		{"many missed", Bulletin{Readings: []Reading{
			reading("below", 900, 1000, .95), reading("below", 700, 1000, .95), reading("below", 800, 1000, .95),
			reading("below", 600, 1000, .95),
			{Indicator: "T5", Unit: "share", Status: "no_data", Target: number(1)},
		}, Snapshot: published}},
	} {
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			fmt.Fprintf(&out, "== %s (%s)\n", c.name, lang)
			for _, point := range (words{printer(t, lang)}).summary(&c.b) {
				fmt.Fprintf(&out, "%s | %s\n", point.Head, point.Text)
			}
		}
	}
	golden(t, "summary.golden", out.String())
}

// TestRender_Text holds the words of whole pages: everything a person reads, without markup.
func TestRender_Text(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(testing.TB) *Bulletin
	}{{"full", fullBulletin}, {"quiet", quietBulletin}, {"empty", emptyBulletin}} {
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			text := pageText(t, render(t, c.make(t), lang))
			golden(t, c.name+"."+string(lang)+".golden", text)
			if strings.Contains(text, "[report.") || strings.Contains(text, "{") {
				t.Errorf("%s %s: a text or an argument is missing in the catalogue", c.name, lang)
			}
		}
	}
}

func render(t testing.TB, b *Bulletin, lang message.Lang) []byte {
	t.Helper()
	data, err := Render(b, printer(t, lang))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pageText returns the text of a page, one line a block; scripts, styles and pictures are left out.
func pageText(t testing.TB, page []byte) string {
	t.Helper()
	var out, current strings.Builder
	flush := func() {
		if text := strings.Join(strings.Fields(current.String()), " "); text != "" {
			out.WriteString(text + "\n")
		}
		current.Reset()
	}
	hidden := 0
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			flush()
			return out.String()
		case html.TextToken:
			if hidden == 0 {
				current.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken:
			token := z.Token()
			switch token.Data {
			case "script", "style", "svg":
				if token.Type == html.StartTagToken {
					hidden++
				} else {
					hidden--
				}
			case "th", "td", "span":
				current.WriteString(" ")
			case "strong", "a", "symbol", "path", "use":
			default:
				flush()
			}
		}
	}
}

// A warning of a detector names its method in the reader's language, and leaves no gap.
func TestWords_WarningOfADetector(t *testing.T) {
	for lang, want := range map[message.Lang]string{
		message.Chinese: "龙湖镇：3例（时空扫描统计，Q=0.0024）",
		message.English: "Longhu Town: 3 cases (space-time scan, q = 0.0024)",
	} {
		got := words{printer(t, lang)}.warning(Warning{Rule: "DET-SCAN", Object: "龙湖镇", Args: map[string]string{
			"object_en": "Longhu Town", "n": "3", "method": "space_time_scan", "methods": "space_time_scan", "q": "0.0024",
		}}, time.Time{})
		if got.Title != want {
			t.Errorf("%s\nwant %s", got.Title, want)
		}
	}
}
