package ingest

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// cellStyle is how a number of a cell is shown, as far as it says what the number is.
type cellStyle struct {
	kind  styleKind
	width int // digits of a number with zeros before it
}

type styleKind uint8

const (
	plainStyle   styleKind = iota
	dateStyle              // a day, perhaps with a time
	monthStyle             // year and month only
	timeStyle              // time of day only
	percentStyle           // a hundred times the number
	paddedStyle            // zeros before it, such as a code
)

// styleOf reads a number format of ECMA-376 part 1, 18.8.30: its id where that is built in, its code otherwise.
func styleOf(id int, code string) cellStyle {
	if code == "" {
		switch {
		case id == 9 || id == 10:
			return cellStyle{kind: percentStyle}
		case id == 17 || id == 27 || id == 36 || id == 50 || id == 52 || id == 57:
			return cellStyle{kind: monthStyle} // 27, 36, 50, 52 and 57 are 年月 in Chinese
		case id >= 14 && id <= 16 || id == 22 || id >= 28 && id <= 31 || id == 51 || id == 53 || id == 54 || id == 58:
			return cellStyle{kind: dateStyle}
		case id >= 18 && id <= 21 || id >= 32 && id <= 35 || id == 45 || id == 47 || id == 55 || id == 56:
			return cellStyle{kind: timeStyle}
		}
		return cellStyle{}
	}
	section, _, _ := strings.Cut(formatSigns(code), ";")
	if len(section) > 1 && strings.Trim(section, "0") == "" {
		return cellStyle{kind: paddedStyle, width: min(len(section), 40)}
	}
	has := func(signs string) bool { return strings.ContainsAny(section, signs) }
	switch {
	case strings.Contains(section, "%"):
		return cellStyle{kind: percentStyle}
	case has("0#?") && !has("yd"), strings.Contains(section, "general"), has("@"):
		return cellStyle{}
	case has("d"):
		return cellStyle{kind: dateStyle}
	case has("y") && has("m"):
		return cellStyle{kind: monthStyle}
	case has("y"), strings.Contains(section, "e") && has("m"):
		return cellStyle{kind: dateStyle}
	case has("hs"):
		return cellStyle{kind: timeStyle}
	}
	return cellStyle{}
}

// formatSigns returns a format code in lower case without what stands in it as it is: quoted text, escaped
// characters, padding, colours, conditions and locales.
func formatSigns(code string) string {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return b.String()
			}
			i += end + 1
		case '\\', '_', '*':
			_, size := utf8.DecodeRuneInString(code[i+1:])
			i += size
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return b.String()
			}
			i += end
		default:
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

// text writes a number as a person sees it where the format says what it is, and reports whether it is still
// a mere number.
func (s cellStyle) text(number string, date4 bool) (text string, numeric bool) {
	switch s.kind {
	case dateStyle, monthStyle, timeStyle:
		if f, err := strconv.ParseFloat(number, 64); err == nil {
			if text := serialText(f, s.kind, date4); text != "" {
				return text, false
			}
		}
	case percentStyle:
		if f, err := strconv.ParseFloat(number, 64); err == nil && math.Abs(f) < 1e12 {
			return numberText(strconv.FormatFloat(f*100, 'g', 15, 64)) + "%", false
		}
	case paddedStyle:
		if digits(number) && len(number) < s.width {
			return strings.Repeat("0", s.width-len(number)) + number, false
		}
	}
	return numberText(number), true
}

// serialText writes a serial day number of a cell shown as a date: 2025-03-07, 2025-03-07 08:30:00, or 2025-03 when only the
// month is shown and the day is the first. Nothing for numbers that are no day after February 1900, in which a
// spreadsheet has a day too many.
func serialText(f float64, kind styleKind, date4 bool) string {
	seconds := math.Round((f - math.Floor(f)) * 86400)
	day := math.Floor(f)
	if seconds == 86400 {
		day, seconds = day+1, 0
	}
	clock := ""
	if seconds > 0 {
		n := int(seconds)
		clock = fmt.Sprintf("%02d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	if kind == timeStyle && day == 0 {
		if clock == "" {
			return "00:00:00"
		}
		return clock
	}
	if date4 {
		day += 1462
	}
	if kind == timeStyle || day < 61 || day > 109_574 {
		return ""
	}
	t := timeOf(int32(day) - 25569)
	if kind == monthStyle && t.Day() == 1 && clock == "" {
		return t.Format("2006-01")
	}
	text := t.Format("2006-01-02")
	if clock != "" {
		text += " " + clock
	}
	return text
}

// numberText writes the number of a cell as a person would: 17 digits and powers of ten are how a spreadsheet
// stores it.
func numberText(s string) string {
	if digits(s) {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if f > -1e21 && f < 1e21 {
		if len(s) >= 15 {
			f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
		}
		if a := max(f, -f); a == 0 {
			return "0"
		} else if a >= 1e-6 {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// maxStyles is how many cell formats a workbook may have.
const maxStyles = 100_000

// readStyles reads how the cells of each format are shown; nil when no format says what a number is.
func readStyles(f *zip.File) ([]cellStyle, error) {
	r, x, err := openPart(f, 256<<20)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	codes := map[int]string{}
	var styles []cellStyle
	inCells, telling := false, false
	for {
		tok, err := x.next()
		if errors.Is(err, io.EOF) {
			if !telling {
				styles = nil
			}
			return styles, nil
		}
		if err != nil {
			return nil, damaged(f, err)
		}
		switch {
		case tok.kind == xmlEnd && string(tok.name) == "cellXfs":
			inCells = false
		case tok.kind != xmlStart:
		case string(tok.name) == "cellXfs":
			inCells = !tok.empty
		case string(tok.name) == "numFmt" && len(codes) < maxStyles:
			if id, err := strconv.Atoi(string(tok.attr("numFmtId"))); err == nil {
				codes[id] = string(x.unescape(tok.attr("formatCode")))
			}
		case string(tok.name) == "xf" && inCells:
			id, err := strconv.Atoi(string(tok.attr("numFmtId")))
			style := cellStyle{}
			if err == nil {
				style = styleOf(id, codes[id])
			}
			telling = telling || style.kind != plainStyle
			if styles = append(styles, style); len(styles) > maxStyles {
				return nil, refuse("zip_bomb", errors.New("too many cell formats"))
			}
		}
	}
}

// unescapeControls reads the form _x000D_ in which a workbook writes control characters.
func unescapeControls(text []byte) []byte {
	i := bytes.Index(text, []byte("_x"))
	if i < 0 {
		return text
	}
	out := append([]byte(nil), text[:i]...)
	for i < len(text) {
		if i+7 <= len(text) && text[i] == '_' && text[i+1] == 'x' && text[i+6] == '_' {
			var code [2]byte
			if _, err := hex.Decode(code[:], text[i+2:i+6]); err == nil {
				out = utf8.AppendRune(out, rune(code[0])<<8|rune(code[1]))
				i += 7
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}
