-- id: S11b
-- version: 1
-- position: 171
-- set: standard
-- title: 新发尘肺病接尘工龄（年） | Years of dust exposure at first diagnosis
-- unit: mean
-- direction: up
-- clause: 监测指标 S11b：新发尘肺病例平均接尘工龄（年）
-- calendar: 首次诊断日期（缺失取报告日期） | day of first diagnosis, else of report
-- strata: township, industry, size
-- numerator: 接尘工龄之和（年）；分位数口径为已知例数 | sum of the years of dust exposure; of a quantile, cases where it is known
-- denominator: 新发尘肺病例（均数口径为已知者） | new pneumoconiosis cases, for the mean those where it is known
-- flow: sum
-- headline: exposure_years
-- variants: exposure_years
-- variant_exposure_years: 平均接尘工龄 | mean years of dust exposure
SELECT
    'exposure_years' AS variant, employer_key, ifNull(diagnosis_date, report_date) AS day, '' AS entity, ifNull(exposure_months, 0) / 12 AS numerator,
    exposure_months IS NOT NULL AS denominator, exposure_months IS NULL AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM fct_case
WHERE is_pneumoconiosis
