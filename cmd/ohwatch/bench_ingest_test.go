package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/ingest"
	"ohwatch/internal/simulate"
	"ohwatch/warehouse"
)

// bench is one engine with a file of examinations, which is loaded by the command and read by the engine alone.
type bench struct {
	*testing.B
	dir, file, program string
	db                 *warehouse.DB
}

// cost is what one run took.
type cost struct {
	wall, engine, ohwatch float64 // seconds; of the machine, and of the processors by process
	megabytes             int64   // highest resident memory of ohwatch
}

// BenchmarkIngest compares the load of a file of examinations, by the command, with the engine's own way to read it,
// run by run on one engine: `make bench-ingest`. OHWATCH_BENCH_ROWS and OHWATCH_BENCH_RUNS set its size.
func BenchmarkIngest(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("OHWATCH_BENCH_ROWS"))
	if err != nil {
		b.Skip("OHWATCH_BENCH_ROWS says how many rows; make bench-ingest sets it")
	}
	runs, err := strconv.Atoi(os.Getenv("OHWATCH_BENCH_RUNS"))
	if err != nil {
		runs = 5
	}
	t := newBench(b, rows)
	for b.Loop() { // one pass: the runs in it are what counts
		var raw, load, again, changed []cost
		for range runs {
			raw = append(raw, t.raw())
			t.clear()
			load = append(load, t.ingest(t.file))
			again = append(again, t.ingest(t.file))
			changed = append(changed, t.ingest(t.changed()))
		}
		wall := func(c cost) float64 { return c.wall }
		work := func(c cost) float64 { return c.engine + c.ohwatch }
		memory := func(c cost) float64 { return float64(c.megabytes) }
		b.ReportMetric(median(raw, wall), "raw-s")
		b.ReportMetric(median(load, wall), "load-s")
		b.ReportMetric(median(load, wall)/median(raw, wall), "load/raw")
		b.ReportMetric(median(load, work)/median(raw, work), "load/raw-cpu")
		b.ReportMetric(median(load, func(c cost) float64 { return c.ohwatch }), "ohwatch-cpu-s")
		b.ReportMetric(median(load, func(c cost) float64 { return c.engine }), "engine-cpu-s")
		b.ReportMetric(median(load, memory), "ohwatch-MB")
		b.ReportMetric(t.engineMegabytes(), "engine-MB")
		b.ReportMetric(median(again, wall)/median(load, wall), "same-bytes/load")
		b.ReportMetric(median(changed, wall)/median(load, wall), "other-bytes/load")
		b.ReportMetric(0, "ns/op")
	}
}

func newBench(b *testing.B, rows int) *bench {
	t := &bench{B: b, dir: b.TempDir()}
	t.file = filepath.Join(t.dir, "exams.csv")
	out, err := os.Create(t.file)
	if err != nil {
		b.Fatal(err)
	}
	if err := simulate.WriteExams(b.Context(), out, rows, 1); err != nil {
		b.Fatal(err)
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	// The test binary is the command under its name, see TestMain.
	t.program = filepath.Join(t.dir, "ohwatch")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, t.program)
	}
	if err != nil {
		b.Fatal(err)
	}
	if t.db, err = warehouse.Open(b.Context(), warehouse.Config{DataDir: filepath.Join(t.dir, "data")}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { t.db.Close() })
	if _, err := t.db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	t.exec("raw_table.sql")
	return t
}

// exec runs a statement of testdata/bench.
func (t *bench) exec(name string, args ...any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "bench", name))
	if err == nil {
		err = t.db.ExecSQL(t.Context(), string(text), args...)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (t *bench) truncate(tables ...string) {
	t.Helper()
	for _, table := range tables {
		if err := t.db.ExecSQL(t.Context(), "TRUNCATE TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
}

// clear empties what the load fills, its kept files too.
func (t *bench) clear() {
	t.Helper()
	t.truncate("bench_raw", "raw_exam", "ops_batch", "ops_finding")
	if err := os.RemoveAll(filepath.Join(t.dir, "data", "files")); err != nil {
		t.Fatal(err)
	}
}

// raw lets the engine read the file alone, every column as text and converted, without any check.
func (t *bench) raw() cost {
	t.Helper()
	t.truncate("bench_raw")
	at, before := time.Now(), t.engineSeconds()
	t.exec("raw_insert.sql", clickhouse.Named("path", t.file))
	return cost{wall: time.Since(at).Seconds(), engine: t.engineSeconds() - before}
}

// ingest loads a file by the command.
func (t *bench) ingest(path string) cost {
	t.Helper()
	at, before := time.Now(), t.engineSeconds()
	command := exec.Command(t.program, "ingest", "--data", filepath.Join(t.dir, "data"), "--json", path)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	c := cost{wall: time.Since(at).Seconds(), engine: t.engineSeconds() - before}
	state := command.ProcessState
	if state == nil || state.ExitCode() != exitDone && state.ExitCode() != exitNeedsPerson {
		t.Fatalf("ingest: %v: %s", err, &errs)
	}
	c.ohwatch = (state.UserTime() + state.SystemTime()).Seconds()
	c.megabytes = state.SysUsage().(*syscall.Rusage).Maxrss >> 10
	var r ingest.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Read != r.Loaded+r.Corrected+r.Voided+r.Unchanged+r.Rejected {
		t.Fatalf("ingest said %s (%v)", &out, err)
	}
	fmt.Fprintf(os.Stderr, "%s: %.2f s, %d rows: %d loaded, %d corrected, %d voided, %d unchanged, %d rejected\n",
		filepath.Base(path), c.wall, r.Read, r.Loaded, r.Corrected, r.Voided, r.Unchanged, r.Rejected)
	return c
}

// changed is the file with one more byte at its end, which changes no row.
func (t *bench) changed() string {
	t.Helper()
	text, err := os.ReadFile(t.file)
	path := filepath.Join(t.dir, "changed.csv")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// engineProcess reads a file about the engine's process from the kernel.
func (t *bench) engineProcess(name string) string {
	t.Helper()
	number, err := os.ReadFile(filepath.Join(t.dir, "data", "engine", "engine.lock"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(number)), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// engineSeconds is the processor time that the engine has used.
func (t *bench) engineSeconds() float64 {
	t.Helper()
	text := t.engineProcess("stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	ticks := 0.0
	for _, field := range fields[11:13] { // user and system time in hundredths of a second
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return ticks / 100
}

// engineMegabytes is the highest resident memory of the engine.
func (t *bench) engineMegabytes() float64 {
	t.Helper()
	for line := range strings.Lines(t.engineProcess("status")) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				t.Fatal(err)
			}
			return n / 1024
		}
	}
	return 0
}

func median(costs []cost, of func(cost) float64) float64 {
	values := make([]float64, len(costs))
	for i, c := range costs {
		values[i] = of(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
