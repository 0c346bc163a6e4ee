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
-- unit_exposure_sd: sd
-- unit_exposure_median: median
-- unit_exposure_p25: p25
-- unit_exposure_p75: p75
-- unit_age_sd: sd
-- unit_age_median: median
-- unit_age_p25: p25
-- unit_age_p75: p75
-- headline: exposure_years
-- variants: exposure_years, exposure_sd, exposure_median, exposure_p25, exposure_p75, age, age_sd, age_median, age_p25, age_p75
-- variant_exposure_years: 平均接尘工龄 | mean years of dust exposure
-- variant_exposure_sd: 接尘工龄标准差 | standard deviation of the years of dust exposure
-- variant_exposure_median: 接尘工龄中位数 | median years of dust exposure
-- variant_exposure_p25: 接尘工龄下四分位数 | lower quartile of the years of dust exposure
-- variant_exposure_p75: 接尘工龄上四分位数 | upper quartile of the years of dust exposure
-- variant_age: 平均诊断年龄 | mean age at diagnosis
-- variant_age_sd: 诊断年龄标准差 | standard deviation of the age at diagnosis
-- variant_age_median: 诊断年龄中位数 | median age at diagnosis
-- variant_age_p25: 诊断年龄下四分位数 | lower quartile of the age at diagnosis
-- variant_age_p75: 诊断年龄上四分位数 | upper quartile of the age at diagnosis
-- Age in years of 365.25 days, from the birth date of the card.
SELECT
    reading.1 AS variant, employer_key, ifNull(diagnosis_date, report_date) AS day, '' AS entity, ifNull(reading.2, 0) AS numerator,
    reading.2 IS NOT NULL AS denominator, reading.2 IS NULL AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM fct_case
ARRAY JOIN arrayConcat(
    arrayMap(name -> (name, exposure_months / 12), ['exposure_years', 'exposure_sd', 'exposure_median', 'exposure_p25', 'exposure_p75']),
    arrayMap(name -> (name, dateDiff('day', birth_date, day) / 365.25), ['age', 'age_sd', 'age_median', 'age_p25', 'age_p75']))
    ::Array(Tuple(String, Nullable(Float64))) AS reading
WHERE is_pneumoconiosis
