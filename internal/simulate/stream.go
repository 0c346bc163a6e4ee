package simulate

import (
	"fmt"
	"strconv"
	"strings"
)

// cell is one value of a row before a sender's habits give it its looks.
type cell struct {
	kind cellKind
	text string
	day  day
	n    int
}

type cellKind uint8

const (
	cellText cellKind = iota
	cellDate
	cellWhole
	cellNumber // text holds the digits
	cellMonth
	cellID // identity number
)

func text(s string) cell   { return cell{text: s} }
func date(d day) cell      { return cell{kind: cellDate, day: d} }
func whole(n int) cell     { return cell{kind: cellWhole, n: n} }
func number(s string) cell { return cell{kind: cellNumber, text: s} }

func decimal(v float64, decimals int) cell {
	return number(strconv.FormatFloat(v, 'f', decimals, 64))
}

// canonical returns the value without anybody's looks: what must be equal in two equal rows.
func (v cell) canonical() string {
	switch v.kind {
	case cellDate, cellMonth:
		return v.day.String()
	case cellWhole:
		return strconv.Itoa(v.n)
	}
	return v.text
}

// record is a row as a map from the contract's fields to cells.
type record map[string]cell

// alias returns the word that this row uses for a hazard: the catalogue's or, in a fifth of the rows, another one.
func (h *hazard) alias(salt uint64) string {
	if len(h.aliases) > 0 && share(salt, 0x11) < 0.22 {
		return h.aliases[mix(salt)%uint64(len(h.aliases))]
	}
	if h.id == "HZ-1-001" && share(salt, 0x12) < 0.7 {
		return "矽尘"
	}
	return h.name
}

func hazardList(hazards []*hazard, salt uint64, separator string) string {
	words := make([]string, len(hazards))
	for i, h := range hazards {
		words[i] = h.alias(salt)
	}
	return strings.Join(words, separator)
}

// recordOf puts a delivery on paper: the fields of its contract.
func (w *writer) recordOf(d *delivery) record {
	var rec record
	switch f := d.fact.(type) {
	case rosterRow:
		rec = w.rosterRecord(f)
	case *exam:
		rec = w.examRecord(f, d)
	case *result:
		rec = detectionRecord(f, d)
	case *reading:
		rec = doseRecord(f, d)
	case declaredFact:
		rec = declarationRecord(f, d)
	case *training:
		rec = trainingRecord(f, d)
	case *insuredMonth:
		rec = insuranceRecord(f, d)
	case *caseCard:
		rec = w.caseRecord(f, d)
	case *visit:
		rec = w.visitRecord(f, d)
	case *project:
		rec = w.projectRecord(f, d)
	case *inspection:
		rec = w.inspectionRecord(f, d)
	case *complaint:
		rec = w.complaintRecord(f, d)
	case *accident:
		rec = w.accidentRecord(f, d)
	case *listed:
		rec = w.listedRecord(f)
	case *demerit:
		rec = demeritRecord(f)
	case *summaryReport:
		rec = reportRecord(f, d)
	case *registered:
		rec = registeredRecord(f, d)
	}
	rec["record_state"] = text(d.state)
	return rec
}

func riskWord(severe bool) string {
	if severe {
		return "严重"
	}
	return "一般"
}

func sexWord(male bool) string {
	if male {
		return "男"
	}
	return "女"
}

func (w *writer) rosterRecord(f rosterRow) record {
	e := f.employer
	on := f.on
	name := e.nameOn(on)
	rec := record{
		"uscc": text(e.uscc), "employer_name": text(name), "employer_role": text("用人单位"), "register_address": text(e.address),
		"workplace_address": text(e.address), "workplace_no": whole(f.workplace), "industry_code": text(e.industry), "economic_type": text(e.economy),
		"size_class": text(e.sizeClass), "legal_rep": text(e.head), "contact_phone": text(e.phone), "start_date": date(e.start), "close_date": date(0),
		"status": text("在业"), "risk_class": text(riskWord(e.severe)), "former_names": text(""), "head_name": text(e.head),
	}
	if e.agency {
		rec["employer_role"] = text("劳务派遣")
	}
	if e.renamed != 0 && on >= e.renamed {
		rec["former_names"] = text(e.formerName)
	}
	if e.headChanged != 0 && on < e.headChanged {
		rec["head_name"], rec["legal_rep"] = text(e.oldHead), text(e.oldHead)
	}
	rec["oh_manager"] = text(strings.Join(e.managers, "、"))
	town := e.township
	if e.moved != 0 && on < e.moved {
		town = e.oldTown
	}
	switch {
	case town == "":
		rec["township_code"] = text(e.townName)
	case e.id%3 == 0:
		rec["township_code"] = text(w.city.townshipName(town))
	default:
		rec["township_code"] = text(town)
	}
	switch {
	case e.close != 0 && on >= e.close:
		rec["status"], rec["close_date"] = text("注销"), date(e.close)
	case e.stopped && on >= e.stopFrom:
		rec["status"] = text("停产")
	case e.moved != 0 && on >= e.moved && e.showsMove():
		rec["status"] = text("搬迁")
	}
	employees, exposed, dispatched, female := e.employees, e.exposed(), e.dispatched, min(e.female/3, e.exposed())
	if e.second > 0 {
		part := exposed / 4
		if f.workplace == 2 {
			employees, exposed, dispatched, female = e.second, part, 0, 0
			rec["workplace_address"] = text(e.address + "二厂区")
			rec["township_code"] = text(w.city.ref.townships[e.id%len(w.city.ref.townships)].code)
		} else {
			employees, exposed = e.employees-e.second, exposed-part
		}
	}
	rec["employees"], rec["exposed_total"], rec["dispatched"], rec["exposed_female"] = whole(employees), whole(exposed), whole(dispatched), whole(female)
	if f.badCode {
		rec["uscc"] = text(wrongCheck(e.uscc, usccAlphabet, mix(uint64(e.id)^uint64(on)<<16)))
	}
	if f.twin {
		rec["uscc"] = text(creditCode(90000 + e.id%9000))
		rec["employer_name"] = text(strings.Replace(name, "测试", "测试误录", 1))
	}
	return rec
}

// showsMove reports whether the roster says of an employer that moved that it has.
func (e *employer) showsMove() bool { return e.id%2 == 0 }

func (c *city) townshipName(code string) string {
	for _, t := range c.ref.townships {
		if t.code == code {
			return t.name
		}
	}
	return ""
}

func conclusionWord(conclusion string, salt uint64) string {
	variant := share(salt, 0x21) < 0.15
	switch conclusion {
	case concludedNormal:
		if variant {
			return "未见异常"
		}
		return "目前未见异常"
	case concludedRecheck:
		if variant {
			return "需复查"
		}
		return "复查"
	case concludedOther:
		if variant {
			return "其他异常"
		}
		return "其他疾病或异常"
	case concludedContra:
		if variant {
			return "职业禁忌症"
		}
		return "职业禁忌证"
	case concludedSuspect:
		return "疑似职业病"
	}
	return "暂无个体结论（未完成复查/补充检查）"
}

func examTypeWord(kind string, salt uint64) string {
	short := share(salt, 0x22) < 0.3
	words := map[string][2]string{
		examPre: {"上岗前职业健康检查", "上岗前"}, examIn: {"在岗期间职业健康检查", "在岗期间"}, examLeave: {"离岗时职业健康检查", "离岗时"},
		examPost: {"离岗后健康检查", "离岗后"}, examEmerg: {"应急健康检查", "应急"},
	}
	return words[kind][boolInt(short)]
}

// nameSlip returns the employer's name as somebody types it who does not look it up.
func nameSlip(name string, salt uint64) string {
	switch {
	case share(salt, 0x31) < 0.05:
		return strings.Replace(strings.Replace(name, "新郑市", "", 1), "有限公司", "公司", 1)
	case share(salt, 0x32) < 0.03:
		return " " + name + " "
	}
	return name
}

// codeAndName returns the employer's code and name as the row shows them. Now and then the code is missing or has a
// slip; then the name is right and known from the roster, so that the row can still be placed.
func codeAndName(e *employer, on day, salt uint64) (code, name string) {
	code, name = e.uscc, e.nameOn(on)
	plain := !e.discovered && e.renamed == 0 && e.start < on-400 && !strings.ContainsAny(name, "<=")
	switch u := share(salt, 0x33); {
	case plain && u < 0.004:
		return "", name
	case plain && u < 0.008:
		return wrongCheck(code, usccAlphabet, salt), name
	}
	return code, nameSlip(name, salt)
}

func (w *writer) examRecord(x *exam, d *delivery) record {
	wk := x.worker
	e := wk.employer
	p := wk.person
	separator := []string{";", "；", "、", ";"}[mix(uint64(x.clinic.code[3]))%4]
	rec := record{
		"report_card_id": text(x.card), "exam_no": text(x.no), "institution_code": text(x.clinic.code), "institution_name": text(x.clinic.name),
		"person_name": text(p.name), "id_type": text("居民身份证"), "id_no": {kind: cellID, text: p.idNo}, "sex": text(sexWord(p.male)), "birth_date": date(p.birth),
		"phone": text(p.phone), "workshop": text(wk.post.workshop), "post": text(wk.post.kind.post), "exam_type": text(examTypeWord(x.kind, x.salt)),
		"monitor_kind": text("常规监测"), "exam_date": date(x.on), "judge_date": date(x.judged), "report_date": date(x.reported), "upload_date": date(max(x.reported, x.sent)),
		"is_reexam": text("否"), "prev_exam_no": text(""), "using_uscc": text(""), "using_name": text(""), "doctor": text("测试医师"),
	}
	code, name := codeAndName(e, x.on, x.salt)
	if wk.dispatched != nil {
		rec["uscc"], rec["employer_name"] = text(wk.dispatched.uscc), text(wk.dispatched.name)
		rec["using_uscc"], rec["using_name"] = text(e.uscc), text(e.nameOn(x.on))
	} else {
		rec["uscc"], rec["employer_name"] = text(code), text(name)
	}
	if x.reexamOf != nil {
		rec["is_reexam"], rec["prev_exam_no"] = text("是"), text(x.reexamOf.no)
	}
	months := wk.exposureMonths(x.on)
	total := months + int(mix(x.salt)%40)
	rec["total_years"], rec["total_months"] = whole(total/12), whole(total%12)
	rec["exposure_years"], rec["exposure_months"] = whole(months/12), whole(months%12)
	exposed := wk.post.kind.hazards
	rec["hazards_exposed"] = text(hazardList(exposed, x.salt, separator))
	rec["hazards_examined"] = text(hazardList(x.examined, x.salt, separator))
	if x.kind == examLeave || x.kind == examPost { // here coverage does not depend on the words
		switch u := share(x.salt, 0x41); {
		case u < 0.05:
			rec["hazards_exposed"], rec["hazards_examined"] = text("粉尘"), text("粉尘")
		case u < 0.08:
			rec["hazards_exposed"], rec["hazards_examined"] = text("苯系物"), text("苯系物")
		case u < 0.10:
			rec["hazards_exposed"] = text("有害气体")
		}
	}
	var packed, suspected, contra []string
	for i, f := range x.findings {
		said := f.conclusion
		if d.draft && f.first != "" {
			said = f.first
		}
		word := x.examined[i].alias(x.salt)
		packed = append(packed, word+"_"+conclusionWord(said, x.salt))
		switch said {
		case concludedSuspect:
			suspected = append(suspected, word+"_"+f.disease)
		case concludedContra:
			contra = append(contra, word+"_"+f.disease)
		}
	}
	rec["conclusion_overall"] = text(conclusionWord(x.overall(d.draft), x.salt))
	rec["conclusions"] = text(strings.Join(packed, ";"))
	rec["suspected_disease"], rec["contraindication"] = text(strings.Join(suspected, ";")), text(strings.Join(contra, ";"))
	// slips that load with a warning
	if share(x.salt, 0x51) < 0.002 {
		rec["sex"] = text(sexWord(!p.male))
	}
	if share(x.salt, 0x52) < 0.003 {
		rec["exposure_years"] = whole(min(x.on.year()-p.birth.year()+1, 75))
	}
	if share(x.salt, 0x53) < 0.003 {
		rec["birth_date"] = date(p.birth + 1)
	}
	if share(x.salt, 0x54) < 0.01 {
		rec["id_no"] = cell{kind: cellID, text: strings.ToLower(p.idNo)}
	}
	if d.draft && x.settled == 0 { // what the first card had wrong
		rec["exposure_years"] = whole(months/12 + 1)
		rec["post"] = text("普工")
	}
	return rec
}

func testWord(kind string) string {
	return map[string]string{testPeriodic: "定期检测", testStatus: "现状评价", testControl: "控制效果评价", testSupervision: "监督检测", testMonitoring: "主动监测"}[kind]
}

func detectionRecord(x *result, d *delivery) record {
	t := x.round
	e := t.employer
	code, name := codeAndName(e, t.on, t.salt)
	rec := record{
		"report_no": text(t.reportNo), "task_no": text(t.taskNo), "institution_code": text(t.lab.code), "institution_name": text(t.lab.name),
		"uscc": text(code), "employer_name": text(name), "workplace_address": text(e.address), "test_kind": text(testWord(t.kind)), "survey_date": date(t.survey),
		"sample_date": date(t.on), "lab_date": date(t.analysed), "issue_date": date(t.issued), "submit_date": date(max(t.sent, t.issued)), "risk_class": text(riskWord(e.severe)),
		"samplers": text("测试甲、测试乙"), "sample_no": text(x.sampleNo), "unit_area": text("生产单元"), "workshop": text(x.post.workshop), "post": text(x.post.kind.post),
		"point": text(x.post.workshop + strconv.Itoa(x.point) + "号点"), "hazard": text(x.hazard.alias(x.salt)), "fraction": text(x.fraction), "limit_type": text(x.limitType),
		"hours_day": decimal(x.hoursDay, 1), "days_week": whole(5), "unit": text(x.unit), "limit_value": number(trimFloat(x.limit)), "exposed": whole(x.post.headCount()),
		"method": text("定点"), "lod": text(""), "free_sio2_pct": text(""), "judgement": text("符合"), "facility_running": text("正常"),
	}
	if x.personal {
		rec["method"] = text("个体")
	}
	if x.silica > 0 {
		rec["free_sio2_pct"] = decimal(x.silica, 1)
	}
	if x.lod > 0 {
		rec["lod"] = number(trimFloat(x.lod))
	}
	if x.over {
		rec["judgement"] = text("不符合")
		if share(x.salt, 0x61) < 0.01 {
			rec["judgement"] = text("符合") // the institution's slip: the word is kept, the mismatch shows
		}
	}
	decimals := 2
	switch {
	case x.unit == "dB(A)" || x.unit == "℃" || x.limit >= 20:
		decimals = 1
	case x.limit < 0.2:
		decimals = 3
	}
	value := x.value
	if d.draft {
		value = value*1.1 + 0.1
	}
	rec["value"] = decimal(value, decimals)
	if x.below && !d.draft {
		lod := trimFloat(x.lod)
		switch u := share(x.salt, 0x62); {
		case u < 0.45:
			rec["value"] = text("<" + lod)
		case u < 0.7:
			rec["value"] = text("＜" + lod)
		case u < 0.92:
			rec["value"] = text("未检出")
		default:
			rec["value"] = text("ND")
		}
	}
	return rec
}

func trimFloat(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func doseRecord(x *reading, d *delivery) record {
	w := x.worker
	p := w.person
	rec := record{
		"unit_uscc": text(w.unit.uscc), "unit_name": text(w.unit.nameOn(x.to)), "unit_kind": text(w.unitKind), "hospital_level": text(w.level), "worker_no": text(w.no),
		"person_name": text(p.name), "id_no": {kind: cellID, text: p.idNo}, "sex": text(sexWord(p.male)), "birth_date": date(p.birth), "job_class": text(w.class),
		"start_date": date(w.start), "end_date": date(0), "dosimetry_org": text(w.lab.name), "report_no": text(x.reportNo), "period_start": date(x.from), "period_end": date(x.to),
		"period_no": text(fmt.Sprintf("%d年第%d季度", x.to.year(), x.to.quarter())), "position": text(x.position), "quantity": text(x.quantity), "mdl": decimal(x.mdl, 2),
		"is_nominal": text("否"), "nominal_method": text(""), "dosimeter_status": text(x.status), "read_date": date(x.read), "report_date": date(x.report),
	}
	if w.end != 0 && x.sent >= w.end {
		rec["end_date"] = date(w.end)
	}
	switch {
	case x.nominal:
		rec["is_nominal"], rec["nominal_method"], rec["value"] = text("是"), text("同岗位人员均值"), decimal(x.value, 2)
	case x.status != "正常":
		rec["value"] = text("")
	case d.draft:
		rec["value"] = decimal(x.value+0.5, 2)
	case x.below:
		half := trimFloat(x.mdl / 2)
		switch u := share(x.salt, 0x71); {
		case u < 0.4:
			rec["value"] = text("<" + trimFloat(x.mdl))
		case u < 0.6:
			rec["value"] = text("<MDL")
		case u < 0.85:
			rec["value"] = text(half + "(MDL/2)")
		default:
			rec["value"] = text("＜" + trimFloat(x.mdl))
		}
	default:
		rec["value"] = decimal(x.value, 2)
	}
	if d.draft && (x.nominal || x.status != "正常") {
		rec["report_no"] = text(x.reportNo + "-1")
	}
	return rec
}

func declarationRecord(f declaredFact, d *delivery) record {
	rec0 := f.receipt
	row := rec0.rows[f.row]
	e := rec0.employer
	salt := mix(rec0.salt + uint64(f.row))
	code, name := codeAndName(e, rec0.accepted, rec0.salt)
	n := row.post.headCount()
	rec := record{
		"declaration_no": text(rec0.no), "uscc": text(code), "employer_name": text(name),
		"declare_type": text(map[string]string{"first": "初次", "annual": "年度更新", "change": "变更"}[rec0.kind]), "declare_date": date(rec0.declared), "accept_date": date(rec0.accepted),
		"workshop": text(row.post.workshop), "post": text(row.post.kind.post), "hazard": text(row.hazard.alias(salt)), "exposed": whole(n), "exposed_female": whole(n / 5),
		"ppe": text("防护用品齐全"), "facility": text("通风除尘"),
	}
	if d.draft {
		rec["exposed"] = whole(n + 3)
	}
	return rec
}

func trainingRecord(t *training, d *delivery) record {
	code, name := codeAndName(t.employer, t.on, t.salt)
	rec := record{
		"uscc": text(code), "employer_name": text(name), "person_role": text(map[string]string{"head": "主要负责人", "manager": "职业卫生管理人员", "worker": "劳动者"}[t.role]),
		"person_name": text(t.name), "train_type": text(map[string]string{"first": "初次", "refresher": "继续"}[t.kind]), "train_date": date(t.on), "hours": number(trimFloat(t.hours)),
		"result": text("合格"), "certificate_no": text(t.certificate), "valid_to": date(t.validTo), "organiser": text(t.organiser), "headcount": text(""),
	}
	if !t.passed {
		rec["result"] = text("不合格")
	}
	if t.headcount > 0 {
		rec["headcount"] = whole(t.headcount)
	}
	if d.draft {
		rec["hours"] = number(trimFloat(t.hours + 1))
	}
	return rec
}

func insuranceRecord(m *insuredMonth, d *delivery) record {
	code, name := codeAndName(m.employer, m.month, m.salt)
	rec := record{"uscc": text(code), "employer_name": text(name), "period": {kind: cellMonth, day: m.month}, "insured_count": whole(m.insured), "employees_due": text(""), "project_cover": text("否")}
	if m.due > 0 {
		rec["employees_due"] = whole(m.due)
	}
	if d.draft {
		rec["insured_count"] = whole(m.insured + 5)
	}
	return rec
}

func (w *writer) caseRecord(k *caseCard, d *delivery) record {
	p := k.person
	info := w.city.ref.diseases[k.disease]
	rec := record{
		"card_no": text(k.no), "card_kind": text(map[string]string{cardSuspected: "疑似职业病", cardDisease: "职业病", cardPneumoconiosis: "尘肺病"}[k.kind]),
		"report_kind": text(map[string]string{"new": "新病例", "progression": "晋期", "death": "死亡"}[k.report]), "person_name": text(p.name), "id_no": {kind: cellID, text: p.idNo},
		"sex": text(sexWord(p.male)), "birth_date": date(p.birth), "age": whole(int(k.reported-p.birth) * 100 / 36525), "phone": text(p.phone), "address": text("河南省新郑市测试村"),
		"uscc": text(""), "employer_name": text("无用人单位"), "employer_exists": text("否"), "source": text(k.source), "disease_category": text(info.category), "disease_name": text(k.disease),
		"hazard": text(k.hazard.name), "stat_post": text(k.post), "exposure_years": text(""), "exposure_months": text(""), "exposure_days": text(""), "occur_date": date(k.occurred),
		"diagnosis_date": date(k.diagnosed), "stage": text(""), "stage_date_1": date(0), "death_date": date(k.death), "severity": text(k.severity), "event_code": text(k.event),
		"simultaneous": text(""), "diagnosis_org": text(k.diagnosedBy()), "report_org": text(k.reportOrg), "reporter": text("测试填卡员"), "report_date": date(k.reported), "review_date": date(k.reviewed),
		"linked_suspect_card": text(""), "outcome_of_suspect": text(""),
	}
	if e := k.employer; e != nil {
		rec["uscc"], rec["employer_name"], rec["employer_exists"] = text(e.uscc), text(e.nameOn(k.reported)), text("是")
		rec["economic_type"], rec["industry_code"], rec["size_class"] = text(e.economy), text(e.industry), text(e.sizeClass)
	}
	if k.months >= 0 {
		rec["exposure_years"], rec["exposure_months"] = whole(k.months/12), whole(k.months%12)
	}
	if k.days > 0 {
		rec["exposure_days"] = whole(int(k.days))
	}
	if k.simultaneous > 0 {
		rec["simultaneous"] = whole(k.simultaneous)
	}
	if k.stage > 0 {
		rec["stage"] = text([]string{"壹期", "贰期", "叁期"}[k.stage-1])
		if k.stage == 1 {
			rec["stage_date_1"] = date(k.diagnosed)
		}
	}
	if k.suspect != nil && k.suspect.sent != 0 {
		rec["linked_suspect_card"] = text(k.suspect.no)
	}
	if !d.draft {
		rec["outcome_of_suspect"] = text(map[string]string{"diagnosed": "已诊断", "excluded": "排除", "not_entered": "未进入诊断", "lost": "失访"}[k.outcome])
	} else if k.kind != cardSuspected { // what is revised later
		rec["stat_post"] = text("其他")
		if k.stage > 1 {
			rec["stage"] = text("壹期")
		}
	}
	return rec
}
