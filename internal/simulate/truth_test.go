package simulate

import (
	"cmp"
	"math"
	"slices"
	"testing"
)

func TestTruth_FollowsTheCoveragePaths(t *testing.T) {
	c := lived(t, 0.5, 5)
	rate := map[string]map[string]float64{}
	for _, i := range c.indicators() {
		if i.Denominator == nil {
			continue
		}
		isMean := slices.Contains([]string{"S10a", "S10b", "S10d", "S11b"}, i.Indicator)
		if i.Numerator > float64(*i.Denominator) && i.Variant != "rate_exposed" && !isMean {
			t.Errorf("%s %s %s %s: %v of %d", i.Indicator, i.Variant, i.Period, i.Area, i.Numerator, *i.Denominator)
		}
		if i.Area == areaCity && *i.Denominator > 0 {
			key := i.Indicator + " " + i.Variant
			if rate[key] == nil {
				rate[key] = map[string]float64{}
			}
			rate[key][i.Period] = i.Numerator / float64(*i.Denominator)
		}
	}
	for key, want := range map[string][2]float64{ // 2022, 2025
		"T1 strict": {.72, .95}, "T2 employer": {.58, .91}, "T3 strict": {.76, .955}, "T4a lenient": {.65, .94}, "T4b employer": {.68, .93},
		"T5 strict": {.90, .98}, "T6 persons": {.71, .86},
	} {
		for i, year := range []string{"2022", "2025"} {
			if got := rate[key][year]; got < want[i]-0.08 || got > want[i]+0.08 {
				t.Errorf("%s in %s: %.3f, want about %.2f", key, year, got, want[i])
			}
		}
		if rate[key]["2025"] <= rate[key]["2018"] {
			t.Errorf("%s does not rise from 2018 to 2025", key)
		}
	}
}

// TestTruth_TheDesksAreAsBusyAsRealOnes holds the shares of what the desks write against the source papers: nine in ten
// patients visited by 2025, projects with steps left out, a third of the employers inspected, complaints left unanswered.
func TestTruth_TheDesksAreAsBusyAsRealOnes(t *testing.T) {
	c := lived(t, 0.5, 5)
	for _, i := range c.indicators() {
		if i.Area != areaCity || i.Period != "2025" || i.Denominator == nil {
			continue
		}
		want, ok := map[string][2]float64{
			"S12 pneumoconiosis": {.75, .97}, "S12b pneumoconiosis": {.85, 1}, "S13 injury": {.35, .91}, "S14 pre": {.5, .9}, "S14 all": {.1, .6}, "S14 control": {.3, .9},
			"S15 coverage": {.2, .5}, "S15 rectified": {.75, 1}, "S15 in_time": {.4, .95}, "S15 complaints": {.75, .99},
		}[i.Indicator+" "+i.Variant]
		if got := i.Numerator / float64(*i.Denominator); ok && (got < want[0] || got > want[1]) {
			t.Errorf("%s %s: %.2f of %d, want %v", i.Indicator, i.Variant, got, *i.Denominator, want)
		}
	}
	if len(c.accidents) == 0 || len(c.demerits) < 20 || len(c.listed) < 40 || len(c.reports) < 500 || len(c.register) < 50 {
		t.Errorf("%d accidents, %d demerits, %d institutions, %d summary reports, %d registered workers", len(c.accidents), len(c.demerits), len(c.listed), len(c.reports), len(c.register))
	}
}

func TestTruth_TheCityIsTheSumOfItsAreas(t *testing.T) {
	c := lived(t, 0.05, 5)
	type key struct{ indicator, variant, period string }
	sums, city := map[key]tally{}, map[key]tally{}
	for _, i := range c.indicators() {
		k := key{i.Indicator, i.Variant, i.Period}
		v := tally{n: i.Numerator}
		if i.Denominator != nil {
			v.d = *i.Denominator
		}
		if i.Area == areaCity {
			city[k] = v
			continue
		}
		sums[k] = tally{sums[k].n + v.n, sums[k].d + v.d}
	}
	for k, v := range city {
		if s := sums[k]; s.d != v.d || math.Abs(s.n-v.n) > 1e-6 {
			t.Errorf("%v: city %v, areas %v", k, v, sums[k])
		}
	}
}

// TestTruth_ShowsInTheCards compares the truth about the in-service examinations, counted on posts and workers, with
// what follows from the cards alone: who works where is read off each person's latest examination.
func TestTruth_ShowsInTheCards(t *testing.T) {
	c := lived(t, 0.15, 9)
	byPerson := map[*person][]*exam{}
	for _, x := range c.exams {
		byPerson[x.worker.person] = append(byPerson[x.worker.person], x)
	}
	for year := c.from.year(); year <= c.until.year(); year++ {
		d := c.readingDay(year)
		fromCards := map[*employer]*tally4{}
		for _, exams := range byPerson {
			slices.SortStableFunc(exams, func(a, b *exam) int { return cmp.Compare(a.on, b.on) })
			var latest *exam
			for _, x := range exams {
				if x.on <= d {
					latest = x
				}
			}
			if latest == nil || latest.kind == examLeave || latest.kind == examPost {
				continue
			}
			seen := &worker{employer: latest.worker.employer, post: latest.worker.post}
			for _, x := range exams {
				if x.worker.employer == seen.employer {
					seen.exams = append(seen.exams, x)
				}
			}
			s := seen.standing(d)
			t4 := fromCards[seen.employer]
			if t4 == nil {
				t4 = &tally4{}
				fromCards[seen.employer] = t4
			}
			t4.add(s)
		}
		for _, e := range c.employers {
			if !e.isKey(d) || e.stopped {
				continue
			}
			var onPosts tally4
			for _, p := range e.posts {
				for _, line := range p.slots {
					for _, w := range line {
						if w.employed(d) {
							onPosts.add(w.standing(d))
						}
					}
				}
			}
			cards := fromCards[e]
			if cards == nil {
				cards = &tally4{}
			}
			if *cards != onPosts {
				t.Errorf("%d %s: on the posts %+v, in the cards %+v", year, e.uscc, onPosts, *cards)
			}
		}
	}
}

type tally4 struct{ covered, partly, notDue, thisYear, laterYear int }

func (t *tally4) add(s standing) {
	t.covered += boolInt(s.covered)
	t.partly += boolInt(s.partly)
	t.notDue += boolInt(s.notDue)
	t.thisYear += boolInt(s.thisYear)
	t.laterYear += boolInt(s.laterYear)
}

func TestCity_KeepsItsPromises(t *testing.T) {
	c := lived(t, 0.1, 13)
	names := map[string]bool{}
	for _, e := range c.employers {
		if names[e.name] {
			t.Errorf("two employers bear the name %s", e.name)
		}
		names[e.name] = true
		for _, p := range e.posts {
			if !slices.ContainsFunc(p.kind.hazards, (*hazard).alwaysMandatory) {
				t.Errorf("post %s has no hazard that both editions make mandatory", p.kind.post)
			}
			for _, line := range p.slots {
				for i, w := range line {
					if i > 0 && line[i-1].leave != w.hire {
						t.Errorf("%s: a slot stays empty from %s to %s", e.name, line[i-1].leave, w.hire)
					}
					if w.movedTo != nil && (len(w.movedTo.exams) == 0 || w.movedTo.exams[0].kind != examPre || w.movedTo.exams[0].on != w.leave) {
						t.Errorf("%s moved on %s without a pre-placement examination that day", w.person.idNo, w.leave)
					}
				}
			}
		}
		for _, w := range e.radiation {
			if w.end == 0 {
				continue
			}
			if !slices.ContainsFunc(w.readings, func(x *reading) bool { return x.to == w.end }) {
				t.Errorf("%s %s left on %s: no paper says so", e.uscc, w.no, w.end)
			}
		}
	}
	type diagnosis struct {
		person  *person
		disease string
	}
	known := map[diagnosis]bool{}
	for _, k := range c.cases {
		if d := (diagnosis{k.person, k.disease}); k.isNew() {
			if known[d] {
				t.Errorf("%s is a new case of %s twice", k.person.idNo, k.disease)
			}
			known[d] = true
		}
	}
}

// TestCity_IsAsBigAsTheRealOne holds the size of the whole city: what the papers about it would have to be loaded from.
func TestCity_IsAsBigAsTheRealOne(t *testing.T) {
	c := lived(t, 1, 1)
	exposed, institutions := 0, 0
	for _, e := range c.employers {
		if e.active(c.until) {
			exposed += e.exposed()
		}
	}
	for _, n := range c.institutions() {
		institutions += n
	}
	if len(c.employers) < 1450 || len(c.employers) > 1550 || exposed < 36000 || exposed > 44000 || institutions != 60 {
		t.Errorf("%d employers, %d exposed, %d institutions: want about 1,500, 40,000 and 60", len(c.employers), exposed, institutions)
	}
}

// TestDetection_OverLimitSharesFallSlowly holds the share of results over the limit against the source papers: a tenth
// at the start, falling by about 8 % of the odds a year, and seldom twice in a row at one post.
func TestDetection_OverLimitSharesFallSlowly(t *testing.T) {
	c := lived(t, 0.4, 3)
	type spot struct {
		post   *post
		hazard *hazard
	}
	results, over := map[int]int{}, map[int]int{}
	twice, once := 0, 0
	for _, e := range c.employers {
		rounds := slices.Clone(e.rounds)
		slices.SortStableFunc(rounds, func(a, b *round) int { return cmp.Compare(a.on, b.on) })
		before := map[spot]bool{}
		for _, round := range rounds {
			now := map[spot]bool{}
			for _, x := range round.results {
				results[round.on.year()]++
				over[round.on.year()] += boolInt(x.over)
				now[spot{x.post, x.hazard}] = now[spot{x.post, x.hazard}] || x.over
			}
			for s, isOver := range now {
				once += boolInt(isOver)
				twice += boolInt(isOver && before[s])
				before[s] = isOver
			}
		}
	}
	share := func(year int) float64 { return float64(over[year]) / float64(results[year]) }
	if got := share(2018); got < 0.07 || got > 0.14 {
		t.Errorf("2018: %.3f of the results over the limit, want about a tenth", got)
	}
	odds := func(year int) float64 { return share(year) / (1 - share(year)) }
	if got := odds(2026) / odds(2018); got < 0.3 || got > 0.75 {
		t.Errorf("the odds of 2026 are %.2f of those of 2018, want about half", got)
	}
	if float64(twice) > 0.1*float64(once) {
		t.Errorf("%d of %d over-limit posts were over in the round before", twice, once)
	}
}
