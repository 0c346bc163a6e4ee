-- name: fct_exam_quarter
-- title: 各季度各乡镇体检人次与人数 | Exams and persons by quarter, township and kind of exam
-- grain: one row per calendar quarter, township and kind of exam with at least one exam
-- order: quarter, area, exam_type
-- by_quarter: stg_exam = toDate32(toStartOfQuarter(exam_date))
-- A person counts once in a row. Exams of employers that nobody knows stand under 'unassigned'.
SELECT
    toDate32(toStartOfQuarter(exam_date))                                          AS quarter,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                     AS area,
    exam_type::String                                                              AS exam_type,
    count()                                                                        AS n_exams,
    uniqExact(person_key)                                                          AS n_persons,
    uniqExactIf(person_key, conclusion_overall = 'suspect' OR has(conclusion, 'suspect'))  AS n_suspected
FROM
(
    SELECT if(using_key = '', employer_key, using_key)::String AS unit_key, exam_date, exam_type, person_key, conclusion_overall, conclusion
    FROM stg_exam
) AS exam
LEFT JOIN dim_employer ON dim_employer.employer_key = unit_key
GROUP BY quarter, area, exam_type
