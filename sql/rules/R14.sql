-- id: R14
-- version: 1
-- title: 病例来自未建档或未申报单位 | Case from an employer not on the roster or not declared
-- message: {object}：报告{what}病例（{reported}），该单位{why}
--   | {object}: case of {what} (reported {reported}) from an employer {why}
-- severity: red
-- addressee: JDS, TS
-- due: 10 working days
-- life: state
-- source: points 5 and 8 of the source document
-- params: max_days = 365
-- New cases of the last max_days whose employer has no row in the roster, or never had a declaration accepted. Each half is silent while its stream
-- is empty. A case that names no employer says nothing.
WITH
    {week_end:Date32} AS day,
    (SELECT count() FROM stg_employer) AS n_roster,
    (SELECT count() FROM stg_declaration) AS n_declared,
    fct_case.employer_key NOT IN (SELECT employer_key::String FROM stg_employer) AS is_unlisted,
    fct_case.employer_key NOT IN (SELECT employer_key::String FROM stg_declaration WHERE accept_date <= day) AS is_undeclared
SELECT
    'employer'                                                                   AS object_kind,
    fct_case.employer_key                                                        AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, fct_case.employer_name != '', fct_case.employer_name, fct_case.employer_key) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'red'                                                                        AS severity,
    card_no                                                                      AS cause,
    if(is_unlisted AND is_undeclared, 2, 1)                                      AS score,
    map('reported', toString(report_date), 'why', multiIf(is_unlisted AND n_roster > 0, '不在名录中', '从未申报职业病危害'),
        'why_en', if(is_unlisted AND n_roster > 0, 'that is not on the roster', 'that never declared its hazards'), 'what', if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_name, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
WHERE report_date <= day AND report_date > addDays(day, -{max_days:Int32}) AND fct_case.employer_key != ''
    AND ((is_unlisted AND n_roster > 0) OR (is_undeclared AND n_declared > 0))
