package delivery_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ohwatch/internal/config"
	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// hook is a web server that answers what the test wants.
type hook struct {
	*httptest.Server
	status int
	header map[string]string
	answer string
	asked  []*http.Request
	bodies []string
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{status: http.StatusOK, answer: `{"errcode":0,"errmsg":"ok"}`}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.asked, h.bodies = append(h.asked, r), append(h.bodies, string(body))
		for name, value := range h.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(h.status)
		_, _ = io.WriteString(w, h.answer)
	}))
	t.Cleanup(h.Close)
	return h
}

// channels are those of a configuration whose data directory is a new one, with the certificate of the server in ca.pem.
func (h *hook) channels(t *testing.T, channels map[string]config.Channel, secrets map[string]string) map[string]delivery.Sender {
	t.Helper()
	cfg := config.Default()
	cfg.Data.Dir = t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
	files := map[string]string{"ca.pem": string(ca)}
	maps.Copy(files, secrets)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(cfg.Data.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range channels {
		c.CAFile = "ca.pem"
		channels[name] = c
	}
	cfg.Delivery.Channels = channels
	return delivery.Channels(cfg)
}

// hmacOf is computed by the definition of HMAC (RFC 2104), not by the library that the program uses.
func hmacOf(secret, text string) []byte {
	key := []byte(secret)
	if len(key) > 64 {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	inner, outer := make([]byte, 64), make([]byte, 64)
	for i := range inner {
		var k byte
		if i < len(key) {
			k = key[i]
		}
		inner[i], outer[i] = k^0x36, k^0x5c
	}
	first := sha256.Sum256(append(inner, text...))
	second := sha256.Sum256(append(outer, first[:]...))
	return second[:]
}

func testSignatures(t *testing.T, db *warehouse.DB) {
	if !hmac.Equal(hmacOf("key", "The quick brown fox jumps over the lazy dog"),
		[]byte("\xf7\xbc\x83\xf4\x30\x53\x84\x24\xb1\x32\x98\xe6\xaa\x6f\xb1\x43\xef\x4d\x59\xa1\x49\x46\x17\x59\x97\x47\x9d\xbc\x2d\x1a\x3c\xd8")) {
		t.Fatal("the test's own HMAC is wrong")
	}
	h := newHook(t)
	channels := h.channels(t, map[string]config.Channel{
		"ding": {Kind: "dingtalk", URL: h.URL + "/robot/send?access_token=abc", SecretFile: "ding"},
		"chat": {Kind: "wecom", URLFile: "chat.url"},
		"json": {Kind: "webhook", URL: h.URL + "/in", Secret: "topsecret"},
	}, map[string]string{"ding": "SEC000f\n", "chat.url": h.URL + "/cgi-bin/webhook/send?key=k\n"})
	o, _ := newOutbox(t, db, channels)
	for _, channel := range []string{"ding", "chat", "json"} {
		m := message(channel)
		m.Channel = channel
		m.Markdown = strings.Repeat("一行预警文字\n", 500)
		m.Data = json.RawMessage(`{"week":"2026-W46"}`)
		enqueue(t, db, m)
	}
	if f := flush(t, o); f.Sent != 3 {
		all, err := o.List(t.Context())
		t.Fatalf("flushed %+v: %+v, %v", f, all, err)
	}
	for i, r := range h.asked {
		body := h.bodies[i]
		var said struct {
			ID       string
			Subject  string
			Data     map[string]string
			Markdown struct{ Title, Text, Content string }
		}
		if err := json.Unmarshal([]byte(body), &said); err != nil {
			t.Fatal(err)
		}
		switch r.URL.Path {
		case "/robot/send":
			q := r.URL.Query()
			want := base64.StdEncoding.EncodeToString(hmacOf("SEC000f", q.Get("timestamp")+"\nSEC000f"))
			if q.Get("sign") != want || q.Get("access_token") != "abc" || !strings.Contains(r.URL.RawQuery, "sign="+url.QueryEscape(want)) {
				t.Errorf("dingtalk: %s, want the signature %s", r.URL.RawQuery, want)
			}
			if stamp := q.Get("timestamp"); len(stamp) != 13 {
				t.Errorf("dingtalk: timestamp %q is not in milliseconds", stamp)
			}
			if said.Markdown.Title != "职业病预警 ding" || len(said.Markdown.Text) > 20000 || len(said.Markdown.Text) < 9000 {
				t.Errorf("dingtalk: %q, %d bytes", said.Markdown.Title, len(said.Markdown.Text))
			}
		case "/cgi-bin/webhook/send":
			if r.URL.Query().Get("key") != "k" || len(said.Markdown.Content) > 4096 || !strings.HasSuffix(said.Markdown.Content, "文字\n…") {
				t.Errorf("wecom: %s, %d bytes", r.URL.RawQuery, len(said.Markdown.Content))
			}
		case "/in":
			want := "sha256=" + hex.EncodeToString(hmacOf("topsecret", r.Header.Get("X-Ohwatch-Timestamp")+"."+body))
			if r.Header.Get("X-Ohwatch-Signature") != want || r.Header.Get("Idempotency-Key") != message("json").ID() || said.ID != message("json").ID() {
				t.Errorf("json: %v", r.Header)
			}
			if said.Data["week"] != "2026-W46" || said.Subject != "职业病预警 json" {
				t.Errorf("json: %s", body)
			}
		default:
			t.Errorf("asked %s", r.URL)
		}
	}
}

func testAnswers(t *testing.T, db *warehouse.DB) {
	h := newHook(t)
	o, clock := newOutbox(t, db, h.channels(t, map[string]config.Channel{
		"chat": {Kind: "wecom", URL: h.URL + "/?key=topsecret"}, "json": {Kind: "webhook", URL: h.URL + "/?key=topsecret", Secret: "x"},
	}, nil))
	for i, c := range []struct {
		channel string
		status  int
		answer  string
		retry   string
		want    delivery.State
		pause   time.Duration // at least
	}{
		{"chat", 200, `{"errcode":0}`, "", delivery.Sent, 0},
		{"chat", 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, "", delivery.Failed, 0},
		{"chat", 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, "", delivery.Delayed, 20 * time.Second},
		{"chat", 200, `<html>proxy log-in</html>`, "", delivery.Delayed, 20 * time.Second},
		{"json", 204, "", "", delivery.Sent, 0},
		{"json", 500, "sorry", "", delivery.Delayed, 20 * time.Second},
		{"json", 404, "no such hook", "", delivery.Failed, 0},
		{"json", 302, "", "", delivery.Failed, 0},
		{"json", 429, "slow", "600", delivery.Delayed, 10 * time.Minute},
		{"json", 503, "maintenance", "864000", delivery.Delayed, 50 * time.Minute},
	} {
		h.status, h.answer = c.status, c.answer
		h.header = map[string]string{"Retry-After": c.retry, "Location": h.URL + "/elsewhere"}
		m := message(string(rune('a' + i)))
		m.Channel = c.channel
		enqueue(t, db, m)
		before := len(h.asked)
		flush(t, o)
		e, _, _, err := o.Find(t.Context(), m.ID())
		if err != nil || e.State != c.want || len(h.asked) != before+1 {
			t.Errorf("%s answers %d %s: %s, asked %d times, %v", c.channel, c.status, c.answer, e.State, len(h.asked)-before, err)
		}
		if c.want == delivery.Failed && c.answer != "" && !strings.Contains(e.Words, strings.Trim(c.answer, "{}")) {
			t.Errorf("the words of the server: %q", e.Words)
		}
		if got := e.NextAt.Sub(clock.Now()); c.want == delivery.Delayed && (got < c.pause || got > 72*time.Minute) {
			t.Errorf("%d %s: next attempt in %s", c.status, c.answer, got)
		}
	}
	// What is said of a server that is not there does not tell its address, which holds the key.
	h.Close()
	m := message("away")
	enqueue(t, db, m)
	flush(t, o)
	if e, _, _, err := o.Find(t.Context(), m.ID()); err != nil || e.State != delivery.Delayed || e.Words == "" || strings.Contains(e.Words, "topsecret") {
		t.Errorf("of a server that is away: %+v, %v", e, err)
	}
}

func testFolder(t *testing.T, db *warehouse.DB) {
	cfg := config.Default()
	cfg.Data.Dir = t.TempDir()
	cfg.Delivery.Channels = map[string]config.Channel{"chat": {Kind: "folder", Folder: "share"}}
	o, clock := newOutbox(t, db, delivery.Channels(cfg))
	m := message("a")
	m.Files = []delivery.File{{Name: "warnings-2026-W46.csv", Data: []byte("x")}}
	evil := message("b")
	evil.Files = []delivery.File{{Name: "../../x", Data: []byte("x")}}
	enqueue(t, db, m, evil)
	if f := flush(t, o); f.Delayed != 2 {
		t.Errorf("into a folder that is not there: %+v", f)
	}
	if err := os.Mkdir(filepath.Join(cfg.Data.Dir, "share"), 0o755); err != nil {
		t.Fatal(err)
	}
	clock.add(time.Hour)
	if f := flush(t, o); f.Sent != 1 || f.Failed != 1 {
		t.Errorf("flushed %+v", f)
	}
	found, err := filepath.Glob(filepath.Join(cfg.Data.Dir, "share", "*", "*"))
	if err != nil || len(found) != 1 || !strings.HasSuffix(found[0], "share/JDS/warnings-2026-W46.csv") {
		t.Errorf("in the folder: %q, %v", found, err)
	}
}
