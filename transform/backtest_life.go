package transform

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/period"
)

// life is what a replay remembers of one warning. Weeks are counted from the one before the first, which is 0.
type life struct {
	candidate        // as seen last
	id        string // of the warning
	to        []string
	isOpen    bool
	due       time.Time
	closedN   uint64       // evidence when its due date had passed, of an event
	seen      [][2]int     // first and last of the weeks in a row in which it was seen
	raised    []raisedLife // opened, and reopened
	evidence  map[string]bool
}

// raisedLife is one time that a warning was opened or reopened.
type raisedLife struct {
	at       int
	severity Severity
}

// live notes what a rule saw in a week, and returns how many of its warnings are open at the end of it.
func (r *replay) live(rule, at int, week period.Period, found []candidate) (open int) {
	definition, lives := r.rules[rule], r.lives[rule]
	for _, l := range lives {
		if definition.IsEvent && l.isOpen && l.due.Before(week.Start) {
			l.isOpen, l.closedN = false, l.NEvidence
		}
	}
	now := make(map[string]bool, len(found))
	for _, c := range found {
		id := c.id(definition.ID)
		now[id] = true
		l := lives[id]
		if l == nil {
			l = &life{id: id}
			lives[id] = l
		}
		back := !definition.IsEvent || c.NEvidence > l.closedN
		urgent := l.isOpen && Severity(c.Severity).moreUrgent(Severity(l.Severity))
		if !l.isOpen && (len(l.raised) == 0 || back) {
			l.isOpen = true
			l.raised = append(l.raised, raisedLife{at, Severity(c.Severity)})
			l.due = definition.Due.after(week.End)
		} else if urgent {
			l.due = definition.Due.after(week.End) // another time to act, as in Evaluate
		}
		l.candidate, l.to = c, c.to(definition)
		if n := len(l.seen); n > 0 && l.seen[n-1][1] == at-1 {
			l.seen[n-1][1] = at
		} else {
			l.seen = append(l.seen, [2]int{at, at})
		}
		if r.request.Planted != nil {
			if l.evidence == nil {
				l.evidence = map[string]bool{}
			}
			for _, line := range c.Evidence {
				l.evidence[line] = true
			}
		}
	}
	for id, l := range lives {
		if !definition.IsEvent && !now[id] {
			l.isOpen = false
		}
		if l.isOpen {
			open++
			r.work(rule, at, l)
		}
	}
	return open
}

// addresses are those among whom a warning is worked off: offices, each township by itself, and all employers and all
// institutions as one each.
func (l *life) addresses() []string {
	addresses := make([]string, len(l.to))
	for i, a := range l.to {
		if a == "TS" {
			a += "-" + l.Area
		}
		addresses[i] = a
	}
	return addresses
}

// sorted are the lives of a rule by the week in which they were raised first, and by id.
func sorted(lives map[string]*life) []*life {
	return slices.SortedFunc(maps.Values(lives), func(a, b *life) int {
		return cmp.Or(cmp.Compare(a.raised[0].at, b.raised[0].at), cmp.Compare(a.id, b.id))
	})
}

// week is the ISO week by its position in the replay.
func (r *replay) week(at int) period.Period { return r.request.From.Next(at - 1) }

// spans writes weeks in a row as 2024-W03–2024-W07, several after semicolons.
func (r *replay) spans(seen [][2]int) string {
	parts := make([]string, len(seen))
	for i, s := range seen {
		parts[i] = r.week(s[0]).String()
		if s[1] > s[0] {
			parts[i] += "–" + r.week(s[1]).String()
		}
	}
	return strings.Join(parts, ";")
}
