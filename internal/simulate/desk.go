package simulate

import (
	"fmt"
	"strings"
	"time"
)

// The desks of the city's departments write down what the examinations, measurements and cards do not hold: visits of
// patients, projects, inspections, complaints, acute events, institutions and their demerit points, summary reports
// and the register of radiation workers. They have dice of their own, so that all other papers stay as they are.

// deskStream reports whether the stream comes from those desks.
func deskStream(stream string) bool {
	switch stream {
	case "follow_up", "project", "inspection", "complaint", "event", "institution", "demerit", "exam_summary", "radiation_worker":
		return true
	}
	return false
}

// deskBucket returns the stretch of time whose rows share a desk's file: the years long ago together, then a year,
// of this one a half.
func deskBucket(c *city, d day) bucket {
	y, m, _ := d.date()
	last := c.until.year()
	switch {
	case y == last:
		_, end, _ := c.until.date()
		if m <= time.June {
			end = min(end, time.June)
		}
		return bucket{year: y, month: int(end)}
	case y == last-1:
		return bucket{year: y, quarter: 4}
	}
	return bucket{year: max(y, last-5)}
}

// bucketFor returns the stretch of time whose rows share a file of the stream.
func bucketFor(c *city, stream string, d day) bucket {
	if deskStream(stream) {
		return deskBucket(c, d)
	}
	return bucketOf(c, d)
}

// desks puts on their way what the desks wrote.
func (p *postman) desks() {
	c := p.city
	for _, v := range c.sortedVisits() {
		p.post("follow_up", "SFZX", v.sent, v)
	}
	for _, x := range c.projects {
		p.versions("project", "FGW", x.milestones(), 8, x)
	}
	for _, x := range c.inspections {
		p.versions("inspection", "JDS", x.versions(), 0, x)
		if p.dice.chance(0.003) {
			wrong := *x
			wrong.no += "X"
			p.phantom("inspection", "JDS", x.sent, &wrong)
		}
	}
	for _, x := range c.complaints {
		p.versions("complaint", "WJW", x.versions(), 0, x)
	}
	for _, x := range c.accidents {
		p.versions("event", "CDC", []day{x.sent, max(x.sent+1, x.closed+4)}, 0, x)
	}
	for _, x := range c.listed {
		p.out = append(p.out, delivery{stream: "institution", sender: "WJW", sent: x.sent, fact: x})
	}
	for _, x := range c.demerits {
		p.out = append(p.out, delivery{stream: "demerit", sender: "WJW", sent: x.sent, fact: x})
	}
	for _, x := range c.reports {
		p.post("exam_summary", "TJZX", x.sent, x)
	}
	for _, x := range c.register {
		days := []day{x.sent}
		if end := x.worker.end; end > x.sent {
			days = append(days, end+10)
		}
		p.versions("radiation_worker", "FSWS", days, 0, x)
	}
}

// versions sends a record again whenever something has been added to it: what the row shows is what had happened
// lag days before it was sent. A version is left out when the papers end before it.
func (p *postman) versions(stream, sender string, days []day, lag day, fact any) {
	for i, on := range days {
		d := delivery{stream: stream, sender: sender, sent: on + lag, fact: fact}
		if d.sent > p.city.until {
			return
		}
		if i > 0 {
			d.fate, d.state = fateCorrected, "修改"
		} else if r := p.dice; d.sent < p.city.until-110 {
			for _, bad := range slips(stream).damages {
				if r.chance(bad.rate) {
					broken := d
					broken.damage, broken.fate = bad.code, fateRejected
					p.out = append(p.out, broken)
					break
				}
			}
		}
		p.out = append(p.out, d)
	}
}

// seen returns the day as a row sent on that date shows it: a day still to come is left open.
func seen(d, sent day) cell {
	if d > sent {
		return date(0)
	}
	return date(d)
}

func (w *writer) town(code string) cell { return text(w.city.townshipName(code)) }

func (w *writer) projectRecord(p *project, d *delivery) record {
	e := p.employer
	code, name := codeAndName(e, p.approved, p.salt)
	on := d.sent - 8
	rec := record{
		"project_no": text(p.no), "project_name": text(p.name), "uscc": text(code), "employer_name": text(name), "township_code": w.town(e.township),
		"industry_code": text(e.industry), "source_dept": text(p.dept), "approve_date": date(p.approved), "risk_class": text(riskWord(p.severe)),
		"pre_eval_date": seen(p.pre, on), "design_review_date": seen(p.design, on), "control_eval_date": seen(p.control, on), "accept_date": seen(p.accepted, on),
		"production_date": seen(p.starts, on), "status": text(p.standing(on)),
	}
	if p.salt%12 == 0 {
		rec["township_code"] = text("")
	}
	return rec
}

func (w *writer) inspectionRecord(x *inspection, d *delivery) record {
	code, name := codeAndName(x.employer, x.on, x.salt)
	rec := record{
		"inspection_no": text(x.no), "uscc": text(code), "employer_name": text(name), "township_code": text(""), "inspect_date": date(x.on), "unit": text("测试卫生监督所"),
		"kind": text(x.kind), "items": text("申报、检测、体检"), "findings": text("无"), "n_findings": whole(len(x.findings)), "deadline": date(x.deadline),
		"closed_date": seen(x.closed, d.sent), "penalty_type": text(""), "penalty_sum": text(""), "penalty_date": seen(x.penalised, d.sent), "published": text(""),
	}
	if x.hasTown && x.employer.area() != areaUnassigned {
		rec["township_code"] = w.town(x.employer.township)
	}
	if len(x.findings) > 0 {
		rec["findings"] = text(strings.Join(x.findings, []string{"；", ";", "、"}[x.salt%3]))
	}
	if x.salt%5 == 0 {
		rec["n_findings"] = text("")
	}
	if x.penalised != 0 && x.penalised <= d.sent {
		rec["penalty_type"], rec["published"] = text(x.penalty), text([]string{"否", "是"}[boolInt(x.published)])
		if x.fine > 0 {
			rec["penalty_sum"] = whole(x.fine)
		}
	}
	return rec
}

func (w *writer) complaintRecord(x *complaint, d *delivery) record {
	rec := record{
		"complaint_no": text(x.no), "receive_date": date(x.received), "channel": text(x.channel), "uscc": text(""), "employer_name": text("不详"), "township_code": w.town(x.township),
		"subject": text(x.subject), "received_by": text("测试卫生健康委员会"), "handed_to": text(""), "handed_date": seen(x.handed, d.sent), "answered_date": seen(x.answered, d.sent), "result": text(""),
	}
	if x.employer != nil {
		code, name := codeAndName(x.employer, x.received, x.salt)
		rec["uscc"], rec["employer_name"] = text(code), text(name)
	}
	if x.handed != 0 && x.handed <= d.sent {
		rec["handed_to"] = text(x.handedTo)
	}
	if x.answered != 0 && x.answered <= d.sent {
		rec["result"] = text(x.result)
	}
	return rec
}

func (w *writer) accidentRecord(x *accident, d *delivery) record {
	rec := record{
		"event_code": text(x.code), "kind": text("急性职业中毒"), "start_time": date(x.on), "uscc": text(""), "employer_name": text("不详"), "township_code": text(""), "agent": text("一氧化碳"),
		"exposed": whole(x.ill + 4), "ill": whole(x.ill), "severe": whole(x.ill / 6), "dead": whole(0), "grade": text("一般"), "report_time": date(x.report), "closed": seen(x.closed, d.sent),
	}
	if x.ill >= 10 {
		rec["grade"] = text("较大")
	}
	if e := x.employer; e != nil {
		rec["uscc"], rec["employer_name"], rec["township_code"] = text(e.uscc), text(e.nameOn(x.on)), w.town(e.township)
	}
	return rec
}

func (w *writer) listedRecord(l *listed) record {
	return record{
		"institution_code": text(l.code), "institution_name": text(l.name), "uscc": text(l.uscc), "kind": text(l.kind), "level": text(l.level), "scope": text(l.scope),
		"valid_from": date(l.from), "valid_to": date(l.to), "filing_no": text(l.filing), "township_code": w.town(l.township), "status": text(l.status),
	}
}

func demeritRecord(x *demerit) record {
	return record{
		"institution_code": text(x.institution.code), "institution_name": text(x.institution.name), "kind": text(x.kind), "demerit_date": date(x.on), "clause": text(x.clause),
		"fact": text(x.fact), "points": whole(x.points), "expires": date(x.on.addYears(1) - 1), "decision_no": text(x.no), "decided_by": text("测试卫生健康委员会"),
	}
}

func reportRecord(s *summaryReport, d *delivery) record {
	code, name := codeAndName(s.employer, s.to, s.salt)
	rec := record{
		"report_no": text(s.no), "institution_code": text(s.clinic.code), "institution_name": text(s.clinic.name), "uscc": text(code), "employer_name": text(name),
		"exam_type": text(examTypeWord(examIn, s.salt)), "hazards": text(hazardList(s.hazards, s.salt, ";")), "exam_from": date(s.from), "exam_to": date(s.to),
		"n_due": whole(s.due), "n_examined": whole(s.examined), "n_normal": whole(s.said[concludedNormal]), "n_recheck": whole(s.said[concludedRecheck]),
		"n_suspect": whole(s.said[concludedSuspect]), "n_contra": whole(s.said[concludedContra]), "n_other": whole(s.said[concludedOther]),
		"n_recheck_open": whole(s.recheckOpen), "report_date": date(s.report),
	}
	if d.draft {
		rec["n_normal"] = whole(s.said[concludedNormal] + 1)
	}
	return rec
}

func registeredRecord(x *registered, d *delivery) record {
	w := x.worker
	p := w.person
	return record{
		"unit_uscc": text(w.unit.uscc), "unit_name": text(w.unit.nameOn(x.sent)), "unit_kind": text(w.unitKind), "hospital_level": text(w.level), "worker_no": text(w.no),
		"person_name": text(p.name), "id_no": {kind: cellID, text: p.idNo}, "sex": text(sexWord(p.male)), "birth_date": date(p.birth), "job_class": text(w.class),
		"start_date": date(w.start), "end_date": seen(w.end, d.sent), "licence_no": text(fmt.Sprintf("FS%08d", x.salt%100000000)), "training_date": date(x.trained),
		"dosimetry_org": text(w.lab.name),
	}
}
