package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// Warning is the present state of a warning, with the fields that scripts rely on. Title is filled by Describe.
type Warning struct {
	ID        string   `ch:"id" json:"id"`
	Rule      string   `ch:"rule" json:"rule"`
	Version   string   `ch:"version" json:"version"`
	Severity  Severity `ch:"severity" json:"severity"`
	Object    string   `ch:"object" json:"object"`
	Area      string   `ch:"area" json:"area"`
	Addressee []string `ch:"addressee" json:"addressee"`
	FirstSeen string   `ch:"-" json:"first_seen"` // last day of the week in which it was raised first
	DueDay    string   `ch:"-" json:"due"`
	State     string   `ch:"state" json:"state"` // new, open, acknowledged, reopened, resolved, closed
	Title     string   `ch:"-" json:"title"`
	Evidence  []string `ch:"evidence" json:"evidence"` // stream:batch:row

	ObjectKind string            `ch:"object_kind" json:"-"`
	ObjectName string            `ch:"object_name" json:"-"`
	Cause      string            `ch:"cause" json:"-"`
	Score      float64           `ch:"score" json:"-"`
	Args       map[string]string `ch:"args" json:"-"`
	NEvidence  uint64            `ch:"n_evidence" json:"-"` // all of them, listed or not
	Due        *time.Time        `ch:"due" json:"-"`
	FirstWeek  string            `ch:"first_week" json:"-"`
	LastWeek   string            `ch:"last_week" json:"-"` // in which a rule saw it
	LastEvent  string            `ch:"last_event" json:"-"`
	Outcome    string            `ch:"outcome" json:"-"`
	ClosedN    uint64            `ch:"closed_n" json:"-"` // evidence there was when it was closed
	IsGone     bool              `ch:"is_gone" json:"-"`  // closed, and its cause has ended since
}

// Open reports whether somebody still has to act.
func (w Warning) Open() bool { return w.State != "resolved" && w.State != "closed" }

// Describe fills Title in the language of p.
func (w *Warning) Describe(p *message.Printer, title Title) {
	args := make(map[string]any, len(w.Args)+1)
	for name, value := range w.Args {
		args[name] = value
	}
	args["object"] = cmp.Or(w.ObjectName, w.Object)
	if p.Lang() == message.English { // words that a rule gives in both languages: what and what_en
		for name, value := range w.Args {
			if base, ok := strings.CutSuffix(name, "_en"); ok {
				args[base] = value
			}
		}
	}
	if method := w.Args["method"]; method != "" { // of a series
		args["methods"] = p.Text("series.method_"+method, nil)
	}
	key := "warn." + strings.ToLower(w.Rule) + ".title"
	if _, has := w.Args["p"]; !has && p.Text(key+"_plain", nil) != "["+key+"_plain]" {
		key += "_plain" // raised by an earlier version, which had no probability
	}
	w.Title = p.Text(key, args)
	if w.Title == "["+key+"]" { // a rule without a sentence of its own
		name := title.Zh
		if p.Lang() == message.English {
			name = title.En
		}
		w.Title = fmt.Sprintf("%v: %s", args["object"], name)
	}
}

// Evaluation is what came out of the rules for one week.
type Evaluation struct {
	Run      uint64
	Week     period.Period
	Warnings []Warning // raised or seen again in the week and not closed, most urgent first
	Opened   int
	Reopened int
	Resolved int
	Broken   []error // rules that did not work, with file and line; the others did
}

// Complete reports whether all rules worked.
func (e Evaluation) Complete() bool { return len(e.Broken) == 0 }

// LastWeek is the last ISO week that has ended before a day.
func LastWeek(today time.Time) period.Period { return period.Of(today, period.Week).Prev(1) }

// Evaluate runs all rules and detectors for an ISO week over what is known up to its end, brings the models up to
// date before, and adds to the history of the warnings: what is new is opened, what is seen again is noted once a
// week, a state that has ended is resolved, one that came back is reopened. Evaluating a week again adds nothing
// unless the data have changed; a week before the last one evaluated only adds what was not known then.
//
// Rules that don't work are named in Broken. The error is ErrNoRule when none works, ErrFutureWeek, or that of the
// warehouse.
func Evaluate(ctx context.Context, db *warehouse.DB, week period.Period, opt Options) (Evaluation, error) {
	opt = opt.withDefaults(db)
	if week.Start.After(opt.Today) {
		return Evaluation{}, ErrFutureWeek.With("week", week.String())
	}
	unlock, err := lock(ctx, db)
	if err != nil {
		return Evaluation{}, err
	}
	defer unlock()
	models, err := LoadModels(opt.Files)
	if err != nil {
		return Evaluation{}, err
	}
	rules, broken, err := LoadRules(opt.Files)
	if err != nil {
		return Evaluation{}, err
	}
	rules, wrong := configured(rules, opt.Rules)
	series, failed, err := LoadSeries(opt.Files)
	if err != nil {
		return Evaluation{}, err
	}
	broken = slices.Concat(broken, wrong, failed)
	record, err := startRun(ctx, db, opt, kindWarn, "warn")
	if err != nil {
		return Evaluation{}, err
	}
	e := Evaluation{Run: record.run, Week: week, Broken: broken}
	err = func() error {
		opt.Select = nil
		wanted, err := selected(models, nil, nil, nil)
		if err != nil {
			return err
		}
		wanted.indicators = false
		signatures, err := bringUp(ctx, db, opt, models, nil, wanted, record, &Result{})
		if err != nil {
			return err
		}
		failed, err := buildSeries(ctx, db, opt, week, series, signatures, record, &Result{})
		e.Broken = append(e.Broken, failed...)
		if err != nil {
			return err
		}
		return e.run(ctx, db, rules, opt)
	}()
	detail := week.String()
	if !e.Complete() {
		detail += " incomplete"
	}
	return e, errors.Join(err, record.end(ctx, uint64(len(e.Warnings)), detail, err))
}

func (e *Evaluation) run(ctx context.Context, db *warehouse.DB, rules []Rule, opt Options) error {
	known, err := Warnings(ctx, db)
	if err != nil {
		return err
	}
	latest, err := latestWeek(ctx, db)
	if err != nil {
		return err
	}
	byID := make(map[string]Warning, len(known))
	for _, w := range known {
		byID[w.ID] = w
	}
	h := history{week: e.Week, isPast: e.Week.String() < latest, at: opt.Now(), by: opt.By}
	worked := 0
	for _, r := range rules {
		found, err := r.candidates(ctx, db, e.Week, opt)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			e.Broken = append(e.Broken, err)
			continue
		}
		worked++
		seen := make(map[string]bool, len(found))
		for _, c := range found {
			seen[c.id(r.ID)] = true
			h.see(r, c, byID)
		}
		h.miss(r, seen, known)
	}
	if worked == 0 {
		return ErrNoRule.With("n", len(e.Broken))
	}
	if err := h.write(ctx, db); err != nil {
		return err
	}
	e.Opened, e.Reopened, e.Resolved = h.count("opened"), h.count("reopened"), h.count("resolved")
	after, err := Warnings(ctx, db)
	if err != nil {
		return err
	}
	for _, w := range after {
		if w.Open() && h.seen[w.ID] {
			e.Warnings = append(e.Warnings, w)
		}
	}
	return nil
}

// history collects the events of one evaluation.
type history struct {
	week   period.Period
	isPast bool // a later week was evaluated before
	at     time.Time
	by     string
	events []event
	seen   map[string]bool
}

// event is one row of wrn_event.
type event struct {
	Warning
	kind, week, by, comment string
	at                      time.Time
}

func (h *history) count(kind string) (n int) {
	for _, e := range h.events {
		if e.kind == kind {
			n++
		}
	}
	return n
}

// see notes a candidate.
func (h *history) see(r Rule, c candidate, known map[string]Warning) {
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	id := c.id(r.ID)
	h.seen[id] = true
	old, exists := known[id]
	w := Warning{
		ID: id, Rule: r.ID, Version: r.Version, Severity: Severity(c.Severity), Object: c.Object, Area: c.Area,
		Addressee: r.Addressee, Evidence: c.Evidence, ObjectKind: c.ObjectKind, ObjectName: c.ObjectName, Cause: c.Cause,
		Score: c.Score, Args: c.Args, NEvidence: c.NEvidence,
	}
	due := r.Due.after(h.week.End)
	w.Due = &due
	kind := ""
	switch {
	case !exists:
		kind = "opened"
	case h.isPast:
	case old.State == "resolved", old.State == "closed" && old.IsGone, old.State == "closed" && r.IsEvent && c.NEvidence > old.ClosedN:
		kind = "reopened"
	case old.State == "closed":
	case old.LastWeek != h.week.String() || old.Severity != w.Severity || old.NEvidence != w.NEvidence:
		kind = "seen_again"
		if old.Due != nil && !w.Severity.moreUrgent(old.Severity) {
			w.Due = old.Due // seeing it again is no new time to act
		}
	}
	if kind != "" {
		h.add(kind, w, "")
	}
}

func (s Severity) moreUrgent(other Severity) bool { return s != other && s.AtLeast(other) }

// miss notes what a rule no longer sees.
func (h *history) miss(r Rule, seen map[string]bool, known []Warning) {
	if h.isPast || r.IsEvent {
		return
	}
	for _, w := range known {
		if w.Rule != r.ID || seen[w.ID] || w.FirstWeek > h.week.String() {
			continue
		}
		switch {
		case w.Open():
			h.add("resolved", w, "")
		case w.State == "closed" && !w.IsGone:
			w.Outcome = outcomeGone
			h.add("comment", w, "")
		}
	}
}

// outcomeGone marks the comment that the cause of a closed warning has ended.
const outcomeGone = "gone"

func (h *history) add(kind string, w Warning, comment string) {
	h.events = append(h.events, event{Warning: w, kind: kind, week: h.week.String(), by: h.by, comment: comment, at: h.at})
}

func (h *history) write(ctx context.Context, db *warehouse.DB) error {
	return appendEvents(ctx, db, h.events)
}

var eventColumns = []string{
	"id", "at", "event", "week", "rule", "version", "severity", "object_kind", "object", "object_name", "area",
	"addressee", "cause", "due", "score", "args", "evidence", "n_evidence", "outcome", "by", "comment",
}

func appendEvents(ctx context.Context, db *warehouse.DB, events []event) error {
	if len(events) == 0 {
		return nil
	}
	a, err := db.Append(ctx, "wrn_event", eventColumns)
	if err != nil {
		return err
	}
	defer a.Close()
	for _, e := range events {
		args := e.Args
		if args == nil {
			args = map[string]string{}
		}
		row := []any{
			e.ID, e.at, e.kind, e.week, e.Rule, e.Version, string(e.Severity), e.ObjectKind, e.Object, e.ObjectName, e.Area,
			e.Addressee, e.Cause, e.Due, e.Score, maps.Clone(args), e.Evidence, uint32(e.NEvidence), e.Outcome, e.by, e.comment,
		}
		for i, value := range row {
			if err := a.Column(i).AppendRow(value); err != nil {
				return fmt.Errorf("write wrn_event, column %s: %w", eventColumns[i], err)
			}
		}
	}
	return a.Send()
}

// Warnings returns every warning in its present state, the open ones first and the most urgent first among them.
func Warnings(ctx context.Context, db *warehouse.DB) ([]Warning, error) {
	var found []Warning
	if err := db.Select(ctx, &found, "transform_warnings"); err != nil {
		return nil, fmt.Errorf("read warnings: %w", err)
	}
	for i := range found {
		w := &found[i]
		if week, err := period.Parse(w.FirstWeek); err == nil {
			w.FirstSeen = week.End.Format(time.DateOnly)
		}
		if w.Evidence == nil {
			w.Evidence = []string{} // an empty list in JSON, not null
		}
		if w.Due != nil {
			w.DueDay = w.Due.Format(time.DateOnly)
		}
	}
	slices.SortFunc(found, func(a, b Warning) int {
		return cmp.Or(
			cmp.Compare(closedRank(a), closedRank(b)),
			cmp.Compare(slices.Index(severities(), a.Severity), slices.Index(severities(), b.Severity)),
			cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

func closedRank(w Warning) int {
	if w.Open() {
		return 0
	}
	return 1
}

// latestWeek is the last week that was evaluated, empty when none was.
func latestWeek(ctx context.Context, db *warehouse.DB) (week string, err error) {
	if err := db.Row(ctx, "transform_latest_week", []any{&week}); err != nil {
		return "", err
	}
	return week, nil
}

// Acknowledge notes that somebody has taken a warning.
func Acknowledge(ctx context.Context, db *warehouse.DB, id, by, comment string) error {
	return change(ctx, db, id, "acknowledged", "", by, comment)
}

// CloseWarning notes what came of a warning. It stays closed until its cause has ended and comes back.
func CloseWarning(ctx context.Context, db *warehouse.DB, id, outcome, by, comment string) error {
	return change(ctx, db, id, "closed", outcome, by, comment)
}

func change(ctx context.Context, db *warehouse.DB, id, kind, outcome, by, comment string) error {
	known, err := Warnings(ctx, db)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(known, func(w Warning) bool { return w.ID == id })
	switch {
	case at < 0:
		return ErrUnknownWarning.With("id", id)
	case known[at].State == "closed":
		return ErrWarningClosed.With("id", id)
	}
	w := known[at]
	w.Outcome = outcome
	return appendEvents(ctx, db, []event{{Warning: w, kind: kind, week: w.LastWeek, by: by, comment: comment, at: db.Now()}})
}

// HistoryEvent is one event in the life of a warning.
type HistoryEvent struct {
	At       time.Time `ch:"at" json:"at"`
	Event    string    `ch:"event" json:"event"`
	Week     string    `ch:"week" json:"week"`
	Severity string    `ch:"severity" json:"severity"`
	Outcome  string    `ch:"outcome" json:"outcome"`
	By       string    `ch:"by" json:"by"`
	Comment  string    `ch:"comment" json:"comment"`
}

// History returns the events of a warning, oldest first.
func History(ctx context.Context, db *warehouse.DB, id string) ([]HistoryEvent, error) {
	var events []HistoryEvent
	if err := db.Select(ctx, &events, "transform_history", clickhouse.Named("id", id)); err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, ErrUnknownWarning.With("id", id)
	}
	return events, nil
}
