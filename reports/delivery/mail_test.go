package delivery_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"ohwatch/internal/config"
	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// postOffice is an SMTP server of its own process: Debian's aiosmtpd.
type postOffice struct {
	dir  string // data directory with cert.pem and key.pem
	mail string // folder of what was taken
	port int
}

// newPostOffice makes a certificate and finds a port; start starts the server.
func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{dir: t.TempDir(), mail: t.TempDir()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(p.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(p.dir, "password"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// start runs the server until the test ends.
func (p *postOffice) start(t *testing.T) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "/usr/bin/python3", filepath.Join("testdata", "smtpd.py"), p.mail, strconv.Itoa(p.port),
		filepath.Join(p.dir, "cert.pem"), filepath.Join(p.dir, "key.pem"), "ohwatch", "s3cret")
	var said bytes.Buffer
	c.Stderr = &said
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("start the mail server: %v (make test installs Debian's python3-aiosmtpd)", err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("start the mail server: %q, %v\n%s\n(make test installs Debian's python3-aiosmtpd)", line, err, said.String())
	}
}

// config is the configuration with this server.
func (p *postOffice) config() config.Config {
	cfg := config.Default()
	cfg.Data.Dir = p.dir
	cfg.Delivery.Mail = config.MailServer{
		Host: "localhost", Port: p.port, TLS: "starttls", CAFile: "cert.pem", User: "ohwatch", PasswordFile: "password",
		From: "新郑市卫生健康委员会 <ohwatch@example.cn>", ReplyTo: "office@example.cn",
	}
	return cfg
}

// letter is a mail as it was taken.
type letter struct {
	mail.Header
	parts []part
}

// part is one part of a letter that is not made of parts.
type part struct{ kind, disposition, name, id, text string }

// taken reads what the server has taken.
func (p *postOffice) taken(t *testing.T) []letter {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(p.mail, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []letter
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		l := letter{Header: m.Header}
		readParts(t, map[string][]string(m.Header), m.Body, &l.parts)
		all = append(all, l)
	}
	return all
}

func readParts(t *testing.T, header map[string][]string, body io.Reader, parts *[]part) {
	t.Helper()
	first := func(name string) string { return strings.Join(header[name], "") }
	kind, params, err := mime.ParseMediaType(first("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			readParts(t, p.Header, p, parts)
		}
	}
	switch strings.ToLower(first("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	disposition, names, _ := mime.ParseMediaType(first("Content-Disposition"))
	name, err := new(mime.WordDecoder).DecodeHeader(names["filename"])
	if err != nil {
		t.Fatal(err)
	}
	*parts = append(*parts, part{kind, disposition, name, first("Content-Id"), string(text)})
}

// letterTo is a message with everything that mail can carry.
func letterTo(t *testing.T, address string) delivery.Message {
	t.Helper()
	book := excelize.NewFile()
	if err := book.SetCellStr("Sheet1", "A1", "红色预警"); err != nil {
		t.Fatal(err)
	}
	var workbook bytes.Buffer
	if err := book.Write(&workbook); err != nil {
		t.Fatal(err)
	}
	m := message("2026-W46/" + address)
	m.Channel, m.Recipient = delivery.Mail, address
	m.Subject = "职业病预警 2026-W46：红色 2、橙色 5\r\nBcc: all@example.cn"
	m.Text = "正文\n.\n尾行"
	m.HTML = `<p>正文<img src="cid:figure.png" alt="图"></p>`
	m.Inline = []delivery.File{{Name: "figure.png", Type: "image/png", Data: []byte("\x89PNG")}}
	m.Files = []delivery.File{{
		Name: "预警-2026-W46.xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Data: workbook.Bytes(),
	}}
	return m
}

// testMail reads back what a real server has taken.
func testMail(t *testing.T, db *warehouse.DB) {
	office := newPostOffice(t)
	office.start(t)
	o, clock := newOutbox(t, db, delivery.Channels(office.config()))
	enqueue(t, db, letterTo(t, "li@example.cn"), letterTo(t, "wang@example.cn"))
	if f := flush(t, o); f.Sent != 2 {
		all, err := o.List(t.Context())
		t.Fatalf("flushed %+v: %+v, %v", f, all, err)
	}
	clock.add(time.Hour)
	flush(t, o)
	letters := office.taken(t)
	if len(letters) != 2 {
		t.Fatalf("the server took %d mails", len(letters))
	}
	l := letters[0]
	subject, err := new(mime.WordDecoder).DecodeHeader(l.Get("Subject"))
	if err != nil || subject != "职业病预警 2026-W46：红色 2、橙色 5 Bcc: all@example.cn" || l.Get("Bcc") != "" {
		t.Errorf("subject %q, %v", subject, err)
	}
	from, err := mail.ParseAddress(l.Get("From"))
	if err != nil || from.Name != "新郑市卫生健康委员会" || from.Address != "ohwatch@example.cn" {
		t.Errorf("from %+v, %v", from, err)
	}
	for name, want := range map[string]string{
		"X-Rcpt": "li@example.cn", "X-Login": "ohwatch", "To": "<li@example.cn>", "Reply-To": "<office@example.cn>", "Auto-Submitted": "auto-generated",
		"Message-Id": "<" + letterTo(t, "li@example.cn").ID() + "@example.cn>",
	} {
		if got := l.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if at, err := l.Date(); err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("date %v, %v", at, err)
	}
	var kinds []string
	for _, p := range l.parts {
		kinds = append(kinds, p.kind+" "+p.disposition+" "+p.name)
	}
	if got := fmt.Sprint(kinds); got != "[text/plain   text/html   image/png inline figure.png "+
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet attachment 预警-2026-W46.xlsx]" {
		t.Fatalf("parts %s", got)
	}
	if got := strings.ReplaceAll(l.parts[0].text, "\r\n", "\n"); got != "正文\n.\n尾行" {
		t.Errorf("text %q", got)
	}
	if !strings.Contains(l.parts[1].text, "cid:figure.png") || l.parts[2].id != "<figure.png>" || l.parts[2].text != "\x89PNG" {
		t.Errorf("picture %q of %q", l.parts[2].id, l.parts[1].text)
	}
	book, err := excelize.OpenReader(strings.NewReader(l.parts[3].text))
	if err != nil {
		t.Fatal(err)
	}
	if cell, err := book.GetCellValue("Sheet1", "A1"); err != nil || cell != "红色预警" {
		t.Errorf("workbook: %q, %v", cell, err)
	}
}

// testMailServerAway: the server is away for a day, then shows a certificate that nobody knows, then refuses the log-in, then is there.
func testMailServerAway(t *testing.T, db *warehouse.DB) {
	office := newPostOffice(t)
	o, clock := newOutbox(t, db, delivery.Channels(office.config()))
	enqueue(t, db, letterTo(t, "li@example.cn"), letterTo(t, "wang@example.cn"))
	waits := func(what, words string) {
		t.Helper()
		f := flush(t, o)
		pending, err := o.Pending(t.Context())
		if err != nil || f.Waiting != 2 || f.Delayed == 0 || len(pending) != 2 || !strings.Contains(pending[0].Words, words) {
			t.Fatalf("%s: flushed %+v, %+v, %v", what, f, pending, err)
		}
		clock.add(time.Hour + 15*time.Minute)
	}
	for range 20 {
		waits("server away", "connection refused")
	}
	office.start(t)
	stranger := office.config()
	stranger.Delivery.Mail.CAFile = ""
	o.Channels = delivery.Channels(stranger)
	waits("unknown certificate", "certificate")
	wrong := office.config()
	wrong.Delivery.Mail.Password = "wrong"
	o.Channels = delivery.Channels(wrong)
	waits("wrong password", "535")
	o.Channels = delivery.Channels(office.config())
	if f := flush(t, o); f.Sent != 2 {
		t.Errorf("flushed %+v", f)
	}
	clock.add(24 * time.Hour)
	flush(t, o)
	if n := len(office.taken(t)); n != 2 {
		t.Errorf("the server took %d mails, want 2", n)
	}
	all, err := o.List(t.Context())
	if err != nil || strings.Contains(fmt.Sprint(all), "s3cret") || strings.Contains(fmt.Sprint(all), "wrong") {
		t.Errorf("the outbox holds the password: %+v, %v", all, err)
	}
}

// testMailRefused: an address that does not exist fails with the server's words, and keeps no other from its mail.
func testMailRefused(t *testing.T, db *warehouse.DB) {
	office := newPostOffice(t)
	office.start(t)
	o, _ := newOutbox(t, db, delivery.Channels(office.config()))
	for _, address := range []string{"nobody@example.cn", "bulky@example.cn", "later@example.cn", "li@example.cn"} {
		enqueue(t, db, letterTo(t, address))
	}
	flush(t, o)
	all, err := o.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		state delivery.State
		words string
	}{
		"nobody@example.cn": {delivery.Failed, "550 5.1.1"}, "bulky@example.cn": {delivery.Failed, "552 5.3.4"},
		"later@example.cn": {delivery.Delayed, "451 4.7.1"}, "li@example.cn": {delivery.Sent, ""},
	}
	for _, e := range all {
		if w := want[e.Recipient]; e.State != w.state || !strings.Contains(e.Words, w.words) {
			t.Errorf("%s: %s, %q", e.Recipient, e.State, e.Words)
		}
	}
	if letters := office.taken(t); len(letters) != 1 || !slices.ContainsFunc(letters, func(l letter) bool { return l.Get("X-Rcpt") == "li@example.cn" }) {
		t.Errorf("the server took %d mails", len(letters))
	}
}
