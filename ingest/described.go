package ingest

import "slices"

// Described is a check on rows of a stream as people read about it.
type Described struct {
	Code     string   `json:"code"`
	Severity string   `json:"severity"` // reject, warn or note
	Fields   []string `json:"fields"`   // fields concerned, empty when the whole row is meant
}

// AllChecks returns the checks on rows of the stream: those that the types and limits of its fields bring with
// them, those between fields, and those on whole rows. Rejections stand first.
func (c *Contract) AllChecks() []Described {
	var list []Described
	add := func(code string, s severity, fields ...string) {
		for i := range list {
			if list[i].Code == code && list[i].Severity == string(s) {
				for _, f := range fields {
					if !slices.Contains(list[i].Fields, f) {
						list[i].Fields = append(list[i].Fields, f)
					}
				}
				return
			}
		}
		list = append(list, Described{code, string(s), append([]string{}, fields...)})
	}
	onField := func(code string, s severity, fields ...string) {
		for _, name := range fields {
			add(code, c.Field(name).severityOf(code, s), name)
		}
	}
	for i := range c.Fields {
		c.fieldChecks(&c.Fields[i], onField)
	}
	c.ruleChecks(onField)
	for _, code := range formulaCodes {
		for i := range c.Fields {
			if f := &c.Fields[i]; f.Severity[code] != "" {
				add(code, f.Severity[code], f.Name)
			}
		}
	}
	for i := range c.Checks {
		add(c.Checks[i].Code, c.Checks[i].Severity, c.Checks[i].Fields...)
	}
	for _, code := range append([]string{"bad_bytes", "broken_quote", "broken_record", "totals_row", "repeated_header", "not_a_record", "shifted_row"}, formulaCodes...) {
		add(code, reject)
	}
	if slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Type == "state" }) {
		add("void_unknown", reject)
	}
	add("same_key_twice", note)
	order := []string{string(reject), string(warn), string(note)}
	slices.SortStableFunc(list, func(a, b Described) int {
		return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
	})
	return list
}

// formulaCodes are the checks on formulas, which are made on each field.
var formulaCodes = []string{"formula_error", "formula_uncomputed"}

// fieldChecks hands the checks on one field by itself to add, with the severity that they have unless the contract sets it.
func (c *Contract) fieldChecks(f *Field, add func(code string, s severity, fields ...string)) {
	if f.Required == "Y" {
		add("required", reject, f.Name)
	}
	for _, k := range typeChecks[f.Type] {
		add(k.code, k.severity, f.Name)
	}
	if f.Type == "date" || f.Type == "month" {
		if !f.Future {
			add("date_future", reject, f.Name)
		}
	}
	if f.Min != nil || f.Max != nil || f.Below != nil || f.Type == "years" || f.Type == "months" {
		add("out_of_range", reject, f.Name)
	}
	switch {
	case f.Type == "code" && f.Unknown != "keep":
		add("unknown_code", severity(f.Unknown), f.Name)
	case f.Type == "code" && f.Severity["unknown_code"] != "": // kept, and told
		add("unknown_code", f.Severity["unknown_code"], f.Name)
	case f.Check == "phone":
		add("phone_invalid", warn, f.Name)
	case f.Check == "names":
		add("one_name", warn, f.Name)
	}
}

// ruleChecks hands the checks that the contract's rules make on fields to add.
func (c *Contract) ruleChecks(add func(code string, s severity, fields ...string)) {
	for _, r := range c.Derive {
		from := slices.DeleteFunc(slices.Clone(r.From), func(name string) bool { return name == "" })
		switch r.Rule {
		case "employer":
			add("required", reject, from...)
			if !r.Roster {
				add("employer_by_name", warn, from...)
				add("employer_by_code", warn, from[0])
				add("name_differs", warn, from[len(from)-1])
				add("employer_discovered", note, from[0])
				add("employer_discovered", warn, from[1:]...)
			}
		case "person":
			if len(from) > 2 {
				add("sex_conflict", warn, from[2])
			}
			if len(from) > 3 {
				add("birth_conflict", warn, from[3])
			}
		case "conclusions":
			add("required", reject, from[0])
			add("unknown_code", reject, from[:2]...)
			add("conclusion_not_valid_on_date", warn, from[:2]...)
		case "catalogue":
			add("disease_review", warn, from[0])
		case "measured":
			add("out_of_range", reject, from[0])
		case "dose":
			add("required", reject, from[0])
		}
	}
}

// ChecksOf returns the checks that concern a field.
func (c *Contract) ChecksOf(field string) []Described {
	return slices.DeleteFunc(c.AllChecks(), func(d Described) bool { return !slices.Contains(d.Fields, field) })
}

// typeChecks are the checks that a type brings with it.
var typeChecks = map[string][]struct {
	code     string
	severity severity
}{
	"int":        {{"not_a_number", reject}},
	"number":     {{"not_a_number", reject}},
	"measure":    {{"not_a_number", reject}},
	"years":      {{"not_a_number", reject}},
	"months":     {{"not_a_number", reject}},
	"date":       {{"date_invalid", reject}},
	"month":      {{"date_invalid", reject}},
	"bool":       {{"unknown_code", reject}},
	"state":      {{"unknown_code", reject}},
	"id_no":      {{"id_invalid", reject}, {"id_check_digit", reject}, {"id_damaged", reject}},
	"uscc":       {{"uscc_check_digit", warn}, {"uscc_alias", note}},
	"unit":       {{"unit_unknown", warn}},
	"hazard":     {{"hazard_review", warn}},
	"hazards":    {{"hazard_review", warn}},
	"disease":    {{"disease_review", warn}},
	"township":   {{"township_unassigned", warn}, {"township_moved", warn}},
	"industry":   {{"unknown_code", warn}},
	"conclusion": {},
}
