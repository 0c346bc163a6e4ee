-- id: S11d
-- version: 1
-- position: 172
-- set: standard
-- title: 尘肺病晋期数 | Progressions of pneumoconiosis
-- unit: count
-- direction: down
-- clause: 监测指标 S11d：报告的晋期病例数
-- calendar: 报告日期 | day of report
-- strata: township, industry, size
-- numerator: 报告的晋期 | progressions reported
-- denominator: 无（计数）；率口径为期内随访的患者 | none, a count; for the rate the patients followed
-- flow: sum
-- headline: report
-- variants: report
-- variant_report: 按报告日期 | by day of report
SELECT 'report' AS variant, employer_key::String AS employer_key, report_date AS day, '' AS entity, 1 AS numerator, NULL::Nullable(Float64) AS denominator, 0 AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
WHERE report_kind = 'progression'
