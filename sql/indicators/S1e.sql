-- id: S1e
-- version: 2
-- position: 111
-- set: standard
-- title: 检测超标用人单位占比 | Employers with a post over the limit
-- unit: share
-- direction: down
-- clause: 监测指标 S1e：有超标岗位的用人单位数/已检测用人单位数
-- calendar: 采样日期 | day of sampling
-- strata: township, industry, size
-- numerator: 最近一份报告中有超标岗位的用人单位 | employers whose latest report in the period has a post over the limit
-- denominator: 期内有判定结果的用人单位 | employers with a judged result in the period
-- flow: latest
-- headline: employer
-- variants: employer
-- variant_employer: 期内最近一份报告有超标岗位的用人单位 | with a post over the limit in the latest report of the period
-- The reports of a period are put in order by their last day of sampling; of two on one day the one with an over-limit post counts.
SELECT
    'employer' AS variant, employer_key, max(sample_date) AS day, '' AS entity,
    max(state = 'over') AS numerator, max(state IN ('over', 'within')) AS denominator, 0 AS missing,
    arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), groupArrayArray(fct_detection_judgement.lines)) AS lines
FROM fct_detection_judgement
GROUP BY employer_key, institution_code, report_no
