-- id: S1p
-- version: 1
-- position: 112
-- set: standard
-- title: 超标岗位率 | Posts over the limit
-- unit: share
-- direction: down
-- clause: 监测指标 S1p：超标岗位数/已检测岗位数
-- calendar: 采样日期 | day of sampling
-- strata: township, industry, size
-- numerator: 任一因素超标的岗位 | posts over the limit for any factor
-- denominator: 有判定结果的岗位 | posts with a judged result
-- flow: once
-- headline: post
-- variants: post
-- variant_post: 任一因素超标的岗位 | over the limit for any factor
SELECT
    'post' AS variant, employer_key, sample_date AS day, concat(workshop, '\t', post) AS entity,
    state = 'over' AS numerator, state IN ('over', 'within') AS denominator, 0 AS missing,
    arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), fct_detection_judgement.lines) AS lines
FROM fct_detection_judgement
