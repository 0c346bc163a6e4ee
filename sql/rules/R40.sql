-- id: R40
-- version: 1
-- title: 月报送量异常 | Volume of a month out of line
-- message: {object}（{stream}）{month}报送{n}条，历年同月平均{mean}条（范围 {low}–{high}）
--   | {object} ({stream}): {n} rows sent in {month}, {mean} on average in the same month of earlier years (range {low} to {high})
-- severity: blue
-- addressee: CDC
-- due: 3 days
-- life: event
-- source: proposal (rules.md E)
-- params: sigmas = 3, min_years = 3, max_years = 8, least_rows = 10
-- The last whole month, by the day of sending that the rows carry, of each stream and each institution in it, against the same months of min_years to
-- max_years earlier years since it began. The standard deviation is at least that of a Poisson count.
WITH
    {week_end:Date32} AS day,
    toStartOfMonth(addMonths(toStartOfMonth(addDays(day, 1)), -1)) AS month,
    sends AS
    (
        SELECT stream, source, toStartOfMonth(fct_send_day.sent) AS sent, sum(n_rows) AS n, max(name) AS said, min(fct_send_day.line) AS line
        FROM fct_send_day
        WHERE stream IN ('exam', 'detection', 'dose', 'case_report')
        GROUP BY stream, source, sent
    ),
    months AS
    (
        SELECT stream, part AS source, sent, sum(n) AS rows_sent, if(part = '', '', max(said)) AS name, min(line) AS line
        FROM sends
        ARRAY JOIN if(source = '', [''], ['', source]) AS part
        WHERE toMonth(sent) = toMonth(month) AND sent <= month AND sent >= addYears(month, -{max_years:Int32})
        GROUP BY stream, source, sent
    ),
    starts AS
    (
        SELECT stream, part AS source, min(sent) AS began
        FROM sends
        ARRAY JOIN if(source = '', [''], ['', source]) AS part
        GROUP BY stream, source
    ),
    compared AS
    (
        SELECT
            months.stream AS stream, months.source AS source, any(name) AS name, sumIf(rows_sent, sent = month) AS now,
            least(dateDiff('year', any(if(toMonth(began) <= toMonth(month), began, addYears(toStartOfYear(began), 1))), month), {max_years:Int32}) AS years,
            sumIf(rows_sent, sent < month) / greatest(years, 1) AS mean,
            sumIf(pow(rows_sent, 2), sent < month) / greatest(years, 1) - pow(mean, 2) AS spread,
            sqrt(greatest(spread * years / greatest(years - 1, 1), mean)) AS sigma,
            argMax(line, sent) AS last_line
        FROM months
        INNER JOIN starts ON starts.stream = months.stream AND starts.source = months.source
        GROUP BY stream, source
    )
SELECT
    if(source = '', 'stream', 'institution')                                     AS object_kind,
    if(source = '', stream, source)                                              AS object,
    multiIf(source = '', stream, name != '', name, source)                       AS object_name,
    {city:String}                                                                AS area,
    'blue'                                                                       AS severity,
    concat('volume:', stream, ':', formatDateTime(month, '%Y-%m'))               AS cause,
    abs(now - mean) / sigma                                                      AS score,
    map('stream', stream, 'month', formatDateTime(month, '%Y-%m'), 'n', toString(now), 'mean', toString(round(mean, 1)),
        'low', toString(greatest(round(mean - {sigmas:Float64} * sigma), 0)), 'high', toString(round(mean + {sigmas:Float64} * sigma))) AS args,
    [last_line]                                                                  AS evidence,
    toUInt64(greatest(now, 1))                                                   AS n_evidence
FROM compared
WHERE years >= {min_years:Int32} AND greatest(toFloat64(now), mean) >= {least_rows:Float64} AND abs(now - mean) > {sigmas:Float64} * sigma
