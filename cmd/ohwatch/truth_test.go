package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ohwatch/transform"
	"ohwatch/warehouse"
)

// truth is what the test needs of the simulator's truth file.
type truth struct {
	Indicators []struct {
		Indicator   string   `json:"indicator"`
		Variant     string   `json:"variant"`
		Period      string   `json:"period"`
		AsOf        string   `json:"as_of"`
		Area        string   `json:"area"`
		Numerator   float64  `json:"numerator"`
		Denominator *float64 `json:"denominator"`
	} `json:"indicators"`
	Files []struct {
		File          string `json:"file"`
		Rows          int    `json:"rows"`
		Loaded        int    `json:"loaded"`
		Corrected     int    `json:"corrected"`
		Voided        int    `json:"voided"`
		Unchanged     int    `json:"unchanged"`
		Rejected      int    `json:"rejected"`
		RejectedLines []struct {
			Line int    `json:"line"`
			Code string `json:"code"`
		} `json:"rejected_lines"`
	} `json:"files"`
	Persons []struct {
		IDNo string `json:"id_no"`
	} `json:"persons"`
}

// TestTruth loads a simulated city through the command and compares what came out with what the simulator
// counted on its people and workplaces, one by one and without SQL: every file's accounting, every rejected line with its
// code, and T1 to T8, S1 to S18 and N4 by year, city and township, to the unit; S2, S5k and what rests on single items of an
// exam apart, which the city does not write. No identity number may be anywhere in the warehouse.
func TestTruth(t *testing.T) {
	for _, city := range []struct {
		seed         int
		scale, years string
	}{{1, "0.05", "2018-2026"}, {7, "0.05", "2025-2026"}} {
		t.Run(fmt.Sprintf("seed %d", city.seed), func(t *testing.T) {
			compareWithTruth(t, city.seed, city.scale, city.years)
		})
	}
}

func compareWithTruth(t *testing.T, seed int, scale, years string) {
	dir := t.TempDir()
	out, truthFile := filepath.Join(dir, "city"), filepath.Join(dir, "truth.json")
	ohwatch := func(want int, args ...string) []byte {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args = append([]string{"--data", filepath.Join(dir, "data"), "--today", "2026-11-16", "--lang", "en", "--json"}, args...)
		if got := run(args, strings.NewReader(""), &stdout, &stderr); got != want {
			t.Fatalf("ohwatch %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, want, stderr.String())
		}
		return stdout.Bytes()
	}
	// One engine for all the commands below: it stays up as long as somebody uses it.
	db, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: filepath.Join(dir, "data"), MemoryLimit: 4 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	ohwatch(exitDone, "simulate", "--out", out, "--seed", fmt.Sprint(seed), "--scale", scale, "--years", years, "--truth", truthFile)
	var want truth
	data, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Indicators) < 1000 || len(want.Files) < 100 || len(want.Persons) < 100 {
		t.Fatalf("the truth is thin: %d readings, %d files, %d persons", len(want.Indicators), len(want.Files), len(want.Persons))
	}

	// What became of each file. Rejected rows make the exit code 3.
	type batch struct {
		Batch                                                        int
		File                                                         string
		Read, Loaded, Corrected, Voided, Unchanged, Rejected, Warned int
	}
	batches := map[string]batch{}
	for _, b := range decodeLines[batch](t, ohwatch(exitNeedsPerson, "ingest", out)) {
		name, err := filepath.Rel(out, b.File)
		if err != nil {
			t.Fatal(err)
		}
		batches[filepath.ToSlash(name)] = b
	}
	type finding struct {
		File string `json:"file"`
		Row  int    `json:"row"`
		Code string `json:"code"`
	}
	rejected := map[string]string{}
	for _, r := range decodeLines[finding](t, ohwatch(exitDone, "query", "--format", "json",
		"select file, row, min(code) as code from ops_finding inner join (select distinct batch, file from ops_batch) as b using batch where severity = 'reject' group by file, row")) {
		name, err := filepath.Rel(out, r.File)
		if err != nil {
			t.Fatal(err)
		}
		rejected[fmt.Sprintf("%s:%d", filepath.ToSlash(name), r.Row)] = r.Code
	}
	for _, f := range want.Files {
		b, ok := batches[f.File]
		if !ok {
			t.Errorf("%s: no batch", f.File)
			continue
		}
		got := [6]int{b.Read, b.Loaded, b.Corrected, b.Voided, b.Unchanged, b.Rejected}
		if wanted := [6]int{f.Rows, f.Loaded, f.Corrected, f.Voided, f.Unchanged, f.Rejected}; got != wanted {
			t.Errorf("%s: read, loaded, corrected, voided, unchanged, rejected are %v, want %v", f.File, got, wanted)
		}
		for _, r := range f.RejectedLines {
			key := fmt.Sprintf("%s:%d", f.File, r.Line)
			if rejected[key] != r.Code {
				t.Errorf("%s: rejected with %q, want %q", key, rejected[key], r.Code)
			}
			delete(rejected, key)
		}
	}
	for key, code := range rejected {
		t.Errorf("%s: rejected with %q, but nothing is wrong with it", key, code)
	}

	// The indicators.
	ohwatch(exitDone, "transform")
	type reading struct {
		Indicator, Variant, Period, Area string
		Numerator                        float64
		Denominator                      *float64
	}
	type key struct{ indicator, variant, period, area string }
	readings := map[key]reading{}
	for year := 2018; year <= 2026; year++ {
		for _, by := range []string{"", "township"} {
			values, err := transform.Values(t.Context(), db, "", transform.Filter{Period: fmt.Sprint(year), By: by})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				readings[key{v.Indicator, v.Variant, v.Period, v.Area}] = reading{v.Indicator, v.Variant, v.Period, v.Area, v.Numerator, v.Denominator}
			}
		}
	}
	// The command prints what is stored.
	for _, by := range [][]string{nil, {"--by", "township"}} {
		args := append([]string{"indicators", "show", "T3", "--period", "2025"}, by...)
		for _, r := range decodeLines[reading](t, ohwatch(exitDone, args...)) {
			stored := readings[key{r.Indicator, r.Variant, r.Period, r.Area}]
			if r.Numerator != stored.Numerator || optional(r.Denominator) != optional(stored.Denominator) {
				t.Errorf("the command prints %+v, stored is %+v", r, stored)
			}
		}
	}
	compared := 0
	for _, w := range want.Indicators {
		got, ok := readings[key{w.Indicator, w.Variant, w.Period, w.Area}]
		if !ok {
			t.Errorf("%s %s %s %s: no reading", w.Indicator, w.Variant, w.Period, w.Area)
			continue
		}
		compared++
		same := math.Abs(got.Numerator-w.Numerator) < 1e-6 && (got.Denominator == nil) == (w.Denominator == nil)
		if same && w.Denominator != nil {
			same = *got.Denominator == *w.Denominator
		}
		if !same {
			t.Errorf("%s %s %s %s: %v of %s, on the people and workplaces %v of %s", w.Indicator, w.Variant, w.Period, w.Area,
				got.Numerator, optional(got.Denominator), w.Numerator, optional(w.Denominator))
		}
	}
	t.Logf("%d readings compared", compared)
	if seed == 7 {
		explainAddsUp(t, db)
	}

	// No identity number is anywhere in the warehouse: every text column of every table is searched for all of them.
	noIdentityNumber(t, filepath.Join(dir, "data"))
}

// noIdentityNumber fails the test when the prefix of the simulated identity numbers shows up in a row of the engine's
// files. The numbers share it; text columns are searched through the engine, so that compression hides nothing.
func noIdentityNumber(t *testing.T, dir string) {
	t.Helper()
	query := func(text string) []byte {
		var stdout, stderr bytes.Buffer
		if got := run([]string{"--data", dir, "--lang", "en", "query", "--format", "json", text}, strings.NewReader(""), &stdout, &stderr); got != exitDone {
			t.Fatalf("query %s: exit code %d\n%s", text, got, stderr.String())
		}
		return stdout.Bytes()
	}
	type table struct {
		Table   string
		Columns []string
	}
	tables := decodeLines[table](t, query("select table, groupArray(name) as columns from system.columns where database = currentDatabase() and type like '%String%' and (table like 'raw\\_%' or table like 'ops\\_%' or table like 'stg\\_%' or table like 'wrn\\_%') group by table"))
	searched := 0
	for _, table := range tables {
		searched += len(table.Columns)
		var hits []string
		for _, column := range table.Columns {
			hits = append(hits, fmt.Sprintf("countIf(match(toString(`%[1]s`), '419999(19|20)[0-9]{9}[0-9Xx]')) as `%[1]s`", column))
		}
		for _, counts := range decodeLines[map[string]json.Number](t, query(fmt.Sprintf("select %s from `%s`", strings.Join(hits, ", "), table.Table))) {
			for column, n := range counts {
				if n != "0" {
					t.Errorf("%s.%s: %s rows hold an identity number", table.Table, column, n)
				}
			}
		}
	}
	if searched < 50 {
		t.Fatalf("saw %d text columns, expected many", searched)
	}
}

func optional(x *float64) string {
	if x == nil {
		return "nothing"
	}
	return fmt.Sprint(*x)
}

// decodeLines reads JSON objects that follow each other.
func decodeLines[T any](t *testing.T, data []byte) []T {
	t.Helper()
	var all []T
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("decode %T: %v", v, err)
		}
		all = append(all, v)
	}
	return all
}
