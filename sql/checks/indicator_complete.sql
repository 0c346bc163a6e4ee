-- name: indicator_complete
-- title: 指标取值无重复且在范围内 | Each cell of an indicator once, shares between 0 and 1
-- by_indicator: ind_value
SELECT concat(indicator, ' ', variant, ' ', period, ' ', dim, ' ', dim_value, ': ', toString(count()), ' rows, value ',
    ifNull(toString(max(value)), '-')) AS offender
FROM ind_value
INNER JOIN ind_catalog ON ind_catalog.indicator = ind_value.indicator AND ind_catalog.variant = ind_value.variant
GROUP BY indicator, variant, period_kind, period, dim, dim_value
HAVING count() > 1 OR min(numerator) < 0
    OR (any(unit) = 'share' AND max(value) > 1 AND indicator != 'T6')
ORDER BY offender
