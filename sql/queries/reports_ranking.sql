-- name: reports_ranking
-- title: Headline readings of the townships in one period of each indicator
SELECT
    ind_value.indicator::String        AS indicator,
    ind_value.dim_value::String        AS place,
    name_zh, name_en,
    ind_value.numerator AS numerator, ind_value.denominator AS denominator, ind_value.value AS value,
    ind_value.lower AS lower, ind_value.upper AS upper, ind_value.gap AS gap
FROM ind_value
INNER JOIN ind_catalog ON ind_catalog.indicator = ind_value.indicator AND ind_catalog.variant = ind_value.variant
LEFT JOIN (SELECT code9, name_zh, name_en FROM ref_townships) AS township ON township.code9 = ind_value.dim_value
WHERE dim = 'township' AND is_headline AND period = {period:String} AND ind_value.indicator = {indicator:String}
ORDER BY place
