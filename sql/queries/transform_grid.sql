-- name: transform_grid
-- title: The cells of the indicator table as columns, as transform_columns has them
WITH
    arrayDistinct(times)  AS all_times,
    arrayDistinct(strata) AS all_strata
SELECT
    []::Array(String)               AS variant_names,
    all_times.1                     AS kinds,
    all_times.2                     AS periods,
    all_times.3                     AS days,
    all_strata.1                    AS areas,
    all_strata.2                    AS dims,
    all_strata.3                    AS dim_values,
    []::Array(UInt32)               AS variant_numbers,
    arrayEnumerateDense(times)      AS time_numbers,
    arrayEnumerateDense(strata)     AS stratum_numbers,
    []::Array(Float64), []::Array(Float64), []::Array(Float64), []::Array(Float64), toFloat64(0)
FROM
(
    SELECT
        groupArray((toString(period_kind), toString(period), toDate32(as_of_date)))     AS times,
        groupArray((toString(area), toString(dim), toString(dim_value)))                AS strata
    FROM (SELECT * FROM dim_cell ORDER BY period_kind, period, dim, dim_value)
)
