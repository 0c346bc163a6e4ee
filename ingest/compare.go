package ingest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Check compares fields of one row, or the row with a code list.
type Check struct {
	Code     string              `yaml:"code"`     // code of the finding
	Rule     string              `yaml:"rule"`     // what is compared, one of comparisons; empty: the code is the rule
	Severity severity            `yaml:"severity"` // reject, warn or note
	Fields   []string            `yaml:"fields"`   // fields or columns
	When     map[string][]string `yaml:"when"`     // the check applies only where each of these fields has one of its words, see condition
	Words    []string            `yaml:"words"`    // for one_of: the codes allowed; for part_required: the code that needs its part
	Min      *float64            `yaml:"min"`
	Max      *float64            `yaml:"max"`
	Message  Title               `yaml:"message"` // sentence of the finding, for codes that the catalogue does not have
}

// rule is the name of the comparison.
func (c *Check) rule() string {
	if c.Rule == "" {
		return c.Code
	}
	return c.Rule
}

// comparisons is how many fields each comparison reads at least.
//
//	date_order           each date that is given is not before the one before it
//	exam_before_birth    the first date is not before the second
//	days_apart           the second date is at most max days after the first
//	period_long          the period from the first to the second date has at most max days
//	period_overlap       no two rows of the other fields have overlapping periods
//	age_out_of_range     the age at the first date, by the birth date that is second, lies within min and max
//	age_agrees           the age that is first agrees, to a year, with the age at the second date by the third, the birth date
//	exposure_above_age   the months that are first fit the age at the second date by the third, the birth date
//	exposed_above_staff  the first number is at most the sum of the others
//	not_above            the first number is at most the sum of the others
//	product              the first number is the product of the others, to a tenth
//	in_range             the number lies within min and max
//	one_of               the code is one of words
//	required_when        one of the fields is given
//	empty_when           none of the fields is given
//	subset               each code of the first list stands in the second
//	part_required        where the first list has the word, the second, parallel one is not empty
//	overall_not_worst    the code that is first is the worst of the list that is second
//	investigated         a dose (fields: dose, first and last day, quantity, whether investigated) above its share of max mSv a year was investigated
//	limit_differs        the limit stated equals the limit in force (fields as in sampleOf, then the limit stated)
//	judgement_differs    the judgement equals that by the limit in force (fields as in sampleOf, then judgement, value, qualifier,
//	                     level of quantification, adjusted and stated limit, hours a day, days a week, hours a week)
var comparisons = map[string]int{
	"date_order": 2, "exam_before_birth": 2, "days_apart": 2, "period_long": 2, "period_overlap": 5,
	"age_out_of_range": 2, "age_agrees": 3, "exposure_above_age": 3,
	"exposed_above_staff": 3, "not_above": 2, "product": 3, "in_range": 1, "one_of": 1,
	"required_when": 1, "empty_when": 1, "subset": 2, "part_required": 2, "overall_not_worst": 2,
	"investigated": 5, "limit_differs": 7, "judgement_differs": 15,
}

// prepare validates the check against its contract, whose columns are given.
func (c *Check) prepare(contract *Contract, columns []string) error {
	least, known := comparisons[c.rule()]
	switch {
	case c.Code == "":
		return fmt.Errorf("a check has no code")
	case !known || len(c.Fields) < least:
		return fmt.Errorf("check %s: rule %s is unknown, or fewer than %d fields", c.Code, c.rule(), least)
	case !slices.Contains([]severity{reject, warn, note}, c.Severity):
		return fmt.Errorf("check %s: severity %q: want reject, warn or note", c.Code, c.Severity)
	case (c.Message.Zh == "") != (c.Message.En == ""):
		return fmt.Errorf("check %s: the message must be given in both languages", c.Code)
	}
	names := slices.Clone(c.Fields)
	for key := range c.When {
		names = append(names, strings.Split(key, "|")...)
	}
	for _, name := range names {
		if contract.Field(name) == nil && !slices.Contains(columns, name) {
			return fmt.Errorf("check %s: no field or column %q", c.Code, name)
		}
	}
	for _, words := range c.When {
		for _, word := range words {
			if number, above := strings.CutPrefix(word, ">"); above {
				if _, err := strconv.ParseFloat(number, 64); err != nil {
					return fmt.Errorf("check %s: when %q: want a number", c.Code, word)
				}
			}
		}
	}
	return nil
}

// comparison is a check made ready for a plan.
type comparison struct {
	*Check
	slots  []int
	fields []int // the field behind each slot, -1 for a column that no field fills
	when   []condition
}

// condition holds where one of the slots has one of the words: a code, "true" or "false", "*" for anything,
// "-" for nothing, "~词" for a text that holds the word, "HZ-1-*" for one that begins so, ">0" for a number above.
type condition struct {
	slots []int
	words []string
}

// comparisons makes the checks of the contract ready.
func (p *plan) comparisons() []comparison {
	list := make([]comparison, len(p.contract.Checks))
	for i := range list {
		check := &p.contract.Checks[i]
		c := comparison{Check: check}
		for _, name := range check.Fields {
			c.slots = append(c.slots, p.slot(name))
			c.fields = append(c.fields, p.fieldOf(name))
		}
		for key, words := range check.When {
			w := condition{words: words}
			for name := range strings.SplitSeq(key, "|") {
				w.slots = append(w.slots, p.slot(name))
			}
			c.when = append(c.when, w)
		}
		list[i] = c
	}
	return list
}

// fieldOf is the index of the field of that name or, for a column, of the field that fills it first.
func (p *plan) fieldOf(name string) int {
	if i, ok := p.contract.byName[name]; ok {
		return i
	}
	for i := range p.contract.Fields {
		if slices.Contains(p.contract.Fields[i].To, name) {
			return i
		}
	}
	for _, r := range p.contract.Derive {
		if slices.Contains(r.To, name) {
			for _, from := range r.From {
				if i, ok := p.contract.byName[from]; ok {
					return i
				}
			}
		}
	}
	return -1
}

// holds reports whether the condition holds for the row.
func (c *checker) holds(w *condition) bool {
	for _, slot := range w.slots {
		v := c.value(slot)
		for _, word := range w.words {
			if v.is(word) {
				return true
			}
		}
	}
	return false
}

// given reports whether the value says anything.
func (v *value) given() bool { return v.set || v.text != "" || len(v.list) > 0 || len(v.ids) > 0 }

// is reports whether a value is what a word of a condition says.
func (v *value) is(word string) bool {
	switch word[0] {
	case '*':
		return v.given()
	case '-':
		return !v.given()
	case '>':
		limit, err := strconv.ParseFloat(word[1:], 64)
		return err == nil && v.set && v.text == "" && v.num > limit
	case '~':
		return strings.Contains(v.text, word[1:]) || slices.ContainsFunc(v.list, func(s string) bool { return strings.Contains(s, word[1:]) })
	}
	if prefix, ok := strings.CutSuffix(word, "*"); ok {
		return strings.HasPrefix(v.text, prefix) || slices.ContainsFunc(v.list, func(s string) bool { return strings.HasPrefix(s, prefix) })
	}
	if v.text != "" || len(v.list) > 0 {
		return v.text == word || slices.Contains(v.list, word)
	}
	return v.set && (word == "true" && v.num != 0 || word == "false" && v.num == 0)
}

// compare applies a check between fields of the row.
func (c *checker) compare(check *comparison) {
	for i := range check.when {
		if !c.holds(&check.when[i]) {
			return
		}
	}
	v := func(i int) *value { return c.value(check.slots[i]) }
	all := func(n int) bool {
		for i := range n {
			if !v(i).set {
				return false
			}
		}
		return true
	}
	switch check.rule() {
	case "date_order":
		last := -1
		for i := range check.slots {
			if !v(i).set {
				continue
			}
			if last >= 0 && v(i).date().before(v(last).date()) {
				c.findCheck(check, i, "other", c.heading(check.fields[last]))
				return
			}
			last = i
		}
	case "exam_before_birth":
		if all(2) && v(0).date().before(v(1).date()) {
			c.findCheck(check, 0)
		}
	case "days_apart":
		if all(2) && check.Max != nil {
			if days := v(1).day - v(0).day; days > int32(*check.Max) {
				c.findCheck(check, 1, "days", strconv.Itoa(int(days)), "other", c.heading(check.fields[0]), "max", text(*check.Max))
			}
		}
	case "period_long":
		if all(2) && check.Max != nil {
			if days := v(1).day - v(0).day + 1; days > int32(*check.Max) {
				c.findCheck(check, 1, "days", strconv.Itoa(int(days)))
			}
		}
	case "age_out_of_range":
		if all(2) && check.Min != nil && check.Max != nil {
			if age := years(v(1).day, v(0).day); age >= 0 && (age < int(*check.Min) || age > int(*check.Max)) {
				c.findCheck(check, 1, "age", strconv.Itoa(age), "min", text(*check.Min), "max", text(*check.Max))
			}
		}
	case "age_agrees":
		if all(3) {
			if age := years(v(2).day, v(1).day); age >= 0 && math.Abs(v(0).num-float64(age)) > 1 {
				c.findCheck(check, 0, "age", strconv.Itoa(age))
			}
		}
	case "exposure_above_age":
		if all(3) {
			if age := years(v(2).day, v(1).day); age >= 0 && v(0).num > float64(age+1-14)*12 {
				c.findCheck(check, 0, "age", strconv.Itoa(age))
			}
		}
	case "exposed_above_staff", "not_above":
		if all(2) {
			sum := 0.0
			for i := 1; i < len(check.slots); i++ {
				sum += v(i).num
			}
			if v(0).num > sum {
				c.findCheck(check, 0, "other", c.heading(check.fields[1]), "limit", text(sum))
			}
		}
	case "product":
		if all(len(check.slots)) {
			product := 1.0
			for i := 1; i < len(check.slots); i++ {
				product *= v(i).num
			}
			if math.Abs(v(0).num-product) > 0.1+1e-9 {
				c.findCheck(check, 0, "product", text(scaled(product, 1)))
			}
		}
	case "in_range":
		if v(0).set && (check.Min != nil && v(0).num < *check.Min || check.Max != nil && v(0).num > *check.Max) {
			c.findCheck(check, 0, "min", bound(check.Min, "-∞"), "max", bound(check.Max, "∞"))
		}
	case "one_of":
		if v(0).given() && !slices.ContainsFunc(check.Words, v(0).is) {
			c.findCheck(check, 0, "values", strings.Join(check.Words, "、"))
		}
	case "required_when":
		for i := range check.slots {
			if v(i).given() {
				return
			}
		}
		if f := check.fields[0]; f >= 0 && c.text(f) != "" && slices.ContainsFunc(c.found[c.i], func(o finding) bool { return o.field == f }) {
			return // what stands there was found at fault already
		}
		c.findCheck(check, 0)
	case "empty_when":
		for i := range check.slots {
			if v(i).given() {
				c.findCheck(check, i)
				return
			}
		}
	case "subset":
		c.subset(check, v(0).list, v(1).list)
	case "part_required":
		list, parts := v(0).list, v(1).list
		for i, code := range list {
			if slices.Contains(check.Words, code) && (i >= len(parts) || parts[i] == "") {
				c.findCheck(check, 1)
				return
			}
		}
	case "overall_not_worst":
		for _, code := range v(1).list {
			if conclusionRank[code] > conclusionRank[v(0).text] {
				c.findCheck(check, 0)
				return
			}
		}
	case "investigated":
		if all(3) && check.Max != nil && v(3).text == "hp10" && v(4).num == 0 {
			months := math.Max(1, math.Round(float64(v(2).day-v(1).day+1)/30.44))
			if level := *check.Max * months / 12; v(0).num > level {
				c.findCheck(check, 4, "dose", text(v(0).num), "level", text(math.Round(level*100)/100))
			}
		}
	case "limit_differs":
		c.limitDiffers(check, v)
	case "judgement_differs":
		c.judgementDiffers(check, v)
	}
}

// subset finds codes of a list that another one does not have. Rows with words still to be matched are left
// alone.
func (c *checker) subset(check *comparison, list, whole []string) {
	if open := c.plan.slot("hazards_open"); open >= 0 && len(c.value(open).list) > 0 {
		return
	}
	var lacking []string
	for _, code := range list {
		if !slices.Contains(whole, code) {
			lacking = append(lacking, c.plan.lists.hazardName(code))
		}
	}
	if len(lacking) > 0 {
		c.findCheck(check, 0, "words", strings.Join(lacking, "、"))
	}
}

// findCheck records the finding of a check on its i-th field; args are names and values for the message.
func (c *checker) findCheck(check *comparison, i int, args ...string) {
	m := make(map[string]string, len(args)/2+2)
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i]] = args[i+1]
	}
	if check.Message.Zh != "" {
		m[sentenceZh], m[sentenceEn] = check.Message.Zh, check.Message.En
	}
	c.find(check.Severity, check.Code, check.fields[i], m)
}

// Arguments of a finding that carry the sentence of a contract's own check.
const (
	sentenceZh = "sentence_zh"
	sentenceEn = "sentence_en"
)

func text(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func bound(f *float64, none string) string {
	if f == nil {
		return none
	}
	return text(*f)
}

// textForm checks the form of a text: a telephone number, or the names of two persons or more. Both only warn.
func textForm(kind, text string) fault {
	switch kind {
	case "phone":
		if !phone(text) {
			return fault{severity: warn, code: "phone_invalid"}
		}
	case "names":
		if len(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;；/| \n", r) })) < 2 {
			return fault{severity: warn, code: "one_name"}
		}
	}
	return fault{}
}

// phone reports whether a text is one or several telephone numbers: 1[3-9] and nine digits, or an area code
// with seven or eight digits, with an extension or without.
func phone(text string) bool {
	for part := range strings.FieldsFuncSeq(half(text), func(r rune) bool { return strings.ContainsRune(",、;/ \n", r) }) {
		number := strings.Map(func(r rune) rune {
			if r == '-' || r == '(' || r == ')' || r == '+' {
				return -1
			}
			return r
		}, strings.TrimPrefix(part, "+86"))
		if !digits(number) {
			return false
		}
		switch {
		case len(number) == 11 && number[0] == '1' && number[1] >= '3':
		case number[0] == '0' && len(number) >= 10 && len(number) <= 16:
		case number[0] != '0' && number[0] != '1' && (len(number) == 7 || len(number) == 8):
		default:
			return false
		}
	}
	return true
}

// knownUnit reports whether a unit is one that results can be compared in.
func knownUnit(name string) bool {
	switch name {
	case "mg/m3", "dB(A)", "degC", "f/mL", "ppm", "mSv", "m/s2", "V/m", "A/m", "mW/cm2", "uW/cm2", "W/cm2", "Pa", "%", "lx", "m/s":
		return true
	}
	return false
}

// Sentence is the sentence of a contract's own check, empty for codes of the catalogue.
func (r *Reject) Sentence() (zh, en string) { return r.Args[sentenceZh], r.Args[sentenceEn] }

// RepairCode names the suggestion for mending the row in the catalogue: the code, or what the check found out
// about the value.
func (r *Reject) RepairCode() string {
	if found := r.Args[repairCode]; found != "" {
		return found
	}
	return r.Code
}

// repairCode is the argument of a finding that names its suggestion.
const repairCode = "repair"
