package simulate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// The truth about the standard indicators that rest on examinations, measurements and doses.

// said returns the conclusions that the cards of the examination show: of one whose institution writes one word for
// all hazards, that word.
func (x *exam) said() []string {
	out := []string{x.overall(false)}
	if x.clinic.oneWord {
		return out
	}
	for _, f := range x.findings {
		out = append(out, f.conclusion)
	}
	return out
}

// outcome returns what the examination found, its re-examination within three months included.
func (x *exam) outcome() []string {
	out := x.said()
	if again := x.recheck; again != nil && again.on <= x.on.addMonths(3) {
		out = append(out, again.said()...)
	}
	return out
}

// tallyMap keeps for each unit the largest numerator and denominator of a year: units that count once.
type tallyMap map[[4]string]tally

func (m tallyMap) once(indicator, variant, area, who string, n, d int) {
	key := [4]string{indicator, variant, area, who}
	was := m[key]
	m[key] = tally{math.Max(was.n, float64(n)), max(was.d, d)}
}

// into adds the units to the readings.
func (m tallyMap) into(k *counter) {
	for key, t := range m {
		k.addValue(key[0], key[1], key[2], key[3], t.n, t.d)
	}
}

// S3 to S6, S8, S9d and the examinations of S9f and S16.
func (c *city) countOutcomes(k *counter, year int) {
	abnormal := []string{concludedRecheck, concludedOther, concludedContra, concludedSuspect}
	persons := tallyMap{}
	for _, x := range c.exams {
		e := x.worker.employer
		area, cards := e.area(), 1+x.copies
		if up := max(x.reported, x.sent); up.year() == year {
			k.add("S9d", "days_15", area, x.card, cards*boolInt(up <= x.reported+15), cards)
			k.add("S16", "late", area, x.card, cards*boolInt(up > x.reported+15), cards)
		}
		if x.on.year() != year {
			continue
		}
		k.add("S9f", "employer", area, x.card, cards*boolInt(!e.discovered), cards)
		if x.reexamOf != nil {
			continue
		}
		overall := x.overall(false)
		k.add("S16", "normal_exams", area, x.card, cards*boolInt(overall == concludedNormal), cards*boolInt(overall != concludedPending))
		found := x.outcome()
		any := func(of ...string) int {
			return boolInt(slices.ContainsFunc(found, func(s string) bool { return slices.Contains(of, s) }))
		}
		who := e.uscc + " " + x.worker.person.idNo
		persons.once("S3", "all", area, who, any(concludedSuspect), 1)
		persons.once("S5", "all", area, who, any(abnormal...), 1)
		persons.once("S5", "four_class", area, who, any(abnormal[1:]...), 1)
		switch x.kind {
		case examIn:
			persons.once("S3", "in_service", area, who, any(concludedSuspect), 1)
			persons.once("S4", "in_service", area, who, any(concludedContra), 1)
			persons.once("S5", "in_service", area, who, any(abnormal...), 1)
			c.countMoved(persons, x, area, who)
		case examPre:
			persons.once("S4", "pre", area, who, any(concludedContra), 1)
		}
		if slices.Contains(x.said(), concludedRecheck) {
			done := day(math.MaxInt32)
			if x.recheck != nil {
				done = x.recheck.on
			}
			if done <= x.on+42 || x.on+42 < c.readOn {
				k.add("S6", "in_time", area, x.card, cards*boolInt(done <= x.on+42), cards)
				k.add("S6", "ever", area, x.card, cards*boolInt(done <= c.readOn), cards)
			}
		}
	}
	persons.into(k)
}

// countMoved judges S8 for an in-service examination: whether the person was off the hazard at the next examination,
// at least 31 days later, or has left.
func (c *city) countMoved(persons tallyMap, x *exam, area, who string) {
	var hazards []*hazard
	for i, f := range x.findings {
		if f.conclusion == concludedContra {
			hazards = append(hazards, x.examined[i])
		}
	}
	if len(hazards) == 0 {
		return
	}
	if x.clinic.oneWord && len(x.examined) > 1 {
		hazards = nil // the card does not say which
	}
	var next *exam
	for w := range jobs(x.worker) {
		for _, y := range w.exams {
			gone := y.kind == examLeave || y.kind == examPost
			if (y.on > x.on+30 || gone && y.on > x.on) && (next == nil || y.on < next.on) {
				next = y
			}
		}
	}
	if next == nil {
		return
	}
	gone := next.kind == examLeave || next.kind == examPost
	still := slices.ContainsFunc(hazards, func(h *hazard) bool { return slices.Contains(next.worker.post.kind.hazards, h) })
	persons.once("S8", "days_30", area, who, boolInt(gone || len(hazards) > 0 && !still), boolInt(gone || len(hazards) > 0))
}

// jobs goes through all jobs in the city of the worker's person.
func jobs(w *worker) func(yield func(*worker) bool) {
	for w.movedFrom != nil {
		w = w.movedFrom
	}
	return func(yield func(*worker) bool) {
		for ; w != nil; w = w.movedTo {
			if !yield(w) {
				return
			}
		}
	}
}

// S17 and S18: who left, as the examinations and the dosimetry show it, and who was seen afterwards.
func (c *city) countLeaving(k *counter, year int, d day) {
	visits, died := map[*person][]*visit{}, map[*person]day{}
	for _, p := range c.patients {
		visits[p.person] = p.visits
	}
	for _, s := range c.sufferers() {
		died[s.person] = s.died
	}
	overAtAll := map[*employer]bool{}
	for _, e := range c.employers {
		for _, t := range e.rounds {
			for _, x := range t.results {
				overAtAll[e] = overAtAll[e] || c.judge(x) == judgedOver
			}
		}
		for _, w := range e.radiation {
			if w.end != 0 && w.end.year() == year {
				k.add("S17", "due", e.area(), w.no, 0, 1) // nobody of them is examined in the city
			}
		}
	}
	for _, first := range c.workers() {
		if first.movedFrom != nil {
			continue
		}
		var seen, all []*exam
		for w := range jobs(first) {
			for _, x := range w.exams {
				if x.reexamOf == nil {
					all = append(all, x)
				}
				if x.reexamOf == nil && (x.kind == examPre || x.kind == examIn || x.kind == examLeave) {
					seen = append(seen, x)
				}
			}
		}
		order := map[string]int{examLeave: 0, examIn: 1, examPre: 2}
		slices.SortStableFunc(seen, func(a, b *exam) int {
			return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(order[a.kind], order[b.kind]))
		})
		for i, x := range seen {
			e := x.worker.employer
			who := x.worker.person
			switch {
			case x.kind == examLeave:
				c.countLater(k, x, x.on, d, all, visits[who], died[who])
				if x.on.year() == year {
					k.add("S17", "due", e.area(), x.worker.person.idNo, 1, 1)
				}
			case i+1 < len(seen) && seen[i+1].kind != examLeave && seen[i+1].worker.employer != e:
				left := seen[i+1].on
				c.countLater(k, x, left, d, all, visits[who], died[who])
				isFirst := i == 0 || seen[i-1].worker.employer != e || seen[i-1].kind == examLeave
				exempt := x.kind == examPre && isFirst && x.copies == 0 && left-x.on < 30 && !overAtAll[e]
				if left.year() == year && !exempt {
					k.add("S17", "due", e.area(), x.worker.person.idNo, boolInt(x.kind == examIn && left-x.on <= 90), 1)
				}
			}
		}
	}
}

// cardExposure returns the hazards and the months of exposure that the card shows.
func (x *exam) cardExposure() ([]*hazard, int) {
	hazards, months := x.worker.post.kind.hazards, x.worker.exposureMonths(x.on)
	if (x.kind == examLeave || x.kind == examPost) && share(x.salt, 0x41) < 0.10 {
		hazards = nil // a group word stands for them
	}
	if share(x.salt, 0x52) < 0.003 {
		months = 12*min(x.on.year()-x.worker.person.birth.year()+1, 75) + months%12
	}
	return hazards, months
}

// countLater judges S18 for somebody who left after examination x.
func (c *city) countLater(k *counter, x *exam, left, d day, all []*exam, visits []*visit, died day) {
	hazards, months := x.cardExposure()
	interval := 0
	for _, h := range hazards {
		for _, duty := range h.later {
			years := duty.long
			if months <= duty.band {
				years = duty.short
			}
			if (duty.above == 0 || months > duty.above) && d <= left.addYears(years) && (interval == 0 || duty.interval < interval) {
				interval = duty.interval
			}
		}
	}
	if interval == 0 || left.addMonths(interval) > d || died != 0 && died <= d {
		return
	}
	met := false
	counts := func(on day) bool { return on <= d && on > left && on.addMonths(interval) >= d }
	for _, y := range all {
		if (y.kind == examPre || y.kind == examIn) && y.on > left && y.on <= d {
			return // exposed again
		}
		met = met || y.kind == examPost && counts(y.on)
	}
	for _, v := range visits {
		met = met || v.result == foundAlive && counts(v.on)
	}
	k.add("S18", "due", x.worker.employer.area(), x.worker.person.idNo, boolInt(met), 1)
}

// Judgements of a result.
const (
	judgedWithin = iota
	judgedOver
	judgedNot // the quantification level lies above the limit
)

// irritant reports whether the limit of a hazard does not shrink with the length of the shift.
func irritant(h *hazard) bool {
	return slices.Contains([]string{"HZ-2-016", "HZ-2-046", "HZ-2-X01", "HZ-2-X02"}, h.id)
}

// judge holds a result against its limit, shrunk for shifts above eight hours of five days (Brief and Scala), both
// rounded half to even to one decimal more than the limit has.
func (c *city) judge(x *result) int {
	_, fraction, _ := strings.Cut(trimFloat(x.limit), ".")
	scale := math.Pow(10, float64(len(fraction)+1))
	round := func(v float64) float64 { return math.RoundToEven(v*scale) / scale }
	limit := x.limit
	if x.limitType == "TWA" && x.hoursDay > 8 && !irritant(x.hazard) {
		limit = round(limit * math.Min(8/x.hoursDay*(24-x.hoursDay)/16, 40/(5*x.hoursDay)*(168-5*x.hoursDay)/128))
	}
	switch {
	case x.below && x.lod > limit:
		return judgedNot
	case !x.below && round(x.value) > limit:
		return judgedOver
	}
	return judgedWithin
}

// wordOf returns whether the institution calls the result within the limit.
func (x *result) wordOf() bool { return !x.over || share(x.salt, 0x61) < 0.01 }

// S1 to S1x, S9e, and the reports and results of S9f and S16.
func (c *city) countResults(k *counter, year int) {
	once := tallyMap{}
	type judged struct {
		over, cannot, failed bool
		post                 *post
	}
	for _, e := range c.employers {
		area := e.area()
		var last *round
		lastOver, lastCounts := false, false
		for _, t := range e.rounds {
			if t.issued.year() == year {
				late := max(t.sent, t.issued) > t.issued+21
				k.add("S9e", "days_21", area, t.reportNo, boolInt(!late), 1)
				k.add("S16", "late", area, t.reportNo, boolInt(late), 1)
			}
			if t.on.year() != year {
				continue
			}
			spots := map[[4]string]*judged{}
			for _, x := range t.results {
				k.add("S9f", "employer", area, x.sampleNo, boolInt(!e.discovered), 1)
				k.add("S16", "normal_tests", area, x.sampleNo, boolInt(x.wordOf()), 1)
				key := [4]string{x.post.workshop + "\t" + x.post.kind.post, x.hazard.id, x.fraction, x.limitType}
				if spots[key] == nil {
					spots[key] = &judged{post: x.post}
				}
				s := spots[key]
				state := c.judge(x)
				s.over = s.over || state == judgedOver
				s.cannot = s.cannot || state == judgedNot
				s.failed = s.failed || !x.wordOf()
			}
			isOver, counts := false, false
			for key, s := range spots {
				known := s.over || !s.cannot
				k.add("S1", "point", area, t.reportNo, boolInt(s.over), boolInt(known))
				k.add("S1", "word", area, t.reportNo, boolInt(s.failed), 1)
				k.add("S1x", "point", area, t.reportNo, boolInt(known && !s.over), boolInt(known))
				once.once("S1p", "post", area, e.uscc+" "+key[0], boolInt(s.over), boolInt(known))
				isOver, counts = isOver || s.over, counts || known
			}
			if last == nil || t.on > last.on || t.on == last.on && isOver {
				last, lastOver, lastCounts = t, isOver, counts
			}
		}
		if last != nil {
			k.add("S1e", "employer", area, e.uscc, boolInt(lastOver), boolInt(lastCounts))
		}
	}
	once.into(k)
}

// worn is what the dosimeters on the trunk of a worker tell about one period.
type worn struct {
	to                      day
	under, over             *[2]float64 // bounds of the dose under (or without) and over the apron; nil: no value
	nominal, lost, measured bool
}

// dose returns the effective dose of the period, of what lies below the detection level half.
func (p *worn) dose() (msv float64, known bool) {
	switch {
	case p.under == nil && p.over == nil:
		return 0, false
	case p.over == nil:
		return (p.under[0] + p.under[1]) / 2, true
	case p.under == nil:
		return (p.over[0] + p.over[1]) / 20, true
	}
	return 0.79*(p.under[0]+p.under[1])/2 + 0.051*(p.over[0]+p.over[1])/2, true
}

// periods puts the worker's readings together by the first day of their period.
func (w *radiationWorker) periods() map[day]*worn {
	out := map[day]*worn{}
	for _, x := range w.readings {
		p := out[x.from]
		if p == nil {
			p = &worn{}
			out[x.from] = p
		}
		p.to = max(p.to, x.to)
		p.lost = p.lost || x.status != "正常"
		p.nominal = p.nominal || x.nominal
		var bounds *[2]float64
		switch {
		case x.nominal:
			bounds = &[2]float64{x.value, x.value}
			p.measured = true
		case x.status != "正常":
		case x.below:
			bounds = &[2]float64{0, x.mdl}
		default:
			bounds = &[2]float64{x.value, x.value}
			p.measured = true
		}
		if x.position == "铅围裙外领口" {
			p.over = bounds
		} else {
			p.under = bounds
		}
	}
	return out
}

// S10a to S10f, and the readings of S9f.
func (c *city) countExposure(k *counter, year int) {
	block := 2001 + (year-2001)/5*5
	for _, e := range c.employers {
		area := e.area()
		for _, w := range e.radiation {
			for _, x := range w.readings {
				if x.to.year() == year {
					k.add("S9f", "employer", area, w.no, boolInt(!e.discovered), 1)
				}
			}
			annual, sum, known, measured := 0.0, 0.0, false, false
			periods := w.periods()
			for _, from := range slices.Sorted(maps.Keys(periods)) {
				p := periods[from]
				dose, ok := p.dose()
				belongs := (p.to - 11).year() // an end in the first days of January belongs to the year before
				if ok && belongs == year {
					annual += dose
					known = true
				}
				measured = measured || belongs == year && p.measured
				if ok && belongs >= block && belongs <= year {
					sum += dose
				}
				if p.to.year() != year {
					continue
				}
				perYear := math.Max(1, math.Round(365/float64(p.to-from+1)))
				k.add("S10e", "periods", area, w.no, boolInt(ok && dose > 5/perYear), 0)
				k.add("S10f", "nominal", area, w.no, boolInt(p.nominal), 1)
				k.add("S10f", "lost", area, w.no, boolInt(p.lost), 1)
			}
			if !known {
				continue
			}
			k.addValue("S10a", "all", area, w.no, annual, 1)
			if measured {
				k.addValue("S10a", "measurable", area, w.no, annual, 1)
			}
			if w.class[0] == '2' {
				k.addValue("S10a", "class_"+strings.ToLower(w.class), area, w.no, annual, 1)
			}
			k.addValue("S10b", "all", area, w.no, annual, 1)
			k.add("S10c", "below_mdl", area, w.no, boolInt(!measured), 1)
			for _, band := range []struct {
				name      string
				above, to float64
			}{{"to_1", -1, 1}, {"from_1_to_5", 1, 5}, {"from_5_to_15", 5, 15}, {"from_15_to_20", 15, 20}, {"from_20_to_50", 20, 50}, {"above_50", 50, 1e9}} {
				a := math.Round(annual*1e9) / 1e9
				k.add("S10c", band.name, area, w.no, boolInt(a > band.above && a <= band.to), 1)
			}
			k.add("S10d", "over_100", area, w.no, boolInt(sum > 100), 1)
			k.add("S10d", "watch_80", area, w.no, boolInt(sum > 80), 1)
			k.addValue("S10d", "mean", area, w.no, sum, 1)
		}
	}
}
