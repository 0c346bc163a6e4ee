-- name: fct_training_status
-- title: 培训情况（按读数日） | Training on each reading date
-- grain: one row per key-industry employer with hazards and reading date
-- order: as_of_date, employer_key
-- by_employer_key: dim_employer; fct_employer_reading; stg_training
-- A passed record holds until its printed end, else for twelve months.
WITH records AS
(
    SELECT
        employer_key::String AS employer_key,
        groupArrayIf((train_date, ifNull(valid_to, addMonths(train_date, 12)), ifNull(name_key, toUUID('00000000-0000-0000-0000-000000000000'))),
            person_role = 'head')    AS heads,
        groupArrayIf((train_date, ifNull(valid_to, addMonths(train_date, 12)), ifNull(name_key, toUUID('00000000-0000-0000-0000-000000000000'))),
            person_role = 'manager') AS managers
    FROM stg_training
    WHERE result = 'pass' AND person_role IN ('head', 'manager')
    GROUP BY employer_key
)
SELECT
    reading.as_of_date                                                                    AS as_of_date,
    reading.employer_key                                                                  AS employer_key,
    arrayExists(r -> as_of_date BETWEEN r.1 AND r.2, heads)                               AS has_trained_head,
    arrayExists(r -> as_of_date BETWEEN r.1 AND r.2
        AND (head_key IS NULL OR r.3 = ifNull(head_key, r.3)), heads)                     AS is_head_trained,
    length(manager_keys)                                                                  AS n_managers,
    arrayCount(m -> arrayExists(r -> as_of_date BETWEEN r.1 AND r.2 AND r.3 = m, managers),
        manager_keys)                                                                     AS n_managers_trained,
    arrayExists(r -> as_of_date BETWEEN r.1 AND r.2, managers)                            AS has_trained_manager
FROM (SELECT as_of_date, employer_key FROM fct_employer_reading WHERE is_due) AS reading
INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
LEFT JOIN records ON records.employer_key = reading.employer_key
