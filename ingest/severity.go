package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// severityOf is the severity of a check on a field: what the contract sets, else the one the check has by itself.
func (f *Field) severityOf(code string, otherwise severity) severity {
	if s, set := f.Severity[code]; set {
		return s
	}
	return otherwise
}

// loosened reports whether a value that fails the check is loaded as missing instead of its row being rejected.
func (f *Field) loosened(code string) bool {
	s, set := f.Severity[code]
	return set && s != reject
}

// checkSeverities validates the severities that the contract sets.
func (c *Contract) checkSeverities() []error {
	var errs []error
	for i := range c.Fields {
		f := &c.Fields[i]
		if len(f.Severity) == 0 {
			continue
		}
		own := map[string]severity{}
		for _, code := range formulaCodes {
			own[code] = reject
		}
		c.fieldChecks(f, func(code string, s severity, _ ...string) { own[code] = s })
		c.ruleChecks(func(code string, s severity, fields ...string) {
			if slices.Contains(fields, f.Name) {
				own[code] = s
			}
		})
		for _, code := range slices.Sorted(maps.Keys(f.Severity)) {
			was, known := own[code]
			switch {
			case !slices.Contains([]severity{reject, warn, note}, f.Severity[code]):
				errs = append(errs, fmt.Errorf("field %s: severity of %s: %q: want reject, warn or note", f.Name, code, f.Severity[code]))
			case !known:
				errs = append(errs, fmt.Errorf("field %s: severity of %q: the field has no such check; it has %s", f.Name, code,
					strings.Join(slices.Sorted(maps.Keys(own)), ", ")))
			case f.Type == "state":
				errs = append(errs, fmt.Errorf("field %s: the severity of %s cannot be set", f.Name, code))
			case f.Type == "code" && code == "unknown_code" && f.Unknown != "keep":
				errs = append(errs, fmt.Errorf("field %s: say in unknown what an unknown word leads to", f.Name))
			case f.Type == "code" && code == "unknown_code" && f.Severity[code] == reject:
				errs = append(errs, fmt.Errorf("field %s: an unknown word is kept, so it cannot reject", f.Name))
			case was == reject && f.loosened(code) && c.inKey(f):
				errs = append(errs, fmt.Errorf("field %s: %s must stay a reject: the natural key comes from the field", f.Name, code))
			}
		}
	}
	return errs
}

// inKey reports whether the natural key comes from a field, itself or by a rule.
func (c *Contract) inKey(f *Field) bool {
	for _, key := range c.Key {
		for name := range strings.SplitSeq(key, "|") {
			if slices.Contains(f.To, name) || slices.ContainsFunc(c.Derive, func(r Rule) bool {
				return slices.Contains(r.To, name) && slices.Contains(r.From, f.Name)
			}) {
				return true
			}
		}
	}
	return false
}

// emptiable refuses a contract in which a check that no longer rejects would leave a column without a value that cannot be
// without one: it would then hold a date or number that nobody sent.
func (c *Contract) emptiable(types map[string]string) error {
	for i := range c.Fields {
		f := &c.Fields[i]
		loose := slices.ContainsFunc(slices.Sorted(maps.Keys(f.Severity)), f.loosened)
		if !loose {
			continue
		}
		columns := slices.Clone(f.To[:min(1, len(f.To))])
		for _, r := range c.Derive {
			if slices.Contains(r.From, f.Name) {
				columns = append(columns, r.To...)
			}
		}
		for _, name := range columns {
			if typ := types[name]; !strings.HasPrefix(typ, "Nullable(") && !strings.HasPrefix(typ, "Array(") && !strings.HasSuffix(typ, "String") &&
				typ != "LowCardinality(String)" {
				return fmt.Errorf("contract %s: field %s: a check that no longer rejects would leave column %s empty, which is %s: make it Nullable",
					c.Stream, f.Name, name, typ)
			}
		}
	}
	return nil
}
