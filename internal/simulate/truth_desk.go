package simulate

import "slices"

// The truth about the standard indicators that rest on the papers of the desks: patients, projects, supervision and
// institutions. A day counts once the city has been told of it: what a record got added after its last version that
// arrived is not known.

// lastShown returns the day whose state the last version of a record shows that arrived before the papers ended,
// 0 if none did.
func (c *city) lastShown(versions []day, lag day) day {
	out := day(0)
	for _, d := range versions {
		if d+lag <= c.until {
			out = d
		}
	}
	return out
}

// sufferer is a person with an occupational disease, as cards and visits together show it.
type sufferer struct {
	person   *person
	who      string
	known    day // first report or visit
	died     day
	dusty    bool
	employer *employer // of the earliest report that names one
	area     string
	visits   []*visit
}

// sufferers puts together the new cases and the patients who are visited.
func (c *city) sufferers() []*sufferer {
	byPerson := map[*person]*sufferer{}
	var out []*sufferer
	of := func(p *person) *sufferer {
		if byPerson[p] == nil {
			byPerson[p] = &sufferer{person: p, who: p.idNo}
			out = append(out, byPerson[p])
		}
		return byPerson[p]
	}
	named := map[*sufferer]day{}
	for _, k := range c.cases {
		if !k.isNew() {
			continue
		}
		s := of(k.person)
		if s.known == 0 || k.reported < s.known {
			s.known = k.reported
		}
		s.dusty = s.dusty || k.kind == cardPneumoconiosis
		if k.employer != nil && (named[s] == 0 || k.reported < named[s]) {
			named[s], s.employer = k.reported, k.employer
		}
	}
	for _, k := range c.cases {
		if k.report == "death" {
			of(k.person).died = k.death
		}
	}
	for _, p := range c.patients {
		if len(p.visits) == 0 {
			continue
		}
		s := of(p.person)
		s.visits = slices.Clone(p.visits)
		slices.SortStableFunc(s.visits, func(a, b *visit) int { return int(a.on - b.on) })
		if s.known == 0 || s.visits[0].on < s.known {
			s.known = s.visits[0].on
		}
		s.dusty, s.area = true, p.township
		for _, v := range s.visits {
			if v.result == foundDead {
				s.died = p.died
			}
		}
	}
	for _, s := range out {
		if s.area == "" {
			s.area = areaUnassigned
			if s.employer != nil {
				s.area = s.employer.area()
			}
		}
	}
	return out
}

// S11d to S13: the patients, whether they were met, have a file, and who pays for them.
func (c *city) countPatients(k *counter, year int, d day) {
	for _, s := range c.sufferers() {
		employed := areaUnassigned
		if s.employer != nil {
			employed = s.employer.area()
		}
		met, metThisYear := false, 0
		var payer [3]answer
		for _, v := range s.visits {
			if v.on > d {
				continue
			}
			metThisYear |= boolInt(v.result == foundAlive && v.on.year() == year)
			for i, said := range v.payer {
				if said != unsaid {
					payer[i] = said
				}
			}
			met = true
		}
		progressed := 0
		for _, x := range c.cases {
			if x.person.idNo == s.who && x.report == "progression" && x.reported.year() == year {
				progressed = 1
			}
		}
		k.add("S11d", "report", employed, s.who, progressed, 0)
		k.add("S11d", "rate", employed, s.who, progressed, max(progressed, metThisYear))
		if s.known > d || s.died != 0 && s.died <= d {
			continue
		}
		variants := []string{"all"}
		if s.dusty {
			variants = append(variants, "pneumoconiosis")
		}
		for _, variant := range variants {
			k.add("S12", variant, s.area, s.who, metThisYear, 1)
			k.add("S12b", variant, s.area, s.who, boolInt(met), 1)
		}
		for i, variant := range []string{"injury", "employer", "aid"} {
			k.add("S13", variant, s.area, s.who, boolInt(payer[i] == saidYes), 1)
		}
		k.add("S13", "any", s.area, s.who, boolInt(slices.Contains(payer[:], saidYes)), 1)
	}
}

// S14: the projects begun, and the steps that their stage asks for.
func (c *city) countProjects(k *counter, d day) {
	for _, p := range c.projects {
		shown := c.lastShown(p.milestones(), 8)
		if shown == 0 || p.approved > d || p.isPlanned || p.isStopped {
			continue
		}
		had := func(on day) bool { return on != 0 && on <= shown && on <= d }
		produces := had(p.starts) || had(p.accepted)
		first := had(p.pre) && had(p.design)
		area := p.employer.area()
		k.add("S14", "all", area, p.no, boolInt(first && (!produces || had(p.control) && had(p.accepted))), 1)
		k.add("S14", "pre", area, p.no, boolInt(had(p.pre)), 1)
		k.add("S14", "design", area, p.no, boolInt(had(p.design)), 1)
		if produces {
			k.add("S14", "control", area, p.no, boolInt(had(p.control)), 1)
			k.add("S14", "acceptance", area, p.no, boolInt(had(p.accepted)), 1)
		}
	}
}

// S15: employers visited, and what came of the findings and of the complaints.
func (c *city) countSupervision(k *counter, year int, d day) {
	visited := map[*employer]bool{}
	for _, x := range c.inspections {
		if x.on.year() != year || x.on > d {
			continue
		}
		visited[x.employer] = true
		if len(x.findings) == 0 {
			continue
		}
		shown := c.lastShown(x.versions(), 0)
		closed := x.closed != 0 && x.closed <= shown && x.closed <= d
		fined := x.penalised != 0 && x.penalised <= shown && x.penalised <= d
		area := x.employer.area()
		if closed || x.deadline != 0 && x.deadline <= d {
			k.add("S15", "rectified", area, x.no, boolInt(closed), 1)
			k.add("S15", "in_time", area, x.no, boolInt(closed && (x.deadline == 0 || x.closed <= x.deadline)), 1)
		}
		k.add("S15", "cases", area, x.no, boolInt(closed || fined), 1)
	}
	for _, e := range c.employers {
		if e.active(d) && e.exposed() > 0 {
			k.add("S15", "coverage", e.area(), e.uscc, boolInt(visited[e]), 1)
		}
	}
	for _, x := range c.complaints {
		if x.received.year() == year && x.received <= d {
			shown := c.lastShown(x.versions(), 0)
			k.add("S15", "complaints", x.township, x.no, boolInt(x.answered != 0 && x.answered <= shown && x.answered <= d), 1)
		}
	}
}

// N4 and the demerit points of S16: the institutions.
func (c *city) countInstitutions(k *counter, year int, d day) {
	variants := map[string]string{"职业健康检查机构": "exam", "职业病诊断机构": "diagnosis", "职业卫生技术服务机构": "service", "放射卫生技术服务机构": "radiation", "个人剂量监测机构": "dosimetry"}
	for _, l := range c.listed {
		if l.from > d {
			continue
		}
		area := l.township
		if area == "" {
			area = areaUnassigned
		}
		k.add("N4", variants[l.kind], area, l.code, boolInt(l.to >= d), 1)
	}
	for _, x := range c.demerits {
		if x.on.year() == year {
			k.add("S16", "demerits", areaUnassigned, x.no, x.points, 0)
		}
	}
}
