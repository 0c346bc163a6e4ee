package transform_test

import "fmt"

// detectionCases are the data sets of section C: workplace detection.
func detectionCases() []ruleCase {
	level := func(key, report, date, post, value string, more ...string) row {
		return detection(key, "periodic", date, "w", post, noise).with(append([]string{
			"report_no", quote(report), "limit_type", "'LEX8h'", "unit", "'dB(A)'", "value", value, "qualifier", "'eq'", "judgement", "'pass'",
		}, more...)...)
	}
	fumes := func(key, report, date, value, judgement string, more ...string) row {
		return detection(key, "periodic", date, "w", "a", fume).with(append([]string{
			"report_no", quote(report), "limit_type", "'TWA'", "unit", "'mg/m3'", "value", value, "qualifier", "'eq'", "judgement", quote(judgement),
		}, more...)...)
	}
	// n reports of an institution with one result each, the first k of them over the limit of 4.
	reports := func(institution string, n, k int) (rows []row) {
		for i := range n {
			value := fmt.Sprintf("%d.%d", i%3+1, i%10)
			if i < k {
				value = fmt.Sprintf("4.%d", i%9+1)
			}
			rows = append(rows, fumes(institution+"E", fmt.Sprintf("%s%d", institution, i), "2026-06-01", value, "pass", "institution_code", quote(institution), "post", quote(itoa(i))))
		}
		return rows
	}
	// n noise levels of an institution, from a value by index.
	levels := func(institution string, n int, value func(i int) float64) (rows []row) {
		for i := range n {
			rows = append(rows, level(institution+"E", institution, "2026-06-02", itoa(i), fmt.Sprintf("%.1f", value(i)), "institution_code", quote(institution)))
		}
		return rows
	}
	spread := func(i int) float64 { return 70 + float64(i%60)/10 + float64(i%7) }
	var findings []row
	for i := range 2000 {
		e := exam("R26x", 400000+i, "in", "2026-06-01", noise)
		findings = append(findings, e.with("institution_code", "'R26none'"), e.with("institution_code", "'R26some'", "person_key", person(410000+i)))
	}
	findings[1]["conclusion_overall"] = "'contra'"
	var items []row
	for i := range 1000 {
		for key, missing := range map[string]int{"R26gaps": 51, "R26full": 50} {
			items = append(items, row{"institution_code": quote(key), "exam_no": "'1'", "item_name": quote(itoa(i)), "is_missing": fmt.Sprint(i < missing)})
		}
	}
	gaps := []row{
		exam("R26x", 420000, "in", "2026-06-01", noise).with("institution_code", "'R26gaps'", "exam_no", "'1'"),
		exam("R26x", 420001, "in", "2026-06-01", noise).with("institution_code", "'R26full'", "exam_no", "'1'"),
	}
	project := func(key string, more ...string) row {
		return row{
			"employer_key": quote(key), "project_no": quote("P" + key), "project_name": "'x'", "approve_date": "'2024-01-01'", "production_date": "'2026-11-15'", "status": "'producing'",
		}.with(more...)
	}
	return []ruleCase{
		{"R25", "yellow", "R25+", "R25-", rowsOf{"detection": { // up to 82.0 and to 81.9
			level("R25+", "a", "2024-10-01", "a", "79"), level("R25+", "b", "2025-10-01", "a", "80"), level("R25+", "c", "2026-10-01", "a", "82"),
			level("R25-", "d", "2024-10-01", "a", "79"), level("R25-", "e", "2025-10-01", "a", "80"), level("R25-", "f", "2026-10-01", "a", "81.9"),
		}}},
		{"R25", "yellow", "R25slope", "R25flat", rowsOf{"detection": { // five rounds whose trend is sure; and up and down
			fumes("R25slope", "a", "2022-10-01", "0.2", "pass"), fumes("R25slope", "b", "2023-10-01", "0.3", "pass"), fumes("R25slope", "c", "2024-10-01", "0.29", "pass"),
			fumes("R25slope", "d", "2025-10-01", "0.5", "pass"), fumes("R25slope", "e", "2026-10-01", "0.6", "pass"),
			fumes("R25flat", "a", "2022-10-01", "0.5", "pass"), fumes("R25flat", "b", "2023-10-01", "0.3", "pass"), fumes("R25flat", "c", "2024-10-01", "0.6", "pass"),
			fumes("R25flat", "d", "2025-10-01", "0.4", "pass"), fumes("R25flat", "e", "2026-10-01", "0.6", "pass"),
		}}},
		{"R26", "orange", "R26clean", "R26peer", rowsOf{"detection": append(reports("R26clean", 60, 0), reports("R26peer", 60, 18)...)}},
		{"R26", "orange", "R26same", "R26spread", rowsOf{"detection": append(
			levels("R26same", 60, func(i int) float64 {
				if i < 13 { // 21.7 %
					return 76.3
				}
				return spread(i)
			}), levels("R26spread", 60, spread)...)}},
		{"R26", "orange", "R26digit", "R26spread", rowsOf{"detection": levels("R26digit", 60, func(i int) float64 { return 60 + float64(i)/2 })}},
		{"R26", "orange", "R26near", "R26spread", rowsOf{"detection": levels("R26near", 60, func(i int) float64 {
			if i < 13 {
				return 84 + float64(i%10)/10
			}
			return spread(i)
		})}},
		{"R26", "orange", "R26dates", "R26order", rowsOf{"detection": {
			fumes("R26dE", "R26d1", "2026-06-03", "1", "pass", "institution_code", "'R26dates'", "lab_date", "'2026-06-02'"),
			fumes("R26dE", "R26d2", "2026-06-03", "1", "pass", "institution_code", "'R26order'", "lab_date", "'2026-06-03'"),
		}}},
		{"R26", "orange", "R26busy", "R26calm", rowsOf{"detection": append(levels("R26busy", 201, spread), levels("R26calm", 200, spread)...)}},
		{"R26", "orange", "R26none", "R26some", rowsOf{"exam": findings}},
		{"R26", "orange", "R26gaps", "R26full", rowsOf{"exam": gaps, "exam_item": items}},
		{"R28", "yellow", "R28+", "R28-", rowsOf{ // 36 months ago, and a day less
			"employer": {employer("R28+").with("risk_class", "'severe'"), employer("R28-").with("risk_class", "'severe'")},
			"detection": {
				level("R28+", "R28a", "2023-11-15", "a", "80", "test_kind", "'status'"), level("R28-", "R28b", "2023-11-16", "a", "80", "test_kind", "'status'"),
			},
		}},
		{"R29", "orange", "R29+", "R29-", rowsOf{"detection": { // over the limit of 4 and called within; called over
			fumes("R29", "R29a", "2026-11-01", "4.1", "pass", "institution_code", "'R29+'"), fumes("R29", "R29b", "2026-11-02", "4.1", "fail", "institution_code", "'R29-'"),
		}}},
		{"R30", "blue", "R30+", "R30-", rowsOf{ // fume declared, noise tested; both declared and tested
			"declaration": {
				declaration("R30+", "2026-03-01", "w", "a", fume, 5), declaration("R30-", "2026-03-01", "w", "a", fume, 5), declaration("R30-", "2026-03-01", "w", "a", noise, 5),
			},
			"detection": {level("R30+", "R30a", "2026-05-01", "a", "80"), level("R30-", "R30b", "2026-05-01", "a", "80"), fumes("R30-", "R30b", "2026-05-01", "1", "pass")},
		}},
		{"R31", "orange", "R31+", "R31-", rowsOf{"project": { // evaluated a day after the end of the week, and on its last day
			project("R31+", "control_eval_date", "'2026-11-16'"), project("R31-", "control_eval_date", "'2026-11-15'"),
		}}},
		{"R31", "orange", "R31+", "R31later", rowsOf{"project": {project("R31later", "production_date", "'2026-11-16'")}}},
	}
}
