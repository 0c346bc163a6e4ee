package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/reports/export"
	"ohwatch/warehouse"
)

// newQueryCommand is `ohwatch query SQL`: read-only SQL.
func newQueryCommand(a *app) *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "query [--format table|csv|json|parquet|arrow] SQL",
		Short: a.text("export.short_query", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := export.Format(format)
			switch f {
			case export.Table:
				if a.json {
					f = export.JSON
				}
			case export.CSV, export.JSON, export.Parquet, export.Arrow:
			default:
				return usageError(&saidError{"export.unknown_format", map[string]any{"format": format, "formats": "table, csv, json, parquet, arrow"}})
			}
			if err := export.CheckQuery(args[0]); err != nil {
				return usageError(err)
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			out := bufio.NewWriter(a.out)
			_, err := a.copyRows(cmd.Context(), strings.TrimRight(strings.TrimSpace(args[0]), "; \n"), nil, f, out)
			return errors.Join(err, out.Flush())
		},
	}
	command.Flags().StringVar(&format, "format", string(export.Table), a.text("export.flag_format", nil))
	return command
}

// copyRows runs a query as the read-only user and writes its rows. The number of rows is not known when the
// engine writes the format.
func (a *app) copyRows(ctx context.Context, query string, values map[string]string, format export.Format, w io.Writer) (n uint64, err error) {
	reader, err := a.db.Reader(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	if format.ByEngine() {
		at, err := endpoint(ctx, a.db, reader)
		if err != nil {
			return 0, err
		}
		return 0, export.Fetch(ctx, at, format, query, values, w)
	}
	var args []any
	for name, value := range values {
		args = append(args, namedText(name, value))
	}
	rows, err := reader.QuerySQL(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return export.Write(ctx, rows, format, w)
}

// endpoint returns the HTTP interface of the engine for the read-only user. A server that is not ours is
// expected to offer HTTP at ClickHouse's usual port.
func endpoint(ctx context.Context, db, reader *warehouse.DB) (export.Endpoint, error) {
	info, err := db.Info(ctx)
	if err != nil {
		return export.Endpoint{}, err
	}
	dsn, err := url.Parse(db.DSN())
	if err != nil {
		return export.Endpoint{}, errors.New("read the address of the engine")
	}
	at := export.Endpoint{URL: "http://" + info.HTTPAddress, Database: info.Database}
	at.Password, _ = dsn.User.Password()
	if info.HTTPAddress == "" {
		at.URL = "http://" + net.JoinHostPort(dsn.Hostname(), "8123")
		if dsn.Query().Get("secure") == "true" {
			at.URL = "https://" + net.JoinHostPort(dsn.Hostname(), "8443")
		}
	}
	if err := reader.Row(ctx, "export_user", []any{&at.User}); err != nil {
		return export.Endpoint{}, fmt.Errorf("ask for the user: %w", err)
	}
	return at, nil
}
