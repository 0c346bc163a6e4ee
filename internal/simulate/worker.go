package simulate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// newPerson returns a newcomer hired on that day.
func (c *city) newPerson(r dice, hired day, maleShare float64) *person {
	return c.personAged(r, hired, clamp(r.normal(34, 9), 18.3, 52), maleShare)
}

// personAged returns a person of that age in years on d, with an identity number that nobody else has.
func (c *city) personAged(r dice, d day, age, maleShare float64) *person {
	// months of jitter: ages at the ends of their range must not all fall on one birthday
	p := &person{male: r.chance(maleShare), birth: d - day(age*365.25) + r.days(-90, 90)}
	p.name = personName(r, p.male)
	p.phone = fmt.Sprintf("1990000%04d", r.IntN(10000))
	for p.idNo = c.nextIDNumber(p.birth, p.male); p.idNo == ""; p.idNo = c.nextIDNumber(p.birth, p.male) {
		p.birth--
	}
	c.persons = append(c.persons, p)
	return p
}

// nextIDNumber gives out the next free identity number of a birth date, "" when all are taken. Serial numbers that
// end in 00 stay unused, so that no true number looks like one damaged by a spreadsheet.
func (c *city) nextIDNumber(birth day, male bool) string {
	key := birth * 2
	if male {
		key++
	}
	for n := c.serials[key] + 1; 2*n <= 999; n++ {
		serial := 2*n - boolInt(male)
		if serial%100 == 0 {
			continue
		}
		c.serials[key] = n
		return idNumber(birth, serial)
	}
	return ""
}

// hireAll fills every slot of every post with its line of workers. Head counts never change: whoever leaves is
// replaced on the same day.
func (c *city) hireAll() {
	var replacements []*worker
	for _, e := range c.employers {
		r := newDice(c.seed, "hire", e.id)
		turnover := clamp(r.normal(0.13, 0.04), 0.04, 0.25)
		agencyShare := 0.0
		if n := e.exposed(); n > 0 {
			agencyShare = float64(e.dispatched) / float64(n)
		}
		for _, p := range e.posts {
			for s := range p.slots {
				var agency *employer
				if len(c.agencies) > 0 && r.chance(agencyShare) {
					agency = pick(r, c.agencies)
				}
				p.slots[s] = c.slotLine(e, p, agency, turnover, r)
				replacements = append(replacements, p.slots[s][1:]...)
			}
		}
	}
	c.moveWorkers(replacements)
}

// slotLine returns the workers of one slot, one after the other. All but the first lack their person still.
func (c *city) slotLine(e *employer, p *post, agency *employer, turnover float64, r dice) []*worker {
	opens := max(c.from, e.start)
	if e.discovered {
		opens = e.firstEvent
	}
	hired := opens
	age := clamp(r.normal(41, 10), 19.5, 54) // of the first worker, when the papers begin
	if e.start < c.from {
		tenure := day(clamp(r.gamma(7.2, 6.7), 0.1, age-18.5) * 365)
		hired = opens - 1 - tenure
		if !e.discovered {
			hired = max(hired, e.start)
		}
	}
	var line []*worker
	for {
		w := &worker{employer: e, post: p, hire: hired, dispatched: agency}
		if n := len(line); n > 0 {
			w.before = line[n-1]
		}
		w.pastMonths = int(math.Max(0, r.normal(-6, 30)))
		if len(line) == 0 {
			w.person = c.personAged(r, opens, age, 0.72)
		}
		line = append(line, w)
		leave := max(opens, hired) + 20 + day(r.exponential(365/turnover))
		if e.close != 0 && leave >= e.close-100 {
			w.leave = e.close
			return line
		}
		if leave > c.until-quietDays {
			return line
		}
		w.leave = leave
		hired = leave
	}
}

// moveWorkers gives every replacement a person: a newcomer, or somebody who left another employer of the city on
// the very day of the vacancy.
func (c *city) moveWorkers(replacements []*worker) {
	slices.SortStableFunc(replacements, func(a, b *worker) int { return cmp.Compare(a.hire, b.hire) })
	r := newDice(c.seed, "moves", 0)
	for i := 0; i < len(replacements); {
		j := i
		for j < len(replacements) && replacements[j].hire == replacements[i].hire {
			j++
		}
		today := replacements[i:j]
		// Who leaves today? The forerunners of today's vacancies.
		var leavers []*worker
		for _, w := range today {
			if f := w.before; !f.employer.discovered {
				leavers = append(leavers, f)
			}
		}
		for _, w := range today {
			w.person = nil
			if len(leavers) > 1 && r.chance(0.13) {
				k := r.IntN(len(leavers))
				f := leavers[k]
				if !hasWorkedFor(f, w.employer) {
					w.person, w.movedFrom, f.movedTo = f.person, f, w
					w.pastMonths = f.pastMonths + int(f.leave-f.hire)/30
					leavers = slices.Delete(leavers, k, k+1)
				}
			}
			if w.person == nil {
				w.person = c.newPerson(r, w.hire, 0.72)
			}
		}
		i = j
	}
}

func hasWorkedFor(w *worker, e *employer) bool {
	for ; w != nil; w = w.movedFrom {
		if w.employer == e {
			return true
		}
	}
	return false
}
