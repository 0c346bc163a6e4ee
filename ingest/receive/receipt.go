package receive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/warehouse"
)

// ErrNoReceipt says that there is no receipt of that name, or none of this sender.
var ErrNoReceipt = errors.New("no such receipt")

// State is what has become of a received file.
type State string

// The states of a receipt. A waiting file is safe on the disk and is loaded as soon as no other load is going on; a
// failed one could not be loaded for a reason that is not the file's.
const (
	Waiting State = "waiting"
	Loaded  State = "loaded"
	Refused State = "refused"
	Failed  State = "failed"
)

// Receipt is one file of a sender, taken from a source.
type Receipt struct {
	ID         string
	At         time.Time // of the latest event
	State      State
	Source     string // http, drop, or the name of an SFTP source
	Sender     string
	Stream     string // as asked for; empty: found by the headings
	Name       string // of the file, as the sender gave it
	Place      string // where it lay; empty for http
	SHA256     string
	Bytes      int64
	ModifiedAt time.Time // of the file at its place
	ReceivedAt time.Time
	Batches    []uint64
	Results    []ingest.Result
	Code       string // of a refusal
	Args       map[string]string
	Attempts   int // loads that ended with an error
}

// receiptName names the receipt of a file. The same file from the same place has the same one.
func receiptName(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "r" + hex.EncodeToString(sum[:12])
}

// placedName names the receipt of a file that lies somewhere: another size or time is another file.
func placedName(source, place string, bytes int64, modified time.Time) string {
	return receiptName(source, place, strconv.FormatInt(bytes, 10), strconv.FormatInt(modified.UnixNano(), 10))
}

// Document is a receipt as it is given to its sender, and printed with --json. Its batches are the objects that
// `ohwatch ingest --json` prints.
type Document struct {
	Receipt    string          `json:"receipt"`
	State      State           `json:"state"`
	Source     string          `json:"source"`
	Sender     string          `json:"sender"`
	Stream     string          `json:"stream,omitempty"`
	File       string          `json:"file"`
	SHA256     string          `json:"sha256"`
	Bytes      int64           `json:"bytes"`
	ReceivedAt time.Time       `json:"received_at"`
	Batches    []ingest.Result `json:"batches"`
	Code       string          `json:"code,omitempty"`
	MessageZh  string          `json:"message_zh,omitempty"`
	MessageEn  string          `json:"message_en,omitempty"`
}

// Document returns the receipt as it is given to its sender.
func (r *Receipt) Document(c *message.Catalogue) Document {
	d := Document{
		Receipt: r.ID, State: r.State, Source: r.Source, Sender: r.Sender, Stream: r.Stream, File: r.Name, SHA256: r.SHA256, Bytes: r.Bytes,
		ReceivedAt: r.ReceivedAt.UTC(), Batches: append([]ingest.Result{}, r.Results...), Code: r.Code,
	}
	if r.Code != "" {
		d.MessageZh, d.MessageEn = r.sentence(c.Printer(message.Chinese)), r.sentence(c.Printer(message.English))
	}
	return d
}

// sentence says why the file was not loaded.
func (r *Receipt) sentence(p *message.Printer) string {
	args := make(map[string]any, len(r.Args))
	for name, text := range r.Args {
		args[name] = text
	}
	return p.Text("ingest."+r.Code, args)
}

// Rejected is the number of rejected rows of all batches.
func (r *Receipt) Rejected() int {
	n := 0
	for _, b := range r.Results {
		n += b.Rejected
	}
	return n
}

// receiptRow is a row of ops_receipt.
type receiptRow struct {
	Receipt    string            `ch:"receipt"`
	At         time.Time         `ch:"at"`
	State      string            `ch:"state"`
	Source     string            `ch:"source"`
	Sender     string            `ch:"sender"`
	Stream     string            `ch:"stream"`
	Name       string            `ch:"name"`
	Place      string            `ch:"place"`
	SHA256     string            `ch:"sha256"`
	Bytes      uint64            `ch:"bytes"`
	ModifiedAt time.Time         `ch:"modified_at"`
	ReceivedAt time.Time         `ch:"received_at"`
	Batches    []uint64          `ch:"batches"`
	Results    string            `ch:"results"`
	Code       string            `ch:"code"`
	Args       map[string]string `ch:"args"`
	Attempts   uint16            `ch:"attempts"`
}

func (row receiptRow) receipt() (Receipt, error) {
	r := Receipt{
		ID: row.Receipt, At: row.At, State: State(row.State), Source: row.Source, Sender: row.Sender, Stream: row.Stream, Name: row.Name,
		Place: row.Place, SHA256: row.SHA256, Bytes: int64(row.Bytes), ModifiedAt: row.ModifiedAt, ReceivedAt: row.ReceivedAt,
		Batches: row.Batches, Code: row.Code, Args: row.Args, Attempts: int(row.Attempts),
	}
	if row.Results != "" {
		if err := json.Unmarshal([]byte(row.Results), &r.Results); err != nil {
			return r, fmt.Errorf("read the results of receipt %s: %w", r.ID, err)
		}
	}
	return r, nil
}

// named is a row with the name of a receipt.
type named struct {
	Receipt string `ch:"receipt"`
}

// filter chooses receipts; the zero filter chooses all.
type filter struct {
	receipt, sender string
	newest          bool
	limit           uint64
}

func receipts(ctx context.Context, db *warehouse.DB, f filter) ([]Receipt, error) {
	if f.limit == 0 {
		f.limit = 1 << 30
	}
	var rows []receiptRow
	err := db.Select(ctx, &rows, "receive_receipts", clickhouse.Named("receipt", f.receipt), clickhouse.Named("sender", f.sender),
		clickhouse.Named("newest", f.newest), clickhouse.Named("limit", f.limit))
	if err != nil {
		return nil, fmt.Errorf("read the receipts: %w", err)
	}
	all := make([]Receipt, len(rows))
	for i, row := range rows {
		if all[i], err = row.receipt(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Receipts returns the newest receipts, of one sender or, when sender is empty, of all.
func Receipts(ctx context.Context, db *warehouse.DB, sender string, limit uint64) ([]Receipt, error) {
	return receipts(ctx, db, filter{sender: sender, newest: true, limit: limit})
}

// FindReceipt returns a receipt of a sender, or of any when sender is empty. A receipt of another sender is
// ErrNoReceipt like one that does not exist.
func FindReceipt(ctx context.Context, db *warehouse.DB, id, sender string) (Receipt, error) {
	found, err := receipts(ctx, db, filter{receipt: id, sender: sender})
	switch {
	case err != nil:
		return Receipt{}, err
	case id == "" || len(found) == 0:
		return Receipt{}, fmt.Errorf("%w: %q", ErrNoReceipt, id)
	}
	return found[0], nil
}

// record adds an event to a receipt.
func record(ctx context.Context, db *warehouse.DB, r *Receipt, state State, now time.Time, idempotency string) error {
	now = now.Truncate(time.Millisecond)
	if !now.After(r.At) {
		now = r.At.Add(time.Millisecond)
	}
	results := ""
	if len(r.Results) > 0 {
		text, err := json.Marshal(r.Results)
		if err != nil {
			return fmt.Errorf("record receipt %s: %w", r.ID, err)
		}
		results = string(text)
	}
	args := r.Args
	if args == nil {
		args = map[string]string{}
	}
	modified := r.ModifiedAt
	if modified.IsZero() {
		modified = r.ReceivedAt
	}
	err := insert(ctx, db, "ops_receipt", []value{
		{"receipt", r.ID},
		{"at", now},
		{"state", string(state)},
		{"source", r.Source},
		{"sender", r.Sender},
		{"stream", r.Stream},
		{"name", r.Name},
		{"place", r.Place},
		{"sha256", r.SHA256},
		{"bytes", uint64(r.Bytes)},
		{"modified_at", modified},
		{"received_at", r.ReceivedAt},
		{"batches", append([]uint64{}, r.Batches...)},
		{"results", results},
		{"code", r.Code},
		{"args", args},
		{"attempts", uint16(r.Attempts)},
		{"idempotency", idempotency},
	})
	if err != nil {
		return fmt.Errorf("record receipt %s: %w", r.ID, err)
	}
	r.State, r.At = state, now
	return nil
}
