-- name: stg_follow_up
-- title: 患者随访 | Follow-up of patients
-- grain: one row per visit of a patient, its latest version among the published batches; voided ones are left out
-- order: person_key, visit_date, patient_card_no
-- by_key_hash: raw_follow_up
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
-- With injury_date and benefit_date since migration 0013; a changed text makes the table anew.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (kind, code, batch) -> if(startsWith(code, 'name:'), decision(kind, substring(code, 6), batch, ''), code::String)::LowCardinality(String) AS named
SELECT * REPLACE
(
    named('township', township_code, batch) AS township_code,
    named('disease', disease, batch) AS disease
)
FROM raw_follow_up
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_follow_up
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'follow_up')
          GROUP BY key_hash
      )
  )
