package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

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
	command.AddCommand(newSeriesCommand(a))
	command.Flags().StringArrayVar(&files, "in", nil, a.text("stat.flag_in", nil))
	command.AddCommand(newStatEvaluateCommand(a))
	return command
}

// runCaseFiles runs the cases of all files, or of stdin when there are none. What is not JSON gets an answer that says
// so, the cases around it theirs, and the first such place is the error in the end.
func runCaseFiles(method string, files []string, stdin io.Reader, out io.Writer) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	answers := caseAnswers{method: method, out: out}
	for _, name := range files {
		if err := runCaseFile(name, stdin, &answers); err != nil {
			return errors.Join(err, answers.flush())
		}
	}
	return errors.Join(answers.flush(), answers.broken)
}

// maxCaseBytes is the most that one case may take: a series as long as the methods take is far smaller.
const maxCaseBytes = 256 << 20

func runCaseFile(name string, stdin io.Reader, answers *caseAnswers) error {
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
	source := &limitedReader{in: in, left: maxCaseBytes}
	decoder := json.NewDecoder(bufio.NewReader(source))
	var passed int64 // bytes before the decoder's first
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		source.left = maxCaseBytes
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
			begin := decoder.InputOffset()
			problem := &saidError{"stat.not_json", map[string]any{"file": name, "byte": passed + begin, "error": err}}
			if err := answers.addBroken(problem, fmt.Sprintf("not JSON near byte %d: %v", passed+begin, err)); err != nil {
				return err
			}
			rest := bufio.NewReader(io.MultiReader(decoder.Buffered(), source))
			skipped, err := skipBrokenCase(rest)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return &saidError{"stat.cannot_open", map[string]any{"file": name, "error": err}}
			}
			passed += begin + skipped
			decoder = json.NewDecoder(rest)
			continue
		}
		if err != nil {
			return &saidError{"stat.cannot_open", map[string]any{"file": name, "error": err}}
		}
		cases := []json.RawMessage{value}
		if bytes.HasPrefix(value, []byte("[")) {
			if err := json.Unmarshal(value, &cases); err != nil {
				return fmt.Errorf("split an array of cases: %w", err)
			}
		}
		for _, c := range cases {
			if err := answers.add(c); err != nil {
				return err
			}
		}
	}
}

// skipBrokenCase reads up to the next line that begins like a case or an array of cases, and says how many bytes that
// were. io.EOF means that there is none.
func skipBrokenCase(in *bufio.Reader) (skipped int64, err error) {
	blank := true // the broken case may have been preceded by the end of the line before
	for {
		line, err := in.ReadSlice('\n')
		skipped += int64(len(line))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return skipped, err
		}
		wasBlank := blank
		blank = blank && len(bytes.TrimSpace(line)) == 0
		if errors.Is(err, bufio.ErrBufferFull) || blank && wasBlank {
			continue
		}
		next, err := in.Peek(1)
		if err != nil {
			return skipped, err
		}
		if next[0] == '{' || next[0] == '[' {
			return skipped, nil
		}
	}
}

// limitedReader ends with an error after left bytes.
type limitedReader struct {
	in   io.Reader
	left int64
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, fmt.Errorf("a case takes more than %d bytes", maxCaseBytes)
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// caseAnswers runs cases a block at a time, on all processors, and writes the answers in order.
type caseAnswers struct {
	method  string
	out     io.Writer
	cases   []json.RawMessage // nil: its answer is there already
	answers []statAnswer
	size    int
	broken  error // the first piece of input that is not JSON
}

func (a *caseAnswers) add(c json.RawMessage) error {
	return a.append(c, statAnswer{})
}

func (a *caseAnswers) addBroken(problem error, text string) error {
	if a.broken == nil {
		a.broken = problem
	}
	return a.append(nil, statAnswer{Error: text})
}

func (a *caseAnswers) append(c json.RawMessage, answer statAnswer) error {
	const mostCases, mostBytes = 256, 16 << 20
	a.cases, a.answers = append(a.cases, c), append(a.answers, answer)
	a.size += len(c)
	if len(a.cases) < mostCases && a.size < mostBytes {
		return nil
	}
	return a.flush()
}

// flush answers the cases that wait.
func (a *caseAnswers) flush() error {
	lines := make([][]byte, len(a.cases))
	errs := make([]error, len(a.cases))
	work := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(a.cases)) {
		workers.Go(func() {
			for i := range work {
				if a.cases[i] != nil {
					a.answers[i] = answerCase(a.method, a.cases[i])
				}
				lines[i], errs[i] = json.Marshal(a.answers[i])
			}
		})
	}
	for i := range a.cases {
		work <- i
	}
	close(work)
	workers.Wait()
	for i, line := range lines {
		if errs[i] != nil {
			return fmt.Errorf("write result: %w", errs[i])
		}
		if _, err := fmt.Fprintf(a.out, "%s\n", line); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	a.cases, a.answers, a.size = nil, nil, 0
	return nil
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
	if method == "" {
		answer.Error = "method: is missing"
		return answer
	}
	result, err := stats.Run(method, c.Input)
	switch {
	case errors.Is(err, stats.ErrUnknownMethod):
		answer.Error = fmt.Sprintf("method: there is no %q", method)
	case err != nil:
		answer.Error = err.Error()
	default:
		answer.Result = result
	}
	return answer
}
