package transform_test

import (
	"slices"
	"testing"
)

// What one stream says against another is found whichever of the two came first, and goes when it is mended.
func TestCrossFindings(t *testing.T) {
	c := newCity(t, "2026-11-16")
	person := func(n string) string { return "toUUID('00000000-0000-0000-0000-0000000000" + n + "')" }
	exam := row{
		"employer_key": "'E1'", "institution_code": "'I1'", "report_card_id": "'C1'", "exam_no": "'N1'", "person_key": person("01"), "exam_type": "'in'",
		"exam_date": "'2025-03-07'", "hazards_exposed": "['HZ-3-001']",
	}
	dose := row{
		"employer_key": "'H1'", "worker_no": "'1'", "person_key": person("02"), "period_start": "'2025-01-01'", "period_end": "'2025-03-31'",
		"position": "'chest'", "quantity": "'hp10'", "value": "0.1",
	}
	detection := row{"employer_key": "'E1'", "institution_code": "'I2'", "report_no": "'R1'", "sample_date": "'2025-03-07'", "hazard": "'HZ-1-001'"}
	card := row{"employer_key": "'E1'", "card_no": "'K1'", "card_kind": "'disease'", "report_kind": "'new'", "person_key": person("03"), "disease": "'OD1'", "report_date": "'2025-05-01'"}
	found := func() []string {
		t.Helper()
		c.runOnly("fct_cross_finding")
		var got []string
		rows, err := c.db.Conn().Query(t.Context(), "SELECT concat(code, ' ', severity, ' ', stream, ' ', toString(batch), ':', toString(row), ' ', related) AS line FROM fct_cross_finding ORDER BY line")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := func(lines ...string) {
		t.Helper()
		if got := found(); !slices.Equal(got, lines) {
			t.Errorf("got  %q\nwant %q", got, lines)
		}
	}
	c.load("exam", exam, exam.with("report_card_id", "'C2'", "exam_no", "'N2'"), exam.with("report_card_id", "'C3'", "exam_no", "'N3'", "person_key", person("09"), "prev_exam_no", "'N0'"))
	c.load("dose", dose, dose.with("period_start", "'2025-03-20'", "period_end", "'2025-06-30'"), dose.with("worker_no", "'2'", "person_key", person("04")))
	c.load("detection", detection)
	c.load("case_report", card, card.with("card_no", "'K2'"), card.with("card_no", "'K3'", "person_key", person("05"), "linked_suspect_card", "'K9'"))
	c.load("exam_item", row{"institution_code": "'I1'", "exam_no": "'N1'", "item_code": "'1'"}, row{"institution_code": "'I1'", "exam_no": "'N8'", "item_code": "'1'"})
	want(
		"exam_unknown warn exam_item 5:3 I1 N8",
		"period_overlap warn dose 2:3 2025-03-31",
		"possible_duplicate warn case_report 4:2 K2",
		"possible_duplicate warn case_report 4:3 K1",
		"possible_duplicate warn exam 1:2 I1 C2",
		"possible_duplicate warn exam 1:3 I1 C1",
		"previous_exam_unknown note exam 1:4 N0",
		"suspect_card_unknown note case_report 4:4 K9",
	)
	// The other streams arrive later.
	c.load("follow_up", row{"person_key": person("09"), "visit_date": "'2025-01-05'", "result": "'dead'"})
	c.load("radiation_worker", row{"employer_key": "'H1'", "worker_no": "'1'", "person_key": person("02"), "start_date": "'2015-01-01'", "end_date": "'2024-12-31'"})
	c.load("institution", row{"institution_code": "'I2'", "institution_name": "'乙'", "kind": "'service'", "valid_from": "'2020-01-01'", "valid_to": "'2024-12-31'", "status": "'active'"})
	c.load("declaration", row{"employer_key": "'E1'", "declaration_no": "'D1'", "hazard": "'HZ-3-001'", "accept_date": "'2025-01-01'"})
	c.load("employer", row{"employer_key": "'E1'", "employees": "10", "close_date": "'2024-06-30'", "status": "'closed'"})
	c.load("insurance", row{"employer_key": "'E1'", "period": "'2025-01-01'", "insured_count": "40"})
	want(
		"dose_after_leaving warn dose 2:2 2024-12-31",
		"dose_after_leaving warn dose 2:3 2024-12-31",
		"employer_closed warn detection 3:2 2024-06-30",
		"employer_closed warn exam 1:2 2024-06-30",
		"employer_closed warn exam 1:3 2024-06-30",
		"employer_closed warn exam 1:4 2024-06-30",
		"exam_after_death warn exam 1:4 2025-01-05",
		"exam_unknown warn exam_item 5:3 I1 N8",
		"hazard_undeclared note detection 3:2 HZ-1-001",
		"institution_discovered note exam 1:2 I1",
		"institution_unqualified warn detection 3:2 I2",
		"insured_above_staff note insurance 11:2 10",
		"period_overlap warn dose 2:3 2025-03-31",
		"possible_duplicate warn case_report 4:2 K2",
		"possible_duplicate warn case_report 4:3 K1",
		"possible_duplicate warn exam 1:2 I1 C2",
		"possible_duplicate warn exam 1:3 I1 C1",
		"previous_exam_unknown note exam 1:4 N0",
		"suspect_card_unknown note case_report 4:4 K9",
		"worker_unregistered note dose 2:4 2",
	)
}
