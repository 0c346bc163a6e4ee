-- id: S5
-- version: 1
-- position: 132
-- set: standard
-- title: 体检异常检出率 | Persons with an abnormal result
-- unit: share
-- direction: down
-- clause: 监测指标 S5：结论非“目前未见异常”人数/体检人数
-- calendar: 体检日期 | day of exam
-- strata: township, industry, size
-- numerator: 有任一结论非“目前未见异常”的受检者 | persons with any conclusion other than no abnormality
-- denominator: 受检者，每人每单位每期一次，不含复查 | persons examined, once an employer and period, re-examinations left out
-- flow: once
-- headline: all
-- variants: all, in_service
-- variant_all: 各类体检 | all kinds of exams
-- variant_in_service: 在岗期间体检 | in-service exams only
SELECT
    reading.1 AS variant, if(using_key = '', stg_exam.employer_key::String, using_key::String) AS employer_key,
    exam_date AS day, person_key AS entity, arrayExists(c -> c IN ('recheck', 'other', 'contra', 'suspect'), arrayPushBack(conclusion, conclusion_overall)) AS numerator, 1 AS denominator, 0 AS missing,
    [concat('exam:', toString(batch), ':', toString(row))] AS lines
FROM stg_exam
ARRAY JOIN arrayFilter(r -> r.2, [('all', true), ('in_service', exam_type = 'in')]) AS reading
