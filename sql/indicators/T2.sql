-- id: T2
-- version: 1
-- position: 20
-- set: seed
-- title: 职业病危害因素检测率 | Workplace testing rate
-- unit: share
-- direction: up
-- target: 2025 = 0.95
-- clause: 二、工作目标：重点行业工作场所职业病危害因素检测率达到95%以上
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 最近一次定期检测、现状评价或当年控制效果评价在法定周期内的应检用人单位（严重12个月、一般36个月，按采样日期） | employers due whose latest periodic test, status evaluation or control-effect evaluation of the year lies within the legal interval (severe 12, general 36 months, by day of sampling)
-- denominator: 在业、未停产、开业满一年、有职业病危害的重点行业用人单位 | active key-industry employers with hazards, not stopped, at work for at least a year
-- headline: employer
-- variants: employer, point, full
-- variant_employer: T2-E：在法定周期内检测过的重点行业用人单位 | T2-E: employers tested within their legal interval
-- variant_point: T2-P：在周期内检测过的申报岗位与因素 | T2-P: declared posts and hazards tested within the interval
-- variant_full: T2-F：检测覆盖全部申报因素的用人单位 | T2-F: employers whose tests cover every declared hazard with a limit
WITH per AS
(
    SELECT
        as_of_date,
        stratum.dim         AS dim,
        stratum.dim_value   AS dim_value,
        count()             AS due,
        countIf(is_tested)  AS tested,
        countIf(is_full)    AS full,
        sum(points_due)     AS points,
        sum(points_tested)  AS tested_points
    FROM fct_detection_status
    INNER JOIN dim_employer ON dim_employer.employer_key = fct_detection_status.employer_key
    ARRAY JOIN strata AS stratum
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [('employer', tested, due), ('point', tested_points, points), ('full', full, due)] AS reading
