package transform_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"ohwatch/internal/period"
	"ohwatch/transform"
)

func week(text string) period.Period {
	p, err := period.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}

// evaluate runs the rules for a week; all of them must work.
func (c *city) evaluate(text string) transform.Evaluation {
	c.Helper()
	e, err := transform.Evaluate(c.Context(), c.db, week(text), transform.Options{Today: c.today, Files: c.files})
	if err != nil {
		c.Fatal(err)
	}
	for _, broken := range e.Broken {
		c.Error(broken)
	}
	return e
}

// raised lists "severity object" of the warnings of a rule.
func raised(e transform.Evaluation, rule string) string {
	var lines []string
	for _, w := range e.Warnings {
		if w.Rule == rule {
			lines = append(lines, string(w.Severity)+" "+cmp.Or(w.ObjectName, w.Object))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

func suspected(key, no string, n int, disease, reported string) row {
	return row{
		"employer_key": quote(key), "card_no": quote(no), "key": quote(no), "card_kind": "'suspected'", "report_kind": "'new'",
		"person_key": person(n), "disease": quote(disease), "hazard": quote(noise), "report_date": quote(reported), "review_date": quote(reported),
	}
}

const (
	deafness  = "OD2024-04-01"
	silicosis = "OD2024-01-1-01"
)

// TestEvaluate_Rules has for each rule rows that raise it and near misses that don't, all in week 2026-W46, which
// ends on 2026-11-15.
func TestEvaluate_Rules(t *testing.T) {
	c := newCity(t, "2026-11-16")
	names := []string{
		"CLUSTER", "NEARLY", "RECENT", "SHORT", "EXACT5", "OVERDUE", "LATE", "INTIME", "LOUD", "QUIET", "SILICA", "TWICE", "ONCE",
		"UNTESTED", "TESTED", "EXPIRED", "GAP", "COVERED", "NOBODY", "HOSP", "RETEST", "BETTER",
	}
	var roster, policies []row
	for _, name := range names {
		roster = append(roster, employer(name).with("employer_name", quote(name)))
		if name != "GAP" && name != "NOBODY" {
			policies = append(policies, row{"employer_key": quote(name), "period": "'2026-10-01'", "insured_count": "10"})
		}
	}
	roster = append(roster, employer("SEVERE").with("employer_name", "'SEVERE'", "risk_class", "'severe'", "exposed_total", "0"))
	policies = append(policies, row{"employer_key": "'GAP'", "period": "'2026-11-01'", "insured_count": "9"})
	c.load("employer", roster...)
	c.load("insurance", policies...)

	c.load("case_report",
		// R04: three within a year; two within a year but not within 90 days; two within 90 days.
		suspected("CLUSTER", "c1", 1, deafness, "2025-11-16"), suspected("CLUSTER", "c2", 2, deafness, "2026-05-01"),
		suspected("CLUSTER", "c3", 3, deafness, "2026-06-01"),
		suspected("NEARLY", "n1", 4, deafness, "2025-11-15"), suspected("NEARLY", "n2", 5, deafness, "2026-05-01"),
		suspected("NEARLY", "n3", 5, deafness, "2026-06-01"), suspected("NEARLY", "n4", 6, deafness, "2026-06-02"),
		suspected("RECENT", "r1", 7, deafness, "2026-08-18"), suspected("RECENT", "r2", 8, deafness, "2026-11-10"),
		// R10: the diagnosis of c1 has begun, r1 has waited, r2 has not waited long enough.
		row{
			"employer_key": "'CLUSTER'", "card_no": "'d1'", "key": "'d1'", "card_kind": "'disease'", "report_kind": "'new'", "person_key": person(1),
			"disease": quote(deafness), "diagnosis_date": "'2025-12-20'", "report_date": "'2025-12-24'", "review_date": "'2025-12-25'",
		},
		// R06: 59 months, 60 months.
		row{
			"employer_key": "'SHORT'", "card_no": "'s1'", "key": "'s1'", "card_kind": "'pneumoconiosis'", "report_kind": "'new'", "person_key": person(20),
			"disease": quote(silicosis), "diagnosis_date": "'2026-11-01'", "report_date": "'2026-11-10'", "review_date": "'2026-11-11'", "exposure_months": "59",
		},
		row{
			"employer_key": "'EXACT5'", "card_no": "'s2'", "key": "'s2'", "card_kind": "'pneumoconiosis'", "report_kind": "'new'", "person_key": person(21),
			"disease": quote(silicosis), "diagnosis_date": "'2026-11-01'", "report_date": "'2026-11-10'", "review_date": "'2026-11-11'", "exposure_months": "60",
		},
		// R38: 16 days and 15 days.
		row{
			"employer_key": "''", "card_no": "'l1'", "key": "'l1'", "card_kind": "'disease'", "report_kind": "'new'", "person_key": person(30), "report_org": "'LATEORG'",
			"disease": quote(silicosis), "diagnosis_date": "'2026-10-25'", "report_date": "'2026-11-10'", "review_date": "'2026-11-11'", "exposure_months": "90",
		},
		row{
			"employer_key": "''", "card_no": "'l2'", "key": "'l2'", "card_kind": "'disease'", "report_kind": "'new'", "person_key": person(31), "report_org": "'INTIMEORG'",
			"disease": quote(silicosis), "diagnosis_date": "'2026-10-26'", "report_date": "'2026-11-10'", "review_date": "'2026-11-17'", "exposure_months": "90",
		},
	)
	// R15: noise has a cycle of twelve months.
	var exams []row
	for n := 100; n < 110; n++ {
		exams = append(exams, exam("INTIME", n, "in", "2026-06-01", noise), exam("LATE", n+100, "in", "2025-06-01", noise))
	}
	exams = append(exams, exam("OVERDUE", 300, "in", "2025-10-01", noise))
	c.load("exam", exams...)

	result := func(key, report, date, post, hazard, limitType, unit, value string) row {
		return detection(key, "periodic", date, "w", post, hazard).with(
			"report_no", quote(report), "limit_type", quote(limitType), "unit", quote(unit), "value", value, "qualifier", "'eq'")
	}
	c.load("detection",
		result("LOUD", "L", "2026-11-02", "a", noise, "LEX8h", "dB(A)", "95"),
		result("QUIET", "Q", "2026-11-02", "a", noise, "LEX8h", "dB(A)", "85"),
		result("QUIET", "Q", "2026-11-02", "b", fume, "TWA", "mg/m3", "5").with("qualifier", "'lt'"),
		result("SILICA", "S", "2026-11-02", "a", "HZ-1-007", "TWA", "mg/m3", "1.2").with("fraction", "'total'", "free_sio2_pct", "12"), // cement judged as silica: 1
		result("SILICA", "S", "2026-11-02", "b", "HZ-1-007", "TWA", "mg/m3", "1.2").with("fraction", "'total'", "free_sio2_pct", "9"),  // cement: 4
		result("TWICE", "T1", "2025-11-02", "a", fume, "TWA", "mg/m3", "4.1"), result("TWICE", "T2", "2026-11-02", "a", fume, "TWA", "mg/m3", "4.1"),
		result("ONCE", "O1", "2025-11-02", "a", fume, "TWA", "mg/m3", "4.1"), result("ONCE", "O2", "2026-10-02", "a", fume, "TWA", "mg/m3", "4.0"),
		// A result within the limit three weeks before belongs to the same round, one two months before is a round of its own.
		result("RETEST", "X1", "2025-11-02", "a", fume, "TWA", "mg/m3", "4.1"), result("RETEST", "X2", "2026-10-02", "a", fume, "TWA", "mg/m3", "1"),
		result("RETEST", "X3", "2026-10-23", "a", fume, "TWA", "mg/m3", "4.1"),
		result("BETTER", "Y1", "2025-11-02", "a", fume, "TWA", "mg/m3", "4.1"), result("BETTER", "Y2", "2026-08-02", "a", fume, "TWA", "mg/m3", "1"),
		result("BETTER", "Y3", "2026-10-23", "a", fume, "TWA", "mg/m3", "4.1"),
		// R27: general risk, 36 months: over by 91 days, over by one day, in 60 days, in 61 days.
		result("EXPIRED", "E", "2023-08-16", "a", noise, "LEX8h", "dB(A)", "80"),
		result("TESTED", "E2", "2024-01-14", "a", noise, "LEX8h", "dB(A)", "80"),
	)
	// D01, D02, D03, D06.
	dose := func(worker string, n int, from, to, value string, more ...string) row {
		return row{
			"employer_key": "'HOSP'", "unit_kind": "'medical'", "worker_no": quote(worker), "person_key": person(n), "period_start": quote(from),
			"period_end": quote(to), "quantity": "'hp10'", "position": "'chest'", "value": value, "final_value": value, "qualifier": "'eq'",
			"dosimeter_status": "'normal'", "report_date": "'2026-11-01'",
		}.with(more...)
	}
	c.load("dose",
		dose("over", 501, "2026-07-01", "2026-09-30", "1.26"), dose("exact", 502, "2026-07-01", "2026-09-30", "1.25"),
		dose("monthly", 503, "2026-09-01", "2026-09-30", "0.5"),
		dose("sum", 504, "2026-01-01", "2026-03-31", "10"), dose("sum", 504, "2026-04-01", "2026-06-30", "10.1"),
		dose("twenty", 505, "2026-01-01", "2026-03-31", "20"),
		dose("much", 506, "2026-01-01", "2026-03-31", "51"),
		dose("lost", 507, "2026-07-01", "2026-09-30", "NULL", "qualifier", "'none'", "dosimeter_status", "'lost'"),
		dose("nominal", 508, "2026-07-01", "2026-09-30", "0.1", "is_nominal", "true", "dosimeter_status", "'lost'"),
		dose("twice", 509, "2026-01-01", "2026-03-31", "NULL", "qualifier", "'none'", "dosimeter_status", "'damaged'"),
		dose("twice", 509, "2026-07-01", "2026-09-30", "NULL", "qualifier", "'none'", "dosimeter_status", "'not_returned'"),
	)
	// R39: a source that sends weekly and has been silent for 21 and 22 days.
	var sends []row
	for i := range 12 {
		day := day("2026-10-24").AddDate(0, 0, -7*i)
		sends = append(sends, exam("INTIME", 100, "in", day.Format("2006-01-02"), noise).with("institution_code", "'SILENT'", "report_card_id", quote(itoa(i))),
			exam("INTIME", 101, "in", day.AddDate(0, 0, 1).Format("2006-01-02"), noise).with("institution_code", "'HEARD'", "report_card_id", quote(itoa(i))))
	}
	c.load("exam", sends...)

	e := c.evaluate("2026-W46")
	for rule, want := range map[string]string{
		"R04":  "red CLUSTER, red RECENT",
		"R06":  "red SHORT",
		"R10":  "orange 00000000, orange 00000000, orange 00000000, orange 00000000, orange 00000000, orange 00000000", // c2 c3 n2 n3 n4 r1
		"R15":  "orange LATE, yellow OVERDUE",
		"R23":  "orange BETTER, orange RETEST, orange SILICA, orange TWICE, red LOUD",
		"R24":  "red RETEST, red TWICE",
		"R35":  "orange GAP, orange NOBODY, orange SEVERE",
		"R38":  "blue LATEORG",
		"R39":  "blue SILENT",
		"D01":  "orange 00000000, orange 00000000, orange 00000000, orange 00000000, orange 00000000, orange 00000000",
		"D02":  "red 00000000, red 00000000",
		"D03":  "red 00000000",
		"D06":  "orange 00000000, yellow 00000000",
		"EARS": "",
	} {
		if got := raised(e, rule); got != want {
			t.Errorf("%s raised %q, want %q", rule, got, want)
		}
	}
	overdue := raised(e, "R27")
	for name, want := range map[string]string{"EXPIRED": "orange EXPIRED", "UNTESTED": "orange UNTESTED", "TESTED": "yellow TESTED"} {
		if !strings.Contains(overdue, want) {
			t.Errorf("R27 of %s: want %s in %s", name, want, overdue)
		}
	}
	if strings.Contains(overdue, "LOUD") {
		t.Errorf("R27 for an employer tested this month: %s", overdue)
	}
	for _, w := range e.Warnings {
		if w.FirstSeen != "2026-11-15" || w.State != "new" || w.DueDay <= "2026-11-15" {
			t.Errorf("%s: first seen %s, state %s, due %s", w.ID, w.FirstSeen, w.State, w.DueDay)
		}
	}

	// Orange ones that have been so for more than four weeks when the rules are evaluated first are backlog, red ones never are.
	ledger, err := transform.ReadLedger(t.Context(), c.db, transform.Options{Today: c.today})
	if err != nil {
		t.Fatal(err)
	}
	ledger.Mark(e.Warnings)
	backlog := map[string]bool{}
	for _, w := range e.Warnings {
		if w.Severity == transform.Orange && len(w.Listed) == len(w.Addressee) {
			backlog[w.Rule+" "+w.ObjectName] = true
		} else if len(w.Listed) > 0 && w.Severity != transform.Red {
			t.Errorf("%s is listed for %v of %v", w.ID, w.Listed, w.Addressee)
		}
	}
	for name, want := range map[string]bool{
		"R10 00000000": true, "R27 EXPIRED": false, "R27 UNTESTED": true, "R35 SEVERE": true, "R23 BETTER": false, "R23 TWICE": false, "R04 CLUSTER": false,
	} {
		if backlog[name] != want {
			t.Errorf("%s is backlog: %v", name, backlog[name])
		}
	}

	again := c.evaluate("2026-W46")
	if again.Opened+again.Reopened+again.Resolved != 0 || len(again.Warnings) != len(e.Warnings) {
		t.Errorf("evaluated again: %d opened, %d reopened, %d resolved, %d of %d warnings",
			again.Opened, again.Reopened, again.Resolved, len(again.Warnings), len(e.Warnings))
	}
	if n := c.query("SELECT toString(count() - uniqExact(id)) FROM wrn_event"); n != "0" {
		t.Errorf("%s events were repeated", n)
	}
}
