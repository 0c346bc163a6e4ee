-- name: stg_radiation_worker
-- title: 放射工作人员名册 | Register of radiation workers
-- grain: one row per radiation worker of a unit, its latest version among the published batches; voided ones are left out
-- order: employer_key, worker_no
SELECT *
FROM raw_radiation_worker
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_radiation_worker
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'radiation_worker')
          GROUP BY key_hash
      )
  )
