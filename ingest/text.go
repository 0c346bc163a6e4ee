package ingest

import (
	"bytes"
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
	if bytes.IndexByte(head[:min(len(head), 4096)], 0) >= 0 {
		return "", refuse("not_a_table", errors.New("NUL bytes at the beginning"))
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
		return "", refuse("not_a_table", errors.New("no text in UTF-8 or GB18030"))
	case lines >= 10 && max(bad, min(surelyUTF8, badUTF8))*10 > lines:
		return "", refuse("encoding_mixed", nil, "lines", max(bad, min(surelyUTF8, badUTF8)))
	}
	return encoding, nil
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
