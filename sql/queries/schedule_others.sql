-- name: schedule_others
-- title: Other schedulers that have given a sign of life since an instant
SELECT name, min(at) AS first_beat
FROM ops_run
WHERE kind = 'scheduler' AND name != {name:String}
GROUP BY name, run
HAVING max(at) >= {since:DateTime64(3, 'UTC')} AND argMax(state, (at, state = 'done')) = 'started'
ORDER BY first_beat, name
LIMIT 1
