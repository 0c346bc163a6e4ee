package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ohwatch/warehouse"
)

// OpenName is a name that no list has, waiting for a decision, or decided.
type OpenName struct {
	ID         string      `json:"id"` // the same for the same kind and name, always
	Kind       string      `json:"kind"`
	Name       string      `json:"name"`            // in the form in which names are compared; for employers the key in the rows
	Label      string      `json:"label,omitempty"` // for keys: the name that came with it
	Rows       uint64      `json:"rows"`            // present rows that carry it
	FirstSeen  time.Time   `json:"first_seen"`
	LastSeen   time.Time   `json:"last_seen"`
	Senders    []string    `json:"senders"`
	Streams    []string    `json:"streams"`
	State      string      `json:"state"` // open or decided
	Decisions  []Decision  `json:"decisions"`
	Candidates []Candidate `json:"candidates"`
}

// nameID is a short number of a kind and name.
func nameID(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x1f" + name))
	return hex.EncodeToString(sum[:5])
}

// ErrNoName says that no name of that ID is open or decided.
var ErrNoName = errors.New("no such name")

// ErrNoCode says that a code or name is not on the list of its kind.
var ErrNoCode = errors.New("not on the list")

// Review answers questions about names that wait for a decision.
type Review struct {
	db        *warehouse.DB
	lists     *lists
	contracts []*Contract
	decisions decisions
	sources   []nameSource
	thesauri  map[string]*thesaurus
}

// nameSource is a column that holds names of a kind.
type nameSource struct {
	kind, stream, table, column string
	list                        bool   // the column is an array
	label                       string // column with the name that came with a key
	listed, code                string // table and column of the list that keys are looked for in
	besides                     string // column whose equal values do not count twice
	needsList                   bool   // while the list is empty nothing is amiss
}

// OpenReview reads the decisions in force.
func OpenReview(ctx context.Context, db *warehouse.DB) (*Review, error) {
	r := &Review{db: db, thesauri: map[string]*thesaurus{}}
	var err error
	if r.lists, err = embeddedLists(); err != nil {
		return nil, err
	}
	if r.contracts, err = Contracts(); err != nil {
		return nil, err
	}
	if r.decisions, err = readDecisions(ctx, db); err != nil {
		return nil, err
	}
	for _, c := range r.contracts {
		r.sources = append(r.sources, c.nameSources()...)
	}
	return r, nil
}

// nameSources are the columns of a stream that hold names.
func (c *Contract) nameSources() []nameSource {
	var found []nameSource
	add := func(kind, column string, list bool) {
		s := nameSource{kind: kind, stream: c.Stream, table: c.Table, column: column, list: list}
		if !slices.ContainsFunc(found, func(o nameSource) bool { return o.kind == kind && o.column == column }) {
			found = append(found, s)
		}
	}
	for _, j := range c.namedFields() {
		f := &c.Fields[j]
		add(nameKinds[f.Type], f.To[0], f.Type == "hazards")
	}
	columns := c.columns()
	for _, r := range c.Derive {
		switch {
		case r.Rule == "conclusions":
			add(KindHazard, "conclusion_hazard", true)
		case r.Rule == "employer" && c.Stream == "employer":
			add(KindEmployer, r.To[0], false)
		case r.Rule == "employer" && !r.Roster, r.Rule == "using_employer":
			add(KindEmployer, r.To[0], false)
			last := &found[len(found)-1]
			last.listed, last.code = "raw_employer", "employer_key"
			switch {
			case r.Rule == "using_employer":
				last.besides = "employer_key"
			case slices.Contains(columns, "employer_name"):
				last.label = "employer_name"
			}
		}
	}
	if slices.Contains(columns, "institution_code") && c.Stream != "institution" {
		add(KindInstitution, "institution_code", false)
		last := &found[len(found)-1]
		last.listed, last.code, last.needsList = "raw_institution", "institution_code", true
		if slices.Contains(columns, "institution_name") {
			last.label = "institution_name"
		}
	}
	return found
}

// query renders a query about one column.
func (r *Review) query(name string, s nameSource) (string, error) {
	text, err := queryText(name)
	if err != nil {
		return "", err
	}
	text, err = r.db.Render(text, map[string]any{
		"Table": s.table, "Column": s.column, "List": s.list, "Label": s.label, "Listed": s.listed, "Code": s.code, "Besides": s.besides, "NeedsList": s.needsList,
	})
	if err != nil {
		return "", fmt.Errorf("read names of %s: %w", s.table, err)
	}
	return text, nil
}

// Names returns the names of a kind (empty: all) that wait for a decision, or with decided those that have one,
// the commonest first; candidates are ranked for at most limit of them.
func (r *Review) Names(ctx context.Context, kind string, isDecided bool, limit int) ([]OpenName, error) {
	found := map[string]*OpenName{}
	for _, s := range r.sources {
		if kind != "" && s.kind != kind {
			continue
		}
		if err := r.scan(ctx, s, isDecided, found); err != nil {
			return nil, err
		}
	}
	if isDecided {
		for _, d := range r.decisions {
			if kind == "" || d.Kind == kind {
				n := entryOf(found, d.Kind, d.Name)
				n.Decisions = append(n.Decisions, d)
			}
		}
	}
	names := make([]OpenName, 0, len(found))
	for _, n := range found {
		n.State = "open"
		if isDecided {
			n.State = "decided"
		}
		slices.Sort(n.Senders)
		slices.SortFunc(n.Decisions, func(a, b Decision) int { return cmp.Compare(a.ID, b.ID) })
		names = append(names, *n)
	}
	slices.SortFunc(names, func(a, b OpenName) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Name, b.Name))
	})
	for i := range names[:min(limit, len(names))] {
		if err := r.suggest(ctx, &names[i], 5); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// entryOf returns the entry of a name, a new one when there is none.
func entryOf(found map[string]*OpenName, kind, name string) *OpenName {
	id := nameID(kind, name)
	n := found[id]
	if n == nil {
		n = &OpenName{ID: id, Kind: kind, Name: name, Senders: []string{}, Streams: []string{}, Decisions: []Decision{}, Candidates: []Candidate{}}
		found[id] = n
	}
	return n
}

// scan adds the names of one column.
func (r *Review) scan(ctx context.Context, s nameSource, isDecided bool, found map[string]*OpenName) error {
	text, err := r.query("review_open", s)
	if err != nil {
		return err
	}
	rows, err := r.db.QuerySQL(ctx, text)
	if err != nil {
		return fmt.Errorf("read open names of %s: %w", s.table, err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, sender, label string
		var n uint64
		var first, last time.Time
		if err := rows.Scan(&key, &sender, &label, &n, &first, &last); err != nil {
			return fmt.Errorf("read open names of %s: %w", s.table, err)
		}
		name := key
		if s.kind != KindEmployer && s.kind != KindInstitution {
			name = strings.TrimPrefix(key, openPrefix)
		}
		if _, ok := r.decisions.of(s.kind, sender, name); ok != isDecided {
			continue
		}
		e := entryOf(found, s.kind, name)
		e.Rows += n
		if e.FirstSeen.IsZero() || first.Before(e.FirstSeen) {
			e.FirstSeen = first
		}
		if last.After(e.LastSeen) {
			e.LastSeen = last
		}
		if e.Label == "" {
			e.Label = label
		}
		if sender != "" && !slices.Contains(e.Senders, sender) {
			e.Senders = append(e.Senders, sender)
		}
		if !slices.Contains(e.Streams, s.stream) {
			e.Streams = append(e.Streams, s.stream)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read open names of %s: %w", s.table, err)
	}
	return nil
}

// suggest ranks candidates for a name.
func (r *Review) suggest(ctx context.Context, n *OpenName, most int) error {
	t, err := r.thesaurus(ctx, n.Kind)
	if err != nil {
		return err
	}
	name := n.Name
	if n.Kind == KindEmployer || n.Kind == KindInstitution {
		name = strings.TrimPrefix(name, openPrefix)
		if n.Label != "" {
			name = n.Label
		}
	}
	n.Candidates = slices.DeleteFunc(t.rank(name, most+1), func(c Candidate) bool { return c.Code == n.Name })
	n.Candidates = n.Candidates[:min(most, len(n.Candidates))]
	return nil
}

// thesaurus returns the names of a kind with how often their codes are used.
func (r *Review) thesaurus(ctx context.Context, kind string) (*thesaurus, error) {
	if t := r.thesauri[kind]; t != nil {
		return t, nil
	}
	used := map[string]uint64{}
	for _, s := range r.sources {
		if s.kind != kind {
			continue
		}
		text, err := r.query("review_used", s)
		if err != nil {
			return nil, err
		}
		var counts []struct {
			Code string `ch:"code"`
			N    uint64 `ch:"n_rows"`
		}
		if err := r.db.Conn().Select(ctx, &counts, text); err != nil {
			return nil, fmt.Errorf("count the codes of %s: %w", s.table, err)
		}
		for _, c := range counts {
			used[c.Code] += c.N
		}
	}
	names, err := r.entries(ctx, kind)
	if err != nil {
		return nil, err
	}
	for i := range names {
		names[i].used = used[names[i].code]
	}
	t := newThesaurus(names)
	r.thesauri[kind] = t
	return t, nil
}

// entries are the names of the list of a kind.
func (r *Review) entries(ctx context.Context, kind string) ([]entry, error) {
	var names []entry
	take := func(list map[string]string) {
		for key, code := range list {
			if key != fold(code) && !digits(key) {
				names = append(names, entry{key: key, shown: key, code: code})
			}
		}
	}
	switch kind {
	case KindHazard:
		for key, ids := range r.lists.hazards {
			if len(ids) == 1 && key != fold(ids[0]) {
				shown := r.lists.hazardName(ids[0])
				if fold(shown) != key {
					shown += "（" + key + "）"
				}
				names = append(names, entry{key: key, shown: shown, code: ids[0]})
			}
		}
	case KindDisease:
		take(r.lists.diseases)
	case KindTownship:
		take(r.lists.townships)
	case KindIndustry:
		take(r.lists.industries)
	case KindEmployer:
		var employers []struct {
			Key    string   `ch:"employer_key"`
			Name   string   `ch:"employer_name"`
			Former []string `ch:"former_names"`
		}
		if err := r.db.Select(ctx, &employers, "ingest_roster"); err != nil {
			return nil, fmt.Errorf("read the roster: %w", err)
		}
		for _, e := range employers {
			for _, name := range append([]string{e.Name}, e.Former...) {
				names = append(names, entry{key: simple.Replace(employerName(name)), shown: name, code: e.Key})
			}
		}
	}
	if kind == KindInstitution {
		var institutions []struct {
			Code string `ch:"institution_code"`
			Name string `ch:"institution_name"`
		}
		if err := r.db.Select(ctx, &institutions, "review_institutions"); err != nil {
			return nil, fmt.Errorf("read the institutions: %w", err)
		}
		for _, i := range institutions {
			names = append(names, entry{key: simple.Replace(employerName(i.Name)), shown: i.Name, code: i.Code})
		}
	}
	slices.SortFunc(names, func(a, b entry) int { return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.key, b.key)) })
	return names, nil
}

// Find returns the name of an ID with its candidates and decisions, or ErrNoName.
func (r *Review) Find(ctx context.Context, id string) (OpenName, error) {
	open, err := r.Names(ctx, "", false, 0)
	if err != nil {
		return OpenName{}, err
	}
	settled, err := r.Names(ctx, "", true, 0)
	if err != nil {
		return OpenName{}, err
	}
	var found *OpenName
	for _, n := range append(settled, open...) {
		switch {
		case n.ID != id:
		case found == nil:
			found = &n
		default: // open for some senders, decided for others
			n.Decisions, n.Rows = found.Decisions, n.Rows+found.Rows
			found = &n
		}
	}
	if found == nil {
		return OpenName{}, fmt.Errorf("%s: %w", id, ErrNoName)
	}
	return *found, r.suggest(ctx, found, 10)
}

// As decides that a name stands for a code, which may be given by its name. A sender limits the decision to his
// files. A code that the list of the kind does not have is ErrNoCode.
func (r *Review) As(ctx context.Context, n OpenName, code, sender, by, reason string) (Decision, error) {
	found, err := r.code(ctx, n.Kind, code)
	if err != nil {
		return Decision{}, err
	}
	if found == "" || found == n.Name {
		return Decision{}, fmt.Errorf("%q as a %s: %w", code, n.Kind, ErrNoCode)
	}
	return r.record(ctx, Decision{Kind: n.Kind, Sender: sender, Name: n.Name, Action: actionCode, Code: found, By: by, Reason: reason})
}

// New decides that a name is right although no list has it: it leaves the queue and stays without a code. An
// employer that is known by its name only becomes one of its own.
func (r *Review) New(ctx context.Context, n OpenName, sender, by, reason string) (Decision, error) {
	d := Decision{Kind: n.Kind, Sender: sender, Name: n.Name, Action: actionNew, By: by, Reason: reason}
	if name, byName := strings.CutPrefix(n.Name, openPrefix); byName && n.Kind == KindEmployer {
		d.Code = "new:" + name
	}
	return r.record(ctx, d)
}

// Ignore decides that a name says nothing: it leaves the queue and is no longer counted as open.
func (r *Review) Ignore(ctx context.Context, n OpenName, sender, by, reason string) (Decision, error) {
	return r.record(ctx, Decision{Kind: n.Kind, Sender: sender, Name: n.Name, Action: actionIgnore, By: by, Reason: reason})
}

// Undo withdraws the decision on a name for a sender (empty: that for everybody). Without one it is ErrNoName.
func (r *Review) Undo(ctx context.Context, n OpenName, sender, by, reason string) (Decision, error) {
	if !slices.ContainsFunc(n.Decisions, func(d Decision) bool { return d.Sender == sender }) {
		return Decision{}, fmt.Errorf("no decision on %q: %w", n.Name, ErrNoName)
	}
	return r.record(ctx, Decision{Kind: n.Kind, Sender: sender, Name: n.Name, Action: actionUndo, By: by, Reason: reason})
}

func (r *Review) record(ctx context.Context, d Decision) (Decision, error) {
	var err error
	d.ID, err = decide(ctx, r.db, d)
	d.At = time.Now().UTC().Format(time.RFC3339)
	return d, err
}

// code returns the code that a text names, by code or by name; "" when the list of the kind has neither.
func (r *Review) code(ctx context.Context, kind, text string) (string, error) {
	switch kind {
	case KindHazard:
		if ids, _ := r.lists.hazard(text); len(ids) == 1 {
			return ids[0], nil
		}
		return "", nil
	case KindDisease:
		return r.lists.disease(text), nil
	case KindTownship:
		return r.lists.township(text), nil
	case KindIndustry:
		return r.lists.industry(text), nil
	}
	if code, valid := parseUSCC(text); valid && kind == KindEmployer {
		return code, nil
	}
	names, err := r.entries(ctx, kind)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range names {
		if e.code == text || e.key == simple.Replace(employerName(text)) {
			if found != "" && found != e.code {
				return "", nil
			}
			found = e.code
		}
	}
	return found, nil
}
