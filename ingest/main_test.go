package ingest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// The environment of a child process that loads files until it is killed: data directory, database, and the files.
const (
	childDir      = "OHWATCH_TEST_INGEST_DIR"
	childDatabase = "OHWATCH_TEST_INGEST_DATABASE"
	childFiles    = "OHWATCH_TEST_INGEST_FILES"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.checks", "40"); err != nil { // each check starts several loads
		panic(err)
	}
	warehousetest.Engine()
	decodeAsChild()
	if dir := os.Getenv(childDir); dir != "" {
		if err := loadAsChild(context.Background(), dir, os.Getenv(childDatabase), filepath.SplitList(os.Getenv(childFiles))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	warehousetest.Main(m)
}

// loadAsChild is what a process does that is going to be killed. Its records and writes are small, so that there are
// many moments in between.
func loadAsChild(ctx context.Context, dir, database string, paths []string) error {
	db, err := warehouse.Open(ctx, warehouse.Config{DataDir: dir, Database: database})
	if err != nil {
		return err
	}
	defer db.Close()
	l, err := Open(ctx, Config{DB: db, Dir: dir, Today: testToday})
	if err != nil {
		return err
	}
	defer l.Close()
	l.window, l.chunk = 600, 200
	fmt.Println("loading")
	return l.Load(ctx, paths, func(Result) error { return nil })
}

// decodeAsChild runs the decoder and exits when this process was started for that.
func decodeAsChild() {
	if len(os.Args) != 3 || os.Args[1] != "decode" {
		return
	}
	if err := RunDecoder(os.Args[2], os.NewFile(3, "file"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
