-- name: fct_insurance_status
-- title: 工伤保险情况（按读数日） | Work-injury insurance on each reading date
-- grain: one row per active employer of the roster and reading date
-- order: as_of_date, employer_key
-- by_employer_key: dim_employer; fct_employer_reading; stg_insurance
-- The record that counts is the latest of the month of the day and the two months before.
WITH records AS
(
    SELECT
        employer_key::String AS employer_key,
        arraySort(groupArray((period, insured_count, employees_due))) AS months
    FROM stg_insurance
    GROUP BY employer_key
)
SELECT
    reading.as_of_date                                                    AS as_of_date,
    reading.employer_key                                                  AS employer_key,
    arrayLast(r -> r.1 <= as_of_date AND r.1 > addMonths(toStartOfMonth(as_of_date), -3), records.months) AS latest,
    latest.2                                                              AS insured,
    ifNull(latest.3, employees)                                           AS insurable,
    exposed_total                                                         AS exposed
FROM (SELECT as_of_date, employer_key FROM fct_employer_reading WHERE on_roster) AS reading
INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
LEFT JOIN records ON records.employer_key = reading.employer_key
