-- name: fct_drift
-- title: 分布变化 | Shifts of distributions
-- grain: one row per sender, stream, month and key column with at least 100 rows in the month and in the six before
-- order: sender, stream, month, field
-- psi is the population stability index, the sum of (p - q) ln(p / q) over the values, half a row added to each. Numbers are taken by
-- powers of two. The value whose share has moved most is named with both shares.
WITH
    by_month AS
    (
        SELECT d.sender AS sender, d.stream AS stream, toDate32(toStartOfMonth(d.received_day)) AS start, m.field AS field, m.value AS value, sum(m.n) AS n
        FROM stg_measure AS m
        INNER JOIN fct_delivery AS d ON d.batch = m.batch
        WHERE m.kind = 'value' AND d.sender != ''
        GROUP BY d.sender, d.stream, start, m.field, m.value
    ),
    compared AS
    (
        SELECT sender, stream, addMonths(start, k)::Date32 AS target, field, value, sumIf(n, k = 0) AS n_now, sumIf(n, k > 0) AS n_before
        FROM by_month
        ARRAY JOIN range(7) AS k
        GROUP BY sender, stream, target, field, value
    ),
    shares AS
    (
        SELECT sender, stream, target, field, value,
            sum(n_now) OVER w AS all_now, sum(n_before) OVER w AS all_before, count() OVER w AS n_values,
            (n_now + 0.5) / (all_now + 0.5 * n_values) AS p, (n_before + 0.5) / (all_before + 0.5 * n_values) AS q
        FROM compared
        WINDOW w AS (PARTITION BY sender, stream, target, field)
    )
SELECT
    sender, stream, formatDateTime(target, '%Y-%m') AS month, field,
    any(all_now)                                    AS n_now,
    any(all_before)                                 AS n_before,
    sum((p - q) * log(p / q))                       AS psi,
    argMax(value, (abs(p - q), value))              AS moved_value,
    argMax(q, (abs(p - q), value))                  AS share_before,
    argMax(p, (abs(p - q), value))                  AS share_now
FROM shares
WHERE all_now >= 100 AND all_before >= 100
GROUP BY sender, stream, target, field
