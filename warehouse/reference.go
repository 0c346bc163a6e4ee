package warehouse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	ohsql "ohwatch/sql"
)

// loadReference brings the reference tables up to the lists in sql/reference: NAME.csv becomes ref_NAME, with
// a String column for each heading and the rows in the order of the file. A list whose bytes are those of the
// last load is left alone; another one is built aside and swapped in, so that readers see the old or the new
// list and never a part.
func (db *DB) loadReference(ctx context.Context) error {
	lists, err := ohsql.ReferenceFS(db.cfg.Files)
	if err != nil {
		return doing(err, "find the reference lists")
	}
	names, err := fs.Glob(lists, "*.csv")
	if err != nil {
		return doing(err, "find the reference lists")
	}
	if len(names) == 0 {
		return nil
	}
	var known []struct {
		Name   string `ch:"name"`
		SHA256 string `ch:"sha256"`
	}
	if err := db.Select(ctx, &known, "warehouse_reference_list"); err != nil {
		return err
	}
	hashes := map[string]string{} // by table; empty for a table that no list was loaded into
	for _, table := range known {
		hashes[table.Name] = table.SHA256
	}
	var (
		group  errgroup.Group
		mu     sync.Mutex
		loaded loadedLists
	)
	group.SetLimit(4)
	for _, file := range names {
		text, err := fs.ReadFile(lists, file)
		if err != nil {
			return doing(err, "read reference list %s", file)
		}
		sum := sha256.Sum256(text)
		hash := hex.EncodeToString(sum[:])
		name := strings.TrimSuffix(file, ".csv")
		present, exists := hashes["ref_"+name]
		if exists && present == hash {
			continue
		}
		_, leftOver := hashes["ref_"+name+"_aside"]
		group.Go(func() error {
			n, err := db.replaceReference(ctx, name, text, exists, leftOver)
			if err != nil {
				return doing(err, "load reference list %s", file)
			}
			mu.Lock()
			defer mu.Unlock()
			loaded.add(name, hash, n, db.Now())
			return nil
		})
	}
	err = group.Wait()
	return errors.Join(err, db.recordLists(ctx, loaded))
}

// loadedLists are rows of ops_reference by column.
type loadedLists struct {
	names, hashes []string
	rows          []uint64
	at            []time.Time
}

func (l *loadedLists) add(name, hash string, rows uint64, at time.Time) {
	l.names, l.hashes = append(l.names, name), append(l.hashes, hash)
	l.rows, l.at = append(l.rows, rows), append(l.at, at)
}

// recordLists writes what was loaded into the log. A list that was loaded and not recorded is loaded again.
func (db *DB) recordLists(ctx context.Context, lists loadedLists) (err error) {
	if len(lists.names) == 0 {
		return nil
	}
	appender, err := db.Append(ctx, "ops_reference", []string{"name", "sha256", "n_rows", "loaded_at"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, appender.Close()) }()
	for i, values := range []any{lists.names, lists.hashes, lists.rows, lists.at} {
		if err := appender.Column(i).Append(values); err != nil {
			return doing(err, "record the reference lists")
		}
	}
	db.cfg.Log.Info("reference lists loaded", "lists", len(lists.names))
	return appender.Send()
}

// replaceReference fills a table aside and puts it in the place of ref_name, which may exist or not; leftOver
// says that an earlier load was cut off and left its table. It returns the number of rows.
func (db *DB) replaceReference(ctx context.Context, name string, text []byte, exists, leftOver bool) (uint64, error) {
	columns, values, err := readList(text)
	if err != nil {
		return 0, err
	}
	aside := "ref_" + name + "_aside"
	fill := map[string]any{"Table": "ref_" + name, "Aside": aside, "Columns": columns, "List": name}
	run := func(queries ...string) error {
		for _, query := range queries {
			statement, err := db.render(query, fill)
			if err != nil {
				return err
			}
			if err := db.ExecSQL(ctx, statement); err != nil {
				return doing(err, "run %s", query)
			}
		}
		return nil
	}
	before := []string{"warehouse_reference_create_aside"}
	if leftOver {
		before = []string{"warehouse_reference_clear_aside", "warehouse_reference_create_aside"}
	}
	if err := run(before...); err != nil {
		return 0, err
	}
	n, err := db.appendStrings(ctx, aside, columns, values)
	if err != nil {
		return 0, err
	}
	if !exists {
		return n, run("warehouse_reference_place")
	}
	return n, run("warehouse_reference_swap", "warehouse_reference_clear_aside")
}

// appendStrings writes columns of strings into a table and returns the number of rows.
func (db *DB) appendStrings(ctx context.Context, table string, columns []string, values [][]string) (n uint64, err error) {
	appender, err := db.Append(ctx, table, columns)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, appender.Close()) }()
	for i := range columns {
		if err := appender.Column(i).Append(values[i]); err != nil {
			return 0, err
		}
	}
	return uint64(len(values[0])), appender.Send()
}

// readList splits a list into column names and one slice of values for each column.
func readList(text []byte) (columns []string, values [][]string, err error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("the list has no header line")
	}
	for _, heading := range rows[0] {
		column := snakeCase(heading)
		if column == "" || slices.Contains(columns, column) {
			return nil, nil, fmt.Errorf("heading %q is empty or occurs twice", heading)
		}
		columns = append(columns, column)
	}
	values = make([][]string, len(columns))
	for i := range columns {
		values[i] = make([]string, 0, len(rows)-1)
		for _, row := range rows[1:] {
			values[i] = append(values[i], row[i])
		}
	}
	return columns, values, nil
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// snakeCase writes a heading as a column name: lower case, words joined by an underscore.
func snakeCase(heading string) string {
	return strings.Trim(notWord.ReplaceAllString(strings.ToLower(heading), "_"), "_")
}
