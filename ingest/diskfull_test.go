package ingest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// fill writes a file that leaves about that many bytes of its disk free.
func fill(t *testing.T, path string, leave uint64) {
	t.Helper()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &disk); err != nil {
		t.Fatal(err)
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free <= leave {
		t.Fatalf("%d bytes are free, less than %d", free, leave)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(free-leave)); err != nil {
		t.Fatal(err)
	}
}

// A disk that fills up at any stage of a load ends it with a sentence that says so. Nothing of it is visible, and once
// there is room the same load leaves the warehouse as if it had run undisturbed.
func TestLoad_DiskFull(t *testing.T) {
	const files, rows = 3, 1500
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("a small disk cannot be mounted here (it takes root): %v", err)
	}
	w := &ward{t: t, dir: filepath.Join(disk, "data"), name: "full"}
	defer func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	w.open()
	defer func() { w.db.Close() }()
	if _, err := w.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths := examFiles(t, files, rows)
	w.run(paths)
	want := w.state()
	filler := filepath.Join(disk, "filler")
	stages := map[string]int{}
	for leave := uint64(400 << 10); ; leave += leave * 2 / 3 {
		w.reset()
		fill(t, filler, leave)
		child, begun, output := w.child(paths)
		<-begun
		if child.Wait() == nil {
			break
		}
		if said := output.String(); !strings.Contains(said, "no space is left on the disk of "+disk) || !strings.Contains(said, "run the same command again") {
			t.Errorf("with %d bytes left the load said %q", leave, said)
		}
		stages[w.stage(files)]++
		if halves := w.halves(); halves != 0 {
			t.Errorf("with %d bytes left %d batches are visible in part", leave, halves)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		w.run(paths)
		if got := w.state(); !slices.Equal(got, want) {
			t.Fatalf("after a disk with %d bytes left the warehouse holds\n%q, want\n%q", leave, got, want)
		}
	}
	t.Logf("%v", stages)
	if stages["opened"]+stages["decoded or checked"] == 0 || len(stages) < 2 {
		t.Errorf("the disk was full at these stages only: %v", stages)
	}
}

// halves counts the published batches of which not every row stands in the warehouse.
func (w *ward) halves() (n uint64) {
	w.t.Helper()
	w.patiently(func(ctx context.Context) error {
		return w.db.Conn().QueryRow(ctx, `SELECT count() FROM (SELECT batch, max(n_loaded + n_corrected + n_voided) AS want FROM ops_batch
			GROUP BY batch HAVING max(state) = 'published') AS b LEFT JOIN (SELECT batch, count() AS got FROM raw_exam GROUP BY batch) AS r USING (batch)
			WHERE got != want`).Scan(&n)
	})
	return n
}
