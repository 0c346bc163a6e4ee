package stats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ohwatch/transform/stats"
)

// referenceCase is one case whose expected result was computed by R.
type referenceCase struct {
	Method    string          `json:"method"`
	Input     json.RawMessage `json:"input"`
	Expected  map[string]any  `json:"expected"`
	Tolerance struct {
		tolerance
		Fields map[string]tolerance `json:"fields"`
	} `json:"tolerance"`
}

type tolerance struct {
	Abs float64 `json:"abs"`
	Rel float64 `json:"rel"`
}

// TestOracle compares every method with R on every reference case.
func TestOracle(t *testing.T) {
	for _, method := range stats.Methods() {
		files, err := filepath.Glob(filepath.Join("testdata", "oracle", method, "*.json"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no reference cases: %v", method, err)
		}
		edge, err := filepath.Glob(filepath.Join("testdata", "edge", method, "*.json"))
		if err != nil {
			t.Error(err)
		}
		files = append(files, edge...)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) { checkCase(t, file) })
		}
	}
}

func checkCase(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c referenceCase
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	result, err := stats.Run(c.Method, c.Input)
	if c.Expected["error"] != nil {
		if err == nil {
			t.Errorf("no error, where R stops with %q", c.Expected["message"])
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	delete(c.Expected, "trace") // R's inner steps, not part of a result
	for name, want := range c.Expected {
		allowed := c.Tolerance.tolerance
		if special, ok := c.Tolerance.Fields[name]; ok {
			allowed = special
		}
		value, ok := got[name]
		if !ok {
			t.Errorf("%s is not in the result", name)
		} else if problem := differs(value, want, allowed); problem != "" {
			t.Errorf("%s%s", name, problem)
		}
	}
	for name := range got {
		if _, ok := c.Expected[name]; !ok {
			t.Errorf("%s is not expected in the result", name)
		}
	}
}

// differs says where got is not want, or nothing.
func differs(got, want any, allowed tolerance) string {
	switch want := want.(type) {
	case float64:
		g, ok := got.(float64)
		if ok && (g == want || math.Abs(g-want) <= math.Max(allowed.Abs, allowed.Rel*math.Abs(want))) {
			return ""
		}
	case []any:
		g, ok := got.([]any)
		if ok && len(g) == len(want) {
			for i := range want {
				if problem := differs(g[i], want[i], allowed); problem != "" {
					return fmt.Sprintf("[%d]%s", i+1, problem)
				}
			}
			return ""
		}
	case map[string]any:
		g, ok := got.(map[string]any)
		if ok && len(g) == len(want) {
			for name := range want {
				if problem := differs(g[name], want[name], allowed); problem != "" {
					return "." + name + problem
				}
			}
			return ""
		}
	default:
		if got == want {
			return ""
		}
	}
	return fmt.Sprintf(": got %v, want %v", got, want)
}
