-- title: Senders by the share of their rows without a reject or a warning
-- expected is the share that the sender would have if each of its streams were as good as that stream is on the whole, so
-- that a sender is compared with those who send the same. A sender stands below or above only when the whole 95 % interval
-- (Wilson, 1927) lies there; small senders then are not told apart by chance.
WITH
    chosen AS
    (
        SELECT sender, stream, measure, sum(numerator) AS good, sum(denominator) AS n
        FROM fct_quality
        WHERE month BETWEEN {from:String} AND {to:String} AND ({stream:String} = '' OR stream = {stream:String})
            AND measure IN ('validity', 'completeness', 'due_kept', 'silence')
        GROUP BY sender, stream, measure
    ),
    whole AS (SELECT stream, sum(good) / sum(n) AS share FROM chosen WHERE measure = 'validity' GROUP BY stream HAVING sum(n) > 0),
    senders AS
    (
        SELECT c.sender AS sender,
            sumIf(c.good, c.measure = 'validity') AS valid_rows, sumIf(c.n, c.measure = 'validity') AS rows_read,
            sumIf(c.n * w.share, c.measure = 'validity') AS expected_rows,
            sumIf(c.good, c.measure = 'completeness') AS filled, sumIf(c.n, c.measure = 'completeness') AS cells,
            sumIf(c.good, c.measure = 'due_kept') AS due_kept, sumIf(c.n, c.measure = 'due_kept') AS due,
            sumIf(c.good, c.measure = 'silence') AS silent
        FROM chosen AS c
        LEFT JOIN whole AS w ON w.stream = c.stream
        GROUP BY c.sender
    ),
    scored AS
    (
        SELECT *, if(rows_read > 0, valid_rows / rows_read, NULL) AS p, rows_read AS n, pow(1.959963984540054, 2) AS zz,
            sqrt(zz) * sqrt(p * (1 - p) / n + zz / (4 * n * n)) AS half,
            if(rows_read > 0, greatest(0., (p + zz / (2 * n) - half) / (1 + zz / n)), NULL)::Nullable(Float64) AS low,
            if(rows_read > 0, least(1., (p + zz / (2 * n) + half) / (1 + zz / n)), NULL)::Nullable(Float64) AS high,
            if(rows_read > 0, expected_rows / rows_read, NULL)::Nullable(Float64) AS expected
        FROM senders
    )
SELECT sender, valid_rows, rows_read, p AS value, low AS lower, high AS upper, expected,
    multiIf(rows_read = 0, 'no_rows', high < expected, 'below', low > expected, 'above', 'as_others') AS verdict,
    if(cells > 0, filled / cells, NULL)::Nullable(Float64) AS completeness, due_kept, due, silent
FROM scored
ORDER BY indexOf(['below', 'as_others', 'above', 'no_rows'], verdict), ifNull(p, 2), sender
