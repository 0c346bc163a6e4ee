package transform

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// Value is one reading of an indicator, with the fields that scripts rely on.
type Value struct {
	Indicator   string   `ch:"indicator" json:"indicator"`
	Version     string   `ch:"version" json:"version"`
	Variant     string   `ch:"variant" json:"variant"`
	Period      string   `ch:"period" json:"period"`
	Area        string   `ch:"area" json:"area"` // city or township code, or "unassigned"
	By          string   `ch:"-" json:"by"`      // "" for the area itself, "township", "industry=C30", "size=small"
	Numerator   float64  `ch:"numerator" json:"numerator"`
	Denominator *float64 `ch:"denominator" json:"denominator"` // nil for plain counts
	Value       *float64 `ch:"value" json:"value"`             // nil where there is no data
	Lower       *float64 `ch:"lower" json:"lower"`
	Upper       *float64 `ch:"upper" json:"upper"`
	Target      *float64 `ch:"target" json:"target"`
	Gap         *float64 `ch:"gap" json:"gap"` // units still missing to the target
	Status      string   `ch:"status" json:"status"`
	AsOf        string   `ch:"-" json:"as_of"` // day on which the reading is taken

	Missing         float64  `ch:"missing" json:"missing"`    // units whose reading could not be decided
	RosterEmployers *uint64  `ch:"-" json:"roster_employers"` // active employers with hazards of the place that the roster has
	KnownEmployers  *uint64  `ch:"-" json:"known_employers"`  // the same with those found by exams and tests; nil: none known
	RosterCoverage  *float64 `ch:"-" json:"roster_coverage"`  // share of the former among the latter
	Breaks          []Break  `ch:"-" json:"breaks,omitempty"` // days in the period on which the series changes its basis

	Dim        string    `ch:"dim" json:"-"`
	DimValue   string    `ch:"dim_value" json:"-"`
	AsOfDate   time.Time `ch:"as_of_date" json:"-"`
	Unit       Unit      `ch:"unit" json:"-"`
	IsHeadline bool      `ch:"is_headline" json:"-"`
	AllBreaks  string    `ch:"breaks" json:"-"` // of the series, as JSON
}

// Filter chooses values.
type Filter struct {
	Indicator string // empty: all
	Variant   string // empty: all, the headline first
	Period    string // 2025, 2025Q3 or 2025-07
	Area      string // code of the city or a township, or "unassigned"; empty: the city, or all with By
	By        string // "", township, industry or size
}

// Values reads the values of ind_value that the filter chooses, in the order of the catalogue.
func Values(ctx context.Context, db *warehouse.DB, city string, f Filter) ([]Value, error) {
	if city == "" {
		city = DefaultCity
	}
	dim, area := f.By, f.Area
	if f.By == "" && area != "" && area != city {
		dim = "township" // a township's own line
	}
	if f.By == "" && area == "" {
		area = city
	}
	if f.By == "township" && area == city {
		area = ""
	}
	var values []Value
	err := db.Select(ctx, &values, "transform_values",
		clickhouse.Named("indicator", f.Indicator), clickhouse.Named("variant", f.Variant),
		clickhouse.Named("period", f.Period), clickhouse.Named("dim", dim), clickhouse.Named("area", area))
	if err != nil {
		return nil, fmt.Errorf("read indicator values: %w", err)
	}
	for i := range values {
		v := &values[i]
		v.AsOf = v.AsOfDate.Format(time.DateOnly)
		if err := v.readBreaks(); err != nil {
			return nil, err
		}
		switch f.By {
		case "":
		case "township":
			v.By = "township"
		default:
			v.By = f.By + "=" + v.DimValue
		}
	}
	return values, readCoverage(ctx, db, values)
}

// readCoverage puts the roster coverage of its place and day beside each value. Values that an older program computed have none.
func readCoverage(ctx context.Context, db *warehouse.DB, values []Value) error {
	if len(values) == 0 {
		return nil
	}
	tables, err := listTables(ctx, db)
	if err != nil {
		return err
	}
	if _, ok := tables["fct_roster_coverage"]; !ok {
		return nil
	}
	type place struct {
		day time.Time
		dim string
	}
	read := map[place]map[string][2]uint64{}
	for i := range values {
		v := &values[i]
		at := place{v.AsOfDate, v.Dim}
		if read[at] == nil {
			var rows []struct {
				Value    string `ch:"dim_value"`
				OnRoster uint64 `ch:"on_roster"`
				Known    uint64 `ch:"known"`
			}
			if err := db.Select(ctx, &rows, "transform_roster", clickhouse.Named("day", v.AsOf), clickhouse.Named("dim", v.Dim)); err != nil {
				return fmt.Errorf("read the roster coverage: %w", err)
			}
			read[at] = map[string][2]uint64{}
			for _, r := range rows {
				read[at][r.Value] = [2]uint64{r.OnRoster, r.Known}
			}
		}
		if n, ok := read[at][v.DimValue]; ok {
			v.RosterEmployers, v.KnownEmployers = &n[0], &n[1]
			v.RosterCoverage = number(float64(n[0]) / float64(n[1]))
		}
	}
	return nil
}

// readBreaks picks the breaks of the series that lie in the period up to the reading date: from there on the series is not
// what it was in the period before.
func (v *Value) readBreaks() error {
	if v.AllBreaks == "" {
		return nil
	}
	var all []Break
	if err := json.Unmarshal([]byte(v.AllBreaks), &all); err != nil {
		return fmt.Errorf("read the breaks of %s: %w", v.Indicator, err)
	}
	p, err := period.Parse(v.Period)
	if err != nil {
		return fmt.Errorf("read the breaks of %s: %w", v.Indicator, err)
	}
	for _, b := range all {
		if b.Date >= p.Start.Format(time.DateOnly) && b.Date <= v.AsOf {
			v.Breaks = append(v.Breaks, b)
		}
	}
	return nil
}

// CatalogEntry is one variant of an indicator and what it means.
type CatalogEntry struct {
	Indicator  string             `ch:"indicator" json:"indicator"`
	Version    string             `ch:"version" json:"version"`
	Variant    string             `ch:"variant" json:"variant"`
	IsHeadline bool               `ch:"is_headline" json:"is_headline"`
	TitleZh    string             `ch:"title_zh" json:"title_zh"`
	TitleEn    string             `ch:"title_en" json:"title_en"`
	MeaningZh  string             `ch:"meaning_zh" json:"meaning_zh"`
	MeaningEn  string             `ch:"meaning_en" json:"meaning_en"`
	Unit       string             `ch:"unit" json:"unit"`
	Direction  string             `ch:"direction" json:"direction"`
	Clause     string             `ch:"clause" json:"clause"`
	Targets    map[string]float64 `ch:"targets" json:"targets"`

	Sets          []Set    `ch:"-" json:"sets"`
	CalendarZh    string   `ch:"-" json:"calendar_zh"`
	CalendarEn    string   `ch:"-" json:"calendar_en"`
	NumeratorZh   string   `ch:"-" json:"numerator_zh"`
	NumeratorEn   string   `ch:"-" json:"numerator_en"`
	DenominatorZh string   `ch:"-" json:"denominator_zh"`
	DenominatorEn string   `ch:"-" json:"denominator_en"`
	Strata        []string `ch:"-" json:"strata"`
	Breaks        []Break  `ch:"-" json:"breaks,omitempty"`
}

// Catalog is the catalogue as the definitions have it, whether or not a transform has run.
func Catalog(indicators []Indicator) []CatalogEntry {
	var entries []CatalogEntry
	for _, i := range indicators {
		for k, v := range i.Variants {
			entries = append(entries, CatalogEntry{
				Indicator: i.ID, Version: i.Version, Variant: v.Name, IsHeadline: k == 0,
				TitleZh: i.Title.Zh, TitleEn: i.Title.En, MeaningZh: v.Meaning.Zh, MeaningEn: v.Meaning.En,
				Unit: string(v.Unit), Direction: i.direction(), Clause: i.Clause, Targets: i.targets(),
				Sets: i.Sets, CalendarZh: i.Calendar.Zh, CalendarEn: i.Calendar.En, NumeratorZh: i.Numerator.Zh, NumeratorEn: i.Numerator.En,
				DenominatorZh: i.Denominator.Zh, DenominatorEn: i.Denominator.En, Strata: i.Strata, Breaks: i.Breaks,
			})
		}
	}
	return entries
}
