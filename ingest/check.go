package ingest

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

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
	notes    *notes
	warned   []bool
	sealed   map[int]string // voids as sent, sealed: they may still turn out to have nothing to void
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
	o.notes = newNotes(n)
	if periods {
		o.periods = make([]period, 0, n)
	}
}

// blockRows is how many rows a checker takes through a stage before the next one begins.
const blockRows = 512

// checker converts and checks rows. It takes a block of them from stage to stage: the cells of each field are looked
// up, each field is converted, each rule applied, each check made, for all rows before the next one, so that what a
// stage needs is at hand. Each goroutine needs its own.
type checker struct {
	plan   *plan
	names  *pseudonyms
	number []int    // column of each field in the sheet, -1 when the file has none
	titles []string // the sender's headings
	title  []string // the heading of each field as headings are compared

	sent // the record at hand

	// The block at hand, a slice over its rows each.
	n       int          // rows in it
	i       int          // the row that a stage is at
	reads   [][]*reading // of each field's cell; nil when the cell does not repeat
	texts   [][]string   // of each field's cell that has no reading, cleaned
	values  [][]*value   // of each slot, to be read; nil for nothing. fill gives one to be written
	own     [][]value    // of each slot, written for the row
	found   [][]finding
	state   []uint8
	fate    []fate
	filled  []uint16 // cells with a text
	titled  []uint16 // cells that repeat the heading of their column, of the first ones
	none    value    // nothing
	key     []uint64 // of the accepted rows
	rows    []int32  // the accepted rows
	sums    []uint64 // and the hashes of what is stored of them
	buf     []byte
	sealing sealing

	memo    []readings // of each column
	blank   []reading  // of each field's empty cell
	seed    maphash.Seed
	rules   []recollection // of each rule of the contract
	parsed  map[string]parsedHazards
	overlap *Check
	words   []*words        // of each column of the warehouse
	codes   []string        // of notes
	told    map[string]bool // employers noted as discovered

	factor []float64 // of each field whose heading names a unit that is not the warehouse's; 0 for the others
}

// sent is a record of rows as it was sent and, with a mapping, as it was mapped; else both are the same.
type sent struct {
	raw     arrow.Record
	rec     arrow.Record
	origin  []int // row of raw that each row of rec comes from; nil: the same
	base    int   // first row of the block
	lines   *array.Uint32
	flags   *array.Uint8
	numbers *array.Binary   // which cells are numbers in a spreadsheet
	cells   []*array.String // cell column of each field, nil when the file has none
}

// fate is how far a row goes.
type fate uint8

const (
	alive   fate = iota
	example      // an example of the template: not counted
	ended        // a reject of the whole row: no more is said of it
)

// parsedHazards is the reading of one cell with hazard words.
type parsedHazards struct{ ids, open []string }

func newChecker(p *plan, h header) *checker {
	fields := len(p.contract.Fields)
	c := &checker{
		plan: p, names: p.keyring.pseudonyms(), number: h.columns, titles: h.names, title: make([]string, fields),
		sent:  sent{cells: make([]*array.String, fields)},
		reads: make([][]*reading, fields), texts: make([][]string, fields),
		values: make([][]*value, p.slots), own: make([][]value, p.slots),
		found: make([][]finding, blockRows), state: make([]uint8, blockRows), fate: make([]fate, blockRows),
		filled: make([]uint16, blockRows), titled: make([]uint16, blockRows), sums: make([]uint64, blockRows),
		memo: make([]readings, fields), blank: make([]reading, fields), seed: maphash.MakeSeed(),
		rules: make([]recollection, len(p.rules)), parsed: map[string]parsedHazards{},
		told: map[string]bool{},
	}
	for j := range fields {
		c.reads[j], c.texts[j] = make([]*reading, blockRows), make([]string, blockRows)
	}
	for j := range p.slots {
		c.values[j] = make([]*value, blockRows)
	}
	for _, typ := range p.types {
		var w *words
		if strings.Contains(typ, "LowCardinality") {
			w = newWords()
		}
		c.words = append(c.words, w)
	}
	for j, column := range h.columns {
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
	c.rec, c.raw, c.origin = rec, raw, origin
	c.lines, c.flags = rec.Column(colRow).(*array.Uint32), rec.Column(colFlags).(*array.Uint8)
	c.numbers = rec.Column(colNumeric).(*array.Binary)
	for i, col := range c.number {
		c.cells[i] = nil
		if col >= 0 {
			c.cells[i] = rec.Column(colCells + col).(*array.String)
		}
	}
	rows := out.read
	for c.base = 0; c.base < rows; c.base += c.n {
		c.n = min(blockRows, rows-c.base)
		c.stages()
		if err := c.collect(out); err != nil {
			return nil, err
		}
	}
	clear(c.cells)
	c.sent = sent{cells: c.cells} // the record can go
	return out, nil
}

// stages takes the rows of the block through everything that is done with each of them.
func (c *checker) stages() {
	for _, values := range c.values {
		clear(values[:c.n])
	}
	clear(c.state[:c.n])
	clear(c.fate[:c.n])
	c.readRows()
	for j := range c.plan.contract.Fields {
		c.field(j)
	}
	for j := range c.plan.rules {
		for c.i = 0; c.i < c.n; c.i++ {
			if c.fate[c.i] == alive {
				c.derive(j)
			}
		}
	}
	compared := c.rows[:0] // rows that are compared, those with a reject last
	for c.i = range c.n {
		switch {
		case c.fate[c.i] != alive:
		case c.state[c.i] == asVoid:
			c.drop(func(f finding) bool { return f.field < 0 || !c.plan.keyField[f.field] })
		case !c.rejected():
			compared = append(compared, int32(c.i))
		}
	}
	passed := len(compared)
	for i := range c.n {
		if c.i = i; c.fate[i] == alive && c.state[i] != asVoid && c.rejected() {
			compared = append(compared, int32(i))
		}
	}
	c.rows = compared
	for j := range c.plan.compared {
		check := &c.plan.compared[j]
		rows := compared
		if check.Severity != reject {
			rows = rows[:passed]
		}
		for _, i := range rows {
			c.i = int(i)
			c.compare(check)
		}
	}
	for _, i := range compared {
		if c.i = int(i); len(c.found[i]) > 0 && c.shifted() {
			c.found[i] = c.found[i][:0]
			c.find(reject, "shifted_row", -1, nil)
		}
	}
	for c.i = range c.n {
		if c.fate[c.i] != example {
			c.openNames()
		}
	}
}

// collect adds the findings of the block and its accepted rows to out.
func (c *checker) collect(out *checked) error {
	c.rows, c.key = c.rows[:0], c.key[:0]
	for i := range c.n {
		if c.fate[i] == example {
			out.read--
			continue
		}
		c.i = i
		if c.flags.Value(c.base+i)&badBytes != 0 {
			out.spoilt.add(c.raw, c.origin, c.base+i)
		}
		rejected, warned := false, false
		for k := range c.found[i] {
			rejected = rejected || c.found[i][k].severity == reject
			warned = warned || c.found[i][k].severity != reject
		}
		key := uint64(0)
		if !rejected || c.keyed() {
			key = c.keyHash()
		}
		if len(c.found[i]) > 0 {
			if err := c.report(out, key); err != nil {
				return err
			}
		}
		if rejected {
			out.rejected++
			continue
		}
		if len(c.plan.vaulted) > 0 && c.state[i] != asVoid {
			if err := c.vaulted(out, len(out.rows)); err != nil {
				return err
			}
		}
		c.rows = append(c.rows, int32(i))
		out.rows = append(out.rows, c.lines.Value(c.base+i))
		out.key = append(out.key, key)
		out.state = append(out.state, c.state[i])
		out.notes.add(c.notes())
		out.warned = append(out.warned, warned)
		if c.state[i] == asVoid {
			sealed, err := c.seal()
			if err != nil {
				return err
			}
			if out.sealed == nil {
				out.sealed = map[int]string{}
			}
			out.sealed[len(out.rows)-1] = sealed
		}
		if c.overlap != nil {
			out.periods = append(out.periods, c.period())
		}
	}
	for j, column := range out.columns {
		values := c.values[j]
		for _, i := range c.rows {
			v := values[i]
			if v == nil {
				v = &c.none
			}
			column.add(v)
		}
	}
	out.content = c.content(out.content, out.columns)
	return nil
}

// rejected reports whether the row was found to be rejected so far.
func (c *checker) rejected() bool {
	for i := range c.found[c.i] {
		if c.found[c.i][i].severity == reject {
			return true
		}
	}
	return false
}

// text is the text of a field in the row, cleaned.
func (c *checker) text(field int) string {
	if r := c.reads[field][c.i]; r != nil {
		return r.text
	}
	return c.texts[field][c.i]
}

// isNumber reports whether the cell of a field is a number in a spreadsheet.
func (c *checker) isNumber(field int) bool { return c.numeric(field, c.i) }

func (c *checker) numeric(field, i int) bool {
	bits, n := c.numbers.Value(c.base+i), c.number[field]
	return n >= 0 && n/8 < len(bits) && bits[n/8]&(1<<(n%8)) != 0
}

// value is the value of a slot in the row, to be read.
func (c *checker) value(slot int) *value {
	if v := c.values[slot][c.i]; v != nil {
		return v
	}
	return &c.none
}

// fill returns the value of a slot in the row, to be written.
func (c *checker) fill(slot int) *value {
	if c.own[slot] == nil {
		c.own[slot] = make([]value, blockRows)
	}
	v, old := &c.own[slot][c.i], c.values[slot][c.i]
	switch old {
	case v:
	case nil:
		*v = value{}
	default:
		*v = *old
		v.lasts, v.sum, v.number, v.numbers, v.twin = false, 0, 0, nil, nil
	}
	c.values[slot][c.i] = v
	return v
}

// same fills a slot with the text of another one.
func (c *checker) same(from, to int) {
	v := c.value(from)
	switch {
	case !v.lasts || v.text == "":
		c.fill(to).setText(v.text)
	case v.twin == nil:
		v.twin = &value{set: true, text: v.text}
		v.twin.last()
		fallthrough
	default:
		c.values[to][c.i] = v.twin
	}
}

// drop takes findings of the row back.
func (c *checker) drop(which func(finding) bool) {
	c.found[c.i] = slices.DeleteFunc(c.found[c.i], which)
}
