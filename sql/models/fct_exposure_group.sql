-- name: fct_exposure_group
-- title: 相似接触组的检测结果 | Measurements of similar exposure groups
-- grain: one row per employer, workshop, post, hazard, particle size fraction, kind of limit and calendar year of sampling
-- order: employer_key, workshop, post, hazard, year
-- What ind_exposure_group is computed from. Concentrations in the air only (noise, heat and vibration have no lognormal distribution
-- against a limit), as fct_detection_result converts them, unrounded; accidents and posts without a name say nothing about
-- a group. A result below its level of quantification stands with that level and is_below; one whose level nobody states is in n_unusable
-- only, as is a value of 0. limit_used is the lowest that the group's results were held against (long shifts lower it), 0 without
-- any; a peak's is five times the TWA. digest says what the estimates were made of.
SELECT
    * EXCEPT measurements,
    arrayMap(m -> m.1, measurements)                                          AS values,
    arrayMap(m -> m.2, measurements)                                          AS is_below,
    length(measurements)                                                      AS n,
    cityHash64(values, is_below, limit_used)                                  AS digest
FROM
(
    SELECT
        employer_key,
        any(r.employer_name)::String                                          AS employer_name,
        workshop::String                                                      AS workshop,
        post::String                                                          AS post,
        judged_as                                                             AS hazard,
        judged_fraction                                                       AS fraction,
        judged_type                                                           AS limit_type,
        toYear(sample_date)                                                   AS year,
        any(r.unit)                                                           AS unit,
        ifNull(minIf(r.limit_used, r.limit_used > 0), 0)                      AS limit_used,
        uniqExactIf(r.limit_used, r.limit_used > 0)                           AS n_limits,
        countIf(method = 'personal')                                          AS n_personal,
        countIf(state = 'over')                                               AS n_over,
        countIf(measured IS NULL)                                             AS n_unusable,
        arraySort(groupArrayIf((assumeNotNull(measured), is_under), measured IS NOT NULL)) AS measurements,
        arraySort(groupArray((batch, row)))                                   AS lines
    FROM
    (
        SELECT
            *,
            qualifier IN ('lt', 'nd') OR ifNull(value, 0) <= 0                AS is_under,
            if(is_under, nullIf(greatest(ifNull(coalesce(lod, if(qualifier = 'lt', value, NULL)), 0), 0), 0), value) AS measured
        FROM fct_detection_result
        WHERE unit IN ('mg/m3', 'f/mL', 'ppm') AND test_kind != 'accident' AND post != '' AND judged_type IN ('TWA', 'STEL', 'MAC', 'PE')
    ) AS r
    GROUP BY employer_key, workshop, post, hazard, fraction, limit_type, year, r.unit
)
WHERE n > 0
