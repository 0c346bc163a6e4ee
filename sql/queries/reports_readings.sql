-- name: reports_readings
-- title: Readings of the city: headline variants of every indicator, all variants of T8
SELECT
    ind_catalog.position       AS position,
    ind_value.indicator::String        AS indicator,
    ind_value.version::String          AS version,
    ind_value.variant::String          AS variant,
    ind_catalog.is_headline    AS is_headline,
    title_zh, title_en, meaning_zh, meaning_en,
    unit::String               AS unit,
    direction::String          AS direction,
    clause,
    period_kind::String        AS period_kind,
    period::String             AS period,
    as_of_date, numerator, denominator, value, lower, upper, target, gap, missing,
    status::String             AS status
FROM ind_value
INNER JOIN ind_catalog ON ind_catalog.indicator = ind_value.indicator AND ind_catalog.variant = ind_value.variant
WHERE dim = '' AND period_kind != 'week' AND area = {city:String} AND as_of_date <= {cutoff:Date32} AND (is_headline OR ind_value.indicator = 'T8')
ORDER BY position, indicator, is_headline DESC, variant, as_of_date, period_kind
