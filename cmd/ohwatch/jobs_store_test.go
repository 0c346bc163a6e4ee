package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ohwatch/internal/config"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
	"ohwatch/warehouse"
)

// testDB returns a migrated warehouse on an engine of its own.
func testDB(t *testing.T) *warehouse.DB {
	t.Helper()
	db, err := startShared(t).db.In(t.Context(), fmt.Sprintf("test_%d", time.Now().UnixNano()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Drop(context.Background()), db.Close()); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestRunStore(t *testing.T) {
	ctx := t.Context()
	store := &runStore{db: testDB(t)}

	if last, err := store.Last(ctx, "warn"); err != nil || last != (schedule.Event{}) {
		t.Fatalf("without a record: %+v, %v", last, err)
	}
	monday := time.Date(2026, 11, 16, 6, 0, 0, 0, period.Shanghai())
	record := func(e schedule.Event) schedule.Event {
		t.Helper()
		if e.Run == 0 {
			run, err := store.NextRun(ctx)
			if err != nil {
				t.Fatal(err)
			}
			e.Run = run
		}
		if err := store.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := record(schedule.Event{Job: "warn", Slot: monday, At: monday.Add(1234 * time.Millisecond), State: schedule.Started, Attempt: 1, By: "s"})
	// The end in the same millisecond as the start is still the end.
	done := record(schedule.Event{
		Run: first.Run, Job: "warn", Slot: monday, At: first.At, State: schedule.Done, Attempt: 1,
		Rows: 7, Seconds: 0.5, Detail: "七条 'quoted' \\ \n", By: "s",
	})
	byHand := record(schedule.Event{Job: "warn", At: monday.Add(time.Hour), State: schedule.Failed, Attempt: 1, Error: "{x:String} ' no", By: "me"})
	record(schedule.Event{Job: "report", Slot: monday.Add(time.Hour), At: monday.Add(time.Hour), State: schedule.Skipped, By: "s"})
	if byHand.Run != first.Run+1 {
		t.Errorf("run %d follows %d", byHand.Run, first.Run)
	}

	last, err := store.Last(ctx, "warn")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, last); diff != "" {
		t.Errorf("last slot (-want +got):\n%s", diff)
	}

	history, err := store.History(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != 3 {
		t.Fatalf("%d runs in the history, want 3: %+v", len(history), history)
	}
	want := []schedule.RunRecord{
		{Run: byHand.Run, Job: "warn", Started: byHand.At, Last: byHand.At, State: schedule.Failed, Attempts: 1, Error: byHand.Error, By: "me"},
		{
			Run: first.Run, Job: "warn", Slot: monday, Started: first.At, Last: done.At, State: schedule.Done,
			Attempts: 1, Rows: 7, Seconds: 0.5, Detail: done.Detail, By: "s",
		},
	}
	got, err := store.History(ctx, "warn", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}

	jobs := config.Default().Jobs
	jobs.Transform.Enabled = false
	all, err := jobStatus{store: store, jobs: jobs.List(), now: func() time.Time { return monday.Add(2 * time.Hour) }}.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]schedule.Status{}
	for _, s := range all {
		byName[s.Job] = s
	}
	warn := byName["warn"]
	if warn.Failures != 1 || !warn.LastSuccess.Equal(done.At) || warn.Latest.Run != byHand.Run || !warn.Next.Equal(monday.AddDate(0, 0, 7)) {
		t.Errorf("warn stands as %+v", warn)
	}
	if r := byName["report"]; r.Latest.Run != 0 || !r.LastSuccess.IsZero() {
		t.Errorf("a skipped run counts as a run: %+v", r)
	}
	if tr := byName["transform"]; tr.Enabled || !tr.Next.IsZero() {
		t.Errorf("disabled job stands as %+v", tr)
	}
}

func TestRunStore_FailuresWithoutAnySuccess(t *testing.T) {
	ctx := t.Context()
	store := &runStore{db: testDB(t)}
	at := time.Date(2026, 11, 16, 6, 0, 0, 0, period.Shanghai())
	for i := range 3 {
		e := schedule.Event{Run: uint64(i + 1), Job: "ingest", Slot: at, At: at.Add(time.Duration(i) * time.Minute), State: schedule.Failed, Attempt: 1}
		if err := store.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := jobStatus{store: store, jobs: config.Default().JobList(), now: time.Now}.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s := all[0]; s.Job != "ingest" || s.Failures != 3 || s.Latest.Run != 3 || !s.LastSuccess.IsZero() {
		t.Errorf("ingest stands as %+v", s)
	}
}
