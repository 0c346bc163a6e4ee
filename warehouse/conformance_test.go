package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// The tests in this file ask of the engine what the product relies on. They run against the embedded engine,
// or against the server named by OHWATCH_TEST_DSN.

func ptr[T any](v T) *T { return &v }

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func runSQL(t *testing.T, db *warehouse.DB, text string, args ...any) {
	t.Helper()
	if err := db.ExecSQL(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

// value returns the only value of a query's only row.
func value[T any](t *testing.T, db *warehouse.DB, text string, args ...any) T {
	t.Helper()
	var v T
	if err := db.Conn().QueryRow(t.Context(), text, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConformance_RoundTripOfColumnTypes(t *testing.T) {
	instant := time.Date(2026, 11, 16, 8, 30, 0, 123e6, time.UTC)
	first, second := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), uuid.UUID{}
	hostile := "新郑市 'a\\b\"\t\n\x00 😀 </script>"
	for _, c := range []struct {
		kind   string
		values any // slice
	}{
		{"String", []string{"", hostile, "中文"}},
		{"FixedString(4)", []string{"abcd", "0000"}},
		{"LowCardinality(String)", []string{"", hostile, "a", "a", ""}},
		{"Nullable(String)", []*string{nil, ptr(""), ptr(hostile)}},
		{"LowCardinality(Nullable(String))", []*string{nil, ptr(""), ptr(hostile)}},
		{"Enum8('load' = 1, 'correct' = 2, 'void' = 3)", []string{"load", "void", "correct"}},
		{"Date32", []time.Time{date(1900, 1, 1), date(1969, 12, 31), date(2026, 2, 28), date(2299, 12, 31)}},
		{"Nullable(Date32)", []*time.Time{nil, ptr(date(2008, 2, 29))}},
		{"DateTime64(3, 'UTC')", []time.Time{instant, time.Unix(0, 0).UTC(), date(1950, 5, 5)}},
		{"Nullable(DateTime64(3, 'UTC'))", []*time.Time{nil, &instant}},
		{"UInt8", []uint8{0, 1, math.MaxUint8}},
		{"UInt16", []uint16{0, 1, math.MaxUint16}},
		{"UInt32", []uint32{0, 1, math.MaxUint32}},
		{"UInt64", []uint64{0, 1, math.MaxUint64}},
		{"Int32", []int32{math.MinInt32, 0, math.MaxInt32}},
		{"Int64", []int64{math.MinInt64, 0, math.MaxInt64}},
		{"Float64", []float64{0, -1.5, 0.1, math.MaxFloat64, math.Inf(1)}},
		{"Bool", []bool{true, false}},
		{"Nullable(UInt8)", []*uint8{nil, ptr(uint8(0)), ptr(uint8(255))}},
		{"Nullable(UInt16)", []*uint16{nil, ptr(uint16(0)), ptr(uint16(9))}},
		{"Nullable(UInt32)", []*uint32{nil, ptr(uint32(0)), ptr(uint32(9))}},
		{"Nullable(Float64)", []*float64{nil, ptr(0.0), ptr(-0.05)}},
		{"Nullable(Bool)", []*bool{nil, ptr(true), ptr(false)}},
		{"UUID", []uuid.UUID{first, second}},
		{"Nullable(UUID)", []*uuid.UUID{nil, &first}},
		{"Array(String)", [][]string{{}, {hostile, ""}}},
		{"Array(LowCardinality(String))", [][]string{{}, {"HZ-3-001", "HZ-3-001", ""}}},
		{"Array(Nullable(Float64))", [][]*float64{{}, {nil, ptr(1.5)}}},
		{"Array(UUID)", [][]uuid.UUID{{}, {first, second}}},
		{"Array(UInt64)", [][]uint64{{}, {1, math.MaxUint64}}},
		{"Map(String, String)", []map[string]string{{}, {"name": hostile, "": "x"}}},
		{"Map(LowCardinality(String), String)", []map[string]string{{}, {"name": hostile}}},
		{"Map(String, Float64)", []map[string]float64{{}, {"2025": 0.95}}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			db := warehousetest.Empty(t)
			runSQL(t, db, "CREATE TABLE one (n UInt32, v "+c.kind+") ENGINE = MergeTree ORDER BY n")
			values := reflect.ValueOf(c.values)
			numbers := make([]uint32, values.Len())
			for i := range numbers {
				numbers[i] = uint32(i)
			}
			a, err := db.Append(t.Context(), "one", []string{"v", "n"}) // not in the table's order
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if err := errors.Join(a.Column(0).Append(c.values), a.Column(1).Append(numbers), a.Send()); err != nil {
				t.Fatal(err)
			}
			if a.Rows() != uint64(values.Len()) {
				t.Errorf("%d rows sent, want %d", a.Rows(), values.Len())
			}
			rows, err := db.QuerySQL(t.Context(), "SELECT v FROM one ORDER BY n")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			got := reflect.MakeSlice(values.Type(), 0, values.Len())
			for rows.Next() {
				v := reflect.New(values.Type().Elem())
				if err := rows.Scan(v.Interface()); err != nil {
					t.Fatal(err)
				}
				got = reflect.Append(got, v.Elem())
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.values, got.Interface()); diff != "" {
				t.Errorf("sent and read back differ (-sent +read):\n%s", diff)
			}
		})
	}
}

func TestConformance_LowCardinalityTravelsPlain(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE one (v LowCardinality(String), a Array(LowCardinality(String))) ENGINE = MergeTree ORDER BY v")
	a, err := db.Append(t.Context(), "one", []string{"v", "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := a.Types(); !cmp.Equal(got, []string{"String", "Array(String)"}) {
		t.Errorf("columns on the wire are %v, want plain strings", got)
	}
}

func TestConformance_AppendManyBlocks(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE many (n UInt64, s LowCardinality(String)) ENGINE = MergeTree ORDER BY n")
	a, err := db.Append(t.Context(), "many", []string{"n", "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	const chunk, chunks = 10_000, 17
	n, s := make([]uint64, chunk), make([]string, chunk)
	for c := range chunks {
		for i := range n {
			n[i], s[i] = uint64(c*chunk+i), fmt.Sprint("s", i%7)
		}
		if err := errors.Join(a.Column(0).Append(n), a.Column(1).Append(s), a.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Send(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error("close after send:", err)
	}
	if got := value[string](t, db, "SELECT toString((count(), uniqExact(n), sum(n), uniqExact(s))) FROM many"); got != "(170000,170000,14449915000,7)" {
		t.Errorf("(rows, different rows, sum, texts) = %s", got)
	}
	if a.Rows() != chunk*chunks {
		t.Errorf("Rows() = %d", a.Rows())
	}
}

func TestConformance_BatchNotSentIsDropped(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE few (n UInt64) ENGINE = MergeTree ORDER BY n")
	for range 100 { // far more than the pool has connections
		a, err := db.Append(t.Context(), "few", []string{"n"})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(a.Column(0).Append([]uint64{1, 2, 3}), a.Flush(), a.Close(), a.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if n := value[uint64](t, db, "SELECT count() FROM few"); n != 0 {
		t.Errorf("%d rows of batches that were never sent", n)
	}
}

func TestConformance_AppendRefusesWhatDoesNotFit(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE fit (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	for name, fill := range map[string]func(*warehouse.Appender) error{
		"columns of different length": func(a *warehouse.Appender) error {
			return errors.Join(a.Column(0).Append([]uint64{1, 2}), a.Column(1).Append([]string{"one"}), a.Send())
		},
		"wrong type": func(a *warehouse.Appender) error {
			return errors.Join(a.Column(0).Append([]string{"1"}), a.Column(1).Append([]string{"one"}), a.Send())
		},
		"no such position": func(a *warehouse.Appender) error { return a.Column(2).Append([]string{"x"}) },
	} {
		t.Run(name, func(t *testing.T) {
			a, err := db.Append(t.Context(), "fit", []string{"n", "s"})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if err := fill(a); err == nil {
				t.Error("was taken")
			}
		})
	}
	if _, err := db.Append(t.Context(), "fit", []string{"missing"}); err == nil {
		t.Error("a column that does not exist was taken")
	}
	if _, err := db.Append(t.Context(), "missing", []string{"n"}); err == nil {
		t.Error("a table that does not exist was taken")
	}
	if n := value[uint64](t, db, "SELECT count() FROM fit"); n != 0 {
		t.Errorf("%d rows arrived", n)
	}
}

func TestConformance_Parameters(t *testing.T) {
	db := warehousetest.Empty(t)
	hostile := "新郑'); DROP TABLE x; -- \\ \t\n{a:String}"
	for _, c := range []struct {
		query string
		value any
		want  string
	}{
		{"SELECT {v:String}", hostile, hostile},
		{"SELECT toString({v:UInt64})", uint64(math.MaxUint64), "18446744073709551615"},
		{"SELECT toString({v:Int64})", int64(-5), "-5"},
		{"SELECT toString({v:Float64})", 0.1, "0.1"},
		{"SELECT toString({v:Bool})", true, "true"},
		{"SELECT toString({v:Date32})", "2026-11-16", "2026-11-16"},
		{"SELECT toString({v:DateTime64(3, 'UTC')})", time.Date(2026, 11, 16, 8, 30, 0, 5e6, time.UTC), "2026-11-16 08:30:00.005"},
		{"SELECT toString({v:Nullable(String)} IS NULL)", nil, "1"},
		{"SELECT arrayStringConcat({v:Array(String)}, '|')", []string{"a", "b'c"}, "a|b'c"},
		{"SELECT toString(arraySum({v:Array(UInt64)}))", []uint64{1, 2, 3}, "6"},
		{"SELECT {v:Map(String, String)}['k']", map[string]string{"k": "x'y"}, "x'y"},
		{"SELECT name FROM {v:Identifier} ORDER BY name", "listed", "row"},
	} {
		t.Run(c.query, func(t *testing.T) {
			runSQL(t, db, "CREATE OR REPLACE TABLE listed ENGINE = MergeTree ORDER BY name AS SELECT 'row' AS name")
			if got := value[string](t, db, c.query, clickhouse.Named("v", c.value)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestConformance_CancelledByContext(t *testing.T) {
	db := warehousetest.Empty(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := db.ExecSQL(ctx, "SELECT count() FROM numbers(2000000000000) WHERE sipHash64(number) = 1 FORMAT Null")
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("came back after %v", took)
	}
	deadline := time.Now().Add(10 * time.Second)
	for value[uint64](t, db, "SELECT count() FROM system.processes WHERE query LIKE '%numbers(2000000000000)%' AND query NOT LIKE '%processes%'") > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the query still runs on the server")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := db.ExecSQL(t.Context(), "SELECT 1"); err != nil {
		t.Error("afterwards:", err)
	}
}

func TestConformance_ExchangeTables(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE a ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
	runSQL(t, db, "CREATE TABLE b ENGINE = MergeTree ORDER BY n AS SELECT 2 AS n")
	runSQL(t, db, "EXCHANGE TABLES a AND b")
	if got := value[string](t, db, "SELECT toString(((SELECT n FROM a), (SELECT n FROM b)))"); got != "(2,1)" {
		t.Errorf("(a, b) = %s", got)
	}
}

func TestConformance_MemoryLimit(t *testing.T) {
	db := warehousetest.Empty(t)
	err := db.ExecSQL(t.Context(), "SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 50000000 FORMAT Null")
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) || exception.Code != 241 {
		t.Fatalf("error is %v, want MEMORY_LIMIT_EXCEEDED", err)
	}
	if err := db.ExecSQL(t.Context(), "SELECT 1"); err != nil {
		t.Error("afterwards:", err)
	}
}

func TestConformance_ReplacingMergeTreeKeepsTheLastVersion(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE r (k UInt8, v UInt8) ENGINE = ReplacingMergeTree(v) ORDER BY k")
	for _, v := range []uint8{1, 3, 2} {
		runSQL(t, db, "INSERT INTO r SELECT 1, {v:UInt8}", clickhouse.Named("v", v))
	}
	if got := value[uint8](t, db, "SELECT v FROM r FINAL"); got != 3 {
		t.Errorf("kept version %d", got)
	}
}

func TestReader_CanOnlyRead(t *testing.T) {
	db := warehousetest.Empty(t)
	runSQL(t, db, "CREATE TABLE a ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
	reader, err := db.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if n := value[uint8](t, reader, "SELECT n FROM a"); n != 1 {
		t.Errorf("read %d", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := reader.ExecSQL(ctx, "SELECT n FROM a"); err != nil {
		t.Error("with a deadline:", err)
	}
	refused := []string{
		"INSERT INTO a VALUES (2)", "CREATE TABLE b (n UInt8) ENGINE = Memory", "DROP TABLE a",
		"ALTER TABLE a DELETE WHERE 1", "TRUNCATE TABLE a", "SYSTEM SHUTDOWN", "SELECT 1 SETTINGS readonly = 0",
	}
	if db.DataDir() != "" {
		refused = append(refused, "SELECT * FROM file('../engine.json', 'RawBLOB')", "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')",
			"SELECT * FROM remote('127.0.0.1:1', system.one)", "KILL QUERY WHERE user = '' ASYNC", "SELECT * FROM executable('x', 'TSV', 'a String')",
			"SELECT 1 SETTINGS max_memory_usage = 0, max_execution_time = 100000", "SELECT * FROM s3('http://127.0.0.1:1/a', 'CSV')",
			"BACKUP DATABASE system TO File('x')")
	}
	for _, query := range refused {
		if err := reader.ExecSQL(ctx, query); err == nil {
			t.Errorf("%s: was not refused", query)
		} else if strings.Contains(err.Error(), "Connection refused") {
			t.Errorf("%s: reached the network: %v", query, err)
		}
	}
	if n := value[uint64](t, db, "SELECT count() FROM a"); n != 1 {
		t.Errorf("%d rows afterwards", n)
	}
}
