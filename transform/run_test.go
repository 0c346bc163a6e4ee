package transform_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ohwatch/internal/message"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func load(t *testing.T) *message.Catalogue {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

// built lists the models that a run made.
func built(r transform.Result) map[string]bool {
	names := map[string]bool{}
	for _, s := range r.Steps {
		if s.Built {
			names[s.Name] = true
		}
	}
	return names
}

// values is everything that a run says, in one text.
func (c *city) values() string {
	return c.query(`SELECT toString(sum(cityHash64(toString(v)))) FROM (SELECT tuple(* EXCEPT computed_at)::Tuple(String, String, String, String, String, Date32, String,
		String, String, Float64, Nullable(Float64), Nullable(Float64), Nullable(Float64), Nullable(Float64), Nullable(Float64), Nullable(Float64), Float64, String) AS v
		FROM ind_value)`)
}

func TestRun_OnlyWhatIsStale(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"), employer("B"))
	c.load("exam", exam("A", 1, "in", "2026-03-01", noise))
	c.load("declaration", declaration("A", "2026-02-01", "w", "p", noise, 4))
	first := c.run()
	if n := len(built(first)); n != len(first.Steps) {
		t.Errorf("the first run made %d of %d", n, len(first.Steps))
	}
	values := c.values()
	if again := built(c.run()); len(again) != 0 {
		t.Errorf("nothing had changed, made again: %v", again)
	}
	full, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: true, Files: targets()})
	if err != nil || len(built(full)) != len(full.Steps) {
		t.Fatalf("full run made %d of %d, %v", len(built(full)), len(full.Steps), err)
	}
	if c.values() != values {
		t.Error("the same data gave other values")
	}

	c.load("dose", row{
		"employer_key": "'A'", "unit_kind": "'medical'", "worker_no": "'1'", "person_key": person(1), "period_start": "'2026-01-01'",
		"period_end": "'2026-03-31'", "quantity": "'hp10'", "value": "0.1", "qualifier": "'eq'",
	})
	made := built(c.run())
	for name, want := range map[string]bool{"stg_dose": true, "fct_radiation_worker": true, "ind_value": true, "stg_exam": false, "dim_employer": false, "fct_exam_segment": false} {
		if made[name] != want {
			t.Errorf("after a batch of doses %s was made: %v, want %v", name, made[name], want)
		}
	}
	c.today = day("2026-11-17")
	made = built(c.run())
	if !made["dim_period"] || !made["fct_exam_status"] || made["stg_exam"] || made["fct_exam_segment"] {
		t.Errorf("on the next day made: %v", made)
	}

	some, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Select: []string{"fct_case"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range some.Steps {
		if !strings.HasPrefix(s.Name, "stg_") && s.Name != "dim_disease" && s.Name != "fct_case" {
			t.Errorf("fct_case does not need %s", s.Name)
		}
	}
	if _, err := transform.Run(t.Context(), c.db, transform.Options{Select: []string{"nothing"}}); !errors.Is(err, transform.ErrUnknownModel) {
		t.Errorf("unknown name: %v", err)
	}
}

// overlay returns the shipped definitions with some files changed: path and text in turn.
func overlay(t testing.TB, pairs ...string) fstest.MapFS {
	t.Helper()
	tree := fstest.MapFS{}
	for _, kind := range []string{"models", "indicators", "rules", "series", "checks"} {
		shipped, err := ohsql.Load(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range shipped {
			tree[f.Path] = &fstest.MapFile{Data: []byte(f.Body)}
		}
	}
	changed := files(pairs...)
	maps.DeleteFunc(changed, func(path string, _ *fstest.MapFile) bool { return strings.HasSuffix(path, ".keep") })
	maps.Copy(tree, changed)
	return tree
}

func TestRun_Failures(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	c.run()
	values := c.values()

	// A model that fails half-way: the old table stays, nothing is left aside, the run says so.
	broken := "-- name: fct_case\n-- title: 名 | Name\n-- grain: g\n-- order: x\nSELECT throwIf(number = 100000, 'broken on purpose') + number AS x FROM numbers(1000000)"
	_, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: picked{FS: overlay(t, "models/fct_case.sql", broken), ids: targetIDs()}})
	if err == nil || !strings.Contains(err.Error(), "models/fct_case.sql") || !strings.Contains(err.Error(), "broken on purpose") {
		t.Errorf("broken model: %v", err)
	}
	if got := c.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(name, '__new')"); got != "" {
		t.Errorf("left aside: %s", got)
	}
	if got := c.query("SELECT toString(count()) FROM system.columns WHERE database = currentDatabase() AND table = 'fct_case' AND name = 'report_date'"); got != "1" {
		t.Error("the old table is gone")
	}
	if got := c.query("SELECT concat(name, ' ', argMax(state::String, at)) FROM ops_run WHERE kind IN ('transform', 'model') GROUP BY name HAVING argMax(state, at) = 'failed' ORDER BY name"); got != "fct_case failed\ntransform failed" {
		t.Errorf("recorded as failed: %q", got)
	}

	// A check that finds something: the result is complete, and the run must not be published.
	check := "-- name: no_employers\n-- title: 名 | No employers\nSELECT employer_key FROM dim_employer"
	result, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: picked{FS: overlay(t, "checks/no_employers.sql", check), ids: targetIDs()}})
	if !errors.Is(err, transform.ErrCheckFailed) || len(result.Failed()) != 1 || result.Failed()[0].Offenders[0] != "A" {
		t.Errorf("failed check: %v, %v", result.Failed(), err)
	}

	// A statement that needs more memory than it may use fails; the least that the configuration takes is enough here.
	_, err = transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: true, Files: targets(), Memory: 1 << 20})
	if err == nil || !strings.Contains(err.Error(), "build models/") || !strings.Contains(err.Error(), "memory limit exceeded") {
		t.Errorf("with 1 MiB: %v", err)
	}
	if _, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: true, Files: targets(), Memory: 64 << 20}); err != nil {
		t.Errorf("with 64 MiB: %v", err)
	}
	if c.values() != values {
		t.Error("the values are not what they were before")
	}
}

// TestRun_StoppedWhilePublishing stops runs between two tables that they put in place: what is in use is then new in part, and
// the next run makes it whole.
func TestRun_StoppedWhilePublishing(t *testing.T) {
	c := newCity(t, "2026-11-16")
	files := onlyOf(t, "T3", "S3")
	run := func(opt transform.Options) error {
		opt.Today, opt.Files = c.today, files
		_, err := transform.Run(t.Context(), c.db, opt)
		return err
	}
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c.load("employer", employer("A").with("key", "1"), employer("B").with("key", "2"))
	c.load("exam", exam("A", 1, "in", "2026-03-01", noise), exam("B", 2, "in", "2026-03-02", noise))
	done(run(transform.Options{}))
	for n, table := range []string{"fct_exam_segment", "ind_catalog"} {
		c.load("exam", exam("A", 3+n, "in", "2026-05-01", noise), exam("B", 1, "in", "2026-06-01", noise))
		c.load("employer", employer("A").with("key", "1", "township_code", quote(itoa(410184107+n))))
		before := c.contents()
		away := func(s transform.Step) {
			if s.Name == "ind_value" { // the last to be made
				c.exec("RENAME TABLE " + table + " TO away")
			}
		}
		if err := run(transform.Options{Report: away}); err == nil || !strings.Contains(err.Error(), "publish "+table) {
			t.Fatalf("%s is away: %v", table, err)
		}
		c.exec("RENAME TABLE away TO " + table)
		half := c.contents()
		done(run(transform.Options{}))
		healed := c.contents()
		done(run(transform.Options{Full: true}))
		if same(t, table+" away, a full run", healed, c.contents()); half == before {
			t.Errorf("%s: nothing was in place before the run stopped", table)
		}
	}
}

func TestEvaluate_BrokenRules(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("GAP"))
	c.load("insurance", row{"employer_key": "'GAP'", "period": "'2026-10-01'", "insured_count": "1"})
	head := func(id string) string {
		return "-- id: " + id + "\n-- version: 1\n-- title: 名 | Name\n-- severity: red\n-- addressee: WJW\n-- due: 5 days\n-- life: state\n-- source: x\n-- message: 坏 | Broken\n"
	}
	e, err := transform.Evaluate(t.Context(), c.db, week("2026-W46"), transform.Options{Today: c.today, Files: overlay(t,
		"rules/B1.sql", head("B1")+"SELECT 1 FROM\n",
		"rules/B2.sql", head("B2")+"SELECT\n    'x' AS object\nFROM no_such_table",
		"rules/B3.sql", "-- id: B3\nSELECT 1",
		"rules/B4.sql", head("B4")+"SELECT 'employer' AS object_kind, 'A' AS object, '' AS object_name, '' AS area, 'pink' AS severity, '' AS cause, 1 AS score,\n"+
			"    map('a', 'b') AS args, ['x'] AS evidence, 1 AS n_evidence",
	)})
	if err != nil {
		t.Fatal(err)
	}
	if raised(e, "R35") != "orange 厂GAP" || e.Complete() {
		t.Errorf("the other rules raised %q, complete: %v", raised(e, "R35"), e.Complete())
	}
	all := errors.Join(e.Broken...).Error()
	for _, want := range []string{"rules/B1.sql: line ", "rules/B2.sql: line 12: ", "rules/B3.sql: line 1: version", "rules/B4.sql: line 1: the query returns severity"} {
		if !strings.Contains(all, want) {
			t.Errorf("want %q in\n%s", want, all)
		}
	}
	if detail := c.query("SELECT detail FROM ops_run WHERE kind = 'warn' AND state = 'done'"); detail != "2026-W46 incomplete" {
		t.Errorf("recorded as %q", detail)
	}
	if _, err := transform.Evaluate(t.Context(), c.db, week("2026-W48"), transform.Options{Today: c.today}); !errors.Is(err, transform.ErrFutureWeek) {
		t.Errorf("a week to come: %v", err)
	}
}

func TestRun_OneAtATime(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	files := onlyOf(t, "T1")
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() {
			_, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: true, Files: files})
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	got := c.query("SELECT state::String FROM ops_run WHERE kind = 'transform' ORDER BY at, run, state")
	if want := strings.TrimSpace(strings.Repeat("started\ndone\n", cap(errs))); got != want {
		t.Errorf("runs were\n%s", got)
	}
}
