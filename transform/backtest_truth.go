package transform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// PlantedEvent is something that is known to be in the data and that rules should find, one of `events` in the truth
// that `ohwatch simulate --truth` writes.
type PlantedEvent struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Area     string   `json:"area"`
	Employer string   `json:"employer"` // credit code
	Subject  string   `json:"subject"`  // institution, card or worker number
	FromWeek string   `json:"from_week"`
	ToWeek   string   `json:"to_week"`
	Rules    []string `json:"rules"`
}

// ReadPlanted reads the planted events of a truth file.
func ReadPlanted(r io.Reader) ([]PlantedEvent, error) {
	var truth struct {
		Events []PlantedEvent `json:"events"`
	}
	if err := json.NewDecoder(r).Decode(&truth); err != nil {
		return nil, fmt.Errorf("read the planted events: %w", err)
	}
	if truth.Events == nil {
		return nil, errors.New("read the planted events: there is no list \"events\"")
	}
	for i, e := range truth.Events {
		for _, text := range []string{e.FromWeek, e.ToWeek} {
			if week, err := period.Parse(text); err != nil || week.Kind != period.Week {
				return nil, fmt.Errorf("read the planted events: event %d (%s): %q is no ISO week", i+1, e.ID, text)
			}
		}
		if e.FromWeek > e.ToWeek || len(e.Rules) == 0 {
			return nil, fmt.Errorf("read the planted events: event %d (%s): want from_week up to to_week, and rules", i+1, e.ID)
		}
	}
	return truth.Events, nil
}

// BacktestFound is what became of one planted event.
type BacktestFound struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Area     string   `json:"area"`
	Employer string   `json:"employer"`
	Subject  string   `json:"subject"`
	FromWeek string   `json:"from_week"`
	ToWeek   string   `json:"to_week"`
	Rules    []string `json:"rules"` // that should find it
	Found    bool     `json:"found"`
	Rule     string   `json:"rule"`       // that found it first, empty when missed
	Warning  string   `json:"warning"`    // its id
	Week     string   `json:"week"`       // in which it was found
	Delay    *int     `json:"delay_days"` // days from the end of from_week to the end of that week
}

// BacktestKind is what became of the planted events of one kind.
type BacktestKind struct {
	Kind        string   `json:"kind"`
	Rules       []string `json:"rules"`
	Planted     int      `json:"planted"`
	Found       int      `json:"found"`
	False       int      `json:"false"` // warnings of these rules that are about no planted event
	DelayMedian *float64 `json:"delay_median"`
	DelayQ1     *float64 `json:"delay_q1"`
	DelayQ3     *float64 `json:"delay_q3"`
}

// foundWithin is how many weeks behind its end a planted event still counts as found: files come once a quarter.
const foundWithin = 13

// plantedLines is a planted event with what warnings about it say.
type plantedLines struct {
	PlantedEvent
	from, until int             // weeks of the replay in which a warning finds it
	names       []string        // of its employer
	lines       map[string]bool // rows of its card
}

// findLines reads, for the planted events of the weeks that are replayed, names of employers and rows of cards.
func (r *replay) findLines(ctx context.Context, db *warehouse.DB) error {
	for _, e := range r.request.Planted {
		from, until := r.position(e.FromWeek), r.position(e.ToWeek)+foundWithin
		if from >= len(r.open) || r.position(e.ToWeek) < 1 {
			continue
		}
		p := plantedLines{PlantedEvent: e, from: from, until: until, lines: map[string]bool{}}
		var found struct {
			Names []string
			Lines []string
		}
		err := db.Row(ctx, "backtest_planted", []any{&found.Names, &found.Lines}, clickhouse.Named("employer", e.Employer), clickhouse.Named("subject", e.Subject))
		if err != nil {
			return fmt.Errorf("look up the planted event %s: %w", e.ID, err)
		}
		p.names = found.Names
		for _, line := range found.Lines {
			p.lines[line] = true
		}
		r.planted = append(r.planted, p)
	}
	return nil
}

// position is the position of a week in the replay, negative before it.
func (r *replay) position(week string) int {
	p, err := period.Parse(week)
	if err != nil {
		return -1
	}
	return int(p.Start.Sub(r.request.From.Start).Hours()/24/7) + 1
}

// is reports whether a warning is about the planted event: about its card, its institution, its employer, or else its
// township; and when the event names a worker, about that one where the warning names one.
func (p plantedLines) is(l *life) bool {
	for line := range p.lines {
		if l.evidence[line] {
			return true
		}
	}
	if p.Employer == "" {
		if p.Subject != "" {
			return l.Object == p.Subject
		}
		return l.Object == p.Area || strings.HasPrefix(l.Object, p.Area+"|") || strings.HasPrefix(l.Object, p.Area+"/")
	}
	if worker := l.Args["worker"]; p.Subject != "" && worker != "" && worker != p.Subject {
		return false
	}
	return l.Object == p.Employer || strings.HasPrefix(l.Cause, p.Employer+":") || slices.Contains(p.names, l.Args["employer"])
}

// seenIn is the first week from one to another in which a warning was seen.
func (l *life) seenIn(from, until int) (at int, ok bool) {
	for _, s := range l.seen {
		if first := max(s[0], from); first <= min(s[1], until) {
			return first, true
		}
	}
	return 0, false
}

// plantedIn are the planted events that a warning is about.
func (r *replay) plantedIn(l *life) (ids []string) {
	for _, p := range r.planted {
		if _, ok := l.seenIn(p.from, p.until); ok && p.is(l) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// judge tells which planted events were found, and which warnings were about none.
func (r *replay) judge(s *BacktestSetting, positions []int) {
	delays := map[string][]float64{} // of each rule, of what it found
	planted, found := map[string]int{}, map[string]int{}
	for _, p := range r.planted {
		event := BacktestFound{ID: p.ID, Kind: p.Kind, Area: p.Area, Employer: p.Employer, Subject: p.Subject, FromWeek: p.FromWeek, ToWeek: p.ToWeek, Rules: p.Rules}
		first := p.until + 1
		for _, at := range positions {
			rule := r.rules[at].ID
			if r.failed[at] != nil || !slices.Contains(p.Rules, rule) {
				continue
			}
			planted[rule]++
			best := p.until + 1
			for _, l := range sorted(r.lives[at]) {
				if week, ok := l.seenIn(p.from, p.until); ok && week < best && p.is(l) {
					best = week
					if week < first {
						first = week
						event.Found, event.Rule, event.Warning, event.Week = true, rule, l.id, r.week(week).String()
					}
				}
			}
			if best <= p.until {
				found[rule]++
				delays[rule] = append(delays[rule], float64(7*(best-p.from)))
			}
		}
		if event.Found {
			days := 7 * (first - p.from)
			event.Delay = &days
		}
		s.Planted = append(s.Planted, event)
	}
	for i := range s.Rules {
		line := &s.Rules[i]
		n := planted[line.Rule]
		if n == 0 {
			continue
		}
		at := positions[slices.IndexFunc(positions, func(p int) bool { return r.rules[p].ID == line.Rule })]
		hits, others := r.trueAndFalse(at)
		missed := n - found[line.Rule]
		hit := found[line.Rule]
		sensitivity := float64(hit) / float64(n)
		line.Planted, line.Found, line.Missed, line.True, line.False, line.Sensitivity = &n, &hit, &missed, &hits, &others, &sensitivity
		if hits+others > 0 {
			ppv := float64(hits) / float64(hits+others)
			line.PPV = &ppv
		}
		line.DelayQ1, line.DelayMedian, line.DelayQ3 = quartiles(delays[line.Rule])
	}
	s.kinds()
}

// kinds counts the planted events by kind, sorted by name.
func (s *BacktestSetting) kinds() {
	byKind, delays := map[string]*BacktestKind{}, map[string][]float64{}
	for _, e := range s.Planted {
		k := byKind[e.Kind]
		if k == nil {
			k = &BacktestKind{Kind: e.Kind}
			byKind[e.Kind] = k
		}
		k.Planted++
		if e.Found {
			k.Found++
			delays[e.Kind] = append(delays[e.Kind], float64(*e.Delay))
		}
		k.Rules = append(k.Rules, e.Rules...)
	}
	for _, name := range slices.Sorted(maps.Keys(byKind)) {
		k := byKind[name]
		slices.Sort(k.Rules)
		k.Rules = slices.Compact(k.Rules)
		for _, r := range s.Rules {
			if r.False != nil && slices.Contains(k.Rules, r.Rule) {
				k.False += *r.False
			}
		}
		k.DelayQ1, k.DelayMedian, k.DelayQ3 = quartiles(delays[name])
		s.Kinds = append(s.Kinds, *k)
	}
}

// quartiles are those of some values, nil when there are none.
func quartiles(values []float64) (q1, median, q3 *float64) {
	if len(values) == 0 {
		return nil, nil, nil
	}
	slices.Sort(values)
	a, b, c := quantileOf(values, 0.25), quantileOf(values, 0.5), quantileOf(values, 0.75)
	return &a, &b, &c
}

// trueAndFalse counts how many times warnings of a rule were raised that are about a planted event, and that are not.
func (r *replay) trueAndFalse(rule int) (hits, others int) {
	for _, l := range r.lives[rule] {
		n := 0
		for _, one := range l.raised {
			if one.at > 0 {
				n++
			}
		}
		if len(r.plantedIn(l)) > 0 {
			hits += n
		} else {
			others += n
		}
	}
	return hits, others
}

// quantileOf is a quantile of sorted values, between neighbours in proportion (type 7 of Hyndman & Fan, Am Stat
// 1996;50:361–5).
func quantileOf(sorted []float64, p float64) float64 {
	h := p * float64(len(sorted)-1)
	low := int(h)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (h-float64(low))*(sorted[low+1]-sorted[low])
}
