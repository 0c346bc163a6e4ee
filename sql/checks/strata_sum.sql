-- name: strata_sum
-- title: 乡镇、行业、规模之和等于全市 | Townships, industries and size classes add up to the city
-- by_indicator: ind_value
SELECT concat(indicator, ' ', variant, ' ', period, ' by ', dim, ': ', toString(n), ' of ', toString(d),
    ', city ', toString(city_n), ' of ', toString(city_d)) AS offender
FROM
(
    SELECT indicator, variant, period, dim, sum(numerator) AS n, sum(ifNull(denominator, 0)) AS d
    FROM ind_value
    WHERE dim != ''
    GROUP BY indicator, variant, period, dim
) AS parts
INNER JOIN
(
    SELECT indicator, variant, period, numerator AS city_n, ifNull(denominator, 0) AS city_d
    FROM ind_value
    WHERE dim = ''
) AS whole ON whole.indicator = parts.indicator AND whole.variant = parts.variant AND whole.period = parts.period
WHERE abs(n - city_n) > 1e-6 OR abs(d - city_d) > 1e-6
ORDER BY offender
