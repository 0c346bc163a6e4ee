-- name: outbox_known
-- title: Which of these messages are in the outbox
SELECT DISTINCT id::String AS id FROM ops_outbox WHERE id::String IN {ids:Array(String)}
