-- name: outbox_events
-- title: The life of a message
SELECT n, at, state::String AS state, attempt, next_at, words, by::String AS by
FROM ops_outbox_event
WHERE id = {id:String}
ORDER BY n, at
