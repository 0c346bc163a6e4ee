package delivery

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ohwatch/internal/config"
)

// webhookTimeout bounds one request.
const webhookTimeout = 20 * time.Second

// The headers of a JSON webhook. The signature is sha256= and the hexadecimal HMAC-SHA-256, by the secret, of the timestamp, a full stop and
// the body.
const (
	HeaderIdempotency = "Idempotency-Key"
	HeaderTimestamp   = "X-Ohwatch-Timestamp" // seconds since 1970
	HeaderSignature   = "X-Ohwatch-Signature"
)

// markdownMost is how many bytes of Markdown a chat takes: 4096 for WeCom, 20000 for DingTalk.
const (
	wecomMost    = 4096
	dingtalkMost = 20000
)

// webhook posts messages to an address.
type webhook struct {
	channel config.Channel
	secrets secrets
	client  *http.Client // made at the first use
}

// Send posts one message. A status from 400 to 499 is final, except those that say later; so is an error code of a chat, except those for
// too many messages, for a system that is busy, and for a signature that does not fit, which a clock that is mended mends.
func (w *webhook) Send(ctx context.Context, e Entry, c Content) error {
	request, err := w.request(ctx, e, c)
	if err != nil {
		return err
	}
	if w.client == nil {
		trust, err := w.secrets.trust("", w.channel.CAFile)
		if err != nil {
			return err
		}
		w.client = &http.Client{
			Timeout:   webhookTimeout,
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust, ForceAttemptHTTP2: true},
			// A signed body is for the address it was signed for.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return &Unreachable{withoutAddress(err)}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<10))
	if err != nil {
		return withoutAddress(err)
	}
	words := strings.TrimSpace(answer.Status + " " + strings.ToValidUTF8(string(body), "?"))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return w.verdict(body, words)
	case slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable}, code):
		seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if err != nil || seconds < 0 {
			return errors.New(words)
		}
		return &after{time.Duration(min(seconds, 86400)) * time.Second, errors.New(words)}
	case code >= 300 && code < 500:
		return &Refused{words}
	}
	return errors.New(words)
}

// verdict reads what a chat says with status 200.
func (w *webhook) verdict(body []byte, words string) error {
	if w.channel.Kind == "webhook" {
		return nil
	}
	var said struct {
		Code *int `json:"errcode"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Code == nil {
		return fmt.Errorf("unexpected answer: %s", words)
	}
	switch {
	case *said.Code == 0:
		return nil
	case slices.Contains(passing(w.channel.Kind), *said.Code):
		return errors.New(words)
	}
	return &Refused{words}
}

// passing are the error codes of a chat that may be over later: busy, too many messages, and of DingTalk 310000, a signature
// that does not fit the time.
func passing(kind string) []int {
	if kind == "dingtalk" {
		return []int{-1, 88, 130101, 310000, 410100}
	}
	return []int{-1, 45009, 45033}
}

// request writes the request for a message.
func (w *webhook) request(ctx context.Context, e Entry, c Content) (*http.Request, error) {
	address, err := w.secrets.read(w.channel.URL, w.channel.URLFile)
	if err != nil {
		return nil, err
	}
	secret, err := w.secrets.read(w.channel.Secret, w.channel.SecretFile)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, &Unreachable{errors.New("the address of the webhook is none")}
	}
	now := time.Now() // of the signature: the other side compares it with its own clock
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"ohwatch"}, HeaderIdempotency: {e.ID}}
	var body any
	switch w.channel.Kind {
	case "wecom":
		body = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": cut(c.markdown(), wecomMost)}}
	case "dingtalk":
		body = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": c.Subject, "text": cut(c.markdown(), dingtalkMost)}}
		if secret != "" {
			stamp := strconv.FormatInt(now.UnixMilli(), 10)
			query := target.Query()
			query.Set("timestamp", stamp)
			query.Set("sign", dingtalkSign(secret, stamp))
			target.RawQuery = query.Encode()
		}
	default:
		body = struct {
			ID        string          `json:"id"`
			Kind      string          `json:"kind"`
			Addressee string          `json:"addressee"`
			At        string          `json:"at"` // instant at which it was enqueued
			Subject   string          `json:"subject"`
			Text      string          `json:"text"`
			Data      json.RawMessage `json:"data,omitempty"`
		}{e.ID, e.Kind, e.Addressee, e.QueuedAt.UTC().Format(time.RFC3339), c.Subject, c.Text, c.Data}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, &Refused{err.Error()}
	}
	if w.channel.Kind == "webhook" {
		stamp := strconv.FormatInt(now.Unix(), 10)
		header.Set(HeaderTimestamp, stamp)
		header.Set(HeaderSignature, "sha256="+hex.EncodeToString(sign(secret, stamp+"."+text.String())))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), &text)
	if err != nil {
		return nil, &Unreachable{withoutAddress(err)}
	}
	request.Header = header
	return request, nil
}

// markdown is what a chat shows: the Markdown, or without any the text.
func (c Content) markdown() string {
	if c.Markdown != "" {
		return c.Markdown
	}
	return c.Text
}

func sign(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// dingtalkSign is the signature that DingTalk's custom robots demand: the Base64 of the HMAC-SHA-256, by the secret, of the time in
// milliseconds, a line feed and the secret.
func dingtalkSign(secret, stamp string) string {
	return base64.StdEncoding.EncodeToString(sign(secret, stamp+"\n"+secret))
}

// cut shortens Markdown to at most n bytes, at the end of a line where there is one.
func cut(text string, n int) string {
	const more = "\n…"
	if len(text) <= n {
		return text
	}
	text = text[:n-len(more)]
	if at := strings.LastIndexByte(text, '\n'); at > 0 {
		return text[:at] + more
	}
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + more
}

// withoutAddress leaves the address, which may hold a key, out of an error.
func withoutAddress(err error) error {
	var said *url.Error
	if errors.As(err, &said) {
		return said.Err
	}
	return err
}

// Check connects to the server, without posting anything.
func (w *webhook) Check(ctx context.Context) error {
	address, err := w.secrets.read(w.channel.URL, w.channel.URLFile)
	if err != nil {
		return err
	}
	if _, err := w.secrets.read(w.channel.Secret, w.channel.SecretFile); err != nil {
		return err
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return &Unreachable{errors.New("the address of the webhook is none")}
	}
	trust, err := w.secrets.trust(target.Hostname(), w.channel.CAFile)
	if err != nil {
		return err
	}
	return reach(ctx, target, trust)
}

// Close lets go of idle connections.
func (w *webhook) Close() error {
	if w.client != nil {
		w.client.CloseIdleConnections()
	}
	return nil
}
