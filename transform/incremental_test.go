package transform_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// event is something that happens to a warehouse between two runs.
type event struct {
	kind   string // load, revert, publish, decide, day
	stream string
	rows   []row
	batch  int // of those loaded so far, counted from the end
}

// events draws what happens before one run. Few employers, persons and keys make corrections, voids and moves of a fact
// from one employer or person to another likely.
func events(today string) *rapid.Generator[[]event] {
	return rapid.Custom(func(t *rapid.T) []event {
		pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
		number := func(name string, to int) int { return rapid.IntRange(1, to).Draw(t, name) }
		date := func() string {
			return day(today).AddDate(0, 0, -rapid.IntRange(0, 900).Draw(t, "days")).Format("2006-01-02")
		}
		who := func() string { return pick("employer", "A", "B", "C", "D") }
		hazards := func() []string { return []string{pick("hazard", silica, fume, noise), pick("hazard", noise, fume)} }
		make := map[string]func() row{
			"employer": func() row {
				who := who() // a key of the roster is an employer's
				return employer(who).with("key", itoa(int(who[0])), "township_code", quote(pick("township", "410184106", "410184107", "")),
					"exposed_total", itoa(number("exposed", 9)), "status", quote(pick("status", "active", "active", "stopped")))
			},
			"exam": func() row {
				return exam(who(), number("person", 6), pick("type", "in", "in", "pre", "leave"), date(), hazards()...).with(
					"conclusion_overall", quote(pick("conclusion", "normal", "recheck", "suspect", "contra")), "is_reexam", pick("again", "0", "0", "1"))
			},
			"declaration": func() row {
				return declaration(who(), date(), "w", pick("post", "p", "q"), pick("hazard", silica, noise), number("exposed", 9))
			},
			"detection": func() row {
				return detection(who(), pick("kind", "periodic", "control"), date(), "w", "p", silica).with(
					"value", pick("value", "0.1", "3", "NULL"), "unit", "'mg/m3'", "limit_type", "'TWA'", "qualifier", "'eq'", "judgement", quote(pick("word", "pass", "fail")))
			},
			"dose": func() row {
				return row{
					"employer_key": quote(who()), "unit_kind": "'medical'", "worker_no": itoa(number("worker", 3)), "person_key": person(number("person", 6)),
					"period_start": "'2025-10-01'", "period_end": "'2025-12-31'", "quantity": "'hp10'", "value": "0.3", "final_value": "0.3", "qualifier": "'eq'",
				}
			},
			"case_report": func() row {
				d := date()
				return row{
					"employer_key": quote(who()), "person_key": person(number("person", 6)), "card_no": quote(d), "card_kind": quote(pick("card", "disease", "suspected")),
					"report_kind": "'new'", "disease": quote(pick("disease", "OD2024-01-1-01", "OD2024-04-01")), "report_date": quote(d), "diagnosis_date": quote(d),
				}
			},
			"insurance": func() row {
				return row{"employer_key": quote(who()), "period": quote(date()[:8] + "01"), "insured_count": itoa(number("insured", 20))}
			},
			"training": func() row {
				return row{"employer_key": quote(who()), "person_role": quote(pick("role", "head", "manager")), "train_date": quote(date()), "result": quote(pick("result", "pass", "fail"))}
			},
		}
		streams := slices.Sorted(maps.Keys(make))
		var all []event
		for range number("events", 5) {
			e := event{kind: pick("event", "load", "load", "load", "load", "revert", "publish", "decide", "day"), batch: number("batch", 5)}
			if e.kind == "load" {
				e.stream = pick("stream", append(streams, "exam", "exam")...)
				for range number("rows", 4) {
					r := make[e.stream]()
					if r["key"] == "" {
						r = r.with("key", itoa(number("key", 8)))
					}
					e.rows = append(e.rows, r.with("op", quote(pick("op", "load", "load", "load", "void"))))
				}
			}
			all = append(all, e)
		}
		return all
	})
}

// contents are all rows of the models and the values, one a line.
func (c *city) contents() string {
	var lines []string
	for name := range strings.SplitSeq(c.query(`SELECT name FROM system.tables WHERE database = currentDatabase()
		AND (startsWith(name, 'stg_') OR startsWith(name, 'dim_') OR startsWith(name, 'fct_') OR name = 'ind_value') ORDER BY name`), "\n") {
		columns := "*"
		if name == "ind_value" {
			columns = "* EXCEPT computed_at"
		}
		lines = append(lines, c.query(fmt.Sprintf("SELECT concat('%s ', toString(tuple(%s))) AS line FROM %s ORDER BY line", name, columns, name)))
	}
	return strings.Join(lines, "\n")
}

// TestRun_IncrementalEqualsFull holds runs that make only what has changed together with a full run, over random sequences of
// loads, corrections, voids, batches taken back and published again, decisions on names, and new days.
// OHWATCH_INCREMENTAL sets how many sequences.
func TestRun_IncrementalEqualsFull(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("OHWATCH_INCREMENTAL"))
	if err != nil {
		n = 2
	}
	indicators, err := transform.LoadIndicators(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	for seed := range n {
		t.Run(itoa(seed), func(t *testing.T) {
			c := newCity(t, "2026-11-15")
			steps := rapid.SliceOfN(events("2026-11-15"), 3, 3).Example(seed)
			c.load("employer", employer("A").with("key", "65"), employer("B").with("key", "66"))
			c.load("exam", exam("A", 1, "in", "2026-03-01", noise).with("key", "1"), exam("B", 2, "in", "2025-03-01", noise).with("key", "2"))
			streams := map[int]string{1: "employer", 2: "exam"}
			instant := 0
			parts := 0
			definitions := picked{FS: ohsql.FS()} // every other indicator in one sequence, the others in the next
			for k := seed % 2; k < len(indicators); k += 2 {
				definitions.ids = append(definitions.ids, indicators[k].ID)
			}
			run := func(full bool) {
				result, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: full, Files: definitions})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range result.Steps {
					if s.Part {
						parts++
					}
				}
			}
			run(false)
			for _, happened := range steps {
				for _, e := range happened {
					instant++
					at := fmt.Sprintf("2021-01-01 00:00:%02d", instant)
					batch := max(1, c.batch+1-e.batch)
					switch e.kind {
					case "load":
						streams[c.loadAt(at, e.stream, e.rows...)] = e.stream
					case "revert":
						c.event(batch, streams[batch], "reverted", at, 0)
					case "publish":
						n, err := strconv.Atoi(c.query(fmt.Sprintf("SELECT toString(count()) FROM raw_%s WHERE batch = %d", streams[batch], batch)))
						if err != nil {
							t.Fatal(err)
						}
						c.event(batch, streams[batch], "published", at, n)
					case "decide":
						c.exec(fmt.Sprintf("INSERT INTO ops_alias (id, at, kind, name, action, code) VALUES (%d, '%s', 'employer', 'D', 'code', 'A')", instant, at))
					case "day":
						c.today = c.today.AddDate(0, 0, e.batch)
					}
				}
				run(false)
			}
			incremental := c.contents()
			run(true)
			if same(t, "a full run", incremental, c.contents()); t.Failed() {
				t.Logf("what happened: %+v", steps)
			}
			if parts == 0 {
				t.Error("nothing was made in parts")
			}
		})
	}
}
