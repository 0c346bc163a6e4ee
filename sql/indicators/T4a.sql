-- id: T4a
-- version: 1
-- position: 40
-- set: seed
-- title: 主要负责人职业卫生培训率 | Training of persons in charge
-- unit: share
-- direction: up
-- target: 2025 = 0.95
-- clause: 二、工作目标：重点行业用人单位主要负责人职业卫生培训率达到95%以上
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 现任主要负责人持有效培训合格记录的用人单位 | employers whose present person in charge holds a valid passed record
-- denominator: 在业且有职业病危害的重点行业用人单位 | active key-industry employers with hazards
-- headline: strict
-- variants: strict, lenient
-- variant_strict: 现任主要负责人持有效培训记录的用人单位 | the present person in charge holds a valid record
-- variant_lenient: 有任一有效主要负责人培训记录的用人单位 | any valid record of a person in charge
WITH per AS
(
    SELECT
        as_of_date,
        stratum.dim                AS dim,
        stratum.dim_value          AS dim_value,
        count()                    AS due,
        countIf(is_head_trained)   AS trained,
        countIf(has_trained_head)  AS any_trained
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
ARRAY JOIN [('strict', trained, due), ('lenient', any_trained, due)] AS reading
