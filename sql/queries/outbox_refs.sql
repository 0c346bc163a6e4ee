-- name: outbox_refs
-- title: What was told to whom already
-- kinds: of which messages. One row for each thing, addressee and target, with the first message that tells it.
SELECT ref, addressee, channel::String AS channel, recipient, min(at) AS at
FROM ops_outbox
ARRAY JOIN refs AS ref
WHERE kind::String IN {kinds:Array(String)}
GROUP BY ref, addressee, channel, recipient
ORDER BY ref, addressee, channel, recipient
