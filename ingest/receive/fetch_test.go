package receive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// sftpServer is a server of the real protocol on loopback, over a folder of this machine.
type sftpServer struct {
	t       *testing.T
	address string
	folder  string
	config  *ssh.ServerConfig
	hostKey string
	sent    atomic.Int64 // bytes to the client
	cutAt   atomic.Int64 // the connection breaks after so many; 0: never
}

// newKey returns a private key as PEM, its signer and its public key as one line.
func newKey(t *testing.T) (text []byte, signer ssh.Signer, public string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), signer, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

const sftpPassword = "geheim-4711"

func newSFTPServer(t *testing.T, login ssh.PublicKey) *sftpServer {
	t.Helper()
	s := &sftpServer{t: t, folder: t.TempDir()}
	s.config = &ssh.ServerConfig{
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) == sftpPassword {
				return nil, nil
			}
			return nil, errors.New("no")
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if login != nil && bytes.Equal(key.Marshal(), login.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("no")
		},
	}
	_, signer, public := newKey(t)
	s.config.AddHostKey(signer)
	s.hostKey = public
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	var serving sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	return s
}

// counted is a connection that counts what it sends and breaks when that is asked for.
type counted struct {
	net.Conn
	s *sftpServer
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if cut := c.s.cutAt.Load(); c.s.sent.Add(int64(n)) > cut && cut > 0 {
		c.Close()
	}
	return n, err
}

func (s *sftpServer) serve(raw net.Conn) {
	defer raw.Close()
	conn, channels, requests, err := ssh.NewServerConn(counted{raw, s}, s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range asked {
				_ = r.Reply(r.Type == "subsystem" && bytes.HasSuffix(r.Payload, []byte("sftp")), nil)
			}
		}()
		server, err := sftp.NewServer(channel)
		if err != nil {
			return
		}
		_ = server.Serve()
		server.Close()
	}
}

func (s *sftpServer) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// source is a source with that server's key and password.
func (s *sftpServer) source() Source {
	return Source{
		Name: "lab", Address: s.address, User: "ohwatch", HostKey: s.hostKey, Password: sftpPassword, Folder: s.folder, Sender: "剂量所",
		Stable: 30 * time.Millisecond,
	}
}

func (o *office) fetch(src Source) Tally {
	o.t.Helper()
	tally, err := o.Fetch(o.t.Context(), src)
	if err != nil {
		o.t.Fatal(err)
	}
	return tally
}

func TestFetch_NewFilesOnce(t *testing.T) {
	o := newOffice(t)
	key, signer, _ := newKey(t)
	s := newSFTPServer(t, signer.PublicKey())
	s.write("一月.csv", insurance("2026-01"))
	s.write("二月.csv", insurance("2026-02"))
	s.write("三月.csv.part", insurance("2026-03"))
	s.write("Thumbs.db", "x")
	s.write("bad.csv", "x,y\n1,2\n")
	src := s.source()
	src.Password, src.KeyFile = "", filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(src.KeyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := src.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if tally := o.fetch(src); tally.Files != 3 || tally.Refused != 1 || tally.Loaded != 2 {
		t.Errorf("first run %+v", tally)
	}
	if tally := o.fetch(src); tally.Files != 0 {
		t.Errorf("second run %+v", tally)
	}
	if all := o.batches(); len(all) != 2 || all[0].Sender != "剂量所" {
		t.Errorf("batches %+v", all)
	}

	// The same name with other bytes is a new file; with a folder for them, fetched files are put there.
	src.Done = filepath.Join(s.folder, "done")
	s.write("一月.csv", insurance("2026-01", "2026-04"))
	if tally := o.fetch(src); tally.Files != 1 || tally.Loaded != 1 {
		t.Errorf("third run %+v", tally)
	}
	s.write("一月.csv", insurance("2026-05"))
	s.write("一月.csv.done", "")
	later := time.Now().Add(10 * time.Second) // the protocol knows whole seconds only
	if err := os.Chtimes(filepath.Join(s.folder, "一月.csv"), later, later); err != nil {
		t.Fatal(err)
	}
	src.Stable = time.Hour // the marker means at once
	if tally := o.fetch(src); tally.Files != 1 || tally.Loaded != 1 {
		t.Errorf("fourth run %+v", tally)
	}
	for _, name := range []string{"done/一月.csv", "done/一月-2.csv", "done/二月.csv", "done/bad.csv", "三月.csv.part"} {
		if _, err := os.Stat(filepath.Join(s.folder, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"一月.csv", "一月.csv.done", "二月.csv"} {
		if _, err := os.Stat(filepath.Join(s.folder, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestFetch_GrowingFileWaits(t *testing.T) {
	o := newOffice(t)
	s := newSFTPServer(t, nil)
	s.write("a.csv", insuranceHead)
	src := s.source()
	src.Stable = 400 * time.Millisecond
	grow := time.AfterFunc(100*time.Millisecond, func() { s.write("a.csv", insurance("2026-01")) })
	defer grow.Stop()
	if tally := o.fetch(src); tally.Files != 0 {
		t.Errorf("took a growing file: %+v", tally)
	}
	if tally := o.fetch(src); tally.Files != 1 || tally.Loaded != 1 {
		t.Errorf("second run %+v", tally)
	}
}

func TestFetch_GoesOnWhereItWasCutOff(t *testing.T) {
	o := newOffice(t)
	s := newSFTPServer(t, nil)
	var text strings.Builder
	text.WriteString(insuranceHead)
	for i := range 60_000 {
		fmt.Fprintf(&text, "%s,%d-%02d,9,50\n", employerCode, 2000+i/12%26, i%12+1) // 2 MB, many rows alike
	}
	s.write("a.csv", text.String())
	src := s.source()
	s.cutAt.Store(1 << 20)
	if _, err := o.Fetch(t.Context(), src); err == nil {
		t.Fatal("the connection broke, and there is no error")
	}
	if all := o.batches(); len(all) != 0 {
		t.Fatalf("half a file was loaded: %+v", all)
	}
	parts, err := filepath.Glob(filepath.Join(o.Dir, "incoming", "*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatal(parts, err)
	}
	info, err := os.Stat(parts[0])
	if err != nil || info.Size() < 300_000 {
		t.Fatal(info, err)
	}
	s.cutAt.Store(0)
	s.sent.Store(0)
	if tally := o.fetch(src); tally.Files != 1 || tally.Read != 60_000 {
		t.Errorf("second run %+v", tally)
	}
	whole := int64(text.Len())
	if sent := s.sent.Load(); sent > whole-info.Size()+300_000 {
		t.Errorf("%d of %d bytes came again, %d had come before", sent, whole, info.Size())
	}
	if _, err := os.Stat(parts[0]); err == nil {
		t.Error("the part stays")
	}

	// A part that is not what the server holds counts for nothing.
	s.write("b.csv", insurance("2026-01", "2026-02"))
	info, err = os.Stat(filepath.Join(s.folder, "b.csv"))
	if err != nil {
		t.Fatal(err)
	}
	id := placedName(src.receiptSource(), filepath.Join(s.folder, "b.csv"), info.Size(), info.ModTime().Truncate(time.Second))
	if err := os.WriteFile(filepath.Join(o.Dir, "incoming", id+".part"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if tally := o.fetch(src); tally.Files != 1 || tally.Read != 2 || tally.Refused != 0 {
		t.Errorf("third run %+v", tally)
	}
}

func TestFetch_WhatIsWrongWithTheSource(t *testing.T) {
	o := newOffice(t)
	s := newSFTPServer(t, nil)
	s.write("a.csv", insurance("2026-01"))
	_, _, other := newKey(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	curve := string(ssh.MarshalAuthorizedKey(public))
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte(sftpPassword), 0o644); err != nil {
		t.Fatal(err)
	}
	for code, change := range map[string]func(*Source){
		"receive.fetch_host_key":      func(src *Source) { src.HostKey = other },
		"receive.fetch_host_key_form": func(src *Source) { src.HostKey = "ssh-ed25519 nonsense" },
		"receive.fetch_host_key_type": func(src *Source) { src.HostKey = curve },
		"receive.fetch_login":         func(src *Source) { src.Password = "wrong" },
		"receive.fetch_no_secret":     func(src *Source) { src.Password = "" },
		"receive.fetch_open":          func(src *Source) { src.PasswordFile = open },
		"receive.fetch_file":          func(src *Source) { src.KeyFile = filepath.Join(o.Dir, "none") },
		"receive.fetch_key": func(src *Source) {
			src.KeyFile = filepath.Join(o.Dir, "nokey")
			if err := os.WriteFile(src.KeyFile, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		src := s.source()
		change(&src)
		_, err := o.Fetch(t.Context(), src)
		var fault *Fault
		if !errors.As(err, &fault) || fault.Code != code {
			t.Errorf("error %v, want %s", err, code)
			continue
		}
		key, args := fault.Message()
		for _, lang := range []string{"zh", "en"} {
			text, _ := o.Catalogue.Lookup(key)
			said := fmt.Sprint(text, args, err)
			if strings.Contains(said, sftpPassword) || text.Zh == "" || text.En == "" {
				t.Errorf("%s %s: %s", code, lang, said)
			}
		}
	}
	src := s.source()
	src.Folder = filepath.Join(s.folder, "none")
	if _, err := o.Fetch(t.Context(), src); err == nil {
		t.Error("a folder that is not there: no error")
	}
	if all := o.batches(); len(all) != 0 || o.rows("ops_receipt") != 0 {
		t.Errorf("batches %+v", all)
	}
}
