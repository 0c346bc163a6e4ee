package sql

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Overlay returns a file system with the files of base and, beside them in the same folders, those of extra.
// A file that both have is an error: extra adds definitions, it never changes one.
func Overlay(base, extra fs.FS) (fs.FS, error) {
	err := fs.WalkDir(extra, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, err := fs.Stat(base, path); err == nil {
			return fmt.Errorf("%s: a file of that name is part of the program: %w", path, fs.ErrExist)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add definitions: %w", err)
	}
	return overlay{base, extra}, nil
}

type overlay struct{ base, extra fs.FS }

// Open opens a file of either, or a folder that lists both.
func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.extra.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.base.Open(name)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.IsDir() {
		return file, err
	}
	entries, err := fs.ReadDir(o.extra, name)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	more, err := fs.ReadDir(o.base, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, file.Close())
	}
	entries = append(more, entries...)
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	entries = slices.CompactFunc(entries, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() })
	return &folder{File: file, entries: entries}, nil
}

// folder is an open folder with the entries of both file systems.
type folder struct {
	fs.File
	entries []fs.DirEntry
}

// ReadDir returns the next n entries, all that are left for n <= 0.
func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(f.entries) {
		if n > 0 && len(f.entries) == 0 {
			return nil, io.EOF
		}
		n = len(f.entries)
	}
	next := f.entries[:n]
	f.entries = f.entries[n:]
	return next, nil
}
