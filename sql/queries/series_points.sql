-- name: series_points
-- title: Results of a series, week by week, of one stratum or of all
SELECT
    series::String AS series, point.stratum::String AS stratum, name_zh, name_en, area::String AS area, week::String AS week, detector::String AS detector,
    method::String AS method, version::String AS version, program::String AS program, parameters::String AS parameters, observed, population, n_weeks, judged_cases, judged_expected, expected,
    lower, threshold, score, p, alarm, reason::String AS reason, is_provisional, share_reported, nowcast, nowcast_lower, nowcast_upper, computed_at
FROM (SELECT * FROM det_point FINAL WHERE series = {series:String}) AS point
LEFT JOIN (SELECT stratum, name_zh, name_en, area FROM det_stratum FINAL WHERE series = {series:String}) AS named ON named.stratum = point.stratum
WHERE ({stratum:String} = '' OR point.stratum = {stratum:String})
    AND week_start BETWEEN {from:Date32} AND {to:Date32}
ORDER BY stratum, week_start, detector
