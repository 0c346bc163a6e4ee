-- name: stg_exam
-- title: 职业健康检查 | Examinations
-- grain: one row per examination, its latest version among the published batches; voided ones are left out
-- order: employer_key, person_key, exam_date
SELECT *
FROM raw_exam
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam')
          GROUP BY key_hash
      )
  )
