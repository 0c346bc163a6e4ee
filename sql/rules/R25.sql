-- id: R25
-- version: 1
-- title: 限值以下持续上升 | Rising below the limit
-- message: {object}：{n}个岗位因素持续上升，如{workshop}{post}的{what}最近{rounds}次升至{value} {unit}（限值 {limit}）
--   | {object}: {n} posts and hazards rising, such as {what} at {workshop} {post}: {value} {unit} after {rounds} rounds (limit {limit})
-- severity: yellow
-- addressee: EMP, CDC
-- due: 30 days
-- life: event
-- source: action level of half the limit found in GBZ 2.1-2019; noise level and trend are proposals
-- params: rounds = 3, half = 0.5, noise_dba = 82, fit_rounds = 5, lookback_days = 90
-- The worst result of a post, factor and kind of limit on each sampling day, none of the last ones over the limit. Raised when the last rounds rise each time and
-- the last one is at least half the limit (noise: noise_dba), or when the slope of the logarithm (noise: of the level) over at least
-- fit_rounds is above zero with 95 % confidence (Student's t). One warning an employer and report.
WITH
    {week_end:Date32} AS day,
    [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086] AS t975,
    histories AS
    (
        SELECT
            employer_key AS employer, workshop, post, hazard, limit_type,
            arraySort(groupArray((sample_date, worst, ifNull(ratio, 0), issue_date, report_no, limit_used, unit, is_measured, lines))) AS all_rounds,
            arrayFilter(h -> h.8 AND h.2 > 0, all_rounds)                             AS history,
            length(history)                                                           AS n,
            history[-1]                                                               AS last,
            arraySlice(history, -{rounds:Int32})                                    AS tail,
            arrayMap(h -> dateDiff('day', history[1].1, h.1) / 365.25, history)        AS x,
            arrayMap(h -> if(limit_type = 'LEX', h.2, log(h.2)), history)              AS y,
            arrayAvg(x) AS mx, arrayAvg(y) AS my,
            arraySum((a, b) -> (a - mx) * (b - my), x, y) / nullIf(arraySum(a -> (a - mx) * (a - mx), x), 0) AS slope,
            arraySum((a, b) -> pow(b - my - ifNull(slope, 0) * (a - mx), 2), x, y)     AS rss,
            sqrt(rss / greatest(n - 2, 1) / nullIf(arraySum(a -> (a - mx) * (a - mx), x), 0)) AS error
        FROM fct_detection_judgement
        WHERE issue_date <= day AND limit_type IN ('TWA', 'STEL', 'MAC', 'LEX')
        GROUP BY employer_key, workshop, post, hazard, fraction, limit_type
        HAVING last.4 > addDays(day, -{lookback_days:Int32}) AND last.6 > 0 AND last.2 <= last.6
    ),
    rising AS
    (
        SELECT *
        FROM histories
        WHERE (n >= {rounds:Int32} AND arrayAll(i -> i = 1 OR tail[i].2 > tail[i - 1].2, arrayEnumerate(tail))
                AND if(limit_type = 'LEX', last.2 >= {noise_dba:Float64}, last.3 >= {half:Float64}))
            OR (n >= {fit_rounds:Int32} AND ifNull(slope - t975[least(n - 2, 20)] * error > 0, false))
    )
SELECT
    'employer'                                                                   AS object_kind,
    rising.employer                                                                          AS object,
    if(any(dim_employer.employer_name) = '', rising.employer, any(dim_employer.employer_name))         AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))                  AS area,
    'yellow'                                                                     AS severity,
    last.5                                                                       AS cause,
    max(last.2 / last.6)                                                         AS score,
    map('n', toString(count()), 'workshop', argMin(workshop, (workshop, post)), 'post', argMin(post, (workshop, post)), 'value', toString(argMin(last.2, (workshop, post))),
        'unit', argMin(last.7, (workshop, post)), 'limit', toString(argMin(last.6, (workshop, post))), 'rounds', toString(argMin(n, (workshop, post))),
        'what', argMin(dim_hazard.name_zh, (workshop, post)), 'what_en', argMin(dim_hazard.name_en, (workshop, post))) AS args,
    arraySlice(arraySort(arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), arrayFlatten(groupArray(arrayMap(h -> h.9, history))))), 1, 20) AS evidence,
    toUInt64(sum(arraySum(arrayMap(h -> length(h.9), history))))                 AS n_evidence
FROM rising
LEFT JOIN dim_employer ON dim_employer.employer_key = rising.employer
LEFT JOIN dim_hazard ON dim_hazard.hazard = rising.hazard
GROUP BY rising.employer, cause
