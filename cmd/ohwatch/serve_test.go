package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
)

// output is a buffer that may be read while a command writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// ohwatch runs one command line in this process and returns its exit code.
func ohwatch(ctx context.Context, t *testing.T, out, errOut io.Writer, args ...string) int {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(catalogue, strings.NewReader(""), out, errOut)
	root := newRootCommand(a)
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	return a.report(errors.Join(err, a.close()))
}

// ohwatchText runs one command line and returns its exit code and what it printed.
func ohwatchText(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = ohwatch(t.Context(), t, &o, &e, args...)
	return code, o.String(), e.String()
}

// useEngine points the commands of this test at a database of its own and an empty data directory.
func useEngine(t *testing.T) (dataDir string) {
	t.Helper()
	t.Setenv("OHWATCH_ENGINE_DSN", startShared(t).dsn(t, fmt.Sprintf("serve_%d", time.Now().UnixNano())))
	dataDir = filepath.Join(t.TempDir(), "data")
	t.Setenv("OHWATCH_DATA_DIR", dataDir)
	t.Chdir(t.TempDir())
	return dataDir
}

func TestInit_NeverOverwrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "city")
	code, out, _ := ohwatchText(t, "init", dir, "--lang", "en")
	if code != 0 || !strings.Contains(out, "Wrote") {
		t.Fatalf("exit %d: %s", code, out)
	}
	file := filepath.Join(dir, config.FileName)
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(text, config.Example()) {
		t.Errorf("the file is not the example: %v", err)
	}
	for _, folder := range []string{"ohwatch-data", "ohwatch-data/keys", "ohwatch-data/drop/done", "ohwatch-data/drop/failed", "ohwatch-data/reports"} {
		info, err := os.Stat(filepath.Join(dir, folder))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", folder, info, err)
		}
	}
	mine := []byte("city: {name_en: Mine}\n")
	if err := os.WriteFile(file, mine, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ = ohwatchText(t, "init", dir, "--lang", "en")
	if text, err := os.ReadFile(file); code != 0 || err != nil || !bytes.Equal(text, mine) || !strings.Contains(out, "left as it is") {
		t.Errorf("exit %d, %s: %s", code, out, text)
	}
}

func TestInit_CannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errOut := ohwatchText(t, "init", filepath.Join(file, "sub"), "--lang", "en")
	if code != 1 || strings.Count(errOut, "\n") != 1 || !strings.Contains(errOut, "Cannot write") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestServe_PortInUse(t *testing.T) {
	useEngine(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): "is in use by another program", "0.0.0.0:8080": "is not a loopback address", "nonsense": "Cannot listen",
	} {
		code, out, errOut := ohwatchText(t, "serve", "--listen", address, "--lang", "en")
		if code != 1 || out != "" || strings.Count(errOut, "\n") != 1 || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d, %q %q", address, code, out, errOut)
		}
	}
}

func TestServe(t *testing.T) {
	dataDir := useEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	var errOut output
	ended := make(chan int, 1)
	go func() {
		ended <- ohwatch(ctx, t, io.Discard, &errOut, "serve", "--listen", "127.0.0.1:0", "--lang", "en")
	}()

	address := ""
	pattern := regexp.MustCompile(`Pages: (http://127\.0\.0\.1:\d+/)`)
	for deadline := time.Now().Add(30 * time.Second); address == "" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if m := pattern.FindStringSubmatch(errOut.String()); m != nil {
			address = m[1]
		}
	}
	if address == "" {
		t.Fatalf("serve does not start: %s", errOut.String())
	}
	for path, want := range map[string]string{"": "ohwatch report weekly", "jobs": "Update models and indicators", "healthz": "ok"} {
		if text := fetch(t, address+path); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, text)
		}
	}

	code, _, second := ohwatchText(t, "serve", "--listen", "127.0.0.1:0", "--lang", "en")
	if code != 1 || !strings.Contains(second, "already runs on this data directory") || strings.Count(second, "\n") != 1 {
		t.Errorf("second serve: exit %d, %s", code, second)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("serve ends with %d: %s", code, errOut.String())
	}
	if _, err := os.Stat(filepath.Join(dataDir, "locks", "scheduler.lock")); err != nil {
		t.Error(err)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestJobs_RunIsRecorded(t *testing.T) {
	dataDir := useEngine(t)
	code, out, errOut := ohwatchText(t, "jobs", "--lang", "en")
	if code != 0 || !strings.Contains(out, "warn") || !strings.Contains(out, "not run yet") {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	code, out, errOut = ohwatchText(t, "jobs", "run", "transform", "--json")
	var line runLine
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Job != "transform" || line.State != "done" || line.Slot != nil {
		t.Fatalf("exit %d: %q %s", code, out, errOut)
	}
	code, out, _ = ohwatchText(t, "jobs", "history", "transform", "--json")
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Attempts != 1 || line.By == "" {
		t.Errorf("exit %d: %q", code, out)
	}

	a := &app{cfg: config.Default()}
	a.cfg.Data.Dir = dataDir
	unlock, err := a.scheduler(nil, "").Locks.Lock("transform")
	if err != nil {
		t.Fatal(err)
	}
	code, _, errOut = ohwatchText(t, "jobs", "run", "transform", "--lang", "en")
	unlock()
	if code != 1 || !strings.Contains(errOut, "already running") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	for _, args := range [][]string{{"jobs", "run", "nothing"}, {"jobs", "run"}, {"jobs", "history", "nothing"}, {"jobs", "history", "--limit", "0"}} {
		if code, _, errOut := ohwatchText(t, args...); code != 2 || errOut == "" {
			t.Errorf("%v: exit %d, %s", args, code, errOut)
		}
	}
}

func TestVersionMigrateDoctor(t *testing.T) {
	useEngine(t)
	code, out, _ := ohwatchText(t, "version", "--json")
	var version versionLine
	if err := json.Unmarshal([]byte(out), &version); err != nil || code != 0 || version.Engine == "" || version.Mode != "server" {
		t.Errorf("version: exit %d, %s", code, out)
	}
	code, out, errOut := ohwatchText(t, "doctor", "--json")
	states := map[string]string{}
	for line := range strings.Lines(out) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		states[f.Check] = f.State
		if f.State != stateOK && f.Type == "" {
			t.Errorf("%s has no line to type: %s", f.Check, f.Message)
		}
	}
	if code != 0 || states["engine"] != stateOK || states["schema"] != stateWarn || states["data"] != stateWarn {
		t.Errorf("doctor: exit %d, %v %s", code, states, errOut)
	}
	if code, out, _ := ohwatchText(t, "migrate", "status", "--lang", "en"); code != 0 || !strings.Contains(out, "pending") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, out, _ := ohwatchText(t, "migrate", "up", "--lang", "en"); code != 0 || !strings.Contains(out, "up to date") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, out, _ := ohwatchText(t, "migrate", "status", "--lang", "en"); code != 0 || strings.Contains(out, "pending") || !strings.Contains(out, "applied") {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, out, _ := ohwatchText(t, "doctor", "--lang", "en"); !strings.Contains(out, "the schema is up to date") {
		t.Errorf("doctor:\n%s", out)
	}
}

func TestDoctor_SaysWhatToType(t *testing.T) {
	dataDir := useEngine(t)
	t.Setenv("OHWATCH_ENGINE_DSN", "clickhouse://127.0.0.1:1/x")
	keys := filepath.Join(dataDir, "keys")
	if err := os.MkdirAll(keys, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "secret"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := ohwatchText(t, "doctor", "--lang", "en")
	if code != 1 || strings.Count(out, "FAIL") != 2 || !strings.Contains(out, "→ chmod -R go=") || !strings.Contains(out, "→ $EDITOR") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

func TestShellQuote(t *testing.T) {
	for path, want := range map[string]string{"/a/b-1.c": "/a/b-1.c", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := shellQuote(path); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine("a\nb\x1b[31mc\u202ed\t中文"); got != "a b [31mc d 中文" {
		t.Errorf("got %q", got)
	}
}
