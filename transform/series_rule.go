package transform

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// detectorSeries in the header of a rule says that it warns of alarms in series.
const detectorSeries = "series"

// stateCause makes one warning of a stratum as long as its alarm lasts.
const stateCause = "alarm"

// seriesCandidates are the strata of a rule's series that stand out in a week, or in one of the weeks before that were not
// settled, which late reports may have filled. A warning of an event is named by the first week
// of those judged together, so that it stays one while a cluster goes on. All strata of all the series are one family
// of tests for each week: its false discovery rate is held by Benjamini and Hochberg's procedure. The stratum of the
// whole city, which repeats the others, is not among them. The first detector of a series decides.
func (r Rule) seriesCandidates(ctx context.Context, db *warehouse.DB, week period.Period, opt Options) ([]candidate, error) {
	all, err := r.watched(opt.Files)
	if err != nil {
		return nil, err
	}
	tests := map[int][]seriesTest{} // by number of the week
	for _, s := range all {
		data, err := s.readWeekly(ctx, db, week, opt, true)
		if err != nil {
			return nil, err
		}
		oldest := max(0, data.n-1-s.settings.maxDelay)
		e := newSeriesEvaluation(s, data, opt.City, oldest)
		for _, p := range e.compute(0, len(data.strata), func(_, t int, _ uint64) bool { return t >= oldest }) {
			if p.detector == s.Methods[0] && !math.IsNaN(p.p) && data.strata[p.stratum].key != opt.City {
				number := data.first + p.week
				tests[number] = append(tests[number], seriesTest{seriesPoint: p, series: s, data: data})
			}
		}
	}
	var called []seriesCall
	for number, family := range tests {
		p := make([]float64, len(family))
		for i, t := range family {
			p[i] = t.p
		}
		for i, q := range falseDiscovery(p) {
			if t := family[i]; t.alarm && t.p <= r.number("alpha") && q <= r.number("fdr") && math.Max(t.cases, t.casesExpected) >= r.number("min_cases") && t.standsOut(r.IsEvent) {
				called = append(called, seriesCall{seriesTest: t, q: q, lines: t.evidence(number), number: number, tests: len(family)})
			}
		}
	}
	var found []candidate
	for _, c := range oneEach(called) {
		found = append(found, r.seriesCandidate(c))
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Cause, b.Cause), cmp.Compare(b.Args["week"], a.Args["week"]))
	})
	// One cluster that alarms in several weeks is one candidate, the newest.
	found = slices.CompactFunc(found, func(a, b candidate) bool { return a.Object == b.Object && a.Cause == b.Cause })
	return found, nil
}

// watched are the series that the rule names.
func (r Rule) watched(files fs.FS) ([]Series, error) {
	all, broken, err := LoadSeries(files)
	if err != nil {
		return nil, err
	}
	var found []Series
	for _, id := range r.Series {
		at := slices.IndexFunc(all, func(s Series) bool { return s.ID == id })
		if at < 0 {
			for _, b := range broken {
				err = b
			}
			if err != nil {
				return nil, fmt.Errorf("%s: line 1: series %s: %w", r.Path, id, err)
			}
			return nil, fmt.Errorf("%s: line 1: there is no series %s", r.Path, id)
		}
		found = append(found, all[at])
	}
	return found, nil
}

// seriesTest is the result for one stratum, as one of the tests of a week.
type seriesTest struct {
	seriesPoint
	series Series
	data   *weekly
}

// standsOut reports whether the week is on the side that its series looks at. An event must be news: the week itself adds to what is
// judged, not only earlier weeks in a longer window. A state lasts as long as the window does.
func (t seriesTest) standsOut(isEvent bool) bool {
	if t.cases > t.casesExpected {
		return t.series.Direction != Down && (!isEvent || t.data.strata[t.stratum].counts[t.week] > 0)
	}
	return t.series.Direction != Up && t.cases < t.casesExpected
}

// evidence are the rows behind the weeks judged together; when there are too few, also the newest ones before.
func (t seriesTest) evidence(number int) (lines []string) {
	all := t.data.strata[t.stratum].lines
	for w := number - t.weeks + 1; w <= number; w++ {
		lines = append(lines, all[w]...)
	}
	if t.cases < t.casesExpected {
		for w := number - t.weeks; w > number-scanWeeks && len(lines) == 0; w-- {
			lines = all[w]
		}
	}
	return lines
}

// seriesCall is a test that is called, with its false discovery rate and the rows behind it.
type seriesCall struct {
	seriesTest
	q      float64
	lines  []string
	number int // of the week
	tests  int // in its family
}

// object is what the call is about.
func (c seriesCall) object() string { return c.series.ID + "|" + c.data.strata[c.stratum].key }

// oneEach leaves of calls of different strata that rest mostly on the same rows those with the smallest p: the same cases are counted by
// township, by industry and by hazard, and are one matter.
func oneEach(calls []seriesCall) []seriesCall {
	slices.SortFunc(calls, func(a, b seriesCall) int {
		return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(a.object(), b.object()), cmp.Compare(b.number, a.number))
	})
	told := map[string]string{} // by row: the object it was told of
	return slices.DeleteFunc(calls, func(c seriesCall) bool {
		n := 0
		for _, l := range c.lines {
			if of, ok := told[l]; ok && of != c.object() {
				n++
			}
		}
		if 2*n > len(c.lines) {
			return true
		}
		for _, l := range c.lines {
			if _, ok := told[l]; !ok {
				told[l] = c.object()
			}
		}
		return false
	})
}

// falseDiscovery is, for each test with its p, the smallest false discovery rate at which it is called.
//
// Benjamini & Hochberg, J R Stat Soc B 1995;57:289–300; R's p.adjust(method = "BH").
func falseDiscovery(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	q := make([]float64, len(p))
	least, m := 1.0, float64(len(p))
	for k, i := range order { // the largest first
		least = math.Min(least, p[i]*(m/(m-float64(k)))) // never below p, not even by rounding
		q[i] = least
	}
	return q
}

func (r Rule) seriesCandidate(t seriesCall) candidate {
	z := t.data.strata[t.stratum]
	name, lines, q := weekName(t.number), t.lines, t.q
	c := candidate{
		ObjectKind: t.series.Strata[0], Object: z.key, ObjectName: z.nameZh, Area: z.area, Severity: string(r.Severity),
		Cause: weekName(t.number - t.weeks + 1), Score: math.Abs(t.cases - t.casesExpected), Evidence: lines[:min(len(lines), maxEvidence)], NEvidence: uint64(len(lines)),
		Args: map[string]string{
			"n": plainNumber(t.cases), "expected": strconv.FormatFloat(t.casesExpected, 'f', 2, 64), "week": name, "weeks": strconv.Itoa(t.weeks),
			"methods": t.method, "method": t.method, "p": probability(t.p), "q": probability(q), "tests": strconv.Itoa(t.tests),
			"fdr": r.param("fdr"), "area": z.nameZh, "area_en": z.nameEn, "object_en": z.nameEn, "what": t.series.Title.Zh, "what_en": t.series.Title.En,
			"series": t.series.ID,
		},
	}
	if len(t.series.Strata) > 1 {
		c.ObjectKind = "series"
	}
	if !r.IsEvent {
		c.Cause = stateCause
	}
	if !math.IsNaN(t.threshold) {
		c.Args["threshold"] = plainNumber(t.threshold)
	}
	if t.provisional && !math.IsNaN(t.nowcast) {
		c.Args["nowcast"], c.Args["reported"] = plainNumber(t.nowcast), strconv.FormatFloat(100*t.share, 'f', 0, 64)
	}
	return c
}

func plainNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// probability writes a p-value with two significant digits.
func probability(p float64) string {
	if p != 0 && p < 1e-4 {
		return strconv.FormatFloat(p, 'e', 1, 64)
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}
