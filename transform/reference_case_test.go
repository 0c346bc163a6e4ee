package transform_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// caseCard is one card of a suspected or diagnosed disease of a made-up world.
type caseCard struct {
	no                            string
	person                        int
	employer, town, disease, kind string // kind: suspected, disease
	report                        string
	occurred, diagnosed, reported time.Time
	reviewed, born                time.Time
	months                        int // of exposure, -1: not on the card
	stage, severity, outcome      string
	acute                         bool
	suspect                       string // card that a diagnosis names
}

// day is the day by which a case stands in a period.
func (k caseCard) day() time.Time {
	if !k.diagnosed.IsZero() {
		return k.diagnosed
	}
	return k.reported
}

// found is the day of suspicion.
func (k caseCard) found() time.Time {
	if !k.occurred.IsZero() {
		return k.occurred
	}
	return k.reported
}

// rank puts cards in the order of their days, their reports and their numbers.
func rank(a, b caseCard) int {
	return cmp.Or(a.day().Compare(b.day()), a.reported.Compare(b.reported), strings.Compare(a.no, b.no))
}

// TestReference_Cases compares S7a to S7c, S9a, S9c, S11a to S11e with a naive count over made-up cards.
func TestReference_Cases(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(7, 11))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	silicosis, welder, deafness, dermatitis, open := "OD2024-01-1-01", "OD2024-01-1-11", "OD2024-04-01", "OD2024-02-01", ""
	towned := map[string]string{}
	var roster []row
	for i, town := range towns() {
		towned["E"+itoa(i)] = town
		roster = append(roster, employer("E"+itoa(i)).with("township_code", quote(town)))
	}
	c.load("employer", roster...)
	var cards []caseCard
	add := func(k caseCard) {
		k.no, k.town = "K"+itoa(len(cards)), towned[k.employer]
		cards = append(cards, k)
	}
	on := func() time.Time { return day("2025-01-01").AddDate(0, 0, r.IntN(680)) }
	later := func(d time.Time, days int, missing int) time.Time {
		if missing > 0 && r.IntN(missing) == 0 {
			return time.Time{}
		}
		return d.AddDate(0, 0, r.IntN(days))
	}
	for n := range 220 {
		key, disease := "E"+itoa(r.IntN(4)), pick(silicosis, silicosis, welder, deafness, deafness, dermatitis, open)
		at, suspect := on(), ""
		if r.IntN(2) == 0 {
			k := caseCard{person: n, employer: key, disease: pick(disease, ""), kind: "suspected", report: "new", reported: later(at, 20, 0), outcome: pick("", "", "excluded", "diagnosed", "lost")}
			k.occurred, k.reviewed = later(at, 1, 4), later(k.reported, 12, 3)
			add(k)
			suspect = cards[len(cards)-1].no
			if r.IntN(2) == 0 {
				continue
			}
			at = k.found().AddDate(0, 0, []int{0, 30, 89, 90, 91, 179, 180, 181, 364, 365, 366}[r.IntN(11)])
		}
		for range 1 + r.IntN(2) {
			k := caseCard{
				person: n, employer: key, disease: disease, kind: "disease", report: pick("new", "new", "new", "progression"), diagnosed: later(at, 1, 12), acute: r.IntN(8) == 0,
				months: []int{-1, 35, 36, 59, 60, 200}[r.IntN(6)], stage: pick("", "1", "1", "2", "3"), severity: pick("", "轻度", "中度噪声聋", "重度"), suspect: pick(suspect, ""),
			}
			k.reported = at.AddDate(0, 0, []int{0, 1, 2, 14, 15, 16}[r.IntN(6)])
			k.reviewed = later(k.reported, 12, 3)
			if r.IntN(5) > 0 {
				k.born = day("1960-01-01").AddDate(0, 0, r.IntN(9000))
			}
			add(k)
			at = at.AddDate(0, 0, 40)
		}
	}
	var rows []row
	for _, k := range cards {
		months, event := "NULL", "''"
		if k.months >= 0 {
			months = itoa(k.months)
		}
		if k.acute {
			event = "'SJ1'"
		}
		rows = append(rows, row{
			"employer_key": quote(k.employer), "card_no": quote(k.no), "card_kind": quote(k.kind), "report_kind": quote(k.report), "person_key": person(k.person),
			"disease": quote(k.disease), "disease_text": "'怪病'", "occur_date": date(k.occurred), "diagnosis_date": date(k.diagnosed), "report_date": date(k.reported),
			"review_date": date(k.reviewed), "exposure_months": months, "stage": quote(k.stage), "severity": quote(k.severity), "event_code": event,
			"linked_suspect_card": quote(k.suspect), "outcome_of_suspect": quote(k.outcome), "birth_date": date(k.born),
		})
	}
	c.loadMany("case_report", rows)
	c.runOnly("S7a", "S7b", "S7c", "S9a", "S9c", "S11a", "S11b", "S11c", "S11d", "S11e")

	// the diagnosis that a suspected case came to: it names the card, or is of the same disease where both tell it, not before
	diagnosis := func(k caseCard) (first time.Time) {
		for _, x := range cards {
			if x.kind == "suspected" || x.report != "new" || x.person != k.person {
				continue
			}
			same := !x.day().Before(k.found()) && (x.disease == k.disease || k.disease == "" || x.disease == "")
			if (x.suspect == k.no || same) && (first.IsZero() || x.day().Before(first)) {
				first = x.day()
			}
		}
		return first
	}
	suspected := func(judge func(k caseCard) (n, d bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, k := range cards {
				if k.kind == "suspected" && s.holds(k.found()) && in(place, k.town) {
					n, d := judge(k)
					t.add(n, d, !d)
				}
			}
			return t
		}
	}
	concluded := func(k caseCard) bool { return k.outcome == "diagnosed" || k.outcome == "excluded" }
	for variant, days := range map[string]int{"days_90": 90, "days_180": 180, "days_365": 365} {
		c.equal("S7a", variant, suspected(func(k caseCard) (bool, bool) {
			first, deadline := diagnosis(k), k.found().AddDate(0, 0, days)
			switch {
			case by(first, deadline):
				return true, true
			case !deadline.Before(c.today): // the days are not over
				return false, false
			case first.IsZero() && concluded(k): // entered on a day that nobody knows
				return false, false
			}
			return false, true
		}))
	}
	c.equal("S7a", "ever", suspected(func(k caseCard) (bool, bool) { return !diagnosis(k).IsZero() || concluded(k), true }))
	c.equal("S7b", "concluded", suspected(func(k caseCard) (bool, bool) {
		confirmed := k.outcome == "diagnosed" || !diagnosis(k).IsZero()
		return confirmed, confirmed || k.outcome == "excluded"
	}))
	for variant, level := range map[string]float64{"median": 0.5, "p90": 0.9} {
		for _, x := range c.cells("S7c", variant) {
			type seen struct {
				days  float64
				ended bool
			}
			var all []seen
			n, unknown := 0.0, 0.0
			for _, k := range cards {
				if k.kind != "suspected" || !x.holds(k.found()) || !in(x.place, k.town) {
					continue
				}
				n++
				first := diagnosis(k)
				switch {
				case by(first, c.today):
					all = append(all, seen{math.Max(0, first.Sub(k.found()).Hours()/24), true})
				case concluded(k):
					unknown++
				default:
					all = append(all, seen{math.Max(0, c.today.Sub(k.found()).Hours()/24), false})
				}
			}
			// product-limit estimate: at each time at which some end, the share of those still there that end
			want, left, ended := math.NaN(), 1.0, 0.0
			var times []float64
			for _, o := range all {
				if o.ended {
					times, ended = append(times, o.days), ended+1
				}
			}
			slices.Sort(times)
			for _, at := range slices.Compact(times) {
				there, end := 0.0, 0.0
				for _, o := range all {
					there += one(o.days >= at)
					end += one(o.ended && o.days == at)
				}
				if left *= 1 - end/there; left <= 1-level+1e-9 {
					want = at
					break
				}
			}
			if !near(x.value, want) || x.n != ended || x.d != n || x.missing != unknown {
				t.Errorf("S7c %s %v..%v %q: %v, %v of %v, missing %v; the reference has %v, %v of %v, missing %v", variant, x.start, x.end, x.place,
					x.value, x.n, x.d, x.missing, want, ended, n, unknown)
			}
		}
	}

	isCard := func(k caseCard) bool { return k.kind == "disease" && k.report == "new" }
	reports := func(acute bool, days int) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, k := range cards {
				if isCard(k) && k.acute == acute && s.holds(k.reported) && in(place, k.town) {
					known := !k.diagnosed.IsZero()
					t.add(known && !k.reported.After(k.diagnosed.AddDate(0, 0, days)), known, !known)
				}
			}
			return t
		}
	}
	c.equal("S9a", "days_15", reports(false, 15))
	c.equal("S9a", "acute", reports(true, 1))
	c.equal("S9c", "days_7", func(s span, place string) (t tally) {
		for _, k := range cards {
			if s.holds(k.reported) && in(place, k.town) {
				deadline := k.reported.AddDate(0, 0, 7)
				known := !k.reviewed.IsZero() || deadline.Before(c.today)
				t.add(by(k.reviewed, deadline), known, !known)
			}
		}
		return t
	})

	// new cases: one person and disease once, as its first card has it
	var cases []caseCard
	for _, k := range cards {
		if !isCard(k) {
			continue
		}
		at := slices.IndexFunc(cases, func(x caseCard) bool { return x.person == k.person && x.disease == k.disease })
		switch {
		case at < 0:
			cases = append(cases, k)
		default: // what it is like tells the earliest card, when it was first diagnosed and reported the earliest days on any
			first, other := cases[at], k
			if rank(k, first) < 0 {
				first, other = k, first
			}
			if first.diagnosed.IsZero() || !other.diagnosed.IsZero() && other.diagnosed.Before(first.diagnosed) {
				first.diagnosed = other.diagnosed
			}
			if other.reported.Before(first.reported) {
				first.reported = other.reported
			}
			cases[at] = first
		}
	}
	dust := func(k caseCard) bool { return k.disease == silicosis || k.disease == welder }
	fresh := func(judge func(k caseCard) (n, d, counts bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, k := range cases {
				if n, d, counts := judge(k); counts && s.holds(k.day()) && in(place, k.town) {
					t.add(n, d, !d)
				}
			}
			return t
		}
	}
	for variant, stages := range map[string][]string{"stage_1": {"1"}, "stage_2": {"2"}, "stage_3": {"3"}, "stage_2_3": {"2", "3"}} {
		c.equal("S11a", variant, fresh(func(k caseCard) (bool, bool, bool) { return slices.Contains(stages, k.stage), k.stage != "", dust(k) }))
	}
	kind := func(ids ...string) func(span, string) tally {
		return fresh(func(k caseCard) (bool, bool, bool) { return slices.Contains(ids, k.disease), k.disease != open, true })
	}
	c.equal("S11c", "pneumoconiosis", kind(silicosis, welder))
	c.equal("S11c", "skin", kind(dermatitis))
	c.equal("S11c", "ear_nose_mouth", kind(deafness))
	c.equal("S11c", "kind_11", fresh(func(k caseCard) (bool, bool, bool) { return k.disease == welder, true, dust(k) }))
	grade := func(words ...string) func(span, string) tally {
		return fresh(func(k caseCard) (bool, bool, bool) {
			return slices.Contains(words, k.severity), k.severity != "", k.disease == deafness
		})
	}
	c.equal("S11e", "mild", grade("轻度"))
	c.equal("S11e", "moderate_severe", grade("中度噪声聋", "重度"))
	c.equal("S11e", "short", fresh(func(k caseCard) (bool, bool, bool) {
		return k.months >= 0 && k.months < 36, k.months >= 0, k.disease == deafness
	}))
	c.equal("S11d", "report", func(s span, place string) (t tally) {
		once := map[[2]string]bool{}
		for _, k := range cards {
			if k.report == "progression" && s.holds(k.reported) && in(place, k.town) {
				once[[2]string{itoa(k.person), k.employer}] = true
			}
		}
		return tally{n: float64(len(once))}
	})
	for variant, level := range map[string]float64{"exposure_p25": 0.25, "exposure_median": 0.5, "exposure_p75": 0.75, "exposure_years": -1, "age_median": 0.5} {
		for _, x := range c.cells("S11b", variant) {
			var values []float64
			all := 0.0
			for _, k := range cases {
				if !dust(k) || !x.holds(k.day()) || !in(x.place, k.town) {
					continue
				}
				all++
				switch {
				case variant == "age_median" && !k.born.IsZero():
					values = append(values, k.day().Sub(k.born).Hours()/24/365.25)
				case variant != "age_median" && k.months >= 0:
					values = append(values, float64(k.months)/12)
				}
			}
			want, n, d := quantile(values, max(level, 0)), float64(len(values)), all
			if level < 0 { // the mean: a sum of those known
				want, n, d = math.NaN(), 0, float64(len(values))
				for _, v := range values {
					n += v
				}
				if len(values) > 0 {
					want = n / d
				}
			}
			if !near(x.value, want) || !near(x.n, n) || x.d != d {
				t.Errorf("S11b %s %v..%v %q: %v, %v of %v; the reference has %v, %v of %v", variant, x.start, x.end, x.place, x.value, x.n, x.d, want, n, d)
			}
		}
	}
}
