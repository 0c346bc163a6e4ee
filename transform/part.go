package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ohsql "ohwatch/sql"
)

// Key is a column whose values divide the rows of a model, or the offenders of a check, into parts that depend only on
// those rows of some inputs that have the same value. In a header it reads
//
//	-- by_employer_key: stg_detection; stg_exam = if(using_key = '', employer_key, using_key); + dim_reading
//
// When only the inputs named have changed, only the parts with the values of the changed rows are made anew. An input
// behind a plus is cut to the part as well, but a change of it does not tell which parts are concerned: another key does.
type Key struct {
	Column string
	Inputs []KeyInput
}

// KeyInput is an input of which a part needs only the rows with its value of the key.
type KeyInput struct {
	Name  string
	Value string // SQL expression over the input's columns
	Leads bool   // its changed rows say which parts are concerned
}

const keyPrefix = "by_"

// readKeys reads the keys of a header, sorted by column.
func readKeys(f ohsql.File, inputs []string) ([]Key, error) {
	var keys []Key
	for _, header := range f.Keys() {
		column, ok := strings.CutPrefix(header, keyPrefix)
		if !ok {
			continue
		}
		key := Key{Column: column}
		for part := range strings.SplitSeq(f.Header[header], ";") {
			name, value, _ := strings.Cut(part, "=")
			name, led := strings.CutPrefix(strings.TrimSpace(name), "+")
			in := KeyInput{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value), Leads: !led}
			if in.Value == "" {
				in.Value = column
			}
			if !slices.Contains(inputs, in.Name) {
				return nil, fmt.Errorf("%s: line %d: %s: the query does not read %q", f.Path, headerLine(f, header), header, in.Name)
			}
			key.Inputs = append(key.Inputs, in)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (k Key) input(name string) (KeyInput, bool) {
	at := slices.IndexFunc(k.Inputs, func(i KeyInput) bool { return i.Name == name })
	if at < 0 {
		return KeyInput{}, false
	}
	return k.Inputs[at], true
}

// rowChange is a table with changed rows and what of them is the value of a key; rows whose value of another key is in a
// table of done ones have been seen to.
type rowChange struct {
	Table, Value string
	Done         []rowChange
}

// concerned finds out, for each of the keys, which changed rows tell the parts to make anew. ok is false when that is
// not known, because an input was made anew as a whole or leads no key.
func (s *stage) concerned(keys []Key, inputs []string) (changes [][]rowChange, ok bool) {
	changes = make([][]rowChange, len(keys))
	led := map[string]bool{}
	for at, key := range keys {
		for _, name := range inputs {
			table, known := s.changes[name]
			in, has := key.input(name)
			if !known || !has || !in.Leads || led[name] {
				continue
			}
			led[name] = true
			c := rowChange{Table: table, Value: in.Value}
			for k, before := range keys[:at] {
				if in, has := before.input(name); has && len(changes[k]) > 0 {
					c.Done = append(c.Done, rowChange{Table: touchedTable(before), Value: in.Value})
				}
			}
			changes[at] = append(changes[at], c)
		}
	}
	for _, name := range inputs {
		if _, known := s.changes[name]; s.unknown[name] || known && !led[name] {
			return nil, false
		}
	}
	return changes, true
}

// touchedTable is the table in which the values of a key stand whose parts are made anew.
func touchedTable(k Key) string { return "touched__" + k.Column }

// touch makes the table of the values of a key that changed rows have, and returns their number.
func (s *stage) touch(ctx context.Context, key Key, changes []rowChange) (n uint64, err error) {
	table := touchedTable(key)
	if err := drop(ctx, s.work, table); err != nil {
		return 0, err
	}
	if len(changes) == 0 {
		return 0, nil
	}
	if err := execTemplate(ctx, s.work, "transform_touched", map[string]any{"Table": table, "Changes": changes}); err != nil {
		return 0, err
	}
	return count(ctx, s.work, table)
}

// parts makes the rows of a model anew that have a touched value of a key, in a second table with the parts on disk of
// the one in use. done is false when the table has to be made as a whole.
func (b build) parts(ctx context.Context) (changed uint64, done bool, err error) {
	m, made := b.model, b.model.Name+aside
	inputs := slices.DeleteFunc(slices.Concat(m.Models, m.Sources), func(name string) bool {
		return m.readsStream() && (name == batchModel || name == aliasModel) // they show in the rows of the streams
	})
	changes, ok := b.concerned(m.Keys, inputs)
	if !ok {
		return 0, false, nil
	}
	b.views.Lock()
	defer b.views.Unlock()
	database, old := b.live.Database(), m.Name
	existing, err := count(ctx, b.live, m.Name)
	if err != nil {
		return 0, false, err
	}
	for at, key := range m.Keys {
		n, err := b.touch(ctx, key, changes[at])
		if err != nil {
			return 0, false, err
		}
		if n == 0 {
			continue
		}
		p := partBuild{build: b, key: key, database: database, old: old}
		rows, gone, err := p.make(ctx)
		if err != nil {
			return 0, false, err
		}
		if gone > smallTable && gone > existing/2 { // as a whole is cheaper, and keeps the table tidy
			delete(b.changes, m.Name)
			return 0, false, drop(ctx, b.work, made)
		}
		if rows == 0 {
			continue
		}
		if err := p.put(ctx, gone > 0); err != nil {
			return 0, false, err
		}
		changed += rows
		database, old = b.work.Database(), made
	}
	return changed, true, nil
}

// partBuild makes the parts of one key of a model's table.
type partBuild struct {
	build
	key           Key
	database, old string // table that the parts are of
}

func (p partBuild) table(kind string) string { return p.model.Name + "__" + kind + "_" + p.key.Column }

// make makes the parts, and the rows in which they differ from what they were; gone is the number of rows that they had.
func (p partBuild) make(ctx context.Context) (changed, gone uint64, err error) {
	touched := touchedTable(p.key)
	for _, in := range p.key.Inputs {
		if err := p.showPart(ctx, in.Name, in.Value, touched); err != nil {
			return 0, 0, err
		}
	}
	text, err := templated(p.work, "transform_part", map[string]any{
		"Table": p.table("new"), "Select": p.model.Body, "Key": p.key.Column, "Touched": touched,
	})
	if err == nil {
		err = p.work.ExecSQL(ctx, text, bind(p.model.Body, p.values)...)
	}
	for _, in := range p.key.Inputs {
		if err == nil {
			err = p.show(ctx, in.Name)
		}
	}
	if err == nil {
		err = execTemplate(ctx, p.work, "transform_old_part", map[string]any{
			"Table": p.table("old"), "Database": p.database, "Old": p.old, "Key": p.key.Column, "Touched": touched,
		})
	}
	if err != nil {
		return 0, 0, err
	}
	if gone, err = count(ctx, p.work, p.table("old")); err != nil {
		return 0, 0, err
	}
	changed, err = p.difference(ctx, p.table("changed"), p.work.Database(), p.table("old"), p.table("new"))
	return changed, gone, err
}

// put puts those parts into the table that differ.
func (p partBuild) put(ctx context.Context, replaces bool) error {
	made, changed := p.model.Name+aside, p.table("changed")
	run := func(query string, values map[string]any) error { return execTemplate(ctx, p.work, query, values) }
	if p.old != made {
		if err := run("transform_clone", map[string]any{"Aside": made, "Database": p.database, "Table": p.old}); err != nil {
			return err
		}
		if err := run("transform_comment", map[string]any{"Table": made, "Comment": state{p.signature, p.signature}.comment(p.model.Title.En)}); err != nil {
			return err
		}
		p.changes[p.model.Name] = changed
	} else if err := run("transform_add_changes", map[string]any{"Table": p.changes[p.model.Name], "From": changed}); err != nil {
		return err
	}
	if replaces {
		if err := run("transform_forget", map[string]any{"Table": made, "Key": p.key.Column, "Changed": changed}); err != nil {
			return err
		}
	}
	return run("transform_take", map[string]any{"Table": made, "Key": p.key.Column, "From": p.table("new"), "Changed": changed})
}
