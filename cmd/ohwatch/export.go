package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/reports/export"
	ohsql "ohwatch/sql"
)

// newExportCommand is `ohwatch export NAME --out F`.
func newExportCommand(a *app) *cobra.Command {
	var condition, out, form string
	command := &cobra.Command{
		Use:   "export STREAM|MODEL|INDICATOR [--where CONDITION] --out FILE",
		Short: a.text("export.short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if form != "" && form != "sender" {
				return wrongUsage("export.form", map[string]any{"form": form})
			}
			return a.export(cmd.Context(), args[0], condition, out, form == "sender")
		},
	}
	command.Flags().StringVar(&condition, "where", "", a.text("export.flag_where", nil))
	command.Flags().StringVar(&out, "out", "", a.text("export.flag_out", nil))
	command.Flags().StringVar(&form, "form", "", a.text("export.flag_form", nil))
	return command
}

// exported are the tables behind the names that are no stream, or whose rows come from several; any other
// stream is exported from its model stg_STREAM.
var exported = map[string]string{"detection_result": "stg_detection", "dose_reading": "stg_dose", "radiation_worker": "fct_radiation_worker"}

// modelName is how models and tables are called.
var modelName = regexp.MustCompile(`^(raw|stg|fct|dim|ind|ref|det|wrn)_[a-z0-9_]+$`)

// exportLine is what --json prints.
type exportLine struct {
	Name  string  `json:"name"`
	File  string  `json:"file"`
	Rows  *uint64 `json:"rows"` // null when the engine wrote the file
	Bytes int64   `json:"bytes"`
}

// export writes the rows of a stream, model or indicator to a file, which appears whole or not at all.
func (a *app) export(ctx context.Context, name, condition, out string, asSender bool) error {
	if out == "" {
		return usageError(&saidError{"export.no_out", nil})
	}
	format, ok := export.FormatOf(out)
	if !ok {
		return usageError(&saidError{"export.unknown_ending", map[string]any{"file": out}})
	}
	if condition != "" {
		if err := export.CheckCondition(condition); err != nil {
			return usageError(err)
		}
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	query, values, err := a.exportQuery(ctx, name, condition, asSender)
	if err != nil {
		return err
	}
	var n uint64
	err = a.writeWhole(out, func(w io.Writer) (err error) {
		n, err = a.copyRows(ctx, query, values, format, w)
		return err
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return fmt.Errorf("export %s: %w", name, err)
	}
	line := exportLine{Name: name, File: out, Bytes: info.Size()}
	if !format.ByEngine() {
		line.Rows = &n
	}
	switch {
	case a.json:
		return a.printJSON(line)
	case line.Rows == nil:
		a.say("export.wrote_bytes", map[string]any{"name": name, "file": out, "bytes": line.Bytes})
	default:
		a.say("export.wrote", map[string]any{"name": name, "file": out, "rows": n, "bytes": line.Bytes})
	}
	return nil
}

// exportQuery returns the query behind a name, with the values to bind.
func (a *app) exportQuery(ctx context.Context, name, condition string, asSender bool) (query string, values map[string]string, err error) {
	fields := map[string]any{"Condition": condition}
	if asSender {
		query, err = a.senderQuery(ctx, name, fields)
		return query, nil, err
	}
	if name == "exam_conclusion" || name == "detection_report" {
		query, err = a.renderQuery("export_"+name, fields)
		return query, nil, err
	}
	indicators, err := ohsql.LoadFS(a.files, "indicators")
	if err != nil {
		return "", nil, err
	}
	if slices.ContainsFunc(indicators, func(f ohsql.File) bool { return f.Name == name }) {
		query, err = a.renderQuery("export_indicator", fields)
		return query, map[string]string{"indicator": name}, err
	}
	contracts, err := ingest.Contracts(a.files)
	if err != nil {
		return "", nil, err
	}
	table, known := exported[name]
	for _, c := range contracts {
		if c.Stream == name && !known {
			table, known = "stg_"+name, true
		}
	}
	if !known {
		if !modelName.MatchString(name) {
			names := append(slices.Sorted(maps.Keys(exported)), "exam_conclusion", "detection_report")
			for _, c := range contracts {
				names = append(names, c.Stream)
			}
			slices.Sort(names)
			for _, f := range indicators {
				names = append(names, f.Name)
			}
			return "", nil, usageError(&saidError{"export.unknown_name", map[string]any{"name": name, "names": strings.Join(names, ", ")}})
		}
		table = name
	}
	var order string
	err = a.db.Row(ctx, "export_table", []any{&order}, clickhouse.Named("database", a.db.Database()), clickhouse.Named("table", table))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, &saidError{"export.no_table", map[string]any{"name": name}}
	}
	if err != nil {
		return "", nil, err
	}
	fields["Table"], fields["Order"] = table, order
	query, err = a.renderQuery("export_rows", fields)
	return query, nil, err
}

// senderQuery returns the query for the rows of a stream as a sender's file, which loads as unchanged.
func (a *app) senderQuery(ctx context.Context, stream string, fields map[string]any) (string, error) {
	c, err := a.contract(stream)
	if err != nil {
		return "", err
	}
	if fields["Columns"], err = ingest.SenderForm(c, a.cfg.Data.Dir); err != nil {
		return "", err
	}
	var order string
	err = a.db.Row(ctx, "export_table", []any{&order}, clickhouse.Named("database", a.db.Database()), clickhouse.Named("table", "stg_"+stream))
	if errors.Is(err, sql.ErrNoRows) {
		return "", &saidError{"export.no_table", map[string]any{"name": stream}}
	}
	if err != nil {
		return "", err
	}
	fields["Table"], fields["Order"] = "stg_"+stream, order
	return a.renderQuery("export_sender", fields)
}

func (a *app) renderQuery(name string, fields map[string]any) (string, error) {
	text, err := ohsql.Query(name)
	if err != nil {
		return "", err
	}
	return a.db.Render(text, fields)
}

func namedText(name, value string) any { return clickhouse.Named(name, value) }

func numbered(name string, value uint64) any { return clickhouse.Named(name, value) }
