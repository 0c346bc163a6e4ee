package main

import (
	"fmt"
	"slices"
	"testing"

	"ohwatch/transform"
	"ohwatch/warehouse"
)

// explainAddsUp holds the rows behind the values of every indicator against the published numbers by township, of the
// headline by size and in a quarter and a week as well; other readings where they have a query of their own.
func explainAddsUp(t *testing.T, db *warehouse.DB) {
	indicators, err := transform.LoadIndicators(db.Files())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range indicators {
		var rows uint64
		for k, v := range i.Variants {
			filters := []transform.Filter{{Period: "2025", By: "township"}}
			switch {
			case k > 0 && i.Flow != "":
				continue // its rows take the way of the headline's
			case k == 0:
				filters = append(filters, transform.Filter{Period: "2025Q3", By: "size"}, transform.Filter{Period: "2025-W46"})
			}
			for _, f := range filters {
				f.Indicator, f.Variant = i.ID, v.Name
				rows += explained(t, db, f)
			}
		}
		if rows == 0 {
			t.Logf("%s: no rows in this city", i.ID)
		}
	}
}

// explained compares the values that a filter chooses with the sums of their rows and returns the number of rows.
func explained(t *testing.T, db *warehouse.DB, f transform.Filter) (rows uint64) {
	t.Helper()
	values, err := transform.Values(t.Context(), db, "", f)
	if err != nil {
		t.Fatal(err)
	}
	if len(values) == 0 {
		return 0
	}
	e, err := transform.Explain(t.Context(), db, transform.Options{}, values)
	if err != nil {
		t.Fatalf("%v: %v", f, err)
	}
	sums, err := e.Sums(t.Context())
	if err != nil {
		t.Fatalf("%v: %v", f, err)
	}
	for _, value := range values {
		var sum transform.RowSum
		if at := slices.IndexFunc(sums, func(s transform.RowSum) bool { return s.DimValue == value.DimValue }); at >= 0 {
			sum = sums[at]
		}
		rows += sum.Rows
		if !sum.Equals(value) {
			t.Errorf("%s %s %s %s=%s: the rows add up to %s, published is %s", f.Indicator, f.Variant, f.Period, f.By, value.DimValue,
				counted(sum.Numerator, sum.Denominator, sum.Missing), counted(value.Numerator, value.Denominator, value.Missing))
		}
	}
	return rows
}

func counted(n float64, d *float64, missing float64) string {
	if d == nil {
		return fmt.Sprintf("%v (%v missing)", n, missing)
	}
	return fmt.Sprintf("%v/%v (%v missing)", n, *d, missing)
}
