-- name: stg_exam_history
-- title: 职业史 | Occupational histories
-- grain: one row per employment of an examined person, its latest version among the published batches; voided ones are left out
-- order: institution_code, exam_no, start_date
-- by_key_hash: raw_exam_history
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (kind, code, batch) -> if(startsWith(code, 'name:'), decision(kind, substring(code, 6), batch, ''), code::String)::LowCardinality(String) AS named,
    (codes, batch) -> arrayMap(c -> named('hazard', c, batch), codes) AS hazards_of,
    (words, batch) -> arrayFilter(w -> decision('hazard', lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(w), '\\s+', '')), batch, 'open') = 'open', words) AS still_open,
    (key, batch) -> decision('institution', key::String, batch, key::String)::LowCardinality(String) AS institution
SELECT * REPLACE
(
    institution(institution_code, batch) AS institution_code,
    arrayDistinct(arrayFilter(h -> h != '', hazards_of(hazards, batch))) AS hazards,
    still_open(hazards_open, batch) AS hazards_open
)
FROM raw_exam_history
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam_history
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam_history')
          GROUP BY key_hash
      )
  )
