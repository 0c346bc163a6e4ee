-- id: R13
-- version: 1
-- title: 确诊后未见工伤认定 | Diagnosed case without recognition as injury
-- message: {what}患者（{employer}）诊断后{days}天未见工伤认定
--   | patient with {what} ({employer}): no recognition as work injury {days} days after the diagnosis
-- severity: yellow
-- addressee: RSJ, TS
-- due: 30 days
-- life: state
-- source: memory: the employer applies within 30 days, the worker within a year
-- params: days = 60, max_days = 365
-- No stream carries the application; what follow-up visits say about recognition (工伤认定) stands for it. Patients whose employer no longer exists
-- are left to R36.
WITH
    {week_end:Date32} AS day,
    gone AS (SELECT card_no FROM stg_case_report WHERE employer_exists = 'no'),
    recognised AS (SELECT person_key FROM stg_follow_up WHERE ifNull(injury_recognised, false) AND visit_date <= day)
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    card_no                                                                      AS cause,
    toFloat64(dateDiff('day', ifNull(diagnosis_date, report_date), day) AS waited) AS score,
    map('days', toString(waited), 'employer', if(dim_employer.employer_name = '', fct_case.employer_name, dim_employer.employer_name), 'what', if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_name, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
WHERE waited > {days:Int32} AND waited <= {max_days:Int32} AND report_date <= day
    AND person_key NOT IN (SELECT person_key FROM recognised) AND card_no NOT IN (SELECT card_no FROM gone)
