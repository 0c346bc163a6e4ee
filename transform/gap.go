package transform

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// GapDefinition says how the names behind an indicator are found: a file of sql/gaps, or the rows of a flow.
type GapDefinition struct {
	Indicator  Indicator
	Title      Title
	Department string            // addressee of the warnings' catalogue: wjw, rsj
	variants   []string          // that the query knows; empty: all
	units      map[string]string // what one missing unit is, by variant; "" is the default
	query      string
}

// Unit says what one missing unit of a variant is: employer, worker, manager, point, case or row.
func (d GapDefinition) Unit(variant string) string {
	if unit, ok := d.units[variant]; ok {
		return unit
	}
	return d.units[""]
}

// Lists reports whether there is a list behind a variant of the indicator.
func (d GapDefinition) Lists(variant string) bool {
	return len(d.variants) == 0 || slices.Contains(d.variants, variant)
}

// GapFilter chooses a list.
type GapFilter struct {
	Indicator string
	Variant   string // empty: the headline
	Period    string // 2025, 2025Q3, 2025-07, 2025-W46
	Area      string // city, township or "unassigned"; empty: the city
}

// GapList says who keeps an indicator from its target.
type GapList struct {
	Definition  GapDefinition
	Variant     Variant
	Period      string
	AsOf        string // day of the reading, 2025-12-31
	Area        string
	Numerator   float64
	Denominator float64  // 0 for plain counts
	Target      *float64 // nil: none
	Surplus     float64  // of employers whose numerator passes their denominator
	Needed      int      // the fewest employers that lift the area over the target
	Gaps        []Gap
}

// Gap is what one employer lacks. The sum of Missing over a list, less its Surplus, is the list's denominator less its
// numerator; for an indicator that ought to fall it is the numerator.
type Gap struct {
	Indicator      string    `json:"indicator"`
	Variant        string    `json:"variant"`
	Period         string    `json:"period"`
	AsOf           string    `json:"as_of"`
	Rank           int       `json:"rank"`
	Employer       string    `json:"employer"`
	EmployerName   string    `json:"employer_name"`
	Area           string    `json:"area"` // township code, or "unassigned"
	AreaZh         string    `json:"area_name"`
	AreaEn         string    `json:"-"`
	Industry       string    `json:"industry"`
	Department     string    `json:"department"` // addressee code: wjw, rsj
	Unit           string    `json:"unit"`       // employer, worker, manager, point, case or row
	Missing        float64   `json:"missing"`    // units that close when this employer is complete
	Numerator      float64   `json:"numerator"`
	Denominator    float64   `json:"denominator"`
	Since          *string   `json:"since"`           // first day without; nil: not known
	Reason         string    `json:"reason"`          // never, lapsed, partly, overdue, no_manager, open, case
	NumeratorAfter float64   `json:"numerator_after"` // of the area, when this employer and all before it are complete
	ValueAfter     *float64  `json:"value_after"`     // nil: no share
	Meets          *bool     `json:"meets"`           // whether that meets the target; nil: no target
	Names          []GapName `json:"names"`           // who or what is missing, the longest first
	Unnamed        float64   `json:"unnamed"`         // missing units that no record names
	Beyond         float64   `json:"beyond"`          // known overdue workers above the number that the employer declares
}

// GapName is one person, by pseudonym, or one point that is missing.
type GapName struct {
	Name   string  `json:"name"`
	Reason string  `json:"reason"`
	Since  *string `json:"since"`
}

// gapRow is a row of transform_gaps.
type gapRow struct {
	Employer       string       `ch:"employer_key"`
	EmployerName   string       `ch:"employer_name"`
	Area           string       `ch:"area"`
	AreaZh         string       `ch:"area_zh"`
	AreaEn         string       `ch:"area_en"`
	Industry       string       `ch:"industry_code"`
	Numerator      float64      `ch:"numerator"`
	Denominator    float64      `ch:"denominator"`
	Missing        float64      `ch:"missing"`
	Since          *time.Time   `ch:"since"`
	Reason         string       `ch:"reason"`
	NameKeys       []string     `ch:"name_keys"`
	NameReasons    []string     `ch:"name_reasons"`
	NameSinces     []*time.Time `ch:"name_sinces"`
	Beyond         float64      `ch:"beyond"`
	AllNumerator   float64      `ch:"all_numerator"`
	AllDenominator float64      `ch:"all_denominator"`
	Surplus        float64      `ch:"surplus"`
}

// gap is what the row says of its employer.
func (r gapRow) gap() Gap {
	g := Gap{
		Employer: r.Employer, EmployerName: r.EmployerName, Area: r.Area, AreaZh: r.AreaZh, AreaEn: r.AreaEn, Industry: r.Industry,
		Missing: r.Missing, Numerator: r.Numerator, Denominator: r.Denominator, Since: dateText(r.Since), Reason: r.Reason,
		Names: make([]GapName, len(r.NameKeys)), Beyond: r.Beyond, Unnamed: math.Max(0, r.Missing-float64(len(r.NameKeys))),
	}
	for i, name := range r.NameKeys {
		g.Names[i] = GapName{Name: name, Reason: r.NameReasons[i], Since: dateText(r.NameSinces[i])}
	}
	return g
}

// dateText writes a day, nil where there is none.
func dateText(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}

// Failures of gap lists.
var (
	// ErrNoGapList: nothing names the units of the indicator. Args: indicator, indicators.
	ErrNoGapList = &Error{Code: "gap.none", english: "there is no list behind {indicator}; there is one behind {indicators}"}
	// ErrNoPeriod: the models hold no such period. Args: period.
	ErrNoPeriod = &Error{Code: "gap.no_period", english: "there are no readings of {period}; run ohwatch transform, or ask for another period"}
)

// LoadGaps reads the definitions of lists of fsys: the files of sql/gaps and, for the other indicators with a target
// whose rows happen on days, those rows. The order is that of the indicators.
func LoadGaps(fsys fs.FS) ([]GapDefinition, error) {
	indicators, err := LoadIndicators(fsys)
	if err != nil {
		return nil, err
	}
	files, err := ohsql.LoadFS(fsys, "gaps")
	if err != nil {
		return nil, err
	}
	var definitions []GapDefinition
	for _, i := range indicators {
		at := slices.IndexFunc(files, func(f ohsql.File) bool { return f.Name == i.ID })
		switch {
		case at >= 0:
			d, err := readGap(files[at], i)
			if err != nil {
				return nil, err
			}
			definitions = append(definitions, d)
			files = slices.Delete(files, at, at+1)
		case i.Flow != "" && i.Flow != FlowSurvival && len(i.Targets) > 0 && i.Variants[0].Unit == Share:
			definitions = append(definitions, GapDefinition{Indicator: i, Title: i.Title, Department: "wjw", units: map[string]string{"": "row"}})
		}
	}
	if len(files) > 0 {
		return nil, fmt.Errorf("%s: there is no indicator %s", files[0].Path, files[0].Name)
	}
	return definitions, nil
}

func readGap(f ohsql.File, i Indicator) (GapDefinition, error) {
	d := GapDefinition{Indicator: i, Department: f.Header["department"], units: map[string]string{}, query: f.Body}
	var err error
	if d.Title, err = parseTitle(f.Header["title"]); err != nil {
		return d, fmt.Errorf("%s: line %d: title: %w", f.Path, headerLine(f, "title"), err)
	}
	for _, key := range []string{"department", "unit"} {
		if f.Header[key] == "" {
			return d, fmt.Errorf("%s: line 1: header has no %s", f.Path, key)
		}
	}
	for _, key := range f.Keys() {
		variant, isUnit := strings.CutPrefix(key, "unit_")
		switch {
		case key == "variants":
			for name := range strings.SplitSeq(f.Header[key], ",") {
				d.variants = append(d.variants, strings.TrimSpace(name))
			}
		case key == "unit":
			d.units[""] = f.Header[key]
		case isUnit && slices.ContainsFunc(i.Variants, func(v Variant) bool { return v.Name == variant }):
			d.units[variant] = f.Header[key]
		case !slices.Contains([]string{"id", "title", "department"}, key):
			return d, fmt.Errorf("%s: line %d: header key %q is not known to lists", f.Path, headerLine(f, key), key)
		}
	}
	return d, nil
}

// Gaps lists who keeps an indicator from its target in an area, those first who close the gap fastest: the most missing
// units, then those who need only a renewal, then the longest missing.
//
// Errors: ErrNoGapList, ErrNoPeriod, an unknown variant.
func Gaps(ctx context.Context, db *warehouse.DB, fsys fs.FS, city string, f GapFilter) (GapList, error) {
	definitions, err := LoadGaps(fsys)
	if err != nil {
		return GapList{}, err
	}
	at := slices.IndexFunc(definitions, func(d GapDefinition) bool { return strings.EqualFold(d.Indicator.ID, f.Indicator) })
	if at < 0 {
		var ids []string
		for _, d := range definitions {
			ids = append(ids, d.Indicator.ID)
		}
		return GapList{}, ErrNoGapList.With("indicator", f.Indicator).With("indicators", strings.Join(ids, ", "))
	}
	d := definitions[at]
	list := GapList{Definition: d, Variant: d.Indicator.Variants[0], Period: f.Period, Area: f.Area}
	if f.Variant != "" {
		at := slices.IndexFunc(d.Indicator.Variants, func(v Variant) bool { return v.Name == f.Variant })
		if at < 0 {
			return GapList{}, fmt.Errorf("%s has no variant %q", d.Indicator.ID, f.Variant)
		}
		list.Variant = d.Indicator.Variants[at]
	}
	if !d.Lists(list.Variant.Name) {
		return GapList{}, ErrNoGapList.With("indicator", d.Indicator.ID+" "+list.Variant.Name).With("indicators", d.Indicator.ID+" "+strings.Join(d.variants, ", "))
	}
	start, day, err := periodDays(ctx, db, f.Period)
	if err != nil {
		return GapList{}, err
	}
	list.AsOf = day.Format(time.DateOnly)
	if target, ok := d.Indicator.Target(day.Year()); ok {
		list.Target = &target
	}
	if city == "" {
		city = DefaultCity
	}
	if list.Area == "" {
		list.Area = city
	}
	area := list.Area
	if area == city {
		area = ""
	}
	return list, list.read(ctx, db, map[string]string{
		"city": city, "today": day.Format(time.DateOnly), "start": start.Format(time.DateOnly), "day": list.AsOf,
		"variant": list.Variant.Name, "area": area,
	})
}

// periodDays returns the first day of a period and the day on which it is read.
func periodDays(ctx context.Context, db *warehouse.DB, period string) (start, day time.Time, err error) {
	var days []struct {
		Start time.Time `ch:"start_date"`
		Day   time.Time `ch:"as_of_date"`
	}
	tables, err := listTables(ctx, db)
	if err != nil {
		return start, day, err
	}
	if _, ok := tables["dim_period"]; !ok {
		return start, day, ErrNoPeriod.With("period", period)
	}
	if err := db.Select(ctx, &days, "transform_period", clickhouse.Named("period", period)); err != nil {
		return start, day, err
	}
	if len(days) == 0 {
		return start, day, ErrNoPeriod.With("period", period)
	}
	return days[0].Start, days[0].Day, nil
}

// read fills the list.
func (l *GapList) read(ctx context.Context, db *warehouse.DB, values map[string]string) error {
	i := l.Definition.Indicator
	body := l.Definition.query
	var err error
	if body == "" {
		if body, err = templated(db, "transform_gaps_flow", map[string]any{"Body": i.Body, "Flow": string(i.Flow), "Placed": i.IsPlaced}); err != nil {
			return err
		}
	}
	text, err := templated(db, "transform_gaps", map[string]any{"Body": body, "Falling": l.falling(), "Placed": l.Definition.query == "" && i.IsPlaced})
	if err != nil {
		return err
	}
	rows, err := gapRows(ctx, db, text, values)
	if err != nil {
		return fmt.Errorf("list the gaps of %s: %w", i.ID, err)
	}
	if len(rows) == 0 {
		return nil
	}
	l.Numerator, l.Denominator, l.Surplus = rows[0].AllNumerator, rows[0].AllDenominator, rows[0].Surplus
	after := l.Numerator
	for _, r := range rows {
		if r.Missing <= 0 { // the row that carries the sums
			continue
		}
		g := r.gap()
		g.Indicator, g.Variant, g.Period, g.AsOf, g.Rank = i.ID, l.Variant.Name, l.Period, l.AsOf, len(l.Gaps)+1
		g.Department, g.Unit = l.Definition.Department, l.Definition.Unit(l.Variant.Name)
		if g.Unit == "employer" {
			g.Unnamed = 0 // the employer itself is the name
		}
		if l.falling() {
			after -= g.Missing
		} else {
			after += g.Missing
		}
		g.NumeratorAfter = after
		if l.Denominator > 0 && l.Variant.Unit == Share {
			g.ValueAfter = number(after / l.Denominator)
		}
		if l.Target != nil {
			meets := after >= math.Ceil(*l.Target*l.Denominator-1e-9)
			g.Meets = &meets
		}
		l.Gaps = append(l.Gaps, g)
	}
	l.Needed = len(l.WhatIf())
	return nil
}

func gapRows(ctx context.Context, db *warehouse.DB, text string, values map[string]string) ([]gapRow, error) {
	found, err := db.QuerySQL(ctx, text, bind(text, values)...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []gapRow
	for found.Next() {
		var r gapRow
		if err := found.ScanStruct(&r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// falling reports whether what counts is what should not be.
func (l *GapList) falling() bool { return l.Definition.Indicator.Falling }

// Need is the number of units still missing to the target, 0 when it is met or there is none.
func (l *GapList) Need() float64 {
	if l.Target == nil {
		return 0
	}
	return math.Max(0, math.Ceil(*l.Target*l.Denominator-l.Numerator-1e-9))
}

// WhatIf returns the fewest employers that lift the area over the target once they are complete, the largest first. The
// denominator does not move when an employer completes its own units, so that the set with the largest gains is also
// a smallest one. It is empty where the target is met or there is none.
func (l *GapList) WhatIf() []Gap {
	gains := make([]float64, len(l.Gaps))
	for i, g := range l.Gaps {
		gains[i] = g.Missing
	}
	return l.Gaps[:fewest(gains, l.Need())]
}

// fewest is the least number of gains, which must fall, whose sum reaches need; all of them where it is out of reach.
func fewest(gains []float64, need float64) int {
	n := 0
	for sum := 0.0; n < len(gains) && sum < need-1e-9; n++ {
		sum += gains[n]
	}
	return n
}

// GapSummary is the gap of one township.
type GapSummary struct {
	Indicator   string   `json:"indicator"`
	Variant     string   `json:"variant"`
	Period      string   `json:"period"`
	AsOf        string   `json:"as_of"`
	Area        string   `json:"area"`
	AreaZh      string   `json:"area_name"`
	AreaEn      string   `json:"-"`
	Numerator   float64  `json:"numerator"`
	Denominator float64  `json:"denominator"`
	Value       *float64 `json:"value"`
	Target      *float64 `json:"target"`
	Need        float64  `json:"need"`             // units still missing to the target
	Missing     float64  `json:"missing"`          // units that any employer lacks
	Employers   int      `json:"employers"`        // that lack something
	Needed      int      `json:"employers_needed"` // the fewest of them that lift the township over the target
}

// ByTownship sums up the list of a city: one line for each township in which somebody is missing, the largest need first.
func (l *GapList) ByTownship(ctx context.Context, db *warehouse.DB, city string) ([]GapSummary, error) {
	values, err := Values(ctx, db, city, Filter{Indicator: l.Definition.Indicator.ID, Variant: l.Variant.Name, Period: l.Period, By: "township"})
	if err != nil {
		return nil, err
	}
	gaps := map[string][]Gap{}
	for _, g := range l.Gaps {
		gaps[g.Area] = append(gaps[g.Area], g)
	}
	var all []GapSummary
	for _, v := range values {
		own := gaps[v.Area]
		if len(own) == 0 {
			continue
		}
		s := GapSummary{
			Indicator: v.Indicator, Variant: v.Variant, Period: v.Period, AsOf: v.AsOf, Area: v.Area, AreaZh: own[0].AreaZh, AreaEn: own[0].AreaEn,
			Numerator: v.Numerator, Value: v.Value, Target: v.Target, Employers: len(own),
		}
		if v.Denominator != nil {
			s.Denominator = *v.Denominator
		}
		if v.Target != nil {
			s.Need = math.Max(0, math.Ceil(*v.Target*s.Denominator-v.Numerator-1e-9))
		}
		gains := make([]float64, len(own))
		for i, g := range own {
			gains[i] = g.Missing
			s.Missing += g.Missing
		}
		s.Needed = fewest(gains, s.Need)
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b GapSummary) int {
		switch {
		case a.Need != b.Need:
			return int(math.Copysign(1, b.Need-a.Need))
		case a.Missing != b.Missing:
			return int(math.Copysign(1, b.Missing-a.Missing))
		}
		return strings.Compare(a.Area, b.Area)
	})
	return all, nil
}

// Township is an area of the city.
type Township struct {
	Code string
	Name Title
}

// Townships lists the townships of the city by code.
func Townships(ctx context.Context, db *warehouse.DB) ([]Township, error) {
	var rows []struct {
		Code string `ch:"township"`
		Zh   string `ch:"name_zh"`
		En   string `ch:"name_en"`
	}
	if err := db.Select(ctx, &rows, "transform_townships"); err != nil {
		return nil, err
	}
	all := make([]Township, len(rows))
	for i, r := range rows {
		all[i] = Township{Code: r.Code, Name: Title{Zh: r.Zh, En: r.En}}
	}
	return all, nil
}
