-- id: T6
-- title: 一行为一家在业用人单位 | an active employer
-- The insurance record is the one that counts on the day.
SELECT
    status.employer_key AS employer_key,
    ''                  AS entity,
    reading.2           AS numerator,
    reading.3           AS denominator,
    0                   AS missing,
    records.lines       AS lines
FROM (SELECT *, latest.1 AS month FROM fct_insurance_status WHERE as_of_date = {to:Date32}) AS status
LEFT JOIN
(
    SELECT employer_key::String AS employer_key, period, arraySort(groupArray(concat('insurance:', toString(batch), ':', toString(row)))) AS lines
    FROM stg_insurance
    GROUP BY employer_key, period
) AS records ON records.employer_key = status.employer_key AND records.period = status.month
ARRAY JOIN [('persons', status.insured, status.insurable), ('employers', toUInt32(status.insured > 0), toUInt32(1)),
    ('exposed', least(status.insured, status.exposed), status.exposed)]::Array(Tuple(String, UInt32, UInt32)) AS reading
WHERE reading.1 = {variant:String}
