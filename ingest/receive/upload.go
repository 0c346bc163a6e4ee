package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/ingest"
	"ohwatch/internal/message"
)

// sourceHTTP is the source of uploads.
const sourceHTTP = "http"

// API answers senders' uploads and hands out their receipts over HTTP. docs/sources.md describes it.
type API struct {
	Receiver  *Receiver
	MaxBytes  int64         // of one file
	PerMinute int           // requests of one token
	Wait      time.Duration // how long an upload is waited for until it is answered as waiting
	Idle      time.Duration // longest pause of a sender in the middle of a body
	Slowest   int64         // bytes a second that a body must come with on average, after a minute's grace

	rates   rates
	uploads chan struct{} // one place for each upload under way
}

const (
	// defaultIdle and defaultSlowest bound how long one slow sender keeps a place.
	defaultIdle    = 30 * time.Second
	defaultSlowest = 4 << 10
	grace          = time.Minute
	// uploadsMost bounds the uploads under way.
	uploadsMost = 64
	// spareDisk is the space in bytes that an upload must leave.
	spareDisk = 512 << 20
	// multipartExtra is what a multipart body may hold beside the file.
	multipartExtra = 64 << 10
	retryAfter     = "30"
	answerTimeout  = time.Minute
)

// Handler returns the handler of everything below /api/.
func (a *API) Handler() http.Handler {
	if a.Idle == 0 {
		a.Idle = defaultIdle
	}
	if a.Slowest == 0 {
		a.Slowest = defaultSlowest
	}
	a.uploads = make(chan struct{}, uploadsMost)
	a.rates.now = a.Receiver.Now
	mux := http.NewServeMux()
	route := func(method, pattern string, serve func(http.ResponseWriter, *http.Request, client)) {
		mux.HandleFunc(method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
			if c, ok := a.authenticate(w, r); ok {
				serve(w, r, c)
			}
		})
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", method)
			a.refuse(w, http.StatusMethodNotAllowed, "method", map[string]any{"method": method})
		})
	}
	route("POST", "/api/v1/ingest/{stream}", a.upload)
	route("POST", "/api/v1/zero/{stream}", a.zero)
	route("GET", "/api/v1/receipts/{id}", a.receipt)
	route("GET", "/api/v1/receipts/{id}/rejects.xlsx", a.rejects)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { a.refuse(w, http.StatusNotFound, "no_page", nil) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		mux.ServeHTTP(w, r)
	})
}

// client is who makes a request.
type client struct {
	Profile
	token   string // its public part
	address string
}

// authenticate finds out who makes a request, or answers it.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (client, bool) {
	c := client{address: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.address = host
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !a.rates.peek("address "+c.address, failuresPerMinute) {
		a.tooMany(w)
		return c, false
	}
	var err error
	if c.Profile, c.token, err = whose(r.Context(), a.Receiver.DB, strings.TrimSpace(token)); err == nil && !strings.EqualFold(scheme, "Bearer") {
		err = ErrToken
	}
	switch {
	case errors.Is(err, ErrToken):
		a.rates.take("address "+c.address, failuresPerMinute)
		a.Receiver.Log.WarnContext(r.Context(), "upload with a token that is not valid", "address", c.address)
		w.Header().Set("WWW-Authenticate", `Bearer realm="ohwatch"`)
		a.refuse(w, http.StatusUnauthorized, "token", nil)
		return c, false
	case err != nil:
		a.unavailable(w, r, err)
		return c, false
	case !a.rates.take("token "+c.token, a.PerMinute):
		a.tooMany(w)
		return c, false
	}
	return c, true
}

// upload receives one file. The answer comes when the file is loaded, or with status 202 when that takes longer.
func (a *API) upload(w http.ResponseWriter, r *http.Request, c client) {
	stream, ok := a.stream(w, r, c)
	if !ok {
		return
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		w.Header().Set("Retry-After", retryAfter)
		a.refuse(w, http.StatusServiceUnavailable, "busy", nil)
		return
	}
	if r.ContentLength > a.MaxBytes+multipartExtra {
		a.tooLarge(w)
		return
	}
	if !a.hasRoom(r.ContentLength) {
		w.Header().Set("Retry-After", retryAfter)
		a.refuse(w, http.StatusServiceUnavailable, "disk_full", nil)
		return
	}
	src, name, fault := a.receiveBody(w, r)
	if fault != nil {
		fault.answer(a, w, r)
		return
	}
	receipt, err := a.accept(r, c, stream, name, src)
	switch {
	case errors.Is(err, errKeyReused):
		a.refuse(w, http.StatusConflict, "key_reused", nil)
		return
	case err != nil:
		a.unavailable(w, r, err)
		return
	}
	if receipt.State == Waiting {
		if receipt, err = a.awaited(r, receipt); err != nil {
			a.unavailable(w, r, err)
			return
		}
	}
	if err := a.audit(r, c, "upload", receipt.ID, outcome(receipt), name); err != nil {
		a.unavailable(w, r, err)
		return
	}
	w.Header().Set("Location", "/api/v1/receipts/"+receipt.ID)
	a.answer(w, statusOf(receipt), receipt.Document(a.Receiver.Catalogue))
}

func outcome(r Receipt) string {
	if r.Code != "" {
		return r.Code
	}
	return string(r.State)
}

func statusOf(r Receipt) int {
	switch r.State {
	case Waiting:
		return http.StatusAccepted
	case Refused:
		return http.StatusUnprocessableEntity
	case Failed:
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// stream returns the stream that a request names, empty for auto, or answers it.
func (a *API) stream(w http.ResponseWriter, r *http.Request, c client) (string, bool) {
	stream := r.PathValue("stream")
	if stream == "auto" {
		return "", true
	}
	known, err := ingest.Streams(a.Receiver.DB.Files())
	switch {
	case err != nil:
		a.unavailable(w, r, err)
	case !slices.Contains(known, stream):
		a.refuse(w, http.StatusNotFound, "stream", map[string]any{"stream": stream, "streams": strings.Join(known, ", ")})
	case !c.Expects(stream):
		if err := a.audit(r, c, "upload", stream, "stream_forbidden", ""); err != nil {
			a.unavailable(w, r, err)
			return "", false
		}
		a.refuse(w, http.StatusForbidden, "stream_forbidden", map[string]any{"stream": stream, "streams": strings.Join(c.Streams(), ", ")})
	default:
		return stream, true
	}
	return "", false
}

// accept registers an upload.
func (a *API) accept(r *http.Request, c client, stream, name string, src ingest.Source) (Receipt, error) {
	id := receiptName(sourceHTTP, c.Sender, stream, src.SHA256)
	key := ""
	if text := r.Header.Get("Idempotency-Key"); text != "" {
		key = hashOf(c.Sender + "\x00" + text)
		var rows []named
		err := a.Receiver.DB.Select(r.Context(), &rows, "receive_idempotency", clickhouse.Named("sender", c.Sender), clickhouse.Named("key", key))
		switch {
		case err != nil:
			return Receipt{}, fmt.Errorf("look up an idempotency key: %w", err)
		case len(rows) > 0 && rows[0].Receipt != id:
			return Receipt{}, errKeyReused
		case len(rows) > 0:
			key = "" // noted already
		}
	}
	return a.Receiver.accept(r.Context(), arrival{
		id: id, source: sourceHTTP, profile: c.Profile, stream: stream, name: name, idempotency: key,
	}, src)
}

// awaited waits a while for a file to be loaded and returns its receipt as it stands then.
func (a *API) awaited(r *http.Request, receipt Receipt) (Receipt, error) {
	ended, forget := a.Receiver.watch(receipt.ID)
	defer forget()
	if now, err := FindReceipt(r.Context(), a.Receiver.DB, receipt.ID, receipt.Sender); err != nil || now.State != Waiting {
		return now, err // dealt with before the watching began
	}
	a.Receiver.wake()
	wait := a.Wait
	if slices.ContainsFunc(r.Header.Values("Prefer"), func(v string) bool { return strings.Contains(v, "respond-async") }) {
		wait = 0 // RFC 7240: the sender does not want to wait
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-r.Context().Done():
		return receipt, nil // nobody reads the answer; the file is safe
	}
	return FindReceipt(r.Context(), a.Receiver.DB, receipt.ID, receipt.Sender)
}

// receipt answers with a receipt of the sender.
func (a *API) receipt(w http.ResponseWriter, r *http.Request, c client) {
	if receipt, ok := a.find(w, r, c); ok {
		a.answer(w, http.StatusOK, receipt.Document(a.Receiver.Catalogue))
	}
}

func (a *API) find(w http.ResponseWriter, r *http.Request, c client) (Receipt, bool) {
	receipt, err := FindReceipt(r.Context(), a.Receiver.DB, r.PathValue("id"), c.Sender)
	switch {
	case errors.Is(err, ErrNoReceipt):
		a.refuse(w, http.StatusNotFound, "receipt", nil)
	case err != nil:
		a.unavailable(w, r, err)
	default:
		return receipt, true
	}
	return receipt, false
}

// rejects answers with the rejected rows of the first batch of a receipt that has any, or of the one named by batch.
func (a *API) rejects(w http.ResponseWriter, r *http.Request, c client) {
	receipt, ok := a.find(w, r, c)
	if !ok {
		return
	}
	wanted := r.URL.Query().Get("batch")
	i := slices.IndexFunc(receipt.Results, func(b ingest.Result) bool {
		return b.Rejected > 0 && (wanted == "" || wanted == fmt.Sprint(b.Batch))
	})
	if i < 0 {
		a.refuse(w, http.StatusNotFound, "no_rejects", nil)
		return
	}
	if err := a.audit(r, c, "rejects", receipt.ID, "done", ""); err != nil {
		a.unavailable(w, r, err)
		return
	}
	dir, err := os.MkdirTemp(a.Receiver.Dir, ".rejects-")
	if err != nil {
		a.unavailable(w, r, err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "rejects.xlsx")
	if err := a.Receiver.writeRejects(r.Context(), receipt.Results[i].Batch, file); err != nil {
		a.unavailable(w, r, err)
		return
	}
	f, err := os.Open(file)
	if err != nil {
		a.unavailable(w, r, err)
		return
	}
	defer f.Close()
	allowAnswer(w)
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="rejects-`+receipt.ID+`.xlsx"`)
	http.ServeContent(w, r, "", time.Time{}, f)
}

// zero records that there is nothing to report: period in the query or in a form.
func (a *API) zero(w http.ResponseWriter, r *http.Request, c client) {
	stream, ok := a.stream(w, r, c)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, multipartExtra)
	said, err := SayZero(r.Context(), a.Receiver.DB, c.Profile, stream, r.FormValue("period"), sourceHTTP, "token "+c.token, false, a.Receiver.Now())
	if fault, is := IsFault(err); is {
		a.refuseWith(w, http.StatusUnprocessableEntity, strings.TrimPrefix(fault.Code, "receive."), fault.Code, fault.Args)
		return
	}
	if err == nil {
		err = a.audit(r, c, "zero", stream, "done", said.String())
	}
	if err != nil {
		a.unavailable(w, r, err)
		return
	}
	a.answer(w, http.StatusOK, map[string]string{"sender": c.Sender, "stream": stream, "period": said.String(), "state": "zero"})
}

// audit records who did what.
func (a *API) audit(r *http.Request, c client, action, object, outcome, detail string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
	defer cancel()
	return Audit(ctx, a.Receiver.DB, a.Receiver.Now(), c.Sender+" "+c.token, action, object, outcome, c.address, detail)
}

// hasRoom reports whether a body of that many bytes, -1 when it is not known, leaves enough room on the disk.
func (a *API) hasRoom(n int64) bool {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(a.Receiver.Dir, &stat); err != nil {
		return true // writing will say
	}
	return stat.Bavail*uint64(stat.Bsize) >= uint64(max(0, n))+spareDisk
}

func (a *API) answer(w http.ResponseWriter, status int, value any) {
	allowAnswer(w)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // the reader may have gone
}

// allowAnswer gives the answer its own time: the deadline of the server counts from the beginning of the request, and a
// large body and its load may have taken longer.
func allowAnswer(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTimeout)) // a writer without deadlines needs none
}

// apiError is the answer to a request that was not fulfilled.
type apiError struct {
	Code      string `json:"code"`
	MessageZh string `json:"message_zh"`
	MessageEn string `json:"message_en"`
}

func (a *API) refuse(w http.ResponseWriter, status int, code string, args map[string]any) {
	a.refuseWith(w, status, code, "api."+code, args)
}

func (a *API) refuseWith(w http.ResponseWriter, status int, code, key string, args map[string]any) {
	c := a.Receiver.Catalogue
	a.answer(w, status, apiError{Code: code, MessageZh: c.Printer(message.Chinese).Text(key, args), MessageEn: c.Printer(message.English).Text(key, args)})
}

func (a *API) tooLarge(w http.ResponseWriter) {
	a.refuse(w, http.StatusRequestEntityTooLarge, "too_large", map[string]any{"most": fmt.Sprintf("%d MiB", a.MaxBytes>>20)})
}

func (a *API) tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	a.refuse(w, http.StatusTooManyRequests, "too_many", nil)
}

// unavailable answers when the fault is ours; what it is, only the log says.
func (a *API) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	a.Receiver.Log.ErrorContext(r.Context(), "answer a sender", "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", retryAfter)
	a.refuse(w, http.StatusServiceUnavailable, "unavailable", nil)
}
