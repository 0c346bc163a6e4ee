-- id: T4a
-- title: 一行为一家应培训主要负责人的用人单位 | an employer whose person in charge must be trained
-- The records are those of persons in charge that hold on the day.
SELECT
    status.employer_key                                                            AS employer_key,
    ''                                                                             AS entity,
    if({variant:String} = 'strict', status.is_head_trained, status.has_trained_head) AS numerator,
    1                                                                              AS denominator,
    0                                                                              AS missing,
    records.lines                                                                  AS lines
FROM fct_training_status AS status
LEFT JOIN
(
    SELECT employer_key::String AS employer_key, arraySort(groupArray(concat('training:', toString(batch), ':', toString(row)))) AS lines
    FROM stg_training
    WHERE person_role = 'head' AND result = 'pass' AND {to:Date32} BETWEEN train_date AND ifNull(valid_to, addMonths(train_date, 12))
    GROUP BY employer_key
) AS records ON records.employer_key = status.employer_key
WHERE status.as_of_date = {to:Date32}
