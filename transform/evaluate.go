package transform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

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
	first, err := firstWeeks(ctx, db)
	if err != nil {
		return err
	}
	h := history{week: e.Week, isPast: e.Week.String() < latest, today: opt.Today, at: opt.Now(), by: opt.By, seen: map[string]bool{}}
	var worked []ruleWeek
	asked := askAll(ctx, rules, opt.Log, e.Week, func(r Rule) (a answer) {
		if a.found, a.err = r.candidates(ctx, db, e.Week, opt); a.err == nil {
			a.err = r.markBacklog(ctx, db, e.Week, first, a.found, byID, opt)
		}
		if a.err == nil {
			a.late, a.err = r.late(ctx, db, e.Week, first[ruleVersion{r.ID, r.Version}], h.isPast, a.found, byID, opt)
		}
		return a
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, r := range rules {
		a := asked[i]
		if a.err != nil {
			e.Broken = append(e.Broken, a.err)
			continue
		}
		seen := make(map[string]bool, len(a.found))
		for _, c := range slices.Concat(a.found, a.late.missed) {
			seen[c.id(r.ID)] = true
			h.see(r, c, a.late.since[c.id(r.ID)], byID)
		}
		h.miss(r, seen, known)
		worked = append(worked, ruleWeek{ruleVersion{r.ID, r.Version}, e.Week.String(), h.at, e.Run, uint32(len(seen))})
	}
	if len(worked) == 0 {
		return ErrNoRule.With("n", len(e.Broken))
	}
	if !h.isPast {
		h.escalate(known, e.Week.End.AddDate(0, 0, 1))
	}
	if err := h.write(ctx, db); err != nil {
		return err
	}
	if err := appendRuleWeeks(ctx, db, worked); err != nil {
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

// answer is what a rule says of a week.
type answer struct {
	found []candidate
	late  lateness
	err   error
}

// askAll asks the rules about a week, two at a time: while the engine works for one of them, the rows of the other are read.
func askAll(ctx context.Context, rules []Rule, log *slog.Logger, week period.Period, ask func(Rule) answer) []answer {
	answers := make([]answer, len(rules))
	next := make(chan int)
	var workers sync.WaitGroup
	for range ruleWorkers {
		workers.Go(func() {
			for i := range next {
				start := time.Now()
				a := ask(rules[i])
				answers[i] = a
				log.DebugContext(ctx, "rule asked", "rule", rules[i].ID, "week", week.String(), "rows", len(a.found), "late", len(a.late.since), "ms", time.Since(start).Milliseconds())
			}
		})
	}
	for i := range rules {
		next <- i
	}
	close(next)
	workers.Wait()
	return answers
}

// ruleWorkers is how many rules are asked at a time.
const ruleWorkers = 2

// history collects the events of one evaluation.
type history struct {
	week   period.Period
	isPast bool // a later week was evaluated before
	today  time.Time
	at     time.Time
	by     string
	events []event
	seen   map[string]bool
}

// event is one row of wrn_event.
type event struct {
	Warning
	kind, week, by, comment string
	attachments             []string
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

// see notes a candidate. since is the earlier week in which it would have been raised with what is known now; the zero
// period says that it is not late.
func (h *history) see(r Rule, c candidate, since period.Period, known map[string]Warning) {
	id := c.id(r.ID)
	h.seen[id] = true
	old, exists := known[id]
	w := Warning{
		ID: id, Rule: r.ID, Version: r.Version, Severity: Severity(c.Severity), Object: c.Object, Area: c.Area,
		Addressee: c.to(r), Evidence: c.Evidence, ObjectKind: c.ObjectKind, ObjectName: c.ObjectName, Cause: c.Cause,
		Score: c.Score, Args: c.Args, NEvidence: c.NEvidence, LastAt: old.LastAt,
	}
	due := r.Due.after(h.week.End)
	w.Due = &due
	kind := ""
	switch {
	case !exists:
		kind = "opened"
		if since != (period.Period{}) {
			w.Knowable = &since.End
			if yesterday := h.today.AddDate(0, 0, -1); yesterday.After(h.week.End) { // nobody could act before it was known
				due = r.Due.after(yesterday)
			}
		}
	case h.isPast:
	case old.State == "resolved", old.done() && old.IsGone, old.done() && r.IsEvent && c.NEvidence > old.ClosedN:
		kind = "reopened"
	case old.done():
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
		case w.done() && !w.IsGone:
			w.Outcome = outcomeGone
			h.add("comment", w, "")
		}
	}
}

// outcomeGone marks the comment that the cause of a closed warning has ended.
const outcomeGone = "gone"

func (h *history) add(kind string, w Warning, comment string) {
	h.events = append(h.events, event{Warning: w, kind: kind, week: h.week.String(), by: h.by, comment: comment, at: w.next(h.at)})
}

// next is the instant of the next event: now, but behind the last event also when the clock was set back.
func (w Warning) next(now time.Time) time.Time {
	if after := w.LastAt.Add(time.Millisecond); now.Before(after) {
		return after
	}
	return now
}

func (h *history) write(ctx context.Context, db *warehouse.DB) error {
	return appendEvents(ctx, db, h.events)
}

var eventColumns = []string{
	"id", "at", "event", "week", "rule", "version", "severity", "object_kind", "object", "object_name", "area",
	"addressee", "cause", "due", "score", "args", "evidence", "n_evidence", "outcome", "by", "comment", "knowable", "owner", "level",
	"attachments",
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
			e.Knowable, e.Owner, e.Level, e.attachments,
		}
		for i, value := range row {
			if err := a.Column(i).AppendRow(value); err != nil {
				return fmt.Errorf("write wrn_event, column %s: %w", eventColumns[i], err)
			}
		}
	}
	return a.Send()
}

// latestWeek is the last week that was evaluated, empty when none was.
func latestWeek(ctx context.Context, db *warehouse.DB) (week string, err error) {
	if err := db.Row(ctx, "transform_latest_week", []any{&week}); err != nil {
		return "", err
	}
	return week, nil
}
