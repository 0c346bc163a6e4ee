package main

import (
	"github.com/spf13/cobra"

	"ohwatch/warehouse"
)

// newEngineCommand is the process that runs ClickHouse. Other commands start it; people do not.
func newEngineCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:    "engine",
		Short:  "Run the embedded engine (started by the other commands)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return warehouse.RunEngine(cmd.Context(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the engine's folder inside the data directory")
	_ = cmd.MarkFlagRequired("dir")
	return cmd
}
