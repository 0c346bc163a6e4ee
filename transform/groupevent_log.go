package transform

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// EventLog keeps group events. It may be used by several processes at once.
type EventLog struct {
	DB      *warehouse.DB
	Options Options          // Files and Rules decide on grades and deadlines, By writes
	Now     func() time.Time // clock that things are held against; the log is written with the warehouse's
}

// DataEvent is an acute event as the loaded data have it, and what became of it.
type DataEvent struct {
	Event        string    `ch:"event" json:"event"`
	Kind         string    `ch:"kind" json:"kind"`
	Start        time.Time `ch:"start_date" json:"-"`
	StartDay     string    `ch:"-" json:"start"`
	KnownDate    time.Time `ch:"known_date" json:"-"`
	KnownDay     string    `ch:"-" json:"known"`
	Employer     string    `ch:"employer_key" json:"employer"`
	EmployerName string    `ch:"employer_name" json:"employer_name"`
	Area         string    `ch:"area" json:"area"`
	Agent        string    `ch:"agent" json:"agent"`
	AgentZh      string    `ch:"agent_zh" json:"agent_zh"`
	AgentEn      string    `ch:"agent_en" json:"agent_en"`
	Ill          uint64    `ch:"ill" json:"ill"`
	Dead         uint64    `ch:"dead" json:"dead"`
	Stated       Grade     `ch:"stated" json:"stated_grade"`
	Lines        []string  `ch:"lines" json:"lines"`
	Grade        Grade     `ch:"-" json:"grade"`
	Warnings     []string  `ch:"-" json:"warnings"` // of R01 to R03
	Opened       string    `ch:"-" json:"opened"`   // group event that follows it; empty: none
}

// data reads what is loaded of acute events, by their code. Before the first transform there is nothing.
func (l *EventLog) data(ctx context.Context) (map[string]DataEvent, []string, error) {
	tables, err := listTables(ctx, l.DB)
	if err != nil {
		return nil, nil, err
	}
	for _, model := range []string{"fct_acute_event", "dim_employer", "dim_hazard", "dim_disease", "dim_township"} {
		if _, built := tables[model]; !built {
			return nil, nil, nil
		}
	}
	var rows []DataEvent
	if err := l.DB.Select(ctx, &rows, "event_data"); err != nil {
		return nil, nil, fmt.Errorf("read the acute events: %w", err)
	}
	found, order := make(map[string]DataEvent, len(rows)), make([]string, len(rows))
	for i, d := range rows {
		d.StartDay, d.KnownDay, d.Warnings = d.Start.Format(time.DateOnly), d.KnownDate.Format(time.DateOnly), []string{}
		found[d.Event], order[i] = d, d.Event
	}
	return found, order, nil
}

// Events returns all group events, exercises included, the newest first.
func (l *EventLog) Events(ctx context.Context) ([]GroupEvent, error) {
	events, _, _, err := l.read(ctx)
	return events, err
}

func (l *EventLog) read(ctx context.Context) ([]GroupEvent, map[string]DataEvent, eventRules, error) {
	l.Options = l.Options.withDefaults(l.DB)
	rules, err := loadEventRules(l.Options)
	if err != nil {
		return nil, nil, rules, err
	}
	data, _, err := l.data(ctx)
	if err != nil {
		return nil, nil, rules, err
	}
	var entries []EventEntry
	if err := l.DB.Select(ctx, &entries, "event_entries"); err != nil {
		return nil, nil, rules, fmt.Errorf("read the group events: %w", err)
	}
	var events []GroupEvent
	for len(entries) > 0 {
		n := slices.IndexFunc(entries, func(e EventEntry) bool { return e.Event != entries[0].Event })
		if n < 0 {
			n = len(entries)
		}
		for i := range entries[:n] {
			entries[i].inShanghai()
		}
		events = append(events, newGroupEvent(entries[:n:n], data, rules, l.Now().In(period.Shanghai())))
		entries = entries[n:]
	}
	slices.SortFunc(events, func(a, b GroupEvent) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) })
	return events, data, rules, nil
}

// inShanghai puts the instants into the time of the city.
func (e *EventEntry) inShanghai() {
	e.At, e.Happened = e.At.In(period.Shanghai()), e.Happened.In(period.Shanghai())
	for _, t := range []*time.Time{e.Started, e.Known} {
		if t != nil {
			*t = t.In(period.Shanghai())
		}
	}
}

// Find returns one group event, or ErrUnknownEvent.
func (l *EventLog) Find(ctx context.Context, id string) (GroupEvent, error) {
	events, err := l.Events(ctx)
	if err != nil {
		return GroupEvent{}, err
	}
	return findEvent(events, id)
}

func findEvent(events []GroupEvent, id string) (GroupEvent, error) {
	i := slices.IndexFunc(events, func(g GroupEvent) bool { return g.ID == id })
	if i < 0 {
		return GroupEvent{}, ErrUnknownEvent.With("id", id)
	}
	return events[i], nil
}

// Propose lists the acute events of the loaded data that rule R01 still looks at, with their warnings, and says which of
// them are followed already. The newest come first.
func (l *EventLog) Propose(ctx context.Context) ([]DataEvent, error) {
	events, _, rules, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	data, order, err := l.data(ctx)
	if err != nil {
		return nil, err
	}
	warnings, err := Warnings(ctx, l.DB)
	if err != nil {
		return nil, err
	}
	from := l.Options.Today.AddDate(0, 0, -int(rules.report.number("lookback_days")))
	var proposed []DataEvent
	for _, code := range order {
		d := data[code]
		if d.KnownDate.Before(from) || d.KnownDate.After(l.Options.Today) || d.Ill+d.Dead == 0 {
			continue
		}
		d.Grade = rules.grade(d.Ill, d.Dead, d.Stated)
		for _, w := range warnings {
			if isEventRule(w.Rule) && w.Args["event"] == code {
				d.Warnings = append(d.Warnings, w.ID)
			}
		}
		d.Opened = followedBy(events, d.Warnings, code)
		proposed = append(proposed, d)
	}
	return proposed, nil
}

func isEventRule(rule string) bool { return rule == "R01" || rule == "R02" || rule == "R03" }

// followedBy is the event that follows any of the warnings, or what the data call so.
func followedBy(events []GroupEvent, warnings []string, code string) string {
	for _, g := range events {
		if code != "" && g.DataEvent == code || slices.ContainsFunc(warnings, func(w string) bool { return slices.Contains(g.Warnings, w) }) {
			return g.ID
		}
	}
	return ""
}

// Open begins an event. What a warning of R01 to R03 or the loaded data say of it is filled in where the entry says
// nothing. Errors: ErrUnknownWarning, ErrNoEventRule, ErrUnknownData, ErrEventTaken, ErrExerciseLinked and those of Add.
func (l *EventLog) Open(ctx context.Context, e EventEntry) (GroupEvent, error) {
	unlock, err := lockFor(ctx, l.DB, "events")
	if err != nil {
		return GroupEvent{}, err
	}
	defer unlock()
	events, data, rules, err := l.read(ctx)
	if err != nil {
		return GroupEvent{}, err
	}
	now := l.Now().In(period.Shanghai()).Truncate(time.Millisecond)
	e.Kind, e.Entry = EntryOpened, 1
	if err := l.link(ctx, &e, events, data, ""); err != nil {
		return GroupEvent{}, err
	}
	e.Known = cmp.Or(e.Known, &now)
	e.Started = cmp.Or(e.Started, e.Known)
	if e.Happened.IsZero() {
		e.Happened = *e.Known
	}
	prefix := map[bool]string{false: "E", true: "X"}[e.Exercise] + strconv.Itoa(e.Started.Year()) + "-"
	number := 0
	for _, g := range events {
		if rest, ok := strings.CutPrefix(g.ID, prefix); ok {
			n, err := strconv.Atoi(rest)
			if err != nil {
				return GroupEvent{}, fmt.Errorf("number the events of the year: %w", err)
			}
			number = max(number, n)
		}
	}
	e.Event = fmt.Sprintf("%s%03d", prefix, number+1)
	return l.write(ctx, nil, e, data, rules)
}

// Add writes an entry of an event. With Corrects it stands in the place of another one of its kind, or with the kind
// withdrawn takes it out. Errors: ErrUnknownEvent, ErrUnknownEntry, ErrEventClosed, ErrCorrected, ErrKeepsOpening, ErrBadCounts,
// ErrFuture, ErrBeforeEvent, ErrClockBack, ErrPersonal, ErrBadPerson and, for links, those of Open.
func (l *EventLog) Add(ctx context.Context, e EventEntry) (GroupEvent, error) {
	unlock, err := lockFor(ctx, l.DB, "events")
	if err != nil {
		return GroupEvent{}, err
	}
	defer unlock()
	events, data, rules, err := l.read(ctx)
	if err != nil {
		return GroupEvent{}, err
	}
	g, err := findEvent(events, e.Event)
	if err != nil {
		return GroupEvent{}, err
	}
	if e.Corrects != 0 {
		if int(e.Corrects) > len(g.Entries) {
			return g, ErrUnknownEntry.With("id", g.ID).With("entry", e.Corrects)
		}
		old := g.Entries[e.Corrects-1]
		switch {
		case old.Kind == EntryWithdrawn:
			return g, ErrUnknownEntry.With("id", g.ID).With("entry", e.Corrects)
		case old.CorrectedBy != 0:
			return g, ErrCorrected.With("entry", old.Entry).With("by", old.CorrectedBy)
		case e.Kind == EntryWithdrawn && old.Kind == EntryOpened:
			return g, ErrKeepsOpening.With("id", g.ID)
		}
		if e.Kind != EntryWithdrawn {
			e.Kind = old.Kind
		}
		if e.Happened.IsZero() {
			e.Happened = old.Happened
		}
	} else if g.State == EventClosed {
		return g, ErrEventClosed.With("id", g.ID)
	}
	e.Exercise, e.Entry = g.Exercise, uint32(len(g.Entries)+1)
	if e.Corrects == 0 || e.DataEvent != g.Entries[e.Corrects-1].DataEvent || !slices.Equal(e.Warnings, g.Entries[e.Corrects-1].Warnings) {
		if err := l.link(ctx, &e, events, data, g.ID); err != nil {
			return g, err
		}
	}
	if e.Happened.IsZero() {
		e.Happened = l.Now().In(period.Shanghai()).Truncate(time.Millisecond)
	}
	return l.write(ctx, g.Entries, e, data, rules)
}

// link checks the warnings and the event of the data that an entry names, and fills in what they say. own is the event
// that may name them already.
func (l *EventLog) link(ctx context.Context, e *EventEntry, events []GroupEvent, data map[string]DataEvent, own string) error {
	if e.Exercise && (len(e.Warnings) > 0 || e.DataEvent != "") {
		return ErrExerciseLinked
	}
	for _, id := range e.Warnings {
		w, err := FindWarning(ctx, l.DB, id)
		if err != nil {
			return err
		}
		if !isEventRule(w.Rule) {
			return ErrNoEventRule.With("warning", id)
		}
		if by := followedBy(events, []string{id}, ""); by != "" && by != own {
			return ErrEventTaken.With("what", id).With("id", by)
		}
		e.DataEvent = cmp.Or(e.DataEvent, w.Args["event"])
		if e.Kind == EntryOpened {
			e.Area, e.EmployerName = cmp.Or(e.Area, w.Area), cmp.Or(e.EmployerName, w.ObjectName)
		}
	}
	if e.DataEvent == "" {
		return nil
	}
	d, ok := data[e.DataEvent]
	if !ok {
		return ErrUnknownData.With("event", e.DataEvent)
	}
	if by := followedBy(events, nil, e.DataEvent); by != "" && by != own {
		return ErrEventTaken.With("what", e.DataEvent).With("id", by)
	}
	warnings, err := Warnings(ctx, l.DB)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		if isEventRule(w.Rule) && w.Args["event"] == e.DataEvent && !slices.Contains(e.Warnings, w.ID) && followedBy(events, []string{w.ID}, "") == "" {
			e.Warnings = append(e.Warnings, w.ID)
		}
	}
	if e.Kind != EntryOpened {
		return nil
	}
	e.EventKind, e.Area, e.Agent = cmp.Or(e.EventKind, d.Kind), cmp.Or(e.Area, d.Area), cmp.Or(e.Agent, d.AgentZh)
	e.Employer, e.EmployerName = cmp.Or(e.Employer, d.Employer), cmp.Or(e.EmployerName, d.EmployerName)
	if e.Started == nil { // the data know the day only
		day := time.Date(d.Start.Year(), d.Start.Month(), d.Start.Day(), 0, 0, 0, 0, period.Shanghai())
		e.Started = &day
	}
	return nil
}

// write checks an entry against those before it and appends it with the state that it leads to.
func (l *EventLog) write(ctx context.Context, before []EventEntry, e EventEntry, data map[string]DataEvent, rules eventRules) (GroupEvent, error) {
	clock := l.Now().In(period.Shanghai())
	e.At, e.By = l.DB.Now().In(period.Shanghai()).Truncate(time.Millisecond), l.Options.By
	if len(before) > 0 {
		switch last := before[len(before)-1].At; {
		case e.At.Before(last):
			return GroupEvent{}, ErrClockBack.With("now", e.At.Format(time.DateTime)).With("last", last.Format(time.DateTime))
		case e.At.Equal(last):
			e.At = last.Add(time.Millisecond)
		}
	}
	g := newGroupEvent(append(slices.Clone(before), e), data, rules, clock)
	if err := e.check(g, clock); err != nil {
		return GroupEvent{}, err
	}
	last := &g.Entries[len(g.Entries)-1]
	last.AfterState, last.AfterGrade = g.State, g.Grade
	last.AfterIll, last.AfterDead, last.AfterExposed = value(g.Counts.Ill), value(g.Counts.Dead), value(g.Counts.Exposed)
	return g, last.store(ctx, l.DB)
}

// identity and mobile are numbers that name a person; person is what stands for one here.
var (
	identity = regexp.MustCompile(`(^|[^0-9])[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx]($|[^0-9])`)
	mobile   = regexp.MustCompile(`(^|[^0-9])1[3-9][0-9]{9}($|[^0-9])`)
	person   = regexp.MustCompile(`^([0-9a-f]{8}[0-9a-f-]{0,28}|[0-9]{1,5})$`)
)

// check reports what is wrong with an entry that leads to g.
func (e EventEntry) check(g GroupEvent, now time.Time) error {
	ill, severe, dead := value(g.Counts.Ill), value(g.Counts.Severe), value(g.Counts.Dead)
	if dead > ill || severe > ill {
		return ErrBadCounts.With("ill", ill).With("severe", severe).With("dead", dead)
	}
	minute := func(t time.Time) string { return t.In(period.Shanghai()).Format("2006-01-02 15:04") }
	for _, t := range []*time.Time{&e.Happened, e.Started, e.Known} {
		if t != nil && t.After(now) {
			return ErrFuture.With("at", minute(*t)).With("now", minute(now))
		}
	}
	for _, other := range g.Entries { // also when a correction moves the beginning
		if other.inForce() && other.Happened.Before(g.Started) {
			return ErrBeforeEvent.With("at", minute(other.Happened)).With("start", minute(g.Started))
		}
	}
	if g.Known.Before(g.Started) {
		return ErrBeforeEvent.With("at", minute(g.Known)).With("start", minute(g.Started))
	}
	for field, text := range map[string]string{
		"text": e.Text, "reason": e.Reason, "place": e.Place, "employer_name": e.EmployerName, "agent": e.Agent, "attach": strings.Join(e.Attachments, " "),
	} {
		if identity.MatchString(text) || mobile.MatchString(text) {
			return ErrPersonal.With("field", field)
		}
	}
	for _, p := range e.Persons {
		if !person.MatchString(p) {
			return ErrBadPerson.With("value", p)
		}
	}
	return nil
}

// store appends the entry.
func (e EventEntry) store(ctx context.Context, db *warehouse.DB) error {
	utc := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		u := t.UTC()
		return &u
	}
	return appendRows(ctx, db, "evt_entry", []string{
		"event", "entry", "at", "happened_at", "kind", "corrects", "reason", "is_exercise", "event_kind", "started_at", "known_at", "area", "place",
		"employer_key", "employer_name", "agent", "ill", "severe", "dead", "exposed", "persons", "grade", "offices", "channel", "text", "attachments",
		"warnings", "data_event", "by", "after_state", "after_grade", "after_ill", "after_dead", "after_exposed",
	}, [][]any{{
		e.Event, e.Entry, e.At.UTC(), e.Happened.UTC(), e.Kind, e.Corrects, e.Reason, e.Exercise, e.EventKind, utc(e.Started), utc(e.Known), e.Area, e.Place,
		e.Employer, e.EmployerName, e.Agent, e.Ill, e.Severe, e.Dead, e.Exposed, e.Persons, uint8(e.Grade), e.Offices, e.Channel, e.Text, e.Attachments,
		e.Warnings, e.DataEvent, e.By, e.AfterState, uint8(e.AfterGrade), e.AfterIll, e.AfterDead, e.AfterExposed,
	}})
}

// HasModel reports whether a model has been built.
func HasModel(ctx context.Context, db *warehouse.DB, name string) (bool, error) {
	tables, err := listTables(ctx, db)
	_, built := tables[name]
	return built, err
}
