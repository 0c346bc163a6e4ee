-- name: transform_flow
-- title: Cells of an indicator whose query returns what was counted, row by row; those with something counted
-- The body of the indicator returns variant, employer_key, day, entity (text), numerator, denominator, missing, with
-- place: own also area, with the stratum institution also institution. A row counts in every period that its day lies in;
-- a state counts in every period that is read on its day. With once an entity counts once in an employer and period,
-- with its largest numerator and denominator; with total its numerators add up and its denominator counts once; with latest
-- it counts as on its latest day in the period; otherwise
-- every row counts for itself. Rows of employers that nobody knows stand under 'unassigned' and 'unknown'; an area
-- that a row names goes before that of its employer. Sums are rounded to nine decimals, so that they do not depend on the
-- order of their terms.
-- Periods names a table of the only periods that are wanted of an indicator.
-- levels names the variants that are quantiles: there the numerator of a row is the value, its denominator 1 where the
-- value is known (of a survival: where the time has ended; without a numerator the time is not known). Their cells count the known ones and all; the quantile is that
-- between the two nearest values (Hyndman and Fan 1996, type 7), at level -1 the standard deviation of the sample, of a survival that of the product-limit estimate.
WITH
    counted AS
    (
{{- if .Periods}}
SELECT * FROM
(
{{.Body}}
)
WHERE toDate32(day) IN (
    SELECT {{if eq .Flow "state"}}as_of_date FROM dim_period{{else}}day FROM dim_day{{end}}
    WHERE (period_kind, period) IN (SELECT period_kind, period FROM {{ident .Periods}} WHERE indicator = {{literal .Indicator}}))
{{- else}}
{{.Body}}
{{- end}}
    ),
{{- if .Once}}
    -- Rows of an entity come together before they are spread over periods, which are known by their first days.
    per_entity AS
    (
        SELECT
            variant, employer_key,
            {{- if .Placed}} counted.area AS area,{{end}}
            {{- if .Institution}} counted.institution AS institution,{{end}}
            groupArray((toDate32(day), toFloat64(counted.numerator), ifNull(toFloat64(counted.denominator), nan), toFloat64(counted.missing))) AS of_entity
        FROM counted
        WHERE day BETWEEN (SELECT min(start_date) FROM dim_period) AND (SELECT max(as_of_date) FROM dim_period)
        GROUP BY variant, employer_key, entity
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
    ),
    per_kind AS
    (
        SELECT
            variant, employer_key, kind,
            {{- if .Placed}} area,{{end}}
            {{- if .Institution}} institution,{{end}}
            arrayFilter(r -> kind != 'week' OR r.1 >= (SELECT min(start_date) FROM dim_period WHERE period_kind = 'week'), of_entity) AS rows_of_kind,
            arrayMap(r -> multiIf(kind = 'month', toDate32(toStartOfMonth(r.1)), kind = 'quarter', toDate32(toStartOfQuarter(r.1)),
                kind = 'year', toDate32(toStartOfYear(r.1)), toDate32(toMonday(r.1))), rows_of_kind)                        AS starts,
            arrayReduce('maxMap', [starts], [rows_of_kind.2], [rows_of_kind.3], [rows_of_kind.4])                         AS once
        FROM per_entity
        ARRAY JOIN {periods:Array(String)} AS kind
        WHERE notEmpty(rows_of_kind)
    ),
    per_employer AS
    (
        SELECT
            variant, kind AS period_kind, dim_period.period AS period, employer_key, summed.2 AS sum_n, summed.3 AS sum_d, summed.4 AS sum_m
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
        FROM
        (
            SELECT
                variant, employer_key, kind,
                {{- if .Placed}} area,{{end}}
                {{- if .Institution}} institution,{{end}}
                sumMap(once.1, once.2, once.3, once.4) AS per_start
            FROM per_kind
            GROUP BY variant, employer_key, kind
                {{- if .Placed}}, area{{end}}
                {{- if .Institution}}, institution{{end}}
        )
        ARRAY JOIN arrayZip(per_start.1, per_start.2, per_start.3, per_start.4) AS summed
        INNER JOIN dim_period ON dim_period.period_kind = kind AND dim_period.start_date = summed.1
    ),
{{- else}}
{{- if .Daily}}
    daily AS
    (
        SELECT
            variant, employer_key, day,
            {{- if .Placed}} c.area AS area,{{end}}
            {{- if .Institution}} c.institution AS institution,{{end}}
            sum(toFloat64(c.numerator)) AS numerator, sum(toFloat64(c.denominator)) AS denominator, sum(toFloat64(c.missing)) AS missing
        FROM counted AS c
        GROUP BY variant, employer_key, day
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
    ),
{{- end}}
    per_entity AS
    (
        SELECT
            variant, period_kind, period, employer_key,
            {{- if .Placed}} counted.area AS area,{{end}}
            {{- if .Institution}} counted.institution AS institution,{{end}}
{{- if eq .Flow "latest"}}
            argMax(toFloat64(counted.numerator), (counted.day, counted.numerator))   AS n,
            argMax(toFloat64(counted.denominator), (counted.day, counted.numerator)) AS d,
            argMax(toFloat64(counted.missing), (counted.day, counted.numerator))     AS m
{{- else if or (eq .Flow "once") (eq .Flow "total")}}
            {{if eq .Flow "total"}}sum{{else}}max{{end}}(toFloat64(counted.numerator)) AS n,
            max(toFloat64(counted.denominator)) AS d,
            max(toFloat64(counted.missing))     AS m
{{- else}}
            sum(toFloat64(counted.numerator))   AS n,
            sum(toFloat64(counted.denominator)) AS d,
            sum(toFloat64(counted.missing))     AS m
{{- end}}
{{- if .Quantile}},
            count()                             AS rows_all,
            groupArrayIf((ifNull(toFloat64(counted.numerator), 0), counted.denominator > 0),
                {{if eq .Flow "survival"}}counted.numerator IS NOT NULL{{else}}counted.denominator > 0{{end}}) AS seen
{{- end}}
        FROM {{if .Daily}}daily AS {{end}}counted
{{- if or (eq .Flow "state")}}
        INNER JOIN dim_period ON dim_period.as_of_date = counted.day
{{- else}}
        INNER JOIN dim_day ON dim_day.day = counted.day
{{- end}}
        WHERE period_kind IN {periods:Array(String)}
        GROUP BY variant, period_kind, period, employer_key
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
            {{- if or (eq .Flow "once") (eq .Flow "total") (eq .Flow "latest")}}, entity{{end}}
    ),
    per_employer AS
    (
        SELECT
            variant, period_kind, period, employer_key, sum(n) AS sum_n, sum(d) AS sum_d, sum(m) AS sum_m
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
            {{- if .Quantile}}, sum(rows_all) AS sum_rows, groupArrayArray(seen) AS seen{{end}}
        FROM per_entity
        GROUP BY variant, period_kind, period, employer_key
            {{- if .Placed}}, area{{end}}
            {{- if .Institution}}, institution{{end}}
    ),
{{- end}}
    flows AS
    (
        SELECT
            variant, period_kind, period, stratum.dim AS dim, stratum.dim_value AS dim_value,
{{- if .Quantile}}
            mapContains({levels:Map(String, Float64)}, variant)                 AS is_quantile,
            if(is_quantile, sum(sum_d), round(sum(sum_n), 9))                   AS all_n,
            if(is_quantile, toFloat64(sum(sum_rows)), round(sum(sum_d), 9))     AS all_d,
            {levels:Map(String, Float64)}[variant]                              AS level,
            arraySort(s -> (s.1, NOT s.2), groupArrayArray(seen))               AS sorted,
            length(sorted)                                                      AS n_seen,
{{- if eq .Flow "survival"}}
            arrayCumSum(arrayMap((s, i) -> if(NOT s.2, 0, if(i = n_seen, -1e9, log((n_seen - i) / (n_seen - i + 1)))),
                sorted, arrayEnumerate(sorted)))                                AS log_left,
            arrayFirstIndex(l -> exp(l) <= 1 - level + 1e-12, log_left)         AS at,
            if(is_quantile AND at > 0, sorted[at].1, nan)                       AS quantile,
{{- else}}
            level * (n_seen - 1)                                                AS at,
            toUInt64(floor(greatest(at, 0))) + 1                                AS low,
            multiIf(NOT is_quantile OR n_seen = 0, nan,
                level < 0, round(arrayReduce('stddevSampStable', arrayMap(s -> s.1, sorted)), 9),
                round(sorted[low].1 + (at - floor(at)) * (sorted[least(low + 1, n_seen)].1 - sorted[low].1), 9)) AS quantile,
{{- end}}
{{- else}}
            round(sum(sum_n), 9) AS all_n, round(sum(sum_d), 9) AS all_d,
{{- end}}
            sum(sum_m) AS all_m
        FROM
        (
            SELECT per_employer.*, if(notEmpty(strata), strata,
                [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
                 ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String))) AS own_strata
            FROM per_employer
            LEFT JOIN dim_employer ON dim_employer.employer_key = per_employer.employer_key
        ) AS placed
        ARRAY JOIN arrayConcat(
{{- if .Placed}}
            arrayMap(s -> if(s.1 = 'township' AND placed.area IN (SELECT township FROM dim_township), ('township', placed.area, placed.area), s), own_strata)
{{- else}}
            own_strata
{{- end}}
{{- if .Institution}}, [('institution', if(institution = '', 'unknown', institution), {city:String})]{{end}}
            )::Array(Tuple(dim String, dim_value String, area String)) AS stratum
        GROUP BY variant, period_kind, period, dim, dim_value
    )
SELECT
    variant, period_kind, period, dim, dim_value,
    ifNull(all_n, 0) AS numerator, all_d AS denominator, ifNull(all_m, 0) AS missing
    {{- if .Quantile}}, if({{if .Institution}}dim = 'institution' OR {{end}}ifNull(all_d, 0) > 0, ifNull(flows.quantile, nan), nan) AS quantile{{end}}
FROM flows
{{- if .Periods}}
WHERE (period_kind, period) IN (SELECT period_kind, period FROM {{ident .Periods}} WHERE indicator = {{literal .Indicator}})
{{- end}}
