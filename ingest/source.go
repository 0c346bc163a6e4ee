package ingest

import (
	"bytes"
	"compress/gzip"
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
// lock files of office programs are left out of folders.
func files(paths []string) ([]string, error) {
	var found []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p, err)
		}
		if !info.IsDir() {
			found = append(found, p)
			continue
		}
		var inside []string
		err = filepath.WalkDir(p, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := entry.Name()
			switch {
			case path != p && strings.HasPrefix(name, "."):
				if entry.IsDir() {
					return filepath.SkipDir
				}
			case entry.Type().IsRegular() && !strings.HasPrefix(name, "~$"):
				inside = append(inside, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read folder %s: %w", p, err)
		}
		slices.Sort(inside)
		found = append(found, inside...)
	}
	return found, nil
}

// keep copies a file into the store under dir, named by its SHA-256. A file that is there already is not
// written again.
func keep(dir, path string, now time.Time) (Source, error) {
	in, err := os.Open(path)
	if err != nil {
		return Source{Name: path, Received: now}, fmt.Errorf("keep %s: %w", path, err)
	}
	defer in.Close()
	return keepFrom(dir, in, path, now, false)
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

// sheet is one table of a file: the rows of a text file, or a sheet of a workbook.
type sheet struct {
	name     string // empty for a text file
	encoding string
	text     bool
	lines    *rewound // the first rows are kept for the search of the header
}

// decoded is a file opened for reading. Sheets are read one after the other.
type decoded struct {
	hidden []string
	next   func() (*sheet, error) // io.EOF after the last
	close  func() error
}

// decode finds out what a file is and opens it. Everything that is no table is refused with the reason.
func decode(path string, size int64) (*decoded, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open kept file: %w", err)
	}
	d, err := decodeFile(f, size)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	inner := d.close
	d.close = func() error {
		if inner != nil {
			return errors.Join(inner(), f.Close())
		}
		return f.Close()
	}
	return d, nil
}

func decodeFile(f *os.File, size int64) (*decoded, error) {
	if size == 0 {
		return nil, refuse("empty_file", nil)
	}
	head := make([]byte, min(size, sniffSize))
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read kept file: %w", err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return decodeWorkbook(f, size)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return nil, refuse("xls_unsupported", nil)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, refuse("not_a_table", fmt.Errorf("open as gzip: %w", err))
		}
		limited := &limitReader{r: z, left: maxUnpacked(size)}
		head := make([]byte, sniffSize)
		n, err := io.ReadFull(limited, head)
		whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !whole {
			return nil, err
		}
		return openText(io.MultiReader(bytes.NewReader(head[:n]), limited), head[:n], whole)
	}
	return openText(io.NewSectionReader(f, 0, size), head, int64(n) == size)
}

// maxUnpacked is how much a packed text file may unpack to.
func maxUnpacked(packed int64) int64 { return max(1<<30, packed*200) }

// limitReader refuses to go on behind its limit.
type limitReader struct {
	r    io.Reader
	left int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, refuse("zip_bomb", errors.New("unpacks to too much"))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = refuse("not_a_table", fmt.Errorf("unpack: %v", err)) // not wrapped: a cut file is no end of file
	}
	return n, err
}

// openText opens a text file, the only table in it.
func openText(r io.Reader, head []byte, whole bool) (*decoded, error) {
	if len(head) == 0 {
		return nil, refuse("empty_file", nil)
	}
	trimmed := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))))
	for _, mark := range []string{"<html", "<!doctype", "<?xml", "<table", "<meta", "%pdf", "{\\rtf", "par1", "arrow1"} {
		if bytes.HasPrefix(trimmed, []byte(mark)) {
			return nil, refuse("not_a_table", fmt.Errorf("begins with %s", mark))
		}
	}
	encoding, refusal := textEncoding(head, whole)
	if refusal != nil {
		return nil, refusal
	}
	sample, err := io.ReadAll(decodeText(bytes.NewReader(head), encoding))
	if err != nil && len(sample) == 0 {
		return nil, refuse("not_a_table", fmt.Errorf("decode: %w", err))
	}
	if len(bytes.TrimSpace(sample)) == 0 && whole {
		return nil, refuse("empty_file", nil)
	}
	if i := bytes.LastIndexByte(sample, '\n'); i > 0 && !whole {
		sample = sample[:i]
	}
	d := delimiter(sample)
	if d == 0 {
		return nil, refuse("not_a_table", errors.New("no delimiter found"))
	}
	lines, err := peek(newCSVReader(decodeText(r, encoding), d), headerRows)
	if err != nil {
		return nil, err
	}
	s := &sheet{encoding: encoding, text: true, lines: lines}
	return &decoded{next: func() (*sheet, error) {
		if s == nil {
			return nil, io.EOF
		}
		only := s
		s = nil
		return only, nil
	}}, nil
}

func decodeWorkbook(f *os.File, size int64) (*decoded, error) {
	w, err := openWorkbook(f, size)
	if err != nil {
		return nil, err
	}
	var open *sheetReader
	i := 0
	closeOpen := func() error {
		if open == nil {
			return nil
		}
		err := open.close()
		open = nil
		return err
	}
	return &decoded{
		hidden: w.hidden,
		next: func() (*sheet, error) {
			for {
				if err := closeOpen(); err != nil {
					return nil, refuse("not_a_table", fmt.Errorf("close sheet: %w", err))
				}
				if i >= len(w.sheets) {
					return nil, io.EOF
				}
				part := w.sheets[i]
				i++
				var err error
				if open, err = w.open(part); err != nil {
					return nil, err
				}
				lines, err := peek(open, headerRows)
				if err != nil {
					return nil, err
				}
				if len(lines.kept) == 0 {
					continue // an empty sheet
				}
				return &sheet{name: part.name, encoding: "xlsx", lines: lines}, nil
			}
		},
		close: closeOpen,
	}, nil
}

// weigh reads a file for its size and SHA-256 without keeping a copy.
func weigh(path string, now time.Time) (Source, error) {
	src := Source{Name: path, Received: now, kept: path}
	in, err := os.Open(path)
	if err != nil {
		return src, fmt.Errorf("read %s: %w", path, err)
	}
	defer in.Close()
	hash := sha256.New()
	if src.Bytes, err = io.Copy(hash, in); err != nil {
		return src, fmt.Errorf("read %s: %w", path, err)
	}
	src.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return src, nil
}
