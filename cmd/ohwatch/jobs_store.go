package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/config"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
	"ohwatch/warehouse"
)

// runStore keeps the record of jobs in the warehouse.
type runStore struct {
	db *warehouse.DB

	mu   sync.Mutex
	last uint64 // highest number given out by this process
}

var _ schedule.Store = (*runStore)(nil)

// NextRun returns the number of a new run.
func (s *runStore) NextRun(ctx context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next uint64
	if err := s.db.Row(ctx, "schedule_next_run", []any{&next}); err != nil {
		return 0, err
	}
	s.last = max(next, s.last+1)
	return s.last, nil
}

// Record adds an event.
func (s *runStore) Record(ctx context.Context, e schedule.Event) error {
	slot := e.Slot
	if slot.IsZero() {
		slot = e.At
	}
	return s.db.Exec(ctx, "schedule_record",
		clickhouse.Named("run", e.Run), clickhouse.Named("job", e.Job),
		clickhouse.Named("by_hand", e.Slot.IsZero()), namedInstant("slot", slot), namedInstant("at", e.At),
		clickhouse.Named("state", string(e.State)), clickhouse.Named("attempt", e.Attempt),
		clickhouse.Named("n_rows", e.Rows), clickhouse.Named("seconds", e.Seconds),
		clickhouse.Named("detail", e.Detail), clickhouse.Named("error", e.Error), clickhouse.Named("by", e.By))
}

// namedInstant binds an instant with its milliseconds.
func namedInstant(name string, t time.Time) any {
	return clickhouse.DateNamed(name, t.UTC(), clickhouse.MilliSeconds)
}

// Last returns the latest event of the latest slot of a job.
func (s *runStore) Last(ctx context.Context, job string) (schedule.Event, error) {
	e := schedule.Event{Job: job}
	var state string
	var attempt uint16
	err := s.db.Row(ctx, "schedule_last", []any{
		&e.Run, &e.Slot, &e.At, &state, &attempt, &e.Rows, &e.Seconds, &e.Detail, &e.Error, &e.By,
	}, clickhouse.Named("job", job))
	if errors.Is(err, sql.ErrNoRows) {
		return schedule.Event{}, nil
	}
	e.State, e.Attempt = schedule.State(state), int(attempt)
	return e, err
}

// runRow is a row of schedule_history and schedule_latest.
type runRow struct {
	Run         uint64     `ch:"run"`
	Job         string     `ch:"job"`
	Due         *time.Time `ch:"due"`
	Started     time.Time  `ch:"started"`
	Last        time.Time  `ch:"last"`
	State       string     `ch:"final_state"`
	Attempts    uint16     `ch:"attempts"`
	Rows        uint64     `ch:"rows"`
	Took        float64    `ch:"took"`
	Detail      string     `ch:"final_detail"`
	Error       string     `ch:"final_error"`
	By          string     `ch:"started_by"`
	LastSuccess time.Time  `ch:"last_success"` // only of schedule_latest
	Failures    uint64     `ch:"failures"`     // only of schedule_latest
}

func (r runRow) record() schedule.RunRecord {
	zone := period.Shanghai()
	record := schedule.RunRecord{
		Run: r.Run, Job: r.Job, Started: r.Started.In(zone), Last: r.Last.In(zone), State: schedule.State(r.State),
		Attempts: int(r.Attempts), Rows: r.Rows, Seconds: r.Took, Detail: r.Detail, Error: r.Error, By: r.By,
	}
	if r.Due != nil {
		record.Slot = r.Due.In(zone)
	}
	return record
}

// History returns the latest runs of a job, or of all jobs when job is empty, latest first.
func (s *runStore) History(ctx context.Context, job string, most int) ([]schedule.RunRecord, error) {
	var rows []runRow
	err := s.db.Select(ctx, &rows, "schedule_history", clickhouse.Named("job", job), clickhouse.Named("most", most))
	records := make([]schedule.RunRecord, len(rows))
	for i, row := range rows {
		records[i] = row.record()
	}
	return records, err
}

// jobStatus answers how the configured jobs stand.
type jobStatus struct {
	store *runStore
	jobs  []config.NamedJob
	now   func() time.Time
}

// History returns the latest runs of all jobs, latest first.
func (s jobStatus) History(ctx context.Context, most int) ([]schedule.RunRecord, error) {
	return s.store.History(ctx, "", most)
}

// Status returns how each job stands, in the order in which they feed each other.
func (s jobStatus) Status(ctx context.Context) ([]schedule.Status, error) {
	var rows []runRow
	if err := s.store.db.Select(ctx, &rows, "schedule_latest"); err != nil {
		return nil, err
	}
	var all []schedule.Status
	for _, job := range s.jobs {
		when, err := schedule.Parse(job.Cron)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", job.Name, err)
		}
		status := schedule.Status{Job: job.Name, Cron: job.Cron, Enabled: job.Enabled, CatchUp: schedule.Policy(job.CatchUp)}
		if job.Enabled {
			status.Next = when.Next(s.now())
		}
		for _, row := range rows {
			if row.Job != job.Name {
				continue
			}
			status.Latest, status.Failures = row.record(), int(row.Failures)
			if row.LastSuccess.Unix() > 0 {
				status.LastSuccess = row.LastSuccess.In(period.Shanghai())
			}
		}
		all = append(all, status)
	}
	return all, nil
}
