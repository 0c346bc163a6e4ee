package ingest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

var testToday = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// desk is a data directory and a warehouse for one test.
type desk struct {
	t   testing.TB
	db  *warehouse.DB
	dir string
}

func newDesk(t testing.TB) *desk {
	return &desk{t: t, db: warehousetest.Open(t), dir: t.TempDir()}
}

// load loads paths in one go and returns the results.
func (d *desk) load(cfg Config, paths ...string) []Result {
	d.t.Helper()
	return d.loadWith(cfg, func(*Loader) {}, paths...)
}

// loadWith is load with a Loader that tune has changed.
func (d *desk) loadWith(cfg Config, tune func(*Loader), paths ...string) []Result {
	d.t.Helper()
	cfg.DB, cfg.Dir, cfg.Today = d.db, d.dir, testToday
	l, err := Open(context.Background(), cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	tune(l)
	var results []Result
	err = l.Load(context.Background(), paths, func(r Result) error {
		results = append(results, r)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		d.t.Fatal(err)
	}
	return results
}

func (d *desk) file(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// exampleFile is a CSV file with one row made of the examples of a contract.
func exampleFile(c *Contract) string {
	var head, row []string
	for _, f := range c.Fields {
		if f.Example == "" {
			continue
		}
		head = append(head, f.Heading())
		row = append(row, `"`+f.Example+`"`)
	}
	return strings.Join(head, ",") + "\n" + strings.Join(row, ",") + "\n"
}

func TestLoad_ExampleOfEveryStream(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	for _, c := range contracts {
		path := d.file(c.Stream+".csv", exampleFile(c))
		results := d.load(Config{}, path)
		if len(results) != 1 || results[0].Loaded != 1 || results[0].Stream != c.Stream || results[0].State != statePublished {
			t.Errorf("%s: %+v %v", c.Stream, results, results[0].Refusal)
		}
		for _, f := range d.findings(results[0].Batch) {
			t.Logf("%s: %s", c.Stream, f)
		}
		again := d.load(Config{}, path)
		if len(again) != 1 || again[0].Unchanged != 1 {
			t.Errorf("%s again: %+v", c.Stream, again)
		}
	}
}

// findings lists the findings of a batch as "severity code field value".
func (d *desk) findings(batch uint64) []string {
	d.t.Helper()
	rows, err := d.db.Conn().Query(context.Background(),
		"SELECT toString(severity), row, code, field, value FROM ops_finding WHERE batch = ? ORDER BY row, code, field", batch)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var severity, code, field, value string
		var row uint32
		if err := rows.Scan(&severity, &row, &code, &field, &value); err != nil {
			d.t.Fatal(err)
		}
		found = append(found, strings.Join([]string{severity, code, field, value}, " "))
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	return found
}
