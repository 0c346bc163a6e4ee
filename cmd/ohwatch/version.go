package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"ohwatch/warehouse"
)

// version is the released version, set at build time by -ldflags "-X main.version=…".
var version = "devel"

// versionLine is what --json prints.
type versionLine struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Engine   string `json:"engine"`
	Mode     string `json:"mode"`
}

// newVersionCommand is `ohwatch version`.
func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: a.text("cli.short_version", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			line := versionLine{Version: version, Commit: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					switch s.Key {
					case "vcs.revision":
						line.Commit = s.Value
					case "vcs.modified":
						line.Modified = s.Value == "true"
					}
				}
			}
			db, err := warehouse.Open(cmd.Context(), a.warehouseConfig())
			switch {
			case err == nil:
				info, err := db.Info(cmd.Context())
				if err := errors.Join(err, db.Close()); err != nil {
					return err
				}
				line.Engine, line.Mode = info.Version, info.Mode
			case a.json:
			default:
				// The version is known without the engine; why that is missing is doctor's business.
				a.log.Debug("open the warehouse", "error", err)
			}
			if a.json {
				return a.printJSON(line)
			}
			if line.Engine == "" {
				line.Engine = a.text("cli.engine_unavailable", nil)
			}
			modified := ""
			if line.Modified {
				modified = "+"
			}
			_, err = fmt.Fprintf(a.out, "ohwatch %s\ncommit %s%s\n%s %s\nClickHouse %s %s\n",
				line.Version, line.Commit, modified, line.Go, line.Platform, line.Engine, line.Mode)
			return err
		},
	}
}
