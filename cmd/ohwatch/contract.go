package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/message"
)

// newContractCommand is `ohwatch contract`: the record layouts and templates.
func newContractCommand(a *app) *cobra.Command {
	list := func(*cobra.Command, []string) error { return a.listContracts() }
	command := &cobra.Command{Use: "contract", Short: a.text("contract.short", nil), Args: cobra.NoArgs, RunE: list}
	var out string
	template := &cobra.Command{
		Use:   "template STREAM --out F.xlsx",
		Short: a.text("contract.template_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.contract(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = c.Stream + ".xlsx"
			}
			if err := ingest.WriteTemplate(out, c, a.printer); err != nil {
				return err
			}
			a.say("contract.written", map[string]any{"path": out})
			return nil
		},
	}
	template.Flags().StringVar(&out, "out", "", a.text("contract.flag_out", nil))
	command.AddCommand(&cobra.Command{
		Use: "list", Short: a.text("contract.list_short", nil), Args: cobra.NoArgs, RunE: list,
	}, &cobra.Command{
		Use: "show STREAM", Short: a.text("contract.show_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.contract(args[0])
			if err != nil {
				return err
			}
			return a.showContract(c)
		},
	}, template)
	return command
}

// contract returns the contract of a stream named on the command line.
func (a *app) contract(stream string) (*ingest.Contract, error) {
	contracts, err := ingest.Contracts(a.files)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range contracts {
		if c.Stream == stream {
			return c, nil
		}
		names = append(names, c.Stream)
	}
	return nil, usageError(&saidError{"ingest.stream_unknown", map[string]any{"stream": stream, "streams": strings.Join(names, ", ")}})
}

func (a *app) listContracts() error {
	contracts, err := ingest.Contracts(a.files)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, c := range contracts {
		required := 0
		for _, f := range c.Fields {
			if f.Required == "Y" {
				required++
			}
		}
		title := c.Title.Zh
		if a.lang() == message.English {
			title = c.Title.En
		}
		if a.json {
			err := a.printJSON(map[string]any{"stream": c.Stream, "title": title, "version": c.Version, "fields": len(c.Fields), "required": required})
			if err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{c.Stream, title, strconv.Itoa(c.Version), strconv.Itoa(len(c.Fields)), strconv.Itoa(required)})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("contract.list_head", nil), "|"), rows)
}

// showContract prints the fields of a contract and the checks on its rows.
func (a *app) showContract(c *ingest.Contract) error {
	var rows, checks [][]string
	for i := range c.Fields {
		f := &c.Fields[i]
		choices := f.Choices()
		if a.json {
			err := a.printJSON(map[string]any{
				"field": f.Name, "headers": f.Headers, "type": f.Type, "required": f.Required, "values": append([]string{}, choices...),
				"personal": f.Personal(), "columns": append([]string{}, f.To...), "example": f.Example, "checks": c.ChecksOf(f.Name),
			})
			if err != nil {
				return err
			}
			continue
		}
		if len(choices) > 8 {
			choices = append(choices[:8:8], "…")
		}
		others := ""
		if len(f.Headers) > 1 {
			others = strings.Join(f.Headers[1:], "、")
		}
		rows = append(rows, []string{
			f.Name, f.Heading(), a.text("contract.required_"+strings.ToLower(f.Required), nil), a.text("contract.type_"+f.Kind(), nil),
			strings.Join(choices, "、"), others,
		})
	}
	if a.json { // and the checks on rows as a whole
		rows := slices.DeleteFunc(c.AllChecks(), func(k ingest.Described) bool { return len(k.Fields) > 0 })
		return a.printJSON(map[string]any{"field": "", "key": c.Key, "checks": rows})
	}
	if err := printTable(a.out, strings.Split(a.text("contract.show_head", nil), "|"), rows); err != nil {
		return err
	}
	for _, k := range c.AllChecks() {
		checks = append(checks, []string{k.Code, a.text("batches.severity_"+k.Severity, nil), strings.Join(k.Fields, ", ")})
	}
	fmt.Fprintf(a.out, "\n%s\n", a.text("contract.key", map[string]any{"key": strings.Join(c.Key, " + ")}))
	return printTable(a.out, strings.Split(a.text("contract.checks_head", nil), "|"), checks)
}
