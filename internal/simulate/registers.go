package simulate

import (
	"cmp"
	"fmt"
	"slices"
)

// summaryReport is the summary of the in-service examinations that an institution did for one employer in a year.
type summaryReport struct {
	clinic        *institution
	employer      *employer
	no            string
	from, to      day
	report, sent  day
	due, examined int
	said          map[string]int // persons by gravest conclusion
	recheckOpen   int
	hazards       []*hazard
	salt          uint64
}

// summarise writes the summary reports out of the examinations whose cards arrived: one for each employer, institution
// and year, over the in-service examinations.
func (c *city) summarise() {
	type key struct {
		employer *employer
		clinic   *institution
		year     int
	}
	byKey := map[key]*summaryReport{}
	for _, x := range c.exams {
		if x.kind != examIn || x.reexamOf != nil {
			continue
		}
		k := key{x.worker.employer, x.clinic, x.on.year()}
		s := byKey[k]
		if s == nil {
			s = &summaryReport{clinic: x.clinic, employer: x.worker.employer, from: x.on, to: x.on, said: map[string]int{}}
			byKey[k] = s
			c.reports = append(c.reports, s)
		}
		s.from, s.to, s.report = min(s.from, x.on), max(s.to, x.on), max(s.report, x.reported)
		s.examined++
		said := x.overall(true)
		s.said[said]++
		if said == concludedRecheck && x.recheck == nil {
			s.recheckOpen++
		}
		for _, h := range x.examined {
			if !slices.Contains(s.hazards, h) {
				s.hazards = append(s.hazards, h)
			}
		}
	}
	kept := c.reports[:0]
	for _, s := range c.reports {
		s.salt = mix(c.seed ^ uint64(s.employer.id)<<22 ^ uint64(s.to)<<4)
		s.report += 3 + day(s.salt%12)
		s.sent = s.report + day((s.salt>>8)%10)
		s.due = s.examined + int((s.salt>>16)%5)*s.examined/60
		if s.sent > c.until || s.examined < 5 {
			continue // too few for a summary report
		}
		slices.SortFunc(s.hazards, func(a, b *hazard) int { return cmp.Compare(a.id, b.id) })
		kept = append(kept, s)
	}
	c.reports = kept
	slices.SortStableFunc(c.reports, func(a, b *summaryReport) int {
		return cmp.Or(cmp.Compare(a.report, b.report), cmp.Compare(a.employer.id, b.employer.id), cmp.Compare(a.clinic.code, b.clinic.code))
	})
	for i, s := range c.reports {
		s.no = fmt.Sprintf("ZJ%d-%05d", s.report.year(), i+1)
	}
}

// registered is an entry of the register of radiation workers, which the units join one by one.
type registered struct {
	worker  *radiationWorker
	trained day
	sent    day
	salt    uint64
}

// registerRadiation enters the workers of the units that keep the register already: the factories and every eighth
// medical unit.
func (c *city) registerRadiation() {
	for _, e := range c.employers {
		r := newDice(c.seed, "register", e.id)
		if len(e.radiation) == 0 || e.positions > 0 && !r.chance(0.125) {
			continue
		}
		joined := c.from + r.days(20, 300)
		for _, w := range e.radiation {
			x := &registered{worker: w, sent: max(joined, w.start+r.days(5, 40)), salt: mix(c.seed ^ uint64(e.id)<<18 ^ mix(uint64(len(c.register))))}
			if r.chance(0.85) {
				x.trained = max(w.start, c.until-r.days(30, 650))
			}
			if x.sent <= c.until {
				c.register = append(c.register, x)
			}
		}
	}
}
