package ingest

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
)

//go:embed contracts/*.yaml
var contractFiles embed.FS

// Contract is the record layout of one stream. It alone drives how files of the stream are recognised, read,
// checked and stored.
type Contract struct {
	Stream  string   `yaml:"stream"`  // name of the stream, as on the command line
	Version int      `yaml:"version"` // rises when the meaning of a field changes
	Title   Title    `yaml:"title"`
	Table   string   `yaml:"table"` // table of the warehouse
	Key     []string `yaml:"key"`   // columns of the natural key; "a|b" takes b where a is empty
	Fields  []Field  `yaml:"fields"`
	Derive  []Rule   `yaml:"derive"`
	Checks  []Check  `yaml:"checks"`

	// Event is the date field that says when what a row tells of happened, Reported the one that says when its paper was
	// issued. Lateness is counted from them; a stream may have neither.
	Event    string `yaml:"event"`
	Reported string `yaml:"reported"`

	byName map[string]int
	known  headings
}

// Title is a name in both languages.
type Title struct {
	Zh string `yaml:"zh"`
	En string `yaml:"en"`
}

// Field is one field of a contract: a column of the sender's file.
type Field struct {
	Name     string              `yaml:"name"`
	Headers  []string            `yaml:"headers"`  // Chinese headings, the usual one first; the name is a heading too
	Type     string              `yaml:"type"`     // one of the types of convert
	Required string              `yaml:"required"` // Y, C (under a condition that a rule knows) or N
	To       []string            `yaml:"to"`       // columns of the warehouse, as many as the type has parts
	List     string              `yaml:"list"`     // reference code list
	Codes    map[string][]string `yaml:"codes"`    // code → words for it, in addition to the list
	Unknown  string              `yaml:"unknown"`  // what a word that is not on the list leads to: reject, warn (left empty) or keep (stored as sent; told when severity gives unknown_code one)
	Default  string              `yaml:"default"`  // read where the cell is blank or the column is missing
	Min      *float64            `yaml:"min"`      // smallest value, or shortest length of a text
	Max      *float64            `yaml:"max"`      // largest value, or longest length of a text
	Below    *float64            `yaml:"below"`    // values from here on are too large
	Future   bool                `yaml:"future"`   // the date may lie in the future
	Severity map[string]severity `yaml:"severity"` // of the checks on the field, by code, where it is not the usual one
	Use      string              `yaml:"use"`      // drop: checked but not stored; vault: kept encrypted, apart from the rows
	Check    string              `yaml:"check"`    // form of a text: phone, or names (two or more)
	PII      int                 `yaml:"pii"`      // 0 none, 1 contact of an organisation, 2 indirect, 3 direct identifier, 4 health
	Example  string              `yaml:"example"`

	words map[string]string // folded word → code
}

// Rule computes columns from several fields.
type Rule struct {
	Rule   string   `yaml:"rule"`
	From   []string `yaml:"from"`
	To     []string `yaml:"to"`
	None   []string `yaml:"none"`   // words that mean that there is nothing
	Roster bool     `yaml:"roster"` // rows of the stream are the roster itself
	Max    float64  `yaml:"max"`
}

// Personal reports whether the warehouse keeps the field's value in a form that names nobody, so that the
// value itself must not be shown.
func (f *Field) Personal() bool {
	switch f.Type {
	case "id_no", "name", "names":
		return true
	}
	return f.Use == "vault" || f.Use == "drop" && f.PII > 0
}

// Heading is the heading that a sender would use.
func (f *Field) Heading() string {
	if len(f.Headers) > 0 {
		return f.Headers[0]
	}
	return f.Name
}

// Field returns the field of that name, nil when there is none.
func (c *Contract) Field(name string) *Field {
	if i, ok := c.byName[name]; ok {
		return &c.Fields[i]
	}
	return nil
}

// Name is the contract with its version, as recorded with each batch.
func (c *Contract) Name() string { return fmt.Sprintf("%s/%d", c.Stream, c.Version) }

// columns returns the columns of the warehouse that the contract fills, in contract order.
func (c *Contract) columns() []string {
	var columns []string
	add := func(names []string) {
		for _, name := range names {
			if name != "" && !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	for _, f := range c.Fields {
		add(f.To)
	}
	for _, r := range c.Derive {
		add(r.To)
	}
	return columns
}

// Contracts returns the contracts that are part of the program and those in the folder contracts of further
// file systems, sorted by stream. A stream has one contract.
func Contracts(extra ...fs.FS) ([]*Contract, error) {
	reference, err := embeddedLists()
	if err != nil {
		return nil, err
	}
	sub, err := fs.Sub(contractFiles, "contracts")
	if err != nil {
		return nil, fmt.Errorf("read contracts: %w", err)
	}
	contracts, err := readContracts(sub, reference)
	if err != nil {
		return nil, err
	}
	for _, fsys := range extra {
		sub, err := fs.Sub(fsys, "contracts")
		if err != nil {
			return nil, fmt.Errorf("read contracts: %w", err)
		}
		more, err := readContracts(sub, reference)
		if err != nil {
			return nil, err
		}
		contracts = append(contracts, more...)
	}
	slices.SortStableFunc(contracts, func(a, b *Contract) int { return strings.Compare(a.Stream, b.Stream) })
	for i := 1; i < len(contracts); i++ {
		if contracts[i].Stream == contracts[i-1].Stream {
			return nil, fmt.Errorf("read contracts: stream %s has two", contracts[i].Stream)
		}
	}
	return contracts, nil
}

// readContracts reads and validates every contract at the root of fsys.
func readContracts(fsys fs.FS, reference *lists) ([]*Contract, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read contracts: %w", err)
	}
	var contracts []*Contract
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read contract %s: %w", name, err)
		}
		c := new(Contract)
		if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read contract %s: %w", name, err)
		}
		if err := c.prepare(reference); err != nil {
			return nil, fmt.Errorf("read contract %s: %w", name, err)
		}
		contracts = append(contracts, c)
	}
	slices.SortFunc(contracts, func(a, b *Contract) int { return strings.Compare(a.Stream, b.Stream) })
	return contracts, nil
}

// parts is how many columns of the warehouse each type of field may fill.
var parts = map[string]int{
	"text": 1, "label": 1, "result": 2, "words": 1, "code": 1, "bool": 1, "int": 1, "number": 1, "date": 2, "month": 1,
	"measure": 2, "unit": 1, "hazard": 2, "hazards": 2, "disease": 2, "township": 2, "industry": 1,
	"name": 1, "names": 1, "uscc": 0, "id_no": 0, "state": 0, "years": 0, "months": 0, "conclusion": 0, "packed": 0,
}

// rules is how many fields each rule reads and how many columns it fills.
var rules = map[string][2]int{
	"employer": {2, 1}, "using_employer": {2, 1}, "person": {4, 1}, "months": {2, 1}, "conclusions": {6, 5},
	"measured": {7, 3}, "dose": {5, 4}, "size_class": {2, 1}, "card_state": {2, 1}, "catalogue": {4, 1}, "stand_in": {8, 1},
}

// prepare validates the contract and makes it ready for use.
func (c *Contract) prepare(reference *lists) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Stream == "" || c.Version < 1 || c.Table == "" || c.Title.Zh == "" || c.Title.En == "" {
		bad("stream, version, title and table must be given")
	}
	c.byName = make(map[string]int, len(c.Fields))
	headings := map[string]string{}
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Required == "" {
			f.Required = "N"
		}
		if _, twice := c.byName[f.Name]; twice || f.Name == "" {
			bad("field %q: empty or twice", f.Name)
		}
		c.byName[f.Name] = i
		for _, h := range append([]string{f.Name}, f.Headers...) {
			key := heading(h)
			if other, taken := headings[key]; taken && other != f.Name {
				bad("field %s: heading %q belongs to %s already", f.Name, h, other)
			}
			headings[key] = f.Name
		}
		n, known := parts[f.Type]
		if !known {
			bad("field %s: unknown type %q", f.Name, f.Type)
		}
		if len(f.To) > n {
			bad("field %s: type %s fills at most %d columns", f.Name, f.Type, n)
		}
		if !slices.Contains([]string{"Y", "C", "N"}, f.Required) {
			bad("field %s: required %q: want Y, C or N", f.Name, f.Required)
		}
		if !slices.Contains([]string{"", "reject", "warn", "keep"}, f.Unknown) {
			bad("field %s: unknown %q: want reject, warn or keep", f.Name, f.Unknown)
		}
		if !slices.Contains([]string{"", "drop", "vault"}, f.Use) || f.Use != "" && len(f.To) > 0 {
			bad("field %s: use %q: want drop or vault, without columns", f.Name, f.Use)
		}
		if !slices.Contains([]string{"", "phone", "names"}, f.Check) || f.Check != "" && f.Type != "text" {
			bad("field %s: check %q: want phone or names, of a text", f.Name, f.Check)
		}
		if err := f.prepare(reference); err != nil {
			errs = append(errs, err)
		}
	}
	c.known = c.headings()
	for _, r := range c.Derive {
		want, known := rules[r.Rule]
		switch {
		case !known:
			bad("rule %q: unknown", r.Rule)
		case len(r.From) > want[0] || len(r.To) != want[1]:
			bad("rule %s: reads %d fields and fills %d columns", r.Rule, want[0], want[1])
		}
		for _, name := range r.From {
			if name != "" && c.Field(name) == nil {
				bad("rule %s: no field %q", r.Rule, name)
			}
		}
	}
	for _, name := range []string{c.Event, c.Reported} {
		if f := c.Field(name); name != "" && (f == nil || len(f.To) == 0 || f.Type != "date" && f.Type != "month") {
			bad("event or reported %q: want a date field that fills a column", name)
		}
	}
	columns := c.columns()
	for i := range c.Checks {
		if err := c.Checks[i].prepare(c, columns); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, c.checkSeverities()...)
	if slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Use == "vault" }) && !slices.Contains(columns, "person_key") {
		bad("a field goes to the vault, and there is no person_key that it would belong to")
	}
	if len(c.Key) == 0 {
		bad("no natural key")
	}
	for _, key := range c.Key {
		for name := range strings.SplitSeq(key, "|") {
			if !slices.Contains(columns, name) {
				bad("key: no column %q", name)
			}
		}
	}
	return errors.Join(errs...)
}

// prepare gathers the words of a code field.
func (f *Field) prepare(reference *lists) error {
	codes := f.Codes
	switch f.Type {
	case "code":
		if f.Unknown == "" {
			return fmt.Errorf("field %s: what an unknown code leads to must be given", f.Name)
		}
	case "conclusion":
		f.List = "exam_conclusions"
	case "state":
		codes = map[string][]string{"new": {"新增", "新建", "正常", "有效"}, "correct": {"修改", "订正", "更正", "变更"}, "void": {"作废", "删除", "撤销"}}
	default:
		return nil
	}
	f.words = map[string]string{}
	if f.List != "" {
		list, ok := reference.codes[f.List]
		if !ok {
			return fmt.Errorf("field %s: no code list %q", f.Name, f.List)
		}
		for word, code := range list {
			f.words[word] = code
		}
	}
	for code, words := range codes {
		f.words[fold(code)] = code
		for _, word := range words {
			if other, taken := f.words[fold(word)]; taken && other != code {
				return fmt.Errorf("field %s: word %q means %s already", f.Name, word, other)
			}
			f.words[fold(word)] = code
		}
	}
	return nil
}

// Choices returns the words of a code field to choose from: the first word of each code, sorted by code.
func (f *Field) Choices() []string {
	seen := map[string]bool{}
	var choices []string
	for _, code := range f.words {
		if !seen[code] {
			seen[code] = true
			choices = append(choices, code)
		}
	}
	slices.Sort(choices)
	for i, code := range choices {
		if words := f.Codes[code]; len(words) > 0 {
			choices[i] = words[0]
			continue
		}
		if strings.ContainsFunc(code, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			continue // the code is its own word
		}
		best := ""
		for word, c := range f.words {
			if c == code && word != fold(code) && (best == "" || len(word) > len(best) || len(word) == len(best) && word < best) {
				best = word
			}
		}
		if best != "" {
			choices[i] = best
		}
	}
	return choices
}

// Kind is the kind of a field as a sender sees it: text, date, month, number, measure, code, bool, id or
// hazards.
func (f *Field) Kind() string {
	switch f.Type {
	case "date", "month", "measure", "code", "bool", "hazards":
		return f.Type
	case "conclusion", "state":
		return "code"
	case "int", "number", "years", "months":
		return "number"
	case "id_no", "uscc":
		return "id"
	}
	return "text"
}
