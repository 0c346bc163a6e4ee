-- name: transform_gaps_flow
-- title: Who is missing from an indicator whose rows happen on days
-- The body is that of the indicator; its rows come together in the period as transform_flow says. The names are the
-- entities, and since is the first day of the period with an open row, for a state the day of the reading.
WITH
    counted AS
    (
{{.Body}}
    ),
    per_entity AS
    (
        SELECT
            variant, employer_key, entity,
{{- if .Placed}} counted.area AS own_area,{{end}}
{{- if eq .Flow "latest"}}
            argMax(toFloat64(counted.numerator), (counted.day, counted.numerator))                     AS n,
            argMax(toFloat64(counted.denominator), (counted.day, counted.numerator))                   AS d,
{{- else}}
            {{if eq .Flow "once"}}max{{else}}sum{{end}}(toFloat64(counted.numerator))                                     AS n,
            {{if or (eq .Flow "once") (eq .Flow "total")}}max{{else}}sum{{end}}(toFloat64(counted.denominator))           AS d,
{{- end}}
            minIf(counted.day, ifNull(counted.numerator < counted.denominator, false)) AS first_open
        FROM counted
        WHERE counted.day BETWEEN {{if eq .Flow "state"}}{day:Date32}{{else}}{start:Date32}{{end}} AND {day:Date32}
        GROUP BY variant, employer_key, entity{{if .Placed}}, own_area{{end}}
    )
SELECT
    variant, employer_key, {{if .Placed}}own_area,{{end}} round(sum(n), 9) AS numerator, round(sum(d), 9) AS denominator,
    minIf(first_open, n < d)::Nullable(Date32) AS first_since, if(countIf(n < d) = 0, NULL, first_since) AS since, 'open' AS reason,
    groupArrayIf((entity::String, 'open', first_open)::Tuple(String, String, Nullable(Date32)), n < d AND entity != '') AS names, 0 AS beyond
FROM per_entity
GROUP BY variant, employer_key{{if .Placed}}, own_area{{end}}
