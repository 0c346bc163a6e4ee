package reports

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

// The bulletins that the tests write, made by hand: a full week, a quiet one, one without any data and one
// whose names try to break out of the page.

const hostile = `</script><script>alert(1)</script>"'><img src=x onerror=alert(2)>{{.}}`

// printer holds the texts of the bulletin and, so that these tests speak of the bulletin alone, titles of
// warnings of its own.
func printer(t testing.TB, lang message.Lang) *message.Printer {
	t.Helper()
	texts, err := os.ReadFile("../internal/message/report.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var titles strings.Builder
	for _, rule := range []string{"r04", "r06", "r15", "r23", "r24", "r39", "d01"} {
		fmt.Fprintf(&titles, "warn.%s.title: {zh: \"%s规则：{object}有{what} {n} 项\", en: \"rule %s: {object} has {n} of {what}\"}\n", rule, rule, rule)
	}
	titles.WriteString("warn.det-scan.title: {zh: \"{object}：{n}例（{methods}，Q={q}）\", en: \"{object}: {n} cases ({methods}, q = {q})\"}\n")
	series, err := os.ReadFile("../internal/message/series.yaml")
	if err != nil {
		t.Fatal(err)
	}
	situation, err := os.ReadFile("../internal/message/situation.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := message.LoadFS(fstest.MapFS{"report.yaml": {Data: texts}, "situation.yaml": {Data: situation}, "series.yaml": {Data: series}, "warn.yaml": {Data: []byte(titles.String())}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Printer(lang)
}

func week46(t testing.TB) period.Period {
	t.Helper()
	p, err := period.Parse("2026-W46")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func number(x float64) *float64 { return &x }

func shareOf(n, d, low, high float64) Value {
	return Value{N: n, D: number(d), Value: number(n / d), Lower: number(low), Upper: number(high)}
}

func countOf(n, low, high float64) Value {
	return Value{N: n, Value: number(n), Lower: number(low), Upper: number(high)}
}

func yearPoint(t testing.TB, year int, v Value) Point {
	return Point{Period: period.Of(period.Date(year, time.January, 1), period.Year), Value: v, Provisional: year == 2026}
}

func emptyBulletin(t testing.TB) *Bulletin {
	return &Bulletin{Week: week46(t), Today: period.Date(2026, time.November, 16)}
}

func quietBulletin(t testing.TB) *Bulletin {
	b := fullBulletin(t)
	b.Cases = Cases{New: Comparison{HasPast: true}, Suspected: Comparison{HasPast: true}, NewYear: Comparison{HasPast: true}}
	b.Warnings, b.Quality.Late, b.Quality.Arrivals, b.Quality.Rejects = nil, nil, nil, nil
	b.Detectors = nil
	for i := range b.CasesByYear {
		b.CasesByYear[i].Value = countOf(0, 0, 3.689)
	}
	return b
}

func hostileBulletin(t testing.TB) *Bulletin {
	b := fullBulletin(t)
	b.Organisation = message.Text{Zh: hostile, En: hostile}
	for i := range b.Warnings {
		b.Warnings[i].Object = hostile
		b.Warnings[i].Args = map[string]string{"n": hostile, "what": hostile, "what_en": hostile}
		b.Warnings[i].Area = message.Text{Zh: hostile, En: hostile}
	}
	for i := range b.Readings {
		b.Readings[i].Title = message.Text{Zh: hostile, En: hostile}
		b.Readings[i].Clause = hostile
	}
	for i := range b.Rankings {
		for j := range b.Rankings[i].Places {
			b.Rankings[i].Places[j].Name = message.Text{Zh: hostile, En: hostile}
		}
	}
	for i := range b.Detectors {
		b.Detectors[i].Area = message.Text{Zh: hostile, En: hostile}
	}
	for i := range b.Quality.Arrivals {
		b.Quality.Arrivals[i].Sender = hostile
	}
	for i := range b.Quality.Standings {
		b.Quality.Standings[i].Sender = hostile
	}
	b.Quality.Headings[0].Heading, b.Quality.Drifts[0].Value = hostile, hostile
	for i := range b.Quality.Unmatched {
		b.Quality.Unmatched[i].Text = hostile
	}
	return b
}

func fullBulletin(t testing.TB) *Bulletin {
	b := emptyBulletin(t)
	b.Cases = Cases{New: Comparison{2, 3, 1, true}, Suspected: Comparison{14, 4, 5, true}, NewYear: Comparison{Now: 38, YearAgo: 44, HasPast: true}}
	towns := []message.Text{
		{Zh: "新建路街道", En: "Xinjianlu Subdistrict"},
		{Zh: "新华路街道", En: "Xinhualu Subdistrict"},
		{Zh: "新村镇", En: "Xincun Town"},
		{Zh: "辛店镇", En: "Xindian Town"},
		{Zh: "观音寺镇", En: "Guanyinsi Town"},
		{Zh: "梨河镇", En: "Lihe Town"},
		{Zh: "和庄镇", En: "Hezhuang Town"},
		{Zh: "薛店镇", En: "Xuedian Town"},
		{Zh: "孟庄镇", En: "Mengzhuang Town"},
		{Zh: "郭店镇", En: "Guodian Town"},
		{Zh: "龙湖镇", En: "Longhu Town"},
		{Zh: "具茨山国家级森林公园", En: "Juci Mountain Forest Park management area"},
	}
	employers := []string{"郑州宏达耐火材料有限公司", "新郑市永盛机械铸造有限公司", "河南中原箱包制造有限公司", "新郑华兴木业有限公司"}
	day := period.Date(2026, time.November, 20)
	add := func(n int, severity Severity, rule string, who ...string) {
		for i := range n {
			due := day.AddDate(0, 0, 3*i)
			if i == 2 {
				due = period.Date(2026, time.November, 10)
			}
			b.Warnings = append(b.Warnings, Warning{
				ID: fmt.Sprintf("%s-%d", rule, i), Rule: rule, Severity: severity, New: i%3 != 2,
				Open: i != 3, Object: employers[i%len(employers)], ObjectKind: "employer", Area: towns[i%len(towns)], Addressee: who,
				Due: due, Since: "2026-W40", Evidence: 1 + i*2, Args: map[string]string{
					"n": fmt.Sprint(i + 2), "what": "矽尘", "what_en": "silica dust",
				},
			})
		}
	}
	b.Rules = map[string]Rule{
		"R04": {Title: message.Text{Zh: "同一单位病例聚集", En: "Cluster at one employer"}, Proposed: true},
		"R06": {Title: message.Text{Zh: "短工龄尘肺病", En: "Pneumoconiosis after short exposure"}},
		"R15": {Title: message.Text{Zh: "在岗检查逾期", En: "In-service examination overdue"}},
		"R23": {Title: message.Text{Zh: "职业病危害因素超标", En: "Hazard above its limit"}, Proposed: true},
		"R24": {Title: message.Text{Zh: "同一岗位连续超标", En: "Repeatedly above the limit"}},
		"R39": {Title: message.Text{Zh: "报送静默", En: "Silent sender"}, Proposed: true},
	}
	add(1, Red, "R04", "WJW", "JDS", "TS")
	add(2, Red, "R06", "WJW", "JDS", "TS")
	add(9, Red, "R24", "JDS", "TS")
	add(12, Orange, "R23", "EMP", "JDS", "TS")
	add(3, Orange, "D01", "EMP", "CDC")
	add(30, Yellow, "R15", "EMP", "TS")
	add(5, Blue, "R39", "INST", "CDC")
	b.Quality.Late = b.Warnings[len(b.Warnings)-5:]

	reading := func(id, zh, en string, target, n, d, low, high float64, status string) {
		r := Reading{
			Indicator: id, Version: "1", Variant: "strict", Title: message.Text{Zh: zh, En: en}, Unit: "share", Direction: "up",
			Meaning: message.Text{Zh: "分母为重点行业在册且存在危害的用人单位，分子为其中在有效期内的单位。", En: "Employers of key industries with hazards; counted are those within the valid interval."},
			Clause:  "新政〔2022〕3号 二、工作目标", Value: shareOf(n, d, low, high), Target: number(target), Status: status, AsOf: b.Today,
		}
		if n/d < target {
			r.Gap = number(target*d - n)
		}
		for i := range 5 {
			v := shareOf(math.Round(n*(0.8+0.05*float64(i))), d, low, high)
			if i == 4 {
				v = r.Value
			}
			r.History = append(r.History, yearPoint(t, 2022+i, v))
		}
		b.Readings = append(b.Readings, r)
	}
	reading("T1", "职业病危害项目申报率", "Declaration rate", .95, 968, 1013, .942, .967, "met")
	reading("T2", "工作场所职业病危害因素检测率", "Hazard detection rate", .95, 842, 978, .838, .881, "below")
	reading("T3", "在岗期间职业健康检查率", "In-service examination rate", .95, 27416, 31244, .874, .881, "below")
	reading("T4a", "主要负责人职业卫生培训率", "Training rate of persons in charge", .95, 890, 1013, .857, .897, "below")
	reading("T4b", "职业卫生管理人员培训率", "Training rate of health managers", .95, 1391, 1466, .9365, .9592, "below")
	reading("T5", "放射工作人员个人剂量监测率", "Personal dose monitoring rate", 1, 17, 18, .742, .99, "unstable")
	reading("T6", "工伤保险覆盖率", "Work-injury insurance coverage", .85, 58211, 66310, .875, .880, "met")
	cases := []float64{61, 58, 49, 55, 52, 47, 50, 48, 38}
	for i, n := range cases {
		b.CasesByYear = append(b.CasesByYear, yearPoint(t, 2018+i, countOf(n, n*.75, n*1.3)))
	}
	quarter := period.Of(period.Date(2023, time.January, 1), period.Quarter)
	for i := range 16 {
		n := float64(9 + (i*7)%8)
		b.CasesByQuarter = append(b.CasesByQuarter, Point{Period: quarter.Next(i), Value: countOf(n, n*.5, n*1.8), Provisional: i == 15})
	}
	literal, strict := Share{Variant: "literal"}, Share{Variant: "pneumoconiosis"}
	for i, n := range []float64{7, 6, 6, 5, 4, 4, 3, 3, 2} {
		literal.Points = append(literal.Points, yearPoint(t, 2018+i, shareOf(n, cases[i], n/cases[i]*.4, n/cases[i]*2.2)))
		d := math.Round(cases[i] * .6)
		strict.Points = append(strict.Points, yearPoint(t, 2018+i, shareOf(n, d, n/d*.4, n/d*2.2)))
	}
	b.ShortExposure = []Share{literal, strict}
	flow := func(id, zh, en, unit, status string, v Value, points []Point) {
		b.Readings = append(b.Readings, Reading{
			Indicator: id, Version: "1", Variant: "diagnosis", Title: message.Text{Zh: zh, En: en}, Unit: unit,
			Direction: "down", Meaning: message.Text{Zh: "按首次诊断日期计。", En: "By day of first diagnosis."}, Value: v, Status: status, AsOf: b.Today, History: points,
		})
	}
	flow("T7", "新发职业病数", "New occupational diseases", "count", "falling", countOf(38, 26.9, 52.2), b.CasesByYear[4:])
	flow("T8", "接尘工龄不足5年新发尘肺病占比", "Share of short dust exposure", "share", "no_evidence", literal.Points[8].Value, literal.Points[4:])

	rank := func(id string, title message.Text, target float64) {
		r := Ranking{Indicator: id, Title: title, Target: number(target), AsOf: b.Today}
		for i, town := range towns {
			n, d := math.Round(2600-float64(i)*31), 2700.0
			place := Place{Code: fmt.Sprintf("4101840%02d", i), Name: town, Rank: i + 1, Value: shareOf(n, d, n/d-.012-.004*float64(i), min(1, n/d+.011+.003*float64(i)))}
			if i == len(towns)-1 {
				place.Rank, place.Value = 0, shareOf(9, 11, .5, .95)
			}
			if n < target*d {
				place.Gap = number(target*d - n)
			}
			r.Places = append(r.Places, place)
		}
		r.Places = append(r.Places, Place{Code: "unassigned", Unassigned: true, Value: shareOf(31, 44, .56, .82), Gap: number(11)})
		b.Rankings = append(b.Rankings, r)
	}
	rank("T3", b.Readings[2].Title, .95)
	rank("T1", b.Readings[0].Title, .95)
	rank("T6", b.Readings[6].Title, .85)

	series := func(area message.Text, city bool, peak float64) {
		d := Detector{Series: "suspected", Title: message.Text{Zh: "各乡镇疑似职业病", En: "Suspected cases by township"}, Area: area, City: city}
		for i := range 40 {
			if i == 11 || i == 12 {
				continue
			}
			week := DetectorWeek{Week: b.Week.Next(i - 39), Observed: float64((i * 5) % 7), Provisional: i >= 38}
			if i >= 9 {
				week.Threshold, week.Expected, week.P = number(7.31+float64(i%3)), number(1.234), number(0.0213)
			}
			if i >= 38 && city {
				week.Reported, week.Nowcast = number(0.93-0.5*float64(i-38)), number(week.Observed+float64(i-37))
				week.NowcastLow, week.NowcastHigh = number(week.Observed), number(week.Observed+5)
			}
			if i == 39 {
				week.Observed = peak
				if peak > 9 {
					week.Alarms = []string{"window_scan"}
				}
			}
			d.Weeks = append(d.Weeks, week)
		}
		b.Detectors = append(b.Detectors, d)
	}
	series(message.Text{Zh: "新郑市", En: "Xinzheng"}, true, 14)
	series(towns[3], false, 10)
	series(towns[4], false, 2)

	b.Quality.InWeek, b.Quality.From, b.Quality.To, b.Quality.Open = true, b.Week.Start, b.Today, 312
	for i, stream := range []string{"case_report", "detection", "detection", "dose", "exam", "exam", "exam", "exam", "exam", "exam"} {
		b.Quality.Arrivals = append(b.Quality.Arrivals, Arrival{
			Stream: stream, Sender: fmt.Sprintf("新郑市第%d职业健康检查中心", i+1),
			Files: 1 + i%2, Read: 1200 - i*97, Loaded: 1100 - i*97, Corrected: 40, Voided: 2, Unchanged: 38, Rejected: 20,
		})
	}
	for i, stream := range []string{"employer", "declaration", "exam", "detection", "dose", "case_report", "training", "insurance"} {
		b.Quality.Streams = append(b.Quality.Streams, Stream{Name: stream, Rows: 1500 + i*21000, Latest: b.Week.End.AddDate(0, 0, -i), Received: b.Week.End})
	}
	b.Quality.Rejects = []Reject{{"exam", "id_check_digit", 84}, {"exam", "id_damaged", 61}, {"exam", "totals_row", 22}, {"detection", "not_a_number", 18}, {"case_report", "required", 15}}
	b.Quality.Unmatched = []Unmatched{{"粉尘", 201}, {"其他粉尘(混合)", 64}, {"有机溶剂", 40}}
	for i, verdict := range []string{"below", "as_others", "as_others", "above", "no_rows"} {
		b.Quality.Standings = append(b.Quality.Standings, Standing{
			Sender: fmt.Sprintf("新郑市第%d职业健康检查中心", i+1), Valid: 900, Read: 1000, Value: number(.9), Lower: number(.879), Upper: number(.917),
			Expected: number(.92), Verdict: verdict, Completeness: number(.81), DueKept: 10, Due: 12, Silent: 1,
		})
	}
	b.Quality.Missing = []Missing{{Sender: "新郑市第3职业健康检查中心", Stream: "exam", Period: "2026-10", DueDate: b.Week.Start, DaysLate: 7}}
	b.Quality.Headings = []HeadingChange{{Sender: "新郑市第3职业健康检查中心", Stream: "exam", Month: "2026-11", Change: "suspected", Heading: "检查时间", Before: "体检日期", N: 2}}
	b.Quality.Drifts = []Drift{{Sender: "新郑市第4职业健康检查中心", Stream: "exam", Month: "2026-11", Title: "体检类型", Value: "pre", Was: .12, Is: .45, PSI: .61}}
	b.Snapshot = Snapshot{Batch: 1812, Batches: 1790, At: time.Date(2026, 11, 16, 0, 42, 7, 0, time.UTC), Hash: "3f1c9a52d7e08b64"}
	return b
}
