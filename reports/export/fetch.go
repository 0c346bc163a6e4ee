package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Endpoint is the HTTP interface of an engine and who asks there.
type Endpoint struct {
	URL      string // such as http://127.0.0.1:8123
	User     string
	Password string
	Database string
}

// answerMost is how much of an error answer is read.
const answerMost = 4 << 10

// UnavailableError says that the HTTP interface of the engine cannot be reached.
type UnavailableError struct {
	URL string
	Err error
}

// Error returns the fault in English, for logs.
func (e *UnavailableError) Error() string { return fmt.Sprintf("reach %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *UnavailableError) Message() (key string, args map[string]any) {
	return "export.no_http", map[string]any{"url": e.URL}
}

// Fetch lets the engine write the rows of a query as Parquet or Arrow and copies them to w as they come. The
// query runs read-only; values are bound by name. An answer that was cut off is an error.
func Fetch(ctx context.Context, at Endpoint, format Format, query string, values map[string]string, w io.Writer) error {
	settings := url.Values{
		"database": {at.Database},
		"readonly": {"2"},
		"default_format": {map[Format]string{
			Parquet: "Parquet", Arrow: "ArrowStream",
		}[format]},
		"output_format_parquet_compression_method": {"zstd"},
		"output_format_arrow_string_as_string":     {"1"},
		"output_format_parquet_string_as_string":   {"1"},
	}
	if at.User == embeddedReader {
		settings.Del("readonly") // its profile says so, and does not let itself be told again
	}
	for name, value := range values {
		settings.Set("param_"+name, value)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.URL+"/?"+settings.Encode(), strings.NewReader(query))
	if err != nil {
		return fmt.Errorf("ask the engine: %w", err)
	}
	request.Header.Set("X-ClickHouse-User", at.User)
	request.Header.Set("X-ClickHouse-Key", at.Password)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &UnavailableError{URL: at.URL, Err: err}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, answerMost))
		return errors.Join(fmt.Errorf("the engine answers: %s", strings.TrimSpace(string(text))), err)
	}
	end := &tail{}
	if _, err := io.Copy(io.MultiWriter(w, end), answer.Body); err != nil {
		return fmt.Errorf("copy the rows: %w", err)
	}
	if want := endings[format]; !strings.HasSuffix(string(end.last), want) {
		return fmt.Errorf("the engine broke off: …%s", strings.ToValidUTF8(string(end.last), "?"))
	}
	return nil
}

// embeddedReader is the read-only user of the embedded engine.
const embeddedReader = "reader"

// endings are how complete files end.
var endings = map[Format]string{Parquet: "PAR1", Arrow: "\xff\xff\xff\xff\x00\x00\x00\x00"}

// tail keeps the last bytes that are written to it.
type tail struct{ last []byte }

const tailLength = 200

func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p[max(0, len(p)-tailLength):]...)
	t.last = t.last[max(0, len(t.last)-tailLength):]
	return len(p), nil
}
