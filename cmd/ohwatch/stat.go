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
func newStatCommand(a *app) *cobra.Command {
	var files []string
	methods := strings.Join(stats.Methods(), ", ")
	command := &cobra.Command{
		Use:   "stat [METHOD] [--in FILE]",
		Short: a.text("stat.short", nil),
		Long:  a.text("stat.long", map[string]any{"methods": methods}),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var method string
			if len(args) == 1 {
				method = args[0]
				if !stats.Known(method) {
					return wrongUsage("stat.unknown_method", map[string]any{"method": method, "methods": methods})
				}
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			err := runCaseFiles(method, files, cmd.InOrStdin(), out)
			return errors.Join(err, out.Flush())
		},
	}
	command.Flags().StringArrayVar(&files, "in", nil, a.text("stat.flag_in", nil))
	command.AddCommand(newStatEvaluateCommand(a))
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
			return &saidError{"stat.cannot_open", map[string]any{"file": name, "error": err}}
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
			return &saidError{"stat.not_json", map[string]any{"file": name, "byte": decoder.InputOffset(), "error": err}}
		}
		cases := []json.RawMessage{value}
		if bytes.HasPrefix(value, []byte("[")) {
			if err := json.Unmarshal(value, &cases); err != nil {
				return &saidError{"stat.not_json", map[string]any{"file": name, "byte": decoder.InputOffset(), "error": err}}
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
