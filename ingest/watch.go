package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Watcher takes finished files out of a drop folder: loads each, writes a receipt and moves it away.
//
// A file is finished when its size and modification time have not changed for Stable, or at once when a
// marker file, its name with .done appended, lies beside it. Folders inside the drop folder, such as one per
// sender, are searched too and keep their names in Done and Failed. Hidden files, lock files of office
// programs and files that a transfer has not renamed yet are left alone.
type Watcher struct {
	Folder string // drop folder, created when missing
	Done   string // for loaded files, on the same file system; left out of the search
	Failed string // for refused files, likewise
	Stable time.Duration

	// Load loads one file. The receipt, any JSON value, is written beside the file. A refused file is one
	// that can never be loaded as it is. With an error nothing is known about the file: it stays where it
	// is, and Scan ends with the error.
	Load func(ctx context.Context, path string) (receipt any, refused bool, err error)
}

// Taken is a file that a scan moved away.
type Taken struct {
	Path    string // as it was found in the drop folder
	Moved   string // where it lies now; the receipt lies beside it with .json appended
	Refused bool
}

const doneMarker = ".done"

// unfinishedSuffixes are what transfer programs append to a name until the file is complete.
var unfinishedSuffixes = []string{".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".writing", ".swp"}

// fileState is what tells whether a file is still being written.
type fileState struct {
	size     int64
	modified time.Time
}

// Scan takes every finished file, in lexical path order. Files that are not known to be finished are
// watched for Stable once, all together; those that change meanwhile stay for the next scan. Files that were
// taken before an error are returned with it.
func (w *Watcher) Scan(ctx context.Context) ([]Taken, error) {
	for _, dir := range []string{w.Folder, w.Done, w.Failed} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make drop folder: %w", err)
		}
	}
	found, err := w.search()
	if err != nil {
		return nil, err
	}
	finished, err := w.finished(ctx, found)
	if err != nil {
		return nil, err
	}
	var taken []Taken
	for _, path := range finished {
		one, err := w.take(ctx, path, found[path])
		if err != nil {
			return taken, err
		}
		if one.Moved != "" {
			taken = append(taken, one)
		}
	}
	return taken, nil
}

// search returns the files in the drop folder with their states.
func (w *Watcher) search() (map[string]fileState, error) {
	found := map[string]fileState{}
	err := filepath.WalkDir(w.Folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != w.Folder {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		if entry.IsDir() {
			hidden := strings.HasPrefix(entry.Name(), ".") && path != w.Folder
			if hidden || path == filepath.Clean(w.Done) || path == filepath.Clean(w.Failed) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || isUnfinishedName(entry.Name()) {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		found[path] = fileState{info.Size(), info.ModTime()}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search drop folder: %w", err)
	}
	return found, nil
}

// isUnfinishedName reports whether a file of that name is a marker, hidden, a lock file or in transfer.
func isUnfinishedName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") || strings.HasSuffix(name, "~") || strings.HasSuffix(lower, doneMarker) ||
		slices.ContainsFunc(unfinishedSuffixes, func(suffix string) bool { return strings.HasSuffix(lower, suffix) })
}

// finished returns those of the found files that are complete, in lexical order.
func (w *Watcher) finished(ctx context.Context, found map[string]fileState) ([]string, error) {
	var ready, open []string
	for path := range found {
		if _, err := os.Stat(path + doneMarker); err == nil {
			ready = append(ready, path)
		} else {
			open = append(open, path)
		}
	}
	if len(open) > 0 {
		timer := time.NewTimer(w.Stable)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for _, path := range open {
		if w.isUnchanged(path, found[path]) {
			ready = append(ready, path)
		}
	}
	slices.Sort(ready)
	return ready, nil
}

// isUnchanged reports whether the file is still there as it was.
func (w *Watcher) isUnchanged(path string, was fileState) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == was.size && info.ModTime().Equal(was.modified)
}

// take loads one file and moves it away. A file that changed while it was loaded stays: what was loaded of
// it is found again, unchanged, at the next scan.
func (w *Watcher) take(ctx context.Context, path string, was fileState) (Taken, error) {
	receipt, refused, err := w.Load(ctx, path)
	if err != nil {
		return Taken{}, fmt.Errorf("load %s: %w", path, err)
	}
	if _, err := os.Stat(path + doneMarker); err != nil && !w.isUnchanged(path, was) {
		return Taken{}, nil
	}
	folder := w.Done
	if refused {
		folder = w.Failed
	}
	inside, err := filepath.Rel(w.Folder, path)
	if err != nil {
		return Taken{}, fmt.Errorf("move %s: %w", path, err)
	}
	target := unusedPath(filepath.Join(folder, inside))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return Taken{}, fmt.Errorf("move %s: %w", path, err)
	}
	if err := writeReceipt(target+".json", receipt); err != nil {
		return Taken{}, fmt.Errorf("write receipt of %s: %w", path, err)
	}
	if err := os.Rename(path, target); err != nil {
		return Taken{}, fmt.Errorf("move %s: %w", path, err)
	}
	if err := os.Remove(path + doneMarker); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Taken{}, fmt.Errorf("remove marker of %s: %w", path, err)
	}
	return Taken{Path: path, Moved: target, Refused: refused}, nil
}

// unusedPath returns path, or with -2, -3 … before its extension when there is such a file already.
func unusedPath(path string) string {
	extension := filepath.Ext(path)
	stem := strings.TrimSuffix(path, extension)
	free := path
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			return free
		} else if err != nil {
			return path // the move says what is wrong
		}
		free = stem + "-" + strconv.Itoa(n) + extension
	}
}

// writeReceipt replaces the file at once.
func writeReceipt(path string, receipt any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(receipt); err != nil {
		return err
	}
	aside := path + ".writing"
	if err := os.WriteFile(aside, text.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
