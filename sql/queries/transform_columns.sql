-- name: transform_columns
-- title: The rows of an indicator as columns, in a fixed order
SELECT
    groupArray(toString(variant))                     AS variants,
    groupArray(toString(period_kind))                 AS period_kinds,
    groupArray(toString(period))                      AS periods,
    groupArray(toDate32(as_of_date))                  AS as_of_dates,
    groupArray(toString(area))                        AS areas,
    groupArray(toString(dim))                         AS dims,
    groupArray(toString(dim_value))                   AS dim_values,
    groupArray(toFloat64(numerator))                  AS numerators,
    groupArray(ifNull(toFloat64(denominator), nan))   AS denominators,
    groupArray(toFloat64(missing))                    AS missings,
    {{if .Quantile}}groupArray(toFloat64(quantile)){{else}}emptyArrayFloat64(){{end}} AS quantiles
FROM
(
    SELECT *
    FROM
    (
{{.Select}}
    )
    ORDER BY variant, period_kind, period, dim, dim_value
)
