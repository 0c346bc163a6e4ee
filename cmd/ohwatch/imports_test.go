package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports_ArrowsPointOneWay holds the import graph to the table in CONTRIBUTING.md.
func TestImports_ArrowsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "ohwatch/...").Output()
	if err != nil {
		t.Fatalf("list the packages of the module: %v", err)
	}
	// part names the top-level part a package belongs to.
	part := func(path string) string {
		return strings.SplitN(strings.TrimPrefix(path, "ohwatch/"), "/", 2)[0]
	}
	allowed := map[string][]string{
		"cmd":       {"cmd", "ingest", "transform", "reports", "warehouse", "sql", "internal"},
		"ingest":    {"ingest", "warehouse", "sql", "internal"},
		"transform": {"transform", "warehouse", "sql", "internal"},
		"reports":   {"reports", "warehouse", "sql", "internal"},
		"warehouse": {"warehouse", "sql", "internal"},
		"sql":       {},
		"internal":  {"internal", "sql"},
	}
	packages := 0
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		from := part(fields[0])
		may, known := allowed[from]
		if !known {
			t.Errorf("%s: a new part at the top level; draw it in CONTRIBUTING.md and add it here", fields[0])
			continue
		}
		packages++
		for _, imported := range fields[1:] {
			if !strings.HasPrefix(imported, "ohwatch/") {
				continue
			}
			if to := part(imported); !contains(may, to) {
				t.Errorf("%s imports %s: %s may not know %s", fields[0], imported, from, to)
			}
		}
	}
	if packages < 8 {
		t.Errorf("saw %d packages, the list is not complete", packages)
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
