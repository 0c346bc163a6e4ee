package transform_test

import "time"

// examCases are the data sets of section B: examinations.
func examCases() []ruleCase {
	named := func(r row, key string) row { return r.with("employer_name", quote(key)) }
	contra := func(key string, n int, date string) row {
		return exam(key, n, "in", date, noise).with("conclusion_hazard", list(noise), "conclusion", "['contra']", "conclusion_overall", "'contra'")
	}
	recheck := func(key string, n int, date string) row {
		return exam(key, n, "in", date, noise).with("conclusion_overall", "'recheck'")
	}
	// many exams of an employer, the first k of them with the conclusion.
	many := func(key string, from, n, k int, conclusion string) (rows []row) {
		for i := range n {
			r := exam(key, from+i, "in", "2026-06-01", noise)
			if i < k {
				r = r.with("conclusion_hazard", list(noise), "conclusion", list(conclusion))
			}
			rows = append(rows, r)
		}
		return rows
	}
	hearing := func(key string, from, n, k int, date string) (exams, items []row) {
		for i := range n {
			e := exam(key, from+i, "in", date, noise)
			exams = append(exams, e)
			value := "30"
			if i < k {
				value = "40"
			}
			items = append(items, row{"institution_code": "'I1'", "exam_no": e["exam_no"], "item_name": "'双耳高频平均听阈'", "result": quote(value), "result_value": value})
		}
		return exams, items
	}
	loudExams, loudItems := hearing("R20+", 20000, 10, 3, "2026-06-01") // 30 % and 20 %
	calmExams, calmItems := hearing("R20-", 20100, 10, 2, "2026-06-01")
	for back, hits := range []int{3, 2, 1} { // of 20 workers, one more each year
		day := day("2026-06-01").AddDate(-back, 0, 0).Format(time.DateOnly)
		exams, items := hearing("R20rise", 20200+100*back, 20, hits, day)
		loudExams, loudItems = append(loudExams, exams...), append(loudItems, items...)
	}
	lead := func(key string, n int, value string) (row, row) {
		e := exam(key, n, "in", "2026-06-01", "HZ-2-001")
		return e, row{"institution_code": "'I1'", "exam_no": e["exam_no"], "item_name": "'血铅'", "result": quote(value), "result_value": value, "unit": "'μmol/L'"}
	}
	leadExam, leadItem := lead("R20lead", 20600, "1.9")
	fineExam, fineItem := lead("R20fine", 20601, "1.89")
	return []ruleCase{
		{"R16", "yellow", "R16+", "R16-", rowsOf{"exam": { // 31 days without a pre-placement exam; with one
			exam("R16+", 2001, "in", "2026-11-01", noise).with("exposure_start", "'2026-10-15'"),
			exam("R16-", 2002, "in", "2026-11-01", noise).with("exposure_start", "'2026-10-15'"), exam("R16-", 2002, "pre", "2026-10-14", noise),
		}}},
		{"R16", "yellow", "R16grown", "R16known", rowsOf{ // two more declared, of whom the second employer has examined both
			"declaration": {
				declaration("R16grown", "2025-03-01", "w", "p", noise, 3), declaration("R16grown", "2026-03-01", "w", "p", noise, 5),
				declaration("R16known", "2025-03-01", "w", "p", noise, 3), declaration("R16known", "2026-03-01", "w", "p", noise, 5),
			},
			"exam": {exam("R16known", 2003, "pre", "2026-02-01", noise), exam("R16known", 2004, "pre", "2026-02-01", noise)},
		}},
		{"R17", "orange", id(2005), id(2006), rowsOf{"exam": { // 31 days and 30
			contra("R17", 2005, "2026-09-01"), exam("R17", 2005, "in", "2026-10-02", noise),
			contra("R17", 2006, "2026-09-01"), exam("R17", 2006, "in", "2026-10-01", noise),
		}}},
		{"R18", "yellow", "R18+", "R18-", rowsOf{"exam": { // 31 working days and 30
			recheck("R18+", 2007, "2026-10-01"), recheck("R18-", 2008, "2026-10-02"),
		}}},
		{"R18", "orange", "R18void", "R18done", rowsOf{"exam": {
			recheck("R18void", 2009, "2026-08-01"), recheck("R18done", 2010, "2026-08-01"),
			exam("R18done", 2010, "in", "2026-08-20", noise).with("is_reexam", "true"),
		}}},
		{"R19", "orange", "R19+", "R19-", rowsOf{"exam": append(append(many("R19+", 30000, 20, 10, "suspect"), many("R19-", 31000, 20, 2, "suspect")...),
			many("R19rest", 32000, 100, 0, "")...)}},
		{"R20", "orange", "R20+", "R20-", rowsOf{"exam": append(loudExams, calmExams...), "exam_item": append(loudItems, calmItems...)}},
		{"R20", "orange", "R20rise", "R20-", nil},
		{"R20", "orange", "R20lead", "R20fine", rowsOf{"exam": {leadExam, fineExam}, "exam_item": {leadItem, fineItem}}},
		{"R21", "yellow", "R21+", "R21-", rowsOf{"exam": { // went to another employer; the second with a leaving exam
			exam("R21+", 2011, "in", "2025-06-01", noise), exam("R21other", 2011, "pre", "2026-09-01", noise),
			exam("R21-", 2012, "in", "2025-06-01", noise), exam("R21-", 2012, "leave", "2026-08-30", noise), exam("R21other", 2012, "pre", "2026-09-01", noise),
		}}},
		{"R22", "orange", "R22+", "R22-", rowsOf{ // noise has twelve months
			"employer":    {named(employer("R22+"), "R22+"), named(employer("R22-"), "R22-")},
			"declaration": {declaration("R22+", "2026-03-01", "w", "p", noise, 10), declaration("R22-", "2026-03-01", "w", "p", noise, 10)},
			"exam":        {exam("R22+", 2013, "in", "2025-11-15", noise), exam("R22-", 2014, "in", "2025-11-16", noise)},
		}},
	}
}
