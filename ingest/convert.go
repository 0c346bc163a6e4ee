package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// date is a day of the calendar, or a month when no day was given.
type date struct {
	day   int32 // days since 1970-01-01; the first of the month when only the month is known
	month bool  // only the month is known
}

// civil returns the day number of a day of the Gregorian calendar, false when there is no such day.
func civil(year, month, day int) (int32, bool) {
	if year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return 0, false
	}
	y := year
	if month <= 2 {
		y--
	}
	era := y / 400
	ofEra := y - era*400
	shifted := (month + 9) % 12
	ofYear := (153*shifted+2)/5 + day - 1
	return int32(era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468), true
}

// calendar returns the day of the Gregorian calendar of a day number; it undoes civil.
func calendar(day int32) (year, month, ofMonth int) {
	z := int(day) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	ofEra := z - era*146097
	ofCycle := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*ofCycle + ofCycle/4 - ofCycle/100)
	shifted := (5*ofYear + 2) / 153
	year, month, ofMonth = era*400+ofCycle, shifted+3, ofYear-(153*shifted+2)/5+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, ofMonth
}

func monthDays(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// dayOf returns the day number of the date of t.
func dayOf(t time.Time) int32 {
	d, _ := civil(t.Year(), int(t.Month()), t.Day())
	return d
}

// timeOf returns midnight UTC of a day number.
func timeOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// before reports whether d is surely before e: with a month on either side, months are compared.
func (d date) before(e date) bool {
	if d.month || e.month {
		a, b := timeOf(d.day), timeOf(e.day)
		return a.Year() < b.Year() || a.Year() == b.Year() && a.Month() < b.Month()
	}
	return d.day < e.day
}

// parseDate reads a date in the forms that senders use: 2025-03-07, 2025/3/7, 2025.3.7, 20250307,
// 20250307083000, 2025年3月7日, each with a time of day behind it, a serial day number of Excel (1900 system), and
// 2025-03, 2025.3, 2025年3月, 202503 for a month. numeric says that the text came from a numeric cell.
func parseDate(s string, numeric bool) (date, bool) {
	if len(s) == 10 && s[4] == s[7] && (s[4] == '-' || s[4] == '/') {
		if digits(s[:4]) && digits(s[5:7]) && digits(s[8:]) {
			d, ok := civil(atoi(s[:4]), atoi(s[5:7]), atoi(s[8:]))
			return date{day: d}, ok
		}
	}
	s = dateMarks.Replace(half(strings.TrimSpace(s)))
	if head, clock, ok := strings.Cut(s, " "); ok && len(head) == 8 && digits(head) && clockDigits(clock) {
		s = head
	}
	if digits(s) {
		switch len(s) {
		case 14:
			if !clockDigits(s[8:]) {
				return date{}, false
			}
			fallthrough
		case 8:
			d, ok := civil(atoi(s[:4]), atoi(s[4:6]), atoi(s[6:8]))
			return date{day: d}, ok
		case 6:
			d, ok := civil(atoi(s[:4]), atoi(s[4:]), 1)
			return date{day: d, month: true}, ok
		case 5:
			return serial(float64(atoi(s)))
		}
		return date{}, false
	}
	if i := strings.IndexByte(s, '.'); i == 5 && digits(s[:5]) && digits(s[6:]) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return date{}, false
		}
		return serial(f)
	}
	if numeric && len(s) == 6 && s[4] == '.' && s[5] == '1' {
		return date{}, false // January, or October with its zero lost
	}
	parts, rest := [3]int{}, s
	n := 0
	for n < 3 {
		i := 0
		for i < len(rest) && digit(rest[i]) {
			i++
		}
		if i == 0 || n == 0 && i != 4 || n > 0 && i > 2 {
			return date{}, false
		}
		parts[n], rest = atoi(rest[:i]), rest[i:]
		n++
		r, size := utf8.DecodeRuneInString(rest)
		var ok bool
		switch n {
		case 1:
			ok = r == '-' || r == '/' || r == '.' || r == '年'
		case 2:
			ok = r == '-' || r == '/' || r == '.' || r == '月'
		}
		if !ok {
			break
		}
		rest = rest[size:]
		if n == 2 && strings.TrimSpace(rest) == "" {
			rest = ""
			break
		}
	}
	rest = strings.TrimPrefix(rest, "日")
	switch {
	case n == 2 && rest == "":
		d, ok := civil(parts[0], parts[1], 1)
		return date{day: d, month: true}, ok
	case n == 3 && timeOfDay(rest):
		d, ok := civil(parts[0], parts[1], parts[2])
		return date{day: d}, ok
	}
	return date{}, false
}

// dateMarks takes away the spaces around the signs of a date written in words.
var dateMarks = strings.NewReplacer(" 年 ", "年", " 年", "年", "年 ", "年", " 月 ", "月", " 月", "月", "月 ", "月", " 日", "日")

// clockDigits reports whether s is a time of day such as 083000 or 08:30.
func clockDigits(s string) bool {
	if timeOfDay(" " + s) {
		return true
	}
	return len(s) == 6 && digits(s) && s[:2] < "24" && s[2:4] < "60" && s[4:] < "60"
}

// serial reads a serial day number of Excel's 1900 system; only days from 1927 to 2173 are believed.
func serial(f float64) (date, bool) {
	if f < 10000 || f >= 100000 {
		return date{}, false
	}
	return date{day: int32(math.Floor(f)) - 25569}, true
}

// timeOfDay reports whether s is nothing or a time of day such as " 08:30:00" or "T08:30:00+08:00".
func timeOfDay(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ' ' && s[0] != 'T' {
		return false
	}
	s = strings.TrimSpace(s[1:])
	for _, r := range s {
		if !digit(byte(r)) && !strings.ContainsRune(":.+-ZAPM上下午时分秒 ", r) {
			return false
		}
	}
	return s == "" || strings.ContainsAny(s, ":时")
}

// parseNumber reads a number as people write it: full-width digits, thousands separators, a unit or a
// percent sign behind it. Words such as inf, hexadecimal and underscores are no numbers.
func parseNumber(s string) (float64, bool) {
	if f, ok := plainNumber(s); ok {
		return f, true
	}
	s = strings.TrimSpace(half(s))
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) && r != 'e' && r != 'E' || r == '%' || r == '°' }); i > 0 {
		if !isUnit(strings.TrimSpace(s[i:])) {
			return 0, false
		}
		s = strings.TrimSpace(s[:i])
	}
	if strings.IndexByte(s, ',') >= 0 {
		groups := strings.Split(s, ",")
		for i, g := range groups {
			whole, _, _ := strings.Cut(g, ".")
			if i > 0 && len(whole) != 3 || i == 0 && (len(strings.TrimLeft(whole, "+-")) == 0 || len(whole) > 4) {
				return 0, false
			}
			if i < len(groups)-1 && strings.Contains(g, ".") {
				return 0, false
			}
		}
		s = strings.Join(groups, "")
	}
	return plainNumber(s)
}

func plainNumber(s string) (float64, bool) {
	if s == "" || len(s) > 40 {
		return 0, false
	}
	for i := range len(s) {
		if c := s[i]; !digit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	if len(s) <= 9 && digits(s) {
		return float64(atoi(s)), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// isUnit reports whether s is a unit that may stand behind a number.
func isUnit(s string) bool {
	switch strings.ToLower(s) {
	case "人", "名", "个", "人次", "岁", "周岁", "年", "月", "个月", "天", "日", "次", "h", "h/d", "小时", "小时/天", "学时", "课时", "分", "分钟", "min",
		"%", "msv", "mg/m3", "mg/m³", "ug/m3", "μg/m3", "ppm", "db", "db(a)", "℃", "°c", "f/ml", "l/min", "d/w", "h/w", "天/周", "小时/周":
		return true
	}
	return false
}

// belowMarks are the ways to write "below".
var belowMarks = strings.NewReplacer("〈", "<", "≤", "<", "低于", "<", "小于", "<")

// measure is a measured value as it was reported.
type measure struct {
	value     float64
	hasValue  bool
	qualifier string  // eq; lt: below value (or below the detection level when there is no value); nd: not detected
	bound     float64 // detection level named in the cell, 0 when none
}

// parseMeasure reads a measured value: 0.42, <0.05, ＜0.05, 0.05L, 未检出, ND, <MDL, 0.02(MDL/2), 未检出(<0.05), ND(0.05).
func parseMeasure(s string) (measure, bool) {
	if f, ok := plainNumber(s); ok {
		return measure{value: f, hasValue: true, qualifier: "eq"}, true
	}
	t := strings.ToUpper(strings.ReplaceAll(half(s), " ", ""))
	t = belowMarks.Replace(t)
	if head, tail, found := strings.Cut(t, "("); found && strings.HasSuffix(tail, ")") && head != "" {
		tail = strings.TrimSuffix(tail, ")")
		switch {
		case tail == "MDL/2" || tail == "1/2MDL" || tail == "LOD/2":
			f, ok := parseNumber(head)
			return measure{qualifier: "lt", bound: 2 * f}, ok && f >= 0
		case nonDetect(head):
			for _, mark := range []string{"最低检出浓度", "最低定量浓度", "检出限", "LOD", "LOQ", "MDL", "=", ":", "<"} {
				tail = strings.TrimPrefix(tail, mark)
			}
			f, ok := parseNumber(tail)
			return measure{qualifier: "nd", bound: f}, ok && f >= 0
		case strings.HasPrefix(head, "<"):
			t = head
		}
	}
	if nonDetect(t) {
		return measure{qualifier: "nd"}, true
	}
	if rest, ok := strings.CutPrefix(t, "<"); ok {
		switch rest {
		case "MDL", "LOD", "LOQ", "DL", "检出限", "最低检出浓度", "最低定量浓度", "最低探测水平":
			return measure{qualifier: "lt"}, true
		}
		rest = strings.TrimPrefix(rest, "=")
		f, ok := parseNumber(rest)
		return measure{value: f, hasValue: true, qualifier: "lt", bound: f}, ok
	}
	if rest, ok := strings.CutSuffix(t, "L"); ok {
		if f, ok := plainNumber(rest); ok {
			return measure{value: f, hasValue: true, qualifier: "lt", bound: f}, true
		}
	}
	f, ok := parseNumber(s)
	return measure{value: f, hasValue: true, qualifier: "eq"}, ok
}

func nonDetect(s string) bool {
	switch s {
	case "未检出", "ND", "N.D.", "N.D", "未检测出", "未检", "检不出", "MDL":
		return true
	}
	return false
}

// missing reports whether a cell says that there is nothing: blank, a dash, a slash, 无.
func missing(s string) bool {
	if len(s) > 9 {
		return false
	}
	switch s {
	case "", "/", "\\", "-", "--", "---", "—", "——", "－", "／", "无", "N/A", "n/a", "NA", "NULL", "null", "None", "未填", "未填写":
		return true
	}
	return false
}

// formulaFault tells what is wrong with a text that is the error of a formula, or a formula that was not computed;
// nothing when it is neither.
func formulaFault(s string) string {
	if len(s) < 2 {
		return ""
	}
	switch s[0] {
	case '#':
		switch strings.ToUpper(s) {
		case "#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!":
			return "formula_error"
		}
	case '=':
		if s == uncomputed {
			return "formula_uncomputed"
		}
	}
	return ""
}

// parseBool reads yes and no.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(half(s)) {
	case "是", "有", "y", "yes", "true", "t", "1", "√", "对":
		return true, true
	case "否", "无", "n", "no", "false", "f", "0", "×", "x", "不是":
		return false, true
	}
	return false, false
}

// parseMonths reads a length of service: 6, 6.5, 6年8个月, 80个月, in the unit of the column unless the cell
// names its own. It returns months.
func parseMonths(s string, years bool) (float64, bool) {
	if f, ok := plainNumber(s); ok {
		if years {
			return f * 12, f >= 0
		}
		return f, f >= 0
	}
	s = strings.ReplaceAll(half(s), " ", "")
	y, rest, hasYears := strings.Cut(s, "年")
	if !hasYears {
		if head, ok := strings.CutSuffix(s, "月"); ok {
			s, years = strings.TrimSuffix(head, "个"), false
		}
		f, ok := parseNumber(s)
		if years {
			f *= 12
		}
		return f, ok && f >= 0
	}
	f, ok := plainNumber(y)
	if !ok {
		return 0, false
	}
	months := f * 12
	if rest = strings.TrimSuffix(strings.TrimSuffix(rest, "月"), "个"); rest != "" {
		m, ok := plainNumber(rest)
		if !ok {
			return 0, false
		}
		months += m
	}
	return months, months >= 0
}

// unitMarks are the ways to write parts of units.
var unitMarks = strings.NewReplacer("^", "", "μ", "u", "µ", "u", "立方米", "m3", "毫克", "mg", "微克", "ug", "每", "/", "·", "")

// unit brings a unit into the form that the warehouse uses, with the factor from the sender's unit to it.
func unit(s string) (name string, factor float64) {
	t := strings.ToLower(strings.ReplaceAll(half(s), " ", ""))
	t = unitMarks.Replace(t)
	switch t {
	case "mg/m3", "mgm-3":
		return "mg/m3", 1
	case "ug/m3":
		return "mg/m3", 1e-3
	case "db(a)", "dba", "db", "分贝", "分贝(a)":
		return "dB(A)", 1
	case "℃", "°c", "c", "摄氏度", "degc":
		return "degC", 1
	case "f/ml", "f/cm3", "根/ml", "根/cm3":
		return "f/mL", 1
	case "ppm":
		return "ppm", 1
	case "msv":
		return "mSv", 1
	case "usv":
		return "mSv", 1e-3
	case "m/s2":
		return "m/s2", 1
	case "v/m":
		return "V/m", 1
	case "kv/m":
		return "V/m", 1e3
	case "a/m":
		return "A/m", 1
	case "mw/cm2":
		return "mW/cm2", 1
	case "uw/cm2":
		return "uW/cm2", 1
	case "w/cm2":
		return "W/cm2", 1
	}
	return strings.TrimSpace(s), 1
}

// clean removes what is never meant: spaces of every kind around the text, a quote that Excel puts before
// numbers kept as text, and invisible marks.
func clean(s string) string {
	if s == "" {
		return s
	}
	first, last := s[0], s[len(s)-1]
	if first > ' ' && first < 0x7f && first != '\'' && first != '`' && first != '=' && last > ' ' && last < 0x7f {
		return s
	}
	s = strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' || r == '\u200c' || r == '\u200e'
	})
	if len(s) > 3 && s[0] == '=' && s[1] == '"' && s[len(s)-1] == '"' {
		s = strings.TrimSpace(s[2 : len(s)-1]) // ="0123" keeps a spreadsheet from reading a number
	}
	if len(s) > 1 && (s[0] == '\'' || s[0] == '`') {
		s = s[1:]
	}
	return s
}

// half turns full-width letters, digits and signs into half-width ones.
func half(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return norm.NFKC.String(s)
		}
	}
	return s
}

// fold is the form in which names are compared: NFKC, lower case, no spaces.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c <= ' ' || c >= 'A' && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// separators are the marks between the values of one cell; "-" is never one.
const separators = ";；,，、+＋/／|｜×*＊·・\n"

// splitValues splits a cell that holds several values. It does not split inside brackets, between digits
// (1,2-二氯乙烷), or inside a name that known reports to be one; x splits only between Chinese characters.
func splitValues(s string, known func(string) bool) []string {
	if s == "" {
		return nil
	}
	if known(s) {
		return []string{strings.TrimSpace(s)}
	}
	runes := []rune(s)
	var parts []string
	start, depth := 0, 0
	for i := 0; i < len(runes); i++ {
		if i == start {
			if n := longestKnown(runes[i:], known); n > 0 {
				i += n - 1
				continue
			}
		}
		r := runes[i]
		switch {
		case r == '(' || r == '（' || r == '[' || r == '【':
			depth++
		case r == ')' || r == '）' || r == ']' || r == '】':
			depth = max(0, depth-1)
		case depth == 0 && isSeparator(runes, i):
			parts = append(parts, string(runes[start:i]))
			start = i + 1
		}
	}
	parts = append(parts, string(runes[start:]))
	kept := parts[:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func isSeparator(runes []rune, i int) bool {
	r := runes[i]
	if (r == 'x' || r == 'X') && i > 0 && i+1 < len(runes) {
		return unicode.Is(unicode.Han, runes[i-1]) && unicode.Is(unicode.Han, runes[i+1]) && runes[i+1] != '射'
	}
	if !strings.ContainsRune(separators, r) {
		return false
	}
	if (r == ',' || r == '，') && i > 0 && i+1 < len(runes) && unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1]) {
		return false
	}
	return true
}

// longestKnown is the length of the longest known name at the start of runes that has a separator in it and
// ends before another separator or at the end.
func longestKnown(runes []rune, known func(string) bool) int {
	for n := min(len(runes), 40); n > 1; n-- {
		if n < len(runes) && !isSeparator(runes, n) {
			continue
		}
		name := string(runes[:n])
		if strings.ContainsAny(name, separators) && known(strings.TrimSpace(name)) {
			return n
		}
	}
	return 0
}
