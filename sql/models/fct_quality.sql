-- name: fct_quality
-- title: 数据质量记分 | Data-quality scores
-- grain: one row per sender, stream, month of arrival, measure and item
-- order: sender, stream, month, measure, item
-- completeness  item is a field: rows with it filled, of accepted rows and those rejected because it was missing
-- validity      rows read without a reject or a warning
-- reject, warn  item is a code: rows with such a finding, of rows read
-- unchanged, corrected, repeated  rows that were there already, that changed one that was there, that repeat a key of their file
-- match         item is hazard, disease, employer or township: rows whose words were found
-- lag           item is event or report: rows that arrived within 30 days of that date; median_days
-- due_kept, silence  files due in the month that came in time (or were said to be nothing), and that are missing
-- heading       item is a change: headings that differ from the delivery before, of deliveries
-- drift         item is a key column: value is the population stability index, denominator the rows of the month
-- lower and upper are the 95 % score interval of Wilson (1927) for shares.
WITH
    findings AS
    (
        SELECT f.batch AS batch, toString(f.severity) AS severity, f.code::String AS code, f.field::String AS field, f.sheet::String AS sheet, f.row AS row
        FROM ops_finding AS f
        WHERE f.batch IN (SELECT batch FROM fct_delivery)
    ),
    read_rows AS
    (
        SELECT sender, stream, month, sum(n_read) AS n_read FROM fct_delivery WHERE NOT is_resend GROUP BY sender, stream, month
    ),
    measured AS
    (
        SELECT d.sender AS sender, d.stream AS stream, d.month AS month, d.received_day AS received_day, m.kind AS kind, m.field AS field, m.value AS value, m.n AS n
        FROM stg_measure AS m
        INNER JOIN fct_delivery AS d ON d.batch = m.batch
        WHERE m.kind != 'value'
    ),
    counts AS
    (
        SELECT f.sender AS sender, f.stream AS stream, f.month AS month, 'completeness' AS measure, f.field AS item,
            toFloat64(f.n) AS numerator, toFloat64(r.n + m.n) AS denominator, NULL::Nullable(Float64) AS median_days
        FROM (SELECT sender, stream, month, field, sum(n) AS n FROM measured WHERE kind = 'filled' GROUP BY sender, stream, month, field) AS f
        INNER JOIN (SELECT sender, stream, month, sum(n) AS n FROM measured WHERE kind = 'rows' GROUP BY sender, stream, month) AS r
            ON r.sender = f.sender AND r.stream = f.stream AND r.month = f.month
        LEFT JOIN
        (
            SELECT d.sender AS sender, d.stream AS stream, d.month AS month, x.field AS field, uniqExact(x.batch, x.sheet, x.row) AS n
            FROM findings AS x INNER JOIN fct_delivery AS d ON d.batch = x.batch
            WHERE x.severity = 'reject' AND x.code = 'required'
            GROUP BY d.sender, d.stream, d.month, x.field
        ) AS m ON m.sender = f.sender AND m.stream = f.stream AND m.month = f.month AND m.field = f.field

        UNION ALL
        SELECT r.sender, r.stream, r.month, 'validity', '', toFloat64(r.n_read - least(r.n_read, x.n)), toFloat64(r.n_read), NULL
        FROM read_rows AS r
        LEFT JOIN
        (
            SELECT d.sender AS sender, d.stream AS stream, d.month AS month, uniqExact(f.batch, f.sheet, f.row) AS n
            FROM findings AS f INNER JOIN fct_delivery AS d ON d.batch = f.batch
            WHERE f.severity IN ('reject', 'warn')
            GROUP BY d.sender, d.stream, d.month
        ) AS x ON x.sender = r.sender AND x.stream = r.stream AND x.month = r.month

        UNION ALL
        SELECT d.sender, d.stream, d.month, if(f.code = 'same_key_twice', 'repeated', f.severity), if(f.code = 'same_key_twice', '', f.code) AS item,
            toFloat64(uniqExact(f.batch, f.sheet, f.row)), toFloat64(any(r.n_read)), NULL
        FROM findings AS f
        INNER JOIN fct_delivery AS d ON d.batch = f.batch
        INNER JOIN read_rows AS r ON r.sender = d.sender AND r.stream = d.stream AND r.month = d.month
        WHERE f.severity IN ('reject', 'warn') OR f.code = 'same_key_twice'
        GROUP BY d.sender, d.stream, d.month, f.severity, f.code

        UNION ALL
        SELECT sender, stream, month, part.1, '', toFloat64(part.2), toFloat64(all_rows), NULL
        FROM
        (
            SELECT sender, stream, month, sum(n_read) AS all_rows, [('unchanged', sum(n_unchanged)), ('corrected', sum(n_corrected))] AS parts
            FROM fct_delivery
            GROUP BY sender, stream, month
        )
        ARRAY JOIN parts AS part

        UNION ALL
        SELECT sender, stream, month, 'match', field, toFloat64(sumIf(n, kind = 'matched')), toFloat64(sum(n)), NULL
        FROM measured
        WHERE kind IN ('matched', 'open')
        GROUP BY sender, stream, month, field

        UNION ALL
        SELECT sender, stream, month, 'lag', kind, toFloat64(sumIf(n, days <= 30)), toFloat64(sum(n)), toFloat64(quantileExactWeighted(0.5)(days, n))
        FROM (SELECT *, dateDiff('day', toDate32(value), received_day) AS days FROM measured WHERE kind IN ('event', 'report'))
        GROUP BY sender, stream, month, kind

        UNION ALL
        SELECT sender, stream, formatDateTime(due_date, '%Y-%m') AS month, part.1, '', toFloat64(part.2), toFloat64(n), NULL
        FROM
        (
            SELECT sender, stream, toDate32(toStartOfMonth(due_date)) AS due_date, count() AS n,
                [('due_kept', countIf(state IN ('in_time', 'zero') AND days_late = 0)), ('silence', countIf(state = 'missing'))] AS parts
            FROM fct_due
            WHERE state != 'open'
            GROUP BY sender, stream, due_date
        )
        ARRAY JOIN parts AS part

        UNION ALL
        SELECT c.sender, c.stream, c.month, 'heading', c.change, toFloat64(c.n), toFloat64(d.n), NULL
        FROM (SELECT sender, stream, month, change, count() AS n FROM fct_heading_change GROUP BY sender, stream, month, change) AS c
        INNER JOIN (SELECT sender, stream, month, count() AS n FROM fct_delivery GROUP BY sender, stream, month) AS d
            ON d.sender = c.sender AND d.stream = c.stream AND d.month = c.month
    ),
    scored AS
    (
        SELECT *,
            if(denominator > 0, numerator / denominator, NULL) AS p, denominator AS n, pow(1.959963984540054, 2) AS zz,
            measure NOT IN ('heading') AND denominator > 0 AND numerator <= denominator AS is_share,
            sqrt(zz) * sqrt(p * (1 - p) / n + zz / (4 * n * n)) AS half
        FROM counts
    )
SELECT sender, stream, month, measure, item, numerator, denominator, p AS value,
    if(is_share, greatest(0., (p + zz / (2 * n) - half) / (1 + zz / n)), NULL)::Nullable(Float64) AS lower,
    if(is_share, least(1., (p + zz / (2 * n) + half) / (1 + zz / n)), NULL)::Nullable(Float64) AS upper,
    median_days
FROM scored
UNION ALL
SELECT sender, stream, month, 'drift', field, 0., toFloat64(n_now), psi, NULL, NULL, NULL
FROM fct_drift
