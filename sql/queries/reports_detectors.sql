-- name: reports_detectors
-- title: Weekly series under statistical watch, a year up to the week
-- An alarm counts from the least number of cases on that the rule asks for.
SELECT
    series::String                                                   AS series,
    point.stratum::String                                            AS stratum,
    ifNull(named.name_zh, '')                                        AS name_zh,
    ifNull(named.name_en, '')                                        AS name_en,
    week_start, observed, expected, threshold, p,
    alarm AND judged_cases >= {min_cases:Float64}                    AS alarm,
    method::String                                                   AS method,
    is_provisional, nowcast, nowcast_lower, nowcast_upper, share_reported
FROM
(
    SELECT *
    FROM det_point FINAL
    WHERE series IN {series:Array(String)} AND week_start BETWEEN {from:Date32} AND {to:Date32}
    ORDER BY series, stratum, week_start, detector != 'auto', detector
    LIMIT 1 BY series, stratum, week_start
) AS point
LEFT JOIN (SELECT series AS of, stratum, name_zh, name_en FROM det_stratum FINAL) AS named ON named.of = point.series AND named.stratum = point.stratum
ORDER BY series, stratum, week_start
