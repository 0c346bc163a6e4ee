package stats_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ohwatch/transform/stats"
)

// hostile are values that arguments get in the place of good ones.
var hostile = []string{
	`null`, `0`, `-1`, `-0`, `1`, `2`, `0.5`, `1e308`, `-1e308`, `1e-308`, `123456789012`, `"Infinity"`, `"-Infinity"`, `"text"`, `""`,
	`[]`, `{}`, `[null]`, `[0]`, `[1,2]`, `[-1,-1]`, `["Infinity"]`, `[[1]]`, `true`, `"2024-02-29"`, `["2024-02-30"]`, `1e15`,
}

// caseInputs reads the inputs of up to n reference cases of a method, shortest first.
func caseInputs(t testing.TB, method string, n int) []map[string]json.RawMessage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "oracle", method, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no reference cases: %v", method, err)
	}
	var inputs []map[string]json.RawMessage
	for _, file := range files[:min(n, len(files))] {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Input map[string]json.RawMessage `json:"input"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, c.Input)
	}
	return inputs
}

// runSafely runs a case and checks what must hold for any input: no panic, no hang, an error that names the
// argument or a result that is JSON, the same one again.
func runSafely(t testing.TB, method string, input []byte) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panics: %v\n%s", method, r, input)
			panic(r)
		}
	}()
	began := time.Now()
	result, err := stats.Run(method, input)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%s took %v\n%s", method, took, input)
	}
	if err != nil {
		var argument *stats.ArgumentError
		if !errors.As(err, &argument) && !errors.Is(err, stats.ErrNoFit) {
			t.Errorf("%s: the error names no argument: %v\n%s", method, err, input)
		}
		return
	}
	out, err := json.Marshal(result)
	if err != nil {
		t.Errorf("%s: no JSON: %v\n%s", method, err, input)
	}
	again, err := stats.Run(method, input)
	if err != nil {
		t.Errorf("%s: works once only: %v\n%s", method, err, input)
	}
	if second, err := json.Marshal(again); err != nil || !bytes.Equal(out, second) {
		t.Errorf("%s: two runs differ\n%s", method, input)
	}
}

func TestRun_HostileArguments(t *testing.T) {
	for _, method := range stats.Methods() {
		t.Run(method, func(t *testing.T) {
			for _, input := range caseInputs(t, method, 1) {
				if _, ok := input["range_from"]; ok { // a few points are enough
					input["range_from"] = input["range_to"]
				}
				for name, good := range input {
					try := func(bad string) {
						input[name] = json.RawMessage(bad)
						text, err := json.Marshal(input)
						if err != nil {
							t.Fatal(err)
						}
						runSafely(t, method, text)
					}
					for _, bad := range hostile {
						try(bad)
						var list []json.RawMessage
						if json.Unmarshal(good, &list) == nil && len(list) > 0 {
							rest := strings.TrimPrefix(string(good), "["+string(list[0]))
							try("[" + bad + rest)
							try(fmt.Sprintf("[%s%s", string(list[0]), strings.Repeat(","+bad, len(list)-1)+"]"))
						}
					}
					delete(input, name)
					text, err := json.Marshal(input)
					if err != nil {
						t.Fatal(err)
					}
					runSafely(t, method, text)
					input[name] = good
				}
			}
		})
	}
}

func TestRun_NamesTheArgument(t *testing.T) {
	tests := []struct{ method, input, want string }{
		{"ears", `{}`, "counts: is missing"},
		{"ears", `{"counts":[1,2,3],"range_from":1,"range_to":3,"variant":"C1"}`, "range_from: the first point with enough history is 8, got 1"},
		{"ears", `{"counts":[1,2,3,4,5,6,7,8],"range_from":8,"range_to":9,"variant":"C1"}`, "range_to: the series has 8 points, got 9"},
		{"ears", `{"counts":[1,2,3,4,5,6,7,8],"range_from":8,"range_to":8,"variant":"C7"}`, `variant: must be C1, C2, C3 or C3-published, got "C7"`},
		{"ears", `{"counts":[1,2,3,4,5,6,7,"x"],"range_from":8,"range_to":8,"variant":"C1"}`, `counts: must be a list of numbers, got [1,2,3,4,5,6,7,"x"]`},
		{"apc", `{"counts":[1,-2],"year":[2020,2021],"family":"poisson"}`, "counts: value 2 is negative (-2)"},
		{"apc", `{"counts":[1,2],"year":[2020,2020],"family":"poisson"}`, "year: all years are the same"},
		{"apc", `{"counts":[1,2],"year":[2020,2021],"family":"gamma"}`, `family: must be poisson or quasipoisson, got "gamma"`},
		{"proportion_ci", `{"x":3,"n":2,"conf":0.95}`, "x: must not be above n (2), got 3"},
		{"mann_kendall", `{"x":[1,null,2],"time":[3,2,1]}`, "time: must rise, value 3 does not"},
		{"isoweek", `{"dates":["2025-13-01"]}`, `dates: value 1 must be a date like 2025-07-31, got "2025-13-01"`},
		{"isoweek", `[]`, "input: must be a JSON object"},
	}
	for _, test := range tests {
		_, err := stats.Run(test.method, []byte(test.input))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s %s: got %v, want %s", test.method, test.input, err, test.want)
		}
	}
	if _, err := stats.Run("magic", []byte(`{}`)); !errors.Is(err, stats.ErrUnknownMethod) {
		t.Errorf("unknown method: got %v", err)
	}
}

// fuzzMethod fuzzes the arguments of one method, beginning with those of its reference cases.
func fuzzMethod(f *testing.F, method string) {
	for _, input := range caseInputs(f, method, 20) {
		text, err := json.Marshal(input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, input []byte) { runSafely(t, method, input) })
}
