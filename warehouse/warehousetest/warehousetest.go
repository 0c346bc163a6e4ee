// Package warehousetest gives tests a real warehouse: one engine for each test package, one database for each
// test. A package that uses it needs
//
//	func TestMain(m *testing.M) { warehousetest.Main(m) }
//
// With OHWATCH_TEST_DSN the tests run against that server instead of an embedded engine.
package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ohwatch/warehouse"
)

// DSNVariable names the environment variable with the address of a server to test against.
const DSNVariable = "OHWATCH_TEST_DSN"

// shared is the engine of this test package, started by the first test that needs one.
var shared struct {
	once sync.Once
	db   *warehouse.DB
	dir  string
	err  error
	next atomic.Int64
}

// Main runs the tests of a package, or the engine when this process was started for that, and exits.
func Main(m *testing.M) {
	Engine()
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the engine of the tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Engine runs the engine and exits when this process was started for that; otherwise it returns at once. It is
// for a TestMain that has more to do than Main.
func Engine() {
	if len(os.Args) == 4 && os.Args[1] == "engine" && os.Args[2] == "--dir" {
		if err := warehouse.RunEngine(context.Background(), os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// Open returns a migrated warehouse with a database of its own, dropped at the end of the test.
func Open(t testing.TB) *warehouse.DB {
	t.Helper()
	db := Empty(t)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// Empty returns a warehouse with a database of its own that has no tables.
func Empty(t testing.TB) *warehouse.DB {
	t.Helper()
	shared.once.Do(start)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), shared.next.Add(1))
	db, err := shared.db.In(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Drop(context.Background()); err != nil && !errors.Is(err, warehouse.ErrEngineStopped) {
			t.Error(err)
		}
	})
	return db
}

func start() {
	cfg := warehouse.Config{DSN: os.Getenv(DSNVariable), MemoryLimit: 4 << 30}
	if cfg.DSN == "" {
		if shared.dir, shared.err = os.MkdirTemp("", "ohwatch-test-"); shared.err != nil {
			return
		}
		cfg.DataDir = shared.dir
	}
	shared.db, shared.err = warehouse.Open(context.Background(), cfg)
}

func stop() error {
	var errs []error
	if shared.db != nil {
		errs = append(errs, shared.db.Close())
	}
	if strings.TrimSpace(shared.dir) != "" {
		errs = append(errs, os.RemoveAll(shared.dir))
	}
	return errors.Join(errs...)
}
