package message_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ohwatch/internal/message"
)

func TestCatalogue_EveryEntryIsComplete(t *testing.T) {
	c, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Keys()) == 0 {
		t.Fatal("the catalogue is empty")
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct{ yaml, want string }{
		"complete":             {"a.b: {zh: '共{n}行', en: '{n} rows'}", ""},
		"language missing":     {"a.b: {zh: '共{n}行'}", "a language is missing"},
		"placeholders differ":  {"a.b: {zh: '共{n}行', en: '{rows} rows'}", "placeholders differ"},
		"placeholder repeated": {"a.b: {zh: '{n}，{n}', en: '{n}'}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := message.LoadFS(fstest.MapFS{"a.yaml": {Data: []byte(tc.yaml)}})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Check()
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestLoadFS_KeyInTwoFiles(t *testing.T) {
	entry := []byte("a.b: {zh: 一, en: one}")
	_, err := message.LoadFS(fstest.MapFS{"a.yaml": {Data: entry}, "b.yaml": {Data: entry}})
	if err == nil || !strings.Contains(err.Error(), "two files") {
		t.Errorf("got %v, want an error about two files", err)
	}
}

func TestPrinter_Text(t *testing.T) {
	c, err := message.LoadFS(fstest.MapFS{"a.yaml": {Data: []byte("a.rows: {zh: '共{n}行（{file}）', en: '{n} rows in {file}'}")}})
	if err != nil {
		t.Fatal(err)
	}
	args := map[string]any{"n": 3, "file": "a{n}.csv"}
	if got, want := c.Printer(message.Chinese).Text("a.rows", args), "共3行（a{n}.csv）"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := c.Printer(message.English).Text("a.rows", map[string]any{"n": 3}), "3 rows in {file}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := c.Printer(message.English).Text("a.none", nil), "[a.none]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
