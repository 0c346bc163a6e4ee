package ingest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// severity says what a finding does to its row.
type severity string

const (
	reject severity = "reject" // the row is not loaded
	warn   severity = "warn"   // loaded, somebody should look
	note   severity = "note"   // loaded, worth knowing
)

// number is the severity as the warehouse numbers it.
func (s severity) number() byte {
	switch s {
	case reject:
		return 1
	case warn:
		return 2
	}
	return 3
}

// finding is what a check has to say about one row.
type finding struct {
	row      uint32
	severity severity
	code     string
	field    int // index in the contract, -1 when the whole row is meant
	value    string
	args     map[string]string
	key      uint64
	sealed   string
}

// fault is a finding of a converter, before it knows its field.
type fault struct {
	severity severity
	code     string
	args     map[string]string
}

// find records a finding on a field; the field -1 means the whole row.
func (c *checker) find(s severity, code string, field int, args map[string]string) {
	f := finding{severity: s, code: code, field: field, args: args}
	if field >= 0 {
		f.value = c.text(field)
		f.severity = c.plan.contract.Fields[field].severityOf(code, s)
	}
	c.found[c.i] = append(c.found[c.i], f)
}

// shifted reports a row whose values stand under the wrong headings: several fields of different kinds are
// faulty at once, or an identity number stands where a name should.
func (c *checker) shifted() bool {
	kinds, last := 0, -2
	for _, f := range c.found[c.i] {
		switch f.code {
		case "date_invalid", "not_a_number", "unknown_code", "id_invalid", "out_of_range", "number_in_text":
			if f.severity == reject && f.field != last {
				kinds++
				last = f.field
			}
			if f.code == "number_in_text" {
				return true
			}
		}
	}
	return kinds >= 3
}

// notes lists the codes of the findings on the row. It is valid until the next call.
func (c *checker) notes() []string {
	c.codes = c.codes[:0]
	for i := range c.found[c.i] {
		if code := c.found[c.i][i].code; !slices.Contains(c.codes, code) {
			c.codes = append(c.codes, code)
		}
	}
	return c.codes
}

// keyed reports whether the natural key of a rejected row could be read: no reject is about the whole row or
// about a field of the key.
func (c *checker) keyed() bool {
	return !slices.ContainsFunc(c.found[c.i], func(f finding) bool {
		return f.severity == reject && (f.field < 0 || c.plan.keyField[f.field])
	})
}

// report adds the findings of the row to out, its text sealed with rejects and warnings.
func (c *checker) report(out *checked, key uint64) error {
	sealed := ""
	for _, f := range c.found[c.i] {
		if f.severity != note {
			var err error
			if sealed, err = c.seal(); err != nil {
				return err
			}
			break
		}
	}
	for _, f := range c.found[c.i] {
		if f.code == "employer_discovered" && f.severity == note {
			if c.told[f.value] {
				continue // once for each employer and batch
			}
			c.told[strings.Clone(f.value)] = true
		}
		if f.severity == reject {
			c.suggest(&f)
		}
		f.row, f.key = c.lines.Value(c.base+c.i), key
		f.value = strings.Clone(strings.ToValidUTF8(f.value, "\ufffd"))
		if utf8.RuneCountInString(f.value) > 200 {
			f.value = string([]rune(f.value)[:200]) + "…"
		}
		if f.field >= 0 && c.plan.contract.Fields[f.field].Personal() {
			f.value = mask(f.value)
		}
		f.value = c.hidden(f.value)
		if f.severity != note {
			f.sealed = sealed
		}
		out.findings = append(out.findings, f)
	}
	return nil
}

// seal encrypts the row as it was sent.
func (c *checker) seal() (string, error) {
	raw, i := c.raw, c.base+c.i
	if c.origin != nil {
		i = c.origin[i]
	}
	bits := raw.Column(colNumeric).(*array.Binary).Value(i)
	row := &c.sealing
	row.cells = row.cells[:0]
	for j := colCells; j < int(raw.NumCols()); j++ {
		text := raw.Column(j).(*array.String).Value(i)
		if text == "" || strings.HasPrefix(raw.ColumnName(j), returnMark) {
			continue
		}
		n := j - colCells
		row.cells = append(row.cells, sealedCell{
			Heading: raw.ColumnName(j), Column: n, Text: strings.ToValidUTF8(text, "\ufffd"), Number: n/8 < len(bits) && bits[n/8]&(1<<(n%8)) != 0,
		})
	}
	return row.seal(c.plan.keyring)
}
