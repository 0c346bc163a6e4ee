-- id: S2
-- title: 一行为一家名录中的在业用人单位 | an active employer of the roster
SELECT
    reading.employer_key                    AS employer_key,
    ''                                      AS entity,
    exposed_total                           AS numerator,
    greatest(employees, exposed_total)      AS denominator,
    0                                       AS missing,
    []::Array(String)                       AS lines
FROM fct_employer_reading AS reading
INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
WHERE reading.as_of_date = {to:Date32} AND on_roster
