package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// channelTimeout bounds the look at one channel.
const channelTimeout = 20 * time.Second

// checkChannels tries every channel of the section delivery without sending anything.
func (a *app) checkChannels(ctx context.Context) (findings []finding) {
	channels := delivery.Channels(a.cfg)
	for _, name := range slices.Sorted(maps.Keys(channels)) {
		limited, cancel := context.WithTimeout(ctx, channelTimeout)
		err := channels[name].Check(limited)
		cancel()
		args := map[string]any{"channel": name}
		if err == nil {
			findings = append(findings, a.found("channel", stateOK, "channel_answers", args, ""))
			continue
		}
		args["error"] = err.Error()
		findings = append(findings, a.found("channel", stateFail, "channel_fails", args, "$EDITOR "+shellQuote(a.cfg.File)))
	}
	if dir := a.cfg.Delivery.Mail.Bounces; dir != "" {
		if _, err := os.Stat(filepath.Join(a.cfg.InData(dir), "new")); err != nil {
			args := map[string]any{"channel": "delivery.mail.bounces", "error": err.Error()}
			findings = append(findings, a.found("channel", stateWarn, "channel_fails", args, "mkdir -p "+shellQuote(filepath.Join(a.cfg.InData(dir), "new"))))
		}
	}
	return findings
}

// checkOutbox looks for messages that are held up: refused, come back, stuck, delayed.
func (a *app) checkOutbox(ctx context.Context, db *warehouse.DB) finding {
	all, err := a.outboxOf(db).List(ctx, shownStates(false)...)
	if err != nil {
		return a.found("outbox", stateWarn, "outbox_unknown", nil, "ohwatch migrate up")
	}
	var failed, stuck, delayed []delivery.Entry
	waiting := 0
	for _, e := range all {
		switch {
		case e.Stuck:
			stuck = append(stuck, e)
		case needsHand(e):
			failed = append(failed, e)
		case e.State == delivery.Delayed:
			delayed = append(delayed, e)
		}
		if e.Waiting() {
			waiting++
		}
	}
	said := func(state, key string, held []delivery.Entry, line string) finding {
		first := held[0]
		return a.found("outbox", state, key, map[string]any{
			"n": len(held), "days": a.cfg.Delivery.StuckDays, "since": clock(first.QueuedAt), "target": first.Target(), "words": first.Words,
		}, line)
	}
	switch {
	case len(stuck) > 0:
		return said(stateFail, "outbox_stuck", stuck, "ohwatch outbox show "+stuck[0].ID[:10])
	case len(failed) > 0:
		return said(stateWarn, "outbox_failed", failed, "ohwatch outbox show "+failed[0].ID[:10])
	case len(delayed) > 0:
		return said(stateWarn, "outbox_delayed", delayed, "ohwatch outbox flush")
	}
	return a.found("outbox", stateOK, "outbox_clear", map[string]any{"waiting": waiting}, "")
}

// jumpDays is how far back jumps of the clock are told.
const jumpDays = 7

// jump is the latest jump of the clock.
type jump struct {
	at      time.Time // zero: none
	seconds float64
	ahead   uint64 // messages with events in the future
}

// clockJumps returns the latest jump of the clock that serve has seen, and what a clock that was ahead has left behind.
func clockJumps(ctx context.Context, db *warehouse.DB) (j jump, err error) {
	now := db.Now()
	err = db.Row(ctx, "outbox_clock_jumps", []any{&j.at, &j.seconds, &j.ahead},
		namedInstant("since", now.AddDate(0, 0, -jumpDays)), namedInstant("now", now.Add(time.Minute)))
	if j.at.Year() < 2000 { // no row
		j.at = time.Time{}
	}
	return j, err
}

// checkJumps tells of jumps of the clock.
func (a *app) checkJumps(ctx context.Context, db *warehouse.DB) finding {
	j, err := clockJumps(ctx, db)
	switch {
	case err != nil:
		return a.found("jumps", stateWarn, "outbox_unknown", nil, "ohwatch migrate up")
	case j.ahead > 0:
		return a.found("jumps", stateWarn, "jumps_ahead", map[string]any{"n": j.ahead}, "timedatectl set-ntp true")
	case !j.at.IsZero():
		return a.found("jumps", stateWarn, "jumps_seen", map[string]any{"at": clock(j.at), "seconds": fmt.Sprintf("%+.0f", j.seconds)}, "timedatectl set-ntp true")
	}
	return a.found("jumps", stateOK, "jumps_none", nil, "")
}
