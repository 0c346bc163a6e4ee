package transform_test

import (
	"testing"
)

func TestT1_StrictAndLenient(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer",
		employer("A"), employer("B").with("risk_class", "'severe'"), employer("C"), employer("D").with("risk_class", "'severe'", "employees", "9"),
		employer("X").with("industry_code", "'F51'"),                        // not a key industry
		employer("Z").with("exposed_total", "0"),                            // no hazard
		employer("S").with("status", "'stopped'", "risk_class", "'severe'"), // stopped: must still declare
		employer("K").with("status", "'closed'"),                            // closed, no date
		employer("L").with("status", "'closed'", "close_date", "'2025-12-31'"),
		employer("M").with("close_date", "'2026-01-01'"), // closes the day after
		employer("N").with("start_date", "'2026-01-01'"), // begins the day after
		employer("U").with("township_code", "''", "employees", "7"),
		employer("U").with("workplace_no", "2", "employees", "5"),
	)
	c.load("declaration",
		declaration("A", "2025-03-01", "w", "p", noise, 5),
		declaration("B", "2024-12-31", "w", "p", noise, 5), // last year: lenient only
		declaration("C", "2026-01-01", "w", "p", noise, 5), // next year
		declaration("X", "2025-03-01", "w", "p", noise, 5),
	)
	c.load("exam", exam("NEW", 1, "in", "2025-06-01", noise)) // not on the roster: discovered
	c.runOnly("T1")
	// Due at the end of 2025: A B C D S M U and the discovered NEW.
	c.want("T1", "strict", "2025", "1/8")
	c.want("T1", "lenient", "2025", "2/8")
	c.want("T1", "severe_10", "2025", "1/2") // B and S
	c.want("T1", "strict", "2025-05", "1/8") // L instead of NEW
	c.want("T1", "strict", "2024Q4", "1/8")
	c.want("T1", "lenient", "2026", "3/8") // A B C D S U NEW and N, which has begun; L and M are gone
	c.want("T1", "strict", "2025", "0/2", "township", "unassigned")
	c.want("T1", "strict", "2025", "1/6", "township", "410184106")
	c.want("T1", "strict", "2025", "1/7", "industry", "C34")
	c.want("T1", "strict", "2025", "0/1", "industry", "unknown")
	c.want("T1", "strict", "2025", "1/7", "size", "small")
}

func TestT2_Readings(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer",
		employer("G"), // general: 36 months
		employer("H").with("risk_class", "'severe'"),                       // severe: 12 months
		employer("I").with("risk_class", "''", "industry_code", "'C3110'"), // severe by its industry
		employer("J").with("start_date", "'2025-01-01'"),                   // exactly a year old at 2026-01-01
		employer("P").with("status", "'stopped'"),
		employer("Q"),
	)
	c.load("declaration",
		declaration("G", "2025-01-10", "W 1", "Post", noise, 3),
		declaration("G", "2025-01-10", "W1", "Post", silica, 3),
		declaration("G", "2025-01-10", "W1", "Post", "HZ-3-003", 3), // low temperature has no limit
		declaration("H", "2025-01-10", "W1", "Post", noise, 3),
	)
	c.load("detection",
		detection("G", "periodic", "2022-12-31", "w1", "post", noise),
		detection("G", "supervision", "2025-05-01", "w1", "post", silica), // does not count
		detection("H", "periodic", "2024-12-30", "W1", "Post", noise),     // a day too old for severe
		detection("I", "status", "2024-12-31", "x", "y", noise),           // last day
		detection("Q", "control", "2024-06-01", "x", "y", noise),          // counts in its year only
	)
	c.runOnly("T2")
	// Due at the end of 2025: G H I Q (J is younger than a year, P stopped).
	c.want("T2", "employer", "2025", "2/4")
	c.want("T2", "point", "2025", "1/3") // G: noise of silica+noise; H: none of 1
	c.want("T2", "full", "2025", "1/4")  // I has no declaration
	c.want("T2", "employer", "2024", "4/4")
	c.want("T2", "employer", "2026", "0/5")
	c.want("T2", "employer", "2026-01", "0/5") // J joins on 2026-01-01, G ran out on 2025-12-31
}

func TestT3_Person(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A").with("exposed_total", "12"))
	in := func(n int, date string, hazards ...string) row { return exam("A", n, "in", date, hazards...) }
	c.load("exam",
		// 1: covered on the last day of the cycle.
		in(1, "2024-12-31", noise),
		// 2: a day too old.
		in(2, "2024-12-30", noise),
		// 3: noise is overdue, fume lasts 36 months: partly covered.
		in(3, "2023-06-01", noise, fume),
		// 4: new worker, not yet due.
		exam("A", 4, "pre", "2025-02-01", noise),
		// 5: gone.
		in(5, "2025-05-01", noise), exam("A", 5, "leave", "2025-06-01", noise),
		// 6: moved to another employer in the city.
		in(6, "2025-05-01", noise), exam("B", 6, "pre", "2025-06-01", noise),
		// 7: recheck without re-examination, void after three months.
		in(7, "2025-03-01", noise).with("conclusion_overall", "'recheck'"),
		// 8: recheck, re-examined in time.
		in(8, "2025-03-01", noise).with("conclusion_overall", "'recheck'"),
		in(8, "2025-06-01", noise).with("is_reexam", "true", "prev_exam_no", "'8-2025-03-01'"),
		// 9: pending for noise, completed for fume: partly.
		in(9, "2025-03-01", noise, fume).with("conclusion_hazard", list(noise, fume), "conclusion", list("pending", "normal")),
		// 10: recheck on 2025-10-15: still open at the end of the year.
		in(10, "2025-10-15", noise).with("conclusion_overall", "'recheck'"),
		// 11: toluene only: due until 2026-07-31, then not.
		in(11, "2025-09-01", "HZ-2-029"),
		// 12: emergency exam only: no surveillance.
		exam("A", 12, "emerg", "2025-09-01", noise),
	)
	c.runOnly("T3")
	// Covered: 1 8 10 11; not yet due: 4 and, at the discovered B, 6; partly: 3 9; overdue: 2 7.
	c.want("T3", "strict", "2025", "4/11")
	c.want("T3", "lenient", "2025", "6/11")
	c.want("T3", "assessment", "2025", "8/13")
	c.want("T3", "strict", "2025-05", "6/11") // 1 2 5 6 7 8; not yet due: 4
	c.want("T3", "yearly", "2025", "4/11")    // 8 9 10 11; 4 and 6 are free until next year
}

func TestT4_Training(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer",
		employer("A").with("head_key", person(901), "manager_keys", "["+person(911)+", "+person(912)+"]"),
		employer("B").with("head_key", person(902)), // no manager: one untrained
		employer("C"), // head unknown: any record will do
		employer("D").with("head_key", person(904), "manager_keys", "["+person(914)+"]"),
	)
	record := func(key, role, name, date string, more ...string) row {
		return row{
			"employer_key": quote(key), "person_role": quote(role), "name_key": name, "train_date": quote(date), "result": "'pass'",
		}.with(more...)
	}
	c.load("training",
		record("A", "head", person(901), "2024-12-31"), // twelve months, last day
		record("A", "manager", person(911), "2025-03-01"),
		record("A", "manager", person(999), "2025-03-01"),                          // not a manager of the roster
		record("B", "head", person(999), "2025-03-01"),                             // the former head
		record("C", "head", person(999), "2023-03-01", "valid_to", "'2025-12-31'"), // printed end
		record("D", "head", person(904), "2025-03-01", "result", "'fail'"),
		record("D", "manager", person(914), "2025-03-01", "valid_to", "'2025-12-30'"), // ended the day before
	)
	c.runOnly("T4a", "T4b")
	c.want("T4a", "strict", "2025", "2/4")
	c.want("T4a", "lenient", "2025", "3/4")
	c.want("T4b", "strict", "2025", "1/5")
	c.want("T4b", "employer", "2025", "1/4")
}

func TestT5_Doses(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("HOSP").with("township_code", "'410184001'", "industry_code", "'Q84'"))
	reading := func(worker, from, to string, more ...string) row {
		return row{
			"employer_key": "'HOSP'", "unit_kind": "'medical'", "worker_no": quote(worker), "person_key": person(1), "start_date": "'2015-01-01'",
			"period_start": quote(from), "period_end": quote(to), "quantity": "'hp10'", "position": "'chest'", "value": "0.1", "qualifier": "'eq'",
		}.with(more...)
	}
	quarters := func(worker string, more ...string) []row {
		return []row{
			reading(worker, "2025-01-01", "2025-03-31", more...), reading(worker, "2025-04-01", "2025-06-30", more...),
			reading(worker, "2025-07-01", "2025-09-30", more...), reading(worker, "2025-10-01", "2025-12-31", more...),
		}
	}
	full := quarters("full")
	full[1] = full[1].with("value", "NULL", "qualifier", "'lt'")
	full[2] = full[2].with("value", "NULL", "qualifier", "'none'", "is_nominal", "true")
	lost := quarters("lost")
	lost[2] = lost[2].with("value", "NULL", "qualifier", "'none'", "dosimeter_status", "'lost'")
	gap := quarters("gap")
	gap[3] = gap[3].with("period_start", "'2025-10-02'")
	rows := append(append(full, lost...), gap...)
	rows = append(rows,
		reading("left", "2025-01-01", "2025-03-31", "end_date", "'2025-02-10'"),                        // only its days
		reading("new", "2025-10-01", "2025-12-31", "start_date", "'2025-10-15'"),                       // only its days
		reading("lens", "2025-01-01", "2025-12-31", "quantity", "'hp3'"),                               // no whole-body reading
		reading("gone", "2024-01-01", "2024-12-31", "end_date", "'2024-12-31'"),                        // not on the roll
		reading("ndt", "2025-01-01", "2025-12-31", "unit_kind", "'industrial'", "employer_key", "'N'"), // not medical, not on the roster
	)
	c.load("dose", rows...)
	c.runOnly("T5", "T5-I")
	// On the roll in 2025: full lost gap left new lens.
	c.want("T5", "strict", "2025", "3/6")
	c.want("T5", "lenient", "2025", "5/6")
	c.want("T5", "strict", "2025Q1", "4/5")  // full lost gap left of full lost gap left lens
	c.want("T5", "strict", "2025-08", "4/5") // read at the end of June: full lost gap left of these and lens
	c.want("T5", "strict", "2025-02", "")    // no quarter has ended
	c.want("T5", "strict", "2026", "0/5")
	c.want("T5", "strict", "2025", "3/6", "township", "410184001")
	c.want("T5-I", "strict", "2025", "1/1")
	c.want("T5-I", "strict", "2025", "1/1", "township", "unassigned")
}

func TestT6_Insurance(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer",
		employer("A"), employer("B"), employer("C"),
		employer("D").with("industry_code", "'F51'", "exposed_total", "0", "employees", "4"), // every employer counts
		employer("E").with("status", "'closed'"),
	)
	record := func(key, period string, insured int, more ...string) row {
		return row{"employer_key": quote(key), "period": quote(period), "insured_count": itoa(insured)}.with(more...)
	}
	c.load("insurance",
		record("A", "2025-10-01", 15), // the oldest month that counts
		record("A", "2025-09-01", 99),
		record("B", "2025-09-01", 20), // too old
		record("C", "2025-12-01", 8, "employees_due", "10"),
		record("C", "2025-11-01", 99),
		record("E", "2025-12-01", 20),
	)
	c.runOnly("T6")
	c.want("T6", "persons", "2025", "23/54") // due: 20 20 10 4
	c.want("T6", "employers", "2025", "2/4")
	c.want("T6", "exposed", "2025", "18/30") // 10 of 10, 0 of 10, 8 of 10
}

func TestT7T8_Cases(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A"))
	silicosis := c.query("SELECT disease FROM (SELECT internal_id AS disease FROM ref_diseases WHERE name_zh = '矽肺')")
	deafness := c.query("SELECT internal_id FROM ref_diseases WHERE name_zh = '噪声聋'")
	card := func(no string, n int, disease, diagnosed, reported string, more ...string) row {
		return row{
			"employer_key": "'A'", "card_no": quote(no), "key": quote(no), "card_kind": "'disease'", "report_kind": "'new'",
			"person_key": person(n), "disease": quote(disease), "diagnosis_date": quote(diagnosed), "report_date": quote(reported),
		}.with(more...)
	}
	c.load("declaration", declaration("A", "2024-05-01", "w", "p", noise, 5)) // the data begin in 2024
	c.load("case_report",
		card("1", 1, silicosis, "2025-03-01", "2025-03-10", "exposure_months", "59"),
		card("2", 1, silicosis, "2025-06-01", "2025-06-10", "exposure_months", "59"),                      // the same case again
		card("3", 1, silicosis, "2025-09-01", "2025-09-10", "report_kind", "'progression'"),               // stage II
		card("4", 2, silicosis, "2025-03-01", "2025-03-10", "exposure_months", "60"),                      // five years are not short
		card("5", 3, silicosis, "2024-12-30", "2025-01-05"),                                               // exposure missing; other calendar
		card("6", 4, deafness, "2025-03-01", "2026-01-02", "exposure_months", "12"),                       // reported next year
		card("7", 5, deafness, "2025-03-01", "2025-03-02", "employer_key", "''", "exposure_months", "12"), // no employer
		card("8", 6, deafness, "2025-03-01", "2025-03-02", "card_kind", "'suspected'"),                    // not a case
		card("9", 7, "", "2025-03-01", "2025-03-02", "disease_text", "'怪病'"),                              // open name
		card("10", 7, "", "2025-04-01", "2025-04-02", "disease_text", "'怪病'"),
		card("11", 8, "OD2024-11-01", "2025-07-31", "2025-07-31"), // the stress disorder is no case before the catalogue of 2024
		card("12", 9, "OD2024-11-01", "2025-08-01", "2026-01-03"),
	)
	c.load("case_report", card("4", 2, silicosis, "2025-03-01", "2025-03-10").with("op", "'void'"))
	c.runOnly("T7", "T8")
	c.want("T7", "diagnosis", "2025", "5/-")
	c.want("T7", "report", "2025", "4/-")
	c.want("T7", "catalogue_2013", "2025", "4/-") // without the stress disorder
	c.want("T7", "diagnosis", "2025-03", "4/-")
	c.want("T7", "diagnosis", "2024", "1/-")
	c.want("T7", "diagnosis", "2025", "1/-", "township", "unassigned")
	c.want("T7", "diagnosis", "2025", "0/-", "township", "410184001")
	c.want("T7", "rate_exposed", "2025", "5/10")
	c.want("T8", "literal", "2025", "1/4")
	c.want("T8", "pneumoconiosis", "2025", "1/2")
	if got := c.query("SELECT toString(missing) FROM ind_value WHERE indicator = 'T8' AND variant = 'literal' AND period = '2025' AND dim = ''"); got != "1" {
		t.Errorf("cases without exposure time = %s, want 1", got)
	}
}
