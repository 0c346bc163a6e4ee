-- name: stg_exam_item
-- title: 体检项目 | Items of examinations
-- grain: one row per item of an examination, its latest version among the published batches; voided ones are left out
-- order: institution_code, exam_no, item_code
-- by_key_hash: raw_exam_item
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
FROM raw_exam_item
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam_item
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam_item')
          GROUP BY key_hash
      )
  )
