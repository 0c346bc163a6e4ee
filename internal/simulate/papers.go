package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// declaration is one receipt of the national declaration system.
type declaration struct {
	employer                 *employer
	no, kind                 string // kind: first, annual, change
	declared, accepted, sent day
	rows                     []declaredRow
	salt                     uint64
}

// declaredRow is one hazard of one post with the number of persons exposed.
type declaredRow struct {
	post   *post
	hazard *hazard
}

// training is one record of somebody's occupational health training.
type training struct {
	employer    *employer
	role        string // head, manager, worker
	name        string
	kind        string // first, refresher
	on, sent    day
	hours       float64
	passed      bool
	certificate string
	validTo     day // 0: not stated
	headcount   int
	organiser   string
	salt        uint64
}

// valid reports whether a passed training still counts on d: to its stated end, or twelve months.
func (t *training) valid(d day) bool {
	if !t.passed || t.on > d {
		return false
	}
	if t.validTo != 0 {
		return t.validTo >= d
	}
	return t.on.addMonths(12) >= d
}

// insuredMonth is one month of one employer in the books of the insurance.
type insuredMonth struct {
	employer *employer
	month    day // its first day
	sent     day
	insured  int
	due      int // 0: not stated
	salt     uint64
}

// fileAll makes declarations, trainings and insurance months of every employer.
func (c *city) fileAll() {
	for _, e := range c.employers {
		if !e.discovered && !e.agency {
			c.declare(e)
			c.train(e)
		}
		if !e.discovered {
			c.insure(e)
		}
	}
	for _, e := range c.employers {
		for i, d := range e.declarations {
			d.no = fmt.Sprintf("SB%d-%06d", d.accepted.year(), e.id*10+i%10)
			d.salt = mix(c.seed ^ uint64(e.id)<<24 ^ uint64(d.accepted)<<1)
		}
		for i, t := range e.trainings {
			t.salt = mix(c.seed ^ uint64(e.id)<<28 ^ uint64(t.on)<<8 ^ uint64(i))
			if t.passed && share(t.salt, 3) < 0.7 {
				t.certificate = fmt.Sprintf("PX%d%05d%02d", t.on.year(), e.id, i)
			}
		}
	}
}

// usable reports whether the employer files papers on d.
func (e *employer) usable(c *city, d day) bool {
	return d >= max(c.from, e.start) && d <= c.until && (e.close == 0 || d < e.close)
}

func (c *city) declare(e *employer) {
	if len(e.posts) == 0 {
		return
	}
	r := newDice(c.seed, "declaration", e.id)
	season := r.between(40, 300)
	for y := c.from.year(); y <= c.until.year(); y++ {
		will := normalCDF(0.8*e.diligence + 0.6*r.NormFloat64())
		on := dayOf(y, 1, season) + r.days(-25, 25)
		change := r.chance(0.03)
		omit := r.chance(0.05)
		if e.start >= dayOf(y, 1, 1) {
			on = max(on, e.start+r.days(20, 50))
		}
		if will >= c.paths.declaration.of(e, y) || !e.usable(c, on) || on.year() != y {
			continue
		}
		kind := "annual"
		if len(e.declarations) == 0 {
			kind = "first"
		}
		c.submit(e, kind, on, omit, r)
		if later := on + r.days(40, 80); change && e.usable(c, later) && later.year() == y {
			c.submit(e, "change", later, false, r)
		}
	}
}

func (c *city) submit(e *employer, kind string, on day, omit bool, r dice) {
	d := &declaration{employer: e, kind: kind, declared: on, accepted: on + r.days(1, 14)}
	d.sent = c.delayed(e, d.accepted+r.days(1, 12), r)
	for _, p := range e.posts {
		rows := 0
		for i, h := range p.kind.hazards {
			// what is forgotten is never what keeps the post in the count
			if omit && rows > 0 && i == len(p.kind.hazards)-1 && p.kind.hazards[0].alwaysMandatory() {
				continue
			}
			d.rows = append(d.rows, declaredRow{p, h})
			rows++
		}
	}
	if d.sent <= c.until && d.accepted.year() == on.year() {
		e.declarations = append(e.declarations, d)
	}
}

func (c *city) train(e *employer) {
	r := newDice(c.seed, "training", e.id)
	if len(e.posts) == 0 && r.chance(0.7) {
		return
	}
	organisers := []string{"测试市职业卫生培训中心", "测试市疾病预防控制中心", "测试甲安全培训学校", "测试网络学院", "测试乙教育咨询有限公司"}
	organiser := pick(r, organisers)
	season := r.between(50, 310)
	known := map[string]bool{}
	for y := c.from.year(); y <= c.until.year(); y++ {
		attend := func(role, name string, goes bool, aim path) {
			on := dayOf(y, 1, season) + r.days(-30, 30)
			will := normalCDF(0.75*e.diligence + 0.66*r.NormFloat64())
			longer := r.chance(0.12)
			failed := r.chance(0.03)
			if !goes || will >= aim.of(e, y) || !e.usable(c, on) || on.year() != y {
				return
			}
			t := &training{employer: e, role: role, name: name, kind: "refresher", on: on, hours: 8, passed: true, organiser: organiser}
			if !known[role+name] {
				t.kind, t.hours = "first", 16
				known[role+name] = true
			}
			if share(mix(uint64(e.id)), 9) < 0.6 {
				t.validTo = on.addYears(1)
				if longer {
					t.validTo = on.addYears(2)
				}
			}
			t.sent = c.delayed(e, on+r.days(5, 40), r)
			if failed {
				f := *t
				f.passed, f.validTo = false, 0
				if f.sent <= c.until {
					e.trainings = append(e.trainings, &f)
				}
				t.on += r.days(14, 40)
				t.kind = "refresher"
				t.sent = c.delayed(e, t.on+r.days(5, 30), r)
				if t.validTo != 0 {
					t.validTo = t.on.addYears(1)
				}
			}
			if t.sent <= c.until && e.usable(c, t.on) {
				e.trainings = append(e.trainings, t)
			}
		}
		head := e.head
		changes := e.headChanged != 0 && y <= e.headChanged.year()
		if changes {
			head = e.oldHead
		}
		attend("head", head, true, c.paths.head)
		for _, m := range e.managers {
			attend("manager", m, true, c.paths.manager)
		}
		if len(e.managers) == 0 {
			attend("manager", e.head, r.chance(0.3), c.paths.manager) // the head sits in for the missing manager
		}
		if n := e.exposed(); n > 0 && r.chance(0.35) {
			on := dayOf(y, 1, season) + r.days(0, 40)
			t := &training{
				employer: e, role: "worker", kind: "refresher", on: on, hours: 4, passed: true, organiser: organiser,
				headcount: max(1, n*r.between(5, 10)/10), name: "",
			}
			t.sent = on + r.days(5, 40)
			if e.usable(c, on) && t.sent <= c.until {
				e.trainings = append(e.trainings, t)
			}
		}
	}
	slices.SortStableFunc(e.trainings, func(a, b *training) int { return int(a.on - b.on) })
}

// monthlyInsurance is the first year in which the insurance sends every month; before, the last one of a quarter.
const monthlyInsurance = 2023

func (c *city) insure(e *employer) {
	r := newDice(c.seed, "insurance", e.id)
	stated := r.chance(0.7)
	u := normalCDF(0.6*e.diligence + 0.8*r.NormFloat64())
	gapYear := 0
	if r.chance(0.04) {
		gapYear = c.from.year() + r.between(2, 8)
	}
	for y := c.from.year(); y <= c.until.year(); y++ {
		aim := c.paths.insurance.of(e, y) - 0.025
		part := 0.0
		switch {
		case e.employees >= 300: // the large ones never stay out: their share moves with the city's
			part = clamp(aim+0.03*r.NormFloat64(), 0, 1)
		case u < aim+0.09:
			part = clamp(1-2*(1-aim/(aim+0.1))*r.Float64(), 0, 1)
		case u < aim+0.11:
			part = 0.3 * r.Float64()
		}
		for m := time.January; m <= time.December; m++ {
			month := dayOf(y, m, 1)
			if !e.usable(c, month) || part == 0 && r.chance(0.8) || y < monthlyInsurance && m%3 != 0 {
				continue
			}
			x := &insuredMonth{employer: e, month: month, insured: int(math.Round(part * float64(e.employees)))}
			if y == gapYear && m >= 7 || e.insuranceDrop != 0 && month >= e.insuranceDrop {
				x.insured /= 4
			}
			if stated {
				x.due = e.employees
			}
			x.sent = month.addMonths(1) + r.days(4, 10)
			x.salt = mix(c.seed ^ uint64(e.id)<<16 ^ uint64(month)<<1)
			if x.sent <= c.until {
				e.insured = append(e.insured, x)
			}
		}
	}
}
