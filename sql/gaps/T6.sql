-- id: T6
-- title: 未足额参保的用人单位 | Employers whose workers are not all insured
-- unit: worker
-- unit_employers: employer
-- department: rsj
-- Policies name no persons. since is the month after the last one with a complete policy.
WITH records AS
(
    SELECT
        stg_insurance.employer_key::String                                                       AS employer_key,
        maxIf(period, insured_count >= ifNull(employees_due, employees))                         AS last_full,
        countIf(insured_count >= ifNull(employees_due, employees))                               AS n_full,
        maxIf(period, insured_count > 0)                                                         AS last_any,
        countIf(insured_count > 0)                                                               AS n_any
    FROM stg_insurance
    INNER JOIN dim_employer ON dim_employer.employer_key = stg_insurance.employer_key
    WHERE period <= {day:Date32}
    GROUP BY employer_key
)
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, reading.3 AS denominator,
    if(reading.2 >= reading.3, NULL, reading.4)::Nullable(Date32) AS since,
    multiIf(n_any = 0, 'never', insured > 0, 'partly', 'lapsed') AS reason,
    []::Array(Tuple(String, String, Nullable(Date32))) AS names, 0 AS beyond
FROM
(
    SELECT
        status.employer_key AS employer_key, insured, insurable, exposed, n_any,
        if(n_full = 0, start_date, addMonths(last_full, 1))::Nullable(Date32) AS short_since,
        if(n_any = 0, start_date, addMonths(last_any, 1))::Nullable(Date32)   AS without_since
    FROM fct_insurance_status AS status
    INNER JOIN dim_employer ON dim_employer.employer_key = status.employer_key
    LEFT JOIN records ON records.employer_key = status.employer_key
    WHERE as_of_date = {day:Date32}
)
ARRAY JOIN [
    ('persons', toInt64(insured), toInt64(insurable), short_since),
    ('employers', toInt64(insured > 0), 1, without_since),
    ('exposed', toInt64(least(insured, exposed)), toInt64(exposed), short_since)]
    ::Array(Tuple(String, Int64, Int64, Nullable(Date32))) AS reading
