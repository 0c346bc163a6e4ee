-- name: reports_detectors
-- title: Weekly series under statistical watch, a year up to the week
-- An alarm counts from the least number of cases on that the rule asks for. Of the two forms of C3 the published
-- one warns.
SELECT
    series::String                                                   AS series,
    point.stratum                                                    AS stratum,
    name_zh, name_en,
    week_start, observed, threshold, alarms
FROM
(
    SELECT
        series,
        stratum::String                                              AS stratum,
        week_start,
        max(latest.1)                                                AS observed,
        maxIf(latest.2, method = 'ears_c2')                          AS threshold,
        arraySort(groupArrayIf(method::String, latest.3 AND observed_enough))        AS alarms
    FROM
    (
        SELECT
            series, stratum, week_start, method,
            argMax((observed, threshold, alarm), computed_at)                        AS latest,
            latest.1 >= {min_cases:Float64}                                          AS observed_enough
        FROM det_point
        WHERE method IN ('ears_c1', 'ears_c2', 'ears_c3_published') AND week_start BETWEEN {from:Date32} AND {to:Date32}
        GROUP BY series, stratum, week_start, method
    )
    GROUP BY series, stratum, week_start
) AS point
LEFT JOIN (SELECT code9, name_zh, name_en FROM ref_townships) AS township ON township.code9 = point.stratum
ORDER BY series, stratum, week_start
