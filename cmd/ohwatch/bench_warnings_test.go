package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkWarnings times, with the command, over a simulated city of OHWATCH_BENCH_SCALE: the rules and detectors of one week (the
// first time, and again with models and series up to date), and a back-test of OHWATCH_BENCH_WEEKS weeks up to 2025-W52 (none
// when it is 0): `make bench-warnings`.
func BenchmarkWarnings(b *testing.B) {
	scale, weeks := os.Getenv("OHWATCH_BENCH_SCALE"), os.Getenv("OHWATCH_BENCH_WEEKS")
	if scale == "" {
		b.Skip("OHWATCH_BENCH_SCALE says how large the city is; make bench-warnings sets it")
	}
	dir := b.TempDir()
	program := filepath.Join(dir, "ohwatch") // the test binary is the command under its name, see TestMain
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, program)
	}
	if err != nil {
		b.Fatal(err)
	}
	run := func(args ...string) (wall, work float64) {
		b.Helper()
		command := exec.CommandContext(b.Context(), program, append([]string{"--data", filepath.Join(dir, "data"), "--today", "2026-11-16", "--json"}, args...)...)
		var problems strings.Builder
		command.Stderr = &problems
		start := time.Now()
		if err := command.Run(); err != nil && command.ProcessState.ExitCode() != exitNeedsPerson { // rows were rejected, as they should be
			b.Fatalf("%v: %v\n%s", args, err, problems.String())
		}
		wall, state := time.Since(start).Seconds(), command.ProcessState
		work = (state.UserTime() + state.SystemTime()).Seconds() // the engine, which ends with the command, included
		fmt.Fprintf(os.Stderr, "  %-40s %7.1f s, %7.1f s of the processors\n", strings.Join(args[:min(len(args), 2)], " "), wall, work)
		return wall, work
	}
	for b.Loop() { // one pass
		city, truth := filepath.Join(dir, "city"), filepath.Join(dir, "truth.json")
		run("simulate", "--out", city, "--scale", scale, "--truth", truth)
		run("ingest", city)
		run("transform")
		wall, work := run("warn", "--week", "2026-W46")
		b.ReportMetric(wall, "first-s")
		b.ReportMetric(work, "first-cpu-s")
		wall, work = run("warn", "--week", "2026-W46")
		b.ReportMetric(wall, "week-s")
		b.ReportMetric(work, "week-cpu-s")
		if n, err := strconv.Atoi(weeks); err == nil && n > 0 {
			wall, work = run("warn", "backtest", "--from", firstWeek(n), "--to", "2025-W52", "--truth", truth)
			b.ReportMetric(wall, "backtest-s")
			b.ReportMetric(work, "backtest-cpu-s")
		}
		b.ReportMetric(0, "ns/op")
	}
}

// firstWeek is the first of n weeks that end with 2025-W52.
func firstWeek(n int) string {
	year, week := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -7*(n-1)).ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}
