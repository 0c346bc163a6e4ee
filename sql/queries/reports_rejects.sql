-- name: reports_rejects
-- title: Rows rejected in batches that arrived between two days, by reason and stream
SELECT
    stream::String      AS stream,
    code::String        AS code,
    toUInt64(count())   AS n_rows
FROM
(
    SELECT batch, row, sheet, any(stream) AS stream, min(code) AS code
    FROM ops_finding
    WHERE severity = 'reject'
      AND batch IN
      (
          SELECT batch
          FROM ops_batch
          WHERE state = 'published' AND toDate32(received_at, 'Asia/Shanghai') BETWEEN {from:Date32} AND {to:Date32}
            AND batch NOT IN (SELECT batch FROM ops_batch WHERE state IN ('reverted', 'aborted'))
      )
    GROUP BY batch, row, sheet
)
GROUP BY stream, code
ORDER BY n_rows DESC, code, stream
