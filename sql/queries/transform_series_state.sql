-- name: transform_series_state
-- title: The newest run of each series
SELECT
    series::String                    AS series,
    argMax(week::String, run)         AS week,
    argMax(signature, run)            AS signature
FROM det_run
GROUP BY series
