package ingest

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"ohwatch/internal/message"
)

// Every code that a contract's checks can give has a sentence in both languages.
func TestContracts_ChecksHaveSentences(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contracts {
		for _, check := range c.Checks {
			if _, ok := catalogue.Lookup("ingest." + check.Code); !ok && check.Message.Zh == "" {
				t.Errorf("%s: check %s has no sentence", c.Stream, check.Code)
			}
		}
	}
}

func TestParseOldCode(t *testing.T) {
	for text, want := range map[string]string{
		"600037341": oldOrganisation, "60003734-1": oldOrganisation, "MA01ABCD0": "", "600037342": "",
		"110000000000004": "", "123456789": "", "": "", "913456789": "",
	} {
		if _, form := parseOldCode(text); form != want {
			t.Errorf("%s is %q, want %q", text, form, want)
		}
	}
	// A registration number is what its own check digit makes valid, and no other digit does.
	valid := 0
	for last := byte('0'); last <= '9'; last++ {
		if _, form := parseOldCode("41018410000123" + string(last)); form == oldRegistration {
			valid++
		}
	}
	if valid != 1 {
		t.Errorf("%d check digits are right, want 1", valid)
	}
}

func TestPhone(t *testing.T) {
	for text, want := range map[string]bool{
		"13800138000": true, "138 0013 8000": false, "0371-62693456": true, "037162693456": true, "62693456": true, "+8613800138000": true,
		"13800138000/0371-62693456": true, "12345678901": false, "1380013800": false, "138": false, "无": false, "１３８００１３８０００": true,
	} {
		if got := phone(text); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

// Each row breaks one rule and is otherwise sound; the base row itself breaks none.
func TestLoad_ChecksBetweenFields(t *testing.T) {
	d := newDesk(t)
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	byStream := map[string]*Contract{}
	for _, c := range contracts {
		byStream[c.Stream] = c
	}
	d.load(Config{}, d.file("employer.csv", changedExamples(byStream["employer"], []map[string]string{
		nil, {"uscc": byStream["dose"].Field("unit_uscc").Example, "employer_name": byStream["dose"].Field("unit_name").Example},
	})))
	byName, wants := map[string][]map[string]string{}, map[string][][]string{}
	for _, tc := range []struct {
		stream string
		change map[string]string // field → text, over the examples
		want   []string          // severity and code
	}{
		{"exam", nil, nil},
		{"exam", map[string]string{"is_reexam": "是"}, []string{"warn reexam_without_previous"}},
		{"exam", map[string]string{"is_reexam": "是", "prev_exam_no": "1"}, nil},
		{"exam", map[string]string{"hazards_examined": "苯"}, []string{"warn examined_not_exposed"}},
		{"exam", map[string]string{"total_years": "3"}, []string{"warn exposure_above_total"}},
		{"exam", map[string]string{"conclusion_overall": "疑似职业病"}, []string{"warn suspect_without_disease"}},
		{"exam", map[string]string{"conclusion_overall": "疑似职业病", "suspected_disease": "噪声聋"}, nil},
		{"exam", map[string]string{"conclusion_overall": "职业禁忌证"}, []string{"warn contra_without_name"}},
		{"exam", map[string]string{"conclusions": "噪声_目前未见异常;电焊烟尘_其他疾病或异常"}, []string{"warn overall_not_worst"}},
		{"exam", map[string]string{"exam_date": "2026-09-07", "report_date": "2026-09-20", "upload_date": "2026-09-28", "conclusion_overall": "复查"}, []string{"warn conclusion_not_valid_on_date"}},
		{"exam", map[string]string{"conclusion_overall": "复查"}, nil},
		{"exam", map[string]string{"exposure_start": "2025-04-01"}, []string{"warn date_order"}},
		{"exam", map[string]string{"phone": "12345"}, []string{"warn phone_invalid"}},
		{"exam", map[string]string{"birth_date": "2012-01-01", "id_no": "G1234567", "id_type": "护照", "exposure_years": "0"}, []string{"warn age_out_of_range"}},
		{"exam", map[string]string{"uscc": "600037341"}, []string{"note uscc_alias", "warn employer_by_name"}},
		{"exam", map[string]string{"uscc": "MAXXX0015"}, []string{"warn employer_by_code"}},
		{"exam", map[string]string{"uscc": "91419999MAXXX0015H"}, []string{"warn employer_by_name", "warn uscc_check_digit"}},
		{"employer", map[string]string{"exposed_female": "35"}, []string{"warn part_above_whole"}},
		{"employer", map[string]string{"township_code": "新郑市龙王乡"}, []string{"warn township_moved"}},
		{"employer", map[string]string{"township_code": "410173203"}, []string{"warn township_moved"}},
		{"employer", map[string]string{"township_code": "410184106201"}, nil},
		{"employer", map[string]string{"status": "注销"}, []string{"note closed_without_date"}},
		{"declaration", map[string]string{"exposed_female": "13"}, []string{"warn part_above_whole"}},
		{"training", map[string]string{"person_name": "", "id_no": ""}, []string{"warn person_missing"}},
		{"insurance", map[string]string{"employees_due": "79"}, []string{"warn part_above_whole"}},
		{"case_report", map[string]string{"stage": "壹期", "exposure_years": "17"}, nil},
		{"case_report", map[string]string{"stage": "壹期"}, []string{"warn exposure_missing"}},
		{"case_report", map[string]string{"exposure_years": "17"}, []string{"warn stage_missing"}},
		{"case_report", map[string]string{"card_kind": "疑似职业病"}, []string{"warn diagnosis_of_suspect"}},
		{"case_report", map[string]string{"card_kind": "职业病", "diagnosis_date": ""}, []string{"warn diagnosis_date_missing"}},
		{"case_report", map[string]string{"card_kind": "职业病", "severity": "急性"}, []string{"warn occur_date_missing"}},
		{"case_report", map[string]string{"stage": "贰期", "exposure_years": "17", "stage_date_1": "2025-05-11", "stage_date_2": "2024-05-11"}, []string{"warn date_order"}},
		{"case_report", map[string]string{"card_kind": "职业病", "age": "40"}, []string{"warn age_differs"}},
		{"case_report", map[string]string{"card_kind": "职业病", "report_kind": "死亡"}, []string{"warn death_without_date"}},
		{"case_report", map[string]string{"card_kind": "职业病", "disease_name": "股静脉血栓综合征、股动脉闭塞症或淋巴管闭塞症"}, nil},
		{"detection", map[string]string{"hazard": "噪声", "fraction": "", "value": "88", "unit": "dB(A)", "limit_type": "LEX,8h", "judgement": "符合"}, []string{"warn judgement_differs"}},
		{"detection", map[string]string{"hazard": "噪声", "fraction": "", "value": "88", "unit": "dB(A)", "limit_type": "LEX,8h", "judgement": "不符合", "limit_value": "90"}, []string{"warn limit_differs"}},
		{"detection", map[string]string{"hazard": "噪声", "fraction": "", "value": "88", "unit": "分贝了", "limit_type": "LEX,8h", "judgement": "不符合"}, []string{"warn unit_unfit", "warn unit_unknown"}},
		{"detection", map[string]string{"hazard": "矽尘", "value": "0.42", "fraction": "呼尘"}, []string{"warn sio2_missing"}},
		{"detection", map[string]string{"hazard": "矽尘", "value": "0.42", "fraction": "呼尘", "free_sio2_pct": "5"}, []string{"warn sio2_below_silica"}},
		{"detection", map[string]string{"hazard": "矽尘", "value": "0.42", "free_sio2_pct": "15", "fraction": ""}, []string{"warn fraction_missing"}},
		{"detection", map[string]string{"hazard": "矽尘", "value": "0.42", "fraction": "呼尘", "free_sio2_pct": "15", "limit_value": "0.7", "limit_adjusted": "0.35"}, []string{"warn judgement_differs"}},
		{"detection", map[string]string{"hazard": "矽尘", "value": "0.42", "fraction": "呼尘", "free_sio2_pct": "60", "judgement": "符合"}, []string{"warn judgement_differs"}},
		{"detection", map[string]string{"hazard": "苯", "fraction": "", "value": "未检出"}, []string{"warn level_missing"}},
		{"detection", map[string]string{"hazard": "苯", "fraction": "", "value": "<0.6"}, nil},
		{"detection", map[string]string{"hazard": "苯", "fraction": "", "value": "0.6", "hours_day": "8", "days_week": "5", "hours_week": "48"}, []string{"warn week_hours_differ"}},
		{"detection", map[string]string{"hazard": "苯", "fraction": "", "value": "0.6", "samplers": "张三"}, []string{"warn one_name"}},
		{"dose", nil, nil},
		{"dose", map[string]string{"is_nominal": "是"}, []string{"warn nominal_without_method"}},
		{"dose", map[string]string{"value": "1.3"}, []string{"warn dose_uninvestigated"}},
		{"dose", map[string]string{"value": "1.3", "investigated": "是"}, nil},
		{"dose", map[string]string{"read_date": "2025-06-15"}, []string{"warn read_late"}},
		{"dose", map[string]string{"end_date": "2024-12-01"}, []string{"warn dose_after_end"}},
		{"dose", map[string]string{"dosimeter_status": "丢失"}, []string{"warn value_without_dosimeter"}},
		{"project", map[string]string{"accept_date": "2025-06-01"}, []string{"warn accepted_without_evaluation"}},
		{"follow_up", map[string]string{"result": "死亡"}, []string{"warn death_without_date"}},
		{"follow_up", map[string]string{"death_date": "2025-06-01"}, []string{"warn dated_death_not_dead"}},
		{"inspection", map[string]string{"penalty_type": "警告;罚款"}, []string{"warn fine_without_sum"}},
		{"inspection", map[string]string{"penalty_sum": "50000"}, []string{"warn sum_without_penalty"}},
		{"complaint", map[string]string{"handed_date": "2025-05-01"}, []string{"warn date_order"}},
		{"event", map[string]string{"severe": "4"}, []string{"warn part_above_whole"}},
		{"exam_item", map[string]string{"result": ""}, []string{"reject item_without_result"}},
		{"exam_item", map[string]string{"result": "", "missing": "是"}, nil},
		{"exam_item", map[string]string{"ref_low": "10"}, []string{"warn reference_order"}},
		{"exam_summary", map[string]string{"n_examined": "61"}, []string{"warn part_above_whole"}},
	} {
		byName[tc.stream] = append(byName[tc.stream], tc.change)
		wants[tc.stream] = append(wants[tc.stream], tc.want)
	}
	for stream, changes := range byName {
		c := byStream[stream]
		results := d.load(Config{Stream: stream}, d.file(stream+".csv", changedExamples(c, changes)))
		if len(results) != 1 || results[0].Refusal != nil || results[0].Read != len(changes) {
			t.Fatalf("%s: %+v", stream, results)
		}
		got := d.findingsByRow(results[0].Batch)
		for i, change := range changes {
			if found := got[uint32(i+2)]; !slices.Equal(found, wants[stream][i]) {
				t.Errorf("%s %v: %q, want %q", stream, change, found, wants[stream][i])
			}
		}
	}
}

// changedExamples is a CSV file of the examples of a contract, one row for each set of changes, each with
// every column of the contract.
func changedExamples(c *Contract, changes []map[string]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	var head []string
	for _, f := range c.Fields {
		head = append(head, f.Heading())
	}
	w.Write(head)
	for _, change := range changes {
		var row []string
		for _, f := range c.Fields {
			text, ok := change[f.Name]
			if !ok {
				text = f.Example
			}
			row = append(row, text)
		}
		w.Write(row)
	}
	w.Flush()
	return b.String()
}

// findingsByRow lists the findings of a batch, each row's sorted and once, without those on keys.
func (d *desk) findingsByRow(batch uint64) map[uint32][]string {
	d.t.Helper()
	rows, err := d.db.Conn().Query(d.t.Context(),
		"SELECT DISTINCT row, concat(toString(severity), ' ', code) AS f FROM ops_finding WHERE batch = ? AND code != 'same_key_twice' ORDER BY row, f", batch)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	found := map[uint32][]string{}
	for rows.Next() {
		var row uint32
		var text string
		if err := rows.Scan(&row, &text); err != nil {
			d.t.Fatal(err)
		}
		found[row] = append(found[row], text)
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	return found
}
