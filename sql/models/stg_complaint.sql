-- name: stg_complaint
-- title: 举报投诉 | Complaints
-- grain: one row per complaint, its latest version among the published batches; voided ones are left out
-- order: receive_date, complaint_no
SELECT *
FROM raw_complaint
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_complaint
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'complaint')
          GROUP BY key_hash
      )
  )
