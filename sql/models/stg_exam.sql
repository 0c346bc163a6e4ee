-- name: stg_exam
-- title: 职业健康检查 | Examinations
-- grain: one row per examination, its latest version among the published batches; voided ones are left out
-- order: employer_key, person_key, exam_date
-- by_key_hash: raw_exam
-- Names that no list has are resolved by the decisions on them (stg_alias), as they stood at the instant as_of.
WITH
    (SELECT (groupArray(name), groupArray(code)) FROM stg_alias) AS decided,
    (kind, name, batch, fallback) -> transform(concat(kind, ':', toString(batch), ':', name), decided.1, decided.2,
        transform(concat(kind, '::', name), decided.1, decided.2, fallback)) AS decision,
    (kind, code, batch) -> if(startsWith(code, 'name:'), decision(kind, substring(code, 6), batch, ''), code::String)::LowCardinality(String) AS named,
    (codes, batch) -> arrayMap(c -> named('hazard', c, batch), codes) AS hazards_of,
    (words, batch) -> arrayFilter(w -> decision('hazard', lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(w), '\\s+', '')), batch, 'open') = 'open', words) AS still_open,
    (key, batch) -> decision('employer', key::String, batch, key::String)::LowCardinality(String) AS employer,
    (key, batch) -> decision('institution', key::String, batch, key::String)::LowCardinality(String) AS institution
SELECT * REPLACE
(
    employer(employer_key, batch) AS employer_key,
    institution(institution_code, batch) AS institution_code,
    employer(using_key, batch) AS using_key,
    arrayDistinct(arrayFilter(h -> h != '', hazards_of(hazards_exposed, batch))) AS hazards_exposed,
    arrayDistinct(arrayFilter(h -> h != '', hazards_of(hazards_examined, batch))) AS hazards_examined,
    still_open(hazards_open, batch) AS hazards_open,
    hazards_of(conclusion_hazard, batch) AS conclusion_hazard
)
FROM raw_exam
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_exam
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'exam')
          GROUP BY key_hash
      )
  )
