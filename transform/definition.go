package transform

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	ohsql "ohwatch/sql"
)

// Unit says what a value of an indicator is.
type Unit string

// The units of indicators.
const (
	Share     Unit = "share"      // numerator / denominator, 0 to 1
	Count     Unit = "count"      // the numerator itself
	Per10000  Unit = "per_10000"  // numerator / denominator × 10 000
	Per100000 Unit = "per_100000" // numerator / denominator × 100 000
	Mean      Unit = "mean"       // numerator / denominator, in the unit that the title names
	Sum       Unit = "sum"        // the numerator itself, in the unit that the title names
	Lower     Unit = "p25"        // quartiles, percentiles and the largest of values, in the unit that the title names;
	Median    Unit = "median"     // their numerator is how many values are known, their denominator how many units there are
	Upper     Unit = "p75"
	P90       Unit = "p90"
	P95       Unit = "p95"
	Largest   Unit = "max"
	Deviation Unit = "sd" // standard deviation of the sample; counts like a quantile
)

// quantile returns the level of a quantile, for units that are one, and -1 for the standard deviation, which is taken of the
// same values.
func (u Unit) quantile() (level float64, ok bool) {
	level, ok = map[Unit]float64{Lower: 0.25, Median: 0.5, Upper: 0.75, P90: 0.9, P95: 0.95, Largest: 1, Deviation: -1}[u]
	return level, ok
}

// known reports whether u is one of the units above.
func (u Unit) known() bool {
	_, isQuantile := u.quantile()
	return isQuantile || slices.Contains([]Unit{Share, Count, Per10000, Per100000, Mean, Sum}, u)
}

// Flow says how the rows that an indicator returns come together in a period.
type Flow string

// The ways in which rows count.
const (
	FlowSum   Flow = "sum"    // every row counts
	FlowOnce  Flow = "once"   // an entity counts once in an employer and period, with its largest numerator
	FlowTotal Flow = "total"  // the numerators of an entity add up, its denominator counts once
	FlowLast  Flow = "latest" // an entity counts once in an employer and period, as its latest day has it

	// FlowState rows are states on reading dates: a row counts in every period that is read on its day.
	FlowState Flow = "state"
	// FlowSurvival rows are durations: the numerator is the time seen so far, the denominator 1 once it has ended. Quantiles
	// are those of the product-limit estimate (Kaplan and Meier 1958), in which open ones count as long as they were seen.
	FlowSurvival Flow = "survival"
)

// Scan reads a unit from a column of text.
func (u *Unit) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("read a unit from %T", value)
	}
	*u = Unit(text)
	return nil
}

// Indicator is one file of sql/indicators: a definition and the query that counts numerators and denominators.
type Indicator struct {
	ID       string
	Version  string
	Title    Title
	Falling  bool            // down is better, and the goal is a trend
	Targets  map[int]float64 // by the year from which they hold
	Clause   string          // of the source document
	Position int             // order on a page
	Variants []Variant       // the headline first
	Flow     Flow            // empty: the query returns the cells themselves
	Periods  []string        // of a flow: the kinds of periods it is read by
	Strata   []string        // dimensions it can be read by: township, industry, size, institution
	IsPlaced bool            // the rows of the query name their township (area) where the employer's does not count
	Sets     []Set           // it belongs to
	Calendar Title           // the day by which a unit belongs to a period

	Numerator, Denominator Title // of the headline, in plain words

	Breaks []Break // days on which the series changes its basis, oldest first
	Days   *Key    // which days of rows changed rows of inputs touch; nil: any change touches all
	Path   string
	Body   string
}

// Set is a set of indicators that somebody asks for.
type Set string

// The sets of indicators.
const (
	SetSeed     Set = "seed"     // targets of the source document
	SetStandard Set = "standard" // the usual surveillance indicators
	SetPlan     Set = "plan"     // the national plan for occupational disease control, for upward reports
)

// Break is a day on which a series changes its basis because a standard did: two variants carry it over that day, one on
// each basis.
type Break struct {
	Date   string `json:"date"`   // first day of the new basis, 2026-08-01
	Before string `json:"before"` // variant on the old basis
	After  string `json:"after"`  // variant on the new basis
	Reason Title  `json:"reason"`
}

// Variant is one reading of a definition.
type Variant struct {
	Name    string
	Meaning Title
	Unit    Unit
}

// LoadIndicators reads the indicators of fsys in the order in which a page shows them. Errors name file and line.
func LoadIndicators(fsys fs.FS) ([]Indicator, error) {
	files, err := ohsql.LoadFS(fsys, "indicators")
	if err != nil {
		return nil, err
	}
	var indicators []Indicator
	for _, f := range files {
		i, err := readIndicator(f)
		if err != nil {
			return nil, err
		}
		indicators = append(indicators, i)
	}
	slices.SortFunc(indicators, func(a, b Indicator) int {
		if a.Position != b.Position {
			return a.Position - b.Position
		}
		return strings.Compare(a.ID, b.ID)
	})
	return indicators, nil
}

func readIndicator(f ohsql.File) (Indicator, error) {
	wrong := func(key, format string, args ...any) (Indicator, error) {
		return Indicator{}, fmt.Errorf("%s: line %d: %s: %s", f.Path, headerLine(f, key), key, fmt.Sprintf(format, args...))
	}
	for _, key := range []string{
		"id", "version", "set", "title", "unit", "direction", "clause", "calendar", "strata", "numerator", "denominator", "headline", "variants", "position",
	} {
		if f.Header[key] == "" {
			return wrong(key, "the header must say it")
		}
	}
	i := Indicator{
		ID: f.Header["id"], Version: f.Header["version"], Clause: f.Header["clause"],
		Targets: map[int]float64{}, Path: f.Path, Body: f.Body,
	}
	if i.ID != f.Name {
		return wrong("id", "is %q, the file's name is %q", i.ID, f.Name)
	}
	var err error
	if i.Title, err = parseTitle(f.Header["title"]); err != nil {
		return wrong("title", "%v", err)
	}
	if i.Position, err = strconv.Atoi(f.Header["position"]); err != nil || i.Position < 0 {
		return wrong("position", "want a whole number, got %q", f.Header["position"])
	}
	switch f.Header["direction"] {
	case "up":
	case "down":
		i.Falling = true
	default:
		return wrong("direction", "want up or down, got %q", f.Header["direction"])
	}
	for target := range strings.SplitSeq(f.Header["target"], ",") {
		if strings.TrimSpace(target) == "" {
			continue
		}
		year, value, _ := strings.Cut(target, "=")
		y, e1 := strconv.Atoi(strings.TrimSpace(year))
		v, e2 := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if e1 != nil || e2 != nil {
			return wrong("target", "want year = value, got %q", strings.TrimSpace(target))
		}
		i.Targets[y] = v
	}
	if err := i.readFlow(f); err != nil {
		return wrong(err.key, "%s", err.text)
	}
	known := []string{
		"id", "version", "set", "title", "unit", "direction", "target", "clause", "calendar", "strata", "numerator", "denominator", "headline",
		"variants", "position", "flow", "periods", "place", "breaks",
	}
	for name := range strings.SplitSeq(f.Header["variants"], ",") {
		v := Variant{Name: strings.TrimSpace(name), Unit: Unit(f.Header["unit"])}
		key := "variant_" + v.Name
		if v.Meaning, err = parseTitle(f.Header[key]); err != nil {
			return wrong(key, "%v", err)
		}
		if unit := f.Header["unit_"+v.Name]; unit != "" {
			v.Unit = Unit(unit)
		}
		if !v.Unit.known() {
			return wrong("unit", "want share, count, per_10000, per_100000, mean, sum, p25, median, p75, p90, p95, max or sd, got %q", v.Unit)
		}
		if _, isQuantile := v.Unit.quantile(); isQuantile && !slices.Contains([]Flow{FlowSum, FlowState, FlowSurvival}, i.Flow) {
			return wrong("unit", "a quantile needs the rows themselves: flow sum, state or survival")
		}
		known = append(known, key, "unit_"+v.Name)
		if v.Name == f.Header["headline"] {
			i.Variants = slices.Insert(i.Variants, 0, v)
		} else {
			i.Variants = append(i.Variants, v)
		}
	}
	if i.Variants[0].Name != f.Header["headline"] {
		return wrong("headline", "%q is not one of the variants", f.Header["headline"])
	}
	if i.Breaks, err = readBreaks(f.Header["breaks"], i.Variants); err != nil {
		return wrong("breaks", "%v", err)
	}
	keys, err := readKeys(f, identifiers(f.Body))
	if err != nil {
		return Indicator{}, err
	}
	if len(keys) > 0 {
		if i.Days = &keys[0]; i.Days.Column != "day" || len(keys) > 1 || !slices.Contains([]Flow{FlowSum, FlowOnce, FlowTotal, FlowLast, FlowState}, i.Flow) {
			return wrong(keyPrefix+i.Days.Column, "an indicator whose rows stand for themselves may say by_day, and nothing else")
		}
		known = append(known, keyPrefix+"day")
	}
	for _, key := range f.Keys() {
		if !slices.Contains(known, key) {
			return wrong(key, "is not known to indicators")
		}
	}
	return i, nil
}

// Target returns the target that holds in a year, if there is one.
func (i Indicator) Target(year int) (float64, bool) {
	best, found := 0, false
	for y := range i.Targets {
		if y <= year && (!found || y > best) {
			best, found = y, true
		}
	}
	return i.Targets[best], found
}

// Headlined returns the indicators with other variants as their headlines: indicator, variant. One with another headline than its
// file says is a version of its own. An error names an indicator or a variant that does not exist.
func Headlined(indicators []Indicator, headlines map[string]string) ([]Indicator, error) {
	indicators = slices.Clone(indicators)
	for _, id := range slices.Sorted(maps.Keys(headlines)) {
		k := slices.IndexFunc(indicators, func(i Indicator) bool { return i.ID == id })
		if k < 0 {
			return nil, fmt.Errorf("rules.%s.headline of the configuration: there is no such indicator", id)
		}
		i := &indicators[k]
		at := slices.IndexFunc(i.Variants, func(v Variant) bool { return v.Name == headlines[id] })
		switch {
		case at < 0:
			names := make([]string, len(i.Variants))
			for n, v := range i.Variants {
				names[n] = v.Name
			}
			return nil, fmt.Errorf("rules.%s.headline of the configuration: there is no reading %q, choose one of %s", id, headlines[id], strings.Join(names, ", "))
		case at > 0:
			chosen := i.Variants[at]
			i.Variants = slices.Insert(slices.Delete(slices.Clone(i.Variants), at, at+1), 0, chosen)
			i.Version += "+headline=" + chosen.Name
		}
	}
	return indicators, nil
}

// headerError is what is wrong with a key of a header.
type headerError struct{ key, text string }

// readFlow reads how rows come together and the words around the numbers.
func (i *Indicator) readFlow(f ohsql.File) *headerError {
	i.Flow = Flow(f.Header["flow"])
	if !slices.Contains([]Flow{"", FlowSum, FlowOnce, FlowTotal, FlowLast, FlowState, FlowSurvival}, i.Flow) {
		return &headerError{"flow", fmt.Sprintf("want sum, once, total, latest, state or survival, got %q", i.Flow)}
	}
	i.Periods = []string{"month", "quarter", "year", "week"}
	if periods := f.Header["periods"]; periods != "" {
		i.Periods = words(periods)
	}
	i.Strata = words(f.Header["strata"])
	for _, dim := range i.Strata {
		if !slices.Contains(Dims(), dim) {
			return &headerError{"strata", fmt.Sprintf("%q is none of %s", dim, strings.Join(Dims(), ", "))}
		}
	}
	if slices.Contains(i.Strata, DimInstitution) && i.Flow == "" {
		return &headerError{"strata", "only an indicator with a flow can be read by institution"}
	}
	switch f.Header["place"] {
	case "":
	case "own":
		i.IsPlaced = true
	default:
		return &headerError{"place", fmt.Sprintf("want own, got %q", f.Header["place"])}
	}
	for _, set := range words(f.Header["set"]) {
		if !slices.Contains([]Set{SetSeed, SetStandard, SetPlan}, Set(set)) {
			return &headerError{"set", fmt.Sprintf("want seed, standard or plan, got %q", set)}
		}
		i.Sets = append(i.Sets, Set(set))
	}
	for key, title := range map[string]*Title{"calendar": &i.Calendar, "numerator": &i.Numerator, "denominator": &i.Denominator} {
		var err error
		if *title, err = parseTitle(f.Header[key]); err != nil {
			return &headerError{key, err.Error()}
		}
	}
	return nil
}

// DimInstitution is the dimension of the institution that examined, tested or reported.
const DimInstitution = "institution"

// Dims are the dimensions that values can be read by.
func Dims() []string { return []string{"township", "industry", "size", DimInstitution} }

// readBreaks reads "2026-08-01 = before > after: 中文 | English", several of them with a semicolon between.
func readBreaks(text string, variants []Variant) ([]Break, error) {
	var breaks []Break
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		head, reason, ok := strings.Cut(part, ":")
		day, pair, ok1 := strings.Cut(head, "=")
		before, after, ok2 := strings.Cut(pair, ">")
		b := Break{Date: strings.TrimSpace(day), Before: strings.TrimSpace(before), After: strings.TrimSpace(after)}
		if _, err := time.Parse(time.DateOnly, b.Date); !ok || !ok1 || !ok2 || err != nil {
			return nil, fmt.Errorf("want date = before > after: 中文 | English, got %q", strings.TrimSpace(part))
		}
		var err error
		if b.Reason, err = parseTitle(reason); err != nil {
			return nil, err
		}
		for _, name := range []string{b.Before, b.After} {
			if !slices.ContainsFunc(variants, func(v Variant) bool { return v.Name == name }) {
				return nil, fmt.Errorf("%q is not one of the variants", name)
			}
		}
		breaks = append(breaks, b)
	}
	slices.SortFunc(breaks, func(a, b Break) int { return strings.Compare(a.Date, b.Date) })
	return breaks, nil
}
