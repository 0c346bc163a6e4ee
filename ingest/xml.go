package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kinds of token of the XML scanner.
const (
	xmlStart = iota
	xmlEnd
	xmlText
)

// xmlToken is a tag or a run of text; its bytes are valid until the next token.
type xmlToken struct {
	kind  int
	name  []byte // local name of a tag
	attrs []byte
	empty bool // a start tag that is its own end
	text  []byte
}

// attr returns the raw value of an attribute.
func (t *xmlToken) attr(name string) []byte {
	rest := t.attrs
	for {
		i := bytes.IndexByte(rest, '=')
		if i < 0 || i+1 >= len(rest) {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		quote := rest[0]
		j := bytes.IndexByte(rest[1:], quote)
		if j < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+j]
		}
		rest = rest[j+2:]
	}
}

// xmlScanner cuts the XML of a workbook into tags and text. It knows the five named entities and character
// numbers, and nothing that a document could define by itself: a document type is refused.
type xmlScanner struct {
	r     *bufio.Reader
	buf   []byte
	text  []byte
	carry bool // a '<' was read already
}

func newXMLScanner(r io.Reader) *xmlScanner { return &xmlScanner{r: bufio.NewReaderSize(r, 128<<10)} }

var errMarkup = errors.New("broken XML")

// until reads up to and with the byte end.
func (x *xmlScanner) until(end byte) ([]byte, error) {
	part, err := x.r.ReadSlice(end)
	if err == nil {
		return part, nil
	}
	x.buf = append(x.buf[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(x.buf) > 16<<20 {
			return nil, errMarkup
		}
		part, err = x.r.ReadSlice(end)
		x.buf = append(x.buf, part...)
	}
	return x.buf, err
}

func (x *xmlScanner) next() (xmlToken, error) {
	for {
		if !x.carry {
			text, err := x.until('<')
			if err != nil {
				return xmlToken{}, err
			}
			x.carry = true
			if text = text[:len(text)-1]; len(text) > 0 {
				return xmlToken{kind: xmlText, text: x.unescape(text)}, nil
			}
		}
		x.carry = false
		tag, err := x.tag()
		if err != nil {
			return xmlToken{}, err
		}
		if len(tag) == 0 {
			return xmlToken{}, errMarkup
		}
		switch tag[0] {
		case '?':
			continue
		case '!':
			if bytes.HasPrefix(tag, []byte("![CDATA[")) {
				for !bytes.HasSuffix(tag, []byte("]]")) {
					more, err := x.until('>')
					if err != nil {
						return xmlToken{}, err
					}
					tag = append(append(append([]byte(nil), tag...), '>'), more[:len(more)-1]...)
				}
				return xmlToken{kind: xmlText, text: tag[8 : len(tag)-2]}, nil
			}
			if bytes.HasPrefix(tag, []byte("!--")) {
				for !bytes.HasSuffix(tag, []byte("--")) {
					more, err := x.until('>')
					if err != nil {
						return xmlToken{}, err
					}
					tag = append([]byte(nil), more[:len(more)-1]...)
				}
				continue
			}
			if len(tag) > 8 && bytes.EqualFold(tag[:8], []byte("!DOCTYPE")) {
				return xmlToken{}, refuse("xml_doctype", nil)
			}
			return xmlToken{}, errMarkup
		case '/':
			return xmlToken{kind: xmlEnd, name: local(bytes.TrimSpace(tag[1:]))}, nil
		}
		t := xmlToken{kind: xmlStart}
		if tag[len(tag)-1] == '/' {
			t.empty, tag = true, tag[:len(tag)-1]
		}
		if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
			t.name, t.attrs = local(tag[:i]), tag[i+1:]
		} else {
			t.name = local(tag)
		}
		return t, nil
	}
}

// tag reads the rest of a tag; a '>' inside an attribute's quotes does not end it.
func (x *xmlScanner) tag() ([]byte, error) {
	tag, err := x.until('>')
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	tag = tag[:len(tag)-1]
	if len(tag) > 0 && tag[0] != '!' && bytes.Count(tag, []byte{'"'})%2 == 1 {
		whole := append([]byte(nil), tag...)
		for bytes.Count(whole, []byte{'"'})%2 == 1 {
			more, err := x.until('>')
			if err != nil || len(whole) > 16<<20 {
				return nil, errMarkup
			}
			whole = append(append(whole, '>'), more[:len(more)-1]...)
		}
		return whole, nil
	}
	return tag, nil
}

func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// unescape replaces entities; unknown ones stay as they are.
func (x *xmlScanner) unescape(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	x.text = x.text[:0]
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			x.text = append(x.text, text...)
			return x.text
		}
		x.text = append(x.text, text[:i]...)
		text = text[i:]
		j := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if j < 0 {
			x.text = append(x.text, '&')
			text = text[1:]
			continue
		}
		switch name := string(text[1:j]); name {
		case "amp":
			x.text = append(x.text, '&')
		case "lt":
			x.text = append(x.text, '<')
		case "gt":
			x.text = append(x.text, '>')
		case "quot":
			x.text = append(x.text, '"')
		case "apos":
			x.text = append(x.text, '\'')
		default:
			if r, ok := characterNumber(name); ok {
				x.text = utf8.AppendRune(x.text, r)
			} else {
				x.text = append(x.text, text[:j+1]...)
			}
		}
		text = text[j+1:]
	}
}

func characterNumber(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && n > 0
}
