-- id: S9e
-- version: 1
-- position: 153
-- set: standard
-- title: 检测报告报送及时率 | Detection reports sent in time
-- unit: share
-- direction: up
-- clause: 监测指标 S9e：出具后15个工作日内报送的检测报告数/检测报告数（GBZ 331-2024 4.2.2）
-- calendar: 报告出具日期 | day of issue
-- strata: township, industry, size
-- numerator: 出具后21天内报送的检测报告 | detection reports sent within 21 days of issue
-- denominator: 有报送日期的检测报告 | detection reports with a day of sending
-- flow: once
-- headline: days_21
-- variants: days_21
-- variant_days_21: 出具后21天（15个工作日，不扣节假日）内报送 | sent within 21 days, that is 15 working days without holidays
SELECT
    'days_21' AS variant, employer_key::String AS employer_key, max(issue_date) AS day, concat(institution_code, '\t', report_no) AS entity,
    ifNull(max(submit_date) <= addDays(day, 21), false) AS numerator, max(submit_date) IS NOT NULL AS denominator, NOT denominator AS missing,
    arraySort(groupUniqArray(concat('detection:', toString(batch), ':', toString(row)))) AS lines
FROM stg_detection
WHERE issue_date IS NOT NULL
GROUP BY employer_key, institution_code, report_no
