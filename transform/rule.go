package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// Severity of a warning, as rules.md of the domain has it.
type Severity string

// The severities, most urgent first.
const (
	Red    Severity = "red"    // act at once
	Orange Severity = "orange" // act within days
	Yellow Severity = "yellow" // act within the month
	Blue   Severity = "blue"   // notice, data quality
)

// Scan reads a severity from a column of text.
func (s *Severity) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("read a severity from %T", value)
	}
	*s = Severity(text)
	return nil
}

// severities are in the order of urgency.
func severities() []Severity { return []Severity{Red, Orange, Yellow, Blue} }

// ParseSeverity reads red, orange, yellow, blue, or high, medium, low for the first three.
func ParseSeverity(text string) (Severity, error) {
	switch text {
	case "high":
		return Red, nil
	case "medium":
		return Orange, nil
	case "low":
		return Yellow, nil
	}
	if s := Severity(text); slices.Contains(severities(), s) {
		return s, nil
	}
	return "", fmt.Errorf("severity %q: want red, orange, yellow or blue, or high, medium or low", text)
}

// AtLeast reports whether s is as urgent as other.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities(), s) <= slices.Index(severities(), other)
}

// Rule is one file of sql/rules: a query whose rows are candidates for warnings, and what is said about them.
type Rule struct {
	ID        string
	Version   string
	Title     Title
	Message   message.Text // what a warning says, with the args of its candidate as placeholders
	Source    string
	Severity  Severity
	Addressee []string
	Due       term
	IsEvent   bool // true: something happened, it stays open until a person closes it; false: a state, that ends by itself
	Detector  string
	Series    []string // that a detector watches
	Params    []Param
	IsExempt  bool                // its red warnings say act at once: no budget holds them back
	Tune      map[Severity]string // parameter that the score of its warnings is held against, by severity
	Path      string
	Body      string
}

// Param is a number or text that the query binds by its name.
type Param struct{ Name, Value string }

// param returns the value of a parameter.
func (r Rule) param(name string) string {
	for _, p := range r.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// with returns the rule with some parameters replaced, as a version of its own: the version of the file, a plus sign
// and the replaced parameters.
func (r Rule) with(values map[string]string) (Rule, error) {
	if len(values) == 0 {
		return r, nil
	}
	r.Params = slices.Clone(r.Params)
	var replaced []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(r.Params, func(p Param) bool { return p.Name == name })
		switch {
		case i < 0:
			return Rule{}, fmt.Errorf("rules.%s.%s of the configuration: the rule has no such parameter, it has %s", r.ID, name, r.paramNames())
		case isNumber(r.Params[i].Value) && !isNumber(values[name]):
			return Rule{}, fmt.Errorf("rules.%s.%s of the configuration: want a number, got %q", r.ID, name, values[name])
		case r.Params[i].Value == values[name]:
			continue
		}
		r.Params[i].Value = values[name]
		replaced = append(replaced, name+"="+values[name])
	}
	if len(replaced) > 0 {
		r.Version += "+" + strings.Join(replaced, ",")
	}
	return r, nil
}

func (r Rule) paramNames() string {
	names := make([]string, len(r.Params))
	for i, p := range r.Params {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// configured returns the rules with the parameters that the options replace. A replacement that makes no sense puts
// its rule among the broken ones.
func configured(rules []Rule, overrides map[string]map[string]string) (kept []Rule, broken []error) {
	left := maps.Clone(overrides)
	for _, r := range rules {
		c, err := r.with(overrides[r.ID])
		delete(left, r.ID)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		kept = append(kept, c)
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		broken = append(broken, fmt.Errorf("rules.%s of the configuration: there is no such rule", id))
	}
	return kept, broken
}

// number returns a parameter as a number; LoadRules has seen to it that it is one.
func (r Rule) number(name string) float64 {
	x, err := strconv.ParseFloat(r.param(name), 64)
	if err != nil {
		return 0
	}
	return x
}

// term is a time to respond.
type term struct {
	days    int
	working bool // Monday to Friday; public holidays are not known
}

// String writes the term as the header of a rule does.
func (t term) String() string {
	unit := "day"
	if t.working {
		unit = "working day"
	}
	if t.days > 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", t.days, unit)
}

// after returns the last day of the term that begins behind date.
func (t term) after(date time.Time) time.Time {
	if !t.working {
		return date.AddDate(0, 0, t.days)
	}
	for left := t.days; left > 0; {
		date = date.AddDate(0, 0, 1)
		if w := date.Weekday(); w != time.Saturday && w != time.Sunday {
			left--
		}
	}
	return date
}

func parseTerm(text string) (term, error) {
	fields := strings.Fields(text)
	if len(fields) >= 2 {
		n, err := strconv.Atoi(fields[0])
		unit := strings.TrimSuffix(strings.Join(fields[1:], " "), "s")
		if err == nil && n > 0 && (unit == "day" || unit == "working day") {
			return term{days: n, working: unit == "working day"}, nil
		}
	}
	return term{}, fmt.Errorf("want a number of days or working days, got %q", text)
}

// Addressees are the codes that rules may name.
func Addressees() []string {
	return []string{"WJW", "JDS", "CDC", "TS", "EMP", "INST", "RSJ", "YB", "MZ", "GOV"}
}

// LoadRules reads the rules of fsys, sorted by id. A rule that is wrong does not keep the others from working: it is
// left out, and its error, which names file and line, is one of broken. err is for a folder that cannot be read.
func LoadRules(fsys fs.FS) (rules []Rule, broken []error, err error) {
	entries, err := fs.ReadDir(fsys, "rules")
	if err != nil {
		return nil, nil, fmt.Errorf("list rules: %w", err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".sql")
		if e.IsDir() || !ok {
			continue
		}
		path := "rules/" + e.Name()
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
		rule, err := readRule(f)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		rules = append(rules, rule)
	}
	return rules, broken, nil
}

// RuleTexts are the messages of rules under the keys by which the catalogue knows them.
func RuleTexts(rules []Rule) map[string]message.Text {
	texts := make(map[string]message.Text, len(rules))
	for _, r := range rules {
		texts["warn."+strings.ToLower(r.ID)+".title"] = r.Message
	}
	return texts
}

func readRule(f ohsql.File) (Rule, error) {
	wrong := func(key, format string, args ...any) (Rule, error) {
		return Rule{}, fmt.Errorf("%s: line %d: %s: %s", f.Path, headerLine(f, key), key, fmt.Sprintf(format, args...))
	}
	known := []string{"id", "version", "title", "severity", "addressee", "due", "life", "source", "message", "params", "detector", "series", "budget", "tune"}
	for _, key := range f.Keys() {
		if !slices.Contains(known, key) {
			return wrong(key, "is not known to rules")
		}
	}
	for _, key := range known[:9] {
		if f.Header[key] == "" {
			return wrong(key, "the header must say it")
		}
	}
	r := Rule{
		ID: f.Header["id"], Version: f.Header["version"], Severity: Severity(f.Header["severity"]),
		Source: f.Header["source"], Detector: f.Header["detector"], Series: words(f.Header["series"]), Path: f.Path, Body: f.Body,
	}
	if r.ID != f.Name {
		return wrong("id", "is %q, the file's name is %q", r.ID, f.Name)
	}
	var err error
	if r.Title, err = parseTitle(f.Header["title"]); err != nil {
		return wrong("title", "%v", err)
	}
	said, err := parseTitle(f.Header["message"])
	if err != nil {
		return wrong("message", "%v", err)
	}
	r.Message = message.Text(said)
	if err := r.Message.Check(); err != nil {
		return wrong("message", "%v", err)
	}
	if !slices.Contains(severities(), r.Severity) {
		return wrong("severity", "want red, orange, yellow or blue, got %q", r.Severity)
	}
	for a := range strings.SplitSeq(f.Header["addressee"], ",") {
		if a = strings.TrimSpace(a); !slices.Contains(Addressees(), a) {
			return wrong("addressee", "%q is none of %s", a, strings.Join(Addressees(), ", "))
		}
		r.Addressee = append(r.Addressee, strings.TrimSpace(a))
	}
	if r.Due, err = parseTerm(f.Header["due"]); err != nil {
		return wrong("due", "%v", err)
	}
	switch f.Header["life"] {
	case "event":
		r.IsEvent = true
	case "state":
	default:
		return wrong("life", "want event or state, got %q", f.Header["life"])
	}
	if !slices.Contains([]string{"", detectorSeries, detectorScan, detectorTests}, r.Detector) {
		return wrong("detector", "want %s, %s or %s, got %q", detectorSeries, detectorScan, detectorTests, r.Detector)
	}
	if r.readsSeries() != (len(r.Series) > 0) {
		return wrong("series", "a detector of series or a scan, and no other rule, names its series")
	}
	for p := range strings.SplitSeq(f.Header["params"], ",") {
		if strings.TrimSpace(p) == "" {
			continue
		}
		name, value, ok := strings.Cut(p, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" {
			return wrong("params", "want name = value, got %q", strings.TrimSpace(p))
		}
		r.Params = append(r.Params, Param{name, value})
	}
	switch f.Header["budget"] {
	case "":
	case "exempt":
		r.IsExempt = true
	default:
		return wrong("budget", "want exempt or nothing, got %q", f.Header["budget"])
	}
	if r.Tune, err = r.tuned(f.Header["tune"]); err != nil {
		return wrong("tune", "%v", err)
	}
	used := parameters(r.Body)
	for _, p := range r.Params {
		if !r.readsSeries() && !slices.Contains(used, p.Name) && !(r.Detector == detectorTests && p.Name == fdrParameter) {
			return wrong("params", "%s is not used in the query", p.Name)
		}
	}
	if r.Detector != "" && !isNumber(r.param(fdrParameter)) {
		return wrong("params", "a detector names the false discovery rate, %s = 0.05", fdrParameter)
	}
	for _, name := range used {
		if !slices.Contains([]string{"week_start", "week_end", "city"}, name) && r.param(name) == "" {
			return Rule{}, fmt.Errorf("%s: line %d: the query binds {%s}, which params does not name", r.Path, lineOf(r.Body, "{"+name+":"), name)
		}
	}
	return r, nil
}

// tuned reads which parameter the score of a warning is held against: one for red and orange, or one for each, as "red red_days, orange orange_days".
func (r Rule) tuned(text string) (map[Severity]string, error) {
	found := map[Severity]string{}
	for _, part := range words(text) {
		of, name := []Severity{Red, Orange}, part
		if severity, rest, ok := strings.Cut(part, " "); ok {
			of, name = []Severity{Severity(severity)}, strings.TrimSpace(rest)
			if !slices.Contains(severities(), of[0]) {
				return nil, fmt.Errorf("want PARAMETER, or SEVERITY PARAMETER, got %q", part)
			}
		}
		if !isNumber(r.param(name)) {
			return nil, fmt.Errorf("%q is no parameter of the rule that is a number", name)
		}
		for _, s := range of {
			found[s] = name
		}
	}
	return found, nil
}

// lineOf is the number of the line in which text stands first.
func lineOf(body, text string) int {
	before, _, _ := strings.Cut(body, text)
	return strings.Count(before, "\n") + 1
}

// candidate is one row of a rule's query: something that may become a warning.
type candidate struct {
	ObjectKind string            `ch:"object_kind"`
	Object     string            `ch:"object"`
	ObjectName string            `ch:"object_name"`
	Area       string            `ch:"area"`
	Severity   string            `ch:"severity"`
	Cause      string            `ch:"cause"`
	Score      float64           `ch:"score"`
	Args       map[string]string `ch:"args"`
	Evidence   []string          `ch:"evidence"`
	NEvidence  uint64            `ch:"n_evidence"`
}

// argAddressee is the argument by which a candidate names its addressees when they are not all those of the rule.
const argAddressee = "addressee"

// to are those who must act on the candidate.
func (c candidate) to(r Rule) []string {
	if c.Args[argAddressee] == "" {
		return r.Addressee
	}
	return words(c.Args[argAddressee])
}

// id names the warning: one object, one rule, one cause.
func (c candidate) id(rule string) string {
	h := sha256.Sum256([]byte(c.Object + "\x1f" + c.Cause))
	return rule + "-" + hex.EncodeToString(h[:4])
}

// maxEvidence is how many rows a warning lists; n_evidence counts them all.
const maxEvidence = 20

// candidates runs the query of a rule for a week. An error names the file and, where the engine says so, the line.
func (r Rule) candidates(ctx context.Context, db *warehouse.DB, week period.Period, opt Options) ([]candidate, error) {
	values := r.values(week, opt)
	switch r.Detector {
	case detectorSeries:
		return r.seriesCandidates(ctx, db, week, opt)
	case detectorScan:
		return r.scanCandidates(ctx, db, week, opt)
	}
	text, err := templated(db, "transform_candidates", map[string]any{"Select": r.Body, "Check": false})
	if err != nil {
		return nil, err
	}
	var found []candidate
	limited := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": DefaultMemory}))
	if err := db.Conn().Select(limited, &found, text, bind(r.Body, values)...); err != nil {
		return nil, r.failure(err)
	}
	seen := make(map[string]bool, len(found))
	for i := range found {
		c := &found[i]
		switch {
		case !slices.Contains(severities(), Severity(c.Severity)):
			return nil, fmt.Errorf("%s: line 1: the query returns severity %q", r.Path, c.Severity)
		case c.Object == "":
			return nil, fmt.Errorf("%s: line 1: the query returns a candidate without object", r.Path)
		case slices.ContainsFunc(c.to(r), func(a string) bool { return !slices.Contains(r.Addressee, a) }):
			return nil, fmt.Errorf("%s: line 1: the query returns addressees %q, the rule has %s", r.Path, c.Args[argAddressee], strings.Join(r.Addressee, ", "))
		case seen[c.id(r.ID)]:
			return nil, fmt.Errorf("%s: line 1: the query returns object %s with cause %s twice", r.Path, c.Object, c.Cause)
		}
		seen[c.id(r.ID)] = true
		if len(c.Evidence) > maxEvidence {
			c.Evidence = c.Evidence[:maxEvidence]
		}
	}
	if r.Detector == detectorTests {
		return r.called(found)
	}
	return found, nil
}

// readsSeries reports whether the rule watches series and has no query of its own.
func (r Rule) readsSeries() bool { return r.Detector == detectorSeries || r.Detector == detectorScan }

// CheckRules returns what is wrong with the rules and the parameters that replace theirs, each error with file and line: headers,
// and queries that the engine refuses or that return other columns than a candidate has. Queries are planned, not run, and only
// once the models that they read have been built. err is for what keeps any rule from being read.
func CheckRules(ctx context.Context, db *warehouse.DB, opt Options) (broken []error, err error) {
	opt = opt.withDefaults(db)
	rules, broken, err := LoadRules(opt.Files)
	if err != nil {
		return nil, err
	}
	rules, wrong := configured(rules, opt.Rules)
	broken = append(broken, wrong...)
	models, err := LoadModels(opt.Files)
	if err != nil {
		return nil, err
	}
	tables, err := listTables(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if _, built := tables[m.Name]; !built {
			return broken, nil
		}
	}
	week := LastWeek(opt.Today)
	for _, r := range rules {
		if r.readsSeries() {
			continue
		}
		text, err := templated(db, "transform_candidates", map[string]any{"Select": r.Body, "Check": true})
		if err != nil {
			return nil, err
		}
		var plan []struct {
			Line string `ch:"explain"`
		}
		if err := db.Conn().Select(ctx, &plan, text, bind(r.Body, r.values(week, opt))...); err != nil {
			broken = append(broken, r.failure(err))
		}
	}
	return broken, ctx.Err()
}

// values are bound in the query of the rule.
func (r Rule) values(week period.Period, opt Options) map[string]string {
	values := opt.values()
	delete(values, "today")
	delete(values, "as_of")
	values["week_start"], values["week_end"] = week.Start.Format(time.DateOnly), week.End.Format(time.DateOnly)
	for _, p := range r.Params {
		values[p.Name] = p.Value
	}
	return values
}

// failure adds the file and the line to an error of the engine.
func (r Rule) failure(err error) error { return engineFailure(r.Path, r.Body, candidateLines, err) }

// engineFailure adds to an error of the engine the file of a definition and the line in it; before is the number of
// lines that stood before its text in the query that failed.
func engineFailure(path, body string, before int, err error) error {
	var ex *clickhouse.Exception
	if !errors.As(err, &ex) {
		return fmt.Errorf("%s: line 1: %w", path, err)
	}
	line := 1
	if _, rest, ok := strings.Cut(ex.Message, "(line "); ok {
		if n, e := strconv.Atoi(rest[:max(strings.IndexAny(rest, ",)"), 0)]); e == nil {
			line = max(n-before, 1)
		}
	} else {
		for _, m := range quotedName.FindAllStringSubmatch(ex.Message, -1) {
			if strings.Contains(body, m[1]) {
				line = lineOf(body, m[1])
				break
			}
		}
	}
	short, _, _ := strings.Cut(ex.Message, ". In scope ")
	short, _, _ = strings.Cut(short, " in scope ")
	return fmt.Errorf("%s: line %d: %s (code %d)", path, line, short, ex.Code)
}

// quotedName is a name that the engine quotes in an error.
var quotedName = regexp.MustCompile("['`]([A-Za-z_][A-Za-z0-9_.]*)['`]")

// candidateLines is the number of lines that transform_candidates puts before a rule's own text.
const candidateLines = 9
