package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"pgregory.net/rapid"
)

// memory is a Store that keeps events in order and can be told to fail.
type memory struct {
	mu     sync.Mutex
	events []Event
	run    uint64
	fail   error
}

func (m *memory) Last(_ context.Context, job string) (Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var last Event
	for _, e := range m.events {
		if e.Job == job && !e.Slot.IsZero() && !e.Slot.Before(last.Slot) {
			last = e
		}
	}
	return last, m.fail
}

func (m *memory) NextRun(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run++
	return m.run, m.fail
}

func (m *memory) Record(_ context.Context, e Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.events = append(m.events, e)
	return nil
}

// log returns the record as lines "job slot state attempt", without the line that begins a schedule.
func (m *memory) log() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for _, e := range m.events {
		if e.Detail == detailBegins {
			continue
		}
		slot := "by hand"
		if !e.Slot.IsZero() {
			slot = e.Slot.Format("Mon 15:04")
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %d", e.Job, slot, e.State, e.Attempt))
	}
	return lines
}

func mustParse(t testing.TB, text string) Expression {
	t.Helper()
	e, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func scheduler(t testing.TB, store Store, dir string, jobs ...Job) *Scheduler {
	t.Helper()
	for i := range jobs {
		jobs[i].CatchUp = cmp.Or(jobs[i].CatchUp, Once)
	}
	return &Scheduler{
		Jobs: jobs, Store: store, Locks: Locks{Dir: dir, Now: time.Now}, Now: time.Now, Log: slog.New(slog.DiscardHandler), By: "test",
	}
}

// runUntil starts the scheduler and stops it at the instant end.
func runUntil(t testing.TB, s *Scheduler, end time.Time) {
	t.Helper()
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// goTo sleeps until the instant t of the bubble's clock.
func goTo(t time.Time) { time.Sleep(time.Until(t)) }

func wantLog(t *testing.T, m *memory, want ...string) {
	t.Helper()
	if got := m.log(); !slices.Equal(got, want) {
		t.Errorf("record:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func ok(context.Context, time.Time) (Outcome, error) { return Outcome{}, nil }

// bubble runs f from Monday 2026-11-16 00:00 in Shanghai on a clock that jumps.
func bubble(t *testing.T, f func(t *testing.T, dir string)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		goTo(at("2026-11-16 00:00:00"))
		f(t, dir)
	})
}

func TestScheduler_RunsEachSlotOnce(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		var due []time.Time
		job := Job{Name: "warn", When: mustParse(t, "0 6 * * *"), Run: func(_ context.Context, d time.Time) (Outcome, error) {
			due = append(due, d)
			return Outcome{Rows: 3, Detail: "three"}, nil
		}}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-18 05:00:00"))
		wantLog(t, m, "warn Mon 06:00 started 1", "warn Mon 06:00 done 1", "warn Tue 06:00 started 1", "warn Tue 06:00 done 1")
		if len(due) != 2 || !due[0].Equal(at("2026-11-16 06:00:00")) {
			t.Errorf("due times %v", due)
		}
		if last := m.events[len(m.events)-1]; last.Rows != 3 || last.Detail != "three" || last.By != "test" {
			t.Errorf("last event %+v", last)
		}
	})
}

func TestScheduler_TwoJobsInTheSameSecond(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		slow := func(context.Context, time.Time) (Outcome, error) { time.Sleep(time.Hour); return Outcome{}, nil }
		runUntil(t, scheduler(t, m, dir,
			Job{Name: "a", When: mustParse(t, "0 6 * * *"), Run: slow},
			Job{Name: "b", When: mustParse(t, "0 6 * * *"), Run: slow},
		), at("2026-11-16 08:00:00"))
		var ends []time.Time
		for _, e := range m.events {
			if e.State == Done {
				ends = append(ends, e.At)
			}
		}
		if len(ends) != 2 || !ends[0].Equal(at("2026-11-16 07:00:00")) || !ends[1].Equal(ends[0]) {
			t.Errorf("ended at %v, want both at 07:00", ends)
		}
	})
}

func TestScheduler_MissedWhileDown(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		want   []string
	}{
		{Once, []string{"j Thu 06:00 skipped 0", "j Fri 06:00 started 1", "j Fri 06:00 done 1", "j Sat 06:00 started 1", "j Sat 06:00 done 1"}},
		{Skip, []string{"j Fri 06:00 skipped 0", "j Sat 06:00 started 1", "j Sat 06:00 done 1"}},
		{All, []string{
			"j Wed 06:00 started 1", "j Wed 06:00 done 1", "j Thu 06:00 started 1", "j Thu 06:00 done 1",
			"j Fri 06:00 started 1", "j Fri 06:00 done 1", "j Sat 06:00 started 1", "j Sat 06:00 done 1",
		}},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			bubble(t, func(t *testing.T, dir string) {
				m := &memory{}
				job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), CatchUp: c.policy, Run: ok}
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-17 12:00:00"))
				m.events = m.events[len(m.events)-1:] // Tuesday, done
				goTo(at("2026-11-20 09:00:00"))
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-20 10:00:00"))
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-21 10:00:00"))
				wantLog(t, m, append([]string{"j Tue 06:00 done 1"}, c.want...)...)
			})
		})
	}
}

func TestScheduler_DownBeforeItsFirstSlot(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Run: ok}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 05:00:00"))
		goTo(at("2026-11-16 07:00:00"))
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 08:00:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 done 1")
	})
}

func TestScheduler_MissedRunsAreMadeUpInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		slow := func(context.Context, time.Time) (Outcome, error) { time.Sleep(time.Minute); return Outcome{}, nil }
		jobs := []Job{
			{Name: "ingest", When: mustParse(t, "0 4 * * *"), Run: slow},
			{Name: "never", When: mustParse(t, "0 0 1 1 *"), Run: ok},
			{Name: "warn", When: mustParse(t, "0 6 * * *"), Run: slow},
			{Name: "report", When: mustParse(t, "0 5 * * *"), Run: slow},
		}
		runUntil(t, scheduler(t, m, dir, jobs...), at("2026-11-16 01:00:00"))
		goTo(at("2026-11-16 09:00:00"))
		runUntil(t, scheduler(t, m, dir, jobs...), at("2026-11-16 10:00:00"))
		wantLog(t, m, "ingest Mon 04:00 started 1", "ingest Mon 04:00 done 1", "warn Mon 06:00 started 1", "warn Mon 06:00 done 1",
			"report Mon 05:00 started 1", "report Mon 05:00 done 1")
	})
}

func TestScheduler_NeverOverlapsItself(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		running := 0
		job := Job{Name: "j", When: mustParse(t, "*/5 * * * *"), Run: func(context.Context, time.Time) (Outcome, error) {
			if running++; running > 1 {
				t.Error("two runs at once")
			}
			time.Sleep(12 * time.Minute)
			running--
			return Outcome{}, nil
		}}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 00:30:00"))
		wantLog(t, m, "j Mon 00:05 started 1", "j Mon 00:05 done 1",
			"j Mon 00:10 skipped 0", "j Mon 00:15 started 1", "j Mon 00:15 done 1", "j Mon 00:20 skipped 0", "j Mon 00:25 started 1", "j Mon 00:25 done 1")
	})
}

func TestScheduler_RetriesWithGrowingPauses(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		var tries []time.Time
		job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Retries: 3, Run: func(context.Context, time.Time) (Outcome, error) {
			tries = append(tries, time.Now())
			if len(tries) < 4 {
				return Outcome{}, fmt.Errorf("no luck %d", len(tries))
			}
			return Outcome{}, nil
		}}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 12:00:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 retry 1", "j Mon 06:00 retry 2", "j Mon 06:00 retry 3", "j Mon 06:00 done 4")
		for i := 2; i < len(tries); i++ {
			if before, after := tries[i-1].Sub(tries[i-2]), tries[i].Sub(tries[i-1]); after < before*3/2 {
				t.Errorf("pause %s after one of %s, want growing ones", after, before)
			}
		}
		if e := m.events[2]; e.Error != "no luck 1" || !strings.HasPrefix(e.Detail, detailNext+" ") {
			t.Errorf("retry is recorded as %+v", e)
		}
		if e := m.events[len(m.events)-1]; e.Error != "" {
			t.Errorf("success keeps the error %q", e.Error)
		}
	})
}

func TestScheduler_GivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"after the retries":    {errors.New("down"), []string{"j Mon 06:00 started 1", "j Mon 06:00 retry 1", "j Mon 06:00 failed 2"}},
		"at a permanent fault": {backoff.Permanent(errors.New("down")), []string{"j Mon 06:00 started 1", "j Mon 06:00 failed 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, dir string) {
				m := &memory{}
				job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Retries: 1, Run: func(context.Context, time.Time) (Outcome, error) { return Outcome{}, c.err }}
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 12:00:00"))
				wantLog(t, m, c.want...)
				if e := m.events[len(m.events)-1]; e.Error != "down" {
					t.Errorf("error %q, want down", e.Error)
				}
				// A failed slot is over: the next start does not repeat it.
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 13:00:00"))
				wantLog(t, m, c.want...)
			})
		})
	}
}

func TestScheduler_PanicIsAFailureAndTheJobRunsAgain(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		n := 0
		job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Retries: 2, Run: func(context.Context, time.Time) (Outcome, error) {
			if n++; n == 1 {
				panic("bad dose")
			}
			return Outcome{}, nil
		}}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-17 12:00:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 failed 1", "j Tue 06:00 started 1", "j Tue 06:00 done 1")
		if e := m.events[2].Error; !strings.HasPrefix(e, "panic: bad dose") || !strings.Contains(e, "schedule_test.go") {
			t.Errorf("error %q, want the panic with its stack", e)
		}
	})
}

func TestScheduler_Interrupted(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Run: func(ctx context.Context, _ time.Time) (Outcome, error) {
			select {
			case <-time.After(time.Hour):
				return Outcome{}, nil
			case <-ctx.Done():
				return Outcome{}, ctx.Err()
			}
		}}
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 06:30:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 retry 0")
		goTo(at("2026-11-16 09:00:00"))
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 12:00:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 retry 0", "j Mon 06:00 failed 0", "j Mon 06:00 started 1", "j Mon 06:00 done 1")
	})
}

func TestScheduler_KilledHalfway(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  Policy
		attempt int
		want    []string
	}{
		{"is made up", Once, 1, []string{"j Mon 06:00 started 1", "j Mon 06:00 failed 1", "j Mon 06:00 started 2", "j Mon 06:00 done 2"}},
		{"is not made up", Skip, 1, []string{"j Mon 06:00 started 1", "j Mon 06:00 failed 1"}},
		{"kills the program each time", Once, 2, []string{"j Mon 06:00 started 2", "j Mon 06:00 failed 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, dir string) {
				slot := at("2026-11-16 06:00:00")
				m := &memory{events: []Event{{Run: 1, Job: "j", Slot: slot, At: slot, State: Started, Attempt: c.attempt}}}
				goTo(at("2026-11-16 09:00:00"))
				job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), CatchUp: c.policy, Retries: 1, Run: ok}
				runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 12:00:00"))
				wantLog(t, m, c.want...)
			})
		})
	}
}

func TestScheduler_OnlyOne(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- scheduler(t, &memory{}, dir).Run(ctx) }()
		synctest.Wait()
		second := scheduler(t, &memory{}, dir).Run(ctx)
		var busy *BusyError
		if !errors.As(second, &busy) || busy.Holder.PID != os.Getpid() {
			t.Errorf("second scheduler: %v, want *BusyError with this process", second)
		}
		if key, _ := busy.Message(); key != "jobs.second_scheduler" {
			t.Errorf("message %s", key)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		runUntil(t, scheduler(t, &memory{}, dir), time.Now().Add(time.Second))
	})
}

func TestScheduler_RecordCannotBeRead(t *testing.T) {
	s := scheduler(t, &memory{fail: errors.New("down")}, t.TempDir(), Job{Name: "j", When: mustParse(t, "0 6 * * *"), Run: ok})
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "job j") {
		t.Errorf("error %v, want one that names the job", err)
	}
}

func TestScheduler_RecordComesBack(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		job := Job{Name: "j", When: mustParse(t, "0 6 * * *"), Retries: 3, Run: ok}
		time.AfterFunc(6*time.Hour-time.Minute, func() { m.mu.Lock(); m.fail = errors.New("down"); m.mu.Unlock() })
		time.AfterFunc(6*time.Hour+time.Minute, func() { m.mu.Lock(); m.fail = nil; m.mu.Unlock() })
		runUntil(t, scheduler(t, m, dir, job), at("2026-11-16 12:00:00"))
		log := m.log()
		if len(log) != 2 || !strings.Contains(log[1], "j Mon 06:00 done") {
			t.Errorf("record %v, want the slot done after the record came back", log)
		}
	})
}

func TestRunNow(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		bad := Job{Name: "j", Retries: 5, Run: func(context.Context, time.Time) (Outcome, error) { return Outcome{}, errors.New("no") }}
		s := scheduler(t, m, dir)
		if _, err := s.RunNow(t.Context(), bad); err == nil || err.Error() != "no" {
			t.Errorf("error %v, want the job's", err)
		}
		unlock, err := s.Locks.Lock("j")
		if err != nil {
			t.Fatal(err)
		}
		var busy *BusyError
		if _, err := s.RunNow(t.Context(), bad); !errors.As(err, &busy) || busy.Name != "j" {
			t.Errorf("error %v, want *BusyError", err)
		}
		unlock()
		e, err := s.RunNow(t.Context(), Job{Name: "j", Run: ok})
		if err != nil || e.State != Done {
			t.Errorf("got %+v, %v", e, err)
		}
		wantLog(t, m, "j by hand started 1", "j by hand failed 1", "j by hand started 1", "j by hand done 1")
		if m.events[0].Run >= m.events[2].Run {
			t.Error("run numbers do not rise")
		}
	})
}

func TestScheduler_WaitsForARunByHand(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		m := &memory{}
		s := scheduler(t, m, dir, Job{Name: "j", When: mustParse(t, "0 6 * * *"), Run: ok})
		unlock, err := s.Locks.Lock("j")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(7*time.Hour, unlock)
		runUntil(t, s, at("2026-11-16 12:00:00"))
		wantLog(t, m, "j Mon 06:00 started 1", "j Mon 06:00 done 1")
		if e := m.events[len(m.events)-1]; e.At.Before(at("2026-11-16 07:00:00")) {
			t.Errorf("ran at %s while the lock was held", e.At)
		}
	})
}

func TestRunRecord_Note(t *testing.T) {
	text := func(key string, args map[string]any) string { return fmt.Sprint(key, args["value"]) }
	for want, r := range map[string]RunRecord{
		"3 rows":                           {Detail: "3 rows", State: Done},
		"jobs.detail_given_up7":            {Detail: "given_up 7", State: Skipped},
		"no":                               {Error: "no\nstack", Detail: "x", State: Failed},
		"no (jobs.detail_next_attempt30s)": {Error: "no", Detail: "next_attempt 30s", State: Retry},
		"":                                 {},
	} {
		if got := r.Note(text); got != want {
			t.Errorf("note of %+v: %q, want %q", r, got, want)
		}
	}
}

// TestDue_EverySlotIsAccountedFor: whatever the gap and the policy, each due time is either run or given up.
func TestDue_EverySlotIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"*/5 * * * *", "0 6 * * 1", "20 * * * *", "0 0 1 * *"}).Draw(t, "cron")
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		job := Job{When: e, CatchUp: rapid.SampledFrom([]Policy{Once, Skip, All}).Draw(t, "policy")}
		last := at("2026-01-01 00:00:00").Add(time.Duration(rapid.IntRange(0, 1<<25).Draw(t, "last")) * time.Second)
		now := last.Add(time.Duration(rapid.IntRange(0, 1<<22).Draw(t, "gap")) * time.Second)
		run, skipped, latest := job.due(last, now)
		var all []time.Time
		for slot := e.Next(last); !slot.After(now); slot = e.Next(slot) {
			all = append(all, slot)
		}
		if len(run)+skipped != len(all) {
			t.Fatalf("%d run and %d skipped of %d", len(run), skipped, len(all))
		}
		if skipped > 0 && !latest.Equal(all[skipped-1]) {
			t.Fatalf("latest skipped %s, want %s", latest, all[skipped-1])
		}
		for i, slot := range run {
			if !slot.Equal(all[skipped+i]) {
				t.Fatalf("run %v, want the latest of %v", run, all)
			}
		}
		if n := len(all); n > 0 && now.Sub(all[n-1]) <= onTime && len(run) == 0 {
			t.Fatal("a slot that is on time is not run")
		}
	})
}
