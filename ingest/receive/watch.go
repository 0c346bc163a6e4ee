package receive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Watcher takes finished files out of a drop folder: loads each, writes what became of it beside it and moves it away.
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

	// Load loads one file. A file that could not be moved away before is given to it again and again: Load must know
	// it by its place, size and time. With an error nothing is known about the file: it stays where it is.
	Load func(ctx context.Context, f Found) (Verdict, error)
}

// Found is a finished file of the drop folder.
type Found struct {
	Path     string
	Inside   string // path below the drop folder, with slashes
	Bytes    int64
	Modified time.Time
}

// Verdict is what became of a file.
type Verdict struct {
	Refused bool // it can never be loaded as it is

	// Write writes what the sender should read beside the moved file, whose path is given; nil: nothing. It may be
	// called again for the same file after a crash.
	Write func(ctx context.Context, path string) error
}

// Taken is a file that a scan has loaded.
type Taken struct {
	Path    string // as it was found in the drop folder
	Moved   string // where it lies now; empty: it could not be moved away and still lies where it was
	Refused bool
}

const doneMarker = ".done"

// unfinishedSuffixes are what transfer programs append to a name until the file is complete.
var unfinishedSuffixes = []string{".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".writing", ".swp"}

// systemNames are files that operating systems put into every folder.
var systemNames = []string{"thumbs.db", "desktop.ini", "ehthumbs.db"}

// fileState is what tells whether a file is still being written.
type fileState struct {
	size     int64
	modified time.Time
}

// Scan takes every finished file, in lexical path order. Files that are not known to be finished are
// watched for Stable once, all together; those that change meanwhile stay for the next scan. A file that may not be
// read is passed over and named in the error; any other error ends the scan. Files that were taken are returned
// with it.
func (w *Watcher) Scan(ctx context.Context) ([]Taken, error) {
	for _, dir := range []string{w.Folder, w.Done, w.Failed} {
		if err := os.MkdirAll(dir, 0o700); err != nil && !isReadOnly(err) {
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
	var unread []error
	for _, path := range finished {
		one, err := w.take(ctx, path, found[path])
		switch {
		case errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist):
			unread = append(unread, err)
		case err != nil:
			return taken, errors.Join(append(unread, err)...)
		case one.Path != "":
			taken = append(taken, one)
		}
	}
	return taken, errors.Join(unread...)
}

// isReadOnly reports whether something cannot be written because the place does not allow it.
func isReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
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

// isUnfinishedName reports whether a file of that name is a marker, hidden, of the system, a lock file or in transfer.
func isUnfinishedName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") || strings.HasSuffix(name, "~") || strings.HasSuffix(lower, doneMarker) ||
		slices.Contains(systemNames, lower) ||
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
		if err := sleep(ctx, w.Stable); err != nil {
			return nil, fmt.Errorf("watch drop folder: %w", err)
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

func (w *Watcher) isUnchanged(path string, was fileState) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Size() == was.size && info.ModTime().Equal(was.modified)
}

// take loads one file and moves it away. A file that changed while it was loaded stays: what was loaded of
// it is found again, unchanged, at the next scan.
func (w *Watcher) take(ctx context.Context, path string, was fileState) (Taken, error) {
	inside, err := filepath.Rel(w.Folder, path)
	if err != nil {
		return Taken{}, fmt.Errorf("load %s: %w", path, err)
	}
	verdict, err := w.Load(ctx, Found{Path: path, Inside: filepath.ToSlash(inside), Bytes: was.size, Modified: was.modified})
	if err != nil {
		return Taken{}, fmt.Errorf("load %s: %w", path, err)
	}
	if _, err := os.Stat(path + doneMarker); err != nil && !w.isUnchanged(path, was) {
		return Taken{}, nil
	}
	taken := Taken{Path: path, Refused: verdict.Refused}
	folder := w.Done
	if verdict.Refused {
		folder = w.Failed
	}
	target := unusedPath(filepath.Join(folder, inside))
	err = w.move(ctx, path, target, verdict)
	switch {
	case err == nil:
		taken.Moved = target
	case !isReadOnly(err):
		return Taken{}, err
	}
	return taken, nil
}

// move writes what the sender should read and moves the file to target.
func (w *Watcher) move(ctx context.Context, path, target string, verdict Verdict) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return fmt.Errorf("move %s: %w", path, err)
	}
	if verdict.Write != nil {
		if err := verdict.Write(ctx, target); err != nil {
			return fmt.Errorf("write the result of %s: %w", path, err)
		}
	}
	if err := os.Rename(path, target); err != nil {
		return fmt.Errorf("move %s: %w", path, err)
	}
	if err := os.Remove(path + doneMarker); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove marker of %s: %w", path, err)
	}
	return nil
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
