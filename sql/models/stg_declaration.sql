-- name: stg_declaration
-- title: 危害项目申报 | Declarations
-- grain: one row per declared post and hazard of a declaration, its latest version among the published batches; voided ones are left out
-- order: employer_key, accept_date, workshop, post, hazard
SELECT *
FROM raw_declaration
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_declaration
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'declaration')
          GROUP BY key_hash
      )
  )
