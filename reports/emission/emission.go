// Package emission closes a week of warnings: it freezes what was known in one document and writes it as files. A week
// is emitted once; emitting it again, also after having been killed at whatever step, gives the same bytes.
package emission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/reports/delivery"
	"ohwatch/warehouse"
)

// Schema names the form of a document; docs/warnings.schema.json describes it.
const Schema = "ohwatch-warnings/1"

// Document is what was known of a week's warnings when it was closed.
type Document struct {
	Schema         string    `json:"schema"`
	City           string    `json:"city"` // division code, six digits
	OrganisationZh string    `json:"organisation"`
	OrganisationEn string    `json:"organisation_en"`
	Week           string    `json:"week"`      // 2026-W46
	From           string    `json:"from"`      // its Monday
	To             string    `json:"to"`        // its Sunday
	FrozenAt       string    `json:"frozen_at"` // RFC 3339, UTC
	Complete       bool      `json:"complete"`  // whether every rule worked
	Broken         []string  `json:"broken"`    // rules that did not, with file and line
	Warnings       []Warning `json:"warnings"`  // open ones that were seen in the week, most urgent first

	Budget    *Budget `json:"budget,omitempty"`    // nil in documents of earlier versions
	Addressee string  `json:"addressee,omitempty"` // of a part: whose it is
	Area      string  `json:"area,omitempty"`      // of the part or the scorecard of a township
	Scorecard bool    `json:"scorecard,omitempty"` // the list of a township, which nobody is told one by one
}

// Warning is one warning of a document.
type Warning struct {
	ID         string   `json:"id"`
	Rule       string   `json:"rule"`
	Version    string   `json:"version"`
	Severity   string   `json:"severity"`
	ObjectKind string   `json:"object_kind"`
	Object     string   `json:"object"`
	ObjectName string   `json:"object_name"`
	Area       string   `json:"area"`
	Addressee  []string `json:"addressee"`
	FirstSeen  string   `json:"first_seen"`
	Due        string   `json:"due"`
	State      string   `json:"state"`
	Owner      string   `json:"owner"`
	Level      uint8    `json:"level"`
	Late       bool     `json:"late"`
	Knowable   string   `json:"knowable"`
	Title      string   `json:"title"`
	TitleEn    string   `json:"title_en"`
	Evidence   []string `json:"evidence"`
	NEvidence  uint64   `json:"n_evidence"`
	Listed     []string `json:"listed"` // addressees for whom it is over the budget: in the list of the township scorecard, no warning of its own
}

// ErrNotEmitted: nothing was emitted for the week.
var ErrNotEmitted = errors.New("the week was not emitted")

// Find returns the document that was emitted for a week, byte by byte, or ErrNotEmitted.
func Find(ctx context.Context, db *warehouse.DB, week string) ([]byte, error) {
	var rows []struct {
		Document string `ch:"document"`
	}
	if err := db.Select(ctx, &rows, "emission_find", clickhouse.Named("week", week)); err != nil {
		return nil, fmt.Errorf("read what was emitted for %s: %w", week, err)
	}
	if len(rows) == 0 {
		return nil, ErrNotEmitted
	}
	return []byte(rows[0].Document), nil
}

// Freeze keeps a document as what is emitted for its week, unless the week was emitted before, and returns what counts.
func Freeze(ctx context.Context, db *warehouse.DB, d Document, by string) ([]byte, error) {
	if kept, err := Find(ctx, db, d.Week); !errors.Is(err, ErrNotEmitted) {
		return kept, err
	}
	now := db.Now()
	d.Schema, d.FrozenAt = Schema, now.UTC().Format(time.RFC3339)
	if d.Warnings == nil {
		d.Warnings = []Warning{}
	}
	if d.Broken == nil {
		d.Broken = []string{}
	}
	text, err := encode(d)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	columns := []string{"week", "at", "document", "sha256", "n", "by"}
	a, err := db.Append(ctx, "wrn_emission", columns)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	for i, value := range []any{d.Week, now, string(text), hex.EncodeToString(sum[:]), uint32(len(d.Warnings)), by} {
		if err := a.Column(i).AppendRow(value); err != nil {
			return nil, fmt.Errorf("write wrn_emission, column %s: %w", columns[i], err)
		}
	}
	if err := a.Send(); err != nil {
		return nil, err
	}
	return Find(ctx, db, d.Week) // that of somebody else who was first
}

// encode writes a document as JSON.
func encode(d Document) ([]byte, error) {
	d.Warnings = slices.Clone(d.Warnings)
	for i := range d.Warnings {
		if d.Warnings[i].Listed == nil { // an empty list in JSON, not null
			d.Warnings[i].Listed = []string{}
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(d); err != nil {
		return nil, fmt.Errorf("write the document of %s: %w", d.Week, err)
	}
	return text.Bytes(), nil
}

// HasAtLeast reports whether a document has a warning as urgent as severity or more; never for an empty one.
func HasAtLeast(document []byte, severity string) (bool, error) {
	var d Document
	if err := json.Unmarshal(document, &d); err != nil {
		return false, fmt.Errorf("read the emitted document: %w", err)
	}
	least := slices.Index(severities(), severity)
	return slices.ContainsFunc(d.Warnings, func(w Warning) bool { return slices.Index(severities(), w.Severity) <= least }), nil
}

// severities are in the order of urgency.
func severities() []string { return []string{"red", "orange", "yellow", "blue"} }

// File is one form of a document.
type File struct {
	Name string
	Data []byte
}

// Files renders a document that was frozen as warnings-WEEK.json, .csv, .xlsx and .html, a scorecard as scorecard-WEEK.
func Files(document []byte, p *message.Catalogue) ([]File, error) {
	var d Document
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the emitted document: %w", err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("read the emitted document: its schema is %q, want %s", d.Schema, Schema)
	}
	files := []File{{Data: document}}
	for _, render := range []func(Document, *message.Catalogue) ([]byte, error){asCSV, asWorkbook, asPage} {
		data, err := render(d, p)
		if err != nil {
			return nil, fmt.Errorf("render the warnings of %s: %w", d.Week, err)
		}
		files = append(files, File{Data: data})
	}
	name := "warnings-"
	if d.Scorecard {
		name = "scorecard-"
	}
	for i, ending := range []string{"json", "csv", "xlsx", "html"} {
		files[i].Name = name + d.Week + "." + ending
	}
	return files, nil
}

// Write puts files into a folder, each whole or not at all, and returns their paths. Files that hold the same bytes already are left alone.
func Write(dir string, files []File) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of warnings: %w", err)
	}
	var paths []string
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		paths = append(paths, path)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.Data) {
			continue
		}
		if err := delivery.WriteFile(path, f.Data); err != nil {
			return paths, fmt.Errorf("write %s: %w", path, err)
		}
	}
	return paths, nil
}
