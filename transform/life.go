package transform

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// Change is what a person does about a warning.
type Change struct {
	Step        string // acknowledged, assigned, acting, verified, closed, dismissed or comment
	By          string
	Comment     string
	Owner       string     // of assigned, and of acting when somebody else than By acts
	Due         *time.Time // of assigned: another date; nil leaves it as it is
	Outcome     string     // of closed: what came of it; of dismissed: the reason
	Attachments []string   // names of documents kept elsewhere
	Moves       int        // that the history had when By looked at it (see Moves); 0: whatever has happened since
}

// from says in which states a step may be done.
func from(step string) []string {
	switch step {
	case "acknowledged":
		return []string{"new", "reopened", "acknowledged"}
	case "assigned":
		return []string{"new", "reopened", "acknowledged", "assigned", "acting"}
	case "acting":
		return []string{"new", "reopened", "acknowledged", "assigned"}
	case "verified":
		return []string{"acting"}
	case "closed", "dismissed":
		return []string{"new", "reopened", "acknowledged", "assigned", "acting", "verified", "resolved"}
	}
	return nil
}

// NextSteps are the steps that may be done about a warning in its present state.
func (w Warning) NextSteps() []string {
	var steps []string
	for _, step := range []string{"acknowledged", "assigned", "acting", "verified", "closed", "dismissed"} {
		if slices.Contains(from(step), w.State) {
			steps = append(steps, step)
		}
	}
	return append(steps, "comment")
}

// DoStep adds a step to the history of a warning and returns its state after it. Errors: ErrUnknownWarning,
// ErrWarningClosed, ErrWarningMoved when something has happened since Moves were counted, and ErrWrongState when the step does not follow
// on the present state.
func DoStep(ctx context.Context, db *warehouse.DB, id string, c Change) (Warning, error) {
	w, err := FindWarning(ctx, db, id)
	moved := false
	if err == nil && c.Moves > 0 {
		var events []HistoryEvent
		err = db.Select(ctx, &events, "transform_history", clickhouse.Named("id", id))
		moved = Moves(events) != c.Moves
	}
	switch {
	case err != nil:
		return Warning{}, err
	case moved:
		return w, ErrWarningMoved.With("id", id)
	case c.Step == "comment":
	case w.done():
		return w, ErrWarningClosed.With("id", id)
	case !slices.Contains(from(c.Step), w.State):
		return w, ErrWrongState.With("id", id).With("state", w.State).With("step", c.Step)
	}
	w.Outcome = ""
	if c.Step == "closed" || c.Step == "dismissed" {
		w.Outcome = c.Outcome
	}
	switch {
	case c.Owner != "":
		w.Owner = c.Owner
	case c.Step == "acting" && w.Owner == "":
		w.Owner = c.By
	}
	if c.Due != nil {
		w.Due, w.DueDay = c.Due, c.Due.Format(time.DateOnly)
	}
	w.Knowable = nil // said when it was opened
	at := w.next(db.Now())
	err = appendEvents(ctx, db, []event{{
		Warning: w, kind: c.Step, week: w.LastWeek, by: c.By, comment: strings.TrimSpace(c.Comment), attachments: c.Attachments, at: at,
	}})
	if c.Step != "comment" {
		w.State = c.Step
	}
	return w, err
}

// Moves counts the events of a history that change what somebody would do next: all but that it was seen again.
func Moves(history []HistoryEvent) (n int) {
	for _, e := range history {
		if e.Event != "seen_again" {
			n++
		}
	}
	return n
}

// FindWarning returns one warning in its present state, or ErrUnknownWarning.
func FindWarning(ctx context.Context, db *warehouse.DB, id string) (Warning, error) {
	known, err := Warnings(ctx, db)
	if err != nil {
		return Warning{}, err
	}
	at := slices.IndexFunc(known, func(w Warning) bool { return w.ID == id })
	if at < 0 {
		return Warning{}, ErrUnknownWarning.With("id", id)
	}
	return known[at], nil
}

// cityOffice and conference are who hears of a warning that nobody acted on in time, one after the other.
const (
	cityOffice = "WJW"
	conference = "GOV"
)

// topLevel is the joint conference.
const topLevel = 2

// escalationOffice is who hears of a warning at a level.
func escalationOffice(level uint8) string {
	if level >= topLevel {
		return conference
	}
	return cityOffice
}

// escalatedTo returns the addressees with those that a level adds.
func escalatedTo(addressee []string, level uint8) []string {
	for i, office := range []string{cityOffice, conference} {
		if int(level) > i && !slices.Contains(addressee, office) {
			addressee = append(slices.Clone(addressee), office)
		}
	}
	return addressee
}

// nextLevel is the level that a warning goes to when it is overdue: the first that somebody new hears of.
func (w Warning) nextLevel() (level uint8, ok bool) {
	for level = w.Level + 1; level <= topLevel; level++ {
		if len(escalatedTo(w.Addressee, level)) > len(w.Addressee) {
			return level, true
		}
	}
	return 0, false
}

// escalationTerm is the time that each level gets to act.
func escalationTerm() term { return term{days: 5, working: true} }

// escalate passes red and orange warnings on that are overdue and that nobody has verified: from the township to the
// city, from there to the joint conference, each with a due date of its own. Yellow and blue ones stay with their
// addressee. An evaluation counts from the Monday after its week, whenever it runs.
func (h *history) escalate(known []Warning, today time.Time) {
	for _, w := range known {
		if !w.Open() || w.State == "verified" || !w.Severity.AtLeast(Orange) || w.Due == nil || !w.Due.Before(today) {
			continue
		}
		if slices.ContainsFunc(h.events, func(e event) bool { return e.ID == w.ID && e.kind != "seen_again" }) {
			continue // it has just ended by itself or come back
		}
		level, ok := w.nextLevel()
		if !ok {
			continue
		}
		due := escalationTerm().after(today)
		w.Level, w.Due, w.Knowable, w.Outcome = level, &due, nil, ""
		w.LastAt = w.next(h.at) // behind what the rules have just said of it
		h.add("escalated", w, "")
	}
}

// Escalate passes overdue warnings on, as each evaluation does, and returns how many.
func Escalate(ctx context.Context, db *warehouse.DB, opt Options) (int, error) {
	opt = opt.withDefaults(db)
	unlock, err := lock(ctx, db)
	if err != nil {
		return 0, err
	}
	defer unlock()
	known, err := Warnings(ctx, db)
	if err != nil {
		return 0, err
	}
	h := history{at: opt.Now(), by: opt.By}
	h.escalate(known, opt.Today)
	for i := range h.events {
		at := slices.IndexFunc(known, func(w Warning) bool { return w.ID == h.events[i].ID })
		h.events[i].week = known[at].LastWeek
	}
	return len(h.events), h.write(ctx, db)
}
