package sql_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ohwatch/sql"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		header     map[string]string
		line       int
	}{
		{"nothing", "", map[string]string{}, 1},
		{"no header", "SELECT 1\n-- name: late\n", map[string]string{}, 1},
		{
			"keys and continuations", "-- name: exam_coverage\n-- title_zh: 职业健康检查率\n--   第一行\n--    第二行\n-- unit:\nSELECT 1\n",
			map[string]string{"name": "exam_coverage", "title_zh": "职业健康检查率 第一行 第二行", "unit": ""},
			6,
		},
		{"value with a colon", "-- clause: GBZ 188: 4.8\nSELECT 1", map[string]string{"clause": "GBZ 188: 4.8"}, 2},
		{"plain comment ends a value", "-- a: 1\n-- Words of explanation.\n--   not more of a\nSELECT 1", map[string]string{"a": "1"}, 4},
		{"value on the next line", "-- a:\n--   1\nSELECT 1", map[string]string{"a": "1"}, 3},
		{"blank line ends the header", "-- a: 1\n\n-- b: 2\nSELECT 1", map[string]string{"a": "1"}, 2},
		{"carriage returns", "-- a: 1\r\n-- b: 2\r\nSELECT 1\r\n", map[string]string{"a": "1", "b": "2"}, 3},
		{"no key", "-- Name: upper\n-- two words: x\n-- http://x\nSELECT 1", map[string]string{}, 4},
		{"goose's marks are no keys", "-- name: x\n-- +goose Up\nSELECT 1", map[string]string{"name": "x"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sql.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sql.File{Header: c.header, Body: c.text, Line: c.line}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := sql.Parse("-- a: 1\n-- a: 2\n"); err == nil || !strings.Contains(err.Error(), `line 2: header key "a"`) {
		t.Errorf("a key that occurs twice: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-- a: 1\n--   2\nSELECT 1\n")
	f.Add("--\n-- :\n--   x\n")
	f.Add("-- a:\x00\xff\n-- b: \u2028\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := sql.Parse(text)
		if err != nil {
			return
		}
		if file.Body != text {
			t.Error("the text was changed")
		}
		lines := strings.Split(text, "\n")
		if file.Line < 1 || file.Line > len(lines)+1 {
			t.Fatalf("line %d of %d", file.Line, len(lines))
		}
		for _, line := range lines[:file.Line-1] {
			if !strings.HasPrefix(line, "--") {
				t.Errorf("header line %q is no comment", line)
			}
		}
		for key, value := range file.Header {
			if key == "" || strings.Contains(value, "\n") {
				t.Errorf("header %q: %q", key, value)
			}
		}
	})
}

func TestLoadFS(t *testing.T) {
	fsys := fstest.MapFS{
		"models/b.sql":            {Data: []byte("-- title: B\nSELECT 2")},
		"models/a.sql":            {Data: []byte("SELECT 1")},
		"models/.gitkeep":         {},
		"models/README.md":        {},
		"models/deeper/c.sql":     {},
		"queries/find_it.sql":     {Data: []byte("SELECT {x:String}")},
		"queries/twice.sql":       {Data: []byte("-- a: 1\n-- a: 1\n")},
		"reference/townships.csv": {Data: []byte("code\n1\n")},
	}
	got, err := sql.LoadFS(fsys, "models")
	if err != nil {
		t.Fatal(err)
	}
	want := []sql.File{
		{Name: "a", Kind: "models", Path: "models/a.sql", Header: map[string]string{}, Body: "SELECT 1", Line: 1},
		{Name: "b", Kind: "models", Path: "models/b.sql", Header: map[string]string{"title": "B"}, Body: "-- title: B\nSELECT 2", Line: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := sql.LoadFS(fsys, "rules"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if text, err := sql.QueryFS(fsys, "find_it"); err != nil || text != "SELECT {x:String}" {
		t.Errorf("query is %q, %v", text, err)
	}
	for _, name := range []string{"missing", "../models/a", "", "/etc/passwd"} {
		if _, err := sql.QueryFS(fsys, name); !errors.Is(err, sql.ErrNoFile) {
			t.Errorf("query %q: %v", name, err)
		}
	}
	if _, err := sql.LoadFS(fsys, "queries"); err == nil || !strings.Contains(err.Error(), "queries/twice.sql") {
		t.Errorf("a broken header: %v", err)
	}
	lists, err := sql.ReferenceFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(lists, "townships.csv"); err != nil {
		t.Error(err)
	}
}

// Each embedded file has a header that can be read, and all kinds of files are there.
func TestEmbedded(t *testing.T) {
	for _, kind := range []string{"migrations", "models", "indicators", "rules", "checks", "queries"} {
		if _, err := sql.Load(kind); err != nil {
			t.Error(err)
		}
	}
	if _, err := sql.Query("warehouse_info"); err != nil {
		t.Error(err)
	}
	if lists, err := fs.Glob(sql.Reference(), "*.csv"); err != nil || len(lists) == 0 {
		t.Errorf("reference lists: %v, %v", lists, err)
	}
}
