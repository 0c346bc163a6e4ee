package delivery_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// notification is what a server sends back, with the headers of the mail in question.
const notification = "From: MAILER-DAEMON@mx.example.cn\r\nTo: ohwatch@example.cn\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n" +
	"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.cn\r\n\r\n" +
	"Final-Recipient: rfc822; li@example.cn\r\nAction: ACTION\r\nStatus: 5.2.1\r\nDiagnostic-Code: smtp; 550 5.2.1 mailbox\r\n  disabled\r\n\r\n" +
	"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: ohwatch@example.cn\r\nMessage-ID: <ID@example.cn>\r\nSubject: x\r\n\r\n--b--\r\n"

// testBounces marks the one message that came back; late ones, absence notes, mail about other messages and broken mail change nothing.
func testBounces(t *testing.T, db *warehouse.DB) {
	chat := &channel{}
	o, _ := newOutbox(t, db, map[string]delivery.Sender{"chat": chat})
	enqueue(t, db, message("a"), message("b"), message("c"))
	flush(t, o)
	dir := t.TempDir()
	if n, err := o.ReadBounces(t.Context(), dir, "test"); n != 0 || err != nil {
		t.Errorf("without mail: %d, %v", n, err)
	}
	put := func(name, action, id string) {
		t.Helper()
		text := strings.ReplaceAll(strings.ReplaceAll(notification, "ACTION", action), "ID@", id+"@")
		path := filepath.Join(dir, "new", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "absent" {
			text = "From: li@example.cn\r\nSubject: I am away\r\nIn-Reply-To: <" + id + "@example.cn>\r\n\r\nback on Monday\r\n"
		}
		if name == "broken" {
			text = text[:len(text)/2]
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("failed", "failed", message("a").ID())
	put("late", "delayed", message("b").ID())
	put("foreign", "failed", strings.Repeat("0", 32))
	put("absent", "", message("c").ID())
	put("broken", "failed", message("c").ID())
	if n, err := o.ReadBounces(t.Context(), dir, "test"); n != 1 || err != nil {
		t.Errorf("%d bounced, %v", n, err)
	}
	if n, err := o.ReadBounces(t.Context(), dir, "test"); n != 0 || err != nil {
		t.Errorf("%d bounced again, %v", n, err)
	}
	e, _, _, err := o.Find(t.Context(), message("a").ID())
	if err != nil || e.State != delivery.Bounced || e.Words != "5.2.1 550 5.2.1 mailbox disabled" {
		t.Errorf("the one that came back is %s, %q, %v", e.State, e.Words, err)
	}
	for _, key := range []string{"b", "c"} {
		if got := states(t, o)[key]; got != delivery.Sent {
			t.Errorf("%s is %s", key, got)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "new"))
	if err != nil || len(left) != 3 {
		t.Errorf("left for a person: %v, %v", left, err)
	}
	if f := flush(t, o); f.Sent != 0 {
		t.Errorf("what came back was sent again: %+v", f)
	}
	if _, err := o.Retry(t.Context(), e.ID, "li"); err != nil {
		t.Error(err)
	}
	if f := flush(t, o); f.Sent != 1 {
		t.Errorf("by a person: %+v", f)
	}
}

// FuzzBounce reads anything that a stranger may send.
func FuzzBounce(f *testing.F) {
	f.Add([]byte(notification))
	f.Add([]byte("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "mail")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if id, words, ok := delivery.ReadBounceForTest(path); ok && (len(id) != 32 || words == "") {
			t.Errorf("read %q, %q", id, words)
		}
	})
}
