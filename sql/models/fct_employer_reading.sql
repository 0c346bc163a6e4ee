-- name: fct_employer_reading
-- title: 用人单位在各读数日的状态 | Employers on each reading date
-- grain: one row per employer and reading date
-- order: as_of_date, employer_key
-- by_as_of_date: dim_reading
-- by_employer_key: dim_employer
SELECT
    as_of_date,
    employer_key,
    (start_date IS NULL OR start_date <= as_of_date)
        AND (close_date IS NULL OR close_date > as_of_date)
        AND (status IN ('active', 'stopped', 'moved') OR (status = 'closed' AND close_date > as_of_date)) AS is_active,
    is_active AND is_key AND has_hazard                                                                  AS is_due,
    status = 'stopped'                                                                                   AS is_stopped,
    is_active AND NOT is_discovered                                                                      AS on_roster
FROM dim_employer
CROSS JOIN dim_reading
