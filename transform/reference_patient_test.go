package transform_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// patient is a person with an occupational disease of a made-up world.
type patient struct {
	dust         bool
	reported     time.Time // zero: known from visits only
	employerTown string
	diedByCard   time.Time
	visits       []visit
}

// visit is one follow-up visit.
type visit struct {
	on, died              time.Time
	result, town, card    string
	injury, employer, aid string // true, false or NULL
}

// known is the day from which the city knows the patient.
func (p patient) known() time.Time {
	first := p.reported
	for _, v := range p.visits {
		if first.IsZero() || v.on.Before(first) {
			first = v.on
		}
	}
	return first
}

// alive says whether the patient is known and not confirmed dead on d.
func (p patient) alive(d time.Time) bool {
	if !by(p.known(), d) || by(p.diedByCard, d) {
		return false
	}
	for _, v := range p.visits {
		if v.result == "dead" {
			death := v.died
			if death.IsZero() {
				death = v.on
			}
			if by(death, d) {
				return false
			}
		}
	}
	return true
}

// town is where the patient lives: the last visit that says so, else where the employer is.
func (p patient) town() string {
	town, last := p.employerTown, time.Time{}
	for _, v := range p.visits {
		if v.town != "" && v.on.After(last) {
			town, last = v.town, v.on
		}
	}
	return town
}

// TestReference_Patients compares S12, S12b and S13 with a naive count over 150 made-up patients.
func TestReference_Patients(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(12, 5))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	near := func() time.Time { // days that lie around the turns of years more often than others
		d := day("2025-01-01").AddDate(0, 0, r.IntN(680))
		if r.IntN(3) == 0 {
			d = day("2025-12-31").AddDate(0, 0, r.IntN(3)-1)
		}
		return d
	}
	silicosis, deafness := "OD2024-01-1-01", "OD2024-04-01"
	for _, town := range towns() {
		c.load("employer", employer("E"+town).with("township_code", quote(town)))
	}
	var patients []patient
	var cards, visits []row
	for n := range 150 {
		p := patient{dust: r.IntN(3) > 0, employerTown: pick(towns()...)}
		disease := deafness
		if p.dust {
			disease = silicosis
		}
		if r.IntN(5) > 0 {
			p.reported = near()
			cards = append(cards, row{
				"employer_key": quote("E" + p.employerTown), "card_no": quote(itoa(n)), "card_kind": "'disease'", "report_kind": "'new'",
				"person_key": person(n), "disease": quote(disease), "diagnosis_date": date(p.reported.AddDate(0, 0, -9)), "report_date": date(p.reported),
				"death_date": "NULL",
			})
		} else {
			p.employerTown = ""
		}
		day := near()
		for range r.IntN(4) {
			v := visit{
				on: day, result: pick("alive", "alive", "alive", "lost", "refused", "moved", "dead"), town: pick(append(towns(), "410184102")...), card: pick("K", ""),
				injury: pick("true", "false", "NULL"), employer: pick("true", "false", "NULL"), aid: pick("true", "false", "NULL"),
			}
			if v.result == "dead" && r.IntN(2) == 0 {
				v.died = v.on.AddDate(0, 0, -r.IntN(20))
			}
			p.visits = append(p.visits, v)
			visits = append(visits, row{
				"person_key": person(n), "patient_card_no": quote(v.card), "visit_date": date(v.on), "method": "'home'", "result": quote(v.result), "death_date": date(v.died),
				"township_code": quote(v.town), "disease": quote(disease), "payer_injury": v.injury, "payer_employer": v.employer, "payer_aid": v.aid,
			})
			if v.result == "dead" {
				break
			}
			day = day.AddDate(0, 0, 1+r.IntN(200))
		}
		if !p.reported.IsZero() && r.IntN(8) == 0 {
			p.diedByCard = p.reported.AddDate(0, 0, 30+r.IntN(200))
			cards = append(cards, row{
				"employer_key": quote("E" + p.employerTown), "card_no": quote("D" + itoa(n)), "card_kind": "'pneumoconiosis'", "report_kind": "'death'",
				"person_key": person(n), "disease": quote(disease), "diagnosis_date": "NULL", "report_date": date(p.diedByCard.AddDate(0, 0, 5)), "death_date": date(p.diedByCard),
			})
		}
		if p.known().IsZero() {
			continue
		}
		patients = append(patients, p)
	}
	c.loadMany("case_report", cards)
	c.loadMany("follow_up", visits)
	c.runOnly("S12", "S12b", "S13")
	count := func(dustOnly bool, unit func(p patient, d time.Time) (n, missing bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, p := range patients {
				if p.alive(s.end) && in(place, p.town()) && (p.dust || !dustOnly) {
					n, missing := unit(p, s.end)
					t.add(n, true, missing)
				}
			}
			return t
		}
	}
	met := func(p patient, d time.Time) (bool, bool) {
		for _, v := range p.visits {
			if v.result == "alive" && by(v.on, d) && v.on.Year() == d.Year() {
				return true, false
			}
		}
		return false, false
	}
	filed := func(p patient, d time.Time) (bool, bool) {
		for _, v := range p.visits {
			if v.card != "" && by(v.on, d) {
				return true, false
			}
		}
		return false, false
	}
	says := func(of func(visit) string) func(patient, time.Time) string {
		return func(p patient, d time.Time) string {
			last := "NULL"
			for _, v := range p.visits {
				if by(v.on, d) && of(v) != "NULL" {
					last = of(v)
				}
			}
			return last
		}
	}
	pays := func(of func(patient, time.Time) string) func(patient, time.Time) (bool, bool) {
		return func(p patient, d time.Time) (bool, bool) { return of(p, d) == "true", of(p, d) == "NULL" }
	}
	injury, firm, aid := says(func(v visit) string { return v.injury }), says(func(v visit) string { return v.employer }), says(func(v visit) string { return v.aid })
	c.equal("S12", "all", count(false, met))
	c.equal("S12", "pneumoconiosis", count(true, met))
	c.equal("S12b", "all", count(false, filed))
	c.equal("S12b", "pneumoconiosis", count(true, filed))
	c.equal("S13", "injury", count(false, pays(injury)))
	c.equal("S13", "employer", count(false, pays(firm)))
	c.equal("S13", "aid", count(false, pays(aid)))
	c.equal("S13", "any", count(false, pays(func(p patient, d time.Time) string {
		all := []string{injury(p, d), firm(p, d), aid(p, d)}
		for _, word := range []string{"true", "NULL"} { // one that pays is enough; without one, a silence leaves it open
			for _, a := range all {
				if a == word {
					return word
				}
			}
		}
		return "false"
	})))
}
