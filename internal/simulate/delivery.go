package simulate

import (
	"cmp"
	"slices"
	"strings"
)

// fate is what a loader has to do with a row.
type fate uint8

const (
	fateLoaded fate = iota
	fateCorrected
	fateVoided
	fateUnchanged
	fateRejected
)

// delivery is one row on its way to the city: a fact put on paper by a sender on a day, as it is or with a slip.
type delivery struct {
	stream string
	sender string
	sent   day
	fact   any
	state  string // what the column 记录状态 says: "", 修改, 作废
	draft  bool   // the first, wrong version of a fact that is corrected later
	damage string // code of the reason why the row must be rejected, "" for a sound row
	fate   fate
}

// postman collects the deliveries and adds the slips that senders make.
type postman struct {
	city *city
	out  []delivery
	dice dice
}

// slip is how often something goes wrong in a stream, per row.
type slip struct {
	damages []damage // damaged rows, mended later
	draft   float64  // first sent wrong, corrected later
	repeat  float64  // sent again unchanged
	late    float64  // sent long after
}

// damage is one way to spoil a row, with the code of the check that must refuse it.
type damage struct {
	code string
	rate float64
}

func slips(stream string) slip {
	switch stream {
	case "exam":
		return slip{draft: 0.008, repeat: 0.006, late: 0.02, damages: []damage{
			{"id_damaged", 0.004},
			{"id_check_digit", 0.005},
			{"id_invalid", 0.0004},
			{"required", 0.0006},
			{"date_invalid", 0.0005},
			{"date_future", 0.0002},
			{"exam_before_birth", 0.0001},
			{"unknown_code", 0.0004},
			{"not_a_number", 0.0003},
			{"shifted_row", 0.0004},
			{"bad_bytes", 0.0004},
		}}
	case "detection":
		return slip{draft: 0.004, repeat: 0.005, late: 0.01, damages: []damage{
			{"not_a_number", 0.001},
			{"required", 0.0006},
			{"unknown_code", 0.0005},
			{"date_invalid", 0.0003},
			{"shifted_row", 0.0004},
			{"bad_bytes", 0.0004},
		}}
	case "dose":
		return slip{draft: 0.006, repeat: 0.008, damages: []damage{
			{"id_damaged", 0.004},
			{"id_check_digit", 0.003},
			{"out_of_range", 0.0008},
			{"unknown_code", 0.0008},
			{"date_invalid", 0.0005},
			{"bad_bytes", 0.001},
		}}
	case "case_report":
		return slip{repeat: 0.01, damages: []damage{{"id_check_digit", 0.008}, {"required", 0.005}, {"unknown_code", 0.004}}}
	case "declaration":
		return slip{draft: 0.004, repeat: 0.006, damages: []damage{{"not_a_number", 0.001}, {"required", 0.001}, {"date_invalid", 0.0006}, {"bad_bytes", 0.0006}}}
	case "training":
		return slip{draft: 0.004, repeat: 0.01, damages: []damage{{"out_of_range", 0.002}, {"unknown_code", 0.002}, {"date_invalid", 0.002}, {"bad_bytes", 0.001}}}
	case "insurance":
		return slip{draft: 0.003, repeat: 0.002, damages: []damage{{"not_a_number", 0.0006}, {"required", 0.0006}, {"bad_bytes", 0.0003}}}
	case "follow_up":
		return slip{draft: 0.01, repeat: 0.01, late: 0.03, damages: []damage{{"id_damaged", 0.006}, {"id_check_digit", 0.008}, {"unknown_code", 0.006}, {"date_invalid", 0.004}}}
	case "project":
		return slip{damages: []damage{{"required", 0.012}, {"date_invalid", 0.012}}}
	case "inspection":
		return slip{damages: []damage{{"unknown_code", 0.006}, {"date_invalid", 0.004}}}
	case "complaint":
		return slip{damages: []damage{{"unknown_code", 0.02}}}
	case "exam_summary":
		return slip{draft: 0.005, repeat: 0.006, damages: []damage{{"unknown_code", 0.003}, {"not_a_number", 0.003}}}
	case "radiation_worker":
		return slip{damages: []damage{{"id_check_digit", 0.015}, {"unknown_code", 0.01}}}
	}
	return slip{}
}

// post puts a fact on its way. Damaged rows come again, mended, and drafts are corrected, always before the papers
// end: near the end nobody makes slips that he would have no time to mend. final holds back the last version until
// that day (0: as soon as the slip is noticed). It returns the day on which the final version is in the city.
func (p *postman) post(stream, sender string, sent day, fact any) {
	s := slips(stream)
	r := p.dice
	c := p.city
	d := delivery{stream: stream, sender: sender, sent: sent, fact: fact}
	if sent > c.until-110 {
		if sent < c.until-3 && r.chance(s.repeat) {
			p.out = append(p.out, d)
			d.fate = fateUnchanged
			d.sent = min(c.until, sent+r.days(1, 20))
		}
		p.out = append(p.out, d)
		return
	}
	if r.chance(s.late) {
		d.sent += r.days(20, 80)
	}
	for _, bad := range s.damages {
		if r.chance(bad.rate) && possible(bad.code, stream, sender, bucketOf(c, d.sent)) {
			broken := d
			broken.damage, broken.fate = bad.code, fateRejected
			p.out = append(p.out, broken)
			d.sent = min(d.sent+r.days(6, 45), c.until-30)
			break
		}
	}
	if r.chance(s.draft) {
		first := d
		first.draft = true
		p.out = append(p.out, first)
		d.sent = min(d.sent+r.days(6, 60), c.until-20)
		d.fate = fateCorrected
		if statedBy(stream, sender) {
			d.state = "修改"
		}
	}
	p.out = append(p.out, d)
	if r.chance(s.repeat) {
		d.fate, d.state = fateUnchanged, ""
		d.sent = min(c.until, d.sent+r.days(0, 40))
		p.out = append(p.out, d)
	}
}

// possible reports whether a row of that file can be damaged in that way: what a workbook keeps in cells does not
// shift, and bytes that are no text hide in the old encoding only.
func possible(damage, stream, sender string, b bucket) bool {
	switch damage {
	case "shifted_row":
		return !xlsxFile(stream, sender, b)
	case "bad_bytes":
		return !xlsxFile(stream, sender, b) && habitOf(stream, sender, b).encoding == "gb18030"
	}
	return true
}

// phantom puts a row on its way that should never have been sent, and voids it later.
func (p *postman) phantom(stream, sender string, sent day, fact any) {
	r := p.dice
	if sent > p.city.until-90 || !statedBy(stream, sender) {
		return
	}
	p.out = append(p.out, delivery{stream: stream, sender: sender, sent: sent, fact: fact},
		delivery{stream: stream, sender: sender, sent: sent + r.days(5, 60), fact: fact, state: "作废", fate: fateVoided})
}

// statedBy reports whether the sender's files have a column for the state of a record.
func statedBy(stream, sender string) bool {
	switch stream {
	case "exam":
		return sender == "JG01" || sender == "JG02" || sender == "PT01"
	case "detection":
		return sender == "JCPT" || sender == "JC01"
	case "dose":
		return sender == "JL01"
	case "declaration", "case_report", "training", "employer":
		return true
	}
	return deskStream(stream)
}

// deliverAll puts everything that happened on paper, in the order in which it arrives.
func (c *city) deliverAll() []delivery {
	p := &postman{city: c, dice: newDice(c.seed, "post", 0)}
	p.rosters()
	p.exams()
	p.detections()
	p.doses()
	p.papers()
	p.cards()
	p.strays()
	desk := &postman{city: c, dice: newDice(c.seed, "desk", 0)}
	desk.desks()
	p.out = append(p.out, desk.out...)
	slices.SortStableFunc(p.out, func(a, b delivery) int {
		return cmp.Or(cmp.Compare(a.sent, b.sent), 0)
	})
	return p.out
}

// rosterRow is one workplace of one employer as it stands on the roster of a day.
type rosterRow struct {
	employer  *employer
	workplace int
	on        day
	twin      bool // entered by mistake
	badCode   bool // with a slip in the credit code; the name is known from earlier rosters
}

// rosters sends the roster of 1 January of every year, and at the end what has changed since.
func (p *postman) rosters() {
	c := p.city
	days := []day{}
	for y := c.from.year(); y <= c.until.year(); y++ {
		days = append(days, dayOf(y, 1, 1))
	}
	closing := c.until - 1
	days = append(days, closing)
	for i, on := range days {
		for _, e := range c.employers {
			if e.discovered || e.start > on {
				continue
			}
			for w := 1; w <= 1+boolInt(e.second > 0); w++ {
				changed := i > 0 && e.rosterState(w, days[i-1]) != e.rosterState(w, on)
				if i > 0 && on == closing && !changed && e.start <= days[i-1] {
					continue
				}
				row := delivery{stream: "employer", sender: "WJW", sent: on, fact: rosterRow{employer: e, workplace: w, on: on}}
				if i > 0 && e.start <= days[i-1] {
					row.fate = fateUnchanged
					if changed {
						row.fate = fateCorrected
					} else if on != closing && p.dice.chance(0.003) {
						row.fate, row.damage = fateRejected, pick(p.dice, []string{"out_of_range", "not_a_number", "required"})
					} else if on != closing && p.dice.chance(0.005) && !strings.ContainsAny(e.name, "<=") {
						row.fact = rosterRow{employer: e, workplace: w, on: on, badCode: true}
					}
				}
				p.out = append(p.out, row)
			}
			if e.voidedTwin != 0 && e.voidedTwin <= days[len(days)-2] && e.start <= days[0] && on != closing {
				twin := delivery{stream: "employer", sender: "WJW", sent: on, fact: rosterRow{employer: e, workplace: 1, on: on, twin: true}}
				first := i == 0 || e.start > days[i-1]
				switch {
				case e.voidedTwin > on && first:
					p.out = append(p.out, twin)
				case !first && e.voidedTwin > days[i-1] && e.voidedTwin <= on:
					twin.state, twin.fate = "作废", fateVoided
					p.out = append(p.out, twin)
				}
			}
		}
	}
}

// rosterState says which version of the employer's workplace the roster of that day shows.
func (e *employer) rosterState(workplace int, on day) int {
	moved := e.moved
	if workplace > 1 && !e.showsMove() {
		moved = 0 // only the first workplace changes its township
	}
	n := 0
	for _, changed := range []day{e.renamed, moved, e.close, e.headChanged} {
		n = n*2 + boolInt(changed != 0 && changed <= on)
	}
	return n*2 + boolInt(e.stopped && e.stopFrom <= on)
}

func (p *postman) exams() {
	for _, x := range p.city.exams {
		if x.settled != 0 { // a pending conclusion, settled by a corrected card
			first := delivery{stream: "exam", sender: x.clinic.sender, sent: x.sent, fact: x, draft: true}
			final := delivery{stream: "exam", sender: x.clinic.sender, sent: max(x.settled+10, x.sent+1), fact: x, fate: fateCorrected}
			if final.sent <= p.city.until {
				p.out = append(p.out, first, final)
				continue
			}
			for i := range x.findings {
				if x.findings[i].first != "" {
					x.findings[i].conclusion = x.findings[i].first
				}
			}
			x.settled = 0
		}
		p.post("exam", x.clinic.sender, x.sent, x)
		if p.dice.chance(0.012) { // a second card for the same examination
			twin := *x
			twin.card += "B"
			x.copies = 1
			twin.salt = mix(x.salt)
			p.post("exam", x.clinic.sender, x.sent, &twin)
		}
		if p.dice.chance(0.0015) {
			wrong := *x
			wrong.card, wrong.no, wrong.reexamOf = wrong.card+"X", wrong.no+"X", nil
			wrong.on += 3
			p.phantom("exam", x.clinic.sender, x.sent, &wrong)
		}
	}
}

func (p *postman) detections() {
	for _, e := range p.city.employers {
		for _, t := range e.rounds {
			for i, x := range t.results {
				p.post("detection", t.lab.sender, t.sent, x)
				if i == 0 && p.dice.chance(0.01) {
					wrong := *x
					wrong.sampleNo += "X"
					p.phantom("detection", t.lab.sender, t.sent, &wrong)
				}
			}
		}
	}
}

func (p *postman) doses() {
	for _, e := range p.city.employers {
		for _, x := range e.sortedReadings() {
			p.post("dose", x.worker.lab.sender, x.sent, x)
		}
	}
}

// declaredFact is one row of a receipt.
type declaredFact struct {
	receipt *declaration
	row     int
}

func (p *postman) papers() {
	for _, e := range p.city.employers {
		for _, d := range e.declarations {
			for i := range d.rows {
				p.post("declaration", "GJPT", d.sent, declaredFact{d, i})
			}
			if p.dice.chance(0.004) {
				wrong := *d
				wrong.no += "X"
				p.phantom("declaration", "GJPT", d.sent, declaredFact{&wrong, 0})
			}
		}
		for _, t := range e.trainings {
			p.post("training", "WJPX", t.sent, t)
		}
		for _, m := range e.insured {
			p.post("insurance", "RSJ", m.sent, m)
		}
	}
}

func (p *postman) cards() {
	for _, k := range p.city.cases {
		if k.kind == cardSuspected && k.outcome != "" && k.settled > k.sent && k.settled <= p.city.until {
			p.out = append(p.out, delivery{stream: "case_report", sender: "CDC", sent: k.sent, fact: k, draft: true},
				delivery{stream: "case_report", sender: "CDC", sent: k.settled, fact: k, state: "修改", fate: fateCorrected})
			continue
		}
		if k.kind == cardSuspected && k.settled > p.city.until {
			k.outcome = ""
		}
		if k.kind != cardSuspected && p.dice.chance(0.02) && k.sent < p.city.until-100 { // revised later
			p.out = append(p.out, delivery{stream: "case_report", sender: "CDC", sent: k.sent, fact: k, draft: true},
				delivery{stream: "case_report", sender: "CDC", sent: k.sent + p.dice.days(15, 90), fact: k, state: "订正", fate: fateCorrected})
			continue
		}
		p.post("case_report", "CDC", k.sent, k)
		if k.kind != cardSuspected && p.dice.chance(0.02) {
			wrong := *k
			wrong.no += "X"
			p.phantom("case_report", "CDC", k.sent, &wrong)
		}
	}
}

// strays sends a few voids of records that nobody has ever sent.
func (p *postman) strays() {
	c := p.city
	for i, k := range c.cases {
		if i%120 == 60 {
			wrong := *k
			wrong.no += "Y"
			p.out = append(p.out, delivery{stream: "case_report", sender: "CDC", sent: k.sent, fact: &wrong, state: "作废", damage: "void_unknown", fate: fateRejected})
		}
	}
	for i, x := range c.exams {
		if i%20000 == 9000 && statedBy("exam", x.clinic.sender) {
			wrong := *x
			wrong.card += "Y"
			p.out = append(p.out, delivery{stream: "exam", sender: x.clinic.sender, sent: x.sent, fact: &wrong, state: "作废", damage: "void_unknown", fate: fateRejected})
		}
	}
}
