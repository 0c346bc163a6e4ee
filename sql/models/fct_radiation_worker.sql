-- name: fct_radiation_worker
-- title: 放射工作人员 | Radiation workers
-- grain: one row per radiation unit and worker number
-- order: employer_key, worker_no
-- by_employer_key: stg_dose; stg_radiation_worker
-- Those on the register count whether they were ever monitored or not. monitored holds the spans of days without a
-- gap in which an Hp(10) reading has a value, lies below the
-- detection level or was set as a nominal dose.
WITH
    known AS
    (
        SELECT
            employer_key::String AS employer_key, worker_no, employer_name::String AS employer_name, unit_kind::String AS unit_kind,
            job_class::String AS job_class, person_key, start_date, end_date, period_start, period_end
        FROM stg_dose
        UNION ALL
        SELECT
            employer_key::String, worker_no, employer_name::String, unit_kind::String,
            job_class::String, person_key, start_date, end_date, start_date, toDate32('1900-01-01')
        FROM stg_radiation_worker
    ),
    workers AS
    (
        SELECT
            employer_key,
            worker_no,
            max(employer_name)                                AS employer_name,
            argMax(unit_kind, (period_end, unit_kind))        AS unit_kind,
            argMax(job_class, (period_end, job_class))        AS job_class,
            argMax(person_key, (period_end, person_key))      AS person_key,
            ifNull(min(start_date), min(period_start))        AS start_date,
            ifNull(max(end_date), toDate32('2299-12-31'))     AS end_date
        FROM known
        GROUP BY employer_key, worker_no
    ),
    readings AS
    (
        SELECT DISTINCT
            employer_key::String AS employer_key, worker_no, period_start, period_end
        FROM stg_dose
        WHERE quantity = 'hp10' AND (value IS NOT NULL OR qualifier = 'lt' OR is_nominal)
    ),
    marked AS
    (
        SELECT
            employer_key, worker_no, period_start, period_end,
            period_start > addDays(max(period_end) OVER (
                PARTITION BY employer_key, worker_no ORDER BY period_start, period_end
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1) AS is_gap
        FROM readings
    ),
    islands AS
    (
        SELECT employer_key, worker_no, min(period_start) AS first_day, max(period_end) AS last_day
        FROM
        (
            SELECT
                *,
                sum(is_gap) OVER (
                    PARTITION BY employer_key, worker_no ORDER BY period_start, period_end
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
            FROM marked
        )
        GROUP BY employer_key, worker_no, island
    )
SELECT
    workers.employer_key AS employer_key,
    workers.worker_no    AS worker_no,
    workers.employer_name AS employer_name,
    unit_kind, job_class, person_key, start_date, end_date,
    spans.monitored      AS monitored,
    ends.period_ends     AS period_ends
FROM workers
LEFT JOIN
(
    SELECT employer_key, worker_no, groupArray((first_day, last_day)) AS monitored
    FROM islands
    GROUP BY employer_key, worker_no
) AS spans ON spans.employer_key = workers.employer_key AND spans.worker_no = workers.worker_no
LEFT JOIN
(
    SELECT employer_key, worker_no, groupUniqArray(period_end) AS period_ends
    FROM readings
    GROUP BY employer_key, worker_no
) AS ends ON ends.employer_key = workers.employer_key AND ends.worker_no = workers.worker_no
