-- name: fct_due
-- title: 应报与实报 | Files expected of senders
-- grain: one row per sender, stream and period that has ended and for which the sender's profile expects a file
-- order: sender, stream, period_start
-- A batch covers the periods in which at least a tenth of its dated rows lie. A batch of headings only, or of a stream
-- without dates, such as the roster, covers the last period that had ended when it arrived. A statement that there is
-- nothing to report covers its period.
WITH
    profiles AS
    (
        SELECT s.sender AS sender, argMax(s.state, s.at) AS state, argMax(s.contact, s.at) AS contact, argMax(s.since, s.at) AS since,
            argMax(s.streams, s.at)::Array(String) AS streams, argMax(s.cadences, s.at)::Array(String) AS cadences, argMax(s.due_days, s.at) AS days
        FROM ops_sender AS s
        WHERE s.at <= {as_of:DateTime64(3, 'UTC')}
        GROUP BY s.sender
        HAVING state = 'active'
    ),
    expected AS
    (
        SELECT sender, contact, stream, cadence, due_days,
            multiIf(cadence = 'week', toDate32(toMonday(since)), cadence = 'month', toDate32(toStartOfMonth(since)),
                cadence = 'quarter', toDate32(toStartOfQuarter(since)), toDate32(toStartOfYear(since))) AS first_start
        FROM profiles
        ARRAY JOIN streams AS stream, cadences AS cadence, days AS due_days
        WHERE cadence != ''
    ),
    due AS
    (
        SELECT sender, contact, stream, cadence,
            multiIf(cadence = 'week', addWeeks(first_start, i), cadence = 'month', addMonths(first_start, i),
                cadence = 'quarter', addQuarters(first_start, i), addYears(first_start, i))::Date32 AS period_start,
            (multiIf(cadence = 'week', addWeeks(first_start, i + 1), cadence = 'month', addMonths(first_start, i + 1),
                cadence = 'quarter', addQuarters(first_start, i + 1), addYears(first_start, i + 1)) - 1)::Date32 AS period_end,
            addDays(period_end, due_days)::Date32 AS due_date
        FROM expected
        ARRAY JOIN range(greatest(0, toUInt32(greatest(0, dateDiff('day', first_start, {today:Date32}))) / 7 + 2)::UInt32) AS i
        WHERE period_end < {today:Date32}
    ),
    arrived AS
    (
        SELECT batch, sender, stream, received_day AS day, n_read
        FROM fct_delivery
        WHERE sender != '' AND received_day <= {today:Date32}
    ),
    kinds AS (SELECT arrayJoin(['week', 'month', 'quarter', 'year']) AS kind),
    dated AS
    (
        SELECT m.batch AS batch, toDate32(m.value) AS event, m.n AS n
        FROM stg_measure AS m
        WHERE m.kind = 'event' AND m.batch IN (SELECT batch FROM arrived)
    ),
    undated AS
    (
        SELECT batch, day FROM arrived
        WHERE n_read = 0 OR stream NOT IN (SELECT e.stream FROM stg_measure AS e WHERE e.kind = 'event')
    ),
    placed AS
    (
        SELECT batch, kind, event, n FROM dated CROSS JOIN kinds
        UNION ALL
        -- the day before the period of arrival began lies in the last period that had ended
        SELECT batch, kind,
            (multiIf(kind = 'week', toDate32(toMonday(day)), kind = 'month', toDate32(toStartOfMonth(day)),
                kind = 'quarter', toDate32(toStartOfQuarter(day)), toDate32(toStartOfYear(day))) - 1)::Date32,
            toUInt64(1)
        FROM undated CROSS JOIN kinds
    ),
    weighed AS
    (
        SELECT batch, kind,
            multiIf(kind = 'week', toDate32(toMonday(event)), kind = 'month', toDate32(toStartOfMonth(event)),
                kind = 'quarter', toDate32(toStartOfQuarter(event)), toDate32(toStartOfYear(event))) AS start,
            sum(n) AS rows_in, sum(rows_in) OVER (PARTITION BY batch, kind) AS rows_all
        FROM placed
        GROUP BY batch, kind, start
    ),
    said AS
    (
        SELECT z.sender AS sender, z.stream::String AS stream, z.period::String AS period, min(toDate32(z.at, 'Asia/Shanghai')) AS day
        FROM ops_zero AS z
        WHERE z.at <= {as_of:DateTime64(3, 'UTC')}
        GROUP BY z.sender, z.stream, z.period
        HAVING argMax(z.state, z.at) = 'said' AND day <= {today:Date32}
    ),
    covered AS
    (
        SELECT a.sender AS sender, a.stream AS stream, w.kind AS kind, w.start AS start, min(a.day) AS day, argMin(a.n_read = 0, (a.day, a.batch)) AS zero,
            argMin(a.batch, (a.day, a.batch)) AS batch
        FROM weighed AS w
        INNER JOIN arrived AS a ON a.batch = w.batch
        WHERE 10 * w.rows_in >= w.rows_all
        GROUP BY a.sender, a.stream, w.kind, w.start
    ),
    named AS
    (
        SELECT *,
            multiIf(
                cadence = 'week', concat(toString(toISOYear(period_start)), '-W', leftPad(toString(toISOWeek(period_start)), 2, '0')),
                cadence = 'month', concat(toString(toYear(period_start)), '-', leftPad(toString(toMonth(period_start)), 2, '0')),
                cadence = 'quarter', concat(toString(toYear(period_start)), 'Q', toString(toQuarter(period_start))),
                toString(toYear(period_start))) AS period
        FROM due
    )
SELECT
    d.sender                                                AS sender,
    d.stream                                                AS stream,
    d.cadence                                               AS cadence,
    d.period                                                AS period,
    d.period_start                                          AS period_start,
    d.due_date                                              AS due_date,
    d.contact                                               AS contact,
    c.batch != 0                                            AS has_batch,
    s.period != ''                                          AS has_statement,
    multiIf(has_batch AND has_statement, least(c.day, s.day), has_batch, c.day, s.day)::Date32 AS first_day,
    if(has_batch OR has_statement, first_day, NULL)::Nullable(Date32) AS received_day,
    if(has_batch AND (NOT has_statement OR c.day <= s.day), c.zero, has_statement) AS is_zero,
    c.batch                                                 AS batch,
    multiIf(received_day IS NULL, if(d.due_date < {today:Date32}, 'missing', 'open'), is_zero, 'zero', first_day > d.due_date, 'late', 'in_time') AS state,
    toUInt32(greatest(0, dateDiff('day', d.due_date, if(received_day IS NULL, {today:Date32}, first_day)))) AS days_late
FROM named AS d
LEFT JOIN covered AS c ON c.sender = d.sender AND c.stream = d.stream AND c.kind = d.cadence AND c.start = d.period_start
LEFT JOIN said AS s ON s.sender = d.sender AND s.stream = d.stream AND s.period = d.period
