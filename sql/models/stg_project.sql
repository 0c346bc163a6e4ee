-- name: stg_project
-- title: 建设项目 | Construction projects
-- grain: one row per construction project, its latest version among the published batches; voided ones are left out
-- order: employer_key, approve_date, project_no
SELECT *
FROM raw_project
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_project
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'project')
          GROUP BY key_hash
      )
  )
