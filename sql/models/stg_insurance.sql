-- name: stg_insurance
-- title: 工伤保险 | Work-injury insurance
-- grain: one row per employer and month, its latest version among the published batches; voided ones are left out
-- order: employer_key, period
-- by_key_hash: raw_insurance
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (key, batch) -> decision('employer', key::String, batch, key::String)::LowCardinality(String) AS employer
SELECT * REPLACE
(
    employer(employer_key, batch) AS employer_key
)
FROM raw_insurance
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_insurance
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'insurance')
          GROUP BY key_hash
      )
  )
