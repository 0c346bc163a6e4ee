-- name: reports_list
-- title: Reports written, each name once as it was written last, newest first
SELECT name::String AS name, max(at) AS written_at, argMax(detail, (at, run)) AS latest_detail
FROM ops_run
WHERE kind = 'report' AND state = 'done'
GROUP BY name
ORDER BY written_at DESC, name
