-- name: transform_failed_checks
-- title: The checks that kept the results of the last transform from being put in place
SELECT name::String AS name, n_rows AS n, argMax(error, at) AS offenders
FROM ops_run
WHERE kind = 'check' AND state = 'failed' AND run = (SELECT max(run) FROM ops_run WHERE kind = 'transform' AND state IN ('done', 'failed'))
GROUP BY name, n
ORDER BY name
