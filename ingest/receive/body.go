package receive

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"ohwatch/ingest"
)

// bodyFault is why a body was not taken.
type bodyFault struct {
	status int
	code   string
	err    error // of this machine: nothing about the body
}

func (f *bodyFault) answer(a *API, w http.ResponseWriter, r *http.Request) {
	switch {
	case f.err != nil:
		a.unavailable(w, r, f.err)
	case f.status == http.StatusRequestEntityTooLarge:
		a.tooLarge(w)
	default:
		a.refuse(w, f.status, f.code, nil)
	}
}

// contentTypes are the types of a body that is a file itself. What the file really is, its bytes say.
var contentTypes = []string{
	"application/octet-stream", "text/csv", "text/plain", "text/tab-separated-values", "application/json", "application/x-ndjson", "application/jsonl",
	"application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.apache.parquet", "application/vnd.apache.arrow.file", "application/vnd.apache.arrow.stream",
	"application/zip", "application/gzip", "application/zstd",
}

// receiveBody stores the file of a request: the body itself, or the file of a form.
func (a *API) receiveBody(w http.ResponseWriter, r *http.Request) (ingest.Source, string, *bodyFault) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" && !slices.Contains(contentTypes, media) {
		return ingest.Source{}, "", &bodyFault{status: http.StatusUnsupportedMediaType, code: "content_type"}
	}
	if media == "multipart/form-data" && params["boundary"] == "" {
		return ingest.Source{}, "", &bodyFault{status: http.StatusUnsupportedMediaType, code: "content_type"}
	}
	body := &paced{w: http.NewResponseController(w), body: r.Body, began: time.Now(), idle: a.Idle, slowest: a.Slowest}
	r.Body = body
	if media != "multipart/form-data" {
		name := r.URL.Query().Get("filename")
		if _, disposition, err := mime.ParseMediaType(r.Header.Get("Content-Disposition")); err == nil && name == "" {
			name = disposition["filename"]
		}
		name = fileName(name)
		src, fault := a.keep(&limited{r: body, left: a.MaxBytes}, name)
		return src, name, fault
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{&limited{r: body, left: a.MaxBytes + multipartExtra}, body}
	form, err := r.MultipartReader()
	if err != nil {
		return ingest.Source{}, "", &bodyFault{status: http.StatusUnsupportedMediaType, code: "content_type"}
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return ingest.Source{}, "", &bodyFault{status: http.StatusUnprocessableEntity, code: "no_file"}
			}
			return ingest.Source{}, "", readFault(err)
		}
		if part.FileName() == "" {
			continue // a field of the form
		}
		name := fileName(part.FileName())
		src, fault := a.keep(&limited{r: part, left: a.MaxBytes}, name)
		return src, name, fault
	}
}

// keep stores a body.
func (a *API) keep(body io.Reader, name string) (ingest.Source, *bodyFault) {
	read := &watched{r: body}
	src, err := a.Receiver.keep(read, name)
	switch {
	case err != nil && read.err != nil:
		return src, readFault(read.err)
	case err != nil:
		return src, &bodyFault{err: err}
	case src.Bytes == 0:
		return src, &bodyFault{status: http.StatusUnprocessableEntity, code: "empty"}
	}
	return src, nil
}

func readFault(err error) *bodyFault {
	switch {
	case errors.Is(err, errTooLarge):
		return &bodyFault{status: http.StatusRequestEntityTooLarge}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &bodyFault{status: http.StatusRequestTimeout, code: "slow"}
	}
	return &bodyFault{status: http.StatusBadRequest, code: "body"}
}

var (
	errTooLarge  = errors.New("body is too large")
	errKeyReused = errors.New("idempotency key was used for another file")
)

// limited refuses to go on behind its limit.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// watched remembers the error with which reading ended.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// paced is a body that must keep coming.
type paced struct {
	w       *http.ResponseController
	body    io.ReadCloser
	began   time.Time
	n       int64
	idle    time.Duration
	slowest int64 // bytes a second
}

func (b *paced) Read(p []byte) (int, error) {
	end := b.began.Add(grace + time.Duration(b.n/b.slowest)*time.Second)
	if idle := time.Now().Add(b.idle); idle.Before(end) {
		end = idle
	}
	if err := b.w.SetReadDeadline(end); err != nil {
		return 0, fmt.Errorf("pace the body: %w", err)
	}
	n, err := b.body.Read(p)
	b.n += int64(n)
	return n, err
}

func (b *paced) Close() error { return b.body.Close() }

// fileName makes the name that a sender gives harmless: it is a label, never a path.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "\ufffd"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 120 {
		extension := []rune(filepath.Ext(name))
		if len(extension) > 10 {
			extension = nil
		}
		name = string(runes[:120-len(extension)]) + string(extension)
	}
	if strings.Trim(name, "./ ") == "" {
		return "upload"
	}
	return name
}
