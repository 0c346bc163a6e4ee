-- id: T4b
-- title: 未培训的职业卫生管理人员 | Managers without a valid record
-- unit: manager
-- unit_employer: employer
-- department: wjw
-- An employer without a manager counts as one that has no name.
WITH records AS
(
    SELECT employer_key::String AS employer_key, groupArray((name_key, ifNull(valid_to, addMonths(train_date, 12)), train_date)) AS held
    FROM stg_training
    WHERE result = 'pass' AND person_role = 'manager' AND train_date <= {day:Date32}
    GROUP BY employer_key
)
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, reading.3 AS denominator,
    multiIf(reading.2 >= reading.3, NULL, reading.1 = 'strict' AND notEmpty(untrained), arrayMin(n -> n.3, untrained),
        empty(held), start_date, addDays(arrayMax(r -> r.2, held), 1))::Nullable(Date32) AS since,
    multiIf(n_managers = 0, 'no_manager', n_managers_trained > 0, 'partly', empty(held), 'never', 'lapsed') AS reason,
    if(reading.2 < reading.3, untrained, []) AS names, 0 AS beyond
FROM
(
    SELECT
        status.employer_key AS employer_key, start_date, n_managers, n_managers_trained, has_trained_manager, held,
        arrayMap(m -> (toString(m),
                if(arrayExists(r -> ifNull(r.1 = m, false), held), 'lapsed', 'never'),
                if(arrayExists(r -> ifNull(r.1 = m, false), held), addDays(arrayMax(arrayMap(r -> r.2, arrayFilter(r -> ifNull(r.1 = m, false), held))), 1), start_date))
                ::Tuple(String, String, Nullable(Date32)),
            arrayFilter(m -> NOT arrayExists(r -> {day:Date32} BETWEEN r.3 AND r.2 AND ifNull(r.1 = m, false), held), manager_keys)) AS untrained
    FROM fct_training_status AS status
    INNER JOIN dim_employer ON dim_employer.employer_key = status.employer_key
    LEFT JOIN records ON records.employer_key = status.employer_key
    WHERE as_of_date = {day:Date32}
)
ARRAY JOIN [('strict', toInt64(n_managers_trained), toInt64(greatest(n_managers, 1))), ('employer', toInt64(has_trained_manager), 1)] AS reading
