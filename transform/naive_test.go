package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// naiveExam is one examination of a made-up worker.
type naiveExam struct {
	employer, kind string
	on             time.Time
	exposed        []string
	result         map[string]string // by examined hazard
	rechecked      time.Time         // zero: no re-examination
}

// completed says whether the exam counts for a hazard on a day, straight from the definition.
func (x naiveExam) completed(hazard string, d time.Time) bool {
	result, examined := x.result[hazard]
	switch {
	case !examined || x.on.After(d) || result == "pending":
		return false
	case result != "recheck":
		return true
	}
	end := addMonths(x.on, 3)
	return !d.After(end) || !x.rechecked.IsZero() && !x.rechecked.After(end)
}

// addMonths is calendar arithmetic as the law counts: the same day of the month, or its last one.
func addMonths(d time.Time, n int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d.Day(), last)-1)
}

// naiveMonths is the cycle of the four hazards of this test, 0 where the exam is not mandatory.
// d is the day whose edition of the cycles counts.
func naiveMonths(hazard string, d time.Time) int {
	switch hazard {
	case fume:
		return 36
	case toluene:
		if !d.Before(day("2026-08-01")) {
			return 0
		}
	}
	return 12
}

const toluene = "HZ-2-029"

// naiveCounts are the T3 counts of one employer on one day.
type naiveCounts struct{ covered, partly, notDue, known, thisYear, free int }

// count adds a worker by following the definition sentence by sentence.
func (n *naiveCounts) count(employer string, history []naiveExam, d, edition time.Time) {
	var past []naiveExam
	for _, x := range history {
		if !x.on.After(d) {
			past = append(past, x)
		}
	}
	if len(past) == 0 {
		return
	}
	latest := past[len(past)-1]
	if latest.employer != employer || latest.kind == "leave" || latest.kind == "post" {
		return
	}
	var hazards []string
	for _, x := range past {
		if x.employer == employer && (x.kind == "pre" || x.kind == "in") {
			hazards = x.exposed
		}
	}
	hazards = slices.DeleteFunc(slices.Clone(hazards), func(h string) bool { return naiveMonths(h, edition) == 0 })
	if len(hazards) == 0 {
		return
	}
	n.known++
	covered, notDue, free, thisYear := 0, 0, 0, false
	for _, h := range hazards {
		var in, pre time.Time
		for _, x := range past {
			if x.employer != employer || !x.completed(h, d) {
				continue
			}
			if x.kind == "in" {
				in = x.on
			} else if x.kind == "pre" {
				pre = x.on
			}
		}
		months := naiveMonths(h, edition)
		switch {
		case !in.IsZero() && !addMonths(in, months).Before(d):
			covered++
		case !pre.IsZero() && !addMonths(pre, months).Before(d):
			notDue++
		}
		thisYear = thisYear || in.Year() == d.Year()
		last := in
		if pre.After(last) {
			last = pre
		}
		if !last.IsZero() && addMonths(last, months).After(time.Date(d.Year(), 12, 31, 0, 0, 0, 0, time.UTC)) {
			free++
		}
	}
	switch {
	case covered+notDue == len(hazards) && covered > 0:
		n.covered++
	case covered > 0:
		n.partly++
	case notDue == len(hazards):
		n.notDue++
	}
	if thisYear {
		n.thisYear++
	} else if free == len(hazards) {
		n.free++
	}
}

// TestT3_EqualsNaiveReference compares the coverage of 400 made-up workers in all months of eight years with a
// naive count, employer by employer (each has a township of its own).
func TestT3_EqualsNaiveReference(t *testing.T) {
	seed := uint64(20261116)
	r := rand.New(rand.NewPCG(seed, 1))
	c := newCity(t, "2026-11-15")
	towns := []string{"410184001", "410184002", "410184003", "410184101", "410184102"}
	var roster []row
	for i, town := range towns {
		roster = append(roster, employer("E"+itoa(i)).with("township_code", quote(town), "exposed_total", itoa(40*i)))
	}
	c.load("employer", roster...)
	subset := func(all ...string) []string {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:1+r.IntN(len(all))]
	}
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	histories := make([][]naiveExam, 400)
	var rows []row
	for n := range histories {
		at, home := day("2019-01-01").AddDate(0, 0, r.IntN(2500)), "E"+itoa(r.IntN(len(towns)))
		for range 1 + r.IntN(6) {
			x := naiveExam{
				employer: home, kind: pick("pre", "in", "in", "in", "in", "leave", "emerg"), on: at,
				exposed: subset(noise, fume, silica, toluene), result: map[string]string{},
			}
			var results []string
			examined := subset(slices.Clone(x.exposed)...)
			for _, h := range examined {
				x.result[h] = pick("normal", "normal", "other", "recheck", "pending")
				results = append(results, x.result[h])
			}
			full := exam(x.employer, n, x.kind, at.Format(time.DateOnly), x.exposed...).with(
				"hazards_examined", list(examined...), "conclusion_hazard", list(examined...), "conclusion", list(results...))
			rows = append(rows, full)
			if slices.Contains(results, "recheck") && r.IntN(2) == 0 {
				x.rechecked = at.AddDate(0, 0, 60+r.IntN(60))
				if next := addMonths(at, 4); x.rechecked.Before(next) {
					rows = append(rows, full.with("is_reexam", "true", "prev_exam_no", full["exam_no"], "exam_no", "'again'",
						"report_card_id", quote("again"), "exam_date", quote(x.rechecked.Format(time.DateOnly))))
				}
			}
			histories[n] = append(histories[n], x)
			at = at.AddDate(0, 0, 130+r.IntN(400))
			if r.IntN(8) == 0 {
				home = "E" + itoa(r.IntN(len(towns)))
			}
		}
	}
	for part := range slices.Chunk(rows, 400) {
		c.loadMany("exam", part)
	}
	c.runOnly("T3")
	bad := 0
	for d := day("2019-01-31"); !d.After(c.today); d = time.Date(d.Year(), d.Month()+2, 0, 0, 0, 0, 0, time.UTC) {
		for i, town := range towns {
			var n naiveCounts
			for _, h := range histories {
				n.count("E"+itoa(i), h, d, d)
			}
			exposed := max(40*i, n.covered+n.partly+n.notDue)
			for variant, want := range map[string]string{
				"strict":     fmt.Sprintf("%d/%d", n.covered, exposed-n.notDue),
				"lenient":    fmt.Sprintf("%d/%d", n.covered+n.partly, exposed-n.notDue),
				"yearly":     fmt.Sprintf("%d/%d", n.thisYear, exposed-n.free),
				"assessment": fmt.Sprintf("%d/%d", n.covered+n.partly+n.notDue, exposed),
			} {
				if bad < 10 && !c.same("T3", variant, d.Format("2006-01"), want, town) {
					bad++
				}
			}
			for variant, edition := range map[string]time.Time{"gbz_2014": day("2026-07-31"), "gbz_2025": day("2026-08-01")} {
				if d.Before(day("2025-08-01")) { // both ways only around the break
					continue
				}
				var n naiveCounts
				for _, h := range histories {
					n.count("E"+itoa(i), h, d, edition)
				}
				want := fmt.Sprintf("%d/%d", n.covered, max(40*i, n.covered+n.partly+n.notDue)-n.notDue)
				if bad < 10 && !c.same("T3", variant, d.Format("2006-01"), want, town) {
					bad++
				}
			}
		}
	}
}
