-- id: S3
-- version: 2
-- position: 130
-- set: standard
-- title: 疑似职业病检出率 | Persons suspected of an occupational disease
-- unit: per_10000
-- direction: down
-- clause: 监测指标 S3：检出疑似职业病人数/体检人数（每万人）
-- calendar: 体检日期 | day of exam
-- strata: township, industry, size
-- numerator: 结论含疑似职业病的受检者 | persons with a conclusion of suspected disease
-- denominator: 受检者，每人每单位每期一次，不含复查 | persons examined, once an employer and period, re-examinations left out
-- flow: once
-- by_day: fct_exam_outcome = exam_date
-- headline: all
-- variants: all, in_service
-- variant_all: 各类体检，每人每单位计一次 | all kinds of exams, a person once an employer
-- variant_in_service: 在岗期间体检 | in-service exams only
SELECT
    reading.1 AS variant, employer_key, exam_date AS day, person_key AS entity, has(found, 'suspect') AS numerator, 1 AS denominator, 0 AS missing,
    [line] AS lines
FROM fct_exam_outcome
ARRAY JOIN arrayFilter(r -> r.2, [('all', true), ('in_service', exam_type = 'in')]) AS reading
