package ingest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"ohwatch/warehouse"
)

// vaultEntry is a direct identifier of a person on its way into the vault.
type vaultEntry struct {
	index  int // of the accepted row, before the rows are numbered
	person uuid.UUID
	stream string
	field  string
	batch  uint64
	row    uint32
	sealed string
}

// about binds a sealed identifier to its person and field, so that it cannot be moved to another.
func about(person uuid.UUID, field string) []byte { return append(person[:], field...) }

// vaulted seals what the contract wants to be kept of the row, as the accepted row of that index.
func (c *checker) vaulted(out *checked, index int) error {
	for _, j := range c.plan.vaulted {
		text := c.identifier(j)
		person := c.value(c.plan.person)
		if text == "" || !person.set {
			continue
		}
		f := &c.plan.contract.Fields[j]
		if f.Type == "id_no" {
			text = paperNumber(text)
		}
		sealed, err := c.plan.keyring.vault.seal([]byte(text), about(person.id, f.Name))
		if err != nil {
			return err
		}
		out.vault = append(out.vault, vaultEntry{index: index, person: person.id, field: f.Name, sealed: sealed})
	}
	return nil
}

// identifier is what was sent of a field that goes to the vault; empty in a row of an export that comes back, which
// has pseudonyms only.
func (c *checker) identifier(field int) string {
	for _, j := range c.plan.vaulted {
		if _, exported := c.names.exported(c.text(j)); exported {
			return ""
		}
	}
	if text := c.text(field); !missing(text) {
		return text
	}
	return ""
}

// vaultColumns are the columns of the vault in the order in which they are written.
var vaultColumns = []string{"person_key", "stream", "field", "batch", "row", "at", "sealed"}

// writeVault appends entries.
func writeVault(ctx context.Context, db *warehouse.DB, entries []vaultEntry, at time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	a, err := db.Append(ctx, "ops_vault", vaultColumns)
	if err != nil {
		return err
	}
	defer a.Close()
	for _, e := range entries {
		for i, v := range []any{e.person, e.stream, e.field, e.batch, e.row, at, e.sealed} {
			if err := a.Column(i).AppendRow(v); err != nil {
				return fmt.Errorf("write to the vault: %w", err)
			}
		}
		if err := a.Flush(); err != nil {
			return err
		}
	}
	return a.Send()
}

// Identifier is one direct identifier out of the vault.
type Identifier struct {
	Field  string    `json:"field"`
	Value  string    `json:"value"`
	Stream string    `json:"stream"`
	Batch  uint64    `json:"batch"`
	Row    uint32    `json:"row"`
	At     time.Time `json:"at"`
}

// ErrNotInVault says that nothing is kept about a person.
var ErrNotInVault = errors.New("nothing in the vault")

// ReadVault returns what the vault keeps of a person from batches that count, the latest of each field first.
// It records who asked and why before it opens anything; without a reason it does nothing.
func ReadVault(ctx context.Context, db *warehouse.DB, dir string, person uuid.UUID, by, reason string) ([]Identifier, error) {
	if reason == "" {
		return nil, errors.New("read the vault: no reason given")
	}
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	if err := Audit(ctx, db, by, "vault_show", person.String(), reason, ""); err != nil {
		return nil, err
	}
	var rows []struct {
		Field  string    `ch:"field"`
		Sealed string    `ch:"sealed"`
		Stream string    `ch:"stream"`
		Batch  uint64    `ch:"batch"`
		Row    uint32    `ch:"row"`
		At     time.Time `ch:"at"`
	}
	if err := db.Select(ctx, &rows, "vault_show", clickhouse.Named("person", person.String())); err != nil {
		return nil, fmt.Errorf("read the vault: %w", err)
	}
	var found []Identifier
	for _, r := range rows {
		plain, err := keyring.vault.open(r.Sealed, about(person, r.Field))
		if err != nil {
			return nil, fmt.Errorf("open %s in the vault: %w", r.Field, err)
		}
		i := Identifier{Field: r.Field, Value: string(plain), Stream: r.Stream, Batch: r.Batch, Row: r.Row, At: r.At}
		if !slices.ContainsFunc(found, func(o Identifier) bool { return o.Field == i.Field && o.Value == i.Value }) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("person %s: %w", person, ErrNotInVault)
	}
	return found, nil
}

// Audit records an act that somebody has to answer for. object, reason and detail must name nobody but by
// pseudonym.
func Audit(ctx context.Context, db *warehouse.DB, by, action, object, reason, detail string) error {
	err := db.Exec(ctx, "audit_record", clickhouse.Named("by", by), clickhouse.Named("action", action), clickhouse.Named("object", object),
		clickhouse.Named("reason", reason), clickhouse.Named("detail", detail))
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

// KeyStatus says what a key seals.
type KeyStatus struct {
	Purpose string    `json:"purpose"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Newest  bool      `json:"newest"`
	Entries uint64    `json:"entries"` // in the warehouse, sealed with it; 0 for pseudonyms
}

// KeyStates returns the keys of an installation with how much each seals.
func KeyStates(ctx context.Context, db *warehouse.DB, dir string) ([]KeyStatus, error) {
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	return keyring.states(ctx, db)
}

func (k *keys) states(ctx context.Context, db *warehouse.DB) ([]KeyStatus, error) {
	used := map[string]map[int]uint64{}
	for purpose, query := range map[string]string{forRows: "keys_rows", forVault: "keys_vault"} {
		var counts []struct {
			Version int32  `ch:"version"`
			N       uint64 `ch:"n_entries"`
		}
		if err := db.Select(ctx, &counts, query); err != nil {
			return nil, fmt.Errorf("count what keys seal: %w", err)
		}
		used[purpose] = map[int]uint64{}
		for _, c := range counts {
			used[purpose][int(c.Version)] = c.N
		}
	}
	var states []KeyStatus
	for _, w := range k.text.Keys {
		newest := map[string]int{forPseudonyms: 1, forRows: k.rows.newest, forVault: k.vault.newest}[w.Purpose]
		states = append(states, KeyStatus{Purpose: w.Purpose, Version: w.Version, Made: w.Made, Newest: w.Version == newest, Entries: used[w.Purpose][w.Version]})
	}
	return states, nil
}

// RotateKeys gives the installation a new master key and new keys for rejected rows and the vault, seals the
// vault anew, and gives up the vault's old keys. Pseudonyms stay as they are. When a rotation was interrupted
// it only ends that one. No load may be going on: ErrBusy.
func RotateKeys(ctx context.Context, db *warehouse.DB, dir, by, reason string) ([]KeyStatus, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	keyring, err := openKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	if len(keyring.vault.keys) == 1 {
		if err := Audit(ctx, db, by, "keys_rotate", "", reason, ""); err != nil {
			return nil, err
		}
		if err := keyring.renew(true, nil); err != nil {
			return nil, err
		}
	}
	if err := resealVault(ctx, db, keyring); err != nil {
		return nil, err
	}
	if err := removeOldVault(ctx, db, keyring); err != nil {
		return nil, err
	}
	newest := keyring.vault.newest
	if err := keyring.renew(false, func(w *wrappedKey) bool { return w.Purpose == forVault && w.Version != newest }); err != nil {
		return nil, err
	}
	return keyring.states(ctx, db)
}

// resealBlock is how many entries of the vault are sealed anew at a time.
const resealBlock = 20_000

// resealVault seals with the newest key what only older keys have sealed, block by block. The old entries stay
// until all is done, and reading the vault leaves doubles out, so that it may be killed at any moment and begun
// again.
func resealVault(ctx context.Context, db *warehouse.DB, keyring *keys) error {
	newest := clickhouse.Named("newest", uint32(keyring.vault.newest))
	for {
		var rows []struct {
			Person uuid.UUID `ch:"person_key"`
			Stream string    `ch:"stream"`
			Field  string    `ch:"field"`
			Batch  uint64    `ch:"batch"`
			Row    uint32    `ch:"row"`
			At     time.Time `ch:"at"`
			Sealed string    `ch:"sealed"`
		}
		if err := db.Select(ctx, &rows, "vault_old", newest, clickhouse.Named("limit", uint64(resealBlock))); err != nil {
			return fmt.Errorf("read old entries of the vault: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		a, err := db.Append(ctx, "ops_vault", vaultColumns)
		if err != nil {
			return err
		}
		for _, r := range rows {
			plain, err := keyring.vault.open(r.Sealed, about(r.Person, r.Field))
			if err != nil {
				return errors.Join(fmt.Errorf("open %s in the vault: %w", r.Field, err), a.Close())
			}
			sealed, err := keyring.vault.seal(plain, about(r.Person, r.Field))
			if err != nil {
				return errors.Join(err, a.Close())
			}
			for i, v := range []any{r.Person, r.Stream, r.Field, r.Batch, r.Row, r.At, sealed} {
				if err := a.Column(i).AppendRow(v); err != nil {
					return errors.Join(fmt.Errorf("write to the vault: %w", err), a.Close())
				}
			}
		}
		if err := errors.Join(a.Send(), a.Close()); err != nil {
			return err
		}
	}
}

// removeOldVault removes what older keys have sealed.
func removeOldVault(ctx context.Context, db *warehouse.DB, keyring *keys) error {
	text, err := queryText("vault_remove_old")
	if err != nil {
		return err
	}
	if text, err = db.Render(text, map[string]any{"Table": "ops_vault"}); err != nil {
		return fmt.Errorf("remove old entries of the vault: %w", err)
	}
	if err := db.ExecSQL(ctx, text, clickhouse.Named("newest", uint32(keyring.vault.newest))); err != nil {
		return fmt.Errorf("remove old entries of the vault: %w", err)
	}
	return nil
}
