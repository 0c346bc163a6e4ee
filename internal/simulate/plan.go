package simulate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ohwatch/internal/period"
)

// PlanKind is a shape in which further suspected cases are planted.
type PlanKind string

// The shapes of a Plan.
const (
	PlanSpike   PlanKind = "spike"   // all in one week, in one area
	PlanRise    PlanKind = "rise"    // more each week, in one area
	PlanCluster PlanKind = "cluster" // spread evenly over the weeks, at one employer
	PlanShift   PlanKind = "shift"   // spread evenly over the weeks, everywhere in the city
)

// weeks is how long a plan of the kind lasts.
func (k PlanKind) weeks() int {
	switch k {
	case PlanSpike:
		return 1
	case PlanRise:
		return 12
	case PlanCluster:
		return 26
	case PlanShift:
		return 52
	}
	return 0
}

// Plan is an event to be planted beside those that every city has: suspected cases more than there would be.
type Plan struct {
	Kind   PlanKind
	Size   int           // cards
	Week   period.Period // ISO week of the first one
	Area   string        // township; "" anywhere, and for PlanShift everywhere
	Hazard string        // "" means noise
}

// ParsePlan reads a plan written as KIND,SIZE,WEEK[,AREA[,HAZARD]], for example rise,12,2024-W10,410184101.
func ParsePlan(text string) (Plan, error) {
	bad := &OptionError{"simulate.bad_plan", map[string]any{"plan": text}}
	parts := strings.Split(text, ",")
	if len(parts) < 3 || len(parts) > 5 {
		return Plan{}, bad
	}
	size, err := strconv.Atoi(parts[1])
	week, weekErr := period.Parse(parts[2])
	p := Plan{Kind: PlanKind(parts[0]), Size: size, Week: week}
	if err != nil || weekErr != nil || week.Kind != period.Week || p.Kind.weeks() == 0 || size < 1 || size > 10000 {
		return Plan{}, bad
	}
	if len(parts) > 3 {
		p.Area = parts[3]
	}
	if len(parts) > 4 {
		p.Hazard = parts[4]
	}
	return p, nil
}

// cards is how many cards come in each week: all of them together are Size.
func (p Plan) cards() []int {
	n := p.Kind.weeks()
	weight := func(week int) float64 { return 1 }
	if p.Kind == PlanRise {
		weight = func(week int) float64 { return float64(week + 1) }
	}
	var all, so float64
	for w := range n {
		all += weight(w)
	}
	cards, given := make([]int, n), 0
	for w := range n {
		so += weight(w)
		upTo := int(math.Round(so / all * float64(p.Size)))
		cards[w], given = upTo-given, upTo
	}
	return cards
}

// plantPlans plants what the options ask for. A plan that finds no workers left, or begins outside the papers, plants
// fewer cards than asked for or none; the size of its event says how many.
func (c *city) plantPlans(plans []Plan) {
	if len(plans) == 0 {
		return
	}
	workers := c.workers()
	used := map[*worker]bool{}
	for i, p := range plans {
		c.plantPlan(i+1, p, workers, used)
	}
}

func (c *city) plantPlan(number int, p Plan, workers []*worker, used map[*worker]bool) {
	r := newDice(c.seed, "plan", number)
	first := dayFrom(p.Week.Start)
	id := p.Hazard
	if id == "" {
		id = "HZ-3-001"
	}
	h := c.ref.hazards[id]
	cards := p.cards()
	if h == nil || first < c.from+400 || first+day(7*len(cards)) > c.until {
		return
	}
	fits := func(w *worker) bool {
		e := w.employer
		return !used[w] && !e.discovered && !e.stopped && e.close == 0 && e.township != "" && (p.Area == "" || e.township == p.Area) &&
			w.leave == 0 && w.hire < first-700 && slices.Contains(w.post.kind.hazards, h)
	}
	var pool []*worker
	for _, w := range workers {
		if fits(w) {
			pool = append(pool, w)
		}
	}
	r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	area, employer := p.Area, ""
	if p.Kind == PlanCluster {
		pool = largestWorkforce(pool)
	}
	if p.Kind != PlanShift && area == "" && len(pool) > 0 {
		area = pool[0].employer.township
		pool = slices.DeleteFunc(pool, func(w *worker) bool { return w.employer.township != area })
	}
	if p.Kind == PlanCluster && len(pool) > 0 {
		employer = pool[0].employer.uscc
	}
	planted := 0
	var firstCard, lastCard day
	for week, n := range cards {
		for n > 0 && len(pool) > 0 {
			w := pool[0]
			pool = pool[1:]
			on := first + day(7*week) + r.days(0, 4)
			if c.plantSuspect(w, h, on, r) == nil {
				continue
			}
			used[w] = true
			if firstCard == 0 {
				firstCard = on
			}
			lastCard = on
			n--
			planted++
		}
	}
	if planted == 0 {
		return
	}
	if area == "" {
		area = areaCity
	}
	c.addEvent(Event{
		ID: fmt.Sprintf("plan-%d-%s", number, p.Kind), Kind: string(p.Kind), Stream: "case_report", Area: area, Employer: employer, Hazard: h.id,
		Disease: c.ref.diseases[diseaseOf(h)].id, FromWeek: firstCard.week(), ToWeek: lastCard.week(), Size: planted, Rules: []string{"EARS"},
	})
}

// largestWorkforce keeps the workers of the employer that has the most of them, the first of those that have as many.
func largestWorkforce(pool []*worker) []*worker {
	count := map[*employer]int{}
	var best *employer
	for _, w := range pool {
		count[w.employer]++
	}
	for _, w := range pool {
		if best == nil || count[w.employer] > count[best] {
			best = w.employer
		}
	}
	return slices.DeleteFunc(pool, func(w *worker) bool { return w.employer != best })
}
