package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/schedule"
	"ohwatch/warehouse"
)

// Enqueue puts messages into the outbox, all in one step, except those that are there already, and returns how many it put.
func Enqueue(ctx context.Context, db *warehouse.DB, by string, messages ...Message) (int, error) {
	if len(messages) == 0 {
		return 0, nil
	}
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.ID()
	}
	var rows []struct {
		ID string `ch:"id"`
	}
	if err := db.Select(ctx, &rows, "outbox_known", clickhouse.Named("ids", ids)); err != nil {
		return 0, fmt.Errorf("look into the outbox: %w", err)
	}
	known := map[string]bool{}
	for _, r := range rows {
		known[r.ID] = true
	}
	now := db.Now()
	var outbox, payloads [][]any
	written := map[string]bool{}
	for i, m := range messages {
		if known[ids[i]] {
			continue
		}
		known[ids[i]] = true
		m.Subject = oneLine(m.Subject)
		text, sum, err := m.payload()
		if err != nil {
			return 0, err
		}
		if !written[sum] {
			written[sum] = true
			payloads = append(payloads, []any{sum, now, text})
		}
		refs := m.Refs
		if refs == nil {
			refs = []string{}
		}
		outbox = append(outbox, []any{
			ids[i], m.Key, now, m.Kind, m.Addressee, m.Channel, m.Recipient, m.Subject, refs, sum, uint64(len(text)), by,
		})
	}
	if len(outbox) == 0 {
		return 0, nil
	}
	// What a message says is there before the message is.
	if err := appendRows(ctx, db, "ops_outbox_payload", []string{"sha256", "at", "payload"}, payloads); err != nil {
		return 0, err
	}
	return len(outbox), appendRows(ctx, db, "ops_outbox", []string{
		"id", "key", "at", "kind", "addressee", "channel", "recipient", "subject", "refs", "sha256", "bytes", "by",
	}, outbox)
}

func appendRows(ctx context.Context, db *warehouse.DB, table string, columns []string, rows [][]any) error {
	a, err := db.Append(ctx, table, columns)
	if err != nil {
		return err
	}
	defer a.Close()
	for _, row := range rows {
		for i, value := range row {
			if err := a.Column(i).AppendRow(value); err != nil {
				return fmt.Errorf("write %s, column %s: %w", table, columns[i], err)
			}
		}
	}
	return a.Send()
}

// oneLine puts text on one line, so that it can stand in a header.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Telling is what was told to whom.
type Telling struct {
	Ref       string    `ch:"ref"`
	Addressee string    `ch:"addressee"`
	Channel   string    `ch:"channel"`
	Recipient string    `ch:"recipient"`
	At        time.Time `ch:"at"` // instant at which it was enqueued first
}

// Told returns what messages of some kinds tell of, whether they have been sent yet or not.
func Told(ctx context.Context, db *warehouse.DB, kinds ...string) ([]Telling, error) {
	var all []Telling
	if err := db.Select(ctx, &all, "outbox_refs", clickhouse.Named("kinds", kinds)); err != nil {
		return nil, fmt.Errorf("read what was told to whom: %w", err)
	}
	return all, nil
}

// Outbox sends what was enqueued. Its fields must not change once it is used; its methods may be called from several goroutines.
type Outbox struct {
	DB         *warehouse.DB
	Channels   map[string]Sender // by name
	Locks      schedule.Locks    // one program sends at a time
	StuckAfter time.Duration     // a message that has waited for so long is stuck; 0: never
	Now        func() time.Time  // nil: that of the warehouse
	Log        *slog.Logger      // nil: nothing is logged

	mu         sync.Mutex
	unrecorded map[string]event // of messages that were sent while the warehouse could not be written to
}

// event is one row of ops_outbox_event.
type event struct {
	id string
	Event
}

func (o *Outbox) now() time.Time {
	if o.Now == nil {
		return o.DB.Now()
	}
	return o.Now()
}

func (o *Outbox) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// ErrUnknownMessage: no message has an id that begins so; ErrAmbiguous: several have; ErrDone: the step is not possible any more;
// ErrBusy: another program is sending.
var (
	ErrUnknownMessage = errors.New("no message of that id")
	ErrAmbiguous      = errors.New("several messages begin so")
	ErrDone           = errors.New("the message is in another state")
	ErrBusy           = errors.New("another program is sending")
)

// List returns the messages in some states, all without any, those enqueued first first.
func (o *Outbox) List(ctx context.Context, states ...State) ([]Entry, error) {
	words := []string{}
	for _, s := range states {
		words = append(words, string(s))
	}
	return o.list(ctx, "", words)
}

// Pending returns the messages that are still to be sent.
func (o *Outbox) Pending(ctx context.Context) ([]Entry, error) { return o.list(ctx, "", waiting()) }

func (o *Outbox) list(ctx context.Context, id string, states []string) ([]Entry, error) {
	var all []Entry
	if err := o.DB.Select(ctx, &all, "outbox_list", clickhouse.Named("id", id), clickhouse.Named("states", states)); err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	now := o.now()
	for i := range all {
		e := &all[i]
		e.Stuck = o.StuckAfter > 0 && e.Waiting() && now.Sub(e.Since) >= o.StuckAfter
	}
	return all, nil
}

// Find returns the one message whose id begins with the given digits, with its content and its life. Errors: ErrUnknownMessage, ErrAmbiguous.
func (o *Outbox) Find(ctx context.Context, id string) (Entry, Content, []Event, error) {
	all, err := o.list(ctx, id, []string{})
	switch {
	case err != nil:
		return Entry{}, Content{}, nil, err
	case len(all) == 0 || id == "":
		return Entry{}, Content{}, nil, ErrUnknownMessage
	case len(all) > 1:
		return Entry{}, Content{}, nil, ErrAmbiguous
	}
	content, err := o.content(ctx, all[0])
	if err != nil {
		return Entry{}, Content{}, nil, err
	}
	var life []Event
	if err := o.DB.Select(ctx, &life, "outbox_events", clickhouse.Named("id", all[0].ID)); err != nil {
		return Entry{}, Content{}, nil, fmt.Errorf("read the life of a message: %w", err)
	}
	return all[0], content, life, nil
}

func (o *Outbox) content(ctx context.Context, e Entry) (c Content, err error) {
	var rows []struct {
		Payload string `ch:"payload"`
	}
	if err := o.DB.Select(ctx, &rows, "outbox_payload", clickhouse.Named("sha256", e.SHA256)); err != nil {
		return c, fmt.Errorf("read the content of message %s: %w", e.ID, err)
	}
	if len(rows) == 0 {
		return c, fmt.Errorf("read the content of message %s: it is not there", e.ID)
	}
	if err := json.Unmarshal([]byte(rows[0].Payload), &c); err != nil {
		return c, fmt.Errorf("read the content of message %s: %w", e.ID, err)
	}
	return c, nil
}

// record adds an event to the life of a message and returns the message after it.
func (o *Outbox) record(ctx context.Context, e Entry, state State, next time.Time, words, by string) (Entry, error) {
	e.N, e.State, e.LastAt, e.NextAt, e.Words = e.N+1, state, o.now(), next, words
	return e, o.append(ctx, event{e.ID, Event{N: e.N, At: e.LastAt, State: state, Attempt: e.Attempt, NextAt: next, Words: words, By: by}})
}

func (o *Outbox) append(ctx context.Context, events ...event) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		rows[i] = []any{e.id, e.N, e.At, string(e.State), e.Attempt, e.NextAt, e.Words, e.By}
	}
	return appendRows(ctx, o.DB, "ops_outbox_event", []string{"id", "n", "at", "state", "attempt", "next_at", "words", "by"}, rows)
}

// Retry queues a message anew: a waiting one is tried at the next flush, a failed, bounced or cancelled one as if it were new.
// A message that was sent is not sent again. Errors: those of Find, ErrDone, ErrBusy.
func (o *Outbox) Retry(ctx context.Context, id, by string) (Entry, error) {
	return o.step(ctx, id, Queued, "", by, Queued, Sending, Delayed, Failed, Bounced, Cancelled)
}

// Cancel takes a message that was not sent out of the outbox, with a reason. Errors: those of Find, ErrDone, ErrBusy.
func (o *Outbox) Cancel(ctx context.Context, id, reason, by string) (Entry, error) {
	return o.step(ctx, id, Cancelled, reason, by, Queued, Sending, Delayed, Failed)
}

// step does what a person says about a message that is in one of the states.
func (o *Outbox) step(ctx context.Context, id string, to State, words, by string, from ...State) (Entry, error) {
	unlock, err := o.lock(ctx)
	if err != nil {
		return Entry{}, err
	}
	defer unlock()
	e, _, _, err := o.Find(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if !slices.Contains(from, e.State) {
		return e, ErrDone
	}
	if to == Queued {
		e.Attempt = 0
	}
	return o.record(ctx, e, to, o.now(), words, by)
}

// lockName is the name of the lock that a program holds while it sends.
const lockName = "outbox"

// lockPatience is how long another program that is sending is waited for.
const lockPatience = 30 * time.Second

// lock waits until no other program sends.
func (o *Outbox) lock(ctx context.Context) (unlock func(), err error) {
	for deadline := time.Now().Add(lockPatience); ; {
		unlock, err := o.Locks.Lock(lockName)
		var busy *schedule.BusyError
		if err == nil || !errors.As(err, &busy) {
			return unlock, err
		}
		if time.Now().After(deadline) {
			return nil, ErrBusy
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Alone runs a function while no other program sends or decides what to enqueue.
func (o *Outbox) Alone(ctx context.Context, do func() error) error {
	unlock, err := o.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}
