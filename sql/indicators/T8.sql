-- id: T8
-- version: 1
-- position: 90
-- set: seed
-- title: 接尘工龄不足5年新发尘肺病占比 | Share of new pneumoconiosis with less than five years of dust exposure
-- unit: share
-- direction: down
-- clause: 二、工作目标：接尘工龄不足5年的劳动者新发尘肺病报告例数占年度报告总例数的比例明显下降
-- calendar: 报告日期 | day of report
-- strata: township, industry, size
-- numerator: 接尘工龄不足60个月的新发尘肺病例 | new pneumoconiosis cases with less than 60 months of dust exposure
-- denominator: 报告的全部新发职业病例 | all new cases of occupational disease reported
-- headline: literal
-- variants: literal, pneumoconiosis
-- variant_literal: 占年度报告职业病总例数的比例 | of all occupational disease cases reported
-- variant_pneumoconiosis: 占新发尘肺病例数的比例 | of new pneumoconiosis cases reported
WITH
    cases AS
    (
        SELECT
            report_date,
            exposure_months,
            is_pneumoconiosis,
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
            count()                                                          AS cases,
            countIf(is_pneumoconiosis)                                       AS pneumoconioses,
            countIf(is_pneumoconiosis AND exposure_months < 60)              AS short,
            countIf(is_pneumoconiosis AND exposure_months IS NULL)           AS unknown
        FROM cases
        CROSS JOIN dim_period
        WHERE report_date BETWEEN start_date AND as_of_date
        GROUP BY period_kind, period, dim, dim_value
    )
SELECT
    reading.1 AS variant, dim_cell.period_kind AS period_kind, dim_cell.period AS period,
    dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim, dim_cell.dim_value AS dim_value,
    reading.2 AS numerator, reading.3 AS denominator, unknown AS missing
FROM dim_cell
LEFT JOIN flows ON flows.period_kind = dim_cell.period_kind AND flows.period = dim_cell.period
    AND flows.dim = dim_cell.dim AND flows.dim_value = dim_cell.dim_value
ARRAY JOIN [('literal', short, cases), ('pneumoconiosis', short, pneumoconioses)] AS reading
