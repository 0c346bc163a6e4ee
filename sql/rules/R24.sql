-- id: R24
-- version: 1
-- title: 同一岗位连续两次超标 | Over the limit twice in a row
-- message: {object}：{n}个岗位因素连续两次超标（{first}、{second}），如{workshop}{post}的{what}
--   | {object}: {n} posts and hazards above the limit twice in a row ({first}, {second}), such as {what} at {workshop} {post}
-- severity: red
-- addressee: JDS, TS
-- due: 10 working days
-- life: event
-- source: proposal (rules.md C)
-- params: lookback_days = 90, round_days = 45
-- The two latest rounds of one employer, workshop, post and hazard were both over: the two latest sampling days, or
-- the two latest groups of sampling days that lie no more than round_days apart, the worst result of a group
-- counting. One warning for all posts that this holds for after the same report.
WITH
    rounds AS
    (
        SELECT
            employer_key, workshop::String AS workshop, post::String AS post, judged_as, sample_date,
            max(is_over)                                                              AS over,
            max(ifNull(issue_date, fct_detection_result.sample_date))                 AS known,
            argMax(report_no::String, is_over)                                        AS report,
            groupArrayIf(concat('detection:', toString(batch), ':', toString(row)), is_over) AS lines
        FROM fct_detection_result
        WHERE employer_key IN (
            SELECT employer_key FROM fct_detection_result
            WHERE ifNull(issue_date, sample_date) <= {week_end:Date32} AND ifNull(issue_date, sample_date) > addDays({week_end:Date32}, -{lookback_days:Int32}))
        GROUP BY employer_key, workshop, post, judged_as, sample_date
        HAVING known <= {week_end:Date32}
    ),
    histories AS
    (
        SELECT
            employer_key, workshop, post, judged_as,
            arrayReverseSort(groupArray((sample_date, over, known, report, lines)))          AS history,
            arrayMap(h -> h.1, history)                                                      AS days,
            arrayCumSum(arrayMap((d, i) -> i > 1 AND dateDiff('day', d, days[i - 1]) > {round_days:Int32}, days, arrayEnumerate(days))) AS groups,
            arrayFilter((h, g) -> h.2 AND g = 0, history, groups)                            AS over_now,
            arrayFilter((h, g) -> h.2 AND g = 1, history, groups)                            AS over_before,
            if(notEmpty(over_now) AND notEmpty(over_before), [over_now[1], over_before[1]],
                arrayFilter(h -> h.2, arraySlice(history, 1, 2)))                            AS twice
        FROM rounds
        GROUP BY employer_key, workshop, post, judged_as
    ),
    latest AS
    (
        SELECT employer_key, workshop, post, judged_as, twice AS history
        FROM histories
        WHERE length(twice) = 2 AND twice[1].3 > addDays({week_end:Date32}, -{lookback_days:Int32})
    )
SELECT
    'employer'                                                                   AS object_kind,
    latest.employer_key                                                          AS object,
    if(any(dim_employer.employer_name) = '', latest.employer_key, any(dim_employer.employer_name)) AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))        AS area,
    'red'                                                                        AS severity,
    history[1].4                                                                 AS cause,
    toFloat64(count())                                                           AS score,
    map('n', toString(count()), 'workshop', min(workshop), 'post', argMin(post, workshop),
        'what', argMin(dim_hazard.name_zh, workshop), 'what_en', argMin(dim_hazard.name_en, workshop),
        'first', toString(max(history[2].1)), 'second', toString(max(history[1].1))) AS args,
    arraySort(arrayFlatten(groupArray(arrayConcat(history[1].5, history[2].5))))  AS evidence,
    length(evidence)                                                             AS n_evidence
FROM latest
LEFT JOIN dim_employer ON dim_employer.employer_key = latest.employer_key
LEFT JOIN dim_hazard ON dim_hazard.hazard = latest.judged_as
GROUP BY latest.employer_key, cause
