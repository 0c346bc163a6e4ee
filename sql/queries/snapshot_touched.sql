-- name: snapshot_touched
-- title: Rows of batches by what they do and by the stratum of their employer
-- Rows of a stream that names no employer may belong to any stratum.
{{- if .HasEmployer}}
SELECT batch, op, stratum.1 AS dim, stratum.2 AS dim_value, toUInt64(count()) AS n
FROM
(
    SELECT batch, op::String AS op, {{if .HasUsing}}if(using_key = '', employer_key::String, using_key::String){{else}}employer_key::String{{end}} AS unit
    FROM {{ident .Table}}
    WHERE batch IN {batches:Array(UInt64)}
) AS r
LEFT JOIN dim_employer ON dim_employer.employer_key = r.unit
ARRAY JOIN if(notEmpty(strata), strata,
    [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
     ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String))) AS stratum
GROUP BY batch, op, dim, dim_value
ORDER BY batch, op, dim, dim_value
{{- else}}
SELECT batch, op::String AS op, 'any' AS dim, '' AS dim_value, toUInt64(count()) AS n
FROM {{ident .Table}}
WHERE batch IN {batches:Array(UInt64)} AND {city:String} != ''
GROUP BY batch, op
ORDER BY batch, op
{{- end}}
