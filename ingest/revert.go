package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// confirmation is a row that said again what stood there already.
type confirmation struct {
	stream  string
	key     uint64
	version uint32
	batch   uint64
	row     uint32
}

// writeConfirmed appends confirmations.
func writeConfirmed(ctx context.Context, db *warehouse.DB, confirmed []confirmation) error {
	if len(confirmed) == 0 {
		return nil
	}
	a, err := db.Append(ctx, "ops_unchanged", []string{"stream", "key_hash", "version", "batch", "row"})
	if err != nil {
		return err
	}
	defer a.Close()
	for part := range slices.Chunk(confirmed, warehouse.MaxBlock) {
		n := len(part)
		streams, keys, versions := make([]string, n), make([]uint64, n), make([]uint32, n)
		batches, rows := make([]uint64, n), make([]uint32, n)
		for i, c := range part {
			streams[i], keys[i], versions[i], batches[i], rows[i] = c.stream, c.key, c.version, c.batch, c.row
		}
		err := errors.Join(
			a.Column(0).Append(streams), a.Column(1).Append(keys), a.Column(2).Append(versions), a.Column(3).Append(batches), a.Column(4).Append(rows),
		)
		if err != nil {
			return fmt.Errorf("append confirmed rows: %w", err)
		}
		if err := a.Flush(); err != nil {
			return err
		}
	}
	return a.Send()
}

// keepConfirmed gives batches that confirmed rows of b a copy of them. Until b is taken back the copies change
// nothing: they are the same version. Doing it twice does nothing.
func keepConfirmed(ctx context.Context, db *warehouse.DB, b Batch) error {
	contracts, err := Contracts()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(contracts, func(c *Contract) bool { return c.Stream == b.Stream })
	if i < 0 {
		return fmt.Errorf("%w: %q", ErrUnknownStream, b.Stream)
	}
	text, err := queryText("ingest_keep_confirmed")
	if err != nil {
		return err
	}
	if text, err = db.Render(text, map[string]any{"Table": contracts[i].Table}); err != nil {
		return fmt.Errorf("keep confirmed rows: %w", err)
	}
	if err := db.ExecSQL(ctx, text, clickhouse.Named("batch", b.Batch), clickhouse.Named("stream", b.Stream)); err != nil {
		return fmt.Errorf("keep what later batches confirmed of batch %d: %w", b.Batch, err)
	}
	return nil
}

// StateError says that a batch is in a state in which something cannot be done to it.
type StateError struct {
	Batch uint64
	State string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("batch %d is %s", e.Batch, e.State)
}

// Revert takes a published batch back: none of its rows counts any longer, and the version before each of them
// is the present one again. What a later batch has said again stays: that batch gets a copy of the row. (A
// file sent twice with the same bytes is one delivery, its second batch says nothing of its own.) The rows stay
// in the log of versions, and readings as of an earlier day do not change. No load may be going on under dir meanwhile: ErrBusy. A batch that is not published is a
// *StateError.
func Revert(ctx context.Context, db *warehouse.DB, dir string, number uint64, by, reason string) (Batch, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return Batch{}, err
	}
	defer lock.Close()
	b, err := FindBatch(ctx, db, number)
	if err != nil {
		return b, err
	}
	if b.State != statePublished {
		return b, &StateError{Batch: number, State: b.State}
	}
	now := time.Now()
	if !now.After(b.At) {
		now = b.At.Add(time.Millisecond)
	}
	l := &Loader{cfg: Config{DB: db, By: by, Sender: b.Sender, Now: func() time.Time { return now }}}
	gone := &batch{
		contract: b.Contract, src: Source{Bytes: int64(b.Bytes), Received: b.ReceivedAt},
		result: Result{
			Batch: number, Stream: b.Stream, File: b.File, Sheet: b.Sheet, SHA256: b.SHA256, Encoding: b.Encoding, HeaderRow: int(b.HeaderRow),
			UnknownHeaders: b.UnknownHeaders, HiddenSheets: b.HiddenSheets, Read: int(b.Read), Loaded: int(b.Loaded), Corrected: int(b.Corrected),
			Voided: int(b.Voided), Unchanged: int(b.Unchanged), Rejected: int(b.Rejected), Warned: int(b.Warned),
		},
	}
	if err := keepConfirmed(ctx, db, b); err != nil {
		return b, err
	}
	return b, l.event(ctx, stateReverted, reason, []*batch{gone})
}
