-- name: stg_detection
-- title: 危害因素检测结果 | Detection results
-- grain: one row per result of a detection report, its latest version among the published batches; voided ones are left out
-- order: employer_key, sample_date, report_no
SELECT *
FROM raw_detection
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_detection
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'detection')
          GROUP BY key_hash
      )
  )
