package transform

import (
	"strings"
	"testing"

	ohsql "ohwatch/sql"
)

func TestConfigured_ReplacesParameters(t *testing.T) {
	rules, broken, err := LoadRules(ohsql.FS())
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	find := func(rules []Rule, id string) Rule {
		for _, r := range rules {
			if r.ID == id {
				return r
			}
		}
		return Rule{}
	}
	before := find(rules, "R15")
	for name, tc := range map[string]struct {
		overrides map[string]map[string]string
		broken    string // a part of the one error wanted
		version   string
		late      string
	}{
		"none":              {nil, "", before.Version, before.param("late_days")},
		"another number":    {map[string]map[string]string{"R15": {"late_days": "120"}}, "", before.Version + "+late_days=120", "120"},
		"the same number":   {map[string]map[string]string{"R15": {"late_days": before.param("late_days")}}, "", before.Version, before.param("late_days")},
		"unknown parameter": {map[string]map[string]string{"R15": {"later_days": "120"}}, "rules.R15.later_days of the configuration: the rule has no such parameter", "", ""},
		"no number":         {map[string]map[string]string{"R15": {"late_days": "many"}}, `want a number, got "many"`, "", ""},
		"unknown rule":      {map[string]map[string]string{"R99": {"days": "1"}}, "rules.R99 of the configuration: there is no such rule", before.Version, before.param("late_days")},
	} {
		t.Run(name, func(t *testing.T) {
			kept, broken := configured(rules, tc.overrides)
			switch {
			case tc.broken == "" && len(broken) > 0:
				t.Errorf("got %v, want no error", broken)
			case tc.broken != "" && (len(broken) != 1 || !strings.Contains(broken[0].Error(), tc.broken)):
				t.Errorf("got %v, want one error with %q", broken, tc.broken)
			}
			got := find(kept, "R15")
			if got.Version != tc.version || got.param("late_days") != tc.late {
				t.Errorf("R15 is version %q with late_days %q, want %q and %q", got.Version, got.param("late_days"), tc.version, tc.late)
			}
		})
	}
	if after := find(rules, "R15"); after.param("late_days") != before.param("late_days") {
		t.Error("the rules given were changed")
	}
}
