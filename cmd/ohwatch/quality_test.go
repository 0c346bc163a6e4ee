package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// deliverCity loads the files of a simulated city as their senders would have sent them: the code at the end of a
// file's name is the sender, and it arrived on the tenth day after its month.
func deliverCity(t *testing.T, db *warehouse.DB, dir, city string) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(city, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	now := time.Now()
	loader, err := ingest.Open(t.Context(), ingest.Config{DB: db, Dir: dir, Today: period.Date(2026, time.November, 16), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		month, err := time.ParseInLocation("200601", stem[:6], period.Shanghai())
		if err != nil {
			month = time.Date(2025, 12, 1, 0, 0, 0, 0, period.Shanghai()) // the roster
		}
		now = month.AddDate(0, 1, 9).Add(8 * time.Hour)
		as := ingest.Delivery{Sender: stem[strings.LastIndex(stem, "_")+1:]}
		if err := loader.LoadAs(t.Context(), []string{path}, as, func(ingest.Result) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := loader.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestQuality_AgainstANaiveCount compares the scorecard of a simulated city with a count row by row in this process.
func TestQuality_AgainstANaiveCount(t *testing.T) {
	dir := useEngine(t)
	city := filepath.Join(t.TempDir(), "city")
	if code, _, errOut := ohwatchText(t, "simulate", "--out", city, "--scale", "0.01", "--years", "2026"); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := ohwatchText(t, "migrate", "up"); code != 0 {
		t.Fatal(errOut)
	}
	db := openQuality(t)
	deliverCity(t, db, dir, city)

	if code, _, errOut := ohwatchText(t, "sender", "add", "RSJ", "--expect", "insurance=monthly:5", "--since", "2026-01-01"); code != 0 {
		t.Fatal(errOut)
	}
	code, out, errOut := ohwatchText(t, "quality", "--json", "--period", "2026", "--today", "2026-11-16")
	if code != 0 {
		t.Fatal(errOut)
	}
	type score struct {
		Sender, Stream, Month, Measure, Item string
		Numerator, Denominator               float64
		Value, Lower, Upper                  *float64
	}
	scores := map[string]score{}
	for _, s := range decodeLines[score](t, []byte(out)) {
		key := strings.Join([]string{s.Sender, s.Stream, s.Month, s.Measure, s.Item}, " ")
		if _, twice := scores[key]; twice {
			t.Errorf("%s stands twice", key)
		}
		scores[key] = s
		// A share lies within its interval, which is Wilson's.
		if s.Lower == nil {
			continue
		}
		lower, upper := stats.Wilson(s.Numerator, s.Denominator, 0.95)
		if math.Abs(*s.Lower-lower) > 1e-9 || math.Abs(*s.Upper-upper) > 1e-9 || *s.Value < *s.Lower-1e-12 || *s.Value > *s.Upper+1e-12 {
			t.Errorf("%s: %v in %v to %v, want %v to %v", key, *s.Value, *s.Lower, *s.Upper, lower, upper)
		}
	}

	// The naive count, row by row.
	type pair struct{ good, all float64 }
	want := map[string]*pair{}
	add := func(good bool, all bool, key ...string) {
		k := strings.Join(key, " ")
		if want[k] == nil {
			want[k] = &pair{}
		}
		if good {
			want[k].good++
		}
		if all {
			want[k].all++
		}
	}
	type batch struct {
		sender, stream, month string
		day                   time.Time
		read                  int
	}
	batches := map[uint64]batch{}
	all, err := ingest.Batches(t.Context(), db, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		local := b.ReceivedAt.In(period.Shanghai())
		x := batch{b.Sender, b.Stream, local.Format("2006-01"), period.Day(local), int(b.Read)}
		batches[b.Batch] = x
		for _, part := range []struct {
			name string
			n    uint64
		}{{"unchanged", b.Unchanged}, {"corrected", b.Corrected}} {
			k := strings.Join([]string{x.sender, x.stream, x.month, part.name, ""}, " ")
			if want[k] == nil {
				want[k] = &pair{}
			}
			want[k].good += float64(part.n)
			want[k].all += float64(b.Read)
		}
		if b.Contract == "" {
			continue // the same bytes again: not read
		}
		k := strings.Join([]string{x.sender, x.stream, x.month, "validity", ""}, " ")
		if want[k] == nil {
			want[k] = &pair{}
		}
		want[k].good += float64(b.Read)
		want[k].all += float64(b.Read)
	}
	completeness := map[string]map[string]string{ // table to field to column
		"raw_exam": {
			"workshop": "workshop", "prev_exam_no": "prev_exam_no", "judge_date": "judge_date", "exam_date": "exam_date", "exam_no": "exam_no",
			"exposure_years": "exposure_months",
		},
		"raw_detection": {"limit_value": "limit_value", "point": "point", "issue_date": "issue_date"},
		"raw_insurance": {"employees_due": "employees_due"},
	}
	faulty := map[string]bool{}
	missing := map[string]bool{}
	for _, f := range rowsOf(t, "select toString(batch) as batch, sheet, toString(row) as row, toString(severity) as severity, code, field from ops_finding") {
		b := batches[number(t, f["batch"])]
		row := f["batch"] + "|" + f["sheet"] + "|" + f["row"]
		if f["severity"] != "note" && !faulty[row] {
			faulty[row] = true
			want[strings.Join([]string{b.sender, b.stream, b.month, "validity", ""}, " ")].good--
		}
		_, counted := completeness["raw_"+b.stream][f["field"]]
		if once := row + f["field"]; counted && f["severity"] == "reject" && f["code"] == "required" && !missing[once] {
			missing[once] = true
			add(false, true, b.sender, b.stream, b.month, "completeness", f["field"])
		}
	}
	for table, columns := range completeness {
		stream := strings.TrimPrefix(table, "raw_")
		for _, r := range rowsOf(t, "select * from "+table) {
			b := batches[number(t, r["batch"])]
			if r["op"] == "void" {
				continue
			}
			for field, column := range columns {
				add(r[column] != "", true, b.sender, stream, b.month, "completeness", field)
			}
			switch stream {
			case "exam":
				add(r["hazards_open"] == "[]", true, b.sender, stream, b.month, "match", "hazard")
				day, err := time.Parse(time.DateOnly, r["exam_date"])
				if err != nil {
					t.Fatal(err)
				}
				add(b.day.Sub(day) <= 30*24*time.Hour, true, b.sender, stream, b.month, "lag", "event")
			case "detection":
				if r["hazard"] != "" || r["hazard_text"] != "" {
					add(r["hazard"] != "", true, b.sender, stream, b.month, "match", "hazard")
				}
			}
		}
	}
	if len(want) < 100 {
		t.Fatalf("the naive count is thin: %d scores", len(want))
	}
	for key, w := range want {
		if w.all == 0 && strings.Contains(key, " validity ") {
			continue
		}
		s, ok := scores[key]
		if !ok || s.Numerator != w.good || s.Denominator != w.all {
			t.Errorf("%s: %v of %v, want %v of %v", key, s.Numerator, s.Denominator, w.good, w.all)
		}
	}

	// The insurance office reports a month in the file of the next one, which comes on the tenth of the month after: always
	// late, by its profile, and the last one is still missing.
	for month := time.Month(3); month <= 11; month++ {
		kept := scores[fmt.Sprintf("RSJ insurance 2026-%02d due_kept ", month)]
		silent := scores[fmt.Sprintf("RSJ insurance 2026-%02d silence ", month)]
		missing := map[bool]float64{month == 11: 1}[true]
		if kept.Denominator != 1 || silent.Denominator != 1 || kept.Numerator != 0 || silent.Numerator != missing {
			t.Errorf("month %d: kept %v, silent %v of 1", month, kept.Numerator, silent.Numerator)
		}
	}
}

// openQuality opens the database that the commands of this test use.
func openQuality(t *testing.T) *warehouse.DB {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(catalogue, strings.NewReader(""), io.Discard, io.Discard)
	if err := a.configure(); err != nil {
		t.Fatal(err)
	}
	db, err := warehouse.Open(t.Context(), a.warehouseConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rowsOf returns the rows of a query as texts; null is the empty text.
func rowsOf(t *testing.T, query string) []map[string]string {
	t.Helper()
	code, out, errOut := ohwatchText(t, "query", "--format", "json", query)
	if code != 0 {
		t.Fatal(errOut)
	}
	var rows []map[string]string
	for line := range strings.Lines(out) {
		var values map[string]any
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&values); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for name, v := range values {
			if v != nil {
				row[name] = fmt.Sprint(v)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func number(t *testing.T, text string) (n uint64) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
