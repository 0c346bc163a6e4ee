-- name: stg_employer
-- title: 用人单位 | Employers
-- grain: one row per workplace of an employer, its latest version among the published batches; voided ones are left out
-- order: employer_key, workplace_no
SELECT *
FROM raw_employer
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_employer
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'employer')
          GROUP BY key_hash
      )
  )
