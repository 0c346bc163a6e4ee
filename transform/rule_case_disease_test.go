package transform_test

// diseaseCases are the data sets of section A: events and disease.
func diseaseCases() []ruleCase {
	return []ruleCase{
		{"R01", "red", "R01+", "R01-", rowsOf{ // one poisoned person; heat is no poisoning
			"event": {acute("R01+", "poisoning", "2026-11-10", 1, 0), acute("R01-", "heat", "2026-11-10", 1, 0)},
		}},
		{"R01", "red", "R01card", "R01chronic", rowsOf{ // acute cards, a chronic one
			"case_report": {
				card("R01card", "r01a", 1001, "OD2024-05-30", "2026-11-10", "severity", "'急性轻度'", "occur_date", "'2026-11-09'"),
				card("R01chronic", "r01b", 1002, "OD2024-05-30", "2026-11-10", "severity", "'慢性轻度'", "occur_date", "'2026-11-09'"),
			},
		}},
		{"R02", "red", "R02+", "R02-", rowsOf{ // ten ill, and nobody ill; what grades they have, TestRules_RaiseAndMiss says
			"event": {
				acute("R02+", "cluster", "2026-11-10", 10, 0), acute("R02-", "cluster", "2026-11-10", 0, 0), acute("R02nine", "cluster", "2026-11-10", 9, 0),
				acute("R02death", "cluster", "2026-11-10", 1, 1), acute("R02four", "cluster", "2026-11-10", 49, 4), acute("R02fifty", "cluster", "2026-11-10", 50, 0),
				acute("R02five", "cluster", "2026-11-10", 5, 5), acute("R02said", "cluster", "2026-11-10", 3, 0).with("grade", "'1'"),
			},
		}},
		{"R02", "red", "R02card", "R02chronic", rowsOf{ // acute cards of one place make an event too
			"case_report": {
				card("R02card", "r02a", 1024, "OD2024-05-30", "2026-11-10", "severity", "'急性轻度'", "occur_date", "'2026-11-09'"),
				card("R02chronic", "r02b", 1025, "OD2024-05-30", "2026-11-10", "severity", "'慢性轻度'", "occur_date", "'2026-11-09'"),
			},
		}},
		{"R03", "red", "R03+", "R03-", rowsOf{ // ten ill and nine
			"event": {acute("R03+", "cluster", "2026-11-10", 10, 0), acute("R03-", "cluster", "2026-11-10", 9, 0)},
		}},
		{"R03", "red", "R03dead", "", rowsOf{"event": {acute("R03dead", "other", "2026-11-10", 2, 1)}}},
		{"R07", "orange", "R07+", "R07-", rowsOf{"case_report": { // stages 2 and 1
			card("R07+", "r07a", 1003, silicosis, "2026-11-10", "card_kind", "'pneumoconiosis'", "stage", "'2'", "exposure_months", "200"),
			card("R07-", "r07b", 1004, silicosis, "2026-11-10", "card_kind", "'pneumoconiosis'", "stage", "'1'", "exposure_months", "200"),
		}}},
		{"R08", "orange", "R08+", "R08-", rowsOf{"case_report": { // a tumour, and deafness that there was before
			card("R08+", "r08a", 1005, "OD2024-09-03", "2026-11-10"), card("R08old", "r08b", 1006, deafness, "2019-01-10"),
			card("R08-", "r08c", 1007, deafness, "2026-11-10"),
		}}},
		{"R08", "orange", "R08first", "", rowsOf{"case_report": {card("R08first", "r08d", 1008, "OD2024-08-03", "2026-11-10")}}}, // brucellosis, never before
		{"R09", "orange", "R09+", "R09-", rowsOf{"case_report": { // heat illness; the same half a year ago
			card("R09+", "r09a", 1009, "OD2024-06-01", "2026-11-10"), card("R09-", "r09b", 1010, "OD2024-06-01", "2026-05-10"),
		}}},
		{"R11", "orange", id(1011), id(1012), rowsOf{"case_report": { // 91 days and 90
			suspected("R11", "r11a", 1011, deafness, "2026-08-16"), suspected("R11", "r11b", 1012, deafness, "2026-08-17"),
		}}},
		{"R11", "red", id(1013), id(1014), rowsOf{"case_report": { // 181 days; the same, excluded since
			suspected("R11", "r11c", 1013, deafness, "2026-05-18"),
			suspected("R11", "r11d", 1014, deafness, "2026-05-18").with("outcome_of_suspect", "'excluded'"),
		}}},
		{"R12", "orange", id(1015), id(1016), rowsOf{ // 16 days without a card, and 15
			"exam": {
				exam("R12", 1015, "in", "2026-10-30", noise).with("conclusion_overall", "'suspect'"),
				exam("R12", 1016, "in", "2026-10-31", noise).with("conclusion_overall", "'suspect'"),
			},
		}},
		{"R12", "orange", id(1017), id(1018), rowsOf{ // the second has a card
			"exam": {
				exam("R12", 1017, "in", "2026-10-01", noise).with("conclusion_hazard", list(noise), "conclusion", "['suspect']"),
				exam("R12", 1018, "in", "2026-10-01", noise).with("conclusion_hazard", list(noise), "conclusion", "['suspect']"),
			},
			"case_report": {suspected("R12", "r12", 1018, deafness, "2026-11-10")},
		}},
		{"R13", "yellow", id(1019), id(1020), rowsOf{"case_report": { // 61 days and 60
			card("R13", "r13a", 1019, deafness, "2026-09-15"), card("R13", "r13b", 1020, deafness, "2026-09-16"),
		}}},
		{"R13", "yellow", id(1019), id(1021), rowsOf{ // recognised since
			"case_report": {card("R13", "r13c", 1021, deafness, "2026-09-01")},
			"follow_up":   {{"person_key": person(1021), "visit_date": "'2026-11-01'", "result": "'alive'", "injury_recognised": "true"}},
		}},
		{"R14", "red", "R14+", "R14-", rowsOf{ // not on the roster; on the roster and declared
			"case_report": {card("R14+", "r14a", 1022, deafness, "2026-11-01"), card("R14-", "r14b", 1023, deafness, "2026-11-01")},
			"employer":    {employer("R14-")},
			"declaration": {declaration("R14-", "2026-03-01", "w", "p", noise, 10)},
		}},
	}
}
