package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ohwatch/internal/message"
)

// said is an error about what was asked for.
type said struct{}

func (said) Error() string { return "said" }
func (said) Message() (key string, args map[string]any) {
	return "warn.unknown", map[string]any{"id": "X"}
}

func (d *desk) note(words ...string)                            { d.done = append(d.done, strings.Join(words, " ")) }
func (d *desk) Title(_ context.Context, l Link) (string, error) { return hostile + l.Warning, nil }

// desk takes what is done about warnings.
type desk struct{ done []string }

func (d *desk) Take(_ context.Context, l Link) (string, error) {
	d.note("link", l.Warning, l.To, l.Step)
	return "noted", nil
}

func (d *desk) Warnings(_ context.Context, q WarningQuery) ([]any, error) {
	d.note("list", q.Area, q.Addressee, q.State)
	return nil, nil
}

func (d *desk) Warning(_ context.Context, id string) (any, error) {
	if id == "none" {
		return nil, said{}
	}
	return map[string]string{"id": id}, nil
}

func (d *desk) Step(_ context.Context, id string, s WarningStep) (any, error) {
	switch s.Step {
	case "wrong":
		return nil, said{}
	case "broken":
		return nil, errors.New("secret")
	}
	d.note("step", id, s.Step, s.By)
	return map[string]string{"id": id, "state": s.Step}, nil
}

// ask sends one request and returns the status and the body.
func ask(t *testing.T, s *Server, method, target, content string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	handler, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(content))
	r.Host = "127.0.0.1:8080"
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, body(t, w.Result())
}

func TestWarningsAPI(t *testing.T) {
	d := &desk{}
	s := server(t, message.English)
	s.Warnings, s.Links, s.LinkKey = d, d, make(LinkKey, linkKeySize)
	s.API = http.NotFoundHandler()
	for name, x := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		want               string
	}{
		"list":          {"GET", "/api/warnings?area=410184106&addressee=TS&state=new", "", nil, 200, "[]"},
		"show":          {"GET", "/api/warnings/R01-1", "", nil, 200, `"id":"R01-1"`},
		"unknown":       {"GET", "/api/warnings/none", "", nil, 404, "there is no warning X"},
		"step":          {"POST", "/api/warnings/R01-1", `{"step":"acting","by":"li"}`, nil, 200, `"state":"acting"`},
		"step of none":  {"POST", "/api/warnings/none", `{"step":"acting","by":"li"}`, nil, 404, "there is no warning X"},
		"wrong step":    {"POST", "/api/warnings/R01-1", `{"step":"wrong"}`, nil, 409, "there is no warning X"},
		"broken":        {"POST", "/api/warnings/R01-1", `{"step":"broken"}`, nil, 500, `{"error":`},
		"unknown field": {"POST", "/api/warnings/R01-1", `{"step":"acting","who":"li"}`, nil, 400, "who"},
		"two objects":   {"POST", "/api/warnings/R01-1", `{"step":"acting"}{}`, nil, 400, "one object"},
		"no json":       {"POST", "/api/warnings/R01-1", `step=acting`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 400, "application/json"},
		"too much":      {"POST", "/api/warnings/R01-1", `{"comment":"` + strings.Repeat("x", stepMost) + `"}`, nil, 400, "too large"},
		"another site":  {"POST", "/api/warnings/R01-1", `{"step":"acting"}`, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, ""},
		"another host":  {"GET", "/api/warnings", "", func(r *http.Request) { r.Host = "example.cn" }, 421, ""},
	} {
		change := x.change
		if change == nil {
			change = func(*http.Request) {}
		}
		status, text := ask(t, s, x.method, x.path, x.body, change)
		if status != x.status || !strings.Contains(text, x.want) || strings.Contains(text, "secret") {
			t.Errorf("%s: %d %s, want %d %s", name, status, text, x.status, x.want)
		}
	}
	if len(d.done) != 2 {
		t.Errorf("done: %q", d.done)
	}
}

func TestLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "link.key")
	key, err := OpenLinkKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := OpenLinkKey(path); err != nil || cmp.Diff(key, again) != "" {
		t.Fatalf("opened again: %x and %x, %v", key, again, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v %v", info.Mode(), err)
	}
	d := &desk{}
	s := server(t, message.English)
	s.Links, s.LinkKey, s.Warnings = d, key, d
	link := func(key LinkKey, until time.Time) string {
		u, err := url.Parse(key.URL("https://host/", Link{Warning: "R01-1", To: "TS", Step: LinkTaken, Until: until}))
		if err != nil {
			t.Fatal(err)
		}
		return u.RequestURI()
	}
	outside := func(r *http.Request) { r.Host = "warnings.example.cn" }
	good := link(key, monday.Add(time.Hour))
	for name, x := range map[string]struct {
		method, target string
		status         int
		want           string
	}{
		"asks":           {"GET", good, 200, "<button>We take it</button>"},
		"expired":        {"POST", link(key, monday), 403, "expired"},
		"another key":    {"POST", link(make(LinkKey, linkKeySize), monday.Add(time.Hour)), 403, "not valid"},
		"longer":         {"POST", strings.Replace(good, "until=1", "until=2", 1), 403, "not valid"},
		"another one":    {"POST", strings.Replace(good, "R01-1", "R01-2", 1), 403, "not valid"},
		"another office": {"POST", strings.Replace(good, "to=TS", "to=WJW", 1), 403, "not valid"},
		"another step":   {"POST", strings.Replace(good, "step=taken", "step=seen", 1), 403, "not valid"},
		"without":        {"POST", LinkPath, 403, "not valid"},
	} {
		status, text := ask(t, s, x.method, x.target, "", outside)
		if status != x.status || !strings.Contains(text, x.want) || strings.Contains(text, "<script") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if len(d.done) > 0 {
		t.Fatalf("done without anybody having said so: %q", d.done)
	}
	if status, text := ask(t, s, "POST", good, "", outside); status != 200 || !strings.Contains(text, "noted") {
		t.Errorf("%d %s", status, text)
	}
	if diff := cmp.Diff([]string{"link R01-1 TS taken"}, d.done); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLinkKey(path); err == nil {
		t.Error("a key that is too short was taken")
	}
}
