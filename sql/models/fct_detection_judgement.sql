-- name: fct_detection_judgement
-- title: 岗位因素判定 | Judgements of posts and factors
-- grain: one row per employer, report, workshop, post, factor, particle size fraction and kind of limit
-- order: employer_key, sample_date, report_no, workshop, post
-- by_employer_key: fct_detection_result
-- The worst result of the post counts (GBZ 331-2024 5.2.7.1): over before cannot_judge, within and not_judged. Total and
-- respirable dust are judged apart. A short-term sample above 3 times the TWA (PE) or above the TWA (STEL) is allowed four
-- times a shift: n_excursions is their largest number at one point on one day, more than four is over. Whether they lie an
-- hour apart cannot be judged: reports come without the times of day.
SELECT * EXCEPT excursions
FROM
(
    SELECT
        employer_key,
        report_no::String                                                        AS report_no,
        workshop::String                                                         AS workshop,
        post::String                                                             AS post,
        judged_as                                                                AS hazard,
        judged_fraction                                                          AS fraction,
        judged_type                                                              AS limit_type,
        any(r.institution_code)::String                                          AS institution_code,
        any(r.test_kind)::String                                                 AS test_kind,
        max(r.sample_date)                                                       AS sample_date,
        ifNull(max(r.issue_date), max(r.sample_date))                            AS issue_date,
        count()                                                                  AS n_results,
        max(is_judged)                                                           AS is_measured,
        argMax(compared, (is_over, is_judged, ifNull(r.ratio, compared)))        AS worst,
        argMax(r.limit_used, (is_over, is_judged, ifNull(r.ratio, compared)))    AS limit_used,
        any(r.unit)::String                                                      AS unit,
        max(r.ratio)                                                             AS ratio,
        max(r.level)                                                             AS level,
        groupArrayIf((point::String, r.sample_date), is_excursion)               AS excursions,
        ifNull(arrayMax(arrayMap(e -> countEqual(excursions, e), excursions)), 0) AS n_excursions,
        multiIf(max(is_over) OR n_excursions > 4, 'over', countIf(r.state = 'cannot_judge') > 0, 'cannot_judge',
            countIf(r.state = 'within') > 0, 'within', 'not_judged')               AS state,
        multiIf(countIf(judgement = 'fail') > 0, 'fail', countIf(judgement = 'pass') > 0, 'pass', 'none') AS word,
        multiIf(countIf(r.dissent != '') = 0 AND n_excursions <= 4, '',
            state = 'over' AND word = 'pass', 'missed', state = 'within' AND word = 'fail', 'stricter', '')                  AS dissent,
        arraySort(groupArray((batch, row)))                                      AS lines
    FROM fct_detection_result AS r
    GROUP BY employer_key, report_no, workshop, post, judged_as, judged_fraction, judged_type
)
