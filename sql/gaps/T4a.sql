-- id: T4a
-- title: 主要负责人未培训的用人单位 | Employers whose person in charge holds no valid record
-- unit: employer
-- department: wjw
WITH records AS
(
    SELECT employer_key::String AS employer_key, groupArray((name_key, ifNull(valid_to, addMonths(train_date, 12)))) AS held
    FROM stg_training
    WHERE result = 'pass' AND person_role = 'head' AND train_date <= {day:Date32}
    GROUP BY employer_key
)
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, 1 AS denominator,
    if(reading.2 = 1, NULL, if(empty(reading.3), start_date, addDays(arrayMax(r -> r.2, reading.3), 1)))::Nullable(Date32) AS since,
    if(empty(reading.3), 'never', 'lapsed') AS reason,
    if(reading.2 = 1 OR head_key IS NULL, [], [(toString(head_key), reason, since)])::Array(Tuple(String, String, Nullable(Date32))) AS names,
    0 AS beyond
FROM
(
    SELECT
        status.employer_key AS employer_key, start_date, head_key, is_head_trained, has_trained_head, held,
        arrayFilter(r -> head_key IS NULL OR ifNull(r.1 = head_key, false), held) AS held_by_head
    FROM fct_training_status AS status
    INNER JOIN dim_employer ON dim_employer.employer_key = status.employer_key
    LEFT JOIN records ON records.employer_key = status.employer_key
    WHERE as_of_date = {day:Date32}
)
ARRAY JOIN [('strict', is_head_trained, held_by_head), ('lenient', has_trained_head, held)] AS reading
