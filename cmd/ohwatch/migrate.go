package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/warehouse"
)

// newMigrateCommand is `ohwatch migrate up|status`.
func newMigrateCommand(a *app) *cobra.Command {
	command := group(&cobra.Command{Use: "migrate up|status", Short: a.text("cli.short_migrate", nil)})
	command.AddCommand(
		&cobra.Command{
			Use: "up", Short: a.text("cli.short_migrate_up", nil), Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return a.withUnmigrated(cmd.Context(), func(ctx context.Context, db *warehouse.DB) error {
					applied, err := db.Migrate(ctx)
					if err != nil {
						return err
					}
					if a.json {
						return a.printJSON(map[string]int{"applied": applied})
					}
					a.say("cli.migrated", map[string]any{"n": applied})
					return nil
				})
			},
		},
		&cobra.Command{
			Use: "status", Short: a.text("cli.short_migrate_status", nil), Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return a.withUnmigrated(cmd.Context(), a.printMigrations)
			},
		},
	)
	return command
}

// withUnmigrated calls f with the warehouse as it is.
func (a *app) withUnmigrated(ctx context.Context, f func(context.Context, *warehouse.DB) error) error {
	db, err := warehouse.Open(ctx, a.warehouseConfig())
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, db), db.Close())
}

// migrationLine is a migration as --json prints it.
type migrationLine struct {
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	Applied   bool       `json:"applied"`
	AppliedAt *time.Time `json:"applied_at"`
	Changed   bool       `json:"changed"`
}

func (a *app) printMigrations(ctx context.Context, db *warehouse.DB) error {
	all, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, m := range all {
		if a.json {
			if err := a.printJSON(migrationLine{m.Version, m.Name, m.Applied, instantOrNil(m.AppliedAt), m.Changed}); err != nil {
				return err
			}
			continue
		}
		state := "cli.migration_pending"
		switch {
		case m.Changed:
			state = "cli.migration_changed"
		case m.Applied:
			state = "cli.migration_applied"
		}
		rows = append(rows, []string{strconv.FormatInt(m.Version, 10), m.Name, a.text(state, nil), clock(m.AppliedAt)})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, []string{
		a.text("cli.col_version", nil), a.text("cli.col_migration", nil), a.text("cli.col_state", nil), a.text("cli.col_applied_at", nil),
	}, rows)
}
