-- id: S11d
-- version: 1
-- position: 172
-- title: 尘肺病晋期数 | Progressions of pneumoconiosis
-- unit: count
-- direction: down
-- clause: 监测指标 S11d：报告的晋期病例数
-- flow: sum
-- headline: report
-- variants: report
-- variant_report: 按报告日期 | by day of report
SELECT 'report' AS variant, employer_key::String AS employer_key, report_date AS day, '' AS entity, 1 AS numerator, NULL::Nullable(Float64) AS denominator, 0 AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
WHERE report_kind = 'progression'
