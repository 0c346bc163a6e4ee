-- name: fct_dose_year
-- title: 年有效剂量 | Annual effective dose
-- grain: one row per radiation unit, worker number and calendar year with at least one dose
-- order: employer_key, worker_no, year
-- The doses of the monitoring periods that end in the year, added up; without one in the first eleven days of January,
-- which belongs to the year before (a period of the fourth quarter may be changed a few days late). A dose is measurable
-- when some reading of the year was not below the detection level. last_day is the last day of the last period, moved
-- back to 31 December where that lies in January.
SELECT
    employer_key,
    worker_no,
    toYear(addDays(period_end, -11))                                              AS year,
    any(p.person_key)                                                             AS person_key,
    any(p.unit_kind)                                                              AS unit_kind,
    sum(assumeNotNull(p.dose_msv))                                                AS dose_msv,
    count()                                                                       AS n_periods,
    max(is_measured)                                                              AS is_measurable,
    least(max(period_end), makeDate32(toYear(addDays(max(period_end), -11)), 12, 31)) AS last_day,
    arraySort(groupArrayArray(p.evidence))                                        AS evidence
FROM fct_dose_period AS p
WHERE p.dose_msv IS NOT NULL
GROUP BY employer_key, worker_no, year
