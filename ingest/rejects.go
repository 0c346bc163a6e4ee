package ingest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// Reject is one reason why a row was rejected.
type Reject struct {
	Sheet  string            `ch:"sheet"`
	Row    uint32            `ch:"row"`
	Field  string            `ch:"field"`
	Column string            `ch:"column"`
	Value  string            `ch:"value"` // masked for personal columns unless revealed
	Code   string            `ch:"code"`
	Args   map[string]string `ch:"args"`
	Sealed string            `ch:"sealed"`
}

// Cell is the cell as a spreadsheet names it, such as D5, or empty when the whole row is meant or the file has no
// such column.
func (r *Reject) Cell() string {
	if letter := r.Args["letter"]; letter != "" {
		return fmt.Sprintf("%s%d", letter, r.Row)
	}
	return ""
}

// MessageArgs returns what the sentence of the reject needs.
func (r *Reject) MessageArgs() map[string]any {
	args := map[string]any{"column": r.Column, "value": r.Value}
	for name, value := range r.Args {
		args[name] = value
	}
	return args
}

// Rejects returns the reasons for which rows of a batch were rejected, in the order of the file. With reveal,
// masked values are opened with the keys under dir.
func Rejects(ctx context.Context, db *warehouse.DB, dir string, number uint64, reveal bool) ([]Reject, error) {
	var found []Reject
	if err := db.Select(ctx, &found, "ingest_rejects", clickhouse.Named("batch", number)); err != nil {
		return nil, fmt.Errorf("read rejects of batch %d: %w", number, err)
	}
	if !reveal {
		return found, nil
	}
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	for i := range found {
		cells, err := keyring.openRow(found[i].Sealed)
		if err != nil {
			return nil, fmt.Errorf("row %d of batch %d: %w", found[i].Row, number, err)
		}
		for _, cell := range cells {
			if heading(cell.Heading) == heading(found[i].Column) {
				found[i].Value = clean(cell.Text)
				break
			}
		}
	}
	return found, nil
}

// States of a rejected row.
const (
	RejectOpen      = "open"      // waits for its sender
	RejectMended    = "mended"    // a later batch loaded it
	RejectAgain     = "again"     // a later batch rejected it once more and carries it on
	RejectWithdrawn = "withdrawn" // its batch was taken back, or the sender withdrew it
	RejectIgnored   = "ignored"   // somebody decided that it needs no mending
)

// RejectState is what became of one rejected row.
type RejectState struct {
	Stream   string   `ch:"-" json:"stream"`
	Batch    uint64   `ch:"batch" json:"batch"`
	Sheet    string   `ch:"sheet" json:"sheet"`
	Row      uint32   `ch:"row" json:"row"`
	State    string   `ch:"state" json:"state"`
	ByBatch  uint64   `ch:"by_batch" json:"by_batch,omitempty"` // that mended it, or rejected it again
	Sender   string   `ch:"sender" json:"sender"`
	File     string   `ch:"file" json:"file"`
	Needless bool     `ch:"needless" json:"-"` // totals or a header: no data
	MendedIn []uint64 `ch:"mended_in" json:"-"`
	AgainIn  []uint64 `ch:"again_in" json:"-"`
}

// RejectStates returns the state of every rejected row of a batch (0: of all) that the sender (empty: any) has
// sent, by stream, batch and line. It is worked out from what is published now: when the batch that mended a
// row is taken back, the reject is open again.
func RejectStates(ctx context.Context, db *warehouse.DB, stream string, batch uint64, sender string) ([]RejectState, error) {
	contracts, err := Contracts()
	if err != nil {
		return nil, err
	}
	var all []RejectState
	for _, c := range contracts {
		if stream != "" && c.Stream != stream {
			continue
		}
		var found []RejectState
		err := db.Select(ctx, &found, "ingest_reject_states", clickhouse.Named("stream", c.Stream), clickhouse.Named("table", c.Table),
			clickhouse.Named("batch", batch), clickhouse.Named("sender", sender))
		if err != nil {
			return nil, fmt.Errorf("find the states of rejects of %s: %w", c.Stream, err)
		}
		for i := range found {
			found[i].Stream = c.Stream
		}
		all = append(all, found...)
	}
	return all, nil
}

// ErrNoReject says that a batch has no such rejected row.
var ErrNoReject = errors.New("no such rejected row")

// DecideRejects records that rejected rows of a batch were withdrawn or ignored, or are open again. No rows
// stands for all that are open. It returns how many rows it decided on; a row that was never rejected is
// ErrNoReject.
func DecideRejects(ctx context.Context, db *warehouse.DB, b Batch, rows []uint32, state, by, reason string) (int, error) {
	states, err := RejectStates(ctx, db, b.Stream, b.Batch, "")
	if err != nil {
		return 0, err
	}
	byRow := make(map[uint32]string, len(states))
	for _, s := range states {
		byRow[s.Row] = s.State
	}
	if len(rows) == 0 {
		for _, s := range states {
			if s.State == RejectOpen {
				rows = append(rows, s.Row)
			}
		}
	}
	var events []rejectEvent
	for _, row := range rows {
		if byRow[row] == "" {
			return 0, fmt.Errorf("row %d of batch %d: %w", row, b.Batch, ErrNoReject)
		}
		events = append(events, rejectEvent{stream: b.Stream, batch: b.Batch, row: row, state: state, by: by, reason: reason})
	}
	slices.SortFunc(events, func(a, b rejectEvent) int { return int(a.row) - int(b.row) })
	return len(events), writeRejectEvents(ctx, db, events, time.Now())
}

// rejectEvent is one event in the life of a rejected row.
type rejectEvent struct {
	stream  string
	batch   uint64
	row     uint32
	state   string
	byBatch uint64
	byRow   uint32
	by      string
	reason  string
}

// stateReturned marks a row that came back with its number.
const stateReturned = "returned"

// writeRejectEvents appends events.
func writeRejectEvents(ctx context.Context, db *warehouse.DB, events []rejectEvent, at time.Time) error {
	if len(events) == 0 {
		return nil
	}
	a, err := db.Append(ctx, "ops_reject", []string{"stream", "batch", "row", "at", "state", "by_batch", "by_row", "by", "reason"})
	if err != nil {
		return err
	}
	defer a.Close()
	for _, e := range events {
		for i, v := range []any{e.stream, e.batch, e.row, at, e.state, e.byBatch, e.byRow, e.by, e.reason} {
			if err := a.Column(i).AppendRow(v); err != nil {
				return fmt.Errorf("record what became of row %d of batch %d: %w", e.row, e.batch, err)
			}
		}
		if err := a.Flush(); err != nil {
			return err
		}
	}
	return a.Send()
}
