package transform_test

import "time"

// doseCases are the data sets of section D: radiation.
func doseCases() []ruleCase {
	// dose is a reading of a worker in a quarter of 2026, or of an earlier year for negative quarters.
	dose := func(unit string, n, quarter int, value string, more ...string) row {
		from := time.Date(2026, time.Month(1+3*(quarter-1)), 1, 0, 0, 0, 0, time.UTC)
		to := from.AddDate(0, 3, -1)
		reported := to.AddDate(0, 0, 20)
		if quarter == 3 {
			reported = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		}
		return row{
			"employer_key": quote(unit), "unit_kind": "'medical'", "worker_no": quote(itoa(n)), "person_key": person(n), "period_start": quote(from.Format(time.DateOnly)),
			"period_end": quote(to.Format(time.DateOnly)), "quantity": "'hp10'", "position": "'chest'", "value": value, "final_value": value, "qualifier": "'eq'",
			"dosimeter_status": "'normal'", "report_date": quote(reported.Format(time.DateOnly)), "job_class": "'2A'", "mdl": "0.02",
		}.with(more...)
	}
	below := func(unit string, n, quarter int, class string) row {
		return dose(unit, n, quarter, "NULL", "qualifier", "'lt'", "final_value", "0.01", "job_class", quote(class))
	}
	quarters := func(unit string, n int, class string, values ...string) (rows []row) {
		for i, value := range values { // the last one is the third quarter of 2026
			rows = append(rows, dose(unit, n, 4-len(values)+i, value, "job_class", quote(class)))
		}
		return rows
	}
	worker := func(unit string, n int, start, birth string, more ...string) row {
		return row{
			"employer_key": quote(unit), "worker_no": quote(itoa(n)), "person_key": person(n), "job_class": "'2A'", "unit_kind": "'medical'", "birth_date": quote(birth),
			"start_date": quote(start),
		}.with(more...)
	}
	join := func(parts ...[]row) (all []row) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	var zeros, same, mixed []row
	for q := 0; q <= 3; q++ {
		zeros = append(zeros, below("D08", 3009, q, "2E"))
		if q < 3 {
			zeros = append(zeros, below("D08", 3010, q, "2E"))
		}
	}
	zeros = append(zeros, dose("D08", 3010, 3, "0.05", "job_class", "'2E'"))
	for n := range 5 {
		same = append(same, dose("D08+", 3020+n, 3, "0.1"))
		value := "0.1"
		if n == 0 {
			value = "0.11"
		}
		mixed = append(mixed, dose("D08-", 3030+n, 3, value))
	}
	radiation := exam("D11-", 3041, "in", "2024-11-16", "HZ-4-001")
	return []ruleCase{
		{"D04", "orange", id(3001), id(3002), rowsOf{"dose": { // above 20 and at 20
			dose("D04", 3001, 3, "20.1", "quantity", "'hp3'", "position", "'head'"), dose("D04", 3002, 3, "20", "quantity", "'hp3'", "position", "'head'"),
		}}},
		{"D04", "red", id(3003), id(3004), rowsOf{"dose": {
			dose("D04", 3003, 3, "500.1", "quantity", "'hp007'", "position", "'wrist'"), dose("D04", 3004, 3, "500", "quantity", "'hp007'", "position", "'wrist'"),
		}}},
		{"D05", "yellow", id(3005), id(3006), rowsOf{"dose": join( // 3.8 in three quarters makes 5.08 a year, 3.7 makes 4.95
			quarters("D05", 3005, "2A", "1.2", "1.2", "1.4"), quarters("D05", 3006, "2A", "1.2", "1.2", "1.3"))}},
		{"D05", "orange", id(3007), "", rowsOf{"dose": quarters("D05", 3007, "2A", "5", "5", "5.1")}},
		{"D07", "yellow", "D07+", "D07-", rowsOf{"dose": { // a day without a dosimeter; without a gap
			dose("D07+", 3011, 2, "0.1"), dose("D07+", 3011, 3, "0.1", "period_start", "'2026-07-02'"), dose("D07-", 3012, 2, "0.1"), dose("D07-", 3012, 3, "0.1"),
		}}},
		{"D07", "yellow", "D07long", "D07short", rowsOf{"dose": { // 94 days and 93
			dose("D07long", 3013, 3, "0.1", "period_start", "'2026-06-29'"), dose("D07short", 3014, 3, "0.1", "period_start", "'2026-06-30'"),
		}}},
		{"D08", "blue", id(3009), id(3010), rowsOf{"dose": zeros}},
		{"D08", "blue", "D08+", "D08-", rowsOf{"dose": join(same, mixed)}},
		{"D09", "yellow", id(3015), id(3016), rowsOf{"dose": join( // more than five times, and five times the median
			quarters("D09", 3015, "2A", "0.1", "0.1", "0.2", "0.1", "0.51"), quarters("D09", 3016, "2A", "0.11", "0.11", "0.2", "0.11", "0.55"))}},
		{"D10", "yellow", id(3017), id(3018), rowsOf{"dose": join( // the second wears one above the apron as well
			quarters("D10", 3017, "2E", "1.2", "1.3", "1.4"), quarters("D10", 3018, "2E", "1.8", "1.8", "1.8"),
			[]row{dose("D10", 3018, 3, "1.8", "job_class", "'2E'", "position", "'over_collar'"), dose("D10", 3018, 2, "1.8", "job_class", "'2E'", "position", "'over_collar'")})}},
		{"D10", "yellow", id(3017), id(3019), rowsOf{"dose": quarters("D10", 3019, "2E", "1.2", "1.2", "1.2")}},
		{"D11", "yellow", "D11+", "D11-", rowsOf{ // examined 24 months ago, and a day less
			"radiation_worker": {worker("D11+", 3040, "2020-01-01", "1990-01-01", "training_date", "'2026-01-01'"), worker("D11-", 3041, "2020-01-01", "1990-01-01", "training_date", "'2024-11-16'")},
			"exam":             {exam("D11+", 3040, "in", "2024-11-15", "HZ-4-001"), radiation},
		}},
		{"D12", "red", id(3042), id(3043), rowsOf{"radiation_worker": { // a day short of 18, and 18
			worker("D12", 3042, "2026-10-01", "2008-10-02", "training_date", "'2026-01-01'"), worker("D12", 3043, "2026-10-01", "2008-10-01", "training_date", "'2026-01-01'"),
		}}},
	}
}
