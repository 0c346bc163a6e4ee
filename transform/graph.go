package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	ohsql "ohwatch/sql"
)

// Model is one file of sql/models: a SELECT whose result is kept as a table of the same name.
type Model struct {
	Name   string
	Title  Title
	Grain  string // what one row is
	Order  string // columns of the table's sorting key
	Engine string // table engine
	Path   string
	Body   string

	Keys       []Key    // by which parts of the table can be made anew; none: it is made as a whole
	Models     []string // models that it reads, sorted
	Sources    []string // raw_, ops_ and ref_ tables that it reads, sorted
	Parameters []string // names of the values bound in it: as_of, city, today
}

// Title is a name in the two languages of the product.
type Title struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// ErrGraph is what LoadModels wraps when the models cannot be put in an order.
type ErrGraph struct {
	Files  []string // paths of the files concerned, in the order in which they read each other
	Reason string
}

func (e *ErrGraph) Error() string { return strings.Join(e.Files, " → ") + ": " + e.Reason }

// LoadModels reads the models of fsys and returns them so that each stands behind those that it reads. Which
// ones these are is read off the SQL. Errors name the files: a header that is wrong, or models that read each
// other in a circle (*ErrGraph).
func LoadModels(fsys fs.FS) ([]Model, error) {
	files, err := ohsql.LoadFS(fsys, "models")
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*Model, len(files))
	for _, f := range files {
		m, err := readModel(f)
		if err != nil {
			return nil, err
		}
		byName[m.Name] = &m
	}
	var names []string
	for _, f := range files {
		m := byName[f.Name]
		names = append(names, m.Name)
		for _, word := range identifiers(m.Body) {
			switch _, isModel := byName[word]; {
			case isModel && word != m.Name:
				m.Models = append(m.Models, word)
			case hasPrefix(word, rawPrefix, "ops_", "ref_"):
				m.Sources = append(m.Sources, word)
			}
		}
		if m.Keys, err = readKeys(f, slices.Concat(m.Models, m.Sources)); err != nil {
			return nil, err
		}
	}
	order, err := sortModels(names, byName)
	if err != nil {
		return nil, err
	}
	models := make([]Model, len(order))
	for i, name := range order {
		models[i] = *byName[name]
	}
	return models, nil
}

func readModel(f ohsql.File) (Model, error) {
	m := Model{
		Name: f.Name, Path: f.Path, Body: f.Body, Grain: f.Header["grain"], Order: f.Header["order"],
		Engine: f.Header["engine"], Parameters: parameters(f.Body),
	}
	if m.Engine == "" {
		m.Engine = "MergeTree"
	}
	for _, key := range f.Keys() {
		if !slices.Contains([]string{"name", "title", "grain", "order", "engine"}, key) && !strings.HasPrefix(key, keyPrefix) {
			return Model{}, fmt.Errorf("%s: line %d: header key %q is not known to models", f.Path, headerLine(f, key), key)
		}
	}
	if f.Header["name"] != f.Name {
		return Model{}, fmt.Errorf("%s: line %d: name is %q, the file's is %q", f.Path, headerLine(f, "name"), f.Header["name"], f.Name)
	}
	title, err := parseTitle(f.Header["title"])
	if err != nil {
		return Model{}, fmt.Errorf("%s: line %d: title: %w", f.Path, headerLine(f, "title"), err)
	}
	m.Title = title
	for _, key := range []string{"grain", "order"} {
		if f.Header[key] == "" {
			return Model{}, fmt.Errorf("%s: line 1: header has no %s", f.Path, key)
		}
	}
	if strings.TrimSpace(uncommented(f.Body)) == "" {
		return Model{}, fmt.Errorf("%s: line %d: there is no SELECT", f.Path, f.Line)
	}
	return m, nil
}

// sortModels orders names by what they read, alphabetically where that leaves a choice.
func sortModels(names []string, byName map[string]*Model) ([]string, error) {
	const reading, done = 1, 2
	state := make(map[string]int, len(names))
	var order, path []string
	var visit func(name string) error
	visit = func(name string) error {
		switch state[name] {
		case done:
			return nil
		case reading:
			circle := &ErrGraph{Reason: "these models read each other in a circle"}
			for _, n := range append(path[slices.Index(path, name):], name) {
				circle.Files = append(circle.Files, byName[n].Path)
			}
			return circle
		}
		state[name] = reading
		path = append(path, name)
		for _, input := range byName[name].Models {
			if err := visit(input); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		order = append(order, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// batchModel is the model that lists the batches that count. Models that read streams depend on it through
// these streams only: a batch of doses does not make the exams stale.
const batchModel = "stg_batch"

// aliasModel is the model that lists the decisions on names, by batch where they hold for one sender. Models that
// read streams depend on the decisions and, through their streams, on the batches.
const aliasModel, aliasSource = "stg_alias", "ops_alias"

// signature says of what a model's table was made: its text, the values bound in it, and the signatures of
// what it reads. Tables with equal signatures hold the same rows.
// inputs are the signatures of sources, and of models what stands for their contents.
func (m Model) signature(inputs map[string]string, values map[string]string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x1f%s\x1f%s", m.Body, m.Order, m.Engine)
	for _, name := range m.Models {
		if name == batchModel && m.readsStream() {
			continue
		}
		if name == aliasModel && m.readsStream() {
			name = aliasSource
		}
		fmt.Fprintf(h, "\x1f%s=%s", name, inputs[name])
	}
	for _, name := range m.Sources {
		fmt.Fprintf(h, "\x1f%s=%s", name, inputs[name])
	}
	for _, name := range m.Parameters {
		if name != "as_of" { // what is known at an instant shows in the batches
			fmt.Fprintf(h, "\x1f{%s}=%s", name, values[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (m Model) readsStream() bool {
	return slices.ContainsFunc(m.Sources, func(s string) bool { return strings.HasPrefix(s, rawPrefix) })
}

var (
	commentOrText = regexp.MustCompile(`'(?:[^'\\]|\\.|'')*'|--[^\n]*|(?s:/\*.*?\*/)`)
	commentOnly   = regexp.MustCompile(`('(?:[^'\\]|\\.|'')*')|--[^\n]*|(?s:/\*.*?\*/)`)
	identifier    = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	parameter     = regexp.MustCompile(`\{([a-z_][a-z0-9_]*):[^{}]+\}`)
)

// identifiers returns the words of a query outside comments and texts, sorted, each once.
func identifiers(body string) []string {
	words := identifier.FindAllString(commentOrText.ReplaceAllString(body, " "), -1)
	slices.Sort(words)
	return slices.Compact(words)
}

// parameters returns the names of the values that a query binds, sorted, each once.
func parameters(body string) []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(uncommented(body), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func uncommented(body string) string { return commentOnly.ReplaceAllString(body, "$1") }

func hasPrefix(word string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(word, p) })
}

// parseTitle reads "中文 | English".
func parseTitle(text string) (Title, error) {
	zh, en, ok := strings.Cut(text, "|")
	t := Title{Zh: strings.TrimSpace(zh), En: strings.TrimSpace(en)}
	if !ok || t.Zh == "" || t.En == "" {
		return Title{}, fmt.Errorf("want 中文 | English, got %q", text)
	}
	return t, nil
}

// headerLine is the number of the line in which a header key stands, 1 when it is not there.
func headerLine(f ohsql.File, key string) int {
	for i, line := range strings.Split(f.Body, "\n") {
		if i+1 >= f.Line {
			break
		}
		if rest, ok := strings.CutPrefix(line, "--"); ok && strings.HasPrefix(strings.TrimSpace(rest), key+":") {
			return i + 1
		}
	}
	return 1
}
