package transform_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ohwatch/transform"
)

// patientCity has patients whose ways are read by hand in the tests below.
func patientCity(t *testing.T) *city {
	t.Helper()
	c := newCity(t, "2026-03-31")
	disease := func(name string) string {
		return c.query("SELECT internal_id FROM ref_diseases WHERE name_zh = " + quote(name))
	}
	silicosis, coal, deaf := disease("矽肺"), disease("煤工尘肺"), disease("噪声聋")
	c.load("employer", employer("A"), employer("B").with("township_code", "'410184101'"))
	c.load("insurance", row{"employer_key": "'A'", "period": "'2025-02-01'", "insured_count": "20"})
	card := func(no string, n int, kind, disease, day string, more ...string) row {
		return row{
			"employer_key": "'A'", "employer_name": "'厂A'", "card_no": quote(no), "key": quote(no), "card_kind": quote(kind), "report_kind": "'new'", "person_key": person(n),
			"disease": quote(disease), "report_date": quote(day), "sex": "'male'", "employer_exists": "'yes'",
		}.with(more...)
	}
	visit := func(n int, disease, day string, more ...string) row {
		return row{
			"person_key": person(n), "patient_card_no": quote("F" + itoa(n)), "key": quote(fmt.Sprint("F", n, day)), "visit_date": quote(day), "disease": quote(disease),
			"result": "'alive'", "method": "'phone'",
		}.with(more...)
	}
	c.load("case_report",
		// 1: suspected at A, diagnosed 40 days later as another pneumoconiosis; stage I, then II at B.
		card("S1", 1, "suspected", silicosis, "2025-01-10", "occur_date", "'2025-01-01'", "outcome_of_suspect", "'diagnosed'"),
		card("D1", 1, "pneumoconiosis", coal, "2025-02-12", "diagnosis_date", "'2025-02-10'", "stage", "'1'", "stage_date_1", "'2025-02-10'", "exposure_months", "100"),
		card("P1", 1, "pneumoconiosis", coal, "2026-02-15", "diagnosis_date", "'2026-02-10'", "report_kind", "'progression'", "stage", "'2'", "employer_key", "'B'", "stage_date_1", "'2025-02-10'"),
		// 2: suspected, still open; the same suspicion reported twice.
		card("S2", 2, "suspected", deaf, "2025-12-31", "occur_date", "'2025-12-31'"),
		card("S2b", 2, "suspected", deaf, "2026-01-15"),
		// 3: suspected, excluded on a day that no card tells.
		card("S3", 3, "suspected", deaf, "2025-06-01", "outcome_of_suspect", "'excluded'"),
		// 4: named by the suspected card's number, another disease; diagnosis upheld; no employer: class c.
		card("S4", 4, "suspected", silicosis, "2025-03-01"),
		card("D4", 4, "disease", deaf, "2025-03-31", "diagnosis_date", "'2025-03-31'", "linked_suspect_card", "'S4'", "employer_key", "''",
			"appraisal_date", "'2025-05-30'", "appraisal_result", "'upheld'"),
		// 5: the appraisal reversed the diagnosis.
		card("D5", 5, "disease", deaf, "2025-04-01", "diagnosis_date", "'2025-04-01'", "appraisal_date", "'2025-06-01'", "appraisal_result", "'reversed'"),
		// 6: suspected after the diagnosis of the same disease: no suspicion of it. Employer B had no policy: class b.
		card("D6", 6, "pneumoconiosis", silicosis, "2024-05-01", "diagnosis_date", "'2024-05-01'", "stage", "'2'", "employer_key", "'B'"),
		card("S6", 6, "suspected", silicosis, "2025-05-01", "employer_key", "'B'"),
		// 7: voided below.
		card("D7", 7, "disease", deaf, "2025-01-01", "diagnosis_date", "'2025-01-01'"),
		// 8: corrected below: the diagnosis was a month later.
		card("D8", 8, "disease", deaf, "2025-01-01", "diagnosis_date", "'2025-01-01'"),
	)
	c.load("case_report",
		card("D7", 7, "disease", deaf, "2025-01-01", "op", "'void'"),
		card("D8", 8, "disease", deaf, "2025-02-01", "diagnosis_date", "'2025-02-01'", "op", "'correct'", "death_date", "'2025-08-20'"),
	)
	c.load("follow_up",
		visit(1, silicosis, "2025-04-01", "injury_recognised", "false", "payer_injury", "false"),
		visit(1, silicosis, "2025-07-01", "injury_recognised", "true", "injury_date", "'2025-06-10'", "payer_injury", "true", "benefit_date", "'2025-06-20'", "disability_grade", "'4'",
			"township_code", "'410184102'", "benefit_class", "'a'"),
		visit(4, "", "2025-06-30", "result", "'lost'", "payer_aid", "false", "payer_basic", "true"),
		visit(9, silicosis, "2025-06-01", "stage", "'1'", "payer_employer", "true"), // known from visits only
	)
	c.load("exam", exam("B", 1, "in", "2023-05-05", silica), exam("A", 1, "in", "2024-12-20", silica))
	c.runOnly("T7", "dim_patient", "fct_patient_case", "fct_patient_event", "fct_dose_period", "stg_training")
	return c
}

// TestPatients_Files reads the case of each person.
func TestPatients_Files(t *testing.T) {
	c := patientCity(t)
	cases, err := transform.Patients(t.Context(), c.db, c.today, transform.PatientFilter{})
	if err != nil {
		t.Fatal(err)
	}
	paid := func(b *bool) string {
		if b == nil {
			return "?"
		}
		return fmt.Sprint(*b)
	}
	var got []string
	for _, p := range cases {
		got = append(got, strings.Join([]string{
			p.Person[len(p.Person)-1:], "s" + p.Suspected.String(), "d" + p.Diagnosed.String(), "a" + p.Appraised.String() + p.Appraisal, "r" + p.Recognised.String(), "b" + p.Benefits.String(),
			"f" + p.Followed.String(), "st" + p.Stage, p.Class, paid(p.Aided), p.Area, p.Waiting, fmt.Sprint(p.Waited), fmt.Sprint(len(p.Lines)),
		}, " "))
	}
	slices.Sort(got)
	want := []string{
		"1 s2025-01-01 d2025-02-10 a r2025-06-10 b2025-06-20 f2025-04-01 st2 a true 410184102 none 0 5",
		"2 s2025-12-31 d a r b f st  ? 410184106 diagnosis 90 2",
		"3 s2025-06-01 d a r b f st  ? 410184106 none 0 1",
		"4 s2025-03-01 d2025-03-31 a2025-05-30upheld r b f st c false unassigned benefits 365 3",
		"5 s d2025-04-01 a2025-06-01reversed r b f st a ? 410184106 none 0 1",
		"6 s d2024-05-01 a r b f st2 b ? 410184101 benefits 699 2",
		"8 s d2025-02-01 a r b f st a ? 410184106 none 0 1",
		"9 s d a r b2025-06-01 f2025-06-01 st1 c ? unassigned none 0 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the files are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// A reversed diagnosis is no new case, a corrected one counts on its new day.
	c.want("T7", "diagnosis", "2025", "3/-") // 1, 4 and 8
	c.want("T7", "diagnosis", "2025-01", "0/-")

	file, err := transform.Patient(t.Context(), c.db, c.today, "00000000-0000-0000-0000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	var records []string
	employers := map[string]bool{}
	for _, r := range file.Records {
		records = append(records, r.Day.String()+" "+r.Stream+" "+r.What)
		if r.Employer != "" {
			employers[r.Employer] = true
		}
	}
	if got, want := strings.Join(records, "; "), "2023-05-05 exam in; 2024-12-20 exam in; 2025-01-01 case_report suspected; 2025-02-10 case_report diagnosis; "+
		"2025-04-01 follow_up visit; 2025-07-01 follow_up visit; 2026-02-10 case_report progression"; got != want || len(employers) != 2 {
		t.Errorf("records at %d employers:\n%s, want at 2\n%s", len(employers), got, want)
	}
	if _, err := transform.Patient(t.Context(), c.db, c.today, "00000000"); !errors.Is(err, transform.ErrManyPatients) {
		t.Errorf("the beginning of many: %v", err)
	}
	if _, err := transform.Patient(t.Context(), c.db, c.today, "ffffffff"); !errors.Is(err, transform.ErrUnknownPatient) {
		t.Errorf("an unknown one: %v", err)
	}
	only, err := transform.Patients(t.Context(), c.db, c.today, transform.PatientFilter{Class: "c", Unaided: true, Waiting: "benefits"})
	if err != nil || len(only) != 1 || only[0].Case == "" || !strings.HasSuffix(only[0].Person, "4") {
		t.Errorf("class c without aid: %+v, %v", only, err)
	}

	transitions, steps, err := transform.Funnel(t.Context(), c.db, c.today, transform.PatientFilter{})
	if err != nil {
		t.Fatal(err)
	}
	number := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return fmt.Sprint(*x)
	}
	var ways, counts []string
	for _, w := range transitions {
		ways = append(ways, fmt.Sprintf("%s %s=%s+%s+%s median %s oldest %s", w.Name, number(w.N), number(w.Reached), number(w.Open), number(w.Closed), number(w.Median), number(w.OpenMax)))
	}
	for _, s := range steps {
		counts = append(counts, fmt.Sprintf("%s %s %s/%s %s+%s+%s", s.Kind, s.Name, number(s.Cases), number(s.Persons), number(s.Aided), number(s.NotAided), number(s.Unknown)))
	}
	// Suspicion to diagnosis: 30 and 40 days, 90 open. Of five diagnoses one was reversed; 8 died after 200 days.
	wantWays := "diagnosis 4=2+1+1 median 40 oldest 90; appraisal 5=2+3+0 median - oldest 699; recognition 5=1+3+1 median - oldest 699; " +
		"benefits 1=1+0+0 median 10 oldest -; any_benefits 5=1+3+1 median - oldest 699; follow_up 5=1+3+1 median - oldest 699; " +
		"from_stage_1 2=1+1+0 median 365 oldest 0; from_stage_2 2=0+2+0 median - oldest 365"
	wantCounts := "step suspected 4/4 -+-+-; step diagnosed 5/5 -+-+-; step appraised 2/2 -+-+-; step recognised 1/1 -+-+-; step benefits 2/2 -+-+-; step followed 2/2 -+-+-; " +
		"step dead 1/1 -+-+-; step reversed 1/1 -+-+-; aid a 1/1 1+0+0; aid b 1/1 0+0+1; aid c 2/2 0+1+1"
	if got := strings.Join(ways, "; "); got != wantWays {
		t.Errorf("transitions\n%s, want\n%s", got, wantWays)
	}
	if got := strings.Join(counts, "; "); got != wantCounts {
		t.Errorf("steps\n%s, want\n%s", got, wantCounts)
	}

	public, _, err := transform.Funnel(t.Context(), c.db, c.today, transform.PatientFilter{By: "township", Public: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range public {
		for name, x := range map[string]*float64{"n": w.N, "reached": w.Reached, "open": w.Open, "closed": w.Closed} {
			if x != nil && *x >= 1 && *x <= 4 {
				t.Errorf("%s in %q shows %s %v", w.Name, w.Area, name, *x)
			}
		}
		if w.OpenMax != nil || w.Hidden && w.Median != nil {
			t.Errorf("%s in %q shows an age of few: %+v", w.Name, w.Area, w)
		}
	}
}
