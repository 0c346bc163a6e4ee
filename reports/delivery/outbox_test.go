package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/schedule"
	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// channel is a sender that answers what the test wants and remembers what it took.
type channel struct {
	mu     sync.Mutex
	answer func(e delivery.Entry) error // nil: takes everything
	taken  []string                     // keys
	asked  int
}

func (c *channel) Send(_ context.Context, e delivery.Entry, _ delivery.Content) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.answer != nil {
		if err := c.answer(e); err != nil {
			return err
		}
	}
	c.taken = append(c.taken, e.Key)
	return nil
}

func (c *channel) Check(context.Context) error { return nil }

func (c *channel) Close() error { return nil }

// clock is a clock that the test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newOutbox(t *testing.T, db *warehouse.DB, channels map[string]delivery.Sender) (*delivery.Outbox, *clock) {
	t.Helper()
	c := &clock{now: time.Now().UTC().Truncate(time.Millisecond)}
	return &delivery.Outbox{
		DB: db, Channels: channels, Locks: schedule.Locks{Dir: t.TempDir(), Now: time.Now}, StuckAfter: 72 * time.Hour, Now: c.Now,
	}, c
}

func message(key string) delivery.Message {
	return delivery.Message{
		Key: key, Kind: "warnings", Addressee: "JDS", Channel: "chat", Refs: []string{"R01-00000000"},
		Content: delivery.Content{Subject: "职业病预警 " + key, Text: "正文", Markdown: "**" + key + "**"},
	}
}

func enqueue(t *testing.T, db *warehouse.DB, messages ...delivery.Message) int {
	t.Helper()
	n, err := delivery.Enqueue(t.Context(), db, "test", messages...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func flush(t *testing.T, o *delivery.Outbox) delivery.Flushed {
	t.Helper()
	f, err := o.Flush(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func states(t *testing.T, o *delivery.Outbox) map[string]delivery.State {
	t.Helper()
	all, err := o.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]delivery.State{}
	for _, e := range all {
		found[e.Key] = e.State
	}
	return found
}

func testOnceByKey(t *testing.T, db *warehouse.DB) {
	chat := &channel{}
	o, _ := newOutbox(t, db, map[string]delivery.Sender{"chat": chat})
	if n := enqueue(t, db, message("a"), message("b"), message("a")); n != 2 {
		t.Errorf("enqueued %d, want 2", n)
	}
	if n := enqueue(t, db, message("b"), message("c")); n != 1 {
		t.Errorf("enqueued %d again, want 1", n)
	}
	if f := flush(t, o); f.Sent != 3 || f.Waiting != 0 {
		t.Errorf("flushed %+v", f)
	}
	if n := enqueue(t, db, message("a")); n != 0 {
		t.Error("what was sent was enqueued again")
	}
	if f := flush(t, o); f.Sent != 0 || len(chat.taken) != 3 {
		t.Errorf("flushed again: %+v, %q", f, chat.taken)
	}
	told, err := delivery.Told(t.Context(), db, "warnings")
	if err != nil || len(told) != 1 || told[0].Ref != "R01-00000000" || told[0].Addressee != "JDS" {
		t.Errorf("told: %+v, %v", told, err)
	}
	id := message("a").ID()
	e, content, life, err := o.Find(t.Context(), id[:10])
	if err != nil || e.State != delivery.Sent || content.Subject != "职业病预警 a" || len(life) != 2 || life[0].State != delivery.Sending {
		t.Errorf("found %+v, %+v, %+v, %v", e, content, life, err)
	}
	if _, err := o.Retry(t.Context(), id, "li"); !errors.Is(err, delivery.ErrDone) {
		t.Errorf("retried what was sent: %v", err)
	}
	if _, err := o.Cancel(t.Context(), "ffffffffffffffffffffffffffffffff", "", "li"); !errors.Is(err, delivery.ErrUnknownMessage) {
		t.Errorf("cancelled what is not there: %v", err)
	}
}

// testChannelAwayForADay: a webhook answers 500 for a day. Nothing is lost, nothing is sent twice, the pauses grow up to an hour, and the
// messages are through within one more.
func testChannelAwayForADay(t *testing.T, db *warehouse.DB) {
	h := newHook(t)
	h.status, h.answer = http.StatusInternalServerError, "out of order"
	o, clock := newOutbox(t, db, h.channels(t, map[string]config.Channel{"chat": {Kind: "webhook", URL: h.URL, Secret: "x"}}, nil))
	enqueue(t, db, message("a"), message("b"))
	began := clock.Now()
	for clock.Now().Sub(began) < 24*time.Hour {
		flush(t, o)
		clock.add(10 * time.Minute)
	}
	if asked := len(h.asked); asked < 2*20 || asked > 2*40 {
		t.Errorf("asked %d times in a day for two messages", asked)
	}
	pending, err := o.Pending(t.Context())
	if err != nil || len(pending) != 2 || pending[0].State != delivery.Delayed || pending[0].Words != "500 Internal Server Error out of order" || pending[0].Stuck {
		t.Errorf("after a day: %+v, %v", pending, err)
	}
	clock.add(49 * time.Hour)
	if pending, err = o.Pending(t.Context()); err != nil || len(pending) != 2 || !pending[0].Stuck {
		t.Errorf("after three days: %+v, %v", pending, err)
	}
	h.status, h.asked = http.StatusOK, nil
	for range 8 {
		flush(t, o)
		clock.add(10 * time.Minute)
	}
	taken := map[string]int{}
	for _, r := range h.asked {
		taken[r.Header.Get("Idempotency-Key")]++
	}
	if len(taken) != 2 || taken[message("a").ID()] != 1 || taken[message("b").ID()] != 1 {
		t.Errorf("taken %v", taken)
	}
}

// testClock: a clock that jumps neither loses a message nor sends one more often.
func testClock(t *testing.T, db *warehouse.DB) {
	away := true
	chat := &channel{answer: func(delivery.Entry) error {
		if away {
			return errors.New("busy")
		}
		return nil
	}}
	o, clock := newOutbox(t, db, map[string]delivery.Sender{"chat": chat})
	enqueue(t, db, message("a"))
	clock.add(365 * 24 * time.Hour) // a year ahead
	flush(t, o)
	clock.add(-365 * 24 * time.Hour) // and back: the next attempt lies a year ahead
	flush(t, o)
	if chat.asked != 2 {
		t.Errorf("asked %d times, want once on each side of the jump", chat.asked)
	}
	for range 5 {
		flush(t, o)
	}
	if chat.asked != 2 {
		t.Errorf("asked %d times: the jump made a flood", chat.asked)
	}
	away = false
	clock.add(-365 * 24 * time.Hour) // behind everything there is
	flush(t, o)
	if got := states(t, o)["a"]; got != delivery.Sent {
		t.Errorf("the message is %s", got)
	}
	for range 3 {
		flush(t, o)
		clock.add(800 * 24 * time.Hour)
	}
	if len(chat.taken) != 1 {
		t.Errorf("taken %q", chat.taken)
	}
}

func testRefusedAndByHand(t *testing.T, db *warehouse.DB) {
	chat := &channel{answer: func(e delivery.Entry) error {
		if e.Key == "bad" {
			return &delivery.Refused{Words: "404 no such\x1b[31m robot\n" + strings.Repeat("词", 1000)}
		}
		return nil
	}}
	o, _ := newOutbox(t, db, map[string]delivery.Sender{"chat": chat})
	lost := message("lost")
	lost.Channel = "gone"
	enqueue(t, db, message("bad"), message("good"), lost)
	if f := flush(t, o); f.Sent != 1 || f.Failed != 1 || f.Delayed != 1 || f.Waiting != 1 {
		t.Errorf("flushed %+v", f)
	}
	failed, err := o.List(t.Context(), delivery.Failed)
	if err != nil || len(failed) != 1 || len(failed[0].Words) > 1000 || strings.ContainsAny(failed[0].Words, "\x1b\n") || !strings.HasPrefix(failed[0].Words, "404 no such") {
		t.Errorf("failed: %+v, %v", failed, err)
	}
	if f := flush(t, o); f.Failed != 0 {
		t.Errorf("what was refused was tried again: %+v", f)
	}
	chat.answer = nil
	if e, err := o.Retry(t.Context(), message("bad").ID()[:8], "li"); err != nil || e.State != delivery.Queued || e.Attempt != 0 {
		t.Errorf("retried: %+v, %v", e, err)
	}
	if e, err := o.Cancel(t.Context(), lost.ID(), "the robot is gone", "li"); err != nil || e.State != delivery.Cancelled {
		t.Errorf("cancelled: %+v, %v", e, err)
	}
	if f := flush(t, o); f.Sent != 1 || f.Waiting != 0 {
		t.Errorf("flushed after the person: %+v", f)
	}
	if diff := fmt.Sprint(states(t, o)); diff != "map[bad:sent good:sent lost:cancelled]" {
		t.Error(diff)
	}
}

// testUnreachable: a channel that cannot be reached is tried once in a flush, and all its messages wait.
func testUnreachable(t *testing.T, db *warehouse.DB) {
	chat := &channel{answer: func(delivery.Entry) error { return &delivery.Unreachable{Err: errors.New("connection refused")} }}
	o, clock := newOutbox(t, db, map[string]delivery.Sender{"chat": chat})
	enqueue(t, db, message("a"), message("b"), message("c"))
	if f := flush(t, o); f.Delayed != 3 || chat.asked != 1 {
		t.Errorf("flushed %+v, asked %d times", f, chat.asked)
	}
	clock.add(time.Minute)
	chat.answer = nil
	if f := flush(t, o); f.Sent != 3 {
		t.Errorf("flushed %+v", f)
	}
}
