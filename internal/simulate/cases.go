package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Kinds of cards, as the contract names them.
const (
	cardSuspected      = "suspected"
	cardDisease        = "disease"
	cardPneumoconiosis = "pneumoconiosis"
)

// caseCard is one report card of a suspected or diagnosed occupational disease.
type caseCard struct {
	no, kind, report         string // report: new, progression, death
	person                   *person
	employer                 *employer // nil: the patient has none
	disease                  string
	hazard                   *hazard
	post                     string
	months                   int // of exposure; -1: not on the card
	days                     float64
	occurred, diagnosed      day
	reported, reviewed, sent day
	stage                    int
	outcome                  string // of a suspected case, "" while open
	settled                  day    // day on which the outcome reaches the city
	suspect                  *caseCard
	source                   string
	reportOrg                string
	severity, event          string
	simultaneous             int
	death                    day
	salt                     uint64
}

// arrived reports whether the card reached the city before its papers ended.
func (k *caseCard) arrived(c *city) bool { return k.sent != 0 && k.sent <= c.until }

// isNew reports whether the card counts as a newly diagnosed case.
func (k *caseCard) isNew() bool { return k.kind != cardSuspected && k.report == "new" }

func hospitals() []string {
	out := make([]string, 24)
	for i := range out {
		out[i] = fmt.Sprintf("测试第%d医院", i+1)
	}
	return out
}

// diagnosedBy returns the hospital that diagnosed the case, "" for a suspected one.
func (k *caseCard) diagnosedBy() string {
	switch {
	case k.kind == cardSuspected:
		return ""
	case k.person.birth%5 == 0: // a case of progression or death stays with its hospital
		return "测试省职业病医院"
	}
	return "测试市职业病防治院"
}

// reportAll makes the cards: suspected cases out of the examinations, diagnosed ones out of those and of former
// workers, acute events.
func (c *city) reportAll() {
	r := newDice(c.seed, "cases", 0)
	for _, x := range c.exams {
		for i, f := range x.findings {
			if f.conclusion == concludedSuspect && x.reexamOf == nil {
				c.suspect(x, x.examined[i], f.disease, r)
			}
		}
	}
	c.formerWorkers(r)
	c.acuteEvents(r)
	c.laterReports(r)
}

// suspect files the card of a suspected case and follows it to its end.
func (c *city) suspect(x *exam, h *hazard, disease string, r dice) *caseCard {
	w := x.worker
	k := &caseCard{
		kind: cardSuspected, report: "new", person: w.person, employer: w.employer, disease: disease, hazard: h,
		post: w.post.kind.post, occurred: x.judged, source: "职业健康检查", reportOrg: x.clinic.name,
	}
	k.months = w.exposureMonths(x.on)
	if c.ref.diseases[disease].pneumoconiosis {
		k.months = max(k.months, c.dustMonths(k.person, x.on, r))
	}
	k.reported = x.reported + r.days(0, 11)
	if r.chance(0.08) {
		k.reported += r.days(8, 30)
	}
	c.review(k, r)
	if x.cardOn != 0 {
		k.reported, k.reviewed, k.sent = x.cardOn, x.cardOn, x.cardOn
	}
	c.file(k)
	if x.cardOn <= c.until-100 { // planted near the end: nobody has done anything about it yet
		c.follow(k, r)
	}
	return k
}

// follow draws what becomes of a suspected case.
func (c *city) follow(k *caseCard, r dice) {
	if !r.chance(0.62) {
		switch {
		case r.chance(0.8):
			k.outcome, k.settled = "not_entered", k.reported+r.days(20, 120)
		default:
			k.outcome, k.settled = "lost", k.reported+r.days(40, 260)
		}
		return
	}
	begins := k.reported + day(clamp(r.lognormal(24, 2.0), 3, 250))
	ends := begins + day(clamp(r.lognormal(31, 1.6), 8, 150))
	known := slices.ContainsFunc(c.cases, func(o *caseCard) bool { return o.isNew() && o.person == k.person && o.disease == k.disease })
	if !r.chance(0.58) || known {
		k.outcome, k.settled = "excluded", ends+r.days(1, 9)
		return
	}
	d := &caseCard{
		kind: cardDisease, report: "new", person: k.person, employer: k.employer, disease: k.disease, hazard: k.hazard,
		post: k.post, months: k.months, diagnosed: ends, source: "职业病诊断", suspect: k, reportOrg: pick(r, hospitals()),
	}
	c.grade(d, r)
	c.report(d, r)
	k.outcome, k.settled = "diagnosed", d.reported+r.days(0, 6)
}

// grade sets kind, stage and severity of a diagnosed case.
func (c *city) grade(k *caseCard, r dice) {
	if c.ref.diseases[k.disease].pneumoconiosis {
		k.kind = cardPneumoconiosis
		k.stage = 1 + r.weighted([]float64{0.70, 0.18, 0.12})
		if share(mix(uint64(k.diagnosed)^uint64(k.months)), 5) < 0.02 {
			k.months = -1
		}
		return
	}
	k.severity = []string{"轻度", "中度", "重度"}[r.weighted([]float64{0.72, 0.22, 0.06})]
}

// report draws the days from diagnosis to card, and files it.
func (c *city) report(k *caseCard, r dice) {
	wait := clamp(r.lognormal(6, 1.6), 0, 14)
	if r.chance(0.08) {
		wait = float64(r.between(16, 45))
	}
	k.reported = k.diagnosed + day(wait)
	c.review(k, r)
	c.file(k)
}

func (c *city) review(k *caseCard, r dice) {
	k.reviewed = k.reported + r.days(0, 5)
	k.sent = k.reviewed + r.days(0, 2)
	if k.employer != nil {
		k.sent = c.delayed(k.employer, k.sent, r)
	}
}

// file numbers the card and keeps it when it arrives in time.
func (c *city) file(k *caseCard) {
	if !k.arrived(c) || k.reported < c.from || k.diagnosed != 0 && k.diagnosed < c.from {
		k.sent = 0
		return
	}
	n := len(c.cases) + 1
	k.no = fmt.Sprintf("ZYB%d%06d", k.reported.year(), n)
	k.salt = mix(c.seed ^ uint64(n)<<3 ^ 0xca5e)
	c.cases = append(c.cases, k)
}

// dustMonths draws the months of dust exposure of a patient; short ones become rarer over the years.
func (c *city) dustMonths(p *person, d day, r dice) int {
	most := int(d-p.birth)/30 - 17*12
	short := clamp(0.2-0.022*float64(d.year()-2018), 0.04, 0.2)
	if r.chance(short) || most < 62 {
		return min(r.between(16, 59), max(most, 12))
	}
	return int(clamp(r.gamma(17.8, 9)*12, 60, float64(most)))
}

// exposureMonths returns the months of exposure that the worker's card shows on d.
func (w *worker) exposureMonths(d day) int {
	most := int(d-w.person.birth)/30 - 15*12
	return max(1, min(int(d-w.hire)/30+w.pastMonths, most))
}

// formerWorkers makes the cases found without an examination in the city: people who left the dust long ago.
func (c *city) formerWorkers(r dice) {
	var dusty []*employer
	var weights []float64
	for _, e := range c.employers {
		if e.discovered || len(e.posts) == 0 {
			continue
		}
		n := 0
		for _, p := range e.posts {
			for _, h := range p.kind.hazards {
				if h.id == "HZ-1-001" || h.id == "HZ-1-002" {
					n += p.headCount()
					break
				}
			}
		}
		if n > 0 {
			dusty = append(dusty, e)
			weights = append(weights, math.Sqrt(float64(n)))
		}
	}
	if len(dusty) == 0 {
		return
	}
	for y := c.from.year(); y <= c.until.year(); y++ {
		mean := clamp(7.5-0.45*float64(y-2018), 3, 8) * math.Min(1, c.scale+0.15)
		for n := int(math.Round(mean + r.normal(0, 1.2))); n > 0; n-- {
			on := dayOf(y, time.Month(1+r.weighted([]float64{1, .5, 1, 1, 1, 1, 1, 1, 1, 1.3, 1.6, 1.6})), r.between(1, 28))
			p := c.personAged(r, on, clamp(r.normal(53, 9), 32, 78), 0.985)
			e := dusty[r.weighted(weights)]
			k := &caseCard{
				kind: cardDisease, report: "new", person: p, employer: e, diagnosed: on, source: "职业病诊断",
				disease: "矽肺", hazard: c.ref.hazards["HZ-1-001"], post: "凿岩", reportOrg: pick(r, hospitals()),
			}
			switch u := r.Float64(); {
			case e.group.name == "coal" && u < 0.8:
				k.disease, k.hazard, k.post = "煤工尘肺", c.ref.hazards["HZ-1-002"], "采煤"
			case u > 0.93:
				k.disease, k.hazard, k.post = "布鲁氏菌病", c.ref.hazards["HZ-5-002"], "屠宰"
			case u > 0.85:
				k.disease, k.hazard, k.post = "接触性皮炎", c.ref.hazards["HZ-2-046"], "涂胶"
			}
			k.months = c.dustMonths(p, on, r)
			if r.chance(0.15) {
				k.employer = nil
			}
			c.grade(k, r)
			c.report(k, r)
		}
	}
}

// acuteEvents makes poisonings: three persons every other year, one event of eleven, and summer heat.
func (c *city) acuteEvents(r dice) {
	co, heat := c.ref.hazards["HZ-2-019"], c.ref.hazards["HZ-3-002"]
	burners := slices.DeleteFunc(slices.Clone(c.employers), func(e *employer) bool {
		return e.discovered || e.close != 0 || !slices.ContainsFunc(e.posts, func(p *post) bool { return slices.Contains(p.kind.hazards, co) })
	})
	if len(burners) == 0 {
		return
	}
	for y := c.from.year(); y <= c.until.year(); y++ {
		size := 3 * (y % 2)
		if y > 2024 {
			size = 0
		}
		if y == 2024 {
			size = 11
		}
		on := dayOf(y, time.Month(r.between(6, 8)), r.between(1, 28))
		e := pick(r, burners)
		for range size {
			c.acute(e, co, "一氧化碳中毒", on, fmt.Sprintf("ZD%d001", y), size, r)
		}
		if size >= 3 && on <= c.until {
			c.addEvent(Event{
				ID: fmt.Sprintf("acute-%d", y), Kind: "acute_poisoning", Stream: "case_report", Area: e.area(), Employer: e.uscc,
				Hazard: co.id, Disease: c.ref.diseases["一氧化碳中毒"].id, FromWeek: on.week(), ToWeek: on.week(), Size: size, Rules: []string{"R01", "R02", "R04"},
			})
		}
		for range r.weighted([]float64{0.5, 0.35, 0.15}) {
			c.acute(pick(r, burners), heat, "中暑", dayOf(y, 7, r.between(1, 31)), "", 1, r)
		}
	}
}

// acute files the card of one person poisoned or struck by heat.
func (c *city) acute(e *employer, h *hazard, disease string, on day, event string, size int, r dice) {
	p := c.newPerson(r, on-400, 0.9)
	k := &caseCard{
		kind: cardDisease, report: "new", person: p, employer: e, disease: disease, hazard: h, post: "司炉", months: 0, days: float64(r.between(1, 3)),
		occurred: on, diagnosed: on + r.days(0, 1), source: "门诊住院", event: event, severity: "轻度", reportOrg: pick(r, hospitals()),
	}
	if event != "" {
		k.simultaneous = size
	}
	k.reported = k.diagnosed + r.days(0, 1)
	c.review(k, r)
	c.file(k)
}

// laterReports makes the cards of stage progression and death of known patients.
func (c *city) laterReports(r dice) {
	for _, k := range slices.Clone(c.cases) {
		if k.kind != cardPneumoconiosis || k.report != "new" {
			continue
		}
		again := func(report string, on day) {
			later := *k
			later.report, later.diagnosed, later.suspect = report, on, nil
			switch report {
			case "progression":
				later.stage = min(3, k.stage+1)
			case "death":
				later.death = on
				later.diagnosed = k.diagnosed
			}
			later.reported = on + r.days(1, 12)
			c.review(&later, r)
			c.file(&later)
		}
		if on := k.diagnosed + r.days(400, 1500); r.chance(0.10) && on < c.until-20 {
			again("progression", on)
		}
		if on := k.diagnosed + r.days(300, 2500); r.chance(0.08) && on < c.until-20 {
			again("death", on)
		}
	}
}
