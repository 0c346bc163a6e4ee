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
	BadCells       uint64    `ch:"n_bad_cells" json:"bad_cells"` // cells with bytes that are no text
	BadBytes       uint64    `ch:"n_bad_bytes" json:"bad_bytes"` // such bytes
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

// Findings counts the findings of a batch, behind those made at the load those that the latest transform made
// against other streams.
func Findings(ctx context.Context, db *warehouse.DB, number uint64) ([]FindingCount, error) {
	var found []FindingCount
	if err := db.Select(ctx, &found, "ingest_findings", clickhouse.Named("batch", number)); err != nil {
		return nil, fmt.Errorf("count findings of batch %d: %w", number, err)
	}
	var tables uint64
	if err := db.Row(ctx, "ingest_has_table", []any{&tables}, clickhouse.Named("table", "fct_cross_finding")); err != nil || tables == 0 {
		return found, err
	}
	var crossed []FindingCount
	if err := db.Select(ctx, &crossed, "ingest_cross_findings", clickhouse.Named("batch", number)); err != nil {
		return nil, fmt.Errorf("count findings of batch %d against other streams: %w", number, err)
	}
	return append(found, crossed...), nil
}
