package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// TestMain makes the test binary the command ohwatch in scripts, and the engine where it is started as one.
func TestMain(m *testing.M) {
	warehousetest.Engine()
	if len(os.Args) == 3 && os.Args[1] == "decode" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){
		"ohwatch": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar against the real command and the real engine. The scripts share
// one engine, each with a database and a data directory of its own; those under testdata/embedded start
// and stop an engine themselves. Beside the usual commands they know workbook and mend (sheet_test.go).
func TestScripts(t *testing.T) {
	engine := startShared(t)
	var next atomic.Int64
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OHWATCH_ENGINE_DSN", engine.dsn(t, fmt.Sprintf("script_%d", next.Add(1))))
			env.Setenv("OHWATCH_DATA_DIR", env.WorkDir+"/data")
			return nil
		},
		Cmds:                sheetCommands,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
	})
}

// TestScripts_Embedded runs the scripts about the life of the embedded engine. Beside the usual commands they know:
//
//	holdport        listen on a free port, named in $HELD
//	await           wait until the scheduler of $WORK/data has its lock
//	killengine      kill the engine with SIGKILL
//	freeport        find a free port, named in $PORT
//	lockload        hold the lock of a load of $WORK/data, until unlockload
//	secrets         fail when others may read a file below $WORK/data/engine or $WORK/data/keys
func TestScripts_Embedded(t *testing.T) {
	if os.Getenv(warehousetest.DSNVariable) != "" {
		t.Skip("these scripts are about the embedded engine, the tests run against a server")
	}
	var held sync.Map // name of the script to the lock that it holds
	testscript.Run(t, testscript.Params{
		Dir: "testdata/embedded",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OHWATCH_DATA_DIR", env.WorkDir+"/data")
			library := os.Getenv("OHWATCH_LIBCHDB")
			if library == "" {
				var err error
				if library, err = filepath.Abs("../../node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"); err != nil {
					return err
				}
			}
			env.Setenv("OHWATCH_LIBCHDB", library)
			return writeExample(env, "sources.md", "upload.sh")
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"holdport": func(ts *testscript.TestScript, _ bool, _ []string) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				ts.Check(err)
				ts.Defer(func() { l.Close() })
				_, port, err := net.SplitHostPort(l.Addr().String())
				ts.Check(err)
				ts.Setenv("HELD", port)
			},
			"await": func(ts *testscript.TestScript, _ bool, _ []string) {
				for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
					if schedulerLocked(ts) {
						return
					}
				}
				ts.Fatalf("the scheduler is not up after 30 s")
			},
			"killengine": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(syscall.Kill(enginePID(ts), syscall.SIGKILL))
			},
			"freeport": func(ts *testscript.TestScript, _ bool, _ []string) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				ts.Check(err)
				_, port, err := net.SplitHostPort(l.Addr().String())
				ts.Check(err)
				ts.Check(l.Close())
				ts.Setenv("PORT", port)
			},
			"lockload": func(ts *testscript.TestScript, _ bool, _ []string) {
				lock, err := os.OpenFile(ts.MkAbs("data/ingest.lock"), os.O_CREATE|os.O_RDWR, 0o600)
				ts.Check(err)
				ts.Check(syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
				held.Store(ts.Name(), lock)
			},
			"unlockload": func(ts *testscript.TestScript, _ bool, _ []string) {
				lock, _ := held.Load(ts.Name())
				ts.Check(lock.(*os.File).Close())
			},
			"secrets": func(ts *testscript.TestScript, _ bool, _ []string) {
				for _, dir := range []string{"data/engine", "data/keys"} {
					entries, err := os.ReadDir(ts.MkAbs(dir))
					ts.Check(err)
					for _, entry := range entries {
						info, err := entry.Info()
						ts.Check(err)
						if info.Mode().Perm()&0o077 != 0 {
							ts.Fatalf("%s/%s has mode %v", dir, entry.Name(), info.Mode())
						}
					}
				}
			},
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
	})
}

// writeExample writes the first shell example of a page of docs into a script's folder, so that what the page says is
// what is tested.
func writeExample(env *testscript.Env, page, name string) error {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "```sh\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		return fmt.Errorf("docs/%s has no example", page)
	}
	return os.WriteFile(filepath.Join(env.WorkDir, name), []byte(example), 0o600)
}

// enginePID is the process of the engine of $WORK/data, 0 when none runs.
func enginePID(ts *testscript.TestScript) int {
	data, err := os.ReadFile(ts.MkAbs("data/engine/engine.lock"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// schedulerLocked reports whether a scheduler holds the lock of $WORK/data.
func schedulerLocked(ts *testscript.TestScript) bool {
	data, err := os.ReadFile(ts.MkAbs("data/locks/scheduler.lock"))
	return err == nil && len(data) > 0
}

// sharedEngine is the engine of the scripts.
type sharedEngine struct {
	db *warehouse.DB
	mu sync.Mutex
}

func startShared(t *testing.T) *sharedEngine {
	t.Helper()
	cfg := warehouse.Config{DSN: os.Getenv(warehousetest.DSNVariable), DataDir: t.TempDir(), MemoryLimit: 4 << 30}
	db, err := warehouse.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &sharedEngine{db: db}
}

// dsn returns the address of a new database on the shared engine.
func (e *sharedEngine) dsn(t testing.TB, database string) string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	address, err := url.Parse(e.db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + database
	return address.String()
}
