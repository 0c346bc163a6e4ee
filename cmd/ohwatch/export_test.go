package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	useEngine(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"query", "SELECT 1 AS a, '中' AS b"}, "a  b\n1  中\n"},
		{[]string{"query", "--format", "csv", "SELECT 1 AS a;"}, "a\n1\n"},
		{[]string{"query", "--json", "SELECT 1 AS a"}, `{"a":1}` + "\n"},
		{[]string{"query", "SELECT currentUser() = 'ohwatch' AS a"}, "a\n"},
	} {
		code, out, errOut := ohwatchText(t, c.args...)
		if code != 0 || !strings.HasPrefix(out, c.want) {
			t.Errorf("%v: exit %d\n%s%s", c.args, code, out, errOut)
		}
	}
	for _, sql := range []string{"DROP TABLE raw_exam", "SELECT 1; SELECT 2", "SELECT * FROM file('/etc/passwd', LineAsString)", ""} {
		code, out, errOut := ohwatchText(t, "query", sql)
		if code != 2 || out != "" || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%q: exit %d %q %q", sql, code, out, errOut)
		}
	}
	if code, _, errOut := ohwatchText(t, "query", "--format", "xml", "SELECT 1"); code != 2 || errOut == "" {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if code, _, errOut := ohwatchText(t, "query", "SELECT * FROM no_such_table"); code != 1 || errOut == "" {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestQuery_EngineRefusesToWrite asks the second gate: what the check of the text would let pass.
func TestQuery_EngineRefusesToWrite(t *testing.T) {
	db := testDB(t)
	reader, err := db.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, sql := range []string{
		"CREATE TABLE x (a UInt8) ENGINE = Memory", "DROP TABLE raw_exam", "INSERT INTO ops_run (run) VALUES (1)", "ALTER TABLE raw_exam DELETE WHERE 1",
		"SET readonly = 0", "SYSTEM SHUTDOWN",
	} {
		if err := reader.ExecSQL(t.Context(), sql); err == nil {
			t.Errorf("the reader may: %s", sql)
		}
	}
}

func TestExport(t *testing.T) {
	useEngine(t)
	if code, _, errOut := ohwatchText(t, "transform"); code != 0 {
		t.Fatalf("transform: exit %d %s", code, errOut)
	}
	dir := t.TempDir()
	for _, name := range []string{
		"employer", "declaration", "training", "insurance", "exam", "detection", "dose", "case_report",
		"exam_conclusion", "detection_result", "dose_reading", "radiation_worker", "T3", "dim_township", "ind_value", "ref_hazards",
	} {
		file := filepath.Join(dir, name+".csv")
		code, out, errOut := ohwatchText(t, "export", name, "--out", file, "--json")
		var line exportLine
		if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.Rows == nil {
			t.Errorf("%s: exit %d %q %s", name, code, out, errOut)
			continue
		}
		if text, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(text), "\ufeff") || int64(len(text)) != line.Bytes {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	file := filepath.Join(dir, "some.csv")
	code, _, errOut := ohwatchText(t, "export", "ref_townships", "--where", "1 = 1 -- all", "--out", file)
	if code != 0 {
		t.Errorf("exit %d: %s", code, errOut)
	}
	all, err := os.ReadFile(file)
	if err != nil || strings.Count(string(all), "\n") < 10 {
		t.Errorf("townships: %s, %v", all, err)
	}
	if code, _, errOut = ohwatchText(t, "export", "ref_townships", "--where", "0", "--out", filepath.Join(dir, "none.xlsx")); code != 0 {
		t.Errorf("xlsx: exit %d %s", code, errOut)
	}
	for _, args := range [][]string{
		{"export", "nothing", "--out", filepath.Join(dir, "x.csv")},
		{"export", "exam", "--out", filepath.Join(dir, "x.doc")},
		{"export", "exam"},
		{"export", "exam", "--where", "1) UNION ALL SELECT (1", "--out", filepath.Join(dir, "x.csv")},
		{"export", "system.tables", "--out", filepath.Join(dir, "x.csv")},
	} {
		if code, _, errOut := ohwatchText(t, args...); code != 2 || errOut == "" {
			t.Errorf("%v: exit %d %s", args, code, errOut)
		}
	}
	if code, _, errOut := ohwatchText(t, "export", "exam", "--where", "no_such_column = 1", "--out", filepath.Join(dir, "x.csv")); code != 1 || errOut == "" {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if code, _, errOut := ohwatchText(t, "export", "exam", "--out", filepath.Join(dir, "missing", "x.csv"), "--lang", "en"); code != 1 || !strings.Contains(errOut, "Cannot write") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || entry.Name() == "x.csv" {
			t.Errorf("%s was left behind", entry.Name())
		}
	}
}
