-- name: transform_points
-- title: What is stored of a series, as columns: weeks of each stratum with the digest of what each was made of, the
--   detectors, and what the strata are called
-- The digest is 0 where the detectors stored are not those of the definition.
SELECT strata, n, all_weeks, all_inputs, detectors, named, names_zh, names_en, areas
FROM
(
    SELECT
        groupArray(stratum)                       AS strata,
        groupArray(toUInt32(length(weeks)))       AS n,
        arrayFlatten(groupArray(weeks))           AS all_weeks,
        arrayFlatten(groupArray(inputs))          AS all_inputs,
        arraySort(groupUniqArrayArray(found))     AS detectors
    FROM
    (
        SELECT stratum, groupArray(week) AS weeks, groupArray(digest) AS inputs, groupUniqArrayArray(found) AS found
        FROM
        (
            SELECT
                stratum::String                                             AS stratum,
                toInt32(intDiv(toInt32(week_start) - 4, 7))                 AS week,
                arraySort(groupArray(detector::String))                     AS found,
                if(found = arraySort({detectors:Array(String)}) AND min(input) = max(input), min(input), 0) AS digest
            FROM det_point FINAL
            WHERE series = {series:String}
            GROUP BY stratum, week_start
            ORDER BY stratum, week_start
        )
        GROUP BY stratum
        ORDER BY stratum
    )
) AS points,
(
    SELECT
        groupArray(stratum) AS named, groupArray(name_zh) AS names_zh, groupArray(name_en) AS names_en, groupArray(area::String) AS areas
    FROM (SELECT * FROM det_stratum FINAL WHERE series = {series:String} ORDER BY stratum)
) AS names
