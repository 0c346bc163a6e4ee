-- id: S4
-- version: 2
-- position: 131
-- set: standard
-- title: 职业禁忌证检出率 | Persons with a contraindication
-- unit: share
-- direction: down
-- clause: 监测指标 S4：检出职业禁忌证人数/体检人数
-- calendar: 体检日期 | day of exam
-- strata: township, industry, size
-- numerator: 结论含职业禁忌证的受检者 | persons with a conclusion of contraindication
-- denominator: 受检者，每人每单位每期一次，不含复查 | persons examined, once an employer and period, re-examinations left out
-- flow: once
-- by_day: fct_exam_outcome = exam_date
-- headline: in_service
-- variants: in_service, pre
-- variant_in_service: 在岗期间体检 | in-service exams
-- variant_pre: 上岗前体检 | pre-placement exams
SELECT
    exam_type_read AS variant, employer_key, exam_date AS day, person_key AS entity, has(found, 'contra') AS numerator, 1 AS denominator, 0 AS missing,
    [line] AS lines
FROM (SELECT *, transform(exam_type, ['in', 'pre'], ['in_service', 'pre'], '') AS exam_type_read FROM fct_exam_outcome)
WHERE exam_type_read != ''
