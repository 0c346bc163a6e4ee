package transform_test

import (
	"math"
	"strings"
	"testing"

	"ohwatch/transform"
)

// reading is an Hp(10) reading of a whole-body dosimeter on the chest, in mSv.
func reading(unit, worker string, n int, from, to, value string, pairs ...string) row {
	return row{
		"employer_key": quote(unit), "employer_name": quote("单位" + unit), "unit_kind": "'medical'", "worker_no": quote(worker),
		"person_key": person(n), "job_class": "'2A'", "period_start": quote(from), "period_end": quote(to), "position": "'chest'",
		"quantity": "'hp10'", "value": value, "final_value": value, "qualifier": "'eq'", "mdl": "0.04", "dosimeter_status": "'normal'",
		"report_date": quote(to),
	}.with(pairs...)
}

// below is a reading below a detection level.
func below(r row, mdl string) row {
	return r.with("value", "NULL", "qualifier", "'lt'", "mdl", mdl, "final_value", mdl+" / 2")
}

// TestDoses_ByHand adds up doses whose sums are worked out by hand: several units, two dosimeters, nominal and lost readings,
// readings below the detection level, a period that ends in January.
func TestDoses_ByHand(t *testing.T) {
	c := newCity(t, "2026-01-31")
	files := onlyOf(t, "S10a", "S10b", "S10c", "S10e", "S10f", "fct_dose_table", "fct_dose_five_years")
	c.load("dose",
		// Person 1 at two units: 0.5 + 0.7 at A, 1.0 at B as 2E.
		reading("A", "1", 1, "2025-01-01", "2025-03-31", "0.5"), reading("A", "1", 1, "2025-04-01", "2025-06-30", "0.7"),
		reading("B", "9", 1, "2025-01-01", "2025-03-31", "2.0", "job_class", "'2E'"),
		// Person 2: under and over the apron 0.79·1 + 0.051·4 = 0.994; over alone 0.1·3.
		reading("A", "2", 2, "2025-01-01", "2025-03-31", "1", "position", "'under_apron'"),
		reading("A", "2", 2, "2025-01-01", "2025-03-31", "4", "position", "'over_collar'"),
		reading("A", "2", 2, "2025-04-01", "2025-06-30", "3", "position", "'over_collar'"),
		reading("A", "2", 2, "2025-04-01", "2025-06-30", "9", "position", "'wrist'"), // says nothing about the trunk
		// Person 3: below the level twice (0.04 each), once by a number below it.
		below(reading("A", "3", 3, "2025-01-01", "2025-03-31", "0"), "0.04"), below(reading("A", "3", 3, "2025-04-01", "2025-06-30", "0"), "0.04"),
		reading("A", "3", 3, "2025-07-01", "2025-09-30", "0.03"),
		// Person 4: a nominal dose for a lost dosimeter, then a lost one without; the last quarter ends in January.
		reading("A", "4", 4, "2025-01-01", "2025-03-31", "0.2", "is_nominal", "true", "dosimeter_status", "'lost'", "value", "NULL", "qualifier", "'none'"),
		reading("A", "4", 4, "2025-04-01", "2025-06-30", "NULL", "dosimeter_status", "'lost'", "qualifier", "'none'"),
		reading("A", "4", 4, "2025-10-08", "2026-01-07", "6"),
		// Person 5: nothing but a lost dosimeter.
		reading("A", "5", 5, "2025-01-01", "2025-03-31", "NULL", "dosimeter_status", "'not_returned'", "qualifier", "'none'"),
		// Person 6: a reading below the level that was confirmed as 0.3 all the same.
		reading("A", "6", 6, "2025-01-01", "2025-03-31", "0.3", "value", "NULL", "qualifier", "'lt'"),
		// Two workers without identity numbers are two persons.
		reading("A", "7", 0, "2025-01-01", "2025-03-31", "25", "job_class", "''"), reading("A", "8", 0, "2025-01-01", "2025-03-31", "0.6"),
		// A ring and a lens dosimeter of person 1.
		reading("A", "1", 1, "2025-01-01", "2025-03-31", "3", "position", "'ring'", "quantity", "'hp007'"),
		reading("A", "1", 1, "2025-04-01", "2025-06-30", "4", "position", "'ring'", "quantity", "'hp007'"),
		reading("A", "1", 1, "2025-01-01", "2025-03-31", "5", "position", "'wrist'", "quantity", "'hp007'"),
		reading("A", "1", 1, "2025-01-01", "2025-03-31", "1.5", "position", "'head'", "quantity", "'hp3'"),
	)
	c.runWith(files)
	got := c.query(`SELECT concat(right(person, 3), ' ', employer_key, ' ', job_class, ' ', toString(n_units), ' ', ifNull(toString(round(dose_msv, 6)), '-'), ' ',
		ifNull(toString(round(dose_low, 6)), '-'), ' ', ifNull(toString(round(dose_high, 6)), '-'), ' ', toString(n_periods), ' ', toString(n_nominal), ' ',
		toString(n_lost), ' ', toString(is_measurable), ' ', ifNull(toString(lens_msv), '-'), ' ', ifNull(toString(skin_msv), '-'))
		FROM fct_dose_person_year WHERE year = 2025 ORDER BY right(person, 3)`)
	want := strings.Join([]string{
		"001 B 2E 2 3.2 3.2 3.2 3 0 0 true 1.5 7",
		"002 A 2A 1 1.294 1.294 1.294 2 0 0 true - -",
		"003 A 2A 1 0.07 0.03 0.11 3 0 0 false - -",
		"004 A 2A 1 6.2 6.2 6.2 2 1 2 true - -",
		"005 A 2A 1 - - - 0 0 1 false - -",
		"006 A 2A 1 0.3 0.3 0.3 1 0 0 true - -",
		"A:7 A  1 25 25 25 1 0 0 true - -",
		"A:8 A 2A 1 0.6 0.6 0.6 1 0 0 true - -",
	}, "\n")
	if got != want {
		t.Errorf("doses of persons:\n%s\nwant\n%s", got, want)
	}

	rows, err := transform.AnnualDoses(t.Context(), c.db, transform.DoseTable{Year: 2025, Decimals: -1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	r := rows[0]
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("collective dose", r.Collective, 36.664)
	near("with readings below the level as 0", r.CollectiveLow, 36.624)
	near("with the level", r.CollectiveHigh, 36.704)
	near("nominal part", r.CollectiveNominal, 0.2)
	near("mean", *r.Mean, 36.664/7)
	near("mean of the measurable", *r.MeanMeasurable, 36.594/6)
	near("largest", *r.Max, 25)
	if r.Monitored != 7 || r.WithoutDose != 1 || r.Measurable != 6 || r.WithNominal != 1 || r.WithLost != 2 || r.AtSeveralUnits != 1 {
		t.Errorf("counts: %+v", r)
	}
	if got := strings.Join(r.Bands, " "); got != "<MDL ≤1 1–5 5–15 15–20 20–50 >50" {
		t.Errorf("bands: %s", got)
	}
	if got := r.Counts; len(got) != 7 || got[0] != 1 || got[1] != 2 || got[2] != 2 || got[3] != 1 || got[4] != 0 || got[5] != 1 || got[6] != 0 {
		t.Errorf("persons by band: %v", got)
	}
	// Classes add up to the total; the stored table says the same.
	classes, err := transform.AnnualDoses(t.Context(), c.db, transform.DoseTable{Year: 2025, By: "job_class", Decimals: -1})
	if err != nil || len(classes) != 3 || classes[0].Value != "" || classes[1].Value != "2A" || classes[1].NameZh != "诊断放射学" || classes[2].Value != "2E" {
		t.Errorf("job classes: %+v, %v", classes, err)
	}
	stored := c.query(`SELECT concat(by, ' ', toString(sum(n_monitored)), ' ', toString(round(sum(collective_msv), 6)), ' ',
		toString(sum(n_below_mdl)), ' ', toString(sum(n_to_1)), ' ', toString(sum(n_from_1_to_5)), ' ', toString(sum(n_from_5_to_15)), ' ', toString(sum(n_from_20_to_50)))
		FROM fct_dose_table WHERE year = 2025 GROUP BY by ORDER BY by`)
	for _, line := range strings.Split(stored, "\n") {
		if _, rest, _ := strings.Cut(line, " "); rest != "7 36.664 1 2 2 1 1" {
			t.Errorf("stored table: %s", line)
		}
	}
	if n := strings.Count(stored, "\n") + 1; n != 4 {
		t.Errorf("stored table has %d kinds of rows, want 4", n)
	}

	// Another count of readings below the level, without a rebuild and with one.
	rows, err = transform.AnnualDoses(t.Context(), c.db, transform.DoseTable{Year: 2025, Decimals: -1, BelowMDL: "mdl"})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	near("collective dose with the level", rows[0].Collective, 36.704)
	if _, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: files, Dose: transform.DoseRules{BelowMDL: "zero", Unshielded: true}}); err != nil {
		t.Fatal(err)
	}
	got = c.query(`SELECT toString(round(dose_msv, 6)) FROM fct_dose_person_year WHERE year = 2025 AND right(person, 3) IN ('002', '003') ORDER BY person`)
	if want := "1.54\n0.03"; got != want { // 0.84·1 + 0.1·4 + 0.3
		t.Errorf("without a shield, below the level as zero: %s, want %s", got, want)
	}
	c.want("S10a", "all", "2025", "36.87/7")
	c.want("S10b", "all", "2025", "36.87/7")
	c.want("S10c", "below_mdl", "2025", "1/7")
}

// TestDoses_FiveYears holds the three flags apart: a year above 20 mSv, a year above 50, more than 100 in the fixed block.
func TestDoses_FiveYears(t *testing.T) {
	c := newCity(t, "2026-01-31")
	files := onlyOf(t, "S10a", "S10b", "S10c", "S10e", "S10f", "fct_dose_table", "fct_dose_five_years")
	year := func(n int, unit, y, dose string) row {
		return reading(unit, itoa(n), n, y+"-01-01", y+"-03-31", dose)
	}
	c.load("dose",
		year(1, "A", "2021", "21"), year(1, "A", "2022", "5"), // above 20, no breach
		year(2, "A", "2024", "30"), year(2, "B", "2024", "22"), // above 50 over two units
		year(3, "A", "2021", "19"), year(3, "A", "2022", "19"), year(3, "A", "2023", "19"), year(3, "B", "2024", "19"), year(3, "A", "2025", "24.5"),
		year(4, "A", "2020", "60"), year(4, "A", "2021", "45"), // two blocks: 105 in two years, but not in one block
		year(5, "A", "2023", "18"), year(5, "A", "2024", "18"), year(5, "A", "2025", "18"), year(5, "A", "2022", "18"), year(5, "A", "2021", "10"),
	)
	c.runWith(files)
	query := `SELECT concat(right(person, 1), ' ', toString(first_year), '–', toString(last_year), ' ', toString(n_years), ' ', toString(round(dose_msv, 6)), ' ',
		toString(largest_year_msv), ' ', if(is_over_20, 'y', '-'), if(is_over_50, 'y', '-'), if(is_over_100, 'y', '-'), if(is_watched, 'y', '-'), ' ', toString(round(lifetime_msv, 6)))
		FROM fct_dose_five_years ORDER BY right(person, 1), first_year`
	want := strings.Join([]string{
		"1 2021–2025 2 26 21 y--- 26",
		"2 2021–2025 1 52 52 yy-- 52",
		"3 2021–2025 5 100.5 24.5 y-yy 100.5",
		"4 2016–2020 1 60 60 yy-- 60",
		"4 2021–2025 1 45 45 y--- 105",
		"5 2021–2025 5 82 18 ---y 82",
	}, "\n")
	if got := c.query(query); got != want {
		t.Errorf("five-year sums:\n%s\nwant\n%s", got, want)
	}
	if _, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Files: files, Dose: transform.DoseRules{FirstBlock: 2000}}); err != nil {
		t.Fatal(err)
	}
	if got := c.query(`SELECT concat(toString(first_year), ' ', toString(dose_msv)) FROM fct_dose_five_years WHERE right(person, 1) = '4'`); got != "2020 105" {
		t.Errorf("with blocks from 2000: %s, want 2020 105", got)
	}
}
