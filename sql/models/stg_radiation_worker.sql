-- name: stg_radiation_worker
-- title: 放射工作人员名册 | Register of radiation workers
-- grain: one row per radiation worker of a unit, its latest version among the published batches; voided ones are left out
-- order: employer_key, worker_no
-- by_key_hash: raw_radiation_worker
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
FROM raw_radiation_worker
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_radiation_worker
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'radiation_worker')
          GROUP BY key_hash
      )
  )
