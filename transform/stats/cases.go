package stats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// ErrUnknownMethod is returned by Run for a method that this package does not have.
var ErrUnknownMethod = errors.New("unknown method")

// Run answers one case: the arguments of a method as a JSON object in, the result out, ready to be marshalled.
// Missing numbers are null, infinite ones the texts "Infinity" and "-Infinity", both ways; points of a series
// are counted from 1 and dates written as 2006-01-02. Arguments that the method does not use are ignored.
// Errors name the argument that is missing or can't be.
func Run(method string, input []byte) (Result, error) {
	run, ok := runners()[method]
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrUnknownMethod, method)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(input, &fields); err != nil || fields == nil {
		return nil, argumentError("input", "must be a JSON object")
	}
	args := &arguments{fields: fields}
	result, err := run(args)
	if args.err != nil { // a method that saw a missing argument may have stumbled over it
		return nil, args.err
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// Methods lists the names that Run knows, sorted.
func Methods() []string { return slices.Sorted(maps.Keys(runners())) }

// Known reports whether Run knows the method.
func Known(method string) bool {
	_, ok := runners()[method]
	return ok
}

type runner func(*arguments) (Result, error)

func runners() map[string]runner {
	return map[string]runner{
		"ears":                   runEARS,
		"mann_kendall":           runMannKendall,
		"apc":                    runAPC,
		"trend_proportions":      runTrendProportions,
		"proportion_ci":          runProportion,
		"two_proportions":        runTwoProportions,
		"rate_ci":                runRate,
		"rate_ratio":             runRateRatio,
		"direct_standardisation": runDirectStandardisation,
		"smr":                    runSMR,
		"funnel":                 runFunnel,
		"isoweek":                runISOWeek,
		"cusum":                  runCUSUM,
		"glr":                    runGLR,
		"rogerson":               runRogerson,
		"ewma":                   runEWMA,
		"bayes":                  runBayes,
		"farrington":             runFarrington,
		"farrington_flexible":    runFarringtonFlexible,
		"quality":                runQuality,
		"scan_spatial":           runScanSpatial,
		"scan_spacetime":         runScanSpacetime,
		"censored_lognormal":     runCensoredLognormal,
		"censored_km":            runCensoredKM,
		"censored_ros":           runCensoredROS,
		"en689":                  runEN689,
		"nowcast_lawless":        runNowcast,
		"joinpoint_grid":         runJoinpointGrid,
		"joinpoint_segmented":    runJoinpointSegmented,
		"count_test":             runCountTest,
		"dispersion":             runDispersion,
		"gap_chart":              runGapChart,
		"cusum_design":           runCUSUMDesign,
		"cusum_arl":              runCUSUMRunLength,
		"cusum_counts":           runCountCUSUM,
		"empirical_bayes":        runEmpiricalBayes,
		"gamma_prior":            runGammaPrior,
		"temporal_scan":          runTemporalScan,
		"window_test":            runWindowTest,
		"time_between":           runTimeBetween,
		"window_scan":            runWindowScan,
		"rate_cusum":             runRateCUSUM,
	}
}

// Result is what a method answers: named values in a fixed order.
type Result []Value

// Value is one named value of a Result: a float64, int, bool, string, nil (no answer), Result, or a slice of
// these.
type Value struct {
	Name  string
	Value any
}

// MarshalJSON writes the result as an object with its values in order.
func (r Result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(v.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(plain(v.Value))
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", v.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plain replaces the numbers that JSON does not have.
func plain(value any) any {
	switch v := value.(type) {
	case float64:
		switch {
		case math.IsNaN(v):
			return nil
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		return v + 0 // no minus zero
	case []float64:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = plain(x)
		}
		return list
	case [][]float64:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = plain(x)
		}
		return list
	}
	return value
}

// arguments reads the arguments of one case. The first problem is kept in err; what is read after it or is
// itself the problem is a zero value.
type arguments struct {
	fields map[string]json.RawMessage
	err    error
}

func (a *arguments) fail(field, format string, args ...any) {
	if a.err == nil {
		a.err = argumentError(field, format, args...)
	}
}

// has reports whether the argument is given and not null.
func (a *arguments) has(name string) bool {
	raw, ok := a.fields[name]
	return ok && string(raw) != "null"
}

// read decodes a required argument, reporting problems with a word for what is wanted.
func (a *arguments) read(name, wanted string, into any) bool {
	raw, ok := a.fields[name]
	if !ok {
		a.fail(name, "is missing")
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		a.fail(name, "must be %s, got %s", wanted, abbreviate(raw))
		return false
	}
	return true
}

func abbreviate(raw []byte) string {
	const most = 40
	if text := []rune(string(raw)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(raw)
}

// number is a float64 that reads null as NaN and knows the texts for infinity.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*n = number(math.NaN())
		return nil
	case `"Infinity"`, `"Inf"`:
		*n = number(math.Inf(1))
		return nil
	case `"-Infinity"`, `"-Inf"`:
		*n = number(math.Inf(-1))
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// number reads a number that must be there.
func (a *arguments) number(name string) float64 {
	if a.err == nil && !a.has(name) {
		a.fail(name, "is missing")
	}
	var n number
	a.read(name, "a number", &n)
	return float64(n)
}

// numberOr reads a number that may be left out or null.
func (a *arguments) numberOr(name string, otherwise float64) float64 {
	if !a.has(name) {
		return otherwise
	}
	return a.number(name)
}

// whole reads a whole number that fits an int of any machine.
func (a *arguments) whole(name string) int {
	x := a.number(name)
	if a.err == nil && (x != math.Trunc(x) || math.Abs(x) > 1<<30) {
		a.fail(name, "must be a whole number, got %v", x)
	}
	if a.err != nil {
		return 0
	}
	return int(x)
}

// wholeOr reads a whole number that may be left out or null.
func (a *arguments) wholeOr(name string, otherwise int) int {
	if !a.has(name) {
		return otherwise
	}
	return a.whole(name)
}

// numbers reads a list of numbers; a single number counts as a list of one.
func (a *arguments) numbers(name string) []float64 {
	if raw, ok := a.fields[name]; ok && len(raw) > 0 && raw[0] != '[' && string(raw) != "null" {
		return []float64{a.number(name)}
	}
	var list []number
	if !a.read(name, "a list of numbers", &list) {
		return nil
	}
	values := make([]float64, len(list))
	for i, n := range list {
		values[i] = float64(n)
	}
	return values
}

// numbersOr reads a list that may be left out or null.
func (a *arguments) numbersOr(name string, otherwise []float64) []float64 {
	if !a.has(name) {
		return otherwise
	}
	return a.numbers(name)
}

func (a *arguments) text(name string) string {
	var s string
	a.read(name, "a text", &s)
	return s
}

func (a *arguments) textOr(name, otherwise string) string {
	if !a.has(name) {
		return otherwise
	}
	return a.text(name)
}

// boolOr reads true or false, otherwise if left out or null.
func (a *arguments) boolOr(name string, otherwise bool) bool {
	if !a.has(name) {
		return otherwise
	}
	var b bool
	a.read(name, "true or false", &b)
	return b
}

// bools reads a list of true and false, or numbers of which 0 is false.
func (a *arguments) bools(name string) []bool {
	values, unknown := a.knownBools(name)
	for i, is := range unknown {
		if is {
			a.fail(name, "value %d must be true or false, got null", i+1)
		}
	}
	return values
}

// knownBools is bools with null for what is not known.
func (a *arguments) knownBools(name string) (values, unknown []bool) {
	var list []json.RawMessage
	if raw := a.fields[name]; len(raw) > 0 && raw[0] != '[' {
		list = []json.RawMessage{raw}
	} else if !a.read(name, "a list of true and false", &list) {
		return nil, nil
	}
	values, unknown = make([]bool, len(list)), make([]bool, len(list))
	for i, raw := range list {
		var x float64
		switch {
		case string(raw) == "null":
			unknown[i] = true
		case string(raw) == "true":
			values[i] = true
		case string(raw) == "false":
		case json.Unmarshal(raw, &x) == nil:
			values[i] = x != 0
		default:
			a.fail(name, "value %d must be true or false, got %s", i+1, abbreviate(raw))
		}
	}
	return values, unknown
}

// dates reads a list of days; null is the zero time.
func (a *arguments) dates(name string) []time.Time {
	var list []*string
	if raw, ok := a.fields[name]; ok && len(raw) > 0 && raw[0] == '"' {
		list = make([]*string, 1)
		a.read(name, "a date", &list[0])
	} else if !a.read(name, "a list of dates", &list) {
		return nil
	}
	days := make([]time.Time, len(list))
	for i, text := range list {
		if text == nil {
			continue
		}
		day, err := time.Parse(time.DateOnly, *text)
		if err != nil {
			a.fail(name, "value %d must be a date like 2025-07-31, got %q", i+1, *text)
			return nil
		}
		days[i] = day
	}
	return days
}

// corrected reports whether the case asks for the variant that mends the reference's mistakes, by "corrected": true or
// "variant": "corrected". The other variant is called "r".
func (a *arguments) corrected() bool {
	switch variant := a.textOr("variant", ""); variant {
	case "":
		return a.boolOr("corrected", false)
	case "corrected":
		return true
	case "r":
	default:
		a.fail("variant", "must be r or corrected, got %q", variant)
	}
	return false
}

// points reads range_from and range_to, counted from 1 and both included, as a stretch [from, to) counted from 0.
func (a *arguments) points() (from, to int) {
	return a.whole("range_from") - 1, a.whole("range_to")
}

// day reads one date.
func (a *arguments) day(name string) time.Time {
	days := a.dates(name)
	if a.err == nil && (len(days) != 1 || days[0].IsZero()) {
		a.fail(name, "must be one date")
	}
	if a.err != nil {
		return time.Time{}
	}
	return days[0]
}

// stretch reads counts and cuts them to range_from…range_to.
func (a *arguments) stretch() []float64 {
	counts := a.numbers("counts")
	from, to := a.points()
	if a.err == nil {
		a.err = checkRange(len(counts), from, to, 0)
	}
	if a.err != nil {
		return nil
	}
	return counts[from:to]
}

// start reads the place in its year of the first value, the second of the two numbers of start.
func (a *arguments) start() float64 {
	start := a.numbersOr("start", []float64{missing(), 1})
	if len(start) != 2 {
		a.fail("start", "must be two numbers, year and place in the year")
		return 1
	}
	return start[1]
}

// isText reports whether the argument is given as a text.
func (a *arguments) isText(name string) bool {
	raw := a.fields[name]
	return len(raw) > 0 && raw[0] == '"'
}

// alarms lists the alarms of points, null where they are not known.
func alarms[P any](points []P, alarm func(P) bool, known func(i int) bool) []any {
	list := make([]any, len(points))
	for i, p := range points {
		if known(i) {
			list[i] = alarm(p)
		}
	}
	return list
}

// column collects one value of every point.
func column[P, V any](points []P, value func(P) V) []V {
	list := make([]V, len(points))
	for i, p := range points {
		list[i] = value(p)
	}
	return list
}
