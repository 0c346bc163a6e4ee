package transform_test

import (
	"fmt"
	"time"
)

// coverageCases are the data sets of section E: coverage, insurance, aid and reporting.
func coverageCases() []ruleCase {
	training := func(key, role, until string) row {
		return row{"employer_key": quote(key), "person_role": quote(role), "train_date": "'2025-11-20'", "valid_to": quote(until), "result": "'pass'", "hours": "8"}
	}
	visit := func(n int, date string, more ...string) row {
		return row{"person_key": person(n), "patient_card_no": quote(itoa(n)), "visit_date": quote(date), "result": "'alive'", "method": "'phone'"}.with(more...)
	}
	demerit := func(institution, date string, points int) row {
		return row{"institution_code": quote(institution), "demerit_date": quote(date), "points": itoa(points), "decision_no": quote(institution + date)}
	}
	complaint := func(no, received string, more ...string) row {
		return row{"complaint_no": quote(no), "receive_date": quote(received), "channel": "'letter'", "subject": "'粉尘'"}.with(more...)
	}
	sent := func(institution, report, issued, submitted string) row {
		return detection("R41", "periodic", issued, "w", "a", noise).with("report_no", quote(report), "institution_code", quote(institution), "submit_date", quote(submitted))
	}
	// Exams of an institution in October of 2021 to 2025, twenty each, and of 2026.
	octobers := func(institution string, from, now int) (rows []row) {
		for year := 2021; year <= 2026; year++ {
			n := 20
			if year == 2026 {
				n = now
			}
			for i := range n {
				date := time.Date(year, 10, 1+i%28, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
				rows = append(rows, exam("R40", from+1000*(year-2021)+i, "in", date, noise).with("institution_code", quote(institution)))
			}
		}
		return rows
	}
	return []ruleCase{
		{"R32", "orange", "R32+", "R32-", rowsOf{"employer": { // began 31 days ago, and 30
			employer("R32+").with("start_date", "'2026-10-15'"), employer("R32-").with("start_date", "'2026-10-16'"),
		}}},
		{"R32", "orange", "R32found", "", rowsOf{"exam": {exam("R32found", 4001, "in", "2026-10-01", noise)}}}, // known from an exam only
		{"R33", "yellow", "R33+", "R33-", rowsOf{ // last year, this year
			"employer":    {employer("R33+"), employer("R33-")},
			"declaration": {declaration("R33+", "2025-12-31", "w", "p", noise, 10), declaration("R33-", "2026-01-01", "w", "p", noise, 10)},
		}},
		{"R33", "yellow", "R33more", "R33few", rowsOf{ // 30 % more are not more than 30 %
			"employer":    {employer("R33more").with("exposed_total", "27"), employer("R33few").with("exposed_total", "26")},
			"declaration": {declaration("R33more", "2026-03-01", "w", "p", noise, 20), declaration("R33few", "2026-03-01", "w", "p", noise, 20)},
		}},
		{"R34", "yellow", "R34+", "R34-", rowsOf{ // the person in charge until 29 days ahead, and 30
			"employer": {employer("R34+"), employer("R34-")},
			"training": {
				training("R34+", "head", "2026-12-14"), training("R34+", "manager", "2027-06-01"), training("R34-", "head", "2026-12-15"), training("R34-", "manager", "2027-06-01"),
			},
		}},
		{"R36", "orange", id(4002), id(4003), rowsOf{"follow_up": { // 61 days and 60
			visit(4002, "2026-09-15", "benefit_class", "'c'"), visit(4003, "2026-09-16", "benefit_class", "'c'"),
		}}},
		{"R36", "orange", id(4002), id(4004), rowsOf{"follow_up": {visit(4004, "2026-08-01", "benefit_class", "'c'"), visit(4004, "2026-10-01", "payer_aid", "true")}}},
		{"R37", "yellow", "410184106", "410184107", rowsOf{"follow_up": { // twelve months ago, and a day less
			visit(4005, "2025-11-15", "township_code", "'410184106'"), visit(4006, "2025-11-16", "township_code", "'410184107'"),
		}}},
		{"R40", "blue", "R40+", "R40-", rowsOf{"exam": append(octobers("R40+", 500000, 34), octobers("R40-", 510000, 33)...)}}, // 20 ± 3 × √20
		{"R41", "blue", "R41+", "R41-", rowsOf{"detection": { // 16 working days and 15
			sent("R41+", "R41a", "2026-10-12", "2026-11-03"), sent("R41-", "R41b", "2026-10-12", "2026-11-02"),
		}}},
		{"R43", "yellow", "R43+", "R43-", rowsOf{"complaint": {complaint("R43+", "2026-09-15"), complaint("R43-", "2026-09-16")}}}, // 61 days and 60
		{"R43", "yellow", "R43twice", "R43once", rowsOf{"complaint": {
			complaint("R43twice", "2026-11-10", "channel", "'handed'", "handed_to", "'人社局'"), complaint("R43once", "2026-11-10", "channel", "'handed'"),
		}}},
		{"R44", "orange", "R44+", "R44-", rowsOf{"demerit": { // six points in twelve months; one of them older
			demerit("R44+", "2025-11-16", 3), demerit("R44+", "2026-06-01", 3), demerit("R44-", "2025-11-15", 3), demerit("R44-", "2026-06-01", 3),
		}}},
	}
}

// targetReadings are monthly readings of an indicator in a township, from May to October.
func targetReadings(area string, values ...float64) (rows []string) {
	for i, value := range values {
		end := time.Date(2026, time.Month(6+i), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
		rows = append(rows, fmt.Sprintf("('T3', '1', 'headline', 'month', '%s', '%s', '%s', 'township', '%s', %g, 100, %g, 0.95, 0, 'below', '2026-11-01 00:00:00')",
			end.Format("2006-01"), end.Format(time.DateOnly), area, area, 100*value, value))
	}
	return rows
}
