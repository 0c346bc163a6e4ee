package delivery

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// folder writes the files of messages below a folder, into one of each addressee.
type folder struct{ dir string }

// Send writes the files of a message, each whole or not at all. A file that is there with the same bytes is left alone.
func (f folder) Send(_ context.Context, e Entry, c Content) error {
	if strings.ContainsAny(e.Addressee, `/\`) || !filepath.IsLocal(e.Addressee) {
		return &Refused{"no name of a folder: " + e.Addressee}
	}
	// The folder itself is not made: on a share that is not mounted it would be made in the wrong place.
	if _, err := os.Stat(f.dir); err != nil {
		return &Unreachable{err}
	}
	dir := filepath.Join(f.dir, e.Addressee)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &Unreachable{err}
	}
	for _, file := range c.Files {
		if strings.ContainsAny(file.Name, `/\`) || !filepath.IsLocal(file.Name) {
			return &Refused{"no name of a file: " + file.Name}
		}
		path := filepath.Join(dir, file.Name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, file.Data) {
			continue
		}
		if err := WriteFile(path, file.Data); err != nil {
			return &Unreachable{err}
		}
	}
	return nil
}

// Check tries to write.
func (f folder) Check(context.Context) error {
	if _, err := os.Stat(f.dir); err != nil {
		return err
	}
	probe, err := os.CreateTemp(f.dir, ".ohwatch-")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Close does nothing.
func (folder) Close() error { return nil }

// WriteFile writes a file under another name, down to the disk, and renames it: it is there whole or not at all.
func WriteFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
