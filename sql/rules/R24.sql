-- id: R24
-- version: 1
-- title: 同一岗位连续两次超标 | Over the limit twice in a row
-- severity: red
-- addressee: JDS, TS
-- due: 10 working days
-- life: event
-- source: proposal (rules.md C)
-- params: lookback_days = 90
-- The two latest rounds (sampling days) of one employer, workshop, post and hazard were both over. One warning for
-- all posts that this holds for after the same latest report.
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
        GROUP BY employer_key, workshop, post, judged_as, sample_date
        HAVING known <= {week_end:Date32}
    ),
    latest AS
    (
        SELECT
            employer_key, workshop, post, judged_as,
            arrayReverseSort(groupArray((sample_date, over, known, report, lines))) AS history
        FROM rounds
        GROUP BY employer_key, workshop, post, judged_as
        HAVING length(history) >= 2 AND history[1].2 AND history[2].2
            AND history[1].3 > addDays({week_end:Date32}, -{lookback_days:Int32})
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
