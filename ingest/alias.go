package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// Kinds of names that wait for review.
const (
	KindHazard      = "hazard"
	KindDisease     = "disease"
	KindTownship    = "township"
	KindIndustry    = "industry"
	KindEmployer    = "employer"
	KindInstitution = "institution"
)

// Kinds are all kinds of names in the order in which they are listed.
var Kinds = []string{KindHazard, KindDisease, KindTownship, KindIndustry, KindEmployer, KindInstitution}

// openPrefix stands before a name in a code column while nobody has decided what it stands for. The rows keep
// it for good: it is what the sender said. Decisions are applied where rows are read (models/stg_alias.sql), so
// that they hold for rows of any age, can be undone, and never change a natural key.
const openPrefix = "name:"

// Actions of a decision.
const (
	actionCode   = "code"   // the name stands for a code
	actionNew    = "new"    // the name is right and on no list
	actionIgnore = "ignore" // the name says nothing
	actionUndo   = "undo"   // the decision before no longer holds
)

// Decision is what somebody decided about a name.
type Decision struct {
	ID     uint64 `ch:"id" json:"decision"`
	Kind   string `ch:"kind" json:"kind"`
	Sender string `ch:"sender" json:"sender"`
	Name   string `ch:"name" json:"name"`
	Action string `ch:"action" json:"action"`
	Code   string `ch:"code" json:"code"`
	By     string `ch:"by" json:"by"`
	At     string `ch:"at" json:"at"` // RFC 3339, UTC
	Reason string `ch:"reason" json:"reason"`
}

// decisions are those in force, by kind, sender and name.
type decisions map[[3]string]Decision

// readDecisions reads the decisions in force.
func readDecisions(ctx context.Context, db *warehouse.DB) (decisions, error) {
	var found []Decision
	if err := db.Select(ctx, &found, "review_decisions"); err != nil {
		return nil, fmt.Errorf("read decisions on names: %w", err)
	}
	d := make(decisions, len(found))
	for _, f := range found {
		d[[3]string{f.Kind, f.Sender, f.Name}] = f
	}
	return d, nil
}

// of returns the decision on a name in a sender's files: his own before that for everybody.
func (d decisions) of(kind, sender, name string) (Decision, bool) {
	if sender != "" {
		if found, ok := d[[3]string{kind, sender, name}]; ok {
			return found, true
		}
	}
	found, ok := d[[3]string{kind, "", name}]
	return found, ok
}

// decided are the names that a load need not ask about any more, by kind. The zero value knows none.
type decided map[[2]string]bool

// settled reduces decisions to those that hold for a sender.
func (d decisions) settled(sender string) decided {
	s := decided{}
	for key := range d {
		if key[1] == "" || key[1] == sender {
			s[[2]string{key[0], key[2]}] = true
		}
	}
	return s
}

// nameKey is the form in which a name is kept and decided on.
func nameKey(name string) string { return fold(name) }

// reviewCodes are the findings that a decision on a name settles.
var reviewCodes = map[string]string{
	"hazard_review": KindHazard, "disease_review": KindDisease, "township_unassigned": KindTownship, "township_moved": KindTownship,
	"unknown_code": KindIndustry,
}

// nameKinds says which kind of name each type of field holds.
var nameKinds = map[string]string{"hazard": KindHazard, "hazards": KindHazard, "disease": KindDisease, "township": KindTownship, "industry": KindIndustry}

// openNames writes the names of the row that no list has into their code columns, and drops the warnings about
// those that somebody has decided on.
func (c *checker) openNames() {
	settled := c.plan.lists.decided
	for _, j := range c.plan.named {
		f := &c.plan.contract.Fields[j]
		slot := c.plan.primary[j]
		if r := c.reads[j][c.i]; r != nil && (r.text == "" || r.known && c.value(slot).set) {
			continue
		}
		text := c.text(j)
		v := c.value(slot)
		if text == "" || v.set && f.Type != "hazards" || missing(text) {
			continue
		}
		if f.Type == "hazards" {
			for _, word := range c.hazards(text).open {
				v = c.fill(slot)
				v.setList(append(slices.Clip(v.list), openPrefix+nameKey(word)))
			}
			continue
		}
		c.fill(slot).setText(openPrefix + nameKey(text))
	}
	if len(c.found[c.i]) == 0 || len(settled) == 0 {
		return
	}
	c.drop(func(f finding) bool {
		kind := reviewCodes[f.code]
		switch {
		case f.field < 0 || f.severity == reject:
			return false
		case f.code == "employer_discovered":
			key := c.employerKey(f.field)
			return settled[[2]string{KindEmployer, key}]
		case kind == "" || nameKinds[c.plan.contract.Fields[f.field].Type] != kind:
			return false
		}
		if words := f.args["words"]; words != "" {
			return !slices.ContainsFunc(strings.Split(words, "、"), func(word string) bool { return !settled[[2]string{kind, nameKey(word)}] })
		}
		return settled[[2]string{kind, nameKey(c.text(f.field))}]
	})
}

// employerKey is the key of the employer that a field with its credit code or name stands for.
func (c *checker) employerKey(field int) string {
	if code, valid := parseUSCC(c.text(field)); valid {
		return code
	}
	return openPrefix + employerName(c.text(field))
}

// namedFields are the fields of a contract that hold names of a list and keep them.
func (c *Contract) namedFields() []int {
	var found []int
	for j, f := range c.Fields {
		if nameKinds[f.Type] != "" && len(f.To) > 0 {
			found = append(found, j)
		}
	}
	return found
}

// decide records a decision on a name and returns its number.
func decide(ctx context.Context, db *warehouse.DB, d Decision) (uint64, error) {
	if err := db.Row(ctx, "review_next", []any{&d.ID}); err != nil {
		return 0, fmt.Errorf("number the decision: %w", err)
	}
	err := db.Exec(ctx, "review_decide", clickhouse.Named("id", d.ID), clickhouse.Named("kind", d.Kind), clickhouse.Named("sender", d.Sender),
		clickhouse.Named("name", d.Name), clickhouse.Named("action", d.Action), clickhouse.Named("code", d.Code), clickhouse.Named("by", d.By),
		clickhouse.Named("reason", d.Reason))
	if err != nil {
		return 0, fmt.Errorf("record the decision on %q: %w", d.Name, err)
	}
	return d.ID, nil
}
