package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports"
	"ohwatch/transform"
)

// newReportVerifyCommand is `ohwatch report verify FILE`: whether a file is a report as it was written.
func newReportVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: a.text("report.command_verify_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.verifyReport(cmd.Context(), args[0]) },
	}
}

// verified is what `ohwatch report verify --json` prints.
type verified struct {
	reports.Published
	Snapshot uint64 `json:"snapshot"` // that holds its values; 0: there were none
	Intact   bool   `json:"intact"`   // the frozen values have their hash
	Latest   bool   `json:"latest"`   // no other bytes were written under the name since
}

func (a *app) verifyReport(ctx context.Context, path string) error {
	digest, err := fileDigest(path)
	if err != nil {
		return err
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	found, latest, err := reports.Find(ctx, a.db, digest)
	if errors.Is(err, reports.ErrUnknown) {
		return &saidError{"report.verify_unknown", map[string]any{"file": filepath.Base(path), "hash": digest}}
	}
	if err != nil {
		return err
	}
	v := verified{Published: found, Intact: true, Latest: latest.SHA256 == found.SHA256}
	if found.Values != "" {
		if v.Snapshot, v.Intact, err = a.frozenValues(ctx, found.Values); err != nil {
			return err
		}
	}
	if a.json {
		err = a.printJSON(v)
	} else {
		a.say("report.verify_known", map[string]any{
			"name": found.Name, "kind": a.text("report.kind."+found.Kind, nil), "period": found.Period, "version": max(1, found.Version),
			"at": found.At.In(period.Shanghai()).Format("2006-01-02 15:04"), "hash": digest,
		})
		if v.Snapshot != 0 && v.Intact {
			a.say("report.verify_values", map[string]any{"snapshot": v.Snapshot, "hash": found.Values})
		}
		if !v.Latest {
			a.say("report.verify_later", map[string]any{"version": max(1, latest.Version), "hash": latest.SHA256})
		}
	}
	if err == nil && !v.Intact {
		return &saidError{"report.verify_changed", map[string]any{"hash": found.Values}}
	}
	return err
}

// frozenValues finds the snapshot with the hash of the values and computes that hash anew.
func (a *app) frozenValues(ctx context.Context, hash string) (number uint64, intact bool, err error) {
	all, err := transform.Snapshots(ctx, a.db)
	if err != nil {
		return 0, false, err
	}
	at := slices.IndexFunc(all, func(s transform.Snapshot) bool { return s.ValuesSHA256 == hash })
	if at < 0 {
		return 0, false, nil
	}
	h := sha256.New()
	if _, err := transform.WriteSnapshot(ctx, a.db, all[at].Snapshot, h); err != nil {
		return 0, false, err
	}
	return all[at].Snapshot, hex.EncodeToString(h.Sum(nil)) == hash, nil
}

// fileDigest is the SHA-256 of a file.
func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
