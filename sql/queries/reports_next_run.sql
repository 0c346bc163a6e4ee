-- name: reports_next_run
-- title: Number of the next run
SELECT toUInt64(max(run) + 1) FROM ops_run
