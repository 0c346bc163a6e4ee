package transform

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kinds of entries of a group event.
const (
	EntryOpened    = "opened"
	EntryCases     = "cases"     // how many are ill, severely ill, dead, exposed: totals at an instant
	EntryMeasure   = "measure"   // what was done on the spot
	EntryContact   = "contact"   // who was called
	EntryReport    = "report"    // to whom it was reported, by which channel
	EntryResponse  = "response"  // the response of a grade begins
	EntryRegraded  = "regraded"  // a grade that somebody who may do so has set
	EntryLinked    = "linked"    // a warning, or what the loaded data have of the event
	EntryNote      = "note"      //
	EntryClosed    = "closed"    //
	EntryWithdrawn = "withdrawn" // takes an entry out
)

// States of a group event.
const (
	EventOpen       = "open"
	EventResponding = "responding"
	EventClosed     = "closed"
)

// ChannelOnline is the channel of a report that the line of R03 asks for.
const ChannelOnline = "online"

// EventKinds are the kinds of group events, as the stream event has them.
func EventKinds() []string { return []string{"poisoning", "heat", "radiation", "cluster", "other"} }

// Channels are the ways to report.
func Channels() []string { return []string{ChannelOnline, "phone", "written"} }

// Grade of a group event: 1 (特别重大) to 4 (一般); 0: nobody is ill.
type Grade uint8

// String is the Roman number, empty for none.
func (g Grade) String() string {
	if g < 1 || g > 4 {
		return ""
	}
	return []string{"I", "II", "III", "IV"}[g-1]
}

// MarshalText writes the Roman number.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// Scan reads a grade from a column of UInt8.
func (g *Grade) Scan(value any) error {
	n, ok := value.(uint8)
	if !ok {
		return fmt.Errorf("read a grade from %T", value)
	}
	*g = Grade(n)
	return nil
}

// graver reports whether g is more serious than other.
func (g Grade) graver(other Grade) bool { return g != 0 && (other == 0 || g < other) }

// ParseGrade reads I, II, III or IV.
func ParseGrade(text string) (Grade, bool) {
	for g := Grade(1); g <= 4; g++ {
		if g.String() == text {
			return g, true
		}
	}
	return 0, false
}

// Counts are the persons of an event. Nil: nobody has said.
type Counts struct {
	Ill     *uint32 `ch:"ill" json:"ill"` // the dead included
	Severe  *uint32 `ch:"severe" json:"severe"`
	Dead    *uint32 `ch:"dead" json:"dead"`
	Exposed *uint32 `ch:"exposed" json:"exposed"`
}

// over returns c with what newer does not say taken from older.
func (c Counts) over(older Counts) Counts {
	return Counts{cmp.Or(c.Ill, older.Ill), cmp.Or(c.Severe, older.Severe), cmp.Or(c.Dead, older.Dead), cmp.Or(c.Exposed, older.Exposed)}
}

// value is the number, 0 when nobody has said.
func value(n *uint32) uint32 {
	if n == nil {
		return 0
	}
	return *n
}

// EventEntry is one row of evt_entry.
type EventEntry struct {
	Event        string     `ch:"event" json:"event"`
	Entry        uint32     `ch:"entry" json:"entry"`
	At           time.Time  `ch:"at" json:"at"` // of writing
	Happened     time.Time  `ch:"happened_at" json:"happened_at"`
	Kind         string     `ch:"kind" json:"kind"`
	Corrects     uint32     `ch:"corrects" json:"corrects,omitempty"`
	Reason       string     `ch:"reason" json:"reason,omitempty"`
	Exercise     bool       `ch:"is_exercise" json:"exercise"`
	EventKind    string     `ch:"event_kind" json:"event_kind,omitempty"`
	Started      *time.Time `ch:"started_at" json:"started_at,omitempty"`
	Known        *time.Time `ch:"known_at" json:"known_at,omitempty"`
	Area         string     `ch:"area" json:"area,omitempty"`
	Place        string     `ch:"place" json:"place,omitempty"`
	Employer     string     `ch:"employer_key" json:"employer,omitempty"`
	EmployerName string     `ch:"employer_name" json:"employer_name,omitempty"`
	Agent        string     `ch:"agent" json:"agent,omitempty"`
	Counts       `json:"counts"`
	Persons      []string `ch:"persons" json:"persons,omitempty"` // pseudonyms or numbers
	Grade        Grade    `ch:"grade" json:"grade,omitempty"`
	Offices      []string `ch:"offices" json:"offices,omitempty"`
	Channel      string   `ch:"channel" json:"channel,omitempty"`
	Text         string   `ch:"text" json:"text,omitempty"`
	Attachments  []string `ch:"attachments" json:"attachments,omitempty"`
	Warnings     []string `ch:"warnings" json:"warnings,omitempty"`
	DataEvent    string   `ch:"data_event" json:"data_event,omitempty"`
	By           string   `ch:"by" json:"by"`

	AfterState   string `ch:"after_state" json:"after_state"`
	AfterGrade   Grade  `ch:"after_grade" json:"after_grade"`
	AfterIll     uint32 `ch:"after_ill" json:"after_ill"`
	AfterDead    uint32 `ch:"after_dead" json:"after_dead"`
	AfterExposed uint32 `ch:"after_exposed" json:"after_exposed"`

	CorrectedBy uint32 `ch:"-" json:"corrected_by,omitempty"` // the entry that stands in its place, or took it out
}

// inForce reports whether the entry says something that still holds.
func (e EventEntry) inForce() bool { return e.CorrectedBy == 0 && e.Kind != EntryWithdrawn }

// DataCounts are what the loaded data have of an event.
type DataCounts struct {
	Event  string   `json:"event"`
	Ill    uint64   `json:"ill"`
	Dead   uint64   `json:"dead"`
	Stated Grade    `json:"stated_grade"`
	Lines  []string `json:"lines"` // stream:batch:row
}

// GroupEvent is a group event as its entries tell it.
type GroupEvent struct {
	ID           string       `json:"id"`
	Exercise     bool         `json:"exercise"`
	State        string       `json:"state"`
	Kind         string       `json:"kind"`
	Started      time.Time    `json:"started_at"`
	Known        time.Time    `json:"known_at"`
	Area         string       `json:"area"`
	Place        string       `json:"place"`
	Employer     string       `json:"employer"`
	EmployerName string       `json:"employer_name"`
	Agent        string       `json:"agent"`
	Counts       Counts       `json:"counts"` // as entered
	Data         *DataCounts  `json:"data"`   // as loaded; nil: the event is not linked to data
	DataEvent    string       `json:"data_event"`
	IllDiffers   *int64       `json:"ill_difference"` // entered less loaded; nil: one of them is not known
	DeadDiffers  *int64       `json:"dead_difference"`
	Persons      []string     `json:"persons"`
	Grade        Grade        `json:"grade"`         // that holds
	CountedGrade Grade        `json:"counted_grade"` // by the larger of the numbers entered and loaded
	SetGrade     Grade        `json:"set_grade"`     // by a person; 0: none
	Thresholds   []Threshold  `json:"thresholds"`
	Deadlines    []Deadline   `json:"deadlines"`
	Warnings     []string     `json:"warnings"`
	Outcome      string       `json:"outcome"` // of a closed one
	Closed       *time.Time   `json:"closed_at"`
	Entries      []EventEntry `json:"entries"` // in the order of writing
}

// timeLine are the entries that hold, in the order in which things happened.
func (g GroupEvent) timeLine() []EventEntry {
	var line []EventEntry
	for _, e := range g.Entries {
		if e.inForce() {
			line = append(line, e)
		}
	}
	slices.SortStableFunc(line, func(a, b EventEntry) int {
		return cmp.Or(a.Happened.Compare(b.Happened), cmp.Compare(a.Entry, b.Entry))
	})
	return line
}

// TimeLine are the entries that hold, in the order in which things happened.
func (g GroupEvent) TimeLine() []EventEntry { return g.timeLine() }

// newGroupEvent puts an event together from its entries, oldest first, at an instant. data is what is loaded of events,
// by their code.
func newGroupEvent(entries []EventEntry, data map[string]DataEvent, rules eventRules, now time.Time) GroupEvent {
	for i := range entries {
		entries[i].CorrectedBy = 0
	}
	for _, e := range entries {
		if e.Corrects > 0 && int(e.Corrects) <= len(entries) {
			entries[e.Corrects-1].CorrectedBy = e.Entry
		}
	}
	g := GroupEvent{Entries: entries, Persons: []string{}, Warnings: []string{}, Thresholds: rules.thresholds()}
	var steps []step
	var last step
	setAt := Grade(0) // what the numbers said when a person set the grade
	for _, e := range g.timeLine() {
		switch e.Kind {
		case EntryOpened:
			g.ID, g.Exercise, g.State, g.Kind = e.Event, e.Exercise, EventOpen, e.EventKind
			g.Started, g.Known = *e.Started, *e.Known
			g.Area, g.Place, g.Employer, g.EmployerName, g.Agent = e.Area, e.Place, e.Employer, e.EmployerName, e.Agent
		case EntryResponse:
			g.State = EventResponding
		case EntryRegraded:
			g.SetGrade, setAt = e.Grade, last.counted
		}
		if e.DataEvent != "" {
			g.DataEvent = e.DataEvent
			g.Data = nil
			if d, ok := data[e.DataEvent]; ok {
				g.Data = &DataCounts{Event: d.Event, Ill: d.Ill, Dead: d.Dead, Stated: d.Stated, Lines: d.Lines}
			}
		}
		g.Counts = e.Counts.over(g.Counts)
		add := func(to []string, more []string) []string {
			for _, m := range more {
				if !slices.Contains(to, m) {
					to = append(to, m)
				}
			}
			return to
		}
		g.Warnings, g.Persons = add(g.Warnings, e.Warnings), add(g.Persons, e.Persons)
		ill, dead := uint64(value(g.Counts.Ill)), uint64(value(g.Counts.Dead))
		stated := Grade(0)
		if g.Data != nil {
			ill, dead, stated = max(ill, g.Data.Ill), max(dead, g.Data.Dead), g.Data.Stated
		}
		last = step{entry: e, ill: ill, dead: dead, counted: rules.grade(ill, dead, stated)}
		last.grade = last.counted
		if g.SetGrade != 0 {
			last.grade = g.SetGrade
			if last.counted.graver(setAt) && last.counted.graver(g.SetGrade) {
				last.grade = last.counted // it has grown since somebody graded it
			}
		}
		steps = append(steps, last)
	}
	for _, e := range g.timeLine() {
		if e.Kind == EntryClosed {
			g.State, g.Outcome, g.Closed = EventClosed, e.Text, &e.Happened
		}
	}
	g.Grade, g.CountedGrade = last.grade, last.counted
	if g.Data != nil {
		g.IllDiffers, g.DeadDiffers = difference(g.Counts.Ill, g.Data.Ill), difference(g.Counts.Dead, g.Data.Dead)
	}
	g.Deadlines = rules.deadlines(g.Known, steps, g.Closed, now)
	return g
}

// difference is what was entered less what is loaded; nil when nothing was entered.
func difference(entered *uint32, loaded uint64) *int64 {
	if entered == nil {
		return nil
	}
	d := int64(*entered) - int64(loaded)
	return &d
}

// step is what was known after one entry of the time line.
type step struct {
	entry          EventEntry
	ill, dead      uint64
	counted, grade Grade
}
