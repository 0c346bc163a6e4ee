-- id: S2
-- version: 1
-- position: 120
-- set: standard
-- title: 接触职业病危害劳动者占比 | Exposed workers among employees
-- unit: share
-- direction: down
-- clause: 监测指标 S2：接害人数/职工人数
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 名录中的接害人数 | exposed workers on the roster
-- denominator: 职工人数（少于接害人数时取接害人数） | employees, or the exposed where they are more
-- headline: roster
-- variants: roster
-- variant_roster: 名录中在业用人单位的接害人数/职工人数 | exposed workers of employees of active employers on the roster
-- Dispatched workers may be exposed without being employees: a unit with more exposed workers than employees counts as all
--   exposed.
WITH per AS
(
    SELECT as_of_date, stratum.dim AS dim, stratum.dim_value AS dim_value, sum(exposed_total) AS exposed, sum(greatest(employees, exposed_total)) AS staff,
        sum(exposed_total - least(employees, exposed_total)) AS above
    FROM fct_employer_reading
    INNER JOIN dim_employer ON dim_employer.employer_key = fct_employer_reading.employer_key
    ARRAY JOIN strata AS stratum
    WHERE on_roster
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    'roster' AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, exposed AS numerator, staff AS denominator, above AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
