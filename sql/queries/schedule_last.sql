-- name: schedule_last
-- title: Latest event of the latest slot of a job
SELECT
    run,
    assumeNotNull(slot) AS due,
    at,
    toString(state) AS latest_state,
    attempt,
    n_rows,
    seconds,
    detail,
    error,
    by
FROM ops_run
WHERE kind = 'job' AND name = {job:String} AND slot IS NOT NULL
ORDER BY slot DESC, at DESC, run DESC, state IN ('done', 'failed', 'skipped') DESC, attempt DESC
LIMIT 1
