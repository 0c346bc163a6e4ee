-- name: outbox_list
-- title: Messages of the outbox with their present state, those enqueued first first
-- states: which ones; empty for all. id: beginning of an id; empty for all.
SELECT
    m.id AS id, key, kind, addressee, channel, recipient, subject, refs, sha256, bytes, by, queued_at,
    if(e.n = 0, 'queued', e.state) AS state,
    e.n AS n, e.attempt AS attempt, e.words AS words,
    if(e.n = 0, m.queued_at, e.last_at) AS last_at,
    if(e.n = 0, m.queued_at, e.next_at) AS next_at,
    if(e.n = 0, m.queued_at, greatest(m.queued_at, e.since)) AS since
FROM
(
    SELECT
        id::String AS id, any(o.key) AS key, any(o.kind::String) AS kind, any(o.addressee) AS addressee, any(o.channel::String) AS channel,
        any(o.recipient) AS recipient, argMin(o.subject, o.at) AS subject, argMin(o.refs, o.at) AS refs, argMin(o.sha256::String, o.at) AS sha256,
        argMin(o.bytes, o.at) AS bytes, argMin(o.by::String, o.at) AS by, min(o.at) AS queued_at
    FROM ops_outbox AS o
    WHERE startsWith(id::String, {id:String})
    GROUP BY id
) AS m
LEFT JOIN
(
    SELECT
        id::String AS id, max(v.n) AS n, argMax(v.state::String, v.n) AS state, argMax(v.attempt, v.n) AS attempt, argMax(v.words, v.n) AS words,
        argMax(v.at, v.n) AS last_at, argMax(v.next_at, v.n) AS next_at, maxIf(v.at, v.state = 'queued') AS since
    FROM ops_outbox_event AS v
    GROUP BY id
) AS e ON m.id = e.id
WHERE empty({states:Array(String)}) OR has({states:Array(String)}, if(e.n = 0, 'queued', e.state))
ORDER BY queued_at, key
