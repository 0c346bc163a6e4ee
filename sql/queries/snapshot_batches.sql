-- name: snapshot_batches
-- title: What a cause tells of batches: stream, file, sender, the instant of the last event, the first day that its rows tell of
SELECT
    b.batch AS batch, b.stream AS stream, b.file AS file, b.sender AS sender, b.at AS at, m.first_event AS first_event
FROM
(
    SELECT batch, any(stream)::String AS stream, anyIf(file, file != '') AS file, any(sender)::String AS sender, max(ops_batch.at) AS at
    FROM ops_batch
    WHERE batch IN {batches:Array(UInt64)}
    GROUP BY batch
) AS b
LEFT JOIN
(
    SELECT batch, toNullable(min(toDate32(value))) AS first_event
    FROM ops_measure
    WHERE kind = 'event' AND batch IN {batches:Array(UInt64)}
    GROUP BY batch
) AS m ON m.batch = b.batch
ORDER BY batch
