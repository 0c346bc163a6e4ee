-- name: reports_places
-- title: Headline readings of all townships in one period
SELECT
    ind_value.indicator::String        AS indicator,
    ind_value.dim_value::String        AS place,
    name_zh, name_en,
    ind_value.numerator AS numerator, ind_value.denominator AS denominator, ind_value.value AS value,
    ind_value.lower AS lower, ind_value.upper AS upper, ind_value.gap AS gap,
    ind_value.status::String           AS status
FROM ind_value
INNER JOIN ind_catalog ON ind_catalog.indicator = ind_value.indicator AND ind_catalog.variant = ind_value.variant
LEFT JOIN (SELECT code9, name_zh, name_en FROM ref_townships) AS township ON township.code9 = ind_value.dim_value
WHERE dim = 'township' AND is_headline AND period = {period:String}
ORDER BY ind_catalog.position, indicator, place
