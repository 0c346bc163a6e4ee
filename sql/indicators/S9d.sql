-- id: S9d
-- version: 1
-- position: 152
-- set: standard
-- title: 体检个案报告及时率 | Exam cards uploaded in time
-- unit: share
-- direction: up
-- clause: 监测指标 S9d：出具报告后15天内上传的个案数/个案数（15天凭记忆，未核实）
-- calendar: 上传日期 | day of upload
-- strata: township, industry, size
-- numerator: 出具报告后15天内上传的体检个案 | exam records uploaded within 15 days of their report
-- denominator: 有出具和上传日期的体检个案 | exam records with both days
-- flow: sum
-- by_day: stg_exam = ifNull(upload_date, exam_date)
-- headline: days_15
-- variants: days_15
-- variant_days_15: 出具报告后15天内上传 | uploaded within 15 days of the report
SELECT
    'days_15' AS variant, if(using_key = '', stg_exam.employer_key::String, using_key::String) AS employer_key, ifNull(upload_date, exam_date) AS day, '' AS entity,
    ifNull(upload_date <= addDays(report_date, 15), false) AS numerator,
    upload_date IS NOT NULL AND report_date IS NOT NULL AS denominator, NOT denominator AS missing,
    [concat('exam:', toString(batch), ':', toString(row))] AS lines
FROM stg_exam
