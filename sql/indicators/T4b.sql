-- id: T4b
-- version: 1
-- position: 50
-- set: seed
-- title: 职业卫生管理人员职业卫生培训率 | Training of occupational health managers
-- unit: share
-- direction: up
-- target: 2025 = 0.95
-- clause: 二、工作目标：重点行业用人单位职业卫生管理人员职业卫生培训率达到95%以上
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 持有效培训合格记录的职业卫生管理人员 | managers with a valid passed record
-- denominator: 名录中的职业卫生管理人员；没有管理人员的单位计一名 | managers on the roster; an employer without one adds one
-- headline: strict
-- variants: strict, employer
-- variant_strict: 名录中持有效培训记录的管理人员；无管理人员的单位计一名未培训 | managers of the roster with a valid record; an employer without one counts as one untrained
-- variant_employer: 至少一名管理人员持有效培训记录的用人单位 | employers with at least one valid manager record
WITH per AS
(
    SELECT
        as_of_date,
        stratum.dim                   AS dim,
        stratum.dim_value             AS dim_value,
        count()                       AS employers,
        countIf(has_trained_manager)  AS trained_employers,
        sum(greatest(n_managers, 1))  AS managers,
        sum(n_managers_trained)       AS trained_managers
    FROM fct_training_status
    INNER JOIN dim_employer ON dim_employer.employer_key = fct_training_status.employer_key
    ARRAY JOIN strata AS stratum
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [('strict', trained_managers, managers), ('employer', trained_employers, employers)] AS reading
