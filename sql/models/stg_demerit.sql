-- name: stg_demerit
-- title: 机构记分 | Demerit points
-- grain: one row per clause of a decision on an institution, its latest version among the published batches; voided ones are left out
-- order: institution_code, demerit_date, decision_no
SELECT *
FROM raw_demerit
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_demerit
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'demerit')
          GROUP BY key_hash
      )
  )
