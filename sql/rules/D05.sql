-- id: D05
-- version: 1
-- title: 按目前水平推算的年剂量偏高 | Projected annual dose
-- message: {employer} 放射工作人员（{object}）至{until}累计 {dose} mSv，推算{year}年 {projected} mSv（超过 {level} mSv）
--   | {employer}, radiation worker ({object}): {dose} mSv up to {until}, {projected} mSv projected for {year} (above {level} mSv)
-- severity: yellow
-- addressee: EMP
-- due: 30 days
-- life: state
-- source: proposal (rules.md D)
-- params: yellow_msv = 5, orange_msv = 20, min_days = 80, limit_msv = 20
-- The sum of the running year divided by the share of it that is over at the end of the last period. A sum that is above limit_msv already is D02.
WITH
    {week_end:Date32} AS day,
    sums AS
    (
        SELECT person_key, sum(dose_msv) AS dose, least(max(period_end), makeDate32(toYear(day), 12, 31)) AS until, toDayOfYear(until) / 365 AS share,
            argMax(employer_key, period_end) AS employer, argMax(employer_name, period_end) AS employer_said, groupArrayArray(evidence) AS lines,
            dose / share AS projected
        FROM fct_dose_period
        WHERE fct_dose_period.year = toYear(day) AND report_date <= day
        GROUP BY person_key
        HAVING toDayOfYear(until) >= {min_days:Int32} AND share < 1
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(sums.person_key)                                                                AS object,
    substring(toString(sums.person_key), 1, 8)                                               AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(projected > {orange_msv:Float64}, 'orange', 'yellow')                   AS severity,
    toString(toYear(day))                                                        AS cause,
    assumeNotNull(projected)                                                     AS score,
    map('dose', toString(round(dose, 2)), 'until', toString(until), 'year', toString(toYear(day)), 'projected', toString(round(projected, 1)),
        'level', toString(if(projected > {orange_msv:Float64}, {orange_msv:Float64}, {yellow_msv:Float64})), 'employer', if(dim_employer.employer_name = '', employer_said, dim_employer.employer_name)) AS args,
    arraySlice(arraySort(sums.lines), 1, 20)                                     AS evidence,
    length(sums.lines)                                                           AS n_evidence
FROM sums
LEFT JOIN dim_employer ON dim_employer.employer_key = sums.employer
WHERE ifNull(projected > {yellow_msv:Float64} AND dose <= {limit_msv:Float64}, false)
