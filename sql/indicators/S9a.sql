-- id: S9a
-- version: 2
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
-- variants: days_15, acute
-- variant_days_15: 诊断后15天内填报（急性事件除外） | reported within 15 days of diagnosis, acute events apart
-- variant_acute: 急性病例：发生后次日内填报（24小时，卡片只有日期） | acute cases: reported by the day after (24 hours; cards have days only)
SELECT
    if(is_acute, 'acute', 'days_15') AS variant, employer_key::String AS employer_key, report_date AS day, '' AS entity,
    event_code != '' OR ifNull(exposure_days > 0, false)        AS is_acute,
    if(is_acute, ifNull(occur_date, diagnosis_date), diagnosis_date) AS since,
    ifNull(report_date <= addDays(since, if(is_acute, 1, 15)), false) AS numerator, since IS NOT NULL AS denominator, since IS NULL AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM stg_case_report
WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '')
