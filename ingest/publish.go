package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// States of a batch in the warehouse.
const (
	stateStarted   = "started"
	statePublished = "published"
	stateReverted  = "reverted"
	stateAborted   = "aborted"
)

// storedFinding is a finding with its place, ready to be written.
type storedFinding struct {
	finding
	batch  uint64
	stream string
	sheet  string
	name   string // of the field
	column string // the sender's heading
}

// writer writes rows and findings. At most one write is under way; the next is prepared meanwhile.
type writer struct {
	db        *warehouse.DB
	findings  []storedFinding
	size      int // of the findings in bytes
	returned  []rejectEvent
	confirmed []confirmation
	vault     []vaultEntry
	busy      chan error
}

// full reports whether so much waits that it should be written.
func (w *writer) full() bool {
	return w.size >= findingBytes || len(w.confirmed) >= 200_000 || len(w.vault) >= 50_000
}

// addReturned keeps which rejects came back in a batch until the next write.
func (w *writer) addReturned(b *batch, rows []returned, by string) {
	for _, r := range rows {
		w.returned = append(w.returned, rejectEvent{
			stream: b.result.Stream, batch: r.batch, row: r.row, state: stateReturned, byBatch: b.result.Batch, byRow: r.line, by: by,
		})
	}
}

// addFindings keeps findings until the next write.
func (w *writer) addFindings(b *batch, c *Contract, h header, found []finding) {
	for _, f := range found {
		s := storedFinding{finding: f, batch: b.result.Batch, stream: c.Stream, sheet: b.result.Sheet}
		if f.field >= 0 {
			s.name = c.Fields[f.field].Name
			s.column = c.Fields[f.field].Heading()
			if n := h.columns[f.field]; n >= 0 && n < len(h.names) {
				if h.names[n] != "" {
					s.column = h.names[n]
				}
				if f.severity == reject {
					s.args = maps.Clone(f.args)
					if s.args == nil {
						s.args = map[string]string{}
					}
					s.args["letter"] = columnLetters(n)
				}
			}
		}
		if f.code == "employer_discovered" && f.severity == note {
			if b.discovered == nil {
				b.discovered = map[string]bool{}
			}
			if b.discovered[f.value] {
				continue // once for each employer and batch
			}
			b.discovered[f.value] = true
		}
		w.findings = append(w.findings, s)
		w.size += 300 + len(s.sealed)
	}
}

// wait waits for the write that is under way.
func (w *writer) wait() error {
	if w.busy == nil {
		return nil
	}
	err := <-w.busy
	w.busy = nil
	return err
}

// write hands everything that waits to the writer. current is the batch being read, nil when none is.
func (l *Loader) write(ctx context.Context, current *batch) error {
	if err := l.writer.wait(); err != nil {
		return err
	}
	type work struct {
		stream *stream
		runs   []ready
	}
	var todo []work
	for _, name := range slices.Sorted(maps.Keys(l.streams)) {
		if s := l.streams[name]; len(s.ready) > 0 {
			todo = append(todo, work{s, s.ready})
			s.ready, s.waiting = nil, 0
			s.known.rotate()
		}
	}
	findings, returned, confirmed := l.writer.findings, l.writer.returned, l.writer.confirmed
	vault := l.writer.vault
	l.writer.findings, l.writer.returned, l.writer.confirmed, l.writer.vault, l.writer.size = nil, nil, nil, nil, 0
	if len(todo) == 0 && len(findings) == 0 && len(returned) == 0 && len(confirmed) == 0 {
		return nil
	}
	var begun []*batch
	for _, b := range append(slices.Clip(l.pending), current) {
		if b != nil && !b.started && b.table != "" {
			b.started = true
			begun = append(begun, b)
		}
	}
	busy := make(chan error, 1)
	l.writer.busy = busy
	go func() {
		err := l.event(ctx, stateStarted, "", begun)
		for _, w := range todo {
			if err == nil {
				err = w.stream.write(ctx, l.cfg.DB, w.runs)
			}
		}
		if err == nil {
			err = writeFindings(ctx, l.cfg.DB, findings)
		}
		if err == nil {
			err = writeRejectEvents(ctx, l.cfg.DB, returned, l.cfg.Now())
		}
		if err == nil {
			err = writeConfirmed(ctx, l.cfg.DB, confirmed)
		}
		if err == nil {
			err = writeVault(ctx, l.cfg.DB, vault, l.cfg.Now())
		}
		busy <- err
	}()
	return nil
}

// write appends runs of rows to the table of the stream.
func (s *stream) write(ctx context.Context, db *warehouse.DB, runs []ready) error {
	blocks, err := db.Blocks(ctx, s.contract.Table, s.names)
	if err != nil {
		return err
	}
	defer blocks.Close()
	for i := range runs {
		if err := blocks.Send(len(runs[i].rows), runs[i].native()); err != nil {
			return err
		}
		runs[i] = ready{} // its memory can go
	}
	return blocks.Commit()
}

// native is the run as the native protocol sends it, the common columns first.
func (r *ready) native() []warehouse.NativeColumn {
	n := len(r.rows)
	batches, times := make([]byte, 0, 8*n), make([]byte, 0, 8*n)
	for range n {
		batches = binary.LittleEndian.AppendUint64(batches, r.batch)
		times = binary.LittleEndian.AppendUint64(times, uint64(r.at.UnixMilli()))
	}
	sheets := make([]uint32, n)
	dict := []string{"", r.sheet}
	if r.sheet != "" {
		for i := range sheets {
			sheets[i] = 1
		}
	}
	columns := make([]warehouse.NativeColumn, 0, len(common)+len(r.columns))
	for _, b := range [][]byte{
		batches, appendNumbers(nil, r.rows), warehouse.Dictionary(dict, sheets), appendNumbers(nil, r.version), r.op,
		appendNumbers(nil, r.key), appendNumbers(nil, r.content), times,
	} {
		columns = append(columns, warehouse.NativeColumn{Bytes: b})
	}
	columns = append(columns, r.notes.native())
	for _, column := range r.columns {
		columns = append(columns, column.native())
	}
	return columns
}

// writeFindings appends findings.
func writeFindings(ctx context.Context, db *warehouse.DB, findings []storedFinding) error {
	if len(findings) == 0 {
		return nil
	}
	blocks, err := db.Blocks(ctx, "ops_finding", []string{
		"batch", "stream", "severity", "sheet", "row", "field", "column", "value", "code", "args", "sealed", "key_hash",
	})
	if err != nil {
		return err
	}
	defer blocks.Close()
	var memory [5]*words // stream, sheet, field, column, code
	for i := range memory {
		memory[i] = newWords()
	}
	for part := range slices.Chunk(findings, 16_384) {
		n := len(part)
		batches, rows, keys, severities := make([]uint64, n), make([]uint32, n), make([]uint64, n), make([]byte, n)
		var codes [len(memory)]*codeColumn
		for i := range codes {
			codes[i] = &codeColumn{words: memory[i].open()}
			codes[i].dict = memory[i].dict
		}
		values, sealed := make([]string, n), make([]string, n)
		args := argsColumn{}
		for i := range part {
			f := &part[i]
			batches[i], rows[i], keys[i], severities[i] = f.batch, f.row, f.key, f.severity.number()
			values[i], sealed[i] = f.value, f.sealed
			for j, s := range [len(memory)]string{f.stream, f.sheet, f.name, f.column, f.code} {
				codes[j].places = append(codes[j].places, memory[j].place(s, true))
			}
			args.add(f.args)
		}
		err := blocks.Send(n, []warehouse.NativeColumn{
			{Bytes: appendNumbers(nil, batches)},
			codes[0].native(),
			{Bytes: severities},
			codes[1].native(),
			{Bytes: appendNumbers(nil, rows)},
			codes[2].native(), codes[3].native(),
			{Values: values},
			codes[4].native(),
			args.native(),
			{Values: sealed},
			{Bytes: appendNumbers(nil, keys)},
		})
		if err != nil {
			return err
		}
	}
	return blocks.Commit()
}

// event writes one event for each batch.
func (l *Loader) event(ctx context.Context, state, reason string, batches []*batch) error {
	if len(batches) == 0 {
		return nil
	}
	a, err := l.cfg.DB.Append(ctx, "ops_batch", []string{
		"batch", "at", "state", "stream", "file", "sheet", "sha256", "bytes", "sender", "received_at", "mapping", "contract", "encoding",
		"header_row", "unknown_headers", "hidden_sheets", "n_read", "n_loaded", "n_corrected", "n_voided", "n_unchanged", "n_rejected",
		"n_warned", "by", "reason", "headings", "heading_fields", "n_bad_cells", "n_bad_bytes",
	})
	if err != nil {
		return err
	}
	defer a.Close()
	at := l.cfg.Now()
	for _, b := range batches {
		r := b.result
		counts := [7]int{r.Read, r.Loaded, r.Corrected, r.Voided, r.Unchanged, r.Rejected, r.Warned}
		if state == stateStarted {
			counts = [7]int{}
		}
		values := []any{
			r.Batch, at, state, r.Stream, r.File, r.Sheet, r.SHA256, uint64(b.src.Bytes), l.cfg.Sender, b.src.Received, l.cfg.Mapping.name(),
			b.contract, r.Encoding, uint32(r.HeaderRow), append([]string{}, r.UnknownHeaders...), append([]string{}, r.HiddenSheets...),
		}
		for _, n := range counts {
			values = append(values, uint64(n))
		}
		values = append(values, l.cfg.By, reason, append([]string{}, b.headings...), append([]string{}, b.fields...), uint64(r.BadCells), uint64(r.BadBytes))
		for i, v := range values {
			if err := a.Column(i).AppendRow(v); err != nil {
				return fmt.Errorf("record batch %d: %w", r.Batch, err)
			}
		}
	}
	if err := a.Send(); err != nil {
		return fmt.Errorf("record batches as %s: %w", state, err)
	}
	return nil
}

// publish writes what waits, compares the warehouse with the sums of each batch, and makes the batches
// visible. It then reports the results.
func (l *Loader) publish(ctx context.Context, report func(Result) error) error {
	if !l.cfg.DryRun {
		if err := errors.Join(l.write(ctx, nil), l.writer.wait()); err != nil {
			return err
		}
		var batches []*batch
		for _, b := range l.pending {
			if b.result.Batch != 0 {
				batches = append(batches, b)
			}
		}
		if err := l.verify(ctx, batches); err != nil {
			return err
		}
		if err := l.event(ctx, statePublished, "", batches); err != nil {
			return err
		}
		for _, b := range batches {
			b.result.State = statePublished
		}
	}
	pending := l.pending
	l.pending = nil
	for _, b := range pending {
		if err := report(b.result); err != nil {
			return err
		}
	}
	return nil
}

// verify compares the sums of batches with what stands in the warehouse.
func (l *Loader) verify(ctx context.Context, batches []*batch) error {
	tables := map[string][]uint64{}
	byNumber := map[uint64]*batch{}
	var numbers []uint64
	for _, b := range batches {
		r := b.result
		if r.Read != r.Loaded+r.Corrected+r.Voided+r.Unchanged+r.Rejected {
			return fmt.Errorf("batch %d of %s does not add up: %+v", r.Batch, r.File, r)
		}
		byNumber[r.Batch] = b
		if b.table != "" {
			tables[b.table] = append(tables[b.table], r.Batch)
			numbers = append(numbers, r.Batch)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	found := map[uint64][4]uint64{} // loaded, corrected, voided, rejected
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		var rows []struct {
			Batch     uint64 `ch:"batch"`
			Loaded    uint64 `ch:"loaded"`
			Corrected uint64 `ch:"corrected"`
			Voided    uint64 `ch:"voided"`
		}
		err := l.cfg.DB.Select(ctx, &rows, "ingest_count", clickhouse.Named("table", table), clickhouse.Named("batches", tables[table]))
		if err != nil {
			return fmt.Errorf("verify batches: %w", err)
		}
		for _, r := range rows {
			found[r.Batch] = [4]uint64{r.Loaded, r.Corrected, r.Voided}
		}
	}
	var rejects []struct {
		Batch    uint64 `ch:"batch"`
		Rejected uint64 `ch:"rejected"`
	}
	if err := l.cfg.DB.Select(ctx, &rejects, "ingest_count_rejects", clickhouse.Named("batches", numbers)); err != nil {
		return fmt.Errorf("verify batches: %w", err)
	}
	for _, r := range rejects {
		f := found[r.Batch]
		f[3] = r.Rejected
		found[r.Batch] = f
	}
	for _, number := range numbers {
		r := byNumber[number].result
		want := [4]uint64{uint64(r.Loaded), uint64(r.Corrected), uint64(r.Voided), uint64(r.Rejected)}
		if got := found[number]; got != want {
			return fmt.Errorf("batch %d of %s: the warehouse holds %v rows (loaded, corrected, voided, rejected), want %v", number, r.File, got, want)
		}
	}
	return nil
}

// abandon gives up the batches of a file that broke off while it was read. What was read before of other
// files is published first, so that the present versions can be read again from the warehouse.
func (l *Loader) abandon(ctx context.Context, src Source, batches []*batch, last *batch, cause error, report func(Result) error) error {
	if last != nil {
		batches = append(batches, last)
	}
	if len(batches) == 0 {
		return nil
	}
	given := map[uint64]bool{}
	var started []*batch
	for _, b := range batches {
		given[b.result.Batch] = true
		if b.started && !l.cfg.DryRun {
			started = append(started, b)
		}
	}
	for _, s := range l.streams {
		s.ready = slices.DeleteFunc(s.ready, func(r ready) bool { return given[r.batch] })
		s.waiting = 0
		for _, r := range s.ready {
			s.waiting += len(r.rows)
		}
	}
	l.writer.findings = slices.DeleteFunc(l.writer.findings, func(f storedFinding) bool { return given[f.batch] })
	l.writer.returned = slices.DeleteFunc(l.writer.returned, func(e rejectEvent) bool { return given[e.byBatch] })
	l.writer.vault = slices.DeleteFunc(l.writer.vault, func(e vaultEntry) bool { return given[e.batch] })
	l.writer.confirmed = slices.DeleteFunc(l.writer.confirmed, func(c confirmation) bool { return given[c.batch] })
	if err := l.publish(ctx, report); err != nil {
		return err
	}
	if len(started) > 0 {
		if err := l.remove(ctx, started, "file broke off: "+refusalCode(cause)); err != nil {
			return err
		}
	}
	for _, b := range batches {
		if s := l.streams[b.result.Stream]; s != nil {
			s.known = known{}
		}
	}
	roster := l.roster
	if err := l.readRoster(ctx); err != nil {
		return err
	}
	*roster = *l.roster
	l.roster = roster
	return nil
}

func refusalCode(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return "error"
}

// remove deletes the rows of batches and marks them aborted.
func (l *Loader) remove(ctx context.Context, batches []*batch, reason string) error {
	tables := map[string][]string{}
	for _, b := range batches {
		number := strconv.FormatUint(b.result.Batch, 10)
		for _, table := range []string{"ops_finding", "ops_unchanged", "ops_vault"} {
			tables[table] = append(tables[table], number)
		}
		if b.table != "" {
			tables[b.table] = append(tables[b.table], number)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		text, err := queryText("ingest_remove")
		if err != nil {
			return err
		}
		text, err = l.cfg.DB.Render(text, map[string]any{"Table": table, "Batches": strings.Join(tables[table], ", ")})
		if err != nil {
			return fmt.Errorf("remove given up rows: %w", err)
		}
		if err := l.cfg.DB.ExecSQL(ctx, text); err != nil {
			return fmt.Errorf("remove given up rows of %s: %w", table, err)
		}
	}
	return l.event(ctx, stateAborted, reason, batches)
}

// clear removes what an interrupted load has left. Nothing else is loading: the lock is ours.
func (l *Loader) clear(ctx context.Context) error {
	var left []struct {
		Batch  uint64 `ch:"batch"`
		Stream string `ch:"stream"`
	}
	if err := l.cfg.DB.Select(ctx, &left, "ingest_unfinished"); err != nil {
		return fmt.Errorf("find interrupted batches: %w", err)
	}
	if len(left) == 0 {
		return nil
	}
	contracts, err := Contracts(l.cfg.DB.Files())
	if err != nil {
		return err
	}
	var batches []*batch
	for _, b := range left {
		aborted := &batch{result: Result{Batch: b.Batch, Stream: b.Stream, SHA256: strings.Repeat("0", 64)}, src: Source{Received: l.cfg.Now()}}
		for _, c := range contracts {
			if c.Stream == b.Stream {
				aborted.table = c.Table
			}
		}
		batches = append(batches, aborted)
	}
	l.cfg.Log.WarnContext(ctx, "interrupted batches removed", "batches", len(batches))
	return l.remove(ctx, batches, "interrupted")
}
