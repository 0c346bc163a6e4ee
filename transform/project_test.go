package transform_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// TestForecasts projects stored readings of T1 and T7: the same each year, so that what comes is known.
func TestForecasts(t *testing.T) {
	c := newCity(t, "2026-08-16")
	c.runOnly("T1", "T7")
	c.exec("TRUNCATE TABLE ind_value")
	var rows []string
	for year := 2019; year <= 2026; year++ {
		for month := 1; month <= 12 && (year < 2026 || month <= 8); month++ {
			for area, units := range map[string]int{"410184": 240, "410184101": 120, "410184102": 0} {
				dim, value := "township", area
				if area == "410184" {
					dim, value = "", ""
				}
				n, day := units*month/12*9/10, fmt.Sprintf("toLastDayOfMonth(toDate('%d-%02d-01'))", year, month)
				if year == 2026 && month == 8 {
					n, day = units*15/24*9/10, "'2026-08-16'" // half of the month
				}
				add := func(indicator, variant string, n int, d string) {
					rows = append(rows, fmt.Sprintf("('%s', '1', '%s', 'month', '%d-%02d', %s, '%s', '%s', '%s', %d, %s)",
						indicator, variant, year, month, day, area, dim, value, n, d))
				}
				add("T1", "strict", n, itoa(units))
				cases := 2 * units / 120
				if year == 2022 {
					cases *= 3
				}
				add("T7", "report", cases, "NULL")
			}
		}
	}
	c.exec("INSERT INTO ind_value (indicator, version, variant, period_kind, period, as_of_date, area, dim, dim_value, numerator, denominator) VALUES " + strings.Join(rows, ", "))
	indicators, err := transform.LoadIndicators(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	find := func(id string) transform.Indicator {
		return indicators[slices.IndexFunc(indicators, func(i transform.Indicator) bool { return i.ID == id })]
	}
	ask := func(f transform.ForecastFilter) []transform.Forecast {
		t.Helper()
		forecasts, tested, err := transform.Forecasts(t.Context(), c.db, f)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := transform.Forecasts(t.Context(), c.db, f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(forecasts, again); diff != "" {
			t.Errorf("the second answer differs:\n%s", diff)
		}
		if len(forecasts) != 3 || len(tested) != 24 {
			t.Fatalf("%d forecasts and %d backtests, want 3 and 24", len(forecasts), len(tested))
		}
		return forecasts
	}
	near := func(x *float64, want float64) bool { return x != nil && math.Abs(*x-want) < 0.01 }

	rate := ask(transform.ForecastFilter{Indicator: find("T1"), Variant: "strict", Year: 2026})
	city, none := rate[0], rate[2]
	if city.Area != "410184" || city.AsOf != "2026-08-16" || city.Numerator != 135 || !near(city.Projected, 0.9) || !near(city.Probability, 0) ||
		city.Status != "unlikely" || city.Tested == 0 || !near(city.Error, 0) {
		t.Errorf("city: %+v", city)
	}
	if none.Status != "no_data" || none.Projected != nil {
		t.Errorf("a township without units: %+v", none)
	}
	half := ask(transform.ForecastFilter{Indicator: find("T1"), Variant: "strict", Year: 2025, Month: 6})[0]
	if half.AsOf != "2025-06-30" || half.Numerator != 108 || !near(half.Projected, 0.9) {
		t.Errorf("June 2025: %+v", half)
	}
	over := ask(transform.ForecastFilter{Indicator: find("T1"), Variant: "strict", Year: 2025})[0]
	if over.Status != "missed" || over.Method != "none" || !near(over.Projected, 0.9) || !near(over.Probability, 0) {
		t.Errorf("2025 is over: %+v", over)
	}
	cases := ask(transform.ForecastFilter{Indicator: find("T7"), Variant: "report", Year: 2025, Month: 6})
	if w := cases[0]; w.Numerator != 24 || !near(w.Base, 144) || w.Projected == nil || *w.Projected < 45 || *w.Projected > 75 || w.Status != "likely" {
		t.Errorf("cases: %+v, base %v, projected %v", w, w.Base, w.Projected)
	}
	if w := cases[2]; w.Status != "no_base" || w.Probability != nil {
		t.Errorf("cases of a township without any: %+v", w)
	}
	for _, f := range []transform.ForecastFilter{
		{Indicator: find("T8"), Variant: "literal", Year: 2026}, {Indicator: find("S2"), Variant: "roster", Year: 2026}, {Indicator: find("T1"), Variant: "strict", Year: 2018},
	} {
		if _, _, err := transform.Forecasts(t.Context(), c.db, f); !errors.Is(err, transform.ErrNotProjected) {
			t.Errorf("%s %d: %v", f.Indicator.ID, f.Year, err)
		}
	}
	if _, _, err := transform.Forecasts(t.Context(), c.db, transform.ForecastFilter{Indicator: find("T1"), Variant: "strict", Year: 2027}); !errors.Is(err, transform.ErrNoPeriod) {
		t.Errorf("a year without readings: %v", err)
	}
}
