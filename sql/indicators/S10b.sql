-- id: S10b
-- version: 1
-- position: 161
-- title: 集体有效剂量（人·mSv） | Collective effective dose (person-mSv)
-- unit: sum
-- direction: down
-- clause: 监测指标 S10b：年有效剂量之和（人·mSv）
-- flow: sum
-- periods: year
-- headline: all
-- variants: all
-- variant_all: 全部监测人员 | all monitored workers
SELECT 'all' AS variant, employer_key, last_day AS day, worker_no AS entity, dose_msv AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_year
