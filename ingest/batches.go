package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// ErrNoBatch says that there is no batch of that number.
var ErrNoBatch = errors.New("no such batch")

// Batch is one batch as it stands in the log.
type Batch struct {
	Batch          uint64    `ch:"batch" json:"batch"`
	State          string    `ch:"state" json:"state"`
	Stream         string    `ch:"stream" json:"stream"`
	File           string    `ch:"file" json:"file"`
	Sheet          string    `ch:"sheet" json:"sheet"`
	SHA256         string    `ch:"sha256" json:"sha256"`
	Bytes          uint64    `ch:"bytes" json:"bytes"`
	Sender         string    `ch:"sender" json:"sender"`
	ReceivedAt     time.Time `ch:"received_at" json:"received_at"`
	At             time.Time `ch:"at" json:"at"` // of the latest event
	Mapping        string    `ch:"mapping" json:"mapping"`
	Contract       string    `ch:"contract" json:"contract"`
	Encoding       string    `ch:"encoding" json:"encoding"`
	HeaderRow      uint32    `ch:"header_row" json:"header_row"`
	UnknownHeaders []string  `ch:"unknown_headers" json:"unknown_headers"`
	HiddenSheets   []string  `ch:"hidden_sheets" json:"hidden_sheets"`
	Read           uint64    `ch:"n_read" json:"read"`
	Loaded         uint64    `ch:"n_loaded" json:"loaded"`
	Corrected      uint64    `ch:"n_corrected" json:"corrected"`
	Voided         uint64    `ch:"n_voided" json:"voided"`
	Unchanged      uint64    `ch:"n_unchanged" json:"unchanged"`
	Rejected       uint64    `ch:"n_rejected" json:"rejected"`
	Warned         uint64    `ch:"n_warned" json:"warned"`
	By             string    `ch:"by" json:"by"`
	Reason         string    `ch:"reason" json:"reason"`
}

// Batches returns the newest batches, at most limit of them, newest first.
func Batches(ctx context.Context, db *warehouse.DB, limit uint64) ([]Batch, error) {
	return batches(ctx, db, 0, limit)
}

// FindBatch returns one batch, or ErrNoBatch.
func FindBatch(ctx context.Context, db *warehouse.DB, number uint64) (Batch, error) {
	found, err := batches(ctx, db, number, 1)
	switch {
	case err != nil:
		return Batch{}, err
	case number == 0 || len(found) == 0:
		return Batch{}, fmt.Errorf("batch %d: %w", number, ErrNoBatch)
	}
	return found[0], nil
}

func batches(ctx context.Context, db *warehouse.DB, number, limit uint64) ([]Batch, error) {
	var found []Batch
	err := db.Select(ctx, &found, "ingest_batch_list", clickhouse.Named("batch", number), clickhouse.Named("limit", limit))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return found, nil
}

// FindingCount is how many rows of a batch have a finding.
type FindingCount struct {
	Severity string `ch:"severity" json:"severity"`
	Code     string `ch:"code" json:"code"`
	Field    string `ch:"field" json:"field"`
	Rows     uint64 `ch:"n_rows" json:"rows"`
}

// Findings counts the findings of a batch.
func Findings(ctx context.Context, db *warehouse.DB, number uint64) ([]FindingCount, error) {
	var found []FindingCount
	if err := db.Select(ctx, &found, "ingest_findings", clickhouse.Named("batch", number)); err != nil {
		return nil, fmt.Errorf("count findings of batch %d: %w", number, err)
	}
	return found, nil
}

// StateError says that a batch is in a state in which something cannot be done to it.
type StateError struct {
	Batch uint64
	State string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("batch %d is %s", e.Batch, e.State)
}

// Revert takes a published batch back: none of its rows counts any longer. The rows stay in the log of
// versions. No load may be going on under dir meanwhile: ErrBusy. A batch that is not published is a
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
	return b, l.event(ctx, stateReverted, reason, []*batch{gone})
}
