package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/goccy/go-yaml"
)

// Mapping says how a foreign file is read as a stream: where each field of the contract comes from. Its
// format is described in docs/mapping.md.
type Mapping struct {
	Name    string               `yaml:"name"`
	Stream  string               `yaml:"stream"`
	About   string               `yaml:"about"`   // what the mapping does and what it had to invent
	Missing []string             `yaml:"missing"` // values that mean missing in every column
	Fields  map[string]*mapField `yaml:"fields"`
	Absent  []string             `yaml:"absent"`  // required fields that the foreign file does not have and that stay empty
	Skip    []mapCondition       `yaml:"skip"`    // rows that fulfil one of these are not read
	Unpivot *mapUnpivot          `yaml:"unpivot"` // one row for each of several columns

	version string // first digits of the SHA-256 of the file
}

// mapField says where one field comes from: a column, a fixed value, or a template.
type mapField struct {
	Column   string            `yaml:"column"`
	Value    *string           `yaml:"value"`
	Template string            `yaml:"template"` // text with {heading} for a column and {row} for the line
	When     map[string]string `yaml:"when"`     // only in rows where these columns have these values
	Pattern  string            `yaml:"pattern"`  // regular expression; its first group is taken, no match is missing
	Codes    map[string]string `yaml:"codes"`    // the sender's value → ours
	Else     *string           `yaml:"else"`     // for values that codes does not name
	Date     string            `yaml:"date"`     // form of dates, such as DD/MM/YYYY
	Scale    float64           `yaml:"scale"`    // factor for numbers
	Missing  []string          `yaml:"missing"`  // values that mean missing in this column

	pattern *regexp.Regexp
	date    *dateForm
	pieces  []mapPiece // of the template
}

// mapPiece is a literal text, or a column when it names one.
type mapPiece struct{ text, column string }

// mapCondition holds for a row in which the column has one of the values; no values means a blank cell.
type mapCondition struct {
	Column string   `yaml:"column"`
	Values []string `yaml:"values"`
	Not    bool     `yaml:"not"`
}

// mapUnpivot turns several columns of a row into as many rows.
type mapUnpivot struct {
	Into    string                       `yaml:"into"`    // field that takes the cell
	Columns map[string]map[string]string `yaml:"columns"` // column → fixed values of other fields in its row
}

// UnmarshalYAML reads the short form, a column's heading, or the long one.
func (f *mapField) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if err := unmarshal(&column); err == nil {
		f.Column = column
		return nil
	}
	type long mapField
	return unmarshal((*long)(f))
}

// ReadMapping reads and validates a mapping file. Faults are a *Refusal that names line and column.
// extra is as for Contracts.
func ReadMapping(path string, extra ...fs.FS) (*Mapping, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, refuse("mapping_invalid", err, "reason", fmt.Sprintf("%s: %v", path, errors.Unwrap(err)))
	}
	m, err := parseMapping(text, extra...)
	if err != nil {
		return nil, refuse("mapping_invalid", err, "reason", fmt.Sprintf("%s: %v", path, err))
	}
	return m, nil
}

// ParseMapping reads and validates the text of a mapping file.
func ParseMapping(text []byte) (*Mapping, error) { return parseMapping(text) }

func parseMapping(text []byte, extra ...fs.FS) (*Mapping, error) {
	m := new(Mapping)
	if err := yaml.UnmarshalWithOptions(text, m, yaml.Strict()); err != nil {
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	sum := sha256.Sum256(text)
	m.version = hex.EncodeToString(sum[:4])
	if m.Name == "" || m.Stream == "" || len(m.Fields) == 0 {
		return nil, errors.New("name, stream and fields must be given")
	}
	contracts, err := Contracts(extra...)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(contracts, func(c *Contract) bool { return c.Stream == m.Stream })
	if i < 0 {
		return nil, fmt.Errorf("stream %q: there is no such stream", m.Stream)
	}
	return m, m.prepare(contracts[i])
}

// prepare validates the mapping against its contract.
func (m *Mapping) prepare(c *Contract) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := m.fits(c); err != nil {
		errs = append(errs, err)
	}
	for name, f := range m.Fields {
		if f == nil {
			bad("field %s: says nothing", name)
			continue
		}
		if err := f.prepare(); err != nil {
			bad("field %s: %w", name, err)
		}
	}
	if u := m.Unpivot; u != nil {
		if c.Field(u.Into) == nil || len(u.Columns) == 0 {
			bad("unpivot: into must name a field of %s, columns must name columns", c.Stream)
		}
		for column, fixed := range u.Columns {
			for name := range fixed {
				if c.Field(name) == nil {
					bad("unpivot %s: %s is no field of %s", column, name, c.Stream)
				}
			}
		}
	}
	keys := map[string]bool{}
	for _, key := range c.Key {
		for name := range strings.SplitSeq(key, "|") {
			keys[name] = true
		}
	}
	for _, name := range m.Absent {
		f := c.Field(name)
		switch {
		case f == nil:
			bad("absent: %s is no field of %s", name, c.Stream)
		case slices.ContainsFunc(f.To, func(column string) bool { return keys[column] }) || f.Type == "id_no":
			bad("absent: %s identifies the row and must be given", name)
		case m.Fields[name] != nil:
			bad("absent: %s is among the fields", name)
		}
	}
	for _, s := range m.Skip {
		if s.Column == "" {
			bad("skip: column must be given")
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (f *mapField) prepare() (err error) {
	sources := 0
	for _, given := range []bool{f.Column != "", f.Value != nil, f.Template != ""} {
		if given {
			sources++
		}
	}
	if sources != 1 {
		return errors.New("want one of column, value, template")
	}
	if f.Pattern != "" {
		if f.pattern, err = regexp.Compile(f.Pattern); err != nil || f.pattern.NumSubexp() != 1 {
			return fmt.Errorf("pattern %q: want a regular expression with one group", f.Pattern)
		}
	}
	if f.Date != "" {
		if f.date, err = parseDateForm(f.Date); err != nil {
			return err
		}
	}
	rest := f.Template
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			f.pieces = append(f.pieces, mapPiece{text: rest})
			break
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			return fmt.Errorf("template %q: a brace is not closed", f.Template)
		}
		f.pieces = append(f.pieces, mapPiece{text: rest[:open]}, mapPiece{column: rest[open+1 : open+end]})
		rest = rest[open+end+1:]
	}
	return nil
}

// dateForm is the form of a sender's dates.
type dateForm struct {
	pattern          *regexp.Regexp
	year, month, day int // groups, 0 when the form has none
}

// parseDateForm reads a form such as DD/MM/YYYY.
func parseDateForm(form string) (*dateForm, error) {
	d := new(dateForm)
	group := 0
	expression := regexp.MustCompile(`YYYY|MM|DD|[^YMD]+|.`).ReplaceAllStringFunc(form, func(part string) string {
		switch part {
		case "YYYY":
			group++
			d.year = group
			return `(\d{4})`
		case "MM":
			group++
			d.month = group
			return `(\d{1,2})`
		case "DD":
			group++
			d.day = group
			return `(\d{1,2})`
		}
		return regexp.QuoteMeta(part)
	})
	if d.year == 0 || d.month == 0 {
		return nil, fmt.Errorf("date %q: want a form such as DD/MM/YYYY", form)
	}
	var err error
	if d.pattern, err = regexp.Compile("^" + expression + "$"); err != nil {
		return nil, fmt.Errorf("date %q: want a form such as DD/MM/YYYY", form)
	}
	return d, nil
}

// apply writes a date of the form as 2025-03-07; a text of another form stays as it is, to be rejected.
func (d *dateForm) apply(s string) string {
	m := d.pattern.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	out := m[d.year] + "-" + pad(m[d.month])
	if d.day > 0 {
		out += "-" + pad(m[d.day])
	}
	return out
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// name is the mapping as recorded with a batch, with the version of its file; empty without a mapping.
func (m *Mapping) name() string {
	if m == nil {
		return ""
	}
	return m.Name + "@" + m.version
}

// fits reports fields that the contract does not have.
func (m *Mapping) fits(c *Contract) error {
	var wrong []string
	for name := range m.Fields {
		if c.Field(name) == nil {
			wrong = append(wrong, name)
		}
	}
	if c.Stream != m.Stream {
		return fmt.Errorf("the mapping is for stream %s, not %s", m.Stream, c.Stream)
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("stream %s has no field %s", m.Stream, strings.Join(wrong, ", "))
	}
	return nil
}

// fieldsOf returns the field of the contract that each column of a header fills, empty for none; without a mapping
// the header itself knows.
func (m *Mapping) fieldsOf(c *Contract, h header) []string {
	fields := make([]string, len(h.names))
	if m == nil {
		for i, column := range h.columns {
			if column >= 0 {
				fields[column] = c.Fields[i].Name
			}
		}
		return fields
	}
	for name, f := range m.Fields {
		for i, text := range h.names {
			if f.Column != "" && heading(f.Column) == heading(text) {
				fields[i] = name
			}
		}
	}
	return fields
}

// absent reports whether the foreign file is known not to have a field.
func (m *Mapping) absent(field string) bool { return m != nil && slices.Contains(m.Absent, field) }

// columns are the headings that the mapping needs.
func (m *Mapping) columns() []string {
	var names []string
	add := func(name string) {
		if name != "" && name != "row" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, f := range m.Fields {
		add(f.Column)
		for name := range f.When {
			add(name)
		}
		for _, p := range f.pieces {
			add(p.column)
		}
	}
	for _, s := range m.Skip {
		add(s.Column)
	}
	if m.Unpivot != nil {
		for name := range m.Unpivot.Columns {
			add(name)
		}
	}
	slices.Sort(names)
	return names
}

// header finds the row that has all the columns that the mapping needs.
func (m *Mapping) header(rows [][]string) (header, error) {
	needed := m.columns()
	lacking, fewest := "", len(needed)+1
	for i, row := range rows {
		present := map[string]bool{}
		for _, cell := range row {
			present[heading(cell)] = true
		}
		missing := slices.DeleteFunc(slices.Clone(needed), func(name string) bool { return present[heading(name)] })
		if len(missing) == 0 {
			h := header{first: i, rows: 1}
			for _, cell := range row {
				h.names = append(h.names, strings.Join(strings.Fields(cell), " "))
				if !slices.ContainsFunc(needed, func(name string) bool { return heading(name) == heading(cell) }) && !ignoredHeading(heading(cell)) {
					h.unknown = append(h.unknown, cell)
				}
			}
			return h, nil
		}
		if len(missing) < fewest {
			lacking, fewest = missing[0], len(missing)
		}
	}
	return header{}, refuse("mapping_column", nil, "column", lacking)
}

// mapper applies a mapping to the records of one sheet.
type mapper struct {
	m        *Mapping
	fields   []string // fields that are filled, in contract order
	contract *Contract
	at       map[string]int // column of each heading in the sheet
	out      header
	schema   *arrow.Schema
	unpivot  []string // columns to be turned into rows, in the order of the sheet
}

// mapper returns what applies the mapping to a sheet with the given header, nil without a mapping.
func (m *Mapping) mapper(c *Contract, h header) (*mapper, error) {
	if m == nil {
		return nil, nil
	}
	p := &mapper{m: m, contract: c, at: map[string]int{}}
	for i, name := range h.names {
		if _, twice := p.at[heading(name)]; !twice {
			p.at[heading(name)] = i
		}
	}
	p.out.columns = make([]int, len(c.Fields))
	for i, f := range c.Fields {
		p.out.columns[i] = -1
		mapped, ok := m.Fields[f.Name]
		if !ok && !m.fillsByUnpivot(f.Name) {
			continue
		}
		p.out.columns[i] = len(p.fields)
		p.fields = append(p.fields, f.Name)
		name := f.Heading()
		if ok && mapped.Column != "" {
			name = mapped.Column
		}
		p.out.names = append(p.out.names, name)
	}
	if m.Unpivot != nil {
		for name := range m.Unpivot.Columns {
			p.unpivot = append(p.unpivot, name)
		}
		slices.SortFunc(p.unpivot, func(a, b string) int { return p.at[heading(a)] - p.at[heading(b)] })
	}
	p.schema = schema(p.out.names)
	return p, nil
}

// fillsByUnpivot reports whether unpivoting fills the field.
func (m *Mapping) fillsByUnpivot(field string) bool {
	if m.Unpivot == nil {
		return false
	}
	if m.Unpivot.Into == field {
		return true
	}
	for _, fixed := range m.Unpivot.Columns {
		if _, ok := fixed[field]; ok {
			return true
		}
	}
	return false
}

func (p *mapper) header() header { return p.out }

// apply maps a record. It returns the mapped record and, for each of its rows, the row of raw it comes from.
func (p *mapper) apply(raw arrow.Record) (arrow.Record, []int, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, p.schema)
	defer b.Release()
	rows, flags := raw.Column(colRow).(*array.Uint32), raw.Column(colFlags).(*array.Uint8)
	bits := raw.Column(colNumeric).(*array.Binary)
	var origin []int
	numeric := make([]byte, (len(p.fields)+7)/8)
	for i := range int(raw.NumRows()) {
		cell := func(name string) string {
			at, ok := p.at[heading(name)]
			if !ok || colCells+at >= int(raw.NumCols()) {
				return ""
			}
			return clean(raw.Column(colCells + at).(*array.String).Value(i))
		}
		if p.skipped(cell) {
			continue
		}
		for _, column := range p.rowsOf(cell) {
			origin = append(origin, i)
			b.Field(colRow).(*array.Uint32Builder).Append(rows.Value(i))
			b.Field(colFlags).(*array.Uint8Builder).Append(flags.Value(i))
			clear(numeric)
			for j, name := range p.fields {
				text, from := p.value(name, column, cell, rows.Value(i))
				b.Field(colCells + j).(*array.StringBuilder).Append(text)
				if at, ok := p.at[heading(from)]; ok && from != "" {
					if n := bits.Value(i); at/8 < len(n) && n[at/8]&(1<<(at%8)) != 0 {
						numeric[j/8] |= 1 << (j % 8)
					}
				}
			}
			b.Field(colNumeric).(*array.BinaryBuilder).Append(numeric)
		}
	}
	return b.NewRecord(), origin, nil
}

func (p *mapper) skipped(cell func(string) string) bool {
	for _, s := range p.m.Skip {
		text := cell(s.Column)
		hit := len(s.Values) == 0 && text == ""
		for _, v := range s.Values {
			hit = hit || sameValue(text, v)
		}
		if hit != s.Not {
			return true
		}
	}
	return false
}

// rowsOf returns the columns that a row is unpivoted into; one empty name without unpivoting. Blank cells
// make no row.
func (p *mapper) rowsOf(cell func(string) string) []string {
	if p.m.Unpivot == nil {
		return []string{""}
	}
	var columns []string
	for _, name := range p.unpivot {
		if text := cell(name); text != "" && !p.missing(text, nil) {
			columns = append(columns, name)
		}
	}
	return columns
}

func (p *mapper) missing(text string, more []string) bool {
	same := func(v string) bool { return sameValue(text, v) }
	return slices.ContainsFunc(p.m.Missing, same) || slices.ContainsFunc(more, same)
}

// value returns the text of a field, and the column that it comes from unchanged.
func (p *mapper) value(name, unpivoted string, cell func(string) string, row uint32) (text, from string) {
	if u := p.m.Unpivot; u != nil {
		if fixed, ok := u.Columns[unpivoted][name]; ok {
			return fixed, ""
		}
	}
	f := p.m.Fields[name]
	if p.m.Unpivot != nil && p.m.Unpivot.Into == name {
		text, from = cell(unpivoted), unpivoted
		if f == nil {
			return text, from
		}
	}
	if f == nil {
		return "", ""
	}
	for column, want := range f.When {
		if !sameValue(cell(column), want) {
			return "", ""
		}
	}
	switch {
	case from != "":
	case f.Value != nil:
		return *f.Value, ""
	case f.Column != "":
		text, from = cell(f.Column), f.Column
	default:
		var b strings.Builder
		for _, piece := range f.pieces {
			switch {
			case piece.column == "row":
				b.WriteString(strconv.FormatUint(uint64(row), 10))
			case piece.column != "":
				b.WriteString(wholeNumber(cell(piece.column)))
			default:
				b.WriteString(piece.text)
			}
		}
		text = b.String()
	}
	if text == "" || p.missing(text, f.Missing) {
		return "", ""
	}
	if f.pattern != nil {
		m := f.pattern.FindStringSubmatch(text)
		if m == nil {
			return "", ""
		}
		text, from = m[1], ""
	}
	if len(f.Codes) > 0 {
		code, ok := f.Codes[text]
		if !ok {
			code, ok = f.Codes[wholeNumber(text)]
		}
		switch {
		case ok:
			return code, ""
		case f.Else != nil:
			return *f.Else, ""
		}
	}
	if f.date != nil {
		return f.date.apply(text), ""
	}
	if f.Scale != 0 {
		if m, ok := parseMeasure(text); ok && m.hasValue {
			scaled := strconv.FormatFloat(m.value*f.Scale, 'g', 12, 64)
			if m.qualifier == "lt" {
				scaled = "<" + scaled
			}
			return scaled, ""
		}
	}
	return text, from
}

// wholeNumber writes 3.0 as 3, as tools that know only decimals do not.
func wholeNumber(s string) string {
	if head, tail, ok := strings.Cut(s, "."); ok && digits(head) && strings.Trim(tail, "0") == "" {
		return head
	}
	return s
}

// sameValue compares a cell with a value of the mapping, numbers by their value.
func sameValue(cell, want string) bool {
	if cell == want {
		return true
	}
	a, ok := plainNumber(cell)
	if !ok {
		return false
	}
	b, ok := plainNumber(want)
	return ok && a == b
}
