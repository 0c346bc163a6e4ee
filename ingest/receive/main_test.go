package receive

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) { warehousetest.Main(m) }

// insuranceHead heads the smallest stream.
const insuranceHead = "统一社会信用代码,参保月份,参保人数,应参保人数\n"

const employerCode = "91419999MA00000014"

// insurance is a file with one row for each month given.
func insurance(months ...string) string {
	text := insuranceHead
	for _, month := range months {
		text += employerCode + "," + month + ",9,50\n"
	}
	return text
}

// office is a receiver on a warehouse of its own.
type office struct {
	*Receiver
	t  *testing.T
	db *warehouse.DB
}

func newOffice(t *testing.T) *office {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	db := warehousetest.Open(t)
	r := &Receiver{
		DB: db, Dir: t.TempDir(), Now: time.Now, Catalogue: catalogue, Log: slog.New(slog.DiscardHandler), By: "test",
		Today: func() time.Time { return period.Today(time.Now, period.Shanghai()) },
		Words: func(x *ingest.Reject) ingest.Words { return ingest.Words{Zh: x.Code, En: x.Code} },
	}
	return &office{Receiver: r, t: t, db: db}
}

// sender adds a sender and returns a token.
func (o *office) sender(name string, expect ...string) (token string) {
	o.t.Helper()
	p := Profile{Sender: name, Since: period.Date(2025, 1, 1)}
	for _, text := range expect {
		e, err := ParseExpectation(text)
		if err != nil {
			o.t.Fatal(err)
		}
		p.Expected = append(p.Expected, e)
	}
	if err := SetProfile(o.t.Context(), o.db, p, time.Now()); err != nil {
		o.t.Fatal(err)
	}
	_, token, err := IssueToken(o.t.Context(), o.db, name, "test", time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

// batches returns the published batches.
func (o *office) batches() []ingest.Batch {
	o.t.Helper()
	all, err := ingest.Batches(o.t.Context(), o.db, 1000)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// rows counts the rows of a table.
func (o *office) rows(table string) (n uint64) {
	o.t.Helper()
	rows, err := o.db.QuerySQL(o.t.Context(), "SELECT count() FROM "+table)
	if err != nil {
		o.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			o.t.Fatal(err)
		}
	}
	return n
}

func TestTakeDropped_LoadedOnceThoughItCannotBeMoved(t *testing.T) {
	o := newOffice(t)
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(insurance("2026-01", "2026-02")), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	found := Found{Path: path, Inside: "甲医院/a.csv", Bytes: info.Size(), Modified: info.ModTime()}
	take := func() (Receipt, bool) {
		t.Helper()
		s := o.begin()
		r, isNew, err := s.takeDropped(t.Context(), found)
		if err := s.end(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return r, isNew
	}
	first, isNew := take()
	if !isNew || first.State != Loaded || first.Sender != "甲医院" || len(first.Results) != 1 || first.Results[0].Loaded != 2 {
		t.Fatalf("first scan: new %v, %+v", isNew, first)
	}
	again, isNew := take()
	if isNew || again.ID != first.ID || len(o.batches()) != 1 {
		t.Errorf("second scan: new %v, %+v, %d batches", isNew, again, len(o.batches()))
	}

	// A crash after the load and before its receipt was recorded: the receipt waits, the batch counts.
	waiting := first
	if err := record(t.Context(), o.db, &waiting, Waiting, time.Now(), ""); err != nil {
		t.Fatal(err)
	}
	mended, _ := take()
	if mended.State != Loaded || len(mended.Batches) != 1 || mended.Batches[0] != first.Batches[0] || len(o.batches()) != 1 {
		t.Errorf("after a crash: %+v, %d batches", mended, len(o.batches()))
	}

	// Taken back, the same file loads once more.
	if _, err := ingest.Revert(t.Context(), o.db, o.Dir, first.Batches[0], "test", ""); err != nil {
		t.Fatal(err)
	}
	once, isNew := take()
	if !isNew || once.State != Loaded || once.Results[0].Loaded != 2 {
		t.Errorf("after a revert: new %v, %+v", isNew, once)
	}
}

func TestTakeDropped_SlowGrowingFile(t *testing.T) {
	o := newOffice(t)
	drop := filepath.Join(t.TempDir(), "drop")
	f := Folders{Drop: drop, Done: filepath.Join(drop, "done"), Failed: filepath.Join(drop, "failed"), Stable: 150 * time.Millisecond}
	if err := os.MkdirAll(filepath.Join(drop, "甲医院"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(drop, "甲医院", "慢.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer file.Close()
		for _, line := range strings.SplitAfter(insurance("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"), "\n") {
			if _, err := file.WriteString(line); err != nil {
				t.Error(err)
			}
			time.Sleep(60 * time.Millisecond)
		}
	}()
	var tally Tally
	for tally.Files == 0 {
		if tally, err = o.TakeDropped(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	<-written
	if all := o.batches(); len(all) != 1 || all[0].Loaded != 8 || all[0].Sender != "甲医院" || all[0].File != "甲医院/慢.csv" {
		t.Errorf("batches %+v, want one of 8 rows", all)
	}
	for _, name := range []string{"慢.csv", "慢.csv.result.txt", "慢.csv.result.json"} {
		if _, err := os.Stat(filepath.Join(f.Done, "甲医院", name)); err != nil {
			t.Error(err)
		}
	}
}

// cancelled is a context that has ended.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestWork_EndsWithItsContext(t *testing.T) {
	o := newOffice(t)
	if _, err := o.Work(cancelled(t)); err == nil {
		t.Error("no error")
	}
}
