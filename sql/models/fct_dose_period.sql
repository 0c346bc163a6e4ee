-- name: fct_dose_period
-- title: 监测周期剂量 | Dose of a worker in a monitoring period
-- grain: one row per radiation unit, worker number and monitoring period of whole-body dosimeters
-- order: person_key, period_start
-- dose_msv is the final value of the dosimeter on the trunk or, where only one over the apron was worn, a tenth of
-- it. is_lost: lost, damaged, not returned, not worn, or without any reading; a nominal dose does not undo that.
-- A period is measured when some reading lies above the detection level or was set as a nominal dose.
WITH trunk AS (SELECT *, position IN ('over_collar') AS is_outside FROM stg_dose WHERE quantity = 'hp10')
SELECT
    employer_key::String                                                                     AS employer_key,
    any(employer_name)::String                                                               AS employer_name,
    worker_no,
    any(unit_kind)::String                                                                   AS unit_kind,
    any(dosimetry_org)::String                                                               AS dosimetry_org,
    any(person_key)                                                                          AS person_key,
    period_start,
    max(period_end)                                                                          AS period_end,
    max(ifNull(report_date, trunk.period_end))                                               AS report_date,
    coalesce(maxIf(final_value, NOT is_outside), maxIf(final_value, is_outside) * 0.1)       AS dose_msv,
    max(dosimeter_status IN ('lost', 'damaged', 'not_returned', 'not_worn')
        OR (value IS NULL AND qualifier != 'lt' AND NOT is_nominal))                         AS is_lost,
    max(is_nominal)                                                                          AS has_nominal,
    max(qualifier = 'eq' OR is_nominal)                                                      AS is_measured,
    groupArray(concat('dose:', toString(batch), ':', toString(row)))                         AS evidence
FROM trunk
GROUP BY employer_key, worker_no, period_start
