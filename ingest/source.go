package ingest

import (
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
	"time"
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
			err = fmt.Errorf("keep %s: %w", name, err)
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return src, err
	}
	out, err := os.CreateTemp(dir, "incoming-")
	if err != nil {
		return src, err
	}
	defer os.Remove(out.Name()) // gone already when it was renamed
	hash := sha256.New()
	src.Bytes, err = io.Copy(io.MultiWriter(out, hash), in)
	if err == nil {
		err = out.Chmod(0o600)
	}
	if err == nil && durable {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return src, err
	}
	src.SHA256 = hex.EncodeToString(hash.Sum(nil))
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
	hash := sha256.New()
	if src.Bytes, err = io.Copy(hash, in); err != nil {
		return src, fmt.Errorf("read %s: %w", file.path, err)
	}
	src.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return src, nil
}
