package simulate

import (
	"fmt"
	"slices"
	"strings"
)

// Event is something planted in the city that a rule or a detector should find.
type Event struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Stream   string   `json:"stream"`
	Area     string   `json:"area"`
	Employer string   `json:"employer,omitempty"` // credit code
	Subject  string   `json:"subject,omitempty"`  // institution, card or worker number
	Hazard   string   `json:"hazard,omitempty"`
	Disease  string   `json:"disease,omitempty"`
	FromWeek string   `json:"from_week"`
	ToWeek   string   `json:"to_week"`
	Size     int      `json:"size"`
	Rules    []string `json:"rules"`
}

func (c *city) addEvent(e Event) { c.events = append(c.events, e) }

// stories are the employers to whom something is going to happen.
type stories struct {
	cluster   *employer // several cases of noise deafness at once
	overLimit *employer // high silica, twice
	short     *employer // silicosis after a short exposure
	overdue   *employer // no examinations for two years
	untested  *employer // no detection for two years
	gap       *employer // insurance gap
}

// lastMonday returns the Monday of the last week of the papers, or of an earlier one.
func (c *city) lastMonday(weeksBack int) day {
	weekday := (int(c.until.time().Weekday()) + 6) % 7
	return c.until - day(weekday) - day(7*weeksBack)
}

// lastFullMonday returns the Monday of the last week that the papers hold to its end.
func (c *city) lastFullMonday() day {
	if m := c.lastMonday(0); m+6 <= c.until {
		return m
	}
	return c.lastMonday(1)
}

// castStories chooses the employers of the stories before the city begins to live.
func (c *city) castStories() {
	choose := func(fits func(e *employer) bool) *employer {
		for _, e := range c.employers {
			if e.discovered || e.agency || e.close != 0 || e.stopped || e.start >= c.from || len(e.posts) == 0 || e.township == "" ||
				e == c.stories.cluster || e == c.stories.overLimit || e == c.stories.short || e == c.stories.overdue || e == c.stories.untested {
				continue
			}
			if fits(e) {
				return e
			}
		}
		return nil
	}
	has := func(e *employer, id string) bool {
		return slices.ContainsFunc(e.posts, func(p *post) bool {
			return slices.ContainsFunc(p.kind.hazards, func(h *hazard) bool { return h.id == id })
		})
	}
	s := &c.stories
	s.cluster = choose(func(e *employer) bool { return strings.Contains(e.name, "script") && has(e, "HZ-3-001") })
	if s.cluster == nil {
		s.cluster = choose(func(e *employer) bool {
			return e.township == townshipOutbreak && e.group.name == "metal" && has(e, "HZ-3-001")
		})
	}
	s.overLimit = choose(func(e *employer) bool {
		return e.group.name == "stone" && e.severe && has(e, "HZ-1-001") && e.exposed() > 15
	})
	s.short = choose(func(e *employer) bool { return has(e, "HZ-1-001") && e.group.name == "stone" })
	s.overdue = choose(func(e *employer) bool { return e.key && e.exposed() >= 25 && e.group.name == "wood" })
	s.untested = choose(func(e *employer) bool { return e.key && e.severe && e.exposed() >= 15 && e.group.name == "cars" })
	for _, enough := range []int{40, 12, 1} {
		if s.gap == nil {
			s.gap = choose(func(e *employer) bool { return e.severe && e.exposed() >= enough && e.group.name == "metal" })
		}
	}
	last := c.until.year()
	if last-c.from.year() < 3 {
		return
	}
	if s.overdue != nil {
		s.overdue.examsStop = last - 1
		c.addEvent(Event{
			ID: "overdue-exams", Kind: "overdue_exam", Stream: "exam", Area: s.overdue.area(), Employer: s.overdue.uscc,
			FromWeek: dayOf(last, 1, 5).week(), ToWeek: c.until.week(), Size: s.overdue.exposed(), Rules: []string{"R15", "R22"},
		})
	}
	if s.untested != nil {
		s.untested.testsStop = last - 1
		c.addEvent(Event{
			ID: "overdue-tests", Kind: "overdue_test", Stream: "detection", Area: s.untested.area(), Employer: s.untested.uscc,
			FromWeek: dayOf(last, 1, 5).week(), ToWeek: c.until.week(), Size: 1, Rules: []string{"R27"},
		})
	}
	if s.gap != nil {
		s.gap.insuranceDrop = (c.until - 150).monthStart()
		c.addEvent(Event{
			ID: "insurance-gap", Kind: "insurance_gap", Stream: "insurance", Area: s.gap.area(), Employer: s.gap.uscc,
			FromWeek: s.gap.insuranceDrop.addMonths(1).week(), ToWeek: c.until.week(), Size: s.gap.exposed(), Rules: []string{"R35"},
		})
	}
	if s.overLimit != nil {
		s.overLimit.testsStop = last // its rounds of the last year are the planted ones
	}
	for _, inst := range c.clinics {
		if inst.silentFrom != 0 {
			c.addEvent(Event{
				ID: "silent-" + inst.code, Kind: "silent_source", Stream: "exam", Area: areaCity, Subject: inst.code,
				FromWeek: inst.silentFrom.week(), ToWeek: c.until.week(), Size: 1, Rules: []string{"R39"},
			})
		}
	}
}

// plantOutbreaks adds examinations that find suspected noise deafness or silicosis: weekly surges in one township, of
// several sizes, the last of them with a cluster at one employer.
func (c *city) plantOutbreaks() {
	r := newDice(c.seed, "outbreaks", 0)
	monday := c.lastMonday
	weeksTo := func(year, week int) int { return int(c.until-dayOf(year, 1, 4))/7 - week + 1 }
	plans := []struct {
		id, township, hazard string
		weeks                []int // cards by week, the first is `back` weeks before the last week
		back                 int
		cluster              int // of these at the employer of the story
	}{
		{"outbreak-now", townshipOutbreak, "HZ-3-001", []int{3, 5, 4}, 2, 4},
		{"outbreak-spring-2025", "410184106", "HZ-3-001", []int{3, 5}, weeksTo(2025, 20), 0},
		{"outbreak-autumn-2024", "410184101", "HZ-1-011", []int{2, 3}, weeksTo(2024, 37), 0},
		{"outbreak-summer-2022", "410184107", "HZ-3-001", []int{3}, weeksTo(2022, 30), 0},
	}
	for _, p := range plans {
		first := monday(p.back)
		if p.back < 0 || first < c.from+400 {
			continue
		}
		var pool []*worker
		for _, w := range c.workers() {
			if w.employer.township == p.township && !w.employer.discovered && w.leave == 0 && w.hire < first-1200 && w.person.male && !w.employer.stopped && w.employer.close == 0 &&
				slices.ContainsFunc(w.post.kind.hazards, func(h *hazard) bool { return h.id == p.hazard }) {
				pool = append(pool, w)
			}
		}
		r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		taken := map[*employer]int{}
		planted, clustered := 0, 0
		for week, n := range p.weeks {
			for range n {
				cardOn := first + day(7*week) + r.days(0, 4)
				i := slices.IndexFunc(pool, func(w *worker) bool {
					if p.cluster > clustered && c.stories.cluster != nil {
						return w.employer == c.stories.cluster
					}
					return w.employer != c.stories.cluster && taken[w.employer] == 0
				})
				if i < 0 {
					i = slices.IndexFunc(pool, func(w *worker) bool { return w.employer != c.stories.cluster })
				}
				if i < 0 {
					break
				}
				w := pool[i]
				pool = slices.Delete(pool, i, i+1)
				if w.employer == c.stories.cluster {
					clustered++
				}
				taken[w.employer]++
				c.plantSuspect(w, c.ref.hazards[p.hazard], cardOn, r)
				planted++
			}
		}
		if planted == 0 {
			continue
		}
		disease := c.ref.diseases[diseaseOf(c.ref.hazards[p.hazard])].id
		c.addEvent(Event{
			ID: p.id, Kind: "outbreak", Stream: "case_report", Area: p.township, Hazard: p.hazard, Disease: disease,
			FromWeek: first.week(), ToWeek: (first + day(7*(len(p.weeks)-1))).week(), Size: planted, Rules: []string{"EARS"},
		})
		if clustered >= 2 {
			c.addEvent(Event{
				ID: "cluster-now", Kind: "cluster", Stream: "case_report", Area: p.township, Employer: c.stories.cluster.uscc, Hazard: p.hazard,
				Disease: disease, FromWeek: first.week(), ToWeek: (first + day(7*(len(p.weeks)-1))).week(), Size: clustered, Rules: []string{"R04"},
			})
		}
	}
	// three suspected cases whose diagnosis nobody has begun
	first := c.lastMonday(8)
	planted := 0
	for _, w := range c.workers() {
		if planted == 3 || first < c.from+400 {
			break
		}
		if w.leave == 0 && w.hire < first-1500 && w.person.male && w.employer.township == "410184107" && !w.employer.discovered && !w.employer.stopped && w.employer.close == 0 &&
			w.employer.id%7 == planted && slices.ContainsFunc(w.post.kind.hazards, func(h *hazard) bool { return h.id == "HZ-3-001" }) {
			if x := c.plantSuspect(w, c.ref.hazards["HZ-3-001"], first+day(planted*5), r); x != nil {
				planted++
				c.addEvent(Event{
					ID: fmt.Sprintf("not-entered-%d", planted), Kind: "suspected_not_entered", Stream: "case_report", Area: w.employer.area(),
					Employer: w.employer.uscc, Hazard: "HZ-3-001", FromWeek: (x.cardOn + 31).week(), ToWeek: c.until.week(), Size: 1, Rules: []string{"R10"},
				})
			}
		}
	}
}

// plantSuspect gives a worker an examination that finds a suspected disease, carded on that day.
func (c *city) plantSuspect(w *worker, h *hazard, cardOn day, r dice) *exam {
	on := cardOn - r.days(9, 13)
	x := &exam{worker: w, kind: examIn, on: on, judged: on + 4, reported: on + 6, sent: cardOn, clinic: w.employer.clinic, cardOn: cardOn}
	if x.clinic.silentFrom != 0 {
		x.clinic = c.clinics[0]
	}
	x.examined = w.mandatory(on)
	if !slices.Contains(x.examined, h) {
		return nil
	}
	for _, other := range w.exams {
		if other.on > on-70 && other.on < on+70 {
			return c.retell(w, other, h, cardOn)
		}
	}
	for _, e := range x.examined {
		f := finding{conclusion: concludedNormal}
		if e == h {
			f = finding{conclusion: concludedSuspect, disease: diseaseOf(h)}
		}
		x.findings = append(x.findings, f)
	}
	w.exams = append(w.exams, x)
	slices.SortStableFunc(w.exams, func(a, b *exam) int { return int(a.on - b.on) })
	return x
}

// retell turns a recent examination into the one that finds the suspected disease.
func (c *city) retell(w *worker, x *exam, h *hazard, cardOn day) *exam {
	i := slices.Index(x.examined, h)
	if i < 0 || x.recheck != nil || x.reexamOf != nil || x.on > cardOn || x.settled != 0 || x.findings[i].conclusion == concludedRecheck || x.findings[i].conclusion == concludedPending {
		return nil
	}
	x.findings[i] = finding{conclusion: concludedSuspect, disease: diseaseOf(h)}
	x.cardOn = cardOn
	return x
}

// plantOverLimit adds two rounds far over the limit: silica in the dust twice at one post, and loud noise at the
// employer of the cluster.
func (c *city) plantOverLimit() []*round {
	r := newDice(c.seed, "over limit", 0)
	var out []*round
	plant := func(e *employer, hazardID string, value map[string]float64, on, sent day) *round {
		if e == nil || on < c.from {
			return nil
		}
		t := &round{employer: e, lab: c.labs[0], kind: testPeriodic, on: on, survey: on - 5, analysed: on + 3, issued: sent - 2, sent: sent}
		for _, p := range e.posts {
			for _, h := range p.kind.hazards {
				if h.id != hazardID {
					continue
				}
				fx := newEffects(e.posts)
				c.sample(t, p, h, 0, fx, r)
				for _, x := range t.results {
					x.value = value[x.limitType+x.fraction]
					x.below, x.over = false, x.value > x.limit
				}
				e.rounds = append(e.rounds, t)
				out = append(out, t)
				return t
			}
		}
		return nil
	}
	last := c.lastFullMonday()
	if e := c.stories.overLimit; e != nil {
		before := plant(e, "HZ-1-001", map[string]float64{"TWA总尘": 2.61, "TWA呼尘": 1.72}, last-372, last-350)
		now := plant(e, "HZ-1-001", map[string]float64{"TWA总尘": 4.35, "TWA呼尘": 3.84}, last-24, last-4)
		if now != nil {
			c.addEvent(Event{
				ID: "silica-over-limit", Kind: "over_limit", Stream: "detection", Area: e.area(), Employer: e.uscc, Hazard: "HZ-1-001",
				FromWeek: now.on.week(), ToWeek: now.sent.week(), Size: len(now.results), Rules: []string{"R23"},
			})
		}
		if before != nil && now != nil {
			c.addEvent(Event{
				ID: "silica-over-limit-again", Kind: "repeated_over_limit", Stream: "detection", Area: e.area(), Employer: e.uscc, Hazard: "HZ-1-001",
				FromWeek: before.on.week(), ToWeek: now.sent.week(), Size: 2, Rules: []string{"R24"},
			})
		}
	}
	if e := c.stories.cluster; e != nil {
		if now := plant(e, "HZ-3-001", map[string]float64{"LEX,8h": 97.6}, last-12, last+3); now != nil {
			c.addEvent(Event{
				ID: "noise-over-limit", Kind: "over_limit", Stream: "detection", Area: e.area(), Employer: e.uscc, Hazard: "HZ-3-001",
				FromWeek: now.on.week(), ToWeek: now.sent.week(), Size: len(now.results), Rules: []string{"R23"},
			})
		}
	}
	return out
}

// plantEvents changes doses and adds cards: the rest of the stories.
func (c *city) plantEvents() {
	r := newDice(c.seed, "events", 0)
	c.plantDoses(r)
	last := c.lastFullMonday()
	if e := c.stories.short; e != nil && last > c.from+400 {
		p := c.newPerson(r, last-1300, 1)
		k := &caseCard{
			kind: cardPneumoconiosis, report: "new", person: p, employer: e, disease: "矽肺", hazard: c.ref.hazards["HZ-1-001"], post: "破碎",
			months: 43, diagnosed: last - 5, reported: last + 1, reviewed: last + 2, sent: last + 3, stage: 1, source: "职业病诊断", reportOrg: hospitals()[0],
		}
		c.file(k)
		c.addEvent(Event{
			ID: "short-exposure", Kind: "short_exposure", Stream: "case_report", Area: e.area(), Employer: e.uscc, Subject: k.no, Hazard: "HZ-1-001",
			Disease: c.ref.diseases["矽肺"].id, FromWeek: k.reported.week(), ToWeek: k.reported.week(), Size: 1, Rules: []string{"R06"},
		})
		late := &caseCard{
			kind: cardDisease, report: "new", person: c.newPerson(r, last-6000, 1), employer: e, disease: "噪声聋", hazard: c.ref.hazards["HZ-3-001"], post: "破碎",
			months: 131, diagnosed: last - 33, reported: last + 1, reviewed: last + 3, sent: last + 3, source: "职业病诊断", severity: "轻度", reportOrg: hospitals()[3],
		}
		c.file(late)
		c.addEvent(Event{
			ID: "late-card", Kind: "late_card", Stream: "case_report", Area: e.area(), Employer: e.uscc, Subject: late.no,
			FromWeek: late.reported.week(), ToWeek: late.reported.week(), Size: 1, Rules: []string{"R38"},
		})
	}
}

// plantDoses makes one interventional radiologist pass 20 mSv in the last year, one quarter over the investigation
// level for somebody else, and three dosimeters lost in one unit.
func (c *city) plantDoses(r dice) {
	year := c.until.year()
	var units []*employer
	for _, e := range c.employers {
		if e.group.radiology && e.close == 0 && len(e.radiation) >= 4 {
			units = append(units, e)
		}
	}
	thisYear := func(w *radiationWorker) []*reading {
		return slices.DeleteFunc(slices.Clone(w.readings), func(x *reading) bool {
			return x.from.year() != year || x.status != "正常" || x.position != "左胸"
		})
	}
	find := func(fits func(w *radiationWorker) bool) (*radiationWorker, []*reading) {
		for _, e := range units {
			for _, w := range e.radiation {
				if xs := thisYear(w); w.end == 0 && w.months == 3 && len(xs) >= 3 && fits(w) {
					return w, xs
				}
			}
		}
		return nil, nil
	}
	high, xs := find(func(w *radiationWorker) bool { return w.class == "2E" })
	if high == nil { // a small city without interventional radiology: somebody begins with it
		if high, xs = find(func(*radiationWorker) bool { return true }); high != nil {
			high.class = "2E"
		}
	}
	if high != nil {
		for i, x := range xs[:3] {
			x.value, x.below = []float64{7.42, 8.15, 6.93}[i], false
		}
		c.addEvent(Event{
			ID: "dose-above-20", Kind: "annual_dose", Stream: "dose", Area: high.unit.area(), Employer: high.unit.uscc, Subject: high.no,
			FromWeek: xs[0].report.week(), ToWeek: xs[2].report.week(), Size: 3, Rules: []string{"D01", "D02"},
		})
	}
	if w, xs := find(func(w *radiationWorker) bool { return w != high && w.class == "2A" }); w != nil {
		x := xs[len(xs)-1]
		x.value, x.below = 1.86, false
		c.addEvent(Event{
			ID: "dose-over-investigation-level", Kind: "period_dose", Stream: "dose", Area: w.unit.area(), Employer: w.unit.uscc, Subject: w.no,
			FromWeek: x.report.week(), ToWeek: x.report.week(), Size: 1, Rules: []string{"D01"},
		})
	}
	for i := len(units) - 1; i >= 0; i-- {
		n := 0
		e := units[i]
		for _, w := range e.radiation {
			if xs := thisYear(w); len(xs) > 0 && n < 3 && xs[len(xs)-1].value < 1.2 && xs[len(xs)-1].to > c.until-80 {
				x := xs[len(xs)-1]
				x.status, x.nominal = "丢失", false
				n++
			}
		}
		if n == 3 {
			c.addEvent(Event{
				ID: "lost-dosimeters", Kind: "lost_dosimeter", Stream: "dose", Area: e.area(), Employer: e.uscc,
				FromWeek: c.lastMonday(3).week(), ToWeek: c.until.week(), Size: n, Rules: []string{"D06"},
			})
			return
		}
	}
}
