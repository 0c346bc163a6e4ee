-- name: snapshot_scope
-- title: The values that a snapshot holds, in the order of the canonical bytes; with Insert they are written into it
-- All strata of the periods and, with series, the city's values of every month, quarter and year.
{{- if .Insert}}
INSERT INTO ind_snapshot (snapshot, indicator, version, variant, period, as_of_date, area, dim, dim_value, numerator, denominator, value,
    lower, upper, target, gap, missing, status)
{{- end}}
SELECT
    {snapshot:UInt64} AS snapshot, indicator::String AS indicator, version::String AS version, variant::String AS variant, period::String AS period, as_of_date,
    area::String AS area, dim::String AS dim, dim_value::String AS dim_value, numerator, denominator, value, lower, upper, target, gap, missing,
    status::String AS status
FROM {{ident .From}}.ind_value
WHERE (period IN {periods:Array(String)} OR ({series:Bool} AND dim = '' AND period_kind != 'week' AND area = {city:String}))
  AND (empty({indicators:Array(String)}) OR indicator IN {indicators:Array(String)})
ORDER BY indicator, variant, period, dim, dim_value
