package transform

import (
	"cmp"
	"context"
	"fmt"
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
	State     string   `ch:"state" json:"state"` // new, acknowledged, assigned, acting, verified, closed, dismissed, reopened, resolved
	Title     string   `ch:"-" json:"title"`
	Evidence  []string `ch:"evidence" json:"evidence"` // stream:batch:row
	Owner     string   `ch:"owner" json:"owner"`       // who has to act; empty while nobody was named
	Level     uint8    `ch:"level" json:"level"`       // 0: as addressed, 1: escalated to the city, 2: to the joint conference
	Late      bool     `ch:"-" json:"late"`            // raised by data that came late
	KnownDay  string   `ch:"-" json:"knowable"`        // of a late one the day on which it could have been known, else empty
	Listed    []string `ch:"-" json:"listed"`          // addressees whose budget it exceeds, filled by Ledger.Mark

	ObjectKind string            `ch:"object_kind" json:"-"`
	ObjectName string            `ch:"object_name" json:"-"`
	Cause      string            `ch:"cause" json:"-"`
	Score      float64           `ch:"score" json:"-"`
	Args       map[string]string `ch:"args" json:"-"`
	NEvidence  uint64            `ch:"n_evidence" json:"-"` // all of them, listed or not
	Due        *time.Time        `ch:"due" json:"-"`
	FirstWeek  string            `ch:"first_week" json:"-"`
	LastWeek   string            `ch:"last_week" json:"-"` // in which a rule saw it
	LastAt     time.Time         `ch:"last_at" json:"-"`   // of its last event
	Knowable   *time.Time        `ch:"knowable" json:"-"`
	Outcome    string            `ch:"outcome" json:"-"`  // of a closed one; of a dismissed one the reason
	ClosedN    uint64            `ch:"closed_n" json:"-"` // evidence there was when it was closed
	IsGone     bool              `ch:"is_gone" json:"-"`  // closed or dismissed, and its cause has ended since
}

// Open reports whether somebody still has to act.
func (w Warning) Open() bool { return w.State != "resolved" && !w.done() }

// done reports whether a person has ended it.
func (w Warning) done() bool { return w.State == "closed" || w.State == "dismissed" }

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
		w.Listed = []string{}
		if w.Due != nil {
			w.DueDay = w.Due.Format(time.DateOnly)
		}
		if w.Knowable != nil {
			w.Late, w.KnownDay = true, w.Knowable.Format(time.DateOnly)
		}
		w.Addressee = escalatedTo(w.Addressee, w.Level)
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

// HistoryEvent is one event in the life of a warning.
type HistoryEvent struct {
	At          time.Time  `ch:"at" json:"at"`
	Event       string     `ch:"event" json:"event"`
	Week        string     `ch:"week" json:"week"`
	Severity    string     `ch:"severity" json:"severity"`
	Outcome     string     `ch:"outcome" json:"outcome"`
	Owner       string     `ch:"owner" json:"owner"`
	Due         *time.Time `ch:"due" json:"-"`
	DueDay      string     `ch:"-" json:"due"`
	Level       uint8      `ch:"level" json:"level"`
	Knowable    *time.Time `ch:"knowable" json:"-"`
	Attachments []string   `ch:"attachments" json:"attachments"` // names of documents
	By          string     `ch:"by" json:"by"`
	Comment     string     `ch:"comment" json:"comment"`
	Note        string     `ch:"-" json:"note"` // what the event means, filled by History
}

// History returns the events of a warning, oldest first, with their notes in the language of p.
func History(ctx context.Context, db *warehouse.DB, id string, p *message.Printer) ([]HistoryEvent, error) {
	var events []HistoryEvent
	if err := db.Select(ctx, &events, "transform_history", clickhouse.Named("id", id)); err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", id, err)
	}
	if len(events) == 0 {
		return nil, ErrUnknownWarning.With("id", id)
	}
	seen, ended := "", ""
	for i := range events {
		e := &events[i]
		args := map[string]any{"week": e.Week, "seen": seen, "ended": ended, "owner": e.Owner, "level": p.Text(fmt.Sprintf("warn.level_%d", e.Level), nil)}
		if e.Attachments == nil {
			e.Attachments = []string{}
		}
		if e.Due != nil {
			e.DueDay = e.Due.Format(time.DateOnly)
			args["due"] = e.DueDay
		}
		key := ""
		switch {
		case e.Event == "opened" && e.Knowable != nil:
			key, args["date"] = "warn.note_late", e.Knowable.Format(time.DateOnly)
		case e.Event == "resolved", e.Event == "comment" && e.Outcome == outcomeGone:
			key = "warn.note_gone"
		case e.Event == "reopened":
			key = "warn.note_reopened"
		case e.Event == "assigned", e.Event == "acting":
			key = "warn.note_owner"
		case e.Event == "escalated":
			key = "warn.note_escalated"
		}
		if key != "" {
			e.Note = p.Text(key, args)
		}
		switch e.Event {
		case "opened", "seen_again", "reopened":
			seen = e.Week
		case "resolved", "closed", "dismissed":
			ended = e.Week
		}
	}
	return events, nil
}
