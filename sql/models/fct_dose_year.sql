-- name: fct_dose_year
-- title: 年有效剂量（按单位） | Annual effective dose at one unit
-- grain: one row per radiation unit, worker number and calendar year with at least one monitoring period
-- order: employer_key, worker_no, year
-- by_employer_key: fct_dose_period
-- The doses of the periods of the year (see fct_dose_period), added up; dose_msv is empty when no period has one. Somebody who
-- works at several units has several rows: persons stand in fct_dose_person_year. n_periods counts the periods with a dose,
-- n_nominal those with a nominal dose, n_lost those whose dosimeter was lost, damaged, not returned, not worn or unread.
-- A dose is measurable when some reading of the year was not below the detection level. last_day is the last day of the
-- last period, moved back to 31 December where that lies in January.
SELECT
    employer_key,
    worker_no,
    year,
    min(p.employer_name)                                                          AS employer_name,
    min(p.person_key)                                                             AS person_key,
    argMax(p.unit_kind, (p.period_end, p.period_start))                            AS unit_kind,
    argMax(p.job_class, (p.period_end, p.period_start))                            AS job_class,
    round(sum(p.dose_msv), 9)                                                     AS dose_msv,
    round(sum(p.dose_low), 9)                                                     AS dose_low,
    round(sum(p.dose_high), 9)                                                    AS dose_high,
    countIf(p.dose_msv IS NOT NULL)                                               AS n_periods,
    countIf(has_nominal)                                                          AS n_nominal,
    countIf(is_lost)                                                              AS n_lost,
    round(sumIf(p.dose_msv, has_nominal), 9)                                      AS nominal_msv,
    max(is_measured)                                                              AS is_measurable,
    least(max(period_end), makeDate32(year, 12, 31))                              AS last_day,
    arraySort(groupArrayArray(p.evidence))                                        AS evidence
FROM fct_dose_period AS p
GROUP BY employer_key, worker_no, year
