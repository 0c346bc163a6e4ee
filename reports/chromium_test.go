package reports

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ohwatch/internal/message"
)

func TestChromium_Prints(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("no Chromium in the PATH")
	}
	ctx := context.Background()
	c, err := OpenChromium(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := revised(t)
	page := renderSituation(t, s, message.Chinese)
	first, err := c.print(ctx, page, pageNumbers(words{printer(t, message.Chinese)}), s.Today)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.print(ctx, page, pageNumbers(words{printer(t, message.Chinese)}), s.Today)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("two prints of one page differ")
	}
	for _, want := range []string{"%PDF-", "/FontFile", "/Outlines", "D:20261116000000"} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("the PDF has no %s", want)
		}
	}
	if folder := os.Getenv("OHWATCH_SHOTS"); folder != "" {
		os.WriteFile(filepath.Join(folder, "printed.pdf"), first, 0o600)
	}
	pictures, err := c.pictures(ctx, page)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"cases-year", "projection", "doses", "ranking-t1"} {
		if p := pictures[id]; !bytes.HasPrefix(p.PNG, []byte("\x89PNG")) || p.Width < 100 {
			t.Errorf("picture %s: %d bytes, %v wide", id, len(p.PNG), p.Width)
		}
	}
	// A Chromium that has gone says so.
	c.Close()
	if _, err := c.print(ctx, page, "", s.Today); !errors.Is(err, ErrNoChromium) {
		t.Errorf("print without a browser: %v", err)
	}
}

func TestChromium_Missing(t *testing.T) {
	fake := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{fake, filepath.Join(t.TempDir(), "none")} {
		if _, err := OpenChromium(context.Background(), program); !errors.Is(err, ErrNoChromium) {
			t.Errorf("%s: %v", program, err)
		}
	}
}
