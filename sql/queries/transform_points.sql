-- name: transform_points
-- title: The stored points of a series as columns, with a text that tells two versions of a point apart
SELECT
    groupArray(stratum::String)                   AS strata,
    groupArray(week::String)                      AS weeks,
    groupArray(method::String)                    AS methods,
    groupArray(concat(
        toString(reinterpretAsUInt64(observed)), ' ',
        if(expected IS NULL, '-', toString(reinterpretAsUInt64(assumeNotNull(expected)))), ' ',
        if(threshold IS NULL, '-', toString(reinterpretAsUInt64(assumeNotNull(threshold)))), ' ',
        if(score IS NULL, '-', toString(reinterpretAsUInt64(assumeNotNull(score)))), ' ',
        if(alarm, 'true', 'false'), ' ', parameters)) AS sums
FROM det_point FINAL
WHERE series = {series:String} AND version = {version:String}
