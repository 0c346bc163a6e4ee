-- name: transform_flow
-- title: Cells of an indicator whose rows happen on days
-- The body of the indicator returns what was counted: variant, employer_key, day, entity (text), numerator, denominator,
-- missing. A row counts in every period that its day lies in. With once an entity counts once in an employer and period,
-- with its largest numerator and denominator; with total its numerators add up and its denominator counts once; with
-- sum every row counts for itself. Rows of employers that nobody knows stand under 'unassigned' and 'unknown'.
-- Sums are rounded to nine decimals, so that they do not depend on the order of their terms.
WITH
    counted AS
    (
{{.Body}}
    ),
    per_entity AS
    (
        SELECT
            variant, period_kind, period, employer_key,
{{- if eq .Flow "sum"}}
            sum(toFloat64(counted.numerator))   AS n,
            sum(toFloat64(counted.denominator)) AS d,
            sum(toFloat64(counted.missing))     AS m
        FROM counted
        INNER JOIN dim_day ON dim_day.day = counted.day
        WHERE period_kind IN {periods:Array(String)}
        GROUP BY variant, period_kind, period, employer_key
{{- else}}
            {{if eq .Flow "total"}}sum{{else}}max{{end}}(toFloat64(counted.numerator)) AS n,
            max(toFloat64(counted.denominator)) AS d,
            max(toFloat64(counted.missing))     AS m
        FROM counted
        INNER JOIN dim_day ON dim_day.day = counted.day
        WHERE period_kind IN {periods:Array(String)}
        GROUP BY variant, period_kind, period, employer_key, entity
{{- end}}
    ),
    per_employer AS
    (
        SELECT variant, period_kind, period, employer_key, sum(n) AS sum_n, sum(d) AS sum_d, sum(m) AS sum_m
        FROM per_entity
        GROUP BY variant, period_kind, period, employer_key
    ),
    flows AS
    (
        SELECT
            variant, period_kind, period, stratum.dim AS dim, stratum.dim_value AS dim_value,
            round(sum(sum_n), 9) AS all_n, round(sum(sum_d), 9) AS all_d, sum(sum_m) AS all_m
        FROM per_employer
        LEFT JOIN dim_employer ON dim_employer.employer_key = per_employer.employer_key
        ARRAY JOIN if(notEmpty(strata), strata,
            [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
             ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String))) AS stratum
        GROUP BY variant, period_kind, period, dim, dim_value
    )
SELECT
    cell_variant AS variant, dim_cell.period_kind AS period_kind, dim_cell.period AS period, dim_cell.as_of_date AS as_of_date,
    area, dim_cell.dim AS dim, dim_cell.dim_value AS dim_value,
    all_n AS numerator, all_d AS denominator, all_m AS missing
FROM
(
    SELECT *, cell_variant FROM dim_cell ARRAY JOIN {variants:Array(String)} AS cell_variant WHERE period_kind IN {periods:Array(String)}
) AS dim_cell
LEFT JOIN flows ON flows.variant = cell_variant AND flows.period_kind = dim_cell.period_kind AND flows.period = dim_cell.period
    AND flows.dim = dim_cell.dim AND flows.dim_value = dim_cell.dim_value
