-- name: schedule_history
-- title: Runs of the jobs, latest first
-- One row per run, in the state of its latest event. An empty job means all of them.
SELECT
    run,
    name AS job,
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
WHERE kind = 'job' AND ({job:String} = '' OR name = {job:String})
GROUP BY run, name
ORDER BY last DESC, run DESC, job
LIMIT {most:UInt32}
