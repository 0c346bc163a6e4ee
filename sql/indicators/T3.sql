-- id: T3
-- version: 1
-- position: 30
-- set: seed
-- title: 在岗期间职业健康检查率 | In-service exam rate
-- unit: share
-- direction: up
-- target: 2025 = 0.95
-- clause: 二、工作目标：重点行业接触职业病危害的劳动者在岗期间职业健康检查率达到95%以上
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 每项必检因素都在周期内完成在岗体检的接害劳动者 | exposed workers who completed an in-service exam for every mandatory hazard within its cycle
-- denominator: 应检的接害劳动者：申报、名录人数与已知在管人数取大者，减去上岗前体检后未到期者 | exposed workers due: the larger of the declared and the known number, less those not yet due after a pre-placement exam
-- headline: strict
-- variants: strict, lenient, yearly, assessment, gbz_2014, gbz_2025
-- breaks: 2026-08-01 = gbz_2014 > gbz_2025: GBZ 188-2025代替GBZ 188-2014：甲苯、二甲苯等不再要求在岗体检，部分有机粉尘等改为每年 | GBZ 188-2025
--   replaces GBZ 188-2014: toluene, xylene and others ask for no in-service exam any more, some organic dusts and others for a yearly one
-- variant_strict: 全部必检因素均在周期内完成在岗检查的劳动者 | examined in service for every mandatory hazard within its cycle
-- variant_lenient: 至少一项必检因素在周期内完成检查的劳动者 | examined for at least one mandatory hazard within its cycle
-- variant_yearly: 本日历年实检人数/应检人数 | examined in the calendar year of those due in it
-- variant_assessment: 实际监护人数/应监护人数 | under surveillance (examined or not yet due) of all exposed
-- variant_gbz_2014: 断点前后各一年按GBZ 188-2014的周期（同严格口径） | by the cycles of GBZ 188-2014 in the year before and after the break (strict)
-- variant_gbz_2025: 断点前后各一年按GBZ 188-2025的周期（同严格口径） | by the cycles of GBZ 188-2025 in the year before and after the break (strict)
WITH per AS
(
    SELECT
        as_of_date,
        basis,
        stratum.dim                       AS dim,
        stratum.dim_value                 AS dim_value,
        sum(exposed)                      AS all_exposed,
        sum(covered)                      AS n_covered,
        sum(partly)                       AS n_partly,
        sum(not_due)                      AS n_not_due,
        sum(examined_in_year)             AS n_in_year,
        sum(free_in_year)                 AS n_free,
        sum(excess)                       AS stale
    FROM fct_exam_status
    INNER JOIN dim_employer ON dim_employer.employer_key = fct_exam_status.employer_key
    ARRAY JOIN strata AS stratum
    GROUP BY as_of_date, basis, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, stale AS missing
FROM dim_cell
LEFT JOIN per ON per.basis = '' AND per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [
    ('strict',     toInt64(n_covered),                        all_exposed - toInt64(n_not_due)),
    ('lenient',    toInt64(n_covered + n_partly),             all_exposed - toInt64(n_not_due)),
    ('yearly',     toInt64(n_in_year),                        all_exposed - toInt64(n_free)),
    ('assessment', toInt64(n_covered + n_partly + n_not_due), all_exposed)] AS reading
UNION ALL
SELECT
    cells.edition, period_kind, period, cells.as_of_date, area, cells.dim, cells.dim_value,
    toInt64(n_covered), all_exposed - toInt64(n_not_due), stale
FROM
(
    SELECT *, edition, if((edition = 'gbz_2014') = (as_of_date < toDate32('2026-08-01')), '', edition) AS wanted
    FROM dim_cell
    ARRAY JOIN ['gbz_2014', 'gbz_2025'] AS edition
    WHERE as_of_date BETWEEN toDate32('2025-08-01') AND toDate32('2027-07-31')
) AS cells
LEFT JOIN per ON per.basis = cells.wanted AND per.as_of_date = cells.as_of_date AND per.dim = cells.dim AND per.dim_value = cells.dim_value
