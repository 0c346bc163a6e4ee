package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// TestMain makes the test binary the command ohwatch in scripts, and the engine where it is started as one.
func TestMain(m *testing.M) {
	warehousetest.Engine()
	testscript.Main(m, map[string]func(){
		"ohwatch": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar against the real command and the real engine. The scripts share
// one engine, each with a database and a data directory of its own; those under testdata/embedded start
// and stop an engine themselves.
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
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
	})
}

// TestScripts_Embedded runs the scripts about the life of the embedded engine, one after the other.
func TestScripts_Embedded(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/embedded",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OHWATCH_DATA_DIR", env.WorkDir+"/data")
			env.Setenv("OHWATCH_LIBCHDB", os.Getenv("OHWATCH_LIBCHDB"))
			if wd, err := os.Getwd(); err == nil {
				env.Setenv("PROJECT", wd+"/../..")
			}
			return nil
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
	})
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
