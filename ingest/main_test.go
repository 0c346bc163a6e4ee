package ingest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// childDir names the environment variable with the data directory of a child process that loads childFile.
const (
	childDir  = "OHWATCH_TEST_INGEST_DIR"
	childFile = "OHWATCH_TEST_INGEST_FILE"
)

func TestMain(m *testing.M) {
	warehousetest.Engine()
	decodeAsChild()
	if dir := os.Getenv(childDir); dir != "" {
		if err := loadAsChild(context.Background(), dir, os.Getenv(childFile)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	warehousetest.Main(m)
}

// loadAsChild is what a process does that is going to be killed.
func loadAsChild(ctx context.Context, dir, path string) error {
	db, err := warehouse.Open(ctx, warehouse.Config{DataDir: dir})
	if err != nil {
		return err
	}
	defer db.Close()
	l, err := Open(ctx, Config{DB: db, Dir: dir, Today: testToday})
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Load(ctx, []string{path}, func(Result) error { return nil })
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
