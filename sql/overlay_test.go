package sql_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"ohwatch/sql"
)

func TestOverlay(t *testing.T) {
	extra := fstest.MapFS{
		"migrations/1001_noise.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")},
		"models/stg_noise.sql":      {Data: []byte("-- name: stg_noise\nSELECT 1\n")},
		"contracts/noise.yaml":      {Data: []byte("stream: noise\n")},
	}
	fsys, err := sql.Overlay(sql.FS(), extra)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"migrations", "models"} {
		own, err := sql.Load(kind)
		if err != nil {
			t.Fatal(err)
		}
		both, err := sql.LoadFS(fsys, kind)
		if err != nil {
			t.Fatal(err)
		}
		if len(both) != len(own)+1 {
			t.Errorf("%d %s, want one more than %d", len(both), kind, len(own))
		}
		sub, err := fs.Sub(fsys, kind)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(sub, "*.sql")
		if err != nil || len(names) != len(both) {
			t.Errorf("%s: %d names by pattern, %v", kind, len(names), err)
		}
	}
	if _, err := sql.QueryFS(fsys, "ingest_roster"); err != nil {
		t.Error(err)
	}
	if err := fstest.TestFS(fsys, "contracts/noise.yaml", "models/stg_noise.sql", "models/stg_exam.sql"); err != nil {
		t.Error(err)
	}
	if _, err := sql.Overlay(sql.FS(), fstest.MapFS{"models/stg_exam.sql": {}}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that replaces one of the program: %v", err)
	}
}
