-- id: T6
-- version: 1
-- position: 70
-- set: seed
-- title: 工伤保险覆盖率 | Work-injury insurance coverage
-- unit: share
-- direction: up
-- target: 2025 = 0.85
-- clause: 二、工作目标：工伤保险覆盖率达到85%以上
-- calendar: 读数日所在月及前两个月中最近的参保月 | the latest month insured among that of the reading date and the two before
-- strata: township, industry, size
-- numerator: 参保职工人数 | insured employees
-- denominator: 应参保职工人数（未填报时取名录职工数） | employees who should be insured, those of the roster where not reported
-- headline: persons
-- variants: persons, employers, exposed
-- variant_persons: 参保人数/应参保职工人数 | insured of the employees who should be insured
-- variant_employers: 参保用人单位/在业用人单位 | employers with insured workers of all active ones
-- variant_exposed: 参保的接害劳动者/接害劳动者 | exposed workers insured of all exposed workers
WITH per AS
(
    SELECT
        as_of_date,
        stratum.dim                                    AS dim,
        stratum.dim_value                              AS dim_value,
        count()                                        AS n_employers,
        countIf(insured > 0)                           AS n_insured_employers,
        sum(insured)                                   AS n_insured,
        sum(insurable)                                 AS n_insurable,
        sum(least(insured, exposed))                   AS n_insured_exposed,
        sum(exposed)                                   AS n_exposed
    FROM fct_insurance_status
    INNER JOIN dim_employer ON dim_employer.employer_key = fct_insurance_status.employer_key
    ARRAY JOIN strata AS stratum
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [('persons', n_insured, n_insurable), ('employers', n_insured_employers, n_employers),
    ('exposed', n_insured_exposed, n_exposed)] AS reading
