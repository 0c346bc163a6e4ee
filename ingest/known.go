package ingest

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
)

// version is the present state of a fact.
type version struct {
	content uint64 // content hash of its latest version
	batch   uint32 // last digits of its batch; 0 when it was loaded before
	line    uint32 // of the latest version in its file
	number  uint32 // of the latest version, from 1
	void    bool
}

// Bounds of what is known of a stream in memory: facts that are read from the warehouse at once, and facts that
// are held (about 60 bytes each).
const (
	maxRead    = 1 << 17
	maxIndexed = 1 << 19
)

// known is what the load knows of the facts of a stream. As long as they are few, all of them are held. When they
// are many, rows wait until there is a window of them, and their facts are looked up in the warehouse together;
// facts that the load itself has written are found by a filter, and held only until the warehouse shows them. So the
// memory does not grow with the warehouse nor with the file. A dry run writes nothing and holds what it has seen.
type known struct {
	held    *index // every fact of the stream; nil when they are too many, or not read yet
	read    bool
	fresh   bool     // the warehouse has none but those of this load
	written *filter  // keys that this load has written
	recent  []*index // of rows that the warehouse may not show yet, by write; those that wait to be written are last
	found   *index   // of the rows being decided, from the warehouse
}

// large reports whether the facts are too many to be held.
func (k *known) large() bool { return k.read && k.held == nil }

// get returns the present version of a fact.
func (k *known) get(key uint64) (version, bool) {
	if k.held != nil {
		return k.held.get(key)
	}
	for _, x := range slices.Backward(k.recent) {
		if v, ok := x.get(key); ok {
			return v, true
		}
	}
	if k.found == nil {
		return version{}, false
	}
	return k.found.get(key)
}

// put notes a new version.
func (k *known) put(key uint64, v version) {
	if k.held != nil {
		k.held.put(key, v)
		return
	}
	k.recent[len(k.recent)-1].put(key, v)
	k.written.add(key)
}

// rotate notes that what waited is being written, and what was being written is visible.
func (k *known) rotate() {
	if k.large() {
		k.recent = append(k.recent, newIndex(0))
	}
}

// spill stops holding the facts, all of which the warehouse shows.
func (k *known) spill() {
	k.written = newFilter()
	for key := range k.held.all {
		k.written.add(key)
	}
	k.held, k.recent = nil, []*index{newIndex(0)}
}

// unknown lists the keys of a window that only the warehouse can tell about.
func (k *known) unknown(window []undecided) []uint64 {
	k.recent = slices.Delete(k.recent, 0, max(0, len(k.recent)-2)) // the warehouse shows the others
	var wanted []uint64
	asked := newIndex(0)
	for _, w := range window {
		for _, key := range w.out.key {
			if k.fresh && !k.written.has(key) {
				continue
			}
			if _, ok := k.get(key); ok {
				continue
			}
			if _, ok := asked.get(key); !ok {
				asked.put(key, version{})
				wanted = append(wanted, key)
			}
		}
	}
	return wanted
}

// readKnown reads the present versions of a stream, unless there are too many to be held.
func (l *Loader) readKnown(ctx context.Context, s *stream) error {
	if s.known.read {
		return nil
	}
	var n uint64
	if err := l.cfg.DB.Row(ctx, "ingest_rows", []any{&n}, clickhouse.Named("table", s.contract.Table)); err != nil {
		return fmt.Errorf("count %s: %w", s.contract.Table, err)
	}
	s.known = known{held: newIndex(0), read: true, fresh: n == 0}
	if n > min(l.indexed, maxRead) {
		s.known.spill()
		return nil
	}
	if n == 0 {
		return nil
	}
	rows, err := l.cfg.DB.Rows(ctx, "ingest_keys", clickhouse.Named("table", s.contract.Table))
	if err != nil {
		return fmt.Errorf("read the keys of %s: %w", s.contract.Table, err)
	}
	defer rows.Close()
	for rows.Next() {
		var key uint64
		var v version
		if err := rows.Scan(&key, &v.content, &v.number, &v.void); err != nil {
			return fmt.Errorf("read the keys of %s: %w", s.contract.Table, err)
		}
		s.known.held.put(key, v)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the keys of %s: %w", s.contract.Table, err)
	}
	return nil
}

// undecided is a checked record whose rows wait for the facts behind them.
type undecided struct {
	batch   *batch
	out     *checked
	header  header
	overlap *overlaps
}

// take takes a checked record: its rows are decided at once when the facts of the stream are held, else with
// the others of their window.
func (l *Loader) take(ctx context.Context, s *stream, u undecided) error {
	if !s.known.large() {
		return l.decide(ctx, s, u)
	}
	s.undecided = append(s.undecided, u)
	if s.undecidedRows += len(u.out.rows); s.undecidedRows < l.window {
		return nil
	}
	return l.settle(ctx, s)
}

// settle decides the rows that wait for the facts behind them.
func (l *Loader) settle(ctx context.Context, s *stream) error {
	window := s.undecided
	s.undecided, s.undecidedRows = nil, 0
	if len(window) == 0 {
		return nil
	}
	if err := l.lookUp(ctx, s, window); err != nil {
		return err
	}
	for i, u := range window {
		if err := l.decide(ctx, s, u); err != nil {
			return err
		}
		window[i] = undecided{} // its memory can go
	}
	s.known.found = nil
	return nil
}

// lookUp reads the present versions of the facts behind a window from the warehouse. What the load wrote before
// the write under way is visible there.
func (l *Loader) lookUp(ctx context.Context, s *stream, window []undecided) error {
	wanted := s.known.unknown(window)
	if len(wanted) == 0 {
		return nil
	}
	table, err := ext.NewTable("wanted", ext.Column("key_hash", "UInt64"))
	if err != nil {
		return fmt.Errorf("look up keys: %w", err)
	}
	for _, key := range wanted {
		if err := table.Append(key); err != nil {
			return fmt.Errorf("look up keys: %w", err)
		}
	}
	first := window[0].batch.result.Batch
	for _, p := range l.pending {
		if p.table == s.contract.Table && p.result.Batch != 0 {
			first = min(first, p.result.Batch)
		}
	}
	if l.cfg.DryRun {
		first = l.next // nothing of this load is there
	}
	rows, err := l.cfg.DB.Rows(clickhouse.Context(ctx, clickhouse.WithExternalTable(table)), "ingest_keys_of",
		clickhouse.Named("table", s.contract.Table), clickhouse.Named("batch", first))
	if err != nil {
		return fmt.Errorf("look up keys: %w", err)
	}
	defer rows.Close()
	found := newIndex(len(wanted))
	for rows.Next() {
		var key uint64
		var v version
		var number uint64
		if err := rows.Scan(&key, &v.content, &v.number, &v.void, &number, &v.line); err != nil {
			return fmt.Errorf("look up keys: %w", err)
		}
		v.batch = uint32(number)
		found.put(key, v)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look up keys: %w", err)
	}
	s.known.found = found
	return nil
}
