-- name: fct_exam_hazard
-- title: 体检危害因素（完成） | Hazards examined
-- grain: one row per pre-placement or in-service exam and hazard whose conclusion is not pending
-- order: person_key, employer_key, hazard, exam_date
-- by_person_key: stg_exam
-- A conclusion 'recheck' keeps the exam completed for three months, and for good if a re-examination of the
-- same person followed within them.
WITH rechecks AS
(
    SELECT person_key, groupArray((exam_date, prev_exam_no::String, institution_code::String)) AS done
    FROM stg_exam
    WHERE is_reexam
    GROUP BY person_key
)
SELECT
    exam.person_key                                                        AS person_key,
    if(using_key = '', employer_key::String, using_key::String)        AS employer_key,
    exam_type::String                                                    AS exam_type,
    exam_date,
    hazard,
    if(indexOf(conclusion_hazard, hazard) > 0,
        conclusion[indexOf(conclusion_hazard, hazard)], conclusion_overall) AS result,
    if(result = 'recheck' AND NOT arrayExists(
            r -> r.1 BETWEEN exam_date AND addMonths(exam_date, 3)
                AND ((r.2 = exam_no AND r.2 != '') OR r.3 = institution_code), rechecks.done),
        addMonths(exam_date, 3), toDate32('2299-12-31'))                   AS completed_until
FROM stg_exam AS exam
LEFT JOIN rechecks ON rechecks.person_key = exam.person_key
ARRAY JOIN arrayDistinct(hazards_examined) AS hazard
WHERE NOT is_reexam AND exam_type IN ('pre', 'in') AND result != 'pending'
