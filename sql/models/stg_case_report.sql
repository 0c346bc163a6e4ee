-- name: stg_case_report
-- title: 职业病报告卡 | Case reports
-- grain: one row per report card, its latest version among the published batches; voided ones are left out
-- order: employer_key, report_date, card_no
-- by_key_hash: raw_case_report
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
-- With appraisal_date and appraisal_result since migration 0013; a changed text makes the table anew.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (kind, code, batch) -> if(startsWith(code, 'name:'), decision(kind, substring(code, 6), batch, ''), code::String)::LowCardinality(String) AS named,
    (key, batch) -> decision('employer', key::String, batch, key::String)::LowCardinality(String) AS employer
SELECT * REPLACE
(
    employer(employer_key, batch) AS employer_key,
    named('industry', industry_code, batch) AS industry_code,
    named('disease', disease, batch) AS disease,
    named('hazard', hazard, batch) AS hazard
)
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
