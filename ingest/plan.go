package ingest

import (
	"fmt"
	"slices"
	"strings"
)

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

	conclusions span // days on which every conclusion of the list is valid
}

// Kinds of columns that keys tell apart.
const (
	kindDate uint8 = 1 + iota
	kindID
)

// newPlan prepares a contract; types gives the ClickHouse type of each column of its table.
func newPlan(c *Contract, types map[string]string, lists *lists, roster *roster, keyring *keys, today int32) (*plan, error) {
	if err := c.emptiable(types); err != nil {
		return nil, err
	}
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
						if i, ok := c.byName[from]; ok && (r.Rule == "employer" || r.Rule == "person" || r.Rule == "stand_in") {
							p.keyField[i] = p.keyField[i] || r.Rule == "stand_in" || c.Fields[i].Type != "code" && c.Fields[i].Type != "date"
						}
					}
				}
			}
		}
		p.keys = append(p.keys, alternatives)
	}
	p.compared = p.comparisons()
	p.conclusions = lists.always("exam_conclusions")
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
