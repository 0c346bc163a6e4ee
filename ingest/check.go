package ingest

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/cespare/xxhash/v2"
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

// plan is a contract made ready for a file: where each field comes from and where each value goes.
type plan struct {
	contract *Contract
	names    []string // columns of the warehouse, in contract order
	types    []string // their ClickHouse types
	primary  []int    // slot of each field's value; slots up to len(names) are columns
	slots    int
	byName   map[string]int // slot of each column and field; columns go first
	keys     [][]int        // slots of each part of the natural key, alternatives in order
	keyField []bool         // fields that the natural key comes from
	kind     []uint8        // of the type of each column
	second   []int          // slot of each field's second value, -1 when it has none
	rules    []rule
	employer int    // slot of the employer's key, -1 when the stream has none
	named    []int  // fields that hold names of a list
	vaulted  []int  // fields that go to the vault
	stored   []bool // fields whose text is stored, or becomes part of a code or key
	person   int    // slot of the person's pseudonym, -1 when the stream has none
	lists    *lists
	roster   *roster
	keyring  *keys
	today    int32
	mapping  *Mapping // nil: the files follow the contract
	compared []comparison
}

// Kinds of columns that keys tell apart.
const (
	kindDate uint8 = 1 + iota
	kindID
)

// newPlan prepares a contract; types gives the ClickHouse type of each column of its table.
func newPlan(c *Contract, types map[string]string, lists *lists, roster *roster, keyring *keys, today int32) (*plan, error) {
	p := &plan{contract: c, names: c.columns(), lists: lists, roster: roster, keyring: keyring, today: today}
	for _, name := range p.names {
		typ, ok := types[name]
		if !ok {
			return nil, fmt.Errorf("contract %s: table %s has no column %s", c.Stream, c.Table, name)
		}
		if _, err := newBuilder(typ, nil, 0); err != nil {
			return nil, fmt.Errorf("contract %s: column %s: %w", c.Stream, name, err)
		}
		p.types = append(p.types, typ)
		switch {
		case strings.Contains(typ, "Date"):
			p.kind = append(p.kind, kindDate)
		case strings.Contains(typ, "UUID"):
			p.kind = append(p.kind, kindID)
		default:
			p.kind = append(p.kind, 0)
		}
	}
	p.slots = len(p.names)
	for i := range c.Fields {
		if to := c.Fields[i].To; len(to) > 0 {
			p.primary = append(p.primary, slices.Index(p.names, to[0]))
			continue
		}
		p.primary = append(p.primary, p.slots)
		p.slots++
	}
	p.byName = make(map[string]int, p.slots)
	for name, i := range c.byName {
		p.byName[name] = p.primary[i]
	}
	for i, name := range p.names {
		p.byName[name] = i
	}
	for i := range c.Fields {
		second := -1
		if to := c.Fields[i].To; len(to) > 1 {
			second = p.slot(to[1])
		}
		p.second = append(p.second, second)
	}
	p.employer = p.slot("employer_key")
	for i := range c.Derive {
		p.rules = append(p.rules, p.rule(&c.Derive[i]))
	}
	p.keyField = make([]bool, len(c.Fields))
	p.named = c.namedFields()
	p.person = slices.Index(p.names, "person_key")
	p.stored = make([]bool, len(c.Fields))
	for i := range c.Fields {
		f := &c.Fields[i]
		p.stored[i] = !f.Personal() && f.Type != "label"
		if f.Use == "vault" {
			p.vaulted = append(p.vaulted, i)
		}
	}
	for _, key := range c.Key {
		var alternatives []int
		for name := range strings.SplitSeq(key, "|") {
			alternatives = append(alternatives, slices.Index(p.names, name))
			for i, f := range c.Fields {
				p.keyField[i] = p.keyField[i] || slices.Contains(f.To, name)
			}
			for _, r := range c.Derive {
				if slices.Contains(r.To, name) {
					for _, from := range r.From {
						if i, ok := c.byName[from]; ok && (r.Rule == "employer" || r.Rule == "person") {
							p.keyField[i] = p.keyField[i] || c.Fields[i].Type != "code" && c.Fields[i].Type != "date"
						}
					}
				}
			}
		}
		p.keys = append(p.keys, alternatives)
	}
	p.compared = p.comparisons()
	return p, nil
}

// rule is a rule of the contract made ready for a plan.
type rule struct {
	*Rule
	from  []int // fields that the rule reads, -1 for one that is not given
	to    []int // slots that it fills
	fills []int // and those that it may fill beside
}

func (p *plan) rule(r *Rule) rule {
	made := rule{Rule: r}
	for _, name := range r.From {
		i, ok := p.contract.byName[name]
		if !ok {
			i = -1
		}
		made.from = append(made.from, i)
	}
	for _, name := range r.To {
		made.to = append(made.to, p.slot(name))
	}
	made.fills = made.to
	if open := p.slot("hazards_open"); r.Rule == "conclusions" && open >= 0 {
		made.fills = append(slices.Clip(made.to), open)
	}
	return made
}

// slot returns the slot of a column or field by name, -1 when there is none.
func (p *plan) slot(name string) int {
	if i, ok := p.byName[name]; ok {
		return i
	}
	return -1
}

// States of a checked row, as the sender wants it.
const (
	asSent uint8 = iota
	asCorrection
	asVoid
)

// checked is what checking made of one record of rows.
type checked struct {
	read     int
	rejected int
	rows     []uint32 // lines of the accepted rows
	key      []uint64
	content  []uint64
	state    []uint8
	notes    [][]string // codes of warnings and notes on each row
	warned   []bool
	sealed   []string // voids as sent, sealed: they may still turn out to have nothing to void
	columns  []builder
	findings []finding
	periods  []period // for the check on overlaps, one for each accepted row
	returned []returned
	vault    []vaultEntry
	spoilt   spoilt
}

// reserve makes room for all rows that were read.
func (o *checked) reserve(periods bool) {
	n := o.read
	o.rows, o.key, o.content = make([]uint32, 0, n), make([]uint64, 0, n), make([]uint64, 0, n)
	o.state, o.warned = make([]uint8, 0, n), make([]bool, 0, n)
	o.notes, o.sealed = make([][]string, 0, n), make([]string, 0, n)
	if periods {
		o.periods = make([]period, 0, n)
	}
}

// period is the time that a row covers for one subject.
type period struct {
	subject    uint64
	start, end int32
}

// checker converts and checks rows. Each goroutine needs its own.
type checker struct {
	plan    *plan
	names   *pseudonyms
	cells   []*array.String // cell column of each field, nil when the file has none
	number  []int           // column of each field in the sheet, -1 when the file has none
	titles  []string        // the sender's headings
	values  []*value        // of each slot of the row, to be read; fill gives one to be written
	own     []value         // written for this row
	none    value           // nothing
	texts   []string        // cleaned text of each field
	numeric []bool          // the field's cell is a number in a spreadsheet
	found   []finding
	state   uint8
	buf     []byte
	parsed  map[string]parsedHazards
	overlap *Check
	words   []*words   // of each column of the warehouse
	read    []*reading // of each field's cell; nil when it is empty, or does not repeat
	blank   []reading  // of each field's empty cell
	memo    []readings
	seed    maphash.Seed
	rules   []recollection      // of each rule of the contract
	listed  map[string][]string // notes of rows with one code
	told    map[string]bool     // employers noted as discovered
	title   []string            // the heading of each field as headings are compared

	dates1904 bool // serial days of the row count from 1904

	factor    []float64 // of each field whose heading names a unit that is not the warehouse's; 0 for the others
	unitField int       // field of the unit, where the file names it in the heading of the value; -1 otherwise
	unitText  string
}

// parsedHazards is the reading of one cell with hazard words.
type parsedHazards struct{ ids, open []string }

func newChecker(p *plan, h header) *checker {
	c := &checker{
		plan: p, names: p.keyring.pseudonyms(), number: h.columns, titles: h.names,
		cells:  make([]*array.String, len(p.contract.Fields)),
		values: make([]*value, p.slots), own: make([]value, p.slots), texts: make([]string, len(p.contract.Fields)),
		numeric: make([]bool, len(p.contract.Fields)), parsed: map[string]parsedHazards{},
	}
	for _, typ := range p.types {
		var w *words
		if strings.Contains(typ, "LowCardinality") {
			w = newWords()
		}
		c.words = append(c.words, w)
	}
	n := len(p.contract.Fields)
	c.read, c.blank, c.memo, c.title = make([]*reading, n), make([]reading, n), make([]readings, n), make([]string, n)
	c.seed, c.rules = maphash.MakeSeed(), make([]recollection, len(p.rules))
	c.listed, c.told = map[string][]string{}, map[string]bool{}
	for j, column := range h.columns {
		// A day is read faster than it is looked up.
		c.memo[j].off = p.contract.Fields[j].Type == "date"
		if column >= 0 && column < len(h.names) {
			c.title[j] = heading(h.names[column])
		}
	}
	c.headingUnits()
	for i := range p.contract.Checks {
		if p.contract.Checks[i].Code == "period_overlap" {
			c.overlap = &p.contract.Checks[i]
		}
	}
	return c
}

// check converts and checks the rows of a record. raw is the record as sent and origin the row in it that
// each row comes from; without a mapping both are the record itself.
func (c *checker) check(rec, raw arrow.Record, origin []int) (*checked, error) {
	out := &checked{read: int(rec.NumRows()), returned: c.returns(raw)}
	for j, typ := range c.plan.types {
		b, err := newBuilder(typ, c.words[j], out.read)
		if err != nil {
			return nil, err
		}
		out.columns = append(out.columns, b)
	}
	out.reserve(c.overlap != nil)
	rows := rec.Column(colRow).(*array.Uint32)
	flags := rec.Column(colFlags).(*array.Uint8)
	bits := rec.Column(colNumeric).(*array.Binary)
	for i, col := range c.number {
		c.cells[i] = nil
		if col >= 0 {
			c.cells[i] = rec.Column(colCells + col).(*array.String)
		}
	}
	for i := range int(rec.NumRows()) {
		if isExample(raw, origin, i) {
			out.read--
			continue
		}
		c.found = c.found[:0]
		c.state = asSent
		line := rows.Value(i)
		c.row(rec, i, flags.Value(i), bits.Value(i))
		if flags.Value(i)&badBytes != 0 {
			out.spoilt.add(raw, origin, i)
		}
		c.openNames()
		rejected, warned := false, false
		for _, f := range c.found {
			rejected = rejected || f.severity == reject
			warned = warned || f.severity != reject
		}
		key := uint64(0)
		if !rejected || c.keyed() {
			key = c.keyHash()
		}
		if len(c.found) > 0 {
			if err := c.report(out, raw, origin, i, line, key); err != nil {
				return nil, err
			}
		}
		if rejected {
			out.rejected++
			continue
		}
		if len(c.plan.vaulted) > 0 && c.state != asVoid {
			if err := c.vaulted(out, len(out.rows)); err != nil {
				return nil, err
			}
		}
		out.rows = append(out.rows, line)
		out.key = append(out.key, key)
		out.content = append(out.content, c.contentHash(out.columns))
		out.state = append(out.state, c.state)
		out.notes = append(out.notes, c.notes())
		out.warned = append(out.warned, warned)
		sealed := ""
		if c.state == asVoid {
			var err error
			if sealed, err = c.seal(raw, origin, i); err != nil {
				return nil, err
			}
		}
		out.sealed = append(out.sealed, sealed)
		for j, b := range out.columns {
			b.add(c.values[j])
		}
		if c.overlap != nil {
			out.periods = append(out.periods, c.period())
		}
	}
	return out, nil
}

// notes lists the codes of the findings on the row. Rows with the same single code share their list.
func (c *checker) notes() []string {
	switch len(c.found) {
	case 0:
		return nil
	case 1:
		code := c.found[0].code
		notes, ok := c.listed[code]
		if !ok {
			notes = []string{code}
			c.listed[code] = notes
		}
		return notes
	}
	var notes []string
	for _, f := range c.found {
		if !slices.Contains(notes, f.code) {
			notes = append(notes, f.code)
		}
	}
	return notes
}

// keyed reports whether the natural key of a rejected row could be read: no reject is about the whole row or
// about a field of the key.
func (c *checker) keyed() bool {
	return !slices.ContainsFunc(c.found, func(f finding) bool {
		return f.severity == reject && (f.field < 0 || c.plan.keyField[f.field])
	})
}

// report adds the findings of the row to out, its text sealed with rejects and warnings.
func (c *checker) report(out *checked, raw arrow.Record, origin []int, i int, line uint32, key uint64) error {
	sealed := ""
	for _, f := range c.found {
		if f.severity != note {
			var err error
			if sealed, err = c.seal(raw, origin, i); err != nil {
				return err
			}
			break
		}
	}
	for _, f := range c.found {
		if f.code == "employer_discovered" && f.severity == note {
			if c.told[f.value] {
				continue // once for each employer and batch
			}
			c.told[strings.Clone(f.value)] = true
		}
		if f.severity == reject {
			c.suggest(&f)
		}
		f.row, f.key = line, key
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
func (c *checker) seal(raw arrow.Record, origin []int, i int) (string, error) {
	if origin != nil {
		i = origin[i]
	}
	bits := raw.Column(colNumeric).(*array.Binary).Value(i)
	var cells []sealedCell
	for j := colCells; j < int(raw.NumCols()); j++ {
		text := raw.Column(j).(*array.String).Value(i)
		if text == "" || strings.HasPrefix(raw.ColumnName(j), returnMark) {
			continue
		}
		n := j - colCells
		cells = append(cells, sealedCell{
			Heading: raw.ColumnName(j), Column: n, Text: strings.ToValidUTF8(text, "\ufffd"), Number: n/8 < len(bits) && bits[n/8]&(1<<(n%8)) != 0,
		})
	}
	return c.plan.keyring.sealRow(cells)
}

// find records a finding on a field; the field -1 means the whole row.
func (c *checker) find(s severity, code string, field int, args map[string]string) {
	f := finding{severity: s, code: code, field: field, args: args}
	if field >= 0 {
		f.value = c.texts[field]
	}
	c.found = append(c.found, f)
}

// row converts and checks one row.
func (c *checker) row(rec arrow.Record, i int, flags uint8, bits []byte) {
	for i := range c.values {
		c.values[i] = &c.none
	}
	if flags&(badBytes|brokenQuote|brokenRecord) != 0 {
		c.broken(rec, i, flags)
		return
	}
	c.dates1904 = flags&dates1904 != 0
	if c.totals(rec, i) {
		c.find(reject, "totals_row", -1, nil)
		return
	}
	contract := c.plan.contract
	same, filled := 0, 0
	for j, cells := range c.cells {
		c.texts[j], c.numeric[j], c.read[j] = "", false, nil
		if cells == nil {
			continue
		}
		text := cells.Value(i)
		if text == "" {
			continue
		}
		if n := c.number[j]; n/8 < len(bits) {
			c.numeric[j] = bits[n/8]&(1<<(n%8)) != 0
		}
		if read := c.memo[j].find(c.seed, text); read != nil {
			text = read.text
			if !c.numeric[j] {
				c.read[j] = read
			}
		} else {
			text = clean(text)
		}
		if text == "" {
			continue
		}
		filled++
		if len(text) >= 18 && c.plan.stored[j] && manyDigits(text) {
			if scrubbed := c.scrub(text); scrubbed != text {
				text, c.read[j] = scrubbed, nil
			}
		}
		c.texts[j] = text
		if filled <= 4 && same == filled-1 && c.isHeading(text, j) {
			same++
		}
	}
	if same >= 3 && same >= min(filled, 4) {
		c.find(reject, "repeated_header", -1, nil)
		return
	}
	if flags&(tooLong|tooShort) != 0 {
		c.find(reject, "shifted_row", -1, nil)
		return
	}
	if filled <= 1 && !c.isRecord(rec, i) {
		c.find(reject, "not_a_record", -1, nil)
		return
	}
	if c.unitField >= 0 {
		c.texts[c.unitField] = c.unitText
	}
	for j := range contract.Fields {
		c.field(j)
	}
	for j := range c.plan.rules {
		c.derive(j)
	}
	if c.state == asVoid {
		c.found = slices.DeleteFunc(c.found, func(f finding) bool { return f.field < 0 || !c.plan.keyField[f.field] })
		return
	}
	rejected := slices.ContainsFunc(c.found, func(f finding) bool { return f.severity == reject })
	for j := range c.plan.compared {
		if check := &c.plan.compared[j]; !rejected || check.Severity == reject {
			c.compare(check)
		}
	}
	if c.shifted() {
		c.found = c.found[:0]
		c.find(reject, "shifted_row", -1, nil)
	}
}

// broken finds fault with a row whose bytes are no text or whose quotes or brackets do not match, and names the
// first cell that is.
func (c *checker) broken(rec arrow.Record, i int, flags uint8) {
	if flags&badBytes == 0 {
		code := "broken_record"
		if flags&brokenQuote != 0 {
			code = "broken_quote"
		}
		c.find(reject, code, -1, nil)
		return
	}
	for j := colCells; j < int(rec.NumCols()); j++ {
		text := rec.Column(j).(*array.String).Value(i)
		if !hasBadText([]byte(text)) {
			continue
		}
		column := j - colCells
		field := slices.Index(c.number, column)
		if field >= 0 {
			c.texts[field] = text
		}
		c.find(reject, "bad_bytes", field, map[string]string{"cell": columnLetters(column)})
		return
	}
	c.find(reject, "bad_bytes", -1, map[string]string{"cell": "-"}) // beyond the last heading
}

// headingUnits takes units from headings such as 剂量（μSv）, where no column of its own names the unit.
func (c *checker) headingUnits() {
	fields := c.plan.contract.Fields
	c.factor = make([]float64, len(fields))
	column := slices.IndexFunc(fields, func(f Field) bool { return f.Type == "unit" })
	c.unitField = -1
	for j := range fields {
		if t := fields[j].Type; t != "measure" && t != "number" || c.number[j] < 0 {
			continue
		}
		text := bracketed(c.title[j])
		name, factor := unit(text)
		switch {
		case text == "":
		case column < 0 && factor != 1:
			c.factor[j] = factor
		case column >= 0 && c.number[column] < 0 && c.unitField < 0 && fields[j].Type == "measure" && (isUnit(text) || name != text):
			c.unitField, c.unitText = column, text
		}
	}
}

// isRecord reports whether a row that fills one column at most is meant to be a record: under a header of many
// columns one or two texts are a note, a signature or the foot of a page.
func (c *checker) isRecord(rec arrow.Record, i int) bool {
	known := 0
	for _, cells := range c.cells {
		if cells != nil {
			known++
		}
	}
	filled := 0
	for j := colCells; j < int(rec.NumCols()); j++ {
		if clean(rec.Column(j).(*array.String).Value(i)) != "" {
			filled++
		}
	}
	return known < 5 || filled > 2
}

// date reads the date in the cell of a field.
func (c *checker) date(j int, text string) (date, bool) {
	if c.dates1904 && c.numeric[j] {
		if f, ok := plainNumber(text); ok && f < 100_000 {
			return serial(f + 1462)
		}
	}
	return parseDate(text, c.numeric[j])
}

// shifted reports a row whose values stand under the wrong headings: several fields of different kinds are
// faulty at once, or an identity number stands where a name should.
func (c *checker) shifted() bool {
	kinds, last := 0, -2
	for _, f := range c.found {
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

// isHeading reports whether the text of a field is the field's own heading.
func (c *checker) isHeading(text string, j int) bool {
	title := c.title[j]
	if len(text) >= 100 || title == "" {
		return false
	}
	a := text[0]
	if a >= 'A' && a <= 'Z' {
		a += 'a' - 'A'
	}
	if (digit(a) || a >= 'a' && a <= 'z') && (len(text) == 1 || text[1] < 0x80) && a != title[0] {
		return false // the heading would begin with it
	}
	return heading(text) == title
}

// totals reports a totals row: one of the first three filled cells says so.
func (c *checker) totals(rec arrow.Record, i int) bool {
	seen := 0
	for j := colCells; j < int(rec.NumCols()) && seen < 3; j++ {
		text := rec.Column(j).(*array.String).Value(i)
		if text == "" {
			continue
		}
		seen++
		if text[0] < 0x80 && text[0] > ' ' || len(text) > 60 || !strings.Contains(text, "计") {
			continue
		}
		key := fold(text)
		for _, word := range []string{"合计", "总计", "小计", "共计", "本页合计", "本页小计"} {
			if rest, ok := strings.CutPrefix(key, word); ok && utf8.RuneCountInString(rest) <= 8 {
				return true
			}
		}
	}
	return false
}

// field reads the cell of one field into its slots, or recalls what an equal cell was read as.
func (c *checker) field(j int) {
	read := c.read[j]
	if c.texts[j] == "" {
		read = &c.blank[j]
	}
	if read != nil && read.empty {
		return
	}
	slot, second := c.plan.primary[j], c.plan.second[j]
	fresh := !c.values[slot].set && (second < 0 || !c.values[second].set)
	if read != nil && read.done && fresh {
		c.values[slot] = &read.first
		if read.other != nil {
			c.values[second] = read.other
		}
		if len(read.found) > 0 {
			c.found = append(c.found, read.found...)
		}
		return
	}
	n, state := len(c.found), c.state
	v, other := c.fill(slot), (*value)(nil)
	if second >= 0 {
		other = c.fill(second)
	}
	c.readField(j, v, other)
	if read == nil || !fresh || c.state != state {
		return // a state is more than a value: it is read anew each time
	}
	read.done, read.first, read.found = true, *v, slices.Clone(c.found[n:])
	read.first.last()
	if other != nil && (other.set || other.num != 0) {
		kept := *other
		kept.last()
		read.other = &kept
	}
	read.empty = len(read.found) == 0 && read.other == nil && !v.set && v.num == 0 && v.list == nil && v.ids == nil && v.day == 0
}

// fill returns the value of a slot to be written.
func (c *checker) fill(slot int) *value {
	v := &c.own[slot]
	if old := c.values[slot]; old != v {
		*v = *old
		v.lasts, v.sum, v.number, v.twin = false, 0, 0, nil
		c.values[slot] = v
	}
	return v
}

// readField converts the cell of one field into its slots.
func (c *checker) readField(j int, v, second *value) {
	f := &c.plan.contract.Fields[j]
	text := c.texts[j]
	if missing(text) && !(text == "无" && (f.Type == "label" || f.Type == "bool" || f.Type == "packed")) {
		if f.Default == "" {
			if f.Required == "Y" && !c.plan.mapping.absent(f.Name) {
				c.find(reject, "required", j, nil)
			}
			return
		}
		text = f.Default
	}
	if code := formulaFault(text); code != "" {
		c.find(reject, code, j, nil)
		return
	}
	if flt := c.convert(f, j, text, v, second); flt.code != "" {
		c.find(flt.severity, flt.code, j, flt.args)
	}
}

// convert reads text as the type of the field into its first value and, for types of two parts, its second.
func (c *checker) convert(f *Field, j int, text string, v, second *value) fault {
	lists := c.plan.lists
	switch f.Type {
	case "text":
		if f.Check != "" {
			if flt := textForm(f.Check, text); flt.code != "" {
				v.setText(text)
				return flt
			}
		}
		if f.Use != "" {
			v.setText(text) // for checks that ask whether it is given
			return fault{}
		}
		if c.numeric[j] {
			text = half(text)
		}
		v.setText(text)
		return c.length(f, text)
	case "label":
		if personNumber(text, c.plan.today) {
			return fault{severity: reject, code: "number_in_text"}
		}
		v.setText(text)
		return c.length(f, text)
	case "result":
		v.setText(half(text))
		if n, ok := parseNumber(text); ok && second != nil {
			second.setNumber(n)
		}
		return c.length(f, text)
	case "words":
		v.setList(splitValues(text, func(string) bool { return false }))
	case "uscc", "id_no", "packed":
		v.setText(text)
	case "conclusion":
		v.setText(text)
	case "code":
		code, ok := f.words[text]
		if !ok {
			code, ok = f.words[fold(text)]
		}
		if !ok {
			if i := strings.IndexAny(text, " -."); i > 0 { // "1 男", "2E-介入放射学"
				if code, ok = f.words[fold(text[:i])]; !ok {
					code, ok = f.words[fold(text[i+1:])]
				}
			}
		}
		switch {
		case ok:
			v.setText(code)
		case f.Unknown == "keep":
			v.setText(text)
		default:
			return fault{severity: severity(f.Unknown), code: "unknown_code"}
		}
	case "state":
		code, ok := f.words[fold(text)]
		if !ok {
			return fault{severity: reject, code: "unknown_code"}
		}
		switch code {
		case "void":
			c.state = asVoid
		case "correct":
			c.state = max(c.state, asCorrection)
		}
	case "bool":
		b, ok := parseBool(text)
		if !ok {
			return fault{severity: reject, code: "unknown_code"}
		}
		v.setBool(b)
	case "int", "number":
		n, ok := parseNumber(text)
		if !ok || f.Type == "int" && n != float64(int64(n)) {
			return fault{severity: reject, code: "not_a_number"}
		}
		if k := c.factor[j]; k != 0 {
			n = scaled(n, k)
		}
		v.setNumber(n)
		return inRange(f, n)
	case "years", "months":
		n, ok := parseMonths(text, f.Type == "years")
		if !ok {
			if _, number := parseNumber(text); number {
				return fault{severity: reject, code: "out_of_range", args: map[string]string{"min": "0", "max": "80"}}
			}
			return fault{severity: reject, code: "not_a_number"}
		}
		v.setNumber(n)
	case "date":
		d, ok := c.date(j, text)
		if !ok {
			return fault{severity: reject, code: "date_invalid"}
		}
		if d.day > c.plan.today && !f.Future {
			return fault{severity: reject, code: "date_future"}
		}
		v.setDate(d)
		if second != nil {
			second.setBool(d.month)
		}
	case "month":
		d, ok := c.date(j, text)
		if !ok {
			return fault{severity: reject, code: "date_invalid"}
		}
		t := timeOf(d.day)
		first, _ := civil(t.Year(), int(t.Month()), 1)
		if first > c.plan.today && !f.Future {
			return fault{severity: reject, code: "date_future"}
		}
		v.setDate(date{day: first})
	case "measure":
		m, ok := parseMeasure(text)
		if !ok {
			return fault{severity: reject, code: "not_a_number"}
		}
		if k := c.factor[j]; k != 0 {
			m.value, m.bound = scaled(m.value, k), scaled(m.bound, k)
		}
		if m.hasValue {
			v.setNumber(m.value)
			if flt := inRange(f, m.value); flt.code != "" {
				return flt
			}
		}
		v.list = nil
		if second != nil {
			second.setText(m.qualifier)
			second.num = m.bound
		}
	case "unit":
		name, factor := unit(text)
		v.setText(name)
		v.num = factor
		if !knownUnit(name) {
			return fault{severity: warn, code: "unit_unknown"}
		}
	case "hazard":
		if second != nil {
			second.setText(text)
		}
		ids, _ := lists.hazard(text)
		if len(ids) != 1 {
			return fault{severity: warn, code: "hazard_review"}
		}
		v.setText(ids[0])
	case "hazards":
		p := c.hazards(text)
		v.setList(p.ids)
		for _, word := range p.open {
			if second != nil && !slices.Contains(second.list, word) {
				second.setList(append(slices.Clip(second.list), word))
			}
		}
		if len(p.open) > 0 {
			return fault{severity: warn, code: "hazard_review", args: map[string]string{"words": strings.Join(p.open, "、")}}
		}
		if len(p.ids) == 0 && f.Required == "Y" {
			return fault{severity: reject, code: "required"}
		}
	case "disease":
		if second != nil {
			second.setText(text)
		}
		id := lists.disease(text)
		if id == "" {
			return fault{severity: warn, code: "disease_review"}
		}
		v.setText(id)
	case "township":
		if second != nil {
			second.setText(text)
		}
		code := lists.township(text)
		if code == "" {
			return fault{severity: warn, code: "township_unassigned"}
		}
		if lists.outside[code] {
			if lists.moved(text, code) {
				code = ""
			}
			v.setText(code)
			return fault{severity: warn, code: "township_moved"}
		}
		v.setText(code)
	case "industry":
		code := lists.industry(text)
		if code == "" {
			return fault{severity: warn, code: "unknown_code"}
		}
		v.setText(code)
	case "name":
		v.setID(c.names.named(text))
	case "names":
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",，、;；/|\n", r) }) {
			if part = strings.TrimSpace(part); part != "" {
				v.ids = append(v.ids, c.names.named(part))
			}
		}
		v.set = len(v.ids) > 0
	}
	return fault{}
}

// length checks the length of a text against the limits of its field.
func (c *checker) length(f *Field, text string) fault {
	if f.Min == nil && f.Max == nil {
		return fault{}
	}
	return inRange(f, float64(utf8.RuneCountInString(text)))
}

func inRange(f *Field, n float64) fault {
	if (f.Min == nil || n >= *f.Min) && (f.Max == nil || n <= *f.Max) && (f.Below == nil || n < *f.Below) {
		return fault{}
	}
	args := map[string]string{"min": "-∞", "max": "∞"}
	if f.Min != nil {
		args["min"] = strconv.FormatFloat(*f.Min, 'f', -1, 64)
	}
	if f.Max != nil {
		args["max"] = strconv.FormatFloat(*f.Max, 'f', -1, 64)
	}
	if f.Below != nil {
		args["max"] = strconv.FormatFloat(*f.Below, 'f', -1, 64)
	}
	return fault{severity: reject, code: "out_of_range", args: args}
}

// personNumber reports a text that is or holds the identity number of a person.
func personNumber(s string, today int32) bool { return len(findNumbers(s, today)) > 0 }

// hazards reads a cell with hazard words. Readings are remembered: cells repeat.
func (c *checker) hazards(text string) parsedHazards {
	if p, ok := c.parsed[text]; ok {
		return p
	}
	var p parsedHazards
	lists := c.plan.lists
	for _, word := range splitValues(text, func(s string) bool { _, known := lists.listed(s); return known }) {
		if missing(word) {
			continue
		}
		ids, _ := lists.hazard(word)
		if len(ids) == 0 {
			p.open = append(p.open, word)
		}
		for _, id := range ids {
			if !slices.Contains(p.ids, id) {
				p.ids = append(p.ids, id)
			}
		}
	}
	if len(c.parsed) < 50_000 {
		c.parsed[strings.Clone(text)] = p
	}
	return p
}

// keyHash is the hash of the natural key: xxhash64 of its normalised parts, separated by 0x1f.
func (c *checker) keyHash() uint64 {
	b := c.buf[:0]
	for _, alternatives := range c.plan.keys {
		for _, slot := range alternatives {
			v := c.values[slot]
			if !v.set {
				continue
			}
			switch {
			case v.text != "":
				b = appendKey(b, v.text)
			case v.day != 0 || c.plan.kind[slot] == kindDate:
				b = strconv.AppendInt(b, int64(v.day), 10)
				if v.month {
					b = append(b, 'm')
				}
			case c.plan.kind[slot] == kindID:
				b = append(b, v.id[:]...)
			default:
				b = strconv.AppendFloat(b, v.num, 'g', -1, 64)
			}
			break
		}
		b = append(b, 0x1f)
	}
	c.buf = b
	return xxhash.Sum64(b)
}

// appendKey appends a text as keys are compared: folded, in upper case.
func appendKey(b []byte, s string) []byte {
	from := len(b)
	for i := range len(s) {
		a := s[i]
		switch {
		case a >= 0x80 || a <= ' ':
			return append(b[:from], strings.ToUpper(fold(s))...)
		case a >= 'a' && a <= 'z':
			a -= 'a' - 'A'
		}
		b = append(b, a)
	}
	return b
}

// contentHash is the hash of everything that is stored of the row, in contract order. Where the contract keeps direct
// identifiers in the vault, the lower half is the hash of these, 0 when none was sent.
func (c *checker) contentHash(columns []builder) uint64 {
	b := c.buf[:0]
	for j, column := range columns {
		v := c.values[j]
		sum := v.sum
		if sum == 0 {
			sum = column.sum(v)
			if v.lasts {
				v.sum = sum
			}
		}
		b = binary.LittleEndian.AppendUint64(b, sum)
	}
	stored := xxhash.Sum64(b)
	c.buf = b
	if len(c.plan.vaulted) == 0 {
		return stored
	}
	b, sent := b[:0], false
	for _, j := range c.plan.vaulted {
		if text := c.identifier(j); text != "" {
			id := c.names.person("vault:" + text)
			b, sent = append(b, id[:]...), true
		}
		b = append(b, 0x1f)
	}
	c.buf = b
	if !sent {
		return stored &^ math.MaxUint32
	}
	return stored&^math.MaxUint32 | max(1, xxhash.Sum64(b)&math.MaxUint32) // 0 says that none was sent
}

// sameContent reports whether a row says what is stored already. Direct identifiers that were not sent, as in an
// export that comes back, take nothing back.
func (p *plan) sameContent(stored, sent uint64) bool {
	return stored == sent || len(p.vaulted) > 0 && sent&math.MaxUint32 == 0 && stored>>32 == sent>>32
}

// period is the time that the row covers for its subject.
func (c *checker) period() period {
	fields := c.overlap.Fields
	b := append(c.buf[:0], c.values[c.plan.slot("employer_key")].text...)
	for _, name := range fields[2:] {
		b = append(append(b, 0x1f), c.values[c.plan.slot(name)].text...)
	}
	c.buf = b
	return period{xxhash.Sum64(b), c.values[c.plan.slot(fields[0])].day, c.values[c.plan.slot(fields[1])].day}
}
