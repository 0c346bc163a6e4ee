package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Func does the work of a job for the slot that was due at the given instant; a run by hand gets the present
// one. It must be safe to repeat for the same slot. An error wrapped by backoff.Permanent is not retried.
type Func func(ctx context.Context, due time.Time) (Outcome, error)

// Outcome says what a run did.
type Outcome struct {
	Rows   uint64 // rows loaded or written, 0 when that means nothing for the job
	Detail string // one line for the history
}

// Job is a piece of work with its due times.
type Job struct {
	Name    string
	When    Expression
	CatchUp Policy
	Retries int // further attempts after a failed one
	Run     Func
}

// State is what became of a run.
type State string

// The states of a run. A run whose last event is Started or Retry is still going on, or was cut off by the
// end of the program.
const (
	Started State = "started"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped"
	Retry   State = "retry" // an attempt failed and another one follows
)

// Event is one line in the record of a run.
type Event struct {
	Run     uint64 // number of the run, rising with time
	Job     string
	Slot    time.Time // due time; zero for a run by hand
	At      time.Time // instant of the event
	State   State
	Attempt int // counted from 1; 0 for a skipped slot
	Rows    uint64
	Seconds float64 // since the run started
	Detail  string
	Error   string
	By      string // user or program
}

// What the scheduler itself says about a run: a word, perhaps followed by a value.
const (
	detailBegins      = "begins"
	detailGivenUp     = "given_up"     // number of slots
	detailNext        = "next_attempt" // pause before it
	detailInterrupted = "interrupted"
)

// unfinished reports whether e leaves its run open.
func (e Event) unfinished() bool { return e.State == Started || e.State == Retry }

// Store keeps the record of runs. Its methods are called from several goroutines.
type Store interface {
	// Last returns the latest event of the latest slot of a job, and a zero Event when the job has none.
	Last(ctx context.Context, job string) (Event, error)
	// NextRun returns the number of a new run, higher than all before.
	NextRun(ctx context.Context) (uint64, error)
	// Record adds an event.
	Record(ctx context.Context, e Event) error
}

const (
	// onTime is how late a slot may start without counting as missed.
	onTime = time.Minute
	// lookAgain bounds each sleep, so that a changed clock or a machine that slept is noticed.
	lookAgain = time.Minute
	// recordTimeout bounds the recording of an end when the program is asked to stop.
	recordTimeout = 10 * time.Second

	firstPause   = 30 * time.Second
	longestPause = 30 * time.Minute
)

// Scheduler runs jobs at their due times. Its fields must not change after Run was called.
type Scheduler struct {
	Jobs  []Job // in the order in which runs missed while the program was down are made up
	Store Store
	Locks Locks
	Now   func() time.Time
	Log   *slog.Logger
	By    string // recorded with each run
	Ready func() // called when the lock is held and the record is read; may be nil
}

// Run works until ctx is cancelled, then waits for the running jobs, which see the same cancellation, and
// returns nil. It returns a *BusyError at once when another scheduler holds the lock, and an error when the
// record cannot be read.
func (s *Scheduler) Run(ctx context.Context) error {
	unlock, err := s.Locks.Lock(schedulerLock)
	if err != nil {
		return err
	}
	defer unlock()

	start := make([]position, len(s.Jobs))
	for i, job := range s.Jobs {
		if start[i], err = s.resume(ctx, job); err != nil {
			return fmt.Errorf("read the record of job %s: %w", job.Name, err)
		}
	}
	var jobs sync.WaitGroup
	if s.Ready != nil {
		s.Ready()
	}
	caughtUp := make(chan struct{})
	close(caughtUp)
	for i, job := range s.Jobs {
		before, here := caughtUp, make(chan struct{})
		jobs.Go(func() { s.follow(ctx, job, start[i], before, here) })
		caughtUp = here
	}
	<-ctx.Done()
	jobs.Wait()
	return nil
}

// position is how far the record of a job reaches.
type position struct {
	last    time.Time // latest slot that needs nothing more
	attempt int       // attempts already made at the slot after it
}

// resume finds where the record of a job ends, and closes the run that the end of the program has cut off.
func (s *Scheduler) resume(ctx context.Context, job Job) (position, error) {
	last, err := s.Store.Last(ctx, job.Name)
	if err != nil {
		return position{}, err
	}
	if last.Slot.IsZero() {
		now := s.Now().Truncate(time.Second)
		return position{last: now}, s.skip(ctx, job, now, detailBegins)
	}
	if !last.unfinished() {
		return position{last: last.Slot}, nil
	}
	last.At, last.State, last.By = s.Now(), Failed, s.By
	last.Error = joinText("cut off by the end of the program", last.Error)
	if err := s.Store.Record(ctx, last); err != nil {
		return position{}, err
	}
	if job.CatchUp == Skip || last.Attempt > job.Retries {
		return position{last: last.Slot}, nil
	}
	return position{last: last.Slot.Add(-time.Second), attempt: last.Attempt}, nil
}

// follow runs the slots of one job one after the other. The slots that were missed before the start wait for
// before; caughtUp is closed when both they and the jobs before are through.
func (s *Scheduler) follow(ctx context.Context, job Job, at position, before <-chan struct{}, caughtUp chan<- struct{}) {
	if slots, _, _ := job.due(at.last, s.Now()); len(slots) > 0 {
		wait(ctx, before)
	}
	at = s.catchUp(ctx, job, at)
	go func() {
		wait(ctx, before)
		close(caughtUp)
	}()
	for s.sleepUntil(ctx, job.When.Next(at.last)) {
		at = s.catchUp(ctx, job, at)
	}
}

func wait(ctx context.Context, c <-chan struct{}) {
	select {
	case <-c:
	case <-ctx.Done():
	}
}

// catchUp runs the slots that are due now and returns how far the record then reaches.
func (s *Scheduler) catchUp(ctx context.Context, job Job, at position) position {
	slots, skipped, latest := job.due(at.last, s.Now())
	if skipped > 0 && ctx.Err() == nil {
		if err := s.skip(ctx, job, latest, fmt.Sprintf("%s %d", detailGivenUp, skipped)); err != nil {
			s.Log.Error("record skipped runs", "job", job.Name, "error", err)
		}
		at = position{last: latest}
	}
	for _, slot := range slots {
		if ctx.Err() != nil {
			break
		}
		s.runSlot(ctx, job, slot, at.attempt)
		at = position{last: slot}
	}
	return at
}

// due returns the slots after last that have to run at now, oldest first, and of those that are given up how
// many there are and the latest one.
func (j Job) due(last, now time.Time) (run []time.Time, skipped int, latest time.Time) {
	most := map[Policy]int{Once: 1, All: allMost}[j.CatchUp]
	for slot := j.When.Next(last); !slot.IsZero() && !slot.After(now); slot = j.When.Next(slot) {
		run = append(run, slot)
		keep := most
		if now.Sub(slot) <= onTime {
			keep = max(1, most)
		}
		if len(run) > keep {
			skipped++
			latest, run = run[0], run[1:]
		}
	}
	return run, skipped, latest
}

// skip records that slots up to the latest one are given up.
func (s *Scheduler) skip(ctx context.Context, job Job, latest time.Time, detail string) error {
	run, err := s.Store.NextRun(ctx)
	if err != nil {
		return err
	}
	return s.Store.Record(ctx, Event{
		Run: run, Job: job.Name, Slot: latest, At: s.Now(), State: Skipped, Detail: detail, By: s.By,
	})
}

// runSlot runs a job for one slot, with retries, and records what becomes of it. A run by hand of the same job
// is waited for.
func (s *Scheduler) runSlot(ctx context.Context, job Job, slot time.Time, attempt int) {
	unlock, err := s.Locks.wait(ctx, job.Name, s.Log)
	if err != nil {
		return // cancelled before it began: the slot is made up at the next start
	}
	defer unlock()
	s.run(ctx, job, Event{Job: job.Name, Slot: slot, Attempt: attempt, By: s.By})
}

// RunNow runs a job by hand, once and without retries. It returns a *BusyError when the job is running, and
// the error of the job when it fails.
func (s *Scheduler) RunNow(ctx context.Context, job Job) (Event, error) {
	unlock, err := s.Locks.Lock(job.Name)
	if err != nil {
		return Event{}, err
	}
	defer unlock()
	job.Retries = 0
	return s.run(ctx, job, Event{Job: job.Name, By: s.By})
}

// run makes the attempts of one run. e holds the number of attempts that were made before.
func (s *Scheduler) run(ctx context.Context, job Job, e Event) (Event, error) {
	began := s.Now()
	log := s.Log.With("job", job.Name)
	due := e.Slot
	if due.IsZero() {
		due = began
	}
	record := func(ctx context.Context, state State, detail string) error {
		e.State, e.At, e.Detail = state, s.Now(), detail
		e.Seconds = max(0, e.At.Sub(began).Seconds())
		return s.Store.Record(ctx, e)
	}
	isRecorded := false
	begin := func() (err error) {
		if e.Run == 0 {
			if e.Run, err = s.Store.NextRun(ctx); err != nil {
				return fmt.Errorf("number the run: %w", err)
			}
		}
		if err := record(ctx, Started, ""); err != nil {
			return fmt.Errorf("record the start: %w", err)
		}
		isRecorded = true
		return nil
	}
	attempt := func() (Outcome, error) {
		e.Attempt++
		if !isRecorded {
			if err := begin(); err != nil {
				log.Error("attempt failed", "attempt", e.Attempt, "error", err)
				return Outcome{}, err
			}
		}
		outcome, err := call(ctx, job.Run, due)
		if err != nil {
			log.Error("attempt failed", "attempt", e.Attempt, "error", err)
			e.Error = err.Error()
		}
		return outcome, err
	}
	pause := &backoff.ExponentialBackOff{
		InitialInterval: firstPause, RandomizationFactor: 0.1, Multiplier: 2, MaxInterval: longestPause,
	}
	outcome, err := backoff.Retry(ctx, attempt,
		backoff.WithBackOff(pause),
		backoff.WithMaxTries(uint(max(1, job.Retries+1-e.Attempt))),
		backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(_ error, next time.Duration) {
			if !isRecorded {
				return
			}
			detail := detailNext + " " + next.Round(time.Second).String()
			if err := record(ctx, Retry, detail); err != nil {
				log.Error("record a failed attempt", "error", err)
			}
		}))

	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	var recorded error
	switch {
	case !isRecorded: // the slot has left no trace and is made up at the next start
	case err == nil:
		e.Rows, e.Error = outcome.Rows, ""
		recorded = record(ending, Done, outcome.Detail)
	case ctx.Err() != nil && !e.Slot.IsZero():
		// Stays open: the next start makes it up, and the attempt that was cut off does not count.
		e.Attempt = max(0, e.Attempt-1)
		recorded = record(ending, Retry, detailInterrupted)
	default:
		if e.Error == "" {
			e.Error = err.Error()
		}
		recorded = record(ending, Failed, outcome.Detail)
	}
	if recorded != nil {
		log.Error("record the end", "state", e.State, "error", recorded)
	}
	log.Info("job ended", "run", e.Run, "state", e.State, "attempt", e.Attempt, "seconds", e.Seconds)
	return e, errors.Join(err, recorded)
}

// panicError is a panic of a job.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// call runs f and turns a panic into an error that is not retried.
func call(ctx context.Context, f Func, due time.Time) (outcome Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = backoff.Permanent(&panicError{value: r, stack: debug.Stack()})
		}
	}()
	return f(ctx, due)
}

// sleepUntil waits for the instant t and reports whether it came before the end of ctx. The zero t never comes.
func (s *Scheduler) sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		wait := lookAgain
		if !t.IsZero() {
			left := t.Sub(s.Now())
			if left <= 0 {
				return ctx.Err() == nil
			}
			wait = min(wait, left)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

func joinText(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; before: " + b
}
