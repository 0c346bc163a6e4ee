package simulate

import (
	"fmt"
	"slices"
)

// Kinds of examinations, as the contract names them.
const (
	examPre   = "pre"
	examIn    = "in"
	examLeave = "leave"
	examPost  = "post"
	examEmerg = "emerg"
)

// Conclusions of an examination.
const (
	concludedNormal  = "normal"
	concludedRecheck = "recheck"
	concludedOther   = "other"
	concludedContra  = "contra"
	concludedSuspect = "suspect"
	concludedPending = "pending"
)

// newEdition is the day on which GBZ 188-2025 came into force: no conclusion "recheck" any more.
func newEdition() day { return dayOf(2026, 8, 1) }

// exam is one examination of one worker. It belongs to the truth once its card has arrived.
type exam struct {
	worker                     *worker
	clinic                     *institution
	kind                       string
	on, judged, reported, sent day // sent: the day on which the card reaches the city
	no, card                   string
	examined                   []*hazard
	findings                   []finding // parallel to examined
	reexamOf                   *exam
	recheck                    *exam // the re-examination that settles this one, nil when it never came
	settled                    day   // day on which a pending conclusion was settled by a corrected card
	cardOn                     day   // planted: day of the suspected case's card, 0: as it comes
	copies                     int   // further cards of the same examination, sent by mistake
	salt                       uint64
}

// finding is the conclusion for one hazard.
type finding struct {
	conclusion string
	first      string // what the first card said, when a later one corrected it
	disease    string // suspected disease or contraindication
}

// overall returns the gravest conclusion, or what the first card said of it.
func (x *exam) overall(first bool) string {
	rank := map[string]int{concludedNormal: 0, concludedOther: 1, concludedRecheck: 2, concludedPending: 2, concludedContra: 3, concludedSuspect: 4}
	out := concludedNormal
	for _, f := range x.findings {
		said := f.conclusion
		if first && f.first != "" {
			said = f.first
		}
		if rank[said] > rank[out] {
			out = said
		}
	}
	return out
}

// completed reports whether on d the examination counts as completed for hazard h: examined for it, concluded,
// and a recheck, where one was ordered, done in three months or still in time.
func (x *exam) completed(h *hazard, d day) bool {
	if x.reexamOf != nil {
		return false
	}
	for i, e := range x.examined {
		if e != h {
			continue
		}
		switch x.findings[i].conclusion {
		case concludedPending:
			return false
		case concludedRecheck:
			deadline := x.on.addMonths(3)
			return d <= deadline || x.recheck != nil && x.recheck.on <= deadline
		}
		return true
	}
	return false
}

// diseaseOf names the occupational disease that a hazard causes, "" when the city has none of it.
func diseaseOf(h *hazard) string {
	switch h.id {
	case "HZ-3-001":
		return "噪声聋"
	case "HZ-1-001":
		return "矽肺"
	case "HZ-1-002":
		return "煤工尘肺"
	case "HZ-1-007":
		return "水泥尘肺"
	case "HZ-1-011":
		return "电焊工尘肺"
	case "HZ-1-012":
		return "铸工尘肺"
	case "HZ-2-028":
		return "苯中毒"
	case "HZ-2-003":
		return "锰及其化合物中毒"
	case "HZ-2-001":
		return "铅及其化合物中毒（不包括四乙基铅）"
	case "HZ-2-031":
		return "正己烷中毒"
	}
	return ""
}

// contraindicationOf names what forbids work with the hazard.
func contraindicationOf(h *hazard) string {
	switch h.id {
	case "HZ-3-001":
		return "各种原因引起永久性感音神经性听力损失"
	case "HZ-3-002":
		return "未控制的高血压"
	case "HZ-2-028", "HZ-2-029", "HZ-2-030":
		return "血常规检出有异常"
	}
	return "慢性阻塞性肺病"
}

// examineAll runs the campaigns of every employer and the examinations at hiring and leaving.
func (c *city) examineAll() {
	for _, e := range c.employers {
		if len(e.posts) == 0 {
			continue
		}
		r := newDice(c.seed, "exam", e.id)
		plan := c.campaigns(e, r)
		at := 0
		for _, p := range e.posts {
			for _, line := range p.slots {
				for _, w := range line {
					c.surveil(w, plan, at, r)
				}
				at++
			}
		}
	}
	c.plantOutbreaks()
	c.plantPlans(c.plans)
	c.numberExams()
}

// numberExams gives numbers in the order in which the institutions examined.
func (c *city) numberExams() {
	numbers := map[*institution]int{}
	for _, w := range c.workers() {
		c.exams = append(c.exams, w.exams...)
	}
	slices.SortStableFunc(c.exams, func(a, b *exam) int { return int(a.on - b.on) })
	for _, x := range c.exams {
		numbers[x.clinic]++
		n := numbers[x.clinic]
		x.no = fmt.Sprintf("%s%s%05d", x.on.format(compact), x.clinic.code[2:], n%100000)
		x.card = fmt.Sprintf("%s%d%07d", x.clinic.code, x.on.year(), n)
		x.salt = mix(c.seed ^ mix(uint64(n)<<8|uint64(x.clinic.code[3])))
	}
}

// workers returns everybody who held a slot, in a fixed order.
func (c *city) workers() []*worker {
	var out []*worker
	for _, e := range c.employers {
		for _, p := range e.posts {
			for _, line := range p.slots {
				out = append(out, line...)
			}
		}
	}
	return out
}

// campaign is the yearly visit of an examination institution.
type campaign struct {
	on     day
	attend float64 // chance that a worker who is due takes part
}

// campaigns plans one visit a year: the employer keeps its season, and skips years when it is careless.
func (c *city) campaigns(e *employer, r dice) []campaign {
	season := 0
	switch r.weighted([]float64{0.46, 0.39, 0.15}) {
	case 0:
		season = r.between(121, 205)
	case 1:
		season = r.between(244, 325)
	default:
		season = r.between(62, 345)
	}
	var out []campaign
	for y := c.from.year(); y <= c.until.year(); y++ {
		aim := clamp(c.paths.exam.of(e, y)+0.022, 0, 0.998)
		skip := 0.5 * (1 - aim)
		will := normalCDF(0.75*e.diligence + 0.66*r.NormFloat64())
		on := dayOf(y, 1, season) + r.days(-12, 12)
		if y > 2023 { // visits are booked before the old examinations lapse
			on = max(on-day(14*(y-2023)), dayOf(y, 1, 8))
		}
		if e.examsStop != 0 && y >= e.examsStop {
			break
		}
		if e.discovered {
			if y < e.firstEvent.year() {
				continue
			}
			if y == e.firstEvent.year() {
				out = append(out, campaign{e.firstEvent, 1})
				continue
			}
		}
		if on < max(c.from, e.start) || e.close != 0 && on >= e.close-30 || e.stopped && on > e.stopFrom {
			continue
		}
		if y == 2022 && on > dayOf(2022, 11, 10) {
			on -= 60 // the epidemic winter
		}
		if will > 1-skip {
			continue
		}
		out = append(out, campaign{on, clamp(aim/(1-skip), 0, 1)})
	}
	return out
}

// surveil walks through one worker's examinations at one employer.
func (c *city) surveil(w *worker, plan []campaign, slot int, r dice) {
	e := w.employer
	year := w.hire.year()
	if w.hire >= c.from && w.hire >= e.start {
		if w.movedFrom != nil || e.discovered || r.chance(c.paths.pre.of(e, year)) {
			if w.movedFrom != nil || !e.discovered || w.hire > e.firstEvent {
				c.examine(w, examPre, w.hire, w.mandatory(w.hire), r)
			}
		}
	}
	for i, visit := range plan {
		on := visit.on
		if visit.on != e.firstEvent {
			on += day(slot / 40)
		}
		if !w.employed(on) || on > c.until {
			continue
		}
		if n := len(w.exams); n > 0 && w.exams[n-1].kind == examPre && on-w.exams[n-1].on < 150 && r.chance(0.7) {
			continue // the pre-placement examination is recent
		}
		if n := len(w.exams); n > 0 && w.exams[n-1].on >= on {
			continue
		}
		if !r.chance(visit.attend) {
			continue
		}
		due := w.mandatory(on)
		if !e.allHazards {
			next := on + 395
			if i+1 < len(plan) {
				next = max(on+380, plan[i+1].on+20)
			}
			due = slices.DeleteFunc(due, func(h *hazard) bool { return w.coveredUntil(h, on) > next })
			if len(due) == 0 {
				continue
			}
			if !slices.ContainsFunc(due, (*hazard).alwaysMandatory) {
				due = w.mandatory(on)
			}
		}
		if len(due) > 1 && r.chance(0.015) {
			if rest := due[:len(due)-1]; slices.ContainsFunc(rest, (*hazard).alwaysMandatory) {
				due = rest // the institution cannot do everything
			}
		}
		c.examine(w, examIn, on, due, r)
	}
	if w.leave != 0 && w.leave <= c.until-quietDays && w.leave != e.close {
		c.leave(w, r)
	}
}

// leave lets the worker go. Who is covered or not yet due leaves a trace on the day of leaving: an examination at
// leaving, or at the start of the next job in the city.
func (c *city) leave(w *worker, r dice) {
	if w.movedTo != nil {
		return // the pre-placement examination there is the trace
	}
	trace := w.employer.discovered || r.chance(0.25+0.4*c.paths.pre.at(w.leave.year()))
	for _, h := range w.post.kind.hazards {
		if _, due := h.mandatoryOn(w.leave); due && (w.covered(h, w.leave) || w.notYetDue(h, w.leave)) {
			trace = true
		}
	}
	if !trace {
		return
	}
	c.examine(w, examLeave, w.leave, w.mandatory(w.leave), r)
	dusty := slices.ContainsFunc(w.post.kind.hazards, func(h *hazard) bool { return h.id == "HZ-1-001" || h.id == "HZ-1-002" })
	if dusty && r.chance(0.25) {
		on := w.leave + 360 + r.days(0, 60)
		for on <= c.until-quietDays {
			c.examine(w, examPost, on, w.mandatory(on), r)
			on += 1090 + r.days(0, 30)
		}
	}
}

// mandatory returns the hazards of the post whose in-service examination is mandatory on d.
func (w *worker) mandatory(d day) []*hazard {
	var out []*hazard
	for _, h := range w.post.kind.hazards {
		if _, ok := h.mandatoryOn(d); ok {
			out = append(out, h)
		}
	}
	return out
}

// coveredUntil returns the day up to which the examinations known on d cover hazard h.
func (w *worker) coveredUntil(h *hazard, d day) day {
	months, ok := h.mandatoryOn(d)
	if !ok {
		return 0
	}
	last := day(0)
	for _, x := range w.exams {
		if (x.kind == examIn || x.kind == examPre) && x.on <= d && x.completed(h, d) {
			last = max(last, x.on.addMonths(months))
		}
	}
	return last
}

// covered reports whether a completed in-service examination for h is not older than its cycle on d.
func (w *worker) covered(h *hazard, d day) bool {
	months, ok := h.mandatoryOn(d)
	if !ok {
		return false
	}
	for _, x := range w.exams {
		if x.kind == examIn && x.on <= d && x.on.addMonths(months) >= d && x.completed(h, d) {
			return true
		}
	}
	return false
}

// notYetDue reports whether h is not covered but a completed pre-placement examination is younger than the cycle.
func (w *worker) notYetDue(h *hazard, d day) bool {
	months, ok := h.mandatoryOn(d)
	if !ok || w.covered(h, d) {
		return false
	}
	for _, x := range w.exams {
		if x.kind == examPre && x.on <= d && x.on.addMonths(months) >= d && x.completed(h, d) {
			return true
		}
	}
	return false
}

// examine draws one examination with its conclusions, papers and, where ordered, its recheck. It joins the truth
// only when its card arrives before the papers end.
func (c *city) examine(w *worker, kind string, on day, hazards []*hazard, r dice) *exam {
	if len(hazards) == 0 || on < c.from {
		return nil
	}
	x := &exam{worker: w, kind: kind, on: on, examined: hazards, clinic: w.employer.clinic}
	if s := x.clinic.silentFrom; s != 0 && kind != examIn && on > s-120 {
		x.clinic = c.clinics[0]
	}
	c.conclude(x, r)
	c.writeCard(x, r)
	if !c.arrives(x) {
		return nil
	}
	w.exams = append(w.exams, x)
	if slices.ContainsFunc(x.findings, func(f finding) bool { return f.conclusion == concludedRecheck }) {
		c.orderRecheck(x, r)
	}
	return x
}

// arrives reports whether the card reaches the city before the papers end.
func (c *city) arrives(x *exam) bool {
	return x.sent <= c.until && (x.clinic.silentFrom == 0 || x.sent < x.clinic.silentFrom)
}

// writeCard draws the days between examination and upload.
func (c *city) writeCard(x *exam, r dice) {
	wait := day(clamp(r.lognormal(12, 1.7), 2, 45))
	x.judged = x.on + wait/2
	x.reported = x.on + wait
	upload := clamp(r.lognormal(x.clinic.slowDays*0.75, 1.9), 0, 75)
	if x.kind != examIn {
		upload = clamp(upload, 0, 28) // at most 73 days in all: inside the quiet days
	}
	x.sent = c.delayed(x.worker.employer, x.reported+day(upload), r)
}

// delayed moves what a township with a hole in its data sends in spring 2025 to September.
func (c *city) delayed(e *employer, sent day, r dice) day {
	if e.township == townshipWithHole && sent >= dayOf(2025, 3, 1) && sent < dayOf(2025, 6, 1) {
		return dayOf(2025, 9, 4) + r.days(0, 14)
	}
	return sent
}

// conclude draws the conclusions.
func (c *city) conclude(x *exam, r dice) {
	w := x.worker
	x.findings = make([]finding, len(x.examined))
	for i := range x.findings {
		x.findings[i].conclusion = concludedNormal
		if r.chance(0.2) {
			x.findings[i].conclusion = concludedOther
		}
	}
	years := float64(x.on-w.hire)/365 + float64(w.pastMonths)/12
	suspectRate := 0.0034 * clamp(1.1-0.05*float64(x.on.year()-2018), 0.6, 1.2)
	if years < 3 {
		suspectRate *= 0.2
	}
	at := r.IntN(len(x.findings))
	f := &x.findings[at]
	switch disease := diseaseOf(x.examined[at]); {
	case disease == "噪声聋":
		suspectRate *= 0.3
	case c.ref.diseases[disease].pneumoconiosis:
		suspectRate *= 2
	}
	switch u := r.Float64(); {
	case x.kind != examPre && x.kind != examPost && u < suspectRate && diseaseOf(x.examined[at]) != "" && w.person.male:
		f.conclusion, f.disease = concludedSuspect, diseaseOf(x.examined[at])
	case u < 0.024:
		f.conclusion, f.disease = concludedContra, contraindicationOf(x.examined[at])
	case u < 0.12 && x.on < newEdition():
		f.conclusion = concludedRecheck
	case u < 0.06 && x.kind == examIn:
		days := r.days(12, 60)
		settles := r.chance(0.85) && x.on+days+40 <= c.until
		for i := range x.findings {
			if i != at && !x.clinic.oneWord {
				continue
			}
			f := &x.findings[i]
			f.conclusion, f.first = concludedPending, concludedPending
			if settles {
				f.conclusion = pick(r, []string{concludedNormal, concludedOther})
				x.settled = x.on + days
			}
		}
	}
}

// orderRecheck draws whether the recheck takes place. One that never comes makes the whole examination void.
func (c *city) orderRecheck(x *exam, r dice) {
	w := x.worker
	on := x.on + r.days(12, 60)
	if r.chance(0.92) && (w.leave == 0 || on < w.leave) || x.kind != examIn {
		if x.kind != examIn {
			on = x.on + r.days(3, 9)
		}
		again := &exam{worker: w, kind: x.kind, on: on, clinic: x.clinic, reexamOf: x}
		for i, f := range x.findings {
			if f.conclusion == concludedRecheck {
				again.examined = append(again.examined, x.examined[i])
				again.findings = append(again.findings, finding{conclusion: pick(r, []string{concludedNormal, concludedOther, concludedOther})})
			}
		}
		c.writeCard(again, r)
		if x.kind != examIn || c.arrives(again) {
			again.sent = min(again.sent, c.until-4)
			x.recheck = again
			w.exams = append(w.exams, again)
			return
		}
	}
	for i := range x.findings {
		x.findings[i] = finding{conclusion: concludedRecheck}
	}
}
