package ingest

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	for _, c := range []struct {
		text    string
		numeric bool
		want    string // empty: refused
	}{
		{"2025-03-07", false, "2025-03-07"},
		{"2025/3/7", false, "2025-03-07"},
		{"2025.3.7", false, "2025-03-07"},
		{"20250307", false, "2025-03-07"},
		{"20250307", true, "2025-03-07"},
		{"2025年3月7日", false, "2025-03-07"},
		{"２０２５年３月７日", false, "2025-03-07"},
		{"2025-03-07 08:30:00", false, "2025-03-07"},
		{"2025-03-07T08:30:00+08:00", false, "2025-03-07"},
		{"2025/3/7 上午8时30分", false, "2025-03-07"},
		{"20250307 083000", false, "2025-03-07"},
		{"20250307 08:30", false, "2025-03-07"},
		{"20250307083000", false, "2025-03-07"},
		{"2025 年 3 月 7 日", false, "2025-03-07"},
		{"2025 年 3 月", false, "2025-03"},
		{"20250307990000", false, ""},
		{"20250307 旧", false, ""},
		{"45723", true, "2025-03-07"},
		{"45723.5", true, "2025-03-07"},
		{"2025.3", false, "2025-03"},
		{"2025-03", false, "2025-03"},
		{"2025年3月", false, "2025-03"},
		{"202503", false, "2025-03"},
		{"2025.1", true, ""}, // January or October
		{"2024-02-29", false, "2024-02-29"},
		{"2023-02-29", false, ""},
		{"2023-02-30", false, ""},
		{"2023-13-01", false, ""},
		{"2023-00-10", false, ""},
		{"25-3-7", false, ""},
		{"2025", false, ""},
		{"2025-03-07x", false, ""},
		{"2025-03-07-01", false, ""},
		{"99999999", false, ""},
		{"-45723", true, ""},
		{"待定", false, ""},
	} {
		d, ok := parseDate(c.text, c.numeric)
		got := ""
		if ok {
			if got = timeOf(d.day).Format("2006-01-02"); d.month {
				got = timeOf(d.day).Format("2006-01")
			}
		}
		if got != c.want {
			t.Errorf("%q (numeric %t): %q, want %q", c.text, c.numeric, got, c.want)
		}
	}
}

func TestCivil_AgreesWithTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year, month, day := rapid.IntRange(1900, 2199).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 31).Draw(t, "day")
		d, ok := civil(year, month, day)
		want := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if exists := want.Day() == day; ok != exists {
			t.Fatalf("%04d-%02d-%02d: %t, want %t", year, month, day, ok, exists)
		}
		if ok && !timeOf(d).Equal(want) {
			t.Fatalf("%s became %s", want, timeOf(d))
		}
	})
}

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"12": 12, "12.50": 12.5, "1,234": 1234, "1，234.5": 1234.5, "１２": 12, "12人": 12, "85 dB(A)": 85, "23.1%": 23.1, "-3": -3, "1e3": 1000, " 7 ": 7,
		"inf": math.NaN(), "NaN": math.NaN(), "0x10": math.NaN(), "1_000": math.NaN(), "12,34": math.NaN(), "abc": math.NaN(), "": math.NaN(),
		"1e999": math.NaN(), "12苹果": math.NaN(), "1,2,3": math.NaN(),
	} {
		got, ok := parseNumber(text)
		if !ok {
			got = math.NaN()
		}
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestParseMeasure(t *testing.T) {
	for text, want := range map[string]measure{
		"0.42":         {0.42, true, "eq", 0},
		"<0.05":        {0.05, true, "lt", 0.05},
		"＜0.05":        {0.05, true, "lt", 0.05},
		"< 0.05":       {0.05, true, "lt", 0.05},
		"0.05L":        {0.05, true, "lt", 0.05},
		"低于0.05":       {0.05, true, "lt", 0.05},
		"未检出":          {0, false, "nd", 0},
		"ND":           {0, false, "nd", 0},
		"未检出(<0.05)":   {0, false, "nd", 0.05},
		"ND(0.05)":     {0, false, "nd", 0.05},
		"未检出(检出限0.05)": {0, false, "nd", 0.05},
		"<MDL":         {0, false, "lt", 0},
		"0.02(MDL/2)":  {0, false, "lt", 0.04},
		"0.02（MDL/2）":  {0, false, "lt", 0.04},
		"85dB(A)":      {85, true, "eq", 0},
	} {
		got, ok := parseMeasure(text)
		if !ok || got != want {
			t.Errorf("%q: %+v %t, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "超标", "未检出(高)", "<", "1-2", "0.05?"} {
		if got, ok := parseMeasure(text); ok {
			t.Errorf("%q: %+v, want a refusal", text, got)
		}
	}
}

func TestParseMonths(t *testing.T) {
	for _, c := range []struct {
		text  string
		years bool
		want  float64
	}{
		{"6", true, 72},
		{"6.5", true, 78},
		{"8", false, 8},
		{"6年8个月", true, 80},
		{"6年", false, 72},
		{"80个月", true, 80},
		{"１１", true, 132},
		{"９", false, 9},
		{"-1", true, -1},
		{"很久", true, -1},
		{"", true, -1},
	} {
		got, ok := parseMonths(c.text, c.years)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%q (years %t): %v, want %v", c.text, c.years, got, c.want)
		}
	}
}

func TestUnit(t *testing.T) {
	for text, want := range map[string]string{
		"mg/m3": "mg/m3", "mg/m³": "mg/m3", "ＭＧ/M3": "mg/m3", "dB（A）": "dB(A)", "℃": "degC", "f/cm3": "f/mL", "ppm": "ppm", "毫克/立方米": "mg/m3", "lx": "lx",
	} {
		if got, _ := unit(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if name, factor := unit("μg/m³"); name != "mg/m3" || factor != 1e-3 {
		t.Errorf("µg/m³: %s × %v", name, factor)
	}
}

func TestSplitValues(t *testing.T) {
	l, err := embeddedLists()
	if err != nil {
		t.Fatal(err)
	}
	known := func(s string) bool { _, ok := l.hazard(s); return ok }
	for text, want := range map[string][]string{
		"噪声;电焊烟尘":             {"噪声", "电焊烟尘"},
		"噪声；电焊烟尘，高温、苯":        {"噪声", "电焊烟尘", "高温", "苯"},
		"汽油、溶剂汽油":             {"汽油、溶剂汽油"},
		"噪声、汽油、溶剂汽油":          {"噪声", "汽油、溶剂汽油"},
		"1,2-二氯乙烷":            {"1,2-二氯乙烷"},
		"噪声,1,2-二氯乙烷,苯":       {"噪声", "1,2-二氯乙烷", "苯"},
		"X射线/噪声":              {"X射线", "噪声"},
		"噪声x粉尘":               {"噪声", "粉尘"},
		"噪声×苯*甲苯|高温":          {"噪声", "苯", "甲苯", "高温"},
		"矽尘（游离SiO2含量≥10%）、噪声": {"矽尘（游离SiO2含量≥10%）", "噪声"},
		"铝尘（铝金属、铝合金粉尘）;噪声":    {"铝尘（铝金属、铝合金粉尘）", "噪声"},
		"甲苯-2,4-二异氰酸酯（TDI）":   {"甲苯-2,4-二异氰酸酯（TDI）"},
		" ; 噪声 ; ":            {"噪声"},
		"":                    nil,
	} {
		if got := splitValues(text, known); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLists(t *testing.T) {
	l, err := embeddedLists()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"噪音": {"HZ-3-001"}, " 噪 声 ": {"HZ-3-001"}, "矽尘": {"HZ-1-001"}, "苯系物": {"HZ-2-028", "HZ-2-029", "HZ-2-030"},
		"粉尘": nil, "矽尘(总尘)": {"HZ-1-001"}, "HZ-3-001": {"HZ-3-001"}, "没有的东西": nil, "粉尘（其他）": nil,
	} {
		if got, _ := l.hazard(name); !slices.Equal(got, want) {
			t.Errorf("hazard %q: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"矽肺": "OD2024-01-1-01", "矽肺壹期": "OD2024-01-1-01", "职业性慢性苯中毒": "OD2024-05-27", "慢性铅中毒": "OD2024-05-01",
		"疑似职业性噪声聋": l.diseases["噪声聋"], "尘肺病": "", "感冒": "",
	} {
		if got := l.disease(name); got != want {
			t.Errorf("disease %q: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"薛店镇": "410184106", "薛店": "410184106", "410184106": "410184106", "410184106000": "410184106", "新郑市薛店镇工贸路1号": "410184106",
		"新华路街道办事处": "410184002", "外市托管区": "", "410184": "", "410199999": "",
	} {
		if got := l.township(name); got != want {
			t.Errorf("township %q: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"C3484": "C3484", "c30": "C30", "30": "C30", "3484": "C3484", "C3484 机械零部件加工": "C3484", "非金属矿物制品业": "C30",
		"制造业-非金属矿物制品业": "C30", "B3484": "", "C": "", "制造业": "", "Z99": "", "什么业": "",
	} {
		if got := l.industry(name); got != want {
			t.Errorf("industry %q: %q, want %q", name, got, want)
		}
	}
}

func TestParseIdentity(t *testing.T) {
	today := dayOf(testToday)
	for _, c := range []struct {
		text    string
		numeric bool
		number  string
		fault   idFault
	}{
		{"11010519491231002X", false, "11010519491231002X", ""},
		{"11010519491231002x", false, "11010519491231002X", ""},
		{" '419999 198501010015", false, "419999198501010015", ""},
		{"４１９９９９１９８５０１０１００１５", false, "419999198501010015", ""},
		{"419999850101001", false, "419999198501010015", ""},
		{"419999198501010016", false, "", idCheckDigit},
		{"419999198501010000", true, "", idDamaged},
		{"419999198501010000", false, "", idDamaged},
		{"4.19999E+17", false, "", idDamaged},
		{"419999198513010015", false, "", idInvalid},
		{"41999919850101001", false, "", idInvalid},
		{"abc", false, "", idInvalid},
	} {
		id, fault := parseIdentity(c.text, c.numeric, today)
		if id.number != c.number || fault != c.fault {
			t.Errorf("%q: %q %q, want %q %q", c.text, id.number, fault, c.number, c.fault)
		}
	}
	id, _ := parseIdentity("11010519491231002X", false, today)
	if timeOf(id.birth).Format(time.DateOnly) != "1949-12-31" || id.male {
		t.Errorf("read %+v", id)
	}
	if _, fault := parsePaper("E12345678"); fault != "" {
		t.Errorf("passport: %s", fault)
	}
}

// Any changed digit of a valid number is found out: the check digits are made for that.
func TestCheckDigits(t *testing.T) {
	today := dayOf(testToday)
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int32Range(0, 15000).Draw(t, "birth")
		number := "419999" + timeOf(day).Format("20060102") + []string{"001", "107", "998"}[rapid.IntRange(0, 2).Draw(t, "order")]
		number += string(idCheckDigit17(number))
		if id, fault := parseIdentity(number, false, today); fault != "" || id.birth != day {
			t.Fatalf("%s: %s", number, fault)
		}
		at := rapid.IntRange(0, 16).Draw(t, "at")
		wrong := []byte(number)
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, fault := parseIdentity(string(wrong), false, today); fault == "" {
			t.Fatalf("%s passed for %s", wrong, number)
		}
	})
}

func TestParseUSCC(t *testing.T) {
	for code, want := range map[string]bool{
		"91110000600037341L": true, "91419999MAXXX0015G": true, "91419999maxxx0015g": true, "91110000600037341K": false,
		"9111000060003734": false, "91110000600037341I": false, "": false,
	} {
		if _, ok := parseUSCC(code); ok != want {
			t.Errorf("%s: %t", code, ok)
		}
	}
}

func TestMask(t *testing.T) {
	if got := mask("419999198501010015"); got != "41**************15" {
		t.Errorf("masked as %s", got)
	}
	if got := mask("张三丰"); got != "张**" {
		t.Errorf("masked as %s", got)
	}
	if got := maskNumbers("电话13812345678，证件41999919850101001X"); got != "电话13*******78，证件41**************1X" {
		t.Errorf("masked as %s", got)
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{"2025-03-07", "2025年3月7日 8:30", "45723.5", "<0.05", "0.02(MDL/2)", "1,234.5人", "6年8个月", "419999198501010015", "4.2E+17", "噪声x粉尘(;)", "\xff\xfe", "0x1p-2", "９１４１"} {
		f.Add(s)
	}
	l, err := embeddedLists()
	if err != nil {
		f.Fatal(err)
	}
	today := dayOf(testToday)
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := parseDate(s, false); ok && (d.day < -25567 || d.day > 84005) {
			t.Errorf("date %q became day %d", s, d.day)
		}
		if n, ok := parseNumber(s); ok && (math.IsNaN(n) || math.IsInf(n, 0)) {
			t.Errorf("number %q became %v", s, n)
		}
		if m, ok := parseMeasure(s); ok && m.qualifier == "" {
			t.Errorf("measure %q has no qualifier", s)
		}
		if m, ok := parseMonths(s, true); ok && m < 0 {
			t.Errorf("months %q became %v", s, m)
		}
		if id, fault := parseIdentity(s, false, today); fault == "" && len(id.number) != 18 {
			t.Errorf("identity %q became %q", s, id.number)
		}
		parseUSCC(s)
		unit(s)
		mask(s)
		maskNumbers(s)
		for _, part := range splitValues(s, func(name string) bool { _, ok := l.hazard(name); return ok }) {
			if part == "" {
				t.Errorf("%q was split into nothing", s)
			}
		}
		l.disease(s)
		l.township(s)
		l.industry(s)
	})
}

func TestCalendar(t *testing.T) {
	for day := int32(-30_000); day < 100_000; day += 7 {
		want := timeOf(day)
		if y, m, d := calendar(day); y != want.Year() || m != int(want.Month()) || d != want.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", day, y, m, d, want)
		}
	}
}
