package simulate

import (
	"fmt"
	"math"
	"slices"
)

// Kinds of tests, as the contract names them.
const (
	testPeriodic    = "periodic"
	testStatus      = "status"
	testControl     = "control"
	testSupervision = "supervision"
	testMonitoring  = "monitoring"
)

// round is one visit of a detection agency: one report.
type round struct {
	employer                           *employer
	lab                                *institution
	kind                               string
	survey, on, analysed, issued, sent day // on: sampling
	reportNo, taskNo                   string
	results                            []*result
	salt                               uint64
}

// result is one measured value.
type result struct {
	round     *round
	post      *post
	hazard    *hazard
	sampleNo  string
	point     int
	personal  bool
	fraction  string  // 总尘, 呼尘 or ""
	silica    float64 // free silica, percent
	limitType string
	value     float64
	below     bool // under the limit of quantification
	lod       float64
	unit      string
	limit     float64
	over      bool
	hoursDay  float64
	salt      uint64
}

// tests reports whether the round tested that hazard at that post.
func (t *round) tests(p *post, h *hazard) bool {
	return slices.ContainsFunc(t.results, func(r *result) bool { return r.post == p && r.hazard == h })
}

// measure is how one hazard is measured and how its values spread (a lognormal law; noise, heat: normal).
type measure struct {
	fraction  string
	limitType string
	limit     float64
	gm, gsd   float64
	lod       float64
	unit      string
	decimals  int
}

// measures returns the results that a hazard yields at one point.
func measures(h *hazard, g *group) []measure {
	mg := func(limitType string, limit, gm, gsd, lod float64, decimals int) measure {
		return measure{"", limitType, limit, gm, gsd, lod, "mg/m3", decimals}
	}
	dust := func(fraction string, limit, gm, gsd float64) measure {
		return measure{fraction, "TWA", limit, gm, gsd, 0.1, "mg/m3", 2}
	}
	switch h.id {
	case "HZ-1-001":
		return []measure{dust("总尘", 1, 0.50, 2.3), dust("呼尘", 0.7, 0.36, 2.3)}
	case "HZ-1-002":
		return []measure{dust("总尘", 4, 1.1, 2.4), dust("呼尘", 2.5, 0.53, 2.4)}
	case "HZ-1-007":
		return []measure{dust("总尘", 4, 1.4, 2.5), dust("呼尘", 1.5, 0.5, 2.5)}
	case "HZ-1-011":
		return []measure{dust("总尘", 4, 1.35, 2.6)}
	case "HZ-1-036":
		return []measure{dust("总尘", 8, 1.6, 2.6)}
	case "HZ-1-012":
		return []measure{dust("总尘", 8, 1.9, 2.5)}
	case "HZ-1-032":
		return []measure{dust("总尘", 3, 1.0, 2.7)}
	case "HZ-1-021":
		return []measure{dust("总尘", 4, 0.9, 2.5)}
	case "HZ-1-010":
		return []measure{dust("总尘", 3, 0.8, 2.4)}
	case "HZ-1-042":
		return []measure{dust("总尘", 2, 0.5, 2.3)}
	case "HZ-2-003":
		return []measure{mg("TWA", 0.15, 0.02, 3.2, 0.004, 3)}
	case "HZ-2-029", "HZ-2-030":
		return []measure{mg("TWA", 50, 4, 4, 0.3, 1), mg("STEL", 100, 8, 3.5, 0.5, 1)}
	case "HZ-2-028":
		return []measure{mg("TWA", 6, 0.15, 4, 0.3, 2), mg("STEL", 10, 0.25, 4, 0.5, 2)}
	case "HZ-2-031":
		return []measure{mg("TWA", 100, 6, 4, 0.6, 1), mg("STEL", 180, 10, 3.6, 1, 1)}
	case "HZ-2-035":
		return []measure{mg("TWA", 7, 0.5, 3.5, 0.2, 2)}
	case "HZ-2-X20":
		return []measure{mg("TWA", 350, 22, 3.2, 2, 1)}
	case "HZ-2-046":
		return []measure{mg("MAC", 0.5, 0.09, 2.4, 0.02, 2)}
	case "HZ-2-019":
		return []measure{mg("TWA", 20, 3, 2.5, 0.5, 1)}
	case "HZ-2-016":
		return []measure{mg("TWA", 20, 2, 2.8, 0.2, 1)}
	case "HZ-2-X02":
		return []measure{mg("MAC", 7.5, 0.7, 2.6, 0.15, 2)}
	case "HZ-2-X01":
		return []measure{mg("TWA", 1, 0.08, 2.6, 0.03, 2)}
	case "HZ-2-001":
		return []measure{mg("TWA", 0.03, 0.004, 3.5, 0.002, 3)}
	case "HZ-3-001":
		mean, spread := g.noise, g.spread
		if mean == 0 {
			mean, spread = 80, 4.5
		}
		return []measure{{"", "LEX,8h", 85, mean, spread, 0, "dB(A)", 1}}
	case "HZ-3-002":
		return []measure{{"", "WBGT", 30, 27, 2, 0, "℃", 1}}
	case "HZ-3-006":
		return []measure{{"", "TWA", 5, 1.6, 1.9, 0, "m/s2", 2}}
	}
	return nil
}

// effects are the lasting parts of an employer's and a post's exposure, in standard deviations.
type effects struct {
	employer float64
	post     map[*post]map[*hazard]float64
	found    map[*post]map[*hazard]day // day of the latest result over the limit that was put right
}

func newEffects(posts []*post) *effects {
	fx := &effects{post: map[*post]map[*hazard]float64{}, found: map[*post]map[*hazard]day{}}
	for _, p := range posts {
		fx.post[p], fx.found[p] = map[*hazard]float64{}, map[*hazard]day{}
	}
	return fx
}

// relief returns by how many standard deviations rectification keeps an exposure down on d: fully until the next
// regular round is over, then half of it is lost in every half interval (months) between rounds.
func relief(found, d day, months int) float64 {
	if found == 0 || d <= found {
		return 0
	}
	interval := 30.4 * float64(months)
	return 2.4 * math.Exp2(-2*math.Max(0, float64(d-found)/interval-1.3))
}

// testAll runs the detection rounds of every employer.
func (c *city) testAll() {
	var rounds []*round
	for _, e := range c.employers {
		if len(e.posts) == 0 {
			continue
		}
		r := newDice(c.seed, "detection", e.id)
		c.testEmployer(e, r)
		rounds = append(rounds, e.rounds...)
	}
	rounds = append(rounds, c.plantOverLimit()...)
	slices.SortStableFunc(rounds, func(a, b *round) int { return int(a.on - b.on) })
	numbers := map[string]int{}
	for _, t := range rounds {
		key := fmt.Sprintf("%s-%d", t.lab.code, t.on.year())
		numbers[key]++
		t.reportNo = fmt.Sprintf("ZW-%d-%s-%04d", t.on.year(), t.lab.code, numbers[key])
		t.taskNo = fmt.Sprintf("RW-%d-%04d", t.on.year(), numbers[key])
		t.salt = mix(c.seed ^ uint64(t.employer.id)<<20 ^ uint64(t.on))
		for i, x := range t.results {
			x.sampleNo = fmt.Sprintf("%s%03d", t.on.format(compact)[2:], i+1)
			x.salt = mix(t.salt + uint64(i))
		}
	}
}

func (c *city) testEmployer(e *employer, r dice) {
	interval := 36
	if e.severe {
		interval = 12
	}
	fx := newEffects(e.posts)
	fx.employer = r.NormFloat64()
	for _, p := range e.posts {
		for _, h := range p.kind.hazards {
			fx.post[p][h] = r.NormFloat64()
			if bad := 0.6*fx.employer+0.4*fx.post[p][h] > 0.5; bad && r.chance(0.55) {
				fx.found[p][h] = c.from - r.days(1, 500) // put right before the papers begin
			}
		}
	}
	season := r.between(15, 320)
	full := r.chance(0.86)
	last := day(0)
	if e.start >= c.from {
		if on := e.start + r.days(60, 200); r.chance(0.6) && on <= c.until && (e.close == 0 || on < e.close) {
			c.visit(e, testControl, on, true, fx, r)
		}
	}
	statusYear := c.from.year() + r.IntN(3)
	for y := c.from.year(); y <= c.until.year(); y++ {
		on := dayOf(y, 1, season) + r.days(-12, 12)
		will := normalCDF(0.8*e.diligence + 0.6*r.NormFloat64())
		supervised := r.chance(0.05)
		monitored := r.chance(0.04)
		opens := max(c.from, e.start)
		if e.discovered {
			opens = e.firstEvent + 1
		}
		usable := func(d day) bool {
			return d >= opens && d <= c.until && (e.close == 0 || d < e.close) && (!e.stopped || d < e.stopFrom)
		}
		if e.testsStop != 0 && y >= e.testsStop {
			break
		}
		type plan struct {
			kind string
			on   day
			full bool
		}
		var plans []plan
		yearEnd := dayOf(y, 12, 31)
		aim := c.paths.detection.of(e, y)
		if will < aim && (last == 0 || last.addMonths(interval) < yearEnd) && usable(on) {
			kind := testPeriodic
			if y >= statusYear && e.severe {
				kind, statusYear = testStatus, y+3
			}
			plans = append(plans, plan{kind, on, full || kind == testStatus})
			last = on
		}
		if extra := dayOf(y, 1, r.between(40, 330)); supervised && usable(extra) {
			plans = append(plans, plan{testSupervision, extra, false})
		}
		if extra := dayOf(y, 1, r.between(90, 300)); monitored && usable(extra) {
			plans = append(plans, plan{testMonitoring, extra, false})
		}
		slices.SortStableFunc(plans, func(a, b plan) int { return int(a.on - b.on) })
		for _, v := range plans {
			c.visit(e, v.kind, v.on, v.full, fx, r)
		}
	}
}

// visit draws one round with its results; it joins the truth only when its report arrives.
func (c *city) visit(e *employer, kind string, on day, full bool, fx *effects, r dice) *round {
	t := &round{employer: e, lab: e.lab, kind: kind, on: on, survey: on - r.days(2, 12)}
	t.analysed = on + r.days(1, 6)
	t.issued = t.analysed + day(clamp(r.lognormal(12, 1.5), 3, 60))
	t.sent = c.delayed(e, t.issued+day(clamp(r.lognormal(5, 1.9), 0, 60)), r)
	draw := r.NormFloat64()
	for _, p := range e.posts {
		for _, h := range p.kind.hazards {
			if !h.hasLimit || !full && r.chance(0.22) {
				continue
			}
			c.sample(t, p, h, draw, fx, r)
		}
	}
	if len(t.results) == 0 {
		c.sample(t, e.posts[0], e.posts[0].kind.hazards[0], draw, fx, r)
	}
	if t.sent > c.until || len(t.results) == 0 {
		return nil
	}
	e.rounds = append(e.rounds, t)
	return t
}

// sample measures one hazard at one post of the round.
func (c *city) sample(t *round, p *post, h *hazard, roundDraw float64, fx *effects, r dice) {
	e := t.employer
	points := min(2+p.headCount()/5, 7)
	over := false
	trend := 0.28 - 0.035*float64(t.on.year()-2018)
	for n := range points {
		personal := r.chance(0.45)
		silica := 0.0
		if h.id == "HZ-1-001" {
			silica = math.Round(clamp(r.normal(27, 9), 10.5, 49)*10) / 10
		}
		local := r.normal(0, 0.35)
		for _, m := range measures(h, e.group) {
			// employer 0.6, post 0.4, round 0.5 of the logarithm's spread, and what differs between points
			z := (0.6*fx.employer+0.4*fx.post[p][h]+0.5*roundDraw)/0.877*0.94 + local + trend
			if z > 1.5 { // nobody keeps working in the worst of it
				z = 1.5 + 0.4*(z-1.5)
			}
			z -= relief(fx.found[p][h], t.on, e.interval())
			x := &result{
				round: t, post: p, hazard: h, point: n + 1, personal: personal, fraction: m.fraction, silica: silica,
				limitType: m.limitType, limit: m.limit, lod: m.lod, unit: m.unit, hoursDay: 8,
			}
			if r.chance(0.12) {
				x.hoursDay = pick(r, []float64{4, 6, 7.5, 10})
			}
			switch m.unit {
			case "dB(A)":
				x.value = clamp(m.gm+m.gsd*z, 62, 112)
			case "℃":
				x.value = clamp(m.gm+m.gsd*z, 19, 38)
			default:
				log := math.Log(m.gm) + math.Log(m.gsd)*z
				if e.sizeClass == "微型" {
					log += 0.336
				}
				x.value = math.Exp(log)
			}
			scale := math.Pow(10, float64(m.decimals))
			x.value = math.Round(x.value*scale) / scale
			if t.lab.allNormal && x.value > m.limit {
				x.value = math.Round(m.limit*(0.5+0.45*r.Float64())*scale) / scale
			}
			if t.lab.digit84 && m.unit == "dB(A)" && x.value > 85 && x.value < 88 {
				x.value = 84 + float64(r.between(4, 9))/10
			}
			x.below = m.lod > 0 && x.value < m.lod
			x.over = !x.below && x.value > m.limit
			over = over || x.over
			t.results = append(t.results, x)
		}
	}
	if over && r.chance(0.985) {
		fx.found[p][h] = t.on
	}
}
