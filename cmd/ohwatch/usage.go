package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpTemplate is the help of a command below its description. Words in capitals stand for texts of the catalogue.
const helpTemplate = `{{if .Runnable}}USAGE
  {{.UseLine}}
{{end}}{{if .HasAvailableSubCommands}}
COMMANDS{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
LOCAL_FLAGS
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
GLOBAL_FLAGS
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
MORE
{{end}}`

// speakHelp makes the help of every command, and the commands and flags that cobra adds, speak the user's language.
func (a *app) speakHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.NewReplacer(
		"USAGE", a.text("usage.usage", nil),
		"COMMANDS", a.text("usage.commands", nil),
		"LOCAL_FLAGS", a.text("usage.flags", nil),
		"GLOBAL_FLAGS", a.text("usage.global_flags", nil),
		"MORE", a.text("usage.more", map[string]any{"command": "{{.CommandPath}}"}),
	).Replace(helpTemplate))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.InitDefaultHelpCmd()
	var each func(*cobra.Command)
	each = func(command *cobra.Command) {
		command.DisableFlagsInUseLine = true
		command.InitDefaultHelpFlag()
		command.Flags().Lookup("help").Usage = a.text("usage.flag_help", nil)
		if command.Name() == "help" {
			command.Short, command.Long = a.text("usage.short_help", nil), a.text("usage.short_help", nil)
		}
		for _, child := range command.Commands() {
			each(child)
		}
	}
	each(root)
}

// group makes a command that only holds others show its help, and refuse names that it does not know.
func group(command *cobra.Command) *cobra.Command {
	command.Args = cobra.NoArgs
	command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return command
}

// checkArguments makes a wrong number of arguments of any command, or a name that it does not know, a usage error.
func checkArguments(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(cmd *cobra.Command, args []string) error {
			switch {
			case check(cmd, args) == nil:
				return nil
			case cmd.HasAvailableSubCommands():
				var names []string
				for _, child := range cmd.Commands() {
					if child.IsAvailableCommand() {
						names = append(names, child.Name())
					}
				}
				return wrongUsage("usage.unknown_command", map[string]any{
					"command": args[0], "path": cmd.CommandPath(), "commands": strings.Join(names, ", "),
				})
			}
			return wrongUsage("usage.arguments", map[string]any{"n": len(args), "line": cmd.UseLine()})
		}
	}
	for _, child := range command.Commands() {
		checkArguments(child)
	}
}

// flagError says in the user's language what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		value   *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	args := map[string]any{"line": cmd.UseLine()}
	switch {
	case errors.As(err, &unknown):
		args["flag"] = dashed(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames() != "")
		return wrongUsage("usage.unknown_flag", args)
	case errors.As(err, &missing):
		args["flag"] = dashed(missing.GetSpecifiedName(), missing.GetSpecifiedShortnames() != "")
		return wrongUsage("usage.flag_without_value", args)
	case errors.As(err, &value):
		args["flag"], args["value"] = "--"+value.GetFlag().Name, fmt.Sprintf("%q", value.GetValue())
		return wrongUsage("usage.flag_value", args)
	case errors.As(err, &syntax):
		args["flag"] = syntax.GetSpecifiedFlag()
		return wrongUsage("usage.flag_syntax", args)
	}
	return usageError(err)
}

// dashed writes a flag as it was typed.
func dashed(name string, short bool) string {
	if short {
		return "-" + name
	}
	return "--" + name
}

// wrongUsage is a usage error whose sentence stands in the message catalogue.
func wrongUsage(key string, args map[string]any) error { return usageError(&saidError{key, args}) }

// parseDay reads the value of a flag that is a date.
func parseDay(flag, value string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return time.Time{}, wrongUsage("usage.date", map[string]any{"flag": flag, "value": fmt.Sprintf("%q", value)})
	}
	return day, nil
}
