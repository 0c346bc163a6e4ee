-- name: fct_detection_mixed
-- title: 混合接触判定 | Judgements of mixed exposure
-- grain: one row per employer, report, workshop, post and group of at least two agents with like effect
-- order: employer_key, sample_date, report_no
-- by_employer_key: fct_detection_result
-- The sum of the ratios of the TWA values to their limits is at most 1 (GBZ 2.1-2019 A.3). An agent below its
-- quantification level adds nothing to ratio_sum and its level to ratio_most: the truth lies between the two. The groups
-- are those of ref_hazard_judging.
SELECT
    employer_key, report_no, workshop, post, mixed_effect,
    max(one.sample_date)                                                 AS sample_date,
    arraySort(groupArray(one.hazard))                                        AS hazards,
    sum(ifNull(one.ratio, 0))                                                AS ratio_sum,
    sum(ifNull(one.ratio, ifNull(level_bound, 0)))                           AS ratio_most,
    multiIf(ratio_sum > 1, 'over', ratio_most > 1, 'cannot_judge', 'within') AS state,
    countIf(state_of_one = 'over') = 0 AND ratio_sum > 1                 AS is_over_by_sum_only
FROM
(
    SELECT
        employer_key, report_no::String AS report_no, workshop::String AS workshop, post::String AS post, judged_as AS hazard,
        any(effect)                     AS mixed_effect,
        max(r.sample_date)              AS sample_date,
        max(r.ratio)                    AS ratio,
        max(level_ratio)                AS level_bound,
        if(max(is_over), 'over', '')    AS state_of_one
    FROM fct_detection_result AS r
    INNER JOIN (SELECT hazard_id, mixed_effect AS effect FROM ref_hazard_judging WHERE mixed_effect != '') AS judging
        ON judging.hazard_id = r.judged_as
    WHERE judged_type = 'TWA' AND limit_used > 0
    GROUP BY employer_key, report_no, workshop, post, judged_as
) AS one
GROUP BY employer_key, report_no, workshop, post, mixed_effect
HAVING length(hazards) >= 2
