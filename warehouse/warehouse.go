// Package warehouse is the one way to ClickHouse: it connects to a server, or starts the embedded engine and
// connects to that, brings the schema up to date, appends columns, and runs the queries in sql/queries.
//
// Everything goes over the native protocol; an embedded engine is a server like any other.
package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	ohsql "ohwatch/sql"
)

// Config says which ClickHouse to use. The zero value with a DataDir is an embedded engine.
type Config struct {
	DSN         string           // server to connect to, clickhouse://user:password@host:9000/database; empty: embedded engine
	DataDir     string           // where the embedded engine keeps everything
	Library     string           // libchdb.so; empty: OHWATCH_LIBCHDB, the Debian package's, or node_modules at or above the current folder or the program's
	Executable  string           // program whose hidden command "engine" runs the embedded engine; empty: this program
	MemoryLimit uint64           // bytes that the embedded engine may use; 0: half of the machine
	Port        int              // TCP port of the embedded engine on loopback; 0: a free one
	Cluster     string           // name of the ClickHouse cluster that the schema is made for; empty: a single server
	Database    string           // current database; empty: the DSN's, else "ohwatch"
	Files       fs.FS            // migrations, queries and reference lists; nil: the embedded ones
	Log         *slog.Logger     // nil: nothing is logged
	Now         func() time.Time // clock; nil: time.Now
}

// DB is a warehouse with a current database. All methods may be called from several goroutines.
type DB struct {
	cfg    Config
	conn   driver.Conn
	engine *engine // nil when the server was started by somebody else
	server clickhouse.Options
	closed atomic.Bool
}

// Open connects to the server of cfg.DSN, or joins or starts the embedded engine of cfg.DataDir, and creates
// the database if it does not exist. It does not migrate. The DB must be closed.
//
// Errors that a person can mend are of type *Error: ErrNoLibrary, ErrPortInUse, ErrDataDir, ErrDataDirBusy,
// ErrEngineFailed for the embedded engine; ErrDSN, ErrUnreachable, ErrAccess for a server.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Files == nil {
		cfg.Files = ohsql.FS()
	}
	db := &DB{cfg: cfg}
	if cfg.DSN != "" {
		options, err := clickhouse.ParseDSN(cfg.DSN)
		if err != nil {
			return nil, ErrDSN.with(withoutSecrets(err, cfg.DSN))
		}
		db.server = *options
		if db.cfg.Database == "" {
			db.cfg.Database = options.Auth.Database
		}
	} else {
		if cfg.DataDir == "" {
			return nil, ErrDataDir.with(errors.New("no data directory given"), "dir", "")
		}
		engine, err := joinEngine(ctx, cfg)
		if err != nil {
			return nil, err
		}
		db.engine = engine
		db.server = *engine.state.options("")
	}
	if db.cfg.Database == "" {
		db.cfg.Database = "ohwatch"
	}
	if err := db.use(ctx, db.cfg.Database); err != nil {
		if db.engine != nil {
			err = errors.Join(err, db.engine.release(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return db, nil
}

// Files returns the definitions that the warehouse works with: Config.Files, or the embedded ones.
func (db *DB) Files() fs.FS { return db.cfg.Files }

// In returns a DB on the same engine with another current database, created if it does not exist. It must be
// closed too, in any order.
func (db *DB) In(ctx context.Context, database string) (*DB, error) {
	if db.engine != nil {
		db.engine.hold()
	}
	other := &DB{cfg: db.cfg, engine: db.engine, server: db.server}
	if err := other.use(ctx, database); err != nil {
		if db.engine != nil {
			err = errors.Join(err, db.engine.release(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return other, nil
}

// Reader returns a DB that can only read: on the embedded engine as a user who sees no files and no network
// and has limits on memory and time, on a server as the same user in read-only mode. It must be closed too.
func (db *DB) Reader(ctx context.Context) (*DB, error) {
	other := &DB{cfg: db.cfg, engine: db.engine, server: db.server}
	if db.engine != nil {
		db.engine.hold()
		other.server.Auth.Username = db.engine.state.Reader
	} else {
		settings := clickhouse.Settings{"readonly": 2}
		for name, value := range db.server.Settings {
			settings[name] = value
		}
		other.server.Settings = settings
	}
	options := other.server
	options.Auth.Database = db.cfg.Database
	conn, err := openConn(&options)
	if err == nil {
		other.conn = conn
		err = other.explain(ctx, conn.Ping(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, other.Close())
	}
	return other, nil
}

// use creates database if it does not exist and opens the connection pool with it as the current one.
func (db *DB) use(ctx context.Context, database string) error {
	db.cfg.Database = database
	// ClickHouse 26.7 as a library aborts when a connection names an unknown database, so it is created first.
	err := db.administer(ctx, "warehouse_create_database")
	if err != nil && db.engine == nil && serverCode(err) != 0 {
		err = nil // a user without that right may find the database made by somebody else
	}
	if err != nil {
		return doing(err, "create database %s", database)
	}
	options := db.server
	options.Auth.Database = database
	if db.conn, err = openConn(&options); err != nil {
		return doing(err, "connect")
	}
	if err := db.conn.Ping(ctx); err != nil {
		return errors.Join(doing(db.explain(ctx, err), "open database %s", database), db.conn.Close())
	}
	return nil
}

// administer runs a query about the current database on a connection that is not in it.
func (db *DB) administer(ctx context.Context, query string) error {
	text, err := db.render(query, map[string]any{"Database": db.cfg.Database})
	if err != nil {
		return err
	}
	options := db.server
	options.Auth.Database = ""
	conn, err := openConn(&options)
	if err != nil {
		return err
	}
	return errors.Join(db.explain(ctx, conn.Exec(ctx, text)), conn.Close())
}

// Close gives the connection back. The last user of an embedded engine stops it and waits for its end.
// Closing twice does nothing.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	var err error
	if db.conn != nil {
		err = db.conn.Close()
	}
	if db.engine != nil {
		err = errors.Join(err, db.engine.release(context.Background()))
	}
	return doing(err, "close the warehouse")
}

// Conn is the connection pool, for what the methods of DB do not offer. It ends with Close. Dates read through
// it directly come as midnight in the server's time zone.
func (db *DB) Conn() driver.Conn { return db.conn }

// Database is the name of the current database.
func (db *DB) Database() string { return db.cfg.Database }

// IsCluster reports whether the schema is made for a cluster.
func (db *DB) IsCluster() bool { return db.cfg.Cluster != "" }

// Now is the clock of the warehouse.
func (db *DB) Now() time.Time { return db.cfg.Now() }

// DataDir is the directory of the embedded engine, empty for a server.
func (db *DB) DataDir() string {
	if db.engine == nil {
		return ""
	}
	return db.engine.dataDir
}

// DSN is the address under which another program on this machine reaches the same database. It holds the password.
func (db *DB) DSN() string {
	if db.engine == nil {
		address, err := url.Parse(db.cfg.DSN)
		if err != nil {
			return db.cfg.DSN
		}
		address.Path = "/" + db.cfg.Database
		return address.String()
	}
	state := db.engine.state
	address := url.URL{
		Scheme: "clickhouse", Host: state.address(), Path: "/" + db.cfg.Database,
		User: url.UserPassword(state.User, state.Password),
	}
	return address.String()
}

// Exec runs the statement in sql/queries/name.sql. Values are bound by name: {name:Type} in the text and
// clickhouse.Named("name", value) here.
func (db *DB) Exec(ctx context.Context, name string, args ...any) error {
	text, err := db.render(name, nil)
	if err != nil {
		return err
	}
	return doing(db.ExecSQL(ctx, text, args...), "run %s", name)
}

// Rows runs the query in sql/queries/name.sql and returns its rows, which the caller must close; their Err
// must be asked after the last one. Values are bound as in Exec. Dates come as midnight UTC.
func (db *DB) Rows(ctx context.Context, name string, args ...any) (driver.Rows, error) {
	text, err := db.render(name, nil)
	if err != nil {
		return nil, err
	}
	rows, err := db.QuerySQL(ctx, text, args...)
	return rows, doing(err, "run %s", name)
}

// Row runs the query in sql/queries/name.sql and scans its first row into dest. No row is sql.ErrNoRows.
func (db *DB) Row(ctx context.Context, name string, dest []any, args ...any) error {
	text, err := db.render(name, nil)
	if err != nil {
		return err
	}
	return doing(db.explain(ctx, db.conn.QueryRow(datesInUTC(ctx), text, args...).Scan(dest...)), "run %s", name)
}

// Select runs the query in sql/queries/name.sql and scans all rows into dest, a pointer to a slice of structs
// whose fields carry `ch:"column"` tags.
func (db *DB) Select(ctx context.Context, dest any, name string, args ...any) error {
	text, err := db.render(name, nil)
	if err != nil {
		return err
	}
	return doing(db.explain(ctx, db.conn.Select(datesInUTC(ctx), dest, text, args...)), "run %s", name)
}

// datesInUTC lets dates be read as midnight UTC and not as midnight of the server's time zone.
func datesInUTC(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithUserLocation(time.UTC))
}

// ExecSQL runs a statement whose text came from an SQL file, such as a model. Values are bound as in Exec.
func (db *DB) ExecSQL(ctx context.Context, text string, args ...any) error {
	return db.explain(ctx, db.conn.Exec(ctx, text, args...))
}

// QuerySQL runs a query whose text came from an SQL file, such as an indicator or a rule. Values are bound as
// in Exec; the caller must close the rows.
func (db *DB) QuerySQL(ctx context.Context, text string, args ...any) (driver.Rows, error) {
	rows, err := db.conn.Query(datesInUTC(ctx), text, args...)
	if err != nil {
		return nil, db.explain(ctx, err)
	}
	return rows, nil
}

// Info is what can be said about the engine behind a DB.
type Info struct {
	Version     string    // of ClickHouse, as it names itself
	Mode        string    // "embedded", "server" or "cluster"
	Address     string    // host and port of the native protocol
	HTTPAddress string    // host and port of the HTTP interface of the embedded engine, else empty
	Database    string    // current database
	TimeZone    string    // of the server
	Started     time.Time // when the server came up
	MemoryLimit uint64    // bytes, 0 when it is not ours to set
}

// Info asks the engine who it is.
func (db *DB) Info(ctx context.Context) (Info, error) {
	info := Info{Mode: "server", Address: strings.Join(db.server.Addr, ","), Database: db.cfg.Database}
	switch {
	case db.engine != nil:
		info.Mode, info.HTTPAddress = "embedded", db.engine.state.httpAddress()
		info.MemoryLimit = db.engine.state.Memory
	case db.cfg.Cluster != "":
		info.Mode = "cluster"
	}
	return info, db.Row(ctx, "warehouse_info", []any{&info.Version, &info.TimeZone, &info.Started})
}

// explain turns errors of the network and of the log-in into the sentence that says what to do.
func (db *DB) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ended := endOf(ctx, err); ended != nil {
		if errors.Is(err, ended) {
			return err
		}
		return fmt.Errorf("%w: %w", ended, err)
	}
	address := strings.Join(db.server.Addr, ", ")
	switch serverCode(err) {
	case codeUnknownUser, codeWrongPassword, codeRequired, codeAuthentication:
		return ErrAccess.with(err, "address", address, "user", db.server.Auth.Username)
	case 0:
	default:
		return DiskFull(err, cmp.Or(db.DataDir(), address))
	}
	var network net.Error
	if !errors.As(err, &network) && !isHangUp(err) {
		return err
	}
	if db.engine == nil {
		return ErrUnreachable.with(err, "address", address)
	}
	// The connection breaks a moment before the process is gone.
	for range 20 {
		if !db.engine.running() {
			return ErrEngineStopped.with(err, "log", db.engine.logPath())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// endOf returns why ctx has ended, nil if it goes on. The driver gives the connection the deadline of the context,
// which can pass a moment before the context itself says so.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if deadline, limited := ctx.Deadline(); limited && errors.Is(err, os.ErrDeadlineExceeded) && time.Until(deadline) < 100*time.Millisecond {
		return context.DeadlineExceeded
	}
	return nil
}

// isHangUp reports whether err is the other side's end of the connection.
func isHangUp(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// openConn opens a pool; it dials at the first use.
func openConn(options *clickhouse.Options) (driver.Conn, error) {
	o := *options
	if o.Compression == nil {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 10 * time.Second
	}
	if o.MaxOpenConns == 0 {
		o.MaxOpenConns, o.MaxIdleConns = 32, 8
	}
	if len(o.ClientInfo.Products) == 0 {
		o.ClientInfo.Products = append(o.ClientInfo.Products, struct{ Name, Version string }{Name: "ohwatch"})
	}
	return clickhouse.Open(&o)
}

// options are those of the application's user on the embedded engine.
func (s engineState) options(database string) *clickhouse.Options {
	return &clickhouse.Options{
		Addr: []string{s.address()},
		Auth: clickhouse.Auth{Database: database, Username: s.User, Password: s.Password},
		// Packing costs more than loopback does.
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionNone},
	}
}

// withoutSecrets hides the address, which may hold a password, in the text of err.
func withoutSecrets(err error, dsn string) error {
	return errors.New(strings.ReplaceAll(err.Error(), dsn, "…"))
}

// Drop closes the DB and removes its database with everything in it. No other DB may use that database.
func (db *DB) Drop(ctx context.Context) error {
	if db.closed.Load() {
		return errors.New("drop a database: its DB is closed")
	}
	err := db.conn.Close()
	err = errors.Join(err, db.administer(ctx, "warehouse_drop_database"))
	return errors.Join(doing(err, "drop database %s", db.cfg.Database), db.Close())
}
