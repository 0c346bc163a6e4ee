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
	app    *app
	log    *slog.Logger
	outbox *delivery.Outbox

	loads   uint64    // last seen
	started bool      // whether loads was seen
	first   time.Time // of the loads that wait for a look; zero: none
	last    time.Time
	before  time.Time // last tick
}

// run works until ctx ends. What fails is tried again with the next tick.
func (w *deliveryWatch) run(ctx context.Context) error {
	w.before = time.Now()
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
	if len(w.app.cfg.Delivery.To) > 0 {
		if err := w.watchLoads(ctx, now); err != nil {
			return err
		}
	}
	f, err := w.outbox.Flush(ctx, "serve")
	if f.Sent+f.Failed > 0 {
		w.log.Info("messages", "sent", f.Sent, "failed", f.Failed, "waiting", f.Waiting)
	}
	return err
}

// watchLoads looks for red warnings when something was loaded, and once after the start.
func (w *deliveryWatch) watchLoads(ctx context.Context, now time.Time) error {
	var loads uint64
	if err := w.app.db.Row(ctx, "outbox_loads", []any{&loads}); err != nil {
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
	added, f, err := w.app.deliverRed(ctx, "serve")
	if err != nil {
		return err
	}
	w.first = time.Time{}
	if added > 0 {
		w.log.Info("red warnings", "messages", added, "sent", f.Sent)
	}
	return nil
}

// watchClock compares the wall clock with the time that has passed, and records when they part: when the clock was set, or the machine slept.
func (w *deliveryWatch) watchClock(ctx context.Context, now time.Time) {
	passed := now.Sub(w.before)                          // by the clock that nobody sets
	jump := now.Round(0).Sub(w.before.Round(0)) - passed // Round(0) leaves the wall clock alone
	w.before = now
	if jump.Abs() < clockJump {
		return
	}
	w.log.Warn("the clock jumped", "by", jump)
	host, err := os.Hostname()
	if err == nil {
		err = w.app.db.Exec(ctx, "outbox_clock_jump", clickhouse.Named("host", host), namedInstant("at", now), clickhouse.Named("seconds", jump.Seconds()))
	}
	if err != nil && ctx.Err() == nil {
		w.log.Warn("record the jump of the clock", "error", err)
	}
}
