package ingest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// suggest adds to a rejection what could mend it, as far as the value says so: the name of a sentence of the
// catalogue and what the sentence needs. Nothing of an identity number but its check digit and places is told.
func (c *checker) suggest(f *finding) {
	name, args := c.repair(f)
	if name == "" {
		return
	}
	if f.args = maps.Clone(f.args); f.args == nil {
		f.args = map[string]string{}
	}
	f.args[repairCode] = name
	for i := 0; i+1 < len(args); i += 2 {
		f.args[args[i]] = args[i+1]
	}
}

// repair returns the name of the suggestion for a finding, and names and values for its sentence.
func (c *checker) repair(f *finding) (name string, args []string) {
	value := ""
	switch {
	case f.field >= 0:
		value = c.text(f.field)
	case f.code != "shifted_row":
		return "", nil
	}
	switch f.code {
	case string(idCheckDigit), string(idInvalid):
		if other := c.numberElsewhere(f.field); other != "" {
			return "columns_swapped", []string{"other", other}
		}
		return repairIdentity(value, c.plan.today)
	case "shifted_row", "number_in_text":
		for i := range c.plan.contract.Fields {
			if c.plan.contract.Fields[i].Type == "id_no" {
				if other := c.numberElsewhere(i); other != "" {
					return "columns_swapped", []string{"other", other, "column", c.heading(i)}
				}
			}
		}
	case "date_invalid":
		return repairDate(value)
	case "date_future":
		if d, ok := parseDate(value, c.isNumber(f.field)); ok && !d.month {
			if earlier := timeOf(d.day).AddDate(-1, 0, 0); dayOf(earlier) <= c.plan.today {
				return "date_year", []string{"date", earlier.Format(time.DateOnly)}
			}
		}
	case "not_a_number":
		if n := numberInside(value); n != "" {
			return "number_inside", []string{"number", n}
		}
	case "unknown_code":
		field := &c.plan.contract.Fields[f.field]
		choices := field.choices()
		if near := nearest(value, choices); near != "" {
			return "code_near", []string{"near", near}
		}
		if len(choices) > 0 {
			return "code_list", []string{"values", strings.Join(choices[:min(len(choices), 10)], "、")}
		}
	case "out_of_range":
		if n, ok := parseNumber(value); ok && n < 0 {
			return "range_sign", nil
		}
	}
	return "", nil
}

// numberElsewhere is the heading of another column whose cell is a valid identity number; field is the one
// that should have it.
func (c *checker) numberElsewhere(field int) string {
	for i := range c.texts {
		text := c.text(i)
		if i == field || c.plan.contract.Fields[i].Type == "id_no" || len(text) != 18 {
			continue
		}
		if _, flt := parseIdentity(text, false, c.plan.today); flt == "" {
			return c.heading(i)
		}
	}
	return ""
}

// idLetters are letters that are taken for digits.
var idLetters = strings.NewReplacer("O", "0", "D", "0", "I", "1", "L", "1", "Z", "2", "S", "5", "B", "8")

// repairIdentity looks for the slip that made an identity number wrong: a letter for a digit, two neighbours
// that changed places, a digit too many or too few, or the check digit alone.
func repairIdentity(text string, today int32) (name string, args []string) {
	s := paperNumber(text)
	if len(s) == 18 && !digits(s[:17]) {
		if _, flt := parseIdentity(idLetters.Replace(s[:17])+s[17:], false, today); flt == "" {
			return "id_letters", nil
		}
	}
	if len(s) != 18 && len(s) != 15 {
		return "id_length", []string{"length", strconv.Itoa(utf8.RuneCountInString(s))}
	}
	if len(s) != 18 || !digits(s[:17]) {
		return "", nil
	}
	swapped := []byte(s)
	at := 0
	for i := range 16 {
		if s[i] == s[i+1] {
			continue
		}
		swapped[i], swapped[i+1] = s[i+1], s[i]
		if _, flt := parseIdentity(string(swapped), false, today); flt == "" {
			if at > 0 {
				at = -1 // several places: none is likelier
				break
			}
			at = i + 1
		}
		swapped[i], swapped[i+1] = s[i], s[i+1]
	}
	if _, ok := civil(atoi(s[6:10]), atoi(s[10:12]), atoi(s[12:14])); !ok && at <= 0 {
		return "id_birth", nil
	}
	digit := string(idCheckDigit17(s[:17]))
	if at > 0 {
		return "id_swapped", []string{"at", strconv.Itoa(at), "next", strconv.Itoa(at + 1), "digit", digit}
	}
	return "id_digit", []string{"digit", digit}
}

// repairDate reads a date that is not in the calendar: a day past the end of its month becomes the last, month
// and day that stand the wrong way round change places.
func repairDate(text string) (name string, args []string) {
	parts := strings.FieldsFunc(half(text), func(r rune) bool { return !digit(byte(r)) || r > 0x7f })
	if len(parts) == 1 && len(parts[0]) == 8 {
		parts = []string{parts[0][:4], parts[0][4:6], parts[0][6:]}
	}
	if len(parts) < 3 || len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return "date_form", nil
	}
	y, m, d := atoi(parts[0]), atoi(parts[1]), atoi(parts[2])
	date := func(m, d int) []string {
		return []string{"date", time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
	}
	switch {
	case y < 1900 || y > 2199:
	case m >= 1 && m <= 12 && d > monthDays(y, m) && d <= 31:
		return "date_last", date(m, monthDays(y, m))
	case m > 12 && m <= 31 && d >= 1 && d <= 12 && m <= monthDays(y, d):
		return "date_swapped", date(d, m)
	}
	return "date_form", nil
}

// numberInside is the one number in a text, such as the 5 of 约5人; empty when there is none or several.
func numberInside(text string) string {
	parts := strings.FieldsFunc(half(text), func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if len(parts) != 1 {
		return ""
	}
	if _, ok := plainNumber(parts[0]); !ok {
		return ""
	}
	return parts[0]
}

// nearest is the choice that is most like a text, by the characters that they share; empty when less than half
// of them are.
func nearest(text string, choices []string) string {
	best, found := 0.5, ""
	a := []rune(fold(text))
	for _, choice := range choices {
		b := []rune(fold(choice))
		shared := 0
		for _, r := range a {
			if slices.Contains(b, r) {
				shared++
			}
		}
		if like := 2 * float64(shared) / float64(len(a)+len(b)); like > best {
			best, found = like, choice
		}
	}
	return found
}

// repairUSCC looks for the slip in a credit code: a letter that credit codes do not have, or the check
// character alone. The code that comes back is valid.
func repairUSCC(text string) (code string) {
	s := paperNumber(text)
	if len(s) != 18 {
		return ""
	}
	if code := strings.NewReplacer("O", "0", "I", "1", "Z", "2", "S", "5", "V", "U").Replace(s); code != s {
		if _, ok := parseUSCC(code); ok {
			return code
		}
	}
	return ""
}
