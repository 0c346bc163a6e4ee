package ingest

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// numberSpan is where an identity number stands in a text, in bytes, and the number normalised.
type numberSpan struct {
	start, end int
	number     string
}

// findNumbers finds the identity numbers of persons (18 characters, with a possible birth date and the right
// check digit) in a text, wherever they stand in it: inside longer runs of digits too, in full width, and with
// spaces or hyphens between the digits. Numbers of 15 digits are not looked for: registration numbers of
// companies look the same.
func findNumbers(s string, today int32) []numberSpan {
	if len(s) < 18 || !manyDigits(s) {
		return nil
	}
	type place struct {
		char       byte
		start, end int
	}
	var places []place
	var found []numberSpan
	flush := func() {
		for i := 0; i+18 <= len(places); i++ {
			var b [18]byte
			for j := range b {
				b[j] = places[i+j].char
			}
			if b[0] == 'X' {
				continue
			}
			if id, flt := parseIdentity(string(b[:]), false, today); flt == "" {
				found = append(found, numberSpan{places[i].start, places[i+17].end, id.number})
				i += 17
			}
		}
		places = places[:0]
	}
	for i, r := range s {
		end := i + len(string(r))
		switch {
		case r >= '0' && r <= '9':
			places = append(places, place{byte(r), i, end})
		case r >= '０' && r <= '９':
			places = append(places, place{byte(r - '０' + '0'), i, end})
		case strings.ContainsRune("xXｘＸ", r) && len(places) >= 17:
			places = append(places, place{'X', i, end})
		case r == '-' || r == '－' || r == '_' || r == '.' || r == '·' || unicode.IsSpace(r):
		default:
			flush()
		}
	}
	flush()
	return found
}

// manyDigits reports whether a text has at least 17 digits of either width.
func manyDigits(s string) bool {
	n := 0
	for i := range len(s) {
		if digit(s[i]) || s[i] == 0xbc { // ０ to ９ are EF BC 90 to EF BC 99
			if n++; n == 17 {
				return true
			}
		}
	}
	return false
}

// replaceNumbers puts another text in the place of each identity number.
func replaceNumbers(s string, today int32, with func(number string) string) string {
	spans := findNumbers(s, today)
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	last := 0
	for _, span := range spans {
		b.WriteString(s[last:span.start])
		b.WriteString(with(span.number))
		last = span.end
	}
	b.WriteString(s[last:])
	return b.String()
}

// maskPersons hides identity numbers in names of files and sheets, in headings and messages.
func maskPersons(s string, today int32) string { return replaceNumbers(s, today, mask) }

// MaskPersons hides identity numbers in a name of a file that is to be stored or shown.
func MaskPersons(s string, now time.Time) string { return maskPersons(s, dayOf(now)) }

// maskAll is maskPersons for a list.
func maskAll(list []string, today int32) []string {
	masked := make([]string, len(list))
	for i, s := range list {
		masked[i] = maskPersons(s, today)
	}
	return masked
}

// scrub puts the pseudonym in the place of each identity number in a text that is stored: one that serves as the
// number of a card or an exam stays as distinct as it was.
func (c *checker) scrub(s string) string {
	return replaceNumbers(s, c.plan.today, func(number string) string { return "id-" + c.names.person(number).String()[:13] })
}

// hidden is a value of a finding as it may be shown.
func (c *checker) hidden(s string) string {
	if manyDigits(s) {
		s = maskPersons(s, c.plan.today)
	}
	for i := range len(s) {
		if s[i] == 0xbc { // perhaps a digit of full width
			return maskNumbers(norm.NFKC.String(s))
		}
	}
	return maskNumbers(s)
}
