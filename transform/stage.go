package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// stageEnding is what the name of a stage's database has more than the warehouse's.
const stageEnding = "_stage"

// stage is a database beside the warehouse in which a run makes its tables. It shows the tables of the warehouse
// under their names, those that the run has made in their place, so that definitions run in it as they are. What was
// made becomes visible to readers all at once, by publish, or not at all.
//
// Models that are made at the same time share it: mu guards what it notes, and views is held for writing while a view shows
// only a part of its table, and for reading by what reads the whole.
type stage struct {
	mu       sync.Mutex
	views    sync.RWMutex
	live     *warehouse.DB
	work     *warehouse.DB     // nil until something is to be made
	shown    map[string]bool   // names that the work database shows
	tables   map[string]state  // of the warehouse, as they were at the beginning
	made     []string          // tables to put in place, in order
	comments map[string]string // notes to write on tables of the warehouse that stay
	changes  map[string]string // of a model or source whose rows changed: table in work with the rows that it had and that it has now
	unknown  map[string]bool   // models that were made anew without their changes being known
}

// state is what the comment of a table says of what it was made of: built of its definition and its inputs, contents of its
// rows. Tables with equal contents hold the same rows; a table that was made anew and came out the same keeps its
// contents.
type state struct{ built, contents string }

func (s state) comment(title string) string {
	return title + " " + signatureMark + s.built + "/" + s.contents
}

func parseState(comment string) state {
	_, text, _ := strings.Cut(comment, signatureMark)
	built, contents, ok := strings.Cut(text, "/")
	if !ok {
		contents = built // of a version that did not tell them apart
	}
	return state{built, contents}
}

func openStage(ctx context.Context, live *warehouse.DB) (*stage, error) {
	tables, err := listTables(ctx, live)
	if err != nil {
		return nil, err
	}
	return &stage{
		live: live, tables: tables, shown: map[string]bool{}, comments: map[string]string{}, changes: map[string]string{}, unknown: map[string]bool{},
	}, nil
}

// open makes the work database; what a run that was killed has left in it is dropped.
func (s *stage) open(ctx context.Context) error {
	if s.work != nil {
		return nil
	}
	name := s.live.Database() + stageEnding
	left, err := s.live.In(ctx, name)
	if err == nil {
		err = left.Drop(ctx)
	}
	if err == nil {
		s.work, err = s.live.In(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("open the database %s: %w", name, err)
	}
	return nil
}

// close drops the work database with what was not published and what was replaced.
func (s *stage) close(ctx context.Context) error {
	if s.work == nil {
		return nil
	}
	work := s.work
	s.work = nil
	return work.Drop(context.WithoutCancel(ctx))
}

// place is the database and the name of the table behind a name.
func (s *stage) place(name string) (database, table string) {
	if s.isMade(name) {
		return s.work.Database(), name + aside
	}
	return s.live.Database(), name
}

// show lets the work database have tables under their names.
func (s *stage) show(ctx context.Context, names ...string) error {
	for _, name := range names {
		if _, exists := s.tables[name]; s.shown[name] || !exists && !s.isMade(name) {
			continue
		}
		if err := s.showPart(ctx, name, "", ""); err != nil {
			return err
		}
		s.shown[name] = true
	}
	return nil
}

// showPart shows of a table only the rows whose value was touched.
func (s *stage) showPart(ctx context.Context, name, value, touched string) error {
	s.shown[name] = false
	database, from := s.place(name)
	return execTemplate(ctx, s.work, "transform_show", map[string]any{
		"Table": name, "Database": database, "From": from, "Value": value, "Touched": touched,
	})
}

// queryable returns the work database, with the tables shown that a query names.
func (s *stage) queryable(ctx context.Context, body string) (*warehouse.DB, error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	return s.work, s.show(ctx, identifiers(body)...)
}

// put notes that name+aside was made and takes the place of name.
func (s *stage) put(name string) {
	s.made = append(s.made, name)
	s.shown[name] = false
}

// publish puts what was made in the place of what is in use, but not the tables named in except. Between the first and
// the last lie milliseconds; what a crash in them leaves half done, the next run does anew.
func (s *stage) publish(ctx context.Context, except map[string]bool) error {
	ctx = context.WithoutCancel(ctx)
	for _, name := range s.made {
		if except[name] {
			continue
		}
		how := "transform_rename"
		if _, exists := s.tables[name]; exists {
			how = "transform_swap"
		}
		if err := execTemplate(ctx, s.live, how, map[string]any{"Aside": name + aside, "Table": name, "Work": s.work.Database()}); err != nil {
			return fmt.Errorf("publish %s: %w", name, err)
		}
	}
	for name, comment := range s.comments {
		if except[name] {
			continue
		}
		if err := execTemplate(ctx, s.live, "transform_comment", map[string]any{"Table": name, "Comment": comment}); err != nil {
			return fmt.Errorf("publish %s: %w", name, err)
		}
	}
	return nil
}

// smallTable is the number of rows up to which a table that was made anew is compared with the one in use, so that
// what reads it need not be made when nothing has changed.
const smallTable = 200_000

// isMade reports whether the run has made a table that takes the place of name.
func (s *stage) isMade(name string) bool { return slices.Contains(s.made, name) }

// before returns what stands for the contents of sources and models that the tables in use were made of; now are those
// of the sources as they are.
func (s *stage) before(ctx context.Context, now map[string]string) (map[string]string, error) {
	before := maps.Clone(now)
	for name, state := range s.tables {
		switch {
		case strings.HasPrefix(name, rawPrefix):
			delete(before, name)
		case state.contents != "" && !hasPrefix(name, "ops_", "ref_"):
			before[name] = state.contents
		}
	}
	if _, exists := s.tables[batchModel]; !exists {
		return before, nil
	}
	return before, readSignatures(ctx, s.live, before, "transform_batch_signatures")
}

// build is the making of one model's table.
type build struct {
	*stage
	model     Model
	signature string // of the definition and the inputs as they are
	before    string // of the definition and the inputs as they were when the tables in use were made; empty: make it as a whole
	values    map[string]string
	memory    uint64
	full      bool // as a whole, and without asking what changed
}

// run makes the table wholly or, where it is known what changed, only the rows concerned.
func (b build) run(ctx context.Context) (step Step, err error) {
	start, m := time.Now(), b.model
	defer func() {
		if err != nil {
			err = fmt.Errorf("build %s: %w", m.Path, err)
		}
	}()
	ctx = limited(ctx, b.memory)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.open(ctx); err != nil {
		return Step{}, err
	}
	if err := b.show(ctx, slices.Concat(m.Models, m.Sources)...); err != nil {
		return Step{}, err
	}
	step = Step{Name: m.Name, Built: true}
	old, exists := b.tables[m.Name]
	if exists && !b.full && b.before != "" && old.built == b.before {
		if step.Changed, step.Part, err = b.parts(ctx); err != nil {
			return Step{}, err
		}
	}
	if !step.Part {
		b.mu.Unlock()
		err = b.makeWhole(ctx)
		b.mu.Lock()
		if err == nil {
			step.Changed, err = b.compare(ctx, exists)
		}
		if err != nil {
			return Step{}, err
		}
	}
	if exists && step.Changed == 0 && !b.unknown[m.Name] {
		b.comments[m.Name] = state{b.signature, old.contents}.comment(m.Title.En)
		step.Rows, err = count(ctx, b.live, m.Name)
	} else {
		b.put(m.Name)
		step.Rows, err = count(ctx, b.work, m.Name+aside)
	}
	step.Seconds = time.Since(start).Seconds()
	return step, err
}

// makeWhole makes all rows of the table.
func (b build) makeWhole(ctx context.Context) error {
	m := b.model
	text, err := templated(b.work, "transform_build", map[string]any{
		"Table": m.Name + aside, "Engine": m.Engine, "Order": m.Order, "Select": m.Body,
		"Comment": state{b.signature, b.signature}.comment(m.Title.En),
	})
	if err != nil {
		return err
	}
	b.views.RLock()
	defer b.views.RUnlock()
	return b.work.ExecSQL(ctx, text, bind(m.Body, b.values)...)
}

// compare finds out, when the rows of a table that was made as a whole are few, in which of them it differs from the one in use.
func (b build) compare(ctx context.Context, exists bool) (changed uint64, err error) {
	m, made := b.model, b.model.Name+aside
	rows, err := count(ctx, b.work, made)
	if err != nil {
		return 0, err
	}
	b.unknown[m.Name] = true
	if !exists || b.full {
		return rows, nil
	}
	before, err := count(ctx, b.live, m.Name)
	if err != nil || max(before, rows) > smallTable {
		return rows, err
	}
	same := false
	if err = b.work.Row(ctx, "transform_same_columns", []any{&same},
		clickhouse.Named("old", b.live.Database()), clickhouse.Named("old_table", m.Name),
		clickhouse.Named("new", b.work.Database()), clickhouse.Named("new_table", made)); err != nil || !same {
		return rows, err
	}
	table := m.Name + "__changed"
	changed, err = b.difference(ctx, table, b.live.Database(), m.Name, made)
	if err != nil {
		return 0, err
	}
	delete(b.unknown, m.Name)
	if changed > 0 {
		b.changes[m.Name] = table
	}
	return changed, nil
}

// difference makes a table of the rows that one of two tables has and the other has not.
func (s *stage) difference(ctx context.Context, table, database, old, made string) (rows uint64, err error) {
	err = execTemplate(ctx, s.work, "transform_difference", map[string]any{"Table": table, "OldDatabase": database, "Old": old, "New": made})
	if err != nil {
		return 0, err
	}
	return count(ctx, s.work, table)
}

// sourceChanges makes the rows of changed batches known, by stream, once the list of the batches that count is up to date.
func (s *stage) sourceChanges(ctx context.Context, sources []string) error {
	if s.unknown[batchModel] || !s.isMade(batchModel) {
		return nil
	}
	const batches = "changed_batches"
	if err := execTemplate(ctx, s.work, "transform_batches_changed", map[string]any{
		"Table": batches, "Database": s.live.Database(), "New": batchModel + aside,
	}); err != nil {
		return err
	}
	for _, name := range sources {
		stream, isRaw := strings.CutPrefix(name, rawPrefix)
		if _, exists := s.tables[name]; !isRaw || !exists {
			continue
		}
		table := name + "__changed"
		if err := execTemplate(ctx, s.work, "transform_rows_changed", map[string]any{
			"Table": table, "Database": s.live.Database(), "From": name, "Batches": batches, "Stream": stream,
		}); err != nil {
			return err
		}
		s.changes[name] = table
	}
	return nil
}

// rawPrefix begins the names of the tables with loaded rows.
const rawPrefix = "raw_"
