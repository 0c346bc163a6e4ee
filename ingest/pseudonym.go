package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// pseudonyms computes pseudonyms. It is not safe for several goroutines.
type pseudonyms struct {
	mac   hash.Hash
	sum   []byte
	names map[string]uuid.UUID
	mark  string // before a pseudonym in an export
}

func (k *keys) pseudonyms() *pseudonyms {
	return &pseudonyms{mac: hmac.New(sha256.New, k.pseudonym), names: map[string]uuid.UUID{}, mark: k.mark()}
}

// person is the pseudonym of a normalised identity number.
func (p *pseudonyms) person(number string) uuid.UUID {
	p.mac.Reset()
	p.mac.Write([]byte(number))
	p.sum = p.mac.Sum(p.sum[:0])
	return uuid.UUID(p.sum[:16])
}

// name is the pseudonym of a person's name.
func (p *pseudonyms) name(name string) uuid.UUID {
	if id, ok := p.names[name]; ok {
		return id
	}
	id := p.person("name:" + fold(name))
	if len(p.names) < 100_000 {
		p.names[strings.Clone(name)] = id
	}
	return id
}

// sealedCell is one filled cell of a row as it was sent.
type sealedCell struct {
	Heading string `json:"h"`
	Column  int    `json:"c"` // counted from 0
	Text    string `json:"t"`
	Number  bool   `json:"n,omitempty"` // a number in a spreadsheet
}

// sealing is a row on its way to be sealed, and room for it.
type sealing struct {
	cells         []sealedCell
	plain, sealed []byte
}

// seal encrypts the row as it was sent.
func (r *sealing) seal(k *keys) (_ string, err error) {
	plain := append(r.plain[:0], '[')
	for i, c := range r.cells {
		if i > 0 {
			plain = append(plain, ',')
		}
		plain = appendJSON(append(plain, `{"h":`...), c.Heading)
		plain = strconv.AppendInt(append(plain, `,"c":`...), int64(c.Column), 10)
		plain = appendJSON(append(plain, `,"t":`...), c.Text)
		if c.Number {
			plain = append(plain, `,"n":true`...)
		}
		plain = append(plain, '}')
	}
	r.plain = append(plain, ']')
	r.sealed, err = k.rows.appendSealed(r.sealed[:0], r.plain, nil)
	return string(r.sealed), err
}

// appendJSON appends a text as a string of JSON.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// openRow decrypts a row that was sealed with the keys of this installation.
func (k *keys) openRow(sealed string) ([]sealedCell, error) {
	plain, err := k.rows.open(sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("open sealed row: %w", err)
	}
	var cells []sealedCell
	if err := json.Unmarshal(plain, &cells); err != nil {
		return nil, fmt.Errorf("open sealed row: %w", err)
	}
	return cells, nil
}

// mask hides a personal value: two characters at each end stay of a long one, the first of a short one.
func mask(s string) string {
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0:
		return ""
	case n < 8:
		r, _ := utf8.DecodeRuneInString(s)
		return string(r) + strings.Repeat("*", n-1)
	}
	runes := []rune(s)
	return string(runes[:2]) + strings.Repeat("*", n-4) + string(runes[n-2:])
}

// maskNumbers hides runs of digits that are long enough to be a telephone or identity number.
func maskNumbers(s string) string {
	run := 0
	for i := range len(s) + 1 {
		if i < len(s) && (digit(s[i]) || run >= 10 && (s[i] == 'X' || s[i] == 'x')) {
			run++
			continue
		}
		if run >= 11 {
			return maskNumbers(s[:i-run]+mask(s[i-run:i])) + maskNumbers(s[i:])
		}
		run = 0
	}
	return s
}
