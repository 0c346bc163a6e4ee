-- id: S11d
-- version: 2
-- position: 172
-- set: standard
-- title: 尘肺病晋期数 | Progressions of pneumoconiosis
-- unit: count
-- unit_rate: share
-- direction: down
-- clause: 监测指标 S11d：报告的晋期病例数
-- calendar: 报告日期 | day of report
-- strata: township, industry, size
-- numerator: 报告的晋期 | progressions reported
-- denominator: 无（计数）；率口径为期内随访的患者 | none, a count; for the rate the patients followed
-- flow: once
-- headline: report
-- variants: report, rate
-- variant_report: 期内报告晋期的患者 | patients with a progression reported in the period
-- variant_rate: 期内随访或报告晋期的患者中晋期者 | of patients followed up or with a progression in the period, those with one
SELECT
    reading AS variant, employer_key::String AS employer_key, report_date AS day, toString(person_key) AS entity, 1 AS numerator,
    if(reading = 'rate', 1, NULL)::Nullable(UInt8) AS denominator, 0 AS missing, [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
ARRAY JOIN ['report', 'rate'] AS reading
WHERE report_kind = 'progression'
UNION ALL
SELECT
    'rate', dim_patient.employer_key, visit_date, toString(stg_follow_up.person_key), 0, 1, 0, [concat('follow_up:', toString(batch), ':', toString(row))]
FROM stg_follow_up
LEFT JOIN dim_patient ON dim_patient.person_key = stg_follow_up.person_key
WHERE result = 'alive'
