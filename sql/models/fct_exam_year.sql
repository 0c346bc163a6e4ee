-- name: fct_exam_year
-- title: 各年度在岗体检覆盖 | In-service exams by year and employer
-- grain: one row per calendar year and employer with at least one in-service exam in it
-- order: year, employer_key
-- by_employer_key: dim_employer; stg_exam = if(using_key = '', employer_key, using_key)
-- n_persons are the workers examined in service in the year, each once; exposed is what the roster says of the employer now. The
-- coverage of a year is the sum of the first over that of the second, by whatever one likes. T3 is the reading
-- with declarations, cycles and reading dates.
SELECT
    toYear(exam_date)                                                  AS year,
    unit_key                                                           AS employer_key,
    any(if(dim_employer.area = '', 'unassigned', dim_employer.area))   AS area,
    any(if(dim_employer.division = '', 'unknown', dim_employer.division)) AS division,
    count()                                                            AS n_exams,
    uniqExact(person_key)                                              AS n_persons,
    any(dim_employer.exposed_total)                                    AS exposed,
    least(n_persons, exposed)                                          AS covered
FROM (SELECT if(using_key = '', stg_exam.employer_key, using_key)::String AS unit_key, exam_date, person_key FROM stg_exam WHERE exam_type = 'in') AS exam
LEFT JOIN dim_employer ON dim_employer.employer_key = unit_key
GROUP BY year, employer_key
