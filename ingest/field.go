package ingest

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// headingUnits takes units from headings such as 剂量（μSv）, where no column of its own names the unit.
func (c *checker) headingUnits() {
	fields := c.plan.contract.Fields
	c.factor = make([]float64, len(fields))
	column := slices.IndexFunc(fields, func(f Field) bool { return f.Type == "unit" })
	for j := range fields {
		if t := fields[j].Type; t != "measure" && t != "number" || c.number[j] < 0 {
			continue
		}
		text := bracketed(c.title[j])
		name, factor := unit(text)
		switch {
		case text == "":
		case column < 0 && factor != 1:
			c.factor[j] = factor
		case column >= 0 && c.number[column] < 0 && c.blank[column].text == "" && fields[j].Type == "measure" && (isUnit(text) || name != text):
			c.blank[column] = reading{raw: text, text: text}
		}
	}
}

// date reads the date in the cell of a field.
func (c *checker) date(j int, text string) (date, bool) {
	if c.flags.Value(c.base+c.i)&dates1904 != 0 && c.isNumber(j) {
		if f, ok := plainNumber(text); ok && f < 100_000 {
			return serial(f + 1462)
		}
	}
	return parseDate(text, c.isNumber(j))
}

// field converts the cells of one field into their slots, or takes what equal cells were read as.
func (c *checker) field(j int) {
	slot, second := c.plan.primary[j], c.plan.second[j]
	reads, first := c.reads[j][:c.n], c.values[slot]
	other := first
	if second >= 0 {
		other = c.values[second]
	}
	for i, r := range reads {
		switch {
		case c.fate[i] != alive, r != nil && r.empty:
		case r == nil || !r.done || first[i] != nil && first[i].set || other[i] != nil && other[i].set:
			c.i = i
			c.readCell(j, r)
		default:
			first[i] = &r.first
			if r.other != nil {
				other[i] = r.other
			}
			if len(r.found) > 0 {
				c.found[i] = append(c.found[i], r.found...)
			}
		}
	}
}

// readCell converts the cell of one field in the row, and remembers what it was read as.
func (c *checker) readCell(j int, r *reading) {
	slot, second := c.plan.primary[j], c.plan.second[j]
	fresh := !c.value(slot).set && (second < 0 || !c.value(second).set)
	n, state := len(c.found[c.i]), c.state[c.i]
	v, other := c.fill(slot), (*value)(nil)
	if second >= 0 {
		other = c.fill(second)
	}
	c.readField(j, v, other)
	if r == nil || !fresh || c.state[c.i] != state {
		return // a state is more than a value: it is read anew each time
	}
	r.done, r.first, r.found = true, *v, slices.Clone(c.found[c.i][n:])
	r.first.last()
	if other != nil && (other.set || other.num != 0) {
		kept := *other
		kept.last()
		r.other = &kept
	}
	r.known = len(r.found) == 0 && v.set
	r.empty = len(r.found) == 0 && r.other == nil && !v.set && v.num == 0 && v.list == nil && v.ids == nil && v.day == 0
}

// readField converts the cell of one field into its slots.
func (c *checker) readField(j int, v, second *value) {
	f := &c.plan.contract.Fields[j]
	text := c.text(j)
	if missing(text) && !(text == "无" && (f.Type == "label" || f.Type == "bool" || f.Type == "packed")) {
		if f.Default == "" {
			if f.Required == "Y" && !c.plan.mapping.absent(f.Name) {
				c.find(reject, "required", j, nil)
			}
			return
		}
		text = f.Default
	}
	if code := formulaFault(text); code != "" {
		c.find(reject, code, j, nil)
		return
	}
	if flt := c.convert(f, j, text, v, second); flt.code != "" {
		if flt.severity == reject && v.text == "" && f.loosened(flt.code) {
			*v = value{} // a number out of its range is loaded as missing
		}
		c.find(flt.severity, flt.code, j, flt.args)
	}
}

// convert reads text as the type of the field into its first value and, for types of two parts, its second.
func (c *checker) convert(f *Field, j int, text string, v, second *value) fault {
	lists := c.plan.lists
	switch f.Type {
	case "text":
		if f.Check != "" {
			if flt := textForm(f.Check, text); flt.code != "" {
				v.setText(text)
				return flt
			}
		}
		if f.Use != "" {
			v.setText(text) // for checks that ask whether it is given
			return fault{}
		}
		if c.isNumber(j) {
			text = half(text)
		}
		v.setText(text)
		return c.length(f, text)
	case "label":
		if personNumber(text, c.plan.today) {
			return fault{severity: reject, code: "number_in_text"}
		}
		v.setText(text)
		return c.length(f, text)
	case "result":
		v.setText(half(text))
		if n, ok := parseNumber(text); ok && second != nil {
			second.setNumber(n)
		}
		return c.length(f, text)
	case "words":
		v.setList(splitValues(text, func(string) bool { return false }))
	case "uscc", "id_no", "packed":
		v.setText(text)
	case "conclusion":
		v.setText(text)
	case "code":
		code, ok := f.words[text]
		if !ok {
			code, ok = f.words[fold(text)]
		}
		if !ok {
			if i := strings.IndexAny(text, " -."); i > 0 { // "1 男", "2E-介入放射学"
				if code, ok = f.words[fold(text[:i])]; !ok {
					code, ok = f.words[fold(text[i+1:])]
				}
			}
		}
		switch {
		case ok:
			v.setText(code)
		case f.Unknown == "keep":
			v.setText(text)
			if s, set := f.Severity["unknown_code"]; set {
				return fault{severity: s, code: "unknown_code"}
			}
		default:
			return fault{severity: severity(f.Unknown), code: "unknown_code"}
		}
	case "state":
		code, ok := f.words[fold(text)]
		if !ok {
			return fault{severity: reject, code: "unknown_code"}
		}
		switch code {
		case "void":
			c.state[c.i] = asVoid
		case "correct":
			c.state[c.i] = max(c.state[c.i], asCorrection)
		}
	case "bool":
		b, ok := parseBool(text)
		if !ok {
			return fault{severity: reject, code: "unknown_code"}
		}
		v.setBool(b)
	case "int", "number":
		n, ok := parseNumber(text)
		if !ok || f.Type == "int" && n != float64(int64(n)) {
			return fault{severity: reject, code: "not_a_number"}
		}
		if k := c.factor[j]; k != 0 {
			n = scaled(n, k)
		}
		v.setNumber(n)
		return inRange(f, n, c.factor[j])
	case "years", "months":
		n, ok := parseMonths(text, f.Type == "years")
		if !ok {
			if _, number := parseNumber(text); number {
				return fault{severity: reject, code: "out_of_range", args: map[string]string{"min": "0", "max": "80"}}
			}
			return fault{severity: reject, code: "not_a_number"}
		}
		v.setNumber(n)
	case "date":
		d, ok := c.date(j, text)
		if !ok {
			return fault{severity: reject, code: "date_invalid"}
		}
		if d.day > c.plan.today && !f.Future {
			return fault{severity: reject, code: "date_future"}
		}
		v.setDate(d)
		if second != nil {
			second.setBool(d.month)
		}
	case "month":
		d, ok := c.date(j, text)
		if !ok {
			return fault{severity: reject, code: "date_invalid"}
		}
		t := timeOf(d.day)
		first, _ := civil(t.Year(), int(t.Month()), 1)
		if first > c.plan.today && !f.Future {
			return fault{severity: reject, code: "date_future"}
		}
		v.setDate(date{day: first})
	case "measure":
		m, ok := parseMeasure(text)
		if !ok {
			return fault{severity: reject, code: "not_a_number"}
		}
		if k := c.factor[j]; k != 0 {
			m.value, m.bound = scaled(m.value, k), scaled(m.bound, k)
		}
		if m.hasValue {
			v.setNumber(m.value)
			if flt := inRange(f, m.value, c.factor[j]); flt.code != "" {
				return flt
			}
		}
		v.list = nil
		if second != nil {
			second.setText(m.qualifier)
			second.num = m.bound
		}
	case "unit":
		name, factor := unit(text)
		v.setText(name)
		v.num = factor
		if !knownUnit(name) {
			return fault{severity: warn, code: "unit_unknown"}
		}
	case "hazard":
		if second != nil {
			second.setText(text)
		}
		ids, _ := lists.hazard(text)
		if len(ids) != 1 {
			return fault{severity: warn, code: "hazard_review"}
		}
		v.setText(ids[0])
	case "hazards":
		p := c.hazards(text)
		v.setList(p.ids)
		for _, word := range p.open {
			if second != nil && !slices.Contains(second.list, word) {
				second.setList(append(slices.Clip(second.list), word))
			}
		}
		if len(p.open) > 0 {
			return fault{severity: warn, code: "hazard_review", args: map[string]string{"words": strings.Join(p.open, "、")}}
		}
		if len(p.ids) == 0 && f.Required == "Y" {
			return fault{severity: reject, code: "required"}
		}
	case "disease":
		if second != nil {
			second.setText(text)
		}
		id := lists.disease(text)
		if id == "" {
			return fault{severity: warn, code: "disease_review"}
		}
		v.setText(id)
	case "township":
		if second != nil {
			second.setText(text)
		}
		code := lists.township(text)
		if code == "" {
			return fault{severity: warn, code: "township_unassigned"}
		}
		if lists.outside[code] {
			if lists.moved(text, code) {
				code = ""
			}
			v.setText(code)
			return fault{severity: warn, code: "township_moved"}
		}
		v.setText(code)
	case "industry":
		code := lists.industry(text)
		if code == "" {
			return fault{severity: warn, code: "unknown_code"}
		}
		v.setText(code)
	case "name":
		v.setID(c.names.named(text))
	case "names":
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",，、;；/|\n", r) }) {
			if part = strings.TrimSpace(part); part != "" {
				v.ids = append(v.ids, c.names.named(part))
			}
		}
		v.set = len(v.ids) > 0
	}
	return fault{}
}

// length checks the length of a text against the limits of its field.
func (c *checker) length(f *Field, text string) fault {
	if f.Min == nil && f.Max == nil {
		return fault{}
	}
	return inRange(f, float64(utf8.RuneCountInString(text)), 0)
}

// inRange checks a number against the limits of its field. factor is what the number as sent was multiplied by, 0 for nothing:
// the sender reads the limits in his own unit.
func inRange(f *Field, n, factor float64) fault {
	if (f.Min == nil || n >= *f.Min) && (f.Max == nil || n <= *f.Max) && (f.Below == nil || n < *f.Below) {
		return fault{}
	}
	limit := func(at float64) string {
		if factor != 0 {
			at = scaled(at, 1/factor)
		}
		return strconv.FormatFloat(at, 'f', -1, 64)
	}
	args := map[string]string{"min": "-∞", "max": "∞"}
	if f.Min != nil {
		args["min"] = limit(*f.Min)
	}
	if f.Max != nil {
		args["max"] = limit(*f.Max)
	}
	if f.Below != nil {
		args["max"] = limit(*f.Below)
	}
	return fault{severity: reject, code: "out_of_range", args: args}
}

// personNumber reports a text that is or holds the identity number of a person.
func personNumber(s string, today int32) bool { return len(findNumbers(s, today)) > 0 }

// hazards reads a cell with hazard words. Readings are remembered: cells repeat.
func (c *checker) hazards(text string) parsedHazards {
	if p, ok := c.parsed[text]; ok {
		return p
	}
	var p parsedHazards
	lists := c.plan.lists
	for _, word := range splitValues(text, func(s string) bool { _, known := lists.listed(s); return known }) {
		if missing(word) {
			continue
		}
		ids, _ := lists.hazard(word)
		if len(ids) == 0 {
			p.open = append(p.open, word)
		}
		for _, id := range ids {
			if !slices.Contains(p.ids, id) {
				p.ids = append(p.ids, id)
			}
		}
	}
	if len(c.parsed) < 50_000 {
		c.parsed[strings.Clone(text)] = p
	}
	return p
}
