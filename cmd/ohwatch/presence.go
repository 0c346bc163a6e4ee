package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const (
	// beatInterval is how often a scheduler on a server says that it is alive.
	beatInterval = time.Minute
	// beatTimeout is how long after its last sign of life a scheduler counts as alive. It leaves room for
	// clocks that differ.
	beatTimeout = 3 * time.Minute
)

// presence keeps schedulers on different machines, which share a server as their warehouse, apart: each says
// regularly that it is alive, and none begins while another one is. On the embedded engine the lock in the data
// directory does that.
type presence struct {
	store *runStore
	name  string // host and process
	run   uint64
	now   func() time.Time
}

// newPresence returns the presence of this process.
func newPresence(store *runStore) (*presence, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name of this machine: %w", err)
	}
	return &presence{store: store, name: fmt.Sprintf("%s, process %d", host, os.Getpid()), now: time.Now}, nil
}

// begin claims the warehouse, or returns an error that names the scheduler which has it. Of two that begin at
// the same instant neither may get it.
func (p *presence) begin(ctx context.Context) (err error) {
	if err := p.free(ctx); err != nil {
		return err
	}
	if p.run, err = p.store.NextRun(ctx); err != nil {
		return err
	}
	if err := p.beat(ctx, "started"); err != nil {
		return err
	}
	if err := p.free(ctx); err != nil {
		return errors.Join(err, p.beat(ctx, "done"))
	}
	return nil
}

// free returns an error when another scheduler is alive.
func (p *presence) free(ctx context.Context) error {
	var name string
	var since time.Time
	err := p.store.db.Row(ctx, "schedule_others", []any{&name, &since},
		clickhouse.Named("name", p.name), namedInstant("since", p.now().Add(-beatTimeout)))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &saidError{"jobs.scheduler_elsewhere", map[string]any{"name": name, "since": clock(since)}}
}

func (p *presence) beat(ctx context.Context, state string) error {
	return p.store.db.Exec(ctx, "schedule_beat",
		clickhouse.Named("run", p.run), clickhouse.Named("name", p.name), clickhouse.Named("state", state), namedInstant("at", p.now()))
}

// keep says that this scheduler is alive until ctx ends, and then that it has ended. A beat that fails is made
// up by the next one.
func (p *presence) keep(ctx context.Context) error {
	ticker := time.NewTicker(beatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatInterval/6)
			defer cancel()
			return p.beat(ending, "done")
		case <-ticker.C:
			_ = p.beat(ctx, "started")
		}
	}
}
