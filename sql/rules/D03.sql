-- id: D03
-- version: 2
-- title: 剂量超过50毫希/年或100毫希/五年 | Dose above 50 mSv a year or 100 mSv in five years
-- message: {employer} 放射工作人员（{object}）{years} 剂量 {dose} mSv，限值 {limit} mSv
--   | {employer}, radiation worker ({object}): {dose} mSv in {years}, limit {limit} mSv
-- severity: red
-- addressee: WJW, GOV
-- due: 1 day
-- life: event
-- source: found: GB 18871-2002; watching at 80 % is a proposal
-- budget: exempt
-- params: annual_msv = 50, five_year_msv = 100, watch_percent = 80, first_block = 2001, lookback_days = 180
-- The five years are fixed blocks, 2021 to 2025 and so on. Red above a limit, orange from watch_percent of it.
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
    ,
    sums AS
    (
        SELECT person_key, toString(year) AS cause, total, {annual_msv:Float64} AS limit_msv, employer, unit, known, lines
        FROM doses
        UNION ALL
        SELECT
            person_key, concat(toString(block), '–', toString(block + 4)), sum(doses.total), {five_year_msv:Float64},
            argMax(doses.employer, year), argMax(doses.unit, year), max(doses.known), arrayFlatten(groupArray(doses.lines))
        FROM doses
        GROUP BY person_key, {first_block:Int32} + intDiv(year - {first_block:Int32}, 5) * 5 AS block
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(total > limit_msv, 'red', 'orange')                                       AS severity,
    cause,
    total / limit_msv                                                            AS score,
    map('dose', toString(round(total, 2)), 'limit', toString(limit_msv), 'years', cause,
        'employer', if(dim_employer.employer_name = '', unit, dim_employer.employer_name)) AS args,
    arraySort(lines)                                                             AS evidence,
    length(lines)                                                                AS n_evidence
FROM sums
LEFT JOIN dim_employer ON dim_employer.employer_key = sums.employer
WHERE total * 100 >= {watch_percent:Float64} * limit_msv AND known > addDays({week_end:Date32}, -{lookback_days:Int32})
