-- name: stg_demerit
-- title: 机构记分 | Demerit points
-- grain: one row per clause of a decision on an institution, its latest version among the published batches; voided ones are left out
-- order: institution_code, demerit_date, decision_no
-- by_key_hash: raw_demerit
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (key, batch) -> decision('institution', key::String, batch, key::String)::LowCardinality(String) AS institution
SELECT * REPLACE
(
    institution(institution_code, batch) AS institution_code
)
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
