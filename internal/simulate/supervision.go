package simulate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// project is a construction project with its protective facilities; a day of 0 means not done.
type project struct {
	no, name                               string
	employer                               *employer
	dept                                   string
	severe                                 bool
	isPlanned, isStopped                   bool
	approved                               day
	pre, design, control, accepted, starts day // evaluations, review, acceptance, production
	salt                                   uint64
}

// standing returns the status that the list of day d shows.
func (p *project) standing(d day) string {
	switch {
	case p.isPlanned:
		return "拟建"
	case p.isStopped:
		return "停建"
	case p.accepted != 0 && p.accepted <= d:
		return "已验收"
	case p.starts != 0 && p.starts <= d:
		return "投产"
	}
	return "在建"
}

// inspection is one visit of the supervisors.
type inspection struct {
	no                                    string
	employer                              *employer
	on, deadline, closed, penalised, sent day
	kind, penalty                         string
	findings                              []string
	fine                                  int
	published, hasTown                    bool
	salt                                  uint64
}

// complaint is one complaint of a worker or a neighbour.
type complaint struct {
	no                               string
	employer                         *employer // nil: not told
	township                         string
	received, handed, answered, sent day
	channel, subject, handedTo       string
	result                           string
	salt                             uint64
}

// accident is the register's entry of an acute event.
type accident struct {
	code             string
	employer         *employer
	on, report, sent day
	ill              int
	closed           day
}

// listed is one qualification of an institution on the list.
type listed struct {
	code, name, kind, level, scope, filing, uscc string
	township                                     string
	from, to                                     day
	status                                       string
	sent                                         day
}

// demerit is one decision about an institution's misconduct.
type demerit struct {
	institution      *institution
	kind, no, clause string
	fact             string
	on, sent         day
	points           int
}

// superviseAll makes what the supervisors, the planners and the list of institutions have on paper.
func (c *city) superviseAll() {
	c.planProjects()
	c.inspectAll()
	c.complain()
	c.registerAccidents()
	c.listInstitutions()
	c.giveDemerits()
}

func (c *city) planProjects() {
	for _, e := range c.employers {
		if e.discovered || e.agency || len(e.posts) == 0 {
			continue
		}
		r := newDice(c.seed, "projects", e.id)
		for y := c.from.year(); y <= c.until.year(); y++ {
			isNew := e.start >= dayOf(y, 1, 1) && e.start < dayOf(y+1, 1, 1)
			if !isNew && !r.chance(0.006+0.002*math.Log10(float64(e.employees)+1)) {
				continue
			}
			on := dayOf(y, 1, 1) + r.days(0, 360)
			if isNew {
				on = max(c.from, e.start-r.days(200, 500))
			}
			if on > c.until-20 || on < max(c.from, e.start-600) || e.close != 0 && on >= e.close {
				continue
			}
			c.plan(e, on, isNew, r)
		}
	}
	for i, p := range c.projects {
		p.no = fmt.Sprintf("XM%d-%04d", p.approved.year(), i+1)
		p.salt = mix(c.seed ^ uint64(p.approved)<<9 ^ uint64(i))
	}
}

// plan draws the course of one project: the steps get rarer towards the end, and rarer where the employer is careless.
func (c *city) plan(e *employer, on day, isNew bool, r dice) {
	p := &project{employer: e, approved: on, severe: e.severe, dept: []string{"发改委", "科工信局"}[boolInt(r.chance(0.4))]}
	p.name = []string{"生产线技改项目", "扩建项目", "仓储及厂房建设项目", "环保设施升级项目"}[r.IntN(4)]
	if isNew {
		p.name = "新建项目"
	}
	p.name = strings.NewReplacer("<", "", ">", "", "=", "", "/", "").Replace(e.name) + p.name
	keen := clamp(0.12*e.diligence+0.02*float64(on.year()-2018), -0.25, 0.3)
	done := func(chance float64) bool { return r.chance(clamp(chance+keen, 0.05, 0.98)) }
	switch u := r.Float64(); {
	case u < 0.06:
		p.isPlanned = true
	case u < 0.11:
		p.isStopped = true
	}
	if done(0.72) {
		p.pre = on + r.days(10, 120)
	}
	if done(0.62) {
		p.design = max(on, p.pre) + r.days(10, 90)
	}
	if !p.isPlanned && !p.isStopped && r.chance(0.75) {
		p.starts = on + r.days(180, 600)
		if isNew {
			p.starts = max(p.starts, e.start)
		}
		switch {
		case done(0.6):
			p.control = p.starts + r.days(-60, 120)
		case r.chance(0.85): // made up for, long after
			p.control = p.starts + r.days(200, 700)
		}
		if p.control != 0 && done(0.75) {
			p.accepted = p.control + r.days(10, 60)
		}
	}
	c.projects = append(c.projects, p)
}

// milestones returns the days on which the list gets a new version of the project, the first one its approval.
func (p *project) milestones() []day {
	out := []day{p.approved}
	for _, d := range []day{p.pre, p.design, p.control, p.accepted, p.starts} {
		if d > p.approved {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func faults() []string {
	return []string{"未组织职业健康检查", "未按规定申报", "未定期检测", "未公布检测结果", "未设置警示标识", "防护用品不合格", "未开展培训", "档案不完整"}
}

func (c *city) inspectAll() {
	for _, e := range c.employers {
		if e.agency || len(e.posts) == 0 && e.positions == 0 {
			continue
		}
		r := newDice(c.seed, "inspections", e.id)
		for y := c.from.year(); y <= c.until.year(); y++ {
			chance := 0.16 + 0.015*float64(y-2018) + 0.1*float64(boolInt(e.severe))
			on := dayOf(y, 1, 1) + r.days(10, 355)
			visited := r.chance(chance)
			if !visited || on > c.until-5 || !e.active(on) || on < max(c.from, e.start) {
				continue
			}
			first := c.inspect(e, on, []string{"日常", "专项", "双随机"}[r.weighted([]float64{.5, .2, .3})], r)
			if first != nil && first.closed != 0 && r.chance(0.3) {
				if again := c.inspect(e, first.closed+r.days(1, 20), "复查", r); again != nil {
					again.findings = nil
					again.deadline, again.closed, again.penalised, again.penalty, again.fine = 0, 0, 0, "", 0
				}
			}
		}
	}
}

func (c *city) inspect(e *employer, on day, kind string, r dice) *inspection {
	x := &inspection{employer: e, on: on, kind: kind, sent: on + r.days(2, 20), hasTown: r.chance(0.9)}
	if r.chance(clamp(0.5-0.1*e.diligence, 0.1, 0.9)) {
		for _, i := range r.Perm(len(faults()))[:r.between(1, 3)] {
			x.findings = append(x.findings, faults()[i])
		}
		if r.chance(0.92) {
			x.deadline = on + r.days(15, 60)
		}
		if r.chance(0.86) {
			x.closed = max(on, x.deadline) + r.days(-12, 4)
			if x.closed <= on {
				x.closed = on + 3
			}
			if r.chance(0.15) {
				x.closed += r.days(10, 90)
			}
		}
		if r.chance(0.14) {
			x.penalised = on + r.days(20, 90)
			x.penalty = "警告"
			if r.chance(0.55) {
				x.penalty, x.fine = "警告、罚款", 1000*int(clamp(r.lognormal(20, 2), 2, 300))
			}
			x.published = r.chance(0.8)
		}
	}
	if x.sent > c.until || on > c.until {
		return nil
	}
	x.no = fmt.Sprintf("JC%d-%05d", on.year(), len(c.inspections)+1)
	x.salt = mix(c.seed ^ uint64(e.id)<<21 ^ uint64(on))
	c.inspections = append(c.inspections, x)
	return x
}

// versions returns the days on which the record of the inspection is sent: after it, and after what followed.
func (x *inspection) versions() []day {
	later := []day{x.closed, x.penalised}
	slices.Sort(later)
	out := []day{x.sent}
	for _, d := range later {
		if d > out[len(out)-1] { // else the version before shows it
			out = append(out, d+5)
		}
	}
	return out
}

func (c *city) complain() {
	r := newDice(c.seed, "complaints", 0)
	for y := c.from.year(); y <= c.until.year(); y++ {
		for range max(2, int(math.Round((14+2*float64(y-2018))*c.scale))) {
			x := &complaint{received: dayOf(y, time.Month(r.between(1, 12)), r.between(1, 28)), township: pick(r, c.ref.townships).code}
			e := pick(r, c.employers)
			x.channel = []string{"12345热线", "电话", "来信", "网络", "上级转办"}[r.weighted([]float64{.5, .15, .08, .15, .12})]
			x.subject = []string{"未组织职业健康检查", "粉尘噪声大", "未缴工伤保险", "未发防护用品", "气味刺鼻"}[r.weighted([]float64{.3, .25, .15, .15, .15})]
			if r.chance(0.78) && e.active(x.received) && e.township != "" && !e.discovered {
				x.employer, x.township = e, e.township
			}
			if r.chance(0.35) {
				x.handed, x.handedTo = x.received+r.days(1, 6), []string{"测试人社局", "测试生态环境分局", "测试总工会", "测试住建局"}[r.IntN(4)]
			}
			if r.chance(0.9) {
				x.answered = max(x.received, x.handed) + day(clamp(r.lognormal(13, 1.8), 1, 120))
				x.result = []string{"属实", "部分属实", "不属实"}[r.weighted([]float64{.4, .3, .3})]
			}
			x.sent = x.received + r.days(1, 8)
			if x.sent > c.until {
				continue
			}
			x.no = fmt.Sprintf("TS%d-%04d", y, len(c.complaints)+1)
			x.salt = mix(c.seed ^ uint64(x.received)<<7 ^ uint64(len(c.complaints)))
			c.complaints = append(c.complaints, x)
		}
	}
}

// versions returns the days on which the record of the complaint is sent: after it, and after the answer.
func (x *complaint) versions() []day {
	if x.answered > x.sent {
		return []day{x.sent, x.answered + 3}
	}
	return []day{x.sent}
}

// registerAccidents enters the acute events that the report cards tell of.
func (c *city) registerAccidents() {
	r := newDice(c.seed, "accidents", 0)
	seen := map[string]*accident{}
	for _, k := range c.cases {
		if k.event == "" || k.report != "new" {
			continue
		}
		if x := seen[k.event]; x != nil {
			x.ill++
			continue
		}
		x := &accident{code: k.event, employer: k.employer, on: k.occurred, ill: 1}
		x.report = x.on + r.days(0, 1)
		x.closed = x.on + r.days(10, 60)
		x.sent = x.report + r.days(0, 3)
		if x.sent <= c.until {
			c.accidents = append(c.accidents, x)
			seen[k.event] = x
		}
	}
}

// listInstitutions puts the institutions on the list of the qualified, hospitals that only report left out.
func (c *city) listInstitutions() {
	r := newDice(c.seed, "institutions", 0)
	add := func(code, name, kind, level, scope string) *listed {
		n := len(c.listed) + 1
		l := &listed{
			code: code, name: name, kind: kind, level: level, scope: scope, uscc: creditCode(80000 + n), filing: fmt.Sprintf("豫测备字第%03d号", n),
			from: c.from - r.days(200, 900), to: c.until.addYears(1) + r.days(100, 1200), status: "有效", sent: c.from + 9,
		}
		if r.chance(0.6) {
			l.township = pick(r, c.ref.townships).code
		}
		c.listed = append(c.listed, l)
		return l
	}
	for i, x := range c.clinics {
		l := add(x.code, x.name, "职业健康检查机构", "", "接触粉尘类、接触化学因素类、接触物理因素类")
		if i == len(c.clinics)-1 && c.until.year()-c.from.year() > 3 { // joined later
			l.from = c.from + 400
			l.sent = l.from + 20
		}
	}
	for i, x := range c.labs {
		l := add(x.code, x.name, "职业卫生技术服务机构", []string{"甲级", "乙级"}[boolInt(i > 2)], "采矿业、制造业")
		if i == len(c.labs)-1 { // not renewed
			l.to = c.until - 140
		}
	}
	for _, x := range c.dosimetry {
		add(x.code, x.name, "个人剂量监测机构", "", "个人剂量监测")
		add(x.code, x.name, "放射卫生技术服务机构", "乙级", "放射诊疗建设项目评价")
	}
	add("ZD01", "测试市职业病防治院", "职业病诊断机构", "", "尘肺病、噪声聋、化学中毒")
	add("ZD02", "测试省职业病医院", "职业病诊断机构", "", "全部")
}

// giveDemerits draws the points given to institutions since the city scores them (2022).
func (c *city) giveDemerits() {
	r := newDice(c.seed, "demerits", 0)
	facts := []string{"检测报告迟报", "采样记录缺少现场影像", "检测结果修约不规范", "未按规定上传体检个案", "主检医师未签字"}
	for y := max(2022, c.from.year()); y <= c.until.year(); y++ {
		for range r.between(4, 8) {
			x := &demerit{institution: c.labs[r.weighted([]float64{1, 1, 1, 1, 4, 1, 4, 1, 1, 1})], kind: "职业卫生技术服务机构"}
			if r.chance(0.35) {
				x.institution, x.kind = c.clinics[[]int{3, 3, 5, 8, 11}[r.IntN(5)]], "职业健康检查机构"
			}
			x.on = dayOf(y, time.Month(r.between(1, 12)), r.between(1, 28))
			x.points = []int{1, 2, 3, 6}[r.weighted([]float64{.4, .35, .2, .05})]
			x.fact = pick(r, facts)
			x.clause = fmt.Sprintf("第%s条第%s项", []string{"九", "十", "十一"}[r.IntN(3)], []string{"一", "二", "三", "四"}[r.IntN(4)])
			x.sent = x.on + r.days(3, 20)
			if x.sent > c.until {
				continue
			}
			x.no = fmt.Sprintf("测卫监记%d-%d", y, len(c.demerits)+1)
			c.demerits = append(c.demerits, x)
		}
	}
}
