-- id: D04
-- version: 1
-- title: 眼晶状体或皮肤剂量偏高 | Dose to the lens or the skin
-- message: {employer} 放射工作人员（{object}）{year}年{what}剂量 {dose} mSv，界限 {limit} mSv
--   | {employer}, radiation worker ({object}): {dose} mSv to the {what} in {year}, line at {limit} mSv
-- severity: red
-- addressee: WJW, JDS, EMP
-- due: 5 days
-- life: event
-- source: found: GB 18871-2002, 150 mSv a year to the lens and 500 mSv to the skin; watching at 20 mSv is a proposal
-- params: lens_watch_msv = 20, lens_msv = 150, skin_msv = 500, lookback_days = 180
-- Sums of the final values of a calendar year over all units: Hp(3), and of Hp(0.07) the place of wearing with the highest sum. Red above a limit, orange
-- above lens_watch_msv.
WITH
    sums AS
    (
        SELECT person_key, toYear(addDays(period_end, -11)) AS year, quantity::String AS quantity, position, sum(final_value) AS total,
            max(ifNull(report_date, stg_dose.period_end)) AS known, argMax(employer_key::String, period_end) AS unit, argMax(employer_name::String, period_end) AS unit_name,
            groupArray(concat('dose:', toString(batch), ':', toString(row))) AS lines
        FROM stg_dose
        WHERE quantity IN ('hp3', 'hp007') AND ifNull(report_date, period_end) <= {week_end:Date32} AND final_value > 0
        GROUP BY person_key, year, quantity, position
    ),
    worst AS
    (
        SELECT person_key, year, quantity, max(total) AS dose, argMax(sums.known, total) AS last_known, argMax(unit, total) AS employer, argMax(unit_name, total) AS employer_said,
            argMax(sums.lines, total) AS dose_lines, multiIf(quantity = 'hp007', {skin_msv:Float64}, dose > {lens_msv:Float64}, {lens_msv:Float64}, {lens_watch_msv:Float64}) AS line_msv
        FROM sums
        GROUP BY person_key, year, quantity
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(worst.person_key)                                                                AS object,
    substring(toString(worst.person_key), 1, 8)                                               AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(quantity = 'hp3' AND dose <= {lens_msv:Float64}, 'orange', 'red')       AS severity,
    concat(quantity, ':', toString(year))                                        AS cause,
    dose / line_msv                                                              AS score,
    map('dose', toString(round(dose, 2)), 'limit', toString(line_msv), 'year', toString(year), 'what', if(quantity = 'hp3', '眼晶状体', '皮肤'),
        'what_en', if(quantity = 'hp3', 'lens of the eye', 'skin'), 'employer', if(dim_employer.employer_name = '', employer_said, dim_employer.employer_name)) AS args,
    arraySlice(arraySort(dose_lines), 1, 20)                                     AS evidence,
    length(dose_lines)                                                           AS n_evidence
FROM worst
LEFT JOIN dim_employer ON dim_employer.employer_key = worst.employer
WHERE dose > line_msv AND last_known > addDays({week_end:Date32}, -{lookback_days:Int32})
