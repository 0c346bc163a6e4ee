-- id: T1
-- version: 1
-- position: 10
-- set: seed
-- title: 职业病危害项目申报率 | Declaration rate
-- unit: share
-- direction: up
-- target: 2025 = 0.95
-- clause: 二、工作目标：重点行业用人单位职业病危害项目申报率达到95%以上
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 在业、有职业病危害、当年已申报或已更新申报的重点行业用人单位 | active key-industry employers with hazards that declared or renewed their declaration in the calendar year
-- denominator: 在业且有职业病危害的重点行业用人单位（含体检、检测中发现的未建档单位） | active key-industry employers with hazards, those found by exams or tests outside the roster included
-- headline: strict
-- variants: strict, lenient, severe_10
-- variant_strict: 已申报且本日历年内已更新的重点行业用人单位 | declared, and declared again in the calendar year
-- variant_lenient: 曾经申报的重点行业用人单位 | declared at any time
-- variant_severe_10: 危害严重且职工10人及以上的用人单位中曾经申报的（国家申报扩面行动） | of employers of class severe with 10 or more employees, those that ever declared (national drive of 2024 and 2025)
WITH per AS
(
    SELECT
        reading.as_of_date                            AS as_of_date,
        stratum.dim                                   AS dim,
        stratum.dim_value                             AS dim_value,
        count()                                       AS due,
        countIf(declared.employer_key != '')          AS ever,
        countIf(declared.in_year)                     AS in_year,
        countIf(risk_class = 'severe' AND employees >= 10)                                    AS severe,
        countIf(risk_class = 'severe' AND employees >= 10 AND declared.employer_key != '')    AS severe_ever
    FROM fct_employer_reading AS reading
    INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
    LEFT JOIN fct_declaration_status AS declared
        ON declared.as_of_date = reading.as_of_date AND declared.employer_key = reading.employer_key AND declared.basis = ''
    ARRAY JOIN strata AS stratum
    WHERE is_due
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [('strict', in_year, due), ('lenient', ever, due), ('severe_10', severe_ever, severe)] AS reading
