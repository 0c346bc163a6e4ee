package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
)

// newDecodeCommand is the process that reads a file whose reader must not be able to end a load. Other commands
// start it; people do not.
func newDecodeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "decode FORMAT",
		Short:  "Decode the file of descriptor 3 (started by the other commands)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			in := os.NewFile(3, "file")
			if in == nil {
				return fmt.Errorf("there is no file to decode")
			}
			return ingest.RunDecoder(args[0], in, a.out)
		},
	}
}
