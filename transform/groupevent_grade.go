package transform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/period"
)

// eventRules are the rules that grade group events and set their deadlines.
type eventRules struct {
	report, grading, online Rule // R01, R02, R03
}

// loadEventRules reads R01 to R03 with the parameters that the options replace.
func loadEventRules(opt Options) (eventRules, error) {
	rules, broken, err := LoadRules(opt.Files)
	if err != nil {
		return eventRules{}, err
	}
	rules, wrong := configured(rules, opt.Rules)
	broken = append(broken, wrong...)
	find := func(id string, params ...string) (r Rule) {
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
		if i < 0 {
			err = fmt.Errorf("group events are graded by the rules R01 to R03, but %s does not work: %v", id, broken)
			return r
		}
		for _, name := range params {
			if !isNumber(rules[i].param(name)) {
				err = fmt.Errorf("%s: line 1: params: group events need the number %s", rules[i].Path, name)
			}
		}
		return rules[i]
	}
	found := eventRules{find("R01", "cases", "report_hours"), find("R02", "ill_ii", "dead_ii", "ill_iii", "dead_iii"), find("R03", "cases", "deaths", "report_hours")}
	return found, err
}

// Threshold says from which numbers on an event has a grade.
type Threshold struct {
	Grade      Grade  `json:"grade"`
	Ill        uint64 `json:"ill"`  // from so many ill on
	Dead       uint64 `json:"dead"` // or from so many dead on; both 0: not by numbers
	Rule       string `json:"rule"`
	Version    string `json:"version"`
	Source     string `json:"source"`
	Unverified bool   `json:"unverified"` // rests on memory, or was set by the configuration
}

// thresholds are those of R02, gravest first. Grade I is decided by the national authority, IV is what is left.
func (r eventRules) thresholds() []Threshold {
	all := []Threshold{
		{Grade: 1}, {Grade: 2, Ill: r.limit("ill_ii"), Dead: r.limit("dead_ii")}, {Grade: 3, Ill: r.limit("ill_iii"), Dead: r.limit("dead_iii")}, {Grade: 4, Ill: 1, Dead: 1},
	}
	for i := range all {
		t := &all[i]
		t.Rule, t.Version, t.Source = r.grading.ID, r.grading.Version, r.grading.Source
		for part := range strings.SplitSeq(r.grading.Source, ", ") {
			if name, rest, ok := strings.Cut(part, " "); ok && name == t.Grade.String() {
				t.Source = rest
			}
		}
		t.Unverified = !strings.HasPrefix(t.Source, "found") || strings.Contains(r.grading.Version, "+")
	}
	return all
}

func (r eventRules) limit(name string) uint64 { return uint64(max(0, r.grading.number(name))) }

// grade is that of the numbers, or the graver one that the data state.
func (r eventRules) grade(ill, dead uint64, stated Grade) Grade {
	var g Grade
	for _, t := range r.thresholds()[1:] {
		if ill >= t.Ill || dead >= t.Dead {
			g = t.Grade
			break
		}
	}
	if stated <= 4 && stated.graver(g) {
		return stated
	}
	return g
}

// The states of a deadline.
const (
	DeadlineMet    = "met"
	DeadlineDue    = "due"
	DeadlineMissed = "missed" // not done in time; Done says when it was done after all
)

// Deadline is something that a group event asks for within a time.
type Deadline struct {
	Name       string     `json:"name"` // report, online, response, government
	Rule       string     `json:"rule"`
	Version    string     `json:"version"`
	Grade      Grade      `json:"grade,omitempty"` // of response and government: the grade that asks for it
	From       time.Time  `json:"from"`
	Due        time.Time  `json:"due"`
	Done       *time.Time `json:"done_at"`
	Entry      uint32     `json:"entry,omitempty"` // that did it
	State      string     `json:"state"`
	Source     string     `json:"source"`
	Unverified bool       `json:"unverified"` // rests on memory, or was set by the configuration
}

// deadlines are what R01 (first report), R03 (online report) and R02 (response of the grade, information of the city
// government from grade III on) ask for, from the instant on at which the numbers asked for it, but not before the
// event was known here.
func (r eventRules) deadlines(known time.Time, steps []step, closed *time.Time, now time.Time) []Deadline {
	end := now
	if closed != nil {
		end = *closed
	}
	var all []Deadline
	add := func(name string, rule Rule, grade Grade, from, due time.Time, does func(step) bool) {
		d := Deadline{
			Name: name, Rule: rule.ID, Version: rule.Version, Grade: grade, From: from, Due: due, State: DeadlineDue, Source: rule.Source,
			Unverified: memory.MatchString(rule.Source) || strings.Contains(rule.Version, "+"),
		}
		for _, s := range steps {
			if does(s) {
				d.Done, d.Entry = &s.entry.Happened, s.entry.Entry
				break
			}
		}
		switch {
		case d.Done != nil && !d.Done.After(due):
			d.State = DeadlineMet
		case d.Done != nil, end.After(due):
			d.State = DeadlineMissed
		}
		all = append(all, d)
	}
	first := func(reached func(step) bool) (time.Time, bool) {
		for _, s := range steps {
			if reached(s) {
				return later(s.entry.Happened, known), true
			}
		}
		return time.Time{}, false
	}
	hours := func(rule Rule, from time.Time) time.Time {
		return from.Add(time.Duration(rule.number("report_hours") * float64(time.Hour)))
	}
	if from, ok := first(func(s step) bool { return float64(s.ill) >= r.report.number("cases") || s.dead > 0 }); ok {
		add("report", r.report, 0, from, hours(r.report, from), func(s step) bool { return s.entry.Kind == EntryReport })
	}
	if from, ok := first(func(s step) bool {
		return float64(s.ill) >= r.online.number("cases") || float64(s.dead) >= r.online.number("deaths")
	}); ok {
		add("online", r.online, 0, from, hours(r.online, from), func(s step) bool {
			return s.entry.Kind == EntryReport && s.entry.Channel == ChannelOnline && !s.entry.Happened.Before(from)
		})
	}
	var reached Grade
	for _, s := range steps {
		if !s.grade.graver(reached) {
			continue
		}
		reached = s.grade
		from, grade := later(s.entry.Happened, known), s.grade
		due := r.grading.Due.until(from)
		add("response", r.grading, grade, from, due, func(s step) bool {
			return s.entry.Kind == EntryResponse && (s.responds() == grade || s.responds().graver(grade))
		})
		if grade <= 3 && !slices.ContainsFunc(all, func(d Deadline) bool { return d.Name == "government" }) {
			add("government", r.grading, grade, from, due, func(s step) bool {
				return s.entry.Kind == EntryReport && slices.Contains(s.entry.Offices, conference) && !s.entry.Happened.Before(from)
			})
		}
	}
	return all
}

// memory is found in the source of a rule that rests on memory.
var memory = regexp.MustCompile(`\bmemory\b`)

// responds is the grade whose response begins with the step.
func (s step) responds() Grade {
	if s.entry.Grade != 0 {
		return s.entry.Grade
	}
	return s.grade
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// until is the instant at which a term that begins at an instant is over: so many times 24 hours, or the end of the last
// working day.
func (t term) until(from time.Time) time.Time {
	if !t.working {
		return from.Add(time.Duration(t.days) * 24 * time.Hour)
	}
	return EndOfDay(t.after(from.In(period.Shanghai())))
}
