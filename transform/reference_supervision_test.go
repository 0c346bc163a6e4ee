package transform_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// project is a construction project of a made-up world; the zero time is a step that hasn't been taken.
type project struct {
	town, status                                       string
	approved, pre, design, control, accepted, produces time.Time
}

// inspection is one visit of the supervisors.
type inspection struct {
	employer, town              string
	on, deadline, closed, fined time.Time
	found                       bool
}

// TestReference_Supervision compares S14 and S15 with a naive count over made-up projects, inspections and complaints.
func TestReference_Supervision(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(14, 15))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	day0 := func() time.Time {
		if r.IntN(4) == 0 {
			return day("2025-12-31").AddDate(0, 0, r.IntN(2))
		}
		return day("2025-01-01").AddDate(0, 0, r.IntN(680))
	}
	maybe := func(after time.Time) time.Time {
		if after.IsZero() || r.IntN(4) == 0 {
			return time.Time{}
		}
		return after.AddDate(0, 0, r.IntN(250))
	}
	type works struct {
		town    string
		closes  time.Time
		hazards bool
	}
	firms := map[string]works{}
	var roster []row
	for n := range 30 {
		key := "F" + itoa(n)
		w := works{town: pick(towns()...), hazards: r.IntN(5) > 0}
		if r.IntN(5) == 0 {
			w.closes = day0()
		}
		firms[key] = w
		exposed := "0"
		if w.hazards {
			exposed = "9"
		}
		roster = append(roster, employer(key).with("township_code", quote(w.town), "close_date", date(w.closes), "exposed_total", exposed))
	}
	c.loadMany("employer", roster)
	firm := func() string { return "F" + itoa(r.IntN(30)) }
	place := func() string { // the township that the row names, a code of another city being none
		if town := pick(append(towns(), "999999999")...); town != "" && town != "999999999" {
			return town
		}
		return ""
	}
	var projects []project
	var rows []row
	for n := range 120 {
		key := firm()
		p := project{status: pick("planned", "building", "building", "trial", "producing", "accepted", "stopped"), approved: day0()}
		p.pre = maybe(p.approved)
		p.design = maybe(p.approved)
		if p.status == "producing" || p.status == "accepted" {
			p.produces, p.accepted = maybe(p.approved), maybe(p.approved)
			p.control = maybe(p.approved)
		}
		p.town = place()
		rows = append(rows, row{
			"employer_key": quote(key), "project_no": quote("X" + itoa(n)), "project_name": "'x'", "township_code": quote(p.town), "approve_date": date(p.approved),
			"pre_eval_date": date(p.pre), "design_review_date": date(p.design), "control_eval_date": date(p.control), "accept_date": date(p.accepted),
			"production_date": date(p.produces), "status": quote(p.status),
		})
		if p.town == "" {
			p.town = firms[key].town
		}
		projects = append(projects, p)
	}
	c.loadMany("project", rows)
	var inspections []inspection
	rows = nil
	for n := range 150 {
		key := firm()
		x := inspection{employer: key, on: day0(), found: r.IntN(3) > 0}
		if x.found {
			x.deadline, x.closed, x.fined = maybe(x.on), maybe(x.on), maybe(x.on)
		}
		x.town = place()
		n0, words := "NULL", list("无")
		if x.found {
			n0, words = pick("2", "NULL"), list("未公布检测结果")
		}
		rows = append(rows, row{
			"employer_key": quote(key), "inspection_no": quote("J" + itoa(n)), "township_code": quote(x.town), "inspect_date": date(x.on), "kind": "'routine'",
			"findings": words, "n_findings": n0, "deadline": date(x.deadline), "closed_date": date(x.closed), "penalty_date": date(x.fined),
		})
		if x.town == "" {
			x.town = firms[key].town
		}
		inspections = append(inspections, x)
	}
	c.loadMany("inspection", rows)
	rows = nil
	var complaints []inspection
	for n := range 40 {
		key := firm()
		x := inspection{on: day0(), town: place()}
		x.closed = maybe(x.on)
		rows = append(rows, row{
			"employer_key": quote(key), "complaint_no": quote("T" + itoa(n)), "receive_date": date(x.on), "channel": "'phone'", "township_code": quote(x.town),
			"answered_date": date(x.closed),
		})
		if x.town == "" {
			x.town = firms[key].town
		}
		complaints = append(complaints, x)
	}
	c.loadMany("complaint", rows)
	c.runOnly("S14", "S15")

	// S14: what a project needs depends on how far it has come.
	type need func(p project, d time.Time) (done, due bool)
	produces := func(p project, d time.Time) bool {
		switch {
		case !p.produces.IsZero() && !p.accepted.IsZero():
			return by(p.produces, d) || by(p.accepted, d)
		case !p.produces.IsZero():
			return by(p.produces, d)
		case !p.accepted.IsZero():
			return by(p.accepted, d)
		}
		return p.status == "producing" || p.status == "accepted"
	}
	for variant, need := range map[string]need{
		"pre":        func(p project, d time.Time) (bool, bool) { return by(p.pre, d), true },
		"design":     func(p project, d time.Time) (bool, bool) { return by(p.design, d), true },
		"control":    func(p project, d time.Time) (bool, bool) { return by(p.control, d), produces(p, d) },
		"acceptance": func(p project, d time.Time) (bool, bool) { return by(p.accepted, d), produces(p, d) },
		"all": func(p project, d time.Time) (bool, bool) {
			done := by(p.pre, d) && by(p.design, d)
			if produces(p, d) {
				done = done && by(p.control, d) && by(p.accepted, d)
			}
			return done, true
		},
	} {
		c.equal("S14", variant, func(s span, place string) (t tally) {
			for _, p := range projects {
				if p.approved.After(s.end) || p.status == "planned" || p.status == "stopped" || !in(place, p.town) {
					continue
				}
				if done, due := need(p, s.end); due {
					t.add(done, true, false)
				}
			}
			return t
		})
	}

	// S15: the calendar year of the reading date up to it.
	ofYear := func(on, d time.Time) bool { return !on.After(d) && on.Year() == d.Year() }
	c.equal("S15", "coverage", func(s span, place string) (t tally) {
		for key, f := range firms {
			if !f.hazards || by(f.closes, s.end) || !in(place, f.town) {
				continue
			}
			seen := false
			for _, x := range inspections {
				seen = seen || x.employer == key && ofYear(x.on, s.end)
			}
			t.add(seen, true, false)
		}
		return t
	})
	visits := func(what func(x inspection, d time.Time) (done, due bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, x := range inspections {
				if !x.found || !ofYear(x.on, s.end) || !in(place, x.town) {
					continue
				}
				if done, due := what(x, s.end); due {
					t.add(done, true, false)
				}
			}
			return t
		}
	}
	ripe := func(x inspection, d time.Time) bool { return by(x.closed, d) || by(x.deadline, d) }
	c.equal("S15", "rectified", visits(func(x inspection, d time.Time) (bool, bool) { return by(x.closed, d), ripe(x, d) }))
	c.equal("S15", "in_time", visits(func(x inspection, d time.Time) (bool, bool) {
		return by(x.closed, d) && (x.deadline.IsZero() || !x.closed.After(x.deadline)), ripe(x, d)
	}))
	c.equal("S15", "cases", visits(func(x inspection, d time.Time) (bool, bool) { return by(x.closed, d) || by(x.fined, d), true }))
	c.equal("S15", "complaints", func(s span, place string) (t tally) {
		for _, x := range complaints {
			if ofYear(x.on, s.end) && in(place, x.town) {
				t.add(by(x.closed, s.end), true, false)
			}
		}
		return t
	})
}
