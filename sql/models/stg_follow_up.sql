-- name: stg_follow_up
-- title: 患者随访 | Follow-up of patients
-- grain: one row per visit of a patient, its latest version among the published batches; voided ones are left out
-- order: person_key, visit_date, patient_card_no
SELECT *
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
