package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/reports/delivery"
)

// The times of the delivery under serve. A load is followed by a look for red warnings when nothing more has been loaded for
// redQuiet, but not later than redLatest after it: they go out well within five minutes.
const (
	deliveryTick = 15 * time.Second
	redQuiet     = 30 * time.Second
	redLatest    = 2 * time.Minute
	clockJump    = 2 * time.Minute // by which the wall clock may run away from the time that has passed
)

// deliveryWatch sends what is due, looks for red warnings after loads of whatever kind, and notes when the clock jumps.
type deliveryWatch struct {
	log    *slog.Logger
	outbox *delivery.Outbox
	count  func(context.Context) (uint64, error)                           // loads so far; nil: nobody is to be told of red warnings
	look   func(context.Context) error                                     // for red warnings
	back   func(context.Context) error                                     // reads mail that came back
	jumped func(ctx context.Context, at time.Time, by time.Duration) error // records that the clock did

	loads   uint64    // last seen
	started bool      // whether loads was seen
	first   time.Time // of the loads that wait for a look; zero: none
	last    time.Time
	before  time.Time // last tick, by the clock that nobody sets
	wall    time.Time // and by the wall clock
}

// newDeliveryWatch returns the delivery of this warehouse.
func (a *app) newDeliveryWatch(log *slog.Logger) *deliveryWatch {
	w := &deliveryWatch{log: log, outbox: a.outbox()}
	w.outbox.Log = log
	if len(a.cfg.Delivery.To) > 0 {
		w.count = func(ctx context.Context) (loads uint64, err error) {
			return loads, a.db.Row(ctx, "outbox_loads", []any{&loads})
		}
	}
	w.back = func(ctx context.Context) error { return a.readBounces(ctx, w.outbox, "serve") }
	w.look = func(ctx context.Context) error {
		added, f, err := a.deliverRed(ctx, "serve")
		if added > 0 {
			log.Info("red warnings", "messages", added, "sent", f.Sent)
		}
		return err
	}
	w.jumped = func(ctx context.Context, at time.Time, by time.Duration) error {
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		return a.db.Exec(ctx, "outbox_clock_jump", clickhouse.Named("host", host), namedInstant("at", at), clickhouse.Named("seconds", by.Seconds()))
	}
	return w
}

// run works until ctx ends. What fails is tried again with the next tick.
func (w *deliveryWatch) run(ctx context.Context) error {
	w.before = time.Now()
	w.wall = w.before.Round(0)
	ticker := time.NewTicker(deliveryTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		w.watchClock(ctx, now)
		if err := w.tick(ctx, now); err != nil && ctx.Err() == nil {
			w.log.Warn("delivery", "error", err)
		}
	}
}

// tick does what is due.
func (w *deliveryWatch) tick(ctx context.Context, now time.Time) error {
	if w.count != nil {
		if err := w.watchLoads(ctx, now); err != nil {
			return err
		}
	}
	if err := w.back(ctx); err != nil {
		w.log.Warn("mail that came back", "error", err)
	}
	f, err := w.outbox.Flush(ctx, "serve")
	if f.Sent+f.Failed > 0 {
		w.log.Info("messages", "sent", f.Sent, "failed", f.Failed, "waiting", f.Waiting)
	}
	return err
}

// watchLoads looks for red warnings when something was loaded, and once after the start.
func (w *deliveryWatch) watchLoads(ctx context.Context, now time.Time) error {
	loads, err := w.count(ctx)
	if err != nil {
		return err
	}
	if !w.started || loads != w.loads {
		w.started, w.loads, w.last = true, loads, now
		if w.first.IsZero() {
			w.first = now
		}
	}
	if w.first.IsZero() || now.Sub(w.last) < redQuiet && now.Sub(w.first) < redLatest {
		return nil
	}
	if err := w.look(ctx); err != nil {
		return err // and again with the next tick
	}
	w.first = time.Time{}
	return nil
}

// watchClock compares the wall clock with the time that has passed, and records when they part: when the clock was set, or the machine slept.
func (w *deliveryWatch) watchClock(ctx context.Context, now time.Time) {
	w.compare(ctx, now, now.Round(0)) // Round(0) leaves the wall clock alone
}

// compare takes an instant of the clock that nobody sets, and one of the wall clock.
func (w *deliveryWatch) compare(ctx context.Context, now, wall time.Time) {
	jump := wall.Sub(w.wall) - now.Sub(w.before)
	w.before, w.wall = now, wall
	if jump.Abs() < clockJump {
		return
	}
	w.log.Warn("the clock jumped", "by", jump)
	if err := w.jumped(ctx, wall, jump); err != nil && ctx.Err() == nil {
		w.log.Warn("record the jump of the clock", "error", err)
	}
}
