package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/schedule"
	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// killVariable says to a child of the test which step it shall be killed before: DSN, folder of locks, address, step.
const killVariable = "OHWATCH_TEST_SEND"

// killSteps are the steps of sendAndDie: to enqueue, to flush, before and after each of two messages is on the wire, and the end.
const killSteps = 7

// taking is the number of the step right after the message was taken, before that is recorded.
func taking(step int) bool { return step == 3 || step == 5 }

// killer kills the process before a step.
type killer struct {
	delivery.Sender
	next func()
}

func (k killer) Send(ctx context.Context, e delivery.Entry, c delivery.Content) error {
	k.next()
	err := k.Sender.Send(ctx, e, c)
	k.next()
	return err
}

// sendAndDie enqueues two messages and sends them in a process of its own, which kills itself before the step that is asked for.
func sendAndDie(ctx context.Context, args []string) error {
	last, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	step := 0
	next := func() {
		if step == last {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		step++
	}
	db, err := warehouse.Open(ctx, warehouse.Config{DSN: args[0]})
	if err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Delivery.Channels = map[string]config.Channel{"chat": {Kind: "webhook", URL: args[2], Secret: "x"}}
	o := &delivery.Outbox{
		DB: db, Channels: map[string]delivery.Sender{"chat": killer{delivery.Channels(cfg)["chat"], next}},
		Locks: schedule.Locks{Dir: args[1], Now: time.Now},
	}
	next()
	if _, err := delivery.Enqueue(ctx, db, "test", message("a"), message("b")); err != nil {
		return err
	}
	next()
	if _, err := o.Flush(ctx, "test"); err != nil {
		return err
	}
	next()
	return db.Close()
}

// testKilled kills the process before each step and runs it again until it is through. Each message arrives once; only where the
// process dies between the taking and its record it arrives twice, under the same Idempotency-Key.
func testKilled(t *testing.T, db *warehouse.DB) {
	var mu sync.Mutex
	arrived := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		arrived[r.Header.Get("Idempotency-Key")]++
	}))
	defer server.Close()
	locks := t.TempDir()
	run := func(last int) (killed bool) {
		t.Helper()
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), killVariable+"="+strings.Join([]string{db.DSN(), locks, server.URL, fmt.Sprint(last)}, "\x1f"))
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		killed = errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if !killed && err != nil {
			t.Fatalf("step %d: %v\n%s", last, err, out)
		}
		return killed
	}
	for last := range killSteps {
		for _, table := range []string{"ops_outbox", "ops_outbox_payload", "ops_outbox_event"} {
			if err := db.ExecSQL(t.Context(), "TRUNCATE TABLE "+table); err != nil {
				t.Fatal(err)
			}
		}
		clear(arrived)
		if !run(last) {
			t.Fatalf("not killed before step %d", last)
		}
		if run(killSteps) {
			t.Fatalf("killed without being asked for, after step %d", last)
		}
		n := 0
		for _, times := range arrived {
			n += times
		}
		want := 2
		if taking(last) {
			want = 3
		}
		if n != want || len(arrived) != 2 {
			t.Errorf("killed before step %d: %d arrived under %d keys, want %d under 2", last, n, len(arrived), want)
		}
		if got := fmt.Sprint(states(t, &delivery.Outbox{DB: db})); got != "map[a:sent b:sent]" {
			t.Errorf("killed before step %d: %s", last, got)
		}
	}
}
