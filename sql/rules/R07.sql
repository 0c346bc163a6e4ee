-- id: R07
-- version: 1
-- title: 首次诊断即为贰期、叁期尘肺病 | Stage II or III at first diagnosis
-- message: {object}：{what}首次诊断即为{stage}期（{reported}报告），请回查漏检
--   | {object}: {what} of stage {stage} at first diagnosis (reported {reported}); look back at missed exams
-- severity: orange
-- addressee: CDC, JDS
-- due: 15 days
-- life: event
-- source: proposal (rules.md A)
-- params: from_stage = 2, lookback_days = 90
-- The stage of the first card of the person and the disease.
SELECT
    if(fct_case.employer_key = '', 'person', 'employer')                         AS object_kind,
    if(fct_case.employer_key = '', toString(person_key), fct_case.employer_key)  AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name,
        fct_case.employer_name != '', fct_case.employer_name, substring(toString(person_key), 1, 8)) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    card_no                                                                      AS cause,
    toFloat64OrZero(stage)                                                       AS score,
    map('stage', stage, 'reported', toString(report_date), 'what', if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_name, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
WHERE fct_case.is_pneumoconiosis AND toUInt8OrZero(stage) >= {from_stage:UInt8}
    AND report_date <= {week_end:Date32} AND report_date > addDays({week_end:Date32}, -{lookback_days:Int32})
