package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// SenderColumn says how one column of a sender's file is made from the columns of the warehouse again, so that
// the file loads as unchanged.
type SenderColumn struct {
	Heading string
	Kind    string   // form that the query export_sender knows
	From    string   // column of the warehouse
	With    string   // further column that the form needs
	Codes   []string // codes with their words, for forms of codes
	Words   []string
	Mark    string // before a pseudonym
}

// SenderForm returns the columns of a sender's file of the stream. Persons are pseudonyms in it, each marked by
// the key under dir: only an installation with the same key takes them back. Names, telephones and what else
// the warehouse does not have come out blank, required ones as words that say so.
func SenderForm(c *Contract, dir string) ([]SenderColumn, error) {
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	lists, err := embeddedLists()
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(lists.names))
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = lists.names[id]
	}
	derived := map[string]SenderColumn{} // by field
	for _, r := range c.Derive {
		from := func(i int) string {
			if i < len(r.From) {
				return r.From[i]
			}
			return ""
		}
		switch r.Rule {
		case "employer":
			derived[from(0)] = SenderColumn{Kind: "employer_code", From: r.To[0]}
		case "using_employer":
			derived[from(0)] = SenderColumn{Kind: "using_code", From: r.To[0], With: "employer_key"}
			derived[from(1)] = SenderColumn{Kind: "using_name", From: r.To[0], With: "employer_key"}
		case "person":
			derived[from(0)] = SenderColumn{Kind: "person", From: r.To[0], Mark: keyring.mark()}
		case "months":
			derived[from(0)] = SenderColumn{Kind: "years", From: r.To[0]}
			derived[from(1)] = SenderColumn{Kind: "months", From: r.To[0]}
		case "conclusions":
			codes, words := c.Field(from(0)).codeWords()
			derived[from(0)] = SenderColumn{Kind: "code", From: r.To[0], Codes: codes, Words: words}
			derived[from(1)] = SenderColumn{Kind: "packed_codes", From: r.To[1], With: r.To[2], Codes: codes, Words: words}
			derived[from(2)] = SenderColumn{Kind: "packed", From: r.To[1], With: r.To[3]}
			derived[from(3)] = SenderColumn{Kind: "packed", From: r.To[1], With: r.To[4]}
		}
	}
	var columns []SenderColumn
	opened := false
	for i := range c.Fields {
		f := &c.Fields[i]
		column, ok := derived[f.Name]
		if !ok {
			column = f.senderColumn(keyring.mark())
		}
		switch {
		case column.Kind == "hazards":
			column.Codes, column.Words = ids, names
			if opened { // the words to be matched are of the row, they stand in its first cell of hazards
				column.Kind = "hazards_alone"
			}
			opened = true
		case column.Kind == "" && f.Required == "Y":
			column.Kind = "withheld"
		case column.Kind == "":
			continue
		}
		column.Heading = f.Heading()
		columns = append(columns, column)
	}
	return columns, nil
}

// senderColumn is how a field is made from its own columns; the kind is empty when it has none.
func (f *Field) senderColumn(mark string) SenderColumn {
	if len(f.To) == 0 {
		return SenderColumn{}
	}
	column := SenderColumn{Kind: "text", From: f.To[0]}
	if len(f.To) > 1 {
		column.With = f.To[1]
	}
	switch f.Type {
	case "code":
		column.Kind = "code"
		column.Codes, column.Words = f.codeWords()
	case "date":
		column.Kind = "date"
		if column.With != "" {
			column.Kind = "date_or_month"
		}
	case "hazard", "disease", "township":
		if column.With != "" {
			column.Kind = "as_sent"
		}
	case "name":
		column.Kind, column.Mark = "person", mark
	case "names":
		column.Kind, column.Mark = "persons", mark
	case "bool", "month", "measure", "hazards", "words":
		column.Kind = f.Type
	}
	return column
}

// codeWords are the codes of a field, each with the word that a sender would choose.
func (f *Field) codeWords() (codes, words []string) {
	for _, word := range f.Choices() {
		code, ok := f.words[fold(word)]
		if !ok {
			code = word
		}
		codes, words = append(codes, code), append(words, word)
	}
	return codes, words
}

// mark stands before a pseudonym in an export: it names the key without telling anything of it.
func (k *keys) mark() string {
	mac := hmac.New(sha256.New, k.pseudonym)
	mac.Write([]byte("mark of exports"))
	return "假名-" + hex.EncodeToString(mac.Sum(nil)[:6]) + "-"
}

// exported reads a pseudonym that an export with the same key has written.
func (p *pseudonyms) exported(text string) (uuid.UUID, bool) {
	rest, ok := strings.CutPrefix(text, p.mark)
	if !ok {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(rest)
	return id, err == nil
}

// named is the pseudonym of a person's name, or the one that an export has written.
func (p *pseudonyms) named(text string) uuid.UUID {
	if id, ok := p.exported(text); ok {
		return id
	}
	return p.name(text)
}
