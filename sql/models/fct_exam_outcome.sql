-- name: fct_exam_outcome
-- title: 体检结论（含复查结果） | What exams found, re-examinations included
-- grain: one row per examination that is no re-examination
-- order: employer_key, exam_date, person_key
-- by_person_key: stg_exam
-- A re-examination is no exam of its own: what it found belongs to the exam that asked for it, and to the day of that exam. It is
-- known by the number of that exam, or without one by the person and the institution, and counts within three months.
WITH rechecks AS
(
    SELECT person_key, groupArray((exam_date, prev_exam_no::String, institution_code::String, conclusion_overall::String, arrayMap(c -> c::String, conclusion))) AS done
    FROM stg_exam
    WHERE is_reexam
    GROUP BY person_key
)
SELECT
    exam.person_key                                                       AS person_key,
    if(using_key = '', exam.employer_key::String, using_key::String)      AS employer_key,
    institution_code::String                                              AS institution,
    exam_type::String                                                     AS exam_type,
    exam_date,
    arrayDistinct(arrayConcat([conclusion_overall::String], arrayMap(c -> c::String, conclusion), arrayFlatten(arrayMap(r -> arrayPushBack(r.5, r.4),
        arrayFilter(r -> r.1 BETWEEN exam_date AND addMonths(exam_date, 3) AND ((r.2 = exam_no AND r.2 != '') OR (r.2 = '' AND r.3 = institution_code)),
            rechecks.done)))))                                            AS found,
    concat('exam:', toString(batch), ':', toString(row))                  AS line
FROM stg_exam AS exam
LEFT JOIN rechecks ON rechecks.person_key = exam.person_key
WHERE NOT is_reexam
