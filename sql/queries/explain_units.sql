-- name: explain_units
-- title: The rows behind the values of one reading of an indicator, in one period
-- Body is the query of a flow indicator, where Flow says how its rows count, or a file of sql/explain. Each row stands in the
-- stratum of its employer that the values asked for belong to; an empty stratum asks for all strata of the dimension.
-- An indicator whose rows have no employer says so with a constant, which a join cannot take: it is made a column.
-- Of a quantile value is what the row tells, and numerator and denominator say that it is known and that there is one.
WITH
    counted AS
    (
{{.Body}}
    ),
    units AS
    (
        SELECT
            {{if .Flow}}concat(counted.employer_key::String, ifNull(substring(toString(counted.day), 1, 0), '')){{else}}employer_key::String{{end}} AS unit, entity::String AS entity,
            {{- if .Placed}} counted.area::String AS place,{{end}}
            {{- if .Institution}} counted.institution::String AS institution,{{end}}
{{- if eq .Flow "latest"}}
            argMax(toFloat64(counted.numerator), (counted.day, counted.numerator))   AS read_n,
            argMax(toFloat64(counted.denominator), (counted.day, counted.numerator)) AS read_d,
            argMax(toFloat64(counted.missing), (counted.day, counted.numerator))     AS m, toFloat64(count()) AS k,
            {{if .HasLines}}argMax(counted.lines, (counted.day, counted.numerator)){{else}}[]{{end}}::Array(String) AS lines
{{- else if or (eq .Flow "once") (eq .Flow "total")}}
            {{if eq .Flow "total"}}sum{{else}}max{{end}}(toFloat64(counted.numerator)) AS read_n,
            max(toFloat64(counted.denominator)) AS read_d, max(toFloat64(counted.missing)) AS m, toFloat64(count()) AS k,
            arraySort(arrayDistinct(arrayFlatten(groupArray({{if .HasLines}}counted.lines{{else}}[]{{end}}::Array(String))))) AS lines
{{- else}}
            toFloat64(counted.numerator) AS read_n, toFloat64(counted.denominator) AS read_d, toFloat64(counted.missing) AS m, toFloat64(1) AS k,
            {{if .HasLines}}counted.lines{{else}}[]{{end}}::Array(String) AS lines
{{- end}}
        FROM counted
{{- if .Flow}}
        WHERE counted.variant = {variant:String} AND counted.day
            {{- if eq .Flow "state"}} = {to:Date32}{{else}} BETWEEN {from:Date32} AND {to:Date32}{{end}}
{{- end}}
{{- if or (eq .Flow "once") (eq .Flow "total") (eq .Flow "latest")}}
        GROUP BY unit, entity
            {{- if .Placed}}, place{{end}}
            {{- if .Institution}}, institution{{end}}
{{- end}}
    ),
    placed AS
    (
        SELECT
            unit, entity, m, lines, dim_employer.employer_name AS employer_name,
{{- if .Quantile}}
            read_d AS n, k::Nullable(Float64) AS d, {{if eq .Flow "survival"}}read_n{{else}}if(read_d > 0, read_n, NULL){{end}}::Nullable(Float64) AS value,
{{- else}}
            read_n AS n, read_d AS d, NULL::Nullable(Float64) AS value,
{{- end}}
            if(notEmpty(strata), strata,
                [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
                 ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String))) AS own_strata,
            arrayConcat(
{{- if .Placed}}
                arrayMap(s -> if(s.1 = 'township' AND place IN (SELECT township FROM dim_township), (s.1, place, place), s), own_strata)
{{- else}}
                own_strata
{{- end}}
{{- if .Institution}}, [('institution', if(institution = '', 'unknown', institution), {city:String})]{{end}}
            )::Array(Tuple(dim String, dim_value String, area String)) AS all_strata,
            arrayFilter(s -> s.1 = {dim:String} AND ({dim_value:String} = '' OR s.2 = {dim_value:String}), all_strata) AS strata_asked
        FROM units
        LEFT JOIN dim_employer ON dim_employer.employer_key = units.unit
        WHERE notEmpty(strata_asked)
    )
{{- if .Sums}}
SELECT
    s.2 AS dim_value, toUInt64(count()) AS n_rows, round(sum(n), 9) AS numerator,
    if(count(d) = 0, NULL, round(sum(d), 9))::Nullable(Float64) AS denominator, round(sum(m), 9) AS missing
FROM placed
ARRAY JOIN strata_asked AS s
GROUP BY dim_value
ORDER BY dim_value
{{- else}}
,
    (SELECT (groupArray(batch), groupArray(file), groupArray(sheet)) FROM (SELECT * FROM stg_batch ORDER BY batch)) AS batches,
    lines_of -> arrayMap(l -> (
        splitByChar(':', l)[1], toUInt64OrZero(splitByChar(':', l)[2]),
        transform(toUInt64OrZero(splitByChar(':', l)[2]), batches.1, batches.2, ''),
        transform(toUInt64OrZero(splitByChar(':', l)[2]), batches.1, batches.3, ''),
        toUInt32OrZero(splitByChar(':', l)[3])), lines_of) AS located,
    roster AS
    (
        SELECT employer_key::String AS roster_key, arraySort(groupArray(concat('employer:', toString(batch), ':', toString(row)))) AS roster_lines
        FROM stg_employer
        GROUP BY employer_key
    )
SELECT
    {indicator:String}  AS indicator,
    {variant:String}    AS variant,
    {period:String}     AS period,
    s.3                 AS area,
    if({dim:String} IN ('', 'township'), {dim:String}, concat({dim:String}, '=', s.2)) AS by,
    unit                AS employer_key,
    employer_name,
    entity,
    n                   AS numerator,
    d                   AS denominator,
    m                   AS missing,
    value,
{{- if .AsText}}
    arrayStringConcat(arrayMap(l -> concat(l.1, ' ', toString(l.2), ' ', l.3, if(l.4 = '', '', concat(' [', l.4, ']')), ' ', toString(l.5)), arraySort(located(lines))), '; ') AS lines,
    arrayStringConcat(arrayMap(l -> concat(l.1, ' ', toString(l.2), ' ', l.3, if(l.4 = '', '', concat(' [', l.4, ']')), ' ', toString(l.5)), arraySort(located(roster_lines))), '; ') AS roster
{{- else}}
    arraySort(located(lines))::Array(Tuple(String, UInt64, String, String, UInt32)) AS lines,
    arraySort(located(roster_lines))::Array(Tuple(String, UInt64, String, String, UInt32)) AS roster
{{- end}}
FROM placed
LEFT JOIN roster ON roster.roster_key = placed.unit
ARRAY JOIN strata_asked AS s
ORDER BY s.2, n DESC, unit, entity, placed.lines
{{- if .Limit}}
LIMIT {{.Limit}}
{{- end}}
{{- end}}
