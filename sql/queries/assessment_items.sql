-- name: assessment_items
-- title: Items of an assessment in the order of the canonical bytes
SELECT
    assessment, unit_kind::String AS unit_kind, unit::String AS unit, name_zh, name_en, item::String AS item, indicator::String AS indicator,
    variant::String AS variant, area::String AS area, rule::String AS rule, weight, full_at, zero_at, numerator, denominator, value, counted,
    state::String AS state, points, one_more
FROM ops_assessment_item
WHERE assessment = {assessment:UInt64}
ORDER BY unit_kind DESC, unit, item
