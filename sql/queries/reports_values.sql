-- name: reports_values
-- title: Headline readings of the city or of one township in given periods
-- All variants of T8 beside the headlines. An empty area is the city.
SELECT
    ind_catalog.position               AS position,
    ind_value.indicator::String        AS indicator,
    ind_value.version::String          AS version,
    ind_value.variant::String          AS variant,
    ind_catalog.is_headline            AS is_headline,
    title_zh, title_en, meaning_zh, meaning_en,
    unit::String                       AS unit,
    direction::String                  AS direction,
    clause,
    period_kind::String                AS period_kind,
    period::String                     AS period,
    as_of_date, numerator, denominator, value, lower, upper, target, gap, missing,
    status::String                     AS status
FROM ind_value
INNER JOIN ind_catalog ON ind_catalog.indicator = ind_value.indicator AND ind_catalog.variant = ind_value.variant
WHERE period IN {periods:Array(String)} AND (is_headline OR ind_value.indicator = 'T8')
    AND if({area:String} = '', dim = '' AND area = {city:String}, dim = 'township' AND dim_value = {area:String})
ORDER BY position, indicator, is_headline DESC, variant, as_of_date, period_kind
