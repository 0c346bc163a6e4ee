-- id: T1
-- title: 未申报或本年未更新的用人单位 | Employers without a valid declaration
-- unit: employer
-- department: wjw
-- A declaration of an earlier year lapsed on the first day of the year after it.
WITH last AS
(
    SELECT employer_key, max(valid_from) AS last_declared
    FROM fct_declaration_state
    WHERE valid_from <= {day:Date32}
    GROUP BY employer_key
)
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, 1 AS denominator,
    if(reading.2 = 1, NULL, if(ever, makeDate32(toYear(last_declared) + 1, 1, 1), start_date))::Nullable(Date32) AS since,
    if(ever, 'lapsed', 'never') AS reason,
    []::Array(Tuple(String, String, Nullable(Date32))) AS names, 0 AS beyond
FROM
(
    SELECT
        due.employer_key AS employer_key, start_date, last_declared, risk_class = 'severe' AND employees >= 10 AS is_severe,
        last.employer_key != ''                              AS ever,
        ever AND toYear(last_declared) = toYear({day:Date32}) AS in_year
    FROM fct_employer_reading AS due
    INNER JOIN dim_employer ON dim_employer.employer_key = due.employer_key
    LEFT JOIN last ON last.employer_key = due.employer_key
    WHERE as_of_date = {day:Date32} AND is_due
)
ARRAY JOIN arrayFilter(r -> r.1 != '', [('strict', in_year), ('lenient', ever), (if(is_severe, 'severe_10', ''), ever)]) AS reading
