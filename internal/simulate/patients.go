package simulate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// patient is somebody with pneumoconiosis whom the township hospitals look after: known from a report card of these
// years, or diagnosed before them.
type patient struct {
	person   *person
	card     *caseCard // the first new case of pneumoconiosis; nil for somebody diagnosed before the papers
	disease  string
	stage    int
	township string // where the patient lives, "" when the visits do not say
	since    day    // visits may begin
	died     day    // 0: alive, as far as the city knows
	file     string // number of the file and card, given at the first visit
	class    string // of aid: a, b or c
	grade    int    // of disability, 0: not recognised as work injury
	visits   []*visit
	later    []*caseCard // cards of progression and death
}

// visit is one follow-up of a patient.
type visit struct {
	patient        *patient
	on, sent, next day
	method, result string
	stage          int
	payer          [3]answer // work-injury insurance, employer, medical aid
	station        string
	salt           uint64
}

// answer is what a form says to a question: nothing, no or yes.
type answer uint8

const (
	unsaid answer = iota
	saidNo
	saidYes
)

func (a answer) word() string { return []string{"", "否", "是"}[a] }

// Results of a visit, as the forms write them.
const (
	foundAlive = "存活"
	foundDead  = "死亡"
)

// followAll finds the patients and visits them year by year.
func (c *city) followAll() {
	r := newDice(c.seed, "patients", 0)
	byPerson := map[*person]*patient{}
	for _, k := range c.cases {
		if k.kind != cardPneumoconiosis {
			continue
		}
		p := byPerson[k.person]
		switch {
		case k.report == "new" && p == nil:
			p = &patient{person: k.person, card: k, disease: k.disease, stage: max(1, k.stage), since: k.reported + r.days(10, 200)}
			byPerson[k.person] = p
			c.patients = append(c.patients, p)
		case p != nil && k.report != "new":
			p.later = append(p.later, k)
			p.died = max(p.died, k.death)
		}
	}
	for n := int(math.Round(260 * c.scale)); n > 0; n-- { // known long before
		p := &patient{disease: []string{"矽肺", "煤工尘肺", "电焊工尘肺"}[r.weighted([]float64{.45, .47, .08})], stage: 1 + r.weighted([]float64{.6, .22, .18}), since: c.from + r.days(0, 500)}
		p.person = c.personAged(r, c.from, clamp(r.normal(58, 9), 36, 84), 0.985)
		c.patients = append(c.patients, p)
	}
	for i, p := range c.patients {
		c.settle(p, i, r)
		c.visitPatient(p, r)
	}
}

// settle draws where the patient lives, who pays, and the day of death if no card tells one.
func (c *city) settle(p *patient, i int, r dice) {
	p.file = fmt.Sprintf("CF%d-%04d", p.since.year(), i+1)
	p.township = pick(r, c.ref.townships).code
	if p.card != nil && p.card.employer != nil && p.card.employer.township != "" && r.chance(0.8) {
		p.township = p.card.employer.township
	}
	if r.chance(0.03) {
		p.township = ""
	}
	switch gone := p.card != nil && p.card.employer == nil || p.card == nil && r.chance(0.15); {
	case gone:
		p.class = "c"
	case r.chance(0.62):
		p.class, p.grade = "a", []int{4, 6, 7, 3, 2}[r.weighted([]float64{.25, .25, .3, .12, .08})]
	default:
		p.class = "b"
	}
	years := r.exponential(1 / 0.028)
	if on := p.since + day(years*365); p.died == 0 && years < 60 && on < c.until-60 {
		p.died = on
	}
}

// visitPatient draws a patient's visits: once a year, a tenth of them twice, more of them from year to year.
func (c *city) visitPatient(p *patient, r dice) {
	lost := r.chance(0.04)
	for y := max(c.from.year(), p.since.year()); y <= c.until.year(); y++ {
		done := r.chance(clamp(0.70+0.03*float64(y-2018), 0.70, 0.93)) && (!lost || r.chance(0.3))
		first := dayOf(y, 1, 1) + r.days(20, 300)
		again := r.chance(0.1)
		if !done {
			continue
		}
		for i, on := range []day{first, first + 61} {
			if i > 0 && !again || on < p.since || on.year() != y || p.died != 0 && on >= p.died {
				continue
			}
			v := &visit{patient: p, on: on, result: foundAlive, stage: p.stage, method: []string{"电话", "入户", "门诊"}[r.weighted([]float64{.35, .5, .15})]}
			switch u := r.Float64(); {
			case u < 0.03 || lost && u < 0.8:
				v.result = "失访"
			case u < 0.045:
				v.result = "拒访"
			case u < 0.055:
				v.result = "迁出"
			}
			v.payer = p.payers(r)
			v.next = on.addYears(1)
			c.sendVisit(v, r)
		}
	}
	if p.died != 0 && r.chance(0.7) {
		v := &visit{patient: p, on: p.died + r.days(10, 50), result: foundDead, stage: p.stage, method: "电话"}
		c.sendVisit(v, r)
	}
	known := slices.ContainsFunc(p.visits, func(v *visit) bool { return v.result == foundDead }) ||
		slices.ContainsFunc(p.later, func(k *caseCard) bool { return k.report == "death" })
	if !known {
		p.died = 0 // nobody has told the city
	}
}

// sendVisit keeps the visit when its paper arrives in time.
func (c *city) sendVisit(v *visit, r dice) {
	p := v.patient
	for _, k := range p.later {
		if k.report == "progression" && k.diagnosed <= v.on {
			v.stage = max(v.stage, k.stage)
		}
	}
	v.sent = v.on + r.days(3, 25)
	if v.sent > c.until {
		return
	}
	v.salt = mix(c.seed ^ uint64(v.on)<<20 ^ uint64(p.person.birth)<<3 ^ uint64(len(p.visits)))
	if p.township != "" && share(mix(uint64(len(p.township))^c.seed^uint64(p.township[8])), 5) < 0.55 && share(v.salt, 6) < 0.4 {
		v.station = c.townshipName(p.township) + "尘肺病康复站"
	}
	p.visits = append(p.visits, v)
}

// payers draws what a visit says about who pays.
func (p *patient) payers(r dice) (out [3]answer) {
	for i := range out {
		chance := map[string][3]float64{"a": {.95, .05, .03}, "b": {.02, .7, .06}, "c": {.01, .01, .55}}[p.class][i]
		out[i] = saidNo
		if r.chance(chance) {
			out[i] = saidYes
		}
		if r.chance(0.06) {
			out[i] = unsaid
		}
	}
	return out
}

// sortedVisits returns all visits in the order of their days.
func (c *city) sortedVisits() []*visit {
	var out []*visit
	for _, p := range c.patients {
		out = append(out, p.visits...)
	}
	slices.SortStableFunc(out, func(a, b *visit) int { return cmp.Compare(a.on, b.on) })
	return out
}

func (w *writer) visitRecord(v *visit, d *delivery) record {
	p := v.patient
	rec := record{
		"patient_card_no": text(p.file), "person_name": text(p.person.name), "id_no": {kind: cellID, text: p.person.idNo}, "sex": text(sexWord(p.person.male)),
		"birth_date": date(p.person.birth), "visit_date": date(v.on), "method": text(v.method), "result": text(v.result), "death_date": date(0),
		"lives_at": text(""), "phone": text(p.person.phone), "disease_name": text(p.disease), "stage": text([]string{"壹期", "贰期", "叁期"}[v.stage-1]),
		"symptoms": text([]string{"咳嗽、咳痰", "胸闷；气短", "无", "活动后气促"}[v.salt%4]), "lung_function": text([]string{"正常", "轻度", "中度", "重度"}[min(3, int(v.salt>>9)%3+v.stage/3)]),
		"comorbidity": text([]string{"无", "无", "慢阻肺", "肺结核"}[(v.salt>>17)%4]), "rehab": text(v.station), "benefit_class": text(map[string]string{"a": "A类", "b": "B类", "c": "C类"}[p.class]),
		"injury_recognised": text("否"), "disability_grade": text(""), "payer_injury": text(v.payer[0].word()), "payer_employer": text(v.payer[1].word()),
		"payer_basic": text("是"), "payer_aid": text(v.payer[2].word()), "income_poverty": text([]string{"否", "否", "是"}[(v.salt>>25)%3]),
		"next_due": date(v.next), "visit_org": text("测试乡镇卫生院"),
	}
	if p.township != "" {
		rec["lives_at"] = text(w.city.townshipName(p.township))
		rec["visit_org"] = text(w.city.townshipName(p.township) + "测试卫生院")
	}
	if p.grade > 0 {
		rec["injury_recognised"], rec["disability_grade"] = text("是"), text(fmt.Sprintf("%d级", p.grade))
	}
	if v.result == foundDead {
		rec["death_date"] = date(p.died)
	}
	if d.draft {
		rec["symptoms"] = text("")
	}
	return rec
}
