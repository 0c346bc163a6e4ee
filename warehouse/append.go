package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// MaxBlock is the number of rows from which Flush sends what was appended.
const MaxBlock = 32_768

// Appender writes rows to a table column by column, which is over ten times faster than row by row. Columns of
// type LowCardinality travel as plain values; the server builds their dictionaries.
//
// Rows reach the table block by block: what a Flush has sent stays even when the Appender is closed without
// Send. A load that must appear whole therefore marks its rows and is published afterwards.
//
// An Appender holds one connection, is not safe for several goroutines, and must be closed.
type Appender struct {
	db      *DB
	ctx     context.Context
	table   string
	columns []string
	batch   driver.Batch
	sent    uint64
}

// Append begins to append to columns of a table of the current database.
func (db *DB) Append(ctx context.Context, table string, columns []string) (*Appender, error) {
	text, err := db.render("warehouse_append", map[string]any{"Table": table, "Columns": columns})
	if err != nil {
		return nil, err
	}
	a := &Appender{db: db, table: table, columns: columns}
	a.ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"low_cardinality_allow_in_native_format": 0,
	}))
	a.batch, err = db.conn.PrepareBatch(a.ctx, text)
	if err != nil {
		return nil, doing(db.explain(ctx, err), "append to %s", table)
	}
	return a, nil
}

// Column is the column at position i of the list given to Append. Its Append takes a slice of the column's Go
// type (string, uint32, *float64 for Nullable(Float64), time.Time for dates, []string for arrays of strings, …).
// Before each Flush all columns must have got the same number of values.
func (a *Appender) Column(i int) driver.BatchColumn { return a.batch.Column(i) }

// Types are the ClickHouse types of the columns as they travel, in the order given to Append.
func (a *Appender) Types() []string {
	var types []string
	for _, column := range a.batch.Columns() {
		types = append(types, string(column.Type()))
	}
	return types
}

// Flush sends the appended rows if there are at least MaxBlock of them. Slices handed to Append may be used
// again after Flush has returned, whether it sent or not.
func (a *Appender) Flush() error {
	if err := a.check(); err != nil {
		return err
	}
	n := a.batch.Rows()
	if n < MaxBlock {
		return nil
	}
	if err := a.ctx.Err(); err != nil {
		return doing(err, "append to %s", a.table)
	}
	if err := a.batch.Flush(); err != nil {
		return doing(a.db.explain(a.ctx, err), "append to %s after %d rows", a.table, a.sent)
	}
	a.sent += uint64(n)
	return nil
}

// Send sends the rest and waits until the server has taken everything. The Appender is finished afterwards.
func (a *Appender) Send() error {
	if err := a.check(); err != nil {
		return err
	}
	n := a.batch.Rows()
	if err := a.batch.Send(); err != nil {
		return doing(a.db.explain(a.ctx, err), "append to %s after %d rows", a.table, a.sent)
	}
	a.sent += uint64(n)
	return nil
}

// Rows is the number of rows that were sent.
func (a *Appender) Rows() uint64 { return a.sent }

// Close gives the connection back. Rows that were appended but not sent are dropped. Closing after Send, or
// twice, does nothing.
func (a *Appender) Close() error { return abort(a.batch, a.table) }

func abort(batch driver.Batch, table string) error {
	err := batch.Abort()
	if err == nil || errors.Is(err, clickhouse.ErrBatchAlreadySent) {
		return nil
	}
	return doing(err, "close the append to %s", table)
}

// check reports columns of different length, which the driver would send as a broken block.
func (a *Appender) check() error {
	first := -1
	for i, column := range a.batch.Columns() {
		switch {
		case first < 0:
			first = column.Rows()
		case column.Rows() != first:
			return fmt.Errorf("append to %s: column %s has %d values, column %s has %d",
				a.table, a.columns[i], column.Rows(), a.columns[0], first)
		}
	}
	return nil
}
