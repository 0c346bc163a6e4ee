package transform_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ohwatch/transform"
	"ohwatch/warehouse"
)

// seriesTables is everything that is stored of the series, but who computed it and when.
const seriesTables = `SELECT concat(series, ' ', stratum, ' ', week, ' ', detector, ' ', toString(tuple(* EXCEPT (series, stratum, week, detector, run,
	computed_at)))) FROM det_point FINAL ORDER BY series, stratum, week_start, detector`

// TestSeries_IncrementalEqualsFull loads, corrects, voids and takes back at random and brings the series up to date
// after each step, going on in time. What is stored is then, to the last bit, what a run makes that begins with nothing,
// and what a full run makes.
func TestSeries_IncrementalEqualsFull(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c := newCity(t, "2026-11-16")
			random := rand.New(rand.NewPCG(seed, 1))
			c.load("employer", employer("A"), employer("B").with("township_code", "'410184107'"))
			opt := transform.Options{Today: c.today.AddDate(0, 0, -7*30), Select: []string{"suspected_by_township", "new_cases_by_township", "exam_suspected_by_hazard"}}
			sync := func(db *warehouse.DB, opt transform.Options) uint64 {
				t.Helper()
				result, err := transform.Run(t.Context(), db, opt)
				if err != nil {
					t.Fatal(err)
				}
				var n uint64
				for _, s := range result.Steps {
					if strings.HasPrefix(s.Name, "series/") {
						n += s.Rows
					}
				}
				return n
			}
			day := func() string {
				return opt.Today.AddDate(0, 0, -random.IntN(80)*7-random.IntN(20)).Format("2006-01-02")
			}
			type fact struct{ stream, key, date string }
			var facts []fact
			var batches []int
			make := func(f fact) row {
				n := 1 + random.IntN(50)
				late := "addDays(toDate32('" + f.date + "'), " + itoa(random.IntN(30)) + ")"
				place := []string{"A", "B", ""}[random.IntN(3)]
				switch f.stream {
				case "exam":
					return exam("A", n, "in", f.date, noise).with("key", quote(f.key), "upload_date", late,
						"conclusion_overall", []string{"'normal'", "'suspect'"}[random.IntN(2)])
				}
				if random.IntN(2) == 0 {
					return suspected(place, f.key, n, deafness, f.date)
				}
				return suspected(place, f.key, n, deafness, f.date).with("card_kind", "'disease'", "diagnosis_date", quote(f.date), "report_date", late)
			}
			for step := range 5 {
				opt.Today = opt.Today.AddDate(0, 0, 7*random.IntN(4))
				var cases, exams []row
				add := func(f fact, r row) {
					if f.stream == "exam" {
						exams = append(exams, r)
					} else {
						cases = append(cases, r)
					}
				}
				for range 5 + random.IntN(30) {
					f := fact{[]string{"exam", "case_report"}[random.IntN(2)], fmt.Sprintf("k%d", random.IntN(1<<30)), day()}
					facts = append(facts, f)
					add(f, make(f))
				}
				for range random.IntN(6) { // corrections and voids of what was loaded before
					f := facts[random.IntN(len(facts))]
					r := make(f)
					if random.IntN(2) == 0 {
						r = r.with("op", "'void'")
					}
					add(f, r)
				}
				for i, rows := range [][]row{exams, cases} {
					if len(rows) > 0 {
						batches = append(batches, c.load([]string{"exam", "case_report"}[i], rows...))
					}
				}
				if step > 1 && random.IntN(2) == 0 {
					batch := batches[random.IntN(len(batches))]
					stream := c.query(fmt.Sprintf("SELECT any(stream::String) FROM ops_batch WHERE batch = %d", batch))
					c.event(batch, stream, "reverted", fmt.Sprintf("2021-01-01 00:00:%02d", step), 0)
				}
				sync(c.db, opt)
				if n := sync(c.db, opt); n != 0 {
					t.Fatalf("step %d: %d weeks were computed though nothing changed", step, n)
				}
			}
			incremental := c.query(seriesTables)
			if strings.Count(incremental, "\n") < 500 {
				t.Fatalf("only %d results", strings.Count(incremental, "\n"))
			}
			fresh := ""
			err := transform.AsOf(t.Context(), c.db, opt.Today, transform.Options{}, func(db *warehouse.DB, asOf transform.Options) error {
				asOf.Select = opt.Select
				sync(db, asOf)
				other := *c
				other.db = db
				fresh = other.query(seriesTables)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "a run that begins with nothing", incremental, fresh)
			opt.Full = true
			sync(c.db, opt)
			same(t, "a full run", incremental, c.query(seriesTables))
		})
	}
}

// same compares two results line by line.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Errorf("against %s: %d and %d results, the first that differs: %s, want %s", what, len(a), len(b), a[i], b[i])
			return
		}
	}
	t.Errorf("against %s: %d results, want %d", what, len(a), len(b))
}

// TestSeries_OneCardOneWeek counts what a new card, a late one and a new week make to be computed.
func TestSeries_OneCardOneWeek(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"), employer("B").with("township_code", "'410184107'"))
	var cards []row
	for n := range 120 {
		cards = append(cards, suspected([]string{"A", "B"}[n%2], fmt.Sprintf("c%d", n), n, deafness, c.today.AddDate(0, 0, -7*n-3).Format("2006-01-02")))
	}
	c.loadMany("case_report", strip(cards))
	opt := transform.Options{Today: c.today, Select: []string{"suspected_by_township"}}
	computed := func() string {
		t.Helper()
		if _, err := transform.Run(t.Context(), c.db, opt); err != nil {
			t.Fatal(err)
		}
		return c.query("SELECT concat(toString(argMax(n_computed, run)), ' ', toString(argMax(n_strata, run))) FROM det_run")
	}
	first, strata := computed(), 0
	if _, err := fmt.Sscan(c.query("SELECT toString(count() + 1) FROM dim_township"), &strata); err != nil { // the townships and the city
		t.Fatal(err)
	}
	if got, want := first, fmt.Sprintf("%d %d", 120*strata, strata); got != want {
		t.Errorf("at first: %s, want %s", got, want)
	}
	c.load("case_report", suspected("A", "late", 900, deafness, "2026-10-26"))
	if got, want := computed(), fmt.Sprintf("%d %d", 3*2, strata); got != want { // its township and the city, that week and the two after it
		t.Errorf("after a late card: %s, want %s", got, want)
	}
	opt.Today = opt.Today.AddDate(0, 0, 7)
	if got, want := computed(), fmt.Sprintf("%d %d", strata, strata); got != want {
		t.Errorf("a week later: %s, want %s", got, want)
	}
}

// strip leaves out the key, for loadMany.
func strip(rows []row) []row {
	for _, r := range rows {
		delete(r, "key")
	}
	return rows
}

// TestSeries_BrokenAndGone: a definition that is wrong is named, the others go on; the results of one that is gone are
// taken back.
func TestSeries_BrokenAndGone(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	c.load("case_report", suspected("A", "a", 1, deafness, "2026-10-26"))
	text := readDefinition(t, "series/suspected_by_township.sql")
	files := overlay(t, "series/mine.sql", strings.Replace(text, "id: suspected_by_township", "id: mine", 1),
		"series/wrong.sql", strings.NewReplacer("id: suspected_by_township", "id: wrong", "WHERE card_kind", "WHERE no_such_column = 1 AND card_kind").Replace(text))
	for path := range files {
		if strings.HasPrefix(path, "series/") && !strings.Contains("series/mine.sql series/wrong.sql series/suspected_by_township.sql", path) {
			delete(files, path)
		}
	}
	_, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: files})
	if err == nil || !strings.Contains(err.Error(), "series/wrong.sql: line ") || !strings.Contains(err.Error(), "no_such_column") {
		t.Errorf("error %v", err)
	}
	stored := func() string {
		return c.query("SELECT arrayStringConcat(arraySort(groupUniqArray(series::String)), ' ') FROM det_point FINAL")
	}
	if got := stored(); got != "mine suspected_by_township" {
		t.Errorf("stored: %s", got)
	}
	delete(files, "series/mine.sql")
	delete(files, "series/wrong.sql")
	if _, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: files}); err != nil {
		t.Fatal(err)
	}
	if got := stored(); got != "suspected_by_township" {
		t.Errorf("stored after a definition was removed: %s", got)
	}
}
