package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encodings of text files, as recorded with a batch.
const (
	encodingUTF8    = "utf-8"
	encodingUTF8BOM = "utf-8-bom"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingGB18030 = "gb18030"
)

// sniffSize is how much of a file decides on its encoding.
const sniffSize = 1 << 20

// textEncoding finds the encoding of a text file by its beginning. whole says that head is the whole file.
// A file whose lines are neither all UTF-8 nor all GB18030 is refused when a tenth of the lines outside ASCII
// fits neither; fewer bad lines are left for the rows to be rejected one by one.
func textEncoding(head []byte, whole bool) (string, *Refusal) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return encodingUTF8BOM, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return encodingUTF16LE, nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return encodingUTF16BE, nil
	}
	if !whole {
		if i := bytes.LastIndexByte(head, '\n'); i > 0 {
			head = head[:i]
		}
	}
	if start := head[:min(len(head), 4096)]; bytes.IndexByte(start, 0) >= 0 {
		if encoding := wideEncoding(head); encoding != "" {
			return encoding, nil
		}
		if bytes.Count(start, []byte{0})*50 > len(start) { // fewer are left for their rows to be rejected
			return "", refuse("not_a_table", errors.New("NUL bytes at the beginning"), "kind", "binary")
		}
	}
	if utf8.Valid(head) {
		return encodingUTF8, nil
	}
	decoder := simplifiedchinese.GB18030.NewDecoder()
	lines, badUTF8, badGB, badBoth, surelyUTF8 := 0, 0, 0, 0, 0
	for l := range bytes.SplitSeq(head, []byte{'\n'}) {
		if isASCII(l) {
			continue
		}
		lines++
		u := !utf8.Valid(l)
		text, err := decoder.Bytes(l)
		g := err != nil || bytes.Contains(text, []byte("\ufffd"))
		if u {
			badUTF8++
		} else if bytes.ContainsFunc(l, func(r rune) bool { return r >= 0x800 }) {
			surelyUTF8++ // text in GB18030 hardly ever is valid in three bytes a character
		}
		if g {
			badGB++
		}
		if u && g {
			badBoth++
		}
	}
	encoding, bad := encodingGB18030, badGB
	if badUTF8 < badGB {
		encoding, bad = encodingUTF8, badUTF8
	}
	switch {
	case badBoth*10 > lines*5:
		return "", refuse("not_a_table", errors.New("no text in UTF-8 or GB18030"), "kind", "binary")
	case lines >= 10 && max(bad, min(surelyUTF8, badUTF8))*10 > lines:
		return "", refuse("encoding_mixed", nil, "lines", max(bad, min(surelyUTF8, badUTF8)))
	}
	return encoding, nil
}

// isOpen reports whether the beginning of a text that is valid UTF-8 could as well be GB18030: it is plain ASCII and more
// follows, or what is outside ASCII are pairs of bytes only, which are letters with accents in the one and ideographs in
// the other.
func isOpen(head []byte, whole bool) bool {
	if isASCII(head) {
		return !whole
	}
	if bytes.ContainsFunc(head, func(r rune) bool { return r >= 0x800 }) {
		return false
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(head)
	return err == nil && !bytes.Contains(text, []byte("\ufffd"))
}

// wideEncoding finds the encoding of a text in UTF-16 without a byte order mark: read in the right order nearly
// all of its characters are letters, signs and ideographs that occur, with line breaks among them. It is empty
// for anything else.
func wideEncoding(head []byte) string {
	head = head[:min(len(head), 1<<16)&^1]
	best, encoding := 0, ""
	for _, e := range []struct {
		name     string
		low, top int
	}{{encodingUTF16LE, 0, 1}, {encodingUTF16BE, 1, 0}} {
		good, breaks := 0, 0
		for i := 0; i+1 < len(head); i += 2 {
			switch c := rune(head[i+e.top])<<8 | rune(head[i+e.low]); {
			case c == '\n' || c == '\r':
				breaks++
				good++
			case c == '\t' || c >= ' ' && c < 0x7f, c >= 0x4e00 && c <= 0x9fff, c >= 0x3000 && c <= 0x303f, c >= 0xff00 && c <= 0xffef,
				c >= 0xa0 && c <= 0x3ff, c >= 0x2000 && c <= 0x22ff:
				good++
			}
		}
		if breaks > 0 && good*2*20 >= len(head)*19 && good > best {
			best, encoding = good, e.name
		}
	}
	return encoding
}

// hasBadText reports a cell with bytes that are no text: not UTF-8, NUL, or U+FFFD for what could not be decoded.
func hasBadText(cell []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for i := 0; i < len(cell); {
		if i+8 <= len(cell) {
			if eight := binary.LittleEndian.Uint64(cell[i:]); eight&tops|(eight-ones)&^eight&tops == 0 {
				i += 8 // ASCII without a NUL
				continue
			}
		}
		switch c := cell[i]; {
		case c == 0:
			return true
		case c < utf8.RuneSelf:
			i++
		case c > 0xe0 && c < 0xed && i+2 < len(cell) && cell[i+1]&0xc0 == 0x80 && cell[i+2]&0xc0 == 0x80:
			i += 3 // most ideographs
		default:
			r, size := utf8.DecodeRune(cell[i:])
			if r == utf8.RuneError {
				return true
			}
			i += size
		}
	}
	return false
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// decodeText returns the text of r in UTF-8, without a byte order mark. Bytes that are no text come out as
// they were (UTF-8) or as U+FFFD (the others).
func decodeText(r io.Reader, encoding string) io.Reader {
	switch encoding {
	case encodingUTF8BOM:
		var mark [3]byte
		if _, err := io.ReadFull(r, mark[:]); err != nil {
			return bytes.NewReader(nil)
		}
		return r
	case encodingUTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(r)
	case encodingUTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(r)
	case encodingGB18030:
		return simplifiedchinese.GB18030.NewDecoder().Reader(r)
	}
	return r
}
