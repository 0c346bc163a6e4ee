-- id: S10a
-- version: 3
-- position: 160
-- set: standard
-- title: 放射工作人员人均年有效剂量（mSv） | Mean annual effective dose of radiation workers (mSv)
-- unit: mean
-- unit_median: median
-- unit_p95: p95
-- unit_largest: max
-- direction: down
-- clause: 监测指标 S10a：年有效剂量之和/监测人数（mSv）
-- calendar: 监测周期末所在年 | year in which the monitoring periods end
-- strata: township, industry, size
-- numerator: 年有效剂量之和（mSv） | sum of annual effective doses (mSv)
-- denominator: 有剂量结果的放射工作人员 | radiation workers with a dose
-- flow: sum
-- periods: year
-- headline: all
-- variants: all, measurable, median, p95, largest, class_2a, class_2b, class_2c, class_2d, class_2e, class_2f
-- variant_all: 全部监测人员 | all monitored workers
-- variant_measurable: 有可测剂量的人员 | workers with a measurable dose
-- variant_median: 年剂量中位数 | median annual dose
-- variant_p95: 年剂量第95百分位数 | 95th percentile of the annual doses
-- variant_largest: 最大年剂量 | largest annual dose
-- variant_class_2a: 诊断放射学（2A） | Diagnostic radiology (2A)
-- variant_class_2b: 牙科放射学（2B） | Dental radiology (2B)
-- variant_class_2c: 核医学（2C） | Nuclear medicine (2C)
-- variant_class_2d: 放射治疗（2D） | Radiotherapy (2D)
-- variant_class_2e: 介入放射学（2E） | Interventional radiology (2E)
-- variant_class_2f: 其他（2F） | Other medical (2F)
SELECT
    reading AS variant, employer_key, last_day AS day, person AS entity, assumeNotNull(dose_msv) AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_person_year
ARRAY JOIN arrayConcat(['all', 'median', 'p95', 'largest'], if(is_measurable, ['measurable'], []),
    if(job_class IN ('2A', '2B', '2C', '2D', '2E', '2F'), [concat('class_', lower(job_class))], [])) AS reading
WHERE dose_msv IS NOT NULL
