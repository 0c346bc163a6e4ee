package transform_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"ohwatch/internal/message"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
)

// rowsOf are rows by stream.
type rowsOf map[string][]row

// ruleCase is a small data set that raises a rule for one object in week 2026-W46, and a near miss that does not. Objects that
// are no persons are named after the rule, so that all data sets live in one warehouse.
type ruleCase struct {
	rule, severity string
	raised, missed string // keys of the objects
	rows           rowsOf
}

// id is the key of person n as a warning has it.
func id(n int) string { return strings.Trim(strings.TrimPrefix(person(n), "toUUID("), "')") }

// card is a report card of a new case, diagnosed on the day of its report.
func card(key, no string, n int, disease, reported string, more ...string) row {
	return row{
		"employer_key": quote(key), "card_no": quote(no), "card_kind": "'disease'", "report_kind": "'new'", "person_key": person(n),
		"disease": quote(disease), "diagnosis_date": quote(reported), "report_date": quote(reported), "review_date": quote(reported),
	}.with(more...)
}

// acute is an acute event of one employer.
func acute(key, kind, start string, ill, dead int) row {
	return row{
		"employer_key": quote(key), "event_code": quote("E" + key), "kind": quote(kind), "start_date": quote(start), "hazard": "'HZ-2-028'",
		"ill": itoa(ill), "dead": itoa(dead), "report_date": quote(start),
	}
}

// TestRules_RaiseAndMiss evaluates every rule once over the data sets of all cases.
func TestRules_RaiseAndMiss(t *testing.T) {
	c := newCity(t, "2026-11-16")
	cases := slices.Concat(diseaseCases(), examCases(), detectionCases(), doseCases(), coverageCases(), detectorCases())
	all := rowsOf{}
	for _, x := range cases {
		for stream, rows := range x.rows {
			for _, r := range rows {
				r = maps.Clone(r)
				delete(r, "key") // every row is a fact of its own
				all[stream] = append(all[stream], r)
			}
		}
	}
	for stream, rows := range all {
		c.loadMany(stream, rows)
	}
	// R42: 1 point a month from 92 % on ends at 94 %, 2 points a month from 90 % on at 96 %.
	c.exec(`INSERT INTO ind_catalog (indicator, version, variant, is_headline, title_zh, title_en, unit, direction)
		VALUES ('T3', '1', 'headline', true, '体检率', 'exam coverage', 'share', 'up'), ('T1', '1', 'headline', true, '申报率', 'declarations', 'share', 'up')`)
	c.exec(`INSERT INTO ind_value (indicator, version, variant, period_kind, period, as_of_date, area, dim, dim_value, numerator, denominator, value, target,
		missing, status, computed_at) VALUES ` + strings.Join(append(targetReadings("410184106", 0.87, 0.88, 0.89, 0.90, 0.91, 0.92),
		targetReadings("410184107", 0.82, 0.84, 0.86, 0.88, 0.90, 0.92)...), ", ") +
		", " + fallingReadings("410184101", 0.95, 0.8) + ", " + fallingReadings("410184102", 0.95, 0.9))
	cases = append(cases, ruleCase{"R42", "yellow", "410184106", "410184107", nil})

	e := c.evaluate("2026-W46")
	raised := map[string]string{}
	for _, w := range e.Warnings {
		key := w.Rule + " " + w.Object
		if old := transform.Severity(raised[key]); old == "" || w.Severity.AtLeast(old) {
			raised[key] = string(w.Severity)
		}
		if len(w.Evidence) == 0 && w.Rule != "R39" && w.Rule != "R42" && w.Rule != "DET-FALL" { // silence and readings have no rows
			t.Errorf("%s of %s has no evidence", w.Rule, w.Object)
		}
	}
	// Nine ill are grade IV, ten or a death III, fifty or five deaths II; a more serious grade that is stated counts. From III on the
	// city government is told.
	for object, want := range map[string]string{
		"R02nine": "IV WJW, JDS, CDC, TS", "R02card": "IV WJW, JDS, CDC, TS", "R02+": "III WJW, JDS, CDC, TS, GOV", "R02death": "III WJW, JDS, CDC, TS, GOV",
		"R02four": "III WJW, JDS, CDC, TS, GOV", "R02fifty": "II WJW, JDS, CDC, TS, GOV", "R02five": "II WJW, JDS, CDC, TS, GOV", "R02said": "I WJW, JDS, CDC, TS, GOV",
	} {
		at := slices.IndexFunc(e.Warnings, func(w transform.Warning) bool { return w.Rule == "R02" && w.Object == object })
		if at < 0 {
			t.Errorf("R02 of %s is not raised", object)
			continue
		}
		if got := e.Warnings[at].Args["grade"] + " " + strings.Join(e.Warnings[at].Addressee, ", "); got != want {
			t.Errorf("R02 of %s: grade and addressees %s, want %s", object, got, want)
		}
	}
	rules, _, err := transform.LoadRules(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	catalogue := load(t).With(transform.RuleTexts(rules))
	for _, w := range e.Warnings {
		if r := rules[slices.IndexFunc(rules, func(r transform.Rule) bool { return r.ID == w.Rule })]; r.Detector != "" {
			for _, name := range []string{"p", "q", "tests", "method", "expected"} {
				if w.Args[name] == "" {
					t.Errorf("%s of %s does not say its %s", w.Rule, w.Object, name)
				}
			}
		}
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			if w.Describe(catalogue.Printer(lang), transform.Title{}); strings.ContainsAny(w.Title, "{}[") {
				t.Errorf("%s of %s says %q", w.Rule, w.Object, w.Title)
			}
		}
	}
	for _, x := range cases {
		if got := raised[x.rule+" "+x.raised]; got != x.severity {
			t.Errorf("%s of %s is %q, want %s", x.rule, x.raised, got, x.severity)
		}
		if got := raised[x.rule+" "+x.missed]; x.missed != "" && got != "" {
			t.Errorf("%s of %s is %s, want none", x.rule, x.missed, got)
		}
	}
}
