-- name: stg_exam_history
-- title: 职业史 | Occupational histories
-- grain: one row per employment of an examined person, its latest version among the published batches; voided ones are left out
-- order: institution_code, exam_no, start_date
SELECT *
FROM raw_exam_history
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam_history
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam_history')
          GROUP BY key_hash
      )
  )
