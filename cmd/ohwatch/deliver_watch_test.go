package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// TestDeliveryWatch_Loads: a look for red warnings once after the start, then once after each burst of loads, half a minute after its last and
// two minutes after its first at the latest; one that fails is repeated.
func TestDeliveryWatch_Loads(t *testing.T) {
	start := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	loads, looks, fails := uint64(7), []time.Duration{}, 0
	var now time.Time
	w := &deliveryWatch{
		log:   slog.New(slog.DiscardHandler),
		count: func(context.Context) (uint64, error) { return loads, nil },
		look: func(context.Context) error {
			looks = append(looks, now.Sub(start))
			if fails > 0 {
				fails--
				return errors.New("busy")
			}
			return nil
		},
	}
	busy := func(at time.Duration) bool { return at >= 10*time.Minute && at <= 13*time.Minute }
	for at := time.Duration(0); at < 30*time.Minute; at += deliveryTick {
		now = start.Add(at)
		switch {
		case at == 5*time.Minute, busy(at):
			loads++
		case at == 20*time.Minute:
			loads++
			fails = 1
		}
		if err := w.watchLoads(t.Context(), now); (err != nil) != (len(looks) > 0 && looks[len(looks)-1] == at && at >= 20*time.Minute && fails == 0 && len(looks) == 5) {
			t.Errorf("at %s: %v", at, err)
		}
	}
	want := []time.Duration{
		30 * time.Second, 5*time.Minute + 30*time.Second, 12 * time.Minute, 13*time.Minute + 30*time.Second,
		20*time.Minute + 30*time.Second, 20*time.Minute + 45*time.Second,
	}
	if len(looks) != len(want) {
		t.Fatalf("looked at %v, want %v", looks, want)
	}
	for i := range want {
		if looks[i] != want[i] {
			t.Errorf("looked at %v, want %v", looks, want)
			break
		}
	}
}

// TestDeliveryWatch_Clock: a wall clock that runs away from the time that has passed is recorded, whichever way.
func TestDeliveryWatch_Clock(t *testing.T) {
	var jumps []time.Duration
	w := &deliveryWatch{
		log: slog.New(slog.DiscardHandler),
		jumped: func(_ context.Context, _ time.Time, by time.Duration) error {
			jumps = append(jumps, by.Round(time.Hour))
			return nil
		},
	}
	w.before = time.Now()
	w.wall = w.before.Round(0)
	w.watchClock(t.Context(), time.Now())
	for _, by := range []time.Duration{24 * time.Hour, 24*time.Hour + time.Minute, -24 * time.Hour} { // ahead of the right time
		now := time.Now()
		w.compare(t.Context(), now, now.Round(0).Add(by))
	}
	if len(jumps) != 2 || jumps[0] != 24*time.Hour || jumps[1] != -48*time.Hour {
		t.Errorf("jumps %v", jumps)
	}
}
