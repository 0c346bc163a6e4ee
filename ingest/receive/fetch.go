package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Source is an SFTP server from which the files of one sender are fetched.
type Source struct {
	Name         string
	Address      string // host or host:port
	User         string
	HostKey      string // public key of the server, as ssh-ed25519 AAAA…
	KeyFile      string // private key
	PasswordFile string
	Password     string // or the passphrase of the key
	Folder       string // on the server
	Done         string // folder on the server for fetched files; empty: they stay
	Sender       string
	Stream       string        // empty: found by the headings
	Stable       time.Duration // a file is taken when it has not changed for so long
	MaxBytes     int64         // of one file; 0: any
}

const (
	dialTimeout = 20 * time.Second
	// overlap is how much of a file that was fetched in part is compared before the rest is fetched.
	overlap = 64 << 10
)

// receiptSource is the source of its receipts.
func (s *Source) receiptSource() string { return "sftp:" + s.Name }

// Fetch takes the new and finished files of a folder on an SFTP server and has them loaded. A file is finished when its size and time
// have not changed for Stable, or when a .done marker lies beside it; new when no file of that place, size and time was
// received before. A file that was fetched in part is continued. What is wrong with the source, such as another host
// key than the pinned one, is a *Fault, and nothing is fetched then.
func (r *Receiver) Fetch(ctx context.Context, src Source) (tally Tally, err error) {
	fetched, fetchErr := r.fetchAll(ctx, src)
	s := r.begin()
	defer func() { err = errors.Join(err, s.end()) }()
	for i := range fetched {
		if err := s.load(ctx, &fetched[i]); err != nil {
			return tally, errors.Join(fetchErr, err) // what was fetched waits: its bytes are safe
		}
		tally.add(&fetched[i])
	}
	return tally, fetchErr
}

// fetchAll fetches what is new and returns its receipts. Files that were fetched are returned with an error of others.
func (r *Receiver) fetchAll(ctx context.Context, src Source) ([]Receipt, error) {
	conn, err := src.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := sftp.NewClient(conn)
	if err != nil {
		return nil, fmt.Errorf("open SFTP on %s: %w", src.Address, err)
	}
	defer client.Close()
	f := &fetcher{Receiver: r, src: src, client: client}
	files, err := f.finished(ctx)
	if err != nil {
		return nil, err
	}
	var fetched []Receipt
	var failed []error
	for _, file := range files {
		receipt, isNew, err := f.fetch(ctx, file)
		if err != nil {
			if ctx.Err() != nil {
				return fetched, ctx.Err()
			}
			failed = append(failed, fmt.Errorf("fetch %s: %w", path.Join(src.Folder, file.name), err))
			continue
		}
		if isNew {
			fetched = append(fetched, receipt)
		}
		f.putAway(ctx, file)
	}
	return fetched, errors.Join(failed...)
}

// dial connects and logs in. The server must show the pinned key.
func (s *Source) dial(ctx context.Context) (*ssh.Client, error) {
	fault := func(code string, args map[string]any) error {
		args["source"] = s.Name
		return &Fault{Code: "receive.fetch_" + code, Args: args}
	}
	pinned, err := parseHostKey(s.HostKey)
	if err != nil {
		return nil, fault("host_key_form", map[string]any{})
	}
	login, err := s.login()
	if err != nil {
		return nil, err
	}
	address := s.Address
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "22")
	}
	var shown ssh.PublicKey
	config := &ssh.ClientConfig{
		User: s.User, Auth: login, Timeout: dialTimeout, HostKeyAlgorithms: algorithms(pinned.Type()),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			shown = key
			if !bytes.Equal(key.Marshal(), pinned.Marshal()) {
				return errHostKey
			}
			return nil
		},
	}
	raw, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", address, err)
	}
	if err := raw.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	conn, channels, requests, err := ssh.NewClientConn(raw, address, config)
	if err != nil {
		err = errors.Join(err, raw.Close())
		switch {
		case errors.Is(err, errHostKey):
			return nil, fault("host_key", map[string]any{"shown": ssh.FingerprintSHA256(shown), "pinned": ssh.FingerprintSHA256(pinned)})
		case shown == nil && strings.Contains(err.Error(), "no common algorithm for host key"):
			return nil, fault("host_key_type", map[string]any{"type": pinned.Type()})
		case strings.Contains(err.Error(), "unable to authenticate"):
			return nil, fault("login", map[string]any{"user": s.User})
		}
		return nil, fmt.Errorf("log in on %s: %w", address, err)
	}
	if err := raw.SetDeadline(time.Time{}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return ssh.NewClient(conn, channels, requests), nil
}

var errHostKey = errors.New("the server shows another host key than the pinned one")

// parseHostKey reads a public key as it stands in a .pub file or, behind a name, in known_hosts.
func parseHostKey(text string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err == nil {
		return key, nil
	}
	_, _, key, _, _, err = ssh.ParseKnownHosts([]byte(text))
	return key, err
}

// algorithms are those by which a server can show a key of that type.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// login reads the secret. It never stands in an error.
func (s *Source) login() ([]ssh.AuthMethod, error) {
	password := s.Password
	if s.PasswordFile != "" {
		text, err := s.secret(s.PasswordFile)
		if err != nil {
			return nil, err
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	if s.KeyFile == "" {
		if password == "" {
			return nil, &Fault{Code: "receive.fetch_no_secret", Args: map[string]any{"source": s.Name}}
		}
		answer := func(_, _ string, questions []string, _ []bool) ([]string, error) {
			return slices.Repeat([]string{password}, len(questions)), nil
		}
		return []ssh.AuthMethod{ssh.Password(password), ssh.KeyboardInteractive(answer)}, nil
	}
	text, err := s.secret(s.KeyFile)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) && password != "" {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(password))
	}
	if err != nil {
		return nil, &Fault{Code: "receive.fetch_key", Args: map[string]any{"source": s.Name, "file": s.KeyFile}}
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
}

// secret reads a file that only its owner may read.
func (s *Source) secret(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, &Fault{Code: "receive.fetch_file", Args: map[string]any{"source": s.Name, "file": file, "error": errors.Unwrap(err)}}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, &Fault{Code: "receive.fetch_open", Args: map[string]any{"source": s.Name, "file": file}}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &Fault{Code: "receive.fetch_file", Args: map[string]any{"source": s.Name, "file": file, "error": errors.Unwrap(err)}}
	}
	return text, nil
}

// Check reads the secret, connects and lists the folder. It fetches nothing.
func (s *Source) Check(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	client, err := sftp.NewClient(conn)
	if err != nil {
		return fmt.Errorf("open SFTP on %s: %w", s.Address, err)
	}
	defer client.Close()
	if _, err := client.ReadDir(s.Folder); err != nil {
		return fmt.Errorf("list %s on %s: %w", s.Folder, s.Address, err)
	}
	return nil
}

// fetcher fetches files over one connection.
type fetcher struct {
	*Receiver
	src    Source
	client *sftp.Client
}

// remote is a file on the server.
type remote struct {
	name string
	fileState
	marked bool
	id     string // of its receipt
	known  bool   // received before
}

// finished returns the finished files, in lexical order.
func (f *fetcher) finished(ctx context.Context) ([]remote, error) {
	files, err := f.look()
	if err != nil {
		return nil, err
	}
	var known []named
	if err := f.DB.Select(ctx, &known, "receive_known", clickhouse.Named("source", f.src.receiptSource())); err != nil {
		return nil, fmt.Errorf("read what was fetched before: %w", err)
	}
	received := map[string]bool{}
	for _, k := range known {
		received[k.Receipt] = true
	}
	waits := false
	for i := range files {
		file := &files[i]
		file.id = placedName(f.src.receiptSource(), path.Join(f.src.Folder, file.name), file.size, file.modified)
		file.known = received[file.id]
		waits = waits || !file.known && !file.marked
	}
	if !waits {
		return files, nil
	}
	if err := sleep(ctx, f.src.Stable); err != nil {
		return nil, err
	}
	again, err := f.look()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(file remote) bool {
		return !file.known && !file.marked && !slices.ContainsFunc(again, func(o remote) bool { return o.name == file.name && o.fileState == file.fileState })
	}), nil
}

// look lists the folder.
func (f *fetcher) look() ([]remote, error) {
	entries, err := f.client.ReadDir(f.src.Folder)
	if err != nil {
		return nil, fmt.Errorf("list %s on %s: %w", f.src.Folder, f.src.Address, err)
	}
	marked := map[string]bool{}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), doneMarker); ok {
			marked[name] = true
		}
	}
	var files []remote
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Mode().IsRegular() || isUnfinishedName(name) || strings.ContainsAny(name, "/\\\x00") {
			continue
		}
		files = append(files, remote{name: name, fileState: fileState{entry.Size(), entry.ModTime()}, marked: marked[name]})
	}
	slices.SortFunc(files, func(a, b remote) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// fetch brings one file here and registers it. A file that was received before is not fetched again.
func (f *fetcher) fetch(ctx context.Context, file remote) (Receipt, bool, error) {
	if file.known {
		return Receipt{}, false, nil
	}
	if f.src.MaxBytes > 0 && file.size > f.src.MaxBytes {
		return Receipt{}, false, fmt.Errorf("%d bytes, more than %d", file.size, f.src.MaxBytes)
	}
	part, err := f.download(file)
	if err != nil {
		return Receipt{}, false, err
	}
	in, err := os.Open(part)
	if err != nil {
		return Receipt{}, false, err
	}
	defer in.Close()
	src, err := f.keep(in, file.name)
	if err != nil {
		return Receipt{}, false, err
	}
	p, err := FindProfile(ctx, f.DB, f.src.Sender)
	if errors.Is(err, ErrNoSender) {
		p, err = Profile{Sender: f.src.Sender}, nil
	}
	if err != nil {
		return Receipt{}, false, err
	}
	receipt, err := f.accept(ctx, arrival{
		id: file.id, source: f.src.receiptSource(), profile: p, stream: f.src.Stream, name: file.name,
		place: path.Join(f.src.Folder, file.name), modified: file.modified,
	}, src)
	if err != nil {
		return receipt, false, err
	}
	return receipt, receipt.State == Waiting, os.Remove(part)
}

// download fetches a file into the data directory, going on where an earlier attempt was cut off, and checks that it
// is whole and has not changed meanwhile.
func (f *fetcher) download(file remote) (part string, err error) {
	dir := filepath.Join(f.Dir, "incoming")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	part = filepath.Join(dir, file.id+".part")
	local, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	from := path.Join(f.src.Folder, file.name)
	in, err := f.client.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	offset, err := resumeAt(local, in, file.size)
	if err != nil {
		return "", err
	}
	if err := local.Truncate(offset); err != nil {
		return "", err
	}
	for _, file := range []io.Seeker{local, in} {
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			return "", err
		}
	}
	if _, err := io.Copy(local, io.LimitReader(in, file.size-offset+1)); err != nil {
		return "", err
	}
	info, err := f.client.Stat(from)
	if err != nil {
		return "", err
	}
	size, err := local.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	if size != file.size || info.Size() != file.size || !info.ModTime().Equal(file.modified) {
		return "", errors.Join(errors.New("it changed while it was fetched"), os.Remove(part))
	}
	return part, nil
}

// resumeAt returns how many bytes of a file are here already. The end of what is here is compared with the server's; when it
// differs, nothing counts.
func resumeAt(local *os.File, in *sftp.File, size int64) (int64, error) {
	have, err := local.Seek(0, io.SeekEnd)
	if err != nil || have == 0 || have > size {
		return 0, err
	}
	n := min(have, overlap)
	ours, theirs := make([]byte, n), make([]byte, n)
	if _, err := local.ReadAt(ours, have-n); err != nil {
		return 0, err
	}
	if _, err := in.ReadAt(theirs, have-n); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.Equal(ours, theirs) {
		return 0, nil
	}
	return have, nil
}

// putAway moves a fetched file to the folder Done of the server. When that fails the file stays, and is not fetched again.
func (f *fetcher) putAway(ctx context.Context, file remote) {
	if f.src.Done == "" {
		return
	}
	from := path.Join(f.src.Folder, file.name)
	err := f.client.MkdirAll(f.src.Done)
	if err == nil {
		to := path.Join(f.src.Done, file.name)
		for n := 2; ; n++ {
			if _, err := f.client.Lstat(to); errors.Is(err, fs.ErrNotExist) || n > 1000 {
				break
			}
			extension := path.Ext(file.name)
			to = path.Join(f.src.Done, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file.name, extension), n, extension))
		}
		err = f.client.Rename(from, to)
	}
	if err == nil && file.marked {
		err = f.client.Remove(from + doneMarker)
	}
	if err != nil {
		f.Log.WarnContext(ctx, "a fetched file cannot be moved on its server", "source", f.src.Name, "file", from, "error", err)
	}
}
