package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// batch is one sheet or file on its way into the warehouse.
type batch struct {
	result     Result
	src        Source
	contract   string
	table      string // empty when the batch has no rows of its own
	began      time.Time
	started    bool            // the started event is on its way to the warehouse
	headings   []string        // of the columns, as the sender wrote them
	fields     []string        // that each heading names, empty for none
	discovered map[string]bool // employers already noted as discovered
}

// stream is what the load knows of one stream.
type stream struct {
	contract *Contract
	plan     *plan
	names    []string // all columns that are filled, the common ones first
	known    known
	ready    []ready // rows that wait to be written
	waiting  int

	undecided     []undecided // rows that wait for a window
	undecidedRows int
	enrolled      []employer // new on the roster
	held          *heldRows  // of the sheet being decided, nil when there are none
}

// ready is a run of rows of one batch, ready to be written.
type ready struct {
	batch   uint64
	sheet   string
	at      time.Time
	rows    []uint32
	version []uint32
	op      []byte // of the enumeration: load, correct, void
	key     []uint64
	content []uint64
	notes   *notes
	columns []builder
}

// What a row does, as the column op of the warehouse numbers it.
const (
	opLoad    = 1
	opCorrect = 2
	opVoid    = 3
)

// Bounds of what waits before it is written; with one write under way they bound the memory. Many small inserts
// cost the engine more than the rows in them.
const (
	writeRows    = 1 << 18
	findingBytes = 24 << 20
)

// common are the columns that every table of a stream begins with.
var common = []string{"batch", "row", "sheet", "version", "op", "key_hash", "content_hash", "loaded_at", "notes"}

// due reports whether so much waits that it should be published before more is read.
func (l *Loader) due() bool {
	if l.writer.busy != nil || len(l.pending) >= 500 || l.writer.full() {
		return true
	}
	for _, s := range l.streams {
		if s.waiting >= l.window {
			return true
		}
	}
	return false
}

// begin numbers a new batch.
func (l *Loader) begin(src Source, stream, sheet string) *batch {
	b := &batch{src: src, began: l.cfg.Now(), result: Result{
		Stream: stream, File: l.mask(src.Name), Sheet: l.mask(sheet), SHA256: src.SHA256, UnknownHeaders: []string{}, State: "checked",
	}}
	if !l.cfg.DryRun {
		b.result.Batch = l.next
		l.next++
	}
	return b
}

// open returns the stream of a contract.
func (l *Loader) open(ctx context.Context, c *Contract) (*stream, error) {
	if s, ok := l.streams[c.Stream]; ok {
		return s, l.readKnown(ctx, s)
	}
	var columns []struct {
		Name string `ch:"name"`
		Type string `ch:"type"`
	}
	if err := l.cfg.DB.Select(ctx, &columns, "ingest_columns", clickhouse.Named("table", c.Table)); err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", c.Table, err)
	}
	types := make(map[string]string, len(columns))
	for _, column := range columns {
		types[column.Name] = column.Type
	}
	p, err := newPlan(c, types, l.lists, l.roster, l.keyring, dayOf(l.cfg.Today))
	if err != nil {
		return nil, err
	}
	p.mapping = l.cfg.Mapping
	s := &stream{contract: c, plan: p, names: append(append([]string(nil), common...), p.names...)}
	l.streams[c.Stream] = s
	return s, l.readKnown(ctx, s)
}

// loadSheet loads one sheet. The batch is returned with an error, too, when it was begun.
func (l *Loader) loadSheet(ctx context.Context, src Source, sh *sheet) (*batch, error) {
	contract, h, err := l.header(sh)
	if err != nil {
		return nil, err
	}
	if l.only != nil && !slices.Contains(l.only, contract.Stream) {
		return nil, refuse("stream_unexpected", nil, "stream", contract.Title.Zh, "streams", strings.Join(l.only, ", "))
	}
	s, err := l.open(ctx, contract)
	if err != nil {
		return nil, err
	}
	h.names, h.unknown = maskAll(h.names, dayOf(l.cfg.Today)), maskAll(h.unknown, dayOf(l.cfg.Today))
	b := l.begin(src, contract.Stream, sh.name)
	b.contract, b.table = contract.Name(), contract.Table
	b.result.Encoding, b.result.HiddenSheets = sh.encoding, maskAll(sh.hidden, dayOf(l.cfg.Today))
	b.result.UnknownHeaders = append(b.result.UnknownHeaders, h.unknown...)
	b.result.HeaderRow = int(sh.lines.kept[h.first].number)
	b.headings, b.fields = h.names, l.cfg.Mapping.fieldsOf(contract, h)
	sh.lines.kept = sh.lines.kept[h.first+h.rows:]
	err = l.loadRows(ctx, s, b, newTable(newBlocks(sh.lines, h.names), sh.text, h.names, memory.DefaultAllocator), h)
	if err == nil {
		if err = l.settle(ctx, s); err == nil {
			l.release(s, b)
		}
	}
	for _, e := range s.enrolled {
		l.roster.add(e.code, e.names...)
	}
	s.undecided, s.undecidedRows, s.enrolled, s.held = nil, 0, nil, nil
	return b, err
}

// mask hides identity numbers in the name of a file or sheet.
func (l *Loader) mask(name string) string { return maskPersons(name, dayOf(l.cfg.Today)) }

// header finds the header of a sheet and the contract that it follows.
func (l *Loader) header(sh *sheet) (*Contract, header, error) {
	rows := sh.lines.texts()
	if m := l.cfg.Mapping; m != nil {
		h, err := m.header(rows)
		return l.contracts[0], h, err
	}
	contract, h, code := recognise(l.contracts, rows)
	if code != "" {
		return nil, header{}, refuse(code, nil, "stream", l.cfg.Stream)
	}
	return contract, h, nil
}

// job is a record on its way through the checkers.
type job struct {
	rec, raw arrow.Record
	origin   []int
	out      *checked
	err      error
	done     chan struct{}
}

func (j *job) release() {
	if j.rec != j.raw {
		j.raw.Release()
	}
	j.rec.Release()
	j.rec, j.raw, j.origin = nil, nil, nil // the job waits for its turn, the text need not
}

// loadRows reads the rows of a sheet, checks them on several goroutines, and takes what came out in order.
func (l *Loader) loadRows(ctx context.Context, s *stream, b *batch, t *table, h header) error {
	reading, cancel := context.WithCancel(ctx) // writes go on after the last row is read
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	overlap := newOverlaps()
	mapper, err := l.cfg.Mapping.mapper(s.contract, h)
	if err != nil {
		return err
	}
	if mapper != nil {
		h = mapper.header()
	}
	read := func(n int) (*job, error) {
		raw, err := t.next(n)
		if err != nil {
			return nil, err
		}
		j := &job{rec: raw, raw: raw, done: make(chan struct{})}
		if mapper != nil {
			if j.rec, j.origin, err = mapper.apply(raw); err != nil {
				raw.Release()
				return nil, err
			}
		}
		return j, nil
	}
	// The first record is checked here: most files have no second one.
	first, err := read(l.chunk)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	check := newChecker(s.plan, h)
	first.out, err = check.check(first.rec, first.raw, first.origin)
	first.release()
	if err != nil {
		return err
	}
	if err := l.take(ctx, s, undecided{b, first.out, h, overlap}); err != nil {
		return err
	}
	if first.out.read < l.chunk && mapper == nil {
		if _, err := t.next(1); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	jobs, queue := make(chan *job, l.cfg.Workers), make(chan *job, 2*l.cfg.Workers)
	var failed error // of the reader; read after queue is closed
	workers.Go(func() {
		defer close(jobs)
		defer close(queue)
		for {
			j, err := read(l.chunk)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					failed = err
				}
				return
			}
			select {
			case queue <- j:
			case <-reading.Done():
				j.release()
				return
			}
			jobs <- j // a checker is always there to take it
		}
	})
	for range l.cfg.Workers {
		workers.Go(func() {
			check := newChecker(s.plan, h)
			for j := range jobs {
				j.out, j.err = check.check(j.rec, j.raw, j.origin)
				j.release()
				close(j.done)
			}
		})
	}
	for j := range queue {
		<-j.done
		if err == nil {
			if err = j.err; err == nil {
				err = l.take(ctx, s, undecided{b, j.out, h, overlap})
			}
			if err != nil {
				cancel() // the reader stops; what is on its way is dropped
			}
		}
	}
	if err == nil {
		err = failed
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// decide decides for each checked row whether it is new, a correction, a void or known already, and hands what
// must be written to the writer.
func (l *Loader) decide(ctx context.Context, s *stream, u undecided) error {
	b, out := u.batch, u.out
	r := &b.result
	r.Read += out.read
	r.Rejected += out.rejected
	r.BadCells += out.spoilt.cells
	r.BadBytes += out.spoilt.bytes
	run := ready{
		batch: r.Batch, sheet: r.Sheet, at: b.began, rows: out.rows, key: out.key, content: out.content, notes: out.notes, columns: out.columns,
		version: make([]uint32, len(out.rows)), op: make([]byte, len(out.rows)),
	}
	write, wait := make([]bool, len(out.rows)), make([]bool, len(out.rows))
	b.started = b.started || l.cfg.DryRun
	tag := b.number(l)
	if s.held == nil {
		s.held = newHeldRows()
	}
	here := new(heldRun)
	var confirmed []confirmation
	confirm := func(i int, old version) {
		r.Unchanged++
		if old.batch != tag {
			confirmed = append(confirmed, confirmation{s.contract.Stream, out.key[i], old.number, r.Batch, out.rows[i]})
		}
	}
	for i, key := range out.key {
		old, exists := s.known.get(key)
		waiting := s.held.chains[key]
		if waiting != nil {
			old, exists = waiting.now, true
		}
		now := version{content: out.content[i], batch: tag, line: out.rows[i], number: old.number + 1}
		again := exists && old.batch == tag
		noted := out.warned[i]
		isVoid := out.state[i] == asVoid
		twice := false // another row of the sheet says something else
		switch {
		case waiting != nil && isVoid == waiting.before.void && (isVoid || s.plan.sameContent(waiting.before.content, now.content)):
			// What the rows before it have changed is back to what it was.
			n := s.held.drop(key)
			r.Corrected -= n
			r.Unchanged += n
			confirm(i, waiting.before)
			s.known.put(key, waiting.before)
			twice = true
		case isVoid && !exists:
			r.Rejected++
			out.findings = append(out.findings, finding{row: out.rows[i], severity: reject, code: "void_unknown", field: -1, sealed: out.sealed[i]})
			noted = false
		case isVoid && old.void, !isVoid && exists && !old.void && s.plan.sameContent(old.content, now.content):
			confirm(i, old)
		case isVoid:
			delete(s.held.chains, key) // its rows are written
			write[i], run.op[i], now.void = true, opVoid, true
			r.Voided++
			twice = again
		case !exists:
			write[i], run.op[i] = true, opLoad
			r.Loaded++
		default:
			run.op[i] = opCorrect
			r.Corrected++
			if wait[i] = waiting != nil || s.held.wants(old, again); wait[i] {
				s.held.hold(key, &old, now, here)
			} else {
				write[i] = true
			}
			twice = again
		}
		if twice {
			for _, line := range []uint32{old.line, out.rows[i]} {
				out.findings = append(out.findings, finding{row: line, severity: note, code: "same_key_twice", field: -1, key: key})
			}
			run.notes.also(i, "same_key_twice")
			noted = true
		}
		if write[i] || wait[i] {
			run.version[i] = now.number
			s.known.put(key, now)
			if len(out.periods) > 0 && run.op[i] != opVoid && u.overlap.add(out.periods[i]) {
				out.findings = append(out.findings, finding{row: out.rows[i], severity: warn, code: "period_overlap", field: -1, key: key})
				run.notes.also(i, "period_overlap")
				noted = true
			}
		}
		if noted {
			r.Warned++
		}
	}
	if s.contract.Stream == "employer" {
		s.enrol(out, write, wait)
	}
	if l.cfg.DryRun {
		return nil
	}
	l.writer.addFindings(b, s.contract, u.header, out.findings)
	l.writer.addReturned(b, out.returned, l.cfg.By)
	l.writer.confirmed = append(l.writer.confirmed, confirmed...)
	if len(here.written) > 0 {
		s.held.add(here, &run, out.vault, wait)
	}
	l.hand(s, b, &run, out.vault, write)
	if s.known.held != nil && uint64(s.known.held.n) > l.indexed {
		if err := errors.Join(l.write(ctx, b), l.writer.wait()); err != nil {
			return err
		}
		s.known.spill()
	}
	if s.waiting >= l.window || l.writer.full() {
		return l.write(ctx, b)
	}
	return nil
}

// number tells the versions of this batch from those that were there before, in a dry run too.
func (b *batch) number(l *Loader) uint32 {
	if b.result.Batch != 0 {
		return uint32(b.result.Batch)
	}
	return uint32(len(l.pending)) | 1<<31
}

// employer is an employer that is new on the roster.
type employer struct {
	code  string
	names []string
}

// enrol keeps new employers for the roster. They count from the next file on, so that it does not depend on the
// speed of the checkers what a row finds there.
func (s *stream) enrol(out *checked, write, wait []bool) {
	keys := out.columns[s.plan.slot("employer_key")].(*codeColumn)
	names := out.columns[s.plan.slot("employer_name")].(*textColumn)
	former := out.columns[s.plan.slot("former_names")].(*textsColumn)
	for i, key := range keys.places {
		if key := keys.dict.texts[key]; (write[i] || wait[i]) && !strings.HasPrefix(key, "name:") {
			s.enrolled = append(s.enrolled, employer{key, append([]string{names.text(i)}, former.list(i)...)})
		}
	}
}

// overlaps remembers the periods of each subject within a file.
type overlaps struct{ seen map[uint64][][2]int32 }

// maxPeriods bounds the memory of the check on overlaps; what comes later in the file is not compared.
const maxPeriods = 1 << 20

func newOverlaps() *overlaps { return &overlaps{seen: map[uint64][][2]int32{}} }

// add enters a period and reports whether it overlaps another one of the same subject.
func (o *overlaps) add(p period) bool {
	if p.subject == 0 || p.end < p.start {
		return false
	}
	overlapping := false
	for _, other := range o.seen[p.subject] {
		overlapping = overlapping || p.start <= other[1] && other[0] <= p.end && p.start != other[0]
	}
	if len(o.seen) < maxPeriods {
		o.seen[p.subject] = append(o.seen[p.subject], [2]int32{p.start, p.end})
	}
	return overlapping
}
