package transform_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// stay is one examination in the life of a worker of a made-up world.
type stay struct {
	employer, kind string
	on             time.Time
	months         int // of exposure, -1: not on the card
	hazard         string
}

// TestReference_Leaving compares S17 and S18 with a naive count over the working lives of 200 people.
func TestReference_Leaving(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(17, 18))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	towned := map[string]string{}
	var roster []row
	for i, town := range append(towns(), towns()...) {
		towned["E"+itoa(i)] = town
		roster = append(roster, employer("E"+itoa(i)).with("township_code", quote(town)))
	}
	c.load("employer", roster...)
	// E1 and E5 have a result over the limit: a short stay there is no excuse
	var tests []row
	for _, key := range []string{"E1", "E5"} {
		tests = append(tests, detection(key, "periodic", "2025-06-02", "w", "p", noise).with("limit_type", "'LEX8h'", "value", "92", "unit", "'dB(A)'", "judgement", "'fail'"))
	}
	c.load("detection", tests...)
	lives := make([][]stay, 200)
	visits := map[int][]time.Time{}
	var rows, met []row
	for n := range lives {
		at, key := day("2014-01-01").AddDate(0, 0, r.IntN(4000)), "E"+itoa(r.IntN(8))
		kind, hazard := pick("pre", "pre", "in"), pick(silica, "HZ-1-002", "HZ-1-005", noise)
		for range 1 + r.IntN(6) {
			x := stay{employer: key, kind: kind, on: at, months: []int{-1, 60, 61, 120, 121, 300}[r.IntN(6)], hazard: hazard}
			if at.After(c.today) {
				break
			}
			lives[n] = append(lives[n], x)
			months := "NULL"
			if x.months >= 0 {
				months = itoa(x.months)
			}
			rows = append(rows, exam(key, n, kind, at.Format(time.DateOnly), hazard).with("exposure_months", months))
			step := []int{29, 30, 90, 91, 200, 365, 1095, 1096}[r.IntN(8)]
			at = at.AddDate(0, 0, step)
			switch kind {
			case "leave", "post":
				kind = pick("post", "post", "post", "in")
			default:
				kind = pick("in", "leave", "leave")
				if r.IntN(3) == 0 {
					key, kind = "E"+itoa(r.IntN(8)), pick("pre", "in")
				}
			}
		}
		if r.IntN(3) == 0 {
			on := day("2020-01-01").AddDate(0, 0, r.IntN(2400))
			visits[n] = append(visits[n], on)
			met = append(met, row{"person_key": person(n), "patient_card_no": "'K'", "visit_date": date(on), "method": "'home'", "result": "'alive'"})
		}
	}
	c.loadMany("exam", rows)
	c.loadMany("follow_up", met)
	c.runOnly("S17", "S18")

	type leaving struct {
		person         int
		from           stay
		on             time.Time
		examined, free bool
	}
	var all []leaving
	for n, life := range lives {
		life = slices.DeleteFunc(slices.Clone(life), func(x stay) bool { return x.kind == "post" })
		for i, x := range life {
			switch {
			case x.kind == "leave":
				if i > 0 && life[i-1].kind == "leave" && life[i-1].employer == x.employer {
					continue // the same leaving once more
				}
				all = append(all, leaving{n, x, x.on, true, false})
			case i+1 < len(life) && life[i+1].employer != x.employer && life[i+1].kind != "leave":
				days := life[i+1].on.Sub(x.on).Hours() / 24
				alone := i == 0 || life[i-1].employer != x.employer || life[i-1].kind == "leave"
				short := x.kind == "pre" && alone && days < 30 && x.employer != "E1" && x.employer != "E5"
				all = append(all, leaving{n, x, life[i+1].on, x.kind == "in" && days <= 90, short})
			}
		}
	}
	c.equal("S17", "due", func(s span, place string) (t tally) {
		for _, l := range all {
			if !l.free && s.holds(l.on) && in(place, towned[l.from.employer]) {
				t.add(l.examined, true, false)
			}
		}
		return t
	})
	// years and interval in months of the follow-up, from annex C of GBZ 188-2025; no years: none
	term := func(x stay) (years, months int) {
		long := x.months
		switch {
		case x.hazard == silica && long > 120, x.hazard == "HZ-1-005" && long > 120:
			return 21, 36
		case x.hazard == silica && long > 60, x.hazard == "HZ-1-005":
			return 10, 36
		case x.hazard == "HZ-1-002" && long > 240:
			return 15, 60
		case x.hazard == "HZ-1-002" && long > 60:
			return 10, 60
		}
		return 0, 0
	}
	c.equal("S18", "due", func(s span, place string) (t tally) {
		d := s.end
		for _, l := range all {
			years, months := term(l.from)
			if years == 0 || !in(place, towned[l.from.employer]) || addMonths(l.on, 12*years).Before(d) || addMonths(l.on, months).After(d) {
				continue
			}
			again, seen := false, false
			counts := func(on time.Time) bool { return by(on, d) && on.After(l.on) && !addMonths(on, months).Before(d) }
			for _, x := range lives[l.person] {
				again = again || (x.kind == "pre" || x.kind == "in") && by(x.on, d) && x.on.After(l.on)
				seen = seen || x.kind == "post" && counts(x.on)
			}
			for _, on := range visits[l.person] {
				seen = seen || counts(on)
			}
			if !again {
				t.add(seen, true, false)
			}
		}
		return t
	})
}
