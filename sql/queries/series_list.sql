-- name: series_list
-- title: The series that were computed, with what their last run did
SELECT
    series::String                                           AS series,
    argMax(det_run.week::String, run)                        AS week,
    argMax(n_strata, run)                                    AS n_strata,
    argMax(n_weeks, run)                                     AS n_weeks,
    argMax(n_computed, run)                                  AS n_computed,
    argMax(seconds, run)                                     AS seconds,
    any(alarm.n)                                             AS n_alarms
FROM det_run
LEFT JOIN
(
    SELECT series, countIf(alarm) AS n
    FROM det_point FINAL
    WHERE (series, week) IN (SELECT series, argMax(week, run) FROM det_run GROUP BY series)
    GROUP BY series
) AS alarm ON alarm.series = det_run.series
GROUP BY series
ORDER BY series
