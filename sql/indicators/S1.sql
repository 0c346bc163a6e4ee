-- id: S1
-- version: 1
-- position: 110
-- set: standard
-- title: 职业病危害因素超标率（岗位×因素） | Posts and factors over the limit
-- unit: share
-- direction: down
-- clause: 监测指标 S1：判定超标的岗位因素数/已判定的岗位因素数
-- calendar: 采样日期 | day of sampling
-- strata: township, industry, size
-- numerator: 判定超标的岗位×因素×限值种类 | posts × factors × kinds of limit judged over the limit
-- denominator: 已判定的岗位×因素×限值种类 | posts × factors × kinds of limit that could be judged
-- flow: sum
-- headline: point
-- variants: point, word
-- variant_point: 本系统重新判定的结果 | judged anew by ohwatch
-- variant_word: 技术服务机构的判定 | by the institution's word
-- A post and factor that could not be judged (no limit, quantification level above the limit) counts as missing.
SELECT
    reading.1 AS variant, employer_key, sample_date AS day, '' AS entity, reading.2 AS numerator, reading.3 AS denominator,
    reading.4 AS missing, arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), fct_detection_judgement.lines) AS lines
FROM fct_detection_judgement
ARRAY JOIN [
    ('point', state = 'over',  state IN ('over', 'within'), state NOT IN ('over', 'within')),
    ('word',  word = 'fail',   word IN ('fail', 'pass'),    word NOT IN ('fail', 'pass'))] AS reading
