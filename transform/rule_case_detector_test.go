package transform_test

import (
	"fmt"
	"strings"
	"time"
)

// detectorCases are the data sets of the detectors. Two townships of their own, with an employer each, have the same history of forty weeks; in the
// last ones the first has too much of everything, the second what chance brings.
func detectorCases() []ruleCase {
	at := func(key, township, industry string) row {
		return employer(key).with("employer_name", quote(key), "township_code", quote(township), "industry_code", quote(industry))
	}
	roster := []row{at("DET+", "410184402", "B0610"), at("DET-", "410184403", "B0710"), at("DETold", "410184402", "B0610"), at("R05+", "410184003", "C1310"), at("R05-", "410184003", "C1310")}
	var cards []row
	cases := func(key, hazard string, n int, days ...string) {
		for i, day := range days {
			cards = append(cards, card(key, key+day, n+i, deafness, day).with("hazard", quote(hazard)))
		}
	}
	cases("DETold", "HZ-2-050", 600000, "2021-03-01")
	cases("DET+", "HZ-2-051", 600010, "2026-10-26", "2026-10-28", "2026-11-03", "2026-11-05", "2026-11-10")
	cases("DET-", "HZ-2-052", 600020, "2026-10-26", "2026-11-05")
	for i, hazard := range []string{"HZ-2-053", "HZ-2-054", "HZ-2-055"} { // three hazards at one employer: no cell has more than one
		cases("R05+", hazard, 600030+i, fmt.Sprintf("2026-10-2%d", i))
	}
	cases("R05-", "HZ-2-056", 600040, "2026-10-21", "2026-10-22")

	var exams, results []row
	monday := day("2026-11-09")
	for back := 40; back >= 0; back-- {
		week := monday.AddDate(0, 0, -7*back)
		date := week.Format(time.DateOnly)
		for i, key := range []string{"DET+", "DET-"} {
			for k := range 12 {
				e := exam(key, 610000+20*back+1000*i+k, "in", date, "HZ-2-05"+itoa(7+i)).with("institution_code", quote(key))
				if key == "DET+" && back < 3 && k < 3 || key == "DET-" && back == 20 && k == 0 {
					e["conclusion_overall"] = "'suspect'"
				}
				if key == "DET-" || back > 0 { // the institution of the first is silent in the last week
					exams = append(exams, e)
				}
			}
			for k := range 4 {
				value := "1"
				if key == "DET+" && back == 1 || key == "DET-" && back%8 == 1 && k == 0 {
					value = "6"
				}
				results = append(results, detection(key, "periodic", date, "w", itoa(k), []string{fume, "HZ-1-005"}[i]).with(
					"report_no", quote(key+date), "limit_type", "'TWA'", "unit", "'mg/m3'", "value", value, "qualifier", "'eq'", "institution_code", quote(key)))
			}
		}
	}
	// Levels of two employers in ten quarters: one rises, now and then below a detection limit, the other goes up and down.
	for q := range 10 {
		date := time.Date(2024, time.Month(8+3*q), 5, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		for i, key := range []string{"RISE+", "RISE-"} {
			value := fmt.Sprintf("%.1f", 0.4+0.2*float64(q))
			if i == 1 {
				value = []string{"1.2", "1.9", "1.1", "2.2", "1.6"}[q%5]
			}
			r := detection(key, "periodic", date, "w", "a", fume).with("report_no", quote(key+date), "limit_type", "'TWA'", "unit", "'mg/m3'", "value", value, "qualifier", "'eq'")
			if i == 0 && q == 0 {
				r["qualifier"] = "'lt'"
			}
			results = append(results, r)
		}
	}
	all := rowsOf{"employer": roster, "case_report": cards, "exam": exams, "detection": results}
	return []ruleCase{
		{"DET-COUNT", "orange", "HZ-2-051", "HZ-2-052", all},
		{"DET-SCAN", "orange", "410184402", "410184403", nil},
		{"R05", "orange", "R05+", "R05-", nil},
		{"DET-FIND", "orange", "HZ-2-057", "HZ-2-058", nil},
		{"DET-OVER", "yellow", fume, "HZ-1-005", nil},
		{"DET-VOL", "blue", "DET+", "DET-", nil},
		{"DET-RISE", "yellow", "RISE+", "RISE-", nil},
		{"DET-FALL", "yellow", "410184101", "410184102", nil},
	}
}

// fallingReadings are those of a target a quarter ago and now.
func fallingReadings(area string, before, now float64) string {
	var rows []string
	for date, value := range map[string]float64{"2026-07-31": before, "2026-10-31": now} {
		rows = append(rows, fmt.Sprintf("('T1', '1', 'headline', 'month', '%s', '%s', '%s', 'township', '%s', %g, 100, %g, 0.95, 0, 'below', '2026-11-01 00:00:00')",
			date[:7], date, area, area, 100*value, value))
	}
	return strings.Join(rows, ", ")
}
