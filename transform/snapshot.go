package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// Kinds of snapshots.
const (
	SnapshotBulletin   = "bulletin"
	SnapshotAssessment = "assessment"
	SnapshotOther      = "other"
)

// Snapshot is a set of values that was frozen, with what was known when they were computed. The values hash is that of the
// canonical bytes that WriteSnapshot writes; SHA256 is that of the JSON of the other fields but By and Comment, which
// names the snapshot before it, so that no snapshot can be changed or taken away unseen.
type Snapshot struct {
	Snapshot       uint64            `ch:"snapshot" json:"snapshot"`
	At             time.Time         `ch:"at" json:"at"`
	Kind           string            `ch:"kind" json:"kind"`
	Name           string            `ch:"name" json:"name"`
	Periods        []string          `ch:"periods" json:"periods"`
	ReadOn         time.Time         `ch:"read_on" json:"read_on"` // day on which running periods were read
	AsOf           *time.Time        `ch:"as_of" json:"as_of"`     // only what was known at the end of this day; nil: all that was loaded
	City           string            `ch:"city" json:"city"`
	Batches        []uint64          `ch:"batches" json:"batches"`
	Decisions      uint64            `ch:"decisions" json:"decisions"`     // number of the last decision on a name
	Definitions    map[string]string `ch:"definitions" json:"definitions"` // indicator to the hash of its definition and the models behind it
	References     map[string]string `ch:"references" json:"references"`   // code list to its SHA-256
	Document       string            `ch:"document" json:"document"`
	DocumentSHA256 string            `ch:"document_sha256" json:"document_sha256"`
	Values         uint64            `ch:"n_values" json:"n_values"`
	ValuesSHA256   string            `ch:"values_sha256" json:"values_sha256"`
	PreviousSHA256 string            `ch:"previous_sha256" json:"previous_sha256"`
	SHA256         string            `ch:"sha256" json:"sha256"`
	By             string            `ch:"by" json:"by"`
	Comment        string            `ch:"comment" json:"comment"`
}

// hash is the SHA-256 of the canonical bytes: the JSON of the snapshot without its own hash, user and comment.
func (s Snapshot) hash() (string, error) {
	s.SHA256, s.By, s.Comment = "", "", ""
	s.Periods, s.Batches = append([]string{}, s.Periods...), append([]uint64{}, s.Batches...)
	s.At, s.ReadOn = s.At.UTC().Truncate(time.Millisecond), s.ReadOn.UTC()
	if s.AsOf != nil {
		day := s.AsOf.UTC()
		s.AsOf = &day
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("hash snapshot %d: %w", s.Snapshot, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Freeze says what to put into a snapshot, beside the options of the transform that computed the values.
type Freeze struct {
	Kind       string   // SnapshotBulletin, SnapshotAssessment or SnapshotOther
	Name       string   //
	Periods    []string // whose values are frozen in all strata
	Indicators []string // only these; empty: all
	Series     bool     // the city's values of all months, quarters and years as well
	Document   string   // that was published with the values, with its SHA-256
	SHA256     string
	Comment    string
}

// TakeSnapshot freezes values of from, the database in which they were computed: db itself or one as of opt.AsOf, and stores
// them in db. Nothing is written when the last snapshot of that kind and name holds the same values and document; it is
// returned instead.
//
// Errors: ErrNoValues when there are none.
func TakeSnapshot(ctx context.Context, db, from *warehouse.DB, opt Options, f Freeze) (Snapshot, error) {
	opt = opt.withDefaults(db)
	unlock, err := lock(ctx, db)
	if err != nil {
		return Snapshot{}, err
	}
	defer unlock()
	s, err := presentState(ctx, from, opt)
	if err != nil {
		return Snapshot{}, err
	}
	all, err := Snapshots(ctx, db)
	if err != nil {
		return Snapshot{}, err
	}
	s.Kind, s.Name, s.Periods, s.Document, s.DocumentSHA256 = f.Kind, f.Name, slices.Sorted(slices.Values(f.Periods)), f.Document, f.SHA256
	s.At, s.By, s.Comment = opt.Now().UTC().Truncate(time.Millisecond), opt.By, f.Comment
	h := sha256.New()
	if s.Values, err = f.write(ctx, from, opt, h); err != nil {
		return Snapshot{}, err
	}
	if s.Values == 0 {
		return Snapshot{}, ErrNoValues
	}
	s.ValuesSHA256 = hex.EncodeToString(h.Sum(nil))
	at := slices.IndexFunc(all, func(before Snapshot) bool { return before.Kind == s.Kind && before.Name == s.Name })
	if at >= 0 && all[at].ValuesSHA256 == s.ValuesSHA256 && all[at].DocumentSHA256 == s.DocumentSHA256 {
		return all[at], nil
	}
	if err := db.Row(ctx, "snapshot_next", []any{&s.Snapshot}); err != nil {
		return Snapshot{}, err
	}
	text, err := templated(db, "snapshot_scope", map[string]any{"From": from.Database(), "Insert": true})
	if err != nil {
		return Snapshot{}, err
	}
	if err := db.ExecSQL(ctx, text, f.scope(s.Snapshot, opt)...); err != nil {
		return Snapshot{}, fmt.Errorf("freeze the values: %w", err)
	}
	h.Reset()
	if _, err := WriteSnapshot(ctx, db, s.Snapshot, h); err != nil {
		return Snapshot{}, err
	}
	if stored := hex.EncodeToString(h.Sum(nil)); stored != s.ValuesSHA256 {
		return Snapshot{}, fmt.Errorf("freeze the values: stored are %s, not %s", stored, s.ValuesSHA256)
	}
	if len(all) > 0 {
		s.PreviousSHA256 = all[0].SHA256
	}
	if s.SHA256, err = s.hash(); err != nil {
		return Snapshot{}, err
	}
	return s, s.store(ctx, db)
}

// FrozenHash returns the SHA-256 of the values that TakeSnapshot would freeze, so that a document can name them before it is
// written.
//
// Errors: ErrNoValues when there are none.
func FrozenHash(ctx context.Context, db *warehouse.DB, opt Options, f Freeze) (string, error) {
	opt = opt.withDefaults(db)
	tables, err := listTables(ctx, db)
	if err != nil {
		return "", err
	}
	if _, ok := tables[batchModel]; !ok {
		return "", ErrNoValues
	}
	h := sha256.New()
	n, err := f.write(ctx, db, opt, h)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", ErrNoValues
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// HasModels reports whether all the tables have been made by a transform.
func HasModels(ctx context.Context, db *warehouse.DB, names ...string) (bool, error) {
	tables, err := listTables(ctx, db)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if _, ok := tables[name]; !ok {
			return false, nil
		}
	}
	return true, nil
}

// scope binds what the snapshot holds.
func (f Freeze) scope(number uint64, opt Options) []any {
	return []any{
		clickhouse.Named("snapshot", number), clickhouse.Named("periods", append([]string{}, f.Periods...)),
		clickhouse.Named("indicators", append([]string{}, f.Indicators...)), clickhouse.Named("series", f.Series), clickhouse.Named("city", opt.City),
	}
}

// write writes the canonical bytes of the values that would be frozen and returns their number.
func (f Freeze) write(ctx context.Context, from *warehouse.DB, opt Options, w io.Writer) (uint64, error) {
	text, err := templated(from, "snapshot_scope", map[string]any{"From": from.Database(), "Insert": false})
	if err != nil {
		return 0, err
	}
	rows, err := from.QuerySQL(ctx, text, f.scope(0, opt)...)
	if err != nil {
		return 0, fmt.Errorf("read the values to freeze: %w", err)
	}
	return writeCanonical(rows, w)
}

// store appends the row that makes the snapshot exist.
func (s Snapshot) store(ctx context.Context, db *warehouse.DB) error {
	columns := []string{
		"snapshot", "at", "kind", "name", "periods", "read_on", "as_of", "city", "batches", "decisions", "definitions", "references",
		"document", "document_sha256", "n_values", "values_sha256", "previous_sha256", "sha256", "by", "comment",
	}
	return appendRows(ctx, db, "ops_snapshot", columns, [][]any{{
		s.Snapshot, s.At, s.Kind, s.Name, s.Periods, s.ReadOn, s.AsOf, s.City, s.Batches, s.Decisions, s.Definitions, s.References,
		s.Document, s.DocumentSHA256, s.Values, s.ValuesSHA256, s.PreviousSHA256, s.SHA256, s.By, s.Comment,
	}})
}

// presentState is what the values of db are made of, as a snapshot that nobody has taken.
func presentState(ctx context.Context, db *warehouse.DB, opt Options) (Snapshot, error) {
	s := Snapshot{City: opt.City, Definitions: map[string]string{}, References: map[string]string{}}
	tables, err := listTables(ctx, db)
	if err != nil {
		return s, err
	}
	if _, ok := tables[batchModel]; !ok {
		return s, ErrNoValues
	}
	if !opt.AsOf.IsZero() {
		day := opt.Today
		s.AsOf = &day
	}
	asOf := opt.values()["as_of"]
	if err := db.Row(ctx, "snapshot_state", []any{&s.ReadOn, &s.Batches, &s.Decisions}, clickhouse.Named("as_of", asOf)); err != nil {
		return s, err
	}
	var lists []struct {
		Name   string `ch:"name"`
		SHA256 string `ch:"sha256"`
	}
	if err := db.Select(ctx, &lists, "snapshot_references"); err != nil {
		return s, err
	}
	for _, l := range lists {
		s.References[l.Name] = l.SHA256
	}
	indicators, err := LoadIndicators(opt.Files)
	if err != nil {
		return s, err
	}
	models, err := LoadModels(opt.Files)
	if err != nil {
		return s, err
	}
	flow, err := ohsql.Query("transform_flow")
	if err != nil {
		return s, err
	}
	for _, i := range indicators {
		s.Definitions[i.ID] = definitionHash(i, flow, models)
	}
	return s, nil
}

// definitionHash changes with the text of the indicator and of the models that it reads, directly or not.
func definitionHash(i Indicator, flow string, models []Model) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x1f", i.Body)
	if i.Flow != "" {
		fmt.Fprintf(h, "%s\x1f", flow)
	}
	reached := reachedModels(identifiers(i.Body+"\n"+flow), models)
	for _, m := range models {
		if reached[m.Name] {
			fmt.Fprintf(h, "%s\x1f", m.Body)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// reachedModels are the models among the names and those that these read, directly or not.
func reachedModels(names []string, models []Model) map[string]bool {
	reached := map[string]bool{}
	for _, m := range slices.Backward(models) { // each stands behind those that it reads
		if reached[m.Name] || slices.Contains(names, m.Name) {
			reached[m.Name] = true
			for _, input := range m.Models {
				reached[input] = true
			}
		}
	}
	return reached
}

// Snapshots returns all snapshots, the newest first.
func Snapshots(ctx context.Context, db *warehouse.DB) ([]Snapshot, error) {
	var all []Snapshot
	if err := db.Select(ctx, &all, "snapshot_list"); err != nil {
		return nil, err
	}
	for i := range all {
		all[i].At = all[i].At.UTC()
	}
	return all, nil
}

// FindSnapshot returns one snapshot, or ErrNoSnapshot.
func FindSnapshot(ctx context.Context, db *warehouse.DB, number uint64) (Snapshot, error) {
	all, err := Snapshots(ctx, db)
	if err != nil {
		return Snapshot{}, err
	}
	at := slices.IndexFunc(all, func(s Snapshot) bool { return s.Snapshot == number })
	if at < 0 {
		return Snapshot{}, ErrNoSnapshot.With("snapshot", number)
	}
	return all[at], nil
}

// snapshotColumns are the fields of a value in the canonical bytes, in this order.
var snapshotColumns = []string{
	"indicator", "version", "variant", "period", "as_of", "area", "dim", "dim_value", "numerator", "denominator", "value", "lower", "upper",
	"target", "gap", "missing", "status",
}

// frozenValue is one value of a snapshot.
type frozenValue struct {
	Value
	Snapshot uint64 `ch:"snapshot"`
}

// fields are the texts of the value in the canonical bytes: numbers in the shortest form that reads back as the same number,
// nothing where there is none.
func (v frozenValue) fields() []string {
	text := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	return []string{
		v.Indicator, v.Version, v.Variant, v.Period, v.AsOfDate.Format(time.DateOnly), v.Area, v.Dim, v.DimValue, text(&v.Numerator),
		text(v.Denominator), text(v.Value.Value), text(v.Lower), text(v.Upper), text(v.Target), text(v.Gap), text(&v.Missing), v.Status,
	}
}

// WriteSnapshot writes the canonical bytes of the values of a snapshot, one line each with fields between tabs behind a line of
// their names, in the order of indicator, variant, period, dimension and stratum, and returns the number of values.
func WriteSnapshot(ctx context.Context, db *warehouse.DB, number uint64, w io.Writer) (uint64, error) {
	rows, err := db.Rows(ctx, "snapshot_values", clickhouse.Named("snapshot", number))
	if err != nil {
		return 0, err
	}
	return writeCanonical(rows, w)
}

// SnapshotValues passes on the values of a snapshot in the order of the canonical bytes.
func SnapshotValues(ctx context.Context, db *warehouse.DB, number uint64, use func(Value) error) (err error) {
	indicators, err := LoadIndicators(db.Files())
	if err != nil {
		return err
	}
	units := map[[2]string]Unit{}
	headlines := map[[2]string]bool{}
	for _, i := range indicators {
		for k, v := range i.Variants {
			units[[2]string{i.ID, v.Name}] = v.Unit
			headlines[[2]string{i.ID, v.Name}] = k == 0
		}
	}
	rows, err := db.Rows(ctx, "snapshot_values", clickhouse.Named("snapshot", number))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v frozenValue
		if err := rows.ScanStruct(&v); err != nil {
			return fmt.Errorf("read snapshot %d: %w", number, err)
		}
		reading := [2]string{v.Indicator, v.Variant}
		v.Unit, v.IsHeadline, v.AsOf = units[reading], headlines[reading], v.AsOfDate.Format(time.DateOnly)
		v.By = by(v.Dim, v.DimValue)
		if err := use(v.Value); err != nil {
			return err
		}
	}
	return rows.Err()
}

// by names the stratum of a value as machine output does.
func by(dim, value string) string {
	switch dim {
	case "", "township":
		return dim
	}
	return dim + "=" + value
}

// writeCanonical writes the canonical bytes of values and closes their rows.
func writeCanonical(rows driver.Rows, w io.Writer) (n uint64, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	if _, err := io.WriteString(w, strings.Join(snapshotColumns, "\t")+"\n"); err != nil {
		return 0, fmt.Errorf("write frozen values: %w", err)
	}
	for rows.Next() {
		var v frozenValue
		if err := rows.ScanStruct(&v); err != nil {
			return n, fmt.Errorf("read frozen values: %w", err)
		}
		if _, err := io.WriteString(w, strings.Join(v.fields(), "\t")+"\n"); err != nil {
			return n, fmt.Errorf("write frozen values: %w", err)
		}
		n++
	}
	return n, rows.Err()
}

// Verification says whether a snapshot is what it was when it was taken.
type Verification struct {
	Snapshot uint64 `json:"snapshot"`
	Values   bool   `json:"values"` // the values have their hash
	Header   bool   `json:"header"` // so has what is said of them
	Chain    bool   `json:"chain"`  // the snapshot before is the one that was there
}

// Intact reports whether all holds.
func (v Verification) Intact() bool { return v.Values && v.Header && v.Chain }

// VerifySnapshots recomputes the hashes of all snapshots, oldest first.
func VerifySnapshots(ctx context.Context, db *warehouse.DB) ([]Verification, error) {
	all, err := Snapshots(ctx, db)
	if err != nil {
		return nil, err
	}
	var found []Verification
	previous := ""
	for _, s := range slices.Backward(all) {
		h := sha256.New()
		n, err := WriteSnapshot(ctx, db, s.Snapshot, h)
		if err != nil {
			return nil, err
		}
		own, err := s.hash()
		if err != nil {
			return nil, err
		}
		found = append(found, Verification{
			Snapshot: s.Snapshot, Values: n == s.Values && hex.EncodeToString(h.Sum(nil)) == s.ValuesSHA256, Header: own == s.SHA256,
			Chain: s.PreviousSHA256 == previous,
		})
		previous = s.SHA256
	}
	return found, nil
}

// changedKeys are the keys whose texts differ.
func changedKeys(before, after map[string]string) []string {
	changed := map[string]bool{}
	for key, text := range before {
		if after[key] != text {
			changed[key] = true
		}
	}
	for key, text := range after {
		if before[key] != text {
			changed[key] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
