-- name: stg_exam_summary
-- title: 总结报告 | Summary reports
-- grain: one row per summary report of an employer's examinations, its latest version among the published batches; voided ones are left out
-- order: employer_key, report_date, institution_code
SELECT *
FROM raw_exam_summary
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam_summary
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam_summary')
          GROUP BY key_hash
      )
  )
