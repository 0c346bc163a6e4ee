package simulate

import (
	"fmt"
	"strings"
	"time"
)

// column is one column of a sender's files.
type column struct {
	heading string
	group   string // heading of the line above, for two-line headings
	field   string // of the contract; "" for columns that nobody needs, such as 序号
}

// headings returns the columns of a stream in one of its dialects. A sender keeps its dialect, so that a row sent
// twice has the same columns.
func headings(stream string, dialect int) []column {
	specs := map[string][]string{
		"employer": {
			"统一社会信用代码=uscc 用人单位名称=employer_name 曾用名=former_names 单位性质=employer_role 注册地址=register_address 作业场所地址=workplace_address 工作场所序号=workplace_no 所属乡镇=township_code 行业代码=industry_code 经济类型=economic_type 企业规模=size_class 职工人数=employees 劳务派遣人员数量=dispatched 接触职业病危害因素人数=exposed_total 接触职业病危害因素女工人数=exposed_female 职业病危害风险分类=risk_class 法定代表人=legal_rep 主要负责人=head_name 职业卫生管理人员=oh_manager 联系电话=contact_phone 建厂日期=start_date 注销日期=close_date 经营状态=status 记录状态=record_state",
			"序号= 信用代码=uscc 企业名称=employer_name 曾用名=former_names 单位性质=employer_role 企业注册地址=register_address 通讯地址=workplace_address 工作场所序号=workplace_no 所属地区=township_code 行业类别=industry_code 登记注册类型=economic_type 企业规模=size_class 在册职工人数=employees 外委人数=dispatched 接害人数(人)=exposed_total 接触职业病危害因素女工人数=exposed_female 风险类别=risk_class 法人代表=legal_rep 主要负责人=head_name 职业卫生安全负责人=oh_manager 联系电话=contact_phone 投产时间=start_date 注销日期=close_date 经营状态=status 操作标志=record_state 备注=",
			"社会信用代码=uscc *单位名称=employer_name 曾用名=former_names 单位性质=employer_role 单位注册地址=register_address 工作场所地址=workplace_address 工作场所序号=workplace_no 街道=township_code 所属行业=industry_code 经济类型=economic_type 企业规模=size_class *职工总人数=employees 劳务派遣人员数量=dispatched *接害人数=exposed_total 接触职业病危害因素女工人数=exposed_female 风险类别=risk_class 法人代表=legal_rep 主要负责人=head_name 职业卫生管理人员=oh_manager 联系电话=contact_phone 建厂日期=start_date 注销日期=close_date 经营状态=status 操作类型=record_state",
		},
		"exam": {
			"报告卡编号=report_card_id 体检编号=exam_no 体检机构编号=institution_code 体检机构=institution_name 社会信用代码=uscc 用人单位名称=employer_name 用工单位统一社会信用代码=using_uscc 用工单位名称=using_name 姓名=person_name 证件类型=id_type 证件号码=id_no 性别=sex 出生日期=birth_date 人员联系电话=phone 车间=workshop 工种名称=post 总工龄年数=total_years 总工龄月数=total_months 接害工龄年数=exposure_years 接害工龄月数=exposure_months 体检类型=exam_type 监测类型=monitor_kind 接触的职业病危害因素=hazards_exposed 体检危害因素=hazards_examined 体检日期=exam_date 主检判定日期=judge_date 报告出具日期=report_date 报告日期=upload_date 是否复检=is_reexam 上次体检号=prev_exam_no 体检结论=conclusion_overall 各危害因素体检结论=conclusions 疑似职业病名称=suspected_disease 职业禁忌证名称=contraindication 操作标志=record_state",
			"序号= 个案卡编号=report_card_id 体检号=exam_no 机构代码=institution_code 填报机构=institution_name 统一社会信用代码=uscc 企业名称=employer_name 用工单位统一社会信用代码=using_uscc 用工单位名称=using_name 人员姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 工作部门=workshop 工种=post 接害工龄=exposure_years 接害工龄月数=exposure_months 体检种类=exam_type 接害因素=hazards_exposed 体检危害因素=hazards_examined 体检日期=exam_date 报告打印日期=report_date 上传日期=upload_date 是否为复检=is_reexam 上次体检号=prev_exam_no 主检结论=conclusion_overall 分项结论=conclusions 疑似职业病名称=suspected_disease 职业禁忌证名称=contraindication 主检医师=doctor 备注=",
			"*报告卡编号=report_card_id *体检编号=exam_no *机构代码=institution_code *报告单位=institution_name *社会信用代码=uscc *用人单位名称=employer_name 用工单位统一社会信用代码=using_uscc 用工单位名称=using_name *姓名=person_name *证件号码=id_no *性别=sex *出生日期=birth_date 手机号= *岗位=post *接害工龄年数(年)=exposure_years 接害工龄月数(月)=exposure_months *体检类别=exam_type *接害因素=hazards_exposed *体检危害因素=hazards_examined *体检日期=exam_date *报告出具日期=report_date *填报日期=upload_date *是否复检=is_reexam 上次体检号=prev_exam_no *个案结论=conclusions *体检结论=conclusion_overall 疑似职业病名称=suspected_disease 职业禁忌证名称=contraindication",
			// only the overall conclusion
			"序号= 报告卡编号=report_card_id 体检号=exam_no 机构代码=institution_code 体检机构=institution_name 社会信用代码=uscc 企业名称=employer_name 用工单位统一社会信用代码=using_uscc 用工单位名称=using_name 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 工种=post 接害工龄年数=exposure_years 接害工龄月数=exposure_months 在岗状态=exam_type 接触的职业病危害因素=hazards_exposed 体检危害因素=hazards_examined 体检日期=exam_date 报告打印日期=report_date 填报日期=upload_date 是否复检=is_reexam 上次体检号=prev_exam_no 体检结论=conclusion_overall 疑似职业病名称=suspected_disease 职业禁忌证名称=contraindication",
		},
		"detection": {
			"报告编号=report_no 检测任务编号=task_no 技术服务机构=institution_code 技术服务机构名称=institution_name 统一社会信用代码=uscc 用人单位名称=employer_name 工作场所地址=workplace_address 检测类别=test_kind 现场调查日期=survey_date 采样与测量日期=sample_date 实验室检测日期=lab_date 报告出具日期=issue_date 报送日期=submit_date 职业病危害风险分类=risk_class 采样与测量人员=samplers 样品或测量编号=sample_no 单元=unit_area 车间=workshop 岗位（工种）=post 采样与测量对象（或地点、时机）=point 采样方式=method 检测项目=hazard 粉尘类型=fraction 游离二氧化硅含量(%)=free_sio2_pct 限值类型=limit_type 日接触时间(h/d)=hours_day 周工作天数=days_week 检测结果=value 最低定量浓度=lod 单位=unit 职业接触限值=limit_value 结果判定=judgement 接触人数=exposed 防护设施运行=facility_running 操作标志=record_state",
			"序号= 报告编号=report_no 检测任务编号=task_no 检测机构=institution_code 检测机构名称=institution_name 信用代码=uscc 企业名称=employer_name 检测类别=test_kind 采样日期=sample_date 报告出具日期=issue_date 报送日期=submit_date 风险类别=risk_class 样品编号=sample_no 工作场所=workshop 岗位=post 检测地点=point 采样方式=method 职业病危害因素=hazard 总尘呼尘=fraction 限值类型=limit_type 日接触时间=hours_day 测量值=value 最低检出浓度=lod 单位=unit 职业接触限值=limit_value 是否合格=judgement 接触人数=exposed 备注=",
			"检测报告编号=report_no 任务编号=task_no 检测机构=institution_code 检测机构名称=institution_name 社会信用代码=uscc 受检单位=employer_name 技术服务地址=workplace_address 检测类别=test_kind 现场调查日期=survey_date 采样日期=sample_date 报告出具日期=issue_date 报送日期=submit_date 职业病危害风险分类=risk_class 样品编号=sample_no 单元=unit_area 车间=workshop 工种=post 检测点=point 采样方式=method 检测项目=hazard 粉尘类型=fraction 游离二氧化硅含量=free_sio2_pct 限值类型=limit_type 日接触时间=hours_day 周工作天数=days_week 检测结果=value 最低定量浓度=lod 单位=unit 职业接触限值=limit_value 评价结论=judgement 接触人数=exposed",
		},
		"dose": {
			"统一社会信用代码=unit_uscc 放射工作单位=unit_name 放射工作单位类别=unit_kind 医疗机构级别=hospital_level 人员编号=worker_no 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 职业照射种类代码=job_class 从事放射工作起始日期=start_date 离岗日期=end_date 监测机构=dosimetry_org 检测报告编号=report_no 佩戴起始日期=period_start 佩戴终止日期=period_end 监测周期=period_no 佩戴位置=position 剂量量=quantity 剂量(mSv)=value 最低探测水平MDL=mdl 是否名义剂量=is_nominal 确定方法=nominal_method 剂量计状态=dosimeter_status 测量日期=read_date 报告日期=report_date 记录状态=record_state",
			"序号= 社会信用代码=unit_uscc 单位名称=unit_name 单位类别=unit_kind 医疗机构级别=hospital_level 剂量计佩戴者编号=worker_no 姓名=person_name 证件号码=id_no 性别=sex 出生日期=birth_date 职业类别=job_class 从事放射工作起始日期=start_date 离岗日期=end_date 检测机构=dosimetry_org 检测报告编号=report_no 佩戴起始日期=period_start 佩戴终止日期=period_end 监测周期=period_no 佩戴位置=position 剂量量=quantity 个人剂量当量=value MDL=mdl 是否名义剂量=is_nominal 确定方法=nominal_method 剂量计状态=dosimeter_status 测量日期=read_date 报告日期=report_date 备注=",
			"放射工作单位=unit_name 统一社会信用代码=unit_uscc 单位类别=unit_kind 人员编号=worker_no 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 职业类别=job_class 从事放射工作起始日期=start_date 离岗日期=end_date 监测机构=dosimetry_org 佩戴起始日期=period_start 佩戴终止日期=period_end 佩戴位置=position 剂量量=quantity 剂量(mSv)=value 最低探测水平(MDL)=mdl 是否名义剂量=is_nominal 确定方法=nominal_method 剂量计状态=dosimeter_status 检测报告编号=report_no 报告日期=report_date",
		},
		"declaration": {
			"申报编号=declaration_no 统一社会信用代码=uscc 用人单位名称=employer_name 申报类别=declare_type 申报日期=declare_date 受理日期=accept_date 作业场所名称=workshop 岗位=post 职业病危害因素名称=hazard 接触人数=exposed 接触女工人数=exposed_female 个体防护用品=ppe 工程防护设施=facility 记录状态=record_state",
			"序号= 回执编号=declaration_no 社会信用代码=uscc 单位名称=employer_name 申报类别=declare_type 申报日期=declare_date 受理日期=accept_date 车间=workshop 工种=post 危害因素名称（代码）=hazard 接触职业病危害人数(人)=exposed 接触女工人数=exposed_female 个体防护用品=ppe 工程防护设施=facility 操作标志=record_state",
			"回执编号=declaration_no 信用代码=uscc *企业名称=employer_name *申报类别=declare_type *申报日期=declare_date *受理日期=accept_date *车间=workshop *岗位=post *职业病危害因素名称=hazard *接触人数=exposed 接触女工人数=exposed_female 个体防护用品=ppe 工程防护设施=facility 操作类型=record_state 备注=",
		},
		"training": {
			"统一社会信用代码=uscc 用人单位名称=employer_name 培训对象类别=person_role 姓名=person_name 培训类型=train_type 培训日期=train_date 学时=hours 考核结果=result 证书编号=certificate_no 有效期至=valid_to 培训机构=organiser 人数=headcount 记录状态=record_state",
			"序号= 信用代码=uscc 企业名称=employer_name 培训对象类别=person_role 姓名=person_name 培训类型=train_type 培训日期=train_date 学时(h)=hours 考核结果=result 证书编号=certificate_no 有效期至=valid_to 培训机构=organiser 人数=headcount 操作标志=record_state",
			"单位名称=employer_name 社会信用代码=uscc *姓名=person_name *培训对象类别=person_role *培训类型=train_type *培训日期=train_date *学时=hours *考核结果=result 证书编号=certificate_no 有效期至=valid_to 培训机构=organiser 人数=headcount 操作类型=record_state 备注=",
		},
		"insurance": {
			"统一社会信用代码=uscc 单位名称=employer_name 参保月份=period 参保人数=insured_count 应参保人数=employees_due 按项目参保=project_cover",
			"序号= 社会信用代码=uscc 用人单位名称=employer_name 参保月份=period 参保人数(人)=insured_count 应参保人数(人)=employees_due 按项目参保=project_cover 备注=",
			"信用代码=uscc 企业名称=employer_name 参保月份=period *参保人数=insured_count 应参保人数=employees_due 按项目参保=project_cover",
		},
		"case_report": {
			"卡片编号=card_no 报告卡类别=card_kind 报告类别=report_kind 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 年龄=age 联系电话=phone 常住地址(省市县乡村)=address 统一社会信用代码=uscc 用人单位名称=employer_name 经济类型=economic_type 行业=industry_code 企业规模=size_class 用人单位是否存在=employer_exists 病人来源=source 职业病种类=disease_category 职业病名称=disease_name 职业病危害因素=hazard 统计工种=stat_post 专业工龄年=exposure_years 专业工龄月=exposure_months 接触时间天=exposure_days 发生日期=occur_date 诊断日期=diagnosis_date 尘肺期别=stage 壹期诊断日期=stage_date_1 中毒程度=severity 中毒事故编码=event_code 同时中毒人数=simultaneous 死亡日期=death_date 诊断机构=diagnosis_org 填卡单位=report_org 填卡人=reporter 报告日期=report_date 审核日期=review_date 关联疑似卡号=linked_suspect_card 疑似处置结果=outcome_of_suspect 操作标志=record_state",
			"序号= 报告卡编号=card_no 报告卡类别=card_kind 报告类别=report_kind 姓名=person_name 证件号码=id_no 性别=sex 出生日期=birth_date 年龄=age 联系电话=phone 常住地址=address 社会信用代码=uscc 企业名称=employer_name 经济类型=economic_type 行业类别=industry_code 企业规模=size_class 用人单位是否存在=employer_exists 病例来源=source 职业病种类=disease_category 具体病名=disease_name 危害因素=hazard 统计工种=stat_post 接害工龄=exposure_years 接害工龄月=exposure_months 接触时间天=exposure_days 发生日期=occur_date 诊断日期=diagnosis_date 期别=stage 壹期诊断日期=stage_date_1 中毒程度=severity 中毒事故编码=event_code 同时中毒人数=simultaneous 死亡日期=death_date 诊断机构=diagnosis_org 报告单位=report_org 填卡人=reporter 填卡日期=report_date 审核日期=review_date 关联疑似卡号=linked_suspect_card 疑似处置结果=outcome_of_suspect 记录状态=record_state",
			"*卡片编号=card_no *报告卡类别=card_kind *报告类别=report_kind *姓名=person_name *身份证号=id_no *性别=sex *出生日期=birth_date 年龄(岁)=age 联系电话=phone 常住地址=address 信用代码=uscc *用人单位名称=employer_name 经济类型=economic_type 行业=industry_code 企业规模=size_class 劳动关系是否明确=employer_exists *病人来源=source 职业病种类=disease_category *职业病名称=disease_name *职业病危害因素=hazard 统计工种=stat_post 接尘工龄=exposure_years 接尘工龄月=exposure_months 接触时间天=exposure_days 发生日期=occur_date 诊断日期=diagnosis_date 尘肺期别=stage 壹期诊断日期=stage_date_1 中毒程度=severity 中毒事故编码=event_code 同时中毒人数=simultaneous 死亡日期=death_date 诊断机构=diagnosis_org 填卡单位=report_org 填卡人=reporter *填卡日期=report_date 审核日期=review_date 关联疑似卡号=linked_suspect_card 疑似处置结果=outcome_of_suspect 操作类型=record_state",
		},
	}
	all := specs[stream]
	if deskStream(stream) {
		all = deskHeadings()[stream]
	}
	var out []column
	for _, s := range strings.Fields(all[dialect%len(all)]) {
		heading, field, _ := strings.Cut(s, "=")
		out = append(out, column{heading: heading, field: field, group: groupOf(field)})
	}
	return out
}

// groupOf returns the upper line of a two-line heading, "" for a column that stands alone.
func groupOf(field string) string {
	switch field {
	case "uscc", "employer_name", "using_uscc", "using_name", "unit_uscc", "unit_name", "unit_kind", "hospital_level":
		return "单位信息"
	case "person_name", "id_no", "sex", "birth_date", "id_type", "worker_no":
		return "人员信息"
	case "employees", "dispatched", "exposed_total", "exposed_female":
		return "人数"
	case "period_start", "period_end", "period_no":
		return "佩戴周期"
	case "conclusion_overall", "conclusions", "suspected_disease", "contraindication":
		return "检查结论"
	}
	return ""
}

// habit is how a sender writes its files.
type habit struct {
	dialect  int
	encoding string // utf-8, utf-8-bom or gb18030
}

func habitOf(stream, sender string, b bucket) habit {
	switch stream {
	case "exam":
		switch sender {
		case "JG01":
			return habit{0, "utf-8-bom"}
		case "JG02":
			return habit{0, "gb18030"}
		case "JG03":
			return habit{1, "utf-8"}
		case "JG04":
			return habit{1, "gb18030"}
		case "JG05":
			return habit{3, "utf-8-bom"}
		case "JG06":
			return habit{2, "utf-8"}
		case "PT01":
			return habit{0, "utf-8"}
		}
		return habit{2, "gb18030"}
	case "detection":
		switch sender {
		case "JC01":
			return habit{0, "gb18030"}
		case "JC02":
			return habit{1, "utf-8-bom"}
		case "JC03":
			return habit{2, "utf-8"}
		}
		return habit{0, "utf-8"}
	case "dose":
		if sender == "JL01" {
			return habit{0, "utf-8-bom"}
		}
		return habit{1 + boolInt(b.year%2 == 0)*0, "gb18030"}
	}
	// the city's own departments change their forms over the years
	return habit{b.year % 3, []string{"utf-8-bom", "gb18030", "utf-8"}[(b.year+len(stream))%3]}
}

// bucket is the stretch of time whose rows share a file: a year long ago, a quarter of last year, a month of this one.
type bucket struct {
	year, quarter, month int  // quarter or month 0 when not used
	newYear              bool // the roster of 1 January
}

// end returns the last day of the stretch.
func (b bucket) end() day {
	switch {
	case b.newYear:
		return dayOf(b.year, 1, 1)
	case b.month > 0:
		return dayOf(b.year, time.Month(b.month+1), 1) - 1
	case b.quarter > 0:
		return dayOf(b.year, time.Month(3*b.quarter+1), 1) - 1
	}
	return dayOf(b.year, 12, 31)
}

func bucketOf(c *city, d day) bucket {
	y, m, _ := d.date()
	switch last := c.until.year(); {
	case y == last:
		return bucket{year: y, month: int(m)}
	case y == last-1:
		return bucket{year: y, quarter: d.quarter()}
	}
	return bucket{year: y}
}

// name returns the beginning of the file names, sorting in the order of time.
func (b bucket) name() string {
	switch {
	case b.month > 0:
		return fmt.Sprintf("%d%02d", b.year, b.month)
	case b.quarter > 0:
		return fmt.Sprintf("%dQ%d", b.year, b.quarter)
	}
	return fmt.Sprint(b.year)
}

// xlsxFile reports whether a sender sends that stretch as a workbook.
func xlsxFile(stream, sender string, b bucket) bool {
	switch stream {
	case "employer":
		return b.month > 0 || b.quarter == 0 && b.year%8 == 2
	case "exam":
		return sender == "PT02" && b.month > 0
	case "detection":
		return sender == "JC03" && b.month > 0
	case "dose":
		return sender == "JL02" && b.month > 0
	case "declaration":
		return b.quarter == 3
	case "training":
		return b.month > 0
	case "insurance":
		return b.month == 11 || b.month == 3
	case "case_report":
		return b.month > 0 || b.year%2 == 1
	case "follow_up", "exam_summary", "institution":
		return b.month > 0
	case "project", "inspection":
		return b.quarter > 0
	case "complaint", "radiation_worker":
		return b.year%2 == 1
	}
	return false
}
