-- id: D02
-- version: 2
-- title: 年剂量超过20毫希 | Annual dose above 20 mSv
-- message: {employer} 放射工作人员（{object}）{year}年剂量累计 {dose} mSv，超过 {limit} mSv
--   | {employer}, radiation worker ({object}): {dose} mSv in {year}, above {limit} mSv
-- severity: red
-- addressee: WJW, JDS, EMP
-- due: 5 days
-- life: event
-- source: found: GB 18871-2002, 20 mSv a year as a mean over five years
-- budget: exempt
-- params: limit_msv = 20, lookback_days = 180
-- The sum of a person's doses over all units in a calendar year.
WITH doses AS
(
    SELECT
        person_key, fct_dose_period.year AS year, sum(dose_msv) AS total,
        argMax(employer_key, period_end)           AS employer,
        argMax(employer_name, period_end)          AS unit,
        max(report_date)                           AS known,
        arrayFlatten(groupArray(fct_dose_period.evidence)) AS lines
    FROM fct_dose_period
    WHERE report_date <= {week_end:Date32} AND dose_msv > 0
    GROUP BY person_key, year
)
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'red'                                                                        AS severity,
    toString(year)                                                               AS cause,
    total                                                                        AS score,
    map('dose', toString(round(total, 2)), 'limit', toString({limit_msv:Float64}), 'year', toString(year),
        'employer', if(dim_employer.employer_name = '', unit, dim_employer.employer_name)) AS args,
    arraySort(lines)                                                             AS evidence,
    length(lines)                                                                AS n_evidence
FROM doses
LEFT JOIN dim_employer ON dim_employer.employer_key = doses.employer
WHERE total > {limit_msv:Float64} AND known > addDays({week_end:Date32}, -{lookback_days:Int32})
