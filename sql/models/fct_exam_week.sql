-- name: fct_exam_week
-- title: 各周各乡镇各行业体检人次 | Exams by ISO week, township and industry
-- grain: one row per ISO week, township and industry division with at least one exam
-- order: week_start, area, division
-- by_week_start: stg_exam = toDate32(toMonday(exam_date))
-- Exams of employers that nobody knows stand under 'unassigned' and 'unknown'.
SELECT
    toDate32(toMonday(exam_date))                                                          AS week_start,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                             AS area,
    if(dim_employer.division = '', 'unknown', dim_employer.division)                        AS division,
    sum(n)                                                                                 AS n_exams,
    sum(n_suspect)                                                                         AS n_suspected,
    sum(n_contra)                                                                          AS n_contraindicated
FROM
(
    SELECT
        if(using_key = '', stg_exam.employer_key, using_key)::String AS unit_key, exam_date, count() AS n,
        countIf(conclusion_overall = 'suspect' OR has(conclusion, 'suspect')) AS n_suspect,
        countIf(conclusion_overall = 'contra' OR has(conclusion, 'contra'))   AS n_contra
    FROM stg_exam
    GROUP BY unit_key, exam_date
) AS exam
LEFT JOIN dim_employer ON dim_employer.employer_key = unit_key
GROUP BY week_start, area, division
