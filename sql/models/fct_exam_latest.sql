-- name: fct_exam_latest
-- title: 每人每因素最近一次体检与应检日期 | Latest exam of a person for a hazard, and when the next one is due
-- grain: one row per person and hazard with at least one completed pre-placement or in-service exam
-- order: person_key, hazard
-- by_person_key: fct_exam_hazard; stg_exam
-- due_date is the exam date and the cycle in force on it; empty where no exam in service is mandatory, or where an exam on
-- leaving came later. The next exam is overdue when due_date lies before today.
SELECT
    latest.person_key                                                                           AS person_key,
    latest.hazard                                                                               AS hazard,
    last_date                                                                                   AS exam_date,
    last_employer                                                                               AS employer_key,
    last_result                                                                                 AS result,
    if(months = 0 OR left_date >= last_date, NULL, addMonths(last_date, months))::Nullable(Date32) AS due_date
FROM
(
    SELECT
        person_key, hazard::String AS hazard, max(exam_date) AS last_date,
        (argMax((h.employer_key::String, h.result::String), (h.exam_date, h.exam_type, h.employer_key, h.result)) AS last).1 AS last_employer,
        last.2 AS last_result
    FROM fct_exam_hazard AS h
    GROUP BY person_key, hazard
) AS latest
LEFT JOIN
(
    SELECT person_key, max(exam_date) AS left_date FROM stg_exam WHERE exam_type IN ('leave', 'post') GROUP BY person_key
) AS leaving ON leaving.person_key = latest.person_key
LEFT JOIN
(
    SELECT hazard::String AS cycle_hazard, groupArray((edition_from, edition_to, months)) AS editions FROM dim_exam_cycle WHERE basis = '' GROUP BY cycle_hazard
) AS cycles ON cycle_hazard = latest.hazard
ARRAY JOIN [arrayFirst(e -> last_date BETWEEN e.1 AND e.2, editions).3] AS months
