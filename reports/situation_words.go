package reports

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// summaryOf returns the points at the head of a situation report or letter: what happened, whether the targets will be met, who
// must act, how sure that is.
func (w words) summaryOf(s *Situation) []SummaryPoint {
	points := []SummaryPoint{
		{w.say("report.point_happened"), w.periodCases(s) + w.overLimit(s)},
		{w.say("report.point_targets"), w.targetsSentence(s.Readings) + w.shiftSentence(s) + w.projectionSentence(s)},
		{w.say("report.point_who"), w.actionSentence(s)},
		{w.say("report.point_sure"), w.sureSentence(s)},
	}
	if s.Kind == KindTownship {
		points[0], points[1] = points[1], points[0]
		points[0].Text += w.standingSentence(s) + w.nearestSentence(s)
	}
	return points
}

// this names the period within a sentence: 本季度, this quarter.
func (w words) this(s *Situation) string { return w.say("report.this." + s.Period.Kind.String()) }

func (w words) yearAgo(s *Situation) string {
	return w.say("report.year_ago." + s.Period.Kind.String())
}

// few writes a count for readers from whom small ones are hidden.
func (w words) few(n, least int) string {
	if n >= 1 && n < least {
		return w.say("report.fewer_than", "n", w.count(least))
	}
	return w.count(n)
}

// periodCases says how many cases were reported, beside the period before and a year earlier. A difference is called one only
// where the test of two counts rejects equality, and never for a count that is hidden.
func (w words) periodCases(s *Situation) string {
	if !s.HasCases {
		return w.say("report.cases_no_data")
	}
	pair := func(key string, fresh, suspected int) string {
		if fresh == 0 && suspected == 0 {
			key += "_none"
		}
		return w.say(key, "new", w.few(fresh, s.Least), "suspected", w.few(suspected, s.Least))
	}
	past := []string{}
	yearly := s.Period.Kind.String() == "year"
	if !yearly {
		past = append(past, w.say("report.past_pair", "when", w.say("report.before."+s.Period.Kind.String()), "counts", pair("report.pair", s.New.Before, s.Suspected.Before)))
	}
	if s.New.HasPast {
		past = append(past, w.say("report.past_pair", "when", w.yearAgo(s), "counts", pair("report.pair", s.New.YearAgo, s.Suspected.YearAgo)))
	}
	key := "report.period_cases"
	if len(past) == 0 {
		key = "report.period_cases_alone"
	}
	text := w.say(key, "this", w.this(s), "counts", pair("report.pair", s.New.Now, s.Suspected.Now), "past", w.clauses(past))
	var changes []string
	judged := false
	for _, one := range []struct {
		what string
		c    Comparison
	}{{"report.new_cases", s.New}, {"report.suspected_cases", s.Suspected}} {
		if one.c.Now >= 1 && one.c.Now < s.Least {
			continue
		}
		than := map[verdict][]string{}
		judge := func(before int, key string) {
			if before >= 1 && before < s.Least || one.c.Now+before == 0 {
				return
			}
			judged = true
			v := compare(one.c.Now, before)
			than[v] = append(than[v], w.say(key))
		}
		if !yearly {
			judge(one.c.Before, "report.before."+s.Period.Kind.String())
		}
		if one.c.HasPast {
			judge(one.c.YearAgo, "report.year_ago."+s.Period.Kind.String())
		}
		for _, v := range []verdict{more, fewer} {
			if len(than[v]) > 0 {
				changes = append(changes, w.say(map[verdict]string{more: "report.change_more", fewer: "report.change_fewer"}[v],
					"what", w.say(one.what), "than", strings.Join(than[v], w.say("report.and"))))
			}
		}
	}
	switch {
	case len(changes) > 0:
		return text + w.say("report.change_beyond_chance", "changes", w.clauses(changes))
	case judged:
		return text + w.say("report.change_within_chance")
	}
	return text + w.say("report.full_stop")
}

// shift compares two readings: they differ only where their intervals do not touch, which is stricter than a test at 5 %.
func shift(now, before Value) verdict {
	switch {
	case now.Lower == nil || now.Upper == nil || before.Lower == nil || before.Upper == nil:
		return same
	case *now.Lower > *before.Upper:
		return more
	case *now.Upper < *before.Lower:
		return fewer
	}
	return same
}

// before returns the reading of the same period a year earlier, nil where there is none or where a change of the standard
// stands between the two.
func (r Reading) before() *Value {
	if len(r.History) < 2 {
		return nil
	}
	if r.Indicator == "T3" && changed(r.History) {
		return nil
	}
	v := r.History[len(r.History)-2].Value
	if v.Value == nil {
		return nil
	}
	return &v
}

// shiftSentence names the readings that rose or fell against the same period of the year before by more than their intervals.
func (w words) shiftSentence(s *Situation) string {
	found := map[verdict][]string{}
	compared := 0
	for _, r := range s.Readings {
		if before := r.before(); r.Unit == "share" && before != nil && r.Value.Value != nil {
			compared++
			v := shift(r.Value, *before)
			found[v] = append(found[v], w.in(r.Title))
		}
	}
	if compared == 0 {
		return ""
	}
	var parts []string
	for _, v := range []verdict{more, fewer} {
		if len(found[v]) > 0 {
			parts = append(parts, w.say(map[verdict]string{more: "report.shift_up", fewer: "report.shift_down"}[v], "names", w.list(found[v])))
		}
	}
	if len(parts) == 0 {
		return w.say("report.shift_none", "than", w.yearAgo(s))
	}
	return w.say("report.shift", "than", w.yearAgo(s), "changes", w.clauses(parts))
}

// projectionSentence says which targets will be met at the end of the year.
func (w words) projectionSentence(s *Situation) string {
	names := map[string][]string{}
	for _, p := range s.Projections {
		names[p.Status] = append(names[p.Status], w.in(p.Title))
	}
	var parts []string
	for _, status := range []string{"likely", "open", "unlikely"} {
		if n := len(names[status]); n > 0 {
			parts = append(parts, w.say("report.projection_"+status, "n", w.count(n), "names", w.list(names[status])))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return w.say("report.projection_lead", "parts", w.clauses(parts))
}

// overLimit says how often limits were exceeded, and whether that changed.
func (w words) overLimit(s *Situation) string {
	r := s.reading("S1")
	if r == nil || r.Value.Value == nil || r.Value.D == nil {
		return ""
	}
	if *r.Value.D == 0 {
		return ""
	}
	judgement := w.say("report.over_alone")
	if before := r.before(); before != nil {
		key := map[verdict]string{more: "report.over_more", fewer: "report.over_fewer", same: "report.over_same"}[shift(r.Value, *before)]
		judgement = w.say(key, "than", w.yearAgo(s), "before", w.value(*before, r.Unit, nil))
	}
	if *r.Value.D < MinRanked {
		return w.say("report.over_few", "of", w.of(r.Value.N, *r.Value.D), "judgement", judgement)
	}
	return w.say("report.over", "value", w.value(r.Value, r.Unit, nil), "of", w.of(r.Value.N, *r.Value.D),
		"range", w.interval(r.Value, r.Unit), "judgement", judgement)
}

// actionSentence says how many warnings there are and who has to act on the most.
func (w words) actionSentence(s *Situation) string {
	fresh, open := tally(s.Warnings)
	if fresh.total()+open.total() == 0 {
		return w.say("report.action_none", "this", w.this(s))
	}
	if s.Least > 0 {
		return w.say("report.action_public", "this", w.this(s), "fresh", w.few(fresh.total(), s.Least), "open", w.few(open.total(), s.Least))
	}
	text := w.say("report.action_new_none", "this", w.this(s))
	if fresh.total() > 0 {
		text = w.say("report.action_new", "this", w.this(s), "n", w.count(fresh.total()), "split", w.split(fresh))
	}
	if open.total() == 0 {
		return text + w.say("report.action_open_none")
	}
	text += w.say("report.action_open", "n", w.count(open.total()), "split", w.split(open))
	overdue := 0
	loads := map[string]int{}
	for _, x := range s.Warnings {
		if !x.Open {
			continue
		}
		if s.overdue(x) {
			overdue++
		}
		for _, code := range x.Addressee {
			loads[code]++
		}
	}
	if overdue > 0 {
		text += w.say("report.action_overdue", "n", w.count(overdue))
	}
	var codes []string
	for code := range loads {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(cmp.Compare(loads[b], loads[a]), cmp.Compare(a, b)) })
	var who []string
	for _, code := range codes[:min(3, len(codes))] {
		who = append(who, w.say("report.action_load", "who", w.addressee(code), "n", w.count(loads[code])))
	}
	if len(who) > 0 {
		text += w.say("report.action_who", "who", w.list(who))
	}
	return text
}

// sureSentence says how far the numbers can be trusted, and which issue this is.
func (w words) sureSentence(s *Situation) string {
	if s.Snapshot.Batch == 0 {
		return w.say("report.data_empty")
	}
	text := ""
	if s.Today.Before(s.Period.End) {
		text = w.say("report.sure_running", "this", w.this(s), "date", w.date(s.Today))
	}
	few, unsure := 0, 0
	for _, r := range s.Readings {
		switch {
		case r.Value.Hidden || r.Value.Value == nil:
			unsure++
		case r.Unit == "share" && r.Value.D != nil && *r.Value.D < MinRanked:
			few++
		}
	}
	if unsure > 0 {
		text += w.say("report.sure_missing", "n", w.count(unsure))
	}
	if few > 0 {
		text += w.say("report.sure_few", "n", w.count(few), "least", MinRanked)
	}
	text += w.say("report.sure_interval")
	switch {
	case s.Revision.Number > 1 && s.Revision.Total > 0:
		text += w.say("report.revision", "number", s.Revision.Number, "n", w.count(s.Revision.Total))
	case s.Revision.Number > 1:
		text += w.say("report.revision_same", "number", s.Revision.Number)
	}
	if s.Least > 0 {
		text += w.say("report.hidden_note", "n", s.Least-1)
	}
	return text
}

// standingSentence says in which readings a township stands first or last.
func (w words) standingSentence(s *Situation) string {
	at := slices.IndexFunc(s.Places, func(p Standpoint) bool { return p.Code == s.Area.Code })
	if at < 0 {
		return ""
	}
	var parts []string
	for i, x := range s.Places[at].Readings {
		if x.Rank > 0 {
			parts = append(parts, w.say("report.standing_one", "title", w.in(s.Readings[i].Title), "rank", w.count(x.Rank), "of", w.count(x.Of)))
		}
	}
	if len(parts) == 0 {
		return w.say("report.standing_none")
	}
	return w.say("report.standing_lead", "parts", w.list(parts))
}

// nearestSentence names the target that the fewest employers keep a township from.
func (w words) nearestSentence(s *Situation) string {
	var best *GapList
	for i := range s.Gaps {
		if g := &s.Gaps[i]; g.Needed > 0 && (best == nil || g.Needed < best.Needed) {
			best = g
		}
	}
	if best == nil {
		return ""
	}
	key := "report.nearest"
	if best.Needed == 1 {
		key = "report.nearest_one"
	}
	return w.say(key, "title", w.in(best.Title), "n", w.count(best.Needed))
}

// expectation sets the cases of the week beside what the weekly series of the city expect.
func (w words) expectation(b *Bulletin) string {
	var parts []string
	for _, d := range b.Detectors {
		n := len(d.Weeks)
		if !d.City || n == 0 || d.Weeks[n-1].Week != b.Week || d.Weeks[n-1].Expected == nil {
			continue
		}
		week := d.Weeks[n-1]
		key := "report.expected_within"
		if len(week.Alarms) > 0 {
			key = "report.expected_above"
		}
		parts = append(parts, w.say(key, "series", w.in(d.Title), "n", w.number(week.Observed), "expected", decimals(*week.Expected)))
	}
	if len(parts) == 0 {
		return ""
	}
	return w.say("report.expected_lead", "parts", w.clauses(parts))
}

// decimals writes a number to three significant digits at most, without needless zeros.
func decimals(x float64) string {
	digits := 2
	if math.Abs(x) >= 10 {
		digits = 1
	}
	return strconv.FormatFloat(math.Round(x*math.Pow10(digits))/math.Pow10(digits), 'f', -1, 64)
}
