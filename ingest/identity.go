package ingest

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// identity is what an identity number says about its holder.
type identity struct {
	number string // normalised: 18 characters for a Chinese identity number, upper case for other papers
	birth  int32  // day of birth, valid when known
	male   bool   // valid when known
	known  bool   // birth and sex were read off the number
}

// idFault is why a number was refused; empty when it was not.
type idFault string

const (
	idInvalid    idFault = "id_invalid"
	idCheckDigit idFault = "id_check_digit"
	idDamaged    idFault = "id_damaged"
)

var idWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

const idCheck = "10X98765432"

// parseIdentity reads a Chinese identity number (GB 11643): 17 digits and a check digit, or the old form of
// 15 digits. numeric says that it stood in a numeric cell of a spreadsheet, which keeps 15 digits only: 18
// digits that end in 000 are then damaged whatever their check digit. today is the latest birth date believed.
func parseIdentity(s string, numeric bool, today int32) (identity, idFault) {
	s = paperNumber(s)
	if damagedNumber(s) {
		return identity{}, idDamaged
	}
	switch len(s) {
	case 15:
		if !digits(s) {
			return identity{}, idInvalid
		}
		s = s[:6] + "19" + s[6:]
		s += string(idCheckDigit17(s))
	case 18:
	default:
		return identity{}, idInvalid
	}
	if !digits(s[:17]) || !(digit(s[17]) || s[17] == 'X') {
		return identity{}, idInvalid
	}
	zeros := s[15:] == "000"
	if zeros && numeric {
		return identity{}, idDamaged
	}
	birth, ok := civil(atoi(s[6:10]), atoi(s[10:12]), atoi(s[12:14]))
	dated := ok && birth >= earliestBirth && birth <= today
	if idCheckDigit17(s[:17]) != s[17] {
		if zeros || numeric { // a spreadsheet keeps 15 digits of a number
			return identity{}, idDamaged
		}
		if !dated {
			return identity{}, idInvalid
		}
		return identity{}, idCheckDigit
	}
	if !dated {
		return identity{}, idInvalid
	}
	return identity{number: s, birth: birth, male: (s[16]-'0')%2 == 1, known: true}, ""
}

// parsePaper reads the number of another paper (passport, permit): 5 to 20 letters and digits.
func parsePaper(s string) (identity, idFault) {
	s = paperNumber(s)
	if damagedNumber(s) {
		return identity{}, idDamaged
	}
	if len(s) < 5 || len(s) > 20 {
		return identity{}, idInvalid
	}
	for i := range len(s) {
		if c := s[i]; !digit(c) && !(c >= 'A' && c <= 'Z') && c != '(' && c != ')' && c != '-' {
			return identity{}, idInvalid
		}
	}
	return identity{number: s}, ""
}

// earliestBirth is 1920-01-01.
const earliestBirth = -18263

// idCheckDigit17 computes the check digit of 17 digits.
func idCheckDigit17(s string) byte {
	sum := 0
	for i, w := range idWeights {
		sum += int(s[i]-'0') * w
	}
	return idCheck[sum%11]
}

// damagedNumber reports a number that a spreadsheet has written in powers of ten, such as 4.19999E+17.
func damagedNumber(s string) bool {
	i := strings.Index(s, "E+")
	if i < 1 || i+2 >= len(s) {
		return false
	}
	for j := range i {
		if !digit(s[j]) && s[j] != '.' {
			return false
		}
	}
	return digits(s[i+2:])
}

// paperNumber brings the number of a paper into one form: half-width, upper case, without spaces and quotes.
func paperNumber(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; !digit(c) && !(c >= 'A' && c <= 'Z') {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '\'', '"', '`', '\u00a0', '\u200b', '\ufeff', '‘', '’':
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(s)))
}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var usccWeights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// usccValues maps a character of a credit code to its value, 0xff for one that does not occur.
var usccValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i := range len(usccAlphabet) {
		values[usccAlphabet[i]] = byte(i)
	}
	return values
}()

// parseUSCC reads a unified social credit code (GB 32100-2015) and reports whether its check character is
// right. The code comes back normalised in either case.
func parseUSCC(s string) (code string, valid bool) {
	code = paperNumber(s)
	if len(code) != 18 {
		return code, false
	}
	sum := 0
	for i, w := range usccWeights {
		v := usccValues[code[i]]
		if v == 0xff {
			return code, false
		}
		sum += int(v) * w
	}
	return code, code[17] == usccAlphabet[(31-sum%31)%31]
}

// Forms of codes that employers bore before the credit code.
const (
	oldOrganisation = "organisation" // GB 11714: nine characters, kept inside the credit code
	oldRegistration = "registration" // 工商注册号, GS 15: fifteen digits
)

// parseOldCode reads an organisation code of nine characters, with a hyphen before the last or without, or a
// registration number of fifteen digits, and checks its last character. The form is empty for anything else.
func parseOldCode(s string) (code, form string) {
	code = strings.ReplaceAll(s, "-", "")
	switch {
	case len(code) == 9:
		sum := 0
		for i, weight := range [8]int{3, 7, 9, 10, 5, 8, 4, 2} {
			switch c := code[i]; {
			case digit(c):
				sum += int(c-'0') * weight
			case c >= 'A' && c <= 'Z':
				sum += int(c-'A'+10) * weight
			default:
				return code, ""
			}
		}
		if code[8] == "0X987654321"[sum%11] {
			return code, oldOrganisation
		}
	case len(code) == 15 && digits(code):
		p := 10 // ISO 7064, MOD 11,10
		for i := range 14 {
			if p = (p + int(code[i]-'0')) % 10; p == 0 {
				p = 10
			}
			p = p * 2 % 11
		}
		if (11-p)%10 == int(code[14]-'0') {
			return code, oldRegistration
		}
	}
	return code, ""
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// digits reports whether s is one or more ASCII digits.
func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

// atoi reads a short run of digits; other characters must not occur.
func atoi(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
