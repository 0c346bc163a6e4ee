package transform_test

import (
	"testing"
	"time"

	"ohwatch/transform"
	"ohwatch/warehouse/warehousetest"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestRun_Empty(t *testing.T) {
	db := warehousetest.Open(t)
	result, err := transform.Run(t.Context(), db, transform.Options{Today: day("2026-11-16")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range result.Steps {
		t.Logf("%-24s %6d %.2fs", s.Name, s.Rows, s.Seconds)
	}
}
