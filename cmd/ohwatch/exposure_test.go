package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ohwatch/transform"
)

// TestJudging_LoadAndModelAgree loads made-up results of all kinds: what the load tells the sender about his judgement and what
// the model says of it is the same, result by result. Then it looks at the lists.
func TestJudging_LoadAndModelAgree(t *testing.T) {
	useEngine(t)
	r := rand.New(rand.NewPCG(5, 20261125))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var file strings.Builder
	file.WriteString("报告编号,检测任务编号,技术服务机构,统一社会信用代码,用人单位名称,检测类别,采样日期,报告出具日期,样品编号,车间,岗位,采样方式,检测项目,粉尘类型,游离二氧化硅含量(%),限值类型,日接触时间,周工作天数,检测结果,最低定量浓度,单位,折减后限值,结果判定\n")
	const n = 600
	for i := range n {
		hazard := pick("苯", "甲醛", "一氧化碳", "氨", "四氯化碳", "矽尘", "电焊烟尘", "石棉粉尘", "噪声")
		fraction, silica, kind, unit, adjusted := "", "", pick("TWA", "STEL", "PE", "MAC"), "mg/m3", ""
		center := map[string]float64{"苯": 6, "甲醛": 0.5, "一氧化碳": 20, "氨": 20, "四氯化碳": 15, "矽尘": 0.7, "电焊烟尘": 2, "石棉粉尘": 0.8, "噪声": 85}[hazard]
		if kind == "PE" || kind == "STEL" {
			center *= 2.5
		}
		value := center * (0.3 + 1.5*r.Float64())
		switch {
		case strings.HasSuffix(hazard, "尘"):
			fraction, silica, kind = pick("总尘", "呼尘", ""), pick("", "5", "10", "30", "50", "60", "80", "90"), "TWA"
		case hazard == "噪声":
			kind, unit, value = pick("LEX8H", "LEX40H"), "dB(A)", 80+10*r.Float64()
		case hazard == "一氧化碳" || hazard == "苯":
			unit = pick("mg/m3", "ppm")
		}
		if kind == "TWA" && r.IntN(5) == 0 {
			adjusted = fmt.Sprintf("%.1f", center*0.8)
		}
		text := fmt.Sprintf("%.2f", value)
		if r.IntN(8) == 0 && hazard != "噪声" {
			text = "<" + text
		}
		fmt.Fprintf(&file, "R%d,T%d,JC001,91419999MA00000007,示例厂,定期检测,%s,2025-12-20,S%d,车间,岗位%d,个体,%s,%s,%s,%s,%s,%s,%s,,%s,%s,%s\n", i/20, i/20,
			pick("2019-05-05", "2025-03-07"), i, i%20, hazard, fraction, silica, kind, pick("", "7", "8", "10", "12"), pick("", "4", "5", "6"), text, unit, adjusted, pick("符合", "不符合"))
	}
	path := filepath.Join(t.TempDir(), "detection.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := ohwatchText(t, "ingest", "--today", "2026-01-31", "--stream", "detection", "--json", path); code != 0 || !strings.Contains(out, fmt.Sprintf(`"loaded":%d`, n)) {
		_, rejects, _ := ohwatchText(t, "batches", "rejects", "1", "--json")
		t.Fatalf("exit %d %s%s%.600s", code, out, errOut, rejects)
	}
	if code, _, errOut := ohwatchText(t, "transform", "--today", "2026-01-31", "--select", "fct_exposure_group,fct_detection_judgement"); code != 0 {
		t.Fatalf("exit %d %s", code, errOut)
	}
	code, out, errOut := ohwatchText(t, "query", "--json", `SELECT result.row AS row, toBool(has(raw_detection.notes, 'judgement_differs')) AS told, toBool(result.dissent != '') AS found, result.state AS state,
		result.limit_used AS limit_used, result.compared AS compared, hazard_text, result.limit_type AS limit_type, result.unit AS unit
		FROM fct_detection_result AS result INNER JOIN raw_detection USING (batch, row) WHERE own_limit > 0`)
	type line struct {
		Row             int
		Told, Found     bool
		State           string
		Limit, Compared float64
		HazardText      string `json:"hazard_text"`
		LimitType       string `json:"limit_type"`
	}
	differ, told := 0, 0
	lines := decodeLines[json.RawMessage](t, []byte(out))
	for _, raw := range lines {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		if l.Told {
			told++
		}
		if differ++; l.Told == l.Found {
			differ--
		} else if differ < 8 {
			t.Errorf("the load says %v, the model %v: %s", l.Told, l.Found, raw)
		}
	}
	if code != 0 || len(lines) < n*8/10 || told < 100 {
		t.Errorf("exit %d %s: %d results with a limit, %d told", code, errOut, len(lines), told)
	}

	code, out, _ = ohwatchText(t, "indicators", "dissent", "--period", "2025", "--kind", "missed", "--json")
	dissents := decodeLines[transform.Dissent](t, []byte(out))
	if code != 0 || len(dissents) < 10 || dissents[0].SampleDate != "2025-03-07" || dissents[0].Word != "pass" || len(dissents[0].Lines) == 0 {
		t.Errorf("exit %d, disagreements: %.400s", code, out)
	}
	if code, out, _ := ohwatchText(t, "indicators", "dissent", "--lang", "en"); code != 0 || !strings.Contains(out, "stricter") || !strings.Contains(out, "示例厂") {
		t.Errorf("exit %d, as a table: %.400s", code, out)
	}
	code, out, _ = ohwatchText(t, "indicators", "exposure", "--period", "2025", "--employer", "示例", "--json")
	groups := decodeLines[transform.Exposure](t, []byte(out))
	if code != 0 || len(groups) < 20 || groups[0].Year != 2025 || groups[0].Area != "unassigned" {
		t.Errorf("exit %d, groups: %.400s", code, out)
	}
	if code, out, _ := ohwatchText(t, "indicators", "exposure", "--lang", "en", "--verdict", "too-few"); code != 0 || !strings.Contains(out, "too few") {
		t.Errorf("exit %d, as a table: %.400s", code, out)
	}
	for flag, value := range map[string]string{"--period": "2025Q1", "--verdict": "good"} {
		if code, _, errOut := ohwatchText(t, "indicators", "exposure", flag, value); code != 2 || !strings.Contains(errOut, value) {
			t.Errorf("%s %s: exit %d %s", flag, value, code, errOut)
		}
	}
	out = filepath.Join(t.TempDir(), "groups.csv")
	if code, _, errOut := ohwatchText(t, "export", "ind_exposure_group", "--where", "year = 2025", "--out", out); code != 0 {
		t.Errorf("export: exit %d %s", code, errOut)
	}
}
