package ingest

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strings"

	ohsql "ohwatch/sql"
)

// lists are the reference code lists that names and codes are matched against. They are read-only after
// loading and safe for concurrent use.
type lists struct {
	hazards    map[string][]string // folded name → hazard ids; several for a group such as 苯系物; none for a word that is never guessed
	diseases   map[string]string   // folded name → disease id
	recent     map[string]bool     // ids of diseases that only the catalogue of 2024 has
	townships  map[string]string   // folded name, with and without its kind, and code → code of 9 digits
	industries map[string]string   // code, digits of the code, folded name → code with section letter
	codes      map[string]map[string]string
	dated      map[string]map[string]span // list → code → days on which it is valid, for lists that change
	names      map[string]string          // hazard id → name
	outside    map[string]bool            // codes and folded names of townships of the neighbouring county, parts of which were ours
	limits     *limits
	decided    decided // names that somebody has decided on
}

// span is the days from the first to the last, both included.
type span struct{ first, last int32 }

// always is the days on which every code of a list is valid.
func (l *lists) always(list string) span {
	common := span{math.MinInt32, math.MaxInt32}
	for _, s := range l.dated[list] {
		common.first, common.last = max(common.first, s.first), min(common.last, s.last)
	}
	return common
}

// loadLists reads the code lists from reference, one CSV file each.
func loadLists(reference fs.FS) (*lists, error) {
	l := &lists{
		hazards: map[string][]string{}, diseases: map[string]string{},
		recent: map[string]bool{}, townships: map[string]string{}, industries: map[string]string{},
		codes: map[string]map[string]string{}, dated: map[string]map[string]span{}, names: map[string]string{}, outside: map[string]bool{},
	}
	type table struct {
		name string
		read func(row map[string]string)
	}
	tables := []table{
		{"hazards", func(r map[string]string) {
			l.names[r["internal_id"]] = r["name_zh"]
			l.hazards[fold(r["name_zh"])] = []string{r["internal_id"]}
			l.hazards[fold(r["internal_id"])] = []string{r["internal_id"]}
			if base, _, cut := strings.Cut(fold(r["name_zh"]), "("); cut {
				if _, taken := l.hazards[base]; !taken {
					l.hazards[base] = []string{r["internal_id"]}
				}
			}
		}},
		{"hazard_aliases", func(r map[string]string) {
			ids := []string{r["hazard_internal_id"]}
			switch {
			case ids[0] == "":
				ids = nil
			case strings.Contains(r["note"], "expand to three factors"):
				ids = nil
				for _, name := range []string{"苯", "甲苯", "二甲苯"} {
					ids = append(ids, l.hazards[name]...)
				}
			}
			l.hazards[fold(r["alias_zh"])] = ids
		}},
		{"diseases", func(r map[string]string) {
			name := fold(r["name_zh"])
			l.diseases[name] = r["internal_id"]
			l.diseases[fold(r["internal_id"])] = r["internal_id"]
			l.recent[r["internal_id"]] = r["in_2013_catalogue"] == "no"
			if base, _, cut := strings.Cut(name, "("); cut {
				l.addDisease(base, r["internal_id"])
			}
			if m := compounds.FindStringSubmatch(name); m != nil {
				l.addDisease(m[1]+"中毒", r["internal_id"])
			}
		}},
		{"townships", func(r map[string]string) {
			code := r["code9"]
			l.townships[code], l.townships[r["code12"]] = code, code
			name := fold(r["name_zh"])
			l.townships[name] = code
			if r["in_xinzheng"] == "no" {
				l.outside[code], l.outside[name] = true, true
			}
			for _, kind := range []string{"街道", "镇", "乡", "管委会"} {
				if base, ok := strings.CutSuffix(name, kind); ok {
					l.townships[base] = code
				}
			}
			if strings.HasSuffix(name, "街道") {
				l.townships[name+"办事处"], l.townships[strings.TrimSuffix(name, "街道")+"办事处"] = code, code
			}
		}},
		{"industries", func(r map[string]string) {
			code := r["code"]
			l.industries[code] = code
			if len(code) > 1 {
				l.industries[code[1:]] = code
			}
			l.industries[fold(r["name_zh"])] = code
		}},
		{"exam_types", func(r map[string]string) {
			l.add("exam_types", r["internal_id"], r["name_zh"], r["card_text_zh"], r["aliases_zh"])
		}},
		{"exam_conclusions", func(r map[string]string) {
			l.add("exam_conclusions", r["internal_id"], r["name_zh"], r["aliases_zh"])
			l.date("exam_conclusions", r["internal_id"], r["valid_from"], r["valid_to"])
			if base, _, cut := strings.Cut(r["name_zh"], "（"); cut {
				l.add("exam_conclusions", r["internal_id"], base)
			}
		}},
		{"enterprise_sizes", func(r map[string]string) { l.add("enterprise_sizes", r["internal_id"], r["name_zh"]) }},
		{"economic_types", func(r map[string]string) { l.add("economic_types", r["name_zh"], r["name_zh"], r["internal_id"]) }},
		{"dose_quantities", func(r map[string]string) {
			l.add("dose_quantities", r["internal_id"], r["symbol"], r["name_zh"])
		}},
		{"radiation_work_categories", func(r map[string]string) {
			if r["code"] != "" {
				l.add("radiation_work_categories", r["code"], r["code"])
			}
		}},
	}
	for _, t := range tables {
		if err := readTable(reference, t.name+".csv", t.read); err != nil {
			return nil, err
		}
	}
	for _, codes := range l.dated {
		first := int32(math.MaxInt32)
		for _, s := range codes {
			first = min(first, s.first)
		}
		for id, s := range codes {
			if s.first == first { // the list does not say what held before it began
				codes[id] = span{math.MinInt32, s.last}
			}
		}
	}
	var err error
	l.limits, err = readLimits(reference)
	return l, err
}

// date notes from when until when a code of a list is valid; an empty date is open.
func (l *lists) date(list, id, from, to string) {
	if l.dated[list] == nil {
		l.dated[list] = map[string]span{}
	}
	l.dated[list][id] = spanOf(from, to)
}

// spanOf reads the days between two dates; an empty one leaves its end open.
func spanOf(from, to string) span {
	s := span{math.MinInt32, math.MaxInt32}
	if d, ok := parseDate(from, false); ok {
		s.first = d.day
	}
	if d, ok := parseDate(to, false); ok {
		s.last = d.day
	}
	return s
}

// hazardName is the name of a hazard id.
func (l *lists) hazardName(id string) string {
	if name, ok := l.names[id]; ok {
		return name
	}
	return id
}

var compounds = regexp.MustCompile(`^(.+?)及其(?:无机)?化合物中毒`)

func readTable(fsys fs.FS, name string, read func(map[string]string)) error {
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("read code list %s: %w", name, err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("read code list %s: %w", name, err)
	}
	if len(rows) == 0 {
		return fmt.Errorf("read code list %s: no header", name)
	}
	for _, row := range rows[1:] {
		r := make(map[string]string, len(row))
		for i, v := range row {
			r[strings.TrimPrefix(rows[0][i], "\ufeff")] = v
		}
		read(r)
	}
	return nil
}

func (l *lists) addDisease(name, id string) {
	if _, taken := l.diseases[name]; !taken {
		l.diseases[name] = id
	}
}

// add gives a code of a list its names; a name may hold several, separated by semicolons.
func (l *lists) add(list, id string, names ...string) {
	if l.codes[list] == nil {
		l.codes[list] = map[string]string{}
	}
	l.codes[list][fold(id)] = id
	for _, name := range names {
		for part := range strings.SplitSeq(name, ";") {
			if part = fold(part); part != "" {
				l.codes[list][part] = id
			}
		}
	}
}

// hazard returns the ids that a hazard word stands for. known is true for a word that is on the list even
// when it is never guessed, such as a bare 粉尘, and then has no ids.
func (l *lists) hazard(name string) (ids []string, known bool) {
	if ids, ok := l.listed(name); ok {
		return ids, true
	}
	for _, form := range plainNames(fold(name)) {
		if ids, ok := l.hazards[form]; ok {
			return ids, true
		}
	}
	return nil, false
}

// listed is hazard for a word that is on the list as it stands, apart from what stands in brackets behind it.
func (l *lists) listed(name string) (ids []string, known bool) {
	if ids, ok := l.hazards[name]; ok {
		return ids, true
	}
	key := fold(name)
	if ids, ok := l.hazards[key]; ok {
		return ids, true
	}
	key = strings.NewReplacer("≤", "<", "≦", "<", "﹤", "<").Replace(key)
	if i := strings.IndexByte(key, '('); i > 0 && bracketEnds(key[i:]) {
		if ids, ok := l.hazards[key[:i]]; ok {
			return ids, true
		}
	}
	return nil, false
}

// bracketEnds reports whether the bracket that opens s closes at its end, or never.
func bracketEnds(s string) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(s)-1
			}
		}
	}
	return true
}

// disease returns the id of a disease name, "" when it is not on the list. What the diagnosis says about
// course, degree and stage is left out of the comparison.
func (l *lists) disease(name string) string {
	key := simple.Replace(fold(name))
	for range 4 {
		if id, ok := l.diseases[key]; ok {
			return id
		}
		short := key
		for _, p := range []string{"疑似", "职业性", "急性", "亚急性", "慢性", "轻度", "中度", "重度"} {
			short = strings.TrimPrefix(short, p)
		}
		for _, p := range []string{"壹期", "贰期", "叁期", "一期", "二期", "三期", "i期", "ii期", "iii期", "ⅰ期", "轻度", "中度", "重度"} {
			short = strings.TrimSuffix(short, p)
		}
		if i := strings.IndexByte(short, '('); i > 0 && strings.HasSuffix(short, ")") {
			short = short[:i]
		}
		if short == key {
			break
		}
		key = short
	}
	switch key {
	case "炭黑尘肺":
		return l.diseases["碳黑尘肺"]
	case "布鲁菌病", "布病":
		return l.diseases["布鲁氏菌病"]
	case "硅肺", "矽肺病", "硅沉着病":
		return l.diseases["矽肺"]
	case "噪声性耳聋", "噪音聋", "噪声性听力损失":
		return l.diseases["噪声聋"]
	}
	return ""
}

// township returns the code of a township named by code, by name, or in an address; "" when none is found.
func (l *lists) township(text string) string {
	key := simple.Replace(fold(text))
	if code, ok := l.townships[key]; ok {
		return code
	}
	if digits(key) {
		if len(key) == 12 {
			return l.townships[key[:9]]
		}
		return ""
	}
	longest, found := 0, ""
	for name, code := range l.townships {
		if len(name) < longest || kindOf(name) == "" || !strings.Contains(key, name) {
			continue
		}
		if len(name) == longest && code != found {
			found = "" // two townships are named: none is guessed
			continue
		}
		longest, found = len(name), code
	}
	return found
}

// moved reports a text that places a township of the neighbouring county, parts of which were ours, in our city.
func (l *lists) moved(text, code string) bool {
	return l.outside[code] && strings.Contains(text, "新郑")
}

// kindOf is the word for the kind of place that a full name ends in.
func kindOf(name string) string {
	for _, kind := range []string{"街道", "镇", "乡", "新区", "森林公园"} {
		if strings.HasSuffix(name, kind) {
			return kind
		}
	}
	return ""
}

var industryCode = regexp.MustCompile(`^([a-t]?)([0-9]{2,4})(?:[^0-9].*)?$`)

// industry returns the code of an industry with its section letter, as deep as sent; "" when it is unknown or
// no more than a section.
func (l *lists) industry(text string) string {
	key := fold(text)
	if m := industryCode.FindStringSubmatch(key); m != nil {
		division, ok := l.industries[m[2][:2]]
		if !ok || m[1] != "" && !strings.EqualFold(m[1], division[:1]) {
			return ""
		}
		return division[:1] + m[2]
	}
	if code, ok := l.industries[strings.ToUpper(key)]; ok && len(code) > 1 {
		return code
	}
	for _, form := range []string{key, simple.Replace(key)} {
		if code, ok := l.industries[form]; ok && len(code) > 1 {
			return code
		}
	}
	for _, mark := range []string{"-", "/", ":", ">", "、"} {
		if i := strings.LastIndex(key, mark); i >= 0 {
			if code, ok := l.industries[key[i+len(mark):]]; ok && len(code) > 1 {
				return code
			}
		}
	}
	return ""
}

// embeddedLists reads the code lists that are part of the program.
func embeddedLists() (*lists, error) { return loadLists(ohsql.Reference()) }
