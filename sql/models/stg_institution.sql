-- name: stg_institution
-- title: 机构名录 | Institutions
-- grain: one row per institution and kind of qualification, its latest version among the published batches; voided ones are left out
-- order: institution_code, kind
SELECT *
FROM raw_institution
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_institution
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'institution')
          GROUP BY key_hash
      )
  )
