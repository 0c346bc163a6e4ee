-- name: stg_case_report
-- title: 职业病报告卡 | Case reports
-- grain: one row per report card, its latest version among the published batches; voided ones are left out
-- order: employer_key, report_date, card_no
SELECT *
FROM raw_case_report
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_case_report
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'case_report')
          GROUP BY key_hash
      )
  )
