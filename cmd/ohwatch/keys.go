package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"ohwatch/ingest"
)

// newKeysCommand is `ohwatch keys`: the keys of the installation and their rotation.
func newKeysCommand(a *app) *cobra.Command {
	status := func(cmd *cobra.Command, _ []string) error {
		if err := a.openDB(cmd.Context()); err != nil {
			return err
		}
		states, err := ingest.KeyStates(cmd.Context(), a.db, a.cfg.Data.Dir)
		if err != nil {
			return err
		}
		return a.printKeys(states)
	}
	var reason string
	rotate := &cobra.Command{
		Use:   "rotate --reason TEXT",
		Short: a.text("keys.rotate_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if reason == "" {
				return wrongUsage("keys.reason", nil)
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			states, err := ingest.RotateKeys(cmd.Context(), a.db, a.cfg.Data.Dir, userName(), reason)
			if errors.Is(err, ingest.ErrBusy) {
				return &saidError{"ingest.busy", nil}
			}
			if err != nil {
				return err
			}
			a.say("keys.rotated", nil)
			return a.printKeys(states)
		},
	}
	rotate.Flags().StringVar(&reason, "reason", "", a.text("keys.flag_reason", nil))
	command := &cobra.Command{Use: "keys", Short: a.text("keys.short", nil), Args: cobra.NoArgs, RunE: status}
	command.AddCommand(&cobra.Command{Use: "status", Short: a.text("keys.status_short", nil), Args: cobra.NoArgs, RunE: status}, rotate)
	return command
}

func (a *app) printKeys(states []ingest.KeyStatus) error {
	var rows [][]string
	for _, s := range states {
		if a.json {
			if err := a.printJSON(s); err != nil {
				return err
			}
			continue
		}
		newest := ""
		if s.Newest {
			newest = "✓"
		}
		rows = append(rows, []string{a.text("keys.for_"+s.Purpose, nil), strconv.Itoa(s.Version), newest, day(s.Made), strconv.FormatUint(s.Entries, 10)})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("keys.head", nil), "|"), rows)
}

// newVaultCommand is `ohwatch vault`: direct identifiers, for those who may see them.
func newVaultCommand(a *app) *cobra.Command {
	var reason string
	show := &cobra.Command{
		Use:   "show PERSON --reason TEXT",
		Short: a.text("vault.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return wrongUsage("vault.reason", nil)
			}
			person, err := uuid.Parse(args[0])
			if err != nil {
				return usageError(&saidError{"vault.no_person", nil})
			}
			return a.showVault(cmd.Context(), person, reason)
		},
	}
	show.Flags().StringVar(&reason, "reason", "", a.text("vault.flag_reason", nil))
	command := group(&cobra.Command{Use: "vault", Short: a.text("vault.short", nil)})
	command.AddCommand(show)
	return command
}

func (a *app) showVault(ctx context.Context, person uuid.UUID, reason string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	found, err := ingest.ReadVault(ctx, a.db, a.cfg.Data.Dir, person, userName(), reason)
	if errors.Is(err, ingest.ErrNotInVault) {
		return &saidError{"vault.nothing", map[string]any{"person": person}}
	}
	if err != nil {
		return err
	}
	var rows [][]string
	for _, i := range found {
		if a.json {
			if err := a.printJSON(i); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{i.Field, i.Value, i.Stream, strconv.FormatUint(i.Batch, 10), strconv.FormatUint(uint64(i.Row), 10)})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("vault.head", nil), "|"), rows)
}
