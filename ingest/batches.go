package ingest

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/xuri/excelize/v2"

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

// rejectedRow is one rejected row as it was sent, with its reasons.
type rejectedRow struct {
	row     uint32
	cells   []sealedCell
	faults  []string // columns at fault
	reasons []string
}

// WriteRejects writes the rejected rows of a batch as they were sent, with the reasons, to an .xlsx or .csv
// file for their sender. sentence turns a reject into words; rowTitle and reasonTitle head the two added
// columns. It returns the number of rows.
func WriteRejects(ctx context.Context, db *warehouse.DB, dir string, number uint64, path, rowTitle, reasonTitle string, sentence func(*Reject) string) (int, error) {
	found, err := Rejects(ctx, db, dir, number, true)
	if err != nil {
		return 0, err
	}
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return 0, err
	}
	var rows []rejectedRow
	bySeal := map[string]int{}
	var titles []string
	for i := range found {
		r := &found[i]
		at, ok := bySeal[r.Sealed]
		if !ok {
			cells, err := keyring.openRow(r.Sealed)
			if err != nil {
				return 0, fmt.Errorf("row %d of batch %d: %w", r.Row, number, err)
			}
			at = len(rows)
			bySeal[r.Sealed] = at
			rows = append(rows, rejectedRow{row: r.Row, cells: cells})
			for _, cell := range cells {
				for len(titles) <= cell.Column {
					titles = append(titles, "")
				}
				titles[cell.Column] = cell.Heading
			}
		}
		rows[at].faults = append(rows[at].faults, r.Column)
		rows[at].reasons = append(rows[at].reasons, sentence(r))
	}
	titles = append([]string{reasonTitle, rowTitle}, titles...)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		err = writeRejectsCSV(path, titles, rows)
	default:
		err = writeRejectsXLSX(path, titles, rows)
	}
	return len(rows), err
}

// cells lays the row under the titles.
func (r *rejectedRow) texts(width int) []string {
	texts := make([]string, width)
	texts[0], texts[1] = strings.Join(r.reasons, "；"), strconv.FormatUint(uint64(r.row), 10)
	for _, cell := range r.cells {
		texts[2+cell.Column] = cell.Text
	}
	return texts
}

func writeRejectsCSV(path string, titles []string, rows []rejectedRow) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.WriteString(f, "\ufeff"); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	w := csv.NewWriter(f)
	w.UseCRLF = true
	if err := w.Write(titles); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	for i := range rows {
		texts := rows[i].texts(len(titles))
		for j, text := range texts {
			texts[j] = harmless(text)
		}
		if err := w.Write(texts); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a text for a formula, and from reading a long number as one.
func harmless(text string) string {
	if text == "" {
		return text
	}
	if _, number := plainNumber(text); number && len(text) < 12 {
		return text
	}
	if strings.ContainsRune("=+-@\t\r", rune(text[0])) || digits(text) {
		return "'" + text
	}
	return text
}

func writeRejectsXLSX(path string, titles []string, rows []rejectedRow) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}}})
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	fault, err := f.NewStyle(&excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}, NumFmt: 49})
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	if err := w.SetColWidth(1, 1, 48); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	line := make([]any, len(titles))
	for i, title := range titles {
		line[i] = excelize.Cell{StyleID: head, Value: title}
	}
	if err := w.SetRow("A1", line); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	for i := range rows {
		line := make([]any, len(titles))
		for j, value := range rows[i].texts(len(titles)) {
			style := text
			if j >= 2 && slices.ContainsFunc(rows[i].faults, func(column string) bool { return column != "" && heading(column) == heading(titles[j]) }) {
				style = fault
			}
			line[j] = excelize.Cell{StyleID: style, Value: value}
		}
		if err := w.SetRow("A"+strconv.Itoa(i+2), line); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	if err := errors.Join(f.Write(out), out.Close()); err != nil {
		return fmt.Errorf("write rejects: %w", err)
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
