-- id: S6
-- version: 1
-- position: 133
-- set: standard
-- title: 复查完成率 | Re-examinations done in time
-- unit: share
-- direction: up
-- clause: 监测指标 S6：30个工作日内完成复查人次/应复查人次（GBZ 188-2025 A.3）
-- calendar: 初检日期 | day of the first exam
-- strata: township, industry, size
-- numerator: 期限内完成复查的初检 | exams whose re-examination was done in time
-- denominator: 结论需复查、期限已过或已复查的初检 | exams that asked for a re-examination and whose deadline has passed or that were re-examined
-- flow: sum
-- headline: in_time
-- variants: in_time, ever
-- variant_in_time: 初检后42天（30个工作日，不扣节假日）内完成 | done within 42 days, that is 30 working days without holidays
-- variant_ever: 期限内外完成均计 | done at any time
-- An exam whose deadline has not passed and that has no answer yet is missing.
WITH rechecks AS
(
    SELECT person_key, groupArray((exam_date, prev_exam_no::String, institution_code::String, concat('exam:', toString(batch), ':', toString(row)))) AS done
    FROM stg_exam
    WHERE is_reexam
    GROUP BY person_key
),
wanted AS
(
    SELECT
        if(using_key = '', exam.employer_key::String, using_key::String) AS unit, exam_date,
        arrayFilter(r -> r.1 >= exam_date AND ((r.2 = exam_no AND r.2 != '') OR (r.2 = '' AND r.3 = institution_code)), rechecks.done) AS answers,
        if(notEmpty(answers), arrayMin(a -> a.1, answers), toDate32('2299-12-31'))  AS answered,
        addDays(exam_date, 42)                                                      AS deadline,
        arrayPushFront(arrayMap(r -> r.4, answers), concat('exam:', toString(exam.batch), ':', toString(exam.row))) AS lines
    FROM stg_exam AS exam
    LEFT JOIN rechecks ON rechecks.person_key = exam.person_key
    WHERE NOT is_reexam AND (conclusion_overall = 'recheck' OR has(conclusion, 'recheck'))
)
SELECT
    reading.1 AS variant, unit AS employer_key, exam_date AS day, '' AS entity, reading.2 AS numerator,
    decided AS denominator, NOT decided AS missing, lines
FROM
(
    SELECT *, answered <= deadline OR deadline < {today:Date32} AS decided FROM wanted
)
ARRAY JOIN [('in_time', decided AND answered <= deadline), ('ever', decided AND answered <= {today:Date32})] AS reading
