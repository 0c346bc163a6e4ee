package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LinkPath is where signed links lead. What may be done is in the link itself, so it is served to other machines too.
const LinkPath = "/api/links/warning"

// The steps that a link may stand for.
const (
	LinkSeen  = "seen"
	LinkTaken = "taken"
)

// Link lets whoever holds it say one thing about one warning.
type Link struct {
	Warning string
	To      string // addressee in whose name it is said
	Step    string // LinkSeen or LinkTaken
	Until   time.Time
}

// The faults of a link.
var (
	ErrLinkForged  = errors.New("the link is not one of ours or was changed")
	ErrLinkExpired = errors.New("the link has expired")
)

// LinkKey signs links with HMAC-SHA-256.
type LinkKey []byte

// linkKeySize is the size of the key in bytes.
const linkKeySize = 32

// OpenLinkKey reads the key from a file for its owner only, and makes one when there is none. With another key all
// links that are under way end.
func OpenLinkKey(path string) (LinkKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeLinkKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the key of links: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of links: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != linkKeySize {
		return nil, fmt.Errorf("read the key of links: %s does not hold %d bytes in hexadecimal", path, linkKeySize)
	}
	return key, nil
}

// makeLinkKey writes a new key, whole or not at all: two that make one at once get the same.
func makeLinkKey(path string) error {
	key := make([]byte, linkKeySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".link-") // only its owner may read it
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}

func (k LinkKey) sign(l Link) []byte {
	mac := hmac.New(sha256.New, k)
	for _, part := range []string{"warning link 1", l.Warning, l.To, l.Step, strconv.FormatInt(l.Until.Unix(), 10)} {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return mac.Sum(nil)
}

// URL returns the address of a link below base, as https://host:8443.
func (k LinkKey) URL(base string, l Link) string {
	v := url.Values{
		"id": {l.Warning}, "to": {l.To}, "step": {l.Step}, "until": {strconv.FormatInt(l.Until.Unix(), 10)},
		"sig": {base64.RawURLEncoding.EncodeToString(k.sign(l))},
	}
	return strings.TrimSuffix(base, "/") + LinkPath + "?" + v.Encode()
}

// Check returns what a link says, or ErrLinkForged or ErrLinkExpired.
func (k LinkKey) Check(v url.Values, now time.Time) (Link, error) {
	until, err := strconv.ParseInt(v.Get("until"), 10, 64)
	sum, sumErr := base64.RawURLEncoding.DecodeString(v.Get("sig"))
	l := Link{Warning: v.Get("id"), To: v.Get("to"), Step: v.Get("step"), Until: time.Unix(until, 0)}
	switch {
	case err != nil, sumErr != nil, !hmac.Equal(sum, k.sign(l)), l.Step != LinkSeen && l.Step != LinkTaken:
		return Link{}, ErrLinkForged
	case !now.Before(l.Until):
		return Link{}, ErrLinkExpired
	}
	return l, nil
}

// Links takes what the holder of a link says.
type Links interface {
	Title(ctx context.Context, l Link) (title string, err error)
	Take(ctx context.Context, l Link) (sentence string, err error)
}

// linkPage asks, so that a program that looks into mail and follows links says nothing about a warning, and answers.
const linkPage = `<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{.Organisation}}</title></head>
<body><p>{{.Organisation}}</p><h1>{{.Title}}</h1>
{{if .Said}}<p role="status">{{.Said}}</p>{{end}}{{if .Button}}<form method="post"><button>{{.Button}}</button></form>{{end}}
</body></html>
`

// linkHandler serves signed links: GET asks, POST does it.
func (s *Server) linkHandler() (http.Handler, error) {
	page, err := template.New("link").Parse(linkPage)
	if err != nil {
		return nil, fmt.Errorf("parse the page of links: %w", err)
	}
	type content struct{ Lang, Organisation, Title, Said, Button string }
	show := func(w http.ResponseWriter, status int, c content) {
		c.Lang, c.Organisation = htmlLang(s.Printer.Lang()), s.Organisation
		var text bytes.Buffer
		if err := page.Execute(&text, c); err != nil {
			s.Log.Error("answer", "path", LinkPath, "error", err)
			status = http.StatusInternalServerError
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = text.WriteTo(w) // the reader may have gone
	}
	handle := func(w http.ResponseWriter, r *http.Request) {
		l, err := s.LinkKey.Check(r.URL.Query(), s.Now())
		if err != nil {
			key := "serve.link_forged"
			if errors.Is(err, ErrLinkExpired) {
				key = "serve.link_expired"
			}
			show(w, http.StatusForbidden, content{Title: s.Printer.Text(key, nil)})
			return
		}
		title, err := s.Links.Title(r.Context(), l)
		c := content{Title: title, Button: s.Printer.Text("serve.link_"+l.Step, nil)}
		if err == nil && r.Method == http.MethodPost {
			c.Button = ""
			c.Said, err = s.Links.Take(r.Context(), l)
		}
		if err != nil {
			status, sentence := s.failure(r, err)
			show(w, status, content{Title: sentence})
			return
		}
		show(w, http.StatusOK, c)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+LinkPath, handle)
	mux.HandleFunc("POST "+LinkPath, handle)
	return s.headers(http.TimeoutHandler(http.NewCrossOriginProtection().Handler(mux), requestTimeout, "")), nil
}
