package ingest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ohwatch/internal/simulate"
	"ohwatch/warehouse"
)

// tortureVariable sets at how many moments a load is killed: `make torture` does so 200 times in each way.
const tortureVariable = "OHWATCH_TORTURE"

// moments is how often something is killed: as the environment says, else few enough for the suite.
func moments(t *testing.T, few int) int {
	text := os.Getenv(tortureVariable)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", tortureVariable, err)
	}
	return n
}

// ward is a data directory in which loads are killed, with the files that they load.
type ward struct {
	t    *testing.T
	dir  string
	db   *warehouse.DB
	name string
}

// examFiles writes files with rows of examinations: new ones, repeated, corrected, voided and faulty ones.
func examFiles(t *testing.T, files, rows int) []string {
	t.Helper()
	var text bytes.Buffer
	if err := simulate.WriteExams(t.Context(), &text, files*rows, 5); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(text.String(), "\n")
	dir := t.TempDir()
	var paths []string
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("exam%d.csv", i))
		part := lines[0] + strings.Join(lines[1+i*rows:1+(i+1)*rows], "")
		if err := os.WriteFile(path, []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// open connects to the engine of the ward, which is started when it does not run.
func (w *ward) open() {
	w.t.Helper()
	db, err := warehouse.Open(w.t.Context(), warehouse.Config{DataDir: w.dir, Database: w.name})
	if err != nil {
		w.t.Fatal(err)
	}
	w.db = db
}

// reset empties the warehouse and forgets what was kept; the keys stay.
func (w *ward) reset() {
	w.t.Helper()
	for _, table := range []string{"raw_exam", "ops_batch", "ops_finding", "ops_unchanged", "ops_vault"} {
		w.patiently(func(ctx context.Context) error { return w.db.ExecSQL(ctx, "TRUNCATE TABLE "+table) })
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "files")); err != nil {
		w.t.Fatal(err)
	}
}

// child starts a process that loads the files; begun is closed when it begins to.
func (w *ward) child(paths []string) (child *exec.Cmd, begun chan struct{}, output *bytes.Buffer) {
	w.t.Helper()
	child = exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+w.dir, childDatabase+"="+w.name, childFiles+"="+strings.Join(paths, string(filepath.ListSeparator)))
	output = new(bytes.Buffer)
	child.Stderr = output
	out, err := child.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		w.t.Fatal(err)
	}
	begun = make(chan struct{})
	go func() {
		defer close(begun)
		bufio.NewReader(out).ReadString('\n')
	}()
	return child, begun, output
}

// run loads the files in a process that nobody kills and returns how long the load took.
func (w *ward) run(paths []string) (took time.Duration) {
	w.t.Helper()
	w.patiently(func(context.Context) error {
		child, begun, output := w.child(paths)
		<-begun
		at := time.Now()
		if err := child.Wait(); err != nil {
			return fmt.Errorf("load: %w: %s", err, output)
		}
		took = time.Since(at)
		return nil
	})
	return took
}

// state is what a user sees: rows, findings and batches, without the numbers and instants that no two loads
// share, and without batches that found every row there already. Sealed texts differ each time; it counts
// that they are there.
func (w *ward) state() []string {
	w.t.Helper()
	var state []string
	for _, query := range []string{
		`SELECT toString((count(), cityHash64(groupArray(h)))) FROM (SELECT cityHash64(tuple(* EXCEPT (batch, loaded_at)), file) AS h FROM raw_exam
			INNER JOIN (SELECT batch, any(file) AS file FROM ops_batch GROUP BY batch HAVING max(state) = 'published') AS b USING (batch) ORDER BY h)`,
		`SELECT toString((count(), cityHash64(groupArray(h)))) FROM (SELECT cityHash64(tuple(* EXCEPT (batch, sealed)), sealed = '', file) AS h FROM ops_finding
			INNER JOIN (SELECT batch, any(file) AS file FROM ops_batch GROUP BY batch HAVING max(state) = 'published') AS b USING (batch) ORDER BY h)`,
		`SELECT toString(groupArray(b)) FROM (SELECT (file, sheet, sha256, stream, n_read, n_loaded, n_corrected, n_voided, n_unchanged, n_rejected, n_warned) AS b
			FROM ops_batch WHERE state = 'published' AND n_unchanged < n_read ORDER BY b)`,
		`SELECT toString(count()) FROM raw_exam WHERE batch NOT IN (SELECT batch FROM ops_batch WHERE state = 'published')`,
		`SELECT toString(count()) FROM ops_finding WHERE batch NOT IN (SELECT batch FROM ops_batch WHERE state = 'published')`,
	} {
		var text string
		w.patiently(func(ctx context.Context) error { return w.db.Conn().QueryRow(ctx, query).Scan(&text) })
		state = append(state, text)
	}
	return state
}

// stage says how far a killed load has come.
func (w *ward) stage(files int) string {
	w.t.Helper()
	var rows, findings, started, published uint64
	w.patiently(func(ctx context.Context) error {
		return w.db.Conn().QueryRow(ctx, `SELECT (SELECT count() FROM raw_exam), (SELECT count() FROM ops_finding),
			uniqIf(batch, state = 'started'), uniqIf(batch, state = 'published') FROM ops_batch`).Scan(&rows, &findings, &started, &published)
	})
	kept, _ := filepath.Glob(filepath.Join(w.dir, "files", "*", "*"))
	switch {
	case published == uint64(files):
		return "published"
	case published > 0:
		return "published in part"
	case findings > 0:
		return "rows and findings written"
	case rows > 0:
		return "rows written"
	case started > 0:
		return "started"
	case len(kept) > 0:
		return "decoded or checked"
	}
	return "opened"
}

// Whenever ohwatch or its engine is killed during a load, and the load is run again, the warehouse is as if it had
// run once, undisturbed.
func TestLoad_Killed(t *testing.T) {
	const files, rows = 3, 1500
	paths := examFiles(t, files, rows)
	w := &ward{t: t, dir: t.TempDir(), name: "killed"}
	w.open()
	defer func() { w.db.Close() }()
	if _, err := w.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	longest := w.run(paths)
	want := w.state()
	if want[3] != "0" || want[4] != "0" || strings.HasPrefix(want[0], "(0,") || strings.HasPrefix(want[1], "(0,") {
		t.Fatalf("an undisturbed load leaves %v", want)
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("OHWATCH_TORTURE_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	for _, victim := range []struct {
		name string
		few  int
		kill func(child *exec.Cmd)
		says string
	}{
		{"ohwatch", 20, func(child *exec.Cmd) { child.Process.Kill() }, ""},
		{"engine", 5, func(*exec.Cmd) { w.killEngine() }, "the engine stopped while it was in use"},
	} {
		t.Run(victim.name, func(t *testing.T) {
			w.t = t
			defer func() { w.t = t }()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			stages := map[string]int{}
			n := moments(t, victim.few)
			for moment := range n {
				w.reset()
				child, begun, output := w.child(paths)
				<-begun
				delay := time.Duration(random.Float64() * float64(longest))
				time.Sleep(delay)
				victim.kill(child)
				err := child.Wait()
				if said := output.String(); err != nil && victim.says != "" && !strings.Contains(said, victim.says) {
					t.Errorf("after %v the load said %q", delay, said)
				}
				stage := w.stage(files)
				if err == nil {
					stage = "done before"
					longest = max(longest*9/10, 50*time.Millisecond) // aim earlier
				} else if delay > longest*8/10 && stage != "published" {
					longest = longest * 11 / 10
				}
				stages[stage]++
				w.run(paths)
				if got := w.state(); !slices.Equal(got, want) {
					t.Fatalf("moment %d (seed %d, after %v, %s): the warehouse holds\n%q, want\n%q\nthe load said %s", moment, seed, delay, stage, got, want, output)
				}
			}
			t.Logf("%d moments: %v", n, stages)
		})
	}
}

// patiently does something that the end of the engine may break, with a new engine then: one that lost its client in
// the middle of an insert may end a moment later.
func (w *ward) patiently(do func(ctx context.Context) error) {
	w.t.Helper()
	for range 5 {
		err := do(w.t.Context())
		if err == nil {
			return
		}
		w.t.Logf("the engine is started again: %v", err)
		w.db.Close()
		w.open()
	}
	w.t.Fatal("the engine ends again and again")
}

// killEngine kills the engine of the ward with SIGKILL.
func (w *ward) killEngine() {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "engine", "engine.lock"))
	if err != nil {
		w.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
}
