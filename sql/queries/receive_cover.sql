-- title: Which periods the senders' files cover, with the day on which the first one came
-- A batch covers the periods in which at least a tenth of its dated rows lie. A batch of a stream without
-- dates, such as the roster, or of headings only, covers the last period that had ended when it arrived. today: batches that
-- arrived later don't count.
WITH
    arrived AS
    (
        SELECT b.batch AS batch, any(b.sender)::String AS sender, any(b.stream)::String AS stream, min(toDate32(b.received_at, 'Asia/Shanghai')) AS day,
            max(b.n_read) AS n_read
        FROM ops_batch AS b
        GROUP BY b.batch
        HAVING max(b.state) = 'published' AND any(b.sender) != '' AND day <= {today:Date32}
    ),
    kinds AS (SELECT arrayJoin(['week', 'month', 'quarter', 'year']) AS kind),
    dated AS
    (
        SELECT batch, toDate32(value) AS event, n
        FROM ops_measure FINAL
        WHERE kind = 'event' AND batch IN (SELECT batch FROM arrived)
    ),
    named AS
    (
        SELECT batch, kind, event, n FROM dated CROSS JOIN kinds
    ),
    -- the day before the first day of the period of arrival lies in the last period that had ended
    undated AS
    (
        SELECT batch, kind,
            multiIf(kind = 'week', toStartOfWeek(day, 1), kind = 'month', toStartOfMonth(day), kind = 'quarter', toStartOfQuarter(day), toStartOfYear(day))::Date32 - 1 AS event,
            toUInt64(1) AS n
        FROM arrived CROSS JOIN kinds
        WHERE n_read = 0 OR stream NOT IN (SELECT stream::String FROM ops_measure FINAL WHERE kind = 'event')
    ),
    periods AS
    (
        SELECT
            batch,
            multiIf(
                kind = 'week', concat(toString(toISOYear(event)), '-W', leftPad(toString(toISOWeek(event)), 2, '0')),
                kind = 'month', formatDateTime(event, '%Y-%m'),
                kind = 'quarter', concat(toString(toYear(event)), 'Q', toString(toQuarter(event))),
                toString(toYear(event))) AS period,
            sum(n) AS n, kind
        FROM (SELECT * FROM named UNION ALL SELECT * FROM undated)
        GROUP BY batch, kind, period
    ),
    weighed AS
    (
        SELECT batch, period, n, sum(n) OVER (PARTITION BY batch, kind) AS all_n FROM periods
    ),
    said AS
    (
        SELECT z.sender AS sender, z.stream::String AS stream, z.period::String AS period, min(toDate32(z.at, 'Asia/Shanghai')) AS day
        FROM ops_zero AS z
        GROUP BY z.sender, z.stream, z.period
        HAVING argMax(z.state, z.at) = 'said' AND day <= {today:Date32}
    )
SELECT c.sender AS sender, c.stream AS stream, c.period AS period, min(c.day) AS day, argMin(c.zero, (c.day, c.zero, c.batch)) AS zero,
    argMin(c.batch, (c.day, c.zero, c.batch)) AS batch
FROM
(
    SELECT arrived.sender AS sender, arrived.stream AS stream, weighed.period AS period, arrived.day AS day, arrived.n_read = 0 AS zero, weighed.batch AS batch
    FROM weighed INNER JOIN arrived USING batch
    WHERE 10 * n >= all_n
    UNION ALL
    SELECT sender, stream, period, day, true, toUInt64(0) FROM said
) AS c
GROUP BY c.sender, c.stream, c.period
ORDER BY sender, stream, period
