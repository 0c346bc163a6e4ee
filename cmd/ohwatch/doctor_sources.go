package main

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"ohwatch/ingest/receive"
)

// sourceTimeout bounds the look at one SFTP server.
const sourceTimeout = 20 * time.Second

// checkSources tries every place that files come from: the drop folder, the upload interface, the SFTP servers.
func (a *app) checkSources(ctx context.Context) []finding {
	findings := []finding{a.checkDrop()}
	if a.cfg.Upload.Listen != "" && a.cfg.Upload.TLSKey != "" {
		findings = append(findings, a.checkTLS())
	}
	for _, name := range slices.Sorted(maps.Keys(a.cfg.Fetch)) {
		f := a.cfg.Fetch[name]
		if !f.Enabled {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, sourceTimeout)
		source := a.fetchSource(name, f)
		err := source.Check(limited)
		cancel()
		args := map[string]any{"source": name, "address": f.Address}
		if err == nil {
			findings = append(findings, a.found("source", stateOK, "source_answers", args, ""))
			continue
		}
		line := "$EDITOR " + shellQuote(a.cfg.File)
		var fault *receive.Fault
		if errors.As(err, &fault) && fault.Code == "receive.fetch_open" {
			line = "chmod 600 " + shellQuote(fault.Args["file"].(string))
		}
		args["error"] = a.sentence(err)
		findings = append(findings, a.found("source", stateFail, "source_fails", args, line))
	}
	return findings
}

// checkDrop tries to move in the drop folder; a file that cannot be moved away is loaded, but stays.
func (a *app) checkDrop() finding {
	dir := a.cfg.DropFolder()
	args := map[string]any{"dir": dir}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return a.found("drop", stateWarn, "drop_missing", args, "mkdir -p "+shellQuote(dir))
	}
	for _, folder := range []string{dir, a.cfg.DoneFolder(), a.cfg.FailedFolder()} {
		probe, err := os.CreateTemp(folder, ".doctor-")
		if errors.Is(err, fs.ErrNotExist) {
			continue // made with the first file
		}
		if err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
		if err != nil {
			return a.found("drop", stateWarn, "drop_readonly", map[string]any{"dir": folder}, "chown -R $(id -u) "+shellQuote(folder))
		}
	}
	return a.found("drop", stateOK, "drop_writable", args, "")
}

// checkTLS looks at the key of the upload interface.
func (a *app) checkTLS() finding {
	key := a.cfg.InData(a.cfg.Upload.TLSKey)
	args := map[string]any{"file": key}
	info, err := os.Stat(key)
	switch {
	case err != nil:
		args["error"] = strings.TrimPrefix(err.Error(), "stat ")
		return a.found("upload", stateFail, "upload_key_missing", args, "ls -l "+shellQuote(key))
	case info.Mode().Perm()&0o077 != 0:
		return a.found("upload", stateFail, "upload_key_open", args, "chmod 600 "+shellQuote(key))
	}
	return a.found("upload", stateOK, "upload_key_closed", args, "")
}
