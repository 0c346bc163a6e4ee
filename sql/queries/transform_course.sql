-- name: transform_course
-- title: Monthly readings of an indicator's variant, by area, the city first
SELECT v.area::String AS area, name_zh::String AS area_zh, name_en::String AS area_en,
    groupArray(v.period::String) AS months, groupArray(v.as_of_date) AS days, groupArray(v.numerator) AS numerators,
    groupArray(ifNull(v.denominator, nan)) AS denominators
FROM
(
    SELECT * FROM ind_value
    WHERE indicator = {indicator:String} AND variant = {variant:String} AND period_kind = 'month' AND dim IN ('', 'township')
    ORDER BY area, period
) AS v
LEFT JOIN dim_township ON dim_township.township = v.area
GROUP BY area, area_zh, area_en, v.dim
ORDER BY v.dim != '', area
