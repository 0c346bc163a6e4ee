package transform_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// sampled is one detection result of a made-up world.
type sampled struct {
	employer, town, institution, report, word, hazard, sample string
	on, issued, sent                                          time.Time
	value                                                     float64 // NaN: none
}

// TestReference_Institutions compares S9e and S16 with a naive count over made-up reports, records and demerit points.
func TestReference_Institutions(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(16, 9))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	towned := map[string]string{}
	var roster []row
	for i, town := range towns() {
		towned["E"+itoa(i)] = town
		roster = append(roster, employer("E"+itoa(i)).with("township_code", quote(town)))
	}
	c.load("employer", roster...)
	var results []sampled
	var rows []row
	for n := range 90 {
		on, key, lab := day("2025-01-01").AddDate(0, 0, r.IntN(660)), "E"+itoa(r.IntN(4)), pick("D1", "D2", "D3")
		issued := on.AddDate(0, 0, r.IntN(30))
		sent := time.Time{}
		if r.IntN(5) > 0 {
			sent = issued.AddDate(0, 0, 20+r.IntN(3))
		}
		for k := range 1 + r.IntN(4) {
			x := sampled{
				employer: key, town: towned[key], institution: lab, report: "R" + itoa(1000+n), word: pick("pass", "pass", "fail", "none"), hazard: pick(silica, noise),
				sample: itoa(k), on: on, issued: issued, sent: sent, value: float64(r.IntN(3)),
			}
			value := itoa(x.value)
			if r.IntN(6) == 0 {
				x.value, value = math.NaN(), "NULL"
			}
			results = append(results, x)
			rows = append(rows, detection(key, "periodic", on.Format(time.DateOnly), "w", "p"+itoa(k), x.hazard).with("report_no", quote(x.report), "institution_code", quote(lab),
				"issue_date", date(issued), "submit_date", date(sent), "judgement", quote(x.word), "value", value, "limit_type", "'TWA'", "unit", "'mg/m3'", "sample_no", quote(x.sample)))
		}
	}
	c.loadMany("detection", rows)
	type record struct {
		town, institution, said string
		on, reported, uploaded  time.Time
		isAgain                 bool
		items, gaps             int
	}
	var records []record
	rows = nil
	var items []row
	for n := range 120 {
		key := "E" + itoa(r.IntN(4))
		x := record{town: towned[key], institution: pick("I1", "I2"), said: pick("normal", "normal", "other", "pending"), on: day("2025-01-01").AddDate(0, 0, r.IntN(660)), isAgain: r.IntN(9) == 0}
		x.reported = x.on.AddDate(0, 0, r.IntN(9))
		if r.IntN(5) > 0 {
			x.uploaded = x.reported.AddDate(0, 0, 14+r.IntN(3))
		}
		base := exam(key, n, "in", x.on.Format(time.DateOnly), noise).with("institution_code", quote(x.institution), "conclusion_overall", quote(x.said),
			"report_date", date(x.reported), "upload_date", date(x.uploaded), "is_reexam", pickBool(x.isAgain))
		rows = append(rows, base)
		for range r.IntN(3) {
			gap := r.IntN(4) == 0
			x.items++
			if gap {
				x.gaps++
			}
			items = append(items, row{"institution_code": quote(x.institution), "exam_no": base["exam_no"], "item_code": quote(itoa(len(items))), "item_name": "'x'", "is_missing": pickBool(gap)})
		}
		records = append(records, x)
	}
	c.loadMany("exam", rows)
	c.loadMany("exam_item", items)
	var demerits []struct {
		institution string
		on          time.Time
		points      float64
	}
	rows = nil
	for range 12 {
		d := struct {
			institution string
			on          time.Time
			points      float64
		}{pick("D1", "I1"), day("2025-01-01").AddDate(0, 0, r.IntN(660)), float64(1 + r.IntN(4))}
		demerits = append(demerits, d)
		rows = append(rows, row{"institution_code": quote(d.institution), "demerit_date": date(d.on), "clause": "'c'", "points": itoa(d.points), "decision_no": quote(itoa(len(rows)))})
	}
	c.loadMany("demerit", rows)
	c.runOnly("S9e", "S16")

	reports := func(inTime bool) func(span, string) tally {
		return func(s span, place string) (t tally) {
			seen := map[string]bool{}
			for _, x := range results {
				if seen[x.report] || !s.holds(x.issued) || !in(place, x.town) {
					continue
				}
				seen[x.report] = true
				known, early := !x.sent.IsZero(), by(x.sent, x.issued.AddDate(0, 0, 21))
				t.add(known && early == inTime, known, !known)
			}
			return t
		}
	}
	c.equal("S9e", "days_21", reports(true))
	c.equal("S16", "late", func(s span, place string) tally {
		t := reports(false)(s, place)
		for _, x := range records {
			on := x.uploaded
			if on.IsZero() {
				on = x.on
			}
			if s.holds(on) && in(place, x.town) {
				known := !x.uploaded.IsZero()
				t.add(known && x.uploaded.After(x.reported.AddDate(0, 0, 15)), known, !known)
			}
		}
		return t
	})
	c.equal("S16", "incomplete", func(s span, place string) (t tally) {
		for _, x := range records {
			if x.items > 0 && s.holds(x.on) && in(place, x.town) {
				t.add(x.gaps > 0, true, false)
			}
		}
		return t
	})
	c.equal("S16", "normal_exams", func(s span, place string) (t tally) {
		for _, x := range records {
			if !x.isAgain && s.holds(x.on) && in(place, x.town) {
				t.add(x.said == "normal", x.said != "pending", x.said == "pending")
			}
		}
		return t
	})
	c.equal("S16", "normal_tests", func(s span, place string) (t tally) {
		for _, x := range results {
			if s.holds(x.on) && in(place, x.town) {
				t.add(x.word == "pass", x.word != "none", x.word == "none")
			}
		}
		return t
	})
	// each number beside the one before it of the same institution and hazard
	ordered := slices.Clone(results)
	slices.SortStableFunc(ordered, func(a, b sampled) int {
		if n := a.on.Compare(b.on); n != 0 {
			return n
		}
		if n := strings.Compare(a.report, b.report); n != 0 {
			return n
		}
		return strings.Compare(a.sample, b.sample)
	})
	c.equal("S16", "same_value", func(s span, place string) (t tally) {
		before := map[[2]string]float64{}
		for _, x := range ordered {
			if math.IsNaN(x.value) {
				continue
			}
			key := [2]string{x.institution, x.hazard}
			last, some := before[key]
			before[key] = x.value
			if some && s.holds(x.on) && in(place, x.town) {
				t.add(last == x.value, true, false)
			}
		}
		return t
	})
	c.equal("S16", "demerits", func(s span, place string) (t tally) {
		for _, d := range demerits {
			if s.holds(d.on) && in(place, "") {
				t.n += d.points
			}
		}
		return t
	})
	got := c.query(`SELECT concat(dim_value, ' ', toString(numerator)) FROM ind_value WHERE indicator = 'S16' AND variant = 'demerits' AND period = '2025' AND dim = 'institution' ORDER BY dim_value`)
	points := map[string]float64{}
	for _, d := range demerits {
		if d.on.Year() == 2025 {
			points[d.institution] += d.points
		}
	}
	for institution, n := range points {
		if !strings.Contains(got, institution+" "+itoa(n)) {
			t.Errorf("demerit points by institution: %s, want %v", got, points)
		}
	}
}

func pickBool(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
