-- name: dim_cell
-- title: 统计格 | Cells of the indicator table
-- grain: one row per period and stratum (the city, a township, an industry division, a size class)
-- order: period_kind, period, dim, dim_value
SELECT
    period_kind, period, start_date, end_date, as_of_date,
    stratum.dim       AS dim,
    stratum.dim_value AS dim_value,
    stratum.area      AS area
FROM dim_period
CROSS JOIN
(
    SELECT DISTINCT arrayJoin(strata) AS stratum FROM dim_employer
    UNION DISTINCT
    SELECT DISTINCT ('township', township, township)::Tuple(dim String, dim_value String, area String) FROM dim_township
    UNION DISTINCT
    SELECT arrayJoin([('', '', {city:String}), ('township', 'unassigned', 'unassigned'),
        ('industry', 'unknown', {city:String}), ('size', 'unknown', {city:String})])::Tuple(dim String, dim_value String, area String)
) AS strata
