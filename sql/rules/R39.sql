-- id: R39
-- version: 1
-- title: 数据来源静默 | Silent source
-- message: {object}（{stream}）已{days}天没有报送，通常间隔不超过{usual}天，最近一次 {last}
--   | {object} ({stream}) has sent nothing for {days} days, usually at most {usual}, last on {last}
-- severity: blue
-- addressee: INST, CDC
-- due: 3 days
-- life: state
-- source: proposal (rules.md E)
-- params: factor = 1.5, min_days = 14, max_days = 365, history_days = 730, min_sends = 8, quantile = 0.95
-- A source is an institution in one stream, or a stream as a whole. Its usual interval is the quantile of the gaps
-- between its days of sending in history_days before its last one, at least min_days; the day of sending is the
-- date that the rows themselves carry (upload, issue, report). Sources silent for more than max_days have gone.
WITH
    sends AS (SELECT stream, source, name AS source_name, sent FROM fct_send_day),
    sources AS
    (
        SELECT stream, part.1 AS sender, max(part.2) AS name, arraySort(groupUniqArray(sent)) AS days
        FROM sends
        ARRAY JOIN if(source = '', [('', '')], [('', ''), (source, source_name)]) AS part
        WHERE sent <= {week_end:Date32}
        GROUP BY stream, sender
    ),
    gaps AS
    (
        SELECT
            stream, sender AS source, name, days[-1] AS last_day,
            arrayFilter(d -> d > addDays(last_day, -{history_days:Int32}), days)                            AS recent,
            arrayMap((a, b) -> dateDiff('day', a, b), arraySlice(recent, 1, length(recent) - 1), arraySlice(recent, 2)) AS gap_days,
            greatest({min_days:Int32}, arrayReduce(concat('quantileExact(', toString({quantile:Float64}), ')'), gap_days)) AS usual,
            dateDiff('day', last_day, {week_end:Date32})                                                    AS silent
        FROM sources
        WHERE length(recent) >= {min_sends:Int32}
    )
SELECT
    if(source = '', 'stream', 'institution')                                     AS object_kind,
    if(source = '', stream, source)                                              AS object,
    if(source = '', stream, if(name = '', source, name))                         AS object_name,
    {city:String}                                                                AS area,
    'blue'                                                                       AS severity,
    concat('silent:', stream)                                                    AS cause,
    silent / usual                                                               AS score,
    map('stream', stream, 'days', toString(silent), 'usual', toString(usual), 'last', toString(last_day)) AS args,
    []::Array(String)                                                            AS evidence,
    toUInt32(length(recent))                                                     AS n_evidence
FROM gaps
WHERE silent > {factor:Float64} * usual AND silent <= {max_days:Int32}
