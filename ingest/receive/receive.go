// Package receive takes senders' files from where they deliver them: a drop folder, HTTP uploads, SFTP servers. It knows
// who may send what and when, keeps a receipt for each file from the moment in which its bytes are safe, hands the
// files one after the other to the loader, and says who is overdue.
package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/warehouse"
)

// Receiver takes files and has them loaded. Its fields must not change after the first call. It is safe for several
// goroutines; one file is loaded at a time.
type Receiver struct {
	DB        *warehouse.DB // migrated
	Dir       string        // data directory
	Today     func() time.Time
	Now       func() time.Time
	Catalogue *message.Catalogue
	Words     func(*ingest.Reject) ingest.Words // says why a row was rejected
	Log       *slog.Logger
	By        string        // recorded with each batch
	Patience  time.Duration // how long another load is waited for; 0: a minute

	working sync.Mutex // held while files are loaded

	accepting sync.Mutex // held while a file is registered

	mu     sync.Mutex                 // guards what follows
	ended  map[string][]chan struct{} // who waits for the end of which receipt
	worker chan struct{}              // wakes Run
	once   sync.Once
}

// maxAttempts is how often a load that ends with an error is tried before the file is put aside as failed.
const maxAttempts = 3

// arrival is a file about to be received.
type arrival struct {
	id          string
	source      string
	profile     Profile
	stream      string
	name, place string
	modified    time.Time
	idempotency string
}

// accept registers a file whose bytes are kept, or returns its receipt when it was received before. A file that was
// refused or has failed, or whose batches were taken back since, waits to be loaded once more.
func (r *Receiver) accept(ctx context.Context, a arrival, src ingest.Source) (Receipt, error) {
	r.accepting.Lock()
	defer r.accepting.Unlock()
	known, err := FindReceipt(ctx, r.DB, a.id, "")
	switch {
	case errors.Is(err, ErrNoReceipt):
		known = Receipt{
			ID: a.id, Source: a.source, Sender: a.profile.Sender, Stream: a.stream, Name: ingest.MaskPersons(a.name, r.Now()), Place: a.place, SHA256: src.SHA256,
			Bytes: src.Bytes, ModifiedAt: a.modified, ReceivedAt: src.Received,
		}
		return known, record(ctx, r.DB, &known, Waiting, r.Now(), a.idempotency)
	case err != nil:
		return known, err
	}
	again, err := r.again(ctx, known)
	switch {
	case err != nil:
		return known, err
	case again:
		known.Results, known.Batches, known.Code, known.Args, known.Attempts, known.ReceivedAt = nil, nil, "", nil, 0, src.Received
		known.SHA256, known.Bytes = src.SHA256, src.Bytes
		return known, record(ctx, r.DB, &known, Waiting, r.Now(), a.idempotency)
	case a.idempotency != "":
		return known, record(ctx, r.DB, &known, known.State, r.Now(), a.idempotency)
	}
	return known, nil
}

// again reports whether a file that was received before is to be loaded once more.
func (r *Receiver) again(ctx context.Context, known Receipt) (bool, error) {
	switch known.State {
	case Waiting:
		return false, nil
	case Refused, Failed:
		return true, nil
	}
	if len(known.Batches) == 0 {
		return false, nil
	}
	var gone uint64
	if err := r.DB.Row(ctx, "receive_gone", []any{&gone}, clickhouse.Named("batches", known.Batches)); err != nil {
		return false, fmt.Errorf("look at the batches of receipt %s: %w", known.ID, err)
	}
	return gone > 0, nil
}

// session is one run through waiting files with an open loader.
type session struct {
	*Receiver
	loader   *ingest.Loader
	profiles map[string]Profile
}

// begin starts a session: no other one of this Receiver goes on meanwhile. The loader is opened with the first file.
func (r *Receiver) begin() *session {
	r.working.Lock()
	return &session{Receiver: r, profiles: map[string]Profile{}}
}

// end gives everything back.
func (s *session) end() error {
	defer s.working.Unlock()
	if s.loader == nil {
		return nil
	}
	return s.loader.Close()
}

// open opens the loader, waiting for another load of the data directory.
func (s *session) open(ctx context.Context) error {
	if s.loader != nil {
		return nil
	}
	patience := s.Patience
	if patience == 0 {
		patience = time.Minute
	}
	deadline := time.Now().Add(patience)
	for {
		loader, err := ingest.Open(ctx, ingest.Config{DB: s.DB, Dir: s.Dir, Today: s.Today(), By: s.By, Log: s.Log, Now: s.Now})
		if err == nil {
			s.loader = loader
			return nil
		}
		if !errors.Is(err, ingest.ErrBusy) || time.Now().After(deadline) {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// profile returns the profile of a sender, or an empty one that allows everything.
func (s *session) profile(ctx context.Context, sender string) (Profile, error) {
	if p, ok := s.profiles[sender]; ok {
		return p, nil
	}
	p, err := FindProfile(ctx, s.DB, sender)
	if errors.Is(err, ErrNoSender) {
		p, err = Profile{Sender: sender}, nil
	}
	if err == nil {
		s.profiles[sender] = p
	}
	return p, err
}

// load has the file of a waiting receipt loaded and records what came of it. Batches that a load which was cut off
// has published already are taken for its result. An error says nothing about the file: it goes on waiting.
func (s *session) load(ctx context.Context, r *Receipt) error {
	done, err := s.published(ctx, r)
	if err != nil {
		return err
	}
	p, err := s.profile(ctx, r.Sender)
	if err != nil {
		return err
	}
	if !done {
		if err := s.open(ctx); err != nil {
			return err
		}
		if err := s.deliver(ctx, r, p); err != nil {
			return err
		}
	}
	state := Loaded
	if r.Code != "" {
		state = Refused
	}
	for i := range r.Results {
		if !p.Expects(r.Results[i].Stream) {
			r.Results[i].Notes = append(r.Results[i].Notes, "stream_unexpected")
		}
	}
	if err := record(ctx, s.DB, r, state, s.Now(), ""); err != nil {
		return err
	}
	s.tell(r.ID)
	return nil
}

// published fills the results from batches that count already, and reports whether there were any.
func (s *session) published(ctx context.Context, r *Receipt) (bool, error) {
	var rows []struct {
		Batch uint64 `ch:"batch"`
	}
	err := s.DB.Select(ctx, &rows, "receive_batches", clickhouse.Named("sender", r.Sender), clickhouse.Named("sha256", r.SHA256),
		clickhouse.DateNamed("received", r.ReceivedAt.UTC(), clickhouse.MilliSeconds))
	if err != nil {
		return false, fmt.Errorf("find the batches of receipt %s: %w", r.ID, err)
	}
	var batches []ingest.Batch
	r.Batches = nil
	for _, row := range rows {
		b, err := ingest.FindBatch(ctx, s.DB, row.Batch)
		if err != nil {
			return false, err
		}
		batches, r.Batches = append(batches, b), append(r.Batches, row.Batch)
	}
	r.Results, r.Code, r.Args = ingest.Results(batches), "", nil
	return len(rows) > 0, nil
}

// deliver hands the file to the loader.
func (s *session) deliver(ctx context.Context, r *Receipt, p Profile) error {
	d, err := p.Delivery(r.Stream)
	if err != nil {
		return err
	}
	d.Source = ingest.Kept(s.Dir, r.Name, r.SHA256, r.Bytes, r.ReceivedAt)
	if len(p.Expected) > 0 && r.Source == sourceHTTP {
		d.Only = p.Streams() // a token opens no more than what is agreed
	}
	r.Results, r.Batches, r.Code, r.Args = nil, nil, "", nil
	return s.loader.Deliver(ctx, d, func(result ingest.Result) error {
		if result.Refusal != nil {
			r.Code, r.Args = result.Refusal.Code, map[string]string{}
			for name, arg := range result.Refusal.Args {
				r.Args[name] = fmt.Sprint(arg)
			}
			return nil
		}
		r.Results, r.Batches = append(r.Results, result), append(r.Batches, result.Batch)
		return nil
	})
}

// Work loads every file that waits, in the order of arrival, and returns how many it has dealt with. A file whose load
// ends with an error is passed over; after a few attempts it is put aside as failed, and the error is in the log. Work
// returns an error when nothing can be loaded at present: ingest.ErrBusy when another load goes on for too long.
func (r *Receiver) Work(ctx context.Context) (n int, err error) {
	s := r.begin()
	defer func() { err = errors.Join(err, s.end()) }()
	passed := map[string]bool{}
	for {
		var waiting []named
		if err := r.DB.Select(ctx, &waiting, "receive_waiting"); err != nil {
			return n, fmt.Errorf("find the files that wait: %w", err)
		}
		worked := false
		for _, w := range waiting {
			if passed[w.Receipt] {
				continue
			}
			worked = true
			one, err := FindReceipt(ctx, r.DB, w.Receipt, "")
			if err != nil {
				return n, err
			}
			err = s.load(ctx, &one)
			switch {
			case err == nil:
				n++
			case ctx.Err() != nil || hopeless(err):
				return n, err
			default:
				passed[one.ID] = true
				if err := s.failed(ctx, &one, err); err != nil {
					return n, err
				}
			}
		}
		if !worked {
			return n, nil
		}
	}
}

// hopeless reports whether no other file could be loaded either.
func hopeless(err error) bool {
	return errors.Is(err, ingest.ErrBusy) || errors.Is(err, warehouse.ErrEngineStopped) || errors.Is(err, warehouse.ErrUnreachable) ||
		errors.Is(err, warehouse.ErrAccess)
}

// failed records an attempt that ended with an error. The loader is closed: what it knows may be wrong.
func (s *session) failed(ctx context.Context, r *Receipt, cause error) error {
	s.Log.ErrorContext(ctx, "load of a received file failed", "receipt", r.ID, "attempt", r.Attempts+1, "error", cause)
	var closed error
	if s.loader != nil {
		closed = s.loader.Close()
		s.loader = nil
	}
	r.Attempts++
	r.Results, r.Batches, r.Code, r.Args = nil, nil, "load_failed", nil
	state := Waiting
	if r.Attempts >= maxAttempts {
		state = Failed
	}
	err := errors.Join(closed, record(ctx, s.DB, r, state, s.Now(), ""))
	if state == Failed {
		s.tell(r.ID)
	}
	return err
}

// Run loads what waits whenever a file has come by HTTP, and every minute, until ctx ends.
func (r *Receiver) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		if _, err := r.Work(ctx); err != nil && ctx.Err() == nil {
			if errors.Is(err, warehouse.ErrEngineStopped) {
				return err
			}
			r.Log.WarnContext(ctx, "received files wait", "error", err)
			if sleep(ctx, time.Second) == nil {
				r.wake()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-r.woken():
		}
	}
}

func (r *Receiver) woken() chan struct{} {
	r.once.Do(func() { r.worker = make(chan struct{}, 1) })
	return r.worker
}

// wake makes Run look at once.
func (r *Receiver) wake() {
	select {
	case r.woken() <- struct{}{}:
	default:
	}
}

// watch returns a channel that is closed when the file of a receipt has been dealt with in this process, and what ends
// the watching.
func (r *Receiver) watch(id string) (ended <-chan struct{}, forget func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		r.ended = map[string][]chan struct{}{}
	}
	c := make(chan struct{})
	r.ended[id] = append(r.ended[id], c)
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended[id] = slices.DeleteFunc(r.ended[id], func(o chan struct{}) bool { return o == c })
		if len(r.ended[id]) == 0 {
			delete(r.ended, id)
		}
	}
}

func (r *Receiver) tell(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.ended[id] {
		close(c)
	}
	delete(r.ended, id)
}

// keep stores bytes and dates them to the millisecond, as the receipt and its batches will.
func (r *Receiver) keep(in io.Reader, name string) (ingest.Source, error) {
	return ingest.Keep(r.Dir, in, name, r.Now().UTC().Truncate(time.Millisecond))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Audit records an act in the audit log: by whom (a user, or a sender and the name of its token), what, on what, with
// which outcome, from which network address.
func Audit(ctx context.Context, db *warehouse.DB, now time.Time, by, action, object, outcome, address, detail string) error {
	err := insert(ctx, db, "ops_audit", []value{
		{"at", now}, {"by", by}, {"action", action}, {"object", object}, {"outcome", outcome}, {"address", address}, {"detail", detail},
	})
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}
