-- name: stg_insurance
-- title: 工伤保险 | Work-injury insurance
-- grain: one row per employer and month, its latest version among the published batches; voided ones are left out
-- order: employer_key, period
SELECT *
FROM raw_insurance
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_insurance
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'insurance')
          GROUP BY key_hash
      )
  )
