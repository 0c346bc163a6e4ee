-- name: fct_detection_result
-- title: 检测结果（重新判定） | Detection results, judged anew
-- grain: one row per detection result
-- order: employer_key, sample_date, report_no
-- The limit is ours where the hazard has one in the unit of the result: by fraction, kind of limit and, for dust
-- with 10 % of free silica or more (asbestos apart), by silica band; a peak is held against five times the TWA; a
-- limit adjusted for long shifts counts when it is lower. Where we have none, the institution's limit and then its
-- word decide. Values are rounded like the limit before they are compared (GBZ 331-2024 G.1.2). A result below
-- quantification is never over. ratio is value / limit; for noise it is empty, decibels are no ratio.
WITH
    results AS
    (
        SELECT
            *,
            hazard::String AS declared_hazard,
            if(startsWith(hazard, 'HZ-1-') AND hazard != 'HZ-1-005' AND free_sio2_pct >= 10, 'HZ-1-001', hazard::String) AS judged_as,
            multiIf(unit = 'dB(A)' OR startsWith(limit_type, 'LEX'), 'LEX', limit_type = 'PE', 'TWA', limit_type::String) AS judged_type,
            if(fraction = '' AND startsWith(hazard, 'HZ-1-'), 'total', fraction::String)          AS judged_fraction
        FROM stg_detection
    ),
    limits AS
    (
        SELECT hazard AS limit_hazard, limit_type AS limit_kind, groupArray((fraction, unit, sio2_above, sio2_to, is_default, limit_value)) AS bands
        FROM dim_limit
        GROUP BY hazard, limit_type
    )
SELECT
    results.employer_key::String AS employer_key,
    employer_name, institution_code, institution_name, report_no, test_kind, sample_date, issue_date,
    workshop, post, point, declared_hazard AS hazard, hazard_text, fraction, limit_type, judged_as, judged_type,
    value, qualifier, unit, judgement, batch, row,
    arraySort(b -> (NOT (free_sio2_pct >= b.3 AND free_sio2_pct <= b.4 AND b.3 > 0), NOT b.5),
        arrayFilter(b -> b.2 = unit AND (b.1 = judged_fraction OR b.1 = ''), bands))[1].6                AS own_limit,
    multiIf(own_limit > 0 AND limit_type = 'PE', own_limit * 5,
            own_limit > 0 AND judged_type = 'TWA' AND limit_adjusted > 0, least(own_limit, assumeNotNull(limit_adjusted)),
            own_limit > 0, own_limit,
            ifNull(coalesce(limit_adjusted, limit_value), 0))                                               AS limit_used,
    roundBankers(ifNull(value, 0), if(position(toString(limit_used), '.') = 0, 1,
        length(splitByChar('.', toString(limit_used))[2]) + 1))                                             AS compared,
    qualifier != 'nd' AND qualifier != 'lt' AND value IS NOT NULL AND limit_used > 0                       AS is_judged,
    if(is_judged AND judged_type != 'LEX', compared / limit_used, NULL)                                     AS ratio,
    multiIf(is_judged, compared > limit_used, limit_used = 0 AND qualifier NOT IN ('nd', 'lt'), judgement = 'fail', false) AS is_over
FROM results
LEFT JOIN limits ON limits.limit_hazard = results.judged_as AND limits.limit_kind = results.judged_type
