-- name: transform_dissents
-- title: Posts and factors that the institution judged otherwise than we do
WITH
    places AS
    (
        SELECT employer_key::String AS place_key, argMin(township_code::String, workplace_no) AS township
        FROM stg_employer
        GROUP BY place_key
        HAVING township IN (SELECT township FROM dim_township)
    ),
    names AS (SELECT employer_key AS named_key, any(employer_name)::String AS employer_name FROM fct_detection_result GROUP BY named_key)
SELECT
    j.dissent AS dissent, j.employer_key AS employer_key, names.employer_name AS employer_name,
    if(places.township = '', 'unassigned', places.township)                   AS area,
    institution_code, report_no, toString(sample_date) AS day, workshop, post, j.hazard AS hazard,
    hazard_zh, hazard_en, fraction, j.limit_type AS limit_type,
    ifNull(worst, 0) AS worst, limit_used, unit, state, word, toUInt64(n_excursions) AS n_excursions,
    arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), j.lines) AS lines
FROM fct_detection_judgement AS j
LEFT JOIN places ON places.place_key = j.employer_key
LEFT JOIN names ON names.named_key = j.employer_key
LEFT JOIN (SELECT hazard AS named_hazard, name_zh AS hazard_zh, name_en AS hazard_en FROM dim_hazard) AS named ON named_hazard = j.hazard
WHERE j.dissent != '' AND sample_date BETWEEN {from:Date32} AND {to:Date32}
  AND ({kind:String} = '' OR j.dissent = {kind:String})
  AND ({area:String} = '' OR area = {area:String})
  AND ({institution:String} = '' OR institution_code = {institution:String})
ORDER BY sample_date DESC, employer_key, report_no, workshop, post, hazard, fraction, limit_type
