-- id: T4b
-- title: 一行为一名职业卫生管理人员（无管理人员的单位一行） | a manager, or an employer that has none; of the reading employer an employer
-- The records are those of managers that hold on the day; for a manager those of his name.
WITH records AS
(
    SELECT employer_key::String AS employer_key, name_key, concat('training:', toString(batch), ':', toString(row)) AS line
    FROM stg_training
    WHERE person_role = 'manager' AND result = 'pass' AND {to:Date32} BETWEEN train_date AND ifNull(valid_to, addMonths(train_date, 12))
)
SELECT
    status.employer_key                     AS employer_key,
    if({variant:String} = 'employer', '', ifNull(toString(manager), '')) AS entity,
    if({variant:String} = 'employer', status.has_trained_manager, notEmpty(lines)) AS numerator,
    1                                       AS denominator,
    0                                       AS missing,
    arraySort(arrayMap(r -> r.2, arrayFilter(r -> {variant:String} = 'employer' OR r.1 = manager, papers.named))) AS lines
FROM fct_training_status AS status
INNER JOIN dim_employer ON dim_employer.employer_key = status.employer_key
LEFT JOIN
(
    SELECT employer_key, groupArray((ifNull(name_key, toUUID('00000000-0000-0000-0000-000000000000')), line)) AS named
    FROM records
    GROUP BY employer_key
) AS papers ON papers.employer_key = status.employer_key
ARRAY JOIN if({variant:String} = 'employer' OR empty(manager_keys), [NULL]::Array(Nullable(UUID)), manager_keys::Array(Nullable(UUID))) AS manager
WHERE status.as_of_date = {to:Date32}
