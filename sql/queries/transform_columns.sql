-- name: transform_columns
-- title: The cells of an indicator as columns, in one row: lists of what repeats, and for each cell the numbers in them
-- A flow returns only the cells in which something was counted, without day and area; the others are made of the grid, with the
-- denominator absent.
WITH
    arrayDistinct(times)  AS all_times,
    arrayDistinct(strata) AS all_strata
SELECT
    arrayDistinct(variants)         AS variant_names,
    all_times.1                     AS kinds,
    all_times.2                     AS periods,
    all_times.3                     AS days,
    all_strata.1                    AS areas,
    all_strata.2                    AS dims,
    all_strata.3                    AS dim_values,
    arrayEnumerateDense(variants)   AS variant_numbers,
    arrayEnumerateDense(times)      AS time_numbers,
    arrayEnumerateDense(strata)     AS stratum_numbers,
    numerators, denominators, missings, quantiles, absent
FROM
(
    SELECT
        groupArray(toString(variant))                                                                                   AS variants,
        groupArray((toString(period_kind), toString(period), {{if .Flow}}toDate32('1970-01-01'){{else}}toDate32(as_of_date){{end}})) AS times,
        groupArray(({{if .Flow}}''{{else}}toString(area){{end}}, toString(dim), toString(dim_value)))                   AS strata,
        groupArray(toFloat64(numerator))                                                                                AS numerators,
        groupArray(ifNull(toFloat64(denominator), nan))                                                                 AS denominators,
        groupArray(toFloat64(missing))                                                                                  AS missings,
        {{if .Quantile}}groupArray(toFloat64(quantile)){{else}}emptyArrayFloat64(){{end}}                               AS quantiles,
        if(isNullable(any(denominator)), nan, 0)                                                                        AS absent
    FROM
    (
{{.Select}}
    )
)
