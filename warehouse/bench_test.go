package warehouse_test

import (
	"fmt"
	"testing"
	"time"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// BenchmarkAppend sends rows of eight columns, half of them LowCardinality; rows/s is what to compare.
func BenchmarkAppend(b *testing.B) {
	db := warehousetest.Empty(b)
	if err := db.ExecSQL(b.Context(), `CREATE TABLE facts (batch UInt64, row UInt32, key UInt64, day Date32, employer LowCardinality(String),
		township LowCardinality(String), hazards Array(LowCardinality(String)), post LowCardinality(String)) ENGINE = MergeTree ORDER BY (employer, day)`); err != nil {
		b.Fatal(err)
	}
	const chunk = 50_000
	batch, row, key, day := make([]uint64, chunk), make([]uint32, chunk), make([]uint64, chunk), make([]time.Time, chunk)
	employer, township, post, hazards := make([]string, chunk), make([]string, chunk), make([]string, chunk), make([][]string, chunk)
	for i := range chunk {
		row[i], key[i], day[i] = uint32(i), uint64(i)*7919, date(2026, 1, 1).AddDate(0, 0, i%365)
		employer[i], township[i], post[i] = fmt.Sprintf("91410184MA%08d", i%1500), fmt.Sprintf("4101840%02d", i%14), fmt.Sprintf("打磨%d", i%60)
		hazards[i] = []string{"HZ-3-001", fmt.Sprintf("HZ-1-%03d", i%20)}
	}
	columns := []string{"batch", "row", "key", "day", "employer", "township", "hazards", "post"}
	for b.Loop() {
		a, err := db.Append(b.Context(), "facts", columns)
		if err != nil {
			b.Fatal(err)
		}
		for range 10 {
			for i, values := range []any{batch, row, key, day, employer, township, hazards, post} {
				if err := a.Column(i).Append(values); err != nil {
					b.Fatal(err)
				}
			}
			if err := a.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		if err := a.Send(); err != nil {
			b.Fatal(err)
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10*chunk/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkOpen starts and stops an engine, with the library in the page cache.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		db, err := warehouse.Open(b.Context(), warehouse.Config{DataDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMigrate brings an empty database to the product's schema.
func BenchmarkMigrate(b *testing.B) {
	for b.Loop() {
		warehousetest.Open(b)
	}
}
