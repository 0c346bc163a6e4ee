-- name: transform_latest_week
-- title: The last ISO week that was evaluated
SELECT max(substring(detail, 1, 8)) FROM ops_run WHERE kind = 'warn' AND state = 'done'
