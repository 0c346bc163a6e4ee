package event

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"ohwatch/internal/message"
)

const hostile = `</style></script><img src=x onerror=alert(1)>`

func report(exercise bool, entries int) Report {
	both := message.Text{Zh: "中文" + hostile, En: "English" + hostile}
	r := Report{
		ID: "E2026-001", Exercise: exercise, Number: entries, AsOf: "2026-11-16 12:00", Organisation: both, Title: both, Grade: both, GradeLevel: "III", State: both,
		Figures: []Figure{{Name: both, Value: "11", Loaded: "12", Difference: "-1"}}, Facts: []Fact{{both, both}},
		Deadlines: []Deadline{{Name: both, Rule: "R01", Due: "2026-11-16 11:00", Done: "—", State: "missed", StateName: both, Unverified: true}},
		Contacts:  []Contact{{Role: both, Phone: "0371-62690001"}}, Thresholds: []Threshold{{Text: both, Unverified: true}},
	}
	for i := range entries {
		r.Entries = append(r.Entries, Entry{When: "2026-11-16 12:00", By: "li" + hostile, Kind: both, Text: message.Text{Zh: fmt.Sprintf("entry%d ", i) + strings.Repeat("长", 200)}})
	}
	return r
}

func TestPage(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		exercise bool
		entries  int
		want, no []string
	}{
		"real":     {false, 2, []string{"entry0 ", "entry1 ", "第 2 期", "0371-62690001"}, []string{"演练", "另有更早", "watermark\""}},
		"exercise": {true, 2, []string{"<title>【演练】", `class="watermark"`, `class="banner"`, `<body class="exercise">`}, nil},
		"long":     {false, 40, []string{"entry0 ", "entry10 ", "另有更早的 29 条记录", "29 earlier entries"}, []string{"entry11 "}},
		"empty":    {false, 0, []string{"第 0 期"}, []string{"另有更早"}},
	} {
		page, err := Page(report(x.exercise, x.entries), catalogue)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Page(report(x.exercise, x.entries), catalogue)
		if err != nil || !bytes.Equal(page, again) {
			t.Errorf("%s: not the same bytes twice, %v", name, err)
		}
		text := string(page)
		for _, want := range x.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		for _, no := range append(x.no, "<img", "<script", "[event.", "https://", "http://", strings.Repeat("长", 71)) {
			if strings.Contains(text, no) {
				t.Errorf("%s holds %q", name, no)
			}
		}
	}
}
