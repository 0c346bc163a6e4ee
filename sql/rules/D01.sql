-- id: D01
-- version: 1
-- title: 单周期剂量超过调查水平 | Dose of a period above the investigation level
-- message: {employer} {worker}号人员（{object}）{from}至{to}剂量 {dose} mSv，超过调查水平 {level} mSv
--   | {employer}, worker {worker} ({object}): {dose} mSv from {from} to {to}, above the investigation level of {level} mSv
-- severity: orange
-- addressee: EMP, CDC
-- due: 15 days
-- life: event
-- source: memory of GBZ 128-2019: 5 mSv a year divided by the number of monitoring periods
-- params: annual_msv = 5, lookback_days = 90
-- The number of periods in a year is 12 divided by the length of the period in whole months.
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    concat(dose.employer_key, ':', toString(period_start))                       AS cause,
    dose_msv / level                                                             AS score,
    map('dose', toString(round(dose_msv, 2)), 'level', toString(round(level, 2)), 'from', toString(period_start), 'to', toString(period_end),
        'employer', if(dim_employer.employer_name = '', dose.employer_name, dim_employer.employer_name), 'worker', worker_no) AS args,
    dose.evidence                                                                AS evidence,
    length(dose.evidence)                                                        AS n_evidence
FROM
(
    SELECT
        *,
        greatest(1, round(dateDiff('day', period_start, addDays(period_end, 1)) / 30.44)) AS months,
        {annual_msv:Float64} * months / 12                                        AS level
    FROM fct_dose_period
    WHERE report_date <= {week_end:Date32} AND report_date > addDays({week_end:Date32}, -{lookback_days:Int32})
) AS dose
LEFT JOIN dim_employer ON dim_employer.employer_key = dose.employer_key
WHERE dose_msv > level
