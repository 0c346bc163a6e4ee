package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatEvaluate_WritesTablePageAndJSON(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	small := []string{"stat", "evaluate", "--series", "1", "--cities", "1", "--scale", "0.05"}
	ohwatch := func(want int, args ...string) (string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := run(args, strings.NewReader(""), &stdout, &stderr); got != want {
			t.Fatalf("ohwatch %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, want, stderr.String())
		}
		return stdout.String(), stderr.String()
	}
	table, _ := ohwatch(exitDone, append(small, "--lang", "zh", "--out", page)...)
	for _, word := range []string{"推荐方法", "无分母", "window_scan", "as shipped"} {
		if !strings.Contains(table, word) {
			t.Errorf("the table lacks %q:\n%s", word, table)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil || !bytes.HasPrefix(text, []byte("# Which detector for which series")) {
		t.Errorf("the page is %.80s, %v", text, err)
	}
	out, _ := ohwatch(exitDone, append(small, "--json")...)
	var report struct {
		Seed    uint64
		Choices []struct{ Recommended struct{ Method string } }
		Rows    []struct{ Method string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Seed != 1 || len(report.Choices) != 14 || report.Choices[0].Recommended.Method == "" || len(report.Rows) < 1000 {
		t.Errorf("seed %d, %d choices, %d rows", report.Seed, len(report.Choices), len(report.Rows))
	}
}

func TestStatEvaluate_SaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"stat evaluate --series 0.5", "--series"},
		{"stat evaluate --cities 5000", "--cities 5000: want 1 to 1000"},
		{"stat evaluate --limit 99", "--limit 99: want 0.001 to 52"},
		{"simulate --out x --plant wave,3,2024-W10", "--plant wave,3,2024-W10: want KIND"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"--lang", "en"}, strings.Fields(test.args)...)
		if got := run(args, strings.NewReader(""), &stdout, &stderr); got != exitUsage || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("ohwatch %s: exit code %d, %s", test.args, got, stderr.String())
		}
	}
}
