-- name: snapshot_diff
-- title: Values of a snapshot that differ from another one, or from the present ones
-- Values of the present are looked at where the snapshot holds their indicator, reading, period and dimension.
WITH
    was AS (SELECT * FROM ind_snapshot WHERE snapshot = {snapshot:UInt64}),
    now AS
    (
{{- if .Other}}
        SELECT * FROM ind_snapshot WHERE snapshot = {other:UInt64}
{{- else}}
        SELECT 0 AS snapshot, indicator, version, variant, period, as_of_date, area, dim, dim_value, numerator, denominator, value, missing, target, status
        FROM ind_value
        WHERE (indicator, variant, period, dim) IN (SELECT indicator, variant, period, dim FROM was) AND {other:UInt64} = 0
{{- end}}
    ),
    sides AS
    (
        SELECT 1 AS side, indicator, variant, period, dim, dim_value, area, version, as_of_date, numerator, denominator, value, missing, target, status FROM was
        UNION ALL
        SELECT 2, indicator, variant, period, dim, dim_value, area, version, as_of_date, numerator, denominator, value, missing, target, status FROM now
    )
SELECT
    indicator::String AS indicator, variant::String AS variant, period::String AS period, any(area)::String AS area, dim::String AS dim,
    dim_value::String AS dim_value,
    countIf(side = 1) > 0 AS was, countIf(side = 2) > 0 AS is_now,
    anyIf(version, side = 1)::String AS version_1, anyIf(version, side = 2)::String AS version_2,
    anyIf(toNullable(as_of_date), side = 1) AS as_of_1, anyIf(toNullable(as_of_date), side = 2) AS as_of_2,
    anyIf(toNullable(numerator), side = 1) AS n_1, anyIf(toNullable(numerator), side = 2) AS n_2,
    anyIf(sides.denominator, side = 1) AS d_1, anyIf(sides.denominator, side = 2) AS d_2,
    anyIf(sides.value, side = 1) AS value_1, anyIf(sides.value, side = 2) AS value_2,
    anyIf(sides.status, side = 1)::String AS status_1, anyIf(sides.status, side = 2)::String AS status_2
FROM sides
GROUP BY indicator, variant, period, dim, dim_value
HAVING was != is_now
    OR uniqExact((version, numerator, ifNull(toString(denominator), ''), ifNull(toString(value), ''), missing, ifNull(toString(target), ''))) > 1
ORDER BY indicator, variant, period, dim, dim_value
