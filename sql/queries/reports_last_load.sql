-- name: reports_last_load
-- title: Day of the newest published batch in Shanghai, and how many there are
SELECT toUInt64(count()) AS batches, max(toDate32(received_at, 'Asia/Shanghai')) AS day
FROM ops_batch
WHERE state = 'published'
  AND batch NOT IN (SELECT batch FROM ops_batch WHERE state IN ('reverted', 'aborted'))
