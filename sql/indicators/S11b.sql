-- id: S11b
-- version: 1
-- position: 171
-- title: 新发尘肺病接尘工龄（年） | Years of dust exposure at first diagnosis
-- unit: mean
-- direction: up
-- clause: 监测指标 S11b：新发尘肺病例平均接尘工龄（年）
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
