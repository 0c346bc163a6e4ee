package receive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"ohwatch/ingest"
)

// counter is an upload interface over HTTP, with the worker that loads what comes.
type counter struct {
	*office
	api    *API
	server *httptest.Server
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	o := newOffice(t)
	c := &counter{office: o, api: &API{Receiver: o.Receiver, MaxBytes: 1 << 20, PerMinute: 10_000, Wait: 10 * time.Minute}}
	c.server = httptest.NewServer(c.api.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		c.server.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	Document
}

func (c *counter) do(r *http.Request) answer {
	c.t.Helper()
	response, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		c.t.Fatal(err)
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(a.body, &a.Document); err != nil {
			c.t.Fatalf("%s: %v", a.body, err)
		}
	}
	return a
}

func (c *counter) request(method, path, token string, body io.Reader, headers ...string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (c *counter) post(path, token, text string, headers ...string) answer {
	c.t.Helper()
	return c.do(c.request("POST", path, token, strings.NewReader(text), append([]string{"Content-Type", "text/csv"}, headers...)...))
}

func (a answer) want(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || a.Code != code {
		t.Errorf("answer %d %s %s, want %d %s", a.status, a.Code, a.body, status, code)
	}
	if status >= 400 && (a.MessageZh == "" || a.MessageEn == "" || strings.Contains(a.MessageZh+a.MessageEn, "[")) {
		t.Errorf("answer without its sentences: %s", a.body)
	}
}

func TestUpload_SameBytesSameReceipt(t *testing.T) {
	c := newCounter(t)
	token := c.sender("甲医院", "insurance=monthly:10")
	text := insurance("2026-01", "2026-02") + employerCode + ",2026-03,many,50\n"
	first := c.post("/api/v1/ingest/insurance?filename=%E4%BF%9D%E9%99%A9.csv", token, text)
	first.want(t, 200, "")
	if first.State != Loaded || first.File != "保险.csv" || first.Sender != "甲医院" || first.SHA256 == "" || first.ReceivedAt.IsZero() ||
		len(first.Batches) != 1 || first.Batches[0].Read != 3 || first.Batches[0].Loaded != 2 || first.Batches[0].Rejected != 1 || first.Batches[0].State != "published" {
		t.Fatalf("receipt %s", first.body)
	}
	if first.header.Get("Location") != "/api/v1/receipts/"+first.Receipt || first.header.Get("Access-Control-Allow-Origin") != "" ||
		first.header.Get("X-Content-Type-Options") != "nosniff" || first.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", first.header)
	}

	again := c.post("/api/v1/ingest/insurance?filename=other.csv", token, text, "Idempotency-Key", "k1")
	again.want(t, 200, "")
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	if err := m.WriteField("note", "x"); err != nil {
		t.Fatal(err)
	}
	part, err := m.CreateFormFile("file", "form.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, text); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	byForm := c.do(c.request("POST", "/api/v1/ingest/insurance", token, &form, "Content-Type", m.FormDataContentType(), "Idempotency-Key", "k1"))
	byForm.want(t, 200, "")
	if again.Receipt != first.Receipt || byForm.Receipt != first.Receipt || len(c.batches()) != 1 {
		t.Errorf("receipts %s, %s, %s; %d batches", first.Receipt, again.Receipt, byForm.Receipt, len(c.batches()))
	}
	c.post("/api/v1/ingest/insurance", token, insurance("2026-05"), "Idempotency-Key", "k1").want(t, 409, "key_reused")

	got := c.do(c.request("GET", "/api/v1/receipts/"+first.Receipt, token, nil))
	got.want(t, 200, "")
	if !bytes.Equal(got.body, again.body) {
		t.Errorf("receipt %s, want %s", got.body, again.body)
	}
	file := c.do(c.request("GET", "/api/v1/receipts/"+first.Receipt+"/rejects.xlsx", token, nil))
	if file.status != 200 || !bytes.HasPrefix(file.body, []byte("PK")) || !strings.Contains(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("rejects: %d %v", file.status, file.header)
	}

	other := c.sender("乙医院", "insurance")
	c.do(c.request("GET", "/api/v1/receipts/"+first.Receipt, other, nil)).want(t, 404, "receipt")
	c.do(c.request("GET", "/api/v1/receipts/"+first.Receipt+"/rejects.xlsx", other, nil)).want(t, 404, "receipt")
	theirs := c.post("/api/v1/ingest/insurance", other, text)
	if theirs.want(t, 200, ""); theirs.Receipt == first.Receipt || theirs.Batches[0].Unchanged != 3 {
		t.Errorf("another sender's upload of the same bytes: %s", theirs.body)
	}

	// Taken back, the same bytes load once more under the same receipt.
	for _, b := range c.batches() {
		if _, err := ingest.Revert(t.Context(), c.db, c.Dir, b.Batch, "test", ""); err != nil {
			t.Fatal(err)
		}
	}
	once := c.post("/api/v1/ingest/insurance", token, text)
	if once.want(t, 200, ""); once.Receipt != first.Receipt || once.Batches[0].Loaded != 2 {
		t.Errorf("after a revert: %s", once.body)
	}
	if n := c.rows("ops_audit WHERE action = 'upload' AND outcome = 'loaded' AND address = '127.0.0.1'"); n != 5 {
		t.Errorf("%d uploads in the audit log, want 5", n)
	}
}

func TestUpload_Refusals(t *testing.T) {
	c := newCounter(t)
	token := c.sender("甲医院", "insurance=monthly:10")
	c.post("/api/v1/ingest/insurance", "", "x").want(t, 401, "token")
	c.post("/api/v1/ingest/insurance", token+"x", "x").want(t, 401, "token")
	c.post("/api/v1/ingest/insurance", "ohw_000000000000_"+strings.Repeat("A", 43), "x").want(t, 401, "token")
	c.do(c.request("POST", "/api/v1/ingest/insurance", "", strings.NewReader("x"), "Content-Type", "text/csv", "Authorization", "Basic "+token)).want(t, 401, "token")
	c.post("/api/v1/ingest/exam", token, "x").want(t, 403, "stream_forbidden")
	c.post("/api/v1/ingest/nothing", token, "x").want(t, 404, "stream")
	c.post("/api/v1/other", token, "x").want(t, 404, "no_page")
	c.do(c.request("GET", "/api/v1/ingest/insurance", token, nil)).want(t, 405, "method")
	c.post("/api/v1/ingest/insurance", token, "x", "Content-Type", "image/png").want(t, 415, "content_type")
	c.post("/api/v1/ingest/insurance", token, "x", "Content-Type", "multipart/form-data").want(t, 415, "content_type")
	c.post("/api/v1/ingest/insurance", token, "--b--\r\n", "Content-Type", "multipart/form-data; boundary=b").want(t, 422, "no_file")
	c.post("/api/v1/ingest/insurance", token, "").want(t, 422, "empty")
	c.post("/api/v1/ingest/auto", token, "no,table,of,ours\n1,2,3,4\n").want(t, 422, "no_header")
	c.do(c.request("GET", "/api/v1/receipts/r000000000000000000000000", token, nil)).want(t, 404, "receipt")
	if all := c.batches(); len(all) != 0 {
		t.Errorf("batches %+v", all)
	}
	// A stream that is not agreed is refused by its headings, too.
	other := "统一社会信用代码,用人单位名称,作业场所地址,所属乡镇,行业类别,企业规模,职工人数,接害人数,经营状态\n" +
		employerCode + ",甲厂,x,410184106,C3311,小型,50,10,在业\n"
	unexpected := c.post("/api/v1/ingest/auto", token, other)
	if unexpected.want(t, 422, "stream_unexpected"); unexpected.State != Refused || unexpected.Receipt == "" {
		t.Errorf("%s", unexpected.body)
	}

	// Too large, said beforehand and not.
	large := strings.Repeat("x", 2<<20)
	c.post("/api/v1/ingest/insurance", token, large).want(t, 413, "too_large")
	c.do(c.request("POST", "/api/v1/ingest/insurance", token, io.MultiReader(strings.NewReader(large)), "Content-Type", "text/csv")).want(t, 413, "too_large")

	// A token that was revoked.
	tokens, err := Tokens(t.Context(), c.db, "甲医院")
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	if err := RevokeToken(t.Context(), c.db, tokens[0], "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	c.post("/api/v1/ingest/insurance", token, "x").want(t, 401, "token")
	if n := c.rows("ops_token WHERE position(toString(sha256), '" + token[18:30] + "') > 0"); n != 0 {
		t.Error("the token stands in the warehouse")
	}

	// The warehouse does not answer as it should.
	if err := c.db.ExecSQL(t.Context(), "RENAME TABLE ops_token TO ops_token_away"); err != nil {
		t.Fatal(err)
	}
	gone := c.post("/api/v1/ingest/insurance", token, "x")
	if gone.want(t, 503, "unavailable"); gone.header.Get("Retry-After") == "" || strings.Contains(string(gone.body), "ops_token") {
		t.Errorf("%v %s", gone.header, gone.body)
	}
}

func TestUpload_HostileNames(t *testing.T) {
	c := newCounter(t)
	token := c.sender("甲医院", "insurance")
	for i, x := range []struct{ name, want string }{
		{"../../etc/passwd", "passwd"},
		{`..\..\boot.ini`, "boot.ini"},
		{"/absolute.csv", "absolute.csv"},
		{"..", "upload"},
		{"", "upload"},
		{"a\x00b\n\u202ecsv", "abcsv"},
		{strings.Repeat("长", 500) + ".xlsx", strings.Repeat("长", 115) + ".xlsx"},
		{"x\xff.csv", "x\ufffd.csv"},
	} {
		r := c.request("POST", "/api/v1/ingest/insurance", token, strings.NewReader(insurance(fmt.Sprintf("2025-%02d", i+1))), "Content-Type", "text/csv")
		query := r.URL.Query()
		query.Set("filename", x.name)
		r.URL.RawQuery = query.Encode()
		if a := c.do(r); a.File != x.want {
			t.Errorf("%q became %q, want %q (%s)", x.name, a.File, x.want, a.body)
		}
	}
}

func TestUpload_ZeroReport(t *testing.T) {
	c := newCounter(t)
	token := c.sender("甲医院", "insurance=monthly:10")
	c.do(c.request("POST", "/api/v1/zero/insurance?period=2025-07", token, nil)).want(t, 200, "")
	c.do(c.request("POST", "/api/v1/zero/insurance?period=2025Q3", token, nil)).want(t, 422, "zero_cadence")
	c.do(c.request("POST", "/api/v1/zero/insurance?period=July", token, nil)).want(t, 422, "zero_period")
	c.do(c.request("POST", "/api/v1/zero/insurance?period=2199-01", token, nil)).want(t, 422, "zero_future")
	c.do(c.request("POST", "/api/v1/zero/exam?period=2025-07", token, nil)).want(t, 403, "stream_forbidden")
	if n := c.rows("ops_zero"); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}

func TestUpload_TooManyRequests(t *testing.T) {
	c := newCounter(t)
	c.api.PerMinute = 2
	token := c.sender("甲医院")
	statuses := map[int]int{}
	for range 5 {
		statuses[c.do(c.request("GET", "/api/v1/receipts/x", token, nil)).status]++
	}
	if statuses[404] != 2 || statuses[429] != 3 {
		t.Errorf("answers %v", statuses)
	}
	for range failuresPerMinute {
		c.post("/api/v1/ingest/insurance", "wrong", "x").want(t, 401, "token")
	}
	c.post("/api/v1/ingest/insurance", "wrong", "x").want(t, 429, "too_many")
}

func TestUpload_SlowBody(t *testing.T) {
	c := newCounter(t)
	c.api.Idle = 200 * time.Millisecond
	token := c.sender("甲医院", "insurance")
	conn, err := net.Dial("tcp", c.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/ingest/insurance HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n%s", token, insuranceHead)
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 408") || !strings.Contains(string(text), `"code":"slow"`) {
		t.Errorf("answer %s, %v", text, err)
	}
	if n := c.rows("ops_receipt"); n != 0 {
		t.Errorf("%d receipts", n)
	}
}

func TestUpload_WaitsWhileAnotherLoadGoesOn(t *testing.T) {
	c := newCounter(t)
	c.api.Wait = 100 * time.Millisecond
	token := c.sender("甲医院", "insurance")
	other, err := ingest.Open(t.Context(), ingest.Config{DB: c.db, Dir: c.Dir, Today: c.Today()})
	if err != nil {
		t.Fatal(err)
	}
	a := c.post("/api/v1/ingest/insurance", token, insurance("2026-01"))
	if a.want(t, 202, ""); a.State != Waiting || len(a.Batches) != 0 {
		t.Errorf("%s", a.body)
	}
	again := c.post("/api/v1/ingest/insurance", token, insurance("2026-01"))
	if again.want(t, 202, ""); again.Receipt != a.Receipt {
		t.Errorf("%s", again.body)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for a.State == Waiting {
		time.Sleep(50 * time.Millisecond)
		a = c.do(c.request("GET", "/api/v1/receipts/"+a.Receipt, token, nil))
	}
	if a.State != Loaded || a.Batches[0].Loaded != 1 || len(c.batches()) != 1 {
		t.Errorf("%s", a.body)
	}
}

func TestUpload_FiftyAtTheSameTime(t *testing.T) {
	c := newCounter(t)
	token := c.sender("甲医院", "insurance")
	var all sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		all.Go(func() {
			// Every file comes twice, at the same time.
			answers[i] = c.post("/api/v1/ingest/insurance", token, insurance(fmt.Sprintf("%d-%02d", 2020+i/2/12, i/2%12+1)))
		})
	}
	all.Wait()
	receipts := map[string]bool{}
	for _, a := range answers {
		a.want(t, 200, "")
		receipts[a.Receipt] = true
	}
	loaded := 0
	batches := c.batches()
	for _, b := range batches {
		loaded += int(b.Loaded)
	}
	if len(receipts) != 25 || len(batches) != 25 || loaded != 25 || c.rows("raw_insurance") != 25 {
		t.Errorf("%d receipts, %d batches, %d rows loaded, %d rows there; want 25 each", len(receipts), len(batches), loaded, c.rows("raw_insurance"))
	}
}
