package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// NativeColumn is one column of a block: either the bytes that the native protocol sends for it, without the
// prefix of its type, or a slice of its values for the driver to lay out, such as []string.
type NativeColumn struct {
	Bytes  []byte
	Values any
}

// Blocks writes rows to a table in blocks that are in the form of the native protocol already, so that nothing
// is converted, boxed or looked up once more on the way: columns of type LowCardinality travel as a dictionary
// of the block and a number of one, two or four bytes a row. See docs/adr/0004.
//
// Rows reach the table block by block and become visible part by part: what was sent stays when Blocks is
// closed without Commit. A load that must appear whole therefore marks its rows and is published afterwards.
//
// Blocks holds one connection, is not safe for several goroutines, and must be closed.
type Blocks struct {
	db      *DB
	ctx     context.Context
	table   string
	batch   driver.Batch
	columns []column.Interface
	source  bytes.Reader
	reader  *proto.Reader
	sent    uint64
}

// Blocks begins to write to columns of a table of the current database.
func (db *DB) Blocks(ctx context.Context, table string, columns []string) (*Blocks, error) {
	text, err := db.render("warehouse_append", map[string]any{"Table": table, "Columns": columns})
	if err != nil {
		return nil, err
	}
	b := &Blocks{db: db, table: table}
	b.ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"low_cardinality_allow_in_native_format": 1,
	}))
	if b.batch, err = db.conn.PrepareBatch(b.ctx, text); err != nil {
		return nil, doing(db.explain(ctx, err), "write to %s", table)
	}
	b.columns = b.batch.Columns()
	b.reader = proto.NewReader(&b.source)
	return b, nil
}

// Types are the ClickHouse types of the columns, in the order given to DB.Blocks.
func (b *Blocks) Types() []string {
	types := make([]string, len(b.columns))
	for i, column := range b.columns {
		types[i] = string(column.Type())
	}
	return types
}

// Send sends a block of rows, one NativeColumn for each column. The memory of columns may be used again after
// it has returned.
func (b *Blocks) Send(rows int, columns []NativeColumn) error {
	if len(columns) != len(b.columns) {
		return fmt.Errorf("write to %s: %d columns, want %d", b.table, len(columns), len(b.columns))
	}
	if rows == 0 {
		return nil
	}
	if err := b.ctx.Err(); err != nil {
		return doing(err, "write to %s", b.table)
	}
	for i, c := range columns {
		if err := b.fill(b.columns[i], rows, c); err != nil {
			return doing(err, "write to %s: column %s", b.table, b.columns[i].Name())
		}
		if n := b.columns[i].Rows(); n != rows {
			return fmt.Errorf("write to %s: column %s has %d values, want %d", b.table, b.columns[i].Name(), n, rows)
		}
	}
	if err := b.batch.Flush(); err != nil {
		return doing(b.db.explain(b.ctx, err), "write to %s after %d rows", b.table, b.sent)
	}
	b.sent += uint64(rows)
	return nil
}

// fill hands the values of a column to the driver, which takes them as if a server had sent them.
func (b *Blocks) fill(to column.Interface, rows int, c NativeColumn) error {
	if c.Bytes == nil {
		_, err := to.Append(c.Values)
		return err
	}
	b.source.Reset(c.Bytes)
	if err := to.Decode(b.reader, rows); err != nil {
		return err
	}
	if _, err := b.reader.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("too many bytes for %d values of type %s", rows, to.Type())
	}
	return nil
}

// Commit ends the writing and waits until the server has taken everything. Blocks is finished afterwards.
func (b *Blocks) Commit() error {
	if err := b.batch.Send(); err != nil {
		return doing(b.db.explain(b.ctx, err), "write to %s after %d rows", b.table, b.sent)
	}
	return nil
}

// Rows is the number of rows that were sent.
func (b *Blocks) Rows() uint64 { return b.sent }

// Close gives the connection back. Closing after Commit, or twice, does nothing.
func (b *Blocks) Close() error { return abort(b.batch, b.table) }
