package simulate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// city is the simulated city: what is true, whether or not somebody has written it down.
type city struct {
	ref         *reference
	seed        uint64
	scale       float64
	from, until day // first and last day of the simulated papers
	readOn      day // day on which a running year is read: the day after the last papers
	paths       paths

	employers []*employer // on the roster first, then the discovered ones
	agencies  []*employer // labour dispatch agencies, part of employers
	exams     []*exam     // all whose card has arrived, by worker
	cases     []*caseCard
	clinics   []*institution // examination institutions
	labs      []*institution // detection agencies
	dosimetry []*institution
	events    []Event
	stories   stories
	plans     []Plan
	persons   []*person
	serials   map[day]int // identity numbers given out by birth date

	patients    []*patient
	projects    []*project
	inspections []*inspection
	complaints  []*complaint
	accidents   []*accident
	listed      []*listed
	demerits    []*demerit
	reports     []*summaryReport
	register    []*registered
}

// institution is somebody who examines, measures or reports.
type institution struct {
	code, name string
	sender     string // whose files carry its rows
	slowDays   float64
	silentFrom day  // nothing arrives from this day on
	allNormal  bool // never finds a result over the limit
	oneWord    bool // its files hold one conclusion for all hazards together
	digit84    bool // noise near the limit is written down as 84.x
}

// employer is one legal person with its workplaces.
type employer struct {
	id         int
	group      *group
	industry   string
	key        bool
	severe     bool
	uscc       string
	name       string // present name
	formerName string
	renamed    day
	township   string // as on the last roster; "" when the roster names none of the city
	townName   string // what the roster says
	oldTown    string // township before the move
	moved      day
	address    string
	economy    string
	sizeClass  string
	employees  int
	dispatched int
	female     int
	second     int // employees of a second workplace, 0 when there is none
	start      day
	close      day // 0: still open
	stopped    bool
	stopFrom   day
	discovered bool
	firstEvent day
	voidedTwin day // roster row entered by mistake, voided on the roster of this date
	agency     bool

	head        string
	oldHead     string
	headChanged day
	managers    []string
	phone       string

	posts        []*post
	positions    int // radiation positions
	declarations []*declaration
	rounds       []*round
	trainings    []*training
	insured      []*insuredMonth
	radiation    []*radiationWorker

	examsStop     int // first year without examination campaigns, 0: never
	testsStop     int // first year without detection rounds, 0: never
	insuranceDrop day // most of the staff leave the insurance on this day, 0: never

	clinic, lab *institution
	diligence   float64 // lasting part of the willingness to do one's duty, standard normal
	allHazards  bool    // examinations cover every mandatory hazard, not only those due
}

// post is a place of work with a constant head count.
type post struct {
	kind     postKind
	workshop string
	slots    [][]*worker // the people who held each slot, one after the other
}

func (p *post) headCount() int { return len(p.slots) }

// person is a human being.
type person struct {
	idNo, name string
	male       bool
	birth      day
	phone      string
}

// worker is a person on a slot of a post from hire to leave.
type worker struct {
	person     *person
	employer   *employer
	post       *post
	before     *worker // who held the slot before, nil for the first
	hire       day
	leave      day // 0: still there
	dispatched *employer
	pastMonths int // exposure before the hire
	exams      []*exam
	movedTo    *worker // the next job in the city, begun on the day of leaving
	movedFrom  *worker
}

// employed reports whether the worker is on the post on d.
func (w *worker) employed(d day) bool { return w.hire <= d && (w.leave == 0 || w.leave > d) }

// active reports whether the employer works on d, as far as the last roster tells.
func (e *employer) active(d day) bool {
	if e.discovered {
		return e.firstEvent != 0 && e.firstEvent <= d
	}
	return (e.start == 0 || e.start <= d) && (e.close == 0 || e.close > d)
}

// exposed returns the number of exposed persons, constant over the employer's life.
func (e *employer) exposed() int {
	n := e.positions
	for _, p := range e.posts {
		n += p.headCount()
	}
	return n
}

// area returns the code of the area in which the employer counts.
func (e *employer) area() string {
	if e.discovered || e.township == "" {
		return areaUnassigned
	}
	return e.township
}

// nameOn returns the name that the employer bore on d.
func (e *employer) nameOn(d day) string {
	if e.renamed != 0 && d < e.renamed {
		return e.formerName
	}
	return e.name
}

func sizeClass(employees int) string {
	switch {
	case employees >= 1000:
		return "大型"
	case employees >= 300:
		return "中型"
	case employees >= 20:
		return "小型"
	}
	return "微型"
}

// quietDays is the stretch before the end of the papers in which nobody is hired or leaves, so that the
// examination that goes with it has always arrived.
const quietDays = 80

func newCity(ref *reference, opt Options) (*city, error) {
	c := &city{
		ref: ref, seed: opt.Seed, scale: opt.Scale, paths: cityPaths(), serials: map[day]int{},
		from: dayOf(opt.FromYear, 1, 1), until: dayFrom(opt.Until),
	}
	c.readOn = c.until + 1
	kinds, err := groups(ref)
	if err != nil {
		return nil, err
	}
	c.foundInstitutions()
	c.foundEmployers(kinds)
	return c, nil
}

func (c *city) foundInstitutions() {
	stems := strings.Fields("甲 乙 丙 丁 戊 己 庚 辛 壬 癸 子 丑 寅 卯 辰 巳 午 未 申 酉")
	for i := range 20 {
		inst := &institution{code: fmt.Sprintf("TJ%02d", i+1), name: "测试" + stems[i] + "医院体检中心", slowDays: 6}
		switch {
		case i < 6:
			inst.sender = fmt.Sprintf("JG%02d", i+1)
		case i < 12:
			inst.sender = "PT01"
		default:
			inst.sender = "PT02"
		}
		inst.oneWord = inst.sender == "JG05"
		if i == 3 {
			inst.slowDays = 40
		}
		if i == 5 {
			if y, _, _ := c.until.date(); y >= 2026 {
				inst.silentFrom = dayOf(2026, 8, 25)
			}
		}
		c.clinics = append(c.clinics, inst)
	}
	for i := range 10 {
		inst := &institution{code: fmt.Sprintf("JC%02d", i+1), name: "测试" + stems[i] + "检测技术有限公司", slowDays: 6, sender: "JCPT"}
		if i < 3 {
			inst.sender = inst.code
		}
		inst.allNormal = i == 6
		inst.digit84 = i == 4
		c.labs = append(c.labs, inst)
	}
	for i := range 4 {
		c.dosimetry = append(c.dosimetry, &institution{
			code: fmt.Sprintf("JL%02d", i+1), name: "测试" + stems[i] + "放射卫生技术服务中心",
			sender: []string{"JL01", "JL02", "JL02", "JL02"}[i],
		})
	}
}

// institutions counts by kind the institutions that the city has had papers from.
func (c *city) institutions() map[string]int {
	seen := map[string]map[string]bool{"exam": {}, "detection": {}, "dose": {}, "hospital": {}}
	for _, x := range c.exams {
		seen["exam"][x.clinic.name] = true
	}
	for _, e := range c.employers {
		for _, t := range e.rounds {
			seen["detection"][t.lab.name] = true
		}
		for _, w := range e.radiation {
			seen["dose"][w.lab.name] = true
		}
	}
	for _, k := range c.cases {
		if k.kind != cardSuspected {
			seen["hospital"][k.reportOrg], seen["hospital"][k.diagnosedBy()] = true, true
		}
	}
	out := map[string]int{}
	for kind, names := range seen {
		out[kind] = len(names)
	}
	return out
}

func (c *city) foundEmployers(kinds []*group) {
	shares := townshipShares()
	var codes []string
	var weights []float64
	names := map[string]string{}
	for _, t := range c.ref.townships {
		codes = append(codes, t.code)
		weights = append(weights, shares[t.code])
		names[t.code] = t.name
	}
	stems := strings.Fields("甲子 乙丑 丙寅 丁卯 戊辰 己巳 庚午 辛未 壬申 癸酉 甲戌 乙亥 丙子 丁丑 戊寅 己卯 庚辰 辛巳 壬午 癸未 甲申 乙酉 丙戌 丁亥 戊子 己丑 庚寅 辛卯 壬辰 癸巳")
	ends := strings.Fields("宏 盛 达 兴 隆 泰 昌 丰 裕 恒 瑞 祥 顺 和 茂 鼎 源 诚 信 通 润 康 安 宁 佳 美 华 中 大 新 天 地 东 西 南 北 金 银 铜 铁 玉 石 山 川 江 河 湖 海 云 风 松 柏 杨 柳 春 夏 秋 冬 日 月")
	id := 0
	for _, g := range kinds {
		n := int(math.Round(float64(g.employers) * c.scale))
		if n < 2 {
			n = min(2, g.employers)
		}
		discoveredFrom := n // further employers that no roster names
		if g.name == "metal" {
			n += max(1, int(math.Round(4*c.scale)))
		}
		if g.name == "wood" {
			n += max(1, int(math.Round(2*c.scale)))
		}
		for i := range n {
			id++
			r := newDice(c.seed, "employer", id)
			e := &employer{id: id, group: g, industry: pick(r, g.codes), uscc: creditCode(id), discovered: i >= discoveredFrom}
			e.key = c.ref.key(e.industry)
			e.severe = c.ref.severe(e.industry)
			e.name = "新郑市测试" + stems[id%len(stems)] + ends[(id/len(stems))%len(ends)] + g.word + c.legalForm(g)
			t := r.weighted(weights)
			e.township, e.townName = codes[t], names[codes[t]]
			if !e.discovered && r.chance(0.006) {
				e.township, e.townName = "", "外市托管区"
			}
			e.address = "新郑市" + e.townName + "测试路" + fmt.Sprint(r.between(1, 300)) + "号"
			e.economy = []string{"私营企业", "有限责任公司", "股份有限公司", "国有企业", "外资企业"}[r.weighted([]float64{.62, .27, .05, .04, .02})]
			c.staff(e, r)
			c.life(e, r)
			c.people(e, r)
			e.diligence = r.NormFloat64()
			e.allHazards = r.chance(0.82)
			e.lab = c.labs[r.weighted([]float64{.19, .16, .13, .11, .1, .09, .06, .08, .05, .03})]
			e.clinic = c.clinics[r.weighted([]float64{.17, .14, .11, .09, .09, .06, .04, .04, .04, .03, .03, .02, .02, .02, .02, .02, .02, .02, .01, .01})]
			c.employers = append(c.employers, e)
		}
	}
	// roster order: the discovered last
	slices.SortStableFunc(c.employers, func(a, b *employer) int { return boolInt(a.discovered) - boolInt(b.discovered) })
	for i := range max(1, int(math.Round(3*c.scale))) {
		id++
		r := newDice(c.seed, "employer", id)
		a := &employer{
			id: id, group: kinds[len(kinds)-1], industry: "L726", uscc: creditCode(id), agency: true,
			name: fmt.Sprintf("新郑市测试第%d劳务派遣有限公司", i+1), township: "410184001", townName: "新建路街道", economy: "私营企业",
			address: "新郑市新建路街道测试路1号", employees: r.between(30, 90), start: dayOf(2009, 5, 1),
		}
		a.sizeClass = sizeClass(a.employees)
		c.people(a, r)
		a.clinic, a.lab = c.clinics[0], c.labs[0]
		a.diligence = r.NormFloat64()
		c.agencies = append(c.agencies, a)
	}
	firstDiscovered := slices.IndexFunc(c.employers, func(e *employer) bool { return e.discovered })
	c.employers = slices.Insert(c.employers, firstDiscovered, c.agencies...)
	c.hostileNames()
	for _, e := range c.employers {
		c.openPosts(e)
	}
}

func (c *city) legalForm(g *group) string {
	if g.radiology {
		return ""
	}
	return "有限公司"
}

func (c *city) staff(e *employer, r dice) {
	g := e.group
	e.employees = int(clamp(r.lognormal(g.medianStaff, 3), 3, 2600))
	if g.name == "coal" || g.name == "tobacco" {
		e.employees = int(clamp(r.lognormal(g.medianStaff*1.4, 1.4), 500, 2600))
	}
	if e.discovered {
		e.employees = min(e.employees, 60)
	}
	e.sizeClass = sizeClass(e.employees)
	e.female = int(float64(e.employees) * clamp(r.normal(0.3, 0.15), 0.02, 0.8))
	if e.employees > 40 && r.chance(0.04) && !e.discovered {
		e.second = e.employees / r.between(3, 6)
	}
}

// life draws when the employer was founded, renamed, moved, stopped and closed.
func (c *city) life(e *employer, r dice) {
	span := int(c.until - c.from)
	e.start = dayOf(1994, 1, 1) + r.days(0, int(dayOf(2016, 12, 1)-dayOf(1994, 1, 1)))
	if e.discovered {
		e.start = 0
		// the first papers come in the first half of one of the later years
		y := c.from.year() + r.between(1, max(1, c.until.year()-c.from.year()-1))
		e.firstEvent = dayOf(y, time.Month(r.between(3, 6)), r.between(1, 28))
		return
	}
	if r.chance(0.03 * float64(span) / 365) {
		e.start = c.from + r.days(60, span-quietDays-120)
	}
	if r.chance(0.022 * float64(span) / 365) {
		lo := max(c.from, e.start+500)
		if hi := c.until - quietDays; lo < hi {
			e.close = lo + r.days(0, int(hi-lo))
		}
	}
	if r.chance(0.08) && span > 400 {
		e.renamed = c.from + r.days(200, span-60)
		e.formerName = strings.Replace(e.name, "测试", "测试老", 1)
	}
	if r.chance(0.05) && span > 400 && e.township != "" {
		e.oldTown = c.ref.townships[r.IntN(len(c.ref.townships))].code
		e.moved = c.from + r.days(200, span-60)
		if e.oldTown == e.township {
			e.oldTown, e.moved = "", 0
		}
	}
	if e.close == 0 && r.chance(0.025) {
		e.stopped = true
		e.stopFrom = c.from + r.days(span/2, span-30)
	}
	if r.chance(0.004) {
		e.voidedTwin = c.from + r.days(370, max(371, span-30))
	}
}

// people names the person in charge and the managers.
func (c *city) people(e *employer, r dice) {
	used := map[string]bool{}
	name := func() string {
		for {
			n := personName(r, r.chance(0.75))
			if !used[n] {
				used[n] = true
				return n
			}
		}
	}
	e.head = name()
	if r.chance(0.035) {
		e.oldHead = name()
		span := int(c.until - c.from)
		e.headChanged = c.from + r.days(span/2, span-30)
	}
	for range r.weighted([]float64{0.03, 0.76, 0.17, 0.04}) {
		e.managers = append(e.managers, name())
	}
	e.phone = fmt.Sprintf("1990000%04d", r.IntN(10000))
}

// openPosts draws posts, head counts and radiation positions.
func (c *city) openPosts(e *employer) {
	r := newDice(c.seed, "posts", e.id)
	g := e.group
	if g.harmless || e.agency {
		return
	}
	if g.radiology {
		e.positions = radiationPositions(r, e)
		e.employees = max(e.employees, e.positions*2)
		e.sizeClass = sizeClass(e.employees)
		return
	}
	if !e.discovered && r.chance(0.015) {
		return // an employer of a hazardous industry without any hazard of its own
	}
	sharePart := clamp(r.normal(g.exposedShare, 0.13), 0.1, 0.92)
	exposed := max(1, int(math.Round(float64(e.employees)*sharePart)))
	n := 1
	for _, bound := range []int{5, 14, 38, 110, 380} {
		if exposed > bound {
			n++
		}
	}
	if exposed > 700 {
		n += 2
	}
	n = min(n, exposed)
	order := r.Perm(len(g.posts))
	weights := make([]float64, n)
	for i := range n {
		weights[i] = 0.4 + r.Float64()
		kind := g.posts[order[i%len(order)]]
		workshop := kind.workshop
		if i >= len(order) {
			workshop = []string{"二号", "三号", "四号"}[min(2, i/len(order)-1)] + workshop
		}
		e.posts = append(e.posts, &post{kind: kind, workshop: workshop, slots: make([][]*worker, 1)})
	}
	for range exposed - n {
		p := e.posts[r.weighted(weights)]
		p.slots = append(p.slots, nil)
	}
	if exposed > 30 && r.chance(0.25) && !e.discovered {
		e.dispatched = exposed / r.between(6, 12)
	}
}

// hostileNames gives two employers names that would hurt a careless page or spreadsheet.
func (c *city) hostileNames() {
	n := 0
	for _, e := range c.employers {
		if e.group.name != "metal" || e.discovered || e.close != 0 || e.stopped || e.renamed != 0 || e.township == "" || e.employees < 30 {
			continue
		}
		n++
		switch n {
		case 1:
			e.name = "新郑市测试</script><b>机械有限公司"
			e.township, e.townName, e.oldTown, e.moved = townshipOutbreak, "龙湖镇", "", 0
		case 2:
			e.name = "=1+1测试机械有限公司"
			return
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
