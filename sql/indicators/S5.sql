-- id: S5
-- version: 2
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
-- by_day: fct_exam_outcome = exam_date
-- headline: all
-- variants: all, in_service, four_class
-- breaks: 2026-08-01 = all > four_class: GBZ 188-2025取消“复查”结论，五类变四类，四类口径不计“复查” | GBZ 188-2025 drops the conclusion
--   of a re-examination, five classes become four, the reading by four classes leaves it out
-- variant_all: 各类体检 | all kinds of exams
-- variant_in_service: 在岗期间体检 | in-service exams only
-- variant_four_class: 四类结论：不把“复查”计为异常 | by four classes: a re-examination is no abnormal result
SELECT
    reading.1 AS variant, employer_key, exam_date AS day, person_key AS entity, hasAny(found, reading.2) AS numerator, 1 AS denominator, 0 AS missing,
    [line] AS lines
FROM fct_exam_outcome
ARRAY JOIN arrayFilter(r -> r.3, [
    ('all', ['recheck', 'other', 'contra', 'suspect'], true), ('in_service', ['recheck', 'other', 'contra', 'suspect'], exam_type = 'in'),
    ('four_class', ['other', 'contra', 'suspect'], true)]) AS reading
