package simulate

import (
	"context"
	"slices"
	"time"

	"ohwatch/sql"
)

// Record is what a city's surveillance of diseases would know, without any file in between.
type Record struct {
	From, Until time.Time
	Townships   []string // codes
	Cards       []Card   // by day of arrival
	// Exams are the cards of examinations that arrived, by township (and unassigned at the end) and week from the first
	// Monday on or before From.
	Exams  [][]int
	Events []Event
}

// Card is one report card of a suspected or diagnosed case.
type Card struct {
	Kind     string // suspected, disease or pneumoconiosis
	Report   string // new, progression or death
	Area     string // township of the employer, or unassigned
	Employer string // credit code, "" if the patient has none
	Hazard   string
	Reported time.Time
	Arrived  time.Time // known to the city
	Found    time.Time // of a suspected case: the examination's conclusion; else the diagnosis
}

// Observe lets a city live and returns what its surveillance would know. Out and Truth are not used.
func Observe(ctx context.Context, opt Options) (Record, error) {
	opt.Out = "-"
	opt, err := opt.withDefaults()
	if err != nil {
		return Record{}, err
	}
	c, err := live(ctx, sql.Reference(), opt)
	if err != nil {
		return Record{}, err
	}
	r := Record{From: c.from.time(), Until: c.until.time(), Events: c.events}
	for _, t := range c.ref.townships {
		r.Townships = append(r.Townships, t.code)
	}
	monday := c.from - day((int(c.from.time().Weekday())+6)%7)
	place := map[string]int{areaUnassigned: len(r.Townships)}
	for i, code := range r.Townships {
		place[code] = i
	}
	r.Exams = make([][]int, len(place))
	for i := range r.Exams {
		r.Exams[i] = make([]int, int(c.until-monday)/7+1)
	}
	for _, x := range c.exams {
		if x.sent >= monday && x.sent <= c.until {
			r.Exams[place[x.worker.employer.area()]][int(x.sent-monday)/7]++
		}
	}
	for _, k := range c.cases {
		card := Card{
			Kind: k.kind, Report: k.report, Area: areaUnassigned, Hazard: k.hazard.id,
			Reported: k.reported.time(), Arrived: k.sent.time(), Found: k.occurred.time(),
		}
		if k.kind != cardSuspected {
			card.Found = k.diagnosed.time()
		}
		if k.employer != nil {
			card.Area, card.Employer = k.employer.area(), k.employer.uscc
		}
		r.Cards = append(r.Cards, card)
	}
	slices.SortStableFunc(r.Cards, func(a, b Card) int { return a.Arrived.Compare(b.Arrived) })
	return r, nil
}
