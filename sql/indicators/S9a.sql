-- id: S9a
-- version: 1
-- position: 150
-- set: standard
-- title: 职业病报告及时率 | Case reports in time
-- unit: share
-- direction: up
-- clause: 监测指标 S9a：诊断后15天内报告的卡片数/职业病报告卡数
-- calendar: 报告日期 | day of report
-- strata: township, industry, size
-- numerator: 诊断后15天内报告的卡片 | cards reported within 15 days of diagnosis
-- denominator: 职业病报告卡（有诊断日期） | disease cards with a day of diagnosis
-- flow: sum
-- headline: days_15
-- variants: days_15
-- variant_days_15: 诊断后15天内填报 | reported within 15 days of diagnosis
SELECT
    'days_15' AS variant, employer_key::String AS employer_key, report_date AS day, '' AS entity,
    ifNull(report_date <= addDays(diagnosis_date, 15), false) AS numerator, diagnosis_date IS NOT NULL AS denominator, diagnosis_date IS NULL AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '')
