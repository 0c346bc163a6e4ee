-- name: stg_declaration
-- title: 危害项目申报 | Declarations
-- grain: one row per declared post and hazard of a declaration, its latest version among the published batches; voided ones are left out
-- order: employer_key, accept_date, workshop, post, hazard
-- by_key_hash: raw_declaration
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (kind, code, batch) -> if(startsWith(code, 'name:'), decision(kind, substring(code, 6), batch, ''), code::String)::LowCardinality(String) AS named,
    (key, batch) -> decision('employer', key::String, batch, key::String)::LowCardinality(String) AS employer
SELECT * REPLACE
(
    employer(employer_key, batch) AS employer_key,
    named('hazard', hazard, batch) AS hazard
)
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
