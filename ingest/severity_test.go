package ingest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// contractWith reads a contract of five fields, the last of which is given.
func contractWith(t *testing.T, field string) (*Contract, error) {
	t.Helper()
	reference, err := embeddedLists()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`stream: test
version: 1
title: {zh: 试, en: Test}
table: raw_test
key: [employer_key, day]
fields:
  - {name: uscc, headers: [信用代码], type: uscc}
  - {name: employer_name, headers: [单位], type: label, to: [employer_name]}
  - {name: day, headers: [日期], type: date, to: [day]}
  - {name: record_state, headers: [记录状态], type: state}
  - %s
derive:
  - {rule: employer, from: [uscc, employer_name], to: [employer_key]}
checks:
  - {code: many, rule: in_range, severity: warn, fields: [n], max: 9, message: {zh: 多, en: many}}
`, field)
	contracts, err := readContracts(fstest.MapFS{"test.yaml": {Data: []byte(text)}}, reference)
	if err != nil {
		return nil, err
	}
	return contracts[0], nil
}

func TestContract_Severity(t *testing.T) {
	for name, c := range map[string]struct{ field, want string }{
		"not set":      {`{name: n, type: number, to: [n], max: 50}`, "not_a_number reject, out_of_range reject"},
		"loosened":     {`{name: n, type: number, to: [n], max: 50, severity: {not_a_number: warn}}`, "out_of_range reject, not_a_number warn"},
		"formula":      {`{name: n, type: number, to: [n], severity: {formula_error: note}}`, "not_a_number reject, formula_error note"},
		"tightened":    {`{name: n, type: hazard, to: [n], severity: {hazard_review: reject}}`, "hazard_review reject"},
		"no such":      {`{name: n, type: number, to: [n], severity: {date_invalid: warn}}`, `the field has no such check; it has formula_error, formula_uncomputed, not_a_number`},
		"other word":   {`{name: n, type: number, to: [n], severity: {not_a_number: ignore}}`, "want reject, warn or note"},
		"check's code": {`{name: n, type: number, to: [n], severity: {many: reject}}`, "no such check"},
		"text":         {`{name: n, type: label, to: [n], severity: {number_in_text: warn}}`, "no such check"},
		"code":         {`{name: n, type: code, to: [n], unknown: reject, codes: {a: [甲]}, severity: {unknown_code: warn}}`, "say in unknown"},
		"kept":         {`{name: n, type: code, to: [n], unknown: keep, codes: {a: [甲]}, severity: {unknown_code: warn}}`, "unknown_code warn"},
		"kept, reject": {`{name: n, type: code, to: [n], unknown: keep, codes: {a: [甲]}, severity: {unknown_code: reject}}`, "cannot reject"},
	} {
		contract, err := contractWith(t, c.field)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			var list []string
			for _, k := range contract.ChecksOf("n") {
				if k.Code != "many" {
					list = append(list, k.Code+" "+k.Severity)
				}
			}
			got = strings.Join(list, ", ")
		}
		if err != nil && !strings.Contains(got, c.want) || err == nil && got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}

	// What the key comes from must be there.
	contract, err := contractWith(t, `{name: n, type: number, to: [n], severity: {not_a_number: warn}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"day", "uscc"} {
		f := contract.Field(name)
		code := map[string]string{"day": "date_invalid", "uscc": "required"}[name]
		f.Severity = map[string]severity{code: note}
		if err := fmt.Sprint(contract.checkSeverities()); !strings.Contains(err, "natural key") {
			t.Errorf("%s: %s", name, err)
		}
		f.Severity = nil
	}
	// So must what a column cannot be without.
	for typ, ok := range map[string]bool{"Float64": false, "Nullable(Float64)": true} {
		if err := contract.emptiable(map[string]string{"n": typ}); (err == nil) != ok {
			t.Errorf("%s: %v", typ, err)
		}
	}
}
