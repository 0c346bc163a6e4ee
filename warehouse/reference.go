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

	"github.com/ClickHouse/clickhouse-go/v2"

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
	var loaded []struct {
		Name   string `ch:"name"`
		SHA256 string `ch:"sha256"`
		Exists bool   `ch:"has_table"`
	}
	if err := db.Select(ctx, &loaded, "warehouse_reference_list"); err != nil {
		return err
	}
	hashes, tables := map[string]string{}, map[string]bool{}
	for _, list := range loaded {
		hashes[list.Name], tables[list.Name] = list.SHA256, list.Exists
	}
	for _, file := range names {
		text, err := fs.ReadFile(lists, file)
		if err != nil {
			return doing(err, "read reference list %s", file)
		}
		sum := sha256.Sum256(text)
		hash := hex.EncodeToString(sum[:])
		name := strings.TrimSuffix(file, ".csv")
		if tables[name] && hashes[name] == hash {
			continue
		}
		n, err := db.replaceReference(ctx, name, text)
		if err != nil {
			return doing(err, "load reference list %s", file)
		}
		if err := db.Exec(ctx, "warehouse_reference_insert",
			clickhouse.Named("name", name), clickhouse.Named("sha256", hash),
			clickhouse.Named("rows", n), clickhouse.Named("at", db.Now().UnixMilli())); err != nil {
			return err
		}
		db.cfg.Log.Info("reference list loaded", "name", name, "rows", n)
	}
	return nil
}

// replaceReference fills a table aside and puts it in the place of ref_name. It returns the number of rows.
func (db *DB) replaceReference(ctx context.Context, name string, text []byte) (uint64, error) {
	columns, values, err := readList(text)
	if err != nil {
		return 0, err
	}
	table := "ref_" + name
	aside := table + "_aside"
	fill := map[string]any{"Table": table, "Aside": aside, "Columns": columns, "List": name}
	run := func(query string) error {
		statement, err := db.render(query, fill)
		if err != nil {
			return err
		}
		return doing(db.ExecSQL(ctx, statement), "run %s", query)
	}
	for _, query := range []string{"warehouse_reference_clear_aside", "warehouse_reference_create_aside"} {
		if err := run(query); err != nil {
			return 0, err
		}
	}
	appender, err := db.Append(ctx, aside, columns)
	if err != nil {
		return 0, err
	}
	for i := range columns {
		if err := appender.Column(i).Append(values[i]); err != nil {
			return 0, errors.Join(err, appender.Close())
		}
	}
	if err := appender.Send(); err != nil {
		return 0, errors.Join(err, appender.Close())
	}
	if err := appender.Close(); err != nil {
		return 0, err
	}
	// An empty table of the same name first, so that the first load is a swap as well.
	for _, query := range []string{"warehouse_reference_create_first", "warehouse_reference_swap", "warehouse_reference_clear_aside"} {
		if err := run(query); err != nil {
			return 0, err
		}
	}
	return appender.Rows(), nil
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
