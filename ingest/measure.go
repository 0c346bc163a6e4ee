package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// measured is what of a stream is measured, as the query quality_measure takes it.
type measured struct {
	Table   string
	Fields  []measuredField
	Matches []measuredMatch
	Days    []measuredDay
	Values  []measuredValue
}

// measuredField is a field that counts as filled when one of its columns is.
type measuredField struct {
	Name    string
	Columns []measuredColumn
}

// measuredColumn is a column with the class of its type: text, list, nullable, or other, which is always filled.
type measuredColumn struct{ Name, Class string }

// measuredMatch is a word that is looked up: a code beside the sender's word, a list of words that were not found, or
// an employer who is to be on the roster.
type measuredMatch struct{ Name, Class, Code, Text string }

// measuredDay is a date from which lateness is counted.
type measuredDay struct {
	Kind, Name, Column string
	Nullable           bool
}

// measuredValue is a key column whose distribution is kept, numbers by powers of two.
type measuredValue struct {
	Name, Column string
	Number       bool
}

// Measure counts, once for each published batch, what the data-quality scorecard and the calendar of expected files
// read: ops_measure. It costs nothing when all batches are measured.
func Measure(ctx context.Context, db *warehouse.DB) error {
	contracts, err := Contracts()
	if err != nil {
		return err
	}
	for _, c := range contracts {
		if err := measureStream(ctx, db, c); err != nil {
			return fmt.Errorf("measure %s: %w", c.Stream, err)
		}
	}
	return nil
}

func measureStream(ctx context.Context, db *warehouse.DB, c *Contract) error {
	for {
		var rows []struct {
			Batch uint64 `ch:"batch"`
		}
		if err := db.Select(ctx, &rows, "quality_unmeasured", clickhouse.Named("stream", c.Stream)); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		batches := make([]uint64, len(rows))
		for i, row := range rows {
			batches[i] = row.Batch
		}
		var columns []struct {
			Name string `ch:"name"`
			Type string `ch:"type"`
		}
		if err := db.Select(ctx, &columns, "ingest_columns", clickhouse.Named("table", c.Table)); err != nil {
			return err
		}
		types := make(map[string]string, len(columns))
		for _, column := range columns {
			types[column.Name] = column.Type
		}
		m := c.measured(types)
		for _, name := range []string{"quality_measure", "quality_measured"} {
			text, err := queryText(name)
			if err != nil {
				return err
			}
			if text, err = db.Render(text, map[string]any{
				"Table": m.Table, "Fields": m.Fields, "Matches": m.Matches, "Days": m.Days, "Values": m.Values,
			}); err != nil {
				return err
			}
			if err := db.ExecSQL(ctx, text, clickhouse.Named("stream", c.Stream), clickhouse.Named("batches", batches)); err != nil {
				return err
			}
		}
	}
}

// measured returns what is measured of a contract whose table has columns of these types.
func (c *Contract) measured(types map[string]string) measured {
	m := measured{Table: c.Table}
	seen := map[string]bool{}
	match := func(x measuredMatch) {
		if !seen[x.Name] && types[x.Code] != "" {
			seen[x.Name] = true
			m.Matches = append(m.Matches, x)
		}
	}
	for _, f := range c.Fields {
		field := measuredField{Name: f.Name}
		for _, name := range c.filled(f) {
			if class := classOf(types[name]); class != "" {
				field.Columns = append(field.Columns, measuredColumn{name, class})
			}
		}
		if len(field.Columns) == 0 || f.Type == "state" {
			continue
		}
		if _, flagged := types[field.Columns[0].Name+"_month_only"]; flagged {
			field.Columns = field.Columns[:1]
		}
		m.Fields = append(m.Fields, field)
		first := field.Columns[0]
		switch f.Type {
		case "hazard", "disease", "township":
			if len(f.To) == 2 {
				match(measuredMatch{Name: f.Type, Class: "word", Code: f.To[0], Text: f.To[1]})
			}
		case "hazards":
			if len(f.To) == 2 {
				match(measuredMatch{Name: "hazard", Class: "list", Code: f.To[1], Text: f.To[1]})
			}
		case "code":
			m.Values = append(m.Values, measuredValue{Name: f.Name, Column: first.Name})
		case "int", "number", "measure":
			m.Values = append(m.Values, measuredValue{Name: f.Name, Column: first.Name, Number: true})
		}
		for kind, name := range map[string]string{"event": c.Event, "report": c.Reported} {
			if name == f.Name {
				m.Days = append(m.Days, measuredDay{Kind: kind, Name: f.Name, Column: first.Name, Nullable: first.Class == "nullable"})
			}
		}
	}
	slices.SortFunc(m.Days, func(a, b measuredDay) int { return strings.Compare(a.Kind, b.Kind) })
	for _, r := range c.Derive {
		if r.Rule == "employer" && !r.Roster {
			match(measuredMatch{Name: "employer", Class: "employer", Code: r.To[0]})
		}
	}
	return m
}

// filled returns the columns that a field fills: its own, or those of the first rule that reads it before all others.
func (c *Contract) filled(f Field) []string {
	if len(f.To) > 0 || f.Use == "drop" {
		return f.To
	}
	for _, r := range c.Derive {
		if len(r.From) > 0 && r.From[0] == f.Name {
			return r.To[:1]
		}
	}
	return nil
}

// classOf returns the class of a ClickHouse type as the measuring query knows it, empty for no type.
func classOf(typ string) string {
	switch {
	case typ == "":
		return ""
	case strings.Contains(typ, "Nullable"):
		return "nullable"
	case strings.HasPrefix(typ, "Array"):
		return "list"
	case typ == "String" || typ == "LowCardinality(String)":
		return "text"
	}
	return "other"
}
