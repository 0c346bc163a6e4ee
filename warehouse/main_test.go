package warehouse_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// roleVariable makes this test binary a second user of an engine: it opens the warehouse in the named
// directory, says "open", works with it, and closes it when its input ends.
const roleVariable = "OHWATCH_TEST_USER_OF"

func TestMain(m *testing.M) {
	warehousetest.Engine()
	if dir := os.Getenv(roleVariable); dir != "" {
		if err := useUntilEOF(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	warehousetest.Main(m)
}

func useUntilEOF(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := warehouse.Open(ctx, warehouse.Config{DataDir: dir})
	if err != nil {
		return err
	}
	if err := db.ExecSQL(ctx, "CREATE TABLE IF NOT EXISTS work (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		return err
	}
	var group sync.WaitGroup
	group.Go(func() {
		_ = db.ExecSQL(ctx, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1 FORMAT Null")
	})
	group.Go(func() { appendUntil(ctx, db) })
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	cancel()
	group.Wait()
	return db.Close()
}

// appendUntil writes into one INSERT that never ends, until ctx does.
func appendUntil(ctx context.Context, db *warehouse.DB) {
	a, err := db.Append(ctx, "work", []string{"n"})
	if err != nil {
		return
	}
	defer a.Close()
	block := make([]uint64, warehouse.MaxBlock)
	for ctx.Err() == nil {
		if a.Column(0).Append(block) != nil || a.Flush() != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
