package ingest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{"incoming-1": 2 * time.Hour, "incoming-2": time.Minute, "kept": 99 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := sweep(dir, now); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"incoming-1": false, "incoming-2": true, "kept": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sweep(filepath.Join(dir, "none"), now); err != nil {
		t.Error(err)
	}
}
