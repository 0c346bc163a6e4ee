package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ohwatch/warehouse"
)

// Source is one file as a sender gave it. Its bytes are kept under their SHA-256 before anything is read.
type Source struct {
	Name     string // path or name as given
	SHA256   string // lower-case hex
	Bytes    int64
	Received time.Time
	kept     string // path of the kept copy
}

// files returns the files that paths name: folders are searched through, in lexical order. Hidden files and
// lock files of office programs are left out of folders. Links, pipes and devices in a folder are returned, so
// that they are refused by name instead of being passed over.
func files(paths []string) ([]foundFile, error) {
	var found []foundFile
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p, err)
		}
		if !info.IsDir() {
			found = append(found, foundFile{p, true})
			continue
		}
		var inside []string
		err = filepath.WalkDir(p, func(path string, entry fs.DirEntry, err error) error {
			if err != nil { // a folder that cannot be read is refused like a file
				inside = append(inside, path)
				return nil
			}
			name := entry.Name()
			switch {
			case path != p && strings.HasPrefix(name, "."):
				if entry.IsDir() {
					return filepath.SkipDir
				}
			case !entry.IsDir() && !strings.HasPrefix(name, "~$"):
				inside = append(inside, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read folder %s: %w", p, err)
		}
		slices.Sort(inside)
		for _, path := range inside {
			found = append(found, foundFile{path, false})
		}
	}
	return found, nil
}

// foundFile is the path of a file to be loaded.
type foundFile struct {
	path  string
	named bool // the path itself was given, not a folder that holds it
}

// openSource opens a sender's file. A pipe, device or folder, and a file that cannot be read, are refused. Links that a folder
// holds are not followed: what they lead to was not sent.
func openSource(found foundFile) (*steady, error) {
	stat := os.Lstat
	if found.named {
		stat = os.Stat
	}
	info, err := stat(found.path)
	if err != nil {
		return nil, refuse("unreadable", err)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("not_a_file", nil)
	}
	f, err := os.Open(found.path)
	if err != nil {
		return nil, refuse("unreadable", err)
	}
	if info, err = f.Stat(); err != nil {
		return nil, errors.Join(refuse("unreadable", err), f.Close())
	}
	return &steady{file: f, before: info}, nil
}

// steady reads a sender's file. A file that changes meanwhile is refused at its end: what was read of it may be half
// of what it is going to be.
type steady struct {
	file   *os.File
	before fs.FileInfo
	n      int64
}

func (s *steady) Read(p []byte) (int, error) {
	n, err := s.file.Read(p)
	s.n += int64(n)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, refuse("unreadable", err)
	}
	after, err := s.file.Stat()
	if err != nil {
		return n, refuse("unreadable", err)
	}
	if after.Size() != s.n || after.Size() != s.before.Size() || !after.ModTime().Equal(s.before.ModTime()) {
		return n, refuse("file_changing", nil)
	}
	return n, io.EOF
}

// keep copies a file into the store under dir, named by its SHA-256. A file that is there already is not
// written again.
func keep(dir string, file foundFile, now time.Time) (Source, error) {
	in, err := openSource(file)
	if err != nil {
		return Source{Name: file.path, Received: now}, err
	}
	defer in.file.Close()
	return keepFrom(dir, in, file.path, now, false)
}

// keepFrom stores what in yields under dir. With durable it waits until the bytes are on the disk.
func keepFrom(dir string, in io.Reader, name string, now time.Time, durable bool) (_ Source, err error) {
	src := Source{Name: name, Received: now}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep %s: %w", name, warehouse.DiskFull(err, dir))
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return src, err
	}
	out, err := os.CreateTemp(dir, incoming)
	if err != nil {
		return src, err
	}
	defer os.Remove(out.Name()) // gone already when it was renamed
	src.Bytes, src.SHA256, err = copyHashed(out, in)
	if err == nil {
		err = out.Chmod(0o600)
	}
	if err == nil && durable {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return src, err
	}
	src.kept = keptPath(dir, src.SHA256)
	if _, err := os.Stat(src.kept); err == nil {
		return src, nil
	}
	if err := os.MkdirAll(filepath.Dir(src.kept), 0o700); err != nil {
		return src, err
	}
	if err := os.Rename(out.Name(), src.kept); err != nil {
		return src, err
	}
	if durable {
		return src, syncDir(filepath.Dir(src.kept))
	}
	return src, nil
}

// incoming begins the name of a file in the store whose SHA-256 is not known yet.
const incoming = "incoming-"

// sweep removes what a process has left under dir that was killed while it stored a file. A file that was written to within
// the last hour may still be on its way: uploads are stored without the lock of the load.
func sweep(dir string, now time.Time) error {
	left, err := filepath.Glob(filepath.Join(dir, incoming+"*"))
	if err != nil {
		return fmt.Errorf("sweep %s: %w", dir, err)
	}
	for _, path := range left {
		info, err := os.Stat(path)
		if err == nil && now.Sub(info.ModTime()) > time.Hour {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep %s: %w", dir, err)
		}
	}
	return nil
}

// copyHashed copies in to out and returns the size and the SHA-256 of what it copied. It hashes one piece while
// it copies the next.
func copyHashed(out io.Writer, in io.Reader) (n int64, sum string, err error) {
	const pieces, piece = 4, 1 << 20
	hash := sha256.New()
	free, full := make(chan []byte, pieces), make(chan []byte, pieces)
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		for b := range full {
			hash.Write(b)
			free <- b[:cap(b)]
		}
	}()
	made := 0
	for err == nil {
		var b []byte
		select {
		case b = <-free:
		default:
			if made < pieces {
				b, made = make([]byte, min(piece, 64<<10<<(2*made))), made+1
			} else {
				b = <-free
			}
		}
		var read int
		if read, err = in.Read(b); read > 0 {
			n += int64(read)
			if _, failed := out.Write(b[:read]); failed != nil {
				err = failed
			}
			full <- b[:read]
		}
	}
	close(full)
	<-hashed
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, hex.EncodeToString(hash.Sum(nil)), err
}

// comparedSize is the size from which a file is compared with the kept ones of its size, which is faster than to
// hash and copy it.
const comparedSize = 1 << 20

// sentBefore reports whether a file has the bytes of one that was published before.
func (l *Loader) sentBefore(file foundFile) (src Source, known bool, err error) {
	in, err := openSource(file)
	if err != nil {
		return Source{Name: file.path, Received: l.cfg.Now()}, false, err
	}
	defer in.file.Close()
	size := in.before.Size()
	if size < comparedSize {
		return Source{}, false, nil
	}
	for sum, batches := range l.published {
		if batches[0].Bytes != uint64(size) {
			continue
		}
		path := keptPath(filepath.Join(l.cfg.Dir, "files"), sum)
		kept, err := os.Open(path)
		if err != nil {
			continue // not kept any more: the file is hashed
		}
		same := sameBytes(in.file, kept, size)
		kept.Close()
		after, err := in.file.Stat()
		if err == nil && same && after.Size() == size && after.ModTime().Equal(in.before.ModTime()) {
			return Source{Name: file.path, SHA256: sum, Bytes: size, Received: l.cfg.Now(), kept: path}, true, nil
		}
	}
	return Source{}, false, nil
}

// sameBytes reports whether two files of a size have the same bytes; it reads their halves side by side.
func sameBytes(a, b io.ReaderAt, size int64) bool {
	var differ atomic.Bool
	var readers sync.WaitGroup
	for _, span := range [2][2]int64{{0, size / 2}, {size / 2, size}} {
		readers.Go(func() {
			p, q := make([]byte, 256<<10), make([]byte, 256<<10)
			for at := span[0]; at < span[1] && !differ.Load(); at += int64(len(p)) {
				n := min(int64(len(p)), span[1]-at)
				_, err1 := io.ReadFull(io.NewSectionReader(a, at, n), p[:n])
				_, err2 := io.ReadFull(io.NewSectionReader(b, at, n), q[:n])
				if err1 != nil || err2 != nil || !bytes.Equal(p[:n], q[:n]) {
					differ.Store(true)
				}
			}
		})
	}
	readers.Wait()
	return !differ.Load()
}

// keptPath is where the file of that SHA-256 is kept under dir.
func keptPath(dir, sum string) string { return filepath.Join(dir, sum[:2], sum) }

// syncDir waits until the names in a folder are on the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// weigh reads a file for its size and SHA-256 without keeping a copy.
func weigh(file foundFile, now time.Time) (Source, error) {
	src := Source{Name: file.path, Received: now, kept: file.path}
	in, err := openSource(file)
	if err != nil {
		return src, err
	}
	defer in.file.Close()
	if src.Bytes, src.SHA256, err = copyHashed(io.Discard, in); err != nil {
		return src, fmt.Errorf("read %s: %w", file.path, err)
	}
	return src, nil
}
