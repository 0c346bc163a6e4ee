-- name: transform_exposures
-- title: Similar exposure groups and their estimates
WITH places AS
(
    SELECT employer_key::String AS place_key, argMin(township_code::String, workplace_no) AS township
    FROM stg_employer
    GROUP BY place_key
    HAVING township IN (SELECT township FROM dim_township)
)
SELECT
    e.* EXCEPT (digest, program),
    if(places.township = '', 'unassigned', places.township)                   AS area,
    hazard_zh,
    hazard_en
FROM ind_exposure_group AS e
LEFT JOIN places ON places.place_key = e.employer_key
LEFT JOIN (SELECT hazard AS named_hazard, name_zh AS hazard_zh, name_en AS hazard_en FROM dim_hazard) AS named ON named_hazard = e.hazard
WHERE ({year:UInt16} = 0 OR e.year = {year:UInt16})
  AND ({employer:String} = '' OR e.employer_key = {employer:String} OR positionCaseInsensitiveUTF8(e.employer_name, {employer:String}) > 0)
  AND ({hazard:String} = '' OR e.hazard = {hazard:String})
  AND ({verdict:String} = '' OR verdict = {verdict:String})
  AND ({area:String} = '' OR area = {area:String})
  AND (is_reliable OR NOT {reliable:Bool})
ORDER BY ifNull(p95 / nullIf(limit_used, 0), -1) DESC, employer_key, workshop, post, hazard, fraction, limit_type, year, unit
