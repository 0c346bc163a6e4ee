-- name: schedule_latest
-- title: Latest run of each job, last success, failures since
WITH
    runs AS
    (
        SELECT
            run,
            name,
            any(slot) AS due,
            min(at) AS started,
            max(at) AS last,
            toString(argMax(state, (at, state IN ('done', 'failed', 'skipped'), attempt))) AS final_state,
            max(attempt) AS attempts,
            argMax(n_rows, (at, state IN ('done', 'failed', 'skipped'), attempt)) AS rows,
            argMax(seconds, (at, state IN ('done', 'failed', 'skipped'), attempt)) AS took,
            argMax(detail, (at, state IN ('done', 'failed', 'skipped'), attempt)) AS final_detail,
            argMax(error, (at, state IN ('done', 'failed', 'skipped'), attempt)) AS final_error,
            any(by) AS started_by
        FROM ops_run
        WHERE kind = 'job'
        GROUP BY run, name
        HAVING final_state != 'skipped'
    ),
    successes AS
    (
        SELECT name, max(last) AS last_success
        FROM runs
        WHERE final_state = 'done'
        GROUP BY name
    )
SELECT
    runs.run AS run,
    runs.name AS job,
    runs.due AS due,
    runs.started AS started,
    runs.last AS last,
    runs.final_state AS final_state,
    runs.attempts AS attempts,
    runs.rows AS rows,
    runs.took AS took,
    runs.final_detail AS final_detail,
    runs.final_error AS final_error,
    runs.started_by AS started_by,
    successes.last_success AS last_success,
    countIf(runs.final_state = 'failed' AND runs.last > successes.last_success) OVER (PARTITION BY runs.name) AS failures
FROM runs
LEFT JOIN successes ON successes.name = runs.name
ORDER BY job, last DESC, run DESC
LIMIT 1 BY job
