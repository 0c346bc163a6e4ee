package ingest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// PossibleReject is a rejected row that nothing has replaced: mended, it would be a fact.
type PossibleReject struct {
	Stream string
	Batch  uint64
	File   string
	Reject
	Employers []string    // credit codes that the row names, as far as they can be read; none: any employer
	Days      []time.Time // on which what the row tells of may count, ascending; none: any day
}

// dayFields are the fields, beside those that the contract names as event and reported, whose day may decide in which
// period a row counts.
var dayFields = []string{"accept_date", "diagnosis_date", "issue_date", "occur_date", "review_date", "submit_date", "upload_date"}

// PossibleRejects passes on the rejected rows of a stream that could still become facts, by batch and line: those of the
// batches that count, unless a later one of these has mended or repeated them, or somebody decided that they need no mending. A
// row with several faults comes once, with its first. The keys under dir open the rows; where they can't, employers and days
// stay unknown.
func PossibleRejects(ctx context.Context, db *warehouse.DB, dir, stream string, counts func(batch uint64) bool, use func(PossibleReject) error) error {
	contracts, err := Contracts(db.Files())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(contracts, func(c *Contract) bool { return c.Stream == stream })
	if at < 0 {
		return nil
	}
	c := contracts[at]
	states, err := RejectStates(ctx, db, stream, 0, "")
	if err != nil {
		return err
	}
	keyring, err := readKeys(filepath.Join(dir, "keys"))
	if err != nil {
		keyring = nil
	}
	for len(states) > 0 {
		n := 1
		for n < len(states) && states[n].Batch == states[0].Batch {
			n++
		}
		possible := map[uint32]bool{}
		for _, s := range states[:n] {
			if counts(s.Batch) && !s.Needless && s.State != RejectIgnored && !slices.ContainsFunc(s.MendedIn, counts) && !slices.ContainsFunc(s.AgainIn, counts) {
				possible[s.Row] = true
			}
		}
		if len(possible) > 0 {
			if err := possibleOf(ctx, db, c, keyring, states[0], possible, use); err != nil {
				return err
			}
		}
		states = states[n:]
	}
	return nil
}

// possibleOf passes on the possible rows of one batch.
func possibleOf(ctx context.Context, db *warehouse.DB, c *Contract, keyring *keys, b RejectState, possible map[uint32]bool, use func(PossibleReject) error) error {
	rejects, err := Rejects(ctx, db, "", b.Batch, false)
	if err != nil {
		return err
	}
	var headings, fields []string
	if err := db.Row(ctx, "ingest_headings", []any{&headings, &fields}, clickhouse.Named("batch", b.Batch)); err != nil {
		return fmt.Errorf("read the headings of batch %d: %w", b.Batch, err)
	}
	fieldOf := make(map[string]string, len(headings))
	for i, h := range headings {
		fieldOf[heading(h)] = fields[i]
	}
	for i := range rejects {
		r := PossibleReject{Stream: c.Stream, Batch: b.Batch, File: b.File, Reject: rejects[i]}
		if !possible[r.Row] {
			continue
		}
		delete(possible, r.Row)
		if keyring != nil {
			if cells, err := keyring.openRow(r.Sealed); err == nil {
				r.read(c, cells, fieldOf)
			}
		}
		r.Sealed = ""
		if err := use(r); err != nil {
			return err
		}
	}
	return nil
}

// read takes employers and days from the cells of the row.
func (r *PossibleReject) read(c *Contract, cells []sealedCell, fieldOf map[string]string) {
	for _, cell := range cells {
		f := c.Field(fieldOf[heading(cell.Heading)])
		if f == nil {
			continue
		}
		switch text := clean(cell.Text); {
		case f.Type == "uscc" && text != "":
			r.Employers = append(r.Employers, strings.ToUpper(half(text)))
		case f.Name == c.Event || f.Name == c.Reported || slices.Contains(dayFields, f.Name):
			if d, ok := parseDate(text, cell.Number); ok {
				r.Days = append(r.Days, timeOf(d.day))
				if d.month {
					r.Days = append(r.Days, timeOf(d.day).AddDate(0, 1, -1))
				}
			}
		}
	}
	slices.SortFunc(r.Days, time.Time.Compare)
}
