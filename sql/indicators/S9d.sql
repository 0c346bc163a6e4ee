-- id: S9d
-- version: 1
-- position: 152
-- title: 体检个案报告及时率 | Exam cards uploaded in time
-- unit: share
-- direction: up
-- clause: 监测指标 S9d：出具报告后15天内上传的个案数/个案数（15天凭记忆，未核实）
-- flow: sum
-- headline: days_15
-- variants: days_15
-- variant_days_15: 出具报告后15天内上传 | uploaded within 15 days of the report
SELECT
    'days_15' AS variant, if(using_key = '', stg_exam.employer_key::String, using_key::String) AS employer_key, ifNull(upload_date, exam_date) AS day, '' AS entity,
    ifNull(upload_date <= addDays(report_date, 15), false) AS numerator,
    upload_date IS NOT NULL AND report_date IS NOT NULL AS denominator, NOT denominator AS missing,
    [concat('exam:', toString(batch), ':', toString(row))] AS lines
FROM stg_exam
