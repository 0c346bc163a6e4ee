-- name: transform_dose_table
-- title: The annual table of doses, with bands of one's own
-- Bands are numbered from 0: with has_mdl_band 0 is that of doses without a reading above the detection level. An edge belongs
-- to the band below it. A share below 0 leaves dose_msv as the models have it.
WITH
    persons AS
    (
        SELECT
            y.* EXCEPT dose_msv,
            if({mdl_share:Float64} < 0, y.dose_msv, round(y.dose_low + (y.dose_high - y.dose_low) * {mdl_share:Float64}, 9)) AS dose,
            multiIf({by:String} = 'job_class', job_class, {by:String} = 'unit_kind', unit_kind, {by:String} = 'township', township, '') AS by_value,
            if({decimals:Int32} < 0, dose, round(dose, {decimals:Int32}))                            AS banded,
            multiIf({has_mdl_band:Bool} AND NOT is_measurable, 0,
                {has_mdl_band:Bool} + arrayCount(edge -> banded > edge, {edges:Array(Float64)}))     AS band
        FROM fct_dose_person_year AS y
        WHERE year = {year:UInt16}
    )
SELECT
    {year:UInt16}                                                        AS year,
    by_value,
    any(names.1)                                                         AS name_zh,
    any(names.2)                                                         AS name_en,
    countIf(dose IS NOT NULL)                                            AS n_monitored,
    countIf(dose IS NULL)                                                AS n_without_dose,
    countIf(is_measurable)                                               AS n_measurable,
    countIf(n_nominal > 0)                                               AS n_with_nominal,
    countIf(n_lost > 0)                                                  AS n_with_lost,
    countIf(n_units > 1)                                                 AS n_at_several_units,
    round(ifNull(sum(dose), 0), 9)                                       AS collective_msv,
    round(ifNull(sum(nominal_msv), 0), 9)                                AS collective_nominal,
    round(ifNull(sum(dose_low), 0), 9)                                   AS collective_low,
    round(ifNull(sum(dose_high), 0), 9)                                  AS collective_high,
    if(n_monitored = 0, NULL, collective_msv / n_monitored)              AS mean_msv,
    if(n_measurable = 0, NULL, round(sumIf(dose, is_measurable), 9) / n_measurable) AS mean_measurable_msv,
    max(dose)                                                            AS max_msv,
    sumForEach(arrayMap(b -> toUInt64(b = band AND dose IS NOT NULL), range(length({edges:Array(Float64)}) + 1 + {has_mdl_band:Bool}))) AS counts
FROM persons
LEFT JOIN
(
    SELECT code, (name_zh, name_en) AS names FROM ref_radiation_work_categories WHERE code != ''
    UNION ALL
    SELECT township, (name_zh, name_en) FROM dim_township
) AS named ON named.code = persons.by_value
GROUP BY by_value
ORDER BY by_value
