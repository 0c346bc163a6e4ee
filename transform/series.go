package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	ohsql "ohwatch/sql"
)

// Series is one file of sql/series: a query whose rows are dated facts, counted by week in each of its strata.
type Series struct {
	ID            string
	Version       string
	Title         Title
	Stream        string   // that the facts come from
	Date          string   // what dates a fact: the calendar of the series
	Strata        []string // dimensions of a stratum's key, in order
	Source        string
	HasPopulation bool   // counts are compared per unit of the population of the same week, 'none' otherwise
	Population    string // what that is
	Delay         string // the date on which a fact became known, "none" when it is known on its day
	Direction     Direction
	Methods       []string // detectors that judge each week: auto or names of detectors
	FromFirst     bool     // a stratum begins with its own first fact, not with the first of the definition
	Params        []Param
	Path          string
	Body          string

	Models     []string // models that the query reads
	References []string // ref_ tables that it reads
	settings   seriesSettings
}

// Direction says which side of the expected is of interest.
type Direction string

// The directions of a series.
const (
	Up   Direction = "up"   // too many
	Down Direction = "down" // too few: silence
	Both Direction = "both" // volume
)

// auto is the detector that is chosen by expected count and length of history, see Choose.
const auto = "auto"

// seriesSettings are the parameters of a series. A definition names those that differ.
type seriesSettings struct {
	alpha       float64 // error rate of one evaluation on each side looked at
	baseline    int     // weeks that are learned from
	gap         int     // newest weeks before the judged ones that are not learned from (window_test, volume)
	window      int     // weeks judged together (window_test)
	pool        bool    // window_test borrows from the other strata
	maxDelay    int     // weeks after which a week is settled
	delayWindow int     // newest weeks that the delays are learned from
	years       int     // calendar years of results that are kept, the running one included; 0: all
	minReported float64 // share below which a week is not judged yet
	earsC3      float64 // error rate of both forms of C3
	minSigma    float64 // of EARS
}

func defaultSettings() map[string]string {
	return map[string]string{
		"alpha": "0.01", "baseline": "260", "gap": "0", "window": "1", "pool": "0", "max_delay": "8", "delay_window": "104",
		"min_reported": "0.1", "years": "2", "alpha_c3": "0.025", "min_sigma": "0",
	}
}

// SettingsText are all parameters of the series, those that its file does not name included, as "name = value".
func (s Series) SettingsText() string {
	values := s.values()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+" = "+values[name])
	}
	return strings.Join(parts, ", ")
}

func (s Series) values() map[string]string {
	values := defaultSettings()
	for _, p := range s.Params {
		values[p.Name] = p.Value
	}
	return values
}

// seriesProgram is the version of the arithmetic that turns counts into results. It changes whenever a result may,
// and makes every week be computed again.
const seriesProgram = "1"

// digest changes with everything but the data that results depend on.
func (s Series) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x1f%s\x1f%s", seriesProgram, s.Body, s.SettingsText())
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// hasDelay reports whether facts become known later than they happen.
func (s Series) hasDelay() bool { return s.Delay != "none" }

// LoadSeries reads the series of fsys, sorted by id. Like a rule, a definition that is wrong does not keep the others
// from working: it is left out and its error is one of broken.
func LoadSeries(fsys fs.FS) (all []Series, broken []error, err error) {
	entries, err := fs.ReadDir(fsys, "series")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list series: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".sql")
		if e.IsDir() || !ok {
			continue
		}
		path := "series/" + e.Name()
		text, err := fs.ReadFile(fsys, path)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		f, err := ohsql.Parse(string(text))
		if err != nil {
			broken = append(broken, fmt.Errorf("%s: %w", path, err))
			continue
		}
		f.Name, f.Path = name, path
		s, err := readSeries(f)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		all = append(all, s)
	}
	return all, broken, nil
}

// seriesKeys are the keys of a series' header; the last ones may be missing.
func seriesKeys() (required, optional []string) {
	return []string{"id", "version", "title", "stream", "date", "strata", "population", "delay", "direction", "methods", "source"},
		[]string{"begins", "bulletin", "params"}
}

func readSeries(f ohsql.File) (Series, error) {
	wrong := func(key, format string, args ...any) (Series, error) {
		return Series{}, fmt.Errorf("%s: line %d: %s: %s", f.Path, headerLine(f, key), key, fmt.Sprintf(format, args...))
	}
	required, optional := seriesKeys()
	for _, key := range f.Keys() {
		if !slices.Contains(required, key) && !slices.Contains(optional, key) {
			return wrong(key, "is not known to series")
		}
	}
	for _, key := range required {
		if f.Header[key] == "" {
			return wrong(key, "the header must say it")
		}
	}
	s := Series{
		ID: f.Header["id"], Version: f.Header["version"], Stream: f.Header["stream"], Date: f.Header["date"],
		Strata: words(f.Header["strata"]), Source: f.Header["source"], Population: f.Header["population"],
		HasPopulation: f.Header["population"] != "none", Delay: f.Header["delay"], Direction: Direction(f.Header["direction"]),
		Methods: words(f.Header["methods"]), Path: f.Path, Body: f.Body,
	}
	if s.ID != f.Name {
		return wrong("id", "is %q, the file's name is %q", s.ID, f.Name)
	}
	var err error
	if s.Title, err = parseTitle(f.Header["title"]); err != nil {
		return wrong("title", "%v", err)
	}
	if !slices.Contains([]Direction{Up, Down, Both}, s.Direction) {
		return wrong("direction", "want up, down or both, got %q", s.Direction)
	}
	for _, m := range s.Methods {
		if !slices.Contains(detectorNames(), m) {
			return wrong("methods", "%q is none of %s", m, strings.Join(detectorNames(), ", "))
		}
		if s.Direction != Up && m != auto && m != detectorVolume {
			return wrong("methods", "%s looks for too many only, the direction is %s", m, s.Direction)
		}
	}
	switch f.Header["begins"] {
	case "", "definition":
	case "stratum":
		s.FromFirst = true
	default:
		return wrong("begins", "want definition or stratum, got %q", f.Header["begins"])
	}
	if of, ok := f.Header["bulletin"]; ok && of != "city" && of != "township" {
		return wrong("bulletin", "want city or township, got %q", of)
	}
	for p := range strings.SplitSeq(f.Header["params"], ",") {
		if strings.TrimSpace(p) == "" {
			continue
		}
		name, value, _ := strings.Cut(p, "=")
		s.Params = append(s.Params, Param{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	if err := s.set(); err != nil {
		return wrong("params", "%v", err)
	}
	for _, name := range parameters(s.Body) {
		if name != "city" {
			return Series{}, fmt.Errorf("%s: line %d: the query binds {%s}; a series knows city only", s.Path, lineOf(s.Body, "{"+name+":"), name)
		}
	}
	for _, word := range identifiers(s.Body) {
		switch {
		case hasPrefix(word, "stg_", "dim_", "fct_"):
			s.Models = append(s.Models, word)
		case hasPrefix(word, "ref_"):
			s.References = append(s.References, word)
		case hasPrefix(word, "raw_", "ops_"):
			return Series{}, fmt.Errorf("%s: line %d: reads %s; a series reads models, which know which batches count", s.Path, lineOf(s.Body, word), word)
		}
	}
	return s, nil
}

// words are the parts of a list with commas.
func words(text string) []string {
	var all []string
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// maxBaseline bounds the weeks that a result may depend on.
const maxBaseline = 520

// set reads the parameters.
func (s *Series) set() error {
	known := defaultSettings()
	for _, p := range s.Params {
		if _, ok := known[p.Name]; !ok {
			return fmt.Errorf("%q is none of %s", p.Name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	values := s.values()
	numbers := make(map[string]float64, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		x, err := strconv.ParseFloat(values[name], 64)
		if err != nil {
			return fmt.Errorf("%s: want a number, got %q", name, values[name])
		}
		numbers[name] = x
	}
	for name, limits := range map[string][2]float64{
		"baseline": {8, maxBaseline}, "gap": {0, 52}, "window": {1, 104}, "pool": {0, 1}, "max_delay": {0, 52}, "delay_window": {1, maxWeeks},
		"years": {0, maxWeeks / yearWeeks},
	} {
		if x := numbers[name]; x != float64(int(x)) || x < limits[0] || x > limits[1] {
			return fmt.Errorf("%s: want a whole number from %v to %v, got %s", name, limits[0], limits[1], values[name])
		}
	}
	for _, name := range []string{"alpha", "alpha_c3"} {
		if x := numbers[name]; !(x > 0 && x < 0.5) {
			return fmt.Errorf("%s: want a number between 0 and 0.5, got %s", name, values[name])
		}
	}
	if x := numbers["min_reported"]; !(x >= 0 && x <= 1) {
		return fmt.Errorf("min_reported: want a share from 0 to 1, got %s", values["min_reported"])
	}
	if !(numbers["min_sigma"] >= 0) {
		return fmt.Errorf("min_sigma: want a number, at least 0, got %s", values["min_sigma"])
	}
	s.settings = seriesSettings{
		alpha: numbers["alpha"], baseline: int(numbers["baseline"]), gap: int(numbers["gap"]), window: int(numbers["window"]),
		pool: numbers["pool"] == 1, maxDelay: int(numbers["max_delay"]), delayWindow: int(numbers["delay_window"]),
		years: int(numbers["years"]), minReported: numbers["min_reported"], earsC3: numbers["alpha_c3"], minSigma: numbers["min_sigma"],
	}
	if !s.hasDelay() {
		s.settings.maxDelay = 0
	}
	return nil
}
