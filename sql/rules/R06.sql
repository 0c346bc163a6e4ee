-- id: R06
-- version: 1
-- title: 接尘不足5年的新发尘肺病 | New pneumoconiosis after less than five years of dust
-- message: {object}：接尘仅{years}年{months}个月即诊断{what}（{reported}报告）
--   | {object}: {what} after only {years} years and {months} months of dust exposure (reported {reported})
-- severity: red
-- addressee: WJW, JDS, TS
-- due: 10 working days
-- life: event
-- source: goal T8 of the source document; days are a proposal
-- params: months = 60, lookback_days = 90
SELECT
    if(fct_case.employer_key = '', 'person', 'employer')                         AS object_kind,
    if(fct_case.employer_key = '', toString(person_key), fct_case.employer_key)  AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name,
        fct_case.employer_name != '', fct_case.employer_name, substring(toString(person_key), 1, 8)) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'red'                                                                        AS severity,
    card_no                                                                      AS cause,
    toFloat64({months:Int32} - exposure_months)                                  AS score,
    map('years', toString(intDiv(exposure_months, 12)), 'months', toString(exposure_months % 12),
        'stage', stage, 'reported', toString(report_date),
        'what', if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_name, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
WHERE fct_case.is_pneumoconiosis AND exposure_months < {months:Int32}
    AND report_date <= {week_end:Date32} AND report_date > addDays({week_end:Date32}, -{lookback_days:Int32})
