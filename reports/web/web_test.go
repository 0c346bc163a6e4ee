package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
)

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(2)>`

type jobs struct {
	err    error
	status []schedule.Status
	runs   []schedule.RunRecord
}

func (j jobs) Status(context.Context) ([]schedule.Status, error)          { return j.status, j.err }
func (j jobs) History(context.Context, int) ([]schedule.RunRecord, error) { return j.runs, j.err }

var monday = time.Date(2026, 11, 16, 6, 0, 0, 0, period.Shanghai())

func server(t *testing.T, lang message.Lang) *Server {
	t.Helper()
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Server{
		Bulletins: t.TempDir(), Organisation: "新郑市" + hostile, Printer: catalogue.Printer(lang),
		Jobs: jobs{
			status: []schedule.Status{
				{Job: "warn", Cron: "0 6 * * 1", Enabled: true, Next: monday.AddDate(0, 0, 7), Failures: 2, Latest: schedule.RunRecord{
					Run: 4, Job: "warn", State: schedule.Failed, Last: monday, Error: hostile + "\nstack",
				}},
				{Job: "report", Cron: "0 7 * * 1"},
			},
			runs: []schedule.RunRecord{{Run: 4, Job: "warn", Slot: monday, State: schedule.Failed, Error: hostile + "\nstack", By: hostile, Attempts: 3}},
		},
		Health: func(context.Context) error { return nil },
		Now:    func() time.Time { return monday },
		Log:    slog.New(slog.DiscardHandler),
	}
}

func get(t *testing.T, s *Server, path string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	handler, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8080"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func bulletinPage(title, sentence string) string {
	return `<!DOCTYPE html><html><head><title>` + title + `</title><style>p{}</style></head><body>
<section class="summary" id="s"><h2>x</h2><ol><li><strong>要点</strong><p>` + sentence + `</p></li></ol></section>
<section><ol><li><strong>not</strong><p>this one</p></li></ol></section><script>1</script></body></html>`
}

func TestIndex_NewestFirst(t *testing.T) {
	s := server(t, message.Chinese)
	write(t, s.Bulletins, "weekly-2026-W45.html", bulletinPage("第45周", "旧的"))
	write(t, s.Bulletins, "weekly-2026-W46.html", bulletinPage("第46周 A &amp; B", "本周新增 3 例"))
	write(t, s.Bulletins, "weekly-2025-W52.html", bulletinPage("去年", "更旧"))
	write(t, s.Bulletins, ".weekly-2026-W47.html.tmp", "half")
	write(t, s.Bulletins, ".weekly-2026-W47.html", "half")
	write(t, s.Bulletins, "notes.txt", "no bulletin")
	text := body(t, get(t, s, "/"))
	for _, want := range []string{
		`<html lang="zh-CN">`, `<h1 id="newest"><a href="/bulletins/weekly-2026-W46.html">第46周 A &amp; B</a>`, "<strong>要点</strong> 本周新增 3 例",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	for _, no := range []string{"W47", "notes", "旧的", "this one"} {
		if strings.Contains(text, no) {
			t.Errorf("the page shows %q", no)
		}
	}
	if w46, w45, last := strings.LastIndex(text, "W46"), strings.Index(text, "W45"), strings.Index(text, "2025-W52"); w46 > w45 || w45 > last {
		t.Error("the list is not newest first")
	}
}

func TestIndex_InTheLanguageOfThePage(t *testing.T) {
	for lang, want := range map[message.Lang]string{message.Chinese: "weekly-2026-W46.html", message.English: "weekly-2026-W46.en.html"} {
		s := server(t, lang)
		for _, name := range []string{"weekly-2026-W46.html", "weekly-2026-W46.en.html", "weekly-2026-W45.html", "weekly-2026-W45.en.html"} {
			write(t, s.Bulletins, name, bulletinPage(name, "x"))
		}
		if text := body(t, get(t, s, "/")); !strings.Contains(text, `<h1 id="newest"><a href="/bulletins/`+want+`">`) {
			t.Errorf("%s page:\n%s", lang, text)
		}
	}
}

func TestIndex_WithoutBulletins(t *testing.T) {
	s := server(t, message.English)
	s.Bulletins = filepath.Join(s.Bulletins, "missing")
	r := get(t, s, "/")
	if text := body(t, r); r.StatusCode != http.StatusOK || !strings.Contains(text, "ohwatch report weekly") || !strings.Contains(text, `<html lang="en">`) {
		t.Errorf("%d:\n%s", r.StatusCode, text)
	}
}

func TestPages_HostileTextStaysText(t *testing.T) {
	s := server(t, message.Chinese)
	write(t, s.Bulletins, "weekly-2026-W46.html", bulletinPage(`&lt;img src=x onerror=alert(3)>`, hostile))
	write(t, s.Bulletins, `weekly-"onload=alert(4)-<b>.html`, "<title></title>")
	for _, path := range []string{"/", "/jobs"} {
		text := body(t, get(t, s, path))
		for _, no := range []string{"<script", "<img", `"onload`, "<b>"} {
			if strings.Contains(text, no) {
				t.Errorf("%s holds %q:\n%s", path, no, text)
			}
		}
	}
}

func TestPages_Policy(t *testing.T) {
	s := server(t, message.Chinese)
	write(t, s.Bulletins, "w.html", bulletinPage("x", "y"))
	for path, want := range map[string]string{
		"/": pagePolicy, "/jobs": pagePolicy, "/healthz": pagePolicy, "/assets/style.css": pagePolicy, "/nothing": pagePolicy,
		"/bulletins/none.html": pagePolicy, "/bulletins/w.html": bulletinPolicy,
	} {
		h := get(t, s, path).Header
		if got := h.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", path, got, want)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	if strings.Contains(pagePolicy, "unsafe") || !strings.Contains(bulletinPolicy, "sandbox") || strings.Contains(bulletinPolicy, "allow-same-origin") {
		t.Error("the policies are too wide")
	}
}

func TestJobs(t *testing.T) {
	s := server(t, message.Chinese)
	text := body(t, get(t, s, "/jobs"))
	for _, want := range []string{"每周预警", "失败", "2026-11-23 06:00", "已停用", "2026-11-16 06:00", "<pre>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "[serve.") || strings.Contains(text, "{at}") {
		t.Errorf("a text is missing:\n%s", text)
	}
	s.Jobs = jobs{err: errors.New("secret detail")}
	r := get(t, s, "/jobs")
	if text := body(t, r); r.StatusCode != http.StatusInternalServerError || strings.Contains(text, "secret") {
		t.Errorf("%d: %s", r.StatusCode, text)
	}
}

func TestBulletin_StaysInTheFolder(t *testing.T) {
	s := server(t, message.Chinese)
	outside := filepath.Join(filepath.Dir(s.Bulletins), "outside.html")
	write(t, filepath.Dir(s.Bulletins), "outside.html", "secret")
	if err := os.Symlink(outside, filepath.Join(s.Bulletins, "link.html")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.Bulletins, "dir.html"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s.Bulletins, "a.txt", "secret")
	write(t, s.Bulletins, ".a.html", "secret")
	for _, path := range []string{
		"/bulletins/..%2Foutside.html", "/bulletins/../outside.html", "/bulletins/%2e%2e%2foutside.html", "/bulletins/link.html",
		"/bulletins/dir.html", "/bulletins/a.txt", "/bulletins/.a.html", "/bulletins/", "/bulletins/x%00.html", "/bulletins/..%5Coutside.html",
	} {
		r := get(t, s, path)
		if text := body(t, r); r.StatusCode == http.StatusOK || strings.Contains(text, "secret") {
			t.Errorf("%s: %d %s", path, r.StatusCode, text)
		}
	}
	write(t, s.Bulletins, "通报 1.html", "inside")
	if r := get(t, s, "/bulletins/%E9%80%9A%E6%8A%A5%201.html"); body(t, r) != "inside" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a name in Chinese is not served: %d", r.StatusCode)
	}
}

func TestGuard_ForeignHost(t *testing.T) {
	s := server(t, message.Chinese)
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8080": 200,
		"evil.example": 421, "127.0.0.1.evil.example:8080": 421, "10.0.0.1": 421, "": 421,
	} {
		if r := get(t, s, "/healthz", func(r *http.Request) { r.Host = host }); r.StatusCode != want {
			t.Errorf("host %q: %d, want %d", host, r.StatusCode, want)
		}
	}
}

func TestGuard_OnlyReads(t *testing.T) {
	s := server(t, message.Chinese)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r := get(t, s, "/jobs", func(r *http.Request) { r.Method = method })
		if r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, r.StatusCode)
		}
	}
	r := get(t, s, "/jobs", func(r *http.Request) { r.Method = http.MethodPost; r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if r.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign page may post: %d", r.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	s := server(t, message.Chinese)
	s.Health = func(context.Context) error { return errors.New("engine gone at /secret/path") }
	r := get(t, s, "/healthz")
	if text := body(t, r); r.StatusCode != http.StatusServiceUnavailable || text != "unavailable\n" {
		t.Errorf("%d %q", r.StatusCode, text)
	}
}

func TestListen(t *testing.T) {
	taken, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		"0.0.0.0:0": "serve.not_loopback", ":0": "serve.not_loopback", "10.1.2.3:80": "serve.not_loopback", "example.org:80": "serve.not_loopback",
		"[::]:0": "serve.not_loopback", taken.Addr().String(): "serve.port_in_use", "127.0.0.1": "serve.cannot_listen", "127.0.0.1:99999": "serve.cannot_listen",
	} {
		l, err := Listen(t.Context(), address)
		var fault *ListenError
		if !errors.As(err, &fault) || fault.Code != want {
			t.Errorf("listen on %q: %v, want %s", address, err, want)
		}
		if l != nil {
			l.Close()
		}
	}
}

func TestServe_EndsWithItsRequests(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := server(t, message.Chinese)
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Health = func(context.Context) error { close(entered); <-leave; return nil }
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	answer := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		r, err := client.Get("http://" + listener.Addr().String() + "/healthz")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		answer <- string(text) + errText(err)
	}()
	<-entered
	cancel()
	close(leave)
	if got := <-answer; got != "ok\n" {
		t.Errorf("the request under way was answered %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzSummary(f *testing.F) {
	f.Add(bulletinPage("a", "b"))
	f.Add("<title>x<section class=summary><li><strong><p></section>")
	f.Fuzz(func(t *testing.T, text string) {
		title, items := summary(strings.NewReader(text))
		if len(title) > 4*len(text) || len(items) > len(text) {
			t.Fatalf("%q: more out than in", text)
		}
	})
}

// lists is one list, and none of another name.
type lists struct{}

type unknownList struct{}

func (unknownList) Error() string { return "no such list" }
func (unknownList) Message() (string, map[string]any) {
	return "gap.none", map[string]any{"indicator": "T9"}
}

func (lists) Targets() ([]Choice, error) { return []Choice{{Value: "T1", Name: hostile}}, nil }

func (lists) Gaps(_ context.Context, q GapQuery) (GapPage, error) {
	switch q.Indicator {
	case "T1":
		return GapPage{
			Query: q, Summary: []string{hostile}, Head: []string{"a", "b"}, Rows: [][]string{{hostile, "2"}}, Names: map[int][]string{0: {"name " + hostile}},
			Areas: []Choice{{Value: "410184101", Name: hostile}}, Records: []any{map[string]string{"employer": hostile}},
		}, nil
	case "T2":
		return GapPage{}, errors.New("the engine is gone")
	}
	return GapPage{}, unknownList{}
}

func (l lists) Workbook(ctx context.Context, q GapQuery, w io.Writer) error {
	if _, err := l.Gaps(ctx, q); err != nil {
		return err
	}
	_, err := io.WriteString(w, "workbook")
	return err
}

// TestGaps_PagesAndAPI asks for lists as page, JSON and workbook; names are text, failures say which they are, and the
// API of lists is not there for foreign hosts.
func TestGaps_PagesAndAPI(t *testing.T) {
	s := server(t, message.English)
	if r := get(t, s, "/gaps/T1"); r.StatusCode != http.StatusNotFound {
		t.Errorf("without lists: %d", r.StatusCode)
	}
	s.Gaps = lists{}
	s.API = http.NotFoundHandler()
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/gaps", `<a href="/gaps/T1">`, 200},
		{"/gaps/T1?area=410184101&what_if=1", `<option value="410184101" selected>`, 200},
		{"/gaps/T1?area=410184101&what_if=1", `/api/gaps/T1?area=410184101&amp;what_if=1`, 200},
		{"/gaps/T1/xlsx", "workbook", 200},
		{"/api/gaps/T1", `[{"employer":`, 200},
		{"/gaps/T9", "no list behind T9", 404},
		{"/api/gaps/T9", `{"error":"There is no list behind T9`, 404},
		{"/gaps/T9/xlsx", "no list behind T9", 404},
		{"/gaps/T2", "cannot be shown", 500},
		{"/api/gaps/T2", "cannot be shown", 500},
	} {
		r := get(t, s, c.path)
		text := body(t, r)
		if r.StatusCode != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d, want %d and %s in\n%s", c.path, r.StatusCode, c.status, c.want, text)
		}
		if strings.Contains(text, hostile) && !strings.HasPrefix(c.path, "/api/") {
			t.Errorf("%s shows hostile text as it is", c.path)
		}
	}
	for _, path := range []string{"/gaps/T1", "/api/gaps/T1"} {
		if r := get(t, s, path, func(r *http.Request) { r.Host = "evil.example" }); r.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s for a foreign host: %d", path, r.StatusCode)
		}
	}
}
