package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// summary returns the three points at the head of the bulletin: cases and warnings, targets, data.
func (w words) summary(b *Bulletin) []SummaryPoint {
	return []SummaryPoint{
		{w.say("report.point_cases"), w.casesSentence(b) + w.expectation(b) + w.warningsSentence(b)},
		{w.say("report.point_targets"), w.targetsSentence(b.Readings)},
		{w.say("report.point_data"), w.dataSentence(b)},
	}
}

// SummaryPoint is one of the three points of the summary.
type SummaryPoint struct{ Head, Text string }

func (w words) casesSentence(b *Bulletin) string {
	c := b.Cases
	if b.Snapshot.Batch == 0 && c == (Cases{}) {
		return w.say("report.cases_no_data")
	}
	key := "report.cases_week"
	if c.New.Now == 0 && c.Suspected.Now == 0 {
		key = "report.cases_week_none"
	}
	text := w.say(key, "new", w.count(c.New.Now), "suspected", w.count(c.Suspected.Now), "past", w.past(c))

	var changes []string
	total := 0
	for _, s := range []struct {
		what string
		c    Comparison
	}{{"report.new_cases", c.New}, {"report.suspected_cases", c.Suspected}} {
		than := map[verdict][]string{}
		total += s.c.Now + s.c.Before
		v := compare(s.c.Now, s.c.Before)
		than[v] = append(than[v], w.say("report.than_last_week"))
		if s.c.HasPast {
			total += s.c.YearAgo
			v = compare(s.c.Now, s.c.YearAgo)
			than[v] = append(than[v], w.say("report.than_last_year"))
		}
		for _, v := range []verdict{more, fewer} {
			if len(than[v]) > 0 {
				key := map[verdict]string{more: "report.change_more", fewer: "report.change_fewer"}[v]
				changes = append(changes, w.say(key, "what", w.say(s.what), "than", strings.Join(than[v], w.say("report.and"))))
			}
		}
	}
	switch {
	case len(changes) > 0:
		text += w.say("report.change_beyond_chance", "changes", w.clauses(changes))
	case total > 0:
		text += w.say("report.change_within_chance")
	default:
		text += w.say("report.full_stop")
	}
	return text + w.yearSentence(c.NewYear)
}

// past writes the counts of last week and of the same week last year.
func (w words) past(c Cases) string {
	one := func(key string, fresh, suspected int) string {
		if fresh == 0 && suspected == 0 {
			key += "_none"
		}
		return w.say(key, "new", w.count(fresh), "suspected", w.count(suspected))
	}
	text := one("report.cases_last_week", c.New.Before, c.Suspected.Before)
	if c.New.HasPast {
		text = w.clauses([]string{text, one("report.cases_last_year", c.New.YearAgo, c.Suspected.YearAgo)})
	}
	return text
}

// yearSentence compares the year so far with the same part of the year before.
func (w words) yearSentence(year Comparison) string {
	switch {
	case year.Now == 0 && (!year.HasPast || year.YearAgo == 0):
		return w.say("report.cases_year_none")
	case !year.HasPast:
		return w.say("report.cases_year_alone", "n", w.count(year.Now))
	}
	judgement := "report.year_within_chance"
	switch compare(year.Now, year.YearAgo) {
	case more:
		judgement = "report.year_more"
	case fewer:
		judgement = "report.year_fewer"
	}
	return w.say("report.cases_year", "n", w.count(year.Now), "before", w.count(year.YearAgo),
		"judgement", w.say(judgement))
}

func (w words) warningsSentence(b *Bulletin) string {
	fresh, open := tally(b.Warnings)
	if fresh.total() == 0 && open.total() == 0 {
		return w.say("report.warnings_none")
	}
	text := w.say("report.warnings_week_none")
	if fresh.total() > 0 {
		text = w.say("report.warnings_week", "n", w.count(fresh.total()), "split", w.split(fresh))
	}
	if open.total() > 0 {
		return text + w.say("report.warnings_open", "n", w.count(open.total()), "split", w.split(open))
	}
	return text + w.say("report.warnings_open_none")
}

// bySeverity counts warnings of each severity.
type bySeverity map[Severity]int

func (s bySeverity) total() int {
	n := 0
	for _, severity := range Severities() {
		n += s[severity]
	}
	return n
}

// tally counts the warnings opened in the week and the ones still open at its end.
func tally(warnings []Warning) (fresh, open bySeverity) {
	fresh, open = bySeverity{}, bySeverity{}
	for _, x := range warnings {
		if x.New {
			fresh[x.Severity]++
		}
		if x.Open {
			open[x.Severity]++
		}
	}
	return fresh, open
}

// split writes the severities that occur: 红色3条、橙色12条.
func (w words) split(s bySeverity) string {
	var parts []string
	for _, severity := range Severities() {
		if s[severity] > 0 {
			parts = append(parts, w.say("report.severity_count", "severity", w.say("report.severity."+string(severity)),
				"n", w.count(s[severity])))
		}
	}
	return w.list(parts)
}

// namedGaps is how many missed targets the summary spells out; the readings show all of them.
const namedGaps = 3

func (w words) targetsSentence(readings []Reading) string {
	var below []Reading
	met, unsure, targets := 0, 0, 0
	for _, r := range readings {
		if r.Target == nil {
			continue
		}
		targets++
		switch r.Status {
		case "met":
			met++
		case "below":
			below = append(below, r)
		default:
			unsure++
		}
	}
	if targets == 0 {
		return w.say("report.targets_none") + w.directionSentence(readings)
	}
	slices.SortStableFunc(below, func(a, b Reading) int { return cmp.Compare(shortfall(b), shortfall(a)) })
	key := "report.targets_count"
	switch targets {
	case met:
		key = "report.targets_all_met"
	case len(below):
		key = "report.targets_none_met"
	}
	if targets == 1 && key != "report.targets_count" {
		key += "_one"
	}
	text := w.say(key, "all", w.count(targets), "met", w.count(met), "below", w.count(len(below)))
	if unsure > 0 {
		text += w.say("report.targets_unsure", "n", w.count(unsure))
	}
	text += w.say("report.full_stop")
	var gaps []string
	for i, r := range below {
		if i == namedGaps {
			break
		}
		gaps = append(gaps, w.say("report.target_gap", "title", w.in(r.Title), "value", w.value(r.Value, r.Unit, r.Target),
			"target", w.target(*r.Target), "gap", w.gap(r.Indicator, r.Gap)))
	}
	if len(gaps) > 0 {
		key = "report.targets_gaps"
		if len(below) > namedGaps {
			key = "report.targets_gaps_largest"
		}
		text += w.say(key, "gaps", w.clauses(gaps))
	}
	return text + w.directionSentence(readings)
}

// directionSentence speaks of the readings whose target is a direction: T7 and T8.
func (w words) directionSentence(readings []Reading) string {
	text := ""
	for _, r := range readings {
		if r.Target != nil || r.Direction != "down" {
			continue
		}
		switch r.Status {
		case "falling", "rising", "no_evidence":
			text += w.say("report.direction_"+r.Status, "title", w.in(r.Title))
		}
	}
	return text
}

// gap writes the units that are still missing.
func (w words) gap(indicator string, gap *float64) string {
	if gap == nil || *gap <= 0 {
		return w.say("report.none")
	}
	return w.say("report.gap", "n", w.unit(indicator, math.Ceil(*gap)))
}

func shortfall(r Reading) float64 {
	if r.Value.Value == nil || r.Target == nil {
		return 0
	}
	return *r.Target - *r.Value.Value
}

func (w words) dataSentence(b *Bulletin) string {
	q := b.Quality
	if b.Snapshot.Batch == 0 {
		return w.say("report.data_empty")
	}
	files, read, rejected := 0, 0, 0
	for _, a := range q.Arrivals {
		files += a.Files
		read += a.Read
		rejected += a.Rejected
	}
	text := ""
	switch {
	case files == 0:
		text = w.say("report.data_nothing")
	case q.InWeek:
		text = w.say("report.data_week", "files", w.count(files), "rows", w.count(read))
	default:
		text = w.say("report.data_last", "day", w.date(q.From), "files", w.count(files), "rows", w.count(read))
	}
	if rejected > 0 {
		text += w.say("report.data_rejected", "n", w.count(rejected), "share", w.ofRows(rejected, read))
		if reason, ok := firstReject(q.Rejects); ok {
			text += w.say("report.data_rejected_mostly", "reason", w.reject(reason.Code), "n", w.count(reason.Rows))
		}
	} else if files > 0 {
		text += w.say("report.data_none_rejected")
	}
	text += w.say("report.full_stop")
	if len(q.Late) > 0 {
		text += w.say("report.data_late", "n", w.count(len(q.Late)))
	}
	if q.Open > 0 {
		text += w.say("report.data_unmatched", "rows", w.count(q.Open))
	}
	return text
}

// firstReject returns the most frequent reason over all streams.
func firstReject(rejects []Reject) (Reject, bool) {
	rows := map[string]int{}
	for _, r := range rejects {
		rows[r.Code] += r.Rows
	}
	var most Reject
	for code, n := range rows {
		if n > most.Rows || n == most.Rows && code < most.Code {
			most = Reject{Code: code, Rows: n}
		}
	}
	return most, most.Rows > 0
}

// reject names the reason of a rejected row.
func (w words) reject(code string) string {
	if text := w.say("report.reject." + code); text != "[report.reject."+code+"]" {
		return text
	}
	return code
}

// ofRows writes a part of rows as a percentage, or as a count of a total when the rows are few.
func (w words) ofRows(n, d int) string {
	if d < MinRanked {
		return w.of(float64(n), float64(d))
	}
	if share := float64(n) / float64(d); share >= 0.001 {
		return w.percent(share, nil)
	}
	return w.say("report.below_permille")
}

// verdict on two counts.
type verdict int

const (
	same verdict = iota
	more
	fewer
)

// compare tells whether two Poisson counts over stretches of equal length differ by more than chance: the
// exact two-sided conditional test at 5 %, in which the first count is binomial with one half given the sum
// (Przyborowski and Wilenski 1940).
func compare(now, before int) verdict {
	n, k := now+before, min(now, before)
	tail := 0.0
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		tail += math.Exp(a - b - c - float64(n)*math.Ln2)
	}
	switch {
	case now == before || 2*tail >= 0.05:
		return same
	case now > before:
		return more
	}
	return fewer
}
