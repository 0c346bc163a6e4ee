package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestPresence(t *testing.T) {
	ctx := t.Context()
	store := &runStore{db: testDB(t)}
	now := time.Date(2026, 11, 16, 6, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	first := &presence{store: store, name: "a, process 1", now: clock}
	second := &presence{store: store, name: "b, process 2", now: clock}
	if err := first.begin(ctx); err != nil {
		t.Fatal(err)
	}
	var said *saidError
	if err := second.begin(ctx); !errors.As(err, &said) || said.args["name"] != first.name {
		t.Errorf("second begins with %v", err)
	}
	now = now.Add(2 * time.Minute)
	if err := first.beat(ctx, "started"); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute)
	if err := second.begin(ctx); !errors.As(err, &said) {
		t.Errorf("second begins with %v while the first beats", err)
	}
	// The first is gone without a word.
	now = now.Add(2 * time.Minute)
	if err := second.begin(ctx); err != nil {
		t.Errorf("second does not begin after the first has gone: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := second.keep(ended); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	if err := first.begin(ctx); err != nil {
		t.Errorf("first does not begin after the second has ended: %v", err)
	}
}
