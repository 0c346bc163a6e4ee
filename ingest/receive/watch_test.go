package receive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dropFolder is a watcher on a folder of its own that records what it loads.
type dropFolder struct {
	*Watcher
	loaded []string
	during func(path string) // called while a file is loaded
}

func newDropFolder(t *testing.T, names ...string) *dropFolder {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "drop")
	d := &dropFolder{during: func(string) {}}
	d.Watcher = &Watcher{
		Folder: folder, Done: filepath.Join(folder, "done"), Failed: filepath.Join(folder, "failed"), Stable: 30 * time.Millisecond,
		Load: func(_ context.Context, f Found) (Verdict, error) {
			d.loaded = append(d.loaded, f.Inside)
			d.during(f.Path)
			return Verdict{Refused: strings.Contains(f.Path, "bad"), Write: func(_ context.Context, path string) error {
				return replace(path+".result.txt", []byte(f.Inside))
			}}, nil
		},
	}
	for _, name := range names {
		d.write(t, name, "a,b\n")
	}
	return d
}

func (d *dropFolder) inside(path string) string {
	rel, err := filepath.Rel(d.Folder, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

func (d *dropFolder) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(d.Folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree returns all files below the drop folder.
func (d *dropFolder) tree(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(d.Folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, d.inside(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func (d *dropFolder) scan(t *testing.T) []Taken {
	t.Helper()
	taken, err := d.Scan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestWatcher_LoadsAndMovesWithReceipt(t *testing.T) {
	d := newDropFolder(t, "b.csv", "a.csv", "医院甲/体检.xlsx", "bad.csv")
	taken := d.scan(t)
	same(t, "loaded in order", []string{"a.csv", "b.csv", "bad.csv", "医院甲/体检.xlsx"}, d.loaded)
	same(t, "files", []string{
		"done/a.csv", "done/a.csv.result.txt", "done/b.csv", "done/b.csv.result.txt", "done/医院甲/体检.xlsx", "done/医院甲/体检.xlsx.result.txt",
		"failed/bad.csv", "failed/bad.csv.result.txt",
	}, d.tree(t))
	if len(taken) != 4 || !taken[2].Refused || taken[3].Moved != filepath.Join(d.Done, "医院甲", "体检.xlsx") {
		t.Errorf("taken %+v", taken)
	}
	if text, err := os.ReadFile(filepath.Join(d.Done, "a.csv.result.txt")); err != nil || string(text) != "a.csv" {
		t.Errorf("result %s, %v", text, err)
	}
	d.loaded = nil
	if taken := d.scan(t); len(taken) != 0 || d.loaded != nil {
		t.Errorf("the second scan took %v", taken)
	}
}

func TestWatcher_MakesItsFolders(t *testing.T) {
	d := newDropFolder(t)
	d.scan(t)
	for _, dir := range []string{d.Done, d.Failed} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestWatcher_LeavesAlone(t *testing.T) {
	names := []string{".hidden.csv", "~$open.xlsx", "x.csv.part", "x.csv.filepart", "y.TMP", "z.crdownload", "old.csv~", ".git/a.csv", "lonely.csv.done", "Thumbs.db", "desktop.ini", ".DS_Store"}
	d := newDropFolder(t, names...)
	target := filepath.Join(t.TempDir(), "outside.csv")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(d.Folder, "link.csv")); err != nil {
		t.Fatal(err)
	}
	d.scan(t)
	if d.loaded != nil {
		t.Errorf("loaded %v", d.loaded)
	}
}

func TestWatcher_GrowingFileWaits(t *testing.T) {
	d := newDropFolder(t, "growing.csv", "still.csv")
	d.Stable = 300 * time.Millisecond
	grow := time.AfterFunc(50*time.Millisecond, func() {
		file, err := os.OpenFile(filepath.Join(d.Folder, "growing.csv"), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, _ = file.WriteString("more\n")
			file.Close()
		}
	})
	defer grow.Stop()
	d.scan(t)
	same(t, "first scan", []string{"still.csv"}, d.loaded)
	d.Stable = time.Millisecond
	d.scan(t)
	same(t, "second scan", []string{"still.csv", "growing.csv"}, d.loaded)
}

func TestWatcher_MarkerMeansAtOnce(t *testing.T) {
	d := newDropFolder(t, "a.csv", "a.csv.done")
	d.Stable = time.Hour
	d.scan(t)
	same(t, "files", []string{"done/a.csv", "done/a.csv.result.txt"}, d.tree(t))
}

func TestWatcher_ChangedWhileLoading(t *testing.T) {
	d := newDropFolder(t, "a.csv")
	d.during = func(path string) { d.write(t, d.inside(path), "longer than before\n") }
	if taken := d.scan(t); len(taken) != 0 {
		t.Errorf("took %v", taken)
	}
	d.during = func(string) {}
	d.scan(t)
	same(t, "files", []string{"done/a.csv", "done/a.csv.result.txt"}, d.tree(t))
}

func TestWatcher_SameNameTwice(t *testing.T) {
	d := newDropFolder(t, "a.csv")
	d.scan(t)
	d.write(t, "a.csv", "second\n")
	d.scan(t)
	d.write(t, "a.csv", "third\n")
	d.scan(t)
	same(t, "files", []string{"done/a-2.csv", "done/a-2.csv.result.txt", "done/a-3.csv", "done/a-3.csv.result.txt", "done/a.csv", "done/a.csv.result.txt"}, d.tree(t))
}

func TestWatcher_ErrorLeavesTheFile(t *testing.T) {
	d := newDropFolder(t, "a.csv", "b.csv", "c.csv")
	load, down := d.Load, errors.New("warehouse gone")
	d.Load = func(ctx context.Context, f Found) (Verdict, error) {
		if f.Inside == "b.csv" {
			return Verdict{}, down
		}
		return load(ctx, f)
	}
	taken, err := d.Scan(t.Context())
	if !errors.Is(err, down) || !strings.Contains(err.Error(), "b.csv") || len(taken) != 1 {
		t.Errorf("took %v, error %v", taken, err)
	}
	same(t, "files", []string{"b.csv", "c.csv", "done/a.csv", "done/a.csv.result.txt"}, d.tree(t))
}

func TestWatcher_Cancelled(t *testing.T) {
	d := newDropFolder(t, "a.csv")
	d.Stable = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Scan(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestWatcher_ReadOnlyShare(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("nothing is read-only for root; TestDrop_CannotBeMoved covers the rest")
	}
	d := newDropFolder(t, "a.csv")
	if err := os.Chmod(d.Folder, 0o500); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(d.Folder, 0o700) }()
	if taken := d.scan(t); len(taken) != 1 || taken[0].Moved != "" {
		t.Errorf("taken %+v", taken)
	}
}
