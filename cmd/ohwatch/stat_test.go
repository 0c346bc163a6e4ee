package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ohwatch/internal/message"
	"ohwatch/transform/stats"
)

func runStat(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	command := newStatCommand(newApp(catalogue, nil, nil, nil))
	var out bytes.Buffer
	command.SetArgs(args)
	command.SetIn(strings.NewReader(stdin))
	command.SetOut(&out)
	command.SetErr(&bytes.Buffer{})
	command.SilenceUsage = true
	err = command.Execute()
	return out.String(), err
}

func TestStat_AnswersEveryReferenceCase(t *testing.T) {
	files, err := filepath.Glob("../../transform/stats/testdata/*/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var args []string
	for _, file := range files {
		args = append(args, "--in", file)
	}
	out, err := runStat(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d answers to %d cases", len(lines), len(files))
	}
	for i, line := range lines {
		var answer struct {
			ID     string         `json:"id"`
			Result map[string]any `json:"result"`
			Error  string         `json:"error"`
		}
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatal(err)
		}
		var want struct {
			ID       string          `json:"id"`
			Method   string          `json:"method"`
			Input    json.RawMessage `json:"input"`
			Expected map[string]any  `json:"expected"`
		}
		text, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if answer.ID != want.ID {
			t.Errorf("answer %d is to %q, want %q", i+1, answer.ID, want.ID)
		}
		if _, stops := want.Expected["error"]; stops != (answer.Error != "") || stops == (answer.Result != nil) {
			t.Errorf("%s: error %q, %d values; R stops: %v", answer.ID, answer.Error, len(answer.Result), stops)
		}
		if answer.Error != "" {
			continue
		}
		result, err := stats.Run(want.Method, want.Input)
		if err != nil {
			t.Fatal(err)
		}
		inPackage, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(line, string(inPackage)) {
			t.Errorf("%s: the command answers %s, the package %s", answer.ID, line, inPackage)
		}
	}
}

func TestStat_ReadsLinesAndArrays(t *testing.T) {
	one := `{"id":"a","method":"rate_ci","input":{"events":5,"person_time":100,"conf":0.95}}`
	two := `{"id":"b","method":"rate_ci","input":{"events":7,"person_time":100,"conf":0.95}}`
	lines, err := runStat(t, one+"\n"+two+"\n", "rate_ci")
	if err != nil {
		t.Fatal(err)
	}
	array, err := runStat(t, "["+one+","+two+"]", "rate_ci")
	if err != nil {
		t.Fatal(err)
	}
	if lines != array || strings.Count(lines, "\n") != 2 || !strings.HasPrefix(lines, `{"id":"a","result":{"rate":0.05,"exact_lower":`) {
		t.Errorf("lines gave\n%s\nan array gave\n%s", lines, array)
	}
}

func TestStat_SaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"no input", `{"id":"a","method":"rate_ci"}`, `{"id":"a","error":"input: is missing"}`},
		{"other method", `{"id":"a","method":"ears","input":{}}`, `{"id":"a","error":"method: the case is for \"ears\", not for \"rate_ci\""}`},
		{"missing argument", `{"id":1,"input":{"events":5}}`, `{"id":1,"error":"person_time: is missing"}`},
		{"wrong type", `{"id":1,"input":{"events":"many","person_time":1,"conf":0.9}}`, `{"id":1,"error":"events: must be a number, got \"many\""}`},
		{"impossible", `{"input":{"events":-5,"person_time":100,"conf":0.95}}`, `{"id":null,"error":"events: must be a whole number, at least 0, got -5"}`},
		{"no object", `7`, `{"id":null,"error":"a case is an object with \"id\", \"method\" and \"input\""}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := runStat(t, test.in, "rate_ci")
			if err != nil || strings.TrimSpace(out) != test.want {
				t.Errorf("got %s %v, want %s", out, err, test.want)
			}
		})
	}
	if _, err := runStat(t, "", "magic"); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "magic") {
		t.Errorf("unknown method: %v", err)
	}
	for in, want := range map[string]string{
		`{"id":"a","method":"magic","input":{}}`: `{"id":"a","error":"method: there is no \"magic\""}`,
		`{"id":"a","input":{}}`:                  `{"id":"a","error":"method: is missing"}`,
	} {
		if out, err := runStat(t, in); err != nil || strings.TrimSpace(out) != want {
			t.Errorf("%s: got %s %v, want %s", in, out, err, want)
		}
	}
	if _, err := runStat(t, `{"id":`, "ears"); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("broken JSON: %v", err)
	}
	if _, err := runStat(t, "", "ears", "--in", filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a file that is not there: no error")
	}
}

// What is not JSON costs its own answer only.
func TestStat_AnswersAroundBrokenInput(t *testing.T) {
	good := func(id string) string {
		return `{"id":"` + id + `","method":"rate_ci","input":{"events":5,"person_time":100,"conf":0.95}}`
	}
	pretty := "{\n\"id\":\"p\",\n\"method\":\"rate_ci\",\n\"input\":{\"events\":5, oops }\n}\n"
	for name, in := range map[string]string{
		"a word":              good("a") + "\nnonsense\n" + good("b") + "\n",
		"cut off":             good("a") + "\n" + `{"id":"x","input":{"events":` + "\n" + good("b") + "\n",
		"a quote too many":    good("a") + "\n" + `{"id":"x""}` + "\r\n" + good("b"),
		"spread over lines":   good("a") + "\n" + pretty + good("b"),
		"NaN":                 good("a") + "\n" + `{"id":"x","input":{"events":NaN}}` + "\n\n" + good("b"),
		"more after the case": good("a") + "\n" + `}` + "\n" + good("b") + "\n",
		"a long line":         good("a") + "\n" + `{"id":"` + strings.Repeat("x", 100_000) + "\n" + good("b"),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := runStat(t, in)
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if err == nil || !strings.Contains(err.Error(), "standard input") {
				t.Errorf("the error is %v", err)
			}
			if len(lines) != 3 || !strings.Contains(lines[0], `"id":"a","result"`) || !strings.Contains(lines[1], `{"id":null,"error":"not JSON`) || !strings.Contains(lines[2], `"id":"b","result"`) {
				t.Errorf("got %s", out)
			}
		})
	}
}

func TestStat_KeepsTheOrderOfManyCases(t *testing.T) {
	var in, want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"id":%d,"method":"proportion_ci","input":{"x":%d,"n":1000,"conf":0.95}}`+"\n", i, i)
		fmt.Fprintf(&want, `{"id":%d,`+"\n", i)
	}
	out, err := runStat(t, in.String())
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(out) {
		id, _, _ := strings.Cut(line, `"result"`)
		got.WriteString(id + "\n")
	}
	if got.String() != want.String() {
		t.Errorf("the answers are in another order:\n%.300s", got.String())
	}
}
