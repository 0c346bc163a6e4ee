package warehouse

import (
	"bytes"
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	ohsql "ohwatch/sql"
)

// MigrationState is one schema migration and whether the current database has it.
type MigrationState struct {
	Version   int64
	Name      string    // of the file, without .sql; empty for one that only a newer program knows
	Applied   bool      //
	AppliedAt time.Time // zero when not applied
	Changed   bool      // the file is not what was applied
}

// FirstAdded is the first number for migrations that an operator adds to those of the program. Their tables
// stay when his files are gone, without harm.
const FirstAdded = 1000

// Migrate applies the waiting migrations in order, forward only, and then loads the reference lists whose
// content has changed. It returns the number of migrations applied, also when a later one failed. Two commands
// that migrate the same database at once do it one after the other.
//
// Errors to tell apart: ErrMigrationChanged, ErrSchemaNewer, ErrMigrationLocked.
func (db *DB) Migrate(ctx context.Context) (applied int, err error) {
	unlock, err := db.lockMigration(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	if err := db.createLogs(ctx); err != nil {
		return 0, err
	}
	states, err := db.MigrationStatus(ctx)
	if err != nil {
		return 0, err
	}
	for _, state := range states {
		if state.Changed {
			return 0, ErrMigrationChanged.with(nil, "file", state.Name+".sql")
		}
		if state.Name == "" && state.Version < FirstAdded {
			return 0, ErrSchemaNewer.with(nil, "version", strconv.FormatInt(state.Version, 10))
		}
	}
	if slices.ContainsFunc(states, func(s MigrationState) bool { return !s.Applied }) {
		if applied, err = db.applyMigrations(ctx); err != nil {
			return applied, doing(db.explain(ctx, err), "migrate")
		}
	}
	return applied, db.loadReference(ctx)
}

// applyMigrations lets goose run what is waiting.
func (db *DB) applyMigrations(ctx context.Context) (int, error) {
	files, err := db.migrationFiles()
	if err != nil {
		return 0, err
	}
	options := db.server
	options.Auth.Database = db.cfg.Database
	pool := clickhouse.OpenDB(&options)
	defer pool.Close()
	tree, err := db.migrationTree()
	if err != nil {
		return 0, err
	}
	provider, err := goose.NewProvider(goose.DialectCustom, pool, tree,
		goose.WithStore(&migrationLog{db: db, files: files}),
		goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(true)) // ours come behind an operator's that are applied already
	if errors.Is(err, goose.ErrNoMigrations) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		return len(partial.Applied), fmt.Errorf("%s: %w", filepath.Base(partial.Failed.Source.Path), partial.Err)
	}
	for _, result := range results {
		db.cfg.Log.Info("migration applied", "version", result.Source.Version, "file", result.Source.Path, "seconds", result.Duration.Seconds())
	}
	return len(results), err
}

// MigrationStatus lists all migrations known to this program or to the database, by version.
func (db *DB) MigrationStatus(ctx context.Context) ([]MigrationState, error) {
	files, err := db.migrationFiles()
	if err != nil {
		return nil, err
	}
	var logged []struct {
		Version   int64     `ch:"version"`
		Checksum  string    `ch:"checksum"`
		AppliedAt time.Time `ch:"applied_at"`
	}
	err = db.Select(ctx, &logged, "warehouse_migration_list")
	if err != nil && serverCode(err) != codeUnknownTable {
		return nil, err
	}
	known := map[int64]*MigrationState{}
	for version, file := range files {
		known[version] = &MigrationState{Version: version, Name: file.Name}
	}
	for _, row := range logged {
		if row.Version == 0 {
			continue // goose's own first row: the empty schema
		}
		state := known[row.Version]
		if state == nil {
			state = &MigrationState{Version: row.Version}
			known[row.Version] = state
		}
		state.Applied, state.AppliedAt = true, row.AppliedAt
		state.Changed = state.Name != "" && row.Checksum != checksum(files[row.Version].Body)
	}
	states := make([]MigrationState, 0, len(known))
	for _, state := range known {
		states = append(states, *state)
	}
	slices.SortFunc(states, func(a, b MigrationState) int { return int(a.Version - b.Version) })
	return states, nil
}

// RequireSchema returns nil when the current database has exactly the migrations of this program, and
// ErrSchemaOutdated, ErrSchemaNewer or ErrMigrationChanged otherwise.
func (db *DB) RequireSchema(ctx context.Context) error {
	states, err := db.MigrationStatus(ctx)
	if err != nil {
		return doing(err, "read the schema version")
	}
	pending := 0
	for _, state := range states {
		switch {
		case !state.Applied:
			pending++
		case state.Changed:
			return ErrMigrationChanged.with(nil, "file", state.Name+".sql")
		case state.Name == "" && state.Version < FirstAdded:
			return ErrSchemaNewer.with(nil, "version", strconv.FormatInt(state.Version, 10))
		}
	}
	if pending > 0 {
		return ErrSchemaOutdated.with(nil, "pending", strconv.Itoa(pending))
	}
	return nil
}

// migrationFiles returns the migrations by version, the number at the beginning of their names.
func (db *DB) migrationFiles() (map[int64]ohsql.File, error) {
	list, err := ohsql.LoadFS(db.cfg.Files, "migrations")
	if err != nil {
		return nil, err
	}
	files := make(map[int64]ohsql.File, len(list))
	for _, file := range list {
		version, err := goose.NumericComponent(file.Name + ".sql")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Path, err)
		}
		files[version] = file
	}
	return files, nil
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// createLogs makes the tables that record migrations and reference lists.
func (db *DB) createLogs(ctx context.Context) error {
	for _, name := range []string{"warehouse_migration_create", "warehouse_reference_create"} {
		if err := db.Exec(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// migrationTree is the folder of migrations with their templates filled for this server.
func (db *DB) migrationTree() (fs.FS, error) {
	tree, err := fs.Sub(db.cfg.Files, "migrations")
	return renderedFS{tree, db}, err
}

// renderedFS fills the templates of the SQL files that are opened through it.
type renderedFS struct {
	fs.FS
	db *DB
}

func (r renderedFS) Open(name string) (fs.File, error) {
	file, err := r.FS.Open(name)
	if err != nil || filepath.Ext(name) != ".sql" {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	filled, err := r.db.Render(string(text), nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	// Data definition in ClickHouse knows no transactions.
	return renderedFile{file, bytes.NewReader([]byte("-- +goose NO TRANSACTION\n" + filled))}, nil
}

type renderedFile struct {
	fs.File
	text *bytes.Reader
}

func (f renderedFile) Read(p []byte) (int, error) { return f.text.Read(p) }

// migrationLog is goose's view of ops_migration, an append-only table whose latest row of a version counts.
type migrationLog struct {
	db    *DB
	files map[int64]ohsql.File
}

var _ database.StoreExtender = (*migrationLog)(nil)

func (l *migrationLog) Tablename() string { return "ops_migration" }

// TableExists is false until the row of the empty schema is there, which goose then writes.
func (l *migrationLog) TableExists(ctx context.Context, conn database.DBTxConn) (bool, error) {
	list, err := l.ListMigrations(ctx, conn)
	return len(list) > 0, err
}

func (l *migrationLog) CreateVersionTable(ctx context.Context, _ database.DBTxConn) error {
	return l.db.Exec(ctx, "warehouse_migration_create")
}

func (l *migrationLog) Insert(ctx context.Context, _ database.DBTxConn, req database.InsertRequest) error {
	file := l.files[req.Version] // none for version 0, the empty schema
	return l.db.Exec(ctx, "warehouse_migration_insert",
		clickhouse.Named("version", req.Version), clickhouse.Named("name", file.Name),
		clickhouse.Named("checksum", checksum(file.Body)), clickhouse.Named("at", l.db.Now().UnixMilli()))
}

func (l *migrationLog) Delete(context.Context, database.DBTxConn, int64) error {
	return fmt.Errorf("take back a migration: %w", database.ErrNotImplemented)
}

func (l *migrationLog) GetMigration(ctx context.Context, _ database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	var at time.Time
	err := l.db.Row(ctx, "warehouse_migration_get", []any{&at}, clickhouse.Named("version", version))
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, database.ErrVersionNotFound
	}
	return &database.GetMigrationResult{Timestamp: at, IsApplied: true}, err
}

func (l *migrationLog) GetLatestVersion(ctx context.Context, conn database.DBTxConn) (int64, error) {
	list, err := l.ListMigrations(ctx, conn)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, database.ErrVersionNotFound
	}
	return list[0].Version, nil
}

func (l *migrationLog) ListMigrations(ctx context.Context, _ database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	rows, err := l.db.Rows(ctx, "warehouse_migration_list")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*database.ListMigrationsResult
	for rows.Next() {
		var (
			version int64
			sum     string
			at      time.Time
		)
		if err := rows.Scan(&version, &sum, &at); err != nil {
			return nil, err
		}
		list = append(list, &database.ListMigrationsResult{Version: version, IsApplied: true})
	}
	return list, rows.Err()
}
