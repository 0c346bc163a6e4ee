-- name: reports_arrivals
-- title: What arrived between two days, by stream and sender
SELECT
    stream::String              AS stream,
    sender::String              AS sender,
    toUInt64(count())           AS files,
    sum(n_read)                 AS n_read,
    sum(n_loaded)               AS n_loaded,
    sum(n_corrected)            AS n_corrected,
    sum(n_voided)               AS n_voided,
    sum(n_unchanged)            AS n_unchanged,
    sum(n_rejected)             AS n_rejected
FROM ops_batch
WHERE state = 'published'
  AND toDate32(received_at, 'Asia/Shanghai') BETWEEN {from:Date32} AND {to:Date32}
  AND batch NOT IN (SELECT batch FROM ops_batch WHERE state IN ('reverted', 'aborted'))
GROUP BY stream, sender
ORDER BY stream, n_read DESC, sender
