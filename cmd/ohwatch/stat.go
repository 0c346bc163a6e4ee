package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/transform/stats"
)

// newStatCommand is `ohwatch stat METHOD`: one statistical method on cases in JSON.
func newStatCommand() *cobra.Command {
	var files []string
	command := &cobra.Command{
		Use:   "stat METHOD [--in FILE]",
		Short: "Run a statistical method on JSON cases",
		Long: `Reads cases, each a JSON object with "id", "method" and "input", from files or standard input: one a line,
one a file, or an array of them. Writes one line a case: {"id":…,"result":{…}}, or {"id":…,"error":"…"} where
the method can't answer. Without METHOD each case's own method is run.

Methods: ` + strings.Join(stats.Methods(), ", ") + ".",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var method string
			if len(args) == 1 {
				method = args[0]
				if !stats.Known(method) {
					return usageError(fmt.Errorf("%w %q, choose one of: %s",
						stats.ErrUnknownMethod, method, strings.Join(stats.Methods(), ", ")))
				}
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			err := runCaseFiles(method, files, cmd.InOrStdin(), out)
			return errors.Join(err, out.Flush())
		},
	}
	command.Flags().StringArrayVar(&files, "in", nil, "file with cases, - for standard input; may be given several times")
	return command
}

// runCaseFiles runs the cases of all files, or of stdin when there are none.
func runCaseFiles(method string, files []string, stdin io.Reader, out io.Writer) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := runCaseFile(method, name, stdin, out); err != nil {
			return err
		}
	}
	return nil
}

func runCaseFile(method, name string, stdin io.Reader, out io.Writer) error {
	in := stdin
	if name == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("read cases: %w", err)
		}
		defer file.Close()
		in = file
	}
	decoder := json.NewDecoder(bufio.NewReader(in))
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read cases from %s, byte %d: %w", name, decoder.InputOffset(), err)
		}
		cases := []json.RawMessage{value}
		if bytes.HasPrefix(value, []byte("[")) {
			if err := json.Unmarshal(value, &cases); err != nil {
				return fmt.Errorf("read cases from %s: %w", name, err)
			}
		}
		for _, c := range cases {
			line, err := json.Marshal(answerCase(method, c))
			if err != nil {
				return fmt.Errorf("write result: %w", err)
			}
			if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
				return fmt.Errorf("write result: %w", err)
			}
		}
	}
}

// statAnswer is one line of output.
type statAnswer struct {
	ID     json.RawMessage `json:"id"`
	Result stats.Result    `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// answerCase runs one case with the method, or with its own if that is empty.
func answerCase(method string, text []byte) statAnswer {
	var c struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Input  json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return statAnswer{Error: `a case is an object with "id", "method" and "input"`}
	}
	answer := statAnswer{ID: c.ID}
	switch {
	case c.Input == nil:
		answer.Error = "input: is missing"
		return answer
	case method == "":
		method = c.Method
	case c.Method != "" && c.Method != method:
		answer.Error = fmt.Sprintf("method: the case is for %q, not for %q", c.Method, method)
		return answer
	}
	result, err := stats.Run(method, c.Input)
	if err != nil {
		answer.Error = err.Error()
		return answer
	}
	answer.Result = result
	return answer
}
