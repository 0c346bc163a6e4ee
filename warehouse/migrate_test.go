package warehouse_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// files are the embedded queries with migrations and reference lists of the test's own.
func files(t *testing.T, own map[string]string) fstest.MapFS {
	t.Helper()
	tree := fstest.MapFS{"migrations": {Mode: fs.ModeDir}, "reference": {Mode: fs.ModeDir}}
	queries, err := ohsql.Load("queries")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queries {
		tree[q.Path] = &fstest.MapFile{Data: []byte(q.Body)}
	}
	for path, text := range own {
		tree[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

// with returns db with other files.
func with(t *testing.T, db *warehouse.DB, tree fs.FS) *warehouse.DB {
	t.Helper()
	other, err := warehouse.Open(t.Context(), warehouse.Config{DSN: db.DSN(), Database: db.Database(), Files: tree})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	return other
}

const (
	firstMigration = "-- name: first\n-- a comment with a ; in it\n\n-- +goose Up\n" +
		"CREATE TABLE {{table \"first\"}} {{on_cluster}} (n UInt8 COMMENT 'one; or two')\nENGINE = {{engine \"MergeTree\"}}\nORDER BY n;\n" +
		"{{distributed \"first\" \"n\"}}\nINSERT INTO first VALUES (1);\n"
	secondMigration = "-- +goose Up\nALTER TABLE first ADD COLUMN m String DEFAULT 'x';\n"
)

func TestMigrate_ForwardOnce(t *testing.T) {
	db := warehousetest.Empty(t)
	if err := db.RequireSchema(t.Context()); !errors.Is(err, warehouse.ErrSchemaOutdated) {
		t.Errorf("an empty database: %v", err)
	}
	one := with(t, db, files(t, map[string]string{"migrations/0001_first.sql": firstMigration}))
	if n, err := one.Migrate(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := one.Migrate(t.Context()); n != 0 || err != nil {
		t.Error("again:", n, err)
	}
	if err := one.RequireSchema(t.Context()); err != nil {
		t.Error(err)
	}

	both := map[string]string{"migrations/0001_first.sql": firstMigration, "migrations/0002_second.sql": secondMigration}
	two := with(t, db, files(t, both))
	err := two.RequireSchema(t.Context())
	if !errors.Is(err, warehouse.ErrSchemaOutdated) || !strings.Contains(err.Error(), "1 schema migrations") {
		t.Errorf("one waiting: %v", err)
	}
	states, err := two.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(states) != 2 || !states[0].Applied || states[0].AppliedAt.IsZero() || states[1].Applied || states[1].Name != "0002_second" {
		t.Errorf("status is %+v", states)
	}
	if n, err := two.Migrate(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := value[string](t, db, "SELECT toString(groupArray((n, m))) FROM first"); got != "[(1,'x')]" {
		t.Errorf("rows are %s", got)
	}

	if err := one.RequireSchema(t.Context()); !errors.Is(err, warehouse.ErrSchemaNewer) {
		t.Errorf("an older program: %v", err)
	}
	if _, err := one.Migrate(t.Context()); !errors.Is(err, warehouse.ErrSchemaNewer) {
		t.Errorf("an older program migrates: %v", err)
	}
	changed := maps.Clone(both)
	changed["migrations/0001_first.sql"] += "-- changed\n"
	three := with(t, db, files(t, changed))
	if _, err := three.Migrate(t.Context()); !errors.Is(err, warehouse.ErrMigrationChanged) || !strings.Contains(err.Error(), "0001_first.sql") {
		t.Errorf("a changed file: %v", err)
	}
	if err := three.RequireSchema(t.Context()); !errors.Is(err, warehouse.ErrMigrationChanged) {
		t.Errorf("a changed file: %v", err)
	}
}

func TestMigrate_StopsAtTheOneThatFails(t *testing.T) {
	db := warehousetest.Empty(t)
	tree := map[string]string{
		"migrations/0001_first.sql":  firstMigration,
		"migrations/0002_broken.sql": "-- +goose Up\nCREATE TABLE second ENGINE = Nonsense;\n",
		"migrations/0003_third.sql":  "-- +goose Up\nCREATE TABLE third (n UInt8) ENGINE = Memory;\n",
	}
	broken := with(t, db, files(t, tree))
	n, err := broken.Migrate(t.Context())
	if n != 1 || err == nil || !strings.Contains(err.Error(), "0002_broken.sql") {
		t.Fatalf("%d applied, %v", n, err)
	}
	tree["migrations/0002_broken.sql"] = "-- +goose Up\nCREATE TABLE second (n UInt8) ENGINE = Memory;\n"
	if n, err := with(t, db, files(t, tree)).Migrate(t.Context()); n != 2 || err != nil {
		t.Errorf("after it was mended: %d applied, %v", n, err)
	}
}

func TestMigrate_TwoAtOnce(t *testing.T) {
	for name, server := range map[string]bool{"embedded engine": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			db := warehousetest.Empty(t)
			tree := files(t, map[string]string{
				"migrations/0001_first.sql": firstMigration, "migrations/0002_second.sql": secondMigration,
				"reference/list.csv": "code,name\n1,one\n",
			})
			users := []*warehouse.DB{with(t, db, tree), with(t, db, tree), with(t, db, tree)}
			if !server {
				if db.DataDir() == "" {
					t.Skip("a server is under test")
				}
				for i := range users {
					other, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: db.DataDir(), Database: db.Database(), Files: tree})
					if err != nil {
						t.Fatal(err)
					}
					defer other.Close()
					users[i] = other
				}
			}
			var (
				group   sync.WaitGroup
				mu      sync.Mutex
				applied int
			)
			for _, user := range users {
				group.Go(func() {
					n, err := user.Migrate(t.Context())
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					applied += n
				})
			}
			group.Wait()
			if applied != 2 {
				t.Errorf("%d migrations applied, want 2", applied)
			}
			if got := value[string](t, db, "SELECT toString(((SELECT count() FROM first), (SELECT count() FROM ref_list), (SELECT count() FROM ops_reference)))"); got != "(1,1,1)" {
				t.Errorf("rows are %s", got)
			}
			if n := value[uint64](t, db, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'ops_migration_lock%'"); n != 0 {
				t.Errorf("%d locks left over", n)
			}
		})
	}
}

func TestMigrate_LockOfAServer(t *testing.T) {
	db := warehousetest.Empty(t)
	tree := files(t, map[string]string{"migrations/0001_first.sql": firstMigration})
	runSQL(t, db, "CREATE TABLE ops_migration_lock_3 (nothing UInt8) ENGINE = Memory COMMENT 'other host, process 7'")
	waiting := with(t, db, tree)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := waiting.Migrate(ctx)
	if !errors.Is(err, warehouse.ErrMigrationLocked) || !strings.Contains(err.Error(), "other host, process 7") {
		t.Fatalf("error is %v, want ErrMigrationLocked with its owner", err)
	}
	runSQL(t, db, "DROP TABLE ops_migration_lock_3")
	if n, err := waiting.Migrate(t.Context()); n != 1 || err != nil {
		t.Errorf("after the other has ended: %d, %v", n, err)
	}
}

func TestMigrate_ReferenceLists(t *testing.T) {
	db := warehousetest.Empty(t)
	load := func(text string) {
		t.Helper()
		if _, err := with(t, db, files(t, map[string]string{"reference/hazard.csv": text})).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rows := func() (got [][]string) {
		t.Helper()
		result, err := db.QuerySQL(t.Context(), "SELECT * FROM ref_hazard")
		if err != nil {
			t.Fatal(err)
		}
		defer result.Close()
		got = append(got, result.Columns())
		for result.Next() {
			row := make([]string, len(result.Columns()))
			dest := make([]any, len(row))
			for i := range row {
				dest[i] = &row[i]
			}
			if err := result.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if err := result.Err(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	loads := func() uint64 { return value[uint64](t, db, "SELECT count() FROM ops_reference") }

	load("\ufeffid,Name ZH,mean_mSv\nz,噪声,\"a,\"\"b\"\"\"\na,矽尘,\n")
	if diff := cmp.Diff([][]string{{"id", "name_zh", "mean_msv"}, {"z", "噪声", `a,"b"`}, {"a", "矽尘", ""}}, rows()); diff != "" {
		t.Error(diff)
	}
	load("\ufeffid,Name ZH,mean_mSv\nz,噪声,\"a,\"\"b\"\"\"\na,矽尘,\n")
	if n := loads(); n != 1 {
		t.Errorf("the same list was loaded %d times", n)
	}
	load("id,unit\na,mg/m3\n")
	if diff := cmp.Diff([][]string{{"id", "unit"}, {"a", "mg/m3"}}, rows()); diff != "" {
		t.Error(diff)
	}
	runSQL(t, db, "DROP TABLE ref_hazard")
	load("id,unit\na,mg/m3\n")
	if got := rows(); len(got) != 2 {
		t.Errorf("a table that was lost came back as %v", got)
	}
	load("id,unit\n")
	if got := rows(); len(got) != 1 {
		t.Errorf("an empty list is %v", got)
	}
	for _, bad := range []string{"", "id,id\n1,2\n", "id,\n1,2\n", "id,name\n1\n"} {
		if _, err := with(t, db, files(t, map[string]string{"reference/hazard.csv": bad})).Migrate(t.Context()); err == nil {
			t.Errorf("list %q was taken", bad)
		}
	}
	if got := value[string](t, db, "SELECT arrayStringConcat(groupArray(name), ',') FROM system.tables WHERE database = currentDatabase() AND name LIKE 'ref%'"); got != "ref_hazard" {
		t.Errorf("tables are %s", got)
	}
}

// The product's own migrations and lists, in the database of a server reached by its address.
func TestMigrate_OwnSchemaOnAServer(t *testing.T) {
	db := warehousetest.Empty(t)
	server, err := warehouse.Open(t.Context(), warehouse.Config{DSN: db.DSN()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	info, err := server.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode != "server" || info.Database != db.Database() || server.DataDir() != "" {
		t.Errorf("info is %+v", info)
	}
	migrations, err := ohsql.Load("migrations")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := server.Migrate(t.Context()); n != len(migrations) || err != nil {
		t.Fatalf("%d of %d applied, %v", n, len(migrations), err)
	}
	if err := errors.Join(server.RequireSchema(t.Context()), db.RequireSchema(t.Context())); err != nil {
		t.Error(err)
	}
	lists, err := fs.Glob(ohsql.Reference(), "*.csv")
	if err != nil {
		t.Fatal(err)
	}
	if n := value[uint64](t, server, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'ref\\_%'"); n != uint64(len(lists)) {
		t.Errorf("%d reference tables for %d lists", n, len(lists))
	}
}

// On a cluster the same files give other statements; the real parser reads each of them.
func TestMigrate_ClusterStatementsAreReadable(t *testing.T) {
	db := warehousetest.Empty(t)
	cluster, err := warehouse.Open(t.Context(), warehouse.Config{DSN: db.DSN(), Cluster: "city's"})
	if err == nil { // the database exists, so nothing has to be sent to a cluster that is not there
		defer cluster.Close()
	} else {
		t.Fatal(err)
	}
	migrations, err := ohsql.Load("migrations")
	if err != nil {
		t.Fatal(err)
	}
	tables, distributed := 0, 0
	for _, file := range migrations {
		text, err := cluster.Render(file.Body, nil)
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(text, ";\n") {
			if !strings.Contains(statement, "CREATE TABLE") {
				continue
			}
			if err := db.ExecSQL(t.Context(), "EXPLAIN AST "+statement); err != nil {
				t.Errorf("%s: %v\n%s", file.Path, err, statement)
			}
			if !strings.Contains(statement, "ON CLUSTER `city's`") {
				t.Errorf("%s: not for the cluster:\n%s", file.Path, statement)
			}
			switch {
			case strings.Contains(statement, "ENGINE = Distributed("):
				distributed++
			case strings.Contains(statement, "ENGINE = Replicated"):
				tables++
			default:
				t.Errorf("%s: neither replicated nor distributed:\n%s", file.Path, statement)
			}
		}
	}
	if tables == 0 || tables != distributed {
		t.Errorf("%d replicated tables, %d distributed ones", tables, distributed)
	}
}
