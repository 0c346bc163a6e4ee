package simulate

// deskHeadings returns the two forms of each stream that the desks of the city's departments use; both ask for the same.
func deskHeadings() map[string][]string {
	return map[string][]string{
		"follow_up": {
			"建档卡号=patient_card_no 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 随访日期=visit_date 随访方式=method 随访结果=result 死亡日期=death_date 现住乡镇=lives_at 联系电话=phone 职业病名称=disease_name 目前期别=stage 症状=symptoms 肺功能=lung_function 合并症=comorbidity 康复站点=rehab 救治救助分类=benefit_class 工伤认定=injury_recognised 伤残等级=disability_grade 工伤保险支付=payer_injury 用人单位支付=payer_employer 基本医保支付=payer_basic 医疗救助支付=payer_aid 困难家庭=income_poverty 下次随访日期=next_due 随访机构=visit_org 记录状态=record_state",
			"序号= 档案编号=patient_card_no *患者姓名=person_name *身份证号码=id_no 性别=sex 出生年月=birth_date *随访时间=visit_date *随访方法=method *随访结局=result 死亡时间=death_date 居住乡镇=lives_at 手机号=phone 病名=disease_name 尘肺期别=stage 主要症状=symptoms 肺功能损伤=lung_function 并发症=comorbidity 康复站=rehab 保障分类=benefit_class 是否工伤认定=injury_recognised 工伤伤残等级=disability_grade 工伤保险=payer_injury 单位支付=payer_employer 基本医保=payer_basic 医疗救助=payer_aid 是否低保=income_poverty 应随访日期=next_due 随访单位=visit_org 操作类型=record_state 备注=",
		},
		"project": {
			"项目编号=project_no 项目名称=project_name 统一社会信用代码=uscc 建设单位名称=employer_name 建设地点=township_code 行业类别=industry_code 来源部门=source_dept 审批（核准、备案）日期=approve_date 职业病危害风险分类=risk_class 预评价日期=pre_eval_date 防护设施设计评审=design_review_date 控制效果评价日期=control_eval_date 验收日期=accept_date 投产日期=production_date 项目状态=status 记录状态=record_state",
			"序号= 项目代码=project_no 建设项目名称=project_name 建设单位信用代码=uscc 建设单位=employer_name 所属乡镇=township_code 所属行业=industry_code 备案部门=source_dept 备案日期=approve_date 风险类别=risk_class 职业病危害预评价日期=pre_eval_date 设计评审日期=design_review_date 控评日期=control_eval_date 竣工验收日期=accept_date 投产时间=production_date 建设状态=status 操作标志=record_state",
		},
		"inspection": {
			"检查编号=inspection_no 统一社会信用代码=uscc 被检查单位=employer_name 所属乡镇=township_code 检查日期=inspect_date 执法单位=unit 检查类型=kind 检查内容=items 发现问题=findings 问题数=n_findings 整改期限=deadline 整改完成日期=closed_date 处罚种类=penalty_type 罚款金额(元)=penalty_sum 处罚日期=penalty_date 是否公示=published 记录状态=record_state",
			"序号= 执法文书编号=inspection_no 社会信用代码=uscc 用人单位名称=employer_name 所在乡镇=township_code 监督检查日期=inspect_date 监督机构=unit 监督检查类别=kind 检查事项=items 存在问题=findings 问题数量=n_findings 责令整改期限=deadline 整改日期=closed_date 行政处罚种类=penalty_type 罚款金额=penalty_sum 处罚决定日期=penalty_date 公示=published 操作标志=record_state",
		},
		"complaint": {
			"举报编号=complaint_no 举报日期=receive_date 渠道=channel 统一社会信用代码=uscc 被举报单位=employer_name 所属乡镇=township_code 举报事项=subject 受理单位=received_by 转办单位=handed_to 转办日期=handed_date 答复日期=answered_date 处理结果=result 记录状态=record_state",
			"工单编号=complaint_no 受理日期=receive_date 来源渠道=channel 信用代码=uscc 被投诉单位名称=employer_name 乡镇街道=township_code 投诉事项=subject 受理部门=received_by 承办单位=handed_to 交办日期=handed_date 办结日期=answered_date 办理结果=result 操作类型=record_state 备注=",
		},
		"event": {
			"事件编号=event_code 事件类型=kind 发生时间=start_time 统一社会信用代码=uscc 事发单位=employer_name 发生地点=township_code 致病因素=agent 接触人数=exposed 发病人数=ill 重症人数=severe 死亡人数=dead 事件分级=grade 报告时间=report_time 结案日期=closed 记录状态=record_state",
			"中毒事故编码=event_code 事故类型=kind 发生日期=start_time 社会信用代码=uscc 发生单位=employer_name 所属乡镇=township_code 毒物名称=agent 暴露人数=exposed 中毒人数=ill 重症=severe 死亡=dead 事故等级=grade 上报时间=report_time 结案时间=closed 操作标志=record_state",
		},
		"institution": {
			"机构编号=institution_code 机构名称=institution_name 统一社会信用代码=uscc 机构类别=kind 资质等级=level 业务范围=scope 有效期起=valid_from 有效期止=valid_to 备案号=filing_no 所属乡镇=township_code 机构状态=status 记录状态=record_state",
			"序号= 机构代码=institution_code 机构全称=institution_name 信用代码=uscc 机构类型=kind 级别=level 服务范围=scope 发证日期=valid_from 有效期至=valid_to 资质证书编号=filing_no 所在乡镇=township_code 资质状态=status 操作标志=record_state",
		},
		"demerit": {
			"机构编号=institution_code 机构名称=institution_name 机构类别=kind 记分日期=demerit_date 记分条款=clause 违规事实=fact 记分分值=points 记分失效日期=expires 记分文书编号=decision_no 记分机关=decided_by 记录状态=record_state",
			"序号= 机构代码=institution_code 被记分机构=institution_name 机构类型=kind 记分时间=demerit_date 依据条款=clause 违规行为=fact 记分=points 到期日期=expires 文书编号=decision_no 作出单位=decided_by 操作标志=record_state",
		},
		"exam_summary": {
			"总结报告编号=report_no 体检机构编号=institution_code 体检机构=institution_name 社会信用代码=uscc 用人单位名称=employer_name 体检类型=exam_type 体检危害因素=hazards 检查开始日期=exam_from 检查结束日期=exam_to 应检人数=n_due 实检人数=n_examined 目前未见异常人数=n_normal 复查人数=n_recheck 疑似职业病人数=n_suspect 职业禁忌证人数=n_contra 其他疾病或异常人数=n_other 未完成复查人数=n_recheck_open 报告日期=report_date 记录状态=record_state",
			"序号= 报告编号=report_no 机构代码=institution_code 机构名称=institution_name 统一社会信用代码=uscc 企业名称=employer_name 检查类别=exam_type 接害因素=hazards 体检开始日期=exam_from 体检结束日期=exam_to 委托人数=n_due 受检人数=n_examined 未见异常人数=n_normal 需复查人数=n_recheck 疑似人数=n_suspect 禁忌证人数=n_contra 其他异常人数=n_other 未复查人数=n_recheck_open 总结报告日期=report_date 操作标志=record_state",
		},
		"radiation_worker": {
			"统一社会信用代码=unit_uscc 放射工作单位=unit_name 放射工作单位类别=unit_kind 医疗机构级别=hospital_level 人员编号=worker_no 姓名=person_name 身份证号=id_no 性别=sex 出生日期=birth_date 职业照射种类代码=job_class 从事放射工作起始日期=start_date 离岗日期=end_date 放射工作人员证号=licence_no 放射防护培训日期=training_date 监测机构=dosimetry_org 记录状态=record_state",
			"序号= 社会信用代码=unit_uscc 单位名称=unit_name 单位类别=unit_kind 医院级别=hospital_level 剂量计佩戴者编号=worker_no 人员姓名=person_name 证件号码=id_no 性别=sex 出生年月日=birth_date 职业类别=job_class 上岗日期=start_date 停止放射工作日期=end_date 放射工作人员证书号=licence_no 最近培训日期=training_date 剂量监测机构=dosimetry_org 操作标志=record_state",
		},
	}
}
