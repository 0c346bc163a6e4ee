package ingest

import "slices"

// heldRows are rows of the sheet being read that would correct a fact which was corrected, or voided, before. Such a fact may have
// got its present version further down in a file like this one, so that the same file in other bytes would correct it away and
// back again. The rows wait: when a later row of the sheet says what the warehouse has, none of them changes anything; when the sheet
// ends without, they are written after all. Rows may be written in any order: their numbers say which one is later.
type heldRows struct {
	chains map[uint64]*chain // by key, not settled yet
	runs   []*heldRun
	n      int
}

// chain is the rows about one fact that wait, in order.
type chain struct {
	before version // of the fact, as it was before the sheet
	now    version // as it is when the rows are written
	rows   []heldRow
}

// heldRow is a place among the rows of a run.
type heldRow struct {
	run   *heldRun
	place int
}

// heldRun is the rows of one record that wait.
type heldRun struct {
	ready
	vault   []vaultEntry
	written []bool // false for rows that turned out to change nothing
}

// maxHeld bounds the memory of the rows that wait; what comes later is written at once.
const maxHeld = 1 << 14

func newHeldRows() *heldRows { return &heldRows{chains: map[uint64]*chain{}} }

// wants reports whether a row that corrects a fact should wait.
func (h *heldRows) wants(old version, again bool) bool {
	return !again && (old.number > 1 || old.void) && h.n < maxHeld
}

// hold adds a row of a run to the chain of its key, which begins with it when before is given.
func (h *heldRows) hold(key uint64, before *version, now version, run *heldRun) {
	c := h.chains[key]
	if c == nil {
		c = &chain{before: *before}
		h.chains[key] = c
	}
	c.now = now
	c.rows = append(c.rows, heldRow{run, len(run.written)})
	run.written = append(run.written, true)
	h.n++
}

// drop ends a chain whose rows change nothing and returns how many they are.
func (h *heldRows) drop(key uint64) int {
	c := h.chains[key]
	delete(h.chains, key)
	for _, r := range c.rows {
		r.run.written[r.place] = false
	}
	return len(c.rows)
}

// add keeps the rows of a record that are marked, as many as were held of it.
func (h *heldRows) add(run *heldRun, of *ready, vault []vaultEntry, marked []bool) {
	run.ready = ready{
		batch: of.batch, sheet: of.sheet, at: of.at, rows: picked(of.rows, marked), version: picked(of.version, marked), op: picked(of.op, marked),
		key: picked(of.key, marked), content: picked(of.content, marked), notes: &notes{lists: of.notes.lists, of: picked(of.notes.of, marked)},
	}
	for _, column := range of.columns {
		run.columns = append(run.columns, column.pick(marked))
	}
	place := make([]int, len(marked))
	n := 0
	for i, m := range marked {
		if place[i] = n; m {
			n++
		}
	}
	for _, e := range vault {
		if marked[e.index] {
			e.index = place[e.index]
			run.vault = append(run.vault, e)
		}
	}
	h.runs = append(h.runs, run)
}

// release hands what still waits at the end of a sheet to the writer.
func (l *Loader) release(s *stream, b *batch) {
	h := s.held
	if h == nil {
		return
	}
	for key, c := range h.chains {
		s.known.put(key, c.now)
	}
	if l.cfg.DryRun {
		return
	}
	for _, run := range h.runs {
		l.hand(s, b, &run.ready, run.vault, run.written)
	}
}

// hand gives the marked rows of a run, and what the vault keeps of them, to the writer.
func (l *Loader) hand(s *stream, b *batch, run *ready, vault []vaultEntry, marked []bool) {
	for _, e := range vault {
		if marked[e.index] {
			e.stream, e.batch, e.row = s.contract.Stream, b.result.Batch, run.rows[e.index]
			l.writer.vault = append(l.writer.vault, e)
		}
	}
	if slices.Contains(marked, false) {
		run.rows, run.key, run.content = kept(run.rows, marked), kept(run.key, marked), kept(run.content, marked)
		run.notes.of, run.version, run.op = kept(run.notes.of, marked), kept(run.version, marked), kept(run.op, marked)
		for _, column := range run.columns {
			column.keep(marked)
		}
	}
	if len(run.rows) > 0 {
		s.ready = append(s.ready, *run)
		s.waiting += len(run.rows)
	}
}
