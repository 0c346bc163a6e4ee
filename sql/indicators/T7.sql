-- id: T7
-- version: 1
-- position: 80
-- set: seed
-- title: 新发职业病数 | New cases of occupational disease
-- unit: count
-- unit_rate_exposed: per_100000
-- direction: down
-- clause: 二、工作目标：新发职业病数量呈下降趋势
-- calendar: 首次诊断日期 | day of first diagnosis
-- strata: township, industry, size
-- numerator: 新发职业病例：一人一病计一次，不含晋期、死亡、疑似、作废卡 | new cases: one person and disease once, without progressions, deaths, suspected and voided cards
-- denominator: 无（计数） | none, a count
-- headline: diagnosis
-- variants: diagnosis, report, rate_exposed, catalogue_2013
-- breaks: 2025-08-01 = catalogue_2013 > diagnosis: 《职业病分类和目录》2024年版代替2013年版，新增腕管综合征、创伤后应激障碍等 | the catalogue of
--   2024 replaces that of 2013 and adds carpal tunnel syndrome, post-traumatic stress disorder and others
-- variant_diagnosis: 按首次诊断日期统计的病例数 | cases by date of first diagnosis
-- variant_report: 按报告日期统计的病例数 | cases by date of report
-- variant_rate_exposed: 每10万接害劳动者新发病例数（按诊断日期） | cases by date of diagnosis per 100 000 exposed workers
-- variant_catalogue_2013: 按诊断日期，只计2013年版目录中的病种 | cases by date of first diagnosis of diseases that the catalogue of 2013 lists
WITH
    cases AS
    (
        SELECT
            diagnosis_date,
            report_date,
            is_in_2013,
            arrayJoin(if(notEmpty(strata), strata,
                [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
                 ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String)))) AS stratum
        FROM fct_case
        LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
    ),
    flows AS
    (
        SELECT
            period_kind, period, stratum.dim AS dim, stratum.dim_value AS dim_value,
            countIf(diagnosis_date BETWEEN start_date AND as_of_date)  AS diagnosed,
            countIf(report_date BETWEEN start_date AND as_of_date)     AS reported,
            countIf(is_in_2013 AND diagnosis_date BETWEEN start_date AND as_of_date) AS of_2013
        FROM cases
        CROSS JOIN dim_period
        WHERE diagnosis_date BETWEEN start_date AND as_of_date OR report_date BETWEEN start_date AND as_of_date
        GROUP BY period_kind, period, dim, dim_value
    ),
    workers AS
    (
        SELECT as_of_date, stratum.dim AS dim, stratum.dim_value AS dim_value, sum(exposed_total) AS exposed
        FROM fct_employer_reading
        INNER JOIN dim_employer ON dim_employer.employer_key = fct_employer_reading.employer_key
        ARRAY JOIN strata AS stratum
        WHERE on_roster
        GROUP BY as_of_date, dim, dim_value
    )
SELECT
    reading.1 AS variant, dim_cell.period_kind AS period_kind, dim_cell.period AS period,
    dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim, dim_cell.dim_value AS dim_value,
    reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN flows ON flows.period_kind = dim_cell.period_kind AND flows.period = dim_cell.period
    AND flows.dim = dim_cell.dim AND flows.dim_value = dim_cell.dim_value
LEFT JOIN workers ON workers.as_of_date = dim_cell.as_of_date AND workers.dim = dim_cell.dim
    AND workers.dim_value = dim_cell.dim_value
ARRAY JOIN [('diagnosis', diagnosed, NULL), ('report', reported, NULL), ('catalogue_2013', of_2013, NULL), ('rate_exposed', diagnosed, toNullable(exposed))]
    ::Array(Tuple(String, UInt64, Nullable(UInt64))) AS reading
