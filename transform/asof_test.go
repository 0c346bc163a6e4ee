package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"ohwatch/transform"
	"ohwatch/warehouse"
)

// TestAsOf_AsItCameOut loads, corrects, voids, takes back and renames on three days, keeps the values of each day as they came
// out on it, and computes them again as of these days once all has happened.
func TestAsOf_AsItCameOut(t *testing.T) {
	c := newCity(t, "2026-02-28")
	silicaExam := func(n int, day string) row { return exam("A", n, "in", day, silica) }
	c.loadAt("2026-01-05 02:00:00", "employer", employer("A").with("key", "'A'"), employer("B").with("key", "'B'"))
	c.loadAt("2026-01-05 02:00:00", "declaration", declaration("A", "2025-03-05", "w", "p", silica, 4), declaration("B", "2025-03-05", "w", "p", silica, 3))
	c.loadAt("2026-01-05 02:00:00", "exam", silicaExam(1, "2025-06-01").with("key", "'1'"), silicaExam(2, "2025-06-01").with("key", "'2'"))
	var late int
	steps := []struct {
		day  string
		done func()
	}{
		{"2026-01-05", func() {}},
		{"2026-01-06", func() { // late rows, one of an employer of whom only a name is known; an exam was suspect of a disease
			late = c.loadAt("2026-01-06 02:00:00", "exam", silicaExam(3, "2025-07-01").with("key", "'3'"))
			c.loadAt("2026-01-06 03:00:00", "exam", exam("name:乙厂", 4, "in", "2025-07-01", silica).with("key", "'4'"))
			c.loadAt("2026-01-06 04:00:00", "exam", silicaExam(1, "2025-06-01").with("key", "'1'", "op", "'correct'", "conclusion_overall", "'suspect'"))
		}},
		{"2026-01-09", func() { // a void, a batch taken back, a decision whom the name means
			c.loadAt("2026-01-08 02:00:00", "exam", silicaExam(2, "2025-06-01").with("key", "'2'", "op", "'void'"))
			c.event(late, "exam", "reverted", "2026-01-08 02:00:00", 1)
			c.exec("INSERT INTO ops_alias (id, at, kind, sender, name, action, code, by) VALUES (1, '2026-01-09 02:00:00', 'employer', '', 'name:乙厂', 'code', 'B', 'test')")
		}},
	}
	files := onlyOf(t, "T1", "T3", "S3", "S5")
	read := func(db *warehouse.DB) string {
		text := ""
		for _, id := range []string{"T1", "T3", "S3", "S5"} {
			values, err := transform.Values(t.Context(), db, "", transform.Filter{Indicator: id, Period: "2025", By: "township"})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				if v.Area == "410184106" || v.Area == "unassigned" {
					text += fmt.Sprintf("%s %s %s %v/%v; ", v.Indicator, v.Variant, v.Area, v.Numerator, *v.Denominator)
				}
			}
		}
		return text
	}
	came := map[string]string{}
	for _, step := range steps {
		step.done()
		// What was published up to this day is all that there is.
		if _, err := transform.Run(t.Context(), c.db, transform.Options{Today: day(step.day), Files: files, Select: []string{"T1"}}); err != nil {
			t.Fatal(err)
		}
		came[step.day] = read(c.db)
	}
	seen := map[string]bool{}
	for _, step := range steps {
		err := transform.AsOf(t.Context(), c.db, day(step.day), transform.Options{}, func(db *warehouse.DB, opt transform.Options) error {
			opt.Select = []string{"T1", "T3", "S3", "S5"}
			result, err := transform.Run(t.Context(), db, opt)
			if got := read(db); got != came[step.day] {
				t.Errorf("%s: as of that day\n%s\nit came out as\n%s", step.day, got, came[step.day])
			}
			for _, s := range result.Steps {
				if s.Name == "fct_dose_period" {
					t.Error("a model was built that nothing asked for reads")
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		seen[came[step.day]] = true
	}
	// Exams of A known on each day, and the one of nobody.
	for date, want := range map[string][]string{
		"2026-01-05": {"S3 all 410184106 0/2", "S3 all unassigned 0/0"},
		"2026-01-06": {"S3 all 410184106 1/3", "S3 all unassigned 0/1"},
		"2026-01-09": {"S3 all 410184106 1/2", "S3 all unassigned 0/0"},
	} {
		for _, line := range want {
			if !strings.Contains(came[date], line) {
				t.Errorf("%s: %s, want %s", date, came[date], line)
			}
		}
	}
	if len(seen) != len(steps) {
		t.Errorf("%d different days of %d: a step changed nothing\n%v", len(seen), len(steps), came)
	}
}
