-- name: fct_dose_period
-- title: 监测周期剂量 | Dose of a worker in a monitoring period
-- grain: one row per radiation unit, worker number and monitoring period of dosimeters on the trunk (Hp(10))
-- order: person_key, period_start
-- by_employer_key: stg_dose
-- dose_msv is the effective dose of the period. Of one dosimeter on the trunk it is the final value; of one over the lead
-- apron alone a tenth of it; of one under (u) and one over (o) the apron 0.79 Hu + 0.051 Ho with a thyroid shield, 0.84 Hu +
-- 0.100 Ho without (GBZ 128-2019 6.2.4; the second pair and the tenth from memory). Head, wrist and ring say nothing
-- about the trunk.
-- A reading below the detection level that nobody set otherwise lies between 0 and that level: dose_low and dose_high are the
-- sums with the one and the other, dose_msv lies mdl_share of the way between them (configuration, half by default).
--   is_lost      lost, damaged, not returned, not worn, or without any reading; a nominal dose does not undo that
--   is_measured  some reading is at or above the detection level, was confirmed otherwise, or set as a nominal dose
--   year         the calendar year that the period belongs to: that of its end; an end in the first eleven days of January
--                belongs to the year before (a period of the fourth quarter may be changed a few days late)
WITH
    (u, o) -> multiIf(u IS NULL, o * 0.1, o IS NULL, u, {is_shielded:Bool}, u * 0.79 + o * 0.051, u * 0.84 + o * 0.1) AS effective,
    trunk AS
    (
        SELECT
            *,
            position = 'over_collar'                                                                AS is_outside,
            qualifier = 'lt' AND NOT is_nominal
                AND (final_value IS NULL OR mdl IS NULL OR abs(final_value - mdl / 2) < 1e-9)       AS is_substituted,
            if(is_substituted, if(mdl IS NULL AND final_value IS NULL, NULL, 0), final_value)       AS least,
            if(is_substituted, coalesce(mdl, 2 * final_value), final_value)                         AS most,
            is_nominal OR ifNull(final_value > 0, false) AND NOT is_substituted
                AND NOT (qualifier = 'eq' AND ifNull(value < mdl, false) AND final_value = value)   AS is_above
        FROM stg_dose
        WHERE quantity = 'hp10' AND position IN ('chest', 'under_apron', 'over_collar')
    )
SELECT
    * EXCEPT (under, over),
    effective(under.1, over.1)                                                               AS dose_low,
    effective(under.2, over.2)                                                               AS dose_high,
    dose_low + (dose_high - dose_low) * {mdl_share:Float64}                                  AS dose_msv
FROM
(
    SELECT
        employer_key::String                                                                 AS employer_key,
        min(employer_name)::String                                                           AS employer_name,
        worker_no,
        min(unit_kind)::String                                                               AS unit_kind,
        min(job_class)::String                                                               AS job_class,
        min(dosimetry_org)::String                                                           AS dosimetry_org,
        min(person_key)                                                                      AS person_key,
        period_start,
        max(period_end)                                                                      AS period_end,
        toYear(addDays(max(trunk.period_end), -11))                                          AS year,
        max(ifNull(report_date, trunk.period_end))                                           AS report_date,
        (argMaxIf(least, most, NOT is_outside), maxIf(most, NOT is_outside))                 AS under,
        (argMaxIf(least, most, is_outside), maxIf(most, is_outside))                         AS over,
        max(dosimeter_status IN ('lost', 'damaged', 'not_returned', 'not_worn')
            OR (value IS NULL AND qualifier != 'lt' AND NOT is_nominal))                     AS is_lost,
        max(is_nominal)                                                                      AS has_nominal,
        max(is_above)                                                                        AS is_measured,
        arraySort(groupArray(concat('dose:', toString(batch), ':', toString(row))))          AS evidence
    FROM trunk
    GROUP BY employer_key, worker_no, period_start
)
