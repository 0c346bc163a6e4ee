-- id: S1x
-- version: 1
-- position: 113
-- set: standard, plan
-- title: 工作场所职业病危害因素监测合格率 | Posts and factors within the limit
-- unit: share
-- direction: up
-- target: 2025 = 0.85
-- clause: 国家职业病防治规划（2021—2025年）监测合格率85%以上（凭记忆，未核实）
-- calendar: 采样日期 | day of sampling
-- strata: township, industry, size
-- numerator: 判定符合的岗位×因素×限值种类 | posts × factors × kinds of limit judged within the limit
-- denominator: 已判定的岗位×因素×限值种类 | posts × factors × kinds of limit that could be judged
-- flow: sum
-- headline: point
-- variants: point
-- variant_point: 判定为符合的岗位因素 | posts and factors judged within the limit
SELECT
    'point' AS variant, employer_key, sample_date AS day, '' AS entity,
    state = 'within' AS numerator, state IN ('over', 'within') AS denominator, state NOT IN ('over', 'within') AS missing,
    arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), fct_detection_judgement.lines) AS lines
FROM fct_detection_judgement
