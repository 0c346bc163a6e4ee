package ingest

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
)

// roster is the list of known employers. It is read-only while rows are checked.
type roster struct {
	byCode map[string][]string // credit code → folded names, former ones too
	byName map[string]string   // folded name → credit code, empty when several employers bear it
	byOrg  map[string]string   // organisation code inside a credit code → credit code
	byCore map[string][]rosterName
}

func newRoster() *roster {
	return &roster{byCode: map[string][]string{}, byName: map[string]string{}, byOrg: map[string]string{}, byCore: map[string][]rosterName{}}
}

// add enters an employer under its present and former names.
func (r *roster) add(code string, names ...string) {
	if len(code) == 18 {
		r.byOrg[code[8:17]] = code
	}
	for _, name := range names {
		key := employerName(name)
		if key == "" {
			continue
		}
		if !slices.Contains(r.byCode[code], key) {
			r.byCode[code] = append(r.byCode[code], key)
			core := splitCompany(simple.Replace(key)).core
			r.byCore[core] = append(r.byCore[core], rosterName{key, code})
		}
		if other, taken := r.byName[key]; taken && other != code {
			code = ""
		}
		r.byName[key] = code
		if code == "" {
			return
		}
	}
}

// employerName is the form in which names of employers are compared.
func employerName(s string) string {
	return employerMarks.Replace(fold(s))
}

// employerMarks are what names of employers are written with or without.
var employerMarks = strings.NewReplacer("(", "", ")", "", "·", "", "-", "", "\"", "")

// derive applies a rule of the contract to the row.
func (c *checker) derive(j int) {
	r := &c.plan.rules[j]
	text := func(i int) string {
		if i < len(r.from) && r.from[i] >= 0 {
			return c.text(r.from[i])
		}
		return ""
	}
	at := func(i int) int {
		if i < len(r.from) {
			return r.from[i]
		}
		return -1
	}
	switch r.Rule.Rule {
	case "employer":
		if slices.Contains(r.None, text(1)) || text(1) == "" && slices.Contains(r.None, text(0)) {
			c.drop(func(f finding) bool { return f.field == at(1) && f.code == "required" })
			c.fill(r.to[0]).setText("")
			return
		}
		c.recall(&c.rules[j], r.from, r.to, func() {
			c.fill(r.to[0]).setText(c.employer(at(0), at(1), r.Roster, true))
		})
	case "using_employer":
		if !missing(text(0)) || !missing(text(1)) {
			c.recall(&c.rules[j], r.from, r.to, func() { c.fill(r.to[0]).setText(c.employer(at(0), at(1), false, false)) })
		}
		if c.value(r.to[0]).text == "" {
			c.same(c.plan.employer, r.to[0])
		}
	case "person":
		paper := ""
		if at(1) >= 0 {
			paper = c.value(c.plan.primary[at(1)]).text
		}
		c.person(at(0), paper, at(2), at(3), r.to[0])
	case "months":
		c.months(at(0), at(1), r.Max, r.to[0])
	case "conclusions":
		c.recall(&c.rules[j], r.from[:5], r.fills, func() { c.deriveOther(r) })
		c.validOn(r)
	default:
		c.deriveOther(r)
	}
}

// months adds up the years and months of a length of service.
func (c *checker) months(yearsField, monthsField int, most float64, out int) {
	years, months := &c.none, &c.none
	if yearsField >= 0 {
		years = c.value(c.plan.primary[yearsField])
	}
	if monthsField >= 0 {
		months = c.value(c.plan.primary[monthsField])
	}
	if !years.set && !months.set {
		return
	}
	if years.set && months.num > 11 {
		c.find(reject, "out_of_range", monthsField, map[string]string{"min": "0", "max": "11"})
		return
	}
	total := math.Round(years.num + months.num)
	if total > most {
		c.find(reject, "out_of_range", yearsField, map[string]string{"min": "0", "max": strconv.FormatFloat(most/12, 'f', -1, 64)})
		return
	}
	c.fill(out).setNumber(total)
}

// deriveOther applies the rules that read and fill many slots.
func (c *checker) deriveOther(r *rule) {
	at := func(i int) int { // index of the i-th field that the rule reads, -1 when it is not given
		if i >= len(r.from) {
			return -1
		}
		return r.from[i]
	}
	out := func(i int) *value { return c.fill(r.to[i]) }
	in := func(i int) *value {
		if j := at(i); j >= 0 {
			return c.fill(c.plan.primary[j])
		}
		return new(value)
	}
	switch r.Rule.Rule {
	case "size_class":
		if size := out(0); size.text == "" && in(1).set {
			switch n := in(1).num; {
			case n >= 1000:
				size.setText("large")
			case n >= 300:
				size.setText("medium")
			case n >= 20:
				size.setText("small")
			default:
				size.setText("micro")
			}
		}
	case "card_state":
		switch kind := in(0); kind.text {
		case "void":
			c.state[c.i] = asVoid
			kind.setText("correction")
		case "correction":
			c.state[c.i] = max(c.state[c.i], asCorrection)
		}
	case "catalogue":
		c.catalogue(at(0), out(0), in(1), in(2), in(3))
	case "measured":
		c.measured(at, in, out)
	case "dose":
		c.dose(at, in, out)
	case "conclusions":
		c.conclusions(at, out)
	case "stand_in":
		c.standIn(r)
	}
}

// standIn gives a row without a number of its own one that is made of what tells it from others: of the fields that the
// rule reads. The same row has the same number in every file.
func (c *checker) standIn(r *rule) {
	number := c.fill(r.to[0])
	if number.text != "" {
		return
	}
	b := append(c.buf[:0], r.To[0]...)
	for _, field := range r.from {
		if b = append(b, 0x1f); field < 0 {
			continue
		}
		v := c.value(c.plan.primary[field])
		switch c.plan.contract.Fields[field].Type {
		case "date":
			if b = strconv.AppendInt(b, int64(v.day), 10); v.month {
				b = append(b, 'm')
			}
		case "code":
			b = append(b, v.text...)
		default:
			b = appendKey(b, c.text(field))
		}
	}
	c.buf = b
	id := c.names.person(string(b))
	number.setText("auto-" + hex.EncodeToString(id[:8]))
}

// employer returns the key of the employer named by a credit code and a name. required says that a row
// without either is rejected; rows of the roster itself are not called discovered.
func (c *checker) employer(codeField, nameField int, isRoster, required bool) string {
	roster := c.plan.roster
	sent, name := c.text(codeField), ""
	if nameField >= 0 && !missing(c.text(nameField)) {
		name = c.text(nameField)
	}
	if missing(sent) {
		sent = ""
	}
	code, valid := parseUSCC(sent)
	if valid {
		names, known := roster.byCode[code]
		switch {
		case isRoster:
		case !known:
			c.find(note, "employer_discovered", codeField, nil)
		case name != "" && !slices.Contains(names, employerName(name)) && roster.resemble(employerName(name)) != code:
			c.find(warn, "name_differs", nameField, nil)
		}
		return code
	}
	if sent != "" {
		switch old, form := parseOldCode(code); {
		case form == oldOrganisation && roster.byOrg[old] != "" && !isRoster:
			key := roster.byOrg[old]
			c.find(warn, "employer_by_code", codeField, map[string]string{"key": key})
			return key
		case form != "":
			c.find(note, "uscc_alias", codeField, nil)
		default:
			var args map[string]string
			if mended := repairUSCC(sent); mended != "" {
				args = map[string]string{repairCode: "uscc_letters", "mended": mended}
			}
			c.find(warn, "uscc_check_digit", codeField, args)
		}
	}
	if name == "" {
		switch {
		case sent != "" && required && nameField >= 0:
			return "code:" + code
		case required && !(isRoster && sent == ""):
			c.find(reject, "required", codeField, nil)
		}
		return ""
	}
	key, listed := roster.byName[employerName(name)]
	if !listed {
		key = roster.resemble(employerName(name))
	}
	if key != "" {
		c.find(warn, "employer_by_name", nameField, map[string]string{"key": key})
		return key
	}
	if !isRoster {
		c.find(warn, "employer_discovered", nameField, nil)
	}
	return "name:" + employerName(name)
}

// person turns the number of a paper into a pseudonym and compares it with the sex and birth date sent.
func (c *checker) person(numberField int, paper string, sexField, birthField, out int) {
	text := c.text(numberField)
	if missing(text) {
		return
	}
	if key, ok := c.names.exported(text); ok {
		c.fill(out).setID(key)
		return
	}
	var id identity
	var flt idFault
	if paper == "" || paper == "id" {
		id, flt = parseIdentity(text, c.isNumber(numberField), c.plan.today)
	} else {
		id, flt = parsePaper(text)
	}
	if flt != "" {
		c.find(reject, string(flt), numberField, nil)
		return
	}
	c.fill(out).setID(c.names.person(id.number))
	if !id.known {
		return
	}
	if sexField >= 0 {
		sex, want := c.value(c.plan.primary[sexField]), "female"
		if id.male {
			want = "male"
		}
		switch {
		case sex.text == "":
			c.fill(c.plan.primary[sexField]).setText(want)
		case sex.text != want && sex.text != "unknown":
			c.find(warn, "sex_conflict", sexField, nil)
		}
	}
	if birthField >= 0 {
		birth := c.value(c.plan.primary[birthField])
		switch {
		case !birth.set:
			if c.text(birthField) == "" {
				c.fill(c.plan.primary[birthField]).setDate(date{day: id.birth})
			}
		case birth.date().before(date{day: id.birth}) || (date{day: id.birth}).before(birth.date()):
			c.find(warn, "birth_conflict", birthField, nil)
		}
	}
}

// newCatalogue is 2025-08-01, when the catalogue of 2024 replaced that of 2013.
const newCatalogue = 20301

// catalogue leaves a disease open that the catalogue in force on the first of the dates that is given does
// not have.
func (c *checker) catalogue(field int, disease *value, dates ...*value) {
	for _, d := range dates {
		if !d.set {
			continue
		}
		if d.day < newCatalogue && c.plan.lists.recent[disease.text] {
			*disease = value{}
			c.find(warn, "disease_review", field, nil)
		}
		return
	}
}

// scaled returns x times factor to the fifteen digits that a decimal keeps: 0.0029 µg/m³ become 0.0000029 mg/m³
// and nothing beside it.
func scaled(x, factor float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x*factor, 'g', 15, 64), 64)
	if err != nil {
		return x * factor
	}
	return rounded
}

// measured settles value, qualifier and detection level of a detection result and brings them to one unit.
func (c *checker) measured(at func(int) int, in, out func(int) *value) {
	val, qualifier, lod, unit := out(0), out(1), out(2), in(3)
	bound := qualifier.num
	qualifier.num = 0
	if sent := in(1).text; sent == "lt" || sent == "nd" {
		if qualifier.text == "eq" && val.set {
			bound = val.num
		}
		qualifier.setText(sent)
		if sent == "nd" {
			*val = value{}
		}
	}
	if !lod.set && bound > 0 {
		lod.setNumber(bound)
	}
	if unit.num != 0 && unit.num != 1 {
		for _, v := range []*value{val, lod, in(5), in(6)} {
			if v.set {
				v.num = scaled(v.num, unit.num)
			}
		}
	}
	unit.num = 0
	if in(4).text == noise && unit.text == "dB(A)" && val.set && qualifier.text == "eq" && (val.num < 40 || val.num > 140) {
		c.find(reject, "out_of_range", at(0), map[string]string{"min": "40", "max": "140"})
		if c.plan.contract.Fields[at(0)].loosened("out_of_range") {
			*val, *qualifier = value{}, value{}
		}
	}
}

// noise is the hazard id of noise, whose levels have a range of their own.
const noise = "HZ-3-001"

// dose settles what counts of a dose reading: the confirmed, the nominal or the measured value, or half the
// detection level for a reading below it (GBZ 128).
func (c *checker) dose(at func(int) int, in, out func(int) *value) {
	val, qualifier, mdl, final := out(0), out(1), out(2), out(3)
	bound := qualifier.num
	qualifier.num = 0
	nominal := in(2).num != 0
	switch qualifier.text {
	case "nd", "lt":
		qualifier.setText("lt")
		if !mdl.set && bound > 0 {
			mdl.setNumber(bound)
		}
		half := bound / 2
		if mdl.set {
			half = mdl.num / 2
		}
		if !final.set && half > 0 {
			final.setNumber(half)
		}
	case "eq":
		if !final.set {
			final.setNumber(val.num)
		}
	default:
		qualifier.setText("none")
		if status := in(4).text; status == "normal" && !nominal && !final.set {
			if j := at(0); !slices.ContainsFunc(c.found[c.i], func(f finding) bool { return f.field == j }) {
				c.find(reject, "required", j, nil)
			}
		}
	}
}

// conclusionRank orders conclusions by how much they ask for, so that the worst of several can be taken.
var conclusionRank = map[string]int{"normal": 0, "other": 1, "pending": 2, "recheck": 3, "contra": 4, "suspect": 5}

// packedItem is one part of a packed cell: 危害_结论.
type packedItem struct{ hazard, text string }

// unpack splits a packed cell. Parts without a hazard are plain.
func unpack(s string) []packedItem {
	var items []packedItem
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(";；\n|", r) }) {
		part = strings.TrimSpace(part)
		if missing(part) {
			continue
		}
		item := packedItem{text: part}
		for _, mark := range []string{"_", "＿", "：", ":"} {
			if i := strings.LastIndex(part, mark); i > 0 {
				item = packedItem{strings.TrimSpace(part[:i]), strings.TrimSpace(part[i+len(mark):])}
				break
			}
		}
		items = append(items, item)
	}
	return items
}

// conclusions turns the overall and the packed conclusions of an examination into parallel lists.
func (c *checker) conclusions(at func(int) int, out func(int) *value) {
	text := func(i int) string {
		if j := at(i); j >= 0 && !missing(c.text(j)) {
			return c.text(j)
		}
		return ""
	}
	words := c.plan.contract.Fields[at(0)].words
	overall, packed, packedField := text(0), text(1), at(1)
	if packed == "" && strings.ContainsAny(overall, "_＿") {
		overall, packed, packedField = "", overall, at(0)
	}
	if overall == "" && packed == "" {
		if c.plan.mapping.absent("conclusion_overall") {
			return
		}
		c.find(reject, "required", at(0), nil)
		return
	}
	worst := ""
	if overall != "" {
		code, ok := word(words, overall)
		if !ok {
			c.find(reject, "unknown_code", at(0), nil)
			return
		}
		worst = code
	}
	examined := c.value(c.plan.primary[at(4)]).list
	open := c.value(c.plan.slot("hazards_open"))
	var hazards, codes []string
	for _, item := range unpack(packed) {
		code, ok := word(words, item.text)
		if !ok {
			c.find(reject, "unknown_code", packedField, nil)
			return
		}
		ids, _ := c.plan.lists.hazard(item.hazard)
		switch {
		case item.hazard == "" && len(examined) == 1:
			ids = examined
		case item.hazard == "":
			ids = []string{""}
		case len(ids) == 0:
			ids = []string{openPrefix + nameKey(item.hazard)}
			if !slices.Contains(open.list, item.hazard) {
				open = c.fill(c.plan.slot("hazards_open"))
				open.setList(append(slices.Clip(open.list), item.hazard))
				c.find(warn, "hazard_review", packedField, map[string]string{"words": item.hazard})
			}
		}
		for _, id := range ids {
			hazards, codes = append(hazards, id), append(codes, code)
		}
		if overall == "" && (worst == "" || conclusionRank[code] > conclusionRank[worst]) {
			worst = code
		}
	}
	if len(codes) == 0 {
		hazard := ""
		if len(examined) == 1 && len(open.list) == 0 {
			hazard = examined[0]
		}
		hazards, codes = []string{hazard}, []string{worst}
	}
	out(0).setText(worst)
	out(1).setList(hazards)
	out(2).setList(codes)
	out(3).setList(c.alongside(text(2), hazards, codes, "suspect"))
	out(4).setList(c.alongside(text(3), hazards, codes, "contra"))
}

// validOn warns of a conclusion that did not exist on the day of the examination.
func (c *checker) validOn(r *rule) {
	day := c.value(c.plan.primary[r.from[5]])
	if !day.set {
		return
	}
	if c.plan.conclusions.first <= day.day && day.day <= c.plan.conclusions.last {
		return
	}
	dated := c.plan.lists.dated["exam_conclusions"]
	wrong := func(code string) bool {
		span, ok := dated[code]
		return ok && (day.day < span.first || day.day > span.last)
	}
	worst, codes := c.value(r.to[0]).text, c.value(r.to[2]).list
	if !wrong(worst) {
		i := slices.IndexFunc(codes, wrong)
		if i < 0 {
			return
		}
		worst = codes[i]
	}
	field := r.from[0]
	if packed := r.from[1]; packed >= 0 && !missing(c.text(packed)) {
		field = packed
	}
	c.find(warn, "conclusion_not_valid_on_date", field, map[string]string{"code": worst})
}

// word returns the code that a word stands for.
func word(words map[string]string, text string) (string, bool) {
	if code, ok := words[text]; ok {
		return code, true
	}
	code, ok := words[fold(text)]
	return code, ok
}

// alongside lays the parts of a packed or plain cell (suspected diseases, contraindications) beside the
// conclusions that they belong to: by hazard when the cell names it, else in order to the conclusions of the
// kind, else to the first.
func (c *checker) alongside(cell string, hazards, codes []string, kind string) []string {
	list := make([]string, len(codes))
	var plain []string
	for _, item := range unpack(cell) {
		placed := false
		ids, _ := c.plan.lists.hazard(item.hazard)
		for i, hazard := range hazards {
			if item.hazard != "" && slices.Contains(ids, hazard) {
				list[i] = join(list[i], item.text)
				placed = true
			}
		}
		if !placed {
			plain = append(plain, item.text)
		}
	}
	for i := range codes {
		if len(plain) > 0 && codes[i] == kind && list[i] == "" {
			list[i], plain = plain[0], plain[1:]
		}
	}
	if len(plain) > 0 {
		at := max(0, slices.Index(codes, kind))
		list[at] = join(list[at], strings.Join(plain, "、"))
	}
	return list
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "、" + b
}

// heading is the sender's heading of a field, the contract's when the file has no such column.
func (c *checker) heading(field int) string {
	if field < 0 {
		return ""
	}
	if n := c.number[field]; n >= 0 && n < len(c.titles) && c.titles[n] != "" {
		return c.titles[n]
	}
	return c.plan.contract.Fields[field].Heading()
}

// years is the age in whole years on a day.
func years(birth, day int32) int {
	bornYear, bornMonth, bornDay := calendar(birth)
	year, month, ofMonth := calendar(day)
	n := year - bornYear
	if month < bornMonth || month == bornMonth && ofMonth < bornDay {
		n--
	}
	return n
}
