-- name: stg_training
-- title: 培训 | Training
-- grain: one row per training record, its latest version among the published batches; voided ones are left out
-- order: employer_key, train_date
SELECT *
FROM raw_training
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_training
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'training')
          GROUP BY key_hash
      )
  )
