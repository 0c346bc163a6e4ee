package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ohwatch/internal/config"
)

// newInitCommand is `ohwatch init [DIR]`: a commented configuration and the folders it names.
func newInitCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: a.text("cli.short_init", nil),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.init(dir)
		},
	}
}

// init creates what is missing in dir and leaves alone what is there.
func (a *app) init(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return a.cannotWrite(dir, err)
	}
	file := filepath.Join(dir, config.FileName)
	wrote, err := writeNew(file, config.Example())
	if err != nil {
		return a.cannotWrite(file, err)
	}
	key := "cli.init_kept"
	if wrote {
		key = "cli.init_wrote"
	}
	a.say(key, map[string]any{"file": file})

	// The folders are those that this file, with the environment, will name from now on.
	cfg, err := config.Load(file, os.Getenv)
	if err != nil {
		return err
	}
	options := shellQuote(file)
	if a.flags.data != "" {
		cfg.Data.Dir = a.flags.data
		options += " --data " + shellQuote(cfg.Data.Dir)
	}
	for _, folder := range []string{cfg.Data.Dir, cfg.KeysFolder(), cfg.DropFolder(), cfg.DoneFolder(), cfg.FailedFolder(), cfg.ReportsFolder()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return a.cannotWrite(folder, err)
		}
	}
	a.say("cli.init_ready", map[string]any{"data": cfg.Data.Dir, "drop": cfg.DropFolder(), "file": options})
	return nil
}

func (a *app) cannotWrite(path string, err error) error {
	return &saidError{"cli.cannot_write", map[string]any{"path": path, "error": err}}
}

// writeNew writes a file that does not exist yet and reports whether it did.
func writeNew(path string, text []byte) (wrote bool, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := file.Write(text); err != nil {
		return false, errors.Join(err, file.Close(), os.Remove(path))
	}
	if err := file.Close(); err != nil {
		return false, fmt.Errorf("close %s: %w", path, err)
	}
	return true, nil
}
