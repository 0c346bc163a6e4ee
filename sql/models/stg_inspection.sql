-- name: stg_inspection
-- title: 监督检查 | Inspections
-- grain: one row per inspection of an employer, with its penalty, its latest version among the published batches; voided ones are left out
-- order: employer_key, inspect_date, inspection_no
SELECT *
FROM raw_inspection
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_inspection
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'inspection')
          GROUP BY key_hash
      )
  )
