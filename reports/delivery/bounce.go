package delivery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// bounceMost is how much of a mail is read, in bytes; what follows is the mail that came back.
const bounceMost = 1 << 20

// bounce is what a delivery status notification (RFC 3464) says about a message of ours.
type bounce struct {
	id    string // of the message, from the Message-ID of the mail that came back
	words string
}

// ReadBounces reads a Maildir to which mail that comes back is delivered, and notes of the messages that it names as not delivered that
// they bounced. Notifications move from its folder new to cur; other mail stays where it is, for a person. It returns how many messages bounced.
func (o *Outbox) ReadBounces(ctx context.Context, maildir, by string) (n int, err error) {
	entries, err := os.ReadDir(filepath.Join(maildir, "new"))
	if errors.Is(err, fs.ErrNotExist) || len(entries) == 0 && err == nil {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the mail that came back: %w", err)
	}
	unlock, err := o.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	for _, entry := range entries {
		path := filepath.Join(maildir, "new", entry.Name())
		found, ok := readBounce(path)
		if !ok {
			continue
		}
		e, _, _, err := o.Find(ctx, found.id)
		switch {
		case errors.Is(err, ErrUnknownMessage): // of another warehouse
		case err != nil:
			return n, err
		case e.State == Sent:
			if _, err := o.record(ctx, e, Bounced, o.now(), short(found.words), by); err != nil {
				return n, err
			}
			n++
		}
		seen := filepath.Join(maildir, "cur", entry.Name()+":2,S")
		if err := errors.Join(os.MkdirAll(filepath.Dir(seen), 0o700), os.Rename(path, seen)); err != nil {
			return n, fmt.Errorf("put a notification away: %w", err)
		}
	}
	return n, nil
}

// ourID is the Message-ID of a mail of ours.
var ourID = regexp.MustCompile(`<([0-9a-f]{32})@[^<>\s]+>`)

// readBounce reads a file that may be a notification; not ok: it is something else, or says that the mail is only late.
func readBounce(path string) (b bounce, ok bool) {
	file, err := os.Open(path)
	if err != nil {
		return b, false
	}
	defer file.Close()
	m, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(file, bounceMost)))
	if err != nil {
		return b, false
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") {
		return b, false
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			break // the end, or where the reading stopped
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			continue
		}
		switch kind {
		case "message/delivery-status", "message/global-delivery-status":
			b.words = failure(part)
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			header, _ := textproto.NewReader(bufio.NewReader(part)).ReadMIMEHeader() // what could be read of it
			if id := ourID.FindStringSubmatch(header.Get("Message-Id")); id != nil {
				b.id = id[1]
			}
		}
	}
	return b, b.id != "" && b.words != ""
}

// failure is what a delivery status says of the recipient whom the mail did not reach; empty: it says nothing like that.
func failure(part io.Reader) string {
	fields := textproto.NewReader(bufio.NewReader(part))
	for {
		group, err := fields.ReadMIMEHeader()
		if strings.EqualFold(strings.TrimSpace(group.Get("Action")), "failed") {
			said := group.Get("Diagnostic-Code")
			if _, text, ok := strings.Cut(said, ";"); ok {
				said = text
			}
			return strings.TrimSpace(group.Get("Status") + " " + strings.TrimSpace(said))
		}
		if err != nil {
			return ""
		}
	}
}
