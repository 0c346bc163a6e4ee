-- id: S9c
-- version: 1
-- position: 151
-- set: standard
-- title: 报告卡审核及时率 | Case reports reviewed in time
-- unit: share
-- direction: up
-- clause: 监测指标 S9c：7天内完成县级审核的卡片数/报告卡数（7天为建议值）
-- calendar: 报告日期 | day of report
-- strata: township, industry, size
-- numerator: 报告后7天内审核的卡片 | cards reviewed within 7 days of the report
-- denominator: 报告卡（已审核，或7天已过） | cards reviewed, or whose 7 days have passed
-- flow: sum
-- headline: days_7
-- variants: days_7
-- variant_days_7: 报告后7天内审核 | reviewed within 7 days of the report
SELECT
    'days_7' AS variant, employer_key::String AS employer_key, report_date AS day, '' AS entity,
    ifNull(review_date <= addDays(report_date, 7), false) AS numerator,
    review_date IS NOT NULL OR addDays(report_date, 7) < {today:Date32} AS denominator, NOT denominator AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
