-- name: transform_check_states
-- title: The checks that found nothing when they ran last, with the digest of their text
SELECT name::String AS name, argMax(detail, (run, at)) AS signature
FROM ops_run
WHERE kind = 'check'
GROUP BY name
HAVING argMax(state, (run, at)) = 'done'
