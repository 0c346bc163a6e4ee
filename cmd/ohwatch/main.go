// Command ohwatch is a surveillance warehouse for occupational health: it loads the files of
// hospitals, detection agencies and dose laboratories into ClickHouse, computes indicators, trends and
// early warnings, and writes bulletins.
//
// Flags go in, one call is made, output and an exit code come out: 0 done, 1 failed, 2 wrong usage,
// 3 done but something needs a person.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
)

// Exit codes of the command line contract.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNeedsPerson = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	catalogue, err := message.Load()
	if err != nil {
		fmt.Fprintf(errOut, "error: %v\n", err)
		return exitFailed
	}
	a := newApp(catalogue, in, out, errOut)
	a.printer = catalogue.Printer(languageOf(args, os.Getenv))
	root := newRootCommand(a)
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	return a.report(err)
}

// languageOf returns the language that the command line or the environment asks for, so that help texts
// speak it too. Whether the value is a language at all is checked with the other flags.
func languageOf(args []string, env func(string) string) message.Lang {
	value := env("OHWATCH_LANG")
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if v, ok := strings.CutPrefix(arg, "--lang="); ok {
			value = v
		} else if arg == "--lang" && i+1 < len(args) {
			value = args[i+1]
		}
	}
	if lang, err := message.ParseLang(value); err == nil {
		return lang
	}
	return message.Chinese
}

// newRootCommand returns the command tree.
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "ohwatch COMMAND",
		Short:         a.text("cli.short", nil),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	group(root)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	root.SetFlagErrorFunc(flagError)
	a.addFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.configure() }
	root.AddCommand(commands(a)...)
	a.speakHelp(root)
	checkArguments(root)
	return root
}

// exitError is an error that decides the exit code. A nil err means that everything a person should
// read has been printed already.
type exitError struct {
	code int
	err  error
}

// Error returns the text of the cause.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// usageError marks err as wrong usage.
func usageError(err error) error { return &exitError{code: exitUsage, err: err} }

// exitCode returns the exit code that err asks for.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return e.code
	}
	return exitFailed
}
