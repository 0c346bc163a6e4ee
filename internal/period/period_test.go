package period_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ohwatch/internal/period"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text, start, end string
		kind             period.Kind
	}{
		{"2025", "2025-01-01", "2025-12-31", period.Year},
		{"2025Q1", "2025-01-01", "2025-03-31", period.Quarter},
		{"2025Q3", "2025-07-01", "2025-09-30", period.Quarter},
		{"2025Q4", "2025-10-01", "2025-12-31", period.Quarter},
		{"2025-07", "2025-07-01", "2025-07-31", period.Month},
		{"2024-02", "2024-02-01", "2024-02-29", period.Month},
		{"2025-12", "2025-12-01", "2025-12-31", period.Month},
		{"2025-W46", "2025-11-10", "2025-11-16", period.Week},
		{"2026-W46", "2026-11-09", "2026-11-15", period.Week},
		{"2020-W53", "2020-12-28", "2021-01-03", period.Week},
		{"2026-W53", "2026-12-28", "2027-01-03", period.Week},
		{"2025-W01", "2024-12-30", "2025-01-05", period.Week},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			p, err := period.Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			start, end := p.Start.Format(time.DateOnly), p.End.Format(time.DateOnly)
			if p.Kind != test.kind || start != test.start || end != test.end {
				t.Errorf("got %v %s to %s, want %v %s to %s", p.Kind, start, end, test.kind, test.start, test.end)
			}
			if p.String() != test.text {
				t.Errorf("written back as %q", p)
			}
		})
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, text := range []string{
		"", "25", "0999", "20255", "2025Q0", "2025Q5", "2025q3", "2025-Q3", "2025-0", "2025-00", "2025-13", "2025-7",
		"2025-W00", "2025-W53", "2025-W54", "2025W46", "2025-W6", "2025-w46", " 2025", "2025 ", "+202", "二〇二五", "2025-+7",
	} {
		p, err := period.Parse(text)
		if !errors.Is(err, period.ErrSyntax) {
			t.Errorf("Parse(%q) = %v, %v; want ErrSyntax", text, p, err)
		}
	}
}

func TestOf_IsoWeeks(t *testing.T) {
	files, err := filepath.Glob("../../transform/stats/testdata/oracle/isoweek/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no reference cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Input struct {
				Dates []string `json:"dates"`
			} `json:"input"`
			Expected struct {
				Year   []int    `json:"iso_year"`
				Week   []int    `json:"iso_week"`
				Monday []string `json:"monday"`
				Weeks  []int    `json:"weeks_in_iso_year"`
			} `json:"expected"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		for i, day := range c.Input.Dates {
			date, err := time.Parse(time.DateOnly, day)
			if err != nil {
				t.Fatal(err)
			}
			week := period.Of(date, period.Week)
			year, number := week.Start.ISOWeek()
			if year != c.Expected.Year[i] || number != c.Expected.Week[i] ||
				week.Start.Format(time.DateOnly) != c.Expected.Monday[i] || period.WeeksInYear(year) != c.Expected.Weeks[i] {
				t.Errorf("%s: got %s from %s, want week %d of %d from %s", day, week, week.Start.Format(time.DateOnly),
					c.Expected.Week[i], c.Expected.Year[i], c.Expected.Monday[i])
			}
		}
	}
}

func TestYearEarlier(t *testing.T) {
	for text, want := range map[string]string{
		"2025": "2024", "2025Q1": "2024Q1", "2024-02": "2023-02", "2025-W46": "2024-W46", "2020-W53": "2019-W52", "2021-W52": "2020-W52",
	} {
		p, err := period.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.YearEarlier().String(); got != want {
			t.Errorf("a year before %s: got %s, want %s", text, got, want)
		}
	}
}

func TestToday_IsTheDayInTheLocation(t *testing.T) {
	clock := func() time.Time { return time.Date(2025, 12, 31, 16, 30, 0, 0, time.UTC) }
	if got, want := period.Today(clock, period.Shanghai()), period.Date(2026, 1, 1); !got.Equal(want) {
		t.Errorf("half past midnight in Shanghai: got %v, want %v", got, want)
	}
	if got, want := period.Today(clock, time.UTC), period.Date(2025, 12, 31); !got.Equal(want) {
		t.Errorf("in UTC: got %v, want %v", got, want)
	}
}

func TestBetween(t *testing.T) {
	from, to := period.Date(2020, 12, 20), period.Date(2021, 1, 10)
	var got []string
	for _, p := range period.Between(from, to, period.Week) {
		got = append(got, p.String())
	}
	want := []string{"2020-W51", "2020-W52", "2020-W53", "2021-W01"}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if n := period.WeeksBetween(from, to); n != 3 {
		t.Errorf("weeks between: got %d, want 3", n)
	}
	if none := period.Between(to, from, period.Week); len(none) != 0 {
		t.Errorf("backwards: got %v, want none", none)
	}
}

func TestPeriod_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		date := period.Date(1000, 1, 5).AddDate(0, 0, rapid.IntRange(0, 3_200_000).Draw(t, "day"))
		kind := rapid.SampledFrom([]period.Kind{period.Year, period.Quarter, period.Month, period.Week}).Draw(t, "kind")
		n := rapid.IntRange(-60, 60).Draw(t, "n")
		p := period.Of(date, kind)

		if !p.Contains(date) || p.Contains(p.Start.AddDate(0, 0, -1)) || p.Contains(p.End.AddDate(0, 0, 1)) {
			t.Fatalf("%s (%v to %v) has wrong ends for %v", p, p.Start, p.End, date)
		}
		if period.Of(p.Start, kind) != p || period.Of(p.End, kind) != p {
			t.Fatalf("%s is not the period of its own ends", p)
		}
		if back, err := period.Parse(p.String()); err != nil || back != p {
			t.Fatalf("%s reads back as %s, %v", p, back, err)
		}
		if next := p.Next(1); !next.Start.Equal(p.End.AddDate(0, 0, 1)) {
			t.Fatalf("%s does not meet %s", p, next)
		}
		if p.Next(n).Prev(n) != p {
			t.Fatalf("%s %d forwards and back is %s", p, n, p.Next(n).Prev(n))
		}
		if n >= 0 && len(period.Between(p.Start, p.Next(n).End, kind)) != n+1 {
			t.Fatalf("%d periods from %s on", len(period.Between(p.Start, p.Next(n).End, kind)), p)
		}
		if kind == period.Week && period.WeeksBetween(date, p.Next(n).End) != n {
			t.Fatalf("%d weeks from %v to %v", period.WeeksBetween(date, p.Next(n).End), date, p.Next(n).End)
		}
		if kind == period.Week && (p.Start.Weekday() != time.Monday || p.Days() != 7) {
			t.Fatalf("%s starts on a %s and has %d days", p, p.Start.Weekday(), p.Days())
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"2025", "2025Q3", "2025-07", "2025-W46", "2025-W53", "2020-W53", "Q", "9999-W52"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := period.Parse(text)
		if err != nil {
			if p != (period.Period{}) {
				t.Fatalf("an error with the period %v", p)
			}
			return
		}
		if p.String() != text || p.End.Before(p.Start) {
			t.Fatalf("%q became %v", text, p)
		}
	})
}
